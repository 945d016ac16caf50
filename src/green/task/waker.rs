//! The means to end one wait of a greenlet, and how a wait ended.

use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::task::{Cause, State, Task};

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// Somebody woke it.
    Ready,
    /// The wait's own limit passed.
    Expired,
}

/// The means to end one particular wait of a task; after that wait it does nothing.
#[derive(Clone)]
pub(crate) struct Waker {
    pub task: Rc<Task>,
    wait: u64,
}

impl Waker {
    /// For the next wait of `task`.
    pub fn for_next_wait(task: &Rc<Task>) -> Waker {
        Waker { task: task.clone(), wait: task.wait.get() }
    }

    /// Whether that wait goes on, so that a wake would be heard.
    pub fn is_live(&self) -> bool {
        self.task.wait.get() == self.wait && self.task.state.get() == State::Waiting
    }

    /// Whether that wait was ended and its greenlet has not run since.
    pub fn is_to_run(&self) -> bool {
        self.task.wait.get() == self.wait && self.task.state.get() == State::Scheduled
    }

    /// Ends the wait; false if it had ended already.
    pub fn wake(&self, hub: &Hub) -> bool {
        self.is_live() && hub.wake(&self.task, Cause::Ready)
    }
}
