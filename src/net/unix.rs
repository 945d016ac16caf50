//! Unix-domain streams and listeners that look blocking and park instead.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};

use super::socket;
use crate::green::Watched;

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
    socket: Watched<Socket>,
}

impl UnixStream {
    /// Connects to the socket at `path`.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        Ok(UnixStream { socket: socket::connect(socket, &SockAddr::unix(path)?)? })
    }

    /// Two ends, connected to each other. gevent: `socketpair`.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (a, b) = Socket::pair(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        Ok((UnixStream { socket: Watched::new(a)? }, UnixStream { socket: Watched::new(b)? }))
    }

    /// Ends one direction or both.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.source()?.shutdown(how)
    }

    /// Closes the socket at once: a greenlet that waits for it gets an error.
    pub fn close(&self) {
        self.socket.close();
    }
}

impl Read for &UnixStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(socket::read(&self.socket, buffer, None)?.unwrap_or(0))
    }
}

impl Write for &UnixStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::write(&self.socket, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for UnixStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for UnixStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A Unix-domain socket that takes connections.
pub struct UnixListener {
    socket: Watched<Socket>,
}

impl UnixListener {
    /// Binds to `path`, which must not exist, and listens.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        socket.listen(super::TcpListener::BACKLOG)?;
        Ok(UnixListener { socket: Watched::new(socket)? })
    }

    /// Waits for a connection.
    pub fn accept(&self) -> io::Result<UnixStream> {
        let (socket, _peer) = socket::accept(&self.socket)?;
        Ok(UnixStream { socket: Watched::new(socket)? })
    }

    /// Closes the socket at once: a greenlet that waits for it gets an error.
    pub fn close(&self) {
        self.socket.close();
    }
}
