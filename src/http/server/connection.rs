//! A connection's life: one exchange after another until somebody ends it.

use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::exchange::{After, Exchange, apologize};
use super::house::{Begun, House};
use super::limits::ServerLimits;
use super::response::{Asked, Outgoing};
use super::wire::{Next, ServedStream, Wire};
use crate::green;
use crate::http::h1::RequestHead;

/// Serves the requests that come on `stream`, one after another, until the peer closes, an exchange says close, or a limit
/// of time passes. Waits in every way a connection can; it is meant for a greenlet of its own.
///
/// # Errors
/// When the stream fails, or a handler does after its answer has gone out in part. The peer's faults are answered, and
/// `Ok`.
///
/// # Panics
/// With what the handler panicked with, after the answer 500 if there was none yet: a panic is kept by the greenlet.
pub fn serve_connection<S, H>(
    stream: S,
    peer: impl Into<Option<SocketAddr>>,
    handler: &H,
    limits: &ServerLimits,
) -> io::Result<()>
where
    S: ServedStream + 'static,
    H: Fn(&mut Exchange<'_>) -> io::Result<()> + ?Sized,
{
    serve_in(&House::new(*limits), stream, peer.into(), handler)
}

/// The same as one of many.
pub(super) fn serve_in<S, H>(house: &House, stream: S, peer: Option<SocketAddr>, handler: &H) -> io::Result<()>
where
    S: ServedStream + 'static,
    H: Fn(&mut Exchange<'_>) -> io::Result<()> + ?Sized,
{
    let mut connection = Connection { wire: Wire::new(Box::new(stream), house), house, peer };
    loop {
        let after = match connection.wire.receive_head()? {
            Next::Request(head) => connection.serve(head, handler)?,
            Next::Refused(refused) => connection.refuse(refused.status, &refused.error.to_string())?,
            Next::Slow => connection.refuse(408, "the request's head took too long")?,
            Next::Over => return Ok(()),
        };
        match after {
            After::Next => {}
            After::Close => return connection.wire.end(),
            After::Linger => return connection.wire.linger(),
            After::Break => return Ok(()),
        }
    }
}

struct Connection<'h> {
    wire: Wire,
    house: &'h House,
    peer: Option<SocketAddr>,
}

impl Connection<'_> {
    fn serve<H>(&mut self, head: RequestHead, handler: &H) -> io::Result<After>
    where
        H: Fn(&mut Exchange<'_>) -> io::Result<()> + ?Sized,
    {
        let (house, peer, begun) = (self.house, self.peer, self.house.begin());
        let tell = |exchange: &Exchange<'_>, begun: Option<Begun>| {
            house.tell(begun, peer, Some(exchange.head()), exchange.answered());
        };
        let is_connect = head.method == "CONNECT";
        let mut exchange = Exchange::new(&mut self.wire, head, peer);
        if is_connect {
            exchange.apologize(501, "no tunnels here")?;
            tell(&exchange, begun);
            return Ok(After::Linger);
        }
        match catch_unwind(AssertUnwindSafe(|| handler(&mut exchange))) {
            Ok(handled) => {
                let after = exchange.end(handled);
                tell(&exchange, begun);
                after
            }
            Err(payload) => {
                // A kill unwinds through here too: it is raised again by this wait, and nothing is answered.
                let _ = green::yield_now();
                let _ = exchange.end_after_panic(); // the panic is the news
                tell(&exchange, begun);
                resume_unwind(payload)
            }
        }
    }

    /// Answers a request that cannot be read. Whatever follows it on the connection is not to be trusted.
    fn refuse(&mut self, status: u16, text: &str) -> io::Result<After> {
        let begun = self.house.begin();
        let mut outgoing = Outgoing::new();
        apologize(&mut self.wire, &mut outgoing, Asked::unreadable(), status, text)?;
        self.house.tell(begun, self.peer, None, outgoing.answered());
        Ok(After::Linger)
    }
}
