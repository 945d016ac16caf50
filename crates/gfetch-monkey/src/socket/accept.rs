//! `accept`, `accept4`: the listener is looked at, and accepted from only if somebody has come.
//!
//! It is not made non-blocking for that: a listener is shared, and others would be told `EAGAIN` who never asked for it.
//! Several hubs of one process take turns at looking and accepting, so that none blocks on a connection that another took.
//! Processes that share a listener do not see each other: there each wants a listener of its own (`SO_REUSEPORT`), or one
//! that is non-blocking.

use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_int, sockaddr, socklen_t};

use crate::call::{Side, is_blocking, look, may_wait, once};
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
