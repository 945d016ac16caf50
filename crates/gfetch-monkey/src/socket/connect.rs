//! `connect`: begun with the descriptor set non-blocking for that one system call, then waited for.

use std::time::Duration;

use libc::{c_int, sockaddr, socklen_t};

use crate::call::{Side, Waits, get_option, in_non_blocking, is_blocking, may_wait, pause};
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
    let waits = may_wait(Feature::Socket) && is_blocking(fd) && says_how_it_stands(fd);
    // SAFETY: the caller answers for the address.
    tell(unsafe { if waits { reach(fd, address, length) } else { ask(fd, address, length) } }) as c_int
}

/// Connects as a greenlet.
///
/// # Safety
/// `address` points to `length` bytes.
pub(super) unsafe fn reach(fd: c_int, address: *const sockaddr, length: socklen_t) -> Outcome {
    // SAFETY: handed on to the caller.
    cooperate(fd, || in_non_blocking(fd, || unsafe { ask(fd, address, length) }))
}

/// Whether a socket's connect may wait, and says how it stands when it is asked again. Others never wait (UDP, which others may
/// be using that moment), or begin anew when asked (`AF_VSOCK`, SCTP).
fn says_how_it_stands(fd: c_int) -> bool {
    option(fd, libc::SO_DOMAIN) == Ok(libc::AF_UNIX) || is_tcp(fd)
}

/// Also that of several paths. Unix' protocols, and others', have numbers of their own.
pub(super) fn is_tcp(fd: c_int) -> bool {
    matches!(option(fd, libc::SO_DOMAIN), Ok(libc::AF_INET | libc::AF_INET6))
        && matches!(option(fd, libc::SO_PROTOCOL), Ok(libc::IPPROTO_TCP | libc::IPPROTO_MPTCP))
}

fn option(fd: c_int, option: c_int) -> Result<c_int, c_int> {
    let mut value = 0;
    get_option(fd, option, &mut value).map(|()| value)
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

/// # Safety
/// `address` points to `length` bytes.
unsafe fn ask(fd: c_int, address: *const sockaddr, length: socklen_t) -> Outcome {
    // SAFETY: handed on to the caller.
    unsafe { sys::call(libc::SYS_connect, [fd as usize, address as usize, length as usize, 0, 0, 0]) }
}

/// The functions as the system has them.
pub mod original {
    use super::{ask, c_int, sockaddr, socklen_t, tell};

    /// connect(2).
    pub unsafe extern "C" fn connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
        // SAFETY: handed on to the caller.
        tell(unsafe { ask(fd, address, length) }) as c_int
    }
}
