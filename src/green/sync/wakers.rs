//! Owns those who wait for one thing that wakes them all: an event, the end of a greenlet.

use std::cell::{Cell, RefCell};

use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::waker::{Waker, Woken};

/// Waiting greenlets, woken together in the order in which they came. The first has a place of its own, because most
/// things are waited for by one.
#[derive(Default)]
pub(crate) struct Wakers {
    first: Cell<Option<Waker>>,
    more: RefCell<Vec<Waker>>,
    /// Wakers in `more` whose wait is over; swept when they are the majority.
    stale: Cell<usize>,
}

impl Wakers {
    /// Waits to be woken; false when `limit` passes first.
    #[inline(always)]
    pub fn wait(&self, hub: &Hub, why: Why, limit: Option<Deadline>) -> Result<bool, Interrupt> {
        let task = hub.current();
        self.add(Waker::for_next_wait(&task));
        let leave = Leave(self);
        let woken = task.park(hub, why, limit)?;
        if woken == Woken::Ready {
            std::mem::forget(leave);
        }
        Ok(woken == Woken::Ready)
    }

    /// Wakes all; the last one of them, who runs after the others.
    pub fn wake_all(&self, hub: &Hub) -> Option<Waker> {
        let mut last = self.first.take().filter(|first| first.wake(hub));
        self.stale.set(0);
        for waker in self.more.take() {
            if waker.wake(hub) {
                last = Some(waker);
            }
        }
        last
    }

    /// Whether anybody waits.
    pub fn are_waiting(&self) -> bool {
        let first = self.first.take();
        let live = first.as_ref().is_some_and(Waker::is_live);
        self.first.set(first);
        live || self.more.borrow().iter().any(Waker::is_live)
    }

    fn add(&self, waker: Waker) {
        match self.first.take() {
            None if self.more.borrow().is_empty() => self.first.set(Some(waker)),
            first => {
                self.first.set(first);
                self.more.borrow_mut().push(waker);
            }
        }
    }

    /// A wait has ended without being woken: its waker may still be here.
    fn sweep(&self) {
        self.first.set(self.first.take().filter(Waker::is_live));
        let mut more = self.more.borrow_mut();
        self.stale.set(self.stale.get() + 1);
        if self.stale.get() * 2 > more.len() {
            more.retain(Waker::is_live);
            self.stale.set(0);
        }
    }
}

/// Runs when a wait ends by its limit, an interrupt or a kill.
struct Leave<'a>(&'a Wakers);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.sweep();
    }
}
