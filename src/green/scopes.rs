//! Owns the deadlines and shields that a greenlet has entered, innermost last, and says whose deadline ends a wait.
//!
//! ```text
//!   timeout ─ timeout ─ shield ─ timeout ─ ► the running code
//!   └─── hidden ────┘   └──── visible ───┘
//! ```

use std::rc::Rc;
use std::time::Duration;

use super::hub::Hub;
use super::interrupt::{Interrupt, TimedOut};
use super::task::{State, Task};
use super::timers::Deadline;

/// One deadline that a greenlet has entered, or a shield against the outer ones.
pub(crate) struct Scope {
    id: u64,
    deadline: Option<Deadline>,
    limit: Duration,
    delivered: bool,
    shield: bool,
}

impl Task {
    /// The nearest deadline of the scopes around the running code, down to the innermost shield.
    pub(super) fn nearest_scope(&self) -> Option<Deadline> {
        if !self.alert.get() {
            return None;
        }
        let scopes = self.scopes.borrow();
        scopes[visible(&scopes)..].iter().filter_map(|scope| scope.deadline).min()
    }

    /// Marks the scope whose deadline came first as delivered, and says so.
    pub(super) fn deliver(&self, hub: &Hub) -> Option<Interrupt> {
        let mut scopes = self.scopes.borrow_mut();
        let start = visible(&scopes);
        let due = scopes[start..].iter_mut().filter(|s| s.deadline.is_some_and(|d| d.when <= hub.clock.last()));
        let first = due.min_by_key(|scope| scope.deadline)?;
        first.delivered = true;
        Some(Interrupt::TimedOut(TimedOut { scope: first.id, limit: first.limit }))
    }

    /// Enters a scope; leave it with [`Task::leave`].
    pub fn enter(&self, id: u64, limit: Duration, deadline: Option<Deadline>, shield: bool) {
        self.shields.set(self.shields.get() + u32::from(shield));
        self.alert.set(true);
        self.scopes.borrow_mut().push(Scope { id, deadline, limit, delivered: false, shield });
    }

    /// Moves the deadline of the scope `id` to an earlier moment, also while the task waits.
    pub fn set_deadline(self: &Rc<Self>, hub: &Hub, id: u64, deadline: Deadline, limit: Duration) {
        let mut scopes = self.scopes.borrow_mut();
        let Some(at) = scopes.iter().rposition(|scope| scope.id == id) else { return };
        (scopes[at].deadline, scopes[at].limit) = (Some(deadline), limit);
        let is_visible = at >= visible(&scopes);
        if is_visible && self.state.get() == State::Waiting && self.deadline.get().is_none_or(|now| deadline < now) {
            self.deadline.set(Some(deadline));
            hub.timers.arm(self, deadline);
        }
    }

    /// Leaves the scope `id`; true if its deadline was delivered inside and no outer one's was. What lies behind a shield
    /// cannot have been delivered inside.
    pub fn leave(&self, id: u64) -> bool {
        let mut scopes = self.scopes.borrow_mut();
        let Some(at) = scopes.iter().rposition(|scope| scope.id == id) else { return false };
        let scope = scopes.remove(at);
        self.alert.set(self.killed.get() || !scopes.is_empty());
        self.shields.set(self.shields.get() - u32::from(scope.shield));
        scope.delivered && !scopes[visible(&scopes[..at])..at].iter().any(|outer| outer.delivered)
    }
}

/// Where the scopes that count begin: at the innermost shield, or at the outermost scope.
fn visible(scopes: &[Scope]) -> usize {
    scopes.iter().rposition(|scope| scope.shield).unwrap_or(0)
}
