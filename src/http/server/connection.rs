//! A connection's life: one exchange after another until somebody ends it.

use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::exchange::{After, Exchange, apologize};
use super::limits::ServerLimits;
use super::response::{Asked, Outgoing};
use super::wire::{Next, ServedStream, Wire};
use crate::green;
use crate::http::h1::RequestHead;

/// Serves the requests that come on `stream`, one after another, until the peer closes, an exchange says close, or a limit
/// of time passes. Waits in every way a connection can; it is meant for a greenlet of its own.
///
/// # Errors
/// When the stream fails, or a handler does after its answer has begun. The peer's faults are answered, and `Ok`.
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
    let peer = peer.into();
    let mut wire = Wire::new(Box::new(stream), *limits);
    loop {
        let after = match wire.receive_head()? {
            Next::Request(head) => serve(&mut wire, head, peer, handler)?,
            Next::Refused(refused) => refuse(&mut wire, refused.status, &refused.error.to_string())?,
            Next::Slow => refuse(&mut wire, 408, "the request's head took too long")?,
            Next::Over => return Ok(()),
        };
        match after {
            After::Next => {}
            After::Close => return wire.end(),
            After::Linger => return wire.linger(),
            After::Break => return Ok(()),
        }
    }
}

fn serve<H>(wire: &mut Wire, head: RequestHead, peer: Option<SocketAddr>, handler: &H) -> io::Result<After>
where
    H: Fn(&mut Exchange<'_>) -> io::Result<()> + ?Sized,
{
    let is_connect = head.method == "CONNECT";
    let mut exchange = Exchange::new(wire, head, peer);
    if is_connect {
        exchange.apologize(501, "no tunnels here")?;
        return Ok(After::Linger);
    }
    let handled = catch_unwind(AssertUnwindSafe(|| handler(&mut exchange)));
    match handled {
        Ok(handled) => exchange.end(handled),
        Err(payload) => {
            // A kill unwinds through here too: it is raised again by this wait, and nothing is answered.
            let _ = green::yield_now();
            let _ = exchange.end_after_panic(); // the panic is the news
            resume_unwind(payload)
        }
    }
}

/// Answers a request that cannot be read. Whatever follows it on the connection is not to be trusted.
fn refuse(wire: &mut Wire, status: u16, text: &str) -> io::Result<After> {
    apologize(wire, &mut Outgoing::new(), Asked::unreadable(), status, text)?;
    Ok(After::Linger)
}
