//! A place where greenlets wait until so many have come.

use std::cell::Cell;
use std::error::Error;
use std::fmt;

use super::hub::Hub;
use super::interrupt::Interrupt;
use super::limit::Limit;
use super::task::Why;
use super::wakers::Wakers;

/// A place where greenlets wait until `parties` of them have come; then all go on, and it begins anew. When one of them is
/// interrupted, times out or is killed, the count can never be full: the barrier breaks and tells all the others, until it is
/// [reset](Barrier::reset). gevent: `threading.Barrier` (patched).
///
/// ```
/// use gfetch::green::{self, Barrier};
/// use std::rc::Rc;
/// green::run(|| {
///     let barrier = Rc::new(Barrier::new(3));
///     let tasks = [(); 3].map(|()| {
///         let barrier = barrier.clone();
///         green::spawn(move || barrier.wait().unwrap())
///     });
///     assert_eq!(tasks.map(|task| task.get().unwrap()), [0, 1, 2]);
/// });
/// ```
pub struct Barrier {
    parties: usize,
    arrived: Cell<usize>,
    /// Counts the times that it was full or broke, so that a waiter knows whether its own round is over, and how.
    round: Cell<u64>,
    broken_round: Cell<Option<u64>>,
    waiters: Wakers,
}

/// Why [`Barrier::wait`] did not come to its end.
#[derive(Clone, Debug)]
pub enum BarrierError {
    /// Another party left, or the barrier was aborted or reset. Python: `BrokenBarrierError`.
    Broken,
    /// This call's own limit passed; the barrier is broken now.
    Elapsed,
    /// The wait was interrupted; the barrier is broken now.
    Interrupted(Interrupt),
}

impl fmt::Display for BarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BarrierError::Broken => f.write_str("the barrier is broken: a party has left it"),
            BarrierError::Elapsed => f.write_str("the barrier was not full in time"),
            BarrierError::Interrupted(interrupt) => interrupt.fmt(f),
        }
    }
}

impl Error for BarrierError {}

impl Barrier {
    /// For so many parties.
    ///
    /// # Panics
    /// When `parties` is 0.
    pub fn new(parties: usize) -> Barrier {
        assert!(parties > 0, "a barrier for nobody");
        Barrier {
            parties,
            arrived: Cell::new(0),
            round: Cell::new(0),
            broken_round: Cell::new(None),
            waiters: Wakers::default(),
        }
    }

    /// Waits until all have come; the last one goes on at once. Which one this was, counted from 0.
    pub fn wait(&self) -> Result<usize, BarrierError> {
        self.wait_timeout(Limit::NEVER)
    }

    /// The same for at most `limit`.
    pub fn wait_timeout(&self, limit: impl Into<Limit>) -> Result<usize, BarrierError> {
        Hub::with(|hub| {
            hub.current().check(hub).map_err(BarrierError::Interrupted)?;
            if self.is_broken() {
                return Err(BarrierError::Broken);
            }
            let (place, round) = (self.arrived.get(), self.round.get());
            self.arrived.set(place + 1);
            if place + 1 == self.parties {
                self.end_round(hub);
                return Ok(place);
            }
            let leave = Break(self, round);
            let waited = self.waiters.wait(hub, Why::Barrier, limit.into().deadline(hub));
            let over = self.round.get() != round;
            if over {
                std::mem::forget(leave);
            }
            match waited {
                _ if over && self.broken_round.get() == Some(round) => Err(BarrierError::Broken),
                _ if over => Ok(place),
                Ok(_) => Err(BarrierError::Elapsed),
                Err(interrupt) => Err(BarrierError::Interrupted(interrupt)),
            }
        })
    }

    /// Breaks it: all who wait, and all who come, are told. Python: `abort`.
    pub fn abort(&self) {
        Hub::with(|hub| self.break_now(hub));
    }

    /// Makes it as new; those who wait are told that it is broken. Python: `reset`.
    pub fn reset(&self) {
        if self.waiting() > 0 {
            self.abort();
        }
        self.arrived.set(0);
        self.round.set(self.round.get() + 1);
    }

    /// Whether it is broken. Python: `broken`.
    pub fn is_broken(&self) -> bool {
        self.broken_round.get().is_some_and(|round| round + 1 == self.round.get())
    }

    /// How many wait. Python: `n_waiting`.
    pub fn waiting(&self) -> usize {
        self.arrived.get()
    }

    fn break_now(&self, hub: &Hub) {
        if !self.is_broken() {
            self.broken_round.set(Some(self.round.get()));
            self.end_round(hub);
        }
    }

    fn end_round(&self, hub: &Hub) {
        self.arrived.set(0);
        self.round.set(self.round.get() + 1);
        self.waiters.wake_all(hub);
    }
}

/// Breaks the barrier if its waiter leaves before the round is over: also when a kill unwinds it.
struct Break<'a>(&'a Barrier, u64);

impl Drop for Break<'_> {
    fn drop(&mut self) {
        if self.0.round.get() == self.1 {
            Hub::try_with(|hub| self.0.break_now(hub));
        }
    }
}
