//! An event that many greenlets wait for, and a value that is set once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::hub::Hub;
use super::interrupt::Interrupt;
use super::task::Why;
use super::wakers::Wakers;

/// A flag that greenlets wait for. Clones are the same event. gevent: `Event`.
///
/// A waiter wakes if the event was set at any moment of its wait, also when it is cleared again before the waiter runs.
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
}

impl Event {
    /// An event that is not set.
    pub fn new() -> Event {
        Event::default()
    }

    /// Sets it and wakes all that wait, in the order in which they came. Never switches.
    pub fn set(&self) {
        self.shared.set.set(true);
        Hub::try_with(|hub| self.shared.waiters.wake_all(hub));
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
        self.wait_for(None, Why::Event).map(drop)
    }

    /// The same for at most `limit`; false if that passed first.
    pub fn wait_timeout(&self, limit: Duration) -> Result<bool, Interrupt> {
        self.wait_for(Some(limit), Why::Event)
    }

    fn wait_for(&self, limit: Option<Duration>, why: Why) -> Result<bool, Interrupt> {
        Hub::with(|hub| {
            hub.current().check(hub)?;
            if self.is_set() {
                return Ok(true);
            }
            let limit = limit.and_then(|limit| hub.deadline(limit));
            self.shared.waiters.wait(hub, why, limit)
        })
    }
}

/// A value that is set once and got by any number of greenlets. Clones are the same result. gevent: `AsyncResult`, where
/// a second set overrides the first: here it is refused.
///
/// ```
/// use gfetch::green::{self, AsyncResult};
/// green::run(|| {
///     let answer = AsyncResult::new();
///     let setter = answer.clone();
///     green::spawn(move || setter.set(42));
///     assert_eq!(answer.get().unwrap(), 42);
///     assert_eq!(answer.set(43), Err(43));
/// });
/// ```
pub struct AsyncResult<T> {
    value: Rc<RefCell<Option<T>>>,
    event: Event,
}

impl<T> Clone for AsyncResult<T> {
    fn clone(&self) -> Self {
        AsyncResult { value: self.value.clone(), event: self.event.clone() }
    }
}

impl<T> Default for AsyncResult<T> {
    fn default() -> Self {
        AsyncResult::new()
    }
}

impl<T> AsyncResult<T> {
    /// A result that is not set.
    pub fn new() -> AsyncResult<T> {
        AsyncResult { value: Rc::new(RefCell::new(None)), event: Event::new() }
    }

    /// Sets it and wakes all that wait. Never switches.
    ///
    /// # Errors
    /// Gives `value` back when it is set already.
    pub fn set(&self, value: T) -> Result<(), T> {
        if self.is_set() {
            return Err(value);
        }
        *self.value.borrow_mut() = Some(value);
        self.event.set();
        Ok(())
    }

    /// Whether it is set. gevent: `ready`.
    pub fn is_set(&self) -> bool {
        self.event.is_set()
    }

    /// Waits until it is set, and clones the value.
    pub fn get(&self) -> Result<T, Interrupt>
    where
        T: Clone,
    {
        self.event.wait_for(None, Why::AsyncResult)?;
        Ok(self.try_get().expect("set, and never unset"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn get_timeout(&self, limit: Duration) -> Result<Option<T>, Interrupt>
    where
        T: Clone,
    {
        self.event.wait_for(Some(limit), Why::AsyncResult)?;
        Ok(self.try_get())
    }

    /// The value if it is set. Never switches.
    pub fn try_get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.value.borrow().clone()
    }
}
