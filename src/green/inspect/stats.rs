//! What a hub has done so far, in numbers, asked for or told at intervals.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::green::hub::Hub;
use crate::green::task::Task;

/// A hub's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// How long the hub has been there, in real time.
    pub up: Duration,
    /// Switches to a greenlet.
    pub switches: u64,
    /// Looks at descriptors and timers.
    pub polls: u64,
    /// Greenlets ever spawned, the main one included.
    pub spawned: u64,
    /// Greenlets alive.
    pub live: usize,
    /// Greenlets alive at once at most.
    pub peak: usize,
    /// Greenlets that could run now.
    pub ready: usize,
    /// Greenlets that a timer is set for; one whose wait has ended by itself may still be counted.
    pub timers: usize,
    /// Stacks made: the most that were in use at once, by size.
    pub stacks_made: usize,
    /// Stacks among them that nobody uses.
    pub stacks_free: usize,
    /// The longest time that greenlets ran without a look at descriptors and timers, in real time: about 5 ms is usual for
    /// busy greenlets, more means that one of them blocked (see [`Monitor`](crate::green::Monitor)). Noted at a poll, so that the
    /// present stretch is not in it.
    pub longest_without_poll: Duration,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "up {:?}, switches {}, polls {}, spawned {}, live {} (peak {}), ready {}, timers {}, stacks {} ({} free), \
             longest without poll {:?}",
            self.up,
            self.switches,
            self.polls,
            self.spawned,
            self.live,
            self.peak,
            self.ready,
            self.timers,
            self.stacks_made,
            self.stacks_free,
            self.longest_without_poll
        )
    }
}

/// This hub's numbers now. Never switches.
///
/// # Panics
/// Outside [`run`](crate::green::run()).
///
/// ```
/// use gfetch::green;
/// green::run(|| {
///     let before = green::stats();
///     green::spawn(|| ()).join().unwrap();
///     let after = green::stats();
///     assert_eq!((before.spawned, after.spawned), (1, 2));
///     assert!(after.switches > before.switches);
/// });
/// ```
#[track_caller]
pub fn stats() -> Stats {
    Hub::with(Hub::stats)
}

/// Has `tell` called with the hub's numbers every `period` (at least a millisecond) until what this returns is dropped.
/// It is called by the hub itself, between greenlets: it must not wait (that panics; a panic in it is swallowed). It keeps
/// no run alive and hides no deadlock, and a virtual clock runs on for it only where a greenlet's timer runs too. One that
/// comes late, because a greenlet blocked, comes once. gevent: the monitor thread's functions.
///
/// # Panics
/// Outside [`run`](crate::green::run()).
#[track_caller]
pub fn stats_every(period: Duration, tell: impl Fn(&Stats) + 'static) -> StatsEvery {
    let period = period.max(Duration::from_millis(1));
    Hub::with(|hub| {
        let report = Rc::new(Report { period, stopped: Cell::new(false), tell: Box::new(tell) });
        if let Some(at) = hub.clock.after(period) {
            hub.diagnosis.reports.add(at, report.clone());
        }
        StatsEvery(report)
    })
}

/// Ends what [`stats_every`] began, when it is dropped.
#[must_use = "dropped at once, it tells nothing"]
pub struct StatsEvery(Rc<Report>);

impl Drop for StatsEvery {
    fn drop(&mut self) {
        self.0.stopped.set(true);
    }
}

struct Report {
    period: Duration,
    stopped: Cell<bool>,
    tell: Box<dyn Fn(&Stats)>,
}

/// The reports of one hub, with the moment of each.
#[derive(Default)]
pub(crate) struct Reports {
    next: Cell<Option<Instant>>,
    all: RefCell<Vec<(Instant, Rc<Report>)>>,
}

impl Reports {
    /// When the next one is due.
    #[inline]
    pub fn next(&self) -> Option<Instant> {
        self.next.get()
    }

    fn add(&self, at: Instant, report: Rc<Report>) {
        self.all.borrow_mut().push((at, report));
        self.find_next();
    }

    fn find_next(&self) {
        self.next.set(self.all.borrow().iter().map(|(at, _)| *at).min());
    }

    /// Tells what is due.
    #[cold]
    pub fn tell(&self, hub: &Hub) {
        let now = hub.clock.last();
        self.all.borrow_mut().retain(|(_, report)| !report.stopped.get());
        let mut due = Vec::new();
        for (at, report) in self.all.borrow_mut().iter_mut().filter(|(at, _)| *at <= now) {
            *at = now.checked_add(report.period).unwrap_or(now);
            due.push(report.clone());
        }
        self.find_next();
        let stats = hub.stats();
        due.iter().for_each(|report| Task::swallow(|| (report.tell)(&stats)));
    }
}
