//! What greenlets of one hub wait for each other with.
//!
//! All of it stands on two queues of waiters: `wait` hands a thing to each in order, `wakers` wakes all.
//! - once or again: `event`, `async_result`, `condition`, `barrier`
//! - one at a time, or a few: `mutex`, `reentrant`, `rwlock`, `semaphore`, `bounded_semaphore`
//! - things handed over: `queue`, `channel`; the first of several: `choose`
//!
//! What crosses threads is in `threads`.

pub(super) mod async_result;
pub(super) mod barrier;
pub(super) mod bounded_semaphore;
pub(super) mod channel;
pub(super) mod choose;
pub(super) mod condition;
pub(super) mod event;
pub(super) mod mutex;
pub(super) mod queue;
pub(super) mod reentrant;
pub(super) mod rwlock;
pub(super) mod semaphore;
pub(super) mod turn;
pub(super) mod wait;
pub(super) mod wakers;
