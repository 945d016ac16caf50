//! One request and its answer, as a handler sees them.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::request_body::{Incoming, RequestBody};
use super::response::{Asked, Outgoing, Progress, ResponseBody, has_no_body, misuse};
use super::wire::{ServedStream, Wire};
use crate::http::fields::Fields;
use crate::http::h1::{Framing, RequestHead, Reuse};

/// A request and the means to answer it. A handler answers once, by [`respond`](Exchange::respond) or
/// [`start`](Exchange::start), and may read the request's body before that.
///
/// What it returns: `Ok` after an answer. An error before one is answered with 500 (or 400 and 408, if reading the body
/// told it); so is one after the answer's beginning while nothing of it has gone out; a later one breaks the connection, so
/// that the client sees the body cut off. A panic is answered in the same way, and then ends the connection's greenlet.
///
/// Its `Debug` shows no query and no secret field.
///
/// A field's name may have an underscore: it is another name than the one with a hyphen, and nothing here takes one for
/// the other (pywsgi, whose CGI names cannot tell them apart, drops such fields).
pub struct Exchange<'a> {
    wire: &'a mut Wire,
    head: RequestHead,
    peer: Option<SocketAddr>,
    incoming: Incoming,
    outgoing: Outgoing,
    aborted: bool,
    upgraded: bool,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(wire: &'a mut Wire, head: RequestHead, peer: Option<SocketAddr>) -> Exchange<'a> {
        let (incoming, outgoing) = (Incoming::new(&head), Outgoing::new());
        Exchange { wire, head, peer, incoming, outgoing, aborted: false, upgraded: false }
    }

    /// The request's head.
    pub fn head(&self) -> &RequestHead {
        &self.head
    }

    /// Who asks; none where the connection has no address.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The request's body. The first read that has to wait for it sends the `100 Continue` that the client waits for.
    pub fn body(&mut self) -> RequestBody<'_> {
        RequestBody { wire: self.wire, incoming: &mut self.incoming }
    }

    /// Answers with a body that is at hand: in one write with the head, up to 64 KiB.
    ///
    /// # Errors
    /// As [`start`](Exchange::start); `InvalidInput` also for a body of a status that has none (204, 304).
    pub fn respond(&mut self, status: u16, fields: &Fields, body: &[u8]) -> io::Result<()> {
        if has_no_body(status) && !body.is_empty() {
            return Err(misuse("an answer 204 or 304 has no body"));
        }
        let mut out = self.start(status, fields, Framing::Length(body.len() as u64))?;
        io::Write::write_all(&mut out, body)?;
        out.finish()
    }

    /// Begins an answer whose body is then written. `Server`, `Date` (unless `fields` has them), the length and
    /// `Connection` are added. [`Framing::Chunked`] runs to the close where the client speaks HTTP/1.0; of HEAD the body
    /// goes nowhere, and 204 and 304 take none. Nothing is sent before the body is flushed, grows beyond 64 KiB or is finished.
    ///
    /// # Errors
    /// `InvalidInput` when the request has its answer already, for a status that is not final, and for fields that say
    /// where the message ends or how long the connection lives: nothing is sent then.
    pub fn start(&mut self, status: u16, fields: &Fields, framing: Framing) -> io::Result<ResponseBody<'_>> {
        if self.incoming.answer_begins(self.wire.limits.drain_bytes) || self.wire.is_stopping() {
            self.outgoing.close = true;
        }
        self.outgoing.start(self.wire, Asked::of(&self.head), status, fields, framing)?;
        Ok(ResponseBody { wire: self.wire, outgoing: &mut self.outgoing })
    }

    /// The connection ends after this answer; to be said before it begins.
    pub fn close_after(&mut self) {
        self.outgoing.close = true;
    }

    /// Closes the connection when the handler has returned, without an answer or in the middle of it.
    pub fn abort(&mut self) {
        self.aborted = true;
    }

    /// After the handler: answers for it if it has not, and says what becomes of the connection.
    pub(super) fn end(&mut self, handled: io::Result<()>) -> io::Result<After> {
        if self.aborted {
            return Ok(After::Break);
        }
        if self.upgraded {
            return handled.map(|()| After::Break);
        }
        if handled.is_err() {
            self.outgoing.take_back(self.wire);
        }
        match (handled, self.outgoing.progress) {
            (Ok(()), Progress::Whole) => self.incoming.drain(self.wire)?,
            (Ok(()), Progress::Begun) => {
                self.wire.flush()?; // what was written is sent, and then cut off
                return Ok(After::Break);
            }
            (Err(error), Progress::Whole | Progress::Begun) => return Err(error),
            (Ok(()), Progress::Nothing) => self.apologize(500, "the handler gave no answer")?,
            (Err(error), Progress::Nothing) => match self.incoming.fault() {
                Some(status) => self.apologize(status, &error.to_string())?,
                None if self.wire.is_broken() => return Err(error),
                None => self.apologize(500, "something went wrong here")?,
            },
        }
        Ok(self.judge())
    }

    fn judge(&self) -> After {
        let body = &self.incoming.body;
        match Reuse::after_request(&self.head, body, self.outgoing.close) {
            Reuse::Yes => After::Next,
            Reuse::No(_) if body.is_done() && self.wire.unread().is_empty() => After::Close,
            Reuse::No(_) => After::Linger,
        }
    }

    /// The handler panicked.
    pub(super) fn end_after_panic(&mut self) -> io::Result<()> {
        self.outgoing.take_back(self.wire);
        if self.outgoing.progress == Progress::Nothing && !self.aborted && !self.wire.is_broken() {
            self.apologize(500, "something went wrong here")?;
            if !self.incoming.body.is_done() {
                self.wire.linger()?;
            }
        }
        Ok(())
    }

    /// Answers with an error of the server's own, and ends the connection.
    pub(super) fn apologize(&mut self, status: u16, text: &str) -> io::Result<()> {
        self.close_after();
        apologize(self.wire, &mut self.outgoing, Asked::of(&self.head), status, text)
    }

    /// Sends 101, and gives the stream away with what was read from it.
    pub(super) fn leave_http(
        &mut self,
        protocol: &str,
        fields: &Fields,
    ) -> io::Result<(Box<dyn ServedStream>, Vec<u8>)> {
        if !self.incoming.body.is_done() {
            return Err(misuse("the request's body has to be read to its end first"));
        }
        self.outgoing.switch(self.wire, protocol, fields)?;
        self.upgraded = true;
        Ok(self.wire.leave())
    }

    /// The answer's status and the bytes of its body.
    pub(super) fn answered(&self) -> (Option<u16>, u64) {
        self.outgoing.answered()
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.head.target.split('?').next().unwrap_or_default();
        f.debug_struct("Exchange")
            .field("peer", &self.peer)
            .field("method", &self.head.method)
            .field("path", &path)
            .field("version", &self.head.version)
            .field("fields", &self.head.fields)
            .field("status", &self.answered().0)
            .finish_non_exhaustive()
    }
}

/// What becomes of a connection after an exchange.
#[derive(Clone, Copy)]
pub(super) enum After {
    /// The next request.
    Next,
    /// An orderly end.
    Close,
    /// The same, but the peer may still be sending: let it read its answer first.
    Linger,
    /// No goodbye: what was sent is not whole, and must not look so.
    Break,
}

/// A short answer in text.
pub(super) fn apologize(
    wire: &mut Wire,
    outgoing: &mut Outgoing,
    asked: Asked,
    status: u16,
    text: &str,
) -> io::Result<()> {
    let mut fields = Fields::new();
    fields.push("Content-Type", "text/plain; charset=utf-8").expect("a name and a value as they should be");
    let body = format!("{text}\n");
    outgoing.start(wire, asked, status, &fields, Framing::Length(body.len() as u64))?;
    let mut out = ResponseBody { wire, outgoing };
    io::Write::write_all(&mut out, body.as_bytes())?;
    out.finish()
}
