//! `Timeout` scopes: a deadline around a piece of code, delivered as an error by every wait inside it.
//!
//! A scope pushes its deadline on its greenlet. Every wait parks until the nearest of them, and while one is past every
//! wait inside fails at once, so that no retry loop outlives it. Which scope's deadline was delivered is kept on the scope
//! itself: the error that carries it may be lost on the way, and the scope still knows.

mod forms;
mod object;

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use slotmap::{DefaultKey, SlotMap};

use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::task::Task;

pub use forms::{timeout_opt, timeout_or};
pub use object::{AlreadyStarted, Timeout};

/// The scope's own deadline passed while its code waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// What the scope was given.
    pub limit: Duration,
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timed out after {:?}", self.limit)
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> std::io::Error {
        std::io::Error::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}

/// Runs `f`, whose waits fail once `limit` has passed. `Ok` from `f` always passes: what completed has completed. `Err`
/// from `f` becomes [`Elapsed`] if *this* scope's deadline was delivered inside and no outer one's; otherwise it is handed
/// up as `Ok(Err(_))`. A scope does not interrupt code that never waits. gevent: `Timeout`, `with_timeout`.
///
/// ```
/// use gfetch::green::{self, Elapsed};
/// use std::time::{Duration, Instant};
/// green::run(|| {
///     let limit = Duration::from_millis(5);
///     let slept = green::timeout(limit, || green::sleep(Duration::from_secs(60)));
///     assert_eq!(slept.unwrap_err(), Elapsed { limit });
/// });
/// ```
pub fn timeout<T, E>(limit: Duration, f: impl FnOnce() -> Result<T, E>) -> Result<Result<T, E>, Elapsed> {
    run_in(Scope::enter(limit, false), limit, f)
}

/// The same with a `limit` that counts from `start`, a moment ago: for who has just read the clock.
pub(crate) fn timeout_from<T, E>(
    start: Instant,
    limit: Duration,
    f: impl FnOnce() -> Result<T, E>,
) -> Result<Result<T, E>, Elapsed> {
    let scope = Hub::with(|hub| {
        let deadline = start.checked_add(limit).map(|when| hub.timers.deadline(when));
        Scope::enter_on(hub, limit, deadline, false)
    });
    run_in(scope, limit, f)
}

#[inline(always)]
fn run_in<T, E>(scope: Scope, limit: Duration, f: impl FnOnce() -> Result<T, E>) -> Result<Result<T, E>, Elapsed> {
    let result = f();
    match (result, scope.leave()) {
        (Err(_), true) => Err(Elapsed { limit }),
        (result, _) => Ok(result),
    }
}

/// Runs `f` behind a shield: outer deadlines and kills do not reach its waits, for at most `limit`; after that they fail.
/// For cleaning up. Kills and outer deadlines are delivered at the first wait after it.
///
/// ```
/// use gfetch::green;
/// use std::time::{Duration, Instant};
/// green::run(|| {
///     let task = green::spawn(|| {
///         let _ = green::timeout(Duration::ZERO, || green::sleep(Duration::from_secs(1)));
///         green::shield(Duration::from_secs(5), || green::sleep(Duration::from_millis(1)))
///     });
///     task.get().unwrap().unwrap();
/// });
/// ```
pub fn shield<R>(limit: Duration, f: impl FnOnce() -> R) -> R {
    let _scope = Scope::enter(limit, true);
    f()
}

/// A deadline for any number of scopes, on any number of greenlets, that is set later, or moved nearer: how a run is
/// ended from outside. Clones are the same alarm.
///
/// ```
/// use gfetch::green::{self, Alarm};
/// use std::time::{Duration, Instant};
/// green::run(|| {
///     let stop = Alarm::new();
///     let inside = stop.clone();
///     let worker = green::spawn(move || inside.guard(|| green::sleep(Duration::from_secs(1000))).is_err());
///     green::yield_now().unwrap();
///     stop.set(Duration::ZERO);
///     assert!(worker.get().unwrap(), "it was told");
/// });
/// ```
#[derive(Clone, Default)]
pub struct Alarm {
    shared: Rc<AlarmShared>,
}

#[derive(Default)]
struct AlarmShared {
    set: Cell<Option<(Deadline, Duration)>>,
    /// Each line of a run enters and leaves a few: in a table that is one store, in a tree a search.
    scopes: RefCell<SlotMap<DefaultKey, (u64, Rc<Task>)>>,
}

impl Alarm {
    /// An alarm that is not set.
    pub fn new() -> Alarm {
        Alarm::default()
    }

    /// Rings `limit` from now, unless it is set to ring earlier.
    pub fn set(&self, limit: Duration) {
        Hub::with(|hub| {
            let Some(deadline) = hub.deadline(limit) else { return };
            if self.shared.set.get().is_some_and(|(earlier, _)| earlier <= deadline) {
                return;
            }
            self.shared.set.set(Some((deadline, limit)));
            let mut scopes: Vec<_> = self.shared.scopes.borrow().values().cloned().collect();
            scopes.sort_unstable_by_key(|(scope, _)| *scope); // those who came first are told first
            for (scope, task) in scopes {
                task.set_deadline(hub, scope, hub.timers.deadline(deadline.when), limit);
            }
        });
    }

    /// Whether it has rung.
    pub fn has_rung(&self) -> bool {
        self.shared.set.get().is_some_and(|(deadline, _)| deadline.when <= crate::green::now())
    }

    /// Runs `f`, whose waits fail once the alarm has rung; as [`timeout`].
    pub fn guard<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<Result<T, E>, Elapsed> {
        let scope = Hub::with(|hub| {
            let (deadline, limit) = self.shared.set.get().unzip();
            let deadline = deadline.map(|deadline| hub.timers.deadline(deadline.when));
            Scope::enter_on(hub, limit.unwrap_or_default(), deadline, false)
        });
        let place = self.shared.scopes.borrow_mut().insert((scope.id, scope.task.clone()));
        let listed = Listed { alarm: self, place };
        let result = f();
        drop(listed);
        match (result, scope.leave()) {
            (Err(_), true) => Err(Elapsed { limit: self.shared.set.get().map_or(Duration::ZERO, |(_, limit)| limit) }),
            (result, _) => Ok(result),
        }
    }
}

/// A scope that an alarm knows of, for as long as it lasts.
struct Listed<'a> {
    alarm: &'a Alarm,
    place: DefaultKey,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.alarm.shared.scopes.borrow_mut().remove(self.place);
    }
}

/// Leaves the scope also when `f` unwinds.
struct Scope {
    task: Rc<Task>,
    id: u64,
    left: bool,
}

impl Scope {
    #[track_caller]
    fn enter(limit: Duration, shield: bool) -> Scope {
        Hub::with(|hub| Scope::enter_on(hub, limit, hub.deadline(limit), shield))
    }

    #[track_caller]
    fn enter_on(hub: &Hub, limit: Duration, deadline: Option<Deadline>, shield: bool) -> Scope {
        let (task, id) = (hub.current(), hub.next_scope());
        task.enter(id, limit, deadline, shield);
        Scope { task, id, left: false }
    }

    fn leave(mut self) -> bool {
        self.left = true;
        self.task.leave(self.id)
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if !self.left {
            self.task.leave(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::green::{self, Event};

    #[test]
    fn an_alarm_ends_the_waits_of_all_who_guard_with_it_however_many_park_on_it() {
        green::run(|| {
            let (alarm, never) = (Alarm::new(), Event::new());
            let wait = |alarm: &Alarm| {
                let (alarm, never) = (alarm.clone(), never.clone());
                green::spawn(move || alarm.guard(|| never.wait()).is_err())
            };
            let before: Vec<_> = (0..5).map(|_| wait(&alarm)).collect();
            green::yield_now().unwrap();
            alarm.set(Duration::from_millis(5));
            let after: Vec<_> = (0..5).map(|_| wait(&alarm)).collect();
            for waiter in before.iter().chain(&after) {
                assert!(timeout(Duration::from_secs(5), || waiter.get()).unwrap().unwrap());
            }
        });
    }
}
