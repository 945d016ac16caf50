//! What the hub does when nothing is ready: sleeps, jumps in time, wakes those who wait for idleness, or tells of a deadlock.

use std::time::{Duration, Instant};

use super::Hub;
use crate::green::task::Why;

/// Before a virtual clock jumps, descriptors that are waited for must have been silent for so long in real time: what was
/// just sent over loopback may still be on its way.
const SILENCE_BEFORE_JUMP: Duration = Duration::from_millis(2);
/// The same before a jump of [`LONG_JUMP`] or more, which ends in somebody's time-out: where every processor is busy, so is
/// the kernel's thread that delivers over loopback, and a close was seen to take more than the 2 ms.
const SILENCE_BEFORE_LONG_JUMP: Duration = Duration::from_millis(20);
const LONG_JUMP: Duration = Duration::from_secs(5);

impl Hub {
    /// Wakes who waits for a lull, or for the end: whose own deadlines are not something to do. False if nobody does.
    fn wake_idlers(&self) -> bool {
        if self.idlers.wait_for_a_lull() {
            self.poll(Some(Duration::ZERO));
            if self.ready.is_empty() {
                self.idlers.wake_next(self);
            }
            return true;
        }
        if !self.idlers.wait_for_the_end()
            || self.outside_can_wake()
            || self.timers.any(|task| task.waiting_for.get() != Why::NothingLeft)
        {
            return false;
        }
        self.idlers.wake_all(self);
        true
    }

    /// Nothing is ready: sleeps until a descriptor, a timer or another thread has something, or reports a deadlock.
    pub(super) fn wait_for_something(&self, until: Option<Instant>) {
        if self.live.borrow().is_empty() {
            return;
        }
        if self.wake_idlers() {
            return;
        }
        if !self.can_be_woken() {
            return self.tell_main_of_the_deadlock();
        }
        let next = self.sooner_than_reports(self.timers.next());
        if self.clock.is_virtual() {
            return self.wait_on_virtual_time(next, until);
        }
        let nearest = next.into_iter().chain(until).min();
        let timeout = nearest.map(|when| when.saturating_duration_since(self.clock.now()));
        if timeout != Some(Duration::ZERO) {
            self.stacks.borrow_mut().trim();
        }
        self.poll(timeout);
    }

    /// A virtual clock jumps only when neither a descriptor nor an offloaded call has anything to say.
    fn wait_on_virtual_time(&self, next: Option<Instant>, until: Option<Instant>) {
        let Some(when) = next.filter(|_| self.offload_waits.get() == 0) else {
            return self.poll(until.map(|until| until.saturating_duration_since(Instant::now())));
        };
        let is_long = when.saturating_duration_since(self.clock.now()) >= LONG_JUMP;
        let silence = match self.descriptor_waits.get() {
            0 => Duration::ZERO,
            _ if is_long => SILENCE_BEFORE_LONG_JUMP,
            _ => SILENCE_BEFORE_JUMP,
        };
        self.poll(Some(silence));
        if self.ready.is_empty() {
            self.clock.jump(when);
            self.fire_timers();
        }
    }
}
