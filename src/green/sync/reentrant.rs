//! A lock that its holder may take again.

use std::cell::Cell;
use std::mem;
use std::ops::Deref;

use crate::green::greenlet::any::current;
use crate::green::sync::turn::{Held, Turn};
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// A value that one greenlet at a time may look at, as often over as it likes; so it sees it shared (`&T`). Those who wait
/// have it in the order in which they came. It is not poisoned. A release by a stranger, a `RuntimeError` in gevent, cannot
/// be written: only guards release, and one that is dropped by another greenlet counts for the one that locked. gevent:
/// `RLock`.
///
/// ```
/// use gfetch::green::{self, ReentrantMutex};
/// use std::cell::Cell;
/// green::run(|| {
///     let count = ReentrantMutex::new(Cell::new(0));
///     let outer = count.lock().unwrap();
///     count.lock().unwrap().set(1);
///     assert_eq!(outer.get(), 1);
/// });
/// ```
pub struct ReentrantMutex<T> {
    turn: Turn,
    /// How often its holder has it.
    times: Cell<usize>,
    value: T,
}

impl<T> ReentrantMutex<T> {
    /// Around `value`, unlocked.
    pub fn new(value: T) -> ReentrantMutex<T> {
        ReentrantMutex { turn: Turn::new(), times: Cell::new(0), value }
    }

    /// Waits until it is this greenlet's; at once if it is already.
    pub fn lock(&self) -> Result<ReentrantGuard<'_, T>, Interrupt> {
        Ok(self.lock_timeout(Limit::NEVER)?.expect("without a limit it waits until it has it"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn lock_timeout(&self, limit: impl Into<Limit>) -> Result<Option<ReentrantGuard<'_, T>>, Interrupt> {
        if self.is_mine() {
            return Ok(Some(self.again()));
        }
        Ok(self.turn.take(limit.into())?.map(|turn| self.begin(turn)))
    }

    /// Locks it if it is free or this greenlet's already. Never switches.
    pub fn try_lock(&self) -> Option<ReentrantGuard<'_, T>> {
        if self.is_mine() {
            return Some(self.again());
        }
        self.turn.try_take().map(|turn| self.begin(turn))
    }

    /// Whether the running greenlet has it. gevent: `_is_owned`.
    pub fn is_mine(&self) -> bool {
        self.turn.is_of(current().id())
    }

    /// The last guard releases the turn.
    fn begin(&self, turn: Held<'_>) -> ReentrantGuard<'_, T> {
        mem::forget(turn);
        self.again()
    }

    fn again(&self) -> ReentrantGuard<'_, T> {
        self.times.set(self.times.get() + 1);
        ReentrantGuard { mutex: self }
    }
}

/// The value of a [`ReentrantMutex`]; dropping the last one unlocks it.
pub struct ReentrantGuard<'a, T> {
    mutex: &'a ReentrantMutex<T>,
}

impl<T> Deref for ReentrantGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.mutex.value
    }
}

impl<T> Drop for ReentrantGuard<'_, T> {
    fn drop(&mut self) {
        let left = self.mutex.times.get() - 1;
        self.mutex.times.set(left);
        if left == 0 {
            self.mutex.turn.release();
        }
    }
}
