//! `--to-curl`: each request as the curl command that makes it, a line each.

use gfetch::fetch::names::Place;
use gfetch::fetch::preview::Planned;

use super::args::Invocation;
use super::preview::Teller;
use super::render::curl;
use super::words;

/// Options that are about the whole run, or that curl has nothing like.
const NOT_CURLS: &[&str] = &[
    "deadline",
    "fail-early",
    "give-up-host",
    "grace",
    "har",
    "jobs",
    "limit-rate-total",
    "manifest",
    "max-failures",
    "per-host",
    "rate",
    "report",
    "resume",
    "retry-after-max",
    "save-failed",
    "serial",
    "skip-existing",
    "summary-json",
    "threads",
    "unordered",
];

/// Writes the commands.
pub struct ToCurl<'a> {
    invocation: &'a Invocation,
    commands: u64,
    /// A secret was left out of one.
    hidden: bool,
    /// A command follows redirects with fields of ours.
    takes_fields_along: bool,
    /// A file would have its answer's status in its name.
    names_by_status: bool,
}

impl<'a> ToCurl<'a> {
    pub fn new(invocation: &'a Invocation) -> ToCurl<'a> {
        ToCurl { invocation, commands: 0, hidden: false, takes_fields_along: false, names_by_status: false }
    }

    fn not_curls(&self) -> Vec<String> {
        let typed = self.invocation.as_typed.options().map(|(opt, _)| opt);
        let mut names: Vec<String> =
            typed.filter(|opt| NOT_CURLS.contains(&opt.long)).map(|opt| opt.spelled()).collect();
        names.dedup();
        if !self.invocation.plan.hosts.is_empty() {
            names.push("per-host and rate of [host]".to_owned());
        }
        names
    }
}

impl Teller for ToCurl<'_> {
    fn begin(&self) -> String {
        String::new()
    }

    fn line(&mut self, out: &mut Vec<u8>, planned: &Planned) {
        self.hidden |= curl::line(out, planned, self.invocation, self.commands == 0);
        if let Ok(first) = &planned.first {
            self.commands += 1;
            self.names_by_status |= matches!(planned.place, Some(Place::ByStatus(_)));
            let has_own = planned.entry.target.as_ref().is_ok_and(|target| !target.headers.is_empty());
            let given = has_own
                || !self.invocation.plan.hosts.is_empty()
                || self.invocation.plan.request.headers.iter().any(|(_, value)| value.is_some());
            self.takes_fields_along |= first.follows && given && !self.invocation.plan.request.location_trusted;
        }
    }

    /// What keeps requests and fields from where they are not meant to go.
    fn warnings(&self) -> String {
        let mut text = String::new();
        let mut say = |what: &str| text.push_str(&words::ours(what));
        if self.invocation.plan.connect.routes.block_private {
            say("curl has nothing like --block-private: these commands connect to private addresses too");
        }
        if self.takes_fields_along {
            say("after a redirect to another origin curl sends the fields of -H there, too");
        }
        text
    }

    fn end(&self) -> String {
        let mut text = String::new();
        let mut say = |what: &str| text.push_str(&words::ours(what));
        let not_curls = self.not_curls();
        if !not_curls.is_empty() {
            say(&format!("curl has no words for {}: each line is one request by itself", not_curls.join(", ")));
        }
        if self.names_by_status {
            say("curl cannot name a file by its answer's status: {status} stays in the name");
        }
        if self.commands > 1 && self.invocation.dump_header.as_ref().is_some_and(|path| path.as_os_str() != "-") {
            say("each command begins the file of -D anew");
        }
        if self.hidden {
            say("secrets are ***: --show-secrets prints them, and each line works as it is");
        }
        text
    }
}
