//! From a request of the face to its last answer: the exchanges of one redirect after the other, by the rules of
//! [`redirect`](crate::http::redirect), as the fetcher follows them.

use std::time::{Duration, SystemTime};

use ::http::{Method, StatusCode, header};
use url::Url;

use super::answer::Answer;
use super::body::{Body, End, Reading};
use super::error::{Cause, Context, RequestError};
use super::send_body::{Kind, SendBody};
use super::settings::Settings;
use crate::green;
use crate::http::auth::{self, Login};
use crate::http::client::Client;
use crate::http::coding::ACCEPT_ENCODING;
use crate::http::convert::{to_header_map, to_version};
use crate::http::digest::Offers;
use crate::http::fields::{FieldError, Fields};
use crate::http::h1::Head;
use crate::http::redirect::{self, Next, RedirectError, RedirectRules, Schemes};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::retry::retry_after;
use crate::http::trace::Trace;

/// Which redirects are followed, and what goes with them; at most 10 by default.
///
/// ```
/// use gfetch::http::{RedirectPolicy, redirect::Schemes};
/// let careful = RedirectPolicy::up_to(3).schemes(Schemes::ONLY_HTTPS).secret_header("X-My-Key");
/// # drop(careful);
/// ```
#[derive(Clone, Debug)]
pub struct RedirectPolicy {
    follows: bool,
    rules: RedirectRules,
    secret_names: Vec<String>,
}

/// Redirects followed unless something else is said, as by the command.
const MAX_REDIRECTS: u32 = 10;

impl RedirectPolicy {
    /// A redirect is an answer like others.
    pub fn none() -> RedirectPolicy {
        RedirectPolicy { follows: false, rules: RedirectRules::default(), secret_names: Vec::new() }
    }

    /// So many, one after the other; one more is an error.
    pub fn up_to(most: u32) -> RedirectPolicy {
        let rules = RedirectRules { most: Some(most), ..RedirectRules::default() };
        RedirectPolicy { follows: true, rules, ..RedirectPolicy::none() }
    }

    /// Where they may lead. [`Schemes::ONLY_HTTPS`] refuses a way back to plain HTTP.
    pub fn schemes(mut self, schemes: Schemes) -> RedirectPolicy {
        self.rules.schemes = schemes;
        self
    }

    /// Fields and secrets go along to every origin that a redirect names. curl: `--location-trusted`.
    pub fn trust_other_origins(mut self, trusted: bool) -> RedirectPolicy {
        self.rules.location_trusted = trusted;
        self
    }

    /// A field of this name is a secret too, as `Authorization` is: it does not leave its origin even if it is one of the
    /// four that otherwise would.
    pub fn secret_header(mut self, name: impl Into<String>) -> RedirectPolicy {
        self.secret_names.push(name.into());
        self
    }
}

impl Default for RedirectPolicy {
    fn default() -> RedirectPolicy {
        RedirectPolicy::up_to(MAX_REDIRECTS)
    }
}

/// What is asked next.
pub(super) struct Asking {
    pub method: Method,
    pub url: Url,
    /// What somebody gave for this request.
    pub own: Fields,
    /// What is given for every request of the client.
    pub common: Fields,
    pub body: SendBody,
    pub redirects: RedirectPolicy,
    pub timeout: Option<Duration>,
    /// A server that asks for the client's certificate is not shown it: it has led or been led elsewhere.
    pub anonymous: bool,
    /// Who answers a challenge for Digest, as long as the origin stays.
    pub digest: Option<Login>,
    /// The last answer to one, and how many there were for this request.
    pub authorization: Option<Vec<u8>>,
    pub answers: u8,
}

/// Makes exchanges until one is the last.
pub(super) fn send(client: &Client, mut asking: Asking) -> Result<Answer, RequestError> {
    let settings = client.settings();
    let end = asking.timeout.map(End::after);
    let mut trace = Trace::default();
    let mut redirects = 0;
    loop {
        let (fields, decode) = asking.fields(settings).map_err(|error| asking.bad_field(error))?;
        let response = exchange(client, &asking, &fields, end, &mut trace)
            .map_err(|cause| asking.failed(cause, &trace).after_redirects(redirects))?;
        asking.keep_cookies(response.head(), settings);
        if asking.answers(response.head()) {
            response.drain();
            continue;
        }
        let next = asking
            .next(response.head(), redirects)
            .map_err(|error| asking.failed(Cause::Redirect(error), &trace).after_redirects(redirects))?;
        let Some(next) = next else {
            let reading = Reading {
                decode,
                budget: &settings.budget,
                stall: settings.stall_timeout,
                end,
                max_bytes: settings.max_body,
            };
            return Ok(asking.answer(response, &reading, redirects, trace));
        };
        response.drain();
        redirects += 1;
        asking.follow(next);
    }
}

fn exchange(
    client: &Client,
    asking: &Asking,
    fields: &Fields,
    end: Option<End>,
    trace: &mut Trace,
) -> Result<Response, Cause> {
    let body = match &asking.body.0 {
        Kind::Bytes(bytes) => Some(&bytes[..]),
        // RFC 9110 section 8.6: these mean something by a body, so that an empty one is said.
        Kind::None if matches!(asking.method, Method::POST | Method::PUT | Method::PATCH) => Some(&[][..]),
        Kind::None | Kind::Upload(_) => None,
    };
    let upload = match &asking.body.0 {
        Kind::Upload(upload) => Some(upload),
        Kind::None | Kind::Bytes(_) => None,
    };
    let request = Request {
        method: asking.method.as_str(),
        url: &asking.url,
        fields,
        body,
        upload,
        answer_timeout: client.settings().answer_timeout,
        throttle: None,
    };
    let hidden;
    let client = if asking.anonymous {
        hidden = client.anonymous();
        &hidden
    } else {
        client
    };
    match end {
        None => client.send(&request, trace).map_err(Cause::Exchange),
        Some(end) => match green::timeout(end.left(), || client.send(&request, trace)) {
            Ok(done) => done.map_err(Cause::Exchange),
            Err(_) => Err(Cause::Clock(end.clock())),
        },
    }
}

impl Asking {
    /// The fields of the next request, and whether its answer is decoded: only what was asked for by the client itself.
    fn fields(&self, settings: &Settings) -> Result<(Fields, bool), FieldError> {
        let mut fields = Fields::with_capacity(self.own.len() + self.common.len() + 4, 256);
        let is_given = |name: &str| self.own.first(name).or(self.common.first(name)).is_some();
        let mut push_default = |name: &str, value: &[u8]| {
            if is_given(name) { Ok(false) } else { fields.push(name, value).map(|()| true) }
        };
        if let Some(value) = self.authorization(settings) {
            push_default("Authorization", &value)?;
        }
        if let Some(name) = &settings.user_agent {
            push_default("User-Agent", name.as_bytes())?;
        }
        push_default("Accept", b"*/*")?;
        // Bytes of a coded body are no part of the decoded one.
        let may_decode = settings.compressed && !is_given("range");
        let decode = may_decode && push_default("Accept-Encoding", ACCEPT_ENCODING.as_bytes())?;
        let jar = settings.cookies.as_ref();
        let cookies = jar.and_then(|jar| jar.borrow_mut().header(&self.url, SystemTime::now()));
        let common = self.common.iter().filter(|(name, _)| self.own.first(name).is_none());
        fields.push_with_cookies(common.chain(self.own.iter()), cookies)?;
        Ok((fields, decode))
    }

    /// What the next request says of who asks, where nobody has given that: nothing before a challenge for Digest.
    fn authorization(&self, settings: &Settings) -> Option<Vec<u8>> {
        if self.digest.is_some() {
            return self.authorization.clone();
        }
        self.login(settings).map(|login| auth::basic(login.user, login.password).into_bytes())
    }

    /// Whether the same request is to be made once more, with the answer to its challenge.
    fn answers(&mut self, head: &Head) -> bool {
        let Some(login) = self.digest.as_ref().filter(|_| head.status == 401 && self.body.is_whole()) else {
            return false;
        };
        let Some(challenge) = Offers::of(&head.fields).digest else { return false };
        if self.answers >= auth::MAX_ANSWERS || (self.answers > 0 && !challenge.stale) {
            return false;
        }
        self.authorization = Some(challenge.authorization(login, self.method.as_str(), &self.url, 1));
        self.answers += 1;
        true
    }

    /// Whose request it is: by the URL where that has a password, else by netrc, which is asked for each host anew.
    fn login(&self, settings: &Settings) -> Option<Login> {
        match settings.netrc.as_ref().filter(|_| self.url.password().is_none()) {
            Some(netrc) => netrc.login_for(&self.url, None),
            None => auth::from_url(&self.url),
        }
    }

    /// Puts the cookies that an answer sets into the client's jar, if it has one.
    fn keep_cookies(&self, head: &Head, settings: &Settings) {
        if let Some(jar) = &settings.cookies {
            jar.borrow_mut().take(&self.url, head.fields.all("set-cookie"), SystemTime::now());
        }
    }

    /// Where the answer leads on to.
    fn next(&self, head: &Head, redirects: u32) -> Result<Option<Next>, RedirectError> {
        if !self.redirects.follows {
            return Ok(None);
        }
        let asked = (self.method.as_str(), &self.url);
        let Some(next) = redirect::next_of(head, asked, redirects, &self.redirects.rules)? else { return Ok(None) };
        if !next.drop_body && !self.body.is_whole() {
            return Err(RedirectError::BodyIsGone);
        }
        Ok(Some(next))
    }

    /// Turns into the request that a redirect asks for.
    fn follow(&mut self, next: Next) {
        let secret_names: Vec<&str> = self.redirects.secret_names.iter().map(String::as_str).collect();
        let had_body = !self.body.is_none();
        for fields in [&mut self.own, &mut self.common] {
            let mut left = Fields::new();
            for (name, value) in
                fields.iter().filter(|(name, _)| redirect::goes_on(name, &next, had_body, &secret_names))
            {
                left.push_parsed(name, value);
            }
            *fields = left;
        }
        // Once hidden it stays hidden.
        self.anonymous |= !next.keeps_secrets;
        self.digest.take_if(|_| !next.keeps_secrets);
        (self.authorization, self.answers) = (None, 0);
        if next.drop_body {
            self.body = SendBody::none();
        }
        // A method that is kept was one before, and GET is one.
        self.method = Method::from_bytes(next.method.as_bytes()).unwrap_or(Method::GET);
        self.url = next.url;
    }

    fn answer(self, response: Response, reading: &Reading<'_>, redirects: u32, trace: Trace) -> Answer {
        let head = response.head();
        let version = to_version(head.version);
        let mut headers = to_header_map(&head.fields);
        // A status line has three digits from 100 up.
        let status = StatusCode::from_u16(head.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = retry_after(&head.fields, SystemTime::now());
        let context = self.context();
        let (body, decodes) = Body::new(response, reading, context.clone());
        if decodes {
            headers.remove(header::CONTENT_ENCODING);
            headers.remove(header::CONTENT_LENGTH);
        }
        let url = auth::without_login(self.url);
        Answer { status, version, headers, url, redirects, retry_after, trace, context, body }
    }

    fn context(&self) -> Context {
        Context::new(&self.method, &self.url)
    }

    fn failed(&self, cause: Cause, trace: &Trace) -> RequestError {
        RequestError::new(cause, self.context(), trace)
    }

    fn bad_field(&self, error: FieldError) -> RequestError {
        RequestError::of_fields(error, self.context())
    }
}
