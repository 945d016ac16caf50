//! Where a body ends and whether the connection outlives it: what both sides read from the fields (RFC 9112 6 and 9.3).

use super::error::ProtocolError;
use crate::http::fields::{Fields, members};

/// The version in a message's first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// HTTP/1.0: closes unless both sides say `keep-alive`.
    Http10,
    /// HTTP/1.1: stays unless one side says `close`.
    Http11,
    /// HTTP/2, which has no such line and whose connections stay.
    Http2,
}

impl Version {
    /// `"1.0"`, `"1.1"` or `"2"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "1.0",
            Version::Http11 => "1.1",
            Version::Http2 => "2",
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
    /// Until the peer closes (in HTTP/2 the stream); only in responses.
    Close,
}

/// What a message's fields say of its end and of its connection, gathered in one pass: every head comes through here.
#[derive(Default)]
pub(super) struct Declared {
    length: Option<Result<u64, ProtocolError>>,
    /// Transfer codings, how many of them are `chunked`, and whether the last one is.
    codings: u32,
    chunked: u32,
    ends_in_chunked: bool,
    close: bool,
    keep_alive: bool,
}

impl Declared {
    pub fn by(fields: &Fields) -> Declared {
        let mut declared = Declared::default();
        for (name, value) in fields.raw() {
            // Most names are ruled out by their length.
            match name.len() {
                10 if name.eq_ignore_ascii_case(b"connection") => declared.hear_connection(value),
                14 if name.eq_ignore_ascii_case(b"content-length") => declared.hear_length(value),
                17 if name.eq_ignore_ascii_case(b"transfer-encoding") => declared.hear_codings(value),
                _ => {}
            }
        }
        declared
    }

    /// The framing; none when the fields are silent, which means different things on the two sides.
    pub fn framing(&self) -> Result<Option<Framing>, ProtocolError> {
        match (self.codings > 0, &self.length) {
            (true, Some(_)) => Err(ProtocolError::LengthWithCoding),
            (true, None) => self.only_chunked().map(|()| Some(Framing::Chunked)),
            (false, _) => Ok(self.length()?.map(Framing::Length)),
        }
    }

    /// `Content-Length`: one value, or the same one repeated in a list or in several fields (RFC 9112 section 6.3).
    pub fn length(&self) -> Result<Option<u64>, ProtocolError> {
        self.length.transpose()
    }

    /// Whether the sender of these fields will keep the connection (RFC 9112 section 9.3).
    pub fn keeps_alive(&self, version: Version) -> bool {
        match version {
            Version::Http11 | Version::Http2 => !self.close,
            Version::Http10 => !self.close && self.keep_alive,
        }
    }

    fn hear_length(&mut self, value: &[u8]) {
        // Nearly always one number, once: no list to take apart.
        if let (None, Some(length)) = (&self.length, decimal(value)) {
            self.length = Some(Ok(length));
            return;
        }
        for member in members(value) {
            let this = decimal(member).ok_or(ProtocolError::BadLength);
            self.length = Some(match (self.length.take(), this) {
                (Some(Err(error)), _) => Err(error),
                (Some(Ok(other)), Ok(this)) if other != this => Err(ProtocolError::ConflictingLengths),
                (_, this) => this,
            });
        }
    }

    fn hear_codings(&mut self, value: &[u8]) {
        for member in members(value) {
            self.ends_in_chunked = member.eq_ignore_ascii_case(b"chunked");
            self.codings += 1;
            self.chunked += u32::from(self.ends_in_chunked);
        }
    }

    fn hear_connection(&mut self, value: &[u8]) {
        if value == b"keep-alive" {
            self.keep_alive = true;
            return;
        }
        for member in members(value) {
            self.close |= member.eq_ignore_ascii_case(b"close");
            self.keep_alive |= member.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// `chunked` must be the last and only coding: others were never asked for (no `TE` is sent).
    fn only_chunked(&self) -> Result<(), ProtocolError> {
        match (self.ends_in_chunked, self.chunked, self.codings) {
            (true, 1, 1) => Ok(()),
            (true, 1, _) => Err(ProtocolError::UnknownTransferCoding),
            _ => Err(ProtocolError::BadTransferCoding),
        }
    }
}

/// Digits and nothing else: `str::parse` would take a sign.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| match byte {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
