//! `accept`, `accept4`: the listener is looked at, and accepted from only if somebody has come.
//!
//! It is not made non-blocking for that: a listener is shared, and others would be told `EAGAIN` who never asked for it.
//! Several hubs of one process take turns at looking and accepting, so that none blocks on a connection that another took.
//! Processes that share a listener do not see each other: there each wants a listener of its own (`SO_REUSEPORT`), or one
//! that is non-blocking.

use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_int, pollfd, sockaddr, socklen_t, timespec};

use crate::call::{Side, is_blocking, may_wait, once};
use crate::feature::Feature;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};

pub(crate) const SYMBOLS: &[Symbol] =
    &[symbol!(accept, Socket, SignalSafety::UnlessItWaits), symbol!(accept4, Socket, SignalSafety::UnlessItWaits)];

/// accept(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn accept(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe { accept4(fd, address, length, 0) }
}

/// accept4(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn accept4(fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> c_int {
    // SAFETY: the caller answers for the two places.
    let take = || unsafe { take(fd, address, length, flags) };
    let told = if may_wait(Feature::Socket) && is_blocking(fd) {
        once(fd, Side::Read, || in_turn(|| if has_come(fd) { take() } else { Err(libc::EAGAIN) }))
    } else {
        take()
    };
    tell(told) as c_int
}

/// # Safety
/// The two places are good, or null.
unsafe fn take(fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> Outcome {
    let arguments = [fd as usize, address as usize, length as usize, flags as usize, 0, 0];
    // SAFETY: handed on to the caller.
    unsafe { sys::call(libc::SYS_accept4, arguments) }
}

/// Whether an accept has something to tell: a connection, or an error.
fn has_come(fd: c_int) -> bool {
    look(fd, libc::POLLIN) != 0
}

/// What poll says of `fd` now; 0 when nothing of `events` has come, nor an error.
pub(crate) fn look(fd: c_int, events: i16) -> i16 {
    let mut asked = pollfd { fd, events, revents: 0 };
    let at_once = timespec { tv_sec: 0, tv_nsec: 0 };
    let arguments = [&raw mut asked as usize, 1, &raw const at_once as usize, 0, 0, 0];
    // SAFETY: one descriptor to look at, and a good span.
    match unsafe { sys::call(libc::SYS_ppoll, arguments) } {
        Ok(_) => asked.revents,
        // A signal: nobody knows.
        Err(_) => 0,
    }
}

/// Runs two system calls that do not wait, with no other thread between them. A lock that spins, because one that parks
/// is what this crate interposes.
fn in_turn(look_and_take: impl FnOnce() -> Outcome) -> Outcome {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    while TAKEN.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
        hint::spin_loop();
    }
    let told = look_and_take();
    TAKEN.store(false, Ordering::Release);
    told
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, sockaddr, socklen_t, take, tell};

    /// accept(2).
    pub unsafe extern "C" fn accept(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int {
        // SAFETY: handed on to the caller.
        tell(unsafe { take(fd, address, length, 0) }) as c_int
    }

    /// accept4(2).
    pub unsafe extern "C" fn accept4(fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> c_int {
        // SAFETY: handed on to the caller.
        tell(unsafe { take(fd, address, length, flags) }) as c_int
    }
}
