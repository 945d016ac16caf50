//! Owns queues of waiting greenlets: first come, first served, each handed what it waits for.
//!
//! Handing over is direct: what a waker gives is in the waiter's slot before the waiter runs, so nobody overtakes it. A
//! waiter that is killed between the two gives the thing back. A waiter whose deadline has fired already is passed over.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::waker::Waker;
use crate::green::task::{Task, Why};

/// Greenlets waiting for a `T` each (or, for [`WaitList::take`], offering one).
pub(crate) struct WaitList<T> {
    nodes: RefCell<VecDeque<Rc<Node<T>>>>,
    /// Nodes whose wait is over but which still stand in the queue; swept when they are the majority.
    stale: Cell<usize>,
}

struct Node<T> {
    /// None for what was left here by one who does not wait.
    waker: Option<Waker>,
    slot: Cell<Option<T>>,
    served: Cell<bool>,
}

impl<T> WaitList<T> {
    pub const fn new() -> WaitList<T> {
        WaitList { nodes: RefCell::new(VecDeque::new()), stale: Cell::new(0) }
    }

    /// Waits to be handed a `T`; `Ok(None)` when `limit` passes first, or on dismissal. What was handed to a greenlet that
    /// is killed before it runs goes to `give_back`.
    pub fn receive(
        &self,
        hub: &Hub,
        why: Why,
        limit: Option<Deadline>,
        give_back: impl FnOnce(T),
    ) -> Result<Option<T>, Interrupt> {
        self.receive_at(hub, why, limit, End::Back, give_back)
    }

    /// The same, with a choice of the place.
    pub fn receive_at(
        &self,
        hub: &Hub,
        why: Why,
        limit: Option<Deadline>,
        end: End,
        give_back: impl FnOnce(T),
    ) -> Result<Option<T>, Interrupt> {
        let place = self.enlist(&hub.current(), None, end);
        Self::wait(hub, why, limit, place, |thing| thing.map_or((), give_back))
    }

    /// Waits until somebody has taken `thing`; gives it back when `limit` passes first, or on dismissal.
    pub fn offer(&self, hub: &Hub, why: Why, limit: Option<Deadline>, thing: T) -> Result<Option<T>, (Interrupt, T)> {
        let rescued = Cell::new(None);
        let place = self.enlist(&hub.current(), Some(thing), End::Back);
        let waited = Self::wait(hub, why, limit, place, |thing| rescued.set(thing));
        waited.map_err(|interrupt| (interrupt, rescued.take().expect("an interrupted wait was not served")))
    }

    /// Parks, and returns what is in the place afterwards; an interrupted or killed wait passes that to `rescue` instead.
    fn wait(
        hub: &Hub,
        why: Why,
        limit: Option<Deadline>,
        place: Place<'_, T>,
        rescue: impl FnOnce(Option<T>),
    ) -> Result<Option<T>, Interrupt> {
        let mut rescue = Rescue { place: &place, rescue: Some(rescue) };
        hub.current().park(hub, why, limit)?;
        rescue.rescue = None;
        Ok(place.take())
    }

    /// Takes a place for the next wait of `task`, with `thing` in it; the caller parks.
    pub fn enlist(&self, task: &Rc<Task>, thing: Option<T>, end: End) -> Place<'_, T> {
        let waker = Some(Waker::for_next_wait(task));
        let node = Rc::new(Node { waker, slot: Cell::new(thing), served: Cell::new(false) });
        let mut nodes = self.nodes.borrow_mut();
        match end {
            End::Back => nodes.push_back(node.clone()),
            End::Front => nodes.push_front(node.clone()),
        }
        Place { list: self, node }
    }

    /// Leaves `thing` for who [takes](WaitList::take) it; nobody waits for that.
    pub fn leave(&self, thing: T) {
        let node = Node { waker: None, slot: Cell::new(Some(thing)), served: Cell::new(false) };
        self.nodes.borrow_mut().push_back(Rc::new(node));
    }

    /// Whether more than `count` wait (or things are left).
    pub fn has_more_than(&self, count: usize) -> bool {
        self.nodes.borrow().iter().filter(|node| node.is_live()).nth(count).is_some()
    }

    /// Hands `thing` to the one that has waited longest; gives it back when nobody waits.
    pub fn hand(&self, hub: &Hub, thing: T) -> Result<(), T> {
        self.hand_to(hub, thing).map(drop)
    }

    /// The same, and says whose it is now.
    pub fn hand_to(&self, hub: &Hub, thing: T) -> Result<Option<u64>, T> {
        let Some(node) = self.pop() else { return Err(thing) };
        node.slot.set(Some(thing));
        node.serve(hub);
        Ok(node.waker.as_ref().map(|waker| waker.task.id))
    }

    /// Takes what the one that has waited longest offers, and wakes it.
    pub fn take(&self, hub: &Hub) -> Option<T> {
        self.take_after(hub, 0)
    }

    /// The same, of those behind the first `skip`.
    pub fn take_after(&self, hub: &Hub, skip: usize) -> Option<T> {
        let node = if skip == 0 { self.pop() } else { self.remove(skip) }?;
        let thing = node.slot.take();
        node.serve(hub);
        thing
    }

    /// Wakes all, with nothing handed or taken. What was left stays.
    pub fn dismiss_all(&self, hub: &Hub) {
        self.stale.set(0);
        for node in self.nodes.take() {
            match node.waker {
                Some(_) if node.is_live() => node.serve(hub),
                Some(_) => {}
                None => self.nodes.borrow_mut().push_back(node),
            }
        }
    }

    fn pop(&self) -> Option<Rc<Node<T>>> {
        let mut nodes = self.nodes.borrow_mut();
        while let Some(node) = nodes.pop_front() {
            if node.is_live() {
                return Some(node);
            }
            self.stale.set(self.stale.get().saturating_sub(1));
        }
        None
    }

    fn remove(&self, skip: usize) -> Option<Rc<Node<T>>> {
        let mut nodes = self.nodes.borrow_mut();
        let at = nodes.iter().enumerate().filter(|(_, node)| node.is_live()).nth(skip)?.0;
        nodes.remove(at)
    }

    /// Called when a wait ended without being served: the node may still be in the queue.
    fn sweep(&self) {
        let mut nodes = self.nodes.borrow_mut();
        self.stale.set(self.stale.get() + 1);
        if self.stale.get() * 2 > nodes.len() {
            nodes.retain(|node| node.is_live());
            self.stale.set(0);
        }
    }
}

impl<T> Node<T> {
    fn is_live(&self) -> bool {
        self.waker.as_ref().is_none_or(Waker::is_live)
    }

    fn serve(&self, hub: &Hub) {
        self.served.set(true);
        if let Some(waker) = &self.waker {
            waker.wake(hub);
        }
    }
}

/// Where in the queue a place is taken.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Back,
    /// For one who was called in vain.
    Front,
}

/// A place in the queue, left in order however the wait ends: also when a kill unwinds it.
pub(crate) struct Place<'a, T> {
    list: &'a WaitList<T>,
    node: Rc<Node<T>>,
}

impl<T> Place<'_, T> {
    /// Whether its wait was ended by somebody who handed or took something, or by dismissal.
    pub fn was_served(&self) -> bool {
        self.node.served.get()
    }

    /// What lies in it.
    pub fn take(&self) -> Option<T> {
        self.node.slot.take()
    }
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        if !self.was_served() {
            self.list.sweep();
        }
    }
}

/// Passes on what lies in the place when the wait is interrupted or killed.
struct Rescue<'a, 'b, T, F: FnOnce(Option<T>)> {
    place: &'a Place<'b, T>,
    rescue: Option<F>,
}

impl<T, F: FnOnce(Option<T>)> Drop for Rescue<'_, '_, T, F> {
    fn drop(&mut self) {
        if let Some(rescue) = self.rescue.take() {
            rescue(self.place.take());
        }
    }
}
