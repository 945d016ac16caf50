//! The orders in which a queue gives its items out again.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;

use crate::green::sync::wakers::Wakers;

/// Where the items of an [`AnyQueue`](super::AnyQueue) are; its methods are not
/// part of the interface. The first `promised` items in its order belong to getters
/// that have been woken and have not run yet.
pub trait Store<T>: Default {
    #[doc(hidden)]
    fn push(&mut self, item: T);
    /// The next item for who comes behind the `promised` ones.
    #[doc(hidden)]
    fn pop(&mut self, promised: usize) -> Option<T>;
    #[doc(hidden)]
    fn peek(&self, promised: usize) -> Option<&T>;
    #[doc(hidden)]
    fn count(&self) -> usize;
    /// Takes out all but what is promised.
    #[doc(hidden)]
    fn clear(&mut self, promised: usize) -> Vec<T>;
}

/// First in, first out.
pub struct Fifo<T>(VecDeque<T>);

/// Last in, first out.
pub struct Lifo<T>(Vec<T>);

/// The least first.
pub struct Least<T>(BinaryHeap<Reverse<T>>);

/// First in, first out, and a count of what is unfinished.
pub struct Counted<T> {
    items: Fifo<T>,
    pub(super) tally: Rc<Tally>,
}

/// Items that were put and are not done; and who waits until there are none.
#[derive(Default)]
pub(super) struct Tally {
    pub unfinished: Cell<usize>,
    pub waiters: Wakers,
}

impl<T> Default for Fifo<T> {
    fn default() -> Fifo<T> {
        Fifo(VecDeque::new())
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Lifo<T> {
        Lifo(Vec::new())
    }
}

impl<T: Ord> Default for Least<T> {
    fn default() -> Least<T> {
        Least(BinaryHeap::new())
    }
}

impl<T> Default for Counted<T> {
    fn default() -> Counted<T> {
        Counted { items: Fifo::default(), tally: Rc::default() }
    }
}

impl<T> Store<T> for Fifo<T> {
    fn push(&mut self, item: T) {
        self.0.push_back(item);
    }

    fn pop(&mut self, promised: usize) -> Option<T> {
        if promised == 0 { self.0.pop_front() } else { self.0.remove(promised) }
    }

    fn peek(&self, promised: usize) -> Option<&T> {
        self.0.get(promised)
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self, promised: usize) -> Vec<T> {
        self.0.drain(promised..).collect()
    }
}

/// Who runs first has the last item: a promise is for some item, not for a certain one.
impl<T> Store<T> for Lifo<T> {
    fn push(&mut self, item: T) {
        self.0.push(item);
    }

    fn pop(&mut self, promised: usize) -> Option<T> {
        if self.0.len() > promised { self.0.pop() } else { None }
    }

    fn peek(&self, promised: usize) -> Option<&T> {
        self.0.last().filter(|_| self.0.len() > promised)
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self, promised: usize) -> Vec<T> {
        let unpromised = self.0.len() - promised;
        self.0.drain(..unpromised).collect()
    }
}

/// Who runs first has the least item, as with [`Lifo`].
impl<T: Ord> Store<T> for Least<T> {
    fn push(&mut self, item: T) {
        self.0.push(Reverse(item));
    }

    fn pop(&mut self, promised: usize) -> Option<T> {
        if self.0.len() > promised { self.0.pop().map(|Reverse(item)| item) } else { None }
    }

    fn peek(&self, promised: usize) -> Option<&T> {
        self.0.peek().filter(|_| self.0.len() > promised).map(|Reverse(item)| item)
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self, promised: usize) -> Vec<T> {
        let kept: Vec<_> = (0..promised).filter_map(|_| self.0.pop()).collect();
        let cleared = std::mem::take(&mut self.0).into_vec();
        self.0.extend(kept);
        cleared.into_iter().map(|Reverse(item)| item).collect()
    }
}

impl<T> Store<T> for Counted<T> {
    fn push(&mut self, item: T) {
        self.tally.unfinished.set(self.tally.unfinished.get() + 1);
        self.items.push(item);
    }

    fn pop(&mut self, promised: usize) -> Option<T> {
        self.items.pop(promised)
    }

    fn peek(&self, promised: usize) -> Option<&T> {
        self.items.peek(promised)
    }

    fn count(&self) -> usize {
        self.items.count()
    }

    fn clear(&mut self, promised: usize) -> Vec<T> {
        let cleared = self.items.clear(promised);
        self.tally.finish(cleared.len());
        cleared
    }
}

impl Tally {
    /// Counts `items` as done; false if there were not so many.
    pub fn finish(&self, items: usize) -> bool {
        let Some(left) = self.unfinished.get().checked_sub(items) else { return false };
        self.unfinished.set(left);
        if left == 0 {
            crate::green::hub::Hub::try_with(|hub| self.waiters.wake_all(hub));
        }
        true
    }
}
