//! Owns one connection to an origin: its transport, what was read ahead, whether it may carry another exchange.

use std::io::{self, BufRead, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;

use super::buffer::Buffer;
use super::pool::Key;
use crate::net::{TcpStream, TlsStream};

/// What carries the bytes.
pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

pub(super) struct Connection {
    /// Where it may be used.
    pub key: Rc<Key>,
    pub transport: Transport,
    pub buffer: Buffer,
    pub remote: SocketAddr,
    /// Exchanges begun on it.
    pub exchanges: u32,
}

impl Connection {
    pub fn new(key: Rc<Key>, transport: Transport, remote: SocketAddr) -> Connection {
        Connection { key, transport, buffer: Buffer::default(), remote, exchanges: 0 }
    }

    /// Reads once into the buffer, holding no memory while nothing has come; 0 at the end of the stream.
    pub fn fill(&mut self) -> io::Result<usize> {
        match &mut self.transport {
            Transport::Plain(stream) => {
                if self.buffer.is_empty() {
                    stream.wait_readable()?;
                }
                self.buffer.fill(stream)
            }
            Transport::Tls(stream) => {
                if self.buffer.is_empty() {
                    // Waits inside of TLS, whose own memory is there anyway.
                    stream.fill_buf()?;
                }
                self.buffer.fill(stream)
            }
        }
    }

    /// Whether an idle connection is still as it was left. Bytes that nobody asked for, a close or an error make it
    /// poison: an unasked answer would be taken for the answer to the next request.
    pub fn is_fresh(&mut self) -> bool {
        self.buffer.is_empty() && !self.transport.has_unread()
    }

    /// The plain socket, where the kernel may drop what it received.
    pub fn plain(&self) -> Option<&TcpStream> {
        match &self.transport {
            Transport::Plain(stream) => Some(stream),
            Transport::Tls(_) => None,
        }
    }

    /// The protocol agreed on by ALPN, if one was.
    pub fn alpn(&self) -> Option<&[u8]> {
        match &self.transport {
            Transport::Plain(_) => None,
            Transport::Tls(stream) => stream.alpn(),
        }
    }

    pub fn tls_version(&self) -> Option<&'static str> {
        match &self.transport {
            Transport::Plain(_) => None,
            Transport::Tls(stream) => Some(stream.version()),
        }
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.transport {
            Transport::Plain(stream) => stream.write_all(bytes),
            Transport::Tls(stream) => {
                stream.write_all(bytes)?;
                stream.flush()
            }
        }
    }
}

impl Transport {
    /// The socket below everything.
    pub fn socket(&self) -> &TcpStream {
        match self {
            Transport::Plain(stream) => stream,
            Transport::Tls(stream) => stream.transport(),
        }
    }

    /// From here on reads and writes never wait or switch: for the polls of futures.
    pub fn poll_from_now(&self) {
        self.socket().poll_from_now();
    }

    /// Calls `wait`, one wait of the running greenlet, which also ends when a read or write that had to be put off may be
    /// done now. Does not call it if that is so already.
    pub fn wait_for_polled<T>(&self, wait: impl FnOnce() -> T) -> Option<T> {
        self.socket().wait_for_polled(wait)
    }

    pub fn fd(&self) -> RawFd {
        self.socket().as_raw_fd()
    }

    /// Says that nothing more will be sent, where the transport has a word for that, and if it takes that now.
    pub fn say_goodbye(&mut self) {
        if let Transport::Tls(stream) = self {
            let _ = stream.close_notify();
        }
    }

    /// Whether the peer has said anything that was not read yet, or has gone. Without a system call where nothing came.
    pub fn has_unread(&mut self) -> bool {
        match self {
            Transport::Plain(stream) => stream.may_be_readable() && stream.has_unread(),
            Transport::Tls(stream) => stream.transport().may_be_readable() && stream.has_unread(),
        }
    }
}

impl Read for Transport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Transport::Plain(stream) => stream.read(buffer),
            Transport::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Transport::Plain(stream) => stream.write(bytes),
            Transport::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Transport::Plain(stream) => stream.flush(),
            Transport::Tls(stream) => stream.flush(),
        }
    }
}
