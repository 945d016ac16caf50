//! zstd's frame and block headers (RFC 8878 section 3.1.1), as far as they tell how much comes and how much it takes.
//!
//! ruzstd reads them again. They are read here first so that each frame header and each block is whole in memory before
//! it is decoded, and so that the memory it takes is known before it is allocated.

/// No block is larger, coded or decoded.
pub(super) const MAX_BLOCK_BYTES: usize = 128 * 1024;

/// Begins a frame, and so does anything in `SKIPPABLE_MAGICS`.
pub(super) const MAGIC: u32 = 0xfd2f_b528;

/// Begins a frame without content: four bytes of length, and as many to skip.
pub(super) const SKIPPABLE_MAGICS: std::ops::RangeInclusive<u32> = 0x184d_2a50..=0x184d_2a5f;

/// Magic number and descriptor.
pub(super) const FRAME_START_BYTES: usize = 5;

pub(super) const BLOCK_HEADER_BYTES: usize = 3;

pub(super) const CHECKSUM_BYTES: usize = 4;

/// The byte behind the magic number.
#[derive(Clone, Copy)]
pub(super) struct Descriptor(pub(super) u8);

impl Descriptor {
    pub(super) fn has_checksum(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// Must be zero; a later format may give it a meaning.
    pub(super) fn is_reserved(self) -> bool {
        self.0 & 0x08 != 0
    }

    fn is_single_segment(self) -> bool {
        self.0 & 0x20 != 0
    }

    fn window_bytes(self) -> usize {
        usize::from(!self.is_single_segment())
    }

    fn dictionary_bytes(self) -> usize {
        [0, 1, 2, 4][usize::from(self.0 & 0x03)]
    }

    fn content_size_bytes(self) -> usize {
        let least = usize::from(self.is_single_segment());
        [least, 2, 4, 8][usize::from(self.0 >> 6)]
    }

    /// The length of the whole header, magic number included.
    pub(super) fn header_bytes(self) -> usize {
        FRAME_START_BYTES + self.window_bytes() + self.dictionary_bytes() + self.content_size_bytes()
    }
}

/// What a whole frame header says.
pub(super) struct FrameHeader {
    pub(super) has_checksum: bool,
    pub(super) window: u64,
    pub(super) content_size: Option<u64>,
    pub(super) dictionary: u64,
}

impl FrameHeader {
    /// Reads a header of exactly `Descriptor::header_bytes`, magic number included.
    pub(super) fn read(header: &[u8]) -> FrameHeader {
        let descriptor = Descriptor(header[FRAME_START_BYTES - 1]);
        let (window, rest) = header[FRAME_START_BYTES..].split_at(descriptor.window_bytes());
        let (dictionary, size) = rest.split_at(descriptor.dictionary_bytes());
        let content_size = (!size.is_empty()).then(|| little_endian(size) + if size.len() == 2 { 256 } else { 0 });
        let window = match window {
            [byte] => window_size(*byte),
            // A single segment: its window is all of its content.
            _ => content_size.unwrap_or(0),
        };
        FrameHeader {
            has_checksum: descriptor.has_checksum(),
            window,
            content_size,
            dictionary: little_endian(dictionary),
        }
    }
}

/// Section 3.1.1.1.2: five bits of exponent, three of mantissa.
fn window_size(byte: u8) -> u64 {
    let base = 1u64 << (10 + (byte >> 3));
    base + base / 8 * u64::from(byte & 7)
}

/// At most eight bytes.
fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The three bytes before a block.
pub(super) struct BlockHeader {
    pub(super) is_last: bool,
    /// The bytes that follow.
    pub(super) coded: usize,
    /// The bytes it decodes to; of a compressed one only the most that it can.
    pub(super) decoded: usize,
    pub(super) is_compressed: bool,
}

impl BlockHeader {
    /// `None` for a reserved type, or a size that no block has.
    pub(super) fn read(header: [u8; BLOCK_HEADER_BYTES]) -> Option<BlockHeader> {
        let [low, middle, high] = header;
        let bits = u32::from_le_bytes([low, middle, high, 0]);
        let size = (bits >> 3) as usize;
        let (coded, decoded, is_compressed) = match bits >> 1 & 3 {
            0 => (size, size, false),
            1 => (1, size, false),
            2 => (size, MAX_BLOCK_BYTES, true),
            _ => return None,
        };
        let is_last = bits & 1 == 1;
        (size <= MAX_BLOCK_BYTES).then_some(BlockHeader { is_last, coded, decoded, is_compressed })
    }
}

/// What a compressed block says it has inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Inside {
    /// Bytes that are not copied from the window.
    pub(super) literals: usize,
    /// At most 98,047: some bytes of input can ask for a table that long.
    pub(super) sequences: usize,
}

/// Reads the two section headers of a compressed block (sections 3.1.1.3.1.1 and 3.1.1.3.2.1). Zeros where the block is
/// too short to say; it is then broken.
pub(super) fn inside(block: &[u8]) -> Inside {
    let Some((literals, coded)) = literals_section(block) else { return Inside::default() };
    let sequences = match block.get(coded..) {
        Some(&[255, low, high, ..]) => usize::from(u16::from_le_bytes([low, high])) + 0x7f00,
        Some(&[high @ 128..=254, low, ..]) => usize::from(high - 128) << 8 | usize::from(low),
        Some(&[few @ 0..128, ..]) => usize::from(few),
        _ => 0,
    };
    Inside { literals, sequences }
}

/// How many bytes the literals decode to, and how long their whole section is.
fn literals_section(block: &[u8]) -> Option<(usize, usize)> {
    let first = *block.first()?;
    let kind = first & 3;
    let (header_bytes, size_at, size_bits) = match (kind, first >> 2 & 3) {
        // Raw and RLE: one size. In the first format its lowest bit stands where the others have the format's second.
        (0 | 1, 0 | 2) => (1, 3, 5),
        (0 | 1, 1) => (2, 4, 12),
        (0 | 1, _) => (3, 4, 20),
        // Compressed and treeless: the decoded size, then the coded one.
        (_, 0 | 1) => (3, 4, 10),
        (_, 2) => (4, 4, 14),
        (_, _) => (5, 4, 18),
    };
    let header = little_endian(block.get(..header_bytes)?);
    let size = |at: u32| (header >> at & ((1 << size_bits) - 1)) as usize;
    let decoded = size(size_at);
    let coded = match kind {
        0 => decoded,
        1 => 1,
        _ => size(size_at + size_bits),
    };
    Some((decoded, header_bytes + coded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_its_length_window_size_and_dictionary() {
        let read = |header: &[u8]| {
            assert_eq!(Descriptor(header[4]).header_bytes(), header.len());
            let header = FrameHeader::read(header);
            (header.window, header.content_size, header.dictionary, header.has_checksum)
        };
        assert_eq!(read(&[0, 0, 0, 0, 0x00, 0x00]), (1024, None, 0, false));
        assert_eq!(read(&[0, 0, 0, 0, 0x04, 0x6f]), ((8 << 20) + (7 << 20), None, 0, true));
        assert_eq!(read(&[0, 0, 0, 0, 0x20, 9]), (9, Some(9), 0, false));
        assert_eq!(read(&[0, 0, 0, 0, 0x60, 1, 1]), (257 + 256, Some(257 + 256), 0, false));
        assert_eq!(read(&[0, 0, 0, 0, 0x82, 0x08, 1, 2, 3, 0, 0, 0]), (2048, Some(3), 0x201, false));
        assert_eq!(
            read(&[0, 0, 0, 0, 0xe3, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
            (1 << 56, Some(1 << 56), 0x1020304, false)
        );
        assert_eq!(read(&[0, 0, 0, 0, 0x00, 0xff]).0, (1 << 41) + (7 << 38));
    }

    #[test]
    fn a_block_header_has_a_type_and_a_size() {
        let read = |bits: u32| {
            let [low, middle, high, _] = bits.to_le_bytes();
            BlockHeader::read([low, middle, high]).map(|block| (block.coded, block.decoded, block.is_last))
        };
        assert_eq!(read(5 << 3), Some((5, 5, false)));
        assert_eq!(read(5 << 3 | 1 << 1 | 1), Some((1, 5, true)));
        assert_eq!(read(5 << 3 | 2 << 1), Some((5, MAX_BLOCK_BYTES, false)));
        assert_eq!(read(5 << 3 | 3 << 1), None);
        assert_eq!(read((MAX_BLOCK_BYTES as u32) << 3), Some((MAX_BLOCK_BYTES, MAX_BLOCK_BYTES, false)));
        assert_eq!(read((MAX_BLOCK_BYTES as u32 + 1) << 3 | 1 << 1), None);
    }

    #[test]
    fn a_compressed_block_tells_its_literals_and_sequences() {
        let inside = |block: &[u8]| (inside(block).literals, inside(block).sequences);
        assert_eq!(inside(&[]), (0, 0));
        assert_eq!(inside(&[2 << 3, b'a', b'b', 7]), (2, 7), "raw, five bits");
        assert_eq!(inside(&[31 << 3 | 1, b'a', 7]), (31, 7), "RLE, five bits, the lowest of them in the format");
        assert_eq!(inside(&[0x04 | 2 << 4, 0, b'a', b'b', 0x81, 2]), (2, 0x102), "raw, twelve bits");
        assert_eq!(inside(&[0x0d | 0xf0, 0xff, 0xff, b'a', 255, 255, 255]), (0xfffff, 98_047), "RLE, twenty bits");
        // Compressed: 100 bytes from 3, in ten, fourteen and eighteen bits.
        let compressed = |format: u64, bits: u32, header: usize| {
            let sizes = 2 | format << 2 | 100 << 4 | 3 << (4 + bits);
            [&sizes.to_le_bytes()[..header], &[0; 3], &[9]].concat()
        };
        for (format, bits, header) in [(0, 10, 3), (1, 10, 3), (2, 14, 4), (3, 18, 5)] {
            assert_eq!(inside(&compressed(format, bits, header)), (100, 9), "format {format}");
        }
    }
}
