//! `recv`, `recvfrom`, `recvmsg`, `recvmmsg`.

use std::hint::cold_path;
use std::ptr;

use gfetch::green::interpose::is_on_a_greenlet;
use libc::{c_int, c_void, msghdr, size_t, sockaddr, socklen_t, ssize_t};

use super::{iovec, is_stream, message_bytes};
use crate::call::{Side, may_wait, once, whole};
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
    unsafe { receive(fd, buffer, length, flags, ptr::null_mut(), ptr::null_mut()) }
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
    unsafe { receive(fd, buffer, length, flags, address, address_length) }
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
) -> ssize_t {
    // SAFETY: handed on to the caller.
    unsafe {
        if (flags & NEVER_WAITS == 0) & is_on_a_greenlet() {
            cold_path();
            return tell_receive_here(fd, buffer, length, flags, address, address_length);
        }
        tell(receive_call(fd, buffer, length, flags, address, address_length))
    }
}

/// On a greenlet.
///
/// # Safety
/// The places are good.
#[inline(never)]
unsafe extern "C" fn tell_receive_here(
    fd: c_int,
    buffer: *mut c_void,
    length: size_t,
    flags: c_int,
    address: *mut sockaddr,
    address_length: *mut socklen_t,
) -> ssize_t {
    // SAFETY: handed on to the caller.
    tell(unsafe {
        match may_wait(Feature::Socket) {
            true => receive_here(fd, buffer, length, flags, address, address_length),
            false => receive_call(fd, buffer, length, flags, address, address_length),
        }
    })
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

/// On a greenlet that may wait.
///
/// # Safety
/// The places are good.
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
        if (flags & NEVER_WAITS == 0) & is_on_a_greenlet() {
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
unsafe extern "C" fn receive_message_here(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    // SAFETY: handed on to the caller.
    unsafe {
        if message.is_null() || !may_wait(Feature::Socket) {
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
    let (wanted, asked) = unsafe { (wanted(fd, flags, message_bytes(message)), *message) };
    if wanted == 0 {
        // SAFETY: handed on to the caller.
        return once(fd, Side::Read, || unsafe { message_call(libc::SYS_recvmsg, fd, message, flags_here) });
    }
    whole(fd, Side::Read, wanted, |done| match done {
        // SAFETY: handed on to the caller.
        0 => unsafe { message_call(libc::SYS_recvmsg, fd, message, flags_here) },
        // SAFETY: as above.
        _ => unsafe { receive_rest(fd, message, &asked, done, flags_here) },
    })
}

/// What comes after the first `done` bytes of a message. Descriptors end it, as they do in the kernel.
///
/// # Safety
/// `message` is good, and was as `asked` before the kernel wrote there.
unsafe fn receive_rest(fd: c_int, message: *mut msghdr, asked: &msghdr, done: usize, flags: c_int) -> Outcome {
    // SAFETY: handed on to the caller; the vector of the part lives until the call is over.
    unsafe {
        if has_descriptors(message) {
            return Ok(0);
        }
        let (mut part, _parts) = iovec::rest_of(message, done);
        let has_none = (*message).msg_controllen == 0;
        if has_none {
            (part.msg_control, part.msg_controllen) = (asked.msg_control, asked.msg_controllen);
        }
        let more = message_call(libc::SYS_recvmsg, fd, &raw mut part, flags)?;
        (*message).msg_flags |= part.msg_flags;
        if has_none {
            (*message).msg_controllen = part.msg_controllen;
        }
        Ok(more)
    }
}

/// # Safety
/// The kernel has filled `message`.
unsafe fn has_descriptors(message: *const msghdr) -> bool {
    // SAFETY: handed on to the caller, and null after the last.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while let Some(known) = header.as_ref() {
            if (known.cmsg_level, known.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                return true;
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    false
}

/// `recvmsg` or `sendmsg`, once.
///
/// # Safety
/// `message` is good for that.
pub(super) unsafe fn message_call(number: libc::c_long, fd: c_int, message: *const msghdr, flags: c_int) -> Outcome {
    // SAFETY: handed on to the caller.
    unsafe { sys::call(number, [fd as usize, message as usize, flags as usize, 0, 0, 0]) }
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
