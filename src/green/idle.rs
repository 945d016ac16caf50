//! Waiting until nothing else has anything to do.

use super::hub::Hub;
use super::interrupt::Interrupt;
use super::task::Why;
use super::wait::WaitList;

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
    Hub::with(|hub| hub.idle.waiting.receive(hub, Why::Idle, None, |()| ()).map(drop))
}

/// Who waits for a hub that has nothing to do.
pub(super) struct Idle {
    waiting: WaitList<()>,
}

impl Default for Idle {
    fn default() -> Idle {
        Idle { waiting: WaitList::new() }
    }
}

impl Idle {
    pub fn is_waited_for(&self) -> bool {
        self.waiting.has_more_than(0)
    }

    pub fn wake_next(&self, hub: &Hub) {
        let _ = self.waiting.hand(hub, ());
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
