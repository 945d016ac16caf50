//! The records on their way out of rustls: small ones joined into one write.

use std::io::{self, Write};

/// Records are joined up to this size, which is that of the largest record: a handshake's flight is several small ones,
/// and each would be a system call and a packet of its own.
const JOINED_BYTES: usize = 16 * 1024;

/// For one call of rustls' `write_tls`, which gives all the records that it holds, one slice each. Transports write a
/// slice a call.
pub(super) struct Outlet<'a, S>(pub &'a mut S);

impl<S: Write> Write for Outlet<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let mut left = JOINED_BYTES;
        let fitting = slices.iter().take_while(|slice| {
            let fits = slice.len() <= left;
            left = left.saturating_sub(slice.len());
            fits
        });
        match fitting.count() {
            0 | 1 => self.0.write(slices.first().map_or(&[], |slice| slice)),
            many => {
                let joined: Vec<u8> = slices[..many].iter().flat_map(|slice| slice.iter().copied()).collect();
                self.0.write(&joined)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_records_leave_together_and_large_ones_uncopied() {
        let (small, large) = ([1; 100], [2; JOINED_BYTES + 1]);
        let slices = [&small[..], &small, &large, &small].map(io::IoSlice::new);
        let mut out = Vec::new();
        assert_eq!(Outlet(&mut out).write_vectored(&slices).unwrap(), 200);
        assert_eq!(Outlet(&mut out).write_vectored(&slices[2..]).unwrap(), JOINED_BYTES + 1);
        assert_eq!(out.len(), 200 + JOINED_BYTES + 1);
    }
}
