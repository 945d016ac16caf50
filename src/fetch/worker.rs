//! What becomes of one line: permits, attempts, retries; exactly one outcome at the end.

pub(super) mod answer;
mod attempt;
mod ending;
mod gate;
mod hops;
mod last_text;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use super::ahead::Ready;
use super::list::{Entry, Target};
use super::outcome::{Failure, Kind, Outcome, Stage};
use super::permits::{Pass, Permits, Refused};
use super::retry::{Attempt, Decision, RetryBudget};
use super::session::{Fetched, Job};
use super::sink::Output;
use super::summary::Cause;
use super::threads::Crew;
use crate::green;
use crate::http::origin::Origin;
use crate::http::retry::is_transient;
use answer::is_there_already;
use attempt::Asked;
pub(super) use attempt::{Attempter, Common, Ended, Underway};
pub(super) use gate::Gate;
pub(super) use last_text::LastText;

/// What becomes of each line of a run, on the main hub. The attempts are made here, or by a crew on other hubs.
pub(super) struct Worker {
    /// Has the plan, and what ends the run.
    pub attempter: Attempter,
    /// Hubs on other threads, where the plan wants some.
    pub crew: Option<Rc<Crew>>,
    pub permits: Rc<Permits>,
    pub output: Option<Output>,
    /// Waits before starts, for the summary.
    pub waits: RefCell<Vec<(Cause, Duration)>>,
    /// Lines that have failed so far.
    pub failures: Cell<u64>,
    /// Lines that have been read and not started. What is unread of the list counts as one.
    pub to_start: Cell<u64>,
    /// Told of each line that starts.
    pub on_start: OnceCell<StartHook>,
    /// A file found no room.
    pub disk_is_full: Cell<bool>,
}

pub(super) type StartHook = Box<dyn Fn(&Entry)>;

impl Worker {
    /// Fetches one line. Never fails: what goes wrong is in the outcome.
    pub fn fetch(&self, job: Job) -> Box<Fetched> {
        let outcome = job.record(&self.attempter.plan);
        let Job { entry, place, ready, read_at, turn, key } = job;
        let details = self.attempter.plan.keeps_details().then(Box::default);
        let (body, line, exchanges) = (None, None, Vec::new());
        let fetched = Box::new(Fetched { outcome, body, line, exchanges, turn, key, details });
        let origin = match &entry.target {
            Ok(target) => Origin::of(&target.url).ok_or_else(no_origin),
            Err(failure) => Err(failure.clone()),
        };
        let there = is_there_already(&self.attempter.plan, place.as_ref());
        let mut line = Underway { entry, place, fetched };
        let mut asked = None;
        match (origin, there) {
            (Ok(_), Some((file, bytes))) => {
                (line.fetched.outcome.file, line.fetched.outcome.file_bytes) = (Some(file), Some(bytes));
            }
            (Ok(origin), None) => {
                let ended;
                (line, ended) = self.fetch_from(&origin, line, &ready, read_at);
                let record = &mut line.fetched.outcome;
                let finished = self.finish(ended.landed, record);
                self.attempter.save_etag(ended.etag, record);
                (record.file, record.file_bytes) = (finished.file, finished.file_bytes);
                line.fetched.body = finished.body;
                let fetched = &mut line.fetched;
                if let (Some(details), Some(notes)) = (&mut fetched.details, ended.notes) {
                    fetched.exchanges = details.take_last(*notes);
                }
                asked = ended.asked;
            }
            (Err(failure), _) => line.fetched.outcome.error = Some(failure),
        }
        let Underway { entry, mut fetched, .. } = line;
        if fetched.outcome.attempts == 0 {
            self.one_less_to_start();
        }
        if !fetched.outcome.ok() {
            self.note_failure();
        }
        if let Some(lane) = &self.attempter.lane {
            lane.ended(fetched.outcome.ok());
        }
        // Moved, not copied: there is one of each for every line.
        (fetched.outcome.source, fetched.outcome.url, fetched.line) = (entry.source, entry.text, entry.line);
        fetched.outcome.final_url = match asked {
            Some(Asked::Target) => match entry.target {
                Ok(Target { url, .. }) => Some(url.into()),
                Err(_) => None,
            },
            Some(Asked::Elsewhere(url)) => Some(url),
            None => None,
        };
        if let (Some(journal), Some(_)) = (self.attempter.journal.get(), &fetched.key) {
            journal.note_file(&mut fetched);
        }
        fetched
    }

    /// A line has been read, which is going to start (or to fail before).
    pub fn line_to_start(&self) {
        self.to_start.set(self.to_start.get() + 1);
    }

    /// One of those [`to_start`](Worker::to_start) less: a line has started (or failed before), or the list has ended. To
    /// be said once for each.
    pub fn one_less_to_start(&self) {
        self.to_start.set(self.to_start.get() - 1);
        if self.to_start.get() == 0 {
            self.attempter.client.expect_more(false);
            self.crew.iter().for_each(|crew| crew.expect_no_more());
        }
    }

    /// Counted where it happens: in input order its record may have to wait for long.
    fn note_failure(&self) {
        self.failures.set(self.failures.get() + 1);
        if self.attempter.plan.max_failures.is_some_and(|most| self.failures.get() > most)
            && !self.attempter.stop.is_requested()
        {
            self.attempter.stop.request(self.attempter.plan.grace.interrupt);
        }
    }

    fn fetch_from(&self, origin: &Origin, mut line: Underway, ready: &Ready, read_at: Instant) -> (Underway, Ended) {
        let mut first_start = None;
        let mut last = Ended::default();
        loop {
            let started = match first_start {
                None => self.start(origin, ready, true),
                Some(first) => self.start_again(origin, ready, first),
            };
            let pass = match started {
                Ok(pass) => pass,
                // A retry that may not start any more leaves the last attempt as it is.
                Err(_) if first_start.is_some() => return (line, last),
                Err(refused) => {
                    let record = &mut line.fetched.outcome;
                    record.error = Some(self.never_started(&refused, origin));
                    record.timings.queue = green::now().saturating_duration_since(read_at);
                    return (line, last);
                }
            };
            if let (None, Some(tell)) = (first_start, self.on_start.get()) {
                tell(&line.entry);
            }
            let record = &mut line.fetched.outcome;
            let now = green::now();
            let first = *first_start.get_or_insert_with(|| {
                record.started = Some(SystemTime::now());
                record.timings.queue = now.saturating_duration_since(read_at);
                now
            });
            record.timings.retries = now.saturating_duration_since(first);
            // Its file or its memory first: the next attempt has its own.
            let Ended { asked, etag, notes, .. } = std::mem::take(&mut last);
            if let (Some(details), true) = (&mut line.fetched.details, self.attempter.plan.keep_attempts) {
                details.take_earlier(&line.fetched.outcome, notes);
            }
            (line, last) = self.attempt(line, pass, etag);
            last.asked = last.asked.or(asked);
            if last.landed.disk_is_full() {
                self.note_disk_full();
            }
            if !self.wait_to_try_again(origin, &mut line.fetched.outcome, &last, first) {
                return (line, last);
            }
        }
    }

    /// One attempt, here or on another hub.
    fn attempt(&self, mut line: Underway, pass: Pass, etag: Option<String>) -> (Underway, Ended) {
        let record = &mut line.fetched.outcome;
        record.reset_for_attempt();
        if record.attempts == 1 {
            self.one_less_to_start();
        }
        match &self.crew {
            None => {
                let ended = self.attempter.attempt(&mut line, self.gate(pass), etag);
                (line, ended)
            }
            Some(crew) => self.attempt_by(crew, line, pass, etag),
        }
    }

    /// The same where there are several hubs. Apart, so that a line that waits on the only one has nothing of it on its stack.
    #[inline(never)]
    fn attempt_by(&self, crew: &Crew, mut line: Underway, pass: Pass, etag: Option<String>) -> (Underway, Ended) {
        match crew.choose(&pass) {
            Some(hub) => crew.attempt(hub, line, pass, etag),
            None => crew.attempt_here(pass, |pass| {
                let ended = self.attempter.attempt(&mut line, self.gate(pass), etag);
                (line, ended)
            }),
        }
    }

    fn gate(&self, pass: Pass) -> Gate<'_> {
        Gate::Here { permits: &self.permits, output: self.output.as_ref(), pass }
    }

    /// Waits for the right to start.
    fn start(&self, origin: &Origin, ready: &Ready, is_first: bool) -> Result<Pass, Refused> {
        if self.attempter.stop.is_requested() {
            return Err(Refused::Interrupted);
        }
        if let Some(pass) = self.permits.try_acquire(origin) {
            ready.counts_no_more();
            return Ok(pass);
        }
        let tell = |waited| {
            if is_first {
                self.waits.borrow_mut().push(waited);
            }
        };
        // A line that has been tried is not skipped: its host's other lines are.
        let acquired = self.attempter.stop.before_start(|| self.permits.acquire(origin, is_first, Some(ready), tell));
        // A permit may be handed over in the very moment of the stop: what has a permit has not begun.
        acquired.filter(|_| !self.attempter.stop.is_requested()).unwrap_or(Err(Refused::Interrupted))
    }

    /// The same for a retry, which must begin before `--retry-max-time` is over, whatever holds it up.
    #[inline(never)]
    fn start_again(&self, origin: &Origin, ready: &Ready, first: Instant) -> Result<Pass, Refused> {
        let start = || self.start(origin, ready, false);
        match self.attempter.plan.retry.time_left(green::now().saturating_duration_since(first)) {
            Some(left) => green::timeout(left, start).unwrap_or(Err(Refused::Interrupted)),
            None => start(),
        }
    }

    #[inline(never)]
    fn never_started(&self, refused: &Refused, origin: &Origin) -> Failure {
        match refused {
            Refused::Interrupted => Failure::cancelled(),
            Refused::GivenUp(proxy) => {
                let host = match proxy {
                    Some(proxy) => &format!("the proxy {proxy}"),
                    None => &origin.host.to_string(),
                };
                let message =
                    format!("{host} was given up after {} connect failures", self.attempter.plan.give_up_host);
                Failure::new(Kind::Skipped, Stage::Queue, message)
            }
        }
    }

    /// Judges an attempt that has ended; true once the time for another one has come.
    #[inline(never)]
    fn wait_to_try_again(&self, origin: &Origin, record: &mut Outcome, ended: &Ended, first: Instant) -> bool {
        let policy = self.attempter.plan.retry(origin);
        if policy.retries == 0 {
            return false;
        }
        let attempt = Attempt {
            method: &record.method,
            failure: record.error.as_ref(),
            status: record.status,
            retry_after: ended.retry_after.as_ref().map(|(wait, _)| *wait),
            attempts_made: record.attempts,
            since_first: green::now().saturating_duration_since(first),
            time_left: self.attempter.stop.time_left(),
            refused: ended.refused,
            request_sent: ended.sent,
            body_shown: ended.landed.has_shown(),
        };
        if let (Some(pause), Some((_, asked_by))) = (policy.hold(&attempt), &ended.retry_after) {
            self.permits.hold(asked_by, pause);
        }
        let decision = policy.decide(&attempt);
        let why_not = match decision {
            Decision::Again(after) if self.pays_for_retry(origin, record) => {
                return matches!(self.attempter.stop.before_start(|| green::sleep(after)), Some(Ok(())));
            }
            Decision::Again(_) => "not tried again: its origin's lines have used up their retries".to_owned(),
            Decision::StopRetryAfterTooLong(wait) => format!("it asks to wait {} s: --retry-after-max", wait.as_secs()),
            Decision::Stop => {
                self.earn_retry(origin, record);
                return false;
            }
        };
        if let Some(failure) = &mut record.error {
            failure.message = format!("{} ({why_not})", failure.message);
        }
        false
    }

    fn pays_for_retry(&self, origin: &Origin, record: &Outcome) -> bool {
        self.permits.with_retries(origin, |budget| {
            if record.attempts == 1 {
                budget.count_line();
            }
            budget.take(green::now())
        })
    }

    /// A line that was answered, whatever with, shows that its origin lives.
    fn earn_retry(&self, origin: &Origin, record: &Outcome) {
        if record.status.is_some_and(|status| !is_transient(status)) {
            self.permits.with_retries(origin, RetryBudget::earn);
        }
    }
}

#[inline(never)]
fn no_origin() -> Failure {
    Failure::new(Kind::Url, Stage::Input, "not an http or https URL")
}
