//! `recv`, `recvfrom`, `recvmsg`, `recvmmsg`.

use std::hint::cold_path;
use std::ptr;

use gfetch::green::interpose::can_wait;
use libc::{c_int, c_void, msghdr, size_t, sockaddr, socklen_t, ssize_t};

use super::{iovec, is_stream, message_bytes};
use crate::call::{Side, is_on_a_greenlet, once, whole};
use crate::feature::Feature;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};

pub use super::receive_many::recvmmsg;

pub(crate) const SYMBOLS: &[Symbol] = &[
    symbol!(recv, Socket, SignalSafety::UnlessItWaits),
    symbol!(recvfrom, Socket, SignalSafety::UnlessItWaits),
    symbol!(recvmsg, Socket, SignalSafety::UnlessItWaits),
    symbol!(recvmmsg, Socket, SignalSafety::UnlessItWaits),
    symbol!(__recv_chk, Socket, SignalSafety::UnlessItWaits),
    symbol!(__recvfrom_chk, Socket, SignalSafety::UnlessItWaits),
];

/// With these a call never waits: asked not to, or for errors and urgent bytes, which are there or not.
pub(super) const NEVER_WAITS: c_int = libc::MSG_DONTWAIT | libc::MSG_ERRQUEUE | libc::MSG_OOB;

/// recv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recv(fd: c_int, buffer: *mut c_void, length: size_t, flags: c_int) -> ssize_t {
    // SAFETY: the caller answers for the buffer; nobody asks for the address.
    tell(unsafe { receive(fd, buffer, length, flags, ptr::null_mut(), ptr::null_mut()) })
}

/// recvfrom(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recvfrom(
    fd: c_int,
    buffer: *mut c_void,
    length: size_t,
    flags: c_int,
    address: *mut sockaddr,
    address_length: *mut socklen_t,
) -> ssize_t {
    // SAFETY: the caller answers for the places.
    tell(unsafe { receive(fd, buffer, length, flags, address, address_length) })
}

/// # Safety
/// The places are good.
#[inline(always)]
unsafe fn receive(
    fd: c_int,
    buffer: *mut c_void,
    length: size_t,
    flags: c_int,
    address: *mut sockaddr,
    address_length: *mut socklen_t,
) -> Outcome {
    // SAFETY: handed on to the caller.
    unsafe {
        if flags & NEVER_WAITS == 0 && is_on_a_greenlet(Feature::Socket) {
            cold_path();
            return receive_here(fd, buffer, length, flags, address, address_length);
        }
        receive_call(fd, buffer, length, flags, address, address_length)
    }
}

/// `recvfrom`, once.
///
/// # Safety
/// The places are good.
#[inline(always)]
unsafe fn receive_call(
    fd: c_int,
    buffer: *mut c_void,
    length: size_t,
    flags: c_int,
    address: *mut sockaddr,
    address_length: *mut socklen_t,
) -> Outcome {
    let arguments = [fd as usize, buffer as usize, length, flags as usize, address as usize, address_length as usize];
    // SAFETY: handed on to the caller.
    unsafe { sys::call(libc::SYS_recvfrom, arguments) }
}

/// On a greenlet.
///
/// # Safety
/// The places are good.
#[inline(never)]
pub(crate) unsafe fn receive_here(
    fd: c_int,
    buffer: *mut c_void,
    length: size_t,
    flags: c_int,
    address: *mut sockaddr,
    address_length: *mut socklen_t,
) -> Outcome {
    let attempt = |done: usize, flags: c_int| {
        // SAFETY: handed on to the caller.
        unsafe { receive_call(fd, buffer.wrapping_byte_add(done), length - done, flags, address, address_length) }
    };
    if !can_wait() {
        return attempt(0, flags);
    }
    whole(fd, Side::Read, wanted(fd, flags, length), |done| attempt(done, flags | libc::MSG_DONTWAIT))
}

/// How much of `length` a call is to wait for. What is only looked at stays where it is, and cannot be added up.
fn wanted(fd: c_int, flags: c_int, length: usize) -> usize {
    if flags & libc::MSG_WAITALL != 0 && flags & libc::MSG_PEEK == 0 && is_stream(fd) { length } else { 0 }
}

/// recvmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    // SAFETY: the caller answers for the message.
    unsafe {
        if flags & NEVER_WAITS == 0 && is_on_a_greenlet(Feature::Socket) {
            cold_path();
            return receive_message_here(fd, message, flags);
        }
        original::recvmsg(fd, message, flags)
    }
}

/// recvmsg(2) on a greenlet.
///
/// # Safety
/// `message` is good, or null.
#[inline(never)]
unsafe fn receive_message_here(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    // SAFETY: handed on to the caller.
    unsafe {
        if message.is_null() || !can_wait() {
            return original::recvmsg(fd, message, flags);
        }
        tell(receive_message(fd, message, flags))
    }
}

/// # Safety
/// `message` is good.
pub(super) unsafe fn receive_message(fd: c_int, message: *mut msghdr, flags: c_int) -> Outcome {
    let flags_here = flags | libc::MSG_DONTWAIT;
    // SAFETY: handed on to the caller.
    let wanted = wanted(fd, flags, unsafe { message_bytes(message) });
    if wanted == 0 {
        // SAFETY: handed on to the caller.
        return once(fd, Side::Read, || unsafe { message_call(libc::SYS_recvmsg, fd, message, flags_here) });
    }
    whole(fd, Side::Read, wanted, |done| match done {
        // SAFETY: handed on to the caller.
        0 => unsafe { message_call(libc::SYS_recvmsg, fd, message, flags_here) },
        // SAFETY: as above.
        _ => unsafe { message_rest(libc::SYS_recvmsg, fd, message, done, flags_here) },
    })
}

/// `recvmsg` or `sendmsg`, once.
///
/// # Safety
/// `message` is good for that.
pub(super) unsafe fn message_call(number: libc::c_long, fd: c_int, message: *const msghdr, flags: c_int) -> Outcome {
    // SAFETY: handed on to the caller.
    unsafe { sys::call(number, [fd as usize, message as usize, flags as usize, 0, 0, 0]) }
}

/// The same for what is left after `done` bytes: names and control data went with the first part.
///
/// # Safety
/// `message` is good for that.
pub(super) unsafe fn message_rest(
    number: libc::c_long,
    fd: c_int,
    message: *const msghdr,
    done: usize,
    flags: c_int,
) -> Outcome {
    // SAFETY: handed on to the caller.
    let mut rest = unsafe { iovec::rest(iovec::of(message), done) };
    // SAFETY: zeros are a message without anything.
    let mut part: msghdr = unsafe { std::mem::zeroed() };
    (part.msg_iov, part.msg_iovlen) = (rest.as_mut_ptr(), rest.len() as _);
    // SAFETY: the vector lives until the call is over.
    unsafe { message_call(number, fd, &part, flags) }
}

/// recv(2) as C code calls it that was compiled with `_FORTIFY_SOURCE` (glibc).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __recv_chk(
    fd: c_int,
    buffer: *mut c_void,
    length: size_t,
    room: size_t,
    flags: c_int,
) -> ssize_t {
    refuse_overflow(length, room);
    // SAFETY: handed on to the caller.
    unsafe { recv(fd, buffer, length, flags) }
}

/// recvfrom(2), likewise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __recvfrom_chk(
    fd: c_int,
    buffer: *mut c_void,
    length: size_t,
    room: size_t,
    flags: c_int,
    address: *mut sockaddr,
    address_length: *mut socklen_t,
) -> ssize_t {
    refuse_overflow(length, room);
    // SAFETY: handed on to the caller.
    unsafe { recvfrom(fd, buffer, length, flags, address, address_length) }
}

/// What the C library does when more is asked for than the buffer holds.
pub(crate) fn refuse_overflow(length: size_t, room: size_t) {
    if length > room {
        // SAFETY: ends the process, as it must.
        unsafe { libc::abort() };
    }
}

/// The functions as the system has them.
pub mod original {
    use super::{
        c_int, c_void, message_call, msghdr, ptr, receive_call, refuse_overflow, size_t, sockaddr, socklen_t, ssize_t,
        tell,
    };
    pub use crate::socket::receive_many::original::recvmmsg;

    /// recv(2).
    pub unsafe extern "C" fn recv(fd: c_int, buffer: *mut c_void, length: size_t, flags: c_int) -> ssize_t {
        // SAFETY: handed on to the caller.
        unsafe { recvfrom(fd, buffer, length, flags, ptr::null_mut(), ptr::null_mut()) }
    }

    /// recvfrom(2).
    pub unsafe extern "C" fn recvfrom(
        fd: c_int,
        buffer: *mut c_void,
        length: size_t,
        flags: c_int,
        address: *mut sockaddr,
        address_length: *mut socklen_t,
    ) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { receive_call(fd, buffer, length, flags, address, address_length) })
    }

    /// recvmsg(2).
    pub unsafe extern "C" fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { message_call(libc::SYS_recvmsg, fd, message, flags) })
    }

    /// recv(2), as fortified code calls it.
    pub unsafe extern "C" fn __recv_chk(
        fd: c_int,
        buffer: *mut c_void,
        length: size_t,
        room: size_t,
        flags: c_int,
    ) -> ssize_t {
        refuse_overflow(length, room);
        // SAFETY: handed on to the caller.
        unsafe { recv(fd, buffer, length, flags) }
    }

    /// recvfrom(2), likewise.
    pub unsafe extern "C" fn __recvfrom_chk(
        fd: c_int,
        buffer: *mut c_void,
        length: size_t,
        room: size_t,
        flags: c_int,
        address: *mut sockaddr,
        address_length: *mut socklen_t,
    ) -> ssize_t {
        refuse_overflow(length, room);
        // SAFETY: handed on to the caller.
        unsafe { recvfrom(fd, buffer, length, flags, address, address_length) }
    }
}
