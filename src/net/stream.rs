//! What TCP and Unix streams have in common: reading, writing, their own time-outs, closing.

use std::cell::Cell;
use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use socket2::Socket;

use super::socket;
use crate::green::Watched;

/// A connected stream socket with the limits of its calls.
pub(super) struct Stream {
    pub socket: Watched<Socket>,
    pub read_limit: Cell<Option<Duration>>,
    pub write_limit: Cell<Option<Duration>>,
    pub polled: Cell<Polled>,
}

/// A stream that futures read and write: no call waits or switches, and what could not be done is waited for together.
#[derive(Clone, Copy, Default)]
pub(super) struct Polled {
    is_on: bool,
    /// A read (a write) had to be put off since the last one that was not.
    reading: bool,
    writing: bool,
}

impl Stream {
    pub fn new(socket: Watched<Socket>) -> Stream {
        Stream { socket, read_limit: Cell::new(None), write_limit: Cell::new(None), polled: Cell::default() }
    }

    /// Reads under the socket's own limit.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.read_limit.get() {
            Some(Duration::ZERO) => self.read_at_once(buffer),
            limit => socket::read(&self.socket, buffer, limit)?.ok_or_else(|| timed_out(limit)),
        }
    }

    /// Writes under the socket's own limit.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.write_limit.get() {
            Some(Duration::ZERO) => self.write_at_once(bytes),
            limit => socket::write(&self.socket, bytes, limit)?.ok_or_else(|| timed_out(limit)),
        }
    }

    /// From here on it is for futures: see [`Polled`].
    pub fn poll_from_now(&self) {
        self.read_limit.set(Some(Duration::ZERO));
        self.write_limit.set(Some(Duration::ZERO));
        self.polled.set(Polled { is_on: true, ..Polled::default() });
    }

    /// Calls `wait`, one wait of the running greenlet, which also ends when what had to be put off may be done now. Does
    /// not call it if that is so already.
    pub fn wait_for_polled<T>(&self, wait: impl FnOnce() -> T) -> Option<T> {
        let polled = self.polled.get();
        self.socket.or_ready(polled.reading, polled.writing, wait)
    }

    #[cold]
    fn read_at_once(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let polled = self.polled.get();
        if !polled.is_on {
            return socket::try_read(&self.socket, buffer);
        }
        let read = socket::read_in_poll(&self.socket, buffer);
        self.polled.set(Polled { reading: is_put_off(&read), ..polled });
        read
    }

    #[cold]
    fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize> {
        let polled = self.polled.get();
        if !polled.is_on {
            return socket::try_write(&self.socket, bytes);
        }
        let written = socket::write_in_poll(&self.socket, bytes);
        self.polled.set(Polled { writing: is_put_off(&written), ..polled });
        written
    }

    /// Looks at what is next to be read, under the socket's own limit.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let call = |socket: &Socket| Ok(rustix::net::recv(socket, &mut *buffer, rustix::net::RecvFlags::PEEK)?.0);
        match self.read_limit.get() {
            Some(Duration::ZERO) => self.socket.try_read(call),
            limit => self.socket.read(limit, call)?.ok_or_else(|| timed_out(limit)),
        }
    }

    /// One non-blocking look.
    pub fn has_unread(&self) -> bool {
        let Ok(socket) = self.socket.source() else { return true };
        !matches!(socket.peek(&mut [MaybeUninit::uninit()]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

fn is_put_off(done: &io::Result<usize>) -> bool {
    matches!(done, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// The socket's own limit has passed. No interrupt: the scopes around the call go on.
pub(super) fn timed_out(limit: Option<Duration>) -> io::Error {
    let text = format!("timed out after the socket's own limit of {:?}", limit.unwrap_or_default());
    io::Error::new(io::ErrorKind::TimedOut, text)
}

/// The methods and traits that each stream type has, over a field `stream` that is a [`Stream`].
macro_rules! stream_methods {
    ($name:ident) => {
        impl $name {
            /// Ends one direction or both; the peer reads the end after what was written.
            pub fn shutdown(&self, how: std::net::Shutdown) -> std::io::Result<()> {
                self.stream.socket.source()?.shutdown(how)
            }

            /// Closes the socket at once: a greenlet that waits for it gets `NotConnected`, and so does every later call.
            pub fn close(&self) {
                self.stream.socket.close();
            }

            /// How long each read (and peek) waits from now on, `None` for ever. When it has passed the read fails with
            /// `TimedOut`, which is no [`Interrupt`](crate::green::Interrupt); with a limit of zero it fails with
            /// `WouldBlock` where it would have to wait. Both are gevent's `settimeout`, not std's, which knows no zero and
            /// says `WouldBlock` for both. Nothing is lost: the next read goes on.
            pub fn set_read_timeout(&self, limit: Option<std::time::Duration>) {
                self.stream.read_limit.set(limit);
            }

            /// The same for each write. `write_all` may have written a part when it fails.
            pub fn set_write_timeout(&self, limit: Option<std::time::Duration>) {
                self.stream.write_limit.set(limit);
            }

            /// What [`set_read_timeout`](Self::set_read_timeout) was given.
            pub fn read_limit(&self) -> Option<std::time::Duration> {
                self.stream.read_limit.get()
            }

            /// What [`set_write_timeout`](Self::set_write_timeout) was given.
            pub fn write_limit(&self) -> Option<std::time::Duration> {
                self.stream.write_limit.get()
            }

            /// Reads, waiting for at most `limit`: `Ok(None)` when that passes first.
            pub fn read_timeout(
                &self,
                buffer: &mut [u8],
                limit: impl Into<crate::green::Limit>,
            ) -> std::io::Result<Option<usize>> {
                super::socket::read(&self.stream.socket, buffer, limit)
            }

            /// Writes, waiting for at most `limit`: `Ok(None)` when that passes first.
            pub fn write_timeout(
                &self,
                bytes: &[u8],
                limit: impl Into<crate::green::Limit>,
            ) -> std::io::Result<Option<usize>> {
                super::socket::write(&self.stream.socket, bytes, limit)
            }

            /// Reads what is there; `WouldBlock` if nothing is.
            pub fn try_read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                super::socket::try_read(&self.stream.socket, buffer)
            }

            /// Writes what there is room for; `WouldBlock` if there is none.
            pub fn try_write(&self, bytes: &[u8]) -> std::io::Result<usize> {
                super::socket::try_write(&self.stream.socket, bytes)
            }

            /// Waits for something to read and copies it, leaving it to be read.
            pub fn peek(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.stream.peek(buffer)
            }

            /// Waits until there may be something to read, an end or an error: without a system call if the poller knows
            /// of something already. For holding no buffer while nothing has come.
            pub fn wait_readable(&self) -> std::io::Result<()> {
                self.stream.socket.wait_readable()
            }

            /// Whether bytes, an end or an error wait to be read: one non-blocking `MSG_PEEK`.
            pub fn has_unread(&self) -> bool {
                self.stream.has_unread()
            }

            /// From here on reads and writes never wait or switch: for the polls of futures.
            #[allow(dead_code, reason = "not every kind of stream carries HTTP/2")]
            pub(crate) fn poll_from_now(&self) {
                self.stream.poll_from_now();
            }

            /// Calls `wait`, one wait of the running greenlet, which also ends when a read or write that had to be put off
            /// may be done now. Does not call it if that is so already.
            #[allow(dead_code, reason = "not every kind of stream carries HTTP/2")]
            pub(crate) fn wait_for_polled<T>(&self, wait: impl FnOnce() -> T) -> Option<T> {
                self.stream.wait_for_polled(wait)
            }

            /// The error that is pending on the socket, which is taken.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.stream.socket.source()?.take_error()
            }
        }

        impl std::io::Read for &$name {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.stream.read(buffer)
            }
        }

        impl std::io::Write for &$name {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.stream.write(bytes)
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        impl std::io::Read for $name {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.stream.read(buffer)
            }
        }

        impl std::io::Write for $name {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.stream.write(bytes)
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        impl std::os::fd::AsRawFd for $name {
            /// The number while it is open, then -1. For [`select`](crate::net::select()) and the like; reading from it
            /// directly takes bytes from this stream's readers.
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.stream.socket.fd()
            }
        }
    };
}

pub(super) use stream_methods;
