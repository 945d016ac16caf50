//! What becomes of one line: permits, attempts, redirects, the body, retries; exactly one outcome at the end.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use super::failure::{cut, of_exchange, of_redirect, over_time, stage};
use super::flow::Flow;
use super::list::{Entry, Target};
use super::outcome::{Failure, Kind, Outcome, Stage};
use super::permits::{Pass, Permits};
use super::plan::{Bodies, Plan, Stall};
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
use crate::http::{Client, Phase, Request, Response, Trace};

/// A redirect's body is read away up to this, so that its connection can be used again; a longer one costs the connection.
const MAX_DRAINED_BYTES: u64 = 64 * 1024;
/// The same for one that takes longer: about what a new connection costs far away.
const MAX_DRAIN_TIME: Duration = Duration::from_millis(500);

/// What all lines of a run share.
pub(super) struct Worker {
    pub plan: Rc<Plan>,
    pub client: Client,
    pub permits: Permits,
    pub stop: Stop,
    pub budget: MemoryBudget,
    pub output: Option<Output>,
    pub turn: Turn,
    pub spools: SpoolMemory,
    /// Waits before starts, for the summary.
    pub waits: RefCell<Vec<(Cause, Duration)>>,
    /// Told of each line that starts.
    pub on_start: OnceCell<StartHook>,
}

pub(super) type StartHook = Box<dyn Fn(&Entry)>;

/// What an attempt leaves beside the record.
#[derive(Default)]
struct Ended {
    finished: Finished,
    shown: bool,
    sent: bool,
    retry_after: Option<Duration>,
    exchanges: Vec<Exchange>,
}

impl Worker {
    /// Fetches one line. Never fails: what goes wrong is in the outcome.
    pub fn fetch(&self, job: Box<Job>) -> Box<Fetched> {
        let outcome = job.record(&self.plan);
        let mut fetched =
            Box::new(Fetched { outcome, body: None, line: job.entry.line.clone(), exchanges: Vec::new() });
        match &job.entry.target {
            Ok(target) => {
                let ended = self.fetch_target(&job, target, &mut fetched.outcome);
                fetched.outcome.file = ended.finished.file;
                (fetched.body, fetched.exchanges) = (ended.finished.body, ended.exchanges);
            }
            Err(failure) => fetched.outcome.error = Some(failure.clone()),
        }
        fetched
    }

    fn fetch_target(&self, job: &Job, target: &Target, record: &mut Outcome) -> Ended {
        let Some(origin) = Origin::of(&target.url) else {
            record.error = Some(Failure::new(Kind::Url, Stage::Input, "not an http or https URL"));
            return Ended::default();
        };
        let mut first_start = None;
        loop {
            let pass = match self.start(&origin, job, first_start.is_none()) {
                Ok(pass) => pass,
                // A retry that may not start any more leaves the last attempt's failure as it is.
                Err(_) if first_start.is_some() => return Ended::default(),
                Err(failure) => {
                    record.error = Some(failure);
                    record.timings.queue = green::now().saturating_duration_since(job.read_at);
                    return Ended::default();
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
            let ended = self.attempt(job, target, pass, record);
            if !self.wait_to_try_again(&origin, target, record, &ended, first) {
                return ended;
            }
        }
    }

    /// Waits for the right to start; the error is the outcome of a line that never does.
    fn start(&self, origin: &Origin, job: &Job, is_first: bool) -> Result<Pass, Failure> {
        let tell = |waited: (Cause, Duration)| {
            if is_first && !waited.1.is_zero() {
                self.waits.borrow_mut().push(waited);
            }
        };
        let pass = match self.stop.before_start(|| self.permits.acquire(origin, Some(&job.ready), tell)) {
            Some(Ok(pass)) => pass,
            Some(Err(_)) | None => return Err(Failure::cancelled()),
        };
        if is_first && self.permits.is_given_up(origin) {
            let message = format!("{} was given up after {} connect failures", host_of(job), self.plan.give_up_host);
            return Err(Failure::new(Kind::Skipped, Stage::Queue, message));
        }
        Ok(pass)
    }

    /// Judges an attempt that has ended; true once the time for another one has come.
    fn wait_to_try_again(
        &self,
        origin: &Origin,
        target: &Target,
        record: &mut Outcome,
        ended: &Ended,
        first: Instant,
    ) -> bool {
        let method = record.method.clone();
        let attempt = Attempt {
            method: &method,
            failure: record.error.as_ref(),
            status: record.status,
            retry_after: ended.retry_after,
            attempts_made: record.attempts,
            since_first: green::now().saturating_duration_since(first),
            request_sent: ended.sent,
            body_shown: ended.shown,
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
                if let Some(pause) = hold_origin {
                    let origin = Origin::of(&target.url).unwrap_or_else(|| origin.clone());
                    self.permits.hold(&origin, pause);
                }
                matches!(self.stop.before_start(|| green::sleep(after)), Some(Ok(())))
            }
        }
    }

    /// One attempt with its own clock. The record is that of this attempt afterwards.
    fn attempt(&self, job: &Job, target: &Target, pass: Pass, record: &mut Outcome) -> Ended {
        record.reset_for_attempt();
        let mut trace = Trace::default();
        let mut ended = Ended::default();
        let mut sink = self.sink(job);
        let max_time = target.timeout.or(self.plan.limits.max_time);
        let run = || self.hops(target, pass, record, &mut trace, &mut sink, &mut ended);
        let done = self.stop.while_running(|| match max_time {
            Some(limit) => green::timeout(limit, run).unwrap_or(Err(Ending::OverTime(limit))),
            None => run(),
        });
        let at = stage(&trace);
        trace.stop();
        record.take_times(&trace);
        ended.sent = trace.sent;
        ended.shown = sink.has_shown();
        record.error = match done {
            Ok(Ok(())) => None,
            Ok(Err(Ending::Failed(failure))) => Some(failure),
            Ok(Err(Ending::OverTime(limit))) => Some(over_time(limit, at)),
            Err(limit) => Some(cut(limit, at)),
        };
        if record.error.is_none() {
            match sink.finish() {
                Ok(finished) => ended.finished = finished,
                Err(error) => record.error = Some(Failure::new(Kind::Write, Stage::Write, error.to_string())),
            }
        }
        ended
    }

    fn sink(&self, job: &Job) -> Sink {
        match (&self.plan.bodies, &self.output, &job.place) {
            (Bodies::Save(save), _, Some(super::names::Place::File(path))) => {
                Sink::save(path.clone(), save.create_dirs)
            }
            (Bodies::Save(_), Some(output), Some(super::names::Place::StandardOutput))
            | (Bodies::Print, Some(output), _) => {
                Sink::print(job.entry.index, self.turn.clone(), output.clone(), self.spools.clone())
            }
            _ => Sink::Count,
        }
    }

    /// Follows redirects to the last answer, and takes its body in.
    fn hops(
        &self,
        target: &Target,
        pass: Pass,
        record: &mut Outcome,
        trace: &mut Trace,
        sink: &mut Sink,
        ended: &mut Ended,
    ) -> Result<(), Ending> {
        let mut flow = Flow::new(&self.plan, target);
        let mut pass = pass;
        loop {
            let response = self.exchange(&flow, record, trace, ended)?;
            let head = response.head();
            ended.retry_after =
                head.fields.first("retry-after").and_then(|value| parse_retry_after(value, SystemTime::now()));
            let Some(next) = self.next_hop(&flow, head, record)? else {
                return self.take_in(response, sink, record, trace);
            };
            drain(response);
            record.redirects += 1;
            let cross_origin = next.cross_origin;
            flow.follow(&self.plan, next);
            if cross_origin {
                pass = self.change_origin(pass, &flow)?;
            } else {
                self.permits.wait_for_rate().map_err(|_| Failure::cancelled())?;
            }
        }
    }

    /// Both permits are given back before the next origin's are waited for: else two full hosts deadlock.
    fn change_origin(&self, pass: Pass, flow: &Flow) -> Result<Pass, Failure> {
        drop(pass);
        let nowhere = || Failure::new(Kind::Redirect, Stage::Receive, "the redirect leads to no host");
        let origin = Origin::of(&flow.url).ok_or_else(nowhere)?;
        self.permits.acquire(&origin, None, |_| ()).map_err(|_| Failure::cancelled())
    }

    fn exchange(
        &self,
        flow: &Flow,
        record: &mut Outcome,
        trace: &mut Trace,
        ended: &mut Ended,
    ) -> Result<Response, Failure> {
        flow.refuse_proxy(&self.plan)?;
        record.final_url = Some(flow.url.to_string());
        let fields =
            flow.fields(&self.plan).map_err(|error| Failure::new(Kind::Url, Stage::Input, error.to_string()))?;
        let request = Request {
            method: flow.method.clone(),
            url: flow.url.clone(),
            fields,
            body: flow.body.clone(),
            answer_timeout: self.answer_timeout(),
        };
        let sent = self.client.send(&request, trace);
        self.note_connect(&request, &sent, trace);
        let response = sent.map_err(|error| of_exchange(error, trace))?;
        if self.plan.keep_exchanges {
            ended.exchanges.push(Exchange::new(&request, response.head()));
        }
        record.take_head(response.head());
        Ok(response)
    }

    /// Without `-m` the first byte is waited for as long as a stalled body would be, or 300 s.
    fn answer_timeout(&self) -> Option<Duration> {
        match self.plan.limits.stall {
            Some(stall) if stall.given => Some(stall.time),
            _ if self.plan.limits.max_time.is_none() => Some(Stall::FIRST_BYTE_AT_MOST),
            _ => None,
        }
    }

    fn note_connect(&self, request: &Request, sent: &Result<Response, crate::http::Error>, trace: &Trace) {
        let Some(origin) = Origin::of(&request.url) else { return };
        match (sent, trace.phase()) {
            (Ok(_), _) => self.permits.note_connect(&origin, false),
            (Err(_), Some(Phase::Dns | Phase::Connect | Phase::Tls)) => self.permits.note_connect(&origin, true),
            (Err(_), _) => {}
        }
    }

    /// The request that a redirect asks for, where it is one and is followed.
    fn next_hop(&self, flow: &Flow, head: &Head, record: &Outcome) -> Result<Option<redirect::Next>, Failure> {
        if !flow.follows(&self.plan) {
            return Ok(None);
        }
        let locations: Vec<&[u8]> = head.fields.all("location").collect();
        let hop = Hop { url: &flow.url, method: &flow.method, status: head.status, locations: &locations };
        let Some(next) = redirect::next(&hop).map_err(of_redirect)? else { return Ok(None) };
        match self.plan.limits.max_redirs {
            Some(most) if record.redirects >= most => {
                let message = format!("more than {most} redirects (--max-redirs)");
                Err(Failure::new(Kind::Redirect, Stage::Receive, message))
            }
            _ => Ok(Some(next)),
        }
    }

    fn take_in(&self, response: Response, sink: &mut Sink, record: &mut Outcome, trace: &Trace) -> Result<(), Ending> {
        let status = response.head().status;
        let reason = response.head().reason.clone();
        let failed = self.plan.fail_on_status && status >= 400;
        // What failed is counted, and goes nowhere.
        let mut nowhere = Sink::Count;
        let sink = if failed { &mut nowhere } else { sink };
        receive::body(&self.plan, &self.budget, response, sink, record, trace)?;
        if failed {
            return Err(Failure::new(Kind::Status, Stage::Receive, reason).into());
        }
        Ok(())
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

/// Reads the body of an answer that is not the last one away, where that saves its connection. What goes wrong costs no
/// more than the connection.
fn drain(mut response: Response) {
    if !response.head().keep_alive {
        return;
    }
    let _ = green::timeout(MAX_DRAIN_TIME, || -> std::io::Result<()> {
        while response.wire_bytes() < MAX_DRAINED_BYTES && response.discard()? > 0 {}
        Ok(())
    });
}

fn host_of(job: &Job) -> String {
    let target = job.entry.target.as_ref().ok();
    target.and_then(|target| target.url.host_str()).unwrap_or_default().to_owned()
}
