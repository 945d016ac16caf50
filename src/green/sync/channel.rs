//! A channel without a buffer: a put and a get meet.
//!
//! An item stays with its putter until a getter that runs takes it. A getter that waits is promised that something is there
//! when a putter comes; where that one has gone again, it waits on, at its old place.

use std::cell::Cell;
use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::sync::choose::{RecvArm, SendArm};
use crate::green::sync::queue::{Getter, Items, Nothing, Promise, PutError, Receive, Source};
use crate::green::sync::wait::{End, WaitList};
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// A channel without a buffer: [`put`](Channel::put) waits until a getter has taken the item. Getters and putters meet in
/// the order in which they came. A killed or timed-out one loses nothing. Several at once: [`select!`](crate::green::select). Clones
/// are the same channel. gevent: `Channel`, which cannot be closed.
///
/// ```
/// use gfetch::green::{self, Channel};
/// green::run(|| {
///     let channel = Channel::new();
///     let getter = channel.clone();
///     let all = green::spawn(move || getter.iter().map(Result::unwrap).collect::<Vec<_>>());
///     ["hello", "world"].into_iter().for_each(|word| channel.put(word).unwrap());
///     channel.close();
///     assert_eq!(all.get().unwrap(), ["hello", "world"]);
/// });
/// ```
pub struct Channel<T> {
    shared: Rc<Shared<T>>,
}

struct Shared<T> {
    closed: Cell<bool>,
    /// Getters that have been woken for an offer and have not run yet.
    promised: Cell<usize>,
    getters: WaitList<()>,
    offers: WaitList<T>,
}

impl<T> Clone for Channel<T> {
    fn clone(&self) -> Self {
        Channel { shared: self.shared.clone() }
    }
}

impl<T> Default for Channel<T> {
    fn default() -> Channel<T> {
        Channel::new()
    }
}

impl<T> Channel<T> {
    /// A channel that nobody uses yet.
    pub fn new() -> Channel<T> {
        let (getters, offers) = (WaitList::new(), WaitList::new());
        Channel { shared: Rc::new(Shared { closed: Cell::new(false), promised: Cell::new(0), getters, offers }) }
    }

    /// Offers an item until a getter has taken it. Always switches.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_timeout(item, Limit::NEVER)
    }

    /// The same for at most `limit`; [`PutError::Full`] if that passed first.
    pub fn put_timeout(&self, item: T, limit: impl Into<Limit>) -> Result<(), PutError<T>> {
        Hub::with(|hub| {
            if let Err(interrupt) = hub.current().check(hub) {
                return Err(PutError::Interrupted(interrupt, item));
            }
            if self.is_closed() {
                return Err(PutError::Closed(item));
            }
            self.shared.promise_to_next(hub);
            let offered = self.shared.offers.offer(hub, Why::Channel, limit.into().deadline(hub), item);
            PutError::of_offer(offered, self.is_closed())
        })
    }

    /// Gives an item to a getter that waits; [`PutError::Full`] if none does. Never switches. gevent: `put_nowait`.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        if self.is_closed() {
            return Err(PutError::Closed(item));
        }
        if Hub::try_with(|hub| self.shared.promise_to_next(hub)) != Some(true) {
            return Err(PutError::Full(item));
        }
        self.shared.offers.leave(item);
        Ok(())
    }

    /// Takes the item that has been offered longest, waiting for one; `None` when the channel is closed.
    pub fn get(&self) -> Result<Option<T>, Interrupt> {
        Ok(self.get_timeout(Limit::NEVER)?.ok())
    }

    /// The same for at most `limit`.
    pub fn get_timeout(&self, limit: impl Into<Limit>) -> Result<Result<T, Nothing>, Interrupt> {
        Hub::with(|hub| {
            hub.current().check(hub)?;
            let (limit, mut end) = (limit.into().deadline(hub), End::Back);
            loop {
                match self.try_get() {
                    Err(Nothing::Empty) => {}
                    done => return Ok(done),
                }
                let give_back = |()| self.shared.withdraw(hub);
                let woken = self.shared.getters.receive_at(hub, Why::Channel, limit, end, give_back)?;
                let Some(()) = woken else { return Ok(self.try_get()) };
                if let Some(item) = self.shared.redeem(Promise::of(&*self.shared)) {
                    return Ok(Ok(item));
                }
                end = End::Front; // its putter has gone again
            }
        })
    }

    /// Takes an item if one is offered that no other getter was promised. Never switches. gevent: `get_nowait`.
    pub fn try_get(&self) -> Result<T, Nothing> {
        self.shared.try_take()
    }

    /// The items as they come, until the channel is closed, or a wait was interrupted: that error is the last.
    pub fn iter(&self) -> ChannelIter<T> {
        Items::of(self)
    }

    /// Closes it: who waits to put has the item back, who waits to get has nothing. gevent has none such.
    pub fn close(&self) {
        self.shared.closed.set(true);
        Hub::try_with(|hub| {
            self.shared.offers.dismiss_all(hub);
            self.shared.getters.dismiss_all(hub);
        });
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.get()
    }

    /// Always 0: it holds nothing. gevent: `qsize`.
    pub fn len(&self) -> usize {
        0
    }

    /// Always true, and so is [`is_full`](Channel::is_full).
    pub fn is_empty(&self) -> bool {
        true
    }

    /// Always true: it has no room.
    pub fn is_full(&self) -> bool {
        true
    }

    /// For [`select!`](crate::green::select).
    #[doc(hidden)]
    pub fn recv_arm(&self) -> RecvArm<'_, T> {
        RecvArm::new(&*self.shared)
    }

    /// For [`select!`](crate::green::select).
    #[doc(hidden)]
    pub fn send_arm<'a>(&'a self, item: &'a mut Option<T>) -> SendArm<'a, T> {
        SendArm::new(self, item)
    }

    pub(in crate::green) fn offers(&self) -> &WaitList<T> {
        &self.shared.offers
    }
}

impl<T> Shared<T> {
    fn promise_to_next(&self, hub: &Hub) -> bool {
        let promised = self.getters.hand(hub, ()).is_ok();
        self.promised.set(self.promised.get() + usize::from(promised));
        promised
    }
}

impl<T> Source for Shared<T> {
    fn getters(&self) -> &WaitList<()> {
        &self.getters
    }

    fn kept(&self) {
        self.promised.set(self.promised.get() - 1);
    }

    fn withdraw(&self, hub: &Hub) {
        self.kept();
        if self.offers.has_more_than(self.promised.get()) {
            self.promise_to_next(hub);
        }
    }
}

impl<T> Receive<T> for Shared<T> {
    fn try_take(&self) -> Result<T, Nothing> {
        let item = Hub::try_with(|hub| self.offers.take_after(hub, self.promised.get())).flatten();
        item.ok_or(Nothing::from_closed(self.closed.get()))
    }

    fn redeem(&self, promise: Promise<'_>) -> Option<T> {
        promise.keep();
        Hub::try_with(|hub| self.offers.take(hub)).flatten()
    }
}

impl<T> Getter for Channel<T> {
    type Item = T;

    fn next_item(&self) -> Result<Option<T>, Interrupt> {
        self.get()
    }
}

/// The items of a channel as they come; made by [`Channel::iter`].
pub type ChannelIter<T> = Items<Channel<T>>;

impl<T> IntoIterator for &Channel<T> {
    type Item = Result<T, Interrupt>;
    type IntoIter = ChannelIter<T>;

    fn into_iter(self) -> ChannelIter<T> {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
