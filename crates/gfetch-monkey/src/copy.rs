//! `sendfile`, `splice`: what `std::io::copy` uses between files, pipes and sockets.
//!
//! The kernel's `sendfile` cannot be told not to wait for the one that receives. So on a greenlet the bytes are read and
//! then sent as by `read` and `send`, and the file's offset is moved by what went. `splice` can be told, once both ends
//! are ready, but for a socket that it sends to: of that the kernel looks at `O_NONBLOCK` alone. A socket that is ready has
//! room for [`libc::PIPE_BUF`] bytes at least, so that more is not asked for at a time.

use std::time::Duration;

use libc::{c_int, c_uint, c_void, loff_t, off_t, size_t, ssize_t};

use crate::call::{Side, Waits, is_blocking, is_file, kind, look, may_wait};
use crate::feature::Feature;
use crate::hub::{self, stopped};
use crate::io::write;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};

pub(crate) const SYMBOLS: &[Symbol] = &[
    symbol!(sendfile, Socket, SignalSafety::UnlessItWaits),
    symbol!(sendfile64, Socket, SignalSafety::UnlessItWaits),
    symbol!(splice, Os, SignalSafety::UnlessItWaits),
];

/// Read and sent at a time, on the greenlet's stack.
const PIECE: usize = 16 << 10;
/// All that there are.
const SPLICE_FLAGS: c_uint = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK | libc::SPLICE_F_MORE | libc::SPLICE_F_GIFT;
/// Before another look at ends that were ready and did not move.
const AFTER_A_RACE: Duration = Duration::from_millis(1);

/// sendfile(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sendfile(out: c_int, file: c_int, offset: *mut off_t, count: size_t) -> ssize_t {
    // SAFETY: the caller answers for the offset.
    unsafe {
        if !may_wait(Feature::Socket) || !is_blocking(out) || is_file(out) {
            return original::sendfile(out, file, offset, count);
        }
        tell(send(out, file, offset, count))
    }
}

/// sendfile(2), under its second name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sendfile64(out: c_int, file: c_int, offset: *mut off_t, count: size_t) -> ssize_t {
    // SAFETY: handed on to the caller.
    unsafe { sendfile(out, file, offset, count) }
}

/// # Safety
/// `offset` is null or the caller's.
unsafe fn send(out: c_int, file: c_int, offset: *mut off_t, count: usize) -> Outcome {
    // SAFETY: null, or the caller's place.
    let mut at = match unsafe { offset.as_ref() } {
        Some(offset) => *offset,
        // So the kernel says it.
        None => seek(file, 0, libc::SEEK_CUR)
            .map_err(|error| if error == libc::ESPIPE { libc::EINVAL } else { error })? as off_t,
    };
    let mut piece = [0_u8; PIECE];
    let mut done = 0;
    let failure = loop {
        let most = PIECE.min(count - done);
        let arguments = [file as usize, piece.as_mut_ptr() as usize, most, at as usize, 0, 0];
        // SAFETY: room for a piece.
        let length = match unsafe { sys::call(libc::SYS_pread64, arguments) } {
            Ok(0) => break None,
            Ok(length) => length,
            Err(error) => break Some(error),
        };
        // SAFETY: so many bytes were read.
        let sent = unsafe { write(out, piece.as_ptr().cast::<c_void>(), length) };
        let Ok(sent) = usize::try_from(sent) else { break Some(sys::errno()) };
        (at, done) = (at + sent as off_t, done + sent);
        if done == count || sent < length {
            break None;
        }
    };
    // SAFETY: null, or the caller's place.
    match unsafe { offset.as_mut() } {
        Some(offset) => *offset = at,
        None => drop(seek(file, at, libc::SEEK_SET)?),
    }
    match failure {
        Some(error) if done == 0 => Err(error),
        _ => Ok(done),
    }
}

fn seek(file: c_int, offset: off_t, from: c_int) -> Outcome {
    // SAFETY: no pointers.
    unsafe { sys::call(libc::SYS_lseek, [file as usize, offset as usize, from as usize, 0, 0, 0]) }
}

/// splice(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn splice(
    from: c_int,
    from_offset: *mut loff_t,
    to: c_int,
    to_offset: *mut loff_t,
    count: size_t,
    flags: c_uint,
) -> ssize_t {
    // SAFETY: the caller answers for the offsets.
    let attempt = |count, flags| unsafe { original_splice(from, from_offset, to, to_offset, count, flags) };
    let is_wrong = count == 0 || flags > SPLICE_FLAGS || [from, to].iter().all(|end| kind(*end) != Some(libc::S_IFIFO));
    if is_wrong || flags & libc::SPLICE_F_NONBLOCK != 0 || !may_wait(Feature::Os) {
        return tell(attempt(count, flags));
    }
    let count = if kind(to) == Some(libc::S_IFSOCK) && is_blocking(to) { count.min(libc::PIPE_BUF) } else { count };
    tell(in_readiness(from, to, || attempt(count, flags | libc::SPLICE_F_NONBLOCK)))
}

/// Attempts once both ends are ready, until something is done.
fn in_readiness(from: c_int, to: c_int, mut attempt: impl FnMut() -> Outcome) -> Outcome {
    let (mut reads, mut writes) = (Waits::begin(from, Side::Read)?, Waits::begin(to, Side::Write)?);
    loop {
        if look(from, libc::POLLIN) == 0 {
            reads.wait()?;
        } else if look(to, libc::POLLOUT) == 0 {
            writes.wait()?;
        } else {
            match attempt() {
                Err(libc::EAGAIN) if is_blocking(from) && is_blocking(to) => {
                    // Ready, and yet not: somebody else was faster, or a pipe has room for less than a page.
                    hub::sleep(AFTER_A_RACE).map_err(stopped)?;
                }
                told => return told,
            }
        }
    }
}

/// # Safety
/// The offsets are null or the caller's.
unsafe fn original_splice(
    from: c_int,
    from_offset: *mut loff_t,
    to: c_int,
    to_offset: *mut loff_t,
    count: usize,
    flags: c_uint,
) -> Outcome {
    let arguments = [from as usize, from_offset as usize, to as usize, to_offset as usize, count, flags as usize];
    // SAFETY: handed on to the caller.
    unsafe { sys::call(libc::SYS_splice, arguments) }
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, c_uint, loff_t, off_t, original_splice, size_t, ssize_t, tell};
    use crate::sys;

    /// sendfile(2).
    pub unsafe extern "C" fn sendfile(out: c_int, file: c_int, offset: *mut off_t, count: size_t) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { sys::call(libc::SYS_sendfile, [out as usize, file as usize, offset as usize, count, 0, 0]) })
    }

    /// sendfile(2), under its second name.
    pub unsafe extern "C" fn sendfile64(out: c_int, file: c_int, offset: *mut off_t, count: size_t) -> ssize_t {
        // SAFETY: handed on to the caller.
        unsafe { sendfile(out, file, offset, count) }
    }

    /// splice(2).
    pub unsafe extern "C" fn splice(
        from: c_int,
        from_offset: *mut loff_t,
        to: c_int,
        to_offset: *mut loff_t,
        count: size_t,
        flags: c_uint,
    ) -> ssize_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { original_splice(from, from_offset, to, to_offset, count, flags) })
    }
}
