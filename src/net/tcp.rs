//! TCP: streams and listeners that look blocking and park instead.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

use super::Binding;
use super::socket;
use super::stream::{Stream, stream_methods};
use crate::green::{Limit, Watched};

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
    stream: Stream,
}

stream_methods!(TcpStream);

impl TcpStream {
    /// Connects. Waits until the peer has answered; put a [`timeout`](crate::green::timeout) around it: an interrupted
    /// connect leaves no socket behind.
    ///
    /// # Errors
    /// Also `ConnectionRefused` where the kernel connected the socket to itself (see the source), which no server did.
    pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::dial(address, Limit::NEVER, |_| Ok(()))
    }

    /// The same for at most `limit`: then the error is `TimedOut`.
    pub fn connect_timeout(address: SocketAddr, limit: impl Into<Limit>) -> io::Result<TcpStream> {
        TcpStream::dial(address, limit.into(), |_| Ok(()))
    }

    /// Connects from an own address, port 0 for a free one. gevent: `create_connection(source_address=...)`.
    pub fn connect_from(own: SocketAddr, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::dial(address, Limit::NEVER, |socket| {
            socket.set_reuse_address(true)?;
            socket.bind(&own.into())
        })
    }

    /// Connects from where `binding` says. An error of that holds a [`BindError`](super::BindError).
    pub fn connect_bound(binding: &Binding, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::dial(address, Limit::NEVER, |socket| binding.bind(socket, address))
    }

    fn dial(address: SocketAddr, limit: Limit, bind: impl FnOnce(&Socket) -> io::Result<()>) -> io::Result<TcpStream> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        bind(&socket)?;
        let stream = TcpStream { stream: Stream::new(socket::connect(socket, &address.into(), limit)?) };
        stream.refuse_itself(address)?;
        Ok(stream)
    }

    /// On loopback the kernel may give a socket the very port that it connects to, and TCP then connects it to itself,
    /// though nobody listens there: met once in some ten thousand tries of a port that is refused.
    pub(super) fn refuse_itself(&self, address: SocketAddr) -> io::Result<()> {
        let own = address.ip().is_loopback() && self.local_addr()? == address;
        if own { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(()) }
    }

    /// Takes over a connected socket of std's. It becomes non-blocking, and so do its clones.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        stream.set_nonblocking(true)?;
        Ok(TcpStream { stream: Stream::new(Watched::duplicated(stream.into())?) })
    }

    pub(super) fn accepted(socket: Socket) -> io::Result<TcpStream> {
        socket.set_tcp_nodelay(true)?;
        Ok(TcpStream { stream: Stream::new(Watched::new(socket)?) })
    }

    /// The peer's address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        socket_addr(self.stream.socket.source()?.peer_addr()?)
    }

    /// The own address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket_addr(self.stream.socket.source()?.local_addr()?)
    }

    /// Whether small writes are sent at once; they are (`TCP_NODELAY`) unless this is called with false.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.stream.socket.source()?.set_tcp_nodelay(nodelay)
    }

    /// Has the kernel ask after a silent peer each `interval`; `None` has it not ask (so it is at first).
    pub fn set_keepalive(&self, interval: Option<Duration>) -> io::Result<()> {
        let socket = self.stream.socket.source()?;
        match interval {
            Some(interval) => {
                socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(interval).with_interval(interval))
            }
            None => socket.set_keepalive(false),
        }
    }

    /// With zero, closing drops what is unsent and resets the connection (`SO_LINGER`). Longer ones would block the
    /// thread at the close, and are refused.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        if linger.is_some_and(|linger| !linger.is_zero()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a close that lingers would block the thread"));
        }
        self.stream.socket.source()?.set_linger(linger)
    }

    /// Whether the peer may have sent or closed since the last short read: on an idle connection that means it is dead,
    /// or has said what nobody asked for. Never switches, and makes no system call.
    pub fn may_be_readable(&self) -> bool {
        self.stream.socket.may_be_readable()
    }

    /// Drops up to `most` bytes in the kernel, uncopied (`MSG_TRUNC`); returns how many, 0 at the end of the stream.
    /// `most` must not be 0. Where the system cannot, they are read and dropped.
    pub fn discard(&self, most: usize) -> io::Result<usize> {
        socket::discard(&self.stream.socket, most)
    }
}

/// A TCP socket that takes connections.
pub struct TcpListener {
    socket: Watched<Socket>,
}

/// How a [`TcpListener`] is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// Connections that the kernel keeps until they are accepted.
    pub backlog: i32,
    /// Other sockets of this user may listen to the same port, and the kernel shares the connections out (`SO_REUSEPORT`):
    /// one per thread or process.
    pub reuse_port: bool,
}

impl Default for ListenOptions {
    fn default() -> ListenOptions {
        ListenOptions { backlog: TcpListener::BACKLOG, reuse_port: false }
    }
}

impl TcpListener {
    /// Connections that the kernel keeps until they are accepted.
    pub const BACKLOG: i32 = 1024;

    /// Binds and listens; port 0 takes a free one.
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind_with(address, &ListenOptions::default())
    }

    /// The same with options.
    pub fn bind_with(address: SocketAddr, options: &ListenOptions) -> io::Result<TcpListener> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(options.reuse_port)?;
        socket.bind(&address.into())?;
        socket.listen(options.backlog)?;
        Ok(TcpListener { socket: Watched::new(socket)? })
    }

    /// Takes over a listening socket of std's, such as one that is shared with other processes.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        listener.set_nonblocking(true)?;
        Ok(TcpListener { socket: Watched::duplicated(listener.into())? })
    }

    /// Waits for a connection.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        connection(socket::accept(&self.socket, Limit::NEVER)?.expect("without a limit it waits until it has one"))
    }

    /// The same for at most `limit`: `Ok(None)` when that passes first.
    pub fn accept_timeout(&self, limit: impl Into<Limit>) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        socket::accept(&self.socket, limit)?.map(connection).transpose()
    }

    /// A connection that is there already; `WouldBlock` if none is.
    pub fn try_accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        connection(socket::try_accept(&self.socket)?)
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

impl AsRawFd for TcpListener {
    /// The number while it is open, then -1.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.fd()
    }
}

fn connection((socket, peer): (Socket, SockAddr)) -> io::Result<(TcpStream, SocketAddr)> {
    Ok((TcpStream::accepted(socket)?, socket_addr(peer)?))
}

pub(super) fn socket_addr(address: SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or_else(|| io::Error::other("not an internet address"))
}
