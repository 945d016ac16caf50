//! Monkey patching for gfetch's green threads: blocking Rust and C code made cooperative without touching it.
//!
//! ```
//! use gfetch::green;
//! use std::time::{Duration, Instant};
//!
//! // As it is written for threads: ureq blocks, and knows nothing of greenlets.
//! fn fetch(url: &str) -> Result<usize, ureq::Error> {
//!     println!("GET: {url}");
//!     let page = ureq::get(url).call()?.body_mut().read_to_vec()?;
//!     println!("{} bytes received from {url}.", page.len());
//!     Ok(page.len())
//! }
//!
//! # use std::io::{Read, Write};
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
//! # let server = listener.local_addr().unwrap();
//! # std::thread::spawn(move || for mut client in listener.incoming().flatten() {
//! #     std::thread::spawn(move || {
//! #         client.read(&mut [0; 1024]).unwrap();
//! #         std::thread::sleep(Duration::from_millis(300));
//! #         client.write_all(b"HTTP/1.0 200 OK\r\ncontent-length: 11\r\n\r\na slow page").unwrap();
//! #     });
//! # });
//! # let urls = ["python", "yahoo", "github", "github"].map(|name| format!("http://{server}/{name}"));
//! gfetch_monkey::patch_all();
//! green::run(|| {
//!     let start = Instant::now();
//!     let pages = urls.map(|url| green::spawn(move || fetch(&url)));
//!     assert!(pages.iter().all(|page| matches!(page.get().unwrap(), Ok(11))));
//!     // Each page takes the server 300 ms. All four are asked for before one is answered, and take as long as one, on one
//!     // thread of the system.
//!     assert!(start.elapsed() < Duration::from_millis(4 * 300));
//! });
//! ```
//!
//! Linking this crate defines the C library's blocking functions anew; [`patch_all`] turns them on. From then on code that
//! knows nothing of greenlets (std's sockets, sleeps, names, programs and locks, crates built on them, C libraries) waits as
//! a greenlet where it runs on one, and exactly as ever everywhere else. When it is patched matters little: a call that has
//! begun goes on as it began. gevent: `monkey.patch_all`. `examples/` has this program whole, and the tutorials' other ones.
//!
//! **Not everything becomes cooperative.** Files, what is written to descriptors 1 and 2, the locks and waits inside C
//! libraries, `parking_lot`, crates that make system calls by themselves (`rustix`), and code that computes block all
//! greenlets of their thread, as they block a thread. std's `mpsc` between two greenlets of one thread does worse: its
//! receiver is not woken. The way round each stands [below](#what-does-not-become-cooperative-and-the-way-round), and
//! [`Detector`] names who blocks, and in which call.
//!
//! # What a patched call tells
//! - A non-blocking descriptor is left alone: `EAGAIN` goes to the caller. `SO_RCVTIMEO` and `SO_SNDTIMEO` end a call with
//!   `EAGAIN`, as they do in the kernel.
//! - A `green::timeout` scope around it that runs out: `ETIMEDOUT`, which std tells as `io::ErrorKind::TimedOut`.
//! - A kill: `ECANCELED`. Nothing unwinds out of a patched call, so that the greenlet ends by its own handling of errors, or
//!   at the next wait of gfetch's own. One that handles no errors is kept to a call a millisecond.
//! - Where a call has codes of its own: `EAI_SYSTEM` from `getaddrinfo`, with either of these in `errno`.
//! - A sleep that either of these ends returns as if it were done: std knows no other end of it.
//! - A wait for std's locks, by `thread::park` or for a thread's end is ended by neither: they end the wait after it.
//! - A writing call on a stream or a pipe returns once all is written, as the one that blocks does.
//!
//! # Every function
//! Whether a signal handler may call a function: *unless it waits* is [`SignalSafety::UnlessItWaits`], and so on. Everything
//! else than a greenlet that may wait gets the system's function: see [`original`](mod@original).
//!
//! | function | feature | in a handler | on a greenlet |
//! |---|---|---|---|
//! | `connect` | `Socket` | unless it waits | begins, waits until it is writable, and tells how it went |
//! | `accept` | `Socket` | unless it waits | waits for a connection; hubs of one process take turns |
//! | `accept4` | `Socket` | unless it waits | the same |
//! | `recv` | `Socket` | unless it waits | waits for something to read |
//! | `recvfrom` | `Socket` | unless it waits | the same |
//! | `recvmsg` | `Socket` | unless it waits | the same |
//! | `recvmmsg` | `Socket` | unless it waits | the same, for several messages |
//! | `__recv_chk` | `Socket` | unless it waits | `recv`, as fortified code calls it |
//! | `__recvfrom_chk` | `Socket` | unless it waits | `recvfrom`, likewise |
//! | `send` | `Socket` | unless it waits | waits until all is sent |
//! | `sendto` | `Socket` | unless it waits | the same |
//! | `sendmsg` | `Socket` | unless it waits | the same |
//! | `sendmmsg` | `Socket` | unless it waits | the same, for several messages |
//! | `sendfile` | `Socket` | unless it waits | reads pieces, and waits until they are sent |
//! | `sendfile64` | `Socket` | unless it waits | the same |
//! | `read` | `Socket` | unless it waits | `recv`; of a pipe or a terminal (`Os`): waits for something to read |
//! | `readv` | `Socket` | unless it waits | the same |
//! | `__read_chk` | `Socket` | unless it waits | `read`, as fortified code calls it |
//! | `write` | `Socket` | unless it waits | `send`; to a pipe or a terminal (`Os`): waits until all is written |
//! | `writev` | `Socket` | unless it waits | the same |
//! | `close` | `Socket` | unless it waits | tells who waits for the number, `EBADF`; never waits |
//! | `dup2` | `Socket` | unless it waits | the same for the number that is replaced |
//! | `dup3` | `Socket` | unless it waits | the same |
//! | `splice` | `Os` | unless it waits | waits until both ends are ready |
//! | `poll` | `Select` | unless it waits | waits; with a time-out of zero straight to the kernel |
//! | `ppoll` | `Select` | unless it waits | the same; a signal that only its mask lets through is seen within 50 ms |
//! | `__poll_chk` | `Select` | unless it waits | `poll`, as fortified code calls it |
//! | `__ppoll_chk` | `Select` | unless it waits | `ppoll`, likewise |
//! | `select` | `Select` | unless it waits | as `poll` |
//! | `pselect` | `Select` | unless it waits | as `ppoll` |
//! | `epoll_wait` | `Select` | unless it waits | as `poll` |
//! | `epoll_pwait` | `Select` | unless it waits | as `ppoll` |
//! | `epoll_pwait2` | `Select` | unless it waits | the same; not in musl |
//! | `nanosleep` | `Time` | unless it waits | sleeps by the hub's clock |
//! | `clock_nanosleep` | `Time` | unless it waits | the same, on clocks that run with time |
//! | `usleep` | `Time` | unless it waits | the same |
//! | `sleep` | `Time` | unless it waits | the same |
//! | `getaddrinfo` | `Dns` | never | asks on a thread of a pool of 16; not in a static program |
//! | `getnameinfo` | `Dns` | never | the same; not in a static program |
//! | `_pthread_cleanup_push` | `Dns` | always | keeps the clean-ups of musl's resolver off the thread's list; in static musl only |
//! | `_pthread_cleanup_pop` | `Dns` | always | the same; in static musl only |
//! | `waitpid` | `Process` | unless it waits | waits by a pidfd; for a group, any child or a stop by looks at 1 … 50 ms |
//! | `wait4` | `Process` | unless it waits | the same |
//! | `waitid` | `Process` | unless it waits | the same |
//! | `wait` | `Process` | unless it waits | looks at 1 … 50 ms |
//! | `wait3` | `Process` | unless it waits | the same |
//! | `syscall` | `Thread` | unless it waits | a private futex's wait and wake, by which std's locks and `thread::park` wait; else the kernel's. No handler may make it for what wakes |
//! | `pthread_join` | `Thread` | never | a thread of its own joins, and the greenlet waits for that |
//!
//! What std calls beyond these, it calls by these: `Command` starts programs by `posix_spawn` (or `fork`, and a `read` of a
//! pipe), reads their output by `poll` and `read`, and waits by `waitpid`. In a static program musl's own code calls them too:
//! its resolver polls and sends as a greenlet, and after a time-out or a kill goes on trying until its own time-out (5 s).
//!
//! # What does not become cooperative, and the way round
//! | what blocks all greenlets of its thread | the way round |
//! |---|---|
//! | files: opening, reading, writing, `fsync`, directories, locks (`flock`, `F_SETLKW`), page faults of mapped ones | `gfetch::green::fs`, or `green::offload` |
//! | opening a FIFO whose other end is not open | open it with `O_NONBLOCK`, or `green::offload` |
//! | writing to descriptors 1 and 2, which std does inside a lock that knows threads alone | a duplicate of the descriptor |
//! | `gethostbyname` and its kin, whose answer stands in one place for the process; `res_query` | `getaddrinfo`, `green::offload` |
//! | names in a static program of glibc's | `green::offload` |
//! | `system`, `pclose`, whose waits are the C library's own | `Command`, `posix_spawn` and `waitpid` |
//! | `pthread_mutex_lock`, `pthread_cond_wait`, `sem_wait` of C libraries: their futexes are the C library's own | `green::offload` what uses them; a library that holds such a lock over a patched call: one greenlet at a time, by a `green::Mutex` |
//! | `parking_lot`'s locks, and futexes that processes share | std's locks, `gfetch::green`'s |
//! | `sigwait`, `sigsuspend`, `pause` | `gfetch::net::signals`, a `signalfd` that is read |
//! | queues and semaphores of System V and POSIX (`msgrcv`, `semop`, `mq_receive`) | `green::offload`, a pipe |
//! | C's stdio on pipes and sockets (`fgets`, `fread`, `fprintf`), `eventfd_read`, `thrd_sleep`, `pthread_timedjoin_np`: the C library calls none of these by name | `read` and `write`, `green::offload` |
//! | a connect by other protocols than TCP's and Unix' (`AF_VSOCK`, SCTP, Bluetooth) | `green::offload` |
//! | code on a stack of its own, inside a greenlet: `stacker`, other libraries' coroutines | what waits outside of it |
//! | system calls that a crate makes by itself: `rustix` does by default, and so does `io_uring` | its libc backend (`cfg(rustix_use_libc)`), `green::offload` |
//! | `preadv2`, `copy_file_range`, `ioctl`, `vmsplice`, `tee` on what is no file | `read` and `write` |
//! | an accept or a read that another *process*, or a thread on no greenlet, wins after both have looked | a socket each (`SO_REUSEPORT`), or `O_NONBLOCK` |
//! | long computations | `green::yield_now`, `green::offload` |
//!
//! And what waits, but may surprise:
//! - What knows threads alone takes all greenlets of a thread for one: a `RefCell` in a `thread_local!` that is borrowed over a
//!   patched call panics for the next, `tracing`'s spans interleave, a reentrant lock lets the neighbour in.
//! - `mpsc` (and `crossbeam-channel`) between two greenlets of *one* thread: its sender passes over receivers of its own thread,
//!   so that one that waits already is not woken, which [`Detector`] tells of. From and to other threads it works. Use
//!   `green::Channel`.
//! - `thread::park` returns for no reason more often than it would, as it may.
//! - A tracer's `waitpid(child, …, 0)` hears of its child's end but of no stop: with `__WALL` or `WUNTRACED` it does.
//! - A signal ends no wait: `EINTR` comes from a look of `ppoll`, `pselect` or `epoll_pwait` alone, and `sleep` lasts.
//! - `recv` with `MSG_PEEK | MSG_WAITALL` gives what there is; so does one for less than `SO_RCVLOWAT`.
//! - These functions are no cancellation points of `pthread_cancel`.
//! - The child of a `vfork` shares its parent's memory: it must not `close` what greenlets of its parent wait for.
//!   `posix_spawn` does not.
//!
//! [`report`](fn@report) says what of all this is interposed in a program, and what its linker left out; [`Detector`] names the
//! greenlet and the call that block a thread, and who has waited for std's locks and channels for suspiciously long.

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
compile_error!("gfetch-monkey stands in for the C library of Linux on x86-64 and aarch64, and for no other");

mod call;
mod copy;
mod descriptors;
mod detector;
mod feature;
mod futex;
mod hub;
mod io;
mod join;
#[cfg(all(target_env = "musl", target_feature = "crt-static"))]
mod musl;
#[cfg(not(target_feature = "crt-static"))]
mod names;
mod process;
mod report;
mod select;
mod socket;
mod symbols;
mod sys;
mod time;

pub use detector::{Blocked, Call, Detecting, Detector, SystemCall};
pub use feature::Feature;
pub use report::{Found, Report, report};
pub use symbols::{SignalSafety, Symbol, symbols};

/// The functions as the system has them: what a patched program calls to block its thread on purpose. gevent:
/// `monkey.get_original`, by name in [`get_original`].
pub mod original {
    pub use crate::copy::original::*;
    pub use crate::descriptors::original::*;
    pub use crate::futex::original::*;
    pub use crate::io::original::*;
    pub use crate::join::original::*;
    #[cfg(all(target_env = "musl", target_feature = "crt-static"))]
    pub use crate::musl::original::*;
    #[cfg(not(target_feature = "crt-static"))]
    pub use crate::names::original::*;
    pub use crate::process::original::*;
    pub use crate::select::original::*;
    pub use crate::socket::original::*;
    pub use crate::time::original::*;
}

/// Patches every [`Feature`], for the whole process and for good. gevent: `monkey.patch_all`.
pub fn patch_all() {
    patch(Feature::ALL.iter().copied());
}

/// Patches some. What is patched stays so; what was before, too. From any thread, at any time: calls that are under way
/// go on as they began. gevent: `patch_socket` and the like.
///
/// ```
/// use gfetch_monkey::{Feature, is_patched, patch};
/// patch([Feature::Time]);
/// assert!(is_patched(Feature::Time) && !is_patched(Feature::Select));
/// ```
pub fn patch(features: impl IntoIterator<Item = Feature>) {
    // Whoever patches refers to every function by this, so that the linker takes them all.
    std::hint::black_box(symbols().map(|symbol| (symbol.ours)().addr()).fold(0, usize::wrapping_add));
    feature::turn_on(features);
}

/// Whether a feature is patched. gevent: `monkey.is_module_patched`.
pub fn is_patched(feature: Feature) -> bool {
    feature::is_on(feature)
}

/// The address of the function that does what the system's of that name does; `None` if this crate does not stand in for
/// it. [`original`] has them with their types. gevent: `monkey.get_original`.
///
/// ```
/// use gfetch_monkey::{get_original, original};
/// assert_eq!(get_original("read"), Some(original::read as *const ()));
/// assert_eq!(get_original("fsync"), None);
/// ```
pub fn get_original(name: &str) -> Option<*const ()> {
    symbols::find(name).map(Symbol::original)
}

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
