//! A request's body as it is read by a handler: asked for with a 100 when the client waits for one, and drained if left.

use std::io::{self, ErrorKind, Read};

use super::wire::Wire;
use crate::green::Elapsed;
use crate::http::h1::{Expects, ProtocolError, ReceiveBody, RequestHead};

/// A body at least this large in the reader's buffer is read straight into it.
const DIRECT_BYTES: usize = 4 * 1024;

/// What has come of a request's body.
pub(super) struct Incoming {
    pub body: ReceiveBody,
    waits: Waits,
    /// What the client got wrong in the body, as a status to answer with.
    fault: Option<u16>,
}

/// Whether the client waits for `100 Continue` before it sends its body (RFC 9110 section 10.1.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    No,
    Yes,
    /// It got its answer instead: whether it sends the body all the same is not known.
    InVain,
}

impl Incoming {
    pub fn new(head: &RequestHead) -> Incoming {
        let body = ReceiveBody::new(&head.framing);
        let waits = if head.expects_continue && !body.is_done() { Waits::Yes } else { Waits::No };
        Incoming { body, waits, fault: None }
    }

    /// The answer begins; true if the connection has to end with it, because the body will not be read to its end.
    pub fn answer_begins(&mut self, drain_bytes: u64) -> bool {
        if self.waits == Waits::Yes {
            self.waits = Waits::InVain; // a 100 from here on would be read as a second answer
        }
        let stays = !self.body.is_done() && (self.waits == Waits::InVain || self.is_longer_than(drain_bytes));
        stays || self.fault.is_some()
    }

    fn is_longer_than(&self, drain_bytes: u64) -> bool {
        matches!(self.body.expects(), Expects::Data(left) if left > drain_bytes)
    }

    /// The status for a request whose body the client got wrong.
    pub fn fault(&self) -> Option<u16> {
        self.fault
    }

    fn read(&mut self, wire: &mut Wire, out: &mut [u8]) -> io::Result<usize> {
        while !out.is_empty() && !self.body.is_done() {
            if wire.unread().is_empty() {
                self.ask(wire)?;
                if out.len() >= DIRECT_BYTES && matches!(self.body.expects(), Expects::Data(_)) {
                    return self.read_direct(wire, out);
                }
                let read = wire.read_body().map_err(|error| self.too_slow(error))?;
                self.check_end(wire, read)?;
            }
            // No more than there is room for, so that the data of a step always fits.
            let unread = wire.unread();
            let unread = &unread[..unread.len().min(out.len())];
            let step = self.body.advance(unread).map_err(|error| self.broken(error))?;
            let data = &unread[step.data];
            out[..data.len()].copy_from_slice(data);
            let length = data.len();
            wire.consume(step.consumed);
            if length > 0 {
                return Ok(length);
            }
        }
        Ok(0)
    }

    fn read_direct(&mut self, wire: &mut Wire, out: &mut [u8]) -> io::Result<usize> {
        let most = match self.body.expects() {
            Expects::Data(left) => usize::try_from(left).map_or(out.len(), |left| left.min(out.len())),
            _ => 0,
        };
        let read = wire.read_into(&mut out[..most]).map_err(|error| self.too_slow(error))?;
        self.check_end(wire, read)?;
        self.body.skipped(read as u64);
        Ok(read)
    }

    fn ask(&mut self, wire: &mut Wire) -> io::Result<()> {
        match self.waits {
            Waits::No => Ok(()),
            Waits::InVain => Err(io::Error::new(ErrorKind::InvalidInput, "the answer began before the body was read")),
            Waits::Yes => {
                self.waits = Waits::No;
                wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            }
        }
    }

    /// A close inside the body: whoever does that waits for no answer.
    fn check_end(&mut self, wire: &mut Wire, read: usize) -> io::Result<()> {
        if read > 0 {
            return Ok(());
        }
        wire.give_up();
        self.body.eof().map_err(|truncated| io::Error::new(ErrorKind::UnexpectedEof, truncated))
    }

    fn broken(&mut self, error: ProtocolError) -> io::Error {
        self.fault = Some(400);
        io::Error::new(ErrorKind::InvalidData, error)
    }

    fn too_slow(&mut self, error: io::Error) -> io::Error {
        if error.get_ref().is_some_and(|inner| inner.is::<Elapsed>()) {
            self.fault = Some(408);
        }
        error
    }

    /// Reads and drops what the handler left, if that is little and soon: then the connection can be kept.
    pub fn drain(&mut self, wire: &mut Wire) -> io::Result<()> {
        let (time, mut left) = (wire.limits.linger_time, wire.limits.drain_bytes);
        if self.body.is_done() || self.waits == Waits::InVain || self.is_longer_than(left) {
            return Ok(());
        }
        let mut scratch = [0; DIRECT_BYTES];
        let drained = crate::green::timeout(time, || {
            while left > 0 {
                match self.read(wire, &mut scratch)? {
                    0 => break,
                    read => left = left.saturating_sub(read as u64),
                }
            }
            io::Result::Ok(())
        });
        match drained {
            Err(Elapsed { .. }) => Ok(()),
            Ok(Err(_)) if self.fault.is_some() => Ok(()), // what is broken is left: the connection closes
            Ok(drained) => drained,
        }
    }
}

/// A request's body, to be read by [`Read`]; made by [`Exchange::body`](super::Exchange::body).
///
/// Errors: `InvalidData` with the [`ProtocolError`] where the chunks are broken, `UnexpectedEof` with the
/// [`Truncated`](crate::http::h1::Truncated) where the client closed, `TimedOut` where it sent nothing for too long. A
/// handler that hands one up has the client told what it got wrong.
pub struct RequestBody<'e> {
    pub(super) wire: &'e mut Wire,
    pub(super) incoming: &'e mut Incoming,
}

impl RequestBody<'_> {
    /// Bytes read so far, without framing.
    pub fn received(&self) -> u64 {
        self.incoming.body.received()
    }
}

impl Read for RequestBody<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.incoming.read(self.wire, out)
    }
}
