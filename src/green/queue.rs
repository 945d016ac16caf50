//! A first-in first-out queue between greenlets, bounded or not, that can be closed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::hub::Hub;
use super::interrupt::Interrupt;
use super::task::Why;
use super::wait::WaitList;

/// A queue. Getters and putters are served in the order in which they came; an item handed to a greenlet that is killed
/// before it runs goes back to the front. Clones are the same queue. gevent: `Queue`, whose `shutdown` is [`Queue::close`].
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
///     let mut all = Vec::new();
///     while let Some(n) = queue.get().unwrap() {
///         all.push(n);
///     }
///     assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
/// });
/// ```
pub struct Queue<T> {
    shared: Rc<Shared<T>>,
}

struct Shared<T> {
    items: RefCell<VecDeque<Numbered<T>>>,
    most: usize,
    closed: Cell<bool>,
    /// Items accepted so far.
    accepted: Cell<u64>,
    getters: WaitList<Numbered<T>>,
    putters: WaitList<T>,
}

/// An item and its place in the order, so that what killed getters give back comes to stand where it was.
struct Numbered<T> {
    number: u64,
    item: T,
}

/// Why an item was not put; it is given back.
#[derive(Debug)]
pub enum PutError<T> {
    /// No room, and the call may not wait (any longer). gevent: `Full`.
    Full(T),
    /// The queue is closed. gevent: `ShutDown`.
    Closed(T),
    /// The wait for room was interrupted.
    Interrupted(Interrupt, T),
}

/// Why nothing was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// Nothing there, and the call may not wait (any longer). gevent: `Empty`.
    Empty,
    /// The queue is closed and drained. gevent: `ShutDown`.
    Closed,
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Full(_) => f.write_str("the queue is full"),
            PutError::Closed(_) => f.write_str("the queue is closed"),
            PutError::Interrupted(interrupt, _) => interrupt.fmt(f),
        }
    }
}

impl<T: fmt::Debug> Error for PutError<T> {}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Nothing::Empty => "the queue is empty",
            Nothing::Closed => "the queue is closed and drained",
        })
    }
}

impl Error for Nothing {}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Queue { shared: self.shared.clone() }
    }
}

impl<T> Queue<T> {
    /// A queue that holds at most `most` items: a put beyond that waits.
    ///
    /// # Panics
    /// When `most` is 0.
    pub fn bounded(most: usize) -> Queue<T> {
        assert!(most > 0, "a queue for no items: nothing could ever be put");
        let shared = Shared {
            items: RefCell::new(VecDeque::new()),
            most,
            closed: Cell::new(false),
            accepted: Cell::new(0),
            getters: WaitList::new(),
            putters: WaitList::new(),
        };
        Queue { shared: Rc::new(shared) }
    }

    /// A queue without a bound: a put never waits.
    pub fn unbounded() -> Queue<T> {
        Queue::bounded(usize::MAX)
    }

    /// Puts an item, waiting for room.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_for(None, item)
    }

    /// The same for at most `limit`.
    pub fn put_timeout(&self, item: T, limit: Duration) -> Result<(), PutError<T>> {
        self.put_for(Some(limit), item)
    }

    /// Puts an item if there is room. Never switches. gevent: `put_nowait`.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        if self.shared.closed.get() {
            return Err(PutError::Closed(item));
        }
        let handed = Hub::with(|hub| self.shared.getters.hand(hub, self.number(item)));
        let Err(item) = handed else { return Ok(()) };
        if self.len() >= self.shared.most {
            return Err(PutError::Full(item.item));
        }
        self.shared.items.borrow_mut().push_back(item);
        Ok(())
    }

    /// Gets the next item, waiting for one; `None` when the queue is closed and drained.
    pub fn get(&self) -> Result<Option<T>, Interrupt> {
        Ok(self.get_for(None)?.ok())
    }

    /// The same for at most `limit`.
    pub fn get_timeout(&self, limit: Duration) -> Result<Result<T, Nothing>, Interrupt> {
        self.get_for(Some(limit))
    }

    /// The next item if there is one. Never switches. gevent: `get_nowait`.
    pub fn try_get(&self) -> Result<T, Nothing> {
        let item = self.shared.items.borrow_mut().pop_front().map(|numbered| numbered.item);
        let waiting = Hub::try_with(|hub| self.shared.putters.take(hub)).flatten();
        match (item, waiting) {
            (Some(item), waiting) => {
                self.shared.items.borrow_mut().extend(waiting.map(|item| self.number(item)));
                Ok(item)
            }
            (None, Some(waiting)) => Ok(waiting),
            (None, None) if self.shared.closed.get() => Err(Nothing::Closed),
            (None, None) => Err(Nothing::Empty),
        }
    }

    /// Closes it: puts are refused, gets drain what is there and then say so. gevent: `shutdown`.
    pub fn close(&self) {
        self.shared.closed.set(true);
        Hub::try_with(|hub| {
            self.shared.putters.dismiss_all(hub);
            self.shared.getters.dismiss_all(hub);
        });
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.get()
    }

    /// Items in it now. gevent: `qsize`.
    pub fn len(&self) -> usize {
        self.shared.items.borrow().len()
    }

    /// Whether nothing is in it now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn put_for(&self, limit: Option<Duration>, item: T) -> Result<(), PutError<T>> {
        Hub::with(|hub| {
            if let Err(interrupt) = hub.current().check(hub) {
                return Err(PutError::Interrupted(interrupt, item));
            }
            let item = match self.try_put(item) {
                Err(PutError::Full(item)) => item,
                done => return done,
            };
            let limit = limit.and_then(|limit| hub.deadline(limit));
            match self.shared.putters.offer(hub, Why::QueuePut, limit, item) {
                Ok(None) => Ok(()),
                Ok(Some(item)) if self.shared.closed.get() => Err(PutError::Closed(item)),
                Ok(Some(item)) => Err(PutError::Full(item)),
                Err((interrupt, item)) => Err(PutError::Interrupted(interrupt, item)),
            }
        })
    }

    fn get_for(&self, limit: Option<Duration>) -> Result<Result<T, Nothing>, Interrupt> {
        Hub::with(|hub| {
            hub.current().check(hub)?;
            match self.try_get() {
                Err(Nothing::Empty) => {}
                done => return Ok(done),
            }
            let limit = limit.and_then(|limit| hub.deadline(limit));
            let give_back = |item| self.give_back(hub, item);
            Ok(match self.shared.getters.receive(hub, Why::QueueGet, limit, give_back)? {
                Some(numbered) => Ok(numbered.item),
                None if self.shared.closed.get() => Err(Nothing::Closed),
                None => Err(Nothing::Empty),
            })
        })
    }

    fn number(&self, item: T) -> Numbered<T> {
        Numbered { number: self.shared.accepted.replace(self.shared.accepted.get() + 1), item }
    }

    /// An item whose getter was killed: to the next getter, or to its place in front.
    fn give_back(&self, hub: &Hub, item: Numbered<T>) {
        if let Err(item) = self.shared.getters.hand(hub, item) {
            let mut items = self.shared.items.borrow_mut();
            let place = items.iter().position(|later| later.number > item.number).unwrap_or(items.len());
            items.insert(place, item);
        }
    }
}
