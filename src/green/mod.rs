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
//!
//! # What holds
//! - First in, first out: whoever became ready first runs first, and a late comer never overtakes who waits for the same thing.
//! - Who keeps each other busy starves neither timers nor descriptors: those are looked at every 61 switches or 5 ms.
//! - Completion wins: what is done is never reported as timed out, and what was handed to a greenlet that is then killed (an
//!   item, a permit) goes to the next one. A queue may for that moment hold one more than its bound.
//! - Of two equal deadlines the earlier made fires first. While a scope is past, every wait inside it fails at once.
//! - A greenlet's panic stays in its handle; a kill is sticky; a destructor that runs while unwinding cannot wait.
//! - At the end of [`run`] everything that is left is unwound, and its destructors run.
//!
//! # What a wait may end with
//! | | a call's own limit | an enclosing scope | nobody can wake it | a kill |
//! |---|---|---|---|---|
//! | `sleep`, `join`, `Event::wait`, … | `Ok(false)`, `Ok(None)` | `Err(TimedOut)` | `Err(Deadlock)`, in main | unwinds |
//! | reads and writes of sockets | `Ok(None)` | `io::ErrorKind::TimedOut` | `io::ErrorKind::Deadlock` | unwinds |
//!
//! # For who knows gevent
//! The [crate's documentation](crate) is a tutorial that takes a gevent user across, with a table of what is called what.

mod any;
mod asserts;
mod async_result;
mod barrier;
mod block_on;
mod bounded_semaphore;
mod channel;
mod choose;
mod clock;
mod condition;
mod dump;
#[cfg(test)]
mod edge_tests;
mod event;
mod exit;
mod fork;
pub mod fs;
mod generator;
mod greenlet;
mod group;
mod hub;
mod idle;
mod imap;
mod interest;
mod interrupt;
mod interval;
mod join;
mod limit;
mod links;
mod live;
mod locals;
mod mailbox;
mod monitor;
mod mutex;
mod offload;
mod os;
mod outcome;
mod overflow;
mod panics;
mod poller;
mod pool;
mod queue;
mod raw;
mod ready;
mod reentrant;
mod remote;
mod runnable;
mod runtime;
mod rwlock;
mod scope;
mod semaphore;
mod sleep;
mod stack;
mod start;
mod stats;
mod task;
#[cfg(test)]
mod tests;
pub mod threads;
mod timeout;
mod timers;
mod trace;
mod turn;
mod wait;
mod waker;
mod wakers;
mod watched;

pub use any::{AnyGreenlet, Joinable, current};
pub use asserts::{assert_no_block, assert_switches};
pub use async_result::{AsyncResult, Failure};
pub use barrier::{Barrier, BarrierError};
pub use block_on::block_on;
pub use bounded_semaphore::{BoundedSemaphore, OverReleased};
pub use channel::{Channel, ChannelIter};
pub use choose::{ChannelClosed, select};
#[doc(hidden)]
pub use choose::{RecvArm, SendArm, select_arms, unchosen};
pub use clock::ClockKind;
pub use condition::Condition;
pub use dump::{TaskDump, TaskInfo, TaskTree, Wait, dump_tasks, kill_by_id};
pub use event::Event;
pub(crate) use exit::pass_to_main;
pub use exit::{catch_exit, exit_main};
pub use generator::{Generator, Step, Yielder};
pub use greenlet::{Builder, Greenlet, spawn};
pub use group::{Group, Limited, Members, Places, Unlimited};
pub use idle::{idle, run_until_idle, run_until_idle_timeout};
pub use imap::Imap;
pub use interest::{Interest, Ready};
pub use interrupt::{Deadlock, Interrupt, TimedOut};
pub use interval::{Interval, interval};
pub use join::{
    IWait, Survivors, iwait, join_all, join_all_timeout, join_any, kill_all, kill_all_nowait, kill_all_timeout,
    try_join_all,
};
pub use limit::Limit;
pub use links::{LinkId, PipeEnd};
pub use locals::{LocalKey, green_local};
pub use mailbox::{Mailbox, Sender, mailbox};
pub use monitor::{Monitor, MonitorEvent, Monitoring, Running};
pub use mutex::{Mutex, MutexGuard};
pub use offload::{OffloadError, Offloaded, Results, ThreadPool, offload, offload_many};
pub use outcome::{GetError, Outcome};
pub use panics::{Panic, on_panic};
pub use pool::{Pool, PoolFull};
pub use queue::{
    AnyQueue, Counted, Fifo, Items, Iter, JoinableQueue, Least, Lifo, LifoQueue, Nothing, NothingUnfinished,
    PriorityQueue, PutError, Queue, Store,
};
pub(crate) use raw::{cancel as cancel_raw_waits, wait as wait_raw};
pub use reentrant::{ReentrantGuard, ReentrantMutex};
pub use remote::Handle;
pub use runnable::{Run, spawn_run};
pub(crate) use runtime::recent_now;
pub use runtime::{Config, now, run};
pub use rwlock::{ReadGuard, RwLock, WriteGuard};
pub use scope::{Scope, scope};
pub use semaphore::{Permit, Semaphore};
pub use sleep::{sleep, yield_now};
pub use stack::{DEFAULT_STACK_BYTES, MIN_STACK_BYTES};
pub use start::spawn_later;
pub use stats::{Stats, StatsEvery, stats, stats_every};
pub use task::State;
pub(crate) use task::is_kill;
pub(crate) use timeout::timeout_from;
pub use timeout::{Alarm, AlreadyStarted, Elapsed, Timeout, shield, timeout, timeout_opt, timeout_or};
pub use trace::{Happened, Trace, TraceEvent, WokenBy, trace};
pub(crate) use watched::Watched;
