//! Owns queues of waiting greenlets: first come, first served, each handed what it waits for.
//!
//! Handing over is direct: what a waker gives is in the waiter's slot before the waiter runs, so nobody overtakes it. A
//! waiter that is killed between the two gives the thing back. A waiter whose deadline has fired already is passed over.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::hub::Hub;
use super::interrupt::Interrupt;
use super::task::Why;
use super::timers::Deadline;
use super::waker::Waker;

/// Greenlets waiting for a `T` each (or, for [`WaitList::take`], offering one).
pub(crate) struct WaitList<T> {
    nodes: RefCell<VecDeque<Rc<Node<T>>>>,
    /// Nodes whose wait is over but which still stand in the queue; swept when they are the majority.
    stale: Cell<usize>,
}

struct Node<T> {
    waker: Waker,
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
        self.wait(hub, why, limit, None, |thing| thing.map_or((), give_back))
    }

    /// Waits until somebody has taken `thing`; gives it back when `limit` passes first, or on dismissal.
    pub fn offer(&self, hub: &Hub, why: Why, limit: Option<Deadline>, thing: T) -> Result<Option<T>, (Interrupt, T)> {
        let rescued = Cell::new(None);
        let waited = self.wait(hub, why, limit, Some(thing), |thing| rescued.set(thing));
        waited.map_err(|interrupt| (interrupt, rescued.take().expect("an interrupted wait was not served")))
    }

    /// Parks with `thing` in the slot, and returns what is in the slot afterwards; an interrupted or killed wait passes
    /// that to `rescue` instead.
    fn wait(
        &self,
        hub: &Hub,
        why: Why,
        limit: Option<Deadline>,
        thing: Option<T>,
        rescue: impl FnOnce(Option<T>),
    ) -> Result<Option<T>, Interrupt> {
        let task = hub.current();
        let waker = Waker::for_next_wait(&task);
        let node = Rc::new(Node { waker, slot: Cell::new(thing), served: Cell::new(false) });
        self.nodes.borrow_mut().push_back(node.clone());
        let mut unlink = Unlink { list: self, node: &node, rescue: Some(rescue) };
        task.park(hub, why, limit)?;
        unlink.rescue = None;
        Ok(node.slot.take())
    }

    /// Hands `thing` to the one that has waited longest; gives it back when nobody waits.
    pub fn hand(&self, hub: &Hub, thing: T) -> Result<(), T> {
        match self.pop() {
            Some(node) => {
                node.slot.set(Some(thing));
                node.serve(hub);
                Ok(())
            }
            None => Err(thing),
        }
    }

    /// Takes what the one that has waited longest offers, and wakes it.
    pub fn take(&self, hub: &Hub) -> Option<T> {
        let node = self.pop()?;
        let thing = node.slot.take();
        node.serve(hub);
        thing
    }

    /// Wakes all, with nothing handed or taken.
    pub fn dismiss_all(&self, hub: &Hub) {
        while let Some(node) = self.pop() {
            node.serve(hub);
        }
    }

    fn pop(&self) -> Option<Rc<Node<T>>> {
        let mut nodes = self.nodes.borrow_mut();
        while let Some(node) = nodes.pop_front() {
            if node.waker.is_live() {
                return Some(node);
            }
            self.stale.set(self.stale.get().saturating_sub(1));
        }
        None
    }

    /// Called when a wait ended without being served: the node may still be in the queue.
    fn sweep(&self) {
        let mut nodes = self.nodes.borrow_mut();
        self.stale.set(self.stale.get() + 1);
        if self.stale.get() * 2 > nodes.len() {
            nodes.retain(|node| node.waker.is_live());
            self.stale.set(0);
        }
    }
}

impl<T> Node<T> {
    fn serve(&self, hub: &Hub) {
        self.served.set(true);
        self.waker.wake(hub);
    }
}

/// Leaves the queue in order, however the wait ends: also when a kill unwinds it.
struct Unlink<'a, T, F: FnOnce(Option<T>)> {
    list: &'a WaitList<T>,
    node: &'a Node<T>,
    rescue: Option<F>,
}

impl<T, F: FnOnce(Option<T>)> Drop for Unlink<'_, T, F> {
    fn drop(&mut self) {
        if !self.node.served.get() {
            self.list.sweep();
        }
        if let Some(rescue) = self.rescue.take() {
            rescue(self.node.slot.take());
        }
    }
}
