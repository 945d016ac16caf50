//! `poll`, `ppoll`.

use std::time::Duration;

use gfetch::green::Limit;
use gfetch::green::interpose::Stop;
use gfetch::net::Interest;
use libc::{c_int, nfds_t, pollfd, sigset_t, size_t, timespec};

use super::{AT_ONCE, SIGSET_BYTES, patiently, to_wait};
use crate::call::may_wait;
use crate::feature::Feature;
use crate::hub;
use crate::sys::{self, Outcome, tell};

/// poll(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn poll(descriptors: *mut pollfd, count: nfds_t, milliseconds: c_int) -> c_int {
    // SAFETY: the caller answers for the descriptors.
    unsafe {
        if milliseconds == 0 || !may_wait(Feature::Select) {
            return original::poll(descriptors, count, milliseconds);
        }
        let limit = u64::try_from(milliseconds).ok().map(Duration::from_millis);
        tell(cooperate(descriptors, count as usize, limit, std::ptr::null())) as c_int
    }
}

/// ppoll(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ppoll(
    descriptors: *mut pollfd,
    count: nfds_t,
    limit: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: the caller answers for the descriptors, the span and the mask.
    unsafe {
        match to_wait(limit).filter(|_| may_wait(Feature::Select)) {
            Some(limit) => tell(cooperate(descriptors, count as usize, limit, mask)) as c_int,
            None => original::ppoll(descriptors, count, limit, mask),
        }
    }
}

/// poll(2) as C code calls it that was compiled with `_FORTIFY_SOURCE` (glibc).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __poll_chk(
    descriptors: *mut pollfd,
    count: nfds_t,
    milliseconds: c_int,
    room: size_t,
) -> c_int {
    crate::socket::receive::refuse_overflow(count as usize, room / size_of::<pollfd>());
    // SAFETY: handed on to the caller.
    unsafe { poll(descriptors, count, milliseconds) }
}

/// ppoll(2), likewise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __ppoll_chk(
    descriptors: *mut pollfd,
    count: nfds_t,
    limit: *const timespec,
    mask: *const sigset_t,
    room: size_t,
) -> c_int {
    crate::socket::receive::refuse_overflow(count as usize, room / size_of::<pollfd>());
    // SAFETY: handed on to the caller.
    unsafe { ppoll(descriptors, count, limit, mask) }
}

/// # Safety
/// There are `count` descriptors.
unsafe fn cooperate(descriptors: *mut pollfd, count: usize, limit: Option<Duration>, mask: *const sigset_t) -> Outcome {
    // SAFETY: handed on to the caller.
    let look = || unsafe { look(descriptors, count, &AT_ONCE, mask) };
    patiently(limit, !mask.is_null(), look, |limit| {
        // SAFETY: as above; nobody writes there before the next look.
        let asked: Vec<_> = (0..count).filter_map(|n| asked(unsafe { &*descriptors.add(n) })).collect();
        wait(&asked, limit)
    })
}

/// One descriptor stays registered between waits.
fn wait(asked: &[(c_int, Interest)], limit: Limit) -> Result<bool, Stop> {
    match asked {
        [(fd, Interest::READABLE)] => hub::wait_readable(*fd, limit),
        [(fd, Interest::WRITABLE)] => hub::wait_writable(*fd, limit),
        _ => hub::wait_any(asked, limit),
    }
}

/// What the hub is to wait for; a negative number stands for nothing.
fn asked(descriptor: &pollfd) -> Option<(c_int, Interest)> {
    let reading = libc::POLLIN | libc::POLLRDNORM | libc::POLLRDHUP;
    let has = |events: i16| descriptor.events & events != 0;
    let interest = Interest {
        readable: has(reading),
        writable: has(libc::POLLOUT | libc::POLLWRNORM),
        priority: has(libc::POLLPRI | libc::POLLRDBAND),
    };
    (descriptor.fd >= 0).then_some((descriptor.fd, interest))
}

/// # Safety
/// There are `count` descriptors; `limit` and `mask` are good or null.
unsafe fn look(descriptors: *mut pollfd, count: usize, limit: *const timespec, mask: *const sigset_t) -> Outcome {
    // The kernel writes there what is left.
    // SAFETY: handed on to the caller.
    let mut copy = unsafe { limit.as_ref() }.copied();
    let limit = copy.as_mut().map_or(0, |limit| std::ptr::from_mut(limit) as usize);
    // SAFETY: as above.
    unsafe { sys::call(libc::SYS_ppoll, [descriptors as usize, count, limit, mask as usize, SIGSET_BYTES, 0]) }
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, look, nfds_t, pollfd, sigset_t, size_t, tell, timespec};

    /// poll(2).
    pub unsafe extern "C" fn poll(descriptors: *mut pollfd, count: nfds_t, milliseconds: c_int) -> c_int {
        let limit =
            timespec { tv_sec: (milliseconds / 1000).into(), tv_nsec: i64::from(milliseconds % 1000) * 1_000_000 };
        let limit = if milliseconds < 0 { std::ptr::null() } else { &raw const limit };
        // SAFETY: handed on to the caller.
        tell(unsafe { look(descriptors, count as usize, limit, std::ptr::null()) }) as c_int
    }

    /// ppoll(2).
    pub unsafe extern "C" fn ppoll(
        descriptors: *mut pollfd,
        count: nfds_t,
        limit: *const timespec,
        mask: *const sigset_t,
    ) -> c_int {
        // SAFETY: handed on to the caller.
        tell(unsafe { look(descriptors, count as usize, limit, mask) }) as c_int
    }

    /// poll(2), as fortified code calls it.
    pub unsafe extern "C" fn __poll_chk(
        descriptors: *mut pollfd,
        count: nfds_t,
        milliseconds: c_int,
        room: size_t,
    ) -> c_int {
        crate::socket::receive::refuse_overflow(count as usize, room / size_of::<pollfd>());
        // SAFETY: handed on to the caller.
        unsafe { poll(descriptors, count, milliseconds) }
    }

    /// ppoll(2), likewise.
    pub unsafe extern "C" fn __ppoll_chk(
        descriptors: *mut pollfd,
        count: nfds_t,
        limit: *const timespec,
        mask: *const sigset_t,
        room: size_t,
    ) -> c_int {
        crate::socket::receive::refuse_overflow(count as usize, room / size_of::<pollfd>());
        // SAFETY: handed on to the caller.
        unsafe { ppoll(descriptors, count, limit, mask) }
    }
}
