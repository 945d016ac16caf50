//! Other people's code, unmodified from the registry, on greenlets of one OS thread: the same results as on threads, and
//! the time of the slowest, not the sum. What does not become cooperative is tested too, so that the README's list of it
//! stays true.
//!
//! Tests against Redis, PostgreSQL and MariaDB act only where `GFETCH_INTEROP=require` asks for them, and then fail where
//! a server is missing; elsewhere each says that it was skipped. `bash .ci/install` installs what they need.

mod http;
#[path = "../../../../tests/interop/ports.rs"]
mod ports;
mod servers;
#[allow(dead_code)]
#[path = "../patched/support.rs"]
mod support;

mod mysql;
mod page_fetch;
mod postgres;
mod redis;
mod rusqlite;
mod tiny_http;
mod tungstenite;
mod ureq;

// These link C libraries of the system, which Debian has not static for musl.
#[cfg(target_env = "gnu")]
mod curl;
#[cfg(target_env = "gnu")]
mod libpq;
#[cfg(target_env = "gnu")]
mod native_tls;

use std::fmt::Debug;
use std::thread;
use std::time::Duration;

use support::{all, patched, timed};

/// Clients at once, where nothing else is said: their delays' sum is far from the longest of them.
const MANY: usize = 50;
/// How long a server takes for an answer.
const DELAY: Duration = Duration::from_millis(200);

/// Runs `f` for each number below `count`, first on a thread of the system each, then on a greenlet each of one thread:
/// the same results. Each takes `delay` by a server; together the greenlets take less than half of the sum of that, and
/// not less than one does.
fn as_on_threads<T>(count: usize, delay: Duration, f: impl Fn(usize) -> T + Clone + Send + 'static) -> Vec<T>
where
    T: Debug + PartialEq + Send + 'static,
{
    let spawn = |n| {
        let f = f.clone();
        thread::spawn(move || f(n))
    };
    let threads: Vec<_> = (0..count).map(spawn).collect();
    let expected: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let (done, wall) = timed(|| patched(|| all(count, f)));
    assert_eq!(done, expected);
    assert_overlapped(wall, count, delay);
    done
}

/// Whether `count` waits of `delay` each were waited for at the same time.
fn assert_overlapped(wall: Duration, count: usize, delay: Duration) {
    assert!(wall >= delay, "the server waits for {delay:?}, and all took {wall:?}");
    let sum = delay * count as u32;
    assert!(wall < sum / 2, "{count} of {delay:?} took {wall:?}: one after another they take {sum:?}");
}

/// Whether real servers are asked for; if not, says what is not tested.
#[must_use]
fn wanted(test: &str) -> bool {
    let wanted = std::env::var_os("GFETCH_INTEROP").is_some_and(|value| value == "require");
    if !wanted {
        eprintln!("skipped: {test} needs redis-server, postgresql and mariadb-server; GFETCH_INTEROP=require runs it");
    }
    wanted
}

/// A real server, or leaves the test here where none is asked for.
macro_rules! needs {
    ($server:ident) => {{
        if !crate::wanted(module_path!()) {
            return;
        }
        crate::servers::$server()
    }};
}
use needs;
