//! What becomes of one line: permits, attempts, redirects, the body, retries; exactly one outcome at the end.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use super::ahead::Ready;
use super::failure::{cut, of_exchange, of_redirect, over_time, stage};
use super::flow::{Flow, UsualFields};
use super::list::{Entry, Target};
use super::names::Place;
use super::outcome::{Failure, Kind, Outcome, Stage};
use super::parts::PartFiles;
use super::permits::{Pass, Permits, Refused};
use super::plan::{Bodies, Order, Plan, Stall};
use super::receive;
use super::retry::{Attempt, Decision, parse_retry_after};
use super::session::{Exchange, Fetched, Job};
use super::sink::{Finished, Output, Sink, Turn};
use super::spool::SpoolMemory;
use super::stop::Stop;
use super::summary::Cause;
use crate::green;
use crate::http::coding::MemoryBudget;
use crate::http::h1::Head;
use crate::http::origin::Origin;
use crate::http::redirect::{self, Hop};
use crate::http::{Client, Phase, Response, Trace};

/// What all lines of a run share.
pub(super) struct Worker {
    pub plan: Rc<Plan>,
    pub client: Client,
    pub permits: Permits,
    pub stop: Stop,
    /// The plan's body, shared by all requests.
    pub body: Option<Rc<[u8]>>,
    /// What most requests' fields are.
    pub usual: UsualFields,
    pub budget: MemoryBudget,
    pub output: Option<Output>,
    pub turn: Turn,
    pub spools: SpoolMemory,
    /// Waits before starts, for the summary.
    pub waits: RefCell<Vec<(Cause, Duration)>>,
    /// Files under way.
    pub parts: PartFiles,
    /// Lines that have failed so far.
    pub failures: Cell<u64>,
    /// Told of each line that starts.
    pub on_start: OnceCell<StartHook>,
}

pub(super) type StartHook = Box<dyn Fn(&Entry)>;

/// What an attempt leaves beside the record.
#[derive(Default)]
struct Ended {
    /// Where its body went; finished only once no other attempt is made.
    sink: Option<Sink>,
    sent: bool,
    /// What the last answer asked for, and who gave it.
    retry_after: Option<(Duration, Origin)>,
    exchanges: Vec<Exchange>,
}

impl Worker {
    /// Fetches one line. Never fails: what goes wrong is in the outcome.
    pub fn fetch(&self, job: Job) -> Box<Fetched> {
        let outcome = job.record(&self.plan);
        let mut fetched =
            Box::new(Fetched { outcome, body: None, line: job.entry.line.clone(), exchanges: Vec::new() });
        match &job.entry.target {
            Ok(target) => {
                let ended = self.fetch_target(&job, target, &mut fetched.outcome);
                let finished = finish(ended.sink, &mut fetched.outcome);
                fetched.outcome.file = finished.file;
                (fetched.body, fetched.exchanges) = (finished.body, ended.exchanges);
            }
            Err(failure) => fetched.outcome.error = Some(failure.clone()),
        }
        if !fetched.outcome.ok() {
            self.note_failure();
        }
        // Moved, not copied: there is one of each for every line.
        (fetched.outcome.source, fetched.outcome.url) = (job.entry.source, job.entry.text);
        fetched
    }

    /// Counted where it happens: in input order its record may have to wait for long.
    fn note_failure(&self) {
        self.failures.set(self.failures.get() + 1);
        if self.plan.max_failures.is_some_and(|most| self.failures.get() > most) && !self.stop.is_requested() {
            self.stop.request(self.plan.grace.interrupt);
        }
    }

    fn fetch_target(&self, job: &Job, target: &Target, record: &mut Outcome) -> Ended {
        let Some(origin) = Origin::of(&target.url) else {
            record.error = Some(Failure::new(Kind::Url, Stage::Input, "not an http or https URL"));
            return Ended::default();
        };
        let mut first_start = None;
        let mut last = Ended::default();
        loop {
            let pass = match self.start(&origin, &job.ready, first_start.is_none()) {
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
            drop(std::mem::take(&mut last));
            last = self.attempt(job, target, pass, record);
            if !self.wait_to_try_again(record, &last, first) {
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

    fn never_started(&self, refused: &Refused, target: &Target) -> Failure {
        match refused {
            Refused::Interrupted => Failure::cancelled(),
            Refused::GivenUp => {
                let host = target.url.host_str().unwrap_or_default();
                let message = format!("{host} was given up after {} connect failures", self.plan.give_up_host);
                Failure::new(Kind::Skipped, Stage::Queue, message)
            }
        }
    }

    /// Judges an attempt that has ended; true once the time for another one has come.
    fn wait_to_try_again(&self, record: &mut Outcome, ended: &Ended, first: Instant) -> bool {
        if self.plan.retry.retries == 0 {
            return false;
        }
        let attempt = Attempt {
            method: &record.method,
            failure: record.error.as_ref(),
            status: record.status,
            retry_after: ended.retry_after.as_ref().map(|(wait, _)| *wait),
            attempts_made: record.attempts,
            since_first: green::now().saturating_duration_since(first),
            request_sent: ended.sent,
            body_shown: ended.sink.as_ref().is_some_and(Sink::has_shown),
        };
        match self.plan.retry.decide(&attempt) {
            Decision::Stop => false,
            Decision::StopRetryAfterTooLong(wait) => {
                if let Some(failure) = &mut record.error {
                    let seconds = wait.as_secs();
                    failure.message = format!("{} (it asks to wait {seconds} s: --retry-after-max)", failure.message);
                }
                false
            }
            Decision::Again { after, hold_origin } => {
                if let (Some(pause), Some((_, origin))) = (hold_origin, &ended.retry_after) {
                    self.permits.hold(origin, pause);
                }
                matches!(self.stop.before_start(|| green::sleep(after)), Some(Ok(())))
            }
        }
    }

    /// One attempt with its own clock. The record is that of this attempt afterwards. A panic is a failure like others:
    /// a line is never lost.
    fn attempt(&self, job: &Job, target: &Target, pass: Pass, record: &mut Outcome) -> Ended {
        record.reset_for_attempt();
        let mut trace = Trace::default();
        let mut ended = Ended::default();
        let mut sink = self.sink(job);
        let max_time = target.timeout.or(self.plan.limits.max_time);
        let mut flow = Flow::new(&self.plan, target, self.body.as_ref(), self.answer_timeout(max_time), sink.saves());
        let run = || self.hops(&mut flow, pass, record, &mut trace, &mut sink, &mut ended);
        let done = panic::catch_unwind(AssertUnwindSafe(|| {
            self.stop.while_running(|| match max_time {
                Some(limit) => green::timeout(limit, run).unwrap_or(Err(Ending::OverTime(limit))),
                None => run(),
            })
        }));
        let at = stage(&trace);
        trace.stop();
        record.take_times(&trace);
        record.final_url = flow.last_asked().or(record.final_url.take());
        // A hop that led on has been answered, so its server may have acted, whatever became of the last one.
        ended.sent = trace.sent || record.redirects > 0;
        record.error = match done {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(Ending::Failed(failure)))) => Some(failure),
            Ok(Ok(Err(Ending::OverTime(limit)))) => Some(over_time(limit, at)),
            Ok(Err(limit)) => Some(cut(limit, at)),
            Err(kill) if green::is_kill(&*kill) => panic::resume_unwind(kill),
            Err(panic) => Some(panicked(&*panic, at)),
        };
        ended.sink = Some(sink);
        ended
    }

    fn sink(&self, job: &Job) -> Sink {
        match (&self.plan.bodies, &self.output, &job.place) {
            (Bodies::Save(save), _, Some(Place::File(path))) => {
                Sink::save(path.clone(), save.create_dirs, self.parts.clone(), self.client.clone())
            }
            // A line's own `output` counts whatever becomes of the others. A comparison fetches it for its time only.
            (_, _, Some(Place::File(path))) if !self.plan.hash_bodies => {
                Sink::save(path.clone(), false, self.parts.clone(), self.client.clone())
            }
            (Bodies::Save(_), Some(output), Some(Place::StandardOutput)) | (Bodies::Print, Some(output), _) => {
                // In the order of completion nobody knows who is next: bodies wait until their records are handed over.
                let has_turns = self.plan.serial || self.plan.order == Order::Input;
                let turn = has_turns.then(|| self.turn.of(job.entry.index));
                Sink::print(turn, output.clone(), self.spools.clone())
            }
            _ => Sink::Count,
        }
    }

    /// Follows redirects to the last answer, and takes its body in.
    fn hops(
        &self,
        flow: &mut Flow,
        mut pass: Pass,
        record: &mut Outcome,
        trace: &mut Trace,
        sink: &mut Sink,
        ended: &mut Ended,
    ) -> Result<(), Ending> {
        loop {
            let response = self.exchange(flow, &pass, record, trace, ended)?;
            let Some(next) = self.next_hop(flow, response.head(), record)? else {
                return self.take_in(response, flow.compressed, sink, record, trace);
            };
            receive::drain(response);
            record.redirects += 1;
            let cross_origin = next.cross_origin;
            flow.follow(&self.plan, next);
            // What follows is waiting to start, and no phase.
            trace.stop();
            if cross_origin {
                pass = self.change_origin(pass, flow)?;
            } else {
                self.permits.wait_for_rate().map_err(|_| Failure::cancelled())?;
            }
        }
    }

    /// Both permits are given back before the next origin's are waited for: else two full hosts deadlock.
    fn change_origin(&self, pass: Pass, flow: &Flow) -> Result<Pass, Failure> {
        drop(pass);
        let nowhere = || Failure::new(Kind::Redirect, Stage::Receive, "the redirect leads to no host");
        let origin = Origin::of(&flow.request.url).ok_or_else(nowhere)?;
        match self.permits.try_acquire(&origin) {
            Some(pass) => Ok(pass),
            None => self.permits.acquire(&origin, false, None, |_| ()).map_err(|_| Failure::cancelled()),
        }
    }

    fn exchange(
        &self,
        flow: &mut Flow,
        pass: &Pass,
        record: &mut Outcome,
        trace: &mut Trace,
        ended: &mut Ended,
    ) -> Result<Response, Failure> {
        flow.refuse_proxy(&self.plan)?;
        flow.asked = true;
        flow.set_fields(&self.usual).map_err(|error| Failure::new(Kind::Url, Stage::Input, error.to_string()))?;
        let sent = self.client.send(&flow.request, trace);
        match (&sent, trace.phase()) {
            (Err(_), None) => {}
            (Err(_), Some(Phase::Dns | Phase::Connect | Phase::Tls)) => self.permits.note_connect(pass, true),
            // Whatever came of it: there was a connection.
            _ => self.permits.note_connect(pass, false),
        }
        let response = sent.map_err(|error| of_exchange(error, trace))?;
        let head = response.head();
        if self.plan.keep_exchanges {
            ended.exchanges.push(Exchange::new(&flow.request, head));
        }
        record.take_head(head);
        ended.retry_after = head
            .fields
            .first("retry-after")
            .and_then(|value| parse_retry_after(value, SystemTime::now()))
            .and_then(|wait| Some((wait, Origin::of(&flow.request.url)?)));
        Ok(response)
    }

    /// Without `-m` the first byte is waited for as long as a stalled body would be, or 300 s.
    fn answer_timeout(&self, max_time: Option<Duration>) -> Option<Duration> {
        match self.plan.limits.stall {
            Some(stall) if stall.given => Some(stall.time),
            _ if max_time.is_none() => Some(Stall::FIRST_BYTE_AT_MOST),
            _ => None,
        }
    }

    /// The request that a redirect asks for, where it is one and is followed.
    fn next_hop(&self, flow: &Flow, head: &Head, record: &Outcome) -> Result<Option<redirect::Next>, Failure> {
        if !flow.follows(&self.plan) {
            return Ok(None);
        }
        let locations: Vec<&[u8]> = head.fields.all("location").collect();
        let hop =
            Hop { url: &flow.request.url, method: &flow.request.method, status: head.status, locations: &locations };
        let Some(next) = redirect::next(&hop).map_err(of_redirect)? else { return Ok(None) };
        match self.plan.limits.max_redirs {
            Some(most) if record.redirects >= most => {
                let message = format!("more than {most} redirects (--max-redirs)");
                Err(Failure::new(Kind::Redirect, Stage::Receive, message))
            }
            _ => Ok(Some(next)),
        }
    }

    fn take_in(
        &self,
        response: Response,
        compressed: bool,
        sink: &mut Sink,
        record: &mut Outcome,
        trace: &Trace,
    ) -> Result<(), Ending> {
        let status = response.head().status;
        if status < 400 || !self.plan.fail_on_status {
            return Ok(receive::body(&self.plan, compressed, &self.budget, response, sink, record, trace)?);
        }
        let reason = match &response.head().reason {
            reason if reason.is_empty() => format!("status {status}"),
            reason => reason.clone(),
        };
        // What failed is counted, and goes nowhere. What else is wrong with it does not make it another failure, and if
        // this attempt's clock runs out, its scope says so whatever is returned here.
        let _ = receive::body(&self.plan, compressed, &self.budget, response, &mut Sink::Count, record, trace);
        Err(Failure::new(Kind::Status, Stage::Receive, reason).into())
    }
}

/// How an attempt ends that does not succeed.
enum Ending {
    Failed(Failure),
    OverTime(Duration),
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Ending {
        Ending::Failed(failure)
    }
}

/// The last attempt's body is whole: a file takes its place, the rest of what is to be printed is handed over.
fn finish(sink: Option<Sink>, record: &mut Outcome) -> Finished {
    let Some(sink) = sink.filter(|_| record.error.is_none()) else { return Finished::default() };
    sink.finish().unwrap_or_else(|error| {
        record.error = Some(Failure::new(Kind::Write, Stage::Write, error.to_string()));
        Finished::default()
    })
}

fn panicked(payload: &(dyn Any + Send), at: Stage) -> Failure {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    Failure::new(Kind::Internal, at, format!("a bug in gfetch: {text}"))
}
