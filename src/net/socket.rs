//! What all stream sockets share: connect, accept, read, write, discard, on a watched descriptor.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

use socket2::{SockAddr, Socket};

use crate::green::{Limit, Watched};

/// Connects a non-blocking socket, waiting until the peer has answered, or fails with `TimedOut` when `limit` passes
/// first. An interrupted wait drops the socket, which closes it.
pub(super) fn connect(socket: Socket, address: &SockAddr, limit: impl Into<Limit>) -> io::Result<Watched<Socket>> {
    let done = match socket.connect(address) {
        Ok(()) => true,
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => false,
        Err(error) => return Err(error),
    };
    let socket = if done { Watched::new(socket)? } else { Watched::connecting(socket)? };
    if !done {
        let answered = is_loopback(address) && socket.source()?.peer_addr().is_ok();
        if answered {
            socket.found_writable();
        }
        if socket.wait_writable(limit)?.is_none() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the peer has not answered in time"));
        }
        if !answered && let Some(error) = socket.source()?.take_error()? {
            return Err(error);
        }
    }
    Ok(socket)
}

/// Where the kernel shakes hands with itself, inside of the call: going round by the poller to hear of it would only cost
/// a switch, and of ten thousand greenlets each finds its stack gone from the cache.
fn is_loopback(address: &SockAddr) -> bool {
    address.as_socket().is_some_and(|address| address.ip().is_loopback())
}

/// Waits for a connection; `Ok(None)` when `limit` passes first.
pub(super) fn accept(socket: &Watched<Socket>, limit: impl Into<Limit>) -> io::Result<Option<(Socket, SockAddr)>> {
    socket.read(limit, accept_now)
}

/// A connection that is there already, or `WouldBlock`.
pub(super) fn try_accept(socket: &Watched<Socket>) -> io::Result<(Socket, SockAddr)> {
    socket.try_read(accept_now)
}

fn accept_now(socket: &Socket) -> io::Result<(Socket, SockAddr)> {
    let (accepted, peer) = socket.accept()?;
    accepted.set_nonblocking(true)?;
    Ok((accepted, peer))
}

/// Reads once, waiting for something; `Ok(None)` when `limit` passes first. A short read means that nothing is left.
pub(super) fn read(socket: &Watched<Socket>, buffer: &mut [u8], limit: impl Into<Limit>) -> io::Result<Option<usize>> {
    let length = buffer.len();
    let read = socket.read(limit, |socket| receive(socket, buffer))?;
    if read.is_some_and(|read| 0 < read && read < length) {
        socket.drained();
    }
    Ok(read)
}

/// Reads once, or says `WouldBlock`.
pub(super) fn try_read(socket: &Watched<Socket>, buffer: &mut [u8]) -> io::Result<usize> {
    socket.try_read(|socket| receive(socket, buffer))
}

/// Reads once in the poll of a future: never switches. A short read means that nothing is left.
pub(super) fn read_in_poll(socket: &Watched<Socket>, buffer: &mut [u8]) -> io::Result<usize> {
    let length = buffer.len();
    let read = socket.read_in_poll(|socket| receive(socket, buffer))?;
    if 0 < read && read < length {
        socket.drained();
    }
    Ok(read)
}

/// Writes once in the poll of a future: never switches.
pub(super) fn write_in_poll(socket: &Watched<Socket>, bytes: &[u8]) -> io::Result<usize> {
    socket.write_in_poll(|socket| socket.send_with_flags(bytes, libc::MSG_NOSIGNAL))
}

fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: `recv` only ever writes initialised bytes, so viewing initialised memory as maybe-uninitialised is
    // sound: nothing uninitialised can be left in it.
    let buffer = unsafe { &mut *(&raw mut *buffer as *mut [MaybeUninit<u8>]) };
    socket.recv(buffer)
}

/// Writes once, waiting for room; `Ok(None)` when `limit` passes first.
pub(super) fn write(socket: &Watched<Socket>, bytes: &[u8], limit: impl Into<Limit>) -> io::Result<Option<usize>> {
    socket.write(limit, |socket| socket.send_with_flags(bytes, libc::MSG_NOSIGNAL))
}

/// Writes once, or says `WouldBlock`.
pub(super) fn try_write(socket: &Watched<Socket>, bytes: &[u8]) -> io::Result<usize> {
    socket.try_write(|socket| socket.send_with_flags(bytes, libc::MSG_NOSIGNAL))
}

/// Drops up to `most` bytes of a TCP stream in the kernel.
pub(super) fn discard(socket: &Watched<Socket>, most: usize) -> io::Result<usize> {
    let dropped = socket.read(None, |socket| {
        // SAFETY: with MSG_TRUNC on a TCP socket Linux drops up to `most` bytes and writes nothing to the (null) buffer.
        let dropped = unsafe { libc::recv(socket.as_raw_fd(), std::ptr::null_mut(), most, libc::MSG_TRUNC) };
        if dropped < 0 { Err(io::Error::last_os_error()) } else { Ok(dropped as usize) }
    })?;
    let dropped = dropped.unwrap_or(0);
    if 0 < dropped && dropped < most {
        socket.drained();
    }
    Ok(dropped)
}

/// Whether this process, or the system, has no descriptor left (`EMFILE`, `ENFILE`): wait and try again.
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}
