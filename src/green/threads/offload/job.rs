//! One call on another thread, and its result to wait for.

use std::fmt;
use std::panic;
use std::thread;

use super::OffloadError;
use crate::green::greenlet::{Greenlet, spawn};
use crate::green::inspect::panics::Panic;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::threads::AsyncResult;
use crate::green::time::limit::Limit;

/// A call on a [`ThreadPool`](super::ThreadPool)'s thread. Any greenlet may wait for it (among greenlets: see
/// [`into_greenlet`](Offloaded::into_greenlet)); dropping it abandons the call, which runs to its end. gevent: the
/// `AsyncResult` of `ThreadPool.spawn`.
pub struct Offloaded<T> {
    result: AsyncResult<thread::Result<T>>,
}

impl<T> Offloaded<T> {
    pub(super) fn new() -> (Offloaded<T>, AsyncResult<thread::Result<T>>) {
        let result = AsyncResult::new();
        (Offloaded { result: result.clone() }, result)
    }

    /// Waits until the call has ended. On a thread without a hub it blocks.
    pub fn join(&self) -> Result<(), Interrupt> {
        self.result.wait(Why::Offload, Limit::NEVER).map(drop)
    }

    /// The same for at most `limit`; false if the call still runs then.
    pub fn join_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        self.result.wait(Why::Offload, limit.into())
    }

    /// Whether the call has ended. Never switches.
    pub fn is_done(&self) -> bool {
        self.result.is_set()
    }

    /// Waits until the call has ended, and gives its result. An interrupt abandons the call: to keep it, join first.
    pub fn get(self) -> Result<T, OffloadError> {
        self.join().map_err(OffloadError::Interrupted)?;
        let result = self.result.take().expect("set once, and only this takes it");
        result.map_err(|payload| OffloadError::Panicked(Panic::new(payload)))
    }
}

impl<T: 'static> Offloaded<T> {
    /// A greenlet that waits for the call and ends as it does: to be joined, linked and waited for among others. Killing it
    /// abandons the call. gevent: any `AsyncResult` may stand in `wait`.
    ///
    /// ```
    /// use gfetch::green::{self, ThreadPool};
    /// green::run(|| {
    ///     let pool = ThreadPool::new(1);
    ///     let (call, own) = (pool.spawn(|| 1).unwrap().into_greenlet(), green::spawn(|| 2));
    ///     green::join_all([&call, &own]).unwrap();
    ///     assert_eq!(call.get().unwrap() + own.get().unwrap(), 3);
    /// });
    /// ```
    ///
    /// # Panics
    /// As [`spawn`](crate::green::spawn).
    #[track_caller]
    pub fn into_greenlet(self) -> Greenlet<T> {
        spawn(move || match self.get() {
            Ok(value) => value,
            Err(OffloadError::Panicked(panic)) => panic::resume_unwind(panic.into_payload()),
            Err(OffloadError::Interrupted(interrupt)) => unreachable!("no scope is around it: {interrupt}"),
        })
    }
}

impl<T> fmt::Debug for Offloaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_done() { "Offloaded(done)" } else { "Offloaded(pending)" })
    }
}
