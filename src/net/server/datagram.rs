//! A server of datagrams: receives, and runs a greenlet for each, as many at once as its pool has places.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::handlers::{Handlers, wait_for};
use crate::green::{self, Greenlet, Interrupt, Pool, Semaphore};
use crate::net::UdpSocket;

/// Datagrams received in one go before others run.
const MAX_RECEIVED: u32 = 100;

/// A server: a greenlet receives, and each datagram has one of its own, in which the handler runs. gevent:
/// `DatagramServer`.
///
/// ```
/// use gfetch::{green, net::{DatagramServer, UdpSocket}};
/// use std::time::Duration;
/// green::run(|| {
///     let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     let address = socket.local_addr().unwrap();
///     let server = DatagramServer::new(socket).start(|data, peer, replies| replies.send_to(&data, peer));
///     let client = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     client.send_to(b"hello", address).unwrap();
///     assert_eq!(client.recv(&mut [0; 16]).unwrap().bytes, 5);
///     server.stop(Duration::from_secs(1)).unwrap();
/// });
/// ```
pub struct DatagramServer {
    socket: UdpSocket,
    pool: Pool,
    max_bytes: usize,
}

impl DatagramServer {
    /// A server on `socket`, with no bound on its handlers.
    pub fn new(socket: UdpSocket) -> DatagramServer {
        DatagramServer { socket, pool: Pool::unbounded(), max_bytes: UdpSocket::MAX_DATAGRAM_BYTES }
    }

    /// At most `size` handlers at once. While there are so many nothing is received: datagrams wait in the kernel's
    /// buffer, and are lost when that is full.
    pub fn pool(self, size: usize) -> DatagramServer {
        self.in_pool(&Pool::new(size))
    }

    /// Its handlers share the places of `pool` with whoever else spawns there.
    pub fn in_pool(mut self, pool: &Pool) -> DatagramServer {
        self.pool = pool.clone();
        self
    }

    /// Longer datagrams are dropped and counted (65,507 bytes: none; gevent cuts them at 8,192 and says nothing).
    pub fn max_bytes(mut self, bytes: usize) -> DatagramServer {
        self.max_bytes = bytes;
        self
    }

    /// Begins to receive, in a greenlet of its own. `handler` runs once a datagram, in a greenlet of its own; what it
    /// returns is dropped, and a panic ends nothing but itself.
    pub fn start<R: 'static>(
        self,
        handler: impl Fn(Vec<u8>, SocketAddr, &DatagramSender) -> R + 'static,
    ) -> DatagramServerHandle {
        let sender = DatagramSender { socket: Rc::new(self.socket), turn: Semaphore::new(1) };
        let shared = Rc::new(Shared {
            sender,
            max_bytes: self.max_bytes,
            handlers: Handlers::new(self.pool),
            too_long: Cell::new(0),
        });
        let receiving = shared.clone();
        let receiver = green::spawn(move || receiving.receive_all(&Rc::new(handler)));
        DatagramServerHandle { shared, receiver }
    }
}

/// The sending side of a server's socket; clones are the same. Of several greenlets that send at once each has its turn.
#[derive(Clone)]
pub struct DatagramSender {
    socket: Rc<UdpSocket>,
    turn: Semaphore,
}

impl DatagramSender {
    /// Sends a datagram from the server's address, waiting for its turn and for room. gevent: `DatagramServer.sendto`.
    pub fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let _turn = self.turn.acquire()?;
        self.socket.send_to(bytes, to)
    }

    /// The server's own address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// A running server of datagrams.
pub struct DatagramServerHandle {
    shared: Rc<Shared>,
    receiver: Greenlet<io::Error>,
}

impl DatagramServerHandle {
    /// Handlers that run now.
    pub fn handlers(&self) -> usize {
        self.shared.handlers.running.len()
    }

    /// Receives that have failed so far, each followed by a pause.
    pub fn failed_receives(&self) -> u64 {
        self.shared.handlers.failures.get()
    }

    /// Datagrams that were longer than [`DatagramServer::max_bytes`].
    pub fn too_long(&self) -> u64 {
        self.shared.too_long.get()
    }

    /// For sending from the server's address outside a handler.
    pub fn sender(&self) -> &DatagramSender {
        &self.shared.sender
    }

    /// Whether the socket is closed: by [`stop`](DatagramServerHandle::stop), or because receiving failed for good.
    pub fn is_closed(&self) -> bool {
        self.shared.sender.socket.local_addr().is_err()
    }

    /// Waits until receiving has ended: `Ok` if it was stopped, else why it failed. Tells that once.
    pub fn wait(&self) -> io::Result<()> {
        wait_for(&self.receiver)
    }

    /// Stops receiving at once, gives the handlers `limit` to finish (they can still send), kills those that have not,
    /// and closes the socket. gevent: `stop(timeout)`.
    pub fn stop(&self, limit: Duration) -> Result<(), Interrupt> {
        self.shared.handlers.stop(&self.receiver, limit, || self.shared.sender.socket.close())
    }
}

struct Shared {
    sender: DatagramSender,
    max_bytes: usize,
    handlers: Handlers,
    too_long: Cell<u64>,
}

impl Shared {
    fn receive_all<R: 'static, H: Fn(Vec<u8>, SocketAddr, &DatagramSender) -> R + 'static>(
        &self,
        handler: &Rc<H>,
    ) -> io::Error {
        let mut buffer = vec![0; self.max_bytes];
        let error = self.handlers.take_all(MAX_RECEIVED, |place| {
            let received = self.sender.socket.recv_from(&mut buffer)?;
            if received.is_truncated() {
                self.too_long.set(self.too_long.get() + 1);
                return Ok(());
            }
            let (data, handler, sender) = (buffer[..received.bytes].to_vec(), handler.clone(), self.sender.clone());
            self.handlers.spawn(place, move || handler(data, received.from, &sender))
        });
        self.sender.socket.close();
        error
    }
}
