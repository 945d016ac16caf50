//! Owns the OS threads for calls that block: names, files, anything without a descriptor to wait for.

mod job;
mod many;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::green::hub::Hub;
use crate::green::hub::fork;
use crate::green::hub::inside::locked;
use crate::green::inspect::panics::Panic;
use crate::green::task::Task;
use crate::green::task::interrupt::Interrupt;
use crate::green::threads::{Permit, Semaphore};
pub use job::Offloaded;
pub use many::Results;

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
    COMMON.run(f)
}

static COMMON: ThreadPool = ThreadPool::new(THREADS);

/// Starts each of `calls` on the common pool, in order, and returns at once: join them as they are needed. gevent: the
/// futures of a `ThreadPoolExecutor`.
///
/// ```
/// use gfetch::green;
/// green::run(|| {
///     let sizes = green::offload_many(["/proc/version", "/proc/uptime"].map(|path| move || std::fs::read(path)));
///     for size in sizes {
///         assert!(!size.get().unwrap().unwrap().is_empty());
///     }
/// });
/// ```
pub fn offload_many<T, F>(calls: impl IntoIterator<Item = F>) -> Vec<Offloaded<T>>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    calls.into_iter().map(|call| COMMON.submit(None, call)).collect()
}

type Job = Box<dyn FnOnce() + Send>;

/// OS threads, started as they are needed, at most `most` of them. Dropping it lets what was spawned run to its end and the
/// threads go. gevent: `threadpool.ThreadPool`.
///
/// ```
/// use gfetch::green::{self, ThreadPool};
/// green::run(|| {
///     let pool = ThreadPool::new(4);
///     let call = pool.spawn(|| 6 * 7).unwrap();
///     assert_eq!(pool.map(1..=3, |n| n * n).unwrap(), [1, 4, 9]);
///     assert_eq!(call.get().unwrap(), 42);
/// });
/// ```
pub struct ThreadPool {
    most: usize,
    idle: Duration,
    queued: Option<usize>,
    crew: OnceLock<Arc<Crew>>,
}

/// What the pool and its threads share.
struct Crew {
    most: usize,
    idle: Duration,
    /// A permit for each call that runs or waits, where their number is bounded.
    room: Option<Semaphore>,
    shared: Mutex<Shared>,
    work: Condvar,
}

#[derive(Default)]
struct Shared {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
    /// Threads do not come along with a fork.
    generation: u32,
}

impl ThreadPool {
    /// A pool of at most `most` threads; none is started yet. A thread with nothing to do ends after 5 s.
    ///
    /// # Panics
    /// When `most` is 0.
    pub const fn new(most: usize) -> ThreadPool {
        assert!(most > 0, "a pool without threads: no call would ever run");
        ThreadPool { most, idle: IDLE, queued: None, crew: OnceLock::new() }
    }

    /// Lets a thread with nothing to do end after `idle`. gevent: `threadpool_idle_task_timeout`.
    pub const fn idle_limit(mut self, idle: Duration) -> ThreadPool {
        self.idle = idle;
        self
    }

    /// Lets at most `most` calls wait for a thread: beyond that [`ThreadPool::spawn`] waits. A call
    /// that spawns into its own full pool waits for itself: let it use [`ThreadPool::run`].
    pub const fn queue_limit(mut self, most: usize) -> ThreadPool {
        self.queued = Some(most);
        self
    }

    /// The most threads it has. gevent: `maxsize`.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Threads alive now. gevent: `size`.
    pub fn threads(&self) -> usize {
        self.crew.get().map_or(0, |crew| locked(&crew.shared).threads)
    }

    /// As [`offload`], on this pool's threads. The calls beyond `most` at once wait in order. On a thread without a hub,
    /// such as one of a pool, it runs in place: a call that asks its own pool cannot wait for itself. gevent: `apply`.
    pub fn run<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> Result<T, OffloadError> {
        if Hub::try_with(|_| ()).is_none() {
            return panic::catch_unwind(AssertUnwindSafe(f))
                .map_err(|payload| OffloadError::Panicked(Panic::new(payload)));
        }
        self.spawn(f).map_err(OffloadError::Interrupted)?.get()
    }

    /// Has `f` run on a thread and returns at once, with its end to wait for; waits only where the queue is bounded and
    /// full. A call once begun runs to its end, whether or not anybody waits. gevent: `spawn`.
    pub fn spawn<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> Result<Offloaded<T>, Interrupt> {
        Hub::try_with(|hub| hub.current().check(hub)).unwrap_or(Ok(()))?;
        let room = self.crew().room.as_ref().map(Semaphore::acquire).transpose()?;
        Ok(self.submit(room, f))
    }

    fn submit<T: Send + 'static>(&self, room: Option<Permit>, f: impl FnOnce() -> T + Send + 'static) -> Offloaded<T> {
        let (call, tells) = Offloaded::new();
        let ours = tells.clone();
        let job = move || {
            let result = panic::catch_unwind(AssertUnwindSafe(f));
            drop(room);
            // A result that nobody waits for is dropped in there.
            drop(tells.set(result));
        };
        if let Err(error) = self.crew().push(Box::new(job)) {
            drop(ours.set(Err(Box::new(format!("no thread for an offloaded call: {error}")))));
        }
        call
    }

    fn crew(&self) -> &Arc<Crew> {
        self.crew.get_or_init(|| {
            fork::watch();
            let room = self.queued.map(|queued| Semaphore::new(queued.saturating_add(self.most)));
            let shared = Shared { generation: fork::generation(), ..Shared::default() };
            let (shared, work) = (Mutex::new(shared), Condvar::new());
            Arc::new(Crew { most: self.most, idle: self.idle, room, shared, work })
        })
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        if let Some(crew) = self.crew.get() {
            locked(&crew.shared).closed = true;
            crew.work.notify_all();
        }
    }
}

impl Crew {
    fn push(self: &Arc<Self>, job: Job) -> std::io::Result<()> {
        let mut shared = locked(&self.shared);
        shared.forget_another_process();
        if shared.idle <= shared.jobs.len() && shared.threads < self.most {
            let crew = self.clone();
            match thread::Builder::new().name("gfetch-offload".into()).spawn(move || crew.work()) {
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
        let mut shared = locked(&self.shared);
        loop {
            if let Some(job) = shared.jobs.pop_front() {
                drop(shared);
                // The destructor of a result may panic; the thread lives on.
                Task::swallow(job);
                shared = locked(&self.shared);
                continue;
            }
            if shared.closed {
                shared.threads -= 1;
                return;
            }
            shared.idle += 1;
            let (woken, waited) = self.work.wait_timeout(shared, self.idle).unwrap_or_else(PoisonError::into_inner);
            shared = woken;
            shared.idle -= 1;
            if waited.timed_out() && shared.jobs.is_empty() {
                shared.threads -= 1;
                return;
            }
        }
    }
}

impl Shared {
    /// In a fork's child: the threads, and what they were asked, are the parent's.
    fn forget_another_process(&mut self) {
        if self.generation != fork::generation() {
            std::mem::forget(std::mem::take(self));
            self.generation = fork::generation();
        }
    }
}
