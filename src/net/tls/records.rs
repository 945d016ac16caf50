//! Follows the incoming bytes from record to record: rustls does not say whether half a record waits in it.
//!
//! Reading ahead in larger pieces than rustls' own (16 KiB, once bytes flow) was tried: 8 % less CPU a byte, for a buffer a
//! connection and one more copy. Not worth it.

use std::io::{self, ErrorKind, Read};

/// Where the bytes stand between two records (RFC 8446, 5.1: type, version, length, then so many bytes).
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

    /// For one call of rustls' `read_tls`: what it takes from `transport` is followed.
    pub fn following<'a, S: Read>(&'a mut self, transport: &'a mut S) -> Following<'a, S> {
        Following { records: self, transport }
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

pub(super) struct Following<'a, S> {
    records: &'a mut Records,
    transport: &'a mut S,
}

impl<S: Read> Read for Following<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.transport.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read.inspect(|&count| self.records.pass(&buffer[..count])),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
