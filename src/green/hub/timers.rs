//! Owns the deadlines of parked greenlets, in the order in which they fire.
//!
//! Each greenlet has at most one entry, which is moved lazily: an entry that is earlier than its greenlet's present
//! deadline stays, and is put right when it comes due. So a thousand waits under one 300-second `Timeout` touch the map
//! once, nothing leaks when a scope ends, and the map is never larger than the number of greenlets.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use crate::green::task::{Cause, Task};

/// A moment, and the order of making among equal moments: of two equal deadlines the earlier-made fires first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline {
    pub when: Instant,
    pub sequence: u64,
}

#[derive(Default)]
pub(crate) struct Timers {
    entries: RefCell<BTreeMap<Deadline, Rc<Task>>>,
    next_sequence: Cell<u64>,
}

impl Timers {
    /// A new deadline, after all others of that moment. Each holds one greenlet: for two that end together take two.
    pub fn deadline(&self, when: Instant) -> Deadline {
        Deadline { when, sequence: self.next_sequence.replace(self.next_sequence.get() + 1) }
    }

    /// Sees to it that `task` is looked at when `deadline` comes.
    pub fn arm(&self, task: &Rc<Task>, deadline: Deadline) {
        match task.timer.get() {
            Some(armed) if armed <= deadline => return,
            Some(armed) => drop(self.entries.borrow_mut().remove(&armed)),
            None => {}
        }
        task.timer.set(Some(deadline));
        self.entries.borrow_mut().insert(deadline, task.clone());
    }

    /// Forgets what `task` had armed.
    pub fn disarm(&self, task: &Task) {
        if let Some(armed) = task.timer.take() {
            self.entries.borrow_mut().remove(&armed);
        }
    }

    /// Entries, at most one a greenlet.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Calls `wake` for each task whose own deadline is at or before `now`, in order.
    pub fn fire(&self, now: Instant, mut wake: impl FnMut(&Rc<Task>, Cause)) {
        while let Some((armed, task)) = self.pop_due(now) {
            match task.deadline.get() {
                // Also one that is due: others may come before it.
                Some(deadline) if deadline > armed => self.arm(&task, deadline),
                Some(_) => wake(&task, Cause::Deadline),
                None => {}
            }
        }
    }

    fn pop_due(&self, now: Instant) -> Option<(Deadline, Rc<Task>)> {
        let mut entries = self.entries.borrow_mut();
        let first = entries.first_entry().filter(|entry| entry.key().when <= now)?;
        let (armed, task) = first.remove_entry();
        task.timer.set(None);
        Some((armed, task))
    }

    /// Whether a deadline is ahead of any parked task that is `wanted`.
    pub fn any(&self, wanted: impl Fn(&Task) -> bool) -> bool {
        self.entries.borrow().values().any(|task| task.deadline.get().is_some() && wanted(task))
    }

    /// The next moment at which a parked task's deadline comes, after putting stale entries right.
    pub fn next(&self) -> Option<Instant> {
        loop {
            let (armed, task) = {
                let entries = self.entries.borrow();
                let (armed, task) = entries.first_key_value()?;
                if task.deadline.get().is_some_and(|deadline| deadline <= *armed) {
                    return Some(armed.when);
                }
                (*armed, task.clone())
            };
            self.entries.borrow_mut().remove(&armed);
            task.timer.set(None);
            if let Some(deadline) = task.deadline.get() {
                self.arm(&task, deadline);
            }
        }
    }
}
