//! Asks a proxy for a way to an origin over any stream: CONNECT (RFC 9110 section 9.3.6), or SOCKS.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use super::socks::{MAX_NEEDED_BYTES, Socks, SocksTarget};
use super::{Proxy, ProxyError};
use crate::green::Interrupt;
use crate::http::Error;
use crate::http::fields::Fields;
use crate::http::h1::{self, Limits, ReceiveHead, Received};

/// One read of an answer's head.
const PIECE_BYTES: usize = 4 * 1024;

/// Asks for a way to `authority`, host and port. Of the request the proxy sees its User-Agent, as in curl, and nothing else.
pub(in crate::http) fn connect(
    stream: &mut (impl Read + Write),
    proxy: &Proxy,
    authority: &str,
    agent: Option<&[u8]>,
) -> Result<(), Error> {
    let head = connect_head(proxy, authority, agent)?;
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
            Some(Received::Final { head, .. }) if !(200..300).contains(&head.status) => {
                return Err(refused(ProxyError::Status(head.status)));
            }
            Some(Received::Final { consumed, .. }) if consumed == answer.len() => return Ok(()),
            Some(Received::Final { .. }) => return Err(refused(ProxyError::EarlyBytes)),
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

fn connect_head(proxy: &Proxy, authority: &str, agent: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let mut fields = Fields::new();
    let mut push = |name, value: &[u8]| fields.push(name, value).map_err(Error::Request);
    if let Some(authorization) = proxy.authorization() {
        push("Proxy-Authorization", authorization.as_bytes())?;
    }
    if let Some(agent) = agent {
        push("User-Agent", agent)?;
    }
    push("Proxy-Connection", b"Keep-Alive")?;
    let mut head = Vec::new();
    let host = [("Host", Cow::Borrowed(authority))];
    h1::encode_request_with(&mut head, "CONNECT", authority, host, &fields).map_err(Error::Request)?;
    Ok(head)
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
