//! A lock around a value, for what must stay whole across waits.

use std::cell::{RefCell, RefMut};
use std::ops::{Deref, DerefMut};

use crate::green::sync::turn::{Held, Turn};
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// A value that one greenlet at a time may look at, also across its waits; between two waits a `RefCell` does as well.
/// Those who wait have it in the order in which they came. It is not poisoned: a guard that is dropped by a panic or a kill
/// unlocks it. Only the guard unlocks it, so that no stranger can. gevent: `lock.Lock`, `BoundedSemaphore(1)`.
///
/// The standard library's `Mutex` held across a wait blocks the whole thread as soon as a second greenlet comes: for ever.
///
/// ```
/// use gfetch::green::{self, Mutex};
/// use std::rc::Rc;
/// green::run(|| {
///     let count = Rc::new(Mutex::new(0));
///     let tasks = [(); 3].map(|()| {
///         let count = count.clone();
///         green::spawn(move || {
///             let mut count = count.lock().unwrap();
///             let seen = *count;
///             green::yield_now().unwrap();
///             *count = seen + 1;
///         })
///     });
///     green::join_all(&tasks).unwrap();
///     assert_eq!(*count.lock().unwrap(), 3);
/// });
/// ```
pub struct Mutex<T> {
    turn: Turn,
    value: RefCell<T>,
}

impl<T> Mutex<T> {
    /// Around `value`, unlocked.
    pub fn new(value: T) -> Mutex<T> {
        Mutex { turn: Turn::new(), value: RefCell::new(value) }
    }

    /// Waits until it is this greenlet's. Who has it already waits for ever (a deadlock that is reported, if nothing else
    /// goes on): see [`ReentrantMutex`](crate::green::ReentrantMutex). A dump and a deadlock's report say who has it: who locked
    /// it, also where the guard has moved on.
    pub fn lock(&self) -> Result<MutexGuard<'_, T>, Interrupt> {
        Ok(self.lock_timeout(Limit::NEVER)?.expect("without a limit it waits until it has it"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn lock_timeout(&self, limit: impl Into<Limit>) -> Result<Option<MutexGuard<'_, T>>, Interrupt> {
        Ok(self.turn.take(limit.into())?.map(|turn| self.guard(turn)))
    }

    /// Locks it if it is free. Never switches.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.turn.try_take().map(|turn| self.guard(turn))
    }

    /// Whether somebody has it. gevent: `locked`.
    pub fn is_locked(&self) -> bool {
        !self.turn.is_free()
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    fn guard<'a>(&'a self, turn: Held<'a>) -> MutexGuard<'a, T> {
        MutexGuard { value: self.value.borrow_mut(), mutex: self, _turn: turn }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

/// The value of a [`Mutex`]; unlocks it when dropped.
pub struct MutexGuard<'a, T> {
    // Dropped before the turn, which lets the next one in.
    value: RefMut<'a, T>,
    pub(in crate::green) mutex: &'a Mutex<T>,
    _turn: Held<'a>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
