//! A run: lines in, outcomes out, serially or in parallel. This is where the list meets the pool.

mod again;
mod lines;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use self::lines::Lines;
use super::ahead::{Ahead, Ready};
use super::credentials::Credentials;
use super::details::Details;
use super::exchange::Exchange;
use super::flow::first_method;
use super::journal::Key;
use super::list::{Entry, List, ListError};
use super::names::{Names, Place};
use super::outcome::{Failure, Kind, Limit, Outcome, Timings};
use super::parts::PartFiles;
use super::permits::Permits;
use super::plan::{Order, Plan};
use super::sink::{Output, Turn};
use super::speed::Speeds;
use super::spool::{Spool, SpoolMemory};
use super::stop::Stop;
use super::summary::Cause;
use super::threads::Crew;
use super::worker::{Attempter, Common, LastText, Worker};
use crate::green::{self, Event, GetError, Interrupt, Pool};
use crate::http::coding::MemoryBudget;
use crate::http::cookies::Jar;
use crate::http::h1::Head;
use crate::http::{Client, Trace};

/// Lines read ahead of the permits: whoever waits for a busy origin must not keep the others from starting. How many of
/// them may wait for a permit alone, [`Ahead`] says.
const LOOK_AHEAD: usize = 1024;
/// Records that are running, or finished and waiting to be taken; then reading pauses.
const MAX_WAITING_RECORDS: u64 = 65_536 + LOOK_AHEAD as u64;
/// Texts of the finished ones among them: a server may send a hundred kilobytes of `Location`, type or reason with each.
const MAX_WAITING_BYTES: usize = 64 << 20;

/// A line on its way to a worker. Its entry is boxed, as its outcome is, because what a greenlet's frames hold by value
/// stays on ten thousand stacks.
pub(super) struct Job {
    pub entry: Box<Entry>,
    pub place: Option<Place>,
    /// Counts until it has started.
    pub ready: Ready,
    /// When the line was read: from here it waits for its start.
    pub read_at: Instant,
    /// Lines that were read before it, and not passed over.
    pub turn: u64,
    /// What the record of the run knows it by, where there is one: boxed, for it waits on every stack.
    pub key: Option<Box<Key>>,
}

/// What a run gives for each line.
pub struct Fetched {
    /// What became of it.
    pub outcome: Outcome,
    /// A body to be printed before anything of a later line, where bodies are printed and it has not been yet.
    pub body: Option<Spool>,
    /// The line as it was read, where that is not the URL's text.
    pub line: Option<Arc<[u8]>>,
    /// Heads of the exchanges of its last attempt, where the plan keeps them.
    pub exchanges: Vec<Exchange>,
    /// Records before it, in input order.
    pub turn: u64,
    /// What the record of the run (`--resume`) knows it by, where it is not in there yet.
    pub key: Option<Box<Key>>,
    /// What else the plan asks for.
    pub details: Option<Box<Details>>,
}

impl Fetched {
    /// The line as it was read, for a list of what failed.
    pub fn line(&self) -> &[u8] {
        self.line.as_deref().unwrap_or(self.outcome.url.as_bytes())
    }

    /// What others have written into it, for [`MAX_WAITING_BYTES`].
    fn text_bytes(&self) -> usize {
        let Outcome { url, final_url, content_type, error, .. } = &self.outcome;
        let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let message = error.as_ref().map_or(0, |error| error.message.len());
        let line = self.line.as_ref().map_or(0, |line| line.len());
        let heads: usize = self.exchanges.iter().map(Exchange::text_bytes).sum();
        let details = self.details.as_ref().map_or(0, |details| details.bytes());
        url.len()
            + of(final_url)
            + content_type.as_ref().map_or(0, |text| text.len())
            + message
            + line
            + heads
            + details
    }
}

/// A run of a plan. Clones are the same run.
///
/// With [`threads`](Plan::threads) above 1 it makes requests on hubs of other threads, too. What it does stays the same: the
/// list is read, permits are given, retries judged and records handed over on the hub that the session is on. All hubs share
/// the plan's limits, cookies and challenges, speed, memory for bodies, and breakers; each has its own connections (as many
/// idle ones as the client's [`PoolLimits`](crate::http::PoolLimits) say), names that it has looked up, and clock. So the
/// session's hub must have the real clock. TLS sessions are shared. Dropping the session ends the threads, and waits for that.
#[derive(Clone)]
pub struct Session {
    worker: Rc<Worker>,
    input: Rc<Input>,
}

/// What the reading of the list leaves.
#[derive(Default)]
struct Input {
    error: RefCell<Option<ListError>>,
    last_source: RefCell<Option<String>>,
    read: Cell<u64>,
    /// Lines that were done before, and are passed over.
    done_before: Cell<u64>,
    ended: Cell<bool>,
    /// A stop has kept a line from starting, or cut one off.
    cut: Cell<bool>,
    /// Records that the caller has taken.
    taken: Cell<u64>,
    /// Of finished records that have not been taken.
    waiting_bytes: Cell<usize>,
    room: Event,
    paused: Cell<Duration>,
    /// The list where it was left before its end.
    unread: RefCell<Option<List>>,
}

impl Input {
    fn is_full(&self) -> bool {
        self.read.get() - self.taken.get() >= MAX_WAITING_RECORDS || self.waiting_bytes.get() >= MAX_WAITING_BYTES
    }

    fn wait_for_room(&self) -> Result<(), Interrupt> {
        let since = green::now();
        while self.is_full() {
            self.room.clear();
            self.room.wait()?;
        }
        self.paused.set(self.paused.get() + green::now().saturating_duration_since(since));
        Ok(())
    }

    fn note_finished(&self, fetched: Box<Fetched>) -> Box<Fetched> {
        let is_cut =
            |why: &Failure| why.kind == Kind::Cancelled || matches!(why.limit, Some(Limit::Grace | Limit::Deadline));
        if fetched.outcome.error.as_ref().is_some_and(is_cut) {
            self.cut.set(true);
        }
        self.waiting_bytes.set(self.waiting_bytes.get() + fetched.text_bytes());
        fetched
    }

    fn note_taken(&self, result: &Result<Box<Fetched>, GetError>) {
        self.taken.set(self.taken.get() + 1);
        let bytes = result.as_ref().map_or(0, |fetched| fetched.text_bytes());
        self.waiting_bytes.set(self.waiting_bytes.get() - bytes);
        if !self.room.is_set() {
            self.room.set();
        }
    }
}

impl Session {
    /// A run of `plan` over `client`'s connections. Printed bodies go to `output`. A certificate of the client's is shown
    /// only if the plan names it ([`TlsPlan::identity`](super::plan::TlsPlan::identity)), and where secrets may go.
    pub fn new(plan: Plan, client: Client, output: Option<Output>) -> Session {
        let stop = Stop::new();
        if let Some(limit) = plan.deadline {
            stop.set_deadline(limit);
        }
        Session::under(stop, plan, client, output)
    }

    /// The same for one of several runs that `stop` ends together; the plan's deadline is left to who made that.
    pub fn under(stop: Stop, mut plan: Plan, client: Client, output: Option<Output>) -> Session {
        client.expect_more(true);
        let common = Common {
            credentials: Arc::new(Credentials::new(plan.cookies.take())),
            budget: MemoryBudget::default(),
            speeds: Speeds::new(&plan.limits),
            turn: Turn::default(),
            spools: SpoolMemory::new(&plan.spool_dir),
            parts: PartFiles::default(),
            header_names: Arc::default(),
            journal: Arc::default(),
            plan: Arc::new(plan),
        };
        let permits = Rc::new(Permits::new(&common.plan));
        let is_many = common.plan.threads > 1 && !common.plan.serial;
        let attempter = Attempter::new(common, client, stop);
        let worker = Worker {
            crew: is_many.then(|| Crew::new(&attempter, permits.clone(), output.clone())),
            attempter,
            permits,
            output,
            failures: Cell::new(0),
            to_start: Cell::new(1),
            waits: RefCell::default(),
            on_start: OnceCell::new(),
            disk_is_full: Cell::new(false),
        };
        Session { worker: Rc::new(worker), input: Rc::default() }
    }

    /// Fetches the lines of `list`, which is read as it is needed. Parallel is the worker mapped over the lines by a pool,
    /// serial the same worker without one. The pool is the look-ahead; permits say who runs.
    pub fn run(&self, list: List, names: Names) -> Box<dyn Iterator<Item = Result<Box<Fetched>, GetError>>> {
        let ahead = Ahead::new(self.worker.attempter.plan.jobs);
        let lines = Lines::of(list, names, ahead, self.clone());
        let worker = self.worker.clone();
        let input = self.input.clone();
        let fetch = move |job| input.note_finished(worker.fetch(job));
        let plan = &self.worker.attempter.plan;
        let input = self.input.clone();
        let taken = move |result: &_| input.note_taken(result);
        if plan.serial {
            return Box::new(lines.map(move |job| Ok(fetch(job))).inspect(taken));
        }
        let pool = Pool::new(plan.jobs.saturating_add(LOOK_AHEAD));
        let results = match plan.order {
            Order::Input => pool.imap(fetch, lines),
            Order::Completion => pool.imap_unordered(fetch, lines),
        };
        Box::new(results.inspect(taken))
    }

    /// How long reading the list has paused, because too many finished records waited to be taken.
    pub fn reading_paused(&self) -> Duration {
        self.input.paused.get()
    }

    /// Calls `hook` for each line when its first request is about to start, permits in hand; a line that never starts is
    /// not told. The request waits for the hook. To be said once, before the run.
    pub fn on_start(&self, hook: impl Fn(&Entry) + 'static) {
        // A second hook is passed over.
        let _ = self.worker.on_start.set(Box::new(hook));
    }

    /// How to stop it.
    pub fn stop(&self) -> &Stop {
        &self.worker.attempter.stop
    }

    /// The files that bodies are being saved to.
    pub fn part_files(&self) -> &PartFiles {
        &self.worker.attempter.parts
    }

    /// The run's cookies as they are now, where the plan has a jar. To be let go of before the run goes on.
    pub fn cookies(&self) -> Option<MutexGuard<'_, Jar>> {
        self.worker.attempter.credentials.jar()
    }

    /// Whose body may be printed as it comes.
    pub fn turn(&self) -> &Turn {
        &self.worker.attempter.turn
    }

    /// Waits before starts since the last call, by cause. They are kept until they are taken: take them at each record.
    pub fn take_waits(&self) -> Vec<(Cause, Duration)> {
        self.worker.waits.take()
    }

    /// Why reading the list broke off, if it did.
    pub fn take_list_error(&self) -> Option<ListError> {
        self.input.error.take()
    }

    /// The last line read, where the run was stopped: before the list's end, or before the end of all that had been read.
    pub fn stopped_after(&self) -> Option<String> {
        let stopped = self.worker.attempter.stop.is_requested() && (!self.input.ended.get() || self.input.cut.get());
        self.input.last_source.borrow().clone().filter(|_| stopped)
    }

    /// The list where a run that has ended left it, before its end: what its [`rest`](List::rest) gives, no record tells of.
    pub fn take_unread(&self) -> Option<List> {
        self.input.unread.take()
    }

    /// Whether the list has been read to its end.
    pub fn list_has_ended(&self) -> bool {
        self.input.ended.get()
    }

    /// Lines read so far.
    pub fn lines_read(&self) -> u64 {
        self.input.read.get() + self.done_before()
    }
}

impl Job {
    /// The record before anything has happened. Source and text stay with the entry until its end: see [`Worker::fetch`].
    pub fn record(&self, plan: &Plan) -> Outcome {
        let target = self.entry.target.as_ref().ok();
        Outcome {
            id: target.and_then(|target| target.id.clone()),
            host: target.map(|target| target.host.clone()),
            ..Outcome::begun(self.entry.index, first_method(plan, target))
        }
    }
}

impl Outcome {
    /// Forgets what an earlier attempt left.
    pub(super) fn reset_for_attempt(&mut self) {
        let timings = Timings { queue: self.timings.queue, retries: self.timings.retries, ..Timings::default() };
        self.attempts += 1;
        (self.status, self.http_version, self.tls, self.remote) = (None, None, None, None);
        (self.content_type, self.content_length) = (None, None);
        (self.bytes, self.wire_bytes, self.redirects, self.reused) = (0, 0, 0, false);
        (self.timings, self.sha256, self.error) = (timings, None, None);
    }

    /// Takes over what an answer's head says.
    pub(super) fn take_head(&mut self, head: &Head, types: &LastText) {
        self.status = Some(head.status);
        self.http_version = Some(head.version.as_str());
        self.content_type = head.fields.first("content-type").map(|value| types.of(value));
        self.content_length = head.content_length();
    }

    /// Takes over where the time went, and to whom.
    pub(super) fn take_times(&mut self, trace: &Trace) {
        let Timings { queue, retries, .. } = self.timings;
        self.timings = Timings { queue, retries, ..Timings::of(trace) };
        (self.reused, self.remote, self.tls) = (trace.reused, trace.remote, trace.tls);
    }
}
