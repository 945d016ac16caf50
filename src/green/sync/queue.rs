//! Queues between greenlets, bounded or not, that can be closed: first in first out, last in first out, the least first.
//!
//! A getter that waits is promised an item when one comes, and takes it out when it runs: so a killed one has taken
//! nothing, and what is promised nobody else gets.

mod error;
mod items;
mod joinable;
mod source;
mod store;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::sync::choose::RecvArm;
use crate::green::sync::wait::WaitList;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

pub use error::{Nothing, NothingUnfinished, PutError};
pub(in crate::green) use items::Getter;
pub use items::Items;
pub use joinable::JoinableQueue;
pub(in crate::green) use source::{Promise, Receive, Source};
pub use store::{Counted, Fifo, Least, Lifo, Store};

/// A queue: first in, first out. gevent: `Queue`, whose `shutdown` is [`close`](AnyQueue::close); without a bound also
/// `SimpleQueue`. Its methods are those of [`AnyQueue`].
///
/// ```
/// use gfetch::green::{self, Queue};
/// green::run(|| {
///     let queue = Queue::bounded(3);
///     let source = queue.clone();
///     green::spawn(move || {
///         (1..=9).for_each(|n| source.put(n).unwrap());
///         source.close();
///     });
///     let all: Vec<_> = queue.iter().map(Result::unwrap).collect();
///     assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
/// });
/// ```
pub type Queue<T> = AnyQueue<T, Fifo<T>>;

/// A queue that gives the latest item first: a stack. gevent: `LifoQueue`.
///
/// ```
/// use gfetch::green::{self, LifoQueue};
/// green::run(|| {
///     let stack: LifoQueue<u32> = (1..=3).collect();
///     assert_eq!(stack.try_get(), Ok(3));
/// });
/// ```
pub type LifoQueue<T> = AnyQueue<T, Lifo<T>>;

/// A queue that gives the least item first, by its [`Ord`]; which of equal ones is not said. gevent: `PriorityQueue`.
///
/// ```
/// use gfetch::green::{self, PriorityQueue};
/// green::run(|| {
///     let jobs: PriorityQueue<_> = [(2, "later"), (1, "first")].into_iter().collect();
///     assert_eq!(jobs.try_get(), Ok((1, "first")));
/// });
/// ```
pub type PriorityQueue<T> = AnyQueue<T, Least<T>>;

/// A queue with items in the order of its store: see [`Queue`], [`LifoQueue`], [`PriorityQueue`], [`JoinableQueue`].
///
/// Getters and putters are served in the order in which they came, and a late comer never overtakes. A getter that is
/// killed or times out takes no item with it, a putter's item is given back. Clones are the same queue.
pub struct AnyQueue<T, S: Store<T>> {
    shared: Rc<Shared<T, S>>,
}

struct Shared<T, S: Store<T>> {
    store: RefCell<S>,
    most: usize,
    closed: Cell<bool>,
    /// Items that belong to getters which have been woken and have not run yet.
    promised: Cell<usize>,
    getters: WaitList<()>,
    putters: WaitList<T>,
}

impl<T, S: Store<T>> Clone for AnyQueue<T, S> {
    fn clone(&self) -> Self {
        AnyQueue { shared: self.shared.clone() }
    }
}

/// A queue without a bound that holds these items. gevent: `Queue(items=…)`.
impl<T, S: Store<T>> FromIterator<T> for AnyQueue<T, S> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        AnyQueue::bounded_with(usize::MAX, items)
    }
}

impl<T, S: Store<T>> AnyQueue<T, S> {
    /// A queue that holds at most `most` items: a put beyond that waits.
    ///
    /// # Panics
    /// When `most` is 0: that is a [`Channel`](crate::green::Channel).
    pub fn bounded(most: usize) -> Self {
        AnyQueue::bounded_with(most, [])
    }

    /// The same with items in it, which may be more than `most`. gevent: `Queue(maxsize, items)`.
    ///
    /// # Panics
    /// When `most` is 0.
    pub fn bounded_with(most: usize, items: impl IntoIterator<Item = T>) -> Self {
        assert!(most > 0, "a queue for no items: nothing could ever be put");
        let mut store = S::default();
        items.into_iter().for_each(|item| store.push(item));
        let shared = Shared {
            store: RefCell::new(store),
            most,
            closed: Cell::new(false),
            promised: Cell::new(0),
            getters: WaitList::new(),
            putters: WaitList::new(),
        };
        AnyQueue { shared: Rc::new(shared) }
    }

    /// A queue without a bound: a put never waits.
    pub fn unbounded() -> Self {
        AnyQueue::bounded(usize::MAX)
    }

    /// Puts an item, waiting for room.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_timeout(item, Limit::NEVER)
    }

    /// The same for at most `limit`.
    pub fn put_timeout(&self, item: T, limit: impl Into<Limit>) -> Result<(), PutError<T>> {
        Hub::with(|hub| {
            if let Err(interrupt) = hub.current().check(hub) {
                return Err(PutError::Interrupted(interrupt, item));
            }
            let item = match self.try_put(item) {
                Err(PutError::Full(item)) => item,
                done => return done,
            };
            let offered = self.shared.putters.offer(hub, Why::QueuePut, limit.into().deadline(hub), item);
            PutError::of_offer(offered, self.is_closed())
        })
    }

    /// Puts an item if there is room. Never switches. gevent: `put_nowait`.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        if self.is_closed() {
            return Err(PutError::Closed(item));
        }
        if self.is_full() {
            return Err(PutError::Full(item));
        }
        self.shared.store.borrow_mut().push(item);
        Hub::try_with(|hub| self.shared.promise_to_next(hub));
        Ok(())
    }

    /// Gets the next item, waiting for one; `None` when the queue is closed and drained.
    pub fn get(&self) -> Result<Option<T>, Interrupt> {
        Ok(self.get_timeout(Limit::NEVER)?.ok())
    }

    /// The same for at most `limit`.
    pub fn get_timeout(&self, limit: impl Into<Limit>) -> Result<Result<T, Nothing>, Interrupt> {
        Hub::with(|hub| {
            hub.current().check(hub)?;
            match self.try_get() {
                Err(Nothing::Empty) => {}
                done => return Ok(done),
            }
            match self.promised(hub, limit.into())? {
                Some(promise) => Ok(self.shared.redeem(promise).ok_or(Nothing::Empty)),
                None => Ok(self.try_get()),
            }
        })
    }

    /// The next item if there is one that nobody else was promised. Never switches. gevent: `get_nowait`.
    pub fn try_get(&self) -> Result<T, Nothing> {
        self.shared.try_take()
    }

    /// A clone of the next item, which stays, waiting for one; `None` when the queue is closed and drained.
    pub fn peek(&self) -> Result<Option<T>, Interrupt>
    where
        T: Clone,
    {
        Ok(self.peek_timeout(Limit::NEVER)?.ok())
    }

    /// The same for at most `limit`.
    pub fn peek_timeout(&self, limit: impl Into<Limit>) -> Result<Result<T, Nothing>, Interrupt>
    where
        T: Clone,
    {
        Hub::with(|hub| {
            hub.current().check(hub)?;
            match self.try_peek() {
                Err(Nothing::Empty) => {}
                done => return Ok(done),
            }
            let promise = self.promised(hub, limit.into())?;
            let seen = promise.as_ref().and_then(|_| self.shared.store.borrow().peek(0).cloned());
            drop(promise); // the next getter's turn
            seen.map_or_else(|| Ok(self.try_peek()), |item| Ok(Ok(item)))
        })
    }

    /// A clone of the next item, if there is one that nobody was promised. Never switches. gevent: `peek_nowait`.
    pub fn try_peek(&self) -> Result<T, Nothing>
    where
        T: Clone,
    {
        let item = self.shared.store.borrow().peek(self.shared.promised.get()).cloned();
        item.ok_or(Nothing::from_closed(self.is_closed()))
    }

    /// The items as they come, until the queue is closed and drained, or a wait was interrupted: that error is the last.
    /// gevent: iteration, which ends at a `StopIteration` item.
    pub fn iter(&self) -> Iter<T, S> {
        Items::of(self)
    }

    /// Closes it: puts are refused, gets drain what is there and then say so. gevent: `shutdown`.
    pub fn close(&self) {
        self.shared.closed.set(true);
        Hub::try_with(|hub| {
            self.shared.putters.dismiss_all(hub);
            self.shared.getters.dismiss_all(hub);
        });
    }

    /// Closes it and takes out what is there, but for what getters have been promised already. gevent:
    /// `shutdown(immediate=True)`.
    pub fn close_now(&self) -> Vec<T> {
        self.close();
        let promised = self.shared.promised.get();
        self.shared.store.borrow_mut().clear(promised)
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.get()
    }

    /// Items in it now, without what getters have been promised. gevent: `qsize`.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether nothing is in it now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a put would wait. What a getter was promised takes no room any more, though it comes back where that getter is
    /// killed: to keep its place would let getters and putters wait side by side. gevent: `full`.
    pub fn is_full(&self) -> bool {
        self.len() >= self.shared.most
    }

    /// For [`select!`](crate::green::select).
    #[doc(hidden)]
    pub fn recv_arm(&self) -> RecvArm<'_, T> {
        RecvArm::new(&*self.shared)
    }

    /// Waits to be promised an item; none when `limit` passes first, or on closing.
    fn promised(&self, hub: &Hub, limit: Limit) -> Result<Option<Promise<'_>>, Interrupt> {
        let limit = limit.deadline(hub);
        let give_back = |()| self.shared.withdraw(hub);
        let promised = self.shared.getters.receive(hub, Why::QueueGet, limit, give_back)?;
        Ok(promised.map(|()| Promise::of(&*self.shared)))
    }
}

impl<T, S: Store<T>> Shared<T, S> {
    fn len(&self) -> usize {
        self.store.borrow().count().saturating_sub(self.promised.get())
    }

    fn promise_to_next(&self, hub: &Hub) {
        if self.getters.hand(hub, ()).is_ok() {
            self.promised.set(self.promised.get() + 1);
        }
    }

    /// Lets who waits longest put its item, if there is room.
    fn refill(&self) {
        if self.len() < self.most {
            let item = Hub::try_with(|hub| self.putters.take(hub)).flatten();
            item.into_iter().for_each(|item| self.store.borrow_mut().push(item));
        }
    }
}

impl<T, S: Store<T>> Source for Shared<T, S> {
    fn getters(&self) -> &WaitList<()> {
        &self.getters
    }

    fn kept(&self) {
        self.promised.set(self.promised.get() - 1);
    }

    fn withdraw(&self, hub: &Hub) {
        self.kept();
        self.promise_to_next(hub);
    }
}

impl<T, S: Store<T>> Receive<T> for Shared<T, S> {
    fn try_take(&self) -> Result<T, Nothing> {
        let item = self.store.borrow_mut().pop(self.promised.get());
        self.refill();
        item.ok_or(Nothing::from_closed(self.closed.get()))
    }

    fn redeem(&self, promise: Promise<'_>) -> Option<T> {
        let item = self.store.borrow_mut().pop(0);
        promise.keep();
        self.refill();
        item
    }
}

impl<T, S: Store<T>> Getter for AnyQueue<T, S> {
    type Item = T;

    fn next_item(&self) -> Result<Option<T>, Interrupt> {
        self.get()
    }
}

/// The items of a queue as they come; made by [`AnyQueue::iter`].
pub type Iter<T, S> = Items<AnyQueue<T, S>>;

impl<T, S: Store<T>> IntoIterator for &AnyQueue<T, S> {
    type Item = Result<T, Interrupt>;
    type IntoIter = Iter<T, S>;

    fn into_iter(self) -> Iter<T, S> {
        self.iter()
    }
}
