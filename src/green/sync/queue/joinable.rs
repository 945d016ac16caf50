//! A queue that knows when all that was put into it is done.

use std::rc::Rc;

use super::AnyQueue;
use super::error::NothingUnfinished;
use super::store::{Counted, Tally};
use crate::green::hub::Hub;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// A first-in first-out queue whose getters say when they are done with an item, so that others can wait until all are.
/// Initial items count, and so does what is put by who waits for room. gevent: `JoinableQueue`.
///
/// ```
/// use gfetch::green::{self, JoinableQueue};
/// green::run(|| {
///     let queue: JoinableQueue<u32> = (1..=3).collect();
///     let jobs = queue.clone();
///     green::spawn(move || {
///         for job in &jobs {
///             job.unwrap();
///             jobs.task_done().unwrap();
///         }
///     });
///     queue.join().unwrap();
///     assert!(queue.task_done().is_err(), "one too many");
/// });
/// ```
pub type JoinableQueue<T> = AnyQueue<T, Counted<T>>;

impl<T> JoinableQueue<T> {
    /// Says that an item which was got is done. Never switches.
    ///
    /// # Errors
    /// When nothing is unfinished.
    pub fn task_done(&self) -> Result<(), NothingUnfinished> {
        if self.tally().finish(1) { Ok(()) } else { Err(NothingUnfinished) }
    }

    /// Waits until nothing is unfinished; returns at once if nothing is. What [`AnyQueue::close_now`] takes out counts as
    /// done.
    pub fn join(&self) -> Result<(), Interrupt> {
        self.join_timeout(Limit::NEVER).map(drop)
    }

    /// The same for at most `limit`; false if that passed first.
    pub fn join_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        let tally = self.tally();
        Hub::with(|hub| {
            hub.current().check(hub)?;
            if tally.unfinished.get() == 0 {
                return Ok(true);
            }
            tally.waiters.wait(hub, Why::QueueJoin, limit.into().deadline(hub))
        })
    }

    /// Items that were put and are not done.
    pub fn unfinished(&self) -> usize {
        self.tally().unfinished.get()
    }

    fn tally(&self) -> Rc<Tally> {
        self.shared.store.borrow().tally.clone()
    }
}
