//! A server of TLS streams: each connection shakes hands in its own handler's greenlet, within a time.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use super::{Listen, ServerHandle, StreamServer};
use crate::green;
use crate::net::{TlsAcceptor, TlsStream};

/// A client has so long for its handshake, unless the server says otherwise.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// A [`StreamServer`] over TLS; made by [`StreamServer::tls`]. A client that is slow or wrong in its handshake is closed
/// and counted, and delays nobody. gevent: `StreamServer(certfile=..)`.
pub struct TlsServer<L: Listen> {
    pub(super) server: StreamServer<L>,
    acceptor: TlsAcceptor,
    limit: Duration,
    failures: Rc<Cell<u64>>,
}

impl<L: Listen> TlsServer<L>
where
    L::Stream: Read + Write,
{
    pub(super) fn new(server: StreamServer<L>, acceptor: TlsAcceptor) -> TlsServer<L> {
        TlsServer { server, acceptor, limit: HANDSHAKE_LIMIT, failures: Rc::default() }
    }

    /// How long a handshake may take (10 s); it holds a place in the pool meanwhile.
    pub fn handshake_limit(mut self, limit: Duration) -> TlsServer<L> {
        self.limit = limit;
        self
    }

    /// A counter of the handshakes that failed or took too long.
    pub fn failed_handshakes(&self) -> Rc<Cell<u64>> {
        self.failures.clone()
    }

    /// As [`StreamServer::start`]; the handler is called once the hands are shaken.
    pub fn start<R: 'static>(self, handler: impl Fn(TlsStream<L::Stream>, L::Peer) -> R + 'static) -> ServerHandle<L> {
        let (server, handler) = self.with(handler);
        server.start(handler)
    }

    /// As [`StreamServer::serve_forever`].
    pub fn serve_forever<R: 'static>(
        self,
        handler: impl Fn(TlsStream<L::Stream>, L::Peer) -> R + 'static,
    ) -> io::Result<()> {
        let (server, handler) = self.with(handler);
        server.serve_forever(handler)
    }

    fn with<R: 'static>(
        self,
        handler: impl Fn(TlsStream<L::Stream>, L::Peer) -> R + 'static,
    ) -> (StreamServer<L>, impl Fn(L::Stream, L::Peer) -> Option<R> + 'static) {
        let TlsServer { server, acceptor, limit, failures } = self;
        let shake_and_handle = move |stream, peer| match green::timeout(limit, || acceptor.accept(stream)) {
            Ok(Ok(stream)) => Some(handler(stream, peer)),
            _ => {
                failures.set(failures.get() + 1);
                None
            }
        };
        (server, shake_and_handle)
    }
}
