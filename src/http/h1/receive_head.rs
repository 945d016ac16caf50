//! Receives a response's head, and the informational heads before it.

use std::borrow::Cow;

use super::error::{ProtocolError, Truncated};
use super::framing::{Declared, Framing, Version};
use super::limits::Limits;
use super::lines::{FEW_FIELDS, MOST_FIELDS, explain, first_line, slots, to_fields};
use super::scan::Scan;
use crate::http::fields::Fields;
use crate::http::reason::reason as usual_reason;

/// The state from the first byte of an answer to the end of its final head.
#[derive(Clone, Debug)]
pub struct ReceiveHead {
    asked: Asked,
    limits: Limits,
    scan: Scan,
    informational: u32,
}

/// What of the request's method decides about the answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Head,
    Connect,
    Other,
}

/// A head that has come whole, in the first `consumed` bytes of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A 1xx head; the answer is still to come.
    Informational {
        /// Bytes to drop from the front of the buffer before the next call.
        consumed: usize,
        /// 100, or 102 to 199.
        status: u16,
    },
    /// The answer's head. The body, if there is one, begins after it.
    Final {
        /// Bytes to drop from the front of the buffer.
        consumed: usize,
        /// What they said.
        head: Head,
    },
}

/// A final response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of the status line.
    pub version: Version,
    /// 200 to 999.
    pub status: u16,
    /// The reason, often empty; bytes that are not UTF-8 as U+FFFD, no ASCII control character but tab.
    pub reason: Cow<'static, str>,
    /// The fields in their order.
    pub fields: Fields,
    /// How the body ends.
    pub framing: Framing,
    /// Whether the server keeps the connection after this answer, as far as version, `Connection` and framing say.
    pub keep_alive: bool,
}

impl Head {
    /// What `Content-Length` says, also where there is no body (HEAD, 304); none when it is missing or nonsense.
    pub fn content_length(&self) -> Option<u64> {
        match self.framing {
            Framing::Length(length) => Some(length),
            _ => Declared::by(&self.fields).length().ok().flatten(),
        }
    }
}

impl ReceiveHead {
    /// Expects the answer to a request of this method: HEAD and CONNECT change what follows the head.
    pub fn new(method: &str, limits: Limits) -> ReceiveHead {
        let asked = match method {
            "HEAD" => Asked::Head,
            "CONNECT" => Asked::Connect,
            _ => Asked::Other,
        };
        ReceiveHead { asked, limits, scan: Scan::default(), informational: 0 }
    }

    /// Looks at `input`: all bytes not yet consumed, each time the same ones with more at their end.
    ///
    /// `Ok(None)` asks for more. Each byte is searched once, however few come at a time. After
    /// [`Received::Informational`] drop what it consumed and call again, perhaps with what is already there.
    pub fn advance(&mut self, input: &[u8]) -> Result<Option<Received>, ProtocolError> {
        if let Some(received) = self.read_whole(input)? {
            return Ok(Some(received));
        }
        let Some(range) = self.scan.advance(input, &self.limits, begins_a_status_line)? else {
            return Ok(None);
        };
        let consumed = range.end;
        let head = &input[range];
        if self.scan.fields() <= FEW_FIELDS {
            self.read::<FEW_FIELDS>(head, consumed)
        } else {
            self.read::<MOST_FIELDS>(head, consumed)
        }
    }

    /// A head that is there whole at the first look, and in all no longer than one of its lines may be, needs no search
    /// for its end. None for all others, and for those that something is wrong with.
    #[inline(never)]
    fn read_whole(&mut self, input: &[u8]) -> Result<Option<Received>, ProtocolError> {
        let most = self.scan.harmless_bytes(&self.limits);
        if most == 0 || !input.starts_with(b"HTTP/1.") {
            return Ok(None);
        }
        let mut slots = slots::<FEW_FIELDS>();
        let mut parsed = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        match parser.parse_response_with_uninit_headers(&mut parsed, input, &mut slots) {
            Ok(httparse::Status::Complete(length))
                if length <= most && parsed.headers.len() <= self.limits.fields as usize =>
            {
                self.judge(&parsed, &input[..length], length).map(Some)
            }
            _ => Ok(None),
        }
    }

    #[inline(never)]
    fn read<const FIELDS: usize>(&mut self, head: &[u8], consumed: usize) -> Result<Option<Received>, ProtocolError> {
        let mut slots = slots::<FIELDS>();
        let mut parsed = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        match parser.parse_response_with_uninit_headers(&mut parsed, head, &mut slots) {
            Ok(httparse::Status::Complete(length)) if length == head.len() => {}
            Ok(_) => return Err(ProtocolError::BadStatusLine), // httparse and the scan disagree where it ends
            Err(error) => return Err(explain(head, error, bad_status_line(head))),
        }
        self.judge(&parsed, head, consumed).map(Some)
    }

    fn judge(
        &mut self,
        parsed: &httparse::Response<'_, '_>,
        head: &[u8],
        consumed: usize,
    ) -> Result<Received, ProtocolError> {
        match parsed.code {
            None | Some(0..100) => Err(ProtocolError::BadStatusLine),
            Some(status @ 100..200) => self.informational(consumed, status),
            Some(status) => {
                let head = self.final_head(status, parsed, head)?;
                Ok(Received::Final { consumed, head })
            }
        }
    }

    /// What a close at this point cut off.
    pub fn eof(&self) -> Truncated {
        if self.scan.has_begun() || self.informational > 0 { Truncated::Head } else { Truncated::Nothing }
    }

    fn informational(&mut self, consumed: usize, status: u16) -> Result<Received, ProtocolError> {
        if status == 101 {
            return Err(ProtocolError::UnaskedUpgrade);
        }
        self.informational += 1;
        let limit = self.limits.informational;
        if self.informational > limit {
            return Err(ProtocolError::TooManyInformational { limit });
        }
        self.scan = Scan::after(self.scan.spent(consumed));
        Ok(Received::Informational { consumed, status })
    }

    fn final_head(&self, status: u16, parsed: &httparse::Response<'_, '_>, head: &[u8]) -> Result<Head, ProtocolError> {
        let version = Version::from_minor(parsed.version);
        let fields = to_fields(parsed.headers);
        let declared = Declared::by(&fields);
        let framing = self.framing(status, &declared)?;
        // A body that runs to the close leaves nothing to keep; chunks from HTTP/1.0 are read, but such framing is not
        // trusted further (RFC 9112 section 6.1).
        let doubtful = framing == Framing::Close || (framing == Framing::Chunked && version == Version::Http10);
        let keep_alive = !doubtful && declared.keeps_alive(version);
        let reason = match parsed.reason {
            // httparse gives none at all where one byte is not ASCII.
            None | Some("") => first_line(head).get("HTTP/1.1 200 ".len()..).unwrap_or_default(),
            Some(reason) => reason.as_bytes(),
        };
        // Most servers say what everybody says.
        let usual = usual_reason(status);
        let reason = match reason == usual.as_bytes() {
            true => Cow::Borrowed(usual),
            false => Cow::Owned(String::from_utf8_lossy(reason).into_owned()),
        };
        Ok(Head { version, status, reason, fields, framing, keep_alive })
    }

    /// RFC 9112 section 6.3, in its order.
    fn framing(&self, status: u16, declared: &Declared) -> Result<Framing, ProtocolError> {
        if self.asked == Asked::Connect && (200..300).contains(&status) {
            return Ok(Framing::None); // a tunnel: both fields MUST be ignored, whatever they say
        }
        let framing = declared.framing()?;
        if self.asked == Asked::Head || status == 204 || status == 304 {
            return Ok(Framing::None);
        }
        Ok(framing.unwrap_or(Framing::Close))
    }
}

/// Refuses another protocol at its first wrong byte, instead of waiting for a line end that may never come.
fn begins_a_status_line(line: &[u8]) -> Result<(), ProtocolError> {
    match line.iter().zip(b"HTTP/1.").position(|(is, should)| is != should) {
        None => Ok(()),
        Some(0..5) => Err(ProtocolError::NotHttp),
        Some(_) => Err(ProtocolError::UnsupportedVersion),
    }
}

/// What to call a status line that httparse refused.
fn bad_status_line(head: &[u8]) -> ProtocolError {
    if head.starts_with(b"HTTP/1.0") || head.starts_with(b"HTTP/1.1") {
        ProtocolError::BadStatusLine
    } else {
        ProtocolError::UnsupportedVersion
    }
}

#[cfg(test)]
#[path = "receive_head_tests.rs"]
mod tests;
