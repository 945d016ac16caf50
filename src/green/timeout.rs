//! `Timeout` scopes: a deadline around a piece of code, delivered as an error by every wait inside it.
//!
//! A scope pushes its deadline on its greenlet. Every wait parks until the nearest of them, and while one is past every
//! wait inside fails at once, so that no retry loop outlives it. Which scope's deadline was delivered is kept on the scope
//! itself: the error that carries it may be lost on the way, and the scope still knows.

use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::hub::Hub;
use super::task::Task;

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
/// use std::time::Duration;
/// green::run(|| {
///     let limit = Duration::from_millis(5);
///     let slept = green::timeout(limit, || green::sleep(Duration::from_secs(60)));
///     assert_eq!(slept.unwrap_err(), Elapsed { limit });
/// });
/// ```
pub fn timeout<T, E>(limit: Duration, f: impl FnOnce() -> Result<T, E>) -> Result<Result<T, E>, Elapsed> {
    let scope = Scope::enter(limit, false);
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
/// use std::time::Duration;
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

/// Leaves the scope also when `f` unwinds.
struct Scope {
    task: Rc<Task>,
    id: u64,
    left: bool,
}

impl Scope {
    #[track_caller]
    fn enter(limit: Duration, shield: bool) -> Scope {
        Hub::with(|hub| {
            let (task, id) = (hub.current(), hub.next_scope());
            task.enter(id, limit, hub.deadline(limit), shield);
            Scope { task, id, left: false }
        })
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
