//! Mapping over items in greenlets: results in the items' order or as they are ready, with a bound on what runs ahead.
//!
//! ```text
//!   items ──► feeder (a greenlet) ──spawns──► members ──end──► slots ──► Imap::next
//!                 waits for a place in the pool,                   front slot filled: out
//!                 and for room below `max_outstanding`
//! ```
//! Order is a value: in the items' order a member's slot is laid when it starts, else when it ends.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::iter::FusedIterator;
use std::rc::Rc;

use crate::green::greenlet::group::{Members, Places};
use crate::green::greenlet::outcome::GetError;
use crate::green::greenlet::{Greenlet, spawn};
use crate::green::hub::Hub;
use crate::green::sync::wakers::Wakers;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Items,
    Completion,
}

/// The results of `imap` or `imap_unordered`, one an item. `next` waits for the next one; after the last it is `None` for
/// ever. An item that failed is an `Err` and the rest goes on; if taking the items panicked, that is the last `Err`.
/// [`GetError::Interrupted`] means that *this* wait was interrupted: the iteration can go on.
///
/// Dropping it stops the taking of items; members that run go on.
pub struct Imap<T> {
    shared: Rc<Shared<T>>,
    feeder: Greenlet<()>,
}

struct Shared<T> {
    slots: RefCell<VecDeque<Option<Result<T, GetError>>>>,
    /// Slots taken out so far: a member's number less this is its place in `slots`.
    taken: Cell<u64>,
    started: Cell<u64>,
    /// Members that have started and whose results have not been taken out.
    outstanding: Cell<usize>,
    max_outstanding: Cell<usize>,
    fed: Cell<bool>,
    order: Order,
    consumer: Wakers,
    feeder: Wakers,
}

pub(crate) fn start<P, I, T, F>(
    members: &Members<P>,
    order: Order,
    f: F,
    items: impl IntoIterator<Item = I> + 'static,
) -> Imap<T>
where
    P: Places,
    I: 'static,
    T: 'static,
    F: Fn(I) -> T + 'static,
{
    let shared = Rc::new(Shared {
        slots: RefCell::new(VecDeque::new()),
        taken: Cell::new(0),
        started: Cell::new(0),
        outstanding: Cell::new(0),
        max_outstanding: Cell::new(usize::MAX),
        fed: Cell::new(false),
        order,
        consumer: Wakers::default(),
        feeder: Wakers::default(),
    });
    let (members, f, sink) = (members.clone(), Rc::new(f), shared.clone());
    let feeder = spawn(move || {
        for item in items {
            if sink.wait_for_room().is_err() {
                return;
            }
            let f = f.clone();
            let Ok(place) = members.places.take() else { return };
            let member = members.spawn_in(place, move || f(item));
            sink.begin(&member);
        }
    });
    let sink = shared.clone();
    feeder.on_end(move |hub, result| sink.finish_feeding(hub, result));
    Imap { shared, feeder }
}

impl<T: 'static> Shared<T> {
    fn wait_for_room(&self) -> Result<(), Interrupt> {
        while self.outstanding.get() >= self.max_outstanding.get() {
            Hub::with(|hub| self.feeder.wait(hub, Why::Results, None))?;
        }
        Ok(())
    }

    fn begin(self: &Rc<Self>, member: &Greenlet<T>) {
        let number = self.started.get();
        self.started.set(number + 1);
        self.outstanding.set(self.outstanding.get() + 1);
        if self.order == Order::Items {
            self.slots.borrow_mut().push_back(None);
        }
        let shared = self.clone();
        member.on_end(move |hub, result| shared.finish(hub, number, result));
    }

    fn finish(&self, hub: &Hub, number: u64, result: Result<T, GetError>) {
        match self.order {
            Order::Items => self.slots.borrow_mut()[(number - self.taken.get()) as usize] = Some(result),
            Order::Completion => self.slots.borrow_mut().push_back(Some(result)),
        }
        self.consumer.wake_all(hub);
    }

    fn finish_feeding(&self, hub: &Hub, result: Result<(), GetError>) {
        if let Err(error @ GetError::Panicked(_)) = result {
            self.outstanding.set(self.outstanding.get() + 1);
            self.slots.borrow_mut().push_back(Some(Err(error)));
        }
        self.fed.set(true);
        self.consumer.wake_all(hub);
    }

    fn take(&self, hub: &Hub) -> Option<Result<T, GetError>> {
        let mut slots = self.slots.borrow_mut();
        let result = slots.front_mut()?.take()?;
        slots.pop_front();
        self.taken.set(self.taken.get() + 1);
        self.outstanding.set(self.outstanding.get() - 1);
        self.feeder.wake_all(hub);
        Some(result)
    }

    fn is_exhausted(&self) -> bool {
        self.fed.get() && self.outstanding.get() == 0
    }
}

impl<T> Imap<T> {
    /// At most `most` items may have been started whose results have not been taken out yet; 0 counts as 1. gevent:
    /// `maxsize`. Say it before the first `next`.
    pub fn max_outstanding(self, most: usize) -> Imap<T> {
        self.shared.max_outstanding.set(most.max(1));
        self
    }
}

impl<T: 'static> Iterator for Imap<T> {
    type Item = Result<T, GetError>;

    fn next(&mut self) -> Option<Self::Item> {
        Hub::with(|hub| {
            loop {
                if let Some(result) = self.shared.take(hub) {
                    return Some(result);
                }
                if self.shared.is_exhausted() {
                    return None;
                }
                if let Err(interrupt) = self.shared.consumer.wait(hub, Why::Results, None) {
                    return Some(Err(GetError::Interrupted(interrupt)));
                }
            }
        })
    }
}

impl<T: 'static> FusedIterator for Imap<T> {}

impl<T> Drop for Imap<T> {
    fn drop(&mut self) {
        self.feeder.kill_nowait();
    }
}
