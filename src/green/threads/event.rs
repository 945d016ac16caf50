//! A flag and a value that any thread sets and any thread waits for.

use std::sync::{Arc, Mutex};

use super::ticket::{Ticket, check};
use crate::green::hub::inside::locked;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::{Across, Why};
use crate::green::time::limit::Limit;

/// A flag that greenlets of any hub, and threads without one, wait for. Clones are the same event. As
/// [`green::Event`](crate::green::Event), which is for one hub and needs no lock. gevent: `Event` across threads.
///
/// ```
/// use gfetch::green::{self, threads};
/// let event = threads::Event::new();
/// let setter = event.clone();
/// std::thread::spawn(move || setter.set());
/// green::run(|| event.wait()).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Event {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    set: bool,
    waiting: Vec<Arc<Ticket>>,
}

impl Event {
    /// An event that is not set.
    pub fn new() -> Event {
        Event::default()
    }

    /// Sets it and wakes all that wait, in the order in which they came. Never switches.
    pub fn set(&self) {
        let mut state = locked(&self.state);
        state.set = true;
        state.waiting.drain(..).for_each(|ticket| ticket.serve());
    }

    /// Clears it: those who come now wait.
    pub fn clear(&self) {
        locked(&self.state).set = false;
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        locked(&self.state).set
    }

    /// Waits until it is set; returns at once if it is.
    pub fn wait(&self) -> Result<(), Interrupt> {
        self.wait_for(Why::OtherThread(Across::Event), Limit::NEVER).map(drop)
    }

    /// The same for at most `limit`; false if that passed first.
    pub fn wait_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        self.wait_for(Why::OtherThread(Across::Event), limit.into())
    }

    fn wait_for(&self, why: Why, limit: Limit) -> Result<bool, Interrupt> {
        check()?;
        let ticket = {
            let mut state = locked(&self.state);
            if state.set {
                return Ok(true);
            }
            let ticket = Ticket::new();
            state.waiting.push(ticket.clone());
            ticket
        };
        let _leave = Leave(self, &ticket);
        ticket.wait(why, limit)
    }
}

struct Leave<'a>(&'a Event, &'a Arc<Ticket>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        locked(&self.0.state).waiting.retain(|other| !Arc::ptr_eq(other, self.1));
    }
}

/// A value that is set once, by any thread, and got by any number of greenlets and threads. Clones are the same result.
/// As [`green::AsyncResult`](crate::green::AsyncResult), which is for one hub. gevent: `AsyncResult` across threads.
pub struct AsyncResult<T> {
    value: Arc<Mutex<Option<T>>>,
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
        AsyncResult { value: Arc::new(Mutex::new(None)), event: Event::new() }
    }

    /// Sets it and wakes all that wait. Never switches.
    ///
    /// # Errors
    /// Gives `value` back when it is set already.
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut place = locked(&self.value);
        if self.event.is_set() {
            return Err(value);
        }
        *place = Some(value);
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
        self.event.wait()?;
        Ok(self.try_get().expect("set, and never unset but by take"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn get_timeout(&self, limit: impl Into<Limit>) -> Result<Option<T>, Interrupt>
    where
        T: Clone,
    {
        self.event.wait_timeout(limit)?;
        Ok(self.try_get())
    }

    /// The value if it is set. Never switches.
    pub fn try_get(&self) -> Option<T>
    where
        T: Clone,
    {
        locked(&self.value).clone()
    }

    /// Waits until it is set; false when `limit` passes first. `why` says how the hub counts the wait.
    pub(crate) fn wait(&self, why: Why, limit: Limit) -> Result<bool, Interrupt> {
        self.event.wait_for(why, limit)
    }

    /// Moves the value out.
    pub(crate) fn take(&self) -> Option<T> {
        locked(&self.value).take()
    }
}
