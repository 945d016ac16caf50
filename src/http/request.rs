//! What is asked in one exchange, lean: borrowed, and nothing decided here.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use url::{Position, Url};

use super::error::Error;
use super::fields::Fields;
use super::h1::Version;
use super::h2;
use super::send::Throttle;
use super::upload::Upload;
use crate::green;

/// What is asked. `Host` is added where it is missing, and what says where the body ends always.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, sent as it is.
    pub method: &'a str,
    /// Scheme, host, port, path, query; user information and fragment are not sent.
    pub url: &'a Url,
    /// All other fields: one `Host` at most, and neither `Content-Length` nor `Transfer-Encoding` ([`given`](super::given)).
    pub fields: &'a Fields,
    /// The body; `Content-Length` says its length. With a field `Expect: 100-continue` it is held back until the server
    /// asks for it, for at most a second. A final answer of 300 or above that comes before its end ends the sending.
    pub body: Option<&'a [u8]>,
    /// In its place a body that is read as it is sent.
    pub upload: Option<&'a Upload>,
    /// Once sent, the answer's head may take so long, and so may each 64 KiB of a large body.
    pub answer_timeout: Option<Duration>,
    /// How fast the body may go out; none: as fast as it can.
    pub throttle: Option<&'a dyn Throttle>,
}

impl<'a> Request<'a> {
    /// The fields as they are sent by this version, those that are added in their places. By HTTP/2 names are in lower
    /// case, what belongs to an HTTP/1.1 connection is left out, and `Host` stands for `:authority`, as in curl.
    pub fn sent_fields(&self, version: Version) -> Vec<(String, Cow<'a, [u8]>)> {
        if version == Version::Http2 {
            return h2::shown_fields(self);
        }
        let added = self.added_fields().map(|(name, value)| (name.to_owned(), Cow::Owned(value.as_bytes().to_vec())));
        added.chain(self.fields.iter().map(|(name, value)| (name.to_owned(), Cow::Borrowed(value)))).collect()
    }

    /// Whether it may be made a second time, and can be: its body is still there.
    pub(super) fn is_repeatable(&self) -> bool {
        is_idempotent(self.method) && self.upload.is_none_or(|upload| !upload.has_begun())
    }

    /// How long the body is, the inner none: as long as it turns out; none where there is none.
    pub(super) fn body_length(&self) -> Option<Option<u64>> {
        match self.body {
            Some(body) => Some(Some(body.len() as u64)),
            None => self.upload.map(Upload::length),
        }
    }

    /// Whether there is a body that may have a byte.
    pub(super) fn has_body(&self) -> bool {
        self.body_length().is_some_and(|length| length != Some(0))
    }

    /// Waits until some of `wanted` bytes of the body may go, if that has a speed; how many.
    pub(super) fn may_send(&self, wanted: usize) -> Result<usize, Error> {
        match self.throttle {
            Some(throttle) => Ok(throttle.wait(wanted).map_err(Error::Interrupted)?.min(wanted)),
            None => Ok(wanted),
        }
    }

    /// One step of the sending, which may take as long as an answer.
    pub(super) fn in_time<T>(&self, step: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        match self.answer_timeout {
            Some(limit) => green::timeout(limit, step).unwrap_or(Err(Error::AnswerTimeout(limit))),
            None => step(),
        }
    }

    /// The wait for the answer, which began when the request was sent.
    pub(super) fn in_time_since<T>(&self, sent: Instant, wait: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        match self.answer_timeout {
            Some(limit) => green::timeout_from(sent, limit, wait).unwrap_or(Err(Error::AnswerTimeout(limit))),
            None => wait(),
        }
    }

    pub(super) fn added_fields(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        // As the URL writes it: the scheme's own port left out, IPv6 in brackets.
        let host = ("Host", Cow::Borrowed(&self.url[Position::BeforeHost..Position::AfterPort]));
        let length = |bytes: u64| ("Content-Length", Cow::Owned(bytes.to_string()));
        let chunked = ("Transfer-Encoding", Cow::Borrowed("chunked"));
        let framing = self.body_length().map(|known| known.map_or(chunked, length));
        [Some(host), framing].into_iter().flatten().filter(|(name, _)| self.fields.first(name).is_none())
    }
}

/// Whether asking twice has the effect of asking once (RFC 9110 section 9.2.2). Of a method that nobody knows this is not
/// known, so it is treated as POST and PATCH are.
pub fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}
