//! `accept`, `accept4`: the listener is looked at, and accepted from only if somebody has come.
//!
//! It is not made non-blocking for that: a listener is shared, and others would be told `EAGAIN` who never asked for it.
//! Several hubs of one process take turns at looking and accepting, so that none blocks on a connection that another took.
//! Processes that share a listener do not see each other, and neither do a greenlet and a thread that is on none: there each
//! wants a listener of its own (`SO_REUSEPORT`), or one that is non-blocking.

use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_int, sockaddr, socklen_t};

use crate::call::{Side, get_option, is_blocking, look, may_wait, once, status};
use crate::feature::Feature;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};

pub(crate) const SYMBOLS: &[Symbol] =
    &[symbol!(accept, Socket, SignalSafety::UnlessItWaits), symbol!(accept4, Socket, SignalSafety::UnlessItWaits)];

/// Listeners that share a turn are so many apart.
const TURNS: usize = 64;
/// Looks at a turn that another has: it takes two system calls.
const LOOKS: u32 = 10_000;

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
    let is_right = flags & !(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK) == 0;
    let listener = if is_right && may_wait(Feature::Socket) && is_blocking(fd) { status(fd) } else { None };
    let told = match listener {
        // Its number in the kernel, whatever its duplicates are called here.
        Some(status) => {
            once(fd, Side::Read, || in_turn(status.st_ino, || if has_come(fd) { take() } else { Err(libc::EAGAIN) }))
        }
        None => take(),
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

/// Whether an accept has something to tell: a connection, or an error, which is also that it is no listener.
fn has_come(fd: c_int) -> bool {
    let mut listens: c_int = 0;
    look(fd, libc::POLLIN) != 0 || get_option(fd, libc::SO_ACCEPTCONN, &mut listens).is_err() || listens == 0
}

/// Runs two system calls that do not wait, with no other thread between them that takes its turn at the same listener.
/// Whoever finds that another has its turn for long, because it lost its processor or what it saw, is told to try again.
fn in_turn(listener: u64, look_and_take: impl FnOnce() -> Outcome) -> Outcome {
    // No lock that parks: that is what this crate interposes.
    static TAKEN: [AtomicBool; TURNS] = [const { AtomicBool::new(false) }; TURNS];
    let taken = &TAKEN[listener as usize % TURNS];
    for _ in 0..LOOKS {
        if taken.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            let told = look_and_take();
            taken.store(false, Ordering::Release);
            return told;
        }
        hint::spin_loop();
    }
    Err(libc::EAGAIN)
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

#[cfg(test)]
mod tests {
    use super::in_turn;

    #[test]
    fn a_turn_that_does_not_end_holds_up_nobody_for_long_and_other_listeners_not_at_all() {
        let told = in_turn(5, || {
            assert_eq!(in_turn(5, || Ok(1)), Err(libc::EAGAIN));
            in_turn(6, || Ok(2))
        });
        assert_eq!(told, Ok(2));
        assert_eq!(in_turn(5, || Ok(3)), Ok(3));
    }
}
