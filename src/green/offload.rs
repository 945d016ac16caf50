//! Owns the OS threads for calls that block: names, files, anything without a descriptor to wait for.

use std::any::Any;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::hub::Hub;
use super::interrupt::Interrupt;
use super::panics::Panic;
use super::remote::WaitId;
use super::task::{Task, Why};

/// Threads of the common pool: gevent's default.
const THREADS: usize = 10;
/// A thread with nothing to do ends after so long, as in gevent.
const IDLE: Duration = Duration::from_secs(5);

/// Why an offloaded call gave nothing.
#[derive(Debug)]
pub enum OffloadError {
    /// The call panicked.
    Panicked(Panic),
    /// The waiting greenlet was interrupted; the call goes on and its result is dropped.
    Interrupted(Interrupt),
}

impl fmt::Display for OffloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OffloadError::Panicked(panic) => write!(f, "the offloaded call panicked: {}", panic.message()),
            OffloadError::Interrupted(interrupt) => interrupt.fmt(f),
        }
    }
}

impl Error for OffloadError {}

impl From<OffloadError> for std::io::Error {
    fn from(error: OffloadError) -> std::io::Error {
        match error {
            OffloadError::Panicked(_) => std::io::Error::other(error.to_string()),
            OffloadError::Interrupted(interrupt) => interrupt.into(),
        }
    }
}

/// Runs `f` on an OS thread of the common pool while other greenlets run here. A call that has begun cannot be ended:
/// a time-out or a kill abandons it. gevent: `threadpool.apply`.
///
/// ```
/// gfetch::green::run(|| {
///     let text = gfetch::green::offload(|| std::fs::read_to_string("/proc/version")).unwrap();
///     assert!(text.is_ok());
/// });
/// ```
pub fn offload<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T, OffloadError> {
    static COMMON: ThreadPool = ThreadPool::new(THREADS);
    COMMON.run(f)
}

type Job = Box<dyn FnOnce() + Send>;

/// OS threads, started as they are needed, at most `most` of them. gevent: `threadpool.ThreadPool`.
pub struct ThreadPool {
    most: usize,
    shared: Mutex<Shared>,
    work: Condvar,
}

struct Shared {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

impl ThreadPool {
    /// A pool of at most `most` threads; none is started yet.
    pub const fn new(most: usize) -> ThreadPool {
        let shared = Shared { jobs: VecDeque::new(), threads: 0, idle: 0 };
        ThreadPool { most, shared: Mutex::new(shared), work: Condvar::new() }
    }

    /// As [`offload`], on this pool's threads. The calls beyond `most` at once wait in order.
    pub fn run<T: Send + 'static>(&'static self, f: impl FnOnce() -> T + Send + 'static) -> Result<T, OffloadError> {
        Hub::with(|hub| {
            let task = hub.current();
            task.check(hub).map_err(OffloadError::Interrupted)?;
            let answer = Arc::new(Mutex::new(None));
            let (remote, wait, slot) = (hub.remote.clone(), WaitId::next_of(&task), answer.clone());
            let asked = self.submit(Box::new(move || {
                let result = panic::catch_unwind(AssertUnwindSafe(f));
                *lock(&slot) = Some(result);
                remote.wake(wait);
            }));
            if let Err(error) = asked {
                return Err(OffloadError::Panicked(Panic::new(Box::new(format!(
                    "no thread for an offloaded call: {error}"
                )))));
            }
            task.park(hub, Why::Offload, None).map_err(OffloadError::Interrupted)?;
            let result: Result<T, Box<dyn Any + Send>> = lock(&answer).take().expect("woken by the call's end");
            result.map_err(|payload| OffloadError::Panicked(Panic::new(payload)))
        })
    }

    fn submit(&'static self, job: Job) -> std::io::Result<()> {
        let mut shared = lock(&self.shared);
        if shared.idle <= shared.jobs.len() && shared.threads < self.most {
            let started = std::thread::Builder::new().name("gfetch-offload".into()).spawn(|| self.work());
            match started {
                Ok(_) => shared.threads += 1,
                Err(error) if shared.threads == 0 => return Err(error),
                Err(_) => {}
            }
        }
        shared.jobs.push_back(job);
        self.work.notify_one();
        Ok(())
    }

    fn work(&self) {
        let mut shared = lock(&self.shared);
        loop {
            if let Some(job) = shared.jobs.pop_front() {
                drop(shared);
                // A result that nobody waits for is dropped in there; its destructor may panic, the thread lives on.
                Task::swallow(job);
                shared = lock(&self.shared);
                continue;
            }
            shared.idle += 1;
            let (woken, waited) = self.work.wait_timeout(shared, IDLE).unwrap_or_else(PoisonError::into_inner);
            shared = woken;
            shared.idle -= 1;
            if waited.timed_out() && shared.jobs.is_empty() {
                shared.threads -= 1;
                return;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
