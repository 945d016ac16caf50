//! `read`, `readv`, `write`, `writev`: in the form for sockets first, because that can be told not to wait.
//!
//! What is no socket is looked at: files are read and written as ever (whoever wants files off the hub's thread has
//! `gfetch::green::fs`), pipes and what can be polled are waited for. Descriptors 1 and 2 are written as ever: std's lock
//! around them knows threads, not greenlets, and a switch inside it would have two of them in there.

mod other;

use std::hint::cold_path;
use std::ptr;

use libc::{c_int, c_void, iovec, msghdr, size_t, ssize_t};

use crate::call::{Side, whole};
use crate::feature::{Feature, is_on};
use crate::socket::iovec::{bytes, given, rest};
use crate::socket::receive::{receive_here, refuse_overflow};
use crate::socket::send::transmit_here;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};
use gfetch::green::interpose::{can_wait, is_on_a_greenlet};

pub(crate) const SYMBOLS: &[Symbol] = &[
    symbol!(read, Socket, SignalSafety::UnlessItWaits),
    symbol!(readv, Socket, SignalSafety::UnlessItWaits),
    symbol!(write, Socket, SignalSafety::UnlessItWaits),
    symbol!(writev, Socket, SignalSafety::UnlessItWaits),
    symbol!(__read_chk, Socket, SignalSafety::UnlessItWaits),
];

/// read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, length: size_t) -> ssize_t {
    // SAFETY: the caller answers for the buffer.
    unsafe {
        if (length > 0) & is_on_a_greenlet() {
            cold_path();
            return read_here(fd, buffer, length);
        }
        tell(plain_read(fd, buffer, length))
    }
}

/// read(2) on a greenlet.
///
/// # Safety
/// `buffer` has room for `length` bytes.
#[inline(never)]
unsafe extern "C" fn read_here(fd: c_int, buffer: *mut c_void, length: size_t) -> ssize_t {
    // SAFETY: handed on to the caller.
    let plain = || unsafe { plain_read(fd, buffer, length) };
    if !may_wait() {
        return tell(plain());
    }
    if is_on(Feature::Socket) {
        // SAFETY: as above; nobody asks for the address.
        match unsafe { receive_here(fd, buffer, length, 0, ptr::null_mut(), ptr::null_mut()) } {
            Err(libc::ENOTSOCK) => {}
            told => return tell(told),
        }
    }
    tell(other::read(fd, plain))
}

/// readv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn readv(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: the caller answers for the buffers.
    let plain = || unsafe { sys::call(libc::SYS_readv, [fd as usize, parts as usize, count as usize, 0, 0, 0]) };
    // SAFETY: as above.
    let length = bytes(unsafe { given(parts, count) });
    if length == 0 || !may_wait() {
        return tell(plain());
    }
    if is_on(Feature::Socket) {
        // The kernel writes there what it found.
        let mut message = message(parts, count as usize);
        let arguments = [fd as usize, &raw mut message as usize, libc::MSG_DONTWAIT as usize, 0, 0, 0];
        // SAFETY: a message of the caller's buffers.
        match crate::call::once(fd, Side::Read, || unsafe { sys::call(libc::SYS_recvmsg, arguments) }) {
            Err(libc::ENOTSOCK) => {}
            told => return tell(told),
        }
    }
    tell(other::read(fd, plain))
}

/// write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
    // SAFETY: the caller answers for the bytes.
    unsafe {
        if (length > 0) & is_on_a_greenlet() {
            cold_path();
            return write_here(fd, bytes, length);
        }
        tell(plain_write(fd, bytes, length))
    }
}

/// write(2) on a greenlet.
///
/// # Safety
/// `bytes` are `length`.
#[inline(never)]
unsafe extern "C" fn write_here(fd: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
    // SAFETY: handed on to the caller.
    let plain = |done: usize, most: usize| unsafe { plain_write(fd, bytes.wrapping_byte_add(done), most) };
    if is_standard(fd) || !may_wait() {
        return tell(plain(0, length));
    }
    if is_on(Feature::Socket) {
        // SAFETY: as above; no address.
        match unsafe { transmit_here(fd, bytes, length, 0, ptr::null(), 0) } {
            Err(libc::ENOTSOCK) => {}
            told => return tell(told),
        }
    }
    tell(other::write(fd, length, |done, most| plain(done, most.min(length - done))))
}

/// writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: the caller answers for the buffers.
    let plain = || unsafe { sys::call(libc::SYS_writev, [fd as usize, parts as usize, count as usize, 0, 0, 0]) };
    // SAFETY: as above.
    let given = unsafe { given(parts, count) };
    let length = bytes(given);
    if is_standard(fd) || length == 0 || !may_wait() {
        return tell(plain());
    }
    if is_on(Feature::Socket) {
        let told = whole(fd, Side::Write, length, |done| {
            let left = rest(given, done);
            let message = message(left.as_ptr(), left.len());
            // SAFETY: a message of the caller's buffers.
            unsafe {
                sys::call(
                    libc::SYS_sendmsg,
                    [fd as usize, &raw const message as usize, libc::MSG_DONTWAIT as usize, 0, 0, 0],
                )
            }
        });
        match told {
            Err(libc::ENOTSOCK) => {}
            told => return tell(told),
        }
    }
    tell(other::write(fd, length, |done, most| match (done, most >= length) {
        (0, true) => plain(),
        // A part of the first buffer that has any: a pipe's caller is told how much went only at the end.
        _ => {
            let first = rest(given, done).first().copied();
            let Some(first) = first else { return Ok(0) };
            // SAFETY: bytes of one of the caller's buffers.
            unsafe { plain_write(fd, first.iov_base, first.iov_len.min(most)) }
        }
    }))
}

fn may_wait() -> bool {
    (is_on(Feature::Socket) || is_on(Feature::Os)) && can_wait()
}

fn is_standard(fd: c_int) -> bool {
    fd == libc::STDOUT_FILENO || fd == libc::STDERR_FILENO
}

fn message(parts: *const iovec, count: usize) -> msghdr {
    // SAFETY: zeros are a message without anything.
    let mut message: msghdr = unsafe { std::mem::zeroed() };
    (message.msg_iov, message.msg_iovlen) = (parts.cast_mut(), count as _);
    message
}

/// # Safety
/// `buffer` has room for `length` bytes.
unsafe fn plain_read(fd: c_int, buffer: *mut c_void, length: usize) -> Outcome {
    // SAFETY: handed on to the caller.
    unsafe { sys::call(libc::SYS_read, [fd as usize, buffer as usize, length, 0, 0, 0]) }
}

/// # Safety
/// `bytes` are `length`.
unsafe fn plain_write(fd: c_int, bytes: *const c_void, length: usize) -> Outcome {
    // SAFETY: handed on to the caller.
    unsafe { sys::call(libc::SYS_write, [fd as usize, bytes as usize, length, 0, 0, 0]) }
}

/// read(2) as C code calls it that was compiled with `_FORTIFY_SOURCE` (glibc).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __read_chk(fd: c_int, buffer: *mut c_void, length: size_t, room: size_t) -> ssize_t {
    refuse_overflow(length, room);
    // SAFETY: handed on to the caller.
    unsafe { read(fd, buffer, length) }
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, c_void, iovec, plain_read, plain_write, refuse_overflow, size_t, ssize_t, tell};
    use crate::sys;

    /// read(2).
    pub unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, length: size_t) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { plain_read(fd, buffer, length) })
    }

    /// readv(2).
    pub unsafe extern "C" fn readv(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { sys::call(libc::SYS_readv, [fd as usize, parts as usize, count as usize, 0, 0, 0]) })
    }

    /// write(2).
    pub unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { plain_write(fd, bytes, length) })
    }

    /// writev(2).
    pub unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { sys::call(libc::SYS_writev, [fd as usize, parts as usize, count as usize, 0, 0, 0]) })
    }

    /// read(2), as fortified code calls it.
    pub unsafe extern "C" fn __read_chk(fd: c_int, buffer: *mut c_void, length: size_t, room: size_t) -> ssize_t {
        refuse_overflow(length, room);
        // SAFETY: handed on to the caller.
        unsafe { read(fd, buffer, length) }
    }
}
