//! `gfetch demo`: the tutorials' story of four pages, told three times and then measured, against an embedded server.

mod embedded;

use std::io;

use gfetch::fetch::compare::{Comparing, Listing, Verdict};
use gfetch::fetch::list::{Input, List};
use gfetch::fetch::names::Names;
use gfetch::fetch::outcome::Outcome;
use gfetch::fetch::plan::{Order, Plan};
use gfetch::fetch::{Session, Stop};
use gfetch::green;
use gfetch::http::Client;

use super::args::{self, DemoOptions};
use super::exit::Exit;
use super::render::{self, Show, units::counted};
use super::serve::demo::PAGES;
use super::stream::Stream;
use super::{report, terminal};
use embedded::Embedded;

/// Three pairs of 2.85 s each, so that the whole demo takes about 13 s.
const PAIRS: u32 = 3;

/// Tells the story, with a server that lives as long.
pub fn demo(options: &DemoOptions) -> Exit {
    let told = Embedded::start().and_then(|server| {
        let story = || Story::new(&server).map(|story| story.tell(options.runs.unwrap_or(PAIRS)));
        green::run(story)
    });
    told.unwrap_or_else(|error| {
        super::complain(format!("demo: {error}"));
        Exit::Usage
    })
}

struct Story {
    client: Client,
    stdout: Stream,
}

impl Story {
    fn new(server: &Embedded) -> io::Result<Story> {
        Ok(Story { client: server.client(), stdout: Stream::stdout()? })
    }

    fn tell(&self, pairs: u32) -> Exit {
        self.say("Four pages from a server inside this process, answered after 300, 300, 900 and 450 ms.");
        let serial = Plan { serial: true, ..Plan::default() };
        let unordered = Plan { order: Order::Completion, ..Plan::default() };
        let fine = self.fetch("One after another:", serial)
            && self.fetch("In parallel, told in the list's order (imap):", Plan::default())
            && self.fetch("In parallel, told as they come (imap_unordered):", unordered)
            && self.compare(pairs);
        match (self.stdout.broken(), fine) {
            (Some(broken), _) => broken.told("to standard output"),
            (None, true) => Exit::Ok,
            (None, false) => Exit::SomeFailed,
        }
    }

    /// One run, told line by line; true if all went well.
    fn fetch(&self, title: &str, plan: Plan) -> bool {
        self.say(&format!("\n{title}"));
        self.client.make_cold();
        let session = Session::new(plan, self.client.clone(), None);
        let stdout = self.stdout.clone();
        session.on_start(move |entry| say(&stdout, &format!("GET: {}", entry.text)));
        let started = green::now();
        let mut fine = true;
        for fetched in session.run(list(), Names::new(None, Vec::new(), false)) {
            if self.stdout.broken().is_some() {
                return false;
            }
            match fetched {
                Ok(fetched) => {
                    fine &= fetched.outcome.ok();
                    self.say(&received(&fetched.outcome));
                }
                Err(error) => {
                    fine = false;
                    self.say(&format!("a page was lost: {error}"));
                }
            }
        }
        self.say(&format!("{:.3} s", (green::now() - started).as_secs_f64()));
        fine
    }

    /// The same without the talk, measured; true if it could be.
    fn compare(&self, pairs: u32) -> bool {
        self.say(&format!("\nMeasured, without the talk, {} of runs:", counted(pairs.into(), "pair")));
        let (plan, stop) = (Plan::default(), Stop::new());
        let Ok(listing) = Listing::read(list(), &plan, &stop) else { return false };
        let client = self.client.clone();
        let comparing =
            Comparing { listing, plan, client, stop, pairs: Some(pairs as usize), warm_ups: 1, widths: vec![] };
        let Ok(comparison) = comparing.run(|_| ()) else { return false };
        let mut text = String::new();
        render::compare::text(&mut text, &comparison, &show());
        self.stdout.talk(&text);
        self.stdout.flush();
        matches!(comparison.verdict, Verdict::Measured(_))
    }

    fn say(&self, line: &str) {
        say(&self.stdout, line);
    }
}

/// A line, at once: the story is told while it happens.
fn say(stdout: &Stream, line: &str) {
    stdout.talk(&format!("{line}\n"));
    stdout.flush();
}

/// The tutorials' words.
fn received(outcome: &Outcome) -> String {
    match &outcome.error {
        None => format!("{} bytes received from {}.", outcome.bytes, outcome.url),
        Some(failure) => format!("{}: {}", outcome.url, failure.message),
    }
}

fn list() -> List {
    let urls = PAGES.iter().map(|page| format!("http://{}/", page.host)).collect();
    List::new([Input::Arguments { urls, globs: false }])
}

fn show() -> Show {
    let width = terminal::width(args::Stream::Stdout).unwrap_or(usize::MAX);
    Show { redact: report::redact(false), width, colour: false }
}
