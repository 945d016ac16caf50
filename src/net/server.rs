//! A server of streams: accepts, and runs a greenlet for each connection, as many at once as its pool has places.
//!
//! ```text
//!   place free? ──► accept ──► spawn handler ──┐
//!        ▲             │ error: pause          │
//!        └─────────────┴───────────────────────┘      (the place is free again when its handler ends)
//! ```

mod datagram;
mod tls;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

pub use datagram::{DatagramSender, DatagramServer, DatagramServerHandle};
pub use tls::TlsServer;

use super::{TcpListener, TcpStream, TlsAcceptor, UnixListener, UnixStream};
use crate::green::{self, Builder, GetError, Greenlet, Group, Interrupt, Pool};

/// Connections accepted in one go before others run; gevent's `max_accept`.
const MAX_ACCEPTS: u32 = 100;
/// The pause after a failed accept doubles from here, as in gevent: what is short (descriptors, memory) comes back when
/// connections end.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// And up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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
    pool: Option<Pool>,
    max_accept: u32,
}

impl<L: Listen> StreamServer<L> {
    /// A server on `listener`, with no bound on its connections.
    pub fn new(listener: L) -> StreamServer<L> {
        StreamServer { listener, pool: None, max_accept: MAX_ACCEPTS }
    }

    /// At most `size` connections at once. While there are so many none is accepted: they wait in the kernel's backlog,
    /// and the first is taken as soon as a handler ends.
    pub fn pool(self, size: usize) -> StreamServer<L> {
        self.in_pool(&Pool::new(size))
    }

    /// Its handlers share the places of `pool` with whoever else spawns there; [`ServerHandle::stop`] ends only the
    /// handlers (gevent's ends all of the pool). gevent: `spawn=pool`.
    pub fn in_pool(mut self, pool: &Pool) -> StreamServer<L> {
        self.pool = Some(pool.clone());
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
        self.shared.handlers.len()
    }

    /// Accepts that have failed so far, each followed by a pause.
    pub fn failed_accepts(&self) -> u64 {
        self.shared.failed_accepts.get()
    }

    /// Whether it accepts no more: it was stopped, or failed for good. gevent: `closed`.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.get() || self.acceptor.is_done()
    }

    /// Whether all places of its pool are taken, so that it accepts none for now. gevent: `full`.
    pub fn is_full(&self) -> bool {
        self.shared.pool.as_ref().is_some_and(|pool| pool.free() == 0)
    }

    /// What it listens on.
    pub fn listener(&self) -> &L {
        &self.shared.listener
    }

    /// Waits until accepting has ended: `Ok` if it was stopped, else why it failed. Tells that once.
    pub fn wait(&self) -> io::Result<()> {
        match self.acceptor.get() {
            Ok(error) => Err(error),
            Err(GetError::Killed | GetError::Taken) => Ok(()),
            Err(GetError::Interrupted(interrupt)) => Err(interrupt.into()),
            Err(error @ GetError::Panicked(_)) => Err(io::Error::other(error.to_string())),
        }
    }

    /// Stops accepting at once and closes the listener, gives the handlers `limit` to finish, and kills those that have
    /// not. Not to be called by a handler, which would wait for itself. gevent: `stop(timeout)`.
    pub fn stop(&self, limit: Duration) -> Result<(), Interrupt> {
        self.shared.close();
        let waited = self.acceptor.kill().and_then(|()| self.shared.handlers.join_timeout(limit));
        self.shared.handlers.kill_nowait();
        waited?;
        self.shared.handlers.kill()
    }
}

struct Shared<L> {
    listener: L,
    pool: Option<Pool>,
    max_accept: u32,
    handlers: Group,
    failed_accepts: Cell<u64>,
    closed: Cell<bool>,
}

impl<L: Listen> Shared<L> {
    fn new(server: StreamServer<L>) -> Shared<L> {
        let StreamServer { listener, pool, max_accept } = server;
        let (handlers, failed_accepts, closed) = (Group::new(), Cell::new(0), Cell::new(false));
        Shared { listener, pool, max_accept, handlers, failed_accepts, closed }
    }

    fn close(&self) {
        self.closed.set(true);
        self.listener.close();
    }

    fn accept_all<R: 'static, H: Fn(L::Stream, L::Peer) -> R + 'static>(&self, handler: &Rc<H>) -> io::Error {
        let (mut accepts, mut back_off) = (0_u32, BackOff::default());
        loop {
            let waited = match self.accept_one(handler) {
                Ok(()) => {
                    (accepts, back_off) = (accepts.wrapping_add(1), BackOff::default());
                    if accepts.is_multiple_of(self.max_accept) { green::yield_now() } else { Ok(()) }
                }
                Err(error) if is_final(&error) => {
                    self.close();
                    return error;
                }
                Err(_) => {
                    self.failed_accepts.set(self.failed_accepts.get() + 1);
                    green::sleep(back_off.next())
                }
            };
            if let Err(interrupt) = waited {
                return interrupt.into();
            }
        }
    }

    /// First a place, then a connection: one that nobody has a place for stays in the backlog.
    fn accept_one<R: 'static, H: Fn(L::Stream, L::Peer) -> R + 'static>(&self, handler: &Rc<H>) -> io::Result<()> {
        let place = self.pool.as_ref().map(Pool::reserve).transpose()?;
        let (stream, peer) = self.listener.accept()?;
        let handler = handler.clone();
        let run = move || {
            let _place = place;
            handler(stream, peer)
        };
        self.handlers.add(&Builder::new().spawn(run)?);
        Ok(())
    }
}

/// The pauses after failures in a row.
struct BackOff(Duration);

impl Default for BackOff {
    fn default() -> BackOff {
        BackOff(FIRST_PAUSE)
    }
}

impl BackOff {
    fn next(&mut self) -> Duration {
        let doubled = (self.0 * 2).min(LONGEST_PAUSE);
        std::mem::replace(&mut self.0, doubled)
    }
}

/// Whether accepting can never succeed again: the listener is closed or none, or a scope around the server has run out.
/// Everything else (descriptors, memory, a connection that died while it waited, a network that is down) passes.
fn is_final(error: &io::Error) -> bool {
    let closed_here = error.kind() == io::ErrorKind::NotConnected && error.raw_os_error().is_none();
    let no_listener = matches!(error.raw_os_error(), Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK | libc::EFAULT));
    closed_here || no_listener || Interrupt::of(error).is_some()
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
