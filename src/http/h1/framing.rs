//! Where a body ends and whether the connection outlives it: what both sides read from the fields (RFC 9112 6 and 9.3).

use super::error::ProtocolError;
use crate::http::fields::Fields;

/// The version in a message's first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// HTTP/1.0: closes unless both sides say `keep-alive`.
    Http10,
    /// HTTP/1.1: stays unless one side says `close`.
    Http11,
}

impl Version {
    /// `"1.0"` or `"1.1"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "1.0",
            Version::Http11 => "1.1",
        }
    }

    pub(super) fn from_minor(minor: Option<u8>) -> Version {
        if minor == Some(0) { Version::Http10 } else { Version::Http11 }
    }
}

/// How a body's end is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks, then trailers.
    Chunked,
    /// Until the peer closes; only in responses.
    Close,
}

/// The framing that the fields declare; none when they are silent, which means different things on the two sides.
pub(super) fn declared(fields: &Fields) -> Result<Option<Framing>, ProtocolError> {
    match (fields.first("transfer-encoding"), fields.first("content-length")) {
        (Some(_), Some(_)) => Err(ProtocolError::LengthWithCoding),
        (Some(_), None) => only_chunked(fields).map(|()| Some(Framing::Chunked)),
        (None, _) => Ok(content_length(fields)?.map(Framing::Length)),
    }
}

/// `Content-Length`: one value, or the same one repeated in a list or in several fields (RFC 9112 section 6.3).
pub(super) fn content_length(fields: &Fields) -> Result<Option<u64>, ProtocolError> {
    let mut length = None;
    for member in fields.members("content-length") {
        let this = decimal(member).ok_or(ProtocolError::BadLength)?;
        if length.is_some_and(|other| other != this) {
            return Err(ProtocolError::ConflictingLengths);
        }
        length = Some(this);
    }
    Ok(length)
}

/// Digits and nothing else: `str::parse` would take a sign.
fn decimal(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `chunked` must be the last and only coding: others were never asked for (no `TE` is sent).
fn only_chunked(fields: &Fields) -> Result<(), ProtocolError> {
    let is_chunked = |member: &[u8]| member.eq_ignore_ascii_case(b"chunked");
    let count = fields.members("transfer-encoding").count();
    let chunked = fields.members("transfer-encoding").filter(|member| is_chunked(member)).count();
    let ends_in_chunked = fields.members("transfer-encoding").last().is_some_and(is_chunked);
    match (ends_in_chunked, chunked, count) {
        (true, 1, 1) => Ok(()),
        (true, 1, _) => Err(ProtocolError::UnknownTransferCoding),
        _ => Err(ProtocolError::BadTransferCoding),
    }
}

/// Whether the sender of these fields will keep the connection (RFC 9112 section 9.3).
pub(super) fn keeps_alive(version: Version, fields: &Fields) -> bool {
    let close = fields.contains_token("connection", "close");
    match version {
        Version::Http11 => !close,
        Version::Http10 => !close && fields.contains_token("connection", "keep-alive"),
    }
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
