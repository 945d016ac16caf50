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
//! `inspect` is for who looks on; [`interpose`] is for a crate that stands in for the C library.
//!
//! # What it costs
//! CPU nanoseconds an operation, medians of three runs by turns with their range, each program on one thread and one
//! processor; 21 November 2026, a virtual machine with two Xeon cores, Linux 6.18, Rust 1.95, Go 1.19, gevent 26.9.0
//! (`benches/peers/run runtime`, which says how; on such a machine only ratios mean anything).
//!
//! | | here | tokio, `current_thread` | may, one worker | Go, `GOMAXPROCS=1` | gevent |
//! |---|--:|--:|--:|--:|--:|
//! | yield among 2 | 13.6 (13.4 … 14.2) | 154 (154 … 155) | 55.5 (55.0 … 56.0) | 64.3 (64.3 … 66.6) | 1239 (1226 … 1259) |
//! | yield among 64 | 16.2 (15.6 … 16.6) | 57.1 (52.7 … 57.6) | 62.0 (58.1 … 64.9) | 72.7 (67.3 … 74.3) | 1321 (1220 … 1352) |
//! | yield among 1,000 | 16.3 (15.8 … 20.9) | 54.9 (52.4 … 64.2) | 141 (140 … 165) | 71.3 (70.7 … 77.4) | 1488 (1318 … 1551) |
//! | yield among 100,000 | 54.6 (54.2 … 56.6) | 65.5 (64.8 … 72.2) | cannot | 152 (141 … 154) | 2225 (2220 … 2303) |
//! | spawn and join, 100,000 at once, cold | 3038 (2850 … 3054) | 358 (350 … 403) | cannot | 996 (926 … 1020) | 16876 (16667 … 17379) |
//! | spawn and join, batches of 1,000, warm | 147 (146 … 147) | 208 (208 … 213) | 974 (966 … 1025) | 257 (246 … 261) | 13930 (13869 … 14034) |
//! | a token round a ring of 503 channels | 63.7 (62.7 … 70.2) | 144 (141 … 150) | 275 (268 … 318) | 164 (161 … 168) | 2224 (2221 … 2317) |
//! | TCP ping-pong, a round trip | 5194 (4894 … 5354) | 4637 (4609 … 4776) | 4960 (4904 … 5067) | 5322 (5320 … 5716) | 17111 (16863 … 18124) |
//! | TCP echo, 1,000 clients, a round trip | 5228 (5221 … 5270) | 5308 (5303 … 5432) | 6031 (5892 … 6218) | 6578 (6534 … 6719) | 18161 (17807 … 18181) |
//! | 100,000 sleepers, a sleep | 1517 (1501 … 1577) | 657 (594 … 698) | cannot | 1722 (1696 … 1777) | 12777 (12401 … 12976) |
//! | 1,000,000 parked, bytes each | 5459 | 465 | cannot | 2754 | 8047 |
//!
//! First in yields, warm spawns and channels; in TCP level with tokio, whose system calls are the same ones (the ping-pong
//! once more, medians of five turns: 4531 here, 4675 there). What a stack costs, it costs: a page of memory and a guard,
//! 1.8 µs of the kernel's time at its first use, where a task of tokio's is a few hundred bytes and Go begins with 2 KiB.
//! Left out: more than one processor, fairness, tasks with large states (tokio's are empty here), and all that waits for a
//! disk. "Cannot": may's stacks take two mappings each, of which a process may have 65,530.
//!
//! # For who knows gevent
//! The [crate's documentation](crate) is a tutorial that takes a gevent user across, with a table of what is called what.

#[cfg(test)]
mod edge_tests;
mod greenlet;
mod hub;
mod inspect;
pub mod interpose;
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
pub(crate) use hub::inside::locked;
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
