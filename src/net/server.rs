//! A server of streams: accepts, and runs a greenlet for each connection, as many at once as its pool has places.
//!
//! ```text
//!   place free? ──► accept ──► spawn handler ──┐
//!        ▲             │ error: pause          │
//!        └─────────────┴───────────────────────┘      (the place is free again when its handler ends)
//! ```

mod datagram;
mod handlers;
mod tls;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

pub use datagram::{DatagramSender, DatagramServer, DatagramServerHandle};
pub use tls::TlsServer;

use handlers::{Handlers, wait_for};

use super::{TcpListener, TcpStream, TlsAcceptor, UnixListener, UnixStream};
use crate::green::{self, Greenlet, Interrupt, Pool};

/// Connections accepted in one go before others run; gevent's `max_accept`.
const MAX_ACCEPTS: u32 = 100;

/// What a [`StreamServer`] takes its connections from.
pub trait Listen: 'static {
    /// A connection.
    type Stream: 'static;
    /// Who is at its other end.
    type Peer: 'static;

    /// Waits for a connection.
    fn accept(&self) -> io::Result<(Self::Stream, Self::Peer)>;

    /// Stops listening: an `accept` that waits fails.
    fn close(&self);
}

impl Listen for TcpListener {
    type Stream = TcpStream;
    type Peer = SocketAddr;

    fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        TcpListener::accept(self)
    }

    fn close(&self) {
        TcpListener::close(self);
    }
}

impl Listen for UnixListener {
    type Stream = UnixStream;
    type Peer = ();

    fn accept(&self) -> io::Result<(UnixStream, ())> {
        Ok((UnixListener::accept(self)?, ()))
    }

    fn close(&self) {
        UnixListener::close(self);
    }
}

/// A server: a greenlet accepts, and each connection has one of its own, in which the handler runs. gevent:
/// `StreamServer`.
///
/// ```
/// use gfetch::{green, net::{StreamServer, TcpListener, TcpStream}};
/// use std::io::{Read, Write};
/// use std::time::Duration;
/// green::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     let address = listener.local_addr().unwrap();
///     let server = StreamServer::new(listener).pool(100).start(|mut stream, _peer| stream.write_all(b"hello"));
///     let mut text = String::new();
///     TcpStream::connect(address).unwrap().read_to_string(&mut text).unwrap();
///     assert_eq!(text, "hello");
///     server.stop(Duration::from_secs(1)).unwrap();
/// });
/// ```
pub struct StreamServer<L: Listen = TcpListener> {
    listener: L,
    pool: Pool,
    max_accept: u32,
}

impl<L: Listen> StreamServer<L> {
    /// A server on `listener`, with no bound on its connections.
    pub fn new(listener: L) -> StreamServer<L> {
        StreamServer { listener, pool: Pool::unbounded(), max_accept: MAX_ACCEPTS }
    }

    /// At most `size` connections at once. While there are so many none is accepted: they wait in the kernel's backlog,
    /// and the first is taken as soon as a handler ends.
    pub fn pool(self, size: usize) -> StreamServer<L> {
        self.in_pool(&Pool::new(size))
    }

    /// Its handlers share the places of `pool` with whoever else spawns there; [`ServerHandle::stop`] ends only the
    /// handlers (gevent's ends all of the pool). gevent: `spawn=pool`.
    pub fn in_pool(mut self, pool: &Pool) -> StreamServer<L> {
        self.pool = pool.clone();
        self
    }

    /// At most so many connections are accepted in one go before others run (100). gevent: `max_accept`.
    pub fn max_accept(mut self, connections: u32) -> StreamServer<L> {
        self.max_accept = connections.max(1);
        self
    }

    /// The listener is shared with other processes or threads: accepts one connection in one go, so that one of them does
    /// not take them all while the others are idle. gevent does so where its environment says multiprocess.
    pub fn shared(self) -> StreamServer<L> {
        self.max_accept(1)
    }

    /// Connections are TLS; set the pool first.
    pub fn tls(self, acceptor: TlsAcceptor) -> TlsServer<L>
    where
        L::Stream: Read + Write,
    {
        TlsServer::new(self, acceptor)
    }

    /// Begins to accept, in a greenlet of its own. `handler` runs once a connection, in a greenlet of its own; what it
    /// returns is dropped, and a panic ends nothing but its connection. It goes on if the handle is dropped.
    pub fn start<R: 'static>(self, handler: impl Fn(L::Stream, L::Peer) -> R + 'static) -> ServerHandle<L> {
        let shared = Rc::new(Shared::new(self));
        let accepting = shared.clone();
        let acceptor = green::spawn(move || accepting.accept_all(&Rc::new(handler)));
        ServerHandle { shared, acceptor }
    }

    /// Accepts in the running greenlet until that fails for good; returns why. Handlers that run then go on.
    pub fn serve_forever<R: 'static>(self, handler: impl Fn(L::Stream, L::Peer) -> R + 'static) -> io::Result<()> {
        Err(Shared::new(self).accept_all(&Rc::new(handler)))
    }
}

/// A running server.
pub struct ServerHandle<L: Listen = TcpListener> {
    shared: Rc<Shared<L>>,
    acceptor: Greenlet<io::Error>,
}

impl<L: Listen> ServerHandle<L> {
    /// Connections whose handler runs now.
    pub fn connections(&self) -> usize {
        self.shared.handlers.running.len()
    }

    /// Accepts that have failed so far, each followed by a pause.
    pub fn failed_accepts(&self) -> u64 {
        self.shared.handlers.failures.get()
    }

    /// Whether it accepts no more: it was stopped, or failed for good. gevent: `closed`.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.get() || self.acceptor.is_done()
    }

    /// Whether all places of its pool are taken, so that it accepts none for now. gevent: `full`.
    pub fn is_full(&self) -> bool {
        self.shared.handlers.pool.is_full()
    }

    /// What it listens on.
    pub fn listener(&self) -> &L {
        &self.shared.listener
    }

    /// Waits until accepting has ended: `Ok` if it was stopped, else why it failed. Tells that once.
    pub fn wait(&self) -> io::Result<()> {
        wait_for(&self.acceptor)
    }

    /// Stops accepting at once and closes the listener, gives the handlers `limit` to finish, and kills those that have
    /// not. Not to be called by a handler, which would wait for itself. gevent: `stop(timeout)`.
    pub fn stop(&self, limit: Duration) -> Result<(), Interrupt> {
        self.shared.close();
        self.shared.handlers.stop(&self.acceptor, limit, || {})
    }
}

struct Shared<L> {
    listener: L,
    max_accept: u32,
    handlers: Handlers,
    closed: Cell<bool>,
}

impl<L: Listen> Shared<L> {
    fn new(server: StreamServer<L>) -> Shared<L> {
        let StreamServer { listener, pool, max_accept } = server;
        Shared { listener, max_accept, handlers: Handlers::new(pool), closed: Cell::new(false) }
    }

    fn close(&self) {
        self.closed.set(true);
        self.listener.close();
    }

    fn accept_all<R: 'static, H: Fn(L::Stream, L::Peer) -> R + 'static>(&self, handler: &Rc<H>) -> io::Error {
        let error = self.handlers.take_all(self.max_accept, |place| {
            let (stream, peer) = self.listener.accept()?;
            let handler = handler.clone();
            self.handlers.spawn(place, move || handler(stream, peer))
        });
        self.close();
        error
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
