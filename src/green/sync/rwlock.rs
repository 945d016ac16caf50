//! A lock that many may read or one may write.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::inspect::dump::Wait;
use crate::green::sync::turn::{Held, Holder, Holding, Turn};
use crate::green::sync::wakers::Wakers;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

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
    turn: Turn,
    readers: Rc<Readers>,
    value: RefCell<T>,
}

impl<T> RwLock<T> {
    /// Around `value`, unlocked.
    pub fn new(value: T) -> RwLock<T> {
        RwLock { turn: Turn::new(), readers: Rc::default(), value: RefCell::new(value) }
    }

    /// Waits until no writer has it, or waits before this.
    pub fn read(&self) -> Result<ReadGuard<'_, T>, Interrupt> {
        Ok(self.read_timeout(Limit::NEVER)?.expect("without a limit it waits until it has it"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn read_timeout(&self, limit: impl Into<Limit>) -> Result<Option<ReadGuard<'_, T>>, Interrupt> {
        Ok(self.turn.take(limit.into())?.map(|turn| self.enter(turn)))
    }

    /// Waits until nobody else has it.
    pub fn write(&self) -> Result<WriteGuard<'_, T>, Interrupt> {
        Ok(self.write_timeout(Limit::NEVER)?.expect("without a limit it waits until it has it"))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn write_timeout(&self, limit: impl Into<Limit>) -> Result<Option<WriteGuard<'_, T>>, Interrupt> {
        // One moment for both waits.
        let limit = limit.into().fixed();
        let Some(turn) = self.turn.take(limit)? else { return Ok(None) };
        while self.readers.count.get() > 0 {
            let left = Hub::with(|hub| {
                let known = hub.holdings.tell(self.readers.clone());
                self.readers.last_left.wait(hub, Why::Lock(known.key), limit.deadline(hub))
            })?;
            if !left {
                return Ok(None);
            }
        }
        Ok(Some(WriteGuard { value: self.value.borrow_mut(), _turn: turn }))
    }

    fn enter(&self, turn: Held<'_>) -> ReadGuard<'_, T> {
        let leave = self.readers.enter();
        drop(turn);
        ReadGuard { value: self.value.borrow(), _leave: leave }
    }
}

/// So many readers at once are known by their ids; the others are counted.
const KNOWN_READERS: usize = 4;

#[derive(Default)]
struct Readers {
    count: Cell<usize>,
    known: [Holder; KNOWN_READERS],
    last_left: Wakers,
}

impl Readers {
    fn enter(&self) -> Leave<'_> {
        self.count.set(self.count.get() + 1);
        let place = self.known.iter().find(|place| place.is_nobody());
        place.inspect(|place| place.set_to_the_running());
        Leave { readers: self, place }
    }
}

impl Holding for Readers {
    fn wait(&self) -> Wait {
        let known: Vec<u64> = self.known.iter().filter_map(Holder::id).collect();
        Wait::Readers { others: self.count.get() - known.len(), known }
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

struct Leave<'a> {
    readers: &'a Readers,
    /// Where it is known.
    place: Option<&'a Holder>,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.place.inspect(|place| place.clear());
        self.readers.count.set(self.readers.count.get() - 1);
        if self.readers.count.get() == 0 {
            Hub::try_with(|hub| self.readers.last_left.wake_all(hub));
        }
    }
}

/// A [`RwLock`]'s value, for writing; unlocks it when dropped.
pub struct WriteGuard<'a, T> {
    value: RefMut<'a, T>,
    _turn: Held<'a>,
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
