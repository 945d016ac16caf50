//! Reads the body of an answer away that nobody wants, where that saves its connection.

use std::io;
use std::time::Duration;

use super::response::Response;
use crate::green;

/// It is read up to this; a longer one costs the connection.
const MAX_DRAINED_BYTES: u64 = 64 * 1024;
/// The same for one that takes longer: about what a new connection costs far away.
const MAX_DRAIN_TIME: Duration = Duration::from_millis(500);

impl Response {
    /// Reads the rest of the body away, so that its connection can be used again: at most 64 KiB, for at most half a
    /// second. What goes wrong costs no more than the connection. Waits. For the body of a redirect.
    pub fn drain(mut self) {
        let head = self.head();
        let too_long = head.content_length().is_some_and(|length| length > MAX_DRAINED_BYTES);
        if self.is_done() || !head.keep_alive || too_long {
            return;
        }
        let _ = green::timeout(MAX_DRAIN_TIME, || -> io::Result<()> {
            while self.wire_bytes() < MAX_DRAINED_BYTES && self.discard()? > 0 {}
            Ok(())
        });
    }
}
