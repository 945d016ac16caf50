//! Tells the main greenlet of a deadlock: who waits for what, who for whom, and who goes round in a circle.

use std::cell::Cell;
use std::sync::Arc;

use super::Hub;
use crate::green::inspect::dump::TaskDump;
use crate::green::task::interrupt::{Deadlock, Report};
use crate::green::task::{Cause, State, Why};

/// Waiting greenlets named in a deadlock's report; the others are counted.
const REPORTED_WAITS: usize = 20;
/// And circles.
const REPORTED_CYCLES: usize = 5;

impl Hub {
    /// The handles are looked at before their last words: who lets go of one has spoken before.
    pub(super) fn can_be_woken(&self) -> bool {
        self.outside_can_wake() || self.timers.next().is_some() || self.idlers.wait_for_a_lull()
    }

    /// The same without timers and those who wait for idleness.
    pub(super) fn outside_can_wake(&self) -> bool {
        self.descriptor_waits.get() + self.offload_waits.get() + self.os.thread_waits.get() > 0
            || self.remote.has_handles()
            || self.remote.has_messages()
    }

    /// The counter of waits like `why`, where something outside the hub's greenlets can end them.
    #[inline(always)]
    pub fn outside(&self, why: Why) -> Option<&Cell<usize>> {
        match why {
            Why::Read(_) | Why::Write(_) => Some(&self.descriptor_waits),
            Why::Offload => Some(&self.offload_waits),
            Why::OtherThread(_) => Some(&self.os.thread_waits),
            _ => None,
        }
    }

    pub(super) fn tell_main_of_the_deadlock(&self) {
        let Some(main) = self.main.borrow().clone() else { return };
        let mut dump = TaskDump::of(self);
        dump.tasks.retain(|task| task.state == State::Waiting);
        let (mut cycles, mut told_cycles) = (dump.cycles(), dump.told_cycles());
        cycles.truncate(REPORTED_CYCLES);
        told_cycles.truncate(REPORTED_CYCLES);
        let waiting: Vec<String> = dump.lines().take(REPORTED_WAITS).collect();
        let unnamed = dump.tasks.len() - waiting.len();
        let report = Arc::new(Report { waiting, unnamed, cycles, told_cycles });
        *self.deadlock.borrow_mut() = Some(Deadlock { report });
        self.wake(&main, Cause::Deadlock);
    }

    /// The report that goes with [`Cause::Deadlock`].
    pub fn deadlock(&self) -> Deadlock {
        self.deadlock.borrow().clone().expect("written before anybody is woken for it")
    }
}
