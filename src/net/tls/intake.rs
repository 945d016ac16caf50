//! The bytes on their way into rustls: read ahead while they flow, and followed from record to record.
//!
//! rustls reads 4 KiB at a time, four or five calls a record. A transport that fills those 4 KiB has more: then 64 KiB are
//! read ahead at once and fed from memory. A transport that does not is read straight into rustls, so that a connection
//! which waits holds no buffer of ours.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read};

/// Read ahead at once: four records, and what fits the processor's cache.
const AHEAD_BYTES: usize = 64 * 1024;
/// Buffers that a thread keeps for its next connection in flow.
const SPARE_BUFFERS: usize = 4;

thread_local! {
    static SPARE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

#[derive(Default)]
pub(super) struct Intake {
    /// What was read ahead: `buffer[start..end]`.
    buffer: Option<Box<[u8]>>,
    start: usize,
    end: usize,
    /// The last read was filled to the brim.
    flowing: bool,
    pub records: Records,
}

impl Intake {
    /// For one call of rustls' `read_tls`.
    pub fn feed<'a, S: Read>(&'a mut self, transport: &'a mut S) -> Feed<'a, S> {
        Feed { intake: self, transport }
    }

    /// Whether there are bytes that rustls has not seen.
    pub fn is_ahead(&self) -> bool {
        self.start < self.end
    }

    fn next(&mut self, transport: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
        if !self.is_ahead() {
            if !self.flowing {
                let read = uninterrupted(transport, out)?;
                self.flowing = read == out.len();
                return Ok(read);
            }
            self.read_ahead(transport)?;
        }
        let Some(buffer) = &self.buffer else { return Ok(0) };
        let count = out.len().min(self.end - self.start);
        out[..count].copy_from_slice(&buffer[self.start..self.start + count]);
        self.start += count;
        if !self.is_ahead() && !self.flowing {
            self.release();
        }
        Ok(count)
    }

    fn release(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            give_back(buffer);
        }
    }

    fn read_ahead(&mut self, transport: &mut impl Read) -> io::Result<()> {
        (self.start, self.end) = (0, 0);
        let buffer = self.buffer.get_or_insert_with(borrow);
        let read = uninterrupted(transport, buffer);
        self.end = *read.as_ref().unwrap_or(&0);
        self.flowing = self.end == AHEAD_BYTES;
        if self.end == 0 {
            self.release();
        }
        read.map(drop)
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.release();
    }
}

pub(super) struct Feed<'a, S> {
    intake: &'a mut Intake,
    transport: &'a mut S,
}

impl<S: Read> Read for Feed<'_, S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.intake.next(self.transport, out)?;
        self.intake.records.pass(&out[..count]);
        Ok(count)
    }
}

fn uninterrupted(transport: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match transport.read(out) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

fn borrow() -> Box<[u8]> {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; AHEAD_BYTES].into())
}

fn give_back(buffer: Box<[u8]>) {
    // The thread may be at its end, its locals gone: then the buffer just goes too.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < SPARE_BUFFERS {
            spare.push(buffer);
        }
    });
}

/// Where the bytes stand between two records (RFC 8446, 5.1: type, version, length, then so many bytes). rustls does not
/// say whether half a record waits in it.
#[derive(Default)]
pub(super) struct Records {
    header: [u8; Records::HEADER_BYTES],
    have: usize,
    left: usize,
}

impl Records {
    const HEADER_BYTES: usize = 5;

    /// Whether a record has begun and not ended.
    pub fn is_inside(&self) -> bool {
        self.have > 0
    }

    /// The first bytes of the record that is under way; nothing between two.
    pub fn header(&self) -> &[u8] {
        &self.header[..self.have]
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while let Some(&first) = bytes.first() {
            let taken = if self.have < Records::HEADER_BYTES {
                self.header[self.have] = first;
                self.have += 1;
                self.left = usize::from(u16::from_be_bytes([self.header[3], self.header[4]]));
                1
            } else {
                let taken = self.left.min(bytes.len());
                self.left -= taken;
                taken
            };
            bytes = &bytes[taken..];
            if self.have == Records::HEADER_BYTES && self.left == 0 {
                self.have = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives `total` bytes, as many a call as are asked for, and notes the sizes asked for.
    struct Source {
        total: usize,
        asked: Vec<usize>,
    }

    impl Read for Source {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.asked.push(out.len());
            let count = out.len().min(self.total);
            out[..count].iter_mut().enumerate().for_each(|(at, byte)| *byte = (self.total - at) as u8);
            self.total -= count;
            Ok(count)
        }
    }

    #[test]
    fn a_flow_is_read_ahead_and_arrives_in_order() {
        let mut source = Source { total: 200_000, asked: Vec::new() };
        let (mut intake, mut taken, mut out) = (Intake::default(), 0, [0; 4096]);
        loop {
            let count = intake.feed(&mut source).read(&mut out).unwrap();
            if count == 0 {
                break;
            }
            for &byte in &out[..count] {
                assert_eq!(byte, (200_000 - taken) as u8);
                taken += 1;
            }
        }
        assert_eq!(taken, 200_000);
        assert_eq!(source.asked, [4096, AHEAD_BYTES, AHEAD_BYTES, AHEAD_BYTES, 4096]);
        assert!(intake.buffer.is_none(), "a connection that does not flow holds no buffer");
    }

    #[test]
    fn a_record_is_followed_whatever_the_pieces() {
        let wire = [&[22, 3, 3, 0, 2, 9, 9][..], &[23, 3, 3, 0, 0], &[23, 3, 3, 1, 0], &[7; 256]].concat();
        let ends = [7, 12, 17 + 256];
        for size in [1, 2, 3, 7, 64, wire.len()] {
            let (mut records, mut seen) = (Records::default(), 0);
            for piece in wire.chunks(size) {
                records.pass(piece);
                seen += piece.len();
                assert_eq!(records.is_inside(), !ends.contains(&seen), "after {seen} bytes in pieces of {size}");
            }
        }
    }
}
