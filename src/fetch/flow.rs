//! The request as it goes from hop to hop: what was asked for, what a redirect leaves of it.

use std::rc::Rc;

use url::Url;

use super::list::Target;
use super::outcome::{Failure, Kind, Stage};
use super::plan::{DEFAULT_USER_AGENT, FORM_CONTENT_TYPE, Follow, Plan};
use crate::http::auth;
use crate::http::coding::ACCEPT_ENCODING;
use crate::http::fields::{FieldError, Fields};
use crate::http::redirect::{self, Next, RedirectRules};

pub(super) struct Flow {
    pub url: Url,
    pub method: String,
    pub body: Option<Rc<[u8]>>,
    /// Fields that somebody gave, secrets among them; a redirect to another origin drops most.
    given: Vec<(String, String)>,
    /// Default fields that were taken away (`-H 'Accept:'`).
    removed: Vec<String>,
    /// Content codings are asked for and decoded.
    pub compressed: bool,
}

impl Flow {
    /// What a line asks for, with what the plan says for all lines.
    pub fn new(plan: &Plan, target: &Target, saved: bool) -> Flow {
        let body = target.body.as_ref().or(plan.request.body.as_ref());
        let mut flow = Flow {
            url: target.url.clone(),
            method: first_method(plan, Some(target)).to_owned(),
            body: body.map(|body| Rc::from(body.as_slice())),
            given: Vec::new(),
            removed: Vec::new(),
            compressed: plan.request.compresses(saved),
        };
        for (name, value) in &plan.request.headers {
            match value {
                Some(value) => flow.given.push((name.clone(), value.clone())),
                None => flow.removed.push(name.clone()),
            }
        }
        flow.add_secrets(plan, target);
        // A line's own fields take the place of the run's.
        let is_own = |name: &str| target.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        flow.given.retain(|(name, _)| !is_own(name));
        flow.given.extend(target.headers.iter().cloned());
        flow
    }

    fn add_secrets(&mut self, plan: &Plan, target: &Target) {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or(0);
        if plan.secrets.is_empty() || !plan.secrets.go_to(target.argument.is_some(), host, port) {
            return;
        }
        self.given.extend(plan.secrets.headers.iter().cloned());
        if let Some((user, password)) = &plan.secrets.basic
            && !self.has_given("authorization")
        {
            self.given.push(("Authorization".to_owned(), auth::basic(user, password)));
        }
    }

    /// The fields of the next request.
    pub fn fields(&self) -> Result<Fields, FieldError> {
        let mut fields = Fields::with_capacity(self.given.len() + 5, 256);
        if let Some((user, password)) = auth::from_url(&self.url)
            && !self.has_given("authorization")
        {
            fields.push("Authorization", auth::basic(user, password))?;
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
        Ok(fields)
    }

    fn push_default(&self, fields: &mut Fields, name: &str, value: &str) -> Result<(), FieldError> {
        let is_removed = self.removed.iter().any(|removed| removed.eq_ignore_ascii_case(name));
        if is_removed || self.has_given(name) { Ok(()) } else { fields.push(name, value) }
    }

    fn has_given(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
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
        self.method = next.method;
        self.url = next.url;
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

/// The method that a line asks for: its own, the plan's, or what its body makes of it.
pub(super) fn first_method<'a>(plan: &'a Plan, target: Option<&'a Target>) -> &'a str {
    let own = target.and_then(|target| target.method.as_deref());
    let has_body = plan.request.body.is_some() || target.is_some_and(|target| target.body.is_some());
    own.or(plan.request.method.as_deref()).unwrap_or(if has_body { "POST" } else { "GET" })
}
