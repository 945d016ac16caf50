//! What a hub does when nothing is ready and nothing will be: it wakes who waits for just that, or reports a deadlock.

use std::cell::Cell;

use super::super::interrupt::{Deadlock, Interrupt};
use super::super::task::{Cause, State, Why};
use super::super::timers::Deadline;
use super::super::wakers::Wakers;
use super::Hub;

/// Waiting greenlets named in a deadlock's report.
const REPORTED_WAITS: usize = 20;

/// Greenlets that wait until there is nothing left to do.
#[derive(Default)]
pub(super) struct Idlers {
    waiting: Cell<usize>,
    wakers: Wakers,
}

impl Hub {
    /// Waits until nothing but such waits is left; false when `limit` passes first.
    pub fn wait_for_idleness(&self, limit: Option<Deadline>) -> Result<bool, Interrupt> {
        struct Count<'a>(&'a Cell<usize>);
        impl Drop for Count<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        self.idlers.waiting.set(self.idlers.waiting.get() + 1);
        let _count = Count(&self.idlers.waiting);
        self.idlers.wakers.wait(self, Why::Idle, limit)
    }

    /// Their own deadlines are not something to do.
    pub(super) fn wake_those_who_wait_for_idleness(&self) -> bool {
        if self.idlers.waiting.get() == 0
            || self.outside_can_wake()
            || self.timers.any(|task| task.waiting_for.get() != Why::Idle)
        {
            return false;
        }
        self.idlers.wakers.wake_all(self);
        true
    }

    /// The handles are looked at before their last words: who lets go of one has spoken before.
    pub(super) fn can_be_woken(&self) -> bool {
        self.outside_can_wake() || self.timers.next().is_some()
    }

    /// The same without the timers.
    fn outside_can_wake(&self) -> bool {
        self.descriptor_waits.get() + self.offload_waits.get() > 0
            || self.remote.has_handles()
            || self.remote.has_messages()
    }

    pub(super) fn tell_main_of_the_deadlock(&self) {
        let Some(main) = self.main.borrow().clone() else { return };
        let all = self.live.borrow().all();
        let waiting = all.iter().filter(|task| task.state.get() == State::Waiting);
        let waiting = waiting.take(REPORTED_WAITS).map(|task| task.describe()).collect();
        *self.deadlock.borrow_mut() = Some(Deadlock { waiting });
        self.wake(&main, Cause::Deadlock);
    }

    /// The report that goes with [`Cause::Deadlock`].
    pub fn deadlock(&self) -> Deadlock {
        self.deadlock.borrow().clone().expect("written before anybody is woken for it")
    }

    /// The counter of waits like `why`, where something outside the hub's greenlets can end them.
    #[inline(always)]
    pub fn outside(&self, why: Why) -> Option<&Cell<usize>> {
        match why {
            Why::Read(_) | Why::Write(_) => Some(&self.descriptor_waits),
            Why::Offload => Some(&self.offload_waits),
            _ => None,
        }
    }
}
