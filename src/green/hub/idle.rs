//! Waiting until nothing else has anything to do: for now (a lull), or for good (the end).

use crate::green::hub::Hub;
use crate::green::sync::wait::WaitList;
use crate::green::sync::wakers::Wakers;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// Waits until no greenlet is ready to run and neither a descriptor nor a timer has anything due; before a virtual clock
/// jumps. Those who wait so go on one at a time, in the order in which they came. Always switches. gevent: `idle`.
///
/// ```
/// use gfetch::green;
/// green::run(|| {
///     let busy = green::spawn(|| (0..1000).for_each(|_| green::yield_now().unwrap()));
///     green::idle().unwrap();
///     assert!(busy.is_done());
/// });
/// ```
pub fn idle() -> Result<(), Interrupt> {
    Hub::with(|hub| hub.idlers.lull.receive(hub, Why::Idle, None, |()| ()).map(drop))
}

/// Waits until nothing is left to do on this hub: no greenlet is ready, and no timer, descriptor, offloaded call or other
/// thread's handle could wake one. Greenlets that wait for what will never come do not count. gevent: `wait()` without
/// objects, `Hub.join`.
///
/// ```
/// use gfetch::green::{self, ClockKind, Config};
/// use std::time::Duration;
/// Config::new().clock(ClockKind::Virtual).run(|| {
///     let last = green::spawn(|| green::sleep(Duration::from_secs(60)));
///     green::run_until_idle().unwrap();
///     assert!(last.is_done());
/// });
/// ```
pub fn run_until_idle() -> Result<(), Interrupt> {
    wait(Limit::NEVER).map(drop)
}

/// The same for at most `limit`; false if there is still something to do then.
pub fn run_until_idle_timeout(limit: impl Into<Limit>) -> Result<bool, Interrupt> {
    wait(limit.into())
}

fn wait(limit: Limit) -> Result<bool, Interrupt> {
    Hub::with(|hub| hub.idlers.end.wait(hub, Why::NothingLeft, limit.deadline(hub)))
}

/// Who waits for a hub that has nothing to do. Asked only when nothing is ready.
pub(in crate::green) struct Idlers {
    /// In [`idle`]: until nothing is ready or due.
    lull: WaitList<()>,
    /// In [`run_until_idle`]: until nothing could wake anybody else.
    end: Wakers,
}

impl Default for Idlers {
    fn default() -> Idlers {
        Idlers { lull: WaitList::new(), end: Wakers::default() }
    }
}

impl Idlers {
    pub fn wait_for_a_lull(&self) -> bool {
        self.lull.has_more_than(0)
    }

    pub fn wait_for_the_end(&self) -> bool {
        self.end.are_waiting()
    }

    /// A lull is for one: what that one makes ready comes before the next.
    pub fn wake_next(&self, hub: &Hub) {
        let _ = self.lull.hand(hub, ());
    }

    /// The end is for all.
    pub fn wake_all(&self, hub: &Hub) {
        self.end.wake_all(hub);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::green::{self, ClockKind, Config, timeout};

    #[test]
    fn idle_goes_on_after_all_that_is_ready_and_before_time_jumps() {
        Config::new().clock(ClockKind::Virtual).run(|| {
            let start = green::now();
            let order = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
            let say = |word: &'static str| order.borrow_mut().push(word);
            let (first, second) = (order.clone(), order.clone());
            let one = green::spawn(move || {
                green::idle().unwrap();
                first.borrow_mut().push("idle 1");
                // What the first makes ready comes before the second.
                let word = first.clone();
                green::spawn(move || word.borrow_mut().push("made by 1"));
            });
            let two = green::spawn(move || {
                green::idle().unwrap();
                second.borrow_mut().push("idle 2");
            });
            for _ in 0..3 {
                green::yield_now().unwrap();
                say("busy");
            }
            green::join_all([&one, &two]).unwrap();
            assert_eq!(green::now(), start);
            assert_eq!(*order.borrow(), ["busy", "busy", "busy", "idle 1", "made by 1", "idle 2"]);
        });
    }

    #[test]
    fn a_killed_or_timed_out_idler_leaves_nothing_behind_and_due_timers_come_first() {
        Config::new().clock(ClockKind::Virtual).run(|| {
            let killed = green::spawn(green::idle);
            green::yield_now().unwrap();
            killed.kill().unwrap();
            assert!(timeout(Duration::ZERO, green::idle).is_err());
            green::idle().unwrap();
            green::sleep(Duration::from_secs(1)).unwrap();
        });
    }
}
