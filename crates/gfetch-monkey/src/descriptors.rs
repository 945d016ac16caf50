//! `close`, `dup2`, `dup3`: who waits for a number that is given up is told, and what was registered under it is forgotten.
//!
//! Nothing depends on seeing them: C code closes in other ways too, and each wait finds out for itself whether its number
//! still means the same file. So `dup`, which makes a new number, and `shutdown`, after which the poller tells every
//! waiter, need nothing done and are not interposed.

use libc::c_int;

use crate::call::status_flags;
use crate::feature::is_any_on;
use crate::hub::forget;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};

pub(crate) const SYMBOLS: &[Symbol] = &[
    symbol!(close, Socket, SignalSafety::UnlessItWaits),
    symbol!(dup2, Socket, SignalSafety::UnlessItWaits),
    symbol!(dup3, Socket, SignalSafety::UnlessItWaits),
];

/// close(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn close(fd: c_int) -> c_int {
    if is_any_on() {
        forget(fd);
    }
    // SAFETY: no pointers.
    unsafe { original::close(fd) }
}

/// dup2(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dup2(old: c_int, new: c_int) -> c_int {
    if is_any_on() && is_replaced(old, new) {
        forget(new);
    }
    // SAFETY: no pointers.
    unsafe { original::dup2(old, new) }
}

/// dup3(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dup3(old: c_int, new: c_int, flags: c_int) -> c_int {
    if is_any_on() && flags & !libc::O_CLOEXEC == 0 && is_replaced(old, new) {
        forget(new);
    }
    // SAFETY: no pointers.
    unsafe { original::dup3(old, new, flags) }
}

/// Whether `new` gets another file: what fails must not be told to those who wait for it.
fn is_replaced(old: c_int, new: c_int) -> bool {
    old != new && status_flags(old).is_ok()
}

fn duplicate(old: c_int, new: c_int, flags: c_int) -> Outcome {
    // SAFETY: no pointers.
    unsafe { sys::call(libc::SYS_dup3, [old as usize, new as usize, flags as usize, 0, 0, 0]) }
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, duplicate, status_flags, tell};
    use crate::sys;

    /// close(2).
    pub unsafe extern "C" fn close(fd: c_int) -> c_int {
        // SAFETY: no pointers. What the number belonged to is the caller's affair.
        match unsafe { sys::call(libc::SYS_close, [fd as usize, 0, 0, 0, 0, 0]) } {
            // The number is free then; musl says so, and nobody can do anything about it.
            #[cfg(target_env = "musl")]
            Err(libc::EINTR) => 0,
            told => tell(told) as c_int,
        }
    }

    /// dup2(2): a number that is its own duplicate stays as it is.
    pub unsafe extern "C" fn dup2(old: c_int, new: c_int) -> c_int {
        let told = if old == new { status_flags(old).map(|_| new as usize) } else { duplicate(old, new, 0) };
        tell(told) as c_int
    }

    /// dup3(2).
    pub unsafe extern "C" fn dup3(old: c_int, new: c_int, flags: c_int) -> c_int {
        tell(duplicate(old, new, flags)) as c_int
    }
}
