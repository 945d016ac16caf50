//! What a run would ask for, line by line, with nothing asked: the worker's own way from a line to its first request.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::credentials::Credentials;
use super::flow::{Flow, UsualFields};
use super::journal::{Journal, Key, Part};
use super::list::{Entry, List, ListError, Target};
use super::names::{Names, Place};
use super::outcome::Failure;
use super::plan::Plan;
use super::stop::Stop;
use super::transfer;
use super::worker::answer::{continued_at, is_there_already, part_there, saved_to};
use crate::http::auth::{self, Login};
use crate::http::h1::Version;

/// The lines of a list, each with what a run would do first for it. Nothing is sent or looked up, and no file is made or
/// changed; with `-C`, and for parts, it is asked how long the files are, and of those to be skipped whether they are there.
/// The list is read a line at a time, as it is needed.
pub struct Preview<'a> {
    plan: &'a Plan,
    list: List,
    names: Names,
    usual: UsualFields,
    credentials: Credentials,
    stop: Stop,
    journal: Option<Journal>,
    with_parts: bool,
    passed_over: PassedOver,
}

/// Lines of which a run would ask nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// The run's record has them as done.
    pub done_before: u64,
    /// Their files are there, and would be taken as they are.
    pub there: u64,
}

/// One line, and what would be done for it.
pub struct Planned {
    /// The line.
    pub entry: Box<Entry>,
    /// Where its body would go, where something says so.
    pub place: Option<Place>,
    /// Its first request, or why there would be none.
    pub first: Result<First, Failure>,
}

/// The first request for a line. What an answer changes (redirects, cookies, who is asked to say who asks) is not in it.
pub struct First {
    /// The method.
    pub method: Cow<'static, str>,
    /// The URL with what the plan adds to its query.
    pub url: Url,
    /// The fields as HTTP/1.1 sends them.
    pub fields: Vec<(String, Vec<u8>)>,
    /// How long its body is; none: it has none.
    pub body_bytes: Option<u64>,
    /// How long it may take, redirects included; none: as long as it takes.
    pub max_time: Option<Duration>,
    /// How long a connection to its host may take.
    pub connect_timeout: Duration,
    /// How often it would be tried again.
    pub retries: u32,
    /// Requests at once to its origin; none: no limit.
    pub per_host: Option<NonZeroUsize>,
    /// The file that its body would be saved to.
    pub file: Option<PathBuf>,
    /// Bytes that are there already, and would be continued.
    pub from: u64,
    /// Content codings are asked for and decoded.
    pub compressed: bool,
    /// Redirects would be followed.
    pub follows: bool,
    /// Secrets of the run go with it, a client's certificate among them.
    pub gets_secrets: bool,
    /// Who asks, and who says so. A scheme other than Basic says it only once it is asked.
    pub login: Option<(Login, LoginFrom)>,
    /// What the run's cookies contribute to its `Cookie`.
    pub jar_cookies: Option<Vec<u8>>,
}

/// Where a user and a password come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginFrom {
    /// `-u`.
    User,
    /// The netrc file.
    Netrc,
    /// The URL itself.
    Url,
}

impl<'a> Preview<'a> {
    /// What a run of `plan` would do with `list`, until `stop` ends the reading.
    pub fn new(plan: &'a Plan, list: List, names: Names, stop: Stop) -> Preview<'a> {
        let credentials = Credentials::new(plan.cookies.clone());
        Preview {
            plan,
            list,
            names,
            usual: UsualFields::default(),
            credentials,
            stop,
            journal: None,
            with_parts: false,
            passed_over: PassedOver::default(),
        }
    }

    /// Passes over what `journal` has as done.
    pub fn taking_up(mut self, journal: Option<Journal>) -> Self {
        self.journal = journal;
        self
    }

    /// Asks for the rest of each part that the journal knows of and that is there.
    pub fn with_parts(mut self, with_parts: bool) -> Self {
        self.with_parts = with_parts;
        self
    }

    /// Lines that were passed over so far.
    pub fn passed_over(&self) -> PassedOver {
        self.passed_over
    }

    /// Whether nothing would be asked for a line: counted then.
    fn passes_over(&mut self, entry: &Entry, place: Option<&Place>) -> bool {
        let is_done = self.journal.as_ref().is_some_and(|journal| journal.was_done(&Key::of(entry, place)));
        let is_there = !is_done && is_there_already(self.plan, place).is_some();
        self.passed_over.done_before += u64::from(is_done);
        self.passed_over.there += u64::from(is_there);
        is_done || is_there
    }

    /// None where it is passed over.
    fn planned(&mut self, entry: Box<Entry>) -> Option<Planned> {
        let target = entry.target.as_ref();
        let place = target.ok().and_then(|target| self.names.assign(entry.index, target));
        if self.passes_over(&entry, place.as_ref()) {
            return None;
        }
        let first = match target {
            Ok(target) => self.first(&entry, target, place.as_ref()),
            Err(failure) => Err(failure.clone()),
        };
        Some(Planned { entry, place, first })
    }

    fn first(&self, entry: &Entry, target: &Target, place: Option<&Place>) -> Result<First, Failure> {
        let plan = self.plan;
        let file = saved_to(plan, place).map(|file| &**file);
        let mut flow = Flow::new(plan, target, None, file.is_some());
        let (from, known) = match (plan.transfer.resume, self.part(entry, target, place)) {
            (Some(resume), _) => (continued_at(resume, file)?, None),
            (None, Some((bytes, validator))) => (bytes, Some(validator)),
            (None, None) => (0, None),
        };
        flow.ask_for(transfer::fields(&plan.transfer, from, known.as_deref()));
        flow.set_fields(&self.usual, &self.credentials)?;
        let login = flow.next_login()?;
        let request = flow.request();
        let fields = request.sent_fields(Version::Http11);
        let is_the_urls = |login: &Login| auth::from_url(request.url).as_ref() == Some(login);
        let host = request.url.host_str().unwrap_or_default();
        let port = request.url.port_or_known_default().unwrap_or(0);
        Ok(First {
            method: request.method.to_owned().into(),
            url: request.url.clone(),
            fields: fields.into_iter().map(|(name, value)| (name, value.into_owned())).collect(),
            body_bytes: request.body.map(|body| body.len() as u64),
            max_time: target.timeout.or_else(|| plan.max_time(&target.url)),
            connect_timeout: plan.connect_timeout(&target.url),
            retries: plan.retries(&target.url),
            per_host: plan.hosts.of_url(&target.url, |host| host.per_host).unwrap_or(plan.per_host),
            file: file.map(ToOwned::to_owned),
            from,
            compressed: flow.compressed,
            follows: flow.follows(),
            gets_secrets: plan.secrets.go_to(target.argument.is_some(), host, port),
            jar_cookies: self.credentials.cookies(request.url),
            login: login.map(|login| {
                let from = match () {
                    () if flow.has_own_login() => LoginFrom::User,
                    () if is_the_urls(&login) => LoginFrom::Url,
                    () => LoginFrom::Netrc,
                };
                (login, from)
            }),
        })
    }

    /// What is there of a line's file since an earlier run, as a run would go on with it.
    fn part(&self, entry: &Entry, target: &Target, place: Option<&Place>) -> Option<(u64, String)> {
        let (journal, place) = (self.journal.as_ref().filter(|_| self.with_parts)?, place?);
        part_there(self.plan, target, &Part::new(journal, Key::of(entry, Some(place))), place)
    }
}

impl Iterator for Preview<'_> {
    type Item = Result<Planned, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        let stop = self.stop.clone();
        loop {
            match stop.before_start(|| self.list.next().transpose())?.transpose()? {
                Ok(entry) => match self.planned(entry) {
                    Some(planned) => return Some(Ok(planned)),
                    None => continue,
                },
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::list::Input;
    use crate::fetch::names::Template;
    use crate::fetch::plan::{AuthHosts, Bodies, Save, Secrets};
    use crate::green;

    fn list(lines: &'static str) -> List {
        List::new([Input::Reader { name: "l".into(), from: Box::new(lines.as_bytes()) }])
    }

    fn all(plan: &Plan, names: Names, lines: &'static str) -> Vec<Planned> {
        green::run(|| Preview::new(plan, list(lines), names, Stop::new()).map(|planned| planned.unwrap()).collect())
    }

    fn field(first: &First, name: &str) -> Option<String> {
        let found = first.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
    }

    #[test]
    fn each_line_has_its_first_request_or_its_failure() {
        let mut plan = Plan::default();
        plan.request.query = Some("q=1".into());
        let lines =
            "http://a.example/x\nno url\n{\"url\": \"http://me:pw@b.example/\", \"body\": \"abc\", \"timeout\": 2}\n";
        let planned = all(&plan, Names::new(None, Vec::new(), false), lines);
        let [first, bad, third] = &planned[..] else { panic!("{}", planned.len()) };
        let first = first.first.as_ref().ok().unwrap();
        assert_eq!((&*first.method, first.url.as_str()), ("GET", "http://a.example/x?q=1"));
        assert_eq!((first.body_bytes, first.max_time, first.follows), (None, plan.limits.max_time, true));
        assert_eq!(field(first, "host").as_deref(), Some("a.example"));
        assert!(bad.first.as_ref().is_err_and(|failure| failure.message.contains("no url")));
        let third = third.first.as_ref().ok().unwrap();
        assert_eq!((&*third.method, third.body_bytes, third.follows), ("POST", Some(3), false));
        assert_eq!(third.max_time, Some(Duration::from_secs(2)));
        assert_eq!(
            third.login.as_ref().map(|(login, from)| (login.user.as_slice(), *from)),
            Some((&b"me"[..], LoginFrom::Url))
        );
        assert_eq!(field(third, "authorization").as_deref(), Some("Basic bWU6cHc="));
    }

    #[test]
    fn secrets_are_shown_where_they_would_go_and_files_have_their_names() {
        let save = Save { templates: vec!["{name}".into()], ..Save::default() };
        let plan = Plan {
            secrets: Secrets {
                login: Some(("me".into(), "pw".into())),
                hosts: AuthHosts::parse(["a.example"]).unwrap(),
                ..Secrets::default()
            },
            bodies: Bodies::Save(save),
            ..Plan::default()
        };
        let names = Names::new(Some("out".into()), vec![Template::parse("{name}")], false);
        let planned = all(&plan, names, "http://a.example/x\nhttp://b.example/x\n");
        let of = |n: usize| {
            let first = planned[n].first.as_ref().ok().unwrap();
            (first.gets_secrets, field(first, "authorization").is_some(), first.file.clone().unwrap())
        };
        assert_eq!([of(0), of(1)], [(true, true, "out/x".into()), (false, false, "out/x.1".into())]);
        assert!(!planned[0].first.as_ref().ok().unwrap().compressed, "what is saved is not decoded");
    }
}
