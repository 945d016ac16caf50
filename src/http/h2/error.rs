//! What can go wrong with HTTP/2, as values: whose fault, of the stream or of the connection, and the code.

use std::cell::RefCell;
use std::fmt;
use std::io;

use h2::Reason;

use super::census::Refused;
use crate::http::error::Error;
use crate::net::TlsError;

/// An HTTP/2 error (RFC 9113 section 7). Codes are those of its section 7: [`Http2Error::code_name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Http2Error {
    /// The server reset the stream with this code.
    Reset(u32),
    /// The server said GOAWAY with this code, and did not look at the request.
    GoAway(u32),
    /// What the server sent on the stream is malformed: this code was sent to it.
    Stream(u32),
    /// What the server sent breaks the whole connection: this code was sent to it.
    Connection(u32),
    /// The server speaks another protocol, or floods.
    Refused(Refused),
    /// The connection was closed before the stream had ended, and no length was announced.
    Closed,
}

impl Http2Error {
    /// The name of a code, as RFC 9113 section 7 has it; none of an unknown one.
    pub fn code_name(code: u32) -> Option<&'static str> {
        const NAMES: [&str; 14] = [
            "NO_ERROR",
            "PROTOCOL_ERROR",
            "INTERNAL_ERROR",
            "FLOW_CONTROL_ERROR",
            "SETTINGS_TIMEOUT",
            "STREAM_CLOSED",
            "FRAME_SIZE_ERROR",
            "REFUSED_STREAM",
            "CANCEL",
            "COMPRESSION_ERROR",
            "CONNECT_ERROR",
            "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY",
            "HTTP_1_1_REQUIRED",
        ];
        NAMES.get(usize::try_from(code).ok()?).copied()
    }

    /// Whether the server has certainly not acted on the request, so that any may be sent again (RFC 9113 section 8.7).
    pub fn is_unprocessed(self) -> bool {
        match self {
            Http2Error::Reset(code) => code == u32::from(Reason::REFUSED_STREAM),
            Http2Error::GoAway(_) => true,
            _ => false,
        }
    }

    /// Whether the server wants the request by HTTP/1.1.
    pub(in crate::http) fn wants_http1(self) -> bool {
        let code = u32::from(Reason::HTTP_1_1_REQUIRED);
        matches!(self, Http2Error::Reset(has) | Http2Error::GoAway(has) if has == code)
    }

    /// The error inside an I/O error, where there is one.
    pub(in crate::http) fn of(error: &io::Error) -> Option<Http2Error> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl fmt::Display for Http2Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, code) = match *self {
            Http2Error::Reset(code) => ("the server reset the HTTP/2 stream", code),
            Http2Error::GoAway(code) => ("the server ended the HTTP/2 connection", code),
            Http2Error::Stream(code) => ("a malformed HTTP/2 stream", code),
            Http2Error::Connection(code) => ("a malformed HTTP/2 connection", code),
            Http2Error::Refused(refused) => return refused.fmt(f),
            Http2Error::Closed => return f.write_str("the connection was closed before the HTTP/2 stream had ended"),
        };
        match Http2Error::code_name(code) {
            Some(name) => write!(f, "{what}: {name}"),
            None => write!(f, "{what}: code {code}"),
        }
    }
}

impl std::error::Error for Http2Error {}

/// How a connection's transport ended: the `h2` crate keeps a kind and a text of it, and all its streams are to know.
#[derive(Default)]
pub(super) struct Fate(RefCell<Option<Ended>>);

enum Ended {
    Closed,
    Refused(Refused),
    Io { kind: io::ErrorKind, code: Option<i32>, text: String },
    Tls(Sort, String),
}

enum Sort {
    Certificate,
    Alert,
    Protocol,
}

impl Fate {
    /// The peer closed.
    pub fn close(&self) {
        self.0.borrow_mut().get_or_insert(Ended::Closed);
    }

    /// The peer does what is not accepted; as the error that ends the connection.
    pub fn refuse(&self, refused: Refused) -> io::Error {
        self.0.borrow_mut().get_or_insert(Ended::Refused(refused));
        io::Error::new(io::ErrorKind::InvalidData, Http2Error::Refused(refused))
    }

    /// The transport failed.
    pub fn fail(&self, error: &io::Error) {
        let ended = match TlsError::of(error) {
            // A close without TLS's farewell.
            _ if error.kind() == io::ErrorKind::UnexpectedEof => Ended::Closed,
            Some(TlsError::Certificate(text)) => Ended::Tls(Sort::Certificate, text.clone()),
            Some(TlsError::Alert(text)) => Ended::Tls(Sort::Alert, text.clone()),
            Some(other) => Ended::Tls(Sort::Protocol, other.to_string()),
            None => Ended::Io { kind: error.kind(), code: error.raw_os_error(), text: error.to_string() },
        };
        self.0.borrow_mut().get_or_insert(ended);
    }

    /// Why the transport ended, for one of its streams; `closed` is what a close means to that.
    pub fn error(&self, closed: impl FnOnce() -> Error) -> Error {
        match &*self.0.borrow() {
            None | Some(Ended::Closed) => closed(),
            Some(Ended::Refused(refused)) => Error::Http2(Http2Error::Refused(*refused)),
            Some(Ended::Io { code: Some(code), .. }) => Error::Io(io::Error::from_raw_os_error(*code)),
            Some(Ended::Io { kind, text, .. }) => Error::Io(io::Error::new(*kind, text.clone())),
            Some(Ended::Tls(Sort::Certificate, text)) => Error::Tls(TlsError::Certificate(text.clone())),
            Some(Ended::Tls(Sort::Alert, text)) => Error::Tls(TlsError::Alert(text.clone())),
            Some(Ended::Tls(Sort::Protocol, text)) => Error::Tls(TlsError::Protocol(text.clone())),
        }
    }
}

/// What the crate's error means; none where the transport's [`Fate`] knows better.
pub(super) fn of_crate(error: &h2::Error) -> Option<Http2Error> {
    let code = u32::from(error.reason().filter(|_| !error.is_io())?);
    Some(match (error.is_go_away(), error.is_remote()) {
        (true, true) => Http2Error::GoAway(code),
        (true, false) => Http2Error::Connection(code),
        (false, true) => Http2Error::Reset(code),
        (false, false) => Http2Error::Stream(code),
    })
}
