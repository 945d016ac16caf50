//! gfetch: gevent's idea in Rust, with a fetcher of URL lists on top.
//!
//! Code that reads as if it blocked, on stackful green threads, over one event loop. Five layers, and imports run only
//! downward: [`green`] ← [`net`] ← [`http`] ← [`fetch`] ← the command (`src/cli`, part of the binary).
//! The library prints nothing, never exits, and never reads the environment.
//!
//! # Ten minutes for who knows gevent
//!
//! ## 1. Spawn, sleep, join
//! [`green::run`] is the only way in: it makes the hub that gevent makes unasked, runs the closure as the main greenlet, and
//! unwinds whatever is left when that returns. Inside, [`green::spawn`] schedules a greenlet, which runs once the caller waits.
//!
//! ```
//! use gfetch::green;
//! use std::time::Duration;
//!
//! let total = green::run(|| {
//!     let tasks: Vec<_> = (1..=3)
//!         .map(|n| {
//!             green::spawn(move || {
//!                 green::sleep(Duration::from_millis(n)).unwrap();
//!                 n * 10
//!             })
//!         })
//!         .collect();
//!     green::join_all(&tasks).unwrap();                       // gevent.joinall(tasks)
//!     tasks.iter().map(|task| task.get().unwrap()).sum::<u64>() // sum(task.get() for task in tasks)
//! });
//! assert_eq!(total, 60);
//! ```
//!
//! Greenlets of a thread take turns: one runs until it waits. So they share `Rc`, `Cell` and `RefCell` without locks; and they
//! never move to another thread, which the compiler holds:
//!
//! ```compile_fail,E0277
//! gfetch::green::run(|| {
//!     let task = gfetch::green::spawn(|| 1);
//!     std::thread::spawn(move || task.get()); // error: `Greenlet` is not `Send`
//! });
//! ```
//!
//! What a greenlet borrows must outlive it, and a greenlet ends when it likes: it owns what it uses (`move`, `Rc`).
//!
//! ```compile_fail,E0597
//! gfetch::green::run(|| {
//!     let text = String::from("mine");
//!     let borrowed: &'static str = &text; // error: `text` does not live long enough
//!     gfetch::green::spawn(move || borrowed.len());
//! });
//! ```
//!
//! ## 2. Nothing is patched
//! What blocks the thread blocks every greenlet: `std::thread::sleep`, `std::net`, a lock held across a wait. The cooperative ones are
//! [`green::sleep`], [`net::TcpStream`], [`green::Semaphore`]. They read as std's do, so most code changes its imports only.
//! A call that must block (a file, a database's client) goes to an OS thread:
//!
//! ```
//! use gfetch::green;
//! green::run(|| {
//!     let hosts = green::offload(|| std::fs::read_to_string("/etc/hosts")).unwrap(); // threadpool.apply(...)
//!     assert!(hosts.is_ok());
//! });
//! ```
//!
//! ## 3. A time-out is an error
//! In gevent a `Timeout` is thrown into the greenlet. Here every wait inside the scope returns `Err`, which `?` hands up, and the scope that
//! it belongs to gives [`green::Elapsed`]. So waits return `Result`: an `unwrap` on one says "no time-out around me".
//!
//! ```
//! use gfetch::green::{self, Elapsed, Interrupt};
//! use std::time::Duration;
//!
//! fn slow_sum() -> Result<u32, Interrupt> {
//!     green::sleep(Duration::from_secs(60))?;
//!     Ok(42)
//! }
//!
//! green::run(|| {
//!     let limit = Duration::from_millis(5);
//!     match green::timeout(limit, slow_sum) {                     // with gevent.Timeout(0.005):
//!         Ok(result) => panic!("it ended in time: {result:?}"),
//!         Err(elapsed) => assert_eq!(elapsed, Elapsed { limit }), // except gevent.Timeout
//!     }
//!     let or_default = green::timeout(limit, slow_sum).map_or(0, |sum| sum.unwrap()); // with_timeout(..., timeout_value=0)
//!     assert_eq!(or_default, 0);
//! });
//! ```
//!
//! A limit of the call's own is a value: `queue.get_timeout(limit)` is `Ok(Err(Empty))`, `event.wait_timeout(limit)` is `Ok(false)`.
//!
//! ## 4. Ends: returned, panicked, killed
//! A panic stays in its greenlet's handle and harms nobody else. A kill unwinds its target from where it waits, destructors run:
//! what `finally` is in Python is `Drop` here.
//!
//! ```
//! use gfetch::green::{self, GetError};
//! use std::time::Duration;
//!
//! green::run(|| {
//!     let forever = green::spawn(|| green::sleep(Duration::MAX));
//!     green::yield_now().unwrap();
//!     forever.kill().unwrap();
//!     assert!(matches!(forever.get(), Err(GetError::Killed)));    // gevent: a value, GreenletExit
//!     let wrong = green::spawn(|| std::panic::resume_unwind(Box::new("no luck")));
//!     let Err(error): Result<(), _> = wrong.get() else { unreachable!() };
//!     assert!(error.to_string().ends_with("panicked: no luck"), "{error}"); // and says which greenlet, spawned where
//! });
//! ```
//!
//! ## 5. Pools and queues
//! ```
//! use gfetch::green::{self, Pool, Queue};
//! use std::time::Duration;
//!
//! green::run(|| {
//!     let pool = Pool::new(2);
//!     let slow = |n: u64| { green::sleep(Duration::from_millis(n)).unwrap(); n };
//!     let in_order: Vec<u64> = pool.imap(slow, [3, 1, 2]).map(Result::unwrap).collect();
//!     let as_they_come: Vec<u64> = pool.imap_unordered(slow, [30, 1, 2]).map(Result::unwrap).collect();
//!     assert_eq!((in_order, as_they_come), (vec![3, 1, 2], vec![1, 2, 30]));
//!
//!     let queue = Queue::bounded(3);
//!     let boss = queue.clone();
//!     green::spawn(move || {
//!         (1..=9).for_each(|n| boss.put(n).unwrap()); // waits while the queue is full
//!         boss.close();                               // gevent: queue.shutdown()
//!     });
//!     let all: Vec<u32> = std::iter::from_fn(|| queue.get().unwrap()).collect();
//!     assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
//! });
//! ```
//!
//! ## 6. A server
//! ```
//! use gfetch::green;
//! use gfetch::net::{StreamServer, TcpListener, TcpStream};
//! use std::io::{Read, Write};
//! use std::net::Shutdown;
//! use std::time::Duration;
//!
//! green::run(|| {
//!     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
//!     let address = listener.local_addr().unwrap();
//!     let server = StreamServer::new(listener).pool(1000).start(|stream, _peer| std::io::copy(&mut &stream, &mut &stream));
//!
//!     let mut client = TcpStream::connect(address).unwrap();
//!     client.write_all(b"hello").unwrap();
//!     client.shutdown(Shutdown::Write).unwrap();
//!     let mut echo = String::new();
//!     client.read_to_string(&mut echo).unwrap();
//!     assert_eq!(echo, "hello");
//!     server.stop(Duration::from_secs(1)).unwrap();
//! });
//! ```
//!
//! ## 7. Tests that take no time
//! On a virtual clock the hub jumps to the next deadline once everybody waits: a story of an hour is told at once, exactly, and the same each time.
//!
//! ```
//! use gfetch::green::{self, ClockKind, Config};
//! use std::time::Duration;
//!
//! let hour = Duration::from_secs(3600);
//! let took = Config::new().clock(ClockKind::Virtual).run(|| {
//!     let start = green::now();
//!     green::sleep(hour).unwrap();
//!     green::now() - start
//! });
//! assert_eq!(took, hour);
//! ```
//!
//! ## 8. More than one core
//! A hub for each OS thread, each with a `run` of its own. Between them go [`green::Handle`] (spawn over there) and
//! [`green::mailbox`] (values to here):
//!
//! ```
//! use gfetch::green;
//! green::run(|| {
//!     let (sender, mailbox) = green::mailbox();
//!     for part in 0..4u64 {
//!         let sender = sender.clone();
//!         std::thread::spawn(move || green::run(|| sender.send(part * 10)));
//!     }
//!     drop(sender);
//!     let sum: u64 = std::iter::from_fn(|| mailbox.receive().unwrap()).sum();
//!     assert_eq!(sum, 60);
//! });
//! ```
//!
//! ## In gevent, here
//! | in gevent | here | what is different |
//! |---|---|---|
//! | the hub, made unasked | [`green::run`], [`green::Config`] | an end: what is left is unwound |
//! | `gevent.spawn(f, 1, x=2)` | [`green::spawn`]`(move \|\| f(1, 2))` | |
//! | `Greenlet.get()` | [`get`](green::Greenlet::get) | moves the value out, once |
//! | `g.join(timeout)` | [`join`](green::Greenlet::join), [`join_timeout`](green::Greenlet::join_timeout) | |
//! | `gevent.joinall(gs)` | [`green::join_all`] | |
//! | `g.kill()`, `g.kill(block=False)` | [`kill`](green::Greenlet::kill), [`kill_nowait`](green::Greenlet::kill_nowait) | sticky: a swallowed kill comes again |
//! | `g.ready()`, `g.successful()` | [`is_done`](green::Greenlet::is_done), [`is_successful`](green::Greenlet::is_successful) | killed is not successful |
//! | `gevent.sleep(s)`, `sleep(0)` | [`green::sleep`], [`green::yield_now`] | |
//! | `gevent.getcurrent()` | [`green::current`] | |
//! | `with Timeout(s):`, `with_timeout` | [`green::timeout`] | an error, not an exception |
//! | (none) | [`green::shield`], [`green::Alarm`] | for cleaning up; a deadline for many |
//! | `Event`, `AsyncResult` | [`green::Event`], [`green::AsyncResult`] | a result is set once |
//! | `Queue(n)`, `Queue()`, `shutdown` | [`green::Queue`], [`close`](green::Queue::close) | |
//! | `Channel` | [`green::Channel`], [`green::select`](macro@green::select) | |
//! | `Semaphore(n)` | [`green::Semaphore`] | handed to who waits longest |
//! | `Lock`, `RLock` | [`green::Mutex`], [`green::ReentrantMutex`] | guards, no release by strangers |
//! | `local` | [`green::green_local`](macro@green::green_local) | |
//! | `gevent.idle()` | [`green::idle`](fn@green::idle) | |
//! | `select.select`, `poll` | [`net::select`](fn@net::select), [`net::Poll`] | |
//! | `DatagramServer`, `backdoor` | [`net::DatagramServer`], [`net::Backdoor`] | |
//! | `monitor_thread` | [`green::Monitor`] | |
//! | `Group`, `Pool(n)` | [`green::Group`], [`green::Pool`] | |
//! | `imap`, `imap_unordered`, `maxsize=` | the same, [`max_outstanding`](green::Imap::max_outstanding) | a failed item is an `Err` in its place |
//! | `get_hub().threadpool.apply` | [`green::offload`], [`green::ThreadPool`] | |
//! | `gevent.socket` | [`net::TcpStream`], [`net::TcpListener`], [`net::UnixStream`] | `Read` and `Write` |
//! | `StreamServer` | [`net::StreamServer`] | |
//! | `pywsgi.WSGIServer` | [`http::server`] | |
//! | `LoopExit` | [`green::Deadlock`] | says who waits for what |
//! | `loop.run_callback_threadsafe` | [`green::Handle`], [`green::mailbox()`] | |
//! | `gevent.monkey` | not in this crate | |
//!
//! Row by row, with the test that holds each: `docs/gevent-parity.md` in the repository.

#[cfg(panic = "abort")]
compile_error!(
    "gfetch needs panic = \"unwind\": a kill unwinds the greenlet it ends, and a panic is kept in its handle"
);

pub mod fetch;
#[doc(hidden)]
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod green;
pub mod http;
pub mod net;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
