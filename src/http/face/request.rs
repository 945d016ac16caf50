//! A request as it is put together, field by field.

use std::time::Duration;

use ::http::{HeaderMap, Method, Uri};
use url::Url;

use super::answer::Answer;
use super::error::{Cause, Context, RequestError};
use super::follow::{self, Asking, RedirectPolicy};
use super::send_body::SendBody;
use crate::http::Client;
use crate::http::auth::{self, Login};
use crate::http::convert::{to_fields, to_url};
use crate::http::fields::{FieldError, Fields};
use crate::http::trace::Trace;

/// What says where a body ends is the client's to write.
const FRAMING_FIELDS: [&str; 2] = ["Content-Length", "Transfer-Encoding"];

/// What can be asked for: text, a [`Url`], or a [`Uri`] of the `http` crate, all absolute and `http` or `https`.
pub trait IntoUrl {
    /// The URL.
    ///
    /// # Errors
    /// It is none, and the parser's reason.
    fn into_url(self) -> Result<Url, url::ParseError>;

    /// As a person reads it in an error.
    fn shown(&self) -> String;
}

impl IntoUrl for &str {
    fn into_url(self) -> Result<Url, url::ParseError> {
        Url::parse(self)
    }

    fn shown(&self) -> String {
        (*self).to_owned()
    }
}

impl IntoUrl for &String {
    fn into_url(self) -> Result<Url, url::ParseError> {
        Url::parse(self)
    }

    fn shown(&self) -> String {
        (*self).clone()
    }
}

impl IntoUrl for String {
    fn into_url(self) -> Result<Url, url::ParseError> {
        Url::parse(&self)
    }

    fn shown(&self) -> String {
        self.clone()
    }
}

impl IntoUrl for Url {
    fn into_url(self) -> Result<Url, url::ParseError> {
        Ok(self)
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

impl IntoUrl for &Url {
    fn into_url(self) -> Result<Url, url::ParseError> {
        Ok(self.clone())
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

impl IntoUrl for Uri {
    fn into_url(self) -> Result<Url, url::ParseError> {
        to_url(&self)
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

/// A request being put together: [`Client::get`], [`Client::request`]. What is wrong with it is told by
/// [`send`](RequestBuilder::send), and nothing has gone out then.
#[must_use = "it is not sent yet"]
pub struct RequestBuilder {
    client: Client,
    asking: Result<Asking, RequestError>,
}

impl RequestBuilder {
    pub(super) fn new(client: Client, method: Method, url: impl IntoUrl) -> RequestBuilder {
        let shown = url.shown();
        let asking = match url.into_url() {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(client.settings().asking(method, url)),
            Ok(url) => Err((format!("{}: is neither http nor https", url.scheme()), method)),
            Err(why) => Err((format!("no URL: {why}"), method)),
        };
        let asking = asking.map_err(|(why, method)| {
            RequestError::new(Cause::Url(why), Context::of_text(&method, &shown), &Trace::default())
        });
        RequestBuilder { client, asking }
    }

    pub(super) fn of_http<B: Into<SendBody>>(client: Client, request: ::http::Request<B>) -> RequestBuilder {
        let (parts, body) = request.into_parts();
        RequestBuilder::new(client, parts.method, parts.uri).headers(&parts.headers).body(body)
    }

    /// Adds a field; several of one name are sent all. It replaces what the client would send by itself (`User-Agent`,
    /// `Accept`, `Accept-Encoding`, `Host`) or for every request. A `Content-Length` or `Transfer-Encoding` is passed over:
    /// the body says these. Fields do not follow a redirect to another origin, but for four harmless ones
    /// ([`redirect`](crate::http::redirect)).
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> RequestBuilder {
        let name = name.as_ref();
        if FRAMING_FIELDS.iter().any(|framing| framing.eq_ignore_ascii_case(name)) {
            return self;
        }
        self.try_with(|asking| asking.own.push(name, value))
    }

    /// Adds all fields of a `HeaderMap`, as [`header`](RequestBuilder::header) does.
    pub fn headers(self, map: &HeaderMap) -> RequestBuilder {
        self.try_with(|asking| {
            for (name, value) in to_fields(map)?.iter() {
                if !FRAMING_FIELDS.iter().any(|framing| framing.eq_ignore_ascii_case(name)) {
                    asking.own.push(name, value)?;
                }
            }
            Ok(())
        })
    }

    /// `Authorization: Basic` (RFC 7617). It stays with this origin, as every `Authorization`.
    pub fn basic_auth(self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> RequestBuilder {
        let value = auth::basic(user, password);
        self.header("Authorization", value)
    }

    /// Digest authentication (RFC 7616): the first request says nothing, and where its answer is a challenge (401), it is made
    /// once more with the answer to that. A body that is read as it is sent cannot be, and then the 401 is the answer.
    pub fn digest_auth(self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> RequestBuilder {
        let login = Login { user: user.as_ref().to_vec(), password: password.as_ref().to_vec() };
        self.with(|asking| asking.digest = Some(login))
    }

    /// `Authorization: Bearer` (RFC 6750).
    pub fn bearer_auth(self, token: impl AsRef<str>) -> RequestBuilder {
        self.header("Authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Adds pairs to the URL's query, percent-encoded as forms are.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(self, pairs: impl IntoIterator<Item = (K, V)>) -> RequestBuilder {
        self.with(|asking| {
            asking.url.query_pairs_mut().extend_pairs(pairs);
        })
    }

    /// A form as the body, `application/x-www-form-urlencoded`.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, pairs: impl IntoIterator<Item = (K, V)>) -> RequestBuilder {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.header("Content-Type", "application/x-www-form-urlencoded").body(text)
    }

    /// The body. Its `Content-Type` is yours to say.
    pub fn body(self, body: impl Into<SendBody>) -> RequestBuilder {
        self.with(|asking| asking.body = body.into())
    }

    /// The most that request and answer may take, redirects and the reading of the body included.
    pub fn timeout(self, limit: Duration) -> RequestBuilder {
        self.with(|asking| asking.timeout = Some(limit))
    }

    /// Other redirects than the client's.
    pub fn redirects(self, policy: RedirectPolicy) -> RequestBuilder {
        self.with(|asking| asking.redirects = policy)
    }

    /// Sends it, follows redirects, and waits for the head of the last answer. Any status is an answer:
    /// [`Answer::error_for_status`].
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn send(self) -> Result<Answer, RequestError> {
        follow::send(&self.client, self.asking?)
    }

    fn with(mut self, f: impl FnOnce(&mut Asking)) -> RequestBuilder {
        if let Ok(asking) = &mut self.asking {
            f(asking);
        }
        self
    }

    fn try_with(mut self, f: impl FnOnce(&mut Asking) -> Result<(), FieldError>) -> RequestBuilder {
        if let Ok(asking) = &mut self.asking
            && let Err(error) = f(asking)
        {
            self.asking = Err(RequestError::of_fields(error, Context::new(&asking.method, &asking.url)));
        }
        self
    }
}

impl std::fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ok(asking) = &self.asking else { return f.write_str("RequestBuilder(invalid)") };
        let context = Context::new(&asking.method, &asking.url);
        let own: &Fields = &asking.own;
        f.debug_struct("RequestBuilder").field("url", &context.place).field("fields", own).finish_non_exhaustive()
    }
}
