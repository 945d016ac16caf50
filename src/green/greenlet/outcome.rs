//! How a greenlet ended: its value, its panic or its kill, and what `get` makes of them.

use std::any::Any;
use std::cell::RefCell;
use std::error::Error;
use std::fmt;

use crate::green::inspect::panics::Panic;
use crate::green::task;
use crate::green::task::interrupt::Interrupt;

/// How a greenlet ended. gevent: `value`, `exception`, `exc_info`.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It returned this.
    Returned(T),
    /// It returned, and the value was taken by a [`Greenlet::get`](crate::green::Greenlet::get).
    Taken,
    /// It panicked. (A `get` has the payload the first time, and afterwards its text.)
    Panicked(Panic),
    /// It was killed.
    Killed,
}

impl<T> Outcome<T> {
    /// Whether it ended by returning. A killed greenlet did not; in gevent a kill counts as success.
    pub fn is_success(&self) -> bool {
        matches!(self, Outcome::Returned(_) | Outcome::Taken)
    }

    /// Of a body that unwound with `payload`.
    pub(crate) fn of_payload(payload: Box<dyn Any + Send>) -> Outcome<T> {
        if task::is_kill(&*payload) { Outcome::Killed } else { Outcome::Panicked(Panic::of_current(payload)) }
    }

    /// What a `get` has; what stays is what a later one may know.
    fn take(&mut self) -> Outcome<T> {
        let rest = match self {
            Outcome::Returned(_) | Outcome::Taken => Outcome::Taken,
            Outcome::Panicked(panic) => Outcome::Panicked(panic.told_again()),
            Outcome::Killed => Outcome::Killed,
        };
        std::mem::replace(self, rest)
    }

    fn into_result(self) -> Result<T, GetError> {
        match self {
            Outcome::Returned(value) => Ok(value),
            Outcome::Taken => Err(GetError::Taken),
            Outcome::Panicked(panic) => Err(GetError::Panicked(panic)),
            Outcome::Killed => Err(GetError::Killed),
        }
    }
}

/// Where a greenlet leaves its outcome for those who hold its handle.
pub(crate) struct Packet<T>(pub RefCell<Option<Outcome<T>>>);

impl<T> Packet<T> {
    pub fn take(&self) -> Option<Outcome<T>> {
        self.0.borrow_mut().as_mut().map(Outcome::take)
    }

    pub fn take_result(&self) -> Result<T, GetError> {
        self.take().map_or(Err(GetError::Taken), Outcome::into_result)
    }
}

/// Why [`Greenlet::get`](crate::green::Greenlet::get) has no value.
#[derive(Debug)]
pub enum GetError {
    /// The greenlet panicked.
    Panicked(Panic),
    /// It was killed.
    Killed,
    /// Its value was taken before.
    Taken,
    /// The *caller's* wait was interrupted; the greenlet goes on.
    Interrupted(Interrupt),
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GetError::Panicked(panic) => write!(f, "the greenlet {panic}"),
            GetError::Killed => f.write_str("the greenlet was killed"),
            GetError::Taken => f.write_str("the greenlet's value was taken before"),
            GetError::Interrupted(interrupt) => interrupt.fmt(f),
        }
    }
}

impl Error for GetError {}

impl From<Interrupt> for GetError {
    fn from(interrupt: Interrupt) -> GetError {
        GetError::Interrupted(interrupt)
    }
}
