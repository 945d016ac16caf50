//! `connect`: begun with the descriptor set non-blocking for that one system call, then waited for.
//!
//! Whoever makes calls on the same file at that very moment, on another thread or in another process, may be told
//! `EAGAIN`: a socket that is not connected yet has few such users.

use std::time::Duration;

use libc::{c_int, sockaddr, socklen_t};

use crate::call::{Side, Waits, may_wait, pause, status_flags};
use crate::feature::Feature;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};

pub(crate) const SYMBOLS: &[Symbol] = &[symbol!(connect, Socket, SignalSafety::UnlessItWaits)];

/// A listener of Unix whose queue is full does not tell when there is room: it is asked so often, first,
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// and so often at last.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// connect(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    let flags = if may_wait(Feature::Socket) { status_flags(fd) } else { Err(0) };
    match flags {
        Ok(flags) if flags & libc::O_NONBLOCK == 0 => {
            // SAFETY: the caller answers for the address.
            tell(cooperate(fd, || unsafe { begin(fd, flags, address, length) })) as c_int
        }
        // SAFETY: as above.
        _ => unsafe { original::connect(fd, address, length) },
    }
}

/// Asks until it is connected: asked again, the kernel says how it stands.
fn cooperate(fd: c_int, mut ask: impl FnMut() -> Outcome) -> Outcome {
    let mut waits = Waits::begin(fd, Side::Write)?;
    let mut span = FIRST_PAUSE;
    loop {
        match ask() {
            Err(libc::EINPROGRESS | libc::EALREADY) => match waits.wait() {
                // So the kernel ends a connect when SO_SNDTIMEO is over.
                Err(libc::EAGAIN) => return Err(libc::EINPROGRESS),
                waited => waited?,
            },
            Err(libc::EAGAIN) => {
                if pause(span, waits.own_limit())? {
                    return Err(libc::EAGAIN);
                }
                span = (span * 2).min(LONGEST_PAUSE);
            }
            told => return told,
        }
    }
}

/// One attempt that does not wait.
///
/// # Safety
/// `address` points to `length` bytes.
unsafe fn begin(fd: c_int, flags: c_int, address: *const sockaddr, length: socklen_t) -> Outcome {
    set_status_flags(fd, flags | libc::O_NONBLOCK)?;
    // SAFETY: handed on to the caller.
    let told = unsafe { sys::call(libc::SYS_connect, [fd as usize, address as usize, length as usize, 0, 0, 0]) };
    set_status_flags(fd, flags)?;
    told
}

fn set_status_flags(fd: c_int, flags: c_int) -> Outcome {
    // SAFETY: no pointers.
    unsafe { sys::call(libc::SYS_fcntl, [fd as usize, libc::F_SETFL as usize, flags as usize, 0, 0, 0]) }
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, sockaddr, socklen_t, tell};
    use crate::sys;

    /// connect(2).
    pub unsafe extern "C" fn connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
        let arguments = [fd as usize, address as usize, length as usize, 0, 0, 0];
        // SAFETY: handed on to the caller.
        tell(unsafe { sys::call(libc::SYS_connect, arguments) }) as c_int
    }
}
