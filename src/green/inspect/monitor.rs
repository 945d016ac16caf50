//! A thread that watches a hub from outside: which greenlet blocks the loop, and whether memory grows past a limit.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::green::hub::Hub;
use crate::green::hub::inside::locked;
use crate::green::task::Task;

/// gevent's `max_blocking_time`.
const MAX_BLOCKING: Duration = Duration::from_millis(100);
/// gevent's `memory_monitor_period`.
const MEMORY_PERIOD: Duration = Duration::from_secs(5);
/// The monitor looks so often within `max_blocking`: a stretch is told when it is at most a quarter longer.
const LOOKS: u32 = 4;
/// But not more often than that.
const SHORTEST_LOOK: Duration = Duration::from_millis(1);
/// Nobody runs.
const NOBODY: u64 = u64::MAX;

/// Watches the hub of this thread from a thread of its own, until it is dropped. While it does, a switch costs some
/// nanoseconds more. gevent: `GEVENT_MONITOR_THREAD_ENABLE`, which prints the blocker's stack: the stack of another thread
/// cannot be read without stopping that, so that this one says who, where it was spawned and for how long.
///
/// ```
/// use gfetch::green::{self, Builder, Monitor, MonitorEvent};
/// use std::{sync::mpsc, thread, time::Duration};
/// green::run(|| {
///     let (tell, told) = mpsc::channel();
///     let _monitor = Monitor::new().max_blocking(Duration::from_millis(20)).start(move |event| {
///         if let MonitorEvent::Blocked(running) = event {
///             let _ = tell.send(running.name.clone());
///         }
///     });
///     let blocks = move || told.recv_timeout(Duration::from_secs(10)).unwrap();
///     let rude = Builder::new().name("rude").spawn(blocks).unwrap();
///     assert_eq!(rude.get().unwrap(), "rude");
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Monitor {
    max_blocking: Duration,
    max_memory: Option<u64>,
    memory_period: Duration,
}

/// What a monitor has seen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MonitorEvent {
    /// A greenlet has run for longer than allowed without letting others run. Told once a stretch, while it lasts.
    /// gevent: `EventLoopBlocked`.
    Blocked(Running),
    /// The process uses more memory than the limit. Told once, until it has used less. gevent:
    /// `MemoryUsageThresholdExceeded`.
    MemoryAbove {
        /// Resident memory.
        bytes: u64,
    },
    /// The process uses less than the limit again. gevent: `MemoryUsageUnderThreshold`.
    MemoryBelow {
        /// Resident memory.
        bytes: u64,
    },
}

/// The greenlet that runs, as another thread sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Running {
    /// Its number on its hub.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// Since when it runs at least: when the monitor first saw it run.
    pub since: Instant,
    /// How long it has run at least.
    pub blocked_for: Duration,
}

impl Running {
    /// The greenlet that runs on this thread, from now on: what it may leave for other threads to tell who it is. None where
    /// none does. Never switches.
    ///
    /// ```
    /// use gfetch::green::{self, Builder, Running};
    /// green::run(|| {
    ///     let says = Builder::new().name("me").spawn(|| Running::current().unwrap().name).unwrap();
    ///     assert_eq!(says.get().unwrap(), "me");
    /// });
    /// assert!(Running::current().is_none());
    /// ```
    pub fn current() -> Option<Running> {
        Hub::try_with(|hub| {
            let task = hub.current();
            let (name, spawned_at) = (task.name(), task.origin().at);
            Running { id: task.id, name, spawned_at, since: Instant::now(), blocked_for: Duration::ZERO }
        })
    }
}

impl Default for Monitor {
    fn default() -> Monitor {
        Monitor::new()
    }
}

impl Monitor {
    /// One that tells of greenlets which run for 0.1 s, and does not watch memory.
    pub fn new() -> Monitor {
        Monitor { max_blocking: MAX_BLOCKING, max_memory: None, memory_period: MEMORY_PERIOD }
    }

    /// How long a greenlet may run without letting others run.
    pub fn max_blocking(mut self, most: Duration) -> Monitor {
        self.max_blocking = most;
        self
    }

    /// How much memory the process may use (resident, in bytes; on Linux only), looked at every 5 s.
    pub fn max_memory(mut self, bytes: u64) -> Monitor {
        self.max_memory = Some(bytes);
        self
    }

    /// The same, looked at every `period`, or as often as the monitor looks at all, if that is more seldom.
    pub fn memory_period(mut self, period: Duration) -> Monitor {
        self.memory_period = period;
        self
    }

    /// Starts it for this thread's hub. `tell` is called on the monitor's thread: the hub's own is the one that is blocked.
    /// A panic in it ends the monitor.
    ///
    /// # Panics
    /// Outside [`run`](crate::green::run()); when the system gives no thread.
    #[track_caller]
    pub fn start(self, tell: impl FnMut(&MonitorEvent) + Send + 'static) -> Monitoring {
        let published = Hub::with(|hub| {
            let published = Arc::new(Published::default());
            hub.live.borrow().all().iter().for_each(|task| published.name(task));
            published.runs(Some(&hub.current()));
            hub.diagnosis.publish(published.clone());
            published
        });
        let watch = Watch { config: self, published: published.clone(), tell, seen: None, told: None, is_above: false };
        let thread = thread::Builder::new().name("gfetch-monitor".to_owned());
        let started = thread.spawn(move || watch.run());
        let monitoring = Monitoring(published);
        started.unwrap_or_else(|error| panic!("no thread for the monitor: {error}"));
        monitoring
    }
}

/// A monitor that runs; dropping it stops it: what it has begun to tell is told, and then nothing more.
#[must_use = "dropped at once, it sees nothing"]
pub struct Monitoring(Arc<Published>);

impl Drop for Monitoring {
    fn drop(&mut self) {
        *locked(&self.0.stopped) = true;
        self.0.stop.notify_all();
        Hub::try_with(|hub| hub.diagnosis.unpublish(&self.0));
    }
}

/// What a hub tells its monitor. Only the hub's thread writes.
pub(crate) struct Published {
    /// Counts the switches.
    tick: AtomicU64,
    running: AtomicU64,
    names: Mutex<HashMap<u64, (String, &'static Location<'static>)>>,
    stopped: Mutex<bool>,
    stop: Condvar,
}

impl Default for Published {
    fn default() -> Published {
        Published {
            tick: AtomicU64::new(0),
            running: AtomicU64::new(NOBODY),
            names: Mutex::default(),
            stopped: Mutex::new(false),
            stop: Condvar::new(),
        }
    }
}

impl Published {
    /// The hub switches to this task, or is about to sleep.
    pub fn runs(&self, task: Option<&Task>) {
        self.tick.store(self.tick.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        self.running.store(task.map_or(NOBODY, |task| task.id), Ordering::Release);
    }

    pub fn name(&self, task: &Task) {
        locked(&self.names).insert(task.id, (task.name(), task.origin().at));
    }

    pub fn forget(&self, task: &Task) {
        locked(&self.names).remove(&task.id);
    }
}

/// The monitor's thread.
struct Watch<F> {
    config: Monitor,
    published: Arc<Published>,
    tell: F,
    /// The tick that was seen last, who ran, and since when.
    seen: Option<(u64, u64, Instant)>,
    /// The tick that was told of.
    told: Option<u64>,
    is_above: bool,
}

impl<F: FnMut(&MonitorEvent)> Watch<F> {
    fn run(mut self) {
        let period = (self.config.max_blocking / LOOKS).max(SHORTEST_LOOK);
        let mut memory_seen = None::<Instant>;
        loop {
            let published = self.published.clone();
            let stopped = locked(&published.stopped);
            let waited = published.stop.wait_timeout_while(stopped, period, |stopped| !*stopped);
            if *waited.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
            self.look_at_who_runs();
            if memory_seen.is_none_or(|seen| seen.elapsed() >= self.config.memory_period) {
                memory_seen = Some(Instant::now());
                self.look_at_memory();
            }
        }
    }

    fn look_at_who_runs(&mut self) {
        let id = self.published.running.load(Ordering::Acquire);
        let tick = self.published.tick.load(Ordering::Relaxed);
        let since = match self.seen {
            Some((seen, task, since)) if (seen, task) == (tick, id) => since,
            _ => {
                self.seen = Some((tick, id, Instant::now()));
                return;
            }
        };
        let blocked_for = since.elapsed();
        if id == NOBODY || blocked_for < self.config.max_blocking || self.told == Some(tick) {
            return;
        }
        let name = locked(&self.published.names).get(&id).cloned();
        if let Some((name, spawned_at)) = name {
            self.told = Some(tick);
            (self.tell)(&MonitorEvent::Blocked(Running { id, name, spawned_at, since, blocked_for }));
        }
    }

    fn look_at_memory(&mut self) {
        let (Some(bytes), Some(most)) = (resident_bytes(), self.config.max_memory) else { return };
        let is_above = bytes > most;
        if is_above != self.is_above {
            self.is_above = is_above;
            let event =
                if is_above { MonitorEvent::MemoryAbove { bytes } } else { MonitorEvent::MemoryBelow { bytes } };
            (self.tell)(&event);
        }
    }
}

/// What the process holds of memory, where the system says so in Linux's way.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
