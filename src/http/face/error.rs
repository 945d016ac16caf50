//! Why a request of [`Client`](crate::http::Client) failed: what, where, whose doing, and whether to try again.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use ::http::{Method, StatusCode};
use url::{Position, Url};

use crate::http::auth::{redact_url, without_login};
use crate::http::blame::{Blame, ErrorKind};
use crate::http::error::Error;
use crate::http::redirect::RedirectError;
use crate::http::retry::is_transient;
use crate::http::trace::{Phase, Trace};
use crate::http::{fields::FieldError, is_idempotent};

/// Why a request failed, or the reading of its answer's body (there it is inside the `io::Error`: [`RequestError::of`]).
///
/// | [`kind`](RequestError::kind) | [`blame`](RequestError::blame) | transient |
/// |---|---|---|
/// | `Url`, `Request`, `Blocked`, `TooLarge`, `Read`, `Interrupted` | `Caller` | no |
/// | `Dns` | `Caller` (no such name), `Network` (no answer) | no, yes |
/// | `Connect` | `Server` (refused), `Network` (no way there), `Us` (no descriptor or port) | yes |
/// | `Proxy` | `Proxy` | where it broke off, or its status is one of those below |
/// | `Tls`, `Certificate` | `Server`; `Caller` where the own trust cannot be read | no |
/// | `Timeout` | `Network` before there is a connection, `Server` after | yes |
/// | `Reset` | `Network` | yes |
/// | `Truncated` | `Server` | yes |
/// | `Protocol`, `Redirect` | `Server` | no |
/// | `Decode` | `Server`; `Us` where decoders have no memory left | no; yes |
/// | `Status` | `Server` from 500 up, else `Caller` | 408, 429, 500, 502, 503, 504, 522, 524 |
///
/// A second try [is sensible](RequestError::is_retry_sensible) where that is transient *and* the server cannot have acted
/// on the first, or the method may be repeated (RFC 9110 section 9.2.2).
///
/// `Display` says method, URL and reason; of the URL neither user information nor query, which may be secrets.
/// [`source`](StdError::source) leads to the [`Error`] of the exchange, and on to the name look-up's, the socket's or TLS's.
pub struct RequestError(Box<Inner>);

struct Inner {
    cause: Cause,
    stage: Option<Phase>,
    context: Context,
    sent: bool,
}

/// What was asked, for the error's text and for whether it may be asked again.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub method: Method,
    pub place: String,
}

#[derive(Debug)]
pub(super) enum Cause {
    Url(String),
    Exchange(Error),
    Redirect(RedirectError),
    /// With what `Retry-After` said.
    Status(StatusCode, Option<Duration>),
    TooLarge(u64),
    /// A clock of the client's own.
    Clock(Clock),
}

/// The clocks that only the face has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clock {
    /// Request and answer, to the end of its body.
    Whole(Duration),
    /// A body that brings nothing.
    Stall(Duration),
}

impl Context {
    pub fn new(method: &Method, url: &Url) -> Context {
        let place = without_login(url.clone());
        Context { method: method.clone(), place: place[..Position::AfterPath].to_owned() }
    }

    /// Of what is no URL.
    pub fn of_text(method: &Method, text: &str) -> Context {
        Context { method: method.clone(), place: redact_url(text) }
    }
}

impl RequestError {
    pub(super) fn new(cause: Cause, context: Context, trace: &Trace) -> RequestError {
        RequestError(Box::new(Inner { cause, stage: trace.phase(), context, sent: trace.sent }))
    }

    /// The same at the end of an answer that was received: the server has acted.
    pub(super) fn after_answer(cause: Cause, context: Context) -> RequestError {
        RequestError(Box::new(Inner { cause, stage: Some(Phase::Receive), context, sent: true }))
    }

    /// What the reading of a body failed with.
    pub(super) fn in_body(error: io::Error, context: Context) -> RequestError {
        let clock = error.get_ref().and_then(|inner| inner.downcast_ref::<Clock>()).copied();
        let cause = clock.map_or_else(|| Cause::Exchange(Error::from_io(error)), Cause::Clock);
        RequestError::after_answer(cause, context)
    }

    pub(super) fn of_fields(error: FieldError, context: Context) -> RequestError {
        RequestError::new(Cause::Exchange(Error::Request(error)), context, &Trace::default())
    }

    /// A hop before this one was answered.
    pub(super) fn after_redirects(mut self, redirects: u32) -> RequestError {
        self.0.sent |= redirects > 0;
        self
    }

    /// The one inside an error of reading a body.
    pub fn of(error: &io::Error) -> Option<&RequestError> {
        error.get_ref()?.downcast_ref()
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Url(_) => ErrorKind::Url,
            Cause::Exchange(error) => error.kind_at(self.0.stage),
            Cause::Redirect(RedirectError::Refused(_)) => ErrorKind::Blocked,
            Cause::Redirect(RedirectError::BodyIsGone) => ErrorKind::Read,
            Cause::Redirect(_) => ErrorKind::Redirect,
            Cause::Status(..) => ErrorKind::Status,
            Cause::TooLarge(_) => ErrorKind::TooLarge,
            Cause::Clock(_) => ErrorKind::Timeout,
        }
    }

    /// The phase that was running; none: nothing had begun.
    pub fn stage(&self) -> Option<Phase> {
        self.0.stage
    }

    /// Whose doing it is.
    pub fn blame(&self) -> Blame {
        match &self.0.cause {
            Cause::Exchange(error) => error.blame(self.0.stage),
            Cause::Status(status, _) if !status.is_server_error() => Blame::Caller,
            _ => self.kind().blame(self.0.stage),
        }
    }

    /// Whether the server may have acted on the request: a byte of it went out, or an answer of a redirect came.
    pub fn may_have_acted(&self) -> bool {
        self.0.sent
    }

    /// Whether a second try makes sense and does no harm: what failed may pass, and the server cannot have acted or the
    /// method may be repeated. A body that was read as it was sent must be there again; wait before, longer each time.
    ///
    /// ```
    /// # use gfetch::{green, http::{Answer, Client, RequestError}};
    /// # use std::time::Duration;
    /// /// Three tries, with a second, then two between them; longer where the server says so.
    /// fn patient(client: &Client, url: &str) -> Result<Answer, RequestError> {
    ///     for wait in [1, 2] {
    ///         match client.get(url).send().and_then(Answer::error_for_status) {
    ///             Err(error) if error.is_retry_sensible() => {
    ///                 let asked = error.retry_after().unwrap_or_default().min(Duration::from_secs(60));
    ///                 let _ = green::sleep(asked.max(Duration::from_secs(wait)));
    ///             }
    ///             done => return done,
    ///         }
    ///     }
    ///     client.get(url).send().and_then(Answer::error_for_status)
    /// }
    /// ```
    pub fn is_retry_sensible(&self) -> bool {
        let may_pass = match &self.0.cause {
            Cause::Exchange(error) => error.is_transient(),
            Cause::Status(status, _) => is_transient(status.as_u16()),
            Cause::Clock(_) => true,
            Cause::Url(_) | Cause::Redirect(_) | Cause::TooLarge(_) => false,
        };
        may_pass && (!self.0.sent || is_idempotent(self.0.context.method.as_str()))
    }

    /// How long the server asked to wait before the next try (`Retry-After`), with an error of its status. It may ask for
    /// anything up to ten years: bound it.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.0.cause {
            Cause::Status(_, wait) => wait,
            _ => None,
        }
    }

    /// The answer's status, for an error of it.
    pub fn status(&self) -> Option<StatusCode> {
        match self.0.cause {
            Cause::Status(status, _) => Some(status),
            _ => None,
        }
    }

    /// What the exchange failed with, where it was one.
    pub fn exchange(&self) -> Option<&Error> {
        match &self.0.cause {
            Cause::Exchange(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.0.context.method, self.0.context.place.escape_debug())?;
        match &self.0.cause {
            Cause::Url(why) => f.write_str(why),
            Cause::Exchange(error) => error.fmt(f),
            Cause::Redirect(error) => error.fmt(f),
            Cause::Status(status, _) => write!(f, "status {status}"),
            Cause::TooLarge(most) => write!(f, "the body is larger than {most} bytes"),
            Cause::Clock(clock) => clock.fmt(f),
        }
    }
}

impl fmt::Debug for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestError")
            .field("request", &format_args!("{} {}", self.0.context.method, self.0.context.place))
            .field("kind", &self.kind())
            .field("stage", &self.0.stage)
            .field("blame", &self.blame())
            .field("may_have_acted", &self.0.sent)
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl StdError for RequestError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::Exchange(error) => Some(error),
            Cause::Redirect(error) => Some(error),
            Cause::Url(_) | Cause::Status(..) | Cause::TooLarge(_) | Cause::Clock(_) => None,
        }
    }
}

impl From<RequestError> for io::Error {
    /// Of a kind that fits; [`RequestError::of`] finds it again.
    fn from(error: RequestError) -> io::Error {
        let kind = match error.kind() {
            ErrorKind::Timeout => io::ErrorKind::TimedOut,
            ErrorKind::Truncated => io::ErrorKind::UnexpectedEof,
            ErrorKind::Reset => io::ErrorKind::ConnectionReset,
            ErrorKind::Protocol | ErrorKind::Decode => io::ErrorKind::InvalidData,
            ErrorKind::Url | ErrorKind::Request => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clock::Whole(limit) => write!(f, "not complete within {} s", limit.as_secs_f64()),
            Clock::Stall(limit) => write!(f, "nothing of the body came for {} s", limit.as_secs_f64()),
        }
    }
}

impl StdError for Clock {}
