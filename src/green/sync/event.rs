//! An event that many greenlets wait for.

use std::cell::Cell;
use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::sync::wakers::Wakers;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::waker::Waker;
use crate::green::time::limit::Limit;

/// A flag that greenlets wait for. Clones are the same event. gevent: `Event`.
///
/// A waiter wakes if the event was set at any moment of its wait, also when it is cleared again before the waiter runs.
/// Who comes to an event that is set goes on at once, but not before those whom the set has woken.
///
/// ```
/// use gfetch::green::{self, Event};
/// green::run(|| {
///     let event = Event::new();
///     let waiting = event.clone();
///     let waiter = green::spawn(move || waiting.wait());
///     event.set();
///     waiter.get().unwrap().unwrap();
/// });
/// ```
#[derive(Clone, Default)]
pub struct Event {
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    set: Cell<bool>,
    waiters: Wakers,
    /// Whom the set has woken last: until that one has run, a late comer would overtake it.
    last: Cell<Option<Waker>>,
}

impl Event {
    /// An event that is not set.
    pub fn new() -> Event {
        Event::default()
    }

    /// Sets it and wakes all that wait, in the order in which they came. Never switches.
    pub fn set(&self) {
        self.shared.set.set(true);
        if let Some(last) = Hub::try_with(|hub| self.shared.waiters.wake_all(hub)).flatten() {
            self.shared.last.set(Some(last));
        }
    }

    /// Clears it: those who come now wait.
    pub fn clear(&self) {
        self.shared.set.set(false);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.shared.set.get()
    }

    /// Waits until it is set; returns at once if it is.
    pub fn wait(&self) -> Result<(), Interrupt> {
        self.wait_for(Limit::NEVER, Why::Event).map(drop)
    }

    /// The same for at most `limit`; false if that passed first.
    pub fn wait_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        self.wait_for(limit.into(), Why::Event)
    }

    pub(in crate::green) fn wait_for(&self, limit: Limit, why: Why) -> Result<bool, Interrupt> {
        Hub::with(|hub| {
            let task = hub.current();
            task.check(hub)?;
            if !self.is_set() {
                return self.shared.waiters.wait(hub, why, limit.deadline(hub));
            }
            if let Some(last) = self.shared.last.take().filter(Waker::is_to_run) {
                self.shared.last.set(Some(last));
                // It was set: that the turn was cut short takes nothing from it.
                let _ = task.yield_now(hub);
            }
            Ok(true)
        })
    }
}
