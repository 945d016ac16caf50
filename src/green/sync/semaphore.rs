//! Permits that greenlets wait for in order.

use std::cell::Cell;
use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::sync::wait::WaitList;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// A number of permits. A released one is handed to whoever has waited longest, so that nobody overtakes (gevent lets
/// the releaser take it again at once). Clones are the same semaphore. A permit has no owner (it may be passed on, and be
/// forgotten), so a dump cannot say whom a waiter waits for, as it does of a [`Mutex`](crate::green::Mutex). gevent: `Semaphore`; its `DummySemaphore`, on which
/// nobody ever waits, is `Semaphore::new(usize::MAX)`.
///
/// ```
/// use gfetch::green::{self, Semaphore};
/// green::run(|| {
///     let two = Semaphore::new(2);
///     let first = two.acquire().unwrap();
///     let _second = two.acquire().unwrap();
///     assert!(two.try_acquire().is_none());
///     drop(first);
///     assert!(two.try_acquire().is_some());
/// });
/// ```
#[derive(Clone)]
pub struct Semaphore {
    shared: Rc<Shared>,
}

struct Shared {
    free: Cell<usize>,
    /// Permits that were kept for good.
    forgotten: Cell<usize>,
    waiters: WaitList<()>,
}

impl Semaphore {
    /// With so many permits; 0 is allowed: everybody waits until [`Semaphore::add`].
    pub fn new(permits: usize) -> Semaphore {
        Semaphore {
            shared: Rc::new(Shared { free: Cell::new(permits), forgotten: Cell::new(0), waiters: WaitList::new() }),
        }
    }

    /// Waits for a permit; dropping it releases it.
    pub fn acquire(&self) -> Result<Permit, Interrupt> {
        self.acquire_as(Why::Semaphore)
    }

    /// The same, told as `why` in a deadlock's report.
    pub(crate) fn acquire_as(&self, why: Why) -> Result<Permit, Interrupt> {
        Ok(self.acquire_for(Limit::NEVER, why)?.expect("without a limit it waits until it has one"))
    }

    /// The same for at most `limit`.
    pub(crate) fn acquire_timeout_as(&self, limit: impl Into<Limit>, why: Why) -> Result<Option<Permit>, Interrupt> {
        self.acquire_for(limit.into(), why)
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn acquire_timeout(&self, limit: impl Into<Limit>) -> Result<Option<Permit>, Interrupt> {
        self.acquire_for(limit.into(), Why::Semaphore)
    }

    /// A permit if one is free. Never switches.
    pub fn try_acquire(&self) -> Option<Permit> {
        let free = self.shared.free.get().checked_sub(1)?;
        self.shared.free.set(free);
        Some(self.shared.clone().permit())
    }

    /// Permits that are free now.
    pub fn free(&self) -> usize {
        self.shared.free.get()
    }

    /// Waits until a permit is free, without taking it, and says how many are; behind those who came before. gevent: `wait`.
    pub fn wait(&self) -> Result<usize, Interrupt> {
        Ok(self.wait_timeout(Limit::NEVER)?.expect("without a limit it waits until one is free"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn wait_timeout(&self, limit: impl Into<Limit>) -> Result<Option<usize>, Interrupt> {
        let permit = self.acquire_for(limit.into(), Why::Semaphore)?;
        Ok(permit.map(|permit| {
            let free = self.free() + 1;
            drop(permit);
            free
        }))
    }

    /// Adds permits, handing them to those who wait: also more than there were at first. gevent: `release`.
    pub fn add(&self, permits: usize) {
        (0..permits).for_each(|_| self.shared.release());
    }

    /// Whether a permit was forgotten; it counts as given back now.
    pub(in crate::green) fn take_forgotten(&self) -> bool {
        let left = self.shared.forgotten.get().checked_sub(1);
        left.inspect(|left| self.shared.forgotten.set(*left)).is_some()
    }

    fn acquire_for(&self, limit: Limit, why: Why) -> Result<Option<Permit>, Interrupt> {
        Hub::with(|hub| {
            hub.current().check(hub)?;
            if let Some(permit) = self.try_acquire() {
                return Ok(Some(permit));
            }
            let limit = limit.deadline(hub);
            let handed = self.shared.waiters.receive(hub, why, limit, |()| self.shared.release())?;
            Ok(handed.map(|()| self.shared.clone().permit()))
        })
    }
}

impl Shared {
    fn permit(self: Rc<Self>) -> Permit {
        Permit { shared: self, kept: Cell::new(false) }
    }

    fn release(&self) {
        let handed = Hub::try_with(|hub| self.waiters.hand(hub, ()).is_ok());
        if handed != Some(true) {
            self.free.set(self.free.get().saturating_add(1));
        }
    }
}

/// One permit of a [`Semaphore`], released when dropped.
pub struct Permit {
    shared: Rc<Shared>,
    kept: Cell<bool>,
}

impl Permit {
    /// Keeps the permit for good: nothing is released. Give it back with [`Semaphore::add`].
    pub fn forget(self) {
        self.kept.set(true);
        self.shared.forgotten.set(self.shared.forgotten.get() + 1);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.kept.get() {
            self.shared.release();
        }
    }
}
