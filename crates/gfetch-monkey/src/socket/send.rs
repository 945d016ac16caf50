//! `send`, `sendto`, `sendmsg`, `sendmmsg`: on a stream until all is sent, as the system's do that block.

use std::hint::cold_path;
use std::ptr;

use gfetch::green::interpose::is_on_a_greenlet;
use libc::{c_int, c_void, msghdr, size_t, sockaddr, socklen_t, ssize_t};

use super::connect::{is_tcp, reach};
use super::receive::message_call;
use super::{iovec, message_bytes};
use crate::call::{Side, is_blocking, may_wait, whole};
use crate::feature::Feature;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};

pub use super::send_many::sendmmsg;

pub(crate) const SYMBOLS: &[Symbol] = &[
    symbol!(send, Socket, SignalSafety::UnlessItWaits),
    symbol!(sendto, Socket, SignalSafety::UnlessItWaits),
    symbol!(sendmsg, Socket, SignalSafety::UnlessItWaits),
    symbol!(sendmmsg, Socket, SignalSafety::UnlessItWaits),
];

/// send(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send(fd: c_int, bytes: *const c_void, length: size_t, flags: c_int) -> ssize_t {
    // SAFETY: the caller answers for the bytes.
    unsafe { transmit(fd, bytes, length, flags, ptr::null(), 0) }
}

/// sendto(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sendto(
    fd: c_int,
    bytes: *const c_void,
    length: size_t,
    flags: c_int,
    address: *const sockaddr,
    address_length: socklen_t,
) -> ssize_t {
    // SAFETY: the caller answers for the bytes and the address.
    unsafe { transmit(fd, bytes, length, flags, address, address_length) }
}

/// # Safety
/// The bytes and the address are good.
#[inline(always)]
unsafe fn transmit(
    fd: c_int,
    bytes: *const c_void,
    length: size_t,
    flags: c_int,
    address: *const sockaddr,
    address_length: socklen_t,
) -> ssize_t {
    // SAFETY: handed on to the caller.
    unsafe {
        if (flags & libc::MSG_DONTWAIT == 0) & is_on_a_greenlet() {
            cold_path();
            return tell_transmit_here(fd, bytes, length, flags, address, address_length);
        }
        tell(transmit_call(fd, bytes, length, flags, address, address_length))
    }
}

/// On a greenlet.
///
/// # Safety
/// The bytes and the address are good.
#[inline(never)]
unsafe extern "C" fn tell_transmit_here(
    fd: c_int,
    bytes: *const c_void,
    length: size_t,
    flags: c_int,
    address: *const sockaddr,
    address_length: socklen_t,
) -> ssize_t {
    // SAFETY: handed on to the caller.
    tell(unsafe {
        match may_wait(Feature::Socket) {
            true => transmit_here(fd, bytes, length, flags, address, address_length),
            false => transmit_call(fd, bytes, length, flags, address, address_length),
        }
    })
}

/// `sendto`, once.
///
/// # Safety
/// The bytes and the address are good.
#[inline(always)]
unsafe fn transmit_call(
    fd: c_int,
    bytes: *const c_void,
    length: size_t,
    flags: c_int,
    address: *const sockaddr,
    address_length: socklen_t,
) -> Outcome {
    let arguments = [fd as usize, bytes as usize, length, flags as usize, address as usize, address_length as usize];
    // SAFETY: handed on to the caller.
    unsafe { sys::call(libc::SYS_sendto, arguments) }
}

/// On a greenlet that may wait.
///
/// # Safety
/// The bytes and the address are good.
pub(crate) unsafe fn transmit_here(
    fd: c_int,
    bytes: *const c_void,
    length: size_t,
    flags: c_int,
    address: *const sockaddr,
    address_length: socklen_t,
) -> Outcome {
    let attempt = |done: usize, flags: c_int| {
        // SAFETY: handed on to the caller.
        unsafe { transmit_call(fd, bytes.wrapping_byte_add(done), length - done, flags, address, address_length) }
    };
    if connects(fd, flags) {
        // SAFETY: handed on to the caller.
        unsafe { reach(fd, address, address_length) }?;
        // SAFETY: as above, and no address.
        return unsafe { transmit_here(fd, bytes, length, flags & !libc::MSG_FASTOPEN, ptr::null(), 0) };
    }
    whole(fd, Side::Write, length, |done| attempt(done, flags | libc::MSG_DONTWAIT))
}

/// sendmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
    // SAFETY: the caller answers for the message.
    unsafe {
        if (flags & libc::MSG_DONTWAIT == 0) & is_on_a_greenlet() {
            cold_path();
            return send_message_here(fd, message, flags);
        }
        original::sendmsg(fd, message, flags)
    }
}

/// sendmsg(2) on a greenlet.
///
/// # Safety
/// `message` is good, or null.
#[inline(never)]
unsafe extern "C" fn send_message_here(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
    // SAFETY: handed on to the caller.
    unsafe {
        if message.is_null() || !may_wait(Feature::Socket) {
            return original::sendmsg(fd, message, flags);
        }
        if connects(fd, flags) {
            let mut rest = *message;
            (rest.msg_name, rest.msg_namelen) = (ptr::null_mut(), 0);
            let reached = reach(fd, (*message).msg_name.cast(), (*message).msg_namelen);
            return tell(reached.and_then(|_| send_message(fd, &rest, 0, flags & !libc::MSG_FASTOPEN)));
        }
        tell(send_message(fd, message, 0, flags))
    }
}

/// Whether a call connects first, which it would be told goes on, were it not to wait. That it sends with the first packet
/// where it can is left out: it is done where it helps, and no caller can count on it.
fn connects(fd: c_int, flags: c_int) -> bool {
    flags & libc::MSG_FASTOPEN != 0 && is_blocking(fd) && is_tcp(fd)
}

/// Sends what is left of a message after `sent` bytes; how many are sent then.
///
/// # Safety
/// `message` is good.
pub(super) unsafe fn send_message(fd: c_int, message: *const msghdr, sent: usize, flags: c_int) -> Outcome {
    let flags = flags | libc::MSG_DONTWAIT;
    // SAFETY: handed on to the caller.
    let length = unsafe { message_bytes(message) };
    let rest = whole(fd, Side::Write, length - sent, |done| match sent + done {
        // SAFETY: handed on to the caller.
        0 => unsafe { message_call(libc::SYS_sendmsg, fd, message, flags) },
        // SAFETY: as above; the vector of the part lives until the call is over.
        done => unsafe {
            let (part, _parts) = iovec::rest_of(message, done);
            message_call(libc::SYS_sendmsg, fd, &part, flags)
        },
    });
    match rest {
        Ok(more) => Ok(sent + more),
        Err(_) if sent > 0 => Ok(sent),
        failed => failed,
    }
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, c_void, message_call, msghdr, ptr, size_t, sockaddr, socklen_t, ssize_t, tell, transmit_call};
    pub use crate::socket::send_many::original::sendmmsg;

    /// send(2).
    pub unsafe extern "C" fn send(fd: c_int, bytes: *const c_void, length: size_t, flags: c_int) -> ssize_t {
        // SAFETY: handed on to the caller.
        unsafe { sendto(fd, bytes, length, flags, ptr::null(), 0) }
    }

    /// sendto(2).
    pub unsafe extern "C" fn sendto(
        fd: c_int,
        bytes: *const c_void,
        length: size_t,
        flags: c_int,
        address: *const sockaddr,
        address_length: socklen_t,
    ) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { transmit_call(fd, bytes, length, flags, address, address_length) })
    }

    /// sendmsg(2).
    pub unsafe extern "C" fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { message_call(libc::SYS_sendmsg, fd, message, flags) })
    }
}
