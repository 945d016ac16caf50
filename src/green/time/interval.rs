//! A timer that repeats.

use std::time::{Duration, Instant};

use crate::green::hub::Hub;
use crate::green::hub::runtime::now;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;

/// A timer whose first tick is `period` from now and which then ticks every `period`. It is nothing but a moment: dropped,
/// it leaves no timer behind. gevent: `loop.timer(period, period)`.
///
/// ```
/// use gfetch::green::{self, ClockKind, Config};
/// use std::time::Duration;
/// Config::new().clock(ClockKind::Virtual).run(|| {
///     let (start, second) = (green::now(), Duration::from_secs(1));
///     let mut ticks = green::interval(second);
///     for n in 1..=3 {
///         assert_eq!(ticks.tick().unwrap(), start + second * n);
///     }
/// });
/// ```
///
/// # Panics
/// When `period` is zero: that is [`yield_now`](crate::green::yield_now).
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval of no time: it would tick for ever at one moment");
    Interval { period, next: now().checked_add(period) }
}

/// A timer that repeats; made by [`interval`].
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    /// None when that is too far away to be told.
    next: Option<Instant>,
}

impl Interval {
    /// Waits for the next tick and says when it was due. One that is overdue comes at once, and of several missed ones the
    /// others are left out: there is no burst after a long absence (as with libev). An interrupted wait misses no tick.
    pub fn tick(&mut self) -> Result<Instant, Interrupt> {
        Hub::with(|hub| {
            let task = hub.current();
            task.check(hub)?;
            let due = self.next;
            if due.is_none_or(|due| due > hub.clock.now()) {
                task.park(hub, Why::Sleep, due.map(|due| hub.timers.deadline(due)))?;
            }
            let now = hub.clock.now();
            let due = due.unwrap_or(now);
            let mut next = due.checked_add(self.period);
            if next.is_some_and(|next| next < now) {
                next = Some(now);
            }
            self.next = next;
            Ok(due)
        })
    }

    /// Starts anew: the next tick is one period from now. gevent: `again`.
    pub fn again(&mut self) {
        self.next = now().checked_add(self.period);
    }

    /// What it was made with.
    pub fn period(&self) -> Duration {
        self.period
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::green::{ClockKind, Config, sleep, timeout};

    const SECOND: Duration = Duration::from_secs(1);

    /// Bug class 22: counted from now, though it ran before.
    #[test]
    fn again_counts_from_now_and_missed_ticks_do_not_burst() {
        Config::new().clock(ClockKind::Virtual).run(|| {
            let start = now();
            let mut ticks = interval(SECOND * 2);
            sleep(SECOND).unwrap();
            ticks.again();
            assert_eq!(ticks.tick().unwrap(), start + SECOND * 3);
            sleep(SECOND * 7).unwrap();
            assert_eq!(ticks.tick().unwrap(), start + SECOND * 5);
            assert_eq!(ticks.tick().unwrap(), start + SECOND * 10, "7 and 9 were missed");
            assert_eq!(ticks.tick().unwrap(), start + SECOND * 12);
        });
    }

    /// Bug class 23: a timer that nobody waits for, or whose wait was cut short, is no timer any more.
    #[test]
    fn a_cut_tick_is_not_missed_and_an_interval_nobody_waits_for_keeps_no_hub_alive() {
        Config::new().clock(ClockKind::Virtual).run(|| {
            let start = now();
            let mut ticks = interval(SECOND * 2);
            assert!(timeout(SECOND, || ticks.tick()).is_err());
            assert_eq!(ticks.tick().unwrap(), start + SECOND * 2);
            assert!(crate::green::Event::new().wait().is_err(), "nothing is left that could wake anybody");
            assert_eq!(now(), start + SECOND * 2);
        });
    }
}
