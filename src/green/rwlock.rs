//! A lock that many may read or one may write.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::ops::{Deref, DerefMut};

use super::hub::Hub;
use super::interrupt::Interrupt;
use super::limit::Limit;
use super::semaphore::{Permit, Semaphore};
use super::task::Why;
use super::wakers::Wakers;

/// A value that many greenlets may read at once or one may write, also across waits. Fair: who comes waits behind those who
/// came before, so that readers never starve a writer. Not poisoned. gevent has none.
///
/// ```
/// use gfetch::green::{self, RwLock};
/// green::run(|| {
///     let lock = RwLock::new(1);
///     let (first, second) = (lock.read().unwrap(), lock.read().unwrap());
///     assert_eq!(*first + *second, 2);
///     drop((first, second));
///     *lock.write().unwrap() = 5;
/// });
/// ```
pub struct RwLock<T> {
    /// A writer holds it from when its turn has come; a reader only while it enters.
    turn: Semaphore,
    readers: Cell<usize>,
    last_reader_left: Wakers,
    value: RefCell<T>,
}

impl<T> RwLock<T> {
    /// Around `value`, unlocked.
    pub fn new(value: T) -> RwLock<T> {
        RwLock {
            turn: Semaphore::new(1),
            readers: Cell::new(0),
            last_reader_left: Wakers::default(),
            value: RefCell::new(value),
        }
    }

    /// Waits until no writer has it, or waits before this.
    pub fn read(&self) -> Result<ReadGuard<'_, T>, Interrupt> {
        Ok(self.enter(self.turn.acquire()?))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn read_timeout(&self, limit: impl Into<Limit>) -> Result<Option<ReadGuard<'_, T>>, Interrupt> {
        Ok(self.turn.acquire_timeout(limit)?.map(|turn| self.enter(turn)))
    }

    /// Waits until nobody else has it.
    pub fn write(&self) -> Result<WriteGuard<'_, T>, Interrupt> {
        Ok(self.write_timeout(Limit::NEVER)?.expect("without a limit it waits until it has it"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn write_timeout(&self, limit: impl Into<Limit>) -> Result<Option<WriteGuard<'_, T>>, Interrupt> {
        // One moment for both waits.
        let limit = limit.into().fixed();
        let Some(turn) = self.turn.acquire_timeout(limit)? else { return Ok(None) };
        while self.readers.get() > 0 {
            let left = Hub::with(|hub| self.last_reader_left.wait(hub, Why::Lock, limit.deadline(hub)))?;
            if !left {
                return Ok(None);
            }
        }
        Ok(Some(WriteGuard { value: self.value.borrow_mut(), _turn: turn }))
    }

    fn enter(&self, turn: Permit) -> ReadGuard<'_, T> {
        self.readers.set(self.readers.get() + 1);
        drop(turn);
        ReadGuard { value: self.value.borrow(), _leave: Leave(&self.readers, &self.last_reader_left) }
    }
}

/// A [`RwLock`]'s value, for reading; unlocks it when dropped.
pub struct ReadGuard<'a, T> {
    value: Ref<'a, T>,
    _leave: Leave<'a>,
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

struct Leave<'a>(&'a Cell<usize>, &'a Wakers);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
        if self.0.get() == 0 {
            Hub::try_with(|hub| self.1.wake_all(hub));
        }
    }
}

/// A [`RwLock`]'s value, for writing; unlocks it when dropped.
pub struct WriteGuard<'a, T> {
    value: RefMut<'a, T>,
    _turn: Permit,
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
