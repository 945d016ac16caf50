//! The face that a connection shows the `h2` crate: tokio's traits, over a transport of ours that no longer waits.
//!
//! Received bytes pass through a large buffer, because the crate asks for few at a time; sent ones are gathered until it
//! flushes, so that the frames of all streams leave in few writes.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::census::{Census, Grants};
use super::error::Fate;
use super::limits::{TURN_BYTES, TURN_READS, UNSENT_BYTES};
use crate::http::buffer::Buffer;
use crate::http::connection::Transport;

/// Gathered bytes whose memory is kept for the next ones.
const KEPT_BYTES: usize = 8 * 1024;

/// Shared by the crate, which reads and writes, and the driver, which waits.
#[derive(Clone)]
pub(super) struct Wire(Rc<RefCell<State>>);

struct State {
    transport: Transport,
    received: Buffer,
    /// What was written and not yet passed on begins at `passed`.
    unsent: Vec<u8>,
    passed: usize,
    /// None where the peer is a client: those begin otherwise.
    census: Option<Census>,
    fate: Rc<Fate>,
    reads_left: u32,
    bytes_left: usize,
}

impl Wire {
    pub fn new(transport: Transport, fate: Rc<Fate>, grants: Rc<Grants>) -> Wire {
        Wire::counting(transport, fate, Some(Census::new(grants)))
    }

    /// For a server.
    #[cfg(test)]
    pub fn of_server(transport: Transport) -> Wire {
        Wire::counting(transport, Rc::default(), None)
    }

    fn counting(transport: Transport, fate: Rc<Fate>, census: Option<Census>) -> Wire {
        transport.poll_from_now();
        Wire(Rc::new(RefCell::new(State {
            transport,
            received: Buffer::default(),
            unsent: Vec::new(),
            passed: 0,
            census,
            fate,
            reads_left: TURN_READS,
            bytes_left: TURN_BYTES,
        })))
    }

    /// The next poll may read its share.
    pub fn begin_turn(&self) {
        let mut state = self.0.borrow_mut();
        (state.reads_left, state.bytes_left) = (TURN_READS, TURN_BYTES);
    }

    /// Calls `wait`, one wait of the running greenlet, which also ends when the transport is ready for what was put off;
    /// not at all if that is so already.
    pub fn or_ready<T>(&self, wait: impl FnOnce() -> T) -> Option<T> {
        self.0.borrow().transport.wait_for_polled(wait)
    }

    pub fn fd(&self) -> i32 {
        self.0.borrow().transport.fd()
    }
}

impl State {
    /// Reads once; 0 at the end.
    fn fill(&mut self) -> io::Result<usize> {
        match self.received.fill(&mut self.transport) {
            Ok(0) => {
                self.fate.close();
                Ok(0)
            }
            Ok(bytes) => {
                if let Some(census) = &mut self.census {
                    census.received(self.received.bytes()).map_err(|refused| self.fate.refuse(refused))?;
                }
                self.reads_left -= 1;
                self.bytes_left = self.bytes_left.saturating_sub(bytes);
                Ok(bytes)
            }
            Err(error) => Err(self.note(error)),
        }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        while self.passed < self.unsent.len() {
            match self.transport.write(&self.unsent[self.passed..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    self.passed += bytes;
                    if let Some(census) = &mut self.census {
                        census.sent(bytes);
                    }
                }
                Err(error) => return Err(self.note(error)),
            }
        }
        self.passed = 0;
        self.unsent.clear();
        self.unsent.shrink_to(KEPT_BYTES);
        Ok(())
    }

    fn note(&self, error: io::Error) -> io::Error {
        if error.kind() != ErrorKind::WouldBlock {
            self.fate.fail(&error);
        }
        error
    }
}

fn poll<T>(done: io::Result<T>) -> Poll<io::Result<T>> {
    match done {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        done => Poll::Ready(done),
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.0.borrow_mut();
        if state.received.is_empty() {
            if state.reads_left == 0 || state.bytes_left == 0 {
                // The others' turn; then this goes on.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            match poll(state.fill()) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        let bytes = state.received.len().min(out.remaining());
        if bytes > 0 {
            out.put_slice(&state.received.bytes()[..bytes]);
            state.received.consume(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let state = &mut *self.0.borrow_mut();
        if state.unsent.len() >= UNSENT_BYTES
            && let Poll::Ready(Err(error)) = poll(state.pass_on())
        {
            return Poll::Ready(Err(error));
        }
        match UNSENT_BYTES.saturating_sub(state.unsent.len()).min(bytes.len()) {
            0 if !bytes.is_empty() => Poll::Pending,
            taken => {
                state.unsent.extend_from_slice(&bytes[..taken]);
                Poll::Ready(Ok(taken))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.0.borrow_mut();
        poll(state.pass_on().and_then(|()| state.transport.flush()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.0.borrow_mut();
        let passed = poll(state.pass_on());
        if passed.is_ready() {
            // A farewell that does not get through is none.
            state.transport.say_goodbye();
        }
        passed
    }
}
