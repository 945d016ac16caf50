//! A block that greenlets do not outlive.

use std::time::Duration;

use crate::green::greenlet::Greenlet;
use crate::green::greenlet::group::Group;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::timeout::shield;

/// Killed members of a scope that failed get so long to clean up before the scope is left without them.
const CLEANUP_LIMIT: Duration = Duration::from_secs(5);

/// Runs `f`, which may spawn greenlets on the scope it is given, and joins them before it returns. When `f` fails or
/// unwinds, or the join is interrupted, they are killed instead; an `Err` then comes back once they have ended (after 5 s
/// at most), an unwinding goes on at once. How they ended is told by their handles. Their closures are `'static`: a scope
/// may be left by an unwinding, which cannot wait, so that they could not borrow from around it. gevent: `with spawn(f)`.
///
/// ```
/// use gfetch::green::{self, Interrupt};
/// use std::{cell::Cell, rc::Rc, time::Duration};
/// green::run(|| {
///     let done = Rc::new(Cell::new(0));
///     green::scope(|scope| {
///         for n in 1..=3 {
///             let done = done.clone();
///             scope.spawn(move || {
///                 green::sleep(Duration::from_millis(n)).unwrap();
///                 done.set(done.get() + 1);
///             });
///         }
///         Ok::<_, Interrupt>(())
///     })
///     .unwrap();
///     assert_eq!(done.get(), 3);
/// });
/// ```
pub fn scope<T, E: From<Interrupt>>(f: impl FnOnce(&Scope) -> Result<T, E>) -> Result<T, E> {
    let scope = Scope { members: Group::new() };
    let result = f(&scope).and_then(|value| scope.members.join().map(|()| value).map_err(E::from));
    if result.is_err() {
        // Behind the shield, because what ended the scope may be a deadline that fails every wait.
        let _ = shield(CLEANUP_LIMIT, || scope.members.kill_timeout(CLEANUP_LIMIT));
    }
    result
}

/// Where the greenlets of a [`scope`] are spawned.
pub struct Scope {
    members: Group,
}

impl Scope {
    /// Spawns a greenlet that ends with the scope.
    #[track_caller]
    pub fn spawn<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
        self.members.spawn(f)
    }

    /// The greenlets that have not ended. A member may take a clone of this to spawn more.
    pub fn members(&self) -> &Group {
        &self.members
    }
}

impl Drop for Scope {
    /// After a join there are none. During an unwinding they are asked to end, and do when it lets them.
    fn drop(&mut self) {
        self.members.kill_nowait();
    }
}
