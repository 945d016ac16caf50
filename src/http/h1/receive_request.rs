//! Receives a request's head: the server's side, with the refusals that keep it from being smuggled through.

use std::fmt;

use super::error::{ProtocolError, Truncated};
use super::framing::{Declared, Framing, Version};
use super::limits::Limits;
use super::lines::{FEW_FIELDS, MOST_FIELDS, explain, first_line, slots, to_fields};
use super::scan::Scan;
use super::send_head::is_target;
use crate::http::fields::{Fields, is_token_byte};

/// The state from the first byte of a request to the end of its head.
#[derive(Clone, Debug)]
pub struct ReceiveRequest {
    limits: Limits,
    scan: Scan,
}

/// A request head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// A token, in the case it came in.
    pub method: String,
    /// Visible ASCII: a path, an absolute URL, `*` (OPTIONS) or host and port (CONNECT).
    pub target: String,
    /// Of the request line.
    pub version: Version,
    /// The fields in their order.
    pub fields: Fields,
    /// How the body ends; never [`Framing::Close`].
    pub framing: Framing,
    /// Whether the client keeps the connection after the answer.
    pub keep_alive: bool,
    /// Whether the client waits for a 100 before it sends the body.
    pub expects_continue: bool,
}

/// A request that is refused: answer with `status`, then close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// 400, 414, 431, 501 or 505.
    pub status: u16,
    /// What is wrong with it.
    pub error: ProtocolError,
}

impl ReceiveRequest {
    /// Expects a request.
    pub fn new(limits: Limits) -> ReceiveRequest {
        ReceiveRequest { limits, scan: Scan::default() }
    }

    /// Looks at `input`: all bytes not yet consumed, each time the same ones with more at their end.
    ///
    /// `Ok(None)` asks for more. Otherwise the head and how many bytes to drop for it; the body or the next request
    /// follows them, and the next request needs a new state.
    pub fn advance(&mut self, input: &[u8]) -> Result<Option<(usize, RequestHead)>, Refused> {
        self.receive(input).map_err(Refused::from)
    }

    /// A close here: the usual end of a connection between requests, a truncation inside one.
    pub fn eof(&self) -> Result<(), Truncated> {
        if self.scan.has_begun() { Err(Truncated::Head) } else { Ok(()) }
    }

    fn receive(&mut self, input: &[u8]) -> Result<Option<(usize, RequestHead)>, ProtocolError> {
        let Some(range) = self.scan.advance(input, &self.limits, begins_a_request_line)? else {
            return Ok(None);
        };
        let consumed = range.end;
        let head = &input[range];
        let is_small = self.scan.fields() <= FEW_FIELDS;
        let head = if is_small { read::<FEW_FIELDS>(head) } else { read::<MOST_FIELDS>(head) };
        Ok(Some((consumed, head?)))
    }
}

#[inline(never)]
fn read<const FIELDS: usize>(head: &[u8]) -> Result<RequestHead, ProtocolError> {
    let mut slots = slots::<FIELDS>();
    let mut parsed = httparse::Request::new(&mut []);
    match parsed.parse_with_uninit_headers(head, &mut slots) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Ok(_) => return Err(ProtocolError::BadRequestLine), // httparse and the scan disagree where it ends
        Err(error) => return Err(explain(head, error, bad_request_line(head))),
    }
    request_head(&parsed)
}

fn request_head(parsed: &httparse::Request<'_, '_>) -> Result<RequestHead, ProtocolError> {
    let method = parsed.method.unwrap_or_default();
    let target = parsed.path.unwrap_or_default();
    if !fits(method, target) {
        return Err(ProtocolError::BadRequestLine);
    }
    let version = Version::from_minor(parsed.version);
    let fields = to_fields(parsed.headers);
    check_host(version, &fields)?;
    if version == Version::Http10 && fields.first("transfer-encoding").is_some() {
        return Err(ProtocolError::CodingInHttp10); // faulty by RFC 9112 section 6.1: a 1.0 relay does not read chunks
    }
    let declared = Declared::by(&fields);
    let framing = declared.framing()?.unwrap_or(Framing::None);
    if method == "HEAD" && !matches!(framing, Framing::None | Framing::Length(0)) {
        return Err(ProtocolError::BodyInHead);
    }
    Ok(RequestHead {
        method: method.to_owned(),
        target: target.to_owned(),
        version,
        framing,
        keep_alive: declared.keeps_alive(version),
        expects_continue: version == Version::Http11 && fields.contains_token("expect", "100-continue"),
        fields,
    })
}

/// The four forms of a target, each with the methods it goes with (RFC 9112 section 3.2).
fn fits(method: &str, target: &str) -> bool {
    if !is_target(target) {
        return false;
    }
    match method {
        "CONNECT" => target.contains(':') && is_host(target.as_bytes()),
        "OPTIONS" if target == "*" => true,
        _ => target.starts_with('/') || target.contains("://"),
    }
}

/// RFC 9112 section 3.2: one in 1.1, at most one in 1.0, and nothing in it but a host and a port.
fn check_host(version: Version, fields: &Fields) -> Result<(), ProtocolError> {
    let mut hosts = fields.all("host");
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::Http11 => Err(ProtocolError::MissingHost),
        (Some(_), Some(_)) => Err(ProtocolError::BadHost),
        (Some(host), None) if !is_host(host) => Err(ProtocolError::BadHost),
        _ => Ok(()),
    }
}

/// Made of what a host and a port are made of (RFC 3986 section 3.2.2); may be empty.
fn is_host(text: &[u8]) -> bool {
    text.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(&byte))
}

/// Refuses a TLS handshake and the like at its first byte.
fn begins_a_request_line(line: &[u8]) -> Result<(), ProtocolError> {
    match line.first() {
        Some(&byte) if !is_token_byte(byte) => Err(ProtocolError::BadRequestLine),
        _ => Ok(()),
    }
}

/// What to call a request line that httparse refused: a version that stands where it should is named, else all is wrong.
fn bad_request_line(head: &[u8]) -> ProtocolError {
    match first_line(head).splitn(3, |&byte| byte == b' ').nth(2) {
        Some(version) if version.starts_with(b"HTTP/") && !version.starts_with(b"HTTP/1.") => {
            ProtocolError::UnsupportedVersion
        }
        _ => ProtocolError::BadRequestLine,
    }
}

impl From<ProtocolError> for Refused {
    fn from(error: ProtocolError) -> Refused {
        use ProtocolError::*;
        let status = match error {
            LineTooLong { line: 1, .. } => 414,
            LineTooLong { .. } | HeadTooLarge { .. } | TooManyFields { .. } => 431,
            UnknownTransferCoding => 501,
            UnsupportedVersion => 505,
            _ => 400,
        };
        Refused { status, error }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.error)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
#[path = "receive_request_tests.rs"]
mod tests;
