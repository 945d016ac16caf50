//! TCP: streams and listeners that look blocking and park instead.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::socket;
use crate::green::Watched;

/// A TCP connection. Reads and writes take `&self`, so that one greenlet may read while another writes (share it by
/// `Rc`); a second reader gets `ResourceBusy`. Errors carry [`Interrupt`](crate::green::Interrupt) where a time-out or a
/// deadlock ended the wait. gevent: `socket`.
///
/// ```
/// use gfetch::{green, net::{TcpListener, TcpStream}};
/// use std::io::{Read, Write};
/// green::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     let address = listener.local_addr().unwrap();
///     green::spawn(move || {
///         let (stream, _peer) = listener.accept().unwrap();
///         (&stream).write_all(b"hello").unwrap();
///     });
///     let mut text = String::new();
///     (&TcpStream::connect(address).unwrap()).read_to_string(&mut text).unwrap();
///     assert_eq!(text, "hello");
/// });
/// ```
pub struct TcpStream {
    socket: Watched<Socket>,
}

impl TcpStream {
    /// Connects. Waits until the peer has answered; put a [`timeout`](crate::green::timeout) around it.
    pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        Ok(TcpStream { socket: socket::connect(socket, &address.into())? })
    }

    /// Takes over a connected socket of std's.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        stream.set_nonblocking(true)?;
        Ok(TcpStream { socket: Watched::new(stream.into())? })
    }

    pub(super) fn accepted(socket: Socket) -> io::Result<TcpStream> {
        socket.set_tcp_nodelay(true)?;
        Ok(TcpStream { socket: Watched::new(socket)? })
    }

    /// The peer's address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        socket_addr(self.socket.source()?.peer_addr()?)
    }

    /// The own address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket_addr(self.socket.source()?.local_addr()?)
    }

    /// Ends one direction or both; the peer reads the end after what was written.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.source()?.shutdown(how)
    }

    /// Closes the socket at once: a greenlet that waits for it gets an error.
    pub fn close(&self) {
        self.socket.close();
    }

    /// Reads, waiting for at most `limit`: `Ok(None)` when that passes first.
    pub fn read_timeout(&self, buffer: &mut [u8], limit: Duration) -> io::Result<Option<usize>> {
        socket::read(&self.socket, buffer, Some(limit))
    }

    /// Waits until there may be something to read, an end or an error: without a system call if the poller knows of
    /// something already. For holding no buffer while nothing has come.
    pub fn wait_readable(&self) -> io::Result<()> {
        self.socket.wait_readable()
    }

    /// Whether the peer may have sent or closed since the last short read: on an idle connection that means it is dead,
    /// or has said what nobody asked for. Never switches, and makes no system call.
    pub fn may_be_readable(&self) -> bool {
        self.socket.may_be_readable()
    }

    /// Whether bytes, an end or an error wait to be read: one non-blocking `MSG_PEEK`.
    pub fn has_unread(&self) -> bool {
        let Ok(socket) = self.socket.source() else { return true };
        !matches!(socket.peek(&mut [MaybeUninit::uninit()]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Drops up to `most` bytes in the kernel, uncopied (`MSG_TRUNC`); returns how many, 0 at the end of the stream.
    /// `most` must not be 0. Where the system cannot, they are read and dropped.
    pub fn discard(&self, most: usize) -> io::Result<usize> {
        socket::discard(&self.socket, most)
    }
}

impl Read for &TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(socket::read(&self.socket, buffer, None)?.unwrap_or(0))
    }
}

impl Write for &TcpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::write(&self.socket, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for TcpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A TCP socket that takes connections.
pub struct TcpListener {
    socket: Watched<Socket>,
}

impl TcpListener {
    /// Connections that the kernel keeps until they are accepted.
    pub const BACKLOG: i32 = 1024;

    /// Binds and listens; port 0 takes a free one.
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(TcpListener::BACKLOG)?;
        Ok(TcpListener { socket: Watched::new(socket)? })
    }

    /// Waits for a connection.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (socket, peer) = socket::accept(&self.socket)?;
        Ok((TcpStream::accepted(socket)?, socket_addr(peer)?))
    }

    /// The own address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket_addr(self.socket.source()?.local_addr()?)
    }

    /// Closes the socket at once: a greenlet that waits for it gets an error.
    pub fn close(&self) {
        self.socket.close();
    }
}

fn socket_addr(address: SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or_else(|| io::Error::other("not an internet address"))
}
