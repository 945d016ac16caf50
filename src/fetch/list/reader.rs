//! One list that is being read: its entries, and at a run's early end the lines that nobody asked for any more.

use std::io::{self, Read};

use super::address::Addresses;
use super::{Entry, Line, Lines, ListError, RawLine, cut, next_line, too_long};

/// The list, and how far it is read.
pub(super) struct Reader {
    pub name: String,
    pub lines: Lines<Box<dyn Read>>,
    pub addresses: Addresses,
}

impl Reader {
    /// Gives the lines that have not been read to `take`.
    pub fn rest(&mut self, mut take: impl FnMut(&[u8])) -> Result<(), ListError> {
        loop {
            match self.lines.next_line() {
                Ok(None) => return Ok(()),
                Ok(Some(RawLine { bytes, whole: true, .. })) => take(bytes),
                Ok(Some(RawLine { bytes, .. })) => take(&cut(bytes).1),
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    fn broken(&self, error: io::Error) -> ListError {
        ListError { name: self.name.clone(), after_line: self.lines.number(), error }
    }
}

impl Iterator for Reader {
    type Item = Result<Box<Entry>, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next_line() {
                Ok(None) => return None,
                Ok(Some(RawLine { number, bytes, whole: true })) => {
                    next_line(bytes, &self.name, number, &mut self.addresses)
                }
                Ok(Some(RawLine { number, bytes, .. })) => too_long(bytes, &self.name, number),
                Err(error) => return Some(Err(self.broken(error))),
            };
            if let Line::Entry(entry) = line {
                return Some(Ok(entry));
            }
        }
    }
}
