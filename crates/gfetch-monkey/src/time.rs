//! `nanosleep`, `clock_nanosleep`, `usleep`, `sleep`: the greenlet sleeps by its hub's clock.
//!
//! A time-out or a kill ends a sleep early, as if it were done: there is no error that callers of these know but `EINTR`,
//! which has them sleep again. std asserts so.

use std::time::{Duration, Instant};

use gfetch::green;
use libc::{c_int, c_uint, clockid_t, timespec, useconds_t};

use crate::call::may_wait;
use crate::feature::Feature;
use crate::hub::{self, stopped};
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::tell;

pub(crate) const SYMBOLS: &[Symbol] = &[
    symbol!(nanosleep, Time, SignalSafety::UnlessItWaits),
    symbol!(clock_nanosleep, Time, SignalSafety::UnlessItWaits),
    symbol!(usleep, Time, SignalSafety::UnlessItWaits),
    symbol!(sleep, Time, SignalSafety::UnlessItWaits),
];

/// nanosleep(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nanosleep(time: *const timespec, rest: *mut timespec) -> c_int {
    // SAFETY: the caller answers for both pointers.
    unsafe {
        match span(time).filter(|_| may_wait(Feature::Time)) {
            Some(span) => sleep_here(span),
            None => original::nanosleep(time, rest),
        }
    }
}

/// clock_nanosleep(2): returns the error rather than set errno.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_nanosleep(
    clock: clockid_t,
    flags: c_int,
    time: *const timespec,
    rest: *mut timespec,
) -> c_int {
    // SAFETY: the caller answers for both pointers.
    let (span, original) = unsafe { (span(time), || original::clock_nanosleep(clock, flags, time, rest)) };
    let runs_with_time = [libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC, libc::CLOCK_BOOTTIME, libc::CLOCK_TAI];
    match span {
        Some(span) if runs_with_time.contains(&clock) && may_wait(Feature::Time) => match flags {
            0 => sleep_here(span),
            libc::TIMER_ABSTIME => sleep_until(clock, span),
            _ => original(),
        },
        _ => original(),
    }
}

/// usleep(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn usleep(microseconds: useconds_t) -> c_int {
    if may_wait(Feature::Time) {
        return sleep_here(Duration::from_micros(microseconds.into()));
    }
    // SAFETY: no pointers.
    unsafe { original::usleep(microseconds) }
}

/// sleep(3): the seconds that were left when it was interrupted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sleep(seconds: c_uint) -> c_uint {
    if may_wait(Feature::Time) {
        return sleep_here(Duration::from_secs(seconds.into())) as c_uint;
    }
    // SAFETY: no pointers.
    unsafe { original::sleep(seconds) }
}

/// What the kernel would take for a span of time.
///
/// # Safety
/// `time` is null or points to a `timespec`.
pub(crate) unsafe fn span(time: *const timespec) -> Option<Duration> {
    // SAFETY: handed on to the caller.
    let time = unsafe { time.as_ref() }?;
    let nanoseconds = u32::try_from(time.tv_nsec).ok().filter(|nanoseconds| *nanoseconds < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanoseconds))
}

/// Writes there how long it is until `end`.
///
/// # Safety
/// `place` is good.
pub(crate) unsafe fn write_left(place: *mut timespec, end: Instant) {
    let left = end.saturating_duration_since(green::now());
    // SAFETY: handed on to the caller.
    unsafe { *place = timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() } };
}

/// Zero, whatever ended it.
fn sleep_here(time: Duration) -> c_int {
    let _ = nap(time);
    0
}

fn nap(time: Duration) -> Result<(), c_int> {
    hub::sleep(time).map_err(stopped)
}

/// Sleeps until `clock` shows `when`: again, if the clock was set back meanwhile.
fn sleep_until(clock: clockid_t, when: Duration) -> c_int {
    while let Some(left) = when.checked_sub(read(clock)).filter(|left| !left.is_zero()) {
        if nap(left).is_err() {
            break;
        }
        if clock == libc::CLOCK_MONOTONIC || clock == libc::CLOCK_BOOTTIME {
            break;
        }
    }
    0
}

/// What a clock shows.
pub(crate) fn read(clock: clockid_t) -> Duration {
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid place; a clock that is not there leaves zero in it.
    unsafe { libc::clock_gettime(clock, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, c_uint, clockid_t, tell, timespec, useconds_t};
    use crate::sys;

    /// nanosleep(2).
    pub unsafe extern "C" fn nanosleep(time: *const timespec, rest: *mut timespec) -> c_int {
        // SAFETY: handed on to the caller.
        tell(unsafe { sys::call(libc::SYS_nanosleep, [time as usize, rest as usize, 0, 0, 0, 0]) }) as c_int
    }

    /// clock_nanosleep(2).
    pub unsafe extern "C" fn clock_nanosleep(
        clock: clockid_t,
        flags: c_int,
        time: *const timespec,
        rest: *mut timespec,
    ) -> c_int {
        // The kernel knows no such sleep, and POSIX how to refuse it.
        if clock == libc::CLOCK_THREAD_CPUTIME_ID {
            return libc::EINVAL;
        }
        let arguments = [clock as usize, flags as usize, time as usize, rest as usize, 0, 0];
        // SAFETY: handed on to the caller.
        unsafe { sys::call(libc::SYS_clock_nanosleep, arguments) }.err().unwrap_or(0)
    }

    /// usleep(3).
    pub unsafe extern "C" fn usleep(microseconds: useconds_t) -> c_int {
        let nanoseconds = i64::from(microseconds % 1_000_000) * 1000;
        let time = timespec { tv_sec: (microseconds / 1_000_000).into(), tv_nsec: nanoseconds };
        // SAFETY: a good span, and no place for the rest.
        unsafe { nanosleep(&time, std::ptr::null_mut()) }
    }

    /// sleep(3).
    pub unsafe extern "C" fn sleep(seconds: c_uint) -> c_uint {
        let mut time = timespec { tv_sec: seconds.into(), tv_nsec: 0 };
        let place = &raw mut time;
        // SAFETY: a good span, which the kernel reads before it writes the rest there.
        if unsafe { nanosleep(place, place) } == 0 { 0 } else { time.tv_sec as c_uint }
    }
}
