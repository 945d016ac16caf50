//! What can go wrong with a proxy: its name, its answer, its refusal.

use std::error::Error;
use std::fmt;
use std::io;

use super::socks::SocksError;
use crate::http::h1::{ProtocolError, Truncated};
use crate::net::DnsError;

/// Why a text names no proxy. It does not repeat the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadProxy {
    /// The scheme is none of `http https socks4 socks4a socks5 socks5h`.
    Scheme,
    /// There is no host, or none that could be one.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
}

impl fmt::Display for BadProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadProxy::Scheme => "its scheme is none of http, https, socks4, socks4a, socks5, socks5h",
            BadProxy::Host => "it has no host that could be one",
            BadProxy::Port => "its port is no number from 1 to 65535",
        })
    }
}

impl Error for BadProxy {}

/// Why there is no way through a proxy.
#[derive(Debug)]
pub enum ProxyError {
    /// The proxy's own name did not resolve.
    Dns(DnsError),
    /// The origin's name did not resolve, which is asked for here (SOCKS 4 and 5 without a letter).
    Target(DnsError),
    /// CONNECT was answered with this status, which is none of 2xx; 407 asks for credentials, or for others.
    Status(u16),
    /// The answer to CONNECT is not HTTP as accepted here.
    Protocol(ProtocolError),
    /// The proxy closed before its answer to CONNECT had ended.
    Truncated(Truncated),
    /// Bytes followed the way's opening that nobody had asked for: they could be taken for an answer.
    EarlyBytes,
    /// A SOCKS proxy refused, or does not speak SOCKS.
    Socks(SocksError),
    /// The connection to a SOCKS proxy failed while the way was asked for; an early close is `UnexpectedEof`.
    SocksIo(io::Error),
    /// The same with an HTTP proxy.
    Io(io::Error),
}

impl ProxyError {
    /// Whether it is a SOCKS proxy's.
    pub fn is_socks(&self) -> bool {
        matches!(self, ProxyError::Socks(_) | ProxyError::SocksIo(_) | ProxyError::Target(_))
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxyError::Dns(error) => write!(f, "the proxy: {error}"),
            ProxyError::Target(error) => write!(f, "for the SOCKS proxy: {error}"),
            ProxyError::Status(407) => f.write_str("the proxy asks for credentials, or for others (407)"),
            ProxyError::Status(status) => match crate::http::reason::reason(*status) {
                "" => write!(f, "the proxy refused CONNECT with status {status}"),
                reason => write!(f, "the proxy refused CONNECT with status {status} {reason}"),
            },
            ProxyError::Protocol(error) => write!(f, "the proxy's answer to CONNECT: {error}"),
            ProxyError::Truncated(error) => write!(f, "the proxy's answer to CONNECT: {error}"),
            ProxyError::EarlyBytes => f.write_str("the proxy sent bytes that nobody had asked for"),
            ProxyError::Socks(error) => error.fmt(f),
            ProxyError::SocksIo(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the SOCKS proxy closed the connection before its reply had ended")
            }
            ProxyError::SocksIo(error) => write!(f, "the SOCKS proxy: {error}"),
            ProxyError::Io(error) => write!(f, "the proxy: {error}"),
        }
    }
}

impl Error for ProxyError {}
