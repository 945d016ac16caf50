//! Bytes into lines: a chunk at a time, no line longer than the cap, nothing read before it is needed.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// The longest line of a list, its end not counted. Servers refuse URLs of a tenth of this; what is left is room for a
/// JSON line with a body.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// What is kept of a longer line: enough to find it again.
const KEPT_BYTES: usize = 200;
/// One read: a pipe's whole buffer on Linux.
const CHUNK_BYTES: usize = 64 * 1024;
/// What may stand around a line: the mark at the beginning of a file, and a CR.
const AROUND_BYTES: usize = BYTE_ORDER_MARK.len() + 1;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Splits what `from` gives into lines. Memory is one line and one chunk, whatever comes.
pub struct Lines<R> {
    from: R,
    /// `[start, end)` has been read and not given; `[start, scanned)` of it is known to hold no newline.
    buffer: Vec<u8>,
    start: usize,
    scanned: usize,
    end: usize,
    /// Lines given so far.
    number: u64,
    /// Inside a line that was given as too long: up to its newline everything is dropped.
    skipping: bool,
    ended: bool,
}

/// One line, LF or CRLF and a leading byte order mark taken off.
#[derive(Debug, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// From 1, every line counted.
    pub number: u64,
    /// The line, or the beginning of one that is too long.
    pub bytes: &'a [u8],
    /// False for a line over [`MAX_LINE_BYTES`].
    pub whole: bool,
}

impl<R: Read> Lines<R> {
    /// Nothing is read yet.
    pub fn new(from: R) -> Lines<R> {
        let buffer = vec![0; MAX_LINE_BYTES + AROUND_BYTES + CHUNK_BYTES];
        Lines { from, buffer, start: 0, scanned: 0, end: 0, number: 0, skipping: false, ended: false }
    }

    /// The number of the line given last; 0 before the first.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line, or `None` at the end. Waits only while no whole line has been read. After an error what had
    /// arrived of the line is not given: a cut URL is another URL.
    pub fn next_line(&mut self) -> io::Result<Option<RawLine<'_>>> {
        let Some((range, ended)) = self.find()? else { return Ok(None) };
        self.number += 1;
        let mut bytes = &self.buffer[range];
        if self.number == 1 {
            bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        }
        if ended {
            bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        }
        let whole = ended && bytes.len() <= MAX_LINE_BYTES;
        if !whole {
            bytes = &bytes[..bytes.len().min(KEPT_BYTES)];
        }
        Ok(Some(RawLine { number: self.number, bytes, whole }))
    }

    /// Where the next line lies in the buffer, and whether its end has been seen.
    fn find(&mut self) -> io::Result<Option<(Range<usize>, bool)>> {
        loop {
            if let Some(found) = self.buffer[self.scanned..self.end].iter().position(|byte| *byte == b'\n') {
                let line = self.start..self.scanned + found;
                self.drop_to(line.end + 1);
                if std::mem::take(&mut self.skipping) {
                    continue;
                }
                return Ok(Some((line, true)));
            }
            self.scanned = self.end;
            let line = self.start..self.end;
            if self.skipping {
                self.drop_to(self.end);
            } else if line.len() > MAX_LINE_BYTES + AROUND_BYTES {
                self.skipping = true;
                self.drop_to(self.end);
                return Ok(Some((line, false)));
            }
            if self.ended {
                self.drop_to(self.end);
                return Ok((!line.is_empty() && !self.skipping).then_some((line, true)));
            }
            self.fill()?;
        }
    }

    fn drop_to(&mut self, at: usize) {
        self.start = at;
        self.scanned = at;
    }

    /// One read, behind what is left. There is always room for a chunk: what is left is at most one line.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.drop_to_front();
        let read = loop {
            match self.from.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => break other?,
            }
        };
        self.ended = read == 0;
        self.end += read;
        Ok(())
    }

    fn drop_to_front(&mut self) {
        self.scanned -= self.start;
        self.start = 0;
    }
}

#[cfg(test)]
mod tests;
