//! A place where greenlets wait until so many have come.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::sync::wakers::Wakers;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

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
    broken: Cell<bool>,
    /// How the present round stands. Each waiter keeps that of its own: later ones may be over before it runs.
    round: RefCell<Rc<Cell<Round>>>,
    waiters: Wakers,
}

/// How a round stands, from the first who comes to the last or to the break.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Round {
    #[default]
    Open,
    Full,
    Broken,
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
            broken: Cell::new(false),
            round: RefCell::default(),
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
            let (place, round) = (self.arrived.get(), self.round.borrow().clone());
            self.arrived.set(place + 1);
            if place + 1 == self.parties {
                self.end_round(hub, Round::Full);
                return Ok(place);
            }
            let leave = Break(self, round);
            let waited = self.waiters.wait(hub, Why::Barrier, limit.into().deadline(hub));
            match (leave.1.get(), waited) {
                (Round::Broken, _) => Err(BarrierError::Broken),
                (Round::Full, _) => Ok(place),
                (Round::Open, Ok(_)) => Err(BarrierError::Elapsed),
                (Round::Open, Err(interrupt)) => Err(BarrierError::Interrupted(interrupt)),
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
        self.broken.set(false);
    }

    /// Whether it is broken. Python: `broken`.
    pub fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// How many wait. Python: `n_waiting`.
    pub fn waiting(&self) -> usize {
        self.arrived.get()
    }

    fn break_now(&self, hub: &Hub) {
        if !self.broken.replace(true) {
            self.end_round(hub, Round::Broken);
        }
    }

    fn end_round(&self, hub: &Hub, how: Round) {
        self.arrived.set(0);
        self.round.take().set(how);
        self.waiters.wake_all(hub);
    }
}

/// Breaks the barrier if its waiter leaves before the round is over: also when a kill unwinds it.
struct Break<'a>(&'a Barrier, Rc<Cell<Round>>);

impl Drop for Break<'_> {
    fn drop(&mut self) {
        if self.1.get() == Round::Open {
            Hub::try_with(|hub| self.0.break_now(hub));
        }
    }
}
