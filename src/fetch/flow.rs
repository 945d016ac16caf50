//! The request as it goes from hop to hop: what was asked for, what a redirect leaves of it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::credentials::{Credentials, Way};
use super::list::Target;
use super::outcome::{Failure, Kind, Stage};
use super::plan::{AuthScheme, DEFAULT_USER_AGENT, FORM_CONTENT_TYPE, Follow, Plan};
use crate::http::auth::{self, Login};
use crate::http::coding::ACCEPT_ENCODING;
use crate::http::digest::Offers;
use crate::http::fields::{FieldError, Fields};
use crate::http::h1::Head;
use crate::http::redirect::{self, Next, RedirectError, RedirectRules};
use crate::http::{EXPECT_ABOVE_BYTES, Request, Throttle};

pub(super) struct Flow<'a> {
    plan: &'a Plan,
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
    /// Fields for the host that is asked, and for no other: found anew at each hop.
    own: Vec<(String, String)>,
    /// What the line itself gave, which counts before those.
    lines: &'a [(String, String)],
    /// Which part is wanted, and under which condition (`-r -C -z --etag-compare`): at every hop, for the last one is meant.
    wanted: Vec<(String, String)>,
    /// `-u`, where it may go; a redirect to another origin drops it.
    login: Option<Login>,
    /// How the last request said who asks, where that was learned from its origin.
    way: Option<Arc<Way>>,
    /// Challenges answered since the last redirect.
    answers: u8,
    /// Redirects are followed with a `Referer`.
    auto_referer: bool,
    /// Default fields that were taken away (`-H 'Accept:'`).
    removed: Vec<String>,
    /// Content codings are asked for and decoded.
    pub compressed: bool,
    /// A server that asks for the client's certificate is shown it.
    pub shows_identity: bool,
}

/// The fields of requests to which neither run nor line nor URL adds anything, without and with content codings: made and
/// checked at the first of them.
#[derive(Default)]
pub(super) struct UsualFields([OnceCell<Rc<Fields>>; 2]);

impl<'a> Flow<'a> {
    /// What a line asks for, with what the plan says for all lines; `saved` is whether its answer's body goes into a file.
    pub fn new(plan: &'a Plan, target: &'a Target, answer_timeout: Option<Duration>, saved: bool) -> Flow<'a> {
        let mut flow = Flow {
            plan,
            url: first_url(plan, target),
            method: first_method(plan, Some(target)),
            fields: Rc::default(),
            body: target.body.as_deref().or(plan.request.body.as_deref()),
            answer_timeout,
            throttle: None,
            asked: false,
            asked_before: None,
            given: Vec::new(),
            own: Vec::new(),
            lines: &target.headers,
            wanted: Vec::new(),
            login: None,
            way: None,
            answers: 0,
            auto_referer: plan.request.auto_referer,
            removed: Vec::new(),
            // A part of a coded body cannot be decoded, nor put behind what is there.
            compressed: plan.request.compresses(saved || plan.transfer.is_partial()),
            shows_identity: false,
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
        flow.find_own();
        flow.auto_referer &= !target.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case("referer"));
        flow
    }

    /// Adds the fields of a transfer; one that was given counts before them.
    pub fn ask_for(&mut self, mut fields: Vec<(String, String)>) {
        fields.retain(|(name, _)| !self.has_given(name) && !self.is_removed(name));
        self.wanted = fields;
    }

    /// The next request.
    pub fn request(&self) -> Request<'_> {
        let (method, url, fields) = (&*self.method, &*self.url, &*self.fields);
        let Flow { body, answer_timeout, throttle, .. } = *self;
        Request { method, url, fields, body, answer_timeout, throttle, upload: None }
    }

    fn add_secrets(&mut self, plan: &Plan, target: &Target) {
        let has_identity = plan.connect.tls.identity.is_some();
        if plan.secrets.is_empty() && !has_identity {
            return;
        }
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or(0);
        if !plan.secrets.go_to(target.argument.is_some(), host, port) {
            return;
        }
        self.shows_identity = has_identity;
        self.given.extend(plan.secrets.headers.iter().cloned());
        let login = |(user, password): &(String, String)| Login {
            user: user.as_str().into(),
            password: password.as_str().into(),
        };
        self.login = plan.secrets.login.as_ref().map(login);
    }

    /// Writes the fields of the next request.
    ///
    /// # Errors
    /// What cannot stand in a field, and a URL's user information that curl refuses.
    pub fn set_fields(&mut self, usual: &UsualFields, credentials: &Credentials) -> Result<(), Failure> {
        let authorization = self.authorization(credentials)?;
        let cookies = credentials.cookies(&self.url);
        let is_usual = authorization.is_none()
            && cookies.is_none()
            && self.given.is_empty()
            && self.own.is_empty()
            && self.wanted.is_empty()
            && self.removed.is_empty()
            && self.body.is_none();
        let usual = &usual.0[usize::from(self.compressed)];
        self.fields = match usual.get() {
            Some(usual) if is_usual => usual.clone(),
            _ => Rc::new(self.fields(authorization, cookies).map_err(|error| bad_input(error.to_string()))?),
        };
        if is_usual {
            usual.get_or_init(|| self.fields.clone());
        }
        Ok(())
    }

    /// What the next request says about who asks: nothing, if somebody gave the field or took it away.
    fn authorization(&mut self, credentials: &Credentials) -> Result<Option<Vec<u8>>, Failure> {
        self.way = None;
        let Some(login) = self.next_login()? else { return Ok(None) };
        if self.plan.secrets.scheme == AuthScheme::Basic {
            return Ok(Some(auth::basic(login.user, login.password).into_bytes()));
        }
        self.way = credentials.way(&self.url);
        Ok(self.way.as_ref().map(|way| way.authorization(&login, &self.method, &self.url)))
    }

    /// Whose request it is: by `-u`, else by netrc, else by the URL. netrc is asked for each host anew, so that no host
    /// gets what another has (CVE-2024-11053).
    pub fn next_login(&self) -> Result<Option<Login>, Failure> {
        let netrc = self.plan.secrets.netrc.as_ref();
        let has_none = self.login.is_none() && netrc.is_none() && self.url.username().is_empty();
        if (has_none && self.url.password().is_none())
            || self.has_given("authorization")
            || self.is_removed("authorization")
        {
            return Ok(None);
        }
        if let Some(login) = &self.login {
            return Ok(Some(login.clone()));
        }
        let own = auth::from_url(&self.url);
        if own.as_ref().is_some_and(|own| own.user.contains(&0) || own.password.contains(&0)) {
            return Err(bad_input("a NUL in the URL's user information".to_owned()));
        }
        Ok(match netrc.filter(|netrc| !netrc.url_first || self.url.password().is_none()) {
            Some(plan) => plan.netrc.login_for(&self.url, plan.user.as_deref()),
            None => own,
        })
    }

    /// Whether `-u` goes with the next request.
    pub fn has_own_login(&self) -> bool {
        self.login.is_some()
    }

    /// Whether the same request is to be made once more, for its answer asks who asks, and that can be said: each nonce is
    /// answered once. What is learned holds for all later requests to this origin.
    pub fn answers(&mut self, head: &Head, credentials: &Credentials) -> bool {
        if head.status != 401 || self.plan.secrets.scheme == AuthScheme::Basic {
            return false;
        }
        let Some(way) = self.way_asked_for(head) else { return false };
        credentials.learn(&self.url, way);
        self.answers += 1;
        true
    }

    #[inline(never)]
    fn way_asked_for(&self, head: &Head) -> Option<Way> {
        // Who has no login has nothing to answer with; an error was told before the request was made.
        self.next_login().ok().flatten()?;
        let offers = Offers::of(&head.fields);
        let Some(challenge) = offers.digest else {
            let is_new = self.answers == 0 && !matches!(self.way.as_deref(), Some(Way::Basic));
            return (offers.basic && self.plan.secrets.scheme == AuthScheme::Any && is_new).then_some(Way::Basic);
        };
        let is_same = matches!(self.way.as_deref(), Some(Way::Digest(last)) if last.challenge.nonce == challenge.nonce);
        // A new nonce without `stale` says that the password was wrong, unless the old one had been answered for others.
        let is_new = self.answers == 0 && !is_same;
        (self.answers < auth::MAX_ANSWERS && (is_new || challenge.stale)).then(|| Way::digest(challenge))
    }

    #[inline(never)]
    fn fields(&self, authorization: Option<Vec<u8>>, cookies: Option<Vec<u8>>) -> Result<Fields, FieldError> {
        let mut fields = Fields::with_capacity(self.given.len() + self.wanted.len() + 6, 256);
        if let Some(authorization) = authorization {
            fields.push("Authorization", authorization)?;
        }
        self.push_default(&mut fields, "User-Agent", DEFAULT_USER_AGENT)?;
        self.push_default(&mut fields, "Accept", "*/*")?;
        if self.compressed {
            self.push_default(&mut fields, "Accept-Encoding", ACCEPT_ENCODING)?;
        }
        let given = self.given.iter().filter(|(name, _)| !self.has_own(name)).chain(&self.own);
        let given = given.chain(&self.wanted).map(|(name, value)| (name.as_str(), value.as_bytes()));
        fields.push_with_cookies(given, cookies)?;
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

    fn has_own(&self, name: &str) -> bool {
        self.own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    /// The fields for the host of the next request.
    fn find_own(&mut self) {
        if !self.plan.hosts.is_empty() {
            self.own = self.plan.hosts.headers(&self.url);
            self.own.retain(|(name, _)| !self.lines.iter().any(|(given, _)| given.eq_ignore_ascii_case(name)));
        }
    }

    fn has_given(&self, name: &str) -> bool {
        self.has_own(name) || self.given.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
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

    /// Whether what redirects say is followed.
    pub fn follows(&self) -> bool {
        match self.plan.request.follow {
            Follow::All => true,
            Follow::GetAndHead => self.method == "GET" || self.method == "HEAD",
            Follow::None => false,
        }
    }

    /// Where an answer leads on to after so many redirects, if it does and is followed.
    pub fn next(&self, head: &Head, redirects: u32) -> Result<Option<Next>, RedirectError> {
        if !self.follows() {
            return Ok(None);
        }
        let rules = RedirectRules {
            most: self.plan.limits.max_redirs,
            schemes: self.plan.request.redirect_schemes,
            location_trusted: self.plan.request.location_trusted,
        };
        redirect::next_of(head, (&self.method, &self.url), redirects, &rules)
    }

    /// Turns into the request that a redirect asks for.
    pub fn follow(&mut self, next: Next) {
        let secret_names: Vec<&str> = self.plan.secrets.headers.iter().map(|(name, _)| name.as_str()).collect();
        self.given = redirect::fields_after(std::mem::take(&mut self.given), &next, self.body.is_some(), &secret_names);
        // Once hidden it stays hidden.
        self.shows_identity &= next.keeps_secrets;
        self.login.take_if(|_| !next.keeps_secrets);
        (self.way, self.answers) = (None, 0);
        if self.auto_referer {
            self.refer_to(&next.url);
        }
        if next.drop_body {
            self.body = None;
        }
        self.method = next.method.into();
        let url = std::mem::replace(&mut self.url, Cow::Owned(next.url));
        self.find_own();
        if std::mem::take(&mut self.asked) {
            self.asked_before = Some(url);
        }
    }

    /// Says where the next request comes from (`-e ';auto'`).
    fn refer_to(&mut self, next: &Url) {
        self.given.retain(|(name, _)| !name.eq_ignore_ascii_case("referer"));
        if self.url.scheme() == "https" && next.scheme() == "http" {
            return;
        }
        let mut referer = auth::without_login(self.url.clone().into_owned());
        referer.set_fragment(None);
        self.given.push(("Referer".to_owned(), referer.into()));
    }

    /// The URL that was asked for last, if one was: the line's own, borrowed, or another.
    pub fn last_asked(self) -> Option<Cow<'a, Url>> {
        if self.asked { Some(self.url) } else { self.asked_before }
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

fn bad_input(message: String) -> Failure {
    Failure::new(Kind::Url, Stage::Input, message)
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
