//! Puts a [`Client`] together: everything that can be told it, with defaults that need none of it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::client::{Client, ClientConfig, HttpVersions};
use super::cookies::Jar;
use super::error::Error;
use super::face::{RedirectPolicy, Settings};
use super::fields::{FieldError, Fields};
use super::netrc::Netrc;
use super::pool::PoolLimits;
use super::routes::Routes;
use crate::net::{Resolver, ResolverConfig, Roots, TlsConfig};

/// Name look-up, connect and handshake may take so long together, as in the command.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where systems keep all trusted certificates in one file.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// A [`Client`] in the making: [`Client::builder`].
///
/// ```
/// use gfetch::http::{Client, RedirectPolicy};
/// use std::time::Duration;
/// let client = Client::builder()
///     .user_agent("archivist/1.0 (+https://example.org/about)")
///     .default_header("Accept-Language", "en")
///     .connect_timeout(Some(Duration::from_secs(5)))
///     .timeout(Some(Duration::from_secs(60)))
///     .redirects(RedirectPolicy::up_to(3))
///     .max_body(1 << 20)
///     .build()?;
/// # drop(client);
/// # Ok::<(), gfetch::http::Error>(())
/// ```
#[must_use = "it is no client yet"]
pub struct ClientBuilder {
    resolver: Option<Resolver>,
    tls: Option<TlsConfig>,
    connect_timeout: Option<Duration>,
    pool: PoolLimits,
    routes: Routes,
    versions: HttpVersions,
    settings: Settings,
    bad_field: Option<FieldError>,
}

impl ClientBuilder {
    pub(super) fn new() -> ClientBuilder {
        ClientBuilder {
            resolver: None,
            tls: None,
            connect_timeout: Some(CONNECT_TIMEOUT),
            pool: PoolLimits::default(),
            routes: Routes::default(),
            versions: HttpVersions::default(),
            settings: Settings::default(),
            bad_field: None,
        }
    }

    /// Which versions of HTTP are spoken: HTTP/2 where a server takes it by ALPN, else HTTP/1.1.
    pub fn versions(mut self, versions: HttpVersions) -> ClientBuilder {
        self.versions = versions;
        self
    }

    /// What looks names up: overrides, an address family, other times to live. Default: the system's resolver, answers
    /// kept for a minute. Clients that are given clones of one share what it remembers.
    pub fn resolver(mut self, resolver: Resolver) -> ClientBuilder {
        self.resolver = Some(resolver);
        self
    }

    /// Proxies, a Unix socket, other hosts to connect to, addresses that are refused. Without [`Routes::proxy_tls`] HTTPS
    /// proxies are spoken to with the system's certificates.
    ///
    /// ```
    /// use gfetch::http::proxy::{Proxy, ProxyKind, ProxyRules};
    /// use gfetch::http::{Client, Routes};
    /// let proxy = Proxy::parse("socks5h://127.0.0.1:9050", ProxyKind::Http).expect("a proxy");
    /// let routes = Routes { proxies: ProxyRules::all(proxy), block_private: true, ..Routes::default() };
    /// let client = Client::builder().routes(routes).build()?;
    /// # drop(client);
    /// # Ok::<(), gfetch::http::Error>(())
    /// ```
    pub fn routes(mut self, routes: Routes) -> ClientBuilder {
        self.routes = routes;
        self
    }

    /// Whom TLS trusts, and how it speaks. Default: the system's certificates, read at the first https URL; TLS 1.2 and
    /// 1.3. Clients with clones of one configuration resume each other's sessions.
    pub fn tls(mut self, tls: TlsConfig) -> ClientBuilder {
        self.tls = Some(tls);
        self
    }

    /// Name look-up, connect and handshake together may take so long (10 s); none: as long as they need.
    pub fn connect_timeout(mut self, limit: Option<Duration>) -> ClientBuilder {
        self.connect_timeout = limit;
        self
    }

    /// Once a request was sent, the head of its answer may take so long (60 s), and so may each 64 KiB of a large body on
    /// its way out.
    pub fn answer_timeout(mut self, limit: Option<Duration>) -> ClientBuilder {
        self.settings.answer_timeout = limit;
        self
    }

    /// A body may bring nothing for so long (30 s).
    pub fn stall_timeout(mut self, limit: Option<Duration>) -> ClientBuilder {
        self.settings.stall_timeout = limit;
        self
    }

    /// A request may take so long, redirects and the reading of its body included (no limit).
    pub fn timeout(mut self, limit: Option<Duration>) -> ClientBuilder {
        self.settings.timeout = limit;
        self
    }

    /// How many idle connections are kept, and for how long.
    pub fn pool(mut self, limits: PoolLimits) -> ClientBuilder {
        self.pool = limits;
        self
    }

    /// The `User-Agent`; empty: none is sent. Default: `gfetch/` and its version.
    pub fn user_agent(mut self, name: impl Into<String>) -> ClientBuilder {
        let name = name.into();
        self.note(Fields::new().push("User-Agent", &name));
        self.settings.user_agent = Some(name).filter(|name| !name.is_empty());
        self
    }

    /// A field for every request that does not give one of its name. As a given one it does not follow a redirect to
    /// another origin, but for four harmless ones.
    pub fn default_header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> ClientBuilder {
        let pushed = self.settings.fields.push(name.as_ref(), value);
        self.note(pushed);
        self
    }

    /// Which redirects are followed: 10, between http and https, without secrets to other origins.
    pub fn redirects(mut self, policy: RedirectPolicy) -> ClientBuilder {
        self.settings.redirects = policy;
        self
    }

    /// Whether gzip, deflate, br and zstd are asked for and decoded (they are), where a request has no `Accept-Encoding` or
    /// `Range` of its own.
    pub fn compressed(mut self, compressed: bool) -> ClientBuilder {
        self.settings.compressed = compressed;
        self
    }

    /// What [`Body::bytes`](super::Body::bytes) and [`text`](super::Body::text) read at most, decoded (16 MiB). A body that
    /// is read as a stream has no limit.
    pub fn max_body(mut self, bytes: u64) -> ClientBuilder {
        self.settings.max_body = bytes;
        self
    }

    /// Cookies are kept in `jar` and sent by RFC 6265bis, one jar for all clients that are given clones. Without one there
    /// are none. It knows Netscape's files too ([`Jar::read_netscape`]).
    pub fn cookies(mut self, jar: Rc<RefCell<Jar>>) -> ClientBuilder {
        self.settings.cookies = Some(jar);
        self
    }

    /// Passwords by host, as curl's `-n` reads them: `Authorization: Basic` for requests that give none and whose URL has no
    /// password. Each host gets its own, also behind a redirect.
    pub fn netrc(mut self, netrc: Netrc) -> ClientBuilder {
        self.settings.netrc = Some(netrc);
        self
    }

    /// The client. Nothing is read and nobody is asked yet.
    ///
    /// # Errors
    /// [`Error::Request`]: a field that cannot be sent.
    pub fn build(self) -> Result<Client, Error> {
        if let Some(error) = self.bad_field {
            return Err(Error::Request(error));
        }
        let tls = self.tls.unwrap_or_else(|| TlsConfig::builder().roots(system_roots()).build_lazy());
        let config = ClientConfig {
            resolver: self.resolver.unwrap_or_else(|| Resolver::new(ResolverConfig::default())),
            tls,
            connect_timeout: self.connect_timeout,
            pool: self.pool,
            versions: self.versions,
        };
        let mut routes = self.routes;
        routes.proxy_tls.get_or_insert_with(|| TlsConfig::builder().roots(system_roots()).build_lazy());
        Ok(Client::put_together(config, routes, self.settings))
    }

    fn note(&mut self, pushed: Result<(), FieldError>) {
        if let Err(error) = pushed {
            self.bad_field.get_or_insert(error);
        }
    }
}

/// The system's certificates: one file where there is one, else its folders. The environment is not asked.
fn system_roots() -> Roots {
    let bundle = BUNDLES.iter().map(Path::new).find(|path| path.exists());
    match bundle {
        Some(file) => Roots::Files { files: vec![file.to_owned()], dirs: Vec::new() },
        None => {
            let dirs = openssl_probe::candidate_cert_dirs().map(PathBuf::from).collect();
            Roots::Files { files: Vec::new(), dirs }
        }
    }
}
