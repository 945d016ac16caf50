//! A connection to a host by name: looked up, raced, within a time, from an own address.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use super::race::{ConnectOptions, connect};
use super::{Resolver, TcpStream};
use crate::green;

/// Looks `host` up and connects to the first of its addresses that answers. With `limit` the whole takes no longer: then
/// the error is `TimedOut`, and no socket is left behind. gevent: `create_connection`.
///
/// # Errors
/// Of the look-up and of each address that was tried, as text; their kind is kept where there was but one.
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
pub fn create_connection(
    resolver: &Resolver,
    host: &str,
    port: u16,
    limit: Option<Duration>,
) -> io::Result<TcpStream> {
    let dial = || {
        let addresses = resolver.lookup(host, port).map_err(io::Error::other)?;
        Ok(connect(&addresses, &ConnectOptions::default()).map_err(io::Error::other)?.stream)
    };
    let Some(limit) = limit else { return dial() };
    green::timeout(limit, dial).unwrap_or_else(|_| {
        let text = format!("no connection to {host} within {limit:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    })
}
