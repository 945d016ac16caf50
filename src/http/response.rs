//! An answer: its head, and its body as it arrives. The connection goes back to the pool when the body has ended.

use std::io::{self, BufRead, Read};
use std::ops::Range;
use std::rc::Rc;

use super::connection::Connection;
use super::error::Error;
use super::h1::{Expects, Head, ReceiveBody, Reuse, Sent};
use super::h2;
use super::pool::Pool;

/// Below so many bytes it is cheaper to read them: the last read is then short, and needs no look whether more came.
const MIN_DISCARD_BYTES: u64 = 64 * 1024;
/// The kernel drops at most so many bytes in one call, so that deadlines are met in between.
const MAX_DISCARD_BYTES: u64 = 1024 * 1024;

/// An answer whose body is read as it arrives, after chunk framing and TLS, before content decoding. Reads wait; put a
/// [`timeout`](crate::green::timeout) around them. Dropped before the body's end, it closes the connection.
pub struct Response {
    pub(super) head: Head,
    body: Body,
}

/// Inline the one that most are, which has a connection for itself.
enum Body {
    Http1(Arriving),
    Http2(Box<h2::Body>),
}

/// A body by HTTP/1, and the connection that it comes on.
struct Arriving {
    body: ReceiveBody,
    /// Where in the buffer body bytes lie, from its start; framing may follow them, up to `step`.
    data: Range<usize>,
    step: usize,
    connection: Option<Box<Connection>>,
    home: Home,
    wire_bytes: u64,
}

/// Where the connection goes when the body has ended, and what the request was.
pub(super) struct Home {
    pub pool: Rc<Pool>,
    /// Whether the request was CONNECT.
    pub connect: bool,
    /// Whether all of the request went out.
    pub whole: bool,
}

impl Response {
    pub(super) fn new(head: Head, connection: Box<Connection>, home: Home) -> Response {
        let body = ReceiveBody::new(&head.framing);
        let mut arriving = Arriving { body, data: 0..0, step: 0, connection: Some(connection), home, wire_bytes: 0 };
        arriving.release_if_done(&head);
        Response { head, body: Body::Http1(arriving) }
    }

    pub(super) fn on_stream(head: Head, body: h2::Body) -> Response {
        Response { head, body: Body::Http2(Box::new(body)) }
    }

    /// Status, fields, version.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Body bytes taken so far.
    pub fn wire_bytes(&self) -> u64 {
        match &self.body {
            Body::Http1(arriving) => arriving.wire_bytes,
            Body::Http2(body) => body.taken(),
        }
    }

    /// Whether the whole body has been taken.
    pub fn is_done(&self) -> bool {
        match &self.body {
            Body::Http1(arriving) => arriving.connection.is_none() && arriving.body.is_done(),
            Body::Http2(body) => body.is_done(),
        }
    }

    /// Whether the next piece of the body, its end or a fault in it is here already, so that taking it does not wait.
    /// Half a chunk's size is none of these, though it is something.
    pub fn is_ready(&mut self) -> bool {
        match &mut self.body {
            Body::Http1(arriving) => arriving.parse(&self.head).unwrap_or(true),
            Body::Http2(body) => body.is_ready(self.head.framing),
        }
    }

    /// Takes some of the body and drops it, in the kernel where that is possible; how many bytes, 0 at the end.
    pub fn discard(&mut self) -> io::Result<u64> {
        if let Body::Http1(arriving) = &mut self.body
            && !arriving.parse(&self.head)?
            && let Some(dropped) = arriving.discard_in_kernel(&self.head)?
        {
            return Ok(dropped);
        }
        let bytes = self.fill_buf()?.len();
        self.consume(bytes);
        Ok(bytes as u64)
    }
}

impl Arriving {
    fn discard_in_kernel(&mut self, head: &Head) -> io::Result<Option<u64>> {
        let most = match self.body.expects() {
            Expects::Data(bytes) if bytes >= MIN_DISCARD_BYTES => bytes.min(MAX_DISCARD_BYTES),
            Expects::UntilClose => MAX_DISCARD_BYTES,
            _ => return Ok(None),
        };
        let Some(connection) = self.connection.as_ref().filter(|connection| connection.buffer.is_empty()) else {
            return Ok(None);
        };
        let Some(stream) = connection.plain() else { return Ok(None) };
        let dropped = stream.discard(most as usize)? as u64;
        if dropped == 0 {
            self.end_of_stream()?;
            return Ok(Some(0));
        }
        self.body.skipped(dropped);
        self.wire_bytes += dropped;
        self.release_if_done(head);
        Ok(Some(dropped))
    }

    /// Reads until there are body bytes or the body has ended.
    fn advance(&mut self, head: &Head) -> io::Result<()> {
        while !self.parse(head)? {
            if self.connection.as_mut().map_or(Ok(0), |connection| connection.fill())? == 0 {
                return self.end_of_stream();
            }
        }
        Ok(())
    }

    /// Parses what is buffered; true once there are body bytes or the body has ended.
    fn parse(&mut self, head: &Head) -> io::Result<bool> {
        while self.data.is_empty() && !self.body.is_done() {
            let Some(connection) = &mut self.connection else { return Ok(false) };
            connection.buffer.consume(std::mem::take(&mut self.step));
            if connection.buffer.is_empty() {
                return Ok(false);
            }
            let step = self.body.advance(connection.buffer.bytes()).map_err(Error::Protocol)?;
            (self.data, self.step) = (step.data, step.consumed);
        }
        self.release_if_done(head);
        Ok(true)
    }

    /// A body that this cuts off stays cut off: asked again, it does not end well.
    fn end_of_stream(&mut self) -> io::Result<()> {
        self.connection = None;
        self.body.eof().map_err(|truncated| Error::Truncated(truncated).into())
    }

    /// The body has ended: its connection may carry another exchange, or not.
    fn release_if_done(&mut self, head: &Head) {
        if !self.body.is_done() || !self.data.is_empty() {
            return;
        }
        let Some(mut connection) = self.connection.take() else { return };
        connection.buffer.consume(std::mem::take(&mut self.step));
        let sent = Sent { connect: self.home.connect, whole: self.home.whole, close: false };
        let left = connection.buffer.len();
        if Reuse::after_response(sent, head, &self.body, left) == Reuse::Yes {
            self.home.pool.put(connection);
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.connection {
            Some(connection) => &connection.buffer.bytes()[self.data.clone()],
            None => &[],
        }
    }

    fn consume(&mut self, bytes: usize, head: &Head) {
        debug_assert!(bytes <= self.data.len());
        self.wire_bytes += bytes as u64;
        self.data.start += bytes;
        if self.data.is_empty() {
            self.data = 0..0;
            self.release_if_done(head);
        }
    }
}

impl BufRead for Response {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.body {
            Body::Http1(arriving) => {
                arriving.advance(&self.head)?;
                Ok(arriving.bytes())
            }
            Body::Http2(body) => body.fill(self.head.framing),
        }
    }

    fn consume(&mut self, bytes: usize) {
        match &mut self.body {
            Body::Http1(arriving) => arriving.consume(bytes, &self.head),
            Body::Http2(body) => body.consume(bytes),
        }
    }
}

impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let bytes = ready.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&ready[..bytes]);
        self.consume(bytes);
        Ok(bytes)
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
