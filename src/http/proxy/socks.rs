//! SOCKS 4, 4a and 5 (RFC 1928, RFC 1929) as a state without I/O: bytes in, bytes out.
//!
//! ```text
//!   4, 4a   request ──► 8 bytes ──► open
//!   5       methods ──► 2 bytes ──► [user, password ──► 2 bytes] ──► request ──► 2 + 2 + address ──► open
//! ```
//!
//! The state says how many bytes it needs next, never more than are part of the proxy's reply: what follows belongs to the
//! origin.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::ProxyKind;

/// The most that [`Socks::needs`] says: a reply's name and port.
pub const MAX_NEEDED_BYTES: usize = 255 + 2;

/// RFC 1928 and RFC 1929 count names, users and passwords in one byte.
const MAX_TEXT_BYTES: usize = 255;

const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const NO_METHOD: u8 = 0xff;

/// Where the way shall lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocksTarget {
    /// To an address.
    Address(SocketAddr),
    /// To a name that the proxy looks up, and a port.
    Name(String, u16),
}

/// Why a SOCKS proxy does not open the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocksError {
    /// The first byte of a message is not what this version says.
    Version(u8),
    /// None of the offered ways to authenticate is accepted; a user and a password were offered, or not.
    NoMethod {
        /// Whether there were a user and a password to offer.
        with_login: bool,
    },
    /// A way was chosen that had not been offered.
    UnaskedMethod(u8),
    /// User and password were refused.
    Login,
    /// The reply of SOCKS 5 that is not "succeeded".
    Reply5(u8),
    /// The reply of SOCKS 4 that is not "granted".
    Reply4(u8),
    /// The reply's address is of no known type.
    AddressType(u8),
    /// A name, user or password is longer than 255 bytes, or (SOCKS 4) holds a NUL.
    Text(&'static str),
    /// SOCKS 4 knows IPv4 only.
    NoIpv4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Method,
    Login,
    Reply4,
    /// Version and reply.
    Reply5,
    /// The reserved byte and the address's type.
    Address,
    Length,
    Rest(u16),
    Open,
}

/// The client's side of a handshake.
#[derive(Clone, Debug)]
pub struct Socks {
    state: State,
    login: Option<Vec<u8>>,
    request: Vec<u8>,
}

impl Socks {
    /// Begins: the state, and the bytes to send first.
    ///
    /// # Errors
    /// What cannot be said in this version: texts that are too long, an IPv6 address in SOCKS 4.
    pub fn begin(
        kind: ProxyKind,
        target: &SocksTarget,
        login: Option<(&[u8], &[u8])>,
    ) -> Result<(Socks, Vec<u8>), SocksError> {
        if matches!(kind, ProxyKind::Socks4 | ProxyKind::Socks4a) {
            let request = request4(target, login.map_or(&[], |(user, _)| user))?;
            return Ok((Socks { state: State::Reply4, login: None, request: Vec::new() }, request));
        }
        let login = login.map(|(user, password)| login_message(user, password)).transpose()?;
        let methods: &[u8] = if login.is_some() { &[5, 2, NO_LOGIN, LOGIN] } else { &[5, 1, NO_LOGIN] };
        Ok((Socks { state: State::Method, login, request: request5(target)? }, methods.to_vec()))
    }

    /// How many bytes the next [`receive`](Socks::receive) takes; 0: the way is open.
    pub fn needs(&self) -> usize {
        match self.state {
            State::Reply4 => 8,
            State::Method | State::Login | State::Reply5 | State::Address => 2,
            State::Length => 1,
            State::Rest(bytes) => bytes.into(),
            State::Open => 0,
        }
    }

    /// Takes exactly as many bytes as it [`needs`](Socks::needs), and gives those to send next, often none.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Vec<u8>, SocksError> {
        debug_assert_eq!(bytes.len(), self.needs());
        match (self.state, bytes) {
            (State::Reply4, [0, 90, ..]) => self.go(State::Open),
            (State::Reply4, [0, reply, ..]) => Err(SocksError::Reply4(*reply)),
            (State::Method, [5, method]) => self.method(*method),
            // RFC 1929 counts its own versions.
            (State::Login, [1, 0]) => self.ask(),
            (State::Login, [1, _]) => Err(SocksError::Login),
            (State::Reply5, [5, 0]) => self.go(State::Address),
            (State::Reply5, [5, reply]) => Err(SocksError::Reply5(*reply)),
            (State::Address, [_, 1]) => self.go(State::Rest(4 + 2)),
            (State::Address, [_, 3]) => self.go(State::Length),
            (State::Address, [_, 4]) => self.go(State::Rest(16 + 2)),
            (State::Address, [_, other]) => Err(SocksError::AddressType(*other)),
            (State::Length, [length]) => self.go(State::Rest(u16::from(*length) + 2)),
            (State::Rest(_) | State::Open, _) => self.go(State::Open),
            (_, bytes) => Err(SocksError::Version(bytes.first().copied().unwrap_or(0))),
        }
    }

    fn go(&mut self, state: State) -> Result<Vec<u8>, SocksError> {
        self.state = state;
        Ok(Vec::new())
    }

    fn method(&mut self, method: u8) -> Result<Vec<u8>, SocksError> {
        match (method, self.login.take()) {
            (NO_LOGIN, _) => self.ask(),
            (LOGIN, Some(message)) => {
                self.state = State::Login;
                Ok(message)
            }
            (NO_METHOD, login) => Err(SocksError::NoMethod { with_login: login.is_some() }),
            (other, _) => Err(SocksError::UnaskedMethod(other)),
        }
    }

    fn ask(&mut self) -> Result<Vec<u8>, SocksError> {
        self.state = State::Reply5;
        Ok(std::mem::take(&mut self.request))
    }
}

/// `4, CONNECT, port, address, user, 0`, for a name 0.0.0.1 as the address and the name behind.
fn request4(target: &SocksTarget, user: &[u8]) -> Result<Vec<u8>, SocksError> {
    let (port, address, name) = match target {
        SocksTarget::Address(SocketAddr::V4(address)) => (address.port(), address.ip().octets(), None),
        SocksTarget::Address(_) => return Err(SocksError::NoIpv4),
        SocksTarget::Name(name, port) => (*port, [0, 0, 0, 1], Some(name.as_bytes())),
    };
    let mut request = vec![4, 1];
    request.extend(port.to_be_bytes());
    request.extend(address);
    for (what, text) in [("user", Some(user)), ("name", name)] {
        let Some(text) = text else { continue };
        if text.len() > MAX_TEXT_BYTES || text.contains(&0) {
            return Err(SocksError::Text(what));
        }
        request.extend(text);
        request.push(0);
    }
    Ok(request)
}

/// `5, CONNECT, 0, type, address, port`.
fn request5(target: &SocksTarget) -> Result<Vec<u8>, SocksError> {
    let mut request = vec![5, 1, 0];
    let port = match target {
        SocksTarget::Address(address) => {
            match address.ip() {
                IpAddr::V4(ip) => {
                    request.push(1);
                    request.extend(ip.octets());
                }
                IpAddr::V6(ip) => {
                    request.push(4);
                    request.extend(ip.octets());
                }
            }
            address.port()
        }
        SocksTarget::Name(name, port) => {
            request.push(3);
            push_counted(&mut request, "name", name.as_bytes())?;
            *port
        }
    };
    request.extend(port.to_be_bytes());
    Ok(request)
}

fn login_message(user: &[u8], password: &[u8]) -> Result<Vec<u8>, SocksError> {
    let mut message = vec![1];
    push_counted(&mut message, "user", user)?;
    push_counted(&mut message, "password", password)?;
    Ok(message)
}

fn push_counted(out: &mut Vec<u8>, what: &'static str, text: &[u8]) -> Result<(), SocksError> {
    out.push(u8::try_from(text.len()).map_err(|_| SocksError::Text(what))?);
    out.extend(text);
    Ok(())
}

impl fmt::Display for SocksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            SocksError::Version(byte) => {
                write!(f, "the proxy does not speak this SOCKS (its reply begins with {byte})")
            }
            SocksError::NoMethod { with_login: true } => {
                f.write_str("the SOCKS proxy accepts neither no credentials nor user and password")
            }
            SocksError::NoMethod { with_login: false } => f.write_str("the SOCKS proxy asks for credentials"),
            SocksError::UnaskedMethod(method) => {
                write!(f, "the SOCKS proxy chose a way to authenticate that was not offered ({method})")
            }
            SocksError::Login => f.write_str("the SOCKS proxy refused user and password"),
            SocksError::Reply5(reply) => write!(f, "the SOCKS proxy: {} ({reply})", reply5(reply)),
            SocksError::Reply4(reply) => write!(f, "the SOCKS proxy: {} ({reply})", reply4(reply)),
            SocksError::AddressType(kind) => {
                write!(f, "the SOCKS proxy replied with an unknown type of address ({kind})")
            }
            SocksError::Text(what) => write!(f, "the {what} cannot be said in SOCKS: it is too long, or holds a NUL"),
            SocksError::NoIpv4 => f.write_str("SOCKS 4 knows IPv4 addresses only (socks4a, socks5 know more)"),
        }
    }
}

impl Error for SocksError {}

/// RFC 1928 section 6.
fn reply5(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "its rules do not allow the connection",
        3 => "the network is unreachable",
        4 => "the host is unreachable",
        5 => "the connection was refused",
        6 => "the time to live has expired",
        7 => "it does not know the command",
        8 => "it does not know the type of address",
        _ => "a reply that has no meaning",
    }
}

/// The protocol's own memo of 1992.
fn reply4(reply: u8) -> &'static str {
    match reply {
        91 => "rejected, or failed",
        92 => "it cannot ask this host's identd who the user is",
        93 => "this host's identd names another user",
        _ => "a reply that has no meaning",
    }
}
