//! A group with a bound on how many run at once.

use std::time::Duration;

use super::greenlet::{GetError, Greenlet};
use super::group::Group;
use super::imap::{self, Imap, Order};
use super::interrupt::Interrupt;
use super::semaphore::{Permit, Semaphore};

/// A [`Group`] of at most `size` members at once: a spawn beyond that waits. Clones are the same pool. gevent: `Pool`.
///
/// ```
/// use gfetch::green::{self, Pool};
/// green::run(|| {
///     let pool = Pool::new(2);
///     let squares = pool.imap(|n: u32| n * n, 1..=4).max_outstanding(2);
///     assert_eq!(squares.map(Result::unwrap).collect::<Vec<_>>(), [1, 4, 9, 16]);
/// });
/// ```
#[derive(Clone)]
pub struct Pool {
    group: Group,
    places: Semaphore,
    size: usize,
}

/// The pool is full; the closure is given back. gevent: `PoolFull`.
#[derive(Debug, PartialEq, Eq)]
pub struct PoolFull<F>(pub F);

impl Pool {
    /// A pool of `size` places; 0 is a pool in which nothing ever runs.
    pub fn new(size: usize) -> Pool {
        Pool { group: Group::new(), places: Semaphore::new(size), size }
    }

    /// Spawns a member, waiting for a place.
    #[track_caller]
    pub fn spawn<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> Result<Greenlet<T>, Interrupt> {
        let place = self.places.acquire()?;
        Ok(self.spawn_in(place, f))
    }

    /// Spawns a member if there is a place. Never switches.
    #[track_caller]
    pub fn try_spawn<T: 'static, F: FnOnce() -> T + 'static>(&self, f: F) -> Result<Greenlet<T>, PoolFull<F>> {
        match self.places.try_acquire() {
            Some(place) => Ok(self.spawn_in(place, f)),
            None => Err(PoolFull(f)),
        }
    }

    #[track_caller]
    fn spawn_in<T: 'static>(&self, place: Permit, f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
        self.group.spawn_holding(place, f)
    }

    /// Waits for a place, and takes it without a member: for what must not be begun before.
    pub(crate) fn reserve(&self) -> Result<Permit, Interrupt> {
        self.places.acquire()
    }

    /// The number of places.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Places that are free now. gevent: `free_count`.
    pub fn free(&self) -> usize {
        self.places.free()
    }

    /// Members now.
    pub fn len(&self) -> usize {
        self.group.len()
    }

    /// Whether it has no members now.
    pub fn is_empty(&self) -> bool {
        self.group.is_empty()
    }

    /// As [`Group::join`].
    pub fn join(&self) -> Result<(), Interrupt> {
        self.group.join()
    }

    /// As [`Group::join_timeout`].
    pub fn join_timeout(&self, limit: Duration) -> Result<bool, Interrupt> {
        self.group.join_timeout(limit)
    }

    /// As [`Group::kill`].
    pub fn kill(&self) -> Result<(), Interrupt> {
        self.group.kill()
    }

    /// As [`Group::kill_nowait`].
    pub fn kill_nowait(&self) {
        self.group.kill_nowait();
    }

    /// As [`Group::map`], at most `size` at once.
    pub fn map<I, T, F>(&self, f: F, items: impl IntoIterator<Item = I>) -> Result<Vec<T>, GetError>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        imap::map(self, f, items)
    }

    /// As [`Group::imap`], at most `size` at once. The items are taken as places get free, so that they may be endless;
    /// what is ready and not yet taken out is bounded by [`Imap::max_outstanding`] only.
    pub fn imap<I, T, F>(&self, f: F, items: impl IntoIterator<Item = I> + 'static) -> Imap<T>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        imap::start(self, Order::Items, f, items)
    }

    /// As [`Group::imap_unordered`], at most `size` at once.
    pub fn imap_unordered<I, T, F>(&self, f: F, items: impl IntoIterator<Item = I> + 'static) -> Imap<T>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        imap::start(self, Order::Completion, f, items)
    }
}

impl imap::Spawn for Pool {
    fn spawn_member<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> Result<Greenlet<T>, Interrupt> {
        self.spawn(f)
    }
}
