//! Owns a hub's life: `run` makes it, runs the first greenlet, and ends whatever is left when that one is done.

use std::io;
use std::panic::{self, Location};
use std::time::{Duration, Instant};

use crate::green::greenlet::Builder;
use crate::green::greenlet::outcome::Outcome;
use crate::green::hub::Hub;
use crate::green::hub::clock::ClockKind;
use crate::green::task::stack::{DEFAULT_STACK_BYTES, GuardKind};

/// The main greenlet's stack: what a thread usually has.
const MAIN_STACK_BYTES: usize = 8 << 20;
/// Killed greenlets get so long to run their destructors when `run` ends.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Runs `f` as the main greenlet of a new hub on this OS thread, and returns what it returns. When it has returned,
/// every greenlet that is left is killed and unwound, its destructors run, before `run` returns.
///
/// # Panics
/// With what `f` panicked with; inside another `run` on the same thread; when the system refuses a poller.
///
/// ```
/// use gfetch::green;
/// let total = green::run(|| {
///     let tasks: Vec<_> = (1..=3).map(|n| green::spawn(move || n * 2)).collect();
///     tasks.iter().map(|task| task.get().unwrap()).sum::<i32>()
/// });
/// assert_eq!(total, 12);
/// ```
#[track_caller]
pub fn run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().run(f)
}

/// How a hub is made; [`run`] takes the defaults.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) clock: ClockKind,
    pub(crate) stack_bytes: usize,
    pub(crate) main_stack_bytes: usize,
    pub(crate) guards: Option<GuardKind>,
    grace: Duration,
    pub(crate) seed: Option<u64>,
    pub(crate) record: usize,
    pub(crate) track: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

impl Config {
    /// A real clock and stacks of 256 KiB.
    pub fn new() -> Config {
        Config {
            clock: ClockKind::Real,
            stack_bytes: DEFAULT_STACK_BYTES,
            main_stack_bytes: MAIN_STACK_BYTES,
            guards: None,
            grace: SHUTDOWN_GRACE,
            seed: None,
            record: 0,
            track: false,
        }
    }

    /// Which clock the hub lives by.
    pub fn clock(mut self, clock: ClockKind) -> Config {
        self.clock = clock;
        self
    }

    /// Bytes of stack of a greenlet whose spawn does not say; rounded up to a power of two, 16 KiB at least.
    pub fn stack_bytes(mut self, bytes: usize) -> Config {
        self.stack_bytes = bytes;
        self
    }

    /// Bytes of stack of the main greenlet (8 MiB).
    pub fn main_stack_bytes(mut self, bytes: usize) -> Config {
        self.main_stack_bytes = bytes;
        self
    }

    /// How long killed greenlets may take to unwind when the main one has ended (5 s); those that take longer are left
    /// where they are for ever, with what they own.
    pub fn shutdown_grace(mut self, grace: Duration) -> Config {
        self.grace = grace;
        self
    }

    /// Lets a random one of those ready run next, instead of the one that has been ready longest: to find what depends on
    /// an order that nobody promised. On the virtual clock the same seed gives the same run, switch by switch; print the
    /// seed of a run that fails. gevent has nothing like it.
    ///
    /// ```
    /// use gfetch::green::{self, ClockKind, Config};
    /// let order = |seed| {
    ///     Config::new().clock(ClockKind::Virtual).seed(seed).run(|| {
    ///         let group = green::Group::new();
    ///         group.imap_unordered(|n: u32| n, 0..9).map(Result::unwrap).collect::<Vec<_>>()
    ///     })
    /// };
    /// assert_eq!(order(1), order(1));
    /// ```
    pub fn seed(mut self, seed: u64) -> Config {
        self.seed = Some(seed);
        self
    }

    /// Records what the hub does, the last `most` events of it, for [`trace`](crate::green::trace()); an event is 64 bytes. Makes
    /// a switch slower by some tens of nanoseconds.
    pub fn record(mut self, most: usize) -> Config {
        self.record = most;
        self
    }

    /// Notes when each wait began, so that [`dump_tasks`](crate::green::dump_tasks) tells for how long a greenlet has waited. Not
    /// done unasked, because it costs a reading of the clock a wait. gevent: `GEVENT_TRACK_GREENLET_TREE`; the tree itself
    /// is always there.
    pub fn track(mut self) -> Config {
        self.track = true;
        self
    }

    /// Uses `mprotect` guards even where the kernel has better ones.
    #[cfg(test)]
    pub(crate) fn protected_guards(mut self) -> Config {
        self.guards = Some(GuardKind::Protect);
        self
    }

    /// As [`run`](run()).
    #[track_caller]
    pub fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        self.try_run(f).unwrap_or_else(|error| panic!("no hub: {error}"))
    }

    /// The same, where the system's refusal of a poller is an error.
    #[track_caller]
    pub(crate) fn try_run<T>(&self, f: impl FnOnce() -> T) -> io::Result<T> {
        let at = Location::caller();
        let life = Life(Some(Hub::new(self)?));
        let hub = life.0.as_ref().expect("taken by its drop only");
        let (outcome, exit) = hub.enter(|| {
            let main = Builder::new().name("main").stack_bytes(self.main_stack_bytes).spawn_main(hub, at, f);
            let main = main.unwrap_or_else(|error: io::Error| panic!("no stack for the main greenlet: {error}"));
            hub.run_until_done(&main.task);
            if !hub.os.is_forked() {
                hub.shut_down(self.grace);
            }
            (main.take(), hub.os.exit.take())
        });
        drop(life);
        match outcome {
            Some(Outcome::Returned(value)) => Ok(value),
            Some(Outcome::Panicked(payload)) => panic::resume_unwind(payload.into_payload()),
            Some(Outcome::Killed) if exit.is_some() => panic::resume_unwind(exit.expect("just seen")),
            Some(Outcome::Killed) => panic!("the main greenlet was killed"),
            Some(Outcome::Taken) | None => unreachable!("the main greenlet has ended and nobody else took its outcome"),
        }
    }
}

/// A hub that is dropped if everything on it has ended. Else, at the end of the grace or when a fault of the hub's own
/// unwinds out of it, it is leaked: what is left may still be pointed at, so that neither its stacks nor the hub may go.
struct Life(Option<Hub>);

impl Drop for Life {
    fn drop(&mut self) {
        if let Some(hub) = self.0.take().filter(|hub| !hub.forget_the_rest()) {
            std::mem::forget(hub);
        }
    }
}

/// As [`now`], but content with the last time that anybody on this hub read the clock: for what need not be exact to the
/// millisecond, such as how long a connection has been idle.
pub(crate) fn recent_now() -> Instant {
    Hub::try_with(|hub| hub.clock.last()).unwrap_or_else(Instant::now)
}

/// The hub's time: what a virtual clock says, or the real monotonic clock. Outside [`run`](run()) the real one.
pub fn now() -> Instant {
    Hub::try_with(|hub| hub.clock.now()).unwrap_or_else(Instant::now)
}
