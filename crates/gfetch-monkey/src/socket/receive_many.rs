//! `recvmmsg`: one message after another, until all have come or its time is over.

use libc::{c_int, c_uint, mmsghdr, timespec};

use super::nth;
use super::receive::{NEVER_WAITS, message_call, receive_message};
use crate::call::{Side, Waits, from_now, may_wait};
use crate::feature::Feature;
use crate::sys::{Outcome, tell};
use crate::time::span;

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
        tell(receive_many(fd, messages, count as usize, flags, limit)) as c_int
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
    let (one_will_do, flags) = (flags & libc::MSG_WAITFORONE != 0, flags & !libc::MSG_WAITFORONE);
    let mut done = 0;
    while done < count {
        // SAFETY: one of the caller's messages.
        let message = unsafe { nth(messages, done) };
        // SAFETY: as above. Whole ones of a stream are waited for inside.
        let told = unsafe { attempt(fd, message, flags) };
        let failure = match told {
            Ok(bytes) => {
                // SAFETY: as above.
                unsafe { (*message).msg_len = bytes as c_uint };
                done += 1;
                continue;
            }
            Err(libc::EAGAIN) if one_will_do && done > 0 => return Ok(done),
            Err(libc::EAGAIN) => waits.wait_until(end).err(),
            Err(error) => Some(error),
        };
        match failure {
            None => {}
            Some(_) if done > 0 => return Ok(done),
            Some(error) => return Err(error),
        }
    }
    Ok(done)
}

/// One message, without waiting unless all of it was asked for.
///
/// # Safety
/// `message` is good.
unsafe fn attempt(fd: c_int, message: *mut mmsghdr, flags: c_int) -> Outcome {
    // SAFETY: handed on to the caller.
    unsafe {
        if flags & libc::MSG_WAITALL != 0 {
            return receive_message(fd, &raw mut (*message).msg_hdr, flags);
        }
        let header = &raw mut (*message).msg_hdr;
        message_call(libc::SYS_recvmsg, fd, header, flags | libc::MSG_DONTWAIT)
    }
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
