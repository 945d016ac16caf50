//! The deadlines around a greenlet's running code, and the shields between them; the innermost last.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::green::interrupt::TimedOut;
use crate::green::timers::Deadline;

#[derive(Default)]
pub(super) struct Scopes {
    /// Two nested ones, as a fetched line has, need no allocation.
    list: RefCell<SmallVec<[Scope; 2]>>,
    /// The nearest deadline of those that count: every wait asks for it, several times.
    nearest: Cell<Option<Deadline>>,
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

    fn find_nearest(&self, list: &[Scope]) {
        self.nearest.set(list[visible(list)..].iter().filter_map(|scope| scope.deadline).min());
    }

    /// Marks the scope whose deadline came first as delivered, and says which it is.
    pub fn deliver(&self, now: Instant) -> Option<TimedOut> {
        let mut list = self.list.borrow_mut();
        let start = visible(&list);
        let due = list[start..].iter_mut().filter(|scope| scope.deadline.is_some_and(|deadline| deadline.when <= now));
        let first = due.min_by_key(|scope| scope.deadline)?;
        first.delivered = true;
        Some(TimedOut { scope: first.id, limit: first.limit })
    }

    pub fn push(&self, id: u64, limit: Duration, deadline: Option<Deadline>, shield: bool) {
        let mut list = self.list.borrow_mut();
        list.push(Scope { id, deadline, limit, delivered: false, shield });
        self.find_nearest(&list);
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
