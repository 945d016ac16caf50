//! Unix datagram sockets that look blocking and park instead.

use std::io;
use std::path::{Path, PathBuf};

use rustix::net::{RecvFlags, SocketAddrAny, SocketAddrUnix};
use socket2::{Domain, SockAddr, Socket, Type};

use super::datagram::{Datagrams, Received, datagram_methods};
use super::unix::path_of;
use crate::green::Watched;

/// A Unix datagram socket; as [`UdpSocket`](super::UdpSocket), but nothing is lost: who sends waits for room at the
/// receiver.
///
/// ```
/// use gfetch::{green, net::UnixDatagram};
/// green::run(|| {
///     let (near, far) = UnixDatagram::pair().unwrap();
///     near.send(b"hello").unwrap();
///     let mut buffer = [0; 16];
///     assert_eq!(far.recv(&mut buffer).unwrap().bytes, 5);
/// });
/// ```
pub struct UnixDatagram {
    datagrams: Datagrams,
}

datagram_methods!(UnixDatagram);

impl UnixDatagram {
    /// Binds to `path`, which must not exist. The path stays when it is closed.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        let socket = socket()?;
        socket.bind(&SockAddr::unix(path)?)?;
        UnixDatagram::of(socket)
    }

    /// A socket without an address: it can send, and receive once it is connected to by a pair.
    pub fn unbound() -> io::Result<UnixDatagram> {
        UnixDatagram::of(socket()?)
    }

    /// Two sockets, connected to each other. gevent: `socketpair`.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (a, b) = Socket::pair(Domain::UNIX, Type::DGRAM.nonblocking().cloexec(), None)?;
        Ok((UnixDatagram::of(a)?, UnixDatagram::of(b)?))
    }

    /// Sends to and receives from the socket at `path` only, from now on; never waits.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.datagrams.socket.source()?.connect(&SockAddr::unix(path)?)
    }

    /// Sends a datagram to the socket at `path`, waiting for room at its receiver.
    pub fn send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.datagrams.send(bytes, Some(&SockAddr::unix(path)?))
    }

    /// Waits for a datagram, and tells the path that its sender is bound to, if it is to one, and whether the buffer was
    /// too small for it.
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<Received<Option<PathBuf>>> {
        let Received { bytes, sent_bytes, from } = self.datagrams.receive(buffer, RecvFlags::empty())?;
        Ok(Received { bytes, sent_bytes, from: from.and_then(sender) })
    }

    /// The path that it is bound to; `None` if it is to none.
    pub fn local_addr(&self) -> io::Result<Option<PathBuf>> {
        Ok(path_of(&self.datagrams.socket.source()?.local_addr()?))
    }

    /// The path of the connected peer; `None` if it is bound to none.
    pub fn peer_addr(&self) -> io::Result<Option<PathBuf>> {
        Ok(path_of(&self.datagrams.socket.source()?.peer_addr()?))
    }

    fn of(socket: Socket) -> io::Result<UnixDatagram> {
        Ok(UnixDatagram { datagrams: Datagrams::new(Watched::new(socket)?) })
    }
}

fn socket() -> io::Result<Socket> {
    Socket::new(Domain::UNIX, Type::DGRAM.nonblocking().cloexec(), None)
}

fn sender(from: SocketAddrAny) -> Option<PathBuf> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let address = SocketAddrUnix::try_from(from).ok()?;
    let path = address.path()?;
    (!path.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(path.to_bytes())))
}
