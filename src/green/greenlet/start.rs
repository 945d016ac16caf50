//! When a spawned greenlet first runs: at its turn, after a while, or when it is told.

use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use crate::green::greenlet::{Builder, Greenlet};
use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::task::{Cause, State, Task, Why};

/// Spawns `f` as a greenlet that starts `delay` from now. It counts as started at once, and a kill before its time keeps
/// it from running. gevent: `spawn_later`.
///
/// ```
/// use gfetch::green::{self, ClockKind, Config};
/// use std::time::Duration;
/// Config::new().clock(ClockKind::Virtual).run(|| {
///     let start = green::now();
///     let late = green::spawn_later(Duration::from_secs(3), move || green::now() - start);
///     assert!(late.is_started() && !late.is_done());
///     assert_eq!(late.get().unwrap(), Duration::from_secs(3));
/// });
/// ```
///
/// # Panics
/// As [`spawn`](crate::green::spawn).
#[track_caller]
pub fn spawn_later<T: 'static>(delay: Duration, f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
    or_panic(Builder::new().spawn_later(delay, f))
}

/// When a new task is scheduled.
pub(crate) enum Start {
    Now,
    /// When somebody wakes it, or at the deadline.
    Woken(Why, Option<Deadline>),
    /// At [`Greenlet::start`].
    Told,
}

impl Task {
    /// Leaves a new task waiting for its start.
    pub fn await_start(self: &Rc<Self>, hub: &Hub, start: Start) {
        let Start::Woken(why, deadline) = start else { return self.state.set(State::New) };
        if let Some(deadline) = deadline {
            hub.timers.arm(self, deadline);
        }
        self.deadline.set(deadline);
        self.waiting_for.set(why);
        self.state.set(State::Waiting);
    }

    /// The first thing that a task does: the wait for its start is over. True if it was ended by a kill.
    pub fn begin(&self) -> bool {
        self.deadline.set(None);
        self.waiting_for.set(Why::Nothing);
        self.is_killed()
    }
}

impl Builder {
    /// As [`spawn_later`](fn@spawn_later).
    ///
    /// # Errors
    /// When the system gives no stack.
    #[track_caller]
    pub fn spawn_later<T: 'static>(self, delay: Duration, f: impl FnOnce() -> T + 'static) -> io::Result<Greenlet<T>> {
        let deadline = Hub::with(|hub| hub.deadline(delay));
        self.spawn_at(Location::caller(), Start::Woken(Why::Sleep, deadline), f)
    }

    /// A greenlet that does not run before its [`Greenlet::start`]: it can be linked and put into a group first. When its
    /// handle is dropped before, it never runs, and what it holds is dropped in its next turn. gevent: `Greenlet(f)`.
    ///
    /// # Errors
    /// When the system gives no stack.
    #[track_caller]
    pub fn prepare<T: 'static>(self, f: impl FnOnce() -> T + 'static) -> io::Result<Greenlet<T>> {
        self.spawn_at(Location::caller(), Start::Told, f)
    }
}

impl<T: 'static> Greenlet<T> {
    /// As [`Builder::prepare`] with the defaults. gevent: `Greenlet(f)`.
    ///
    /// ```
    /// use gfetch::green::{self, Greenlet, State};
    /// green::run(|| {
    ///     let greenlet = Greenlet::new(|| 1);
    ///     green::yield_now().unwrap();
    ///     assert_eq!(greenlet.state(), State::New);
    ///     greenlet.start();
    ///     assert_eq!(greenlet.get().unwrap(), 1);
    /// });
    /// ```
    ///
    /// # Panics
    /// As [`spawn`](crate::green::spawn).
    #[track_caller]
    pub fn new(f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
        or_panic(Builder::new().prepare(f))
    }
}

impl<T> Greenlet<T> {
    /// Schedules a greenlet that was only made; does nothing to one that was started before, nor to a dead one. Never
    /// switches. gevent: `start`.
    pub fn start(&self) {
        if self.state() == State::New {
            Hub::with(|hub| hub.wake(&self.task, Cause::Ready));
        }
    }

    /// The same after `delay`. gevent: `start_later`.
    pub fn start_later(&self, delay: Duration) {
        if self.state() == State::New {
            Hub::with(|hub| self.task.await_start(hub, Start::Woken(Why::Sleep, hub.deadline(delay))));
        }
    }

    /// Whether it was started and has not ended: true before its first turn already. gevent: `started`, `bool(greenlet)`.
    pub fn is_started(&self) -> bool {
        !matches!(self.state(), State::New | State::Done)
    }
}

impl<T> Drop for Greenlet<T> {
    /// A greenlet that nobody can start any more is ended.
    fn drop(&mut self) {
        if self.state() == State::New {
            self.kill_nowait();
        }
    }
}

#[track_caller]
pub(in crate::green) fn or_panic<T>(spawned: io::Result<Greenlet<T>>) -> Greenlet<T> {
    match spawned {
        Ok(greenlet) => greenlet,
        Err(error) => panic!("cannot spawn a greenlet: {error}"),
    }
}
