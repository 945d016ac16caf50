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
//! # Where things are
//! `greenlet` is what one spawns, joins and groups; `hub` runs them; `task` is a greenlet as the hub sees it. On these stand
//! `sync` (what greenlets wait for each other with), `time`, `io` (descriptors) and `threads` (what crosses to others).
//! `inspect` is for who looks on.
//!
//! # For who knows gevent
//! The [crate's documentation](crate) is a tutorial that takes a gevent user across, with a table of what is called what.

#[cfg(test)]
mod edge_tests;
mod greenlet;
mod hub;
mod inspect;
mod io;
mod sync;
mod task;
#[cfg(test)]
mod tests;
pub mod threads;
mod time;

pub use greenlet::any::{AnyGreenlet, Joinable, current};
pub(crate) use greenlet::exit::pass_to_main;
pub use greenlet::exit::{catch_exit, exit_main};
pub use greenlet::generator::{Generator, Step, Yielder};
pub use greenlet::group::{Group, Limited, Members, Places, Unlimited};
pub use greenlet::imap::Imap;
pub use greenlet::join::{
    IWait, Survivors, iwait, join_all, join_all_timeout, join_any, kill_all, kill_all_nowait, kill_all_timeout,
    try_join_all,
};
pub use greenlet::links::{LinkId, PipeEnd};
pub use greenlet::locals::{LocalKey, green_local};
pub use greenlet::outcome::{GetError, Outcome};
pub use greenlet::pool::{Pool, PoolFull};
pub use greenlet::runnable::{Run, spawn_run};
pub use greenlet::scope::{Scope, scope};
pub use greenlet::start::spawn_later;
pub use greenlet::{Builder, Greenlet, spawn};
pub use hub::clock::ClockKind;
pub use hub::idle::{idle, run_until_idle, run_until_idle_timeout};
pub use hub::remote::Handle;
pub(crate) use hub::runtime::recent_now;
pub use hub::runtime::{Config, now, run};
pub use inspect::asserts::{assert_no_block, assert_switches};
pub use inspect::dump::{TaskDump, TaskInfo, TaskTree, Wait, dump_tasks, kill_by_id};
pub use inspect::monitor::{Monitor, MonitorEvent, Monitoring, Running};
pub use inspect::panics::{Panic, on_panic};
pub use inspect::stats::{Stats, StatsEvery, stats, stats_every};
pub use inspect::trace::{Happened, Trace, TraceEvent, WokenBy, trace};
pub use io::fs;
pub use io::interest::{Interest, Ready};
pub(crate) use io::raw::{cancel as cancel_raw_waits, wait as wait_raw};
pub(crate) use io::watched::Watched;
pub use sync::async_result::{AsyncResult, Failure};
pub use sync::barrier::{Barrier, BarrierError};
pub use sync::bounded_semaphore::{BoundedSemaphore, OverReleased};
pub use sync::channel::{Channel, ChannelIter};
pub use sync::choose::{ChannelClosed, select};
#[doc(hidden)]
pub use sync::choose::{RecvArm, SendArm, select_arms, unchosen};
pub use sync::condition::Condition;
pub use sync::event::Event;
pub use sync::mutex::{Mutex, MutexGuard};
pub use sync::queue::{
    AnyQueue, Counted, Fifo, Items, Iter, JoinableQueue, Least, Lifo, LifoQueue, Nothing, NothingUnfinished,
    PriorityQueue, PutError, Queue, Store,
};
pub use sync::reentrant::{ReentrantGuard, ReentrantMutex};
pub use sync::rwlock::{ReadGuard, RwLock, WriteGuard};
pub use sync::semaphore::{Permit, Semaphore};
pub use task::State;
pub(crate) use task::Why;
pub use task::interrupt::{Deadlock, Interrupt, TimedOut};
pub(crate) use task::is_kill;
pub use task::stack::{DEFAULT_STACK_BYTES, MIN_STACK_BYTES};
pub(crate) use task::waker::Woken;
pub(crate) use threads::block_on::Doorbell;
pub use threads::block_on::block_on;
pub use threads::mailbox::{Mailbox, Sender, mailbox};
pub use threads::offload::{OffloadError, Offloaded, Results, ThreadPool, offload, offload_many};
pub use time::interval::{Interval, interval};
pub use time::limit::Limit;
pub use time::sleep::{sleep, yield_now};
pub(crate) use time::timeout::timeout_from;
pub use time::timeout::{Alarm, AlreadyStarted, Elapsed, Timeout, shield, timeout, timeout_opt, timeout_or};
