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

mod any;
mod asserts;
mod clock;
mod dump;
#[cfg(test)]
mod edge_tests;
mod event;
mod generator;
mod greenlet;
mod group;
mod hub;
mod idle;
mod imap;
mod interest;
mod interrupt;
mod join;
mod links;
mod live;
mod mailbox;
mod monitor;
mod offload;
mod outcome;
mod overflow;
mod panics;
mod poller;
mod pool;
mod queue;
mod raw;
mod ready;
mod remote;
mod runnable;
mod runtime;
mod scope;
mod semaphore;
mod sleep;
mod stack;
mod start;
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

pub use any::{AnyGreenlet, Joinable, current};
pub use asserts::{assert_no_block, assert_switches};
pub use clock::ClockKind;
pub use dump::{TaskDump, TaskInfo, TaskTree, Wait, dump_tasks, kill_by_id};
pub use event::{AsyncResult, Event};
pub use generator::{Generator, Step, Yielder};
pub use greenlet::{Builder, Greenlet, spawn};
pub use group::{Group, Limited, Members, Places, Unlimited};
pub use idle::{run_until_idle, run_until_idle_timeout};
pub use imap::Imap;
pub use interest::{Interest, Ready};
pub use interrupt::{Deadlock, Interrupt, TimedOut};
pub use join::{
    IWait, Survivors, iwait, join_all, join_all_timeout, join_any, kill_all, kill_all_nowait, kill_all_timeout,
    try_join_all,
};
pub use links::{LinkId, PipeEnd};
pub use mailbox::{Mailbox, Sender, mailbox};
pub use monitor::{Monitor, MonitorEvent, Monitoring, Running};
pub use offload::{OffloadError, ThreadPool, offload};
pub use outcome::{GetError, Outcome};
pub use panics::{Panic, on_panic};
pub use pool::{Pool, PoolFull};
pub use queue::{Nothing, PutError, Queue};
pub(crate) use raw::{cancel as cancel_raw_waits, wait as wait_raw};
pub use remote::Handle;
pub use runnable::{Run, spawn_run};
pub(crate) use runtime::recent_now;
pub use runtime::{Config, now, run};
pub use scope::{Scope, scope};
pub use semaphore::{Permit, Semaphore};
pub use sleep::{sleep, yield_now};
pub use stack::{DEFAULT_STACK_BYTES, MIN_STACK_BYTES};
pub use start::spawn_later;
pub use stats::{Stats, StatsEvery, stats, stats_every};
pub use task::State;
pub(crate) use task::is_kill;
pub(crate) use timeout::timeout_from;
pub use timeout::{Alarm, Elapsed, shield, timeout};
pub use trace::{Happened, Trace, TraceEvent, WokenBy, trace};
pub(crate) use watched::Watched;
