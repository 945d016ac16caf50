//! A lock that its holder may take again.

use std::cell::Cell;
use std::ops::Deref;

use super::any::current;
use super::interrupt::Interrupt;
use super::limit::Limit;
use super::semaphore::{Permit, Semaphore};

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
    semaphore: Semaphore,
    /// The holder's number, how often it has it, and what keeps the others out.
    holder: Cell<Option<u64>>,
    times: Cell<usize>,
    permit: Cell<Option<Permit>>,
    value: T,
}

impl<T> ReentrantMutex<T> {
    /// Around `value`, unlocked.
    pub fn new(value: T) -> ReentrantMutex<T> {
        ReentrantMutex {
            semaphore: Semaphore::new(1),
            holder: Cell::new(None),
            times: Cell::new(0),
            permit: Cell::new(None),
            value,
        }
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
        Ok(self.semaphore.acquire_timeout(limit)?.map(|permit| self.begin(permit)))
    }

    /// Locks it if it is free or this greenlet's already. Never switches.
    pub fn try_lock(&self) -> Option<ReentrantGuard<'_, T>> {
        if self.is_mine() {
            return Some(self.again());
        }
        self.semaphore.try_acquire().map(|permit| self.begin(permit))
    }

    /// Whether the running greenlet has it. gevent: `_is_owned`.
    pub fn is_mine(&self) -> bool {
        self.holder.get() == Some(current().id())
    }

    fn begin(&self, permit: Permit) -> ReentrantGuard<'_, T> {
        self.holder.set(Some(current().id()));
        self.permit.set(Some(permit));
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
            self.mutex.holder.set(None);
            drop(self.mutex.permit.take());
        }
    }
}
