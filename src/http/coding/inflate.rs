//! gzip and deflate: zlib's inflate, member by member.

use std::io::{self, BufRead};

use flate2::{Decompress, FlushDecompress, Status};

use super::budget::Lease;
use super::decoder::Decode;
use super::{Coding, DecodeError, MemoryBudget};

/// What one inflate state allocates: the 32 KiB window and the tables.
const INFLATE_BYTES: usize = 48 * 1024;

/// The largest window of deflate, as a power of two.
const WINDOW_BITS: u8 = 15;

/// Behind raw deflate some servers leave the checksum of the zlib format they half meant; curl lets it pass.
const RAW_TRAILER_BYTES: usize = 4;

/// ```text
///   gzip:     Between ──> Inside ── end of member ──> Between ── no byte ──> end
///   deflate:  Sniffing ──> Inside ── end of stream ──> After ── no byte ──> end
/// ```
pub(super) struct Inflate {
    coding: Coding,
    state: State,
    /// The last call filled `out`: there may be more output without more input, which must not wait for the network.
    may_hold_output: bool,
    _lease: Lease,
}

enum State {
    /// Deflate before its second byte: these tell zlib's format from the raw one.
    Sniffing(Option<u8>),
    Inside {
        inflate: Decompress,
        raw: bool,
    },
    /// gzip behind a member (or before the first): another, or the end.
    Between,
    /// Deflate behind its end, with as many bytes as may still follow.
    After {
        allowed: usize,
    },
}

impl Inflate {
    pub(super) fn new(coding: Coding, budget: &MemoryBudget) -> Result<Inflate, DecodeError> {
        let state = if coding == Coding::Gzip { State::Between } else { State::Sniffing(None) };
        Ok(Inflate { coding, state, may_hold_output: false, _lease: budget.lease(coding, INFLATE_BYTES)? })
    }

    /// Feeds `input`; tells how much was read and written. An end of the stream changes the state.
    fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Result<(usize, usize), DecodeError> {
        let State::Inside { inflate, raw } = &mut self.state else { return Ok((0, 0)) };
        let before = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(input, out, FlushDecompress::None);
        // Both fit: they are at most the lengths of the two slices.
        let read = (inflate.total_in() - before.0) as usize;
        let written = (inflate.total_out() - before.1) as usize;
        let raw = *raw;
        match status {
            Ok(Status::StreamEnd) => self.state = after(self.coding, raw),
            Ok(Status::Ok | Status::BufError) => (),
            Err(error) => return Err(self.broken(error.message().unwrap_or("invalid data"))),
        }
        self.may_hold_output = written == out.len();
        Ok((read, written))
    }

    /// The first two bytes of deflate decide its format. The first may come alone and is then kept here.
    fn sniff(&mut self, first: Option<u8>, source: &mut dyn BufRead, out: &mut [u8]) -> io::Result<usize> {
        let input = source.fill_buf()?;
        let (first, second, kept) = match (first, input) {
            (_, []) => return Err(DecodeError::Truncated(self.coding).into()),
            (None, [first]) => {
                self.state = State::Sniffing(Some(*first));
                source.consume(1);
                return Ok(0);
            }
            (None, [first, second, ..]) => (*first, *second, false),
            (Some(first), [second, ..]) => (first, *second, true),
        };
        let raw = !is_zlib_header(first, second);
        self.state = State::Inside { inflate: Decompress::new_with_window_bits(!raw, WINDOW_BITS), raw };
        // A first byte that is gone from the source: no format gives output after one byte.
        if kept { Ok(self.inflate(&[first], out)?.1) } else { Ok(0) }
    }

    fn broken(&self, why: &str) -> DecodeError {
        DecodeError::Broken(self.coding, why.to_owned())
    }
}

fn after(coding: Coding, raw: bool) -> State {
    match coding {
        Coding::Gzip => State::Between,
        _ => State::After { allowed: if raw { RAW_TRAILER_BYTES } else { 0 } },
    }
}

/// RFC 1950 section 2.2: method 8, a window of at most 32 KiB, and the two bytes a multiple of 31. Raw deflate would
/// have to begin with a stored block whose padding is not zero to look like it.
fn is_zlib_header(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

impl Decode for Inflate {
    fn decode(&mut self, source: &mut dyn BufRead, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state {
                State::Sniffing(first) => {
                    let written = self.sniff(first, source, out)?;
                    if written > 0 {
                        return Ok(written);
                    }
                }
                State::Inside { .. } => {
                    let asked = !self.may_hold_output;
                    let input = if asked { source.fill_buf()? } else { &[] };
                    let at_end = asked && input.is_empty();
                    let (read, written) = self.inflate(input, out)?;
                    source.consume(read);
                    if written > 0 {
                        return Ok(written);
                    }
                    if at_end && matches!(self.state, State::Inside { .. }) {
                        return Err(DecodeError::Truncated(self.coding).into());
                    }
                    if asked && !at_end && read == 0 {
                        return Err(self.broken("no progress").into());
                    }
                }
                State::Between => {
                    if source.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    self.state = State::Inside { inflate: Decompress::new_gzip(WINDOW_BITS), raw: false };
                }
                State::After { allowed } => {
                    let behind = source.fill_buf()?.len();
                    if behind == 0 {
                        return Ok(0);
                    }
                    if behind > allowed {
                        return Err(self.broken("bytes behind its end").into());
                    }
                    source.consume(behind);
                    self.state = State::After { allowed: allowed - behind };
                }
            }
        }
    }
}
