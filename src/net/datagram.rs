//! What UDP and Unix datagram sockets have in common: whole messages, sent and received under the socket's own time-outs.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use rustix::net::{RecvFlags, SocketAddrAny, recvfrom};
use socket2::{SockAddr, Socket};

use super::stream::timed_out;
use crate::green::Watched;

/// A datagram that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<A> {
    /// Bytes that are in the buffer.
    pub bytes: usize,
    /// Bytes that were sent: more than `bytes` if the buffer was too small, and then the rest is lost.
    pub sent_bytes: usize,
    /// Who sent it.
    pub from: A,
}

impl<A> Received<A> {
    /// Whether a part was lost because the buffer was too small.
    pub fn is_truncated(&self) -> bool {
        self.bytes < self.sent_bytes
    }
}

/// A datagram socket with the limits of its calls.
pub(super) struct Datagrams {
    pub socket: Watched<Socket>,
    pub read_limit: Cell<Option<Duration>>,
    pub write_limit: Cell<Option<Duration>>,
}

impl Datagrams {
    pub fn new(socket: Watched<Socket>) -> Datagrams {
        Datagrams { socket, read_limit: Cell::new(None), write_limit: Cell::new(None) }
    }

    /// Receives or, with `PEEK`, looks at the next datagram.
    pub fn receive(&self, buffer: &mut [u8], flags: RecvFlags) -> io::Result<Received<Option<SocketAddrAny>>> {
        // TRUNC has the kernel tell the datagram's own length.
        let call = |socket: &Socket| {
            let (bytes, sent_bytes, from) = recvfrom(socket, &mut *buffer, flags | RecvFlags::TRUNC)?;
            Ok(Received { bytes, sent_bytes, from })
        };
        match self.read_limit.get() {
            Some(Duration::ZERO) => self.socket.try_read(call),
            limit => self.socket.read(limit, call)?.ok_or_else(|| timed_out(limit)),
        }
    }

    pub fn send(&self, bytes: &[u8], to: Option<&SockAddr>) -> io::Result<usize> {
        let call = |socket: &Socket| match to {
            Some(to) => socket.send_to_with_flags(bytes, to, libc::MSG_NOSIGNAL),
            None => socket.send_with_flags(bytes, libc::MSG_NOSIGNAL),
        };
        match self.write_limit.get() {
            Some(Duration::ZERO) => self.socket.try_write(call),
            limit => self.socket.write(limit, call)?.ok_or_else(|| timed_out(limit)),
        }
    }
}

/// The methods that each datagram type has, over a field `datagrams` that is a [`Datagrams`].
macro_rules! datagram_methods {
    ($name:ident) => {
        impl $name {
            /// Sends a datagram to the connected peer, waiting for room. A datagram is sent whole or not at all.
            pub fn send(&self, bytes: &[u8]) -> std::io::Result<usize> {
                self.datagrams.send(bytes, None)
            }

            /// Waits for a datagram, from the connected peer if there is one. One of no bytes is a datagram too.
            pub fn recv(&self, buffer: &mut [u8]) -> std::io::Result<super::datagram::Received<()>> {
                let got = self.datagrams.receive(buffer, rustix::net::RecvFlags::empty())?;
                Ok(super::datagram::Received { bytes: got.bytes, sent_bytes: got.sent_bytes, from: () })
            }

            /// Waits for a datagram and copies it, leaving it to be received.
            pub fn peek(&self, buffer: &mut [u8]) -> std::io::Result<super::datagram::Received<()>> {
                let got = self.datagrams.receive(buffer, rustix::net::RecvFlags::PEEK)?;
                Ok(super::datagram::Received { bytes: got.bytes, sent_bytes: got.sent_bytes, from: () })
            }

            /// How long receiving (and peeking) waits from now on, `None` for ever: then the error is `TimedOut`, and with
            /// a limit of zero `WouldBlock`. gevent: `settimeout`.
            pub fn set_read_timeout(&self, limit: Option<std::time::Duration>) {
                self.datagrams.read_limit.set(limit);
            }

            /// The same for sending.
            pub fn set_write_timeout(&self, limit: Option<std::time::Duration>) {
                self.datagrams.write_limit.set(limit);
            }

            /// What [`set_read_timeout`](Self::set_read_timeout) was given.
            pub fn read_limit(&self) -> Option<std::time::Duration> {
                self.datagrams.read_limit.get()
            }

            /// What [`set_write_timeout`](Self::set_write_timeout) was given.
            pub fn write_limit(&self) -> Option<std::time::Duration> {
                self.datagrams.write_limit.get()
            }

            /// Waits until there is a datagram or an error.
            pub fn wait_readable(&self) -> std::io::Result<()> {
                self.datagrams.socket.wait_readable()
            }

            /// The error that is pending on the socket, which is taken.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.datagrams.socket.source()?.take_error()
            }

            /// Ends one direction or both of a connected socket.
            pub fn shutdown(&self, how: std::net::Shutdown) -> std::io::Result<()> {
                self.datagrams.socket.source()?.shutdown(how)
            }

            /// Closes the socket at once: a greenlet that waits for it gets `NotConnected`.
            pub fn close(&self) {
                self.datagrams.socket.close();
            }
        }

        impl std::os::fd::AsRawFd for $name {
            /// The number while it is open, then -1.
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.datagrams.socket.fd()
            }
        }
    };
}

pub(super) use datagram_methods;
