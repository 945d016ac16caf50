//! A value, or a failure, that is set once and got by any number of greenlets.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::rc::Rc;

use crate::green::sync::event::Event;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

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
///
/// One that may fail holds a `Result` whose error is `Clone`: every [`get_ok`](AsyncResult::get_ok) has the failure again, as
/// gevent raises it again. A greenlet's end may be [piped](crate::green::Greenlet::pipe_to) into it.
///
/// ```
/// use gfetch::green::{self, AsyncResult, Failure};
/// green::run(|| {
///     let answer: AsyncResult<Result<u32, &str>> = AsyncResult::new();
///     answer.set_error("no answer").unwrap();
///     for _ in 0..2 {
///         assert!(matches!(answer.get_ok(), Err(Failure::Failed("no answer"))));
///     }
///     assert_eq!((answer.value(), answer.error()), (None, Some("no answer")));
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

    /// Waits until it is set. gevent: `wait`, which also returns the value: here see [`AsyncResult::get`].
    pub fn wait(&self) -> Result<(), Interrupt> {
        self.event.wait_for(Limit::NEVER, Why::AsyncResult).map(drop)
    }

    /// The same for at most `limit`; false if that passed first.
    pub fn wait_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        self.event.wait_for(limit.into(), Why::AsyncResult)
    }

    /// Waits until it is set, and clones the value.
    pub fn get(&self) -> Result<T, Interrupt>
    where
        T: Clone,
    {
        self.event.wait_for(Limit::NEVER, Why::AsyncResult)?;
        Ok(self.try_get().expect("set, and never unset"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn get_timeout(&self, limit: impl Into<Limit>) -> Result<Option<T>, Interrupt>
    where
        T: Clone,
    {
        self.event.wait_for(limit.into(), Why::AsyncResult)?;
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

/// Why [`AsyncResult::get_ok`] has no value.
#[derive(Clone, Debug)]
pub enum Failure<E> {
    /// What the result was set to.
    Failed(E),
    /// The caller's wait was interrupted; the result may still be set.
    Interrupted(Interrupt),
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(error) => error.fmt(f),
            Failure::Interrupted(interrupt) => interrupt.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for Failure<E> {}

impl<T: Clone, E: Clone> AsyncResult<Result<T, E>> {
    /// Sets it to a failure. gevent: `set_exception`.
    ///
    /// # Errors
    /// Gives `error` back when it is set already.
    pub fn set_error(&self, error: E) -> Result<(), E> {
        if self.is_set() {
            return Err(error);
        }
        let _ = self.set(Err(error)); // nobody can have come between
        Ok(())
    }

    /// Waits until it is set: its value, or its failure, each time anew. gevent: `get`.
    pub fn get_ok(&self) -> Result<T, Failure<E>> {
        self.get().map_err(Failure::Interrupted)?.map_err(Failure::Failed)
    }

    /// The value, if it is set to one. Never switches. gevent: `value`.
    pub fn value(&self) -> Option<T> {
        self.try_get()?.ok()
    }

    /// The failure, if it is set to one. Never switches. gevent: `exception`.
    pub fn error(&self) -> Option<E> {
        self.try_get()?.err()
    }

    /// Whether it is set to a value. gevent: `successful`.
    pub fn is_successful(&self) -> bool {
        matches!(*self.value.borrow(), Some(Ok(_)))
    }
}
