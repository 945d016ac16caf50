//! Monkey patching for gfetch's green threads: blocking Rust and C code made cooperative without touching it.
//!
//! Linking this crate defines the C library's blocking functions anew; [`patch_all`] turns them on. From then on code that
//! knows nothing of greenlets (std's sockets and sleeps, crates built on them, C libraries) waits as a greenlet where it runs
//! on one, and exactly as ever everywhere else. gevent: `monkey.patch_all`.
//!
//! ```
//! use gfetch::green;
//! use std::time::{Duration, Instant};
//! gfetch_monkey::patch_all();
//! let start = Instant::now();
//! green::run(|| {
//!     let sleepers: Vec<_> = (0..100).map(|_| green::spawn(|| std::thread::sleep(Duration::from_millis(50)))).collect();
//!     green::join_all(&sleepers).unwrap();
//! });
//! assert!(start.elapsed() < Duration::from_millis(50 * 100));
//! ```
//!
//! # What a patched call tells
//! - A non-blocking descriptor is left alone: `EAGAIN` goes to the caller. `SO_RCVTIMEO` and `SO_SNDTIMEO` end a call with
//!   `EAGAIN`, as they do in the kernel.
//! - A `green::timeout` scope around it that runs out: `ETIMEDOUT`, which std tells as `io::ErrorKind::TimedOut`.
//! - A kill: `ECANCELED`. Nothing unwinds out of a patched call, so that the greenlet ends by its own handling of errors, or
//!   at the next wait of gfetch's own. One that handles no errors is kept to a call a millisecond.
//! - A sleep that either of these ends returns as if it were done: std knows no other end of it.
//! - A writing call on a stream or a pipe returns once all is written, as the one that blocks does.
//!
//! # What it does not do
//! Its functions are no cancellation points of `pthread_cancel`. Files are read and written on the hub's thread, and so are
//! descriptors 1 and 2 written.

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
compile_error!("gfetch-monkey stands in for the C library of Linux on x86-64 and aarch64, and for no other");

mod call;
mod copy;
mod descriptors;
mod feature;
mod futex;
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
