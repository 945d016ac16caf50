//! Waiting for a change of what a mutex guards.

use crate::green::hub::Hub;
use crate::green::sync::mutex::MutexGuard;
use crate::green::sync::wait::WaitList;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// A place to wait for a change of what a [`Mutex`](crate::green::Mutex) guards. Those who wait are notified in the order in which
/// they came; a notification whose waiter is killed or interrupted before it has the lock again goes to the next one.
/// gevent: `threading.Condition` (patched).
///
/// ```
/// use gfetch::green::{self, Condition, Mutex};
/// use std::rc::Rc;
/// green::run(|| {
///     let shared = Rc::new((Mutex::new(false), Condition::new()));
///     let setter = shared.clone();
///     green::spawn(move || {
///         *setter.0.lock().unwrap() = true;
///         setter.1.notify_one();
///     });
///     let done = shared.1.wait_while(shared.0.lock().unwrap(), |done| !*done).unwrap();
///     assert!(*done);
/// });
/// ```
pub struct Condition {
    waiters: WaitList<()>,
}

impl Default for Condition {
    fn default() -> Condition {
        Condition::new()
    }
}

impl Condition {
    /// With nobody waiting.
    pub fn new() -> Condition {
        Condition { waiters: WaitList::new() }
    }

    /// Unlocks, waits to be notified, and locks again. There are no wake-ups without a reason, but others may have the lock
    /// between the notification and the return.
    ///
    /// # Errors
    /// Interrupted while waiting, or while locking again: the lock is not held then. (Python's `wait` has it again in any
    /// case, which here could wait past the deadline that interrupted it.)
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> Result<MutexGuard<'a, T>, Interrupt> {
        Ok(self.wait_timeout(guard, Limit::NEVER)?.0)
    }

    /// The same for at most `limit`, not counting the wait for the lock; false if that passed first.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: impl Into<Limit>,
    ) -> Result<(MutexGuard<'a, T>, bool), Interrupt> {
        let mutex = guard.mutex;
        let notified = Hub::with(|hub| {
            hub.current().check(hub)?;
            let limit = limit.into().deadline(hub);
            drop(guard); // nothing switches between this and the wait
            self.waiters.receive(hub, Why::Condition, limit, |()| self.notify_one())
        })?;
        let pass_on = notified.map(|()| PassOn(self));
        let guard = mutex.lock()?;
        let notified = pass_on.is_some();
        pass_on.into_iter().for_each(std::mem::forget);
        Ok((guard, notified))
    }

    /// Waits until `condition` no longer holds of the value; at once if it does not. Python: `wait_for`.
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> Result<MutexGuard<'a, T>, Interrupt> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Notifies who waits longest; nobody if nobody waits. Never switches.
    pub fn notify_one(&self) {
        Hub::try_with(|hub| self.waiters.hand(hub, ()));
    }

    /// Notifies all who wait now. Never switches.
    pub fn notify_all(&self) {
        Hub::try_with(|hub| while self.waiters.hand(hub, ()).is_ok() {});
    }
}

/// A notification that comes to nothing unless the lock is had again.
struct PassOn<'a>(&'a Condition);

impl Drop for PassOn<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
