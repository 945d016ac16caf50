//! What an exchange can fail with, as values: the caller judges by type and stage, never by text.

use std::error;
use std::fmt;
use std::io;
use std::time::Duration;

use super::coding::DecodeError;
use super::fields::FieldError;
use super::h1::{ProtocolError, Truncated};
use crate::green::Interrupt;
use crate::net::{ConnectError, ConnectErrorKind, DnsError, TlsError, TlsSetupError};

/// Why an exchange failed. The [`Trace`](super::Trace) says in which phase.
#[derive(Debug)]
pub enum Error {
    /// The request cannot be sent as it is: a control character, a bad method.
    Request(FieldError),
    /// The URL has no origin that HTTP can reach.
    NoOrigin,
    /// The request's body could not be read, or ended too early ([`Upload`](super::Upload)).
    Body(io::Error),
    /// The name did not resolve.
    Dns(DnsError),
    /// No address took the connection.
    Connect(ConnectError),
    /// Name look-up, connect and handshake together took longer than they may.
    ConnectTimeout(Duration),
    /// The answer's head took longer than it may.
    AnswerTimeout(Duration),
    /// The trusted certificates could not be read.
    TlsSetup(TlsSetupError),
    /// The handshake failed, the certificate among the reasons.
    Tls(TlsError),
    /// What the peer sent is not HTTP as accepted here.
    Protocol(ProtocolError),
    /// The peer closed too early.
    Truncated(Truncated),
    /// The content coding is broken.
    Decode(DecodeError),
    /// A wait was interrupted: a `timeout` scope, or a deadlock.
    Interrupted(Interrupt),
    /// The connection failed underneath.
    Io(io::Error),
}

impl Error {
    /// Whether somebody is there, and refuses connections.
    pub fn is_refused(&self) -> bool {
        matches!(self, Error::Connect(error) if error.kind() == ConnectErrorKind::Refused)
    }

    /// Sorts an I/O error by what is inside it.
    pub fn from_io(error: io::Error) -> Error {
        if let Some(interrupt) = Interrupt::of(&error) {
            return Error::Interrupted(interrupt.clone());
        }
        if let Some(decode) = DecodeError::of(&error) {
            return Error::Decode(decode.clone());
        }
        if TlsError::of(&error).is_some() {
            let inner = error.into_inner().and_then(|inner| inner.downcast().ok());
            return Error::Tls(*inner.expect("looked at just now"));
        }
        let inner = error.get_ref();
        if let Some(protocol) = inner.and_then(|inner| inner.downcast_ref::<ProtocolError>()) {
            return Error::Protocol(*protocol);
        }
        if let Some(truncated) = inner.and_then(|inner| inner.downcast_ref::<Truncated>()) {
            return Error::Truncated(*truncated);
        }
        Error::Io(error)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error {
            Error::Io(error) => error,
            Error::Interrupted(interrupt) => interrupt.into(),
            Error::Protocol(error) => io::Error::new(io::ErrorKind::InvalidData, error),
            Error::Truncated(error) => io::Error::new(io::ErrorKind::UnexpectedEof, error),
            other => io::Error::other(other),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Request(error) => error.fmt(f),
            Error::NoOrigin => f.write_str("not an http or https URL with a host"),
            Error::Body(error) => write!(f, "the request's body could not be read: {error}"),
            Error::Dns(error) => error.fmt(f),
            Error::Connect(error) => error.fmt(f),
            Error::ConnectTimeout(limit) => write!(f, "no connection within {} s", limit.as_secs_f64()),
            Error::AnswerTimeout(limit) => write!(f, "no answer within {} s", limit.as_secs_f64()),
            Error::TlsSetup(error) => error.fmt(f),
            Error::Tls(error) => error.fmt(f),
            Error::Protocol(error) => error.fmt(f),
            Error::Truncated(error) => error.fmt(f),
            Error::Decode(error) => error.fmt(f),
            Error::Interrupted(interrupt) => interrupt.fmt(f),
            Error::Io(error) => error.fmt(f),
        }
    }
}

impl error::Error for Error {
    /// What stands below. Its text is this one's too, which only says where it belongs.
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(match self {
            Error::Request(error) => error,
            Error::Body(error) => error,
            Error::Dns(error) => error,
            Error::Connect(error) => error,
            Error::TlsSetup(error) => error,
            Error::Tls(error) => error,
            Error::Protocol(error) => error,
            Error::Truncated(error) => error,
            Error::Decode(error) => error,
            Error::Interrupted(interrupt) => interrupt,
            Error::Io(error) => error,
            _ => return None,
        })
    }
}
