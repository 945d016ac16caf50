//! What a hub did, event by event, with the hub's time: the same seed on a virtual clock gives the same trace.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use crate::green::hub::Hub;
use crate::green::inspect::dump::Wait;

/// One thing that happened to a greenlet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEvent {
    /// The hub's time since its first event, as the hub last read its clock (a real clock is up to 5 ms further).
    pub at: Duration,
    /// The greenlet's id.
    pub task: u64,
    /// What happened to it.
    pub what: Happened,
}

/// What happened to a greenlet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happened {
    /// It was spawned, by this greenlet.
    Spawned {
        /// Who spawned it; `None` for the main greenlet and for what other threads spawn.
        by: Option<u64>,
    },
    /// The hub switched to it.
    Runs,
    /// It let the others run, and is ready.
    Yields,
    /// It parked.
    Waits(Wait),
    /// Its wait was ended.
    Woken(WokenBy),
    /// Its end was asked for, by this greenlet.
    Killed {
        /// Who asked; `None` for the hub, at the end of a run.
        by: Option<u64>,
    },
    /// It ended: returned, panicked or was killed.
    Ended,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WokenBy {
    /// Happened another greenlet did.
    Greenlet(u64),
    /// A descriptor, the end of a greenlet, another thread.
    Outside,
    /// Its own limit or a scope's.
    Timer,
    /// A kill.
    Kill,
    /// Nothing was left that could have ended it.
    Deadlock,
}

/// What was recorded, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The last events, as many as [`Config::record`](crate::green::Config::record) keeps.
    pub events: Vec<TraceEvent>,
    /// Older events that were dropped for them.
    pub dropped: u64,
}

/// What was recorded so far; nothing where [`Config::record`](crate::green::Config::record) was not asked for. Never switches.
/// gevent has nothing like it (greenlet's `settrace` is near).
///
/// # Panics
/// Outside [`run`](crate::green::run()).
///
/// ```
/// use gfetch::green::{self, ClockKind, Config};
/// use std::time::Duration;
/// let story = |seed| {
///     Config::new().clock(ClockKind::Virtual).seed(seed).record(10_000).run(|| {
///         let all: Vec<_> = (0..5).map(|n| green::spawn(move || green::sleep(Duration::from_secs(n)))).collect();
///         green::join_all(&all).unwrap();
///         green::trace()
///     })
/// };
/// assert_eq!(story(7), story(7));
/// assert_ne!(story(7), story(8));
/// ```
#[track_caller]
pub fn trace() -> Trace {
    Hub::with(|hub| hub.diagnosis.recorder.as_ref().map(Recorder::trace).unwrap_or_default())
}

/// Keeps the last events.
pub(crate) struct Recorder {
    most: usize,
    start: Cell<Option<Instant>>,
    events: RefCell<VecDeque<TraceEvent>>,
    dropped: Cell<u64>,
}

impl Recorder {
    pub fn new(most: usize) -> Recorder {
        Recorder { most, start: Cell::new(None), events: RefCell::default(), dropped: Cell::new(0) }
    }

    pub fn record(&self, now: Instant, task: u64, what: Happened) {
        let start = self.start.get().unwrap_or(now);
        self.start.set(Some(start));
        let mut events = self.events.borrow_mut();
        if events.len() == self.most {
            events.pop_front();
            self.dropped.set(self.dropped.get() + 1);
        }
        events.push_back(TraceEvent { at: now.saturating_duration_since(start), task, what });
    }

    fn trace(&self) -> Trace {
        Trace { events: self.events.borrow().iter().cloned().collect(), dropped: self.dropped.get() }
    }
}

impl fmt::Display for TraceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12?}  {:>4}  ", self.at, self.task)?;
        let by = |by: Option<u64>| by.map_or_else(String::new, |id| format!(" by {id}"));
        match &self.what {
            Happened::Spawned { by: who } => write!(f, "spawned{}", by(*who)),
            Happened::Runs => f.write_str("runs"),
            Happened::Yields => f.write_str("yields"),
            Happened::Waits(wait) => write!(f, "waits {wait}"),
            Happened::Woken(WokenBy::Greenlet(id)) => write!(f, "woken by {id}"),
            Happened::Woken(WokenBy::Outside) => f.write_str("woken from outside"),
            Happened::Woken(WokenBy::Timer) => f.write_str("woken by a timer"),
            Happened::Woken(WokenBy::Kill) => f.write_str("woken by a kill"),
            Happened::Woken(WokenBy::Deadlock) => f.write_str("woken by a deadlock"),
            Happened::Killed { by: who } => write!(f, "killed{}", by(*who)),
            Happened::Ended => f.write_str("ended"),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped > 0 {
            writeln!(f, "({} older events were dropped)", self.dropped)?;
        }
        self.events.iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}
