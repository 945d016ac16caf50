//! What kind of failure an error is, whose doing, and whether another try makes sense: by type, never by text.

use std::fmt;
use std::io;

use super::coding::DecodeError;
use super::error::Error;
use super::h1::Truncated;
use super::h2::Http2Error;
use super::proxy::ProxyError;
use super::proxy::socks::SocksError;
use super::trace::Phase;
use crate::net::{ConnectErrorKind, DnsErrorKind, TlsError};

/// What went wrong. The same words as in the command's records, where both have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The URL is none that can be fetched.
    Url,
    /// The request cannot be sent as it is: a control character in a field, a bad method.
    Request,
    /// A policy of the caller's refused it.
    Blocked,
    /// The name did not resolve.
    Dns,
    /// No connection could be made.
    Connect,
    /// The proxy refused.
    Proxy,
    /// The TLS handshake or a record failed.
    Tls,
    /// The server's certificate or key was not accepted, or the trusted ones cannot be read.
    Certificate,
    /// A clock of this client ran out: connecting, the wait for an answer, a body that stalls, the whole.
    Timeout,
    /// The connection broke.
    Reset,
    /// The answer ended before its end.
    Truncated,
    /// What came is not HTTP as accepted here.
    Protocol,
    /// A content coding is broken or unknown.
    Decode,
    /// A redirect cannot be followed.
    Redirect,
    /// The status says so ([`Answer::error_for_status`](super::Answer::error_for_status)).
    Status,
    /// The body is larger than it may be.
    TooLarge,
    /// What was to be sent could not be read.
    Read,
    /// A [`timeout`](crate::green::timeout) scope of the caller's, a kill, or a deadlock.
    Interrupted,
}

/// Whose doing a failure is: who would have to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// Who asked: a URL, a field, a limit, a policy, a certificate store.
    Caller,
    /// This process or machine: no descriptors, no ports, no memory for decoders.
    Us,
    /// What lies between: names, routes, connections that break.
    Network,
    /// The proxy.
    Proxy,
    /// The server: what it says, or that it says nothing.
    Server,
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Blame::Caller => "caller",
            Blame::Us => "us",
            Blame::Network => "network",
            Blame::Proxy => "proxy",
            Blame::Server => "server",
        })
    }
}

impl Error {
    /// What went wrong, where `stage` was running: TLS says so of a close without its farewell, and that cuts a body off;
    /// before an answer it is a close like others.
    pub fn kind_at(&self, stage: Option<Phase>) -> ErrorKind {
        match self {
            Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof && stage == Some(Phase::Receive) => {
                ErrorKind::Truncated
            }
            _ => self.kind(),
        }
    }

    /// The same for whoever does not know when it was.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Request(_) => ErrorKind::Request,
            Error::NoOrigin => ErrorKind::Url,
            Error::Body(_) => ErrorKind::Read,
            Error::Dns(error) if matches!(error.kind, DnsErrorKind::Interrupted(_)) => ErrorKind::Interrupted,
            Error::Dns(_) => ErrorKind::Dns,
            Error::Connect(error) if error.interrupt().is_some() => ErrorKind::Interrupted,
            Error::Connect(_) => ErrorKind::Connect,
            Error::Interface(_) | Error::UnixSocket(..) => ErrorKind::Connect,
            Error::Blocked(_) => ErrorKind::Blocked,
            Error::Proxy(error) => match **error {
                ProxyError::Dns(_) | ProxyError::Target(_) => ErrorKind::Dns,
                _ => ErrorKind::Proxy,
            },
            Error::ConnectTimeout(_) | Error::AnswerTimeout(_) => ErrorKind::Timeout,
            Error::TlsSetup(_) | Error::Tls(TlsError::Certificate(_) | TlsError::NotPinned(_)) => {
                ErrorKind::Certificate
            }
            Error::Tls(_) => ErrorKind::Tls,
            Error::Protocol(_) => ErrorKind::Protocol,
            Error::Http2(Http2Error::Closed) => ErrorKind::Truncated,
            Error::Http2(Http2Error::Reset(_) | Http2Error::GoAway(_)) => ErrorKind::Reset,
            Error::Http2(_) => ErrorKind::Protocol,
            Error::Truncated(Truncated::Nothing) => ErrorKind::Reset,
            Error::Truncated(_) => ErrorKind::Truncated,
            Error::Decode(_) => ErrorKind::Decode,
            Error::Interrupted(_) => ErrorKind::Interrupted,
            Error::Io(_) => ErrorKind::Reset,
        }
    }

    /// Whose doing it is, where `stage` was running.
    pub fn blame(&self, stage: Option<Phase>) -> Blame {
        match self {
            Error::Dns(error) => match error.kind {
                DnsErrorKind::Temporary => Blame::Network,
                _ => Blame::Caller,
            },
            Error::Connect(error) if error.is_bind() => Blame::Caller,
            Error::Connect(error) => match error.kind() {
                ConnectErrorKind::Refused => Blame::Server,
                ConnectErrorKind::OutOfPorts | ConnectErrorKind::OutOfDescriptors => Blame::Us,
                ConnectErrorKind::NoAddress | ConnectErrorKind::Interrupted => Blame::Caller,
                ConnectErrorKind::Unreachable | ConnectErrorKind::TimedOut | ConnectErrorKind::Other => Blame::Network,
            },
            Error::Interface(_) => Blame::Caller,
            Error::UnixSocket(..) => Blame::Server,
            Error::Proxy(error) => match **error {
                ProxyError::Dns(_) => Blame::Caller,
                ProxyError::Target(_) => Blame::Network,
                // Credentials are the caller's to give.
                ProxyError::Status(407) | ProxyError::Socks(SocksError::Login | SocksError::NoMethod { .. }) => {
                    Blame::Caller
                }
                _ => Blame::Proxy,
            },
            Error::Decode(DecodeError::OutOfBudget { .. }) => Blame::Us,
            Error::TlsSetup(_) | Error::Tls(TlsError::InvalidName(_) | TlsError::Setup(_)) => Blame::Caller,
            _ => self.kind_at(stage).blame(stage),
        }
    }

    /// Whether the same request, a little later, may end otherwise; whether it may be made again is another question.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Dns(error) => matches!(error.kind, DnsErrorKind::Temporary),
            Error::Connect(error) => {
                !matches!(error.kind(), ConnectErrorKind::NoAddress | ConnectErrorKind::Interrupted)
            }
            Error::UnixSocket(..) => true,
            Error::Decode(error) => matches!(error, DecodeError::OutOfBudget { .. }),
            Error::Proxy(error) => match &**error {
                ProxyError::Dns(error) | ProxyError::Target(error) => matches!(error.kind, DnsErrorKind::Temporary),
                ProxyError::Status(status) => *status >= 500,
                ProxyError::Truncated(_) | ProxyError::Io(_) | ProxyError::SocksIo(_) => true,
                ProxyError::Socks(SocksError::Reply5(reply)) => matches!(reply, 1 | 3..=6),
                ProxyError::Protocol(_) | ProxyError::EarlyBytes | ProxyError::Socks(_) => false,
            },
            _ => matches!(self.kind(), ErrorKind::Timeout | ErrorKind::Reset | ErrorKind::Truncated),
        }
    }
}

impl ErrorKind {
    /// Whose doing a failure of this kind usually is, where `stage` was running.
    pub(super) fn blame(self, stage: Option<Phase>) -> Blame {
        match self {
            ErrorKind::Url
            | ErrorKind::Request
            | ErrorKind::Blocked
            | ErrorKind::TooLarge
            | ErrorKind::Read
            | ErrorKind::Interrupted => Blame::Caller,
            ErrorKind::Dns | ErrorKind::Connect | ErrorKind::Reset => Blame::Network,
            ErrorKind::Timeout => match stage {
                Some(Phase::Dns | Phase::Connect) => Blame::Network,
                Some(Phase::Proxy) => Blame::Proxy,
                _ => Blame::Server,
            },
            ErrorKind::Proxy => Blame::Proxy,
            ErrorKind::Tls
            | ErrorKind::Certificate
            | ErrorKind::Truncated
            | ErrorKind::Protocol
            | ErrorKind::Decode
            | ErrorKind::Redirect
            | ErrorKind::Status => Blame::Server,
        }
    }
}
