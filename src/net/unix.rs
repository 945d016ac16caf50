//! Unix-domain streams and listeners that look blocking and park instead.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::socket;
use super::stream::{Stream, stream_methods};
use crate::green::{Limit, Watched};

/// A Unix-domain connection; as [`TcpStream`](super::TcpStream).
///
/// ```
/// use gfetch::{green, net::{UnixListener, UnixStream}};
/// use std::io::{Read, Write};
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("socket");
/// green::run(|| {
///     let listener = UnixListener::bind(&path).unwrap();
///     green::spawn(move || listener.accept().unwrap().write_all(b"hello").unwrap());
///     let mut text = String::new();
///     UnixStream::connect(&path).unwrap().read_to_string(&mut text).unwrap();
///     assert_eq!(text, "hello");
/// });
/// ```
pub struct UnixStream {
    stream: Stream,
}

stream_methods!(UnixStream);

impl UnixStream {
    /// Connects to the socket at `path`. `WouldBlock` if its backlog is full: for Unix sockets the kernel has nothing to
    /// wait for.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        Ok(UnixStream { stream: Stream::new(socket::connect(socket, &SockAddr::unix(path)?, None)?) })
    }

    /// Two ends, connected to each other. gevent: `socketpair`.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (a, b) = Socket::pair(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        Ok((UnixStream::of(a)?, UnixStream::of(b)?))
    }

    /// Takes over a connected socket of std's. It becomes non-blocking, and so do its clones.
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
        stream.set_nonblocking(true)?;
        Ok(UnixStream { stream: Stream::new(Watched::duplicated(stream.into())?) })
    }

    fn of(socket: Socket) -> io::Result<UnixStream> {
        Ok(UnixStream { stream: Stream::new(Watched::new(socket)?) })
    }

    /// The path that the peer is bound to; `None` if it is to none.
    pub fn peer_addr(&self) -> io::Result<Option<PathBuf>> {
        Ok(path_of(&self.stream.socket.source()?.peer_addr()?))
    }

    /// The path that it is bound to; `None` if it is to none.
    pub fn local_addr(&self) -> io::Result<Option<PathBuf>> {
        Ok(path_of(&self.stream.socket.source()?.local_addr()?))
    }
}

/// A Unix-domain socket that takes connections.
pub struct UnixListener {
    socket: Watched<Socket>,
}

impl UnixListener {
    /// Binds to `path`, which must not exist, and listens. The path stays when it is closed.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        socket.listen(super::TcpListener::BACKLOG)?;
        Ok(UnixListener { socket: Watched::new(socket)? })
    }

    /// Waits for a connection.
    pub fn accept(&self) -> io::Result<UnixStream> {
        let accepted = socket::accept(&self.socket, Limit::NEVER)?;
        UnixStream::of(accepted.expect("without a limit it waits until it has one").0)
    }

    /// The same for at most `limit`: `Ok(None)` when that passes first.
    pub fn accept_timeout(&self, limit: impl Into<Limit>) -> io::Result<Option<UnixStream>> {
        socket::accept(&self.socket, limit)?.map(|(socket, _)| UnixStream::of(socket)).transpose()
    }

    /// A connection that is there already; `WouldBlock` if none is.
    pub fn try_accept(&self) -> io::Result<UnixStream> {
        UnixStream::of(socket::try_accept(&self.socket)?.0)
    }

    /// The path that it is bound to.
    pub fn local_addr(&self) -> io::Result<Option<PathBuf>> {
        Ok(path_of(&self.socket.source()?.local_addr()?))
    }

    /// Closes the socket at once: a greenlet that waits for it gets an error.
    pub fn close(&self) {
        self.socket.close();
    }
}

impl AsRawFd for UnixListener {
    /// The number while it is open, then -1.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.fd()
    }
}

pub(super) fn path_of(address: &SockAddr) -> Option<PathBuf> {
    address.as_pathname().map(Path::to_path_buf)
}
