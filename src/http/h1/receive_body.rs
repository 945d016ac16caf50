//! Receives a body by its framing: says where in the input the data is, and when there is no more.

use std::ops::Range;

use super::chunked::Chunked;
use super::error::{ProtocolError, Truncated};
use super::framing::Framing;
use crate::http::fields::Fields;

/// The state from the end of a head to the end of its message.
#[derive(Clone, Debug)]
pub struct ReceiveBody {
    state: State,
    received: u64,
}

#[derive(Clone, Debug)]
enum State {
    Length { left: u64 },
    Chunked(Box<Chunked>),
    Close,
    Done,
}

/// What a call to [`ReceiveBody::advance`] took from its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes to drop from the front of the buffer, data and framing. None only when the input was empty or the body is
    /// done.
    pub consumed: usize,
    /// Where in those bytes the body's data is: one piece a step, perhaps empty.
    pub data: Range<usize>,
}

/// What the next bytes on the connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// So many bytes of data and nothing between them, never 0: they may be dropped unseen, then [`ReceiveBody::skipped`].
    Data(u64),
    /// Data until the peer closes; may be dropped unseen too.
    UntilClose,
    /// Chunk framing, which has to be parsed.
    Framing,
    /// The body is done.
    Nothing,
}

impl ReceiveBody {
    /// Expects a body of this framing.
    pub fn new(framing: &Framing) -> ReceiveBody {
        let state = match *framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(left) => State::Length { left },
            Framing::Chunked => State::Chunked(Box::new(Chunked::new())),
            Framing::Close => State::Close,
        };
        ReceiveBody { state, received: 0 }
    }

    /// Takes from `input`, the bytes not yet consumed, one piece of data with the framing before and after it.
    ///
    /// Never leaves a part behind for want of the rest: call it until the input is used up or the body is done. Bytes
    /// after the body's end are left alone. What stands before broken framing is consumed first; the call that begins
    /// with the wrong byte is the error.
    pub fn advance(&mut self, input: &[u8]) -> Result<Step, ProtocolError> {
        let step = match &mut self.state {
            State::Length { left } => {
                let taken = at_most(*left, input.len());
                *left -= taken as u64;
                if *left == 0 {
                    self.state = State::Done;
                }
                Step { consumed: taken, data: 0..taken }
            }
            State::Chunked(chunked) => {
                let step = advance_chunked(chunked, input)?;
                self.received += step.data.len() as u64;
                return Ok(step);
            }
            State::Close => Step { consumed: input.len(), data: 0..input.len() },
            State::Done => Step { consumed: 0, data: 0..0 },
        };
        self.received += step.data.len() as u64;
        Ok(step)
    }

    /// What comes next on the connection, after all that was consumed or skipped.
    pub fn expects(&self) -> Expects {
        match &self.state {
            State::Length { left } => Expects::Data(*left),
            State::Close => Expects::UntilClose,
            State::Done => Expects::Nothing,
            State::Chunked(chunked) if chunked.is_done() => Expects::Nothing,
            State::Chunked(chunked) => match chunked.data_left() {
                0 => Expects::Framing,
                left => Expects::Data(left),
            },
        }
    }

    /// The caller took `bytes` of data from the connection itself.
    ///
    /// # Panics
    /// When there are not so many to take: see [`ReceiveBody::expects`].
    pub fn skipped(&mut self, bytes: u64) {
        let room = match self.expects() {
            Expects::Data(left) => left,
            Expects::UntilClose => u64::MAX,
            Expects::Framing | Expects::Nothing => 0,
        };
        assert!(bytes <= room, "{bytes} bytes of a body skipped where {room} were expected");
        self.received += bytes;
        match &mut self.state {
            State::Length { left } if *left == bytes => self.state = State::Done,
            State::Length { left } => *left -= bytes,
            State::Chunked(chunked) => chunked.took(bytes),
            State::Close | State::Done => {}
        }
    }

    /// The peer closed: the end of a body that runs to the close, and of no other.
    pub fn eof(&mut self) -> Result<(), Truncated> {
        match &self.state {
            State::Close => self.state = State::Done,
            State::Length { left } => return Err(Truncated::Length { missing: *left }),
            State::Chunked(chunked) if !chunked.is_done() => return Err(Truncated::Chunked),
            State::Chunked(_) | State::Done => {}
        }
        Ok(())
    }

    /// Whether the message has ended: what follows is not its.
    pub fn is_done(&self) -> bool {
        self.expects() == Expects::Nothing
    }

    /// Bytes of data so far, taken or skipped, without framing.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The trailers of a chunked body once it is done; none otherwise. They are never part of the head (RFC 9110 6.5.1).
    pub fn trailers(&self) -> Option<&Fields> {
        match &self.state {
            State::Chunked(chunked) if chunked.is_done() => Some(chunked.trailers()),
            _ => None,
        }
    }
}

fn advance_chunked(chunked: &mut Chunked, input: &[u8]) -> Result<Step, ProtocolError> {
    let mut at = 0;
    let mut data = 0..0;
    while at < input.len() && !chunked.is_done() {
        let left = chunked.data_left();
        if left == 0 {
            match chunked.framing_byte(input[at]) {
                Ok(()) => at += 1,
                Err(error) if at == 0 => return Err(error),
                Err(_) => break, // the next call meets the same byte first
            }
        } else if data.is_empty() {
            data = at..at + at_most(left, input.len() - at);
            chunked.took(data.len() as u64);
            at = data.end;
        } else {
            break;
        }
    }
    Ok(Step { consumed: at, data })
}

fn at_most(left: u64, here: usize) -> usize {
    usize::try_from(left).map_or(here, |left| left.min(here))
}

#[cfg(test)]
#[path = "receive_body_tests.rs"]
mod tests;
