//! Knows who can still be woken from outside the hub's greenlets, and wakes those who wait until there is nothing left to do.

use std::cell::Cell;

use super::super::interrupt::Interrupt;
use super::super::task::Why;
use super::super::timers::Deadline;
use super::super::wakers::Wakers;
use super::Hub;

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
