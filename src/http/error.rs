//! What an exchange can fail with, as values: the caller judges by type and stage, never by text.

use std::error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::coding::DecodeError;
use super::fields::FieldError;
use super::h1::{ProtocolError, Truncated};
use super::h2::Http2Error;
use super::origin::{Host, Origin};
use super::proxy::ProxyError;
use crate::green::Interrupt;
use crate::net::{ConnectError, ConnectErrorKind, DnsError, TlsError, TlsSetupError, not_public};

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
    /// The host has no address that may be connected to ([`Routes::block_private`](super::Routes)).
    Blocked(Blocked),
    /// There is no way through the proxy.
    Proxy(Box<ProxyError>),
    /// What connections are to be made from is neither a device nor a host's name.
    Interface(DnsError),
    /// The Unix socket of this path took no connection.
    UnixSocket(PathBuf, io::Error),
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
    /// What went wrong is HTTP/2's.
    Http2(Http2Error),
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
        match self {
            Error::Connect(error) => error.kind() == ConnectErrorKind::Refused,
            Error::UnixSocket(_, error) => error.kind() == io::ErrorKind::ConnectionRefused,
            _ => false,
        }
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
        if let Some(error) = Http2Error::of(&error) {
            return Error::Http2(error);
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
            Error::Http2(error) => io::Error::new(io::ErrorKind::InvalidData, error),
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
            Error::Blocked(blocked) => blocked.fmt(f),
            Error::Proxy(error) => error.fmt(f),
            Error::Interface(error) => {
                write!(f, "cannot connect from {}: neither a device nor a host's name", error.host)
            }
            Error::UnixSocket(path, error) => write!(f, "cannot connect to {}: {error}", path.display()),
            Error::ConnectTimeout(limit) => write!(f, "no connection within {} s", limit.as_secs_f64()),
            Error::AnswerTimeout(limit) => write!(f, "no answer within {} s", limit.as_secs_f64()),
            Error::TlsSetup(error) => error.fmt(f),
            Error::Tls(error) => error.fmt(f),
            Error::Protocol(error) => error.fmt(f),
            Error::Truncated(error) => error.fmt(f),
            Error::Http2(error) => error.fmt(f),
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
            Error::Proxy(error) => error,
            Error::Interface(error) => error,
            Error::UnixSocket(_, error) => error,
            Error::TlsSetup(error) => error,
            Error::Tls(error) => error,
            Error::Protocol(error) => error,
            Error::Http2(error) => error,
            Error::Truncated(error) => error,
            Error::Decode(error) => error,
            Error::Interrupted(interrupt) => interrupt,
            Error::Io(error) => error,
            Error::NoOrigin | Error::Blocked(_) | Error::ConnectTimeout(_) | Error::AnswerTimeout(_) => return None,
        })
    }
}

/// A host that is not public, and what it is instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// As the URL writes it.
    pub host: String,
    /// `"loopback"`, `"private"` …, as [`not_public`] says.
    pub what: &'static str,
}

impl Blocked {
    /// What is known of an origin without a look-up: a literal, or this machine.
    pub(super) fn by_name(origin: &Origin) -> Option<Blocked> {
        match &origin.host {
            Host::Ipv4(ip) => Blocked::of(origin, (*ip).into()),
            Host::Ipv6(ip) => Blocked::of(origin, (*ip).into()),
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                let is_local = name == "localhost" || name.ends_with(".localhost");
                is_local.then(|| Blocked { host: origin.host.to_string(), what: "loopback" })
            }
        }
    }

    /// That `address` of the target's host is not public, if so.
    pub(super) fn of(target: &Origin, address: IpAddr) -> Option<Blocked> {
        not_public(address).map(|what| Blocked { host: target.host.to_string(), what })
    }
}

impl From<Blocked> for Error {
    fn from(blocked: Blocked) -> Error {
        Error::Blocked(blocked)
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a public address ({})", self.host, self.what)
    }
}
