//! A set of greenlets, joined and killed together.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use super::greenlet::{GetError, Greenlet, spawn};
use super::hub::Hub;
use super::imap::{self, Imap, Order};
use super::interrupt::Interrupt;
use super::task::{State, Task, Why};
use super::wakers::Wakers;

/// Greenlets that belong together; each leaves when it ends. Clones are the same group. gevent: `Group`.
///
/// ```
/// use gfetch::green::{self, Group};
/// use std::time::Duration;
/// green::run(|| {
///     let group = Group::new();
///     let slow_first = group.imap_unordered(|n: u64| { green::sleep(Duration::from_millis(3 - n)).unwrap(); n }, 0..3);
///     assert_eq!(slow_first.map(Result::unwrap).collect::<Vec<_>>(), [2, 1, 0]);
///     let in_order = group.imap(|n: u64| { green::sleep(Duration::from_millis(3 - n)).unwrap(); n }, 0..3);
///     assert_eq!(in_order.map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2]);
/// });
/// ```
#[derive(Clone, Default)]
pub struct Group {
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    members: RefCell<HashMap<u64, Rc<Task>, foldhash::fast::RandomState>>,
    empty: Wakers,
}

impl Group {
    /// An empty group.
    pub fn new() -> Group {
        Group::default()
    }

    /// Spawns a member.
    #[track_caller]
    pub fn spawn<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
        self.spawn_holding((), f)
    }

    /// The same, with something that is dropped once it has left the group: one link for both.
    #[track_caller]
    pub(crate) fn spawn_holding<T: 'static>(
        &self,
        held: impl Sized + 'static,
        f: impl FnOnce() -> T + 'static,
    ) -> Greenlet<T> {
        let greenlet = spawn(f);
        self.add_holding(&greenlet, held);
        greenlet
    }

    /// Takes in a greenlet that was spawned elsewhere; one that has ended is not taken.
    pub fn add<T>(&self, greenlet: &Greenlet<T>) {
        self.add_holding(greenlet, ());
    }

    fn add_holding<T>(&self, greenlet: &Greenlet<T>, held: impl Sized + 'static) {
        let task = &greenlet.task;
        if task.state.get() == State::Done {
            return;
        }
        self.shared.members.borrow_mut().insert(task.id, task.clone());
        let (shared, id) = (self.shared.clone(), task.id);
        let leave = move |hub: &Hub| {
            shared.leave(hub, id);
            drop(held);
        };
        Hub::with(|hub| task.on_end(hub, Box::new(leave)));
    }

    /// Lets a member go on its own.
    pub fn discard<T>(&self, greenlet: &Greenlet<T>) {
        Hub::with(|hub| self.shared.leave(hub, greenlet.id()));
    }

    /// Members now.
    pub fn len(&self) -> usize {
        self.shared.members.borrow().len()
    }

    /// Whether it has no members now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until it is empty, also of members that come meanwhile. How they ended is not told.
    pub fn join(&self) -> Result<(), Interrupt> {
        self.join_for(None).map(drop)
    }

    /// The same for at most `limit`; false if it is not empty then.
    pub fn join_timeout(&self, limit: Duration) -> Result<bool, Interrupt> {
        self.join_for(Some(limit))
    }

    /// Kills all members, also those that come meanwhile, and waits until it is empty.
    pub fn kill(&self) -> Result<(), Interrupt> {
        while !self.is_empty() {
            self.kill_nowait();
            let member = self.shared.members.borrow().values().next().cloned();
            if let Some(member) = member {
                super::greenlet::join_task(&member, None)?;
            }
        }
        Ok(())
    }

    /// Asks all present members to end.
    pub fn kill_nowait(&self) {
        let mut members: Vec<_> = self.shared.members.borrow().values().cloned().collect();
        members.sort_unstable_by_key(|member| member.id); // the oldest first
        Hub::try_with(|hub| members.iter().for_each(|member| hub.kill(member)));
    }

    /// Calls `f` on each item in a greenlet of its own, and waits for all: the results in the items' order, or the first
    /// failure in that order (the others run on).
    pub fn map<I, T, F>(&self, f: F, items: impl IntoIterator<Item = I>) -> Result<Vec<T>, GetError>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        imap::map(self, f, items)
    }

    /// Calls `f` on each item in a greenlet of its own; the results come in the items' order, each as soon as it and all
    /// before it are there. A failing item is an `Err` in its place, and the rest goes on.
    pub fn imap<I, T, F>(&self, f: F, items: impl IntoIterator<Item = I> + 'static) -> Imap<T>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        imap::start(self, Order::Items, f, items)
    }

    /// The same, but the results come as they are ready.
    pub fn imap_unordered<I, T, F>(&self, f: F, items: impl IntoIterator<Item = I> + 'static) -> Imap<T>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        imap::start(self, Order::Completion, f, items)
    }

    fn join_for(&self, limit: Option<Duration>) -> Result<bool, Interrupt> {
        Hub::with(|hub| {
            hub.current().check(hub)?;
            let limit = limit.and_then(|limit| hub.deadline(limit));
            // Somebody may have come between the wake and our turn.
            while !self.is_empty() {
                if !self.shared.empty.wait(hub, Why::Group, limit)? {
                    return Ok(self.is_empty());
                }
            }
            Ok(true)
        })
    }
}

impl Shared {
    fn leave(&self, hub: &Hub, id: u64) {
        self.members.borrow_mut().remove(&id);
        if self.members.borrow().is_empty() {
            self.empty.wake_all(hub);
        }
    }
}

impl imap::Spawn for Group {
    fn spawn_member<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> Result<Greenlet<T>, Interrupt> {
        Ok(self.spawn(f))
    }
}
