//! Sockets: to connect, to accept, to receive and to send.
//!
//! What takes `MSG_DONTWAIT` is attempted with it, so that the descriptor stays as its owner made it; `connect` and
//! `accept`, which do not take it, are told how they go about it in their files.

pub(crate) mod accept;
pub(crate) mod connect;
pub(crate) mod iovec;
pub(crate) mod receive;
mod receive_many;
pub(crate) mod send;
mod send_many;

use libc::{c_int, c_uint, mmsghdr, msghdr};

use crate::call;

/// The functions as the system has them.
pub mod original {
    pub use super::accept::original::*;
    pub use super::connect::original::*;
    pub use super::receive::original::*;
    pub use super::send::original::*;
}

/// Whether the socket is a stream, of which a call may do a part.
fn is_stream(fd: c_int) -> bool {
    let mut kind: c_int = 0;
    call::get_option(fd, libc::SO_TYPE, &mut kind).is_ok() && kind == libc::SOCK_STREAM
}

/// Bytes that a message has room for, or is made of.
///
/// # Safety
/// `message` and its vector are good.
unsafe fn message_bytes(message: *const msghdr) -> usize {
    // SAFETY: handed on to the caller.
    iovec::bytes(unsafe { iovec::of(message) })
}

/// So many messages at most does the kernel take at a time.
fn at_most(count: c_uint) -> usize {
    (count as usize).min(libc::UIO_MAXIOV as usize)
}

/// The `n`th message of a vector.
///
/// # Safety
/// There are more than `n`.
unsafe fn nth(messages: *mut mmsghdr, n: usize) -> *mut mmsghdr {
    // SAFETY: handed on to the caller.
    unsafe { messages.add(n) }
}
