//! Vectors of buffers, of which a part is done.

use libc::{c_int, c_void, iovec, msghdr};

/// The vector of a message.
///
/// # Safety
/// `message` points to a message whose vector is good for `'a`.
#[allow(clippy::unnecessary_cast, reason = "it is an int in musl")]
pub(super) unsafe fn of<'a>(message: *const msghdr) -> &'a [iovec] {
    // SAFETY: handed on to the caller.
    unsafe { slice((*message).msg_iov, (*message).msg_iovlen as usize) }
}

/// # Safety
/// `parts` points to `count` good ones, or there are none.
pub(crate) unsafe fn slice<'a>(parts: *const iovec, count: usize) -> &'a [iovec] {
    if parts.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: handed on to the caller.
    unsafe { std::slice::from_raw_parts(parts, count) }
}

/// As slice, of what a caller of `readv` gave; no more than the kernel takes.
///
/// # Safety
/// As for [`slice`].
pub(crate) unsafe fn given<'a>(parts: *const iovec, count: c_int) -> &'a [iovec] {
    let count = usize::try_from(count).ok().filter(|count| *count <= libc::UIO_MAXIOV as usize).unwrap_or(0);
    // SAFETY: handed on to the caller.
    unsafe { slice(parts, count) }
}

/// Bytes of all together; too many for a number are refused by the kernel.
pub(crate) fn bytes(parts: &[iovec]) -> usize {
    parts.iter().fold(0, |sum, part| sum.saturating_add(part.iov_len))
}

/// What is left of `parts` once `done` bytes are done.
pub(crate) fn rest(parts: &[iovec], mut done: usize) -> Vec<iovec> {
    let mut left = Vec::with_capacity(parts.len());
    for part in parts {
        let skipped = done.min(part.iov_len);
        done -= skipped;
        if skipped < part.iov_len {
            let base = part.iov_base.wrapping_byte_add(skipped).cast::<c_void>();
            left.push(iovec { iov_base: base, iov_len: part.iov_len - skipped });
        }
    }
    left
}

/// What is left of a message once `done` bytes are done, with the vector that it points to: names and control data went with
/// the first part.
///
/// # Safety
/// As for [`of`].
pub(super) unsafe fn rest_of(message: *const msghdr, done: usize) -> (msghdr, Vec<iovec>) {
    // SAFETY: handed on to the caller.
    let mut parts = rest(unsafe { of(message) }, done);
    // SAFETY: zeros are a message without anything.
    let mut left: msghdr = unsafe { std::mem::zeroed() };
    (left.msg_iov, left.msg_iovlen) = (parts.as_mut_ptr(), parts.len() as _);
    (left, parts)
}
