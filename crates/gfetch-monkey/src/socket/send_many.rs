//! `sendmmsg`: as many as go at once, and then one after another.

use libc::{c_int, c_uint, mmsghdr};

use super::send::send_message;
use super::{at_most, message_bytes, nth};
use crate::call::{is_blocking, may_wait};
use crate::feature::Feature;
use crate::sys::{self, Outcome, tell};

/// sendmmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sendmmsg(fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int) -> c_int {
    // SAFETY: the caller answers for the messages.
    unsafe {
        if flags & libc::MSG_DONTWAIT != 0 || messages.is_null() || !may_wait(Feature::Socket) || !is_blocking(fd) {
            return original::sendmmsg(fd, messages, count, flags);
        }
        tell(send_many(fd, messages, at_most(count), flags)) as c_int
    }
}

/// # Safety
/// There are `count` good messages.
unsafe fn send_many(fd: c_int, messages: *mut mmsghdr, count: usize, flags: c_int) -> Outcome {
    let at_once = [fd as usize, messages as usize, count, (flags | libc::MSG_DONTWAIT) as usize, 0, 0];
    // SAFETY: handed on to the caller.
    let mut done = match unsafe { sys::call(libc::SYS_sendmmsg, at_once) } {
        Err(libc::EAGAIN) => 0,
        told => told?,
    };
    // The last may have gone in part.
    if done > 0 {
        // SAFETY: one of those that were sent.
        unsafe { finish(fd, nth(messages, done - 1), flags) };
    }
    while done < count {
        // SAFETY: one of those that were not.
        let message = unsafe { nth(messages, done) };
        // SAFETY: as above.
        match unsafe { send_message(fd, &raw const (*message).msg_hdr, 0, flags) } {
            // SAFETY: as above.
            Ok(sent) => unsafe { (*message).msg_len = sent as c_uint },
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        }
        done += 1;
    }
    Ok(done)
}

/// # Safety
/// `message` is good.
unsafe fn finish(fd: c_int, message: *mut mmsghdr, flags: c_int) {
    // SAFETY: handed on to the caller.
    unsafe {
        let (header, sent) = (&raw const (*message).msg_hdr, (*message).msg_len as usize);
        if sent < message_bytes(header) {
            let sent = send_message(fd, header, sent, flags).unwrap_or(sent);
            (*message).msg_len = sent as c_uint;
        }
    }
}

/// The function as the system has it.
pub mod original {
    use super::{c_int, c_uint, mmsghdr, tell};
    use crate::sys;

    /// sendmmsg(2).
    pub unsafe extern "C" fn sendmmsg(fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int) -> c_int {
        let arguments = [fd as usize, messages as usize, count as usize, flags as usize, 0, 0];
        // SAFETY: handed on to the caller.
        tell(unsafe { sys::call(libc::SYS_sendmmsg, arguments) }) as c_int
    }
}
