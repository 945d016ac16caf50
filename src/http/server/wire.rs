//! A connection's bytes in both directions: what has come and is not consumed, what is to go out, and the time limits.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use super::house::House;
use super::limits::ServerLimits;
use crate::green::{self, Alarm, Elapsed};
use crate::http::h1::{ReceiveRequest, Refused, RequestHead};
use crate::net::{TcpStream, TlsStream, UnixStream};

/// What a connection of the server runs over: TCP, a Unix socket, TLS, a pair in memory.
pub trait ServedStream: Read + Write {
    /// Sends what is held back, and tells the peer that nothing more will come; reading goes on.
    fn end(&mut self) -> io::Result<()> {
        self.flush()
    }
}

impl ServedStream for TcpStream {
    fn end(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl ServedStream for UnixStream {
    fn end(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// Says goodbye: the end of the plaintext. The transport's own end comes with the close.
impl<S: Read + Write> ServedStream for TlsStream<S> {
    fn end(&mut self) -> io::Result<()> {
        self.close_notify()
    }
}

/// The first read of a head goes to the stack: most heads fit, so that a connection that waits holds no buffer. Larger
/// than most heads, so that the read is short and no second one has to find out that nothing is left.
const FIRST_READ_BYTES: usize = 2048;

/// How much more is read at a time.
const READ_BYTES: usize = 8 * 1024;

/// How long a connection without an exchange is looked at once more when the server stops: a request that has come by then
/// is answered.
const LAST_LOOK: Duration = Duration::from_millis(10);

/// Responses leave in pieces of about this size: a body below it goes out in one system call with its head.
pub(super) const WRITE_BYTES: usize = 64 * 1024;

/// What the next bytes of a connection were.
pub(super) enum Next {
    Request(RequestHead),
    /// Answer with the status and end.
    Refused(Refused),
    /// A head was begun and not ended in time.
    Slow,
    /// The peer has closed, or has been idle for too long.
    Over,
}

pub(super) struct Wire {
    stream: Box<dyn ServedStream>,
    input: Vec<u8>,
    /// How much of `input` is consumed.
    start: usize,
    /// What is to go out, not yet sent.
    pub output: Vec<u8>,
    /// Bytes that have gone out.
    pub sent: u64,
    pub limits: ServerLimits,
    stop: Alarm,
    /// The stream has failed: nothing is sent any more.
    broken: bool,
}

impl Wire {
    pub fn new(stream: Box<dyn ServedStream>, house: &House) -> Wire {
        let (limits, stop) = (house.limits, house.stop.clone());
        Wire { stream, input: Vec::new(), start: 0, output: Vec::new(), sent: 0, limits, stop, broken: false }
    }

    /// Whether the server stops, so that this exchange is the connection's last.
    pub fn is_stopping(&self) -> bool {
        self.stop.has_rung()
    }

    /// Gives the stream away, with what was read from it and is not consumed.
    pub fn leave(&mut self) -> (Box<dyn ServedStream>, Vec<u8>) {
        let stream = std::mem::replace(&mut self.stream, Box::new(Gone));
        let unread = self.input.split_off(self.start);
        self.rest();
        (stream, unread)
    }

    /// The next request's head. Waits as long as a connection may be idle, and then as long as a head may take.
    pub fn receive_head(&mut self) -> io::Result<Next> {
        let mut state = ReceiveRequest::new(self.limits.head);
        let first = if self.unread().is_empty() { self.first_read(&mut state)? } else { self.advance(&mut state) };
        match first {
            Some(next) => Ok(next),
            None => self.rest_of_head(&mut state),
        }
    }

    /// Reads onto the stack while nothing is there. What it finds beyond one head is kept in `input`.
    fn first_read(&mut self, state: &mut ReceiveRequest) -> io::Result<Option<Next>> {
        self.rest();
        let mut first = [0; FIRST_READ_BYTES];
        let (stream, limits) = (&mut self.stream, &self.limits);
        let heard = self.stop.guard(|| within(limits.idle_time, || read(stream, &mut first)));
        let heard = heard.unwrap_or_else(|Elapsed { .. }| within(LAST_LOOK, || read(stream, &mut first)));
        let read = match heard {
            Ok(0) => return Ok(Some(Next::Over)),
            Err(error) if error.get_ref().is_some_and(|inner| inner.is::<Elapsed>()) => return Ok(Some(Next::Over)),
            heard => heard?,
        };
        let (consumed, next) = decided(state.advance(&first[..read]));
        self.input.extend_from_slice(&first[consumed..read]);
        Ok(next)
    }

    fn rest_of_head(&mut self, state: &mut ReceiveRequest) -> io::Result<Next> {
        let received = green::timeout(self.limits.head_time, || {
            loop {
                if self.read_more()? == 0 {
                    return io::Result::Ok(Next::Over);
                }
                if let Some(next) = self.advance(state) {
                    return Ok(next);
                }
            }
        });
        received.unwrap_or(Ok(Next::Slow))
    }

    fn advance(&mut self, state: &mut ReceiveRequest) -> Option<Next> {
        let (consumed, next) = decided(state.advance(self.unread()));
        self.consume(consumed);
        next
    }

    /// Bytes that came and are not consumed.
    pub fn unread(&self) -> &[u8] {
        &self.input[self.start..]
    }

    pub fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        if self.start == self.input.len() {
            self.input.clear();
            self.start = 0;
        }
    }

    /// Waits for more bytes of a body; 0 at the end of the stream.
    pub fn read_body(&mut self) -> io::Result<usize> {
        let limit = self.limits.read_time;
        self.note(|wire| within(limit, || wire.read_more()))
    }

    /// The same, straight to where they are wanted: only when nothing is unread.
    pub fn read_into(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let limit = self.limits.read_time;
        self.note(|wire| within(limit, || read(&mut wire.stream, out)))
    }

    fn read_more(&mut self) -> io::Result<usize> {
        self.input.drain(..self.start);
        self.start = 0;
        let had = self.input.len();
        self.input.resize(had + READ_BYTES, 0);
        let read = read(&mut self.stream, &mut self.input[had..]);
        self.input.truncate(had + *read.as_ref().unwrap_or(&0));
        read
    }

    /// Puts bytes behind those that are to go out, and sends when there are enough.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = WRITE_BYTES.saturating_sub(self.output.len());
        if bytes.len() <= room {
            self.output.extend_from_slice(bytes);
            return Ok(());
        }
        let (first, rest) = bytes.split_at(room);
        self.output.extend_from_slice(first);
        self.flush()?;
        if rest.len() < WRITE_BYTES {
            self.output.extend_from_slice(rest);
            return Ok(());
        }
        self.send(rest)
    }

    /// Sends all that was put.
    pub fn flush(&mut self) -> io::Result<()> {
        let mut output = std::mem::take(&mut self.output);
        let sent = self.send(&output);
        output.clear();
        self.output = output;
        sent
    }

    /// Sends these bytes now, before any that were put.
    pub fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let limit = self.limits.write_time;
        while !bytes.is_empty() {
            match self.note(|wire| within(limit, || wire.write_some(bytes))) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(sent) => {
                    self.sent += sent as u64;
                    bytes = &bytes[sent..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.stream.write(bytes)?;
        if sent == bytes.len() {
            self.stream.flush()?;
        }
        Ok(sent)
    }

    /// Nothing more is to be said to this peer.
    pub fn give_up(&mut self) {
        self.broken = true;
    }

    /// Whether the stream has failed, so that nothing more can be said.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Ends a connection on which nothing more will come.
    pub fn end(&mut self) -> io::Result<()> {
        let limit = self.limits.write_time;
        within(limit, || self.stream.end())
    }

    /// Ends a connection on which the peer may still be sending: a close would throw away the answer with what it sends.
    pub fn linger(&mut self) -> io::Result<()> {
        self.end()?;
        let (mut left, time) = (self.limits.linger_bytes, self.limits.linger_time);
        let mut scratch = [0; FIRST_READ_BYTES];
        // However this ends, the connection is over: the answer has gone out, and nothing here is worth a word.
        let _ = within(time, || {
            while left > 0 {
                match read(&mut self.stream, &mut scratch)? {
                    0 => break,
                    bytes => left = left.saturating_sub(bytes as u64),
                }
            }
            Ok(())
        });
        Ok(())
    }

    /// Gives up the buffers while nothing is on its way in either direction.
    fn rest(&mut self) {
        self.input = Vec::new();
        give_back(std::mem::take(&mut self.output));
    }

    /// Makes room for a response.
    pub fn take_output(&mut self) {
        if self.output.capacity() == 0 {
            self.output = SPARE.take();
        }
    }

    fn note<T>(&mut self, call: impl FnOnce(&mut Wire) -> io::Result<T>) -> io::Result<T> {
        let result = call(self);
        self.broken |= matches!(&result, Err(error) if error.kind() != ErrorKind::Interrupted);
        result
    }
}

/// In the place of a stream that was given away.
struct Gone;

impl Read for Gone {
    fn read(&mut self, _out: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Write for Gone {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::NotConnected.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ServedStream for Gone {}

impl Drop for Wire {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.output));
    }
}

thread_local! {
    /// One buffer for output: while connections answer one after the other, it serves them all.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() > 0 && buffer.capacity() <= 2 * WRITE_BYTES {
        buffer.clear();
        SPARE.set(buffer);
    }
}

/// How many bytes a head took, and the head or its refusal if it has come to that.
fn decided(advanced: Result<Option<(usize, RequestHead)>, Refused>) -> (usize, Option<Next>) {
    match advanced {
        Ok(None) => (0, None),
        Ok(Some((consumed, head))) => (consumed, Some(Next::Request(head))),
        Err(refused) => (0, Some(Next::Refused(refused))),
    }
}

pub(super) fn within<T>(limit: Duration, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    green::timeout(limit, call)?
}

fn read(stream: &mut Box<dyn ServedStream>, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(out) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
