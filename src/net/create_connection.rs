//! A connection to a host by name: looked up, raced, within a time.

use std::io;
use std::time::Duration;

use super::race::{ConnectError, ConnectOptions, connect};
use super::{DnsError, DnsErrorKind, Resolver, TcpStream};
use crate::green;

/// Looks `host` up and connects to the first of its addresses that answers. With `limit` the whole takes no longer: then
/// the error is `TimedOut`, and no socket is left behind. gevent: `create_connection`.
///
/// # Errors
/// `NotFound` or `Other` when the name gives no address, else that of the address whose failure tells most; an
/// [`Interrupt`](green::Interrupt) where a scope around it ended the wait. To connect from an own address:
/// [`TcpStream::connect_from`].
///
/// ```
/// use gfetch::{green, net::{self, Resolver, ResolverConfig, TcpListener}};
/// green::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     let port = listener.local_addr().unwrap().port();
///     let resolver = Resolver::new(ResolverConfig::default());
///     let stream = net::create_connection(&resolver, "localhost", port, None).unwrap();
///     assert_eq!(stream.peer_addr().unwrap().port(), port);
/// });
/// ```
pub fn create_connection(resolver: &Resolver, host: &str, port: u16, limit: Option<Duration>) -> io::Result<TcpStream> {
    let dial = || {
        let addresses = resolver.lookup(host, port).map_err(unresolved)?;
        Ok(connect(&addresses, &ConnectOptions::default()).map_err(unconnected)?.stream)
    };
    let Some(limit) = limit else { return dial() };
    green::timeout(limit, dial).unwrap_or_else(|_| {
        let text = format!("no connection to {host} within {limit:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    })
}

fn unresolved(error: DnsError) -> io::Error {
    match error.kind {
        DnsErrorKind::Interrupted(interrupt) => interrupt.into(),
        DnsErrorKind::NotFound | DnsErrorKind::NoAddressInFamily => io::Error::new(io::ErrorKind::NotFound, error),
        _ => io::Error::other(error),
    }
}

fn unconnected(error: ConnectError) -> io::Error {
    match error.interrupt() {
        Some(interrupt) => interrupt.clone().into(),
        None => io::Error::new(error.io_kind(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{ResolverConfig, TcpListener};

    fn resolver() -> Resolver {
        Resolver::new(ResolverConfig::default())
    }

    #[test]
    fn a_host_is_connected_to_by_name_and_a_failure_keeps_its_kind() {
        green::run(|| {
            let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
            let address = listener.local_addr().unwrap();
            let limit = Some(Duration::from_secs(5));
            let stream = create_connection(&resolver(), "127.0.0.1", address.port(), limit).unwrap();
            assert_eq!(stream.peer_addr().unwrap(), address);
            listener.close();
            drop((listener, stream));
            let refused = create_connection(&resolver(), "127.0.0.1", address.port(), limit).err().unwrap();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            let invalid = create_connection(&resolver(), "not a name", 1, None).err().unwrap();
            assert_eq!(invalid.kind(), io::ErrorKind::Other);
        });
    }
}
