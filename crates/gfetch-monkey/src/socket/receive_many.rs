//! `recvmmsg`: what is there at once, and what comes after it, until all have come or its time is over.

use libc::{c_int, c_uint, mmsghdr, timespec};

use super::receive::{NEVER_WAITS, receive_message};
use super::{at_most, is_stream, nth};
use crate::call::{Side, Waits, from_now, look, may_wait};
use crate::feature::Feature;
use crate::sys::{self, Outcome, tell};
use crate::time::{span, write_left};

/// recvmmsg(2). The time-out ends also a wait for the next message, which the kernel's looks at only between messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recvmmsg(
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
    limit: *mut timespec,
) -> c_int {
    // SAFETY: the caller answers for the messages and the span.
    unsafe {
        if flags & NEVER_WAITS != 0 || count == 0 || messages.is_null() || !may_wait(Feature::Socket) {
            return original::recvmmsg(fd, messages, count, flags, limit);
        }
        tell(receive_many(fd, messages, at_most(count), flags, limit)) as c_int
    }
}

/// # Safety
/// As of [`recvmmsg`].
unsafe fn receive_many(fd: c_int, messages: *mut mmsghdr, count: usize, flags: c_int, limit: *mut timespec) -> Outcome {
    // SAFETY: null, or the caller's span.
    let span = unsafe { span(limit) };
    if span.is_none() && !limit.is_null() {
        return Err(libc::EINVAL);
    }
    let end = span.and_then(from_now);
    let mut waits = Waits::begin(fd, Side::Read)?;
    let one_will_do = flags & libc::MSG_WAITFORONE != 0;
    let is_whole = flags & libc::MSG_WAITALL != 0 && is_stream(fd);
    let flags = flags & !(libc::MSG_WAITFORONE | libc::MSG_WAITALL);
    let mut done = 0;
    let failure = loop {
        // An error would be taken from the next call, which is to tell it.
        if done == count || (done > 0 && look(fd, 0) & libc::POLLERR != 0) {
            break None;
        }
        let told = if is_whole && !(one_will_do && done > 0) {
            // SAFETY: one of the caller's messages.
            unsafe { receive_whole(fd, nth(messages, done), flags) }
        } else {
            // SAFETY: those that are left.
            unsafe { receive_at_once(fd, nth(messages, done), count - done, flags | libc::MSG_DONTWAIT) }
        };
        match told {
            Ok(more) => done += more,
            Err(libc::EAGAIN) if !(one_will_do && done > 0) => {
                if let Err(error) = waits.wait_until(end) {
                    break Some(error);
                }
            }
            Err(error) => break Some(error),
        }
    };
    if let (Some(end), 1..) = (end, done) {
        // SAFETY: the caller's place.
        unsafe { write_left(limit, end) };
    }
    failure.filter(|_| done == 0).map_or(Ok(done), Err)
}

/// Waits for all of one message of a stream.
///
/// # Safety
/// `message` is good.
unsafe fn receive_whole(fd: c_int, message: *mut mmsghdr, flags: c_int) -> Outcome {
    // SAFETY: handed on to the caller.
    unsafe {
        let bytes = receive_message(fd, &raw mut (*message).msg_hdr, flags | libc::MSG_WAITALL)?;
        (*message).msg_len = bytes as c_uint;
    }
    Ok(1)
}

/// # Safety
/// There are `count` good messages.
unsafe fn receive_at_once(fd: c_int, messages: *mut mmsghdr, count: usize, flags: c_int) -> Outcome {
    // SAFETY: handed on to the caller; no time.
    unsafe { sys::call(libc::SYS_recvmmsg, [fd as usize, messages as usize, count, flags as usize, 0, 0]) }
}

/// The function as the system has it.
pub mod original {
    use super::{c_int, c_uint, mmsghdr, tell, timespec};
    use crate::sys;

    /// recvmmsg(2).
    pub unsafe extern "C" fn recvmmsg(
        fd: c_int,
        messages: *mut mmsghdr,
        count: c_uint,
        flags: c_int,
        limit: *mut timespec,
    ) -> c_int {
        let arguments = [fd as usize, messages as usize, count as usize, flags as usize, limit as usize, 0];
        // SAFETY: handed on to the caller.
        tell(unsafe { sys::call(libc::SYS_recvmmsg, arguments) }) as c_int
    }
}
