//! UDP sockets that look blocking and park instead.

use std::io;
use std::net::SocketAddr;

use rustix::net::RecvFlags;
use socket2::{Domain, Protocol, Socket, Type};

use super::datagram::{Datagrams, Received, datagram_methods};
use super::tcp::socket_addr;
use crate::green::Watched;

/// A UDP socket. One greenlet may receive while another sends; a second receiver (or sender) gets `ResourceBusy`.
/// gevent: `socket` of `SOCK_DGRAM`.
///
/// ```
/// use gfetch::{green, net::UdpSocket};
/// green::run(|| {
///     let near = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     let far = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     far.send_to(b"hello", near.local_addr().unwrap()).unwrap();
///     let mut small = [0; 4];
///     let received = near.recv_from(&mut small).unwrap();
///     assert_eq!((&small, received.sent_bytes, received.from), (b"hell", 5, far.local_addr().unwrap()));
///     assert!(received.is_truncated());
/// });
/// ```
pub struct UdpSocket {
    datagrams: Datagrams,
}

datagram_methods!(UdpSocket);

impl UdpSocket {
    /// The largest datagram that IPv4 carries.
    pub const MAX_DATAGRAM_BYTES: usize = 65_507;

    /// Binds; port 0 takes a free one.
    pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
        let kind = Type::DGRAM.nonblocking().cloexec();
        let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::UDP))?;
        socket.bind(&address.into())?;
        Ok(UdpSocket { datagrams: Datagrams::new(Watched::new(socket)?) })
    }

    /// Takes over a socket of std's. It becomes non-blocking, and so do its clones.
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        socket.set_nonblocking(true)?;
        Ok(UdpSocket { datagrams: Datagrams::new(Watched::duplicated(socket.into())?) })
    }

    /// Sends to and receives from `peer` only, from now on; never waits. That nobody is there is told by a later call, as
    /// `ConnectionRefused`.
    pub fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.datagrams.socket.source()?.connect(&peer.into())
    }

    /// Sends a datagram to `to`, waiting for room.
    pub fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.datagrams.send(bytes, Some(&to.into()))
    }

    /// Waits for a datagram, and tells who sent it and whether the buffer was too small for it.
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<Received<SocketAddr>> {
        self.receive(buffer, RecvFlags::empty())
    }

    /// The same, but leaves it to be received.
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<Received<SocketAddr>> {
        self.receive(buffer, RecvFlags::PEEK)
    }

    /// The own address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket_addr(self.datagrams.socket.source()?.local_addr()?)
    }

    /// The connected peer's address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        socket_addr(self.datagrams.socket.source()?.peer_addr()?)
    }

    /// Whether datagrams may go to broadcast addresses; they may not at first.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.datagrams.socket.source()?.set_broadcast(broadcast)
    }

    fn receive(&self, buffer: &mut [u8], flags: RecvFlags) -> io::Result<Received<SocketAddr>> {
        let Received { bytes, sent_bytes, from } = self.datagrams.receive(buffer, flags)?;
        let from = from.ok_or_else(|| io::Error::other("a datagram from nobody"))?;
        Ok(Received { bytes, sent_bytes, from: SocketAddr::try_from(from)? })
    }
}
