//! The hub's waits as a call of the C library makes them: `errno`, which the other greenlets of the thread set meanwhile, is
//! afterwards what it was. A call that fails sets it after that; one that succeeds leaves it alone, as on a thread.

use std::os::fd::RawFd;
use std::time::Duration;

use gfetch::green::Limit;
#[cfg(not(target_feature = "crt-static"))]
use gfetch::green::ThreadPool;
use gfetch::green::interpose::{self, Stop, Ticket};
use gfetch::net::Interest;
use libc::c_int;

use crate::sys::{errno, set_errno};

fn keeping_errno<T>(wait: impl FnOnce() -> T) -> T {
    let before = errno();
    let done = wait();
    set_errno(before);
    done
}

/// Lets the others run where it is their turn, before a call that may not have to wait: one of its kind `may`.
#[inline(always)]
pub(crate) fn take_turns(may: impl FnOnce() -> bool) -> Result<(), c_int> {
    if interpose::is_due() && may() { keeping_errno(interpose::yield_now).map_err(stopped) } else { Ok(()) }
}

/// A wait was ended: the others run before its caller does, who may not look at errors.
pub(crate) fn stopped(stop: Stop) -> c_int {
    keeping_errno(|| stop.give_way());
    stop.errno()
}

pub(crate) fn sleep(time: Duration) -> Result<(), Stop> {
    keeping_errno(|| interpose::sleep(time))
}

pub(crate) fn wait_readable(fd: RawFd, limit: impl Into<Limit>) -> Result<bool, Stop> {
    keeping_errno(|| interpose::wait_readable(fd, limit))
}

pub(crate) fn wait_writable(fd: RawFd, limit: impl Into<Limit>) -> Result<bool, Stop> {
    keeping_errno(|| interpose::wait_writable(fd, limit))
}

/// True if one of them is ready, or is found not to be open.
pub(crate) fn wait_any(asked: &[(RawFd, Interest)], limit: Limit) -> Result<bool, Stop> {
    keeping_errno(|| Ok(!interpose::wait_any(asked, limit)?.is_empty()))
}

#[cfg(not(target_feature = "crt-static"))]
pub(crate) fn offload<T: Send + 'static>(
    pool: &ThreadPool,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stop> {
    keeping_errno(|| interpose::offload(pool, call))
}

pub(crate) fn wait_through(ticket: &Ticket, limit: Limit) -> bool {
    keeping_errno(|| ticket.wait_through(limit))
}

pub(crate) fn forget(fd: RawFd) {
    keeping_errno(|| interpose::forget(fd));
}
