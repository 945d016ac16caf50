//! The request as it goes from hop to hop: what was asked for, what a redirect leaves of it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use url::Url;

use super::list::Target;
use super::outcome::{Failure, Kind, Stage};
use super::plan::{DEFAULT_USER_AGENT, FORM_CONTENT_TYPE, Follow, Plan};
use crate::http::auth;
use crate::http::coding::ACCEPT_ENCODING;
use crate::http::fields::{FieldError, Fields};
use crate::http::redirect::{self, Next, RedirectRules};
use crate::http::{EXPECT_ABOVE_BYTES, Request, Throttle};

pub(super) struct Flow<'a> {
    /// Of the next request; the line's own until a redirect leads on.
    url: Cow<'a, Url>,
    method: Cow<'static, str>,
    fields: Rc<Fields>,
    body: Option<&'a [u8]>,
    answer_timeout: Option<Duration>,
    /// How fast the body may go.
    pub throttle: Option<&'a dyn Throttle>,
    /// Whether it has been made.
    pub asked: bool,
    /// The URL of the one that was made before it.
    asked_before: Option<Cow<'a, Url>>,
    /// Fields that somebody gave, secrets among them; a redirect to another origin drops most.
    given: Vec<(String, String)>,
    /// Default fields that were taken away (`-H 'Accept:'`).
    removed: Vec<String>,
    /// Content codings are asked for and decoded.
    pub compressed: bool,
}

/// The fields of requests to which neither run nor line nor URL adds anything, without and with content codings: made and
/// checked at the first of them.
#[derive(Default)]
pub(super) struct UsualFields([OnceCell<Rc<Fields>>; 2]);

impl<'a> Flow<'a> {
    /// What a line asks for, with what the plan says for all lines; `saved` is whether its answer's body goes into a file.
    pub fn new(plan: &'a Plan, target: &'a Target, answer_timeout: Option<Duration>, saved: bool) -> Flow<'a> {
        let mut flow = Flow {
            url: first_url(plan, target),
            method: first_method(plan, Some(target)),
            fields: Rc::default(),
            body: target.body.as_deref().or(plan.request.body.as_deref()),
            answer_timeout,
            throttle: None,
            asked: false,
            asked_before: None,
            given: Vec::new(),
            removed: Vec::new(),
            // A part of a coded body cannot be decoded, nor put behind what is there.
            compressed: plan.request.compresses(saved || plan.transfer.is_partial()),
        };
        for (name, value) in &plan.request.headers {
            match value {
                Some(value) => flow.given.push((name.clone(), value.clone())),
                None => flow.removed.push(name.clone()),
            }
        }
        flow.add_secrets(plan, target);
        // A line's own headers stand over the run's: of the same name they replace them.
        flow.given.retain(|(name, _)| !target.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)));
        flow.given.extend(target.headers.iter().cloned());
        flow
    }

    /// Adds the fields of a transfer; one that was given counts before them.
    pub fn ask_for(&mut self, fields: Vec<(String, String)>) {
        for (name, value) in fields {
            if !self.has_given(&name) && !self.is_removed(&name) {
                self.given.push((name, value));
            }
        }
    }

    /// The next request.
    pub fn request(&self) -> Request<'_> {
        let (method, url, fields) = (&*self.method, &*self.url, &*self.fields);
        let Flow { body, answer_timeout, throttle, .. } = *self;
        Request { method, url, fields, body, answer_timeout, throttle }
    }

    fn add_secrets(&mut self, plan: &Plan, target: &Target) {
        if plan.secrets.is_empty() {
            return;
        }
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or(0);
        if !plan.secrets.go_to(target.argument.is_some(), host, port) {
            return;
        }
        self.given.extend(plan.secrets.headers.iter().cloned());
        if let Some((user, password)) = &plan.secrets.basic
            && !self.has_given("authorization")
            && !self.is_removed("authorization")
        {
            self.given.push(("Authorization".to_owned(), auth::basic(user, password)));
        }
    }

    /// Writes the fields of the next request.
    pub fn set_fields(&mut self, usual: &UsualFields) -> Result<(), FieldError> {
        let user = auth::from_url(&self.url).map(|(user, password)| auth::basic(user, password));
        let is_usual = user.is_none() && self.given.is_empty() && self.removed.is_empty() && self.body.is_none();
        let usual = &usual.0[usize::from(self.compressed)];
        self.fields = match usual.get() {
            Some(usual) if is_usual => usual.clone(),
            _ => Rc::new(self.fields(user)?),
        };
        if is_usual {
            usual.get_or_init(|| self.fields.clone());
        }
        Ok(())
    }

    fn fields(&self, user: Option<String>) -> Result<Fields, FieldError> {
        let mut fields = Fields::with_capacity(self.given.len() + 5, 256);
        if let Some(user) = user {
            self.push_default(&mut fields, "Authorization", &user)?;
        }
        self.push_default(&mut fields, "User-Agent", DEFAULT_USER_AGENT)?;
        self.push_default(&mut fields, "Accept", "*/*")?;
        if self.compressed {
            self.push_default(&mut fields, "Accept-Encoding", ACCEPT_ENCODING)?;
        }
        for (name, value) in &self.given {
            fields.push(name, value)?;
        }
        if self.body.is_some() {
            self.push_default(&mut fields, "Content-Type", FORM_CONTENT_TYPE)?;
        }
        if self.body.is_some_and(|body| body.len() > EXPECT_ABOVE_BYTES) {
            self.push_default(&mut fields, "Expect", "100-continue")?;
        }
        Ok(fields)
    }

    fn push_default(&self, fields: &mut Fields, name: &str, value: &str) -> Result<(), FieldError> {
        if self.is_removed(name) || self.has_given(name) { Ok(()) } else { fields.push(name, value) }
    }

    fn is_removed(&self, name: &str) -> bool {
        self.removed.iter().any(|removed| removed.eq_ignore_ascii_case(name))
    }

    fn has_given(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
    }

    /// The server does not know the expectation that was sent (417): the same request goes once more without it, as in
    /// curl. False if it had none.
    pub fn drops_expectation(&mut self) -> bool {
        let had = self.fields.first("expect").is_some();
        if had {
            self.given.retain(|(name, _)| !name.eq_ignore_ascii_case("expect"));
            self.removed.push("Expect".to_owned());
        }
        had
    }

    /// Whether a redirect of this request is followed at all.
    pub fn follows(&self, plan: &Plan) -> bool {
        match plan.request.follow {
            Follow::All => true,
            Follow::GetAndHead => self.method == "GET" || self.method == "HEAD",
            Follow::None => false,
        }
    }

    /// Turns into the request that a redirect asks for.
    pub fn follow(&mut self, plan: &Plan, next: Next) {
        let secret_names: Vec<String> = plan.secrets.headers.iter().map(|(name, _)| name.clone()).collect();
        let rules = RedirectRules { location_trusted: plan.request.location_trusted, secret_names: &secret_names };
        self.given = redirect::fields_after(std::mem::take(&mut self.given), &next, &rules);
        if next.drop_body {
            self.body = None;
        }
        self.method = next.method.into();
        let url = std::mem::replace(&mut self.url, Cow::Owned(next.url));
        if std::mem::take(&mut self.asked) {
            self.asked_before = Some(url);
        }
    }

    /// The URL that was asked for last, if one was: the line's own, borrowed, or another.
    pub fn last_asked(self) -> Option<Cow<'a, Url>> {
        if self.asked { Some(self.url) } else { self.asked_before }
    }

    /// Fails if the environment names a proxy for this URL: there are none yet, and passing one by silently would send
    /// the request where it must not go.
    pub fn refuse_proxy(&self, plan: &Plan) -> Result<(), Failure> {
        let host = self.url.host_str().unwrap_or_default();
        match plan.connect.proxies.proxy_for(self.url.scheme(), host) {
            None => Ok(()),
            Some(variable) => {
                let message = format!("{} names a proxy for {host}, and gfetch has no proxies yet", variable.name);
                Err(Failure::new(Kind::Proxy, Stage::Proxy, message))
            }
        }
    }
}

/// The URL that a line asks for: its own, with what the plan adds to each query.
fn first_url<'a>(plan: &Plan, target: &'a Target) -> Cow<'a, Url> {
    let Some(more) = &plan.request.query else { return Cow::Borrowed(&target.url) };
    let mut url = target.url.clone();
    let query = match url.query() {
        None | Some("") => more.clone(),
        Some(query) if query.ends_with('&') => format!("{query}{more}"),
        Some(query) => format!("{query}&{more}"),
    };
    url.set_query(Some(&query));
    Cow::Owned(url)
}

/// The method that a line asks for: its own, the plan's, or what its body makes of it.
pub(super) fn first_method(plan: &Plan, target: Option<&Target>) -> Cow<'static, str> {
    let own = target.and_then(|target| target.method.as_deref());
    let has_body = plan.request.body.is_some() || target.is_some_and(|target| target.body.is_some());
    match own.or(plan.request.method.as_deref()) {
        Some(asked) => asked.to_owned().into(),
        None => if has_body { "POST" } else { "GET" }.into(),
    }
}

#[cfg(test)]
#[path = "flow_tests.rs"]
mod tests;
