//! The answer that a request of the face ends with.

use std::io::{self, BufRead, Read};
use std::net::SocketAddr;
use std::time::Duration;

use ::http::{HeaderMap, StatusCode, Version};
use url::Url;

use super::body::Body;
use super::error::{Cause, Context, RequestError};
use crate::http::trace::Trace;

/// The last answer of a request: status, fields, and the body, which is read as it arrives: `Answer` is `Read` and
/// `BufRead`. [`into_http`](Answer::into_http) makes the `http` crate's `Response` of it.
#[derive(Debug)]
pub struct Answer {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) url: Url,
    pub(super) redirects: u32,
    pub(super) retry_after: Option<Duration>,
    pub(super) trace: Trace,
    pub(super) context: Context,
    pub(super) body: Body,
}

/// Where an answer came from, among the extensions of [`Answer::into_http`].
#[derive(Clone, Debug)]
pub struct AnsweredBy {
    /// What was asked last.
    pub url: Url,
    /// Redirects that led there.
    pub redirects: u32,
    /// Who answered: the server, or a proxy.
    pub remote: Option<SocketAddr>,
}

impl Answer {
    /// The status, 200 to 999.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The version it came in.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its fields. Where the body is decoded, `Content-Encoding` and `Content-Length`, which speak of the coded one, are
    /// left out.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What was asked last: the URL that redirects led to, with its fragment, without user information.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Redirects that were followed.
    pub fn redirects(&self) -> u32 {
        self.redirects
    }

    /// Whom it came from; through a proxy, the proxy.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.trace.remote
    }

    /// Where the time went until the head was there, redirects included.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// How long the server asks to wait before the next request (`Retry-After`, RFC 9110 section 10.2.3). Bound it: it may
    /// be anything up to ten years.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Itself, or an error where the status is 400 or above.
    ///
    /// # Errors
    /// Kind [`Status`](crate::http::ErrorKind::Status), with what `Retry-After` said.
    pub fn error_for_status(self) -> Result<Answer, RequestError> {
        if self.status.as_u16() < 400 {
            return Ok(self);
        }
        Err(RequestError::after_answer(Cause::Status(self.status, self.retry_after), self.context))
    }

    /// The whole body: see [`Body::bytes`].
    ///
    /// # Errors
    /// As there.
    pub fn bytes(self) -> Result<Vec<u8>, RequestError> {
        self.body.bytes()
    }

    /// The whole body as text: see [`Body::text`].
    ///
    /// # Errors
    /// As there.
    pub fn text(self) -> Result<String, RequestError> {
        self.body.text()
    }

    /// The body alone.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// As the `http` crate's type, for others' code. [`AnsweredBy`] is among its extensions.
    pub fn into_http(self) -> ::http::Response<Body> {
        let origin = AnsweredBy { url: self.url, redirects: self.redirects, remote: self.trace.remote };
        let mut response = ::http::Response::new(self.body);
        *response.status_mut() = self.status;
        *response.version_mut() = self.version;
        *response.headers_mut() = self.headers;
        response.extensions_mut().insert(origin);
        response
    }
}

impl From<Answer> for ::http::Response<Body> {
    fn from(answer: Answer) -> ::http::Response<Body> {
        answer.into_http()
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}

impl BufRead for Answer {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.body.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.body.consume(bytes);
    }
}
