//! How a connection is made: names, addresses raced, proxies, TLS.
//!
//! ```text
//!   key: origin, TLS, via ──► dial (origin, proxy or Unix socket) ──► CONNECT or SOCKS ──► origin's TLS ──► connection
//!                             dns, connect                            proxy                tls
//! ```

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::connection::{Connection, InProxyTls, Transport};
use super::error::{Blocked, Error};
use super::origin::{Host, Origin, Scheme};
use super::pool::{Key, Via};
use super::proxy::socks::SocksTarget;
use super::proxy::{Proxy, ProxyError, ProxyKind, tunnel};
use super::room::Room;
use super::routes::{Interface, Routes};
use super::trace::{Phase, Trace};
use crate::green;
use crate::net::race::Connected;
use crate::net::{Binding, ConnectOptions, DnsError, DnsErrorKind, Resolver, SessionScope, TcpStream};
use crate::net::{TlsConfig, TlsError, TlsSetupError, TlsStream, UnixStream, not_public, race};

/// Out of descriptors, or a Unix socket's backlog is full: the first wait, doubled up to the last.
const PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// Makes the connections of a client.
pub(super) struct Connector {
    pub(super) resolver: Resolver,
    race: ConnectOptions,
    pub(super) timeout: Option<Duration>,
    pub(super) room: Room,
    pub(super) routes: Routes,
    concern_requests: bool,
    concern_connections: bool,
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

/// What a connection is made with beside its key.
#[derive(Clone, Copy)]
pub(super) struct Manner<'a> {
    /// The TLS that is spoken with the origin.
    pub tls: &'a TlsConfig,
    /// What is offered to it.
    pub offer: Offer,
    /// The request's User-Agent, which a proxy may see.
    pub agent: Option<&'a [u8]>,
}

impl Connector {
    pub fn new(resolver: Resolver, timeout: Option<Duration>, room: Room, routes: Routes) -> Connector {
        let (concern_requests, concern_connections) = (routes.concern_requests(), routes.concern_connections());
        let race = ConnectOptions::default();
        Connector { resolver, race, timeout, room, routes, concern_requests, concern_connections }
    }

    /// Forgets the TLS sessions with proxies.
    pub fn forget_sessions(&self) {
        self.routes.proxy_tls.iter().for_each(TlsConfig::forget_sessions);
    }

    /// What is part of making a connection to `origin`, which may take so long.
    pub fn in_time<T>(&self, origin: &Origin, f: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        match self.routes.connect_timeout(origin).or(self.timeout) {
            Some(limit) => green::timeout(limit, f).unwrap_or(Err(Error::ConnectTimeout(limit))),
            None => f(),
        }
    }

    /// What a connection must be to serve a request to `origin` with the TLS configuration of this identity.
    pub fn key(&self, origin: Origin, tls: u64, trace: &mut Trace) -> Result<Key, Error> {
        let tls = (origin.scheme == Scheme::Https).then_some(tls);
        if self.concern_requests { self.key_by_route(origin, tls, trace) } else { Ok(Key::direct(origin, tls)) }
    }

    #[inline(never)]
    fn key_by_route(&self, origin: Origin, tls: Option<u64>, trace: &mut Trace) -> Result<Key, Error> {
        if self.routes.block_private
            && let Some(blocked) = Blocked::by_name(&origin)
        {
            trace.enter(Phase::Connect);
            return Err(blocked.into());
        }
        let proxy = self.routes.proxies.proxy_for(&origin).filter(|_| self.routes.unix_socket.is_none());
        let Some(proxy) = proxy else { return Ok(Key::direct(origin, tls)) };
        // As curl: who is to be connected to elsewhere is not left to the proxy's reading of the URL.
        let is_led = || *self.routes.target(&origin) != origin;
        if proxy.kind.is_http() && origin.scheme == Scheme::Http && !is_led() {
            return Ok(Key { origin: proxy.origin(), tls: None, via: Via::Forward(proxy.clone()) });
        }
        Ok(Key { origin, tls, via: Via::Tunnel(proxy.clone()) })
    }

    /// Makes a connection that serves `key`. Where descriptors are wanting, it closes idle connections and waits for one.
    pub fn connect(&self, key: &Rc<Key>, manner: Manner<'_>, trace: &mut Trace) -> Result<Connection, Error> {
        let mut pause = PAUSE;
        loop {
            match self.in_time(&key.origin, || self.connect_once(key, manner, trace)) {
                Err(Error::Connect(error)) if error.is_out_of_descriptors() => {
                    if !self.room.make() {
                        wait_a_little(&mut pause)?;
                    }
                }
                done => return done,
            }
        }
    }

    fn connect_once(&self, key: &Rc<Key>, manner: Manner<'_>, trace: &mut Trace) -> Result<Connection, Error> {
        if self.concern_connections || key.via != Via::Direct {
            return self.connect_by_route(key, manner, trace);
        }
        let connected = self.dial(&key.origin, false, trace, Error::Dns)?;
        trace.remote = Some(connected.address);
        let transport = over_tcp(connected.stream, key, manner, trace)?;
        Ok(Connection::new(key.clone(), transport, Some(connected.address)))
    }

    /// Out of line, as everything that a plain connection does not need.
    #[inline(never)]
    fn connect_by_route(&self, key: &Rc<Key>, manner: Manner<'_>, trace: &mut Trace) -> Result<Connection, Error> {
        let transport = match (&key.via, &self.routes.unix_socket) {
            (Via::Forward(proxy), _) => {
                let stream = self.dial_proxy(proxy, trace)?;
                match proxy.kind {
                    ProxyKind::Https => {
                        let stream = self.secure_proxy(stream, proxy, trace)?;
                        Transport::Other(Box::new(InProxyTls(stream)))
                    }
                    _ => Transport::Plain(stream),
                }
            }
            (Via::Tunnel(proxy), _) => self.tunnel(key, proxy, manner, trace)?,
            (Via::Direct, Some(path)) => over_unix(path, key, manner, trace)?,
            (Via::Direct, None) => {
                let target = self.routes.target(&key.origin);
                let connected = self.dial(&target, self.routes.block_private, trace, Error::Dns)?;
                trace.remote = Some(connected.address);
                over_tcp(connected.stream, key, manner, trace)?
            }
        };
        Ok(Connection::new(key.clone(), transport, trace.remote))
    }

    /// A connection to the first of the target's addresses that answers; those that are not to be reached are left out.
    fn dial(
        &self,
        target: &Origin,
        only_public: bool,
        trace: &mut Trace,
        dns: fn(DnsError) -> Error,
    ) -> Result<Connected, Error> {
        let addresses = self.look_up(target, only_public, trace, dns)?;
        trace.enter(Phase::Connect);
        match &self.routes.interface {
            None => race::connect(&addresses, &self.race).map_err(Error::Connect),
            Some(interface) => self.dial_from(interface, &addresses),
        }
    }

    #[inline(never)]
    fn dial_from(&self, interface: &Interface, addresses: &[SocketAddr]) -> Result<Connected, Error> {
        let binding = self.binding(interface)?;
        race::connect_bound(addresses, &self.race, &binding).map_err(Error::Connect)
    }

    fn look_up(
        &self,
        target: &Origin,
        only_public: bool,
        trace: &mut Trace,
        dns: fn(DnsError) -> Error,
    ) -> Result<Rc<[SocketAddr]>, Error> {
        // An address needs no look-up: that phase does not happen.
        let is_name = matches!(target.host, Host::Domain(_));
        trace.enter(if is_name { Phase::Dns } else { Phase::Connect });
        let found = self.resolver.lookup(&target.tls_name(), target.port).map_err(dns)?;
        if only_public { public_ones(target, &found, trace) } else { Ok(found) }
    }

    fn binding(&self, interface: &Interface) -> Result<Binding, Error> {
        let device = |name: &str| Binding { device: Some(name.to_owned()), ..Binding::default() };
        let host = match interface {
            Interface::Device(name) => return Ok(device(name)),
            Interface::Address(ip) => return Ok(Binding { addresses: vec![*ip], ..Binding::default() }),
            Interface::DeviceOrHost(name) if Binding::is_device(name) => return Ok(device(name)),
            Interface::DeviceOrHost(name) | Interface::Host(name) => name,
        };
        let found = self.resolver.lookup(host, 0).map_err(|error| match error.kind {
            DnsErrorKind::Interrupted(interrupt) => Error::Interrupted(interrupt),
            _ => Error::Interface(error),
        })?;
        Ok(Binding { addresses: found.iter().map(SocketAddr::ip).collect(), ..Binding::default() })
    }

    /// The proxy's address may be what it likes: who runs this has named it.
    fn dial_proxy(&self, proxy: &Proxy, trace: &mut Trace) -> Result<TcpStream, Error> {
        let connected = self.dial(&proxy.origin(), false, trace, |error| refused(ProxyError::Dns(error)))?;
        trace.remote = Some(connected.address);
        trace.enter(Phase::Proxy);
        Ok(connected.stream)
    }

    fn tunnel(&self, key: &Key, proxy: &Arc<Proxy>, manner: Manner<'_>, trace: &mut Trace) -> Result<Transport, Error> {
        let target = self.routes.target(&key.origin);
        if !proxy.kind.is_http() {
            // Looked up before the proxy is troubled; so the time of both names is in `dns`.
            let target = self.socks_target(&target, proxy.kind, trace)?;
            let mut stream = self.dial_proxy(proxy, trace)?;
            tunnel::socks(&mut stream, proxy, &target)?;
            if stream.has_unread() {
                return Err(refused(ProxyError::EarlyBytes));
            }
            return over_tcp(stream, key, manner, trace);
        }
        if self.routes.block_private
            && let Some(blocked) = Blocked::by_name(&target)
        {
            trace.enter(Phase::Connect);
            return Err(blocked.into());
        }
        let authority = format!("{}:{}", target.host, target.port);
        let mut stream = self.dial_proxy(proxy, trace)?;
        if proxy.kind == ProxyKind::Http {
            tunnel::connect(&mut stream, proxy, &authority, manner.agent, &mut trace.opening)?;
            return over_tcp(stream, key, manner, trace);
        }
        let mut stream = self.secure_proxy(stream, proxy, trace)?;
        tunnel::connect(&mut stream, proxy, &authority, manner.agent, &mut trace.opening)?;
        match key.origin.scheme {
            Scheme::Http => Ok(Transport::Other(Box::new(InProxyTls(stream)))),
            Scheme::Https => {
                trace.enter(Phase::Tls);
                let stream = shake_hands_with_origin(stream, key, manner)?;
                Ok(Transport::Other(Box::new(stream)))
            }
        }
    }

    /// SOCKS 4 and 5 want an address, 4a and 5h take names.
    fn socks_target(&self, target: &Origin, kind: ProxyKind, trace: &mut Trace) -> Result<SocksTarget, Error> {
        let only_public = self.routes.block_private;
        if matches!(kind, ProxyKind::Socks4a | ProxyKind::Socks5h)
            && let Host::Domain(name) = &target.host
        {
            let blocked = Blocked::by_name(target).filter(|_| only_public);
            return match blocked {
                None => Ok(SocksTarget::Name((**name).to_owned(), target.port)),
                Some(blocked) => {
                    trace.enter(Phase::Connect);
                    Err(blocked.into())
                }
            };
        }
        let addresses = self.look_up(target, only_public, trace, |error| match error.kind {
            DnsErrorKind::Interrupted(interrupt) => Error::Interrupted(interrupt),
            _ => refused(ProxyError::Target(error)),
        })?;
        let only_v4 = matches!(kind, ProxyKind::Socks4 | ProxyKind::Socks4a);
        let address = addresses.iter().find(|address| address.is_ipv4() || !only_v4).or(addresses.first());
        address.map(|address| SocksTarget::Address(*address)).ok_or(Error::NoOrigin)
    }

    /// TLS with the proxy itself, in the phase of the proxy.
    #[inline(never)]
    fn secure_proxy(&self, stream: TcpStream, proxy: &Proxy, trace: &mut Trace) -> Result<TlsStream, Error> {
        trace.enter(Phase::Proxy);
        let tls = self.routes.proxy_tls.as_ref().ok_or(Error::TlsSetup(TlsSetupError::NoRoots))?;
        let name = proxy.origin().tls_name();
        let shaken = TlsStream::connect_within(SessionScope::of(proxy), stream, &name, tls).map_err(tls_error);
        shaken.map_err(|error| match error {
            Error::Io(error) => refused(ProxyError::Io(error)),
            other => other,
        })
    }
}

/// Those that may be connected to where the private ones are refused (`--block-private`).
#[inline(never)]
fn public_ones(target: &Origin, found: &[SocketAddr], trace: &mut Trace) -> Result<Rc<[SocketAddr]>, Error> {
    let public: Rc<[SocketAddr]> = found.iter().copied().filter(|address| not_public(address.ip()).is_none()).collect();
    match found.iter().find_map(|address| Blocked::of(target, address.ip())) {
        Some(blocked) if public.is_empty() => {
            trace.enter(Phase::Connect);
            Err(blocked.into())
        }
        _ => Ok(public),
    }
}

fn refused(error: ProxyError) -> Error {
    match error {
        ProxyError::Dns(DnsError { kind: DnsErrorKind::Interrupted(interrupt), .. }) => Error::Interrupted(interrupt),
        error => Error::Proxy(Box::new(error)),
    }
}

fn over_tcp(stream: TcpStream, key: &Key, manner: Manner<'_>, trace: &mut Trace) -> Result<Transport, Error> {
    match key.origin.scheme {
        Scheme::Http => Ok(Transport::Plain(stream)),
        Scheme::Https => secure(stream, key, manner, trace),
    }
}

fn over_unix(path: &Path, key: &Key, manner: Manner<'_>, trace: &mut Trace) -> Result<Transport, Error> {
    trace.enter(Phase::Connect);
    trace.remote = None;
    let stream = connect_unix(path)?;
    match key.origin.scheme {
        Scheme::Http => Ok(Transport::Other(Box::new(stream))),
        Scheme::Https => {
            trace.enter(Phase::Tls);
            Ok(Transport::Other(Box::new(shake_hands_with_origin(stream, key, manner)?)))
        }
    }
}

/// Where the backlog is full there is nothing to wait for but time.
fn connect_unix(path: &Path) -> Result<UnixStream, Error> {
    let mut pause = PAUSE;
    loop {
        match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_a_little(&mut pause)?,
            connected => return connected.map_err(|error| Error::UnixSocket(path.to_owned(), error)),
        }
    }
}

fn wait_a_little(pause: &mut Duration) -> Result<(), Error> {
    green::sleep(*pause).map_err(Error::Interrupted)?;
    *pause = (*pause * 2).min(MAX_PAUSE);
    Ok(())
}

/// Out of line: a plain connection's greenlet shall not keep the stack that a handshake needs.
#[inline(never)]
fn secure(stream: TcpStream, key: &Key, manner: Manner<'_>, trace: &mut Trace) -> Result<Transport, Error> {
    trace.enter(Phase::Tls);
    Ok(Transport::Tls(Box::new(shake_hands_with_origin(stream, key, manner)?)))
}

/// What makes two connections differ keeps their sessions apart too.
fn shake_hands_with_origin<S: io::Read + io::Write>(
    stream: S,
    key: &Key,
    manner: Manner<'_>,
) -> Result<TlsStream<S>, Error> {
    let (scope, name) = (SessionScope::of(key), key.origin.tls_name());
    TlsStream::connect_offering(scope, stream, &name, manner.tls, manner.offer.protocols()).map_err(tls_error)
}

fn tls_error(error: TlsError) -> Error {
    match error {
        TlsError::Io(error) => Error::from_io(error),
        TlsError::Setup(error) => Error::TlsSetup(error),
        other => Error::Tls(other),
    }
}
