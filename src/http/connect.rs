//! How a connection is made: names, addresses raced, TLS.

use std::rc::Rc;
use std::time::Duration;

use super::connection::{Connection, Transport};
use super::error::Error;
use super::h2;
use super::origin::{Host, Scheme};
use super::pool::{Key, Pool};
use super::trace::{Phase, Trace};
use crate::green;
use crate::net::{ConnectOptions, Resolver, SessionScope, TcpStream, TlsConfig, TlsError, TlsStream, race};

/// Out of descriptors: the first wait for one, doubled up to the last.
const DESCRIPTOR_WAIT: Duration = Duration::from_millis(10);
const MAX_DESCRIPTOR_WAIT: Duration = Duration::from_millis(100);

/// Makes the connections of a client.
pub(super) struct Connector {
    resolver: Resolver,
    race: ConnectOptions,
    timeout: Option<Duration>,
    pool: Rc<Pool>,
    http2: Rc<h2::Table>,
}

/// What is offered by ALPN.
#[derive(Clone, Copy)]
pub(super) enum Offer {
    Http1,
    Either,
}

impl Offer {
    fn protocols(self) -> &'static [&'static [u8]] {
        match self {
            Offer::Http1 => &[b"http/1.1"],
            Offer::Either => &[b"h2", b"http/1.1"],
        }
    }
}

impl Connector {
    pub fn new(resolver: Resolver, timeout: Option<Duration>, pool: Rc<Pool>, http2: Rc<h2::Table>) -> Connector {
        Connector { resolver, race: ConnectOptions::default(), timeout, pool, http2 }
    }

    /// How long making a connection may take.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Makes a connection that serves `key`. Where descriptors are wanting, it closes idle connections and waits for one.
    pub fn connect(
        &self,
        key: &Rc<Key>,
        tls: &TlsConfig,
        offer: Offer,
        trace: &mut Trace,
    ) -> Result<Connection, Error> {
        let mut pause = DESCRIPTOR_WAIT;
        loop {
            let connected = match self.timeout {
                Some(limit) => green::timeout(limit, || self.connect_once(key, tls, offer, trace))
                    .map_err(|elapsed| Error::ConnectTimeout(elapsed.limit))?,
                None => self.connect_once(key, tls, offer, trace),
            };
            match connected {
                Err(Error::Connect(error)) if error.is_out_of_descriptors() => {
                    if !self.pool.close_one() && !self.http2.close_one() {
                        green::sleep(pause).map_err(Error::Interrupted)?;
                        pause = (pause * 2).min(MAX_DESCRIPTOR_WAIT);
                    }
                }
                done => return done,
            }
        }
    }

    fn connect_once(
        &self,
        key: &Rc<Key>,
        tls: &TlsConfig,
        offer: Offer,
        trace: &mut Trace,
    ) -> Result<Connection, Error> {
        // An address needs no look-up: that phase does not happen.
        let is_name = matches!(key.origin.host, Host::Domain(_));
        trace.enter(if is_name { Phase::Dns } else { Phase::Connect });
        let addresses = self.resolver.lookup(&key.origin.tls_name(), key.origin.port).map_err(Error::Dns)?;
        trace.enter(Phase::Connect);
        let connected = race::connect(&addresses, &self.race).map_err(Error::Connect)?;
        trace.remote = Some(connected.address);
        let transport = match key.origin.scheme {
            Scheme::Http => Transport::Plain(connected.stream),
            Scheme::Https => {
                trace.enter(Phase::Tls);
                secure(connected.stream, key, tls, offer)?
            }
        };
        Ok(Connection::new(key.clone(), transport, connected.address))
    }
}

/// Out of line: a plain connection's greenlet shall not keep the stack that a handshake needs.
#[inline(never)]
fn secure(stream: TcpStream, key: &Key, tls: &TlsConfig, offer: Offer) -> Result<Transport, Error> {
    // What makes two connections differ keeps their sessions apart too.
    let (scope, name) = (SessionScope::of(key), key.origin.tls_name());
    let stream = TlsStream::connect_offering(scope, stream, &name, tls, offer.protocols()).map_err(tls_error)?;
    Ok(Transport::Tls(Box::new(stream)))
}

fn tls_error(error: TlsError) -> Error {
    match error {
        TlsError::Io(error) => Error::from_io(error),
        TlsError::Setup(error) => Error::TlsSetup(error),
        other => Error::Tls(other),
    }
}
