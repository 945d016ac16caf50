//! Permits and a lock that greenlets of several hubs wait for in order, without blocking their threads.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};

use super::ticket::{Ticket, check};
use crate::green::hub::inside::locked;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::{Across, Why};
use crate::green::time::limit::Limit;

/// A number of permits shared by hubs and threads. A released one is handed to whoever has waited longest, on whichever
/// hub, so that no hub starves another. Clones are the same semaphore. gevent: `Semaphore` across threads.
///
/// ```
/// use gfetch::green::{self, threads};
/// let one = threads::Semaphore::new(1);
/// let permit = one.try_acquire().unwrap();
/// let other = one.clone();
/// let waiting = std::thread::spawn(move || green::run(|| other.acquire().is_ok()));
/// drop(permit);
/// assert!(waiting.join().unwrap());
/// ```
#[derive(Clone)]
pub struct Semaphore {
    state: Arc<Mutex<State>>,
}

struct State {
    free: usize,
    waiting: VecDeque<Arc<Ticket>>,
}

impl Semaphore {
    /// With so many permits.
    pub fn new(permits: usize) -> Semaphore {
        Semaphore { state: Arc::new(Mutex::new(State { free: permits, waiting: VecDeque::new() })) }
    }

    /// Waits for a permit; dropping it, on any thread, releases it.
    pub fn acquire(&self) -> Result<Permit, Interrupt> {
        Ok(self.acquire_for(Limit::NEVER, Across::Semaphore)?.expect("without a limit it waits until it has one"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn acquire_timeout(&self, limit: impl Into<Limit>) -> Result<Option<Permit>, Interrupt> {
        self.acquire_for(limit.into(), Across::Semaphore)
    }

    /// A permit if one is free. Never switches.
    pub fn try_acquire(&self) -> Option<Permit> {
        let mut state = locked(&self.state);
        state.free = state.free.checked_sub(1)?;
        Some(Permit(self.clone()))
    }

    /// Permits that are free now.
    pub fn free(&self) -> usize {
        locked(&self.state).free
    }

    fn acquire_for(&self, limit: Limit, what: Across) -> Result<Option<Permit>, Interrupt> {
        check()?;
        let ticket = {
            let mut state = locked(&self.state);
            if let Some(left) = state.free.checked_sub(1) {
                state.free = left;
                return Ok(Some(Permit(self.clone())));
            }
            let ticket = Ticket::new();
            state.waiting.push_back(ticket.clone());
            ticket
        };
        let mut leave = Leave { semaphore: self, ticket: &ticket, keeps: false };
        let waited = ticket.wait(Why::OtherThread(what), limit);
        // Under the lock: a permit may be handed over up to the moment at which we leave.
        leave.keeps = true;
        drop(leave);
        if ticket.is_served() { Ok(Some(Permit(self.clone()))) } else { waited.map(|_| None) }
    }

    fn release(&self) {
        let mut state = locked(&self.state);
        match state.waiting.pop_front() {
            Some(next) => next.serve(),
            None => state.free += 1,
        }
    }
}

/// Leaves the line; when a kill unwinds the wait, a permit that was handed over meanwhile goes to the next one.
struct Leave<'a> {
    semaphore: &'a Semaphore,
    ticket: &'a Arc<Ticket>,
    keeps: bool,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        locked(&self.semaphore.state).waiting.retain(|other| !Arc::ptr_eq(other, self.ticket));
        if !self.keeps && self.ticket.is_served() {
            self.semaphore.release();
        }
    }
}

/// A permit of a [`Semaphore`].
pub struct Permit(Semaphore);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// A value for one greenlet or thread at a time, held across waits without harm: others of any hub wait as greenlets do,
/// while a std `Mutex` would block their whole thread. Clones are the same lock. A panic or a kill of the holder releases
/// it and does not poison.
///
/// ```
/// use gfetch::green::{self, threads};
/// let total = threads::Lock::new(0);
/// threads::run_on_threads(2, |_| {
///     for _ in 0..100 {
///         let mut total = total.lock().unwrap();
///         green::yield_now().unwrap();
///         *total += 1;
///     }
/// });
/// assert_eq!(*green::run(|| total.lock().unwrap()), 200);
/// ```
pub struct Lock<T> {
    turn: Semaphore,
    value: Arc<Mutex<T>>,
}

impl<T> Clone for Lock<T> {
    fn clone(&self) -> Self {
        Lock { turn: self.turn.clone(), value: self.value.clone() }
    }
}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.turn.free() == 0 { "Lock(held)" } else { "Lock(free)" })
    }
}

impl<T> Lock<T> {
    /// A free lock.
    pub fn new(value: T) -> Lock<T> {
        Lock { turn: Semaphore::new(1), value: Arc::new(Mutex::new(value)) }
    }

    /// Waits for its turn; the guard's drop passes the lock on.
    pub fn lock(&self) -> Result<LockGuard<'_, T>, Interrupt> {
        let turn = self.turn.acquire_for(Limit::NEVER, Across::Lock)?;
        Ok(self.guard(turn.expect("without a limit it waits until it has it")))
    }

    /// The lock if it is free. Never switches.
    pub fn try_lock(&self) -> Option<LockGuard<'_, T>> {
        let turn = self.turn.try_acquire()?;
        Some(self.guard(turn))
    }

    /// The mutex is never contended for longer than its holder takes to pass the turn on.
    fn guard(&self, turn: Permit) -> LockGuard<'_, T> {
        LockGuard { value: locked(&self.value), _turn: turn }
    }
}

/// The holder's access; made by [`Lock::lock`].
pub struct LockGuard<'a, T> {
    // Dropped first: whoever has the turn next finds it free.
    value: MutexGuard<'a, T>,
    _turn: Permit,
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
