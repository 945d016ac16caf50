//! Waiting for time to pass, and for one's turn.

use std::time::Duration;

use crate::green::hub::Hub;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;

/// Waits for `time`; zero is [`yield_now`]. Of two equal moments the earlier call wakes first. gevent: `sleep`.
///
/// ```
/// use gfetch::green::{self, ClockKind, Config};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// Config::new().clock(ClockKind::Virtual).run(|| {
///     let start = green::now();
///     green::sleep(hour).unwrap();
///     assert_eq!(green::now() - start, hour);
/// });
/// ```
#[inline]
pub fn sleep(time: Duration) -> Result<(), Interrupt> {
    if time.is_zero() {
        return yield_now();
    }
    Hub::with(|hub| {
        let task = hub.current();
        task.park(hub, Why::Sleep, hub.deadline(time)).map(drop)
    })
}

/// Lets every greenlet that is ready run once before this one goes on. gevent: `sleep(0)`.
#[inline(always)]
pub fn yield_now() -> Result<(), Interrupt> {
    Hub::yield_now()
}
