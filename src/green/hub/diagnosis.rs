//! Owns what is noted for diagnosis: the recorded trace, the seeded order, waits' beginnings, what monitors read, statistics.
//!
//! While none of it is asked for a switch pays for one look at a flag, and a spawn and a wake for another.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Hub;
use crate::green::hub::runtime::Config;
use crate::green::inspect::monitor::Published;
use crate::green::inspect::panics::Hook;
use crate::green::inspect::stats::{Reports, Stats};
use crate::green::inspect::trace::{Happened, Recorder, WokenBy};
use crate::green::task::{Cause, Resumed, State, Task};

pub(crate) struct Diagnosis {
    /// Whether switches, spawns and wakes are to be told to anything below.
    on: Cell<bool>,
    random: Option<Cell<u64>>,
    pub recorder: Option<Recorder>,
    since: Option<RefCell<HashMap<u64, Instant>>>,
    published: RefCell<Vec<Arc<Published>>>,
    /// Stretches of code that `assert_no_block` watches: a greenlet may have several, one in another.
    pub watched: RefCell<Vec<Rc<Stretch>>>,
    pub reports: Reports,
    pub on_panic: RefCell<Option<Hook>>,
    started: Instant,
    switches: Cell<u64>,
    polls: Cell<u64>,
    polled_at: Cell<Instant>,
    longest: Cell<Duration>,
}

/// How long a greenlet has run at most between two switches.
pub(crate) struct Stretch {
    pub task: u64,
    pub resumed: Cell<Instant>,
    pub longest: Cell<Duration>,
}

impl Stretch {
    /// The greenlet hands the thread back.
    pub fn pause(&self) {
        self.longest.set(self.longest.get().max(self.resumed.get().elapsed()));
    }
}

impl Diagnosis {
    pub fn new(config: &Config) -> Diagnosis {
        let now = Instant::now();
        let diagnosis = Diagnosis {
            on: Cell::new(false),
            random: config.seed.map(Cell::new),
            recorder: (config.record > 0).then(|| Recorder::new(config.record)),
            since: config.track.then(RefCell::default),
            published: RefCell::default(),
            watched: RefCell::default(),
            reports: Reports::default(),
            on_panic: RefCell::new(None),
            started: now,
            switches: Cell::new(0),
            polls: Cell::new(0),
            polled_at: Cell::new(now),
            longest: Cell::new(Duration::ZERO),
        };
        diagnosis.look_again();
        diagnosis
    }

    #[inline(always)]
    pub fn is_on(&self) -> bool {
        self.on.get()
    }

    /// Something was added or taken away.
    pub fn look_again(&self) {
        let watches = !self.published.borrow().is_empty() || !self.watched.borrow().is_empty();
        self.on.set(watches || self.random.is_some() || self.recorder.is_some() || self.since.is_some());
    }

    /// When the present wait of `task` began, where that is noted.
    pub fn waiting_since(&self, task: &Task) -> Option<Instant> {
        let since = self.since.as_ref()?.borrow();
        since.get(&task.id).copied().filter(|_| task.state.get() == State::Waiting)
    }

    /// How many beginnings of waits are noted.
    #[cfg(test)]
    pub fn tracked_waits(&self) -> usize {
        self.since.as_ref().map_or(0, |since| since.borrow().len())
    }

    pub fn watch(&self, stretch: Rc<Stretch>) {
        self.watched.borrow_mut().push(stretch);
        self.look_again();
    }

    pub fn unwatch(&self, stretch: &Rc<Stretch>) {
        self.watched.borrow_mut().retain(|other| !Rc::ptr_eq(other, stretch));
        self.look_again();
    }

    pub fn publish(&self, published: Arc<Published>) {
        self.published.borrow_mut().push(published);
        self.look_again();
    }

    pub fn unpublish(&self, published: &Arc<Published>) {
        self.published.borrow_mut().retain(|other| !Arc::ptr_eq(other, published));
        self.look_again();
    }
}

impl Drop for Diagnosis {
    fn drop(&mut self) {
        self.published.borrow().iter().for_each(|published| published.runs(None));
    }
}

impl Hub {
    /// The id of the running greenlet.
    pub fn current_id(&self) -> Option<u64> {
        (!Hub::running().is_null()).then(|| self.current().id)
    }

    /// Switches so far: a greenlet that finds this changed has let others run.
    pub fn switches(&self) -> u64 {
        self.diagnosis.switches.get() + u64::from(self.switches.get())
    }

    pub fn stats(&self) -> Stats {
        let (live, peak) = self.live.borrow().counts();
        let (stacks_made, stacks_free) = self.stacks.borrow().counts();
        Stats {
            up: self.diagnosis.started.elapsed(),
            switches: self.switches(),
            polls: self.diagnosis.polls.get(),
            spawned: self.next_id.get(),
            live,
            peak,
            ready: self.ready.len(),
            timers: self.timers.len(),
            stacks_made,
            stacks_free,
            longest_without_poll: self.diagnosis.longest.get(),
        }
    }

    #[cold]
    pub(super) fn note_spawn(&self, task: &Rc<Task>) {
        self.record(task.id, || Happened::Spawned { by: task.origin().parent });
        self.diagnosis.published.borrow().iter().for_each(|published| published.name(task));
    }

    #[cold]
    pub(super) fn note_wake(&self, task: &Task, cause: Cause) {
        let by = match cause {
            Cause::Ready => self.current_id().map_or(WokenBy::Outside, WokenBy::Greenlet),
            Cause::Deadline => WokenBy::Timer,
            Cause::Kill => WokenBy::Kill,
            Cause::Deadlock => WokenBy::Deadlock,
        };
        self.record(task.id, || Happened::Woken(by));
    }

    #[cold]
    pub(super) fn note_kill(&self, task: &Task) {
        self.record(task.id, || Happened::Killed { by: self.current_id() });
    }

    /// Chooses who runs next, where that is not simply the first, and tells those who want to know.
    #[cold]
    pub(super) fn before_switch(&self) {
        let diagnosis = &self.diagnosis;
        let ready = self.ready.len();
        if let Some(random) = diagnosis.random.as_ref().filter(|_| ready > 1) {
            self.ready.bring_to_front((next_random(random) % ready as u64) as usize);
        }
        let next = self.ready.front();
        diagnosis.published.borrow().iter().for_each(|published| published.runs(next.as_deref()));
        let Some(next) = next else { return };
        self.record(next.id, || Happened::Runs);
        for stretch in diagnosis.watched.borrow().iter().filter(|stretch| stretch.task == next.id) {
            stretch.resumed.set(Instant::now());
        }
    }

    #[cold]
    pub(super) fn after_switch(&self, task: &Task, resumed: &Resumed) {
        let diagnosis = &self.diagnosis;
        diagnosis.watched.borrow().iter().filter(|stretch| stretch.task == task.id).for_each(|stretch| stretch.pause());
        match resumed {
            Resumed::Again => self.record(task.id, || Happened::Yields),
            Resumed::Parked => {
                self.record(task.id, || Happened::Waits(task.waits_for(self).expect("it has just parked")));
                diagnosis.since.iter().for_each(|since| {
                    since.borrow_mut().insert(task.id, self.clock.now());
                });
            }
            Resumed::Ended(_) => {
                self.record(task.id, || Happened::Ended);
                diagnosis.since.iter().for_each(|since| {
                    since.borrow_mut().remove(&task.id);
                });
                diagnosis.published.borrow().iter().for_each(|published| published.forget(task));
            }
        }
    }

    fn record(&self, task: u64, what: impl FnOnce() -> Happened) {
        if let Some(recorder) = &self.diagnosis.recorder {
            recorder.record(self.clock.last(), task, what());
        }
    }

    /// A poll that does not sleep is over in a moment: then one reading of the clock, after it, is enough.
    #[inline]
    pub(super) fn before_poll(&self, timeout: Option<Duration>) {
        if timeout != Some(Duration::ZERO) {
            self.note_time_without_poll();
        }
    }

    #[inline]
    pub(super) fn after_poll(&self, timeout: Option<Duration>) {
        let diagnosis = &self.diagnosis;
        diagnosis.switches.set(diagnosis.switches.get() + u64::from(self.switches.get()));
        diagnosis.polls.set(diagnosis.polls.get() + 1);
        if timeout == Some(Duration::ZERO) {
            self.note_time_without_poll();
        }
        diagnosis.polled_at.set(if self.clock.is_virtual() { Instant::now() } else { self.clock.last() });
        if diagnosis.reports.next().is_some_and(|at| at <= self.clock.last()) {
            diagnosis.reports.tell(self);
        }
    }

    /// In real time also where the hub's clock is a virtual one, which stands still while anybody runs.
    #[inline]
    fn note_time_without_poll(&self) {
        let now = if self.clock.is_virtual() { Instant::now() } else { self.clock.now() };
        let time = now.saturating_duration_since(self.diagnosis.polled_at.get());
        self.diagnosis.longest.set(self.diagnosis.longest.get().max(time));
    }

    /// A report of the statistics is no reason for a virtual clock to run on.
    pub(super) fn sooner_than_reports(&self, timer: Option<Instant>) -> Option<Instant> {
        match (timer, self.diagnosis.reports.next()) {
            (None, _) if self.clock.is_virtual() => None,
            (timer, report) => timer.into_iter().chain(report).min(),
        }
    }
}

/// Sebastiano Vigna's splitmix64: small, and any seed will do.
fn next_random(state: &Cell<u64>) -> u64 {
    state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
    let mixed = (state.get() ^ (state.get() >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
