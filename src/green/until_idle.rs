//! Waiting until there is nothing left to do.

use std::time::Duration;

use super::hub::Hub;
use super::interrupt::Interrupt;

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
    wait(None).map(drop)
}

/// The same for at most `limit`; false if there is still something to do then.
pub fn run_until_idle_timeout(limit: Duration) -> Result<bool, Interrupt> {
    wait(Some(limit))
}

fn wait(limit: Option<Duration>) -> Result<bool, Interrupt> {
    Hub::with(|hub| hub.wait_for_idleness(limit.and_then(|limit| hub.deadline(limit))))
}
