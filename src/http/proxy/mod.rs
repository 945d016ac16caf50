//! Proxies: which one stands before an origin, and what is said to it: CONNECT, SOCKS 4, 4a, 5.
//!
//! ```text
//!   ProxyRules::proxy_for(origin) ──► HTTP(S) proxy, http origin ──► absolute-form, its answers are the origin's
//!                                 ├─► HTTP(S) proxy, https origin ─► CONNECT ──┐
//!                                 └─► SOCKS proxy ─────────────────► Socks ────┴► a tunnel: the origin's TLS, HTTP
//! ```
//!
//! A proxy's credentials are said to the proxy and to nobody else: no field of a request holds them, and CONNECT holds no
//! field of the request but its User-Agent.

mod error;
mod rules;
pub mod socks;
#[cfg(test)]
mod tests;
pub(crate) mod tunnel;

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use super::auth::{self, Login};
use super::origin::{Host, Origin, Scheme};

pub use error::{BadProxy, ProxyError};
pub use rules::ProxyRules;
pub use tunnel::Opening;

/// curl's port for a proxy that names none …
const DEFAULT_PORT: u16 = 1080;
/// … and for one that is spoken to over TLS.
const DEFAULT_TLS_PORT: u16 = 443;

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyKind {
    /// HTTP: `http://`, and what has no scheme.
    Http,
    /// HTTP over TLS: `https://`.
    Https,
    /// SOCKS 4, the name looked up here: `socks4://`, `socks://`.
    Socks4,
    /// SOCKS 4a, the name looked up by the proxy: `socks4a://`.
    Socks4a,
    /// SOCKS 5, the name looked up here: `socks5://`.
    Socks5,
    /// SOCKS 5, the name looked up by the proxy: `socks5h://`.
    Socks5h,
}

impl ProxyKind {
    fn of_scheme(scheme: &str) -> Option<ProxyKind> {
        Some(match scheme {
            "http" => ProxyKind::Http,
            "https" => ProxyKind::Https,
            "socks4" | "socks" => ProxyKind::Socks4,
            "socks4a" => ProxyKind::Socks4a,
            "socks5" => ProxyKind::Socks5,
            "socks5h" => ProxyKind::Socks5h,
            _ => return None,
        })
    }

    /// Whether it speaks HTTP.
    pub fn is_http(self) -> bool {
        matches!(self, ProxyKind::Http | ProxyKind::Https)
    }
}

/// A proxy with what is needed to use it. Two are equal when their credentials are, too: a connection that one of them
/// let through does not serve the other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// How it is spoken to.
    pub kind: ProxyKind,
    host: Host,
    port: u16,
    login: Option<Login>,
}

impl Proxy {
    /// Reads `[scheme://][user[:password]@]host[:port]` as curl does: without a scheme it is `default`, without a port 1080
    /// (443 for `https://`); user and password are percent-decoded; a path is passed over.
    ///
    /// # Errors
    /// An unknown scheme, no host, no port number. The error does not repeat the text, which may hold a password.
    ///
    /// ```
    /// use gfetch::http::proxy::{Proxy, ProxyKind};
    /// let proxy = Proxy::parse("socks5h://me:secret@localhost:9050", ProxyKind::Http).unwrap();
    /// assert_eq!(proxy.to_string(), "socks5h://localhost:9050");
    /// ```
    pub fn parse(text: &str, default: ProxyKind) -> Result<Proxy, BadProxy> {
        let (kind, rest) = match text.split_once("://") {
            Some((scheme, rest)) => {
                let scheme = scheme.to_ascii_lowercase();
                (ProxyKind::of_scheme(&scheme).ok_or(BadProxy::Scheme)?, rest)
            }
            None => (default, text),
        };
        // A scheme that URLs know nothing special of: `http://p:80` would lose its port.
        let url = Url::parse(&format!("proxy://{rest}")).map_err(|error| match error {
            url::ParseError::InvalidPort => BadProxy::Port,
            _ => BadProxy::Host,
        })?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(BadProxy::Host)?;
        let host = percent_decode_str(host).decode_utf8().map_err(|_| BadProxy::Host)?;
        let host = match url::Host::parse(&host).map_err(|_| BadProxy::Host)? {
            url::Host::Domain(name) => Host::Domain(name.into()),
            url::Host::Ipv4(ip) => Host::Ipv4(ip),
            url::Host::Ipv6(ip) => Host::Ipv6(ip),
        };
        let default_port = if kind == ProxyKind::Https { DEFAULT_TLS_PORT } else { DEFAULT_PORT };
        let port = Some(url.port().unwrap_or(default_port)).filter(|port| *port > 0).ok_or(BadProxy::Port)?;
        Ok(Proxy { kind, host, port, login: auth::from_url(&url) })
    }

    /// The same with this user and password, unless it has its own, as in curl (`-U`).
    pub fn or_login(mut self, login: &Login) -> Proxy {
        self.login.get_or_insert_with(|| login.clone());
        self
    }

    /// User and password.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// The value of `Proxy-Authorization`, where there are credentials.
    pub(super) fn authorization(&self) -> Option<String> {
        self.login().map(|login| auth::basic(&login.user, &login.password))
    }

    /// Where it is, as an origin.
    pub fn origin(&self) -> Origin {
        let scheme = if self.kind == ProxyKind::Https { Scheme::Https } else { Scheme::Http };
        Origin { scheme, host: self.host.clone(), port: self.port }
    }
}

/// Scheme, host and port: for people, without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks4 => "socks4",
            ProxyKind::Socks4a => "socks4a",
            ProxyKind::Socks5 => "socks5",
            ProxyKind::Socks5h => "socks5h",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = if self.login.is_some() { " as ***" } else { "" };
        write!(f, "{self}{login}")
    }
}
