//! zstd: all frames of a body, windows up to 8 MiB, block by block.
//!
//! ```text
//!             ┌───────────── checksum and size right ─────────────┐
//!             v                                                   │
//!   no byte ─ between frames ── frame header ──> in a frame ── last block, all given out
//!             │        ^                          │      ^
//!             └─ skip ─┘                          └ block ┘
//! ```
//!
//! What comes next is gathered whole in `pending` before ruzstd sees it. So an error of the source loses nothing, the
//! end of the source is told from a broken block, and ruzstd, which reads from memory only, cannot fail for want of
//! input. ruzstd gives out what lies behind the window only: up to 8 MiB of a body are decoded before its first byte
//! comes out, unless the body ends.

mod frame;

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use self::frame::{BlockHeader, Descriptor, FrameHeader};
use super::budget::Lease;
use super::decoder::Decode;
use super::{Coding, DecodeError, MemoryBudget};

/// The largest window for a content coding (RFC 9659 section 3).
const MAX_WINDOW_BYTES: u64 = 8 * 1024 * 1024;

/// The entropy tables and the decoder itself, at most.
const TABLES_BYTES: usize = 32 * 1024;

/// What one sequence takes while its block is decoded.
const SEQUENCE_BYTES: usize = 12;

pub(super) struct Zstd {
    budget: MemoryBudget,
    /// A frame header or a block with its checksum, as far as it has come.
    pending: Vec<u8>,
    state: State,
}

enum State {
    BetweenFrames,
    /// In a skippable frame, with so many bytes of it to come.
    Skipping(u64),
    InFrame(Box<Frame>),
}

impl Zstd {
    pub(super) fn new(budget: MemoryBudget) -> Zstd {
        Zstd { budget, pending: Vec::new(), state: State::BetweenFrames }
    }

    /// Reads until `pending` has so many bytes; false if the source ends before.
    fn gather(&mut self, source: &mut dyn BufRead, bytes: usize) -> io::Result<bool> {
        while self.pending.len() < bytes {
            let input = source.fill_buf()?;
            let taken = input.len().min(bytes - self.pending.len());
            if taken == 0 {
                return Ok(false);
            }
            // Twice what has come, not what a header promises; and no more than that, which is what is counted.
            let room = taken.max(self.pending.len()).min(bytes - self.pending.len());
            self.pending.reserve_exact(room);
            self.pending.extend_from_slice(&input[..taken]);
            source.consume(taken);
        }
        Ok(true)
    }

    fn require(&mut self, source: &mut dyn BufRead, bytes: usize) -> io::Result<()> {
        if self.gather(source, bytes)? { Ok(()) } else { Err(DecodeError::Truncated(Coding::Zstd).into()) }
    }

    /// Reads to the first block of the next frame; false at the end of the body.
    fn next_frame(&mut self, source: &mut dyn BufRead) -> io::Result<bool> {
        if !self.gather(source, 4)? {
            return if self.pending.is_empty() { Ok(false) } else { Err(DecodeError::Truncated(Coding::Zstd).into()) };
        }
        let magic = u32_at(&self.pending, 0);
        if frame::SKIPPABLE_MAGICS.contains(&magic) {
            self.require(source, 8)?;
            self.state = State::Skipping(u32_at(&self.pending, 4).into());
        } else if magic == frame::MAGIC {
            self.require(source, frame::FRAME_START_BYTES)?;
            let descriptor = Descriptor(self.pending[4]);
            self.require(source, descriptor.header_bytes())?;
            self.state = State::InFrame(Box::new(Frame::start(&self.pending, &self.budget)?));
        } else {
            return Err(broken(format!("a frame begins with 0x{magic:08x}")).into());
        }
        self.pending.clear();
        Ok(true)
    }

    fn next_block(&mut self, source: &mut dyn BufRead) -> io::Result<()> {
        self.require(source, frame::BLOCK_HEADER_BYTES)?;
        let header = [self.pending[0], self.pending[1], self.pending[2]];
        let header = BlockHeader::read(header).ok_or_else(|| broken("reserved block type, or block too large"))?;
        let State::InFrame(frame) = &mut self.state else { return Ok(()) };
        let checksum = if header.is_last && frame.header.has_checksum { frame::CHECKSUM_BYTES } else { 0 };
        let whole = frame::BLOCK_HEADER_BYTES + header.coded + checksum;
        frame.reserve(whole)?;
        self.require(source, whole)?;
        if let State::InFrame(frame) = &mut self.state {
            frame.decode_block(&header, &self.pending)?;
        }
        self.pending.clear();
        Ok(())
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn broken(why: impl Into<String>) -> DecodeError {
    DecodeError::Broken(Coding::Zstd, why.into())
}

impl Decode for Zstd {
    fn decode(&mut self, source: &mut dyn BufRead, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.state {
                State::BetweenFrames => {
                    if !self.next_frame(source)? {
                        return Ok(0);
                    }
                }
                State::Skipping(0) => self.state = State::BetweenFrames,
                State::Skipping(left) => {
                    let input = source.fill_buf()?;
                    if input.is_empty() {
                        return Err(DecodeError::Truncated(Coding::Zstd).into());
                    }
                    let skipped = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= skipped as u64;
                    source.consume(skipped);
                }
                State::InFrame(frame) => {
                    let written = frame.read(out)?;
                    if written > 0 {
                        return Ok(written);
                    }
                    if frame.decoder.is_finished() {
                        frame.check()?;
                        self.state = State::BetweenFrames;
                        // It was counted with the frame.
                        self.pending = Vec::new();
                    } else {
                        self.next_block(source)?;
                    }
                }
            }
        }
    }
}

/// One frame being decoded, and the memory it holds.
struct Frame {
    header: FrameHeader,
    decoder: FrameDecoder,
    /// The most that the blocks so far can have decoded to.
    decoded_at_most: u64,
    given_out: u64,
    /// What the largest blocks so far took beside the window: ruzstd keeps it for the next.
    scratch: usize,
    lease: Lease,
}

impl Frame {
    fn start(header_bytes: &[u8], budget: &MemoryBudget) -> Result<Frame, DecodeError> {
        let header = FrameHeader::read(header_bytes);
        if Descriptor(header_bytes[4]).is_reserved() {
            return Err(broken("reserved bit in a frame header"));
        }
        if header.dictionary != 0 {
            return Err(broken(format!("it needs dictionary {}", header.dictionary)));
        }
        if header.window > MAX_WINDOW_BYTES {
            return Err(DecodeError::WindowTooLarge(Coding::Zstd, header.window));
        }
        let lease = budget.lease(Coding::Zstd, TABLES_BYTES)?;
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW_BYTES);
        decoder.init(header_bytes).map_err(|error| broken(error.to_string()))?;
        Ok(Frame { header, decoder, decoded_at_most: 0, given_out: 0, scratch: 0, lease })
    }

    /// Decodes one whole block, behind its header and before its checksum.
    fn decode_block(&mut self, header: &BlockHeader, block: &[u8]) -> Result<(), DecodeError> {
        self.decoded_at_most += header.decoded as u64;
        self.reserve(scratch_bytes(header, block))?;
        self.decoder
            .decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|error| broken(error.to_string()))?;
        self.settle();
        Ok(())
    }

    /// Counts `scratch` beside all else.
    fn reserve(&mut self, scratch: usize) -> Result<(), DecodeError> {
        self.scratch = self.scratch.max(scratch);
        self.lease.grow_to(self.held_bytes())
    }

    /// Gives back what was counted for a block that could have been larger. (Between counting and this no other decoder
    /// of the thread runs.) ruzstd tells what it has beyond its window, and at the end all it has.
    fn settle(&mut self) {
        let ready = self.decoder.can_collect() as u64;
        if self.decoder.is_finished() {
            self.decoded_at_most = self.given_out + ready;
        } else if ready > 0 {
            self.decoded_at_most = self.given_out + ready + self.header.window;
        }
        self.lease.shrink_to(self.held_bytes());
    }

    fn held_bytes(&self) -> usize {
        let full = self.header.window + frame::MAX_BLOCK_BYTES as u64;
        // At most 8 MiB and a block, so it fits.
        TABLES_BYTES + ring_bytes(self.decoded_at_most.min(full) as usize) + self.scratch
    }

    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let written = self.decoder.read(out)?;
        self.given_out += written as u64;
        Ok(written)
    }

    /// At the end of a frame: it has said how long it is, and what its checksum is.
    fn check(&self) -> Result<(), DecodeError> {
        if self.header.content_size.is_some_and(|size| size != self.given_out) {
            return Err(broken("a frame of another size than it says"));
        }
        if self.header.has_checksum && self.decoder.get_checksum_from_data() != self.decoder.get_calculated_checksum() {
            return Err(broken("checksum mismatch"));
        }
        Ok(())
    }
}

/// The block as it came with its header; and in ruzstd, whose vectors may grow to twice of it, its copy, its literals, its sequences.
fn scratch_bytes(header: &BlockHeader, block: &[u8]) -> usize {
    if !header.is_compressed {
        return block.len();
    }
    let inside = frame::inside(&block[frame::BLOCK_HEADER_BYTES..]);
    block.len() + 2 * (block.len() + inside.literals + inside.sequences * SEQUENCE_BYTES)
}

/// What ruzstd's buffer takes for so many bytes: it grows in powers of two with two blocks of slack. (While it grows, the
/// old one is there too, uncounted: one decoder of a thread at a time.)
fn ring_bytes(held: usize) -> usize {
    const SLACK: usize = 2 * frame::MAX_BLOCK_BYTES;
    match held + 1 {
        few if few <= SLACK => few.next_power_of_two() + 1,
        many => (many - SLACK).next_power_of_two() + SLACK + 1,
    }
}
