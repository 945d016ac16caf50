//! A time-out as a thing of its own, started and cancelled by hand.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Elapsed, Hub, Task};
use crate::green::task::interrupt::Interrupt;

/// A time-out that is started and cancelled by hand; for a piece of code [`timeout`](super::timeout) is shorter. While it
/// is pending, the waits of the greenlet that started it fail once its limit has passed, with an [`Interrupt::TimedOut`]
/// that [is its own](Timeout::is). Dropping (or [closing](Timeout::close)) it ends it for good. gevent: `Timeout`.
///
/// Different from gevent on purpose: it interrupts by an error and not by an exception, and once fired it makes *every*
/// wait fail until it is cancelled, where gevent's fires once: no retry loop outlives it.
///
/// ```
/// use gfetch::green::{self, Interrupt, Timeout};
/// use std::time::Duration;
/// green::run(|| {
///     let timer = Timeout::start_new(Duration::from_millis(1));
///     let interrupt = green::sleep(Duration::from_secs(60)).unwrap_err();
///     assert!(timer.is(&interrupt) && timer.has_fired());
///     timer.cancel();
///     green::sleep(Duration::from_millis(2)).unwrap();
/// });
/// ```
#[derive(Default)]
pub struct Timeout {
    limit: Option<Duration>,
    entered: Cell<Option<Entered>>,
}

/// Its scope on the greenlet that started it.
#[derive(Clone)]
struct Entered {
    task: Rc<Task>,
    scope: u64,
    when: Option<Instant>,
}

/// [`Timeout::start`] on one that is pending already. gevent: an `AssertionError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyStarted;

impl fmt::Display for AlreadyStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time-out is started already: cancel it first")
    }
}

impl Error for AlreadyStarted {}

impl Timeout {
    /// A time-out of `limit`, not started. Zero fires at the first wait that would switch; there is nothing below zero.
    pub fn new(limit: Duration) -> Timeout {
        Timeout { limit: Some(limit), entered: Cell::new(None) }
    }

    /// One that never fires. gevent: `Timeout(None)`.
    pub fn never() -> Timeout {
        Timeout::default()
    }

    /// One that is started now, on the running greenlet. gevent: `Timeout.start_new`.
    ///
    /// # Panics
    /// Outside a greenlet.
    pub fn start_new(limit: Duration) -> Timeout {
        let timeout = Timeout::new(limit);
        timeout.enter();
        timeout
    }

    /// Starts it on the running greenlet, counting from now: also one that was cancelled or has fired.
    ///
    /// # Errors
    /// When it is pending.
    ///
    /// # Panics
    /// Outside a greenlet.
    pub fn start(&self) -> Result<(), AlreadyStarted> {
        if self.is_pending() {
            return Err(AlreadyStarted);
        }
        self.cancel();
        self.enter();
        Ok(())
    }

    /// Ends it, pending or fired; it may be started again. From another greenlet too: that one's wait goes on without it.
    /// Never switches.
    pub fn cancel(&self) {
        if let Some(entered) = self.entered.take() {
            let left = Hub::try_with(|hub| entered.task.leave_from_outside(hub, entered.scope));
            if left.is_none() {
                entered.task.leave(entered.scope);
            }
        }
    }

    /// Ends it for good, as dropping it does. gevent: `close`.
    pub fn close(self) {}

    /// Whether it is started and has not fired.
    pub fn is_pending(&self) -> bool {
        self.state() == Some(false)
    }

    /// Whether a wait has failed by it since it was started.
    pub fn has_fired(&self) -> bool {
        self.state() == Some(true)
    }

    /// Whether `interrupt` comes from this one. gevent: `if t is not timeout: raise`.
    pub fn is(&self, interrupt: &Interrupt) -> bool {
        let ours = self.entered().map(|entered| entered.scope);
        matches!(interrupt, Interrupt::TimedOut(timed_out) if Some(timed_out.scope) == ours)
    }

    /// What it was given; none if it never fires.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Starts it unless it is pending, runs `f` and cancels it; the result is that of [`timeout`](super::timeout). gevent:
    /// `with timeout:`.
    pub fn guard<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<Result<T, E>, Elapsed> {
        // One that is pending stays so: it counts from when it was started.
        let _ = self.start();
        let cancel = Cancel(self);
        let result = f();
        std::mem::forget(cancel);
        let fired = self.entered.take().is_some_and(|entered| entered.task.leave(entered.scope));
        match result {
            Err(_) if fired => Err(Elapsed { limit: self.limit.unwrap_or_default() }),
            result => Ok(result),
        }
    }

    /// When it fires, if it is started.
    pub(crate) fn when(&self) -> Option<Instant> {
        self.entered()?.when
    }

    fn enter(&self) {
        Hub::with(|hub| {
            let (task, scope) = (hub.current(), hub.next_scope());
            let deadline = self.limit.and_then(|limit| hub.deadline(limit));
            task.enter(scope, self.limit.unwrap_or_default(), deadline, false);
            self.entered.set(Some(Entered { task, scope, when: deadline.map(|deadline| deadline.when) }));
        });
    }

    fn state(&self) -> Option<bool> {
        let entered = self.entered()?;
        entered.task.scope_state(entered.scope)
    }

    fn entered(&self) -> Option<Entered> {
        let entered = self.entered.take();
        self.entered.set(entered.clone());
        entered
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state().map_or("not started", |fired| if fired { "fired" } else { "pending" });
        write!(f, "<Timeout {:?} {state}>", self.limit)
    }
}

/// Cancels the time-out when the guarded code unwinds.
struct Cancel<'a>(&'a Timeout);

impl Drop for Cancel<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
