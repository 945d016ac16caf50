//! The deadlines around a greenlet's running code, and the shields between them; the innermost last.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::{State, Task};
use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::task::interrupt::TimedOut;

impl Task {
    /// Enters a scope; leave it with [`Task::leave`].
    pub fn enter(&self, id: u64, limit: Duration, deadline: Option<Deadline>, shield: bool) {
        self.shields.set(self.shields.get() + u32::from(shield));
        self.alert.set(true);
        self.scopes.push(id, limit, deadline, shield);
    }

    /// Moves the deadline of the scope `id` to an earlier moment, also while the task waits.
    pub fn set_deadline(self: &Rc<Self>, hub: &Hub, id: u64, deadline: Deadline, limit: Duration) {
        let counts = self.scopes.set_deadline(id, deadline, limit);
        if counts && self.state.get() == State::Waiting && self.deadline.get().is_none_or(|now| deadline < now) {
            self.deadline.set(Some(deadline));
            hub.timers.arm(self, deadline);
        }
    }

    /// Leaves the scope `id`; true if its deadline was delivered inside and no outer one's was.
    pub fn leave(&self, id: u64) -> bool {
        let Some(left) = self.scopes.remove(id) else { return false };
        self.alert.set(self.killed.get() || !self.scopes.is_empty());
        self.shields.set(self.shields.get() - u32::from(left.shield));
        left.was_delivered
    }

    /// Leaves the scope `id` of a task that may be another than the running one, and waiting: its wait goes on without
    /// that deadline.
    pub fn leave_from_outside(self: &Rc<Self>, hub: &Hub, id: u64) {
        self.leave(id);
        if self.state.get() == State::Waiting {
            self.deadline.set(self.scopes.nearest_with(self.scopes.limit.get()));
            self.deadline.get().inspect(|deadline| hub.timers.arm(self, *deadline));
        }
    }

    /// Whether the scope `id` is entered, and whether its deadline was delivered.
    pub fn scope_state(&self, id: u64) -> Option<bool> {
        self.scopes.list.borrow().iter().rfind(|scope| scope.id == id).map(|scope| scope.delivered)
    }
}

/// The number of no scope.
const NOBODYS: u64 = u64::MAX;

#[derive(Default)]
pub(super) struct Scopes {
    /// Two nested ones, as a fetched line has, need no allocation.
    list: RefCell<SmallVec<[Scope; 2]>>,
    /// The nearest deadline of those that count: every wait asks for it, several times.
    nearest: Cell<Option<Deadline>>,
    /// The present wait's own limit, for when a scope around it is left from outside.
    limit: Cell<Option<Deadline>>,
}

/// One deadline that a greenlet has entered, or a shield against the outer ones.
struct Scope {
    id: u64,
    deadline: Option<Deadline>,
    limit: Duration,
    delivered: bool,
    shield: bool,
}

/// What a scope was when it was left.
pub(super) struct Left {
    pub shield: bool,
    /// Its deadline was delivered inside, and no outer one's was. What lies behind a shield cannot have been.
    pub was_delivered: bool,
}

impl Scopes {
    pub fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// The nearest deadline, down to the innermost shield.
    #[inline]
    pub fn nearest(&self) -> Option<Deadline> {
        self.nearest.get()
    }

    /// The nearest deadline of a wait with this limit of its own.
    pub fn nearest_with(&self, limit: Option<Deadline>) -> Option<Deadline> {
        self.limit.set(limit);
        self.nearest().into_iter().chain(limit).min()
    }

    fn find_nearest(&self, list: &[Scope]) {
        self.nearest.set(list[visible(list)..].iter().filter_map(|scope| scope.deadline).min());
    }

    /// Marks the scope whose deadline came first as delivered, and says which it is. One that was left from outside after
    /// it had ended the wait is nobody's any more.
    pub fn deliver(&self, now: Instant) -> TimedOut {
        let mut list = self.list.borrow_mut();
        let start = visible(&list);
        let due = list[start..].iter_mut().filter(|scope| scope.deadline.is_some_and(|deadline| deadline.when <= now));
        let Some(first) = due.min_by_key(|scope| scope.deadline) else {
            return TimedOut { scope: NOBODYS, limit: Duration::ZERO };
        };
        first.delivered = true;
        TimedOut { scope: first.id, limit: first.limit }
    }

    pub fn push(&self, id: u64, limit: Duration, deadline: Option<Deadline>, shield: bool) {
        self.list.borrow_mut().push(Scope { id, deadline, limit, delivered: false, shield });
        // Behind a shield nothing else counts.
        let outer = self.nearest.get().filter(|_| !shield);
        self.nearest.set(outer.into_iter().chain(deadline).min());
    }

    /// Sets a scope's deadline; true if it counts now, and is not behind a shield.
    pub fn set_deadline(&self, id: u64, deadline: Deadline, limit: Duration) -> bool {
        let mut list = self.list.borrow_mut();
        let Some(at) = list.iter().rposition(|scope| scope.id == id) else { return false };
        (list[at].deadline, list[at].limit) = (Some(deadline), limit);
        self.find_nearest(&list);
        at >= visible(&list)
    }

    pub fn remove(&self, id: u64) -> Option<Left> {
        let mut list = self.list.borrow_mut();
        let at = list.iter().rposition(|scope| scope.id == id)?;
        let scope = list.remove(at);
        self.find_nearest(&list);
        let outer = &list[visible(&list[..at])..at];
        let was_delivered = scope.delivered && !outer.iter().any(|outer| outer.delivered);
        Some(Left { shield: scope.shield, was_delivered })
    }
}

/// Where the scopes that count begin: at the innermost shield, or at the outermost scope.
fn visible(scopes: &[Scope]) -> usize {
    scopes.iter().rposition(|scope| scope.shield).unwrap_or(0)
}
