//! `poll`, `ppoll`, `select`, `pselect`, `epoll_wait` and its kin: a look without waiting, then the hub's wait, and a look
//! again, so that what is told is what the kernel tells.
//!
//! With a time-out of zero they go straight to the kernel. A mask of signals counts during the looks: a signal that only
//! the mask lets through ends the wait at the next look, [`MASKED`] later at most.

mod epoll;
#[cfg(target_env = "musl")]
mod epoll_musl;
mod poll;
mod sets;

use std::time::{Duration, Instant};

use gfetch::green::interpose::Stop;
use gfetch::green::{self, Limit};
use libc::timespec;

use crate::call::{FRUITLESS, from_now};
use crate::hub::{self, stopped};
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::Outcome;
use crate::time::span;

pub use epoll::{epoll_pwait, epoll_pwait2, epoll_wait};
pub use poll::{__poll_chk, __ppoll_chk, poll, ppoll};
pub use sets::{pselect, select};

pub(crate) const SYMBOLS: &[Symbol] = &[
    symbol!(poll, Select, SignalSafety::UnlessItWaits),
    symbol!(ppoll, Select, SignalSafety::UnlessItWaits),
    symbol!(__poll_chk, Select, SignalSafety::UnlessItWaits),
    symbol!(__ppoll_chk, Select, SignalSafety::UnlessItWaits),
    symbol!(select, Select, SignalSafety::UnlessItWaits),
    symbol!(pselect, Select, SignalSafety::UnlessItWaits),
    symbol!(epoll_wait, Select, SignalSafety::UnlessItWaits),
    symbol!(epoll_pwait, Select, SignalSafety::UnlessItWaits),
    symbol!(epoll_pwait2, Select, SignalSafety::UnlessItWaits),
];

/// A wait with a mask of signals looks so often.
const MASKED: Duration = Duration::from_millis(50);

/// The functions as the system has them.
pub mod original {
    pub use super::epoll::original::*;
    pub use super::poll::original::*;
    pub use super::sets::original::*;
}

/// Bytes of the kernel's set of signals.
const SIGSET_BYTES: usize = 8;

/// No time at all, for a look.
const AT_ONCE: timespec = timespec { tv_sec: 0, tv_nsec: 0 };

/// How long a call is to wait, if not for ever; `None` for one that the kernel is to answer at once, or to refuse.
///
/// # Safety
/// `limit` is null or good.
unsafe fn to_wait(limit: *const timespec) -> Option<Option<Duration>> {
    if limit.is_null() {
        return Some(None);
    }
    // SAFETY: handed on to the caller.
    unsafe { span(limit) }.filter(|span| !span.is_zero()).map(Some)
}

/// Looks and waits by turns until a look finds something or fails, or `limit` is over.
fn patiently(
    limit: Option<Duration>,
    is_masked: bool,
    mut look: impl FnMut() -> Outcome,
    mut wait: impl FnMut(Limit) -> Result<bool, Stop>,
) -> Outcome {
    hub::take_turns(|| true)?;
    let end = limit.and_then(from_now);
    let mut fruitless = 0;
    loop {
        match look() {
            Ok(0) if limit.is_none() || !is_over(end) => {}
            found => return found,
        }
        let slice = if is_masked { from_now(MASKED) } else { None };
        let until = end.into_iter().chain(slice).min().map_or(Limit::NEVER, Limit::from);
        let ready = if fruitless < 2 { wait(until) } else { hub::sleep(FRUITLESS).map(|()| false) };
        match ready {
            Ok(ready) => fruitless = if ready { fruitless + 1 } else { 0 },
            // Closed meanwhile: the look tells.
            Err(Stop::Other(error)) if error.raw_os_error() == Some(libc::EBADF) => {}
            Err(stop) => return Err(stopped(stop)),
        }
    }
}

/// A limit too far away to be told has no end.
fn is_over(end: Option<Instant>) -> bool {
    end.is_some_and(|end| end <= green::now())
}
