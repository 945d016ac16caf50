//! Green threads: the scheduler and gevent's vocabulary.
//!
//! [`run`] makes a hub on the calling OS thread and runs a first greenlet; [`spawn`] adds more. Greenlets of a hub take
//! turns: one runs until it waits (in `sleep`, `join`, `Event::wait`, `Queue::get`, a read of a socket), and then the next
//! one does. They never run at the same time and never move to another thread, so they share `Rc` and `Cell` freely.
//!
//! A wait returns `Err(`[`Interrupt`]`)` when a [`timeout`] scope around it has run out, or when nothing is left that
//! could wake anybody. A [`Greenlet::kill`] unwinds its target from where it waits.
//!
//! ```
//! use gfetch::green::{self, ClockKind, Config};
//! use std::time::Duration;
//!
//! let order = Config::new().clock(ClockKind::Virtual).run(|| {
//!     let order = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
//!     let tasks = [("func1", 2000), ("func2", 1000), ("func3", 500)].map(|(name, ms)| {
//!         let order = order.clone();
//!         green::spawn(move || {
//!             green::sleep(Duration::from_millis(ms)).unwrap();
//!             order.borrow_mut().push(name);
//!         })
//!     });
//!     green::join_all(&tasks).unwrap();
//!     order.take()
//! });
//! assert_eq!(order, ["func3", "func2", "func1"]);
//! ```

mod asserts;
mod async_result;
mod barrier;
mod bounded_semaphore;
mod channel;
mod choose;
mod clock;
mod condition;
mod dump;
#[cfg(test)]
mod edge_tests;
mod event;
mod greenlet;
mod group;
mod hub;
mod idle;
mod imap;
mod interest;
mod interrupt;
mod interval;
mod limit;
mod live;
mod locals;
mod mailbox;
mod monitor;
mod mutex;
mod offload;
mod overflow;
mod panics;
mod poller;
mod pool;
mod queue;
mod raw;
mod ready;
mod reentrant;
mod remote;
mod runtime;
mod rwlock;
mod semaphore;
mod sleep;
mod stack;
mod stats;
mod task;
#[cfg(test)]
mod tests;
mod timeout;
mod timers;
mod trace;
mod wait;
mod waker;
mod wakers;
mod watched;

pub use asserts::{assert_no_block, assert_switches};
pub use async_result::{AsyncResult, Failure};
pub use barrier::{Barrier, BarrierError};
pub use bounded_semaphore::{BoundedSemaphore, OverReleased};
pub use channel::{Channel, ChannelIter};
pub use choose::{ChannelClosed, select};
#[doc(hidden)]
pub use choose::{RecvArm, SendArm, select_arms, unchosen};
pub use clock::ClockKind;
pub use condition::Condition;
pub use dump::{TaskDump, TaskInfo, TaskTree, Wait, dump_tasks, kill_by_id};
pub use event::Event;
pub use greenlet::{Builder, Current, GetError, Greenlet, current, join_all, spawn};
pub use group::Group;
pub use idle::idle;
pub use imap::Imap;
pub use interest::{Interest, Ready};
pub use interrupt::{Deadlock, Interrupt, TimedOut};
pub use interval::{Interval, interval};
pub use limit::Limit;
pub use locals::{LocalKey, green_local};
pub use mailbox::{Mailbox, Sender, mailbox};
pub use monitor::{Monitor, MonitorEvent, Monitoring, Running};
pub use mutex::{Mutex, MutexGuard};
pub use offload::{OffloadError, ThreadPool, offload};
pub use panics::{Panic, on_panic};
pub use pool::{Pool, PoolFull};
pub use queue::{
    AnyQueue, Counted, Fifo, Iter, JoinableQueue, Least, Lifo, LifoQueue, Nothing, NothingUnfinished, PriorityQueue,
    PutError, Queue, Store,
};
pub(crate) use raw::{cancel as cancel_raw_waits, wait as wait_raw};
pub use reentrant::{ReentrantGuard, ReentrantMutex};
pub use remote::Handle;
pub(crate) use runtime::recent_now;
pub use runtime::{Config, now, run};
pub use rwlock::{ReadGuard, RwLock, WriteGuard};
pub use semaphore::{Permit, Semaphore};
pub use sleep::{sleep, yield_now};
pub use stack::{DEFAULT_STACK_BYTES, MIN_STACK_BYTES};
pub use stats::{Stats, StatsEvery, stats, stats_every};
pub use task::State;
pub(crate) use task::is_kill;
pub(crate) use timeout::timeout_from;
pub use timeout::{Alarm, AlreadyStarted, Elapsed, Timeout, shield, timeout, timeout_opt, timeout_or};
pub use trace::{Happened, Trace, TraceEvent, WokenBy, trace};
pub(crate) use watched::Watched;
