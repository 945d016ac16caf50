//! A request's body that is read as it is sent: with a known length, or in chunks until its end.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Read};

use super::error::Error;
use super::fields::Fields;
use super::h1;
use crate::green::Interrupt;

/// A body that is read as it is sent, once: whoever wants to send it again needs another. The reader may wait as green
/// threads do (a [`TcpStream`](crate::net::TcpStream), a pipe); one that blocks the thread blocks them all.
pub struct Upload {
    reader: RefCell<Box<dyn Read>>,
    length: Option<u64>,
    /// Of `length`, what has not been read yet.
    left: Cell<u64>,
    begun: Cell<bool>,
}

impl Upload {
    /// With `length` exactly so many bytes are read, and `Content-Length` says so; fewer are an error. Without it
    /// everything is read, and goes out in chunks (RFC 9112 section 7.1).
    pub fn new(reader: impl Read + 'static, length: Option<u64>) -> Upload {
        let left = Cell::new(length.unwrap_or(u64::MAX));
        Upload { reader: RefCell::new(Box::new(reader)), length, left, begun: Cell::new(false) }
    }

    /// How many bytes it has, if that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether any of it has been read, so that it cannot be sent from its beginning any more.
    pub fn has_begun(&self) -> bool {
        self.begun.get()
    }

    /// The next bytes as HTTP/1.1 frames them, in `framed`; the end of the body is in it where this is true. `piece` is room
    /// to read into.
    pub(super) fn next_framed(&self, piece: &mut [u8], framed: &mut Vec<u8>) -> Result<bool, Error> {
        framed.clear();
        let bytes = self.read(piece)?;
        match (self.length, bytes) {
            (Some(_), _) => framed.extend_from_slice(&piece[..bytes]),
            (None, 0) => h1::encode_last_chunk(framed, &Fields::new()),
            (None, _) => h1::encode_chunk(framed, &piece[..bytes]),
        }
        Ok(bytes == 0)
    }

    /// Reads the next bytes into `piece`, at most as many as that has room for; 0 at the end.
    pub(super) fn read(&self, piece: &mut [u8]) -> Result<usize, Error> {
        self.begun.set(true);
        let most = usize::try_from(self.left.get()).map_or(piece.len(), |left| left.min(piece.len()));
        if most == 0 {
            return Ok(0);
        }
        let read = loop {
            match self.reader.borrow_mut().read(&mut piece[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => break read.map_err(unreadable)?,
            }
        };
        match self.length {
            Some(_) if read == 0 => {
                let message = format!("it ended {} bytes before its announced length", self.left.get());
                Err(Error::Body(io::Error::new(io::ErrorKind::UnexpectedEof, message)))
            }
            Some(_) => {
                self.left.set(self.left.get() - read as u64);
                Ok(read)
            }
            None => Ok(read),
        }
    }
}

fn unreadable(error: io::Error) -> Error {
    match Interrupt::of(&error) {
        Some(interrupt) => Error::Interrupted(interrupt.clone()),
        None => Error::Body(error),
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("length", &self.length).field("begun", &self.begun.get()).finish()
    }
}
