//! Owns the end of a run before its time: no start and no retry any more, and a while later no waiting either.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::outcome::Limit;
use crate::green::{self, Alarm};

/// How a run is stopped. Clones are the same run's.
///
/// ```text
///   running ──request(grace)──► nothing starts; what runs has `grace` ──► what still runs is cut
///      └──────deadline(d)─────────────────── after d: both at once ──────────────┘
/// ```
#[derive(Clone, Default)]
pub struct Stop {
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    requested: Cell<bool>,
    /// What will cut running attempts, and when: the earlier of the deadline and the end of the grace.
    cut: Cell<Option<(Instant, Limit)>>,
    /// Around every wait before a start: reading the list, permits, back-off.
    starting: Alarm,
    /// Around every attempt.
    running: Alarm,
    /// Told of each end that is set for what runs.
    on_cut: RefCell<Vec<Box<OnCut>>>,
}

type OnCut = dyn Fn(Duration, Limit);

impl Stop {
    /// A run that goes on.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Lets nothing start any more; what runs may go on for `grace`.
    pub fn request(&self, grace: Duration) {
        self.shared.requested.set(true);
        self.shared.starting.set(Duration::ZERO);
        self.cut_after(grace, Limit::Grace);
    }

    /// Ends the whole run after `limit`.
    pub fn set_deadline(&self, limit: Duration) {
        self.shared.starting.set(limit);
        self.cut_after(limit, Limit::Deadline);
    }

    /// Cuts what runs after `time`, because of `limit`.
    pub(super) fn cut_after(&self, time: Duration, limit: Limit) {
        self.shared.on_cut.borrow().iter().for_each(|tell| tell(time, limit));
        self.shared.running.set(time);
        let Some(when) = green::now().checked_add(time) else { return };
        if self.shared.cut.get().is_none_or(|(earlier, _)| when < earlier) {
            self.shared.cut.set(Some((when, limit)));
        }
    }

    /// What is left until its end, where that is known.
    pub fn time_left(&self) -> Option<Duration> {
        self.cut().map(|(left, _)| left)
    }

    /// The same with what ends it.
    pub(super) fn cut(&self) -> Option<(Duration, Limit)> {
        self.shared.cut.get().map(|(when, limit)| (when.saturating_duration_since(green::now()), limit))
    }

    /// Calls `tell` whenever an end is set for what runs, so that other hubs can hear of it.
    pub(super) fn on_cut(&self, tell: impl Fn(Duration, Limit) + 'static) {
        self.shared.on_cut.borrow_mut().push(Box::new(tell));
    }

    /// Whether nothing may start any more.
    pub fn is_requested(&self) -> bool {
        self.shared.requested.get() || self.shared.starting.has_rung()
    }

    /// Runs a wait before a start; `None` if the run is stopped first.
    pub fn before_start<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Option<Result<T, E>> {
        if self.is_requested() {
            return None;
        }
        self.shared.starting.guard(f).ok()
    }

    /// Runs an attempt; the error says which clock cut it.
    pub fn while_running<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<Result<T, E>, Limit> {
        let done = self.shared.running.guard(f);
        done.map_err(|_| self.shared.cut.get().map_or(Limit::Grace, |(_, limit)| limit))
    }
}
