//! The items of a queue or a channel as an iterator.

use std::iter::FusedIterator;

use crate::green::task::interrupt::Interrupt;

/// What gives items one after the other until it is closed: a queue, a channel. Sealed.
pub trait Getter: Clone {
    type Item;

    /// Waits for the next; none after the last.
    fn next_item(&self) -> Result<Option<Self::Item>, Interrupt>;
}

/// The items of a queue or a channel as they come, until it is closed (and drained) or a wait was interrupted: that error
/// is the last. See [`Iter`](super::Iter) and [`ChannelIter`](crate::green::ChannelIter).
pub struct Items<G>(Option<G>);

impl<G: Getter> Items<G> {
    pub(in crate::green) fn of(getter: &G) -> Items<G> {
        Items(Some(getter.clone()))
    }
}

impl<G: Getter> Iterator for Items<G> {
    type Item = Result<G::Item, Interrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.0.as_ref()?.next_item().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.0 = None;
        }
        item
    }
}

impl<G: Getter> FusedIterator for Items<G> {}
