//! Waits for any descriptor: one at a time, without owning it.

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use crate::green::{self, Interest, Ready};

/// Waits until a read of `fd` (a number, or anything that has one) would not block; false when `limit` passes first. With
/// a limit of zero it lets the others run once and then looks. Any number of greenlets may wait for one descriptor, and
/// it may belong to a socket of this module. gevent: `wait_read`.
///
/// # Errors
/// `EBADF` when this is no open descriptor, or is closed by another greenlet meanwhile (gevent hangs then; a close by
/// another OS thread is noticed when this hub next has something to do: [`cancel_wait`] first). `NotConnected` after
/// [`cancel_wait`]. An [`Interrupt`](green::Interrupt) where a time-out ended the wait.
///
/// ```
/// use gfetch::{green, net};
/// use std::time::Duration;
/// let (reader, writer) = std::io::pipe().unwrap();
/// green::run(|| {
///     assert!(!net::wait_readable(&reader, Some(Duration::from_millis(1))).unwrap());
///     std::io::Write::write_all(&mut &writer, b"x").unwrap();
///     assert!(net::wait_readable(&reader, None).unwrap());
/// });
/// ```
pub fn wait_readable(fd: &impl AsRawFd, limit: Option<Duration>) -> io::Result<bool> {
    Ok(wait(fd, Interest::READABLE, limit)?.is_some())
}

/// The same for a write. gevent: `wait_write`.
pub fn wait_writable(fd: &impl AsRawFd, limit: Option<Duration>) -> io::Result<bool> {
    Ok(wait(fd, Interest::WRITABLE, limit)?.is_some())
}

/// Waits for either, and tells which; `None` when `limit` passes first. gevent: `wait_readwrite`.
pub fn wait_readwrite(fd: &impl AsRawFd, limit: Option<Duration>) -> io::Result<Option<Ready>> {
    wait(fd, Interest::READABLE | Interest::WRITABLE, limit)
}

/// Waits for whatever `interest` says; `None` when `limit` passes first.
pub fn wait(fd: &impl AsRawFd, interest: Interest, limit: Option<Duration>) -> io::Result<Option<Ready>> {
    let fd = fd.as_raw_fd();
    match green::wait_raw(&[(fd, interest)], limit)?.remove(&fd) {
        Some(ready) if ready.invalid => Err(io::Error::from_raw_os_error(libc::EBADF)),
        ready => Ok(ready),
    }
}

/// Ends with an error all waits for `fd` by the functions of this file, [`select`](super::select()) and
/// [`Poll`](super::Poll), on this hub: to be called before it is closed. How many there were. A socket of this module is
/// closed by its own `close`, which wakes its readers and writers. gevent: `cancel_wait`.
pub fn cancel_wait(fd: &impl AsRawFd) -> usize {
    green::cancel_raw_waits(fd.as_raw_fd())
}
