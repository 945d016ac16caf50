//! `epoll_wait`, `epoll_pwait`, `epoll_pwait2`: an epoll descriptor is readable when it has something to tell.

use std::time::Duration;

use libc::{c_int, epoll_event, sigset_t, timespec};

use super::{SIGSET_BYTES, patiently, to_wait};
use crate::call::may_wait;
use crate::feature::Feature;
use crate::futex::parker;
use crate::hub;
use crate::sys::{self, Outcome, tell};

/// epoll_wait(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_wait(epoll: c_int, events: *mut epoll_event, most: c_int, milliseconds: c_int) -> c_int {
    // SAFETY: the caller answers for the events; no mask.
    unsafe { epoll_pwait(epoll, events, most, milliseconds, std::ptr::null()) }
}

/// epoll_pwait(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_pwait(
    epoll: c_int,
    events: *mut epoll_event,
    most: c_int,
    milliseconds: c_int,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: the caller answers for the events and the mask.
    let look = |milliseconds| unsafe { look(epoll, events, most, milliseconds, mask) };
    if milliseconds == 0 || !may_wait(Feature::Select) {
        return tell(parker::around(milliseconds, look)) as c_int;
    }
    let limit = u64::try_from(milliseconds).ok().map(Duration::from_millis);
    tell(cooperate(epoll, limit, !mask.is_null(), || look(0))) as c_int
}

/// epoll_pwait2(2). Not in musl.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_pwait2(
    epoll: c_int,
    events: *mut epoll_event,
    most: c_int,
    limit: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: the caller answers for the events, the span and the mask.
    unsafe {
        match to_wait(limit).filter(|_| may_wait(Feature::Select)) {
            Some(limit) => {
                tell(cooperate(epoll, limit, !mask.is_null(), || look(epoll, events, most, 0, mask))) as c_int
            }
            None => original::epoll_pwait2(epoll, events, most, limit, mask),
        }
    }
}

fn cooperate(epoll: c_int, limit: Option<Duration>, is_masked: bool, look: impl FnMut() -> Outcome) -> Outcome {
    patiently(limit, is_masked, look, |limit| hub::wait_readable(epoll, limit))
}

/// # Safety
/// There is room for `most` events; `mask` is good or null.
unsafe fn look(epoll: c_int, events: *mut epoll_event, most: c_int, limit: c_int, mask: *const sigset_t) -> Outcome {
    let arguments = [epoll as usize, events as usize, most as usize, limit as usize, mask as usize, SIGSET_BYTES];
    // SAFETY: handed on to the caller.
    unsafe { sys::call(libc::SYS_epoll_pwait, arguments) }
}

/// The functions as the system has them.
pub mod original {
    use super::{SIGSET_BYTES, c_int, epoll_event, look, sigset_t, sys, tell, timespec};

    /// epoll_wait(2).
    pub unsafe extern "C" fn epoll_wait(
        epoll: c_int,
        events: *mut epoll_event,
        most: c_int,
        milliseconds: c_int,
    ) -> c_int {
        // SAFETY: handed on to the caller.
        tell(unsafe { look(epoll, events, most, milliseconds, std::ptr::null()) }) as c_int
    }

    /// epoll_pwait(2).
    pub unsafe extern "C" fn epoll_pwait(
        epoll: c_int,
        events: *mut epoll_event,
        most: c_int,
        milliseconds: c_int,
        mask: *const sigset_t,
    ) -> c_int {
        // SAFETY: handed on to the caller.
        tell(unsafe { look(epoll, events, most, milliseconds, mask) }) as c_int
    }

    /// epoll_pwait2(2).
    pub unsafe extern "C" fn epoll_pwait2(
        epoll: c_int,
        events: *mut epoll_event,
        most: c_int,
        limit: *const timespec,
        mask: *const sigset_t,
    ) -> c_int {
        let arguments = [epoll as usize, events as usize, most as usize, limit as usize, mask as usize, SIGSET_BYTES];
        // SAFETY: handed on to the caller.
        tell(unsafe { sys::call(libc::SYS_epoll_pwait2, arguments) }) as c_int
    }
}
