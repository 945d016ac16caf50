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

/// How many sequences a compressed block says it has, at most 98,047 (sections 3.1.1.3.1.1 and 3.1.1.3.2.1): some
/// bytes of input can ask for a table that long. 0 where the block is too short to say; it is then broken.
pub(super) fn sequences(block: &[u8]) -> usize {
    let after_literals = || block.get(literals_section_bytes(block)?..);
    match after_literals() {
        Some(&[255, low, high, ..]) => usize::from(u16::from_le_bytes([low, high])) + 0x7f00,
        Some(&[high @ 128..=254, low, ..]) => usize::from(high - 128) << 8 | usize::from(low),
        Some(&[few @ 0..128, ..]) => usize::from(few),
        _ => 0,
    }
}

fn literals_section_bytes(block: &[u8]) -> Option<usize> {
    let first = *block.first()?;
    let (header_bytes, size_bits) = match (first & 3, first >> 2 & 3) {
        // Raw and RLE: one size. With format 0 or 2 it has five bits, for its second bit belongs to the size.
        (0 | 1, 0 | 2) => (1, 5),
        (0 | 1, 1) => (2, 12),
        (0 | 1, _) => (3, 20),
        // Compressed and treeless: the decoded size, then the coded one.
        (_, 0 | 1) => (3, 10),
        (_, 2) => (4, 14),
        (_, _) => (5, 18),
    };
    let header = little_endian(block.get(..header_bytes)?);
    let low_bits = |shift: u32| (header >> shift & ((1 << size_bits) - 1)) as usize;
    let literals = match first & 3 {
        0 => low_bits(if size_bits == 5 { 3 } else { 4 }),
        1 => 1,
        _ => low_bits(4 + size_bits),
    };
    Some(header_bytes + literals)
}
