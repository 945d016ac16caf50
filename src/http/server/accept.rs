//! A server that stands: a [`StreamServer`] whose handler is the HTTP of a connection, with TLS if wanted.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::connection::serve_in;
use super::exchange::Exchange;
use super::house::{Access, House};
use super::limits::ServerLimits;
use super::wire::{ServedStream, within};
use crate::green::{Alarm, Interrupt};
use crate::net::{Listen, ServerHandle, StreamServer, TcpListener, TlsAcceptor, UnixListener};

/// Begins to serve what `listener` accepts, each connection in a greenlet of its own: a [`HttpServer`] with nothing but
/// limits.
pub fn start<H>(listener: TcpListener, limits: ServerLimits, handler: H) -> Server
where
    H: Fn(&mut Exchange<'_>) -> io::Result<()> + 'static,
{
    HttpServer::new(listener).limits(limits).start(handler)
}

/// What a [`HttpServer`] can take its connections from.
pub trait HttpListen: Listen<Stream: ServedStream> {
    /// The own address, where there is one.
    fn address(&self) -> Option<SocketAddr> {
        None
    }

    /// The peer's address, where there is one.
    fn address_of(_peer: &Self::Peer) -> Option<SocketAddr> {
        None
    }
}

impl HttpListen for TcpListener {
    fn address(&self) -> Option<SocketAddr> {
        self.local_addr().ok()
    }

    fn address_of(peer: &SocketAddr) -> Option<SocketAddr> {
        Some(*peer)
    }
}

impl HttpListen for UnixListener {}

/// A server to be started. gevent: `pywsgi.WSGIServer`, with `spawn=` as [`pool`](HttpServer::pool), `certfile=` and
/// `keyfile=` as [`tls`](HttpServer::tls) and `log=` as [`log`](HttpServer::log).
///
/// ```
/// use gfetch::http::fields::Fields;
/// use gfetch::http::server::{Exchange, HttpServer};
/// use gfetch::{green, net::{TcpListener, TcpStream}};
/// use std::{cell::RefCell, io::{Read, Write}, rc::Rc, time::Duration};
/// green::run(|| {
///     let lines = Rc::new(RefCell::new(Vec::new()));
///     let log = lines.clone();
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     let server = HttpServer::new(listener)
///         .pool(100)
///         .log(move |access| log.borrow_mut().push(access.to_string()))
///         .start(|exchange: &mut Exchange| exchange.respond(200, &Fields::new(), b"tea\n"));
///     let mut stream = TcpStream::connect(server.local_addr().unwrap()).unwrap();
///     stream.write_all(b"GET /tea HTTP/1.0\r\n\r\n").unwrap();
///     stream.read_to_string(&mut String::new()).unwrap();
///     server.stop(Duration::from_secs(1)).unwrap();
///     assert!(lines.borrow()[0].contains("\"GET /tea HTTP/1.0\" 200 4 "));
/// });
/// ```
pub struct HttpServer<L: HttpListen = TcpListener> {
    address: Option<SocketAddr>,
    streams: StreamServer<L>,
    tls: Option<TlsAcceptor>,
    house: House,
}

impl<L: HttpListen> HttpServer<L> {
    /// A server on `listener`, with the default [`ServerLimits`] and no bound on its connections.
    pub fn new(listener: L) -> HttpServer<L> {
        let address = listener.address();
        HttpServer {
            address,
            streams: StreamServer::new(listener),
            tls: None,
            house: House::new(ServerLimits::default()),
        }
    }

    /// The bounds of each connection.
    pub fn limits(mut self, limits: ServerLimits) -> HttpServer<L> {
        self.house.limits = limits;
        self
    }

    /// At most `size` connections at once; the others wait in the kernel's backlog. An idle connection has a place too,
    /// until [`idle_time`](ServerLimits::idle_time) is over.
    pub fn pool(mut self, size: usize) -> HttpServer<L> {
        self.streams = self.streams.pool(size);
        self
    }

    /// HTTPS. Each connection shakes hands in its own greenlet, within [`handshake_time`](ServerLimits::handshake_time);
    /// one that fails to ends alone.
    pub fn tls(mut self, acceptor: TlsAcceptor) -> HttpServer<L> {
        self.tls = Some(acceptor);
        self
    }

    /// Calls `sink` at the end of each exchange, in the connection's greenlet: also for requests that were refused, and
    /// for those whose handler failed or panicked; not for one that was killed. What it panics with ends its connection.
    pub fn log(mut self, sink: impl Fn(&Access<'_>) + 'static) -> HttpServer<L> {
        self.house.log = Some(Box::new(sink));
        self
    }

    /// Begins to serve, each connection in a greenlet of its own. It goes on if the [`Server`] is dropped.
    pub fn start<H>(self, handler: H) -> Server<L>
    where
        H: Fn(&mut Exchange<'_>) -> io::Result<()> + 'static,
    {
        let HttpServer { address, streams, tls, house } = self;
        let stop = house.stop.clone();
        let serve = move |stream: L::Stream, peer: L::Peer| {
            let peer = L::address_of(&peer);
            match &tls {
                None => serve_in(&house, stream, peer, &handler),
                Some(acceptor) => {
                    let shake_hands = || acceptor.accept(stream).map_err(io::Error::other);
                    let stream = house.stop.guard(|| within(house.limits.handshake_time, shake_hands))??;
                    serve_in(&house, stream, peer, &handler)
                }
            }
        };
        Server { address, stop, handle: streams.start(serve) }
    }
}

/// A running server.
pub struct Server<L: HttpListen = TcpListener> {
    address: Option<SocketAddr>,
    stop: Alarm,
    handle: ServerHandle<L>,
}

impl<L: HttpListen> Server<L> {
    /// The address it listens on.
    ///
    /// # Errors
    /// Where the listener has none, as a Unix one.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address.ok_or_else(|| io::Error::other("the listener has no address"))
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.handle.connections()
    }

    /// Waits until accepting has ended: `Ok` if it was stopped, else why it failed. gevent: `serve_forever`.
    pub fn wait(&self) -> io::Result<()> {
        self.handle.wait()
    }

    /// Stops: accepts nothing more, closes idle connections at once, lets each exchange that runs finish within `grace`
    /// and then closes its connection (its answer says so, unless it has begun), and kills what is left. A request that
    /// has come already is answered. Waits for all that; not to be called by a handler. gevent: `stop(timeout)`, which
    /// knows no idle connections and waits for them too.
    pub fn stop(&self, grace: Duration) -> Result<(), Interrupt> {
        self.stop.set(Duration::ZERO);
        self.handle.stop(grace)
    }
}
