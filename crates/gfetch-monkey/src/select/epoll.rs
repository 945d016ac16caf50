//! `epoll_wait`, `epoll_pwait`: an epoll descriptor is readable when it has something to tell.

use std::time::Duration;

use gfetch::green::interpose;
use libc::{c_int, epoll_event, sigset_t};

use super::{SIGSET_BYTES, patiently};
use crate::call::may_wait;
use crate::feature::Feature;
use crate::futex::parker;
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
    let told = patiently(limit, !mask.is_null(), || look(0), |limit| interpose::wait_readable(epoll, limit));
    tell(told) as c_int
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
    use super::{c_int, epoll_event, look, sigset_t, tell};

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
}
