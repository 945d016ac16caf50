//! A response as it is written: its head, with the framing that the server alone decides, and its body.
//!
//! ```text
//!   Nothing ── start ──▶ Begun ── finish ──▶ Whole        dropped in Begun: the connection ends, and the peer
//!                                                         sees that the body is cut off
//! ```

use std::io::{self, ErrorKind, Write};

use super::date::push_date;
use super::wire::Wire;
use crate::http::fields::{FieldError, Fields};
use crate::http::h1::{self, Framing, RequestHead, Version};
use crate::http::reason::reason;

/// How far the answer of an exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Nothing,
    Begun,
    Whole,
}

/// What is known of the answer of an exchange.
pub(super) struct Outgoing {
    pub progress: Progress,
    /// The connection ends with this answer, and the answer says so.
    pub close: bool,
    mode: Mode,
    status: u16,
    /// Of the body, without framing.
    bytes: u64,
    /// What had gone out on the connection when the head was put.
    sent_before: u64,
}

/// What becomes of the body's bytes.
#[derive(Clone, Copy)]
enum Mode {
    /// There is no body, whatever is written: HEAD.
    Dropped,
    /// There is no body, and none may be written: 204, 304.
    Refused,
    /// So many are still due.
    Length(u64),
    Chunked,
    UntilClose,
}

/// `Server`, and what is sent with every answer.
const SERVER: &str = concat!("Server: gfetch/", env!("CARGO_PKG_VERSION"), "\r\n");

/// Fields that say where a message ends or how long the connection lives.
const OURS: [&str; 4] = ["content-length", "transfer-encoding", "connection", "keep-alive"];

/// What of the request decides about its answer.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    is_head: bool,
    version: Version,
    keep_alive: bool,
}

impl Asked {
    pub fn of(head: &RequestHead) -> Asked {
        Asked { is_head: head.method == "HEAD", version: head.version, keep_alive: head.keep_alive }
    }

    /// For a request that could not be read.
    pub fn unreadable() -> Asked {
        Asked { is_head: false, version: Version::Http11, keep_alive: false }
    }
}

impl Outgoing {
    pub fn new() -> Outgoing {
        Outgoing { progress: Progress::Nothing, close: false, mode: Mode::Dropped, status: 0, bytes: 0, sent_before: 0 }
    }

    /// The status, if there is an answer, and how much of a body it has.
    pub fn answered(&self) -> (Option<u16>, u64) {
        ((self.progress != Progress::Nothing).then_some(self.status), self.bytes)
    }

    /// Forgets an answer that has begun if nothing of it has gone out, so that another can be given.
    pub fn take_back(&mut self, wire: &mut Wire) {
        if self.progress == Progress::Begun && wire.sent == self.sent_before && !wire.is_broken() {
            wire.output.clear();
            *self = Outgoing { close: self.close, ..Outgoing::new() };
        }
    }

    /// Sends 101: the answer to a request after which the connection speaks another protocol.
    pub fn switch(&mut self, wire: &mut Wire, protocol: &str, fields: &Fields) -> io::Result<()> {
        if self.progress != Progress::Nothing {
            return Err(misuse("this request has its answer already"));
        }
        check_names(fields)?;
        let mut all = Fields::new();
        let own = [("Connection", "Upgrade".as_bytes()), ("Upgrade", protocol.as_bytes())];
        for (name, value) in own.into_iter().chain(fields.iter()) {
            all.push(name, value).map_err(invalid)?;
        }
        wire.take_output();
        h1::encode_response(&mut wire.output, 101, reason(101), &all).map_err(invalid)?;
        (self.progress, self.close, self.status) = (Progress::Whole, true, 101);
        wire.flush()
    }

    /// Puts the head into the output. On an error nothing has been put.
    pub fn start(
        &mut self,
        wire: &mut Wire,
        asked: Asked,
        status: u16,
        fields: &Fields,
        framing: Framing,
    ) -> io::Result<()> {
        if self.progress != Progress::Nothing {
            return Err(misuse("this request has its answer already"));
        }
        check(status, fields)?;
        let framing = match framing {
            Framing::None => Framing::Length(0),
            Framing::Chunked if asked.version == Version::Http10 => Framing::Close,
            framing => framing,
        };
        let has_body = !(asked.is_head || has_no_body(status));
        self.close |= !asked.keep_alive || (has_body && framing == Framing::Close);
        wire.take_output();
        h1::encode_response(&mut wire.output, status, reason(status), fields).map_err(invalid)?;
        let told = (!has_no_body(status)).then_some(framing); // RFC 9110 section 8.6
        self.put_own_fields(&mut wire.output, asked.version, fields, told);
        (self.progress, self.status, self.sent_before) = (Progress::Begun, status, wire.sent);
        self.mode = match framing {
            _ if has_no_body(status) => Mode::Refused,
            _ if !has_body => Mode::Dropped,
            Framing::Length(length) => Mode::Length(length),
            Framing::Chunked => Mode::Chunked,
            Framing::None | Framing::Close => Mode::UntilClose,
        };
        Ok(())
    }

    /// The fields that the server adds, in the place of the empty line that ends the head, and then that line.
    fn put_own_fields(&self, out: &mut Vec<u8>, version: Version, fields: &Fields, framing: Option<Framing>) {
        out.truncate(out.len() - b"\r\n".len());
        if fields.first("server").is_none() {
            out.extend_from_slice(SERVER.as_bytes());
        }
        if fields.first("date").is_none() {
            out.extend_from_slice(b"Date: ");
            push_date(out);
            out.extend_from_slice(b"\r\n");
        }
        match framing {
            Some(Framing::Length(length)) => {
                write!(out, "Content-Length: {length}\r\n").expect("a Vec takes every write");
            }
            Some(Framing::Chunked) => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
            Some(Framing::None | Framing::Close) | None => {}
        }
        match (self.close, version) {
            (true, _) => out.extend_from_slice(b"Connection: close\r\n"),
            (false, Version::Http10) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
            (false, Version::Http11 | Version::Http2) => {}
        }
        out.extend_from_slice(b"\r\n");
    }

    fn write(&mut self, wire: &mut Wire, data: &[u8]) -> io::Result<()> {
        match &mut self.mode {
            Mode::Dropped => return Ok(()),
            Mode::Refused if data.is_empty() => return Ok(()),
            Mode::Refused => return Err(misuse("an answer 204 or 304 has no body")),
            Mode::UntilClose => wire.put(data),
            Mode::Length(left) => {
                let rest = left.checked_sub(data.len() as u64);
                *left = rest.ok_or_else(|| misuse("more of a body than was announced"))?;
                wire.put(data)
            }
            Mode::Chunked if data.is_empty() => Ok(()), // an empty chunk would end the body
            Mode::Chunked => {
                write!(wire.output, "{:x}\r\n", data.len()).expect("a Vec takes every write");
                wire.put(data)?;
                wire.put(b"\r\n")
            }
        }?;
        self.bytes += data.len() as u64;
        Ok(())
    }

    fn finish(&mut self, wire: &mut Wire) -> io::Result<()> {
        match self.mode {
            Mode::Length(left) if left > 0 => return Err(misuse("less of a body than was announced")),
            Mode::Chunked => h1::encode_last_chunk(&mut wire.output, &Fields::new()),
            _ => {}
        }
        self.progress = Progress::Whole;
        wire.flush()
    }
}

/// What a handler may not answer with.
fn check(status: u16, fields: &Fields) -> io::Result<()> {
    if !(200..1000).contains(&status) {
        return Err(misuse("a final status is between 200 and 999"));
    }
    check_names(fields)
}

fn check_names(fields: &Fields) -> io::Result<()> {
    let is_ours = |name: &str| OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name));
    match fields.iter().find(|(name, _)| is_ours(name)) {
        Some((name, _)) => Err(misuse(&format!("{name} is the server's to set"))),
        None => Ok(()),
    }
}

/// RFC 9110 sections 15.3.5 and 15.4.5.
pub(super) fn has_no_body(status: u16) -> bool {
    status == 204 || status == 304
}

pub(super) fn misuse(text: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, text)
}

fn invalid(error: FieldError) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, error)
}

/// A response's body, to be written by [`Write`] and ended by [`finish`](ResponseBody::finish); made by
/// [`Exchange::start`](super::Exchange::start).
///
/// Small writes are gathered; `flush` sends what there is, with the head if that has not gone yet. Each write of a chunked
/// body is a chunk. Dropping it unfinished ends the connection, so that a body that broke off never looks whole.
#[must_use = "a body that is not finished breaks the connection"]
pub struct ResponseBody<'e> {
    pub(super) wire: &'e mut Wire,
    pub(super) outgoing: &'e mut Outgoing,
}

impl ResponseBody<'_> {
    /// Ends the body and sends what is left of it.
    ///
    /// # Errors
    /// When less was written than was announced (the connection then ends), or the peer takes no more.
    pub fn finish(self) -> io::Result<()> {
        self.outgoing.finish(self.wire)
    }

    /// Whether what is written goes nowhere (HEAD, 204, 304): then there is no need to make it.
    pub fn is_dropped(&self) -> bool {
        matches!(self.outgoing.mode, Mode::Dropped | Mode::Refused)
    }
}

impl Write for ResponseBody<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.outgoing.write(self.wire, data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wire.flush()
    }
}
