//! A server that stands: a [`StreamServer`] whose handler is the HTTP of a connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::connection::serve_connection;
use super::exchange::Exchange;
use super::limits::ServerLimits;
use crate::green::Interrupt;
use crate::net::{ServerHandle, StreamServer, TcpListener};

/// Begins to serve what `listener` accepts, each connection in a greenlet of its own. It goes on if the [`Server`] is
/// dropped.
///
/// For a bound on connections, for TLS or a Unix socket, put [`serve_connection`] into a [`StreamServer`] yourself.
pub fn start<H>(listener: TcpListener, limits: ServerLimits, handler: H) -> Server
where
    H: Fn(&mut Exchange<'_>) -> io::Result<()> + 'static,
{
    let address = listener.local_addr();
    let serve = move |stream, peer| serve_connection(stream, peer, &handler, &limits);
    Server { address: address.ok(), handle: StreamServer::new(listener).start(serve) }
}

/// A running server.
pub struct Server {
    address: Option<SocketAddr>,
    handle: ServerHandle,
}

impl Server {
    /// The address it listens on.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address.ok_or_else(|| io::Error::other("the listener has no address"))
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.handle.connections()
    }

    /// Stops accepting at once, gives the connections `limit` to end (idle ones do not end by themselves), and kills those
    /// that have not.
    pub fn stop(&self, limit: Duration) -> Result<(), Interrupt> {
        self.handle.stop(limit)
    }
}
