//! A hub on each of several OS threads: how a program of greenlets uses more than one core.

use std::num::NonZero;
use std::panic;
use std::thread;

use crate::green::Config;
use crate::green::hub::Hub;

/// Runs `f(0)` … `f(count - 1)`, each as the main greenlet of a hub on an OS thread of its own, and returns what they
/// return, in that order, when all have ended. Blocks the calling thread meanwhile. `f` may borrow.
///
/// A hub uses one core; greenlets never move. Share by [`bounded`](super::bounded), [`Event`](super::Event) and
/// [`Lock`](super::Lock). gevent: several processes.
///
/// ```
/// use gfetch::green::{self, threads};
/// let sums = threads::run_on_threads(3, |n| {
///     let parts: Vec<_> = (0..4).map(|k| green::spawn(move || n * k)).collect();
///     parts.iter().map(|part| part.get().unwrap()).sum::<usize>()
/// });
/// assert_eq!(sums, [0, 6, 12]);
/// ```
///
/// # Panics
/// With the panic of the first that panicked, when all have ended; inside [`run`](crate::green::run()), whose thread it would block; when the
/// system gives no thread.
#[track_caller]
pub fn run_on_threads<T: Send>(count: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
    assert!(
        Hub::try_with(|_| ()).is_none(),
        "run_on_threads inside run would block this hub: call it outside, or offload it"
    );
    let f = &f;
    let ended: Vec<thread::Result<T>> = thread::scope(|scope| {
        let start = |index| {
            let named = thread::Builder::new().name(format!("gfetch-hub-{index}"));
            let started = named.spawn_scoped(scope, move || Config::new().run(|| f(index)));
            started.unwrap_or_else(|error| panic!("no thread for hub {index}: {error}"))
        };
        let threads: Vec<_> = (0..count).map(start).collect();
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    ended.into_iter().map(|end| end.unwrap_or_else(|payload| panic::resume_unwind(payload))).collect()
}

/// How many hubs make sense: the cores that this process may use, at least 1.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
