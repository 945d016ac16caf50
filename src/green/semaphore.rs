//! Permits that greenlets wait for in order.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::hub::Hub;
use super::interrupt::Interrupt;
use super::task::Why;
use super::wait::WaitList;

/// A number of permits. A released one is handed to whoever has waited longest, so that nobody overtakes (gevent lets
/// the releaser take it again at once). Clones are the same semaphore. gevent: `Semaphore`.
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
    waiters: WaitList<()>,
}

impl Semaphore {
    /// With so many permits; 0 is allowed: everybody waits until [`Semaphore::add`].
    pub fn new(permits: usize) -> Semaphore {
        Semaphore { shared: Rc::new(Shared { free: Cell::new(permits), waiters: WaitList::new() }) }
    }

    /// Waits for a permit; dropping it releases it.
    pub fn acquire(&self) -> Result<Permit, Interrupt> {
        self.acquire_as(Why::Semaphore)
    }

    /// The same, told as `why` in a deadlock's report.
    pub(crate) fn acquire_as(&self, why: Why) -> Result<Permit, Interrupt> {
        Ok(self.acquire_for(None, why)?.expect("without a limit it waits until it has one"))
    }

    /// The same for at most `limit`.
    pub(crate) fn acquire_timeout_as(&self, limit: Duration, why: Why) -> Result<Option<Permit>, Interrupt> {
        self.acquire_for(Some(limit), why)
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn acquire_timeout(&self, limit: Duration) -> Result<Option<Permit>, Interrupt> {
        self.acquire_for(Some(limit), Why::Semaphore)
    }

    /// A permit if one is free. Never switches.
    pub fn try_acquire(&self) -> Option<Permit> {
        let free = self.shared.free.get().checked_sub(1)?;
        self.shared.free.set(free);
        Some(Permit { shared: self.shared.clone() })
    }

    /// Permits that are free now.
    pub fn free(&self) -> usize {
        self.shared.free.get()
    }

    /// Adds permits, handing them to those who wait.
    pub fn add(&self, permits: usize) {
        (0..permits).for_each(|_| self.shared.release());
    }

    fn acquire_for(&self, limit: Option<Duration>, why: Why) -> Result<Option<Permit>, Interrupt> {
        Hub::with(|hub| {
            hub.current().check(hub)?;
            if let Some(permit) = self.try_acquire() {
                return Ok(Some(permit));
            }
            let limit = limit.and_then(|limit| hub.deadline(limit));
            let handed = self.shared.waiters.receive(hub, why, limit, |()| self.shared.release())?;
            Ok(handed.map(|()| Permit { shared: self.shared.clone() }))
        })
    }
}

impl Shared {
    fn release(&self) {
        let handed = Hub::try_with(|hub| self.waiters.hand(hub, ()).is_ok());
        if handed != Some(true) {
            self.free.set(self.free.get() + 1);
        }
    }
}

/// One permit of a [`Semaphore`], released when dropped.
pub struct Permit {
    shared: Rc<Shared>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.release();
    }
}
