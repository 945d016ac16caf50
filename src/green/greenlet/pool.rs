//! A group with a bound on how many run at once.

use crate::green::greenlet::Greenlet;
use crate::green::greenlet::any::Joinable;
use crate::green::greenlet::group::{Limited, Members, Take};
use crate::green::sync::semaphore::{Permit, Semaphore};
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// A [`Group`](crate::green::Group) of at most `size` members at once: a spawn beyond that waits. Clones are the same pool.
/// gevent: `Pool`.
///
/// A member that spawns on its own full pool holds the place that it waits for: when all do, that is a
/// [`Deadlock`](crate::green::Interrupt::Deadlock), whose report names them ([`apply`](Members::apply) runs inline instead).
///
/// ```
/// use gfetch::green::{self, Pool};
/// green::run(|| {
///     let pool = Pool::new(2);
///     let squares = pool.imap(|n: u32| n * n, 1..=4).max_outstanding(2);
///     assert_eq!(squares.map(Result::unwrap).collect::<Vec<_>>(), [1, 4, 9, 16]);
/// });
/// ```
pub type Pool = Members<Limited>;

/// The pool is full; the closure is given back. gevent: `PoolFull`.
#[derive(Debug, PartialEq, Eq)]
pub struct PoolFull<F>(pub F);

impl Pool {
    /// A pool of `size` places; 0 is a pool in which nothing ever runs.
    pub fn new(size: usize) -> Pool {
        Members::with_places(Limited { free: Semaphore::new(size), size })
    }

    /// A pool that is never full. gevent: `Pool(None)`.
    pub fn unbounded() -> Pool {
        Pool::new(usize::MAX)
    }

    /// Spawns a member, waiting for a place.
    #[track_caller]
    pub fn spawn<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> Result<Greenlet<T>, Interrupt> {
        let place = self.reserve()?;
        Ok(self.spawn_in(place, f))
    }

    /// The same, waiting for at most `limit`.
    #[track_caller]
    pub fn spawn_timeout<T: 'static, F: FnOnce() -> T + 'static>(
        &self,
        limit: impl Into<Limit>,
        f: F,
    ) -> Result<Result<Greenlet<T>, PoolFull<F>>, Interrupt> {
        let place = self.places.free.acquire_timeout_as(limit, Why::Pool)?;
        Ok(match place {
            Some(place) => Ok(self.spawn_in(place, f)),
            None => Err(PoolFull(f)),
        })
    }

    /// Spawns a member if there is a place. Never switches.
    #[track_caller]
    pub fn try_spawn<T: 'static, F: FnOnce() -> T + 'static>(&self, f: F) -> Result<Greenlet<T>, PoolFull<F>> {
        match self.places.try_take() {
            Some(place) => Ok(self.spawn_in(place, f)),
            None => Err(PoolFull(f)),
        }
    }

    /// Takes in a greenlet that was made elsewhere, waiting for a place; one that has ended takes none. gevent: `add`.
    pub fn add(&self, greenlet: &impl Joinable) -> Result<(), Interrupt> {
        self.add_in(self.reserve()?, &greenlet.any());
        Ok(())
    }

    /// The same if there is a place. Never switches. gevent: `add(blocking=False)`.
    pub fn try_add(&self, greenlet: &impl Joinable) -> Result<(), PoolFull<()>> {
        let place = self.places.try_take().ok_or(PoolFull(()))?;
        self.add_in(place, &greenlet.any());
        Ok(())
    }

    /// Takes in a greenlet that was only made ([`Greenlet::new`]), waiting for a place, and starts it. gevent:
    /// `Pool.start`.
    pub fn start<T>(&self, greenlet: &Greenlet<T>) -> Result<(), Interrupt> {
        self.add(greenlet)?;
        greenlet.start();
        Ok(())
    }

    /// Waits until a place is free, without taking it: another may. gevent: `wait_available`.
    pub fn wait_available(&self) -> Result<(), Interrupt> {
        self.reserve().map(drop)
    }

    /// The same for at most `limit`; false if none is free then.
    pub fn wait_available_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        Ok(self.places.free.acquire_timeout_as(limit, Why::Pool)?.is_some())
    }

    /// Waits for a place, and takes it without a member: for what must not be begun before.
    pub(crate) fn reserve(&self) -> Result<Permit, Interrupt> {
        self.places.take()
    }

    /// The number of places; `usize::MAX` in one without a bound.
    pub fn size(&self) -> usize {
        self.places.size
    }

    /// Places that are free now. gevent: `free_count`.
    pub fn free(&self) -> usize {
        self.places.free.free()
    }

    /// Whether no place is free now. gevent: `full`.
    pub fn is_full(&self) -> bool {
        self.free() == 0
    }
}
