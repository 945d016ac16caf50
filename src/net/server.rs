//! A server of streams: accepts, and runs a greenlet for each connection, as many at once as its pool has places.
//!
//! ```text
//!   place free? ──► accept ──► spawn handler ──┐
//!        ▲             │ error: pause          │
//!        └─────────────┴───────────────────────┘      (the place is free again when its handler ends)
//! ```

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::{TcpListener, TcpStream, UnixListener, UnixStream};
use crate::green::{self, Builder, GetError, Greenlet, Group, Interrupt, Permit, Semaphore};

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
    places: Option<Semaphore>,
}

impl<L: Listen> StreamServer<L> {
    /// A server on `listener`, with no bound on its connections.
    pub fn new(listener: L) -> StreamServer<L> {
        StreamServer { listener, places: None }
    }

    /// At most `size` connections at once. While there are so many none is accepted: they wait in the kernel's backlog,
    /// and the first is taken as soon as a handler ends.
    pub fn pool(mut self, size: usize) -> StreamServer<L> {
        self.places = Some(Semaphore::new(size));
        self
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
        self.shared.listener.close();
        let waited = self.acceptor.kill().and_then(|()| self.shared.handlers.join_timeout(limit));
        self.shared.handlers.kill_nowait();
        waited?;
        self.shared.handlers.kill()
    }
}

struct Shared<L> {
    listener: L,
    places: Option<Semaphore>,
    handlers: Group,
    failed_accepts: Cell<u64>,
}

impl<L: Listen> Shared<L> {
    fn new(server: StreamServer<L>) -> Shared<L> {
        let StreamServer { listener, places } = server;
        Shared { listener, places, handlers: Group::new(), failed_accepts: Cell::new(0) }
    }

    fn accept_all<R: 'static, H: Fn(L::Stream, L::Peer) -> R + 'static>(&self, handler: &Rc<H>) -> io::Error {
        let (mut accepts, mut pause) = (0, FIRST_PAUSE);
        loop {
            let waited = match self.accept_one(handler) {
                Ok(()) => {
                    (accepts, pause) = (accepts + 1, FIRST_PAUSE);
                    if accepts % MAX_ACCEPTS == 0 { green::yield_now() } else { Ok(()) }
                }
                Err(error) if is_final(&error) => return error,
                Err(_) => {
                    self.failed_accepts.set(self.failed_accepts.get() + 1);
                    let this_pause = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    green::sleep(this_pause)
                }
            };
            if let Err(interrupt) = waited {
                return interrupt.into();
            }
        }
    }

    /// First a place, then a connection: one that nobody has a place for stays in the backlog.
    fn accept_one<R: 'static, H: Fn(L::Stream, L::Peer) -> R + 'static>(&self, handler: &Rc<H>) -> io::Result<()> {
        let place: Option<Permit> = self.places.as_ref().map(Semaphore::acquire).transpose()?;
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
