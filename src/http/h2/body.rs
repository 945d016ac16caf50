//! An answer's body on its stream, as it arrives. The window is opened again as bytes are taken.

use std::io;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use h2::RecvStream;

use super::Http2Error;
use super::connection::Seat;
use super::error::of_crate;
use crate::green::Doorbell;
use crate::http::error::Error;
use crate::http::h1::{Framing, Truncated};

/// Dropped before its end, it resets the stream; the connection goes on.
pub(in crate::http) struct Body {
    /// What came last and has not been taken.
    piece: Bytes,
    /// Bytes of it when it came: what the window is opened by once it has been taken.
    piece_bytes: usize,
    taken: u64,
    open: Option<Open>,
    /// It has failed: asked again, it does not end well.
    failed: bool,
}

/// The stream, and the place that it has; its handles go before the place is given back.
struct Open {
    stream: RecvStream,
    bell: Doorbell,
    seat: Seat,
}

type Polled = Option<Result<Bytes, h2::Error>>;

impl Body {
    pub fn new(stream: RecvStream, seat: Seat, bell: Doorbell) -> Body {
        let open = Open { stream, bell, seat };
        let mut body = Body { piece: Bytes::new(), piece_bytes: 0, taken: 0, open: Some(open), failed: false };
        body.close_if_ended();
        body
    }

    /// Bytes taken so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether the whole body has been taken.
    pub fn is_done(&self) -> bool {
        self.open.is_none() && self.piece.is_empty() && !self.failed
    }

    /// Whether the next piece, the end or a fault is here already.
    pub fn is_ready(&mut self, framing: Framing) -> bool {
        if !self.piece.is_empty() {
            return true;
        }
        let Some(open) = &mut self.open else { return true };
        match open.stream.poll_data(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(Ok(piece))) => {
                let _ = self.take_piece(Some(Ok(piece)), framing);
                !self.piece.is_empty() || self.open.is_none()
            }
            // Asked again, the crate says the same.
            Poll::Ready(_) => true,
            Poll::Pending => false,
        }
    }

    /// The bytes that are there, waiting for some; none at the end.
    pub fn fill(&mut self, framing: Framing) -> io::Result<&[u8]> {
        while self.piece.is_empty() {
            let Some(open) = &mut self.open else {
                return if self.failed { Err(Error::Http2(Http2Error::Closed).into()) } else { Ok(&[]) };
            };
            let (bell, stream) = (&open.bell, &mut open.stream);
            let polled = bell.wait_for(|context| stream.poll_data(context)).map_err(Error::Interrupted)?;
            self.take_piece(polled, framing)?;
        }
        Ok(&self.piece)
    }

    /// Bytes of what is there have been dealt with.
    pub fn consume(&mut self, bytes: usize) {
        self.piece.advance(bytes);
        self.taken += bytes as u64;
        if bytes > 0 && self.piece.is_empty() {
            self.piece = Bytes::new();
            if let Some(open) = &mut self.open {
                // Refused only if more is given back than came.
                let _ = open.stream.flow_control().release_capacity(self.piece_bytes);
                open.seat.shared.grants.read(self.piece_bytes);
            }
            self.close_if_ended();
        }
    }

    fn take_piece(&mut self, polled: Polled, framing: Framing) -> Result<(), Error> {
        match polled {
            Some(Ok(piece)) => {
                (self.piece_bytes, self.piece) = (piece.len(), piece);
                if self.piece.is_empty() {
                    self.close_if_ended();
                }
                Ok(())
            }
            Some(Err(error)) => Err(self.fail(&error, framing)),
            // Trailers may be left: they are dropped with the stream.
            None => {
                self.close();
                Ok(())
            }
        }
    }

    fn close_if_ended(&mut self) {
        if self.piece.is_empty() && self.open.as_ref().is_some_and(|open| open.stream.is_end_stream()) {
            self.close();
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.seat.over.set(true);
        }
    }

    fn fail(&mut self, error: &h2::Error, framing: Framing) -> Error {
        self.failed = true;
        let Some(open) = self.open.take() else { return Error::Http2(Http2Error::Closed) };
        open.seat.over.set(true);
        let shared = &open.seat.shared;
        let Some(error) = of_crate(error) else {
            shared.retire();
            return shared.fate.error(|| match framing {
                Framing::Length(length) => Error::Truncated(Truncated::Length { missing: length - self.taken }),
                _ => Error::Http2(Http2Error::Closed),
            });
        };
        if matches!(error, Http2Error::GoAway(_) | Http2Error::Connection(_)) {
            shared.retire();
        }
        Error::Http2(error)
    }
}
