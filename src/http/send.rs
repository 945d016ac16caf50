//! Sends a request, and hears an answer that comes before its end (RFC 9112 section 9.5, RFC 9110 section 10.1.1).
//!
//! ```text
//!   head ──► (Expect: wait for 100, at most 1 s) ──► piece ──► piece ──► … ──► whole
//!                     │                                 └── something to read? ──┐
//!                     └── final head ──► below 300: the rest is sent; else, or if that fails: not whole, the answer counts
//! ```

use std::io::{self, Write};
use std::time::Duration;

use super::connection::Connection;
use super::error::Error;
use super::h1::{Head, ReceiveHead, Received};
use super::request::Request;
use super::trace::{Phase, Trace};
use super::upload::Upload;
use crate::green::{self, Interrupt};
use crate::net;

/// A larger body is announced by `Expect: 100-continue` in the command's requests, as in curl: a server that does not want
/// it can say so before it comes.
pub const EXPECT_ABOVE_BYTES: usize = 1024 * 1024;

/// How long a server may take to say "100 Continue" before the body goes out unasked, as in curl. Most never say it.
const CONTINUE_WAIT: Duration = Duration::from_secs(1);
/// A body up to this goes out in one write with the head.
const MAX_JOINED_BODY_BYTES: usize = 16 * 1024;
/// A larger one goes out in pieces of this size, each with its own clock.
const SENT_PIECE_BYTES: usize = 64 * 1024;

/// Holds the sending of a body to a speed. curl: `--limit-rate`.
pub trait Throttle {
    /// Waits until some of `wanted` bytes (above 0) may go; how many, at least 1.
    fn wait(&self, wanted: usize) -> Result<usize, Interrupt>;
}

/// What became of sending.
pub(super) struct Sent {
    /// A final head that came before the end of the request.
    pub early: Option<Head>,
    /// Whether all of the request went out.
    pub whole: bool,
}

const WHOLE: Sent = Sent { early: None, whole: true };

/// Sends `head` and the request's body. `receive` is the state of the answer's head: 1xx heads that come meanwhile are
/// counted there.
pub(super) fn request(
    connection: &mut Connection,
    head: &[u8],
    request: &Request<'_>,
    receive: &mut ReceiveHead,
    trace: &mut Trace,
) -> Result<Sent, Error> {
    match request.body {
        None if let Some(upload) = request.upload => {
            return watched(connection, head, Body::Upload(upload), request, receive, trace);
        }
        None => connection.send(head).map_err(Error::from_io)?,
        Some(body) if body.len() <= MAX_JOINED_BODY_BYTES && request.throttle.is_none() && !expects(request) => {
            connection.send(&[head, body].concat()).map_err(Error::from_io)?;
        }
        Some(body) => return watched(connection, head, Body::Bytes(body), request, receive, trace),
    }
    Ok(WHOLE)
}

/// Whether the request asks to be told before its body comes.
fn expects(request: &Request<'_>) -> bool {
    request.fields.contains_token("expect", "100-continue")
}

/// A body that takes its time: the answer may come before its end. Out of line and boxed: plain requests do not pay for it.
#[inline(never)]
fn watched(
    connection: &mut Connection,
    head: &[u8],
    body: Body<'_>,
    request: &Request<'_>,
    receive: &mut ReceiveHead,
    trace: &mut Trace,
) -> Result<Sent, Error> {
    connection.send(head).map_err(Error::from_io)?;
    // From here a write that would wait says so, and what waits is this file, for either direction.
    connection.transport.socket().set_write_timeout(Some(Duration::ZERO));
    let mut sender = Box::new(Sender { connection, receive, trace, listens: true, continued: false, early: None });
    let sent = sender.send(body, request);
    sender.connection.transport.socket().set_write_timeout(None);
    match (sent, sender.early) {
        (Ok(whole), early) => Ok(Sent { early, whole }),
        // It has answered, and goes no further with the request.
        (Err(error), Some(early)) if !matches!(error, Error::Interrupted(_)) => {
            Ok(Sent { early: Some(early), whole: false })
        }
        (Err(error), _) => Err(error),
    }
}

/// Where a body comes from that takes its time.
enum Body<'a> {
    Bytes(&'a [u8]),
    Upload(&'a Upload),
}

struct Sender<'a> {
    connection: &'a mut Connection,
    receive: &'a mut ReceiveHead,
    trace: &'a mut Trace,
    /// Whether what can be read is of interest: not behind a final head, and not once the peer has closed its side.
    listens: bool,
    /// A 100 has come.
    continued: bool,
    early: Option<Head>,
}

impl Sender<'_> {
    /// Whether the body went out whole; false where an answer ended that.
    fn send(&mut self, body: Body<'_>, request: &Request<'_>) -> Result<bool, Error> {
        if expects(request) && request.has_body() {
            self.wait_for_continue()?;
        }
        let all_sent = match body {
            Body::Bytes(bytes) => self.send_bytes(bytes, request)?,
            Body::Upload(upload) => self.send_upload(upload, request)?,
        };
        request.in_time(|| self.flush())?;
        Ok(all_sent && !self.is_refused())
    }

    /// Whether all of them went out.
    fn send_bytes(&mut self, bytes: &[u8], request: &Request<'_>) -> Result<bool, Error> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_refused() {
            let (piece, others) = rest.split_at(request.may_send(rest.len().min(SENT_PIECE_BYTES))?);
            request.in_time(|| self.write(piece))?;
            rest = others;
        }
        Ok(rest.is_empty())
    }

    /// As it is read; the reader's time is its owner's.
    fn send_upload(&mut self, upload: &Upload, request: &Request<'_>) -> Result<bool, Error> {
        let mut piece = vec![0; SENT_PIECE_BYTES];
        let mut framed = Vec::new();
        while !self.is_refused() {
            let is_last = upload.next_framed(&mut piece, &mut framed)?;
            let all_sent = self.send_bytes(&framed, request)?;
            if is_last {
                return Ok(all_sent);
            }
        }
        Ok(false)
    }

    /// The server has answered, and with no success: it does not want the rest. (After a success curl sends on, because
    /// some servers answer while they read.)
    fn is_refused(&self) -> bool {
        self.early.as_ref().is_some_and(|head| head.status >= 300)
    }

    /// Returns when the body may go: the server has asked for it, or answered, or says nothing.
    fn wait_for_continue(&mut self) -> Result<(), Error> {
        let waited = green::timeout(CONTINUE_WAIT, || {
            while self.listens && !self.continued {
                self.hear()?;
            }
            Ok(())
        });
        waited.unwrap_or(Ok(()))
    }

    fn write(&mut self, mut piece: &[u8]) -> Result<(), Error> {
        while !piece.is_empty() {
            self.listen()?;
            if self.is_refused() {
                return Ok(());
            }
            match self.connection.transport.write(piece) {
                Ok(0) => return Err(Error::Io(io::ErrorKind::WriteZero.into())),
                Ok(taken) => piece = &piece[taken..],
                Err(error) => self.wait_for_room(error)?,
            }
        }
        Ok(())
    }

    /// TLS may hold bytes that the socket had no room for.
    fn flush(&mut self) -> Result<(), Error> {
        while !self.is_refused() {
            match self.connection.transport.flush() {
                Ok(()) => return Ok(()),
                Err(error) => self.wait_for_room(error)?,
            }
            self.listen()?;
        }
        Ok(())
    }

    /// A write that would have to wait: until there is room, or something to read.
    fn wait_for_room(&mut self, error: io::Error) -> Result<(), Error> {
        if error.kind() != io::ErrorKind::WouldBlock {
            return Err(Error::from_io(error));
        }
        let socket = self.connection.transport.socket().as_raw_fd();
        let waited = match self.listens {
            true => net::wait_readwrite(&socket, None).map(drop),
            false => net::wait_writable(&socket, None).map(drop),
        };
        waited.map_err(Error::from_io)
    }

    fn listen(&mut self) -> Result<(), Error> {
        while self.listens && self.connection.transport.has_unread() {
            self.hear()?;
        }
        Ok(())
    }

    /// Reads once. A peer that has closed, or worse, is met again by the next write: here it only has nothing to say.
    fn hear(&mut self) -> Result<(), Error> {
        match self.connection.fill() {
            Ok(0) => self.listens = false,
            Ok(_) => {
                self.trace.heard = true;
                let parsed = self.parse();
                if parsed.is_err() {
                    self.trace.enter(Phase::Wait);
                }
                parsed?;
            }
            Err(error) if Interrupt::of(&error).is_some() => return Err(Error::from_io(error)),
            Err(_) => self.listens = false,
        }
        Ok(())
    }

    fn parse(&mut self) -> Result<(), Error> {
        while !self.connection.buffer.is_empty() {
            match self.receive.advance(self.connection.buffer.bytes()).map_err(Error::Protocol)? {
                Some(Received::Final { consumed, head }) => {
                    self.connection.buffer.consume(consumed);
                    (self.early, self.listens) = (Some(head), false);
                    return Ok(());
                }
                Some(Received::Informational { consumed, status }) => {
                    self.connection.buffer.consume(consumed);
                    self.continued |= status == 100;
                }
                None => return Ok(()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
