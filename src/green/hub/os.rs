//! What a hub knows of the process around it: waits that other threads end, a fork, how main is to end.

use std::any::Any;
use std::cell::Cell;

use crate::green::hub::Hub;
use crate::green::hub::fork;
use crate::green::task::State;

/// The part of a hub that has to do with the operating system.
pub(crate) struct Os {
    /// Greenlets parked on something that another thread may do. The deadlock's report waits for them, a virtual clock
    /// does not.
    pub thread_waits: Cell<usize>,
    /// What `run` raises in place of a result, once main was ended for it.
    pub exit: Cell<Option<Box<dyn Any + Send>>>,
    /// The process is a fork's child, and the hub its parent's.
    forked: Cell<bool>,
}

impl Os {
    pub fn new() -> Os {
        fork::watch();
        Os { thread_waits: Cell::new(0), exit: Cell::new(None), forked: Cell::new(false) }
    }

    pub fn is_forked(&self) -> bool {
        self.forked.get()
    }

    /// Called in the child, on the thread that forked.
    pub fn note_the_fork(&self) {
        self.forked.set(true);
    }

    /// Panics in a fork's child.
    #[inline]
    pub fn refuse_after_a_fork(&self) {
        if self.forked.get() && !std::thread::panicking() {
            panic!("{}", fork::ADVICE);
        }
    }
}

impl Hub {
    /// Greenlets would run twice, here and in the parent, and this poller is the parent's: main ends, with the reason.
    pub fn refuse_to_poll_after_a_fork(&self) {
        while self.ready.pop().is_some() {}
        self.end_main(Box::new(fork::ADVICE));
        let main = self.main.borrow().clone();
        if let Some(main) = main.filter(|main| main.state.get() == State::Scheduled && self.ready.is_empty()) {
            self.ready.push(main);
        }
    }

    /// Has the running task look at its alerts at its next wait, and the hub at its poller right after it.
    pub fn look_up_soon(&self) {
        self.switches.set(u32::MAX / 2);
        if !Hub::running().is_null() {
            self.current().alert.set(true);
        }
    }

    /// Kills main; `run` then raises `payload`.
    pub fn end_main(&self, payload: Box<dyn Any + Send>) {
        let main = self.main.borrow().clone();
        if let Some(main) = main {
            let first = self.os.exit.take();
            self.os.exit.set(Some(first.unwrap_or(payload)));
            self.kill(&main);
        }
    }
}
