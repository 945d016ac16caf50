//! Asks a proxy for a way to an origin over any stream: CONNECT (RFC 9110 section 9.3.6), or SOCKS.

use std::io::{self, Read, Write};

use super::socks::{MAX_NEEDED_BYTES, Socks, SocksTarget};
use super::{Proxy, ProxyError};
use crate::green::Interrupt;
use crate::http::Error;
use crate::http::fields::Fields;
use crate::http::h1::{self, Head, Limits, ReceiveHead, Received};

/// One read of an answer's head.
const PIECE_BYTES: usize = 4 * 1024;

/// A CONNECT and what the proxy answered, granted or not.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Host and port that were asked for.
    pub authority: String,
    /// The request's fields, the proxy's credentials among them.
    pub fields: Fields,
    /// The answer.
    pub answer: Head,
}

/// Asks for a way to `authority`, host and port. Of the request the proxy sees its User-Agent, as in curl, and nothing else.
/// What was said is left in `opening` once there is an answer.
pub(crate) fn connect(
    stream: &mut (impl Read + Write),
    proxy: &Proxy,
    authority: &str,
    agent: Option<&[u8]>,
    opening: &mut Option<Box<Opening>>,
) -> Result<(), Error> {
    let fields = connect_fields(proxy, authority, agent)?;
    let mut head = Vec::new();
    h1::encode_request(&mut head, "CONNECT", authority, &fields).map_err(Error::Request)?;
    stream.write_all(&head).and_then(|()| stream.flush()).map_err(|error| broken(error, ProxyError::Io))?;
    let mut receive = ReceiveHead::new("CONNECT", Limits::RESPONSE);
    let mut answer = Vec::new();
    let refused = |error| Error::Proxy(Box::new(error));
    loop {
        match receive.advance(&answer).map_err(|error| refused(ProxyError::Protocol(error)))? {
            Some(Received::Informational { consumed, .. }) => {
                answer.drain(..consumed);
                continue;
            }
            Some(Received::Final { consumed, head }) => {
                let status = head.status;
                *opening = Some(Box::new(Opening { authority: authority.to_owned(), fields, answer: head }));
                return match status {
                    200..300 if consumed == answer.len() => Ok(()),
                    200..300 => Err(refused(ProxyError::EarlyBytes)),
                    _ => Err(refused(ProxyError::Status(status))),
                };
            }
            None => {}
        }
        let mut piece = [0; PIECE_BYTES];
        match stream.read(&mut piece) {
            Ok(0) => return Err(refused(ProxyError::Truncated(receive.eof()))),
            Ok(bytes) => answer.extend_from_slice(&piece[..bytes]),
            Err(error) => return Err(broken(error, ProxyError::Io)),
        }
    }
}

fn connect_fields(proxy: &Proxy, authority: &str, agent: Option<&[u8]>) -> Result<Fields, Error> {
    let mut fields = Fields::new();
    let mut push = |name, value: &[u8]| fields.push(name, value).map_err(Error::Request);
    push("Host", authority.as_bytes())?;
    if let Some(authorization) = proxy.authorization() {
        push("Proxy-Authorization", authorization.as_bytes())?;
    }
    if let Some(agent) = agent {
        push("User-Agent", agent)?;
    }
    push("Proxy-Connection", b"Keep-Alive")?;
    Ok(fields)
}

/// The same by SOCKS. Reads no byte beyond the proxy's reply.
pub(in crate::http) fn socks(
    stream: &mut (impl Read + Write),
    proxy: &Proxy,
    target: &SocksTarget,
) -> Result<(), Error> {
    let refused = |error| Error::Proxy(Box::new(ProxyError::Socks(error)));
    let login = proxy.login().map(|login| (&login.user[..], &login.password[..]));
    let (mut socks, mut next) = Socks::begin(proxy.kind, target, login).map_err(refused)?;
    let mut bytes = [0; MAX_NEEDED_BYTES];
    loop {
        let bytes = &mut bytes[..socks.needs()];
        let exchanged = stream.write_all(&next).and_then(|()| stream.flush()).and_then(|()| stream.read_exact(bytes));
        exchanged.map_err(|error| broken(error, ProxyError::SocksIo))?;
        if bytes.is_empty() {
            return Ok(());
        }
        next = socks.receive(bytes).map_err(refused)?;
    }
}

fn broken(error: io::Error, of: fn(io::Error) -> ProxyError) -> Error {
    match Interrupt::of(&error) {
        Some(interrupt) => Error::Interrupted(interrupt.clone()),
        None => Error::Proxy(Box::new(of(error))),
    }
}
