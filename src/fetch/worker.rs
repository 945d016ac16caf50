//! What becomes of one line: permits, attempts, redirects, the body, retries; exactly one outcome at the end.

pub(super) mod answer;
mod ending;
mod hops;
mod last_text;

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::ahead::Ready;
use super::credentials::Credentials;
use super::details::{Details, Notes};
use super::failure::{cut, over_time, stage};
use super::flow::{Flow, UsualFields};
use super::in_flight::Lane;
use super::journal::Journal;
use super::list::{Entry, Target};
use super::names::HeaderNames;
use super::outcome::{Failure, Kind, Outcome, Stage};
use super::parts::PartFiles;
use super::permits::{Pass, Permits, Refused};
use super::plan::Plan;
use super::retry::{Attempt, Decision, RetryBudget};
use super::session::{Fetched, Job};
use super::sink::{Output, Sink, Turn};
use super::speed::Speeds;
use super::spool::SpoolMemory;
use super::stop::Stop;
use super::summary::Cause;
use super::transfer;
use crate::green;
use crate::http::coding::MemoryBudget;
use crate::http::origin::Origin;
use crate::http::retry::is_transient;
use crate::http::{Client, Trace};
use answer::{To, is_there_already};
use ending::{Ending, panicked};
pub(super) use last_text::LastText;

/// What all lines of a run share.
pub(super) struct Worker {
    pub plan: Rc<Plan>,
    pub client: Client,
    /// The same without the client's certificate.
    pub anonymous: Client,
    pub permits: Permits,
    pub stop: Stop,
    /// What most requests' fields are.
    pub usual: UsualFields,
    /// Cookies, and who wants which authentication.
    pub credentials: Credentials,
    pub budget: MemoryBudget,
    pub speeds: Speeds,
    pub output: Option<Output>,
    pub turn: Turn,
    pub spools: SpoolMemory,
    /// Waits before starts, for the summary.
    pub waits: RefCell<Vec<(Cause, Duration)>>,
    /// Files under way.
    pub parts: PartFiles,
    /// Lines that have failed so far.
    pub failures: Cell<u64>,
    /// Names that servers chose for files.
    pub header_names: RefCell<HeaderNames>,
    /// The content type of most answers.
    pub types: LastText,
    /// Lines that have been read and not started. What is unread of the list counts as one.
    pub to_start: Cell<u64>,
    /// Where what is in flight is noted, if the run is watched.
    pub lane: Option<Arc<Lane>>,
    /// Told of each line that starts.
    pub on_start: OnceCell<StartHook>,
    /// The run's record, where it has one.
    pub journal: OnceCell<Journal>,
    /// A file found no room.
    pub disk_is_full: Cell<bool>,
}

pub(super) type StartHook = Box<dyn Fn(&Entry)>;

/// What an attempt leaves beside the record.
#[derive(Default)]
struct Ended {
    /// Where its body went; finished only once no other attempt is made.
    sink: Option<Sink>,
    sent: bool,
    /// It ended with a connect that was refused.
    refused: bool,
    /// What the last answer asked for, and who gave it.
    retry_after: Option<(Duration, Origin)>,
    /// What the plan asks for beyond the record.
    notes: Option<Box<Notes>>,
    /// The entity tag to be saved: that of the last answer that had a body.
    etag: Option<String>,
    /// What was asked for last, also by an attempt before this.
    asked: Option<Asked>,
}

enum Asked {
    /// The line's own URL.
    Target,
    /// Where a redirect led.
    Elsewhere(String),
}

impl Worker {
    /// Fetches one line. Never fails: what goes wrong is in the outcome.
    pub fn fetch(&self, job: Job) -> Box<Fetched> {
        let outcome = job.record(&self.plan);
        let mut fetched = Box::new(Fetched {
            outcome,
            body: None,
            line: None,
            exchanges: Vec::new(),
            turn: job.turn,
            ticket: None,
            details: None,
        });
        if self.plan.keeps_details() {
            fetched.details = Some(Box::default());
        }
        let mut asked = None;
        let there = is_there_already(&self.plan, job.place.as_ref());
        match &job.entry.target {
            Ok(_) if there.is_some() => fetched.outcome.file = there,
            Ok(target) => {
                let ended = self.fetch_target(&job, target, &mut fetched.outcome, fetched.details.as_deref_mut());
                let finished = self.finish(ended.sink, &mut fetched.outcome);
                self.save_etag(ended.etag, &mut fetched.outcome);
                fetched.outcome.file = finished.file;
                fetched.body = finished.body;
                if let (Some(details), Some(notes)) = (&mut fetched.details, ended.notes) {
                    fetched.exchanges = details.take_last(*notes);
                }
                asked = ended.asked;
            }
            Err(failure) => fetched.outcome.error = Some(failure.clone()),
        }
        if fetched.outcome.attempts == 0 {
            self.one_less_to_start();
        }
        if !fetched.outcome.ok() {
            self.note_failure();
        }
        if let Some(lane) = &self.lane {
            lane.ended(fetched.outcome.ok());
        }
        // Moved, not copied: there is one of each for every line.
        let entry = job.entry;
        (fetched.outcome.source, fetched.outcome.url, fetched.line) = (entry.source, entry.text, entry.line);
        fetched.outcome.final_url = match asked {
            Some(Asked::Target) => match entry.target {
                Ok(Target { url, .. }) => Some(url.into()),
                Err(_) => None,
            },
            Some(Asked::Elsewhere(url)) => Some(url),
            None => None,
        };
        fetched.ticket = job.ticket;
        if let (Some(journal), Some(_)) = (self.journal.get(), &fetched.ticket) {
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
            self.client.expect_more(false);
        }
    }

    /// Counted where it happens: in input order its record may have to wait for long.
    fn note_failure(&self) {
        self.failures.set(self.failures.get() + 1);
        if self.plan.max_failures.is_some_and(|most| self.failures.get() > most) && !self.stop.is_requested() {
            self.stop.request(self.plan.grace.interrupt);
        }
    }

    fn fetch_target(
        &self,
        job: &Job,
        target: &Target,
        record: &mut Outcome,
        mut details: Option<&mut Details>,
    ) -> Ended {
        let Some(origin) = Origin::of(&target.url) else {
            record.error = Some(Failure::new(Kind::Url, Stage::Input, "not an http or https URL"));
            return Ended::default();
        };
        let mut first_start = None;
        let mut last = Ended::default();
        loop {
            let started = match first_start {
                None => self.start(&origin, &job.ready, true),
                Some(first) => self.start_again(&origin, &job.ready, first),
            };
            let pass = match started {
                Ok(pass) => pass,
                // A retry that may not start any more leaves the last attempt as it is.
                Err(_) if first_start.is_some() => return last,
                Err(refused) => {
                    record.error = Some(self.never_started(&refused, target));
                    record.timings.queue = green::now().saturating_duration_since(job.read_at);
                    return last;
                }
            };
            if let (None, Some(tell)) = (first_start, self.on_start.get()) {
                tell(&job.entry);
            }
            let now = green::now();
            let first = *first_start.get_or_insert_with(|| {
                record.started = Some(SystemTime::now());
                record.timings.queue = now.saturating_duration_since(job.read_at);
                now
            });
            record.timings.retries = now.saturating_duration_since(first);
            // Its file or its memory first: the next attempt has its own.
            let Ended { asked, etag, notes, .. } = std::mem::take(&mut last);
            if let (Some(details), true) = (&mut details, self.plan.keep_attempts) {
                details.take_earlier(record, notes);
            }
            last = self.attempt(job, target, pass, etag, record);
            last.asked = last.asked.or(asked);
            if !self.wait_to_try_again(&origin, record, &last, first) {
                return last;
            }
        }
    }

    /// Waits for the right to start.
    fn start(&self, origin: &Origin, ready: &Ready, is_first: bool) -> Result<Pass, Refused> {
        if self.stop.is_requested() {
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
        let acquired = self.stop.before_start(|| self.permits.acquire(origin, is_first, Some(ready), tell));
        // A permit may be handed over in the very moment of the stop: what has a permit has not begun.
        acquired.filter(|_| !self.stop.is_requested()).unwrap_or(Err(Refused::Interrupted))
    }

    /// The same for a retry, which must begin before `--retry-max-time` is over, whatever holds it up.
    #[inline(never)]
    fn start_again(&self, origin: &Origin, ready: &Ready, first: Instant) -> Result<Pass, Refused> {
        let start = || self.start(origin, ready, false);
        match self.plan.retry.time_left(green::now().saturating_duration_since(first)) {
            Some(left) => green::timeout(left, start).unwrap_or(Err(Refused::Interrupted)),
            None => start(),
        }
    }

    #[inline(never)]
    fn never_started(&self, refused: &Refused, target: &Target) -> Failure {
        match refused {
            Refused::Interrupted => Failure::cancelled(),
            Refused::GivenUp(proxy) => {
                let host = match proxy {
                    Some(proxy) => &format!("the proxy {proxy}"),
                    None => target.url.host_str().unwrap_or_default(),
                };
                let message = format!("{host} was given up after {} connect failures", self.plan.give_up_host);
                Failure::new(Kind::Skipped, Stage::Queue, message)
            }
        }
    }

    /// Judges an attempt that has ended; true once the time for another one has come.
    #[inline(never)]
    fn wait_to_try_again(&self, origin: &Origin, record: &mut Outcome, ended: &Ended, first: Instant) -> bool {
        let policy = &self.plan.retry;
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
            time_left: self.stop.time_left(),
            refused: ended.refused,
            request_sent: ended.sent,
            body_shown: ended.sink.as_ref().is_some_and(Sink::has_shown),
        };
        if let (Some(pause), Some((_, asked_by))) = (policy.hold(&attempt), &ended.retry_after) {
            self.permits.hold(asked_by, pause);
        }
        let decision = policy.decide(&attempt);
        let why_not = match decision {
            Decision::Again(after) if self.pays_for_retry(origin, record) => {
                return matches!(self.stop.before_start(|| green::sleep(after)), Some(Ok(())));
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

    /// One attempt with its own clock. The record is that of this attempt afterwards. A panic is a failure like others:
    /// a line is never lost.
    /// `etag` is what an earlier one had, which this one may go on with.
    fn attempt(&self, job: &Job, target: &Target, pass: Pass, etag: Option<String>, record: &mut Outcome) -> Ended {
        record.reset_for_attempt();
        if record.attempts == 1 {
            self.one_less_to_start();
        }
        let _flight = self.lane.as_ref().map(|lane| lane.begin(&target.url, green::now()));
        let mut trace = Trace::default();
        let mut ended = Ended { notes: Notes::of(&self.plan), ..Ended::default() };
        trace.certificates = self.plan.keep_certificates.then(Default::default);
        let mut sink = self.sink(job);
        let max_time = target.timeout.or(self.plan.limits.max_time);
        let speed = self.speeds.up();
        let mut flow = Flow::new(&self.plan, target, self.answer_timeout(max_time), sink.saves());
        flow.throttle = speed.as_ref().map(|speed| speed as _);
        let (from, known) = match self.continue_at(&mut sink) {
            Ok(found) => found,
            Err(failure) => {
                record.error = Some(failure);
                return ended;
            }
        };
        flow.ask_for(transfer::fields(&self.plan.transfer, from, known.or(etag).as_deref()));
        let to = To { index: job.entry.index, from, sink: &mut sink };
        let run = || self.hops(&mut flow, pass, record, &mut trace, to, &mut ended);
        let done = panic::catch_unwind(AssertUnwindSafe(|| {
            self.stop.while_running(|| match max_time {
                Some(limit) => green::timeout(limit, run).unwrap_or(Err(Ending::OverTime(limit))),
                None => run(),
            })
        }));
        let at = stage(&trace);
        trace.stop();
        record.take_times(&trace);
        if let Some(notes) = &mut ended.notes {
            notes.end(&trace);
        }
        ended.asked = flow.last_asked().map(|url| match url {
            Cow::Borrowed(_) => Asked::Target,
            Cow::Owned(url) => Asked::Elsewhere(url.into()),
        });
        // A hop that led on has been answered, so its server may have acted, whatever became of the last one.
        ended.sent = trace.sent || record.redirects > 0;
        record.error = match done {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(Ending::Failed(failure)))) => Some(failure),
            Ok(Ok(Err(Ending::OverTime(limit)))) => Some(over_time(limit, at)),
            Ok(Err(limit)) => Some(cut(limit, at)),
            Err(kill) if green::is_kill(&*kill) => panic::resume_unwind(kill),
            Err(panic) => Some(panicked(panic, at)),
        };
        self.keep_beginning(&mut sink, record);
        if sink.disk_is_full() {
            self.note_disk_full();
        }
        ended.sink = Some(sink);
        ended
    }
}
