//! What the hub does when nothing is ready: sleeps, jumps in time, wakes those who wait for idleness, or tells of a deadlock.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::super::interrupt::Interrupt;
use super::super::task::Why;
use super::super::timers::Deadline;
use super::super::wakers::Wakers;
use super::Hub;

/// Before a virtual clock jumps, descriptors that are waited for must have been silent for so long in real time: what was
/// just sent over loopback may still be on its way.
const SILENCE_BEFORE_JUMP: Duration = Duration::from_millis(2);

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
        self.idlers.wakers.wait(self, Why::NothingLeft, limit)
    }

    /// Their own deadlines are not something to do.
    pub(super) fn wake_those_who_wait_for_idleness(&self) -> bool {
        if self.idle.is_waited_for() {
            self.poll(Some(Duration::ZERO));
            if self.ready.is_empty() {
                self.idle.wake_next(self);
            }
            return true;
        }
        if self.idlers.waiting.get() == 0
            || self.outside_can_wake()
            || self.timers.any(|task| task.waiting_for.get() != Why::NothingLeft)
        {
            return false;
        }
        self.idlers.wakers.wake_all(self);
        true
    }

    /// Nothing is ready: sleeps until a descriptor, a timer or another thread has something, or reports a deadlock.
    pub(super) fn wait_for_something(&self, until: Option<Instant>) {
        if self.live.borrow().is_empty() {
            return;
        }
        if self.wake_those_who_wait_for_idleness() {
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
        let silence = if self.descriptor_waits.get() > 0 { SILENCE_BEFORE_JUMP } else { Duration::ZERO };
        self.poll(Some(silence));
        if self.ready.is_empty() {
            self.clock.jump(when);
            self.fire_timers();
        }
    }
}
