//! Owns one connection to an origin: its transport, what was read ahead, whether it may carry another exchange.

use std::io::{self, BufRead, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::buffer::Buffer;
use super::pool::Key;
use crate::net::{self, TcpStream, TlsStream, UnixStream};

/// What carries the bytes.
pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
    /// Through a Unix socket, or inside of the TLS of a proxy: rare enough for a pointer to its methods.
    Other(Box<dyn Carrier>),
}

/// A stream that is none of the usual two.
pub(super) trait Carrier: Read + Write {
    /// Waits until there is something to read, an end or an error.
    fn wait(&mut self) -> io::Result<()>;

    /// As [`Transport::has_unread`].
    fn has_unread(&mut self) -> bool;

    /// The version of the TLS that is spoken with the origin.
    fn tls_version(&self) -> Option<&'static str>;

    /// The certificates that the origin showed.
    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        Vec::new()
    }

    /// The protocol that was agreed on for the origin.
    fn alpn(&self) -> Option<&[u8]>;

    /// Says that nothing more will be sent, as [`Transport::say_goodbye`].
    fn say_goodbye(&mut self);

    /// The socket below everything.
    fn socket(&self) -> &dyn Socket;
}

impl Carrier for UnixStream {
    fn wait(&mut self) -> io::Result<()> {
        self.wait_readable()
    }

    fn has_unread(&mut self) -> bool {
        UnixStream::has_unread(self)
    }

    fn tls_version(&self) -> Option<&'static str> {
        None
    }

    fn alpn(&self) -> Option<&[u8]> {
        None
    }

    fn say_goodbye(&mut self) {}

    fn socket(&self) -> &dyn Socket {
        self
    }
}

impl<S: net::Transport + Below> Carrier for TlsStream<S> {
    fn wait(&mut self) -> io::Result<()> {
        self.fill_buf().map(drop)
    }

    fn has_unread(&mut self) -> bool {
        TlsStream::has_unread(self)
    }

    fn tls_version(&self) -> Option<&'static str> {
        Some(self.version())
    }

    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        owned(self.peer_certificates())
    }

    fn alpn(&self) -> Option<&[u8]> {
        TlsStream::alpn(self)
    }

    fn say_goodbye(&mut self) {
        let _ = self.close_notify();
    }

    fn socket(&self) -> &dyn Socket {
        self.transport().below()
    }
}

fn owned<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> Vec<CertificateDer<'static>> {
    certificates.map(|der| CertificateDer::from(der.to_vec())).collect()
}

/// Plain HTTP inside of a proxy's TLS, which is not the origin's.
pub(super) struct InProxyTls(pub TlsStream);

impl Read for InProxyTls {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for InProxyTls {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Carrier for InProxyTls {
    fn wait(&mut self) -> io::Result<()> {
        self.0.wait()
    }

    fn has_unread(&mut self) -> bool {
        self.0.has_unread()
    }

    fn tls_version(&self) -> Option<&'static str> {
        None
    }

    fn alpn(&self) -> Option<&[u8]> {
        None
    }

    fn say_goodbye(&mut self) {
        self.0.say_goodbye();
    }

    fn socket(&self) -> &dyn Socket {
        self.0.transport()
    }
}

/// A socket, of whatever family.
pub(super) trait Socket: AsRawFd {
    /// How long a write may wait; zero: not at all.
    fn set_write_timeout(&self, limit: Option<Duration>);

    /// As [`Transport::poll_from_now`].
    fn poll_from_now(&self);

    /// As [`Transport::wait_for_polled`].
    fn wait_for_polled(&self, wait: &mut dyn FnMut());

    /// Our end's address; none for a Unix socket.
    fn local(&self) -> Option<SocketAddr>;
}

impl Socket for TcpStream {
    fn set_write_timeout(&self, limit: Option<Duration>) {
        TcpStream::set_write_timeout(self, limit);
    }

    fn poll_from_now(&self) {
        TcpStream::poll_from_now(self);
    }

    fn wait_for_polled(&self, wait: &mut dyn FnMut()) {
        let _ = TcpStream::wait_for_polled(self, wait);
    }

    fn local(&self) -> Option<SocketAddr> {
        self.local_addr().ok()
    }
}

impl Socket for UnixStream {
    fn set_write_timeout(&self, limit: Option<Duration>) {
        UnixStream::set_write_timeout(self, limit);
    }

    fn poll_from_now(&self) {
        UnixStream::poll_from_now(self);
    }

    fn wait_for_polled(&self, wait: &mut dyn FnMut()) {
        let _ = UnixStream::wait_for_polled(self, wait);
    }

    fn local(&self) -> Option<SocketAddr> {
        None
    }
}

/// What carries TLS has a socket at its bottom.
pub(super) trait Below {
    fn below(&self) -> &dyn Socket;
}

impl Below for TcpStream {
    fn below(&self) -> &dyn Socket {
        self
    }
}

impl Below for UnixStream {
    fn below(&self) -> &dyn Socket {
        self
    }
}

impl<S: Below + net::Transport> Below for TlsStream<S> {
    fn below(&self) -> &dyn Socket {
        self.transport().below()
    }
}

pub(super) struct Connection {
    /// Where it may be used.
    pub key: Rc<Key>,
    pub transport: Transport,
    pub buffer: Buffer,
    /// Whom it was made to; none for a Unix socket.
    pub remote: Option<SocketAddr>,
    /// Exchanges begun on it.
    pub exchanges: u32,
}

impl Connection {
    pub fn new(key: Rc<Key>, transport: Transport, remote: Option<SocketAddr>) -> Connection {
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
            Transport::Other(stream) => {
                if self.buffer.is_empty() {
                    stream.wait()?;
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
            Transport::Tls(_) | Transport::Other(_) => None,
        }
    }

    /// The protocol agreed on by ALPN, if one was.
    pub fn alpn(&self) -> Option<&[u8]> {
        match &self.transport {
            Transport::Plain(_) => None,
            Transport::Tls(stream) => stream.alpn(),
            Transport::Other(stream) => stream.alpn(),
        }
    }

    pub fn tls_version(&self) -> Option<&'static str> {
        match &self.transport {
            Transport::Plain(_) => None,
            Transport::Tls(stream) => Some(stream.version()),
            Transport::Other(stream) => stream.tls_version(),
        }
    }

    /// The certificates that the origin showed, its own first.
    pub fn certificates(&self) -> Vec<CertificateDer<'static>> {
        match &self.transport {
            Transport::Plain(_) => Vec::new(),
            Transport::Tls(stream) => owned(stream.peer_certificates()),
            Transport::Other(stream) => stream.certificates(),
        }
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.transport {
            Transport::Plain(stream) => stream.write_all(bytes),
            Transport::Tls(stream) => {
                stream.write_all(bytes)?;
                stream.flush()
            }
            Transport::Other(stream) => {
                stream.write_all(bytes)?;
                stream.flush()
            }
        }
    }
}

impl Transport {
    /// The socket below everything.
    pub fn socket(&self) -> &dyn Socket {
        match self {
            Transport::Plain(stream) => stream,
            Transport::Tls(stream) => stream.transport(),
            Transport::Other(stream) => stream.socket(),
        }
    }

    /// From here on reads and writes never wait or switch: for the polls of futures.
    pub fn poll_from_now(&self) {
        self.socket().poll_from_now();
    }

    /// Calls `wait`, one wait of the running greenlet, which also ends when a read or write that had to be put off may be
    /// done now. Does not call it if that is so already.
    pub fn wait_for_polled<T>(&self, wait: impl FnOnce() -> T) -> Option<T> {
        let (mut wait, mut waited) = (Some(wait), None);
        self.socket().wait_for_polled(&mut || waited = wait.take().map(|wait| wait()));
        waited
    }

    pub fn fd(&self) -> RawFd {
        self.socket().as_raw_fd()
    }

    /// Says that nothing more will be sent, where the transport has a word for that, and if it takes that now.
    pub fn say_goodbye(&mut self) {
        match self {
            Transport::Plain(_) => {}
            Transport::Tls(stream) => drop(stream.close_notify()),
            Transport::Other(stream) => stream.say_goodbye(),
        }
    }

    /// Whether the peer has said anything that was not read yet, or has gone. Without a system call where nothing came.
    pub fn has_unread(&mut self) -> bool {
        match self {
            Transport::Plain(stream) => stream.may_be_readable() && stream.has_unread(),
            Transport::Tls(stream) => stream.transport().may_be_readable() && stream.has_unread(),
            Transport::Other(stream) => stream.has_unread(),
        }
    }
}

impl Read for Transport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Transport::Plain(stream) => stream.read(buffer),
            Transport::Tls(stream) => stream.read(buffer),
            Transport::Other(stream) => stream.read(buffer),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Transport::Plain(stream) => stream.write(bytes),
            Transport::Tls(stream) => stream.write(bytes),
            Transport::Other(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Transport::Plain(stream) => stream.flush(),
            Transport::Tls(stream) => stream.flush(),
            Transport::Other(stream) => stream.flush(),
        }
    }
}
