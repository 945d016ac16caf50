//! Accepts connections and serves each in a greenlet of its own.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::connection::serve_connection;
use super::exchange::Exchange;
use super::limits::ServerLimits;
use crate::green::{self, Greenlet, Group, Interrupt};
use crate::net::TcpListener;

/// The pause after an accept that failed: descriptors or memory are short, and come back when connections end.
const PAUSE: Duration = Duration::from_millis(20);

/// Begins to serve what `listener` accepts with `handler`, in greenlets of its own; it goes on if the [`Server`] is dropped.
pub fn start<H>(listener: TcpListener, limits: ServerLimits, handler: H) -> Server
where
    H: Fn(&mut Exchange<'_>) -> io::Result<()> + 'static,
{
    let connections = Group::new();
    let (listener, handler) = (Rc::new(listener), Rc::new(handler));
    let acceptor = green::spawn({
        let (listener, connections) = (listener.clone(), connections.clone());
        move || accept_all(&listener, &connections, &handler, limits)
    });
    Server { listener, acceptor, connections }
}

/// A running server.
pub struct Server {
    listener: Rc<TcpListener>,
    acceptor: Greenlet<io::Error>,
    connections: Group,
}

impl Server {
    /// The address it listens on.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Stops accepting at once, gives the connections `limit` to end (idle ones do not end by themselves), and kills those
    /// that have not.
    pub fn stop(&self, limit: Duration) -> Result<(), Interrupt> {
        self.acceptor.kill()?;
        self.listener.close();
        self.connections.join_timeout(limit)?;
        self.connections.kill()
    }
}

fn accept_all<H>(listener: &TcpListener, connections: &Group, handler: &Rc<H>, limits: ServerLimits) -> io::Error
where
    H: Fn(&mut Exchange<'_>) -> io::Result<()> + 'static,
{
    loop {
        match listener.accept() {
            Ok((stream, peer)) => {
                let handler = handler.clone();
                connections.spawn(move || serve_connection(stream, peer, &*handler, &limits));
            }
            Err(error) if Interrupt::of(&error).is_some() || error.kind() == io::ErrorKind::NotConnected => {
                return error;
            }
            Err(_) => {
                if let Err(interrupt) = green::sleep(PAUSE) {
                    return interrupt.into();
                }
            }
        }
    }
}
