//! One exchange: connection, request, answer's head. Redirects, retries and limits are the caller's.

use std::borrow::Cow;
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use url::Position;

use super::builder::ClientBuilder;
use super::connect::{Connector, Manner, Offer};
use super::connection::Connection;
use super::error::Error;
use super::face::Settings;
use super::fields::FieldError;
use super::given;
use super::h1::{self, Limits, ReceiveHead, Received, Truncated};
use super::h2;
use super::origin::{Origin, Scheme};
use super::pool::{Key, Pool, PoolLimits};
use super::proxy::Proxy;
use super::request::Request;
use super::response::{Home, Response};
use super::room::Room;
use super::routes::Routes;
use super::send::{self, Sent};
use super::trace::{Phase, Trace};
use crate::net::{Resolver, TlsConfig};

/// Heads beyond this are rare: their memory is given back.
const MAX_SPARE_HEAD_BYTES: usize = 16 * 1024;

/// Makes exchanges and keeps connections. Clones share the connections. Belongs to the hub that it is used on.
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Rc<Shared>,
    /// Shows no certificate of its own.
    anonymous: bool,
}

pub(super) struct Shared {
    pub(super) connector: Connector,
    pub(super) tls: TlsConfig,
    pub(super) pool: Rc<Pool>,
    pub(super) versions: HttpVersions,
    /// Connections by HTTP/2.
    http2: Rc<h2::Table>,
    /// Room for the next request's head, that of one that was sent.
    spare_head: Cell<Vec<u8>>,
    settings: Settings,
}

/// How a [`Client`] connects.
pub struct ClientConfig {
    /// Names, with overrides and address family.
    pub resolver: Resolver,
    /// Certificates and versions.
    pub tls: TlsConfig,
    /// Name look-up, connect and handshake together may take so long.
    pub connect_timeout: Option<Duration>,
    /// Idle connections.
    pub pool: PoolLimits,
    /// Which versions of HTTP are spoken.
    pub versions: HttpVersions,
}

/// Which versions of HTTP a [`Client`] speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersions {
    /// HTTP/2 where the server takes it by ALPN, in TLS; else HTTP/1.1. curl: `--http2` and its default. There is no
    /// upgrade of a plain connection (RFC 9113 has none any more).
    #[default]
    ByAlpn,
    /// HTTP/1.1 alone. curl: `--http1.1`.
    Http1,
    /// As by ALPN, and plain `http` by HTTP/2 from the first byte. curl: `--http2-prior-knowledge`.
    PriorKnowledge,
}

impl Client {
    /// A client to be put together, with defaults for everything.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// A client with no connections yet.
    pub fn new(config: ClientConfig) -> Client {
        Client::put_together(config, Routes::default(), Settings::default())
    }

    /// The same, its connections led by `routes`: proxies, a Unix socket, other hosts.
    pub fn with_routes(config: ClientConfig, routes: Routes) -> Client {
        Client::put_together(config, routes, Settings::default())
    }

    pub(super) fn put_together(config: ClientConfig, routes: Routes, settings: Settings) -> Client {
        let pool = Rc::new(Pool::new(config.pool));
        let http2 = h2::Table::new(config.pool.idle, config.pool.idle_time);
        let connector =
            Connector::new(config.resolver, config.connect_timeout, Room::new(pool.clone(), http2.clone()), routes);
        let (tls, versions) = (config.tls, config.versions);
        let shared = Shared { connector, tls, pool, versions, http2, spare_head: Cell::default(), settings };
        Client { shared: Rc::new(shared), anonymous: false }
    }

    /// The same client, which shows no server its certificate: connections and sessions made with it are not used.
    /// Everything else is shared.
    pub fn anonymous(&self) -> Client {
        Client { shared: self.shared.clone(), anonymous: true }
    }

    /// What TLS is spoken with an origin.
    fn tls(&self) -> &TlsConfig {
        if self.anonymous { self.shared.tls.anonymous() } else { &self.shared.tls }
    }

    /// Sends a request and waits for the head of its answer. An idle connection that turns out dead before a byte of the
    /// answer is replaced unseen where the method may be repeated (RFC 9110 section 9.2.2). Waits; where the time went
    /// is left in `trace`, also by a failure.
    pub fn send(&self, request: &Request<'_>, trace: &mut Trace) -> Result<Response, Error> {
        given::check_sent(request.fields).map_err(|refused| Error::Request(FieldError::Given(refused)))?;
        let origin = Origin::of(request.url).ok_or(Error::NoOrigin)?;
        let key = self.shared.connector.key(origin, self.tls().id(), trace)?;
        trace.sent = false;
        match (self.shared.versions, key.origin.scheme) {
            _ if key.forwards_by().is_some() => self.send_http1(request, Rc::new(key), Offer::Http1, trace),
            (HttpVersions::Http1, _) | (HttpVersions::ByAlpn, Scheme::Http) => {
                self.send_http1(request, Rc::new(key), Offer::Http1, trace)
            }
            _ => self.send_either(request, Rc::new(key), trace),
        }
    }

    /// By HTTP/1.1, on an idle connection or a new one (which may turn out to speak HTTP/2, where that is offered).
    fn send_http1(
        &self,
        request: &Request<'_>,
        key: Rc<Key>,
        offer: Offer,
        trace: &mut Trace,
    ) -> Result<Response, Error> {
        while let Some(connection) = self.shared.pool.take(&key) {
            match self.exchange(request, connection, trace) {
                Err(error) if request.is_repeatable() && !trace.heard && means_dead(&error) => continue,
                done => return done,
            }
        }
        let connection = self.connect(&key, request, offer, trace)?;
        if connection.alpn() == Some(b"h2") {
            let seat = self.shared.http2.add(h2::Shared::start(connection, self.shared.http2.streams(&key))?);
            return self.send_on_stream(request, seat, trace);
        }
        self.exchange(request, Box::new(connection), trace)
    }

    /// By whichever version the origin speaks. What a server has certainly not looked at is sent again, a few times; and
    /// where the method allows it so is what was sent on a connection that turned out dead.
    #[inline(never)]
    fn send_either(&self, request: &Request<'_>, key: Rc<Key>, trace: &mut Trace) -> Result<Response, Error> {
        let mut repeats = 0;
        loop {
            let error = match self.send_either_once(request, &key, trace) {
                Err(error) if repeats < h2::limits::MAX_REPEATS => error,
                done => return done,
            };
            repeats += 1;
            match &error {
                Error::Http2(fault) if fault.wants_http1() => self.shared.http2.only_http1(&key),
                Error::Http2(fault) if fault.is_unprocessed() => {}
                _ if trace.reused && request.is_repeatable() && !trace.heard && means_dead(&error) => {}
                _ => return Err(error),
            }
        }
    }

    fn send_either_once(&self, request: &Request<'_>, key: &Rc<Key>, trace: &mut Trace) -> Result<Response, Error> {
        let offer = Offer::Either;
        let connecting = match self.place(key, trace)? {
            h2::Place::Stream(seat) => return self.send_on_stream(request, seat, trace),
            h2::Place::Own { offer } => {
                let offer = if offer { Offer::Either } else { Offer::Http1 };
                return self.send_http1(request, key.clone(), offer, trace);
            }
            h2::Place::Connect(connecting) => connecting,
        };
        let connection = self.connect(key, request, offer, trace)?;
        let plain = key.origin.scheme == Scheme::Http;
        if plain || connection.alpn() == Some(b"h2") {
            let shared = h2::Shared::start(connection, self.shared.http2.streams(key))?;
            let seat = connecting.http2(shared);
            return self.send_on_stream(request, seat, trace);
        }
        connecting.http1();
        self.exchange(request, Box::new(connection), trace)
    }

    /// What one waits for another's connection is time for connecting, and limited as that is.
    fn place(&self, key: &Rc<Key>, trace: &mut Trace) -> Result<h2::Place, Error> {
        let mut attempt = match self.shared.http2.place(key, true) {
            Ok(place) => return Ok(place),
            Err(attempt) => attempt,
        };
        trace.enter(Phase::Connect);
        let wait = || {
            loop {
                let succeeded = attempt.wait().map_err(Error::Interrupted)?;
                match self.shared.http2.place(key, succeeded) {
                    Ok(place) => return Ok(place),
                    Err(next) => attempt = next,
                }
            }
        };
        self.shared.connector.in_time(&key.origin, wait)
    }

    fn send_on_stream(&self, request: &Request<'_>, seat: h2::Seat, trace: &mut Trace) -> Result<Response, Error> {
        let (head, body) = h2::exchange(seat, request, trace)?;
        Ok(Response::on_stream(head, body))
    }

    fn connect(
        &self,
        key: &Rc<Key>,
        request: &Request<'_>,
        offer: Offer,
        trace: &mut Trace,
    ) -> Result<Connection, Error> {
        let manner = Manner { tls: self.tls(), offer, agent: request.fields.first("user-agent") };
        self.shared.connector.connect(key, manner, trace)
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Whether new requests are expected. While they are not, connections are closed as they are done with, but for a few:
    /// the servers have them back sooner, and closing them costs no time at the end.
    pub fn expect_more(&self, more: bool) {
        self.shared.pool.expect_more(more);
        self.shared.http2.expect_more(more);
    }

    /// Closes the connection that has been idle longest, so that its descriptor can be had; false if there is none.
    pub fn close_one_idle(&self) -> bool {
        self.shared.connector.room.close_one()
    }

    /// Closes all idle connections.
    pub fn close_idle(&self) {
        self.shared.pool.clear();
        self.shared.http2.clear();
    }

    /// Closes all idle connections and forgets the TLS sessions, so that what comes next connects as the first requests
    /// did. Names stay known.
    pub fn make_cold(&self) {
        self.close_idle();
        self.shared.tls.forget_sessions();
        self.shared.connector.forget_sessions();
    }

    /// Idle connections now.
    pub fn idle(&self) -> usize {
        self.shared.pool.len() + self.shared.http2.len()
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        mut connection: Box<Connection>,
        trace: &mut Trace,
    ) -> Result<Response, Error> {
        trace.reused = connection.exchanges > 0;
        trace.remote = connection.remote;
        trace.local = if trace.wants_local { connection.transport.socket().local() } else { None };
        trace.tls = connection.tls_version();
        if let Some(certificates) = &mut trace.certificates {
            **certificates = connection.certificates();
        }
        connection.exchanges += 1;
        trace.enter(Phase::Send);
        let mut head = self.shared.spare_head.take();
        encode_head(&mut head, request, &connection.key)?;
        (trace.sent, trace.heard) = (true, false);
        let mut receive = ReceiveHead::new(request.method, Limits::RESPONSE);
        let sent = send::request(&mut connection, &head, request, &mut receive, trace);
        if head.capacity() <= MAX_SPARE_HEAD_BYTES {
            self.shared.spare_head.set(head);
        }
        let home = |whole| Home { pool: self.shared.pool.clone(), connect: request.method == "CONNECT", whole };
        let sent = match sent {
            Ok(Sent { early: Some(head), whole }) => {
                trace.enter(Phase::Wait);
                trace.enter(Phase::Receive);
                return Ok(Response::new(head, connection, home(whole)));
            }
            Err(error) if !answered_early(&error) => return Err(error),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        let since = trace.enter(Phase::Wait);
        let answer = request.in_time_since(since, || receive_head(&mut connection, &mut receive, trace));
        match (answer, sent) {
            (Ok(head), sent) => Ok(Response::new(head, connection, home(sent.is_ok()))),
            (Err(_), Err(broken)) if !trace.heard => {
                trace.enter(Phase::Send);
                Err(broken)
            }
            (Err(error), _) => Err(error),
        }
    }
}

/// Writes the request's head, with what RFC 9112 asks for.
fn encode_head(head: &mut Vec<u8>, request: &Request<'_>, key: &Key) -> Result<(), Error> {
    head.clear();
    if let Some(proxy) = key.forwards_by() {
        return encode_head_to(proxy, head, request);
    }
    // What a URL holds from its path to its fragment is the target, as it stands.
    let target = &request.url[Position::BeforePath..Position::AfterQuery];
    let added = request.added_fields();
    h1::encode_request_with(head, request.method, target, added, request.fields).map_err(Error::Request)
}

/// The same for a proxy: the target is the whole URL but for its user and fragment (RFC 9112 section 3.2.2), and the
/// proxy's own credentials are said; a proxy may be HTTP/1.0's, hence curl's `Proxy-Connection`.
#[inline(never)]
fn encode_head_to(proxy: &Proxy, head: &mut Vec<u8>, request: &Request<'_>) -> Result<(), Error> {
    let target = format!("http://{}", &request.url[Position::BeforeHost..Position::AfterQuery]);
    let authorization = proxy.authorization().map(|value| ("Proxy-Authorization", Cow::Owned(value)));
    let added = request.added_fields().chain(authorization).chain([("Proxy-Connection", Cow::Borrowed("Keep-Alive"))]);
    h1::encode_request_with(head, request.method, &target, added, request.fields).map_err(Error::Request)
}

/// Reads until the final head is there. The wait ends with its first byte.
fn receive_head(connection: &mut Connection, receive: &mut ReceiveHead, trace: &mut Trace) -> Result<h1::Head, Error> {
    loop {
        if !connection.buffer.is_empty() {
            match receive.advance(connection.buffer.bytes()).map_err(Error::Protocol)? {
                Some(Received::Final { consumed, head }) => {
                    connection.buffer.consume(consumed);
                    trace.enter(Phase::Receive);
                    return Ok(head);
                }
                Some(Received::Informational { consumed, .. }) => {
                    connection.buffer.consume(consumed);
                    continue;
                }
                None => {}
            }
        }
        match connection.fill() {
            Ok(0) => return Err(Error::Truncated(receive.eof())),
            // A TLS peer that closes without saying so.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(Error::Truncated(receive.eof())),
            filled => filled.map_err(Error::from_io)?,
        };
        trace.heard = true;
    }
}

/// A write that failed because the peer has closed: it may have answered before.
fn answered_early(error: &Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset};
    matches!(error, Error::Io(error) if matches!(error.kind(), BrokenPipe | ConnectionReset))
}

/// Whether an exchange on an idle connection failed because that had died: not a byte of an answer came.
fn means_dead(error: &Error) -> bool {
    match error {
        Error::Truncated(Truncated::Nothing) => true,
        Error::Io(error) => {
            use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
            matches!(error.kind(), ConnectionReset | BrokenPipe | ConnectionAborted | NotConnected | UnexpectedEof)
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
