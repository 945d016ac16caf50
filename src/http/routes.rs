//! Where a client's connections lead beside the URL's own host: proxies, a Unix socket, other hosts, own addresses.

use std::borrow::Cow;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::host_pattern::HostPattern;
use super::origin::{Host, Origin};
use super::proxy::ProxyRules;
use crate::net::TlsConfig;

/// How the connections of a client are led; by default straight to where the URL says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// Proxies, and who is asked without.
    pub proxies: ProxyRules,
    /// The TLS that is spoken with HTTPS proxies: never the origins', which may show a certificate of ours. Without it
    /// there is no way through one.
    pub proxy_tls: Option<TlsConfig>,
    /// Every connection is made to this Unix socket; then no proxy counts. curl: `--unix-socket`.
    pub unix_socket: Option<PathBuf>,
    /// Other hosts and ports to connect to; the first that matches counts. What is asked for stays the same: the URL, the
    /// `Host` field, the name in the certificate. curl: `--connect-to`.
    pub connect_to: Vec<ConnectTo>,
    /// From where connections are made. curl: `--interface`.
    pub interface: Option<Interface>,
    /// Refuses every address that is not public ([`not_public`](crate::net::not_public)), after names are resolved and for
    /// each request anew: for URLs that others name. The addresses that were judged are those that are connected to.
    /// Behind a proxy that looks names up itself only literal addresses and `localhost` can be judged; the proxy's own
    /// address may be what it likes, for you named it.
    pub block_private: bool,
    /// How long connecting to some hosts may take, in place of the client's own limit; the first that matches counts.
    pub connect_timeouts: Vec<(HostPattern, Duration)>,
}

impl Routes {
    /// How long connecting to `origin` may take, where it has a limit of its own.
    pub(super) fn connect_timeout(&self, origin: &Origin) -> Option<Duration> {
        if self.connect_timeouts.is_empty() {
            return None;
        }
        let host = origin.host.to_string();
        let own = self.connect_timeouts.iter().find(|(pattern, _)| pattern.matches(&host, origin.port));
        own.map(|(_, limit)| *limit)
    }
}

/// A host and port, and those to connect to in their place. An empty part is any, or the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    from: (Option<Host>, Option<u16>),
    to: (Option<Host>, Option<u16>),
}

impl ConnectTo {
    /// Reads `HOST1:PORT1:HOST2:PORT2`, each part of which may be empty; `:PORT2` may be left out. IPv6 in brackets.
    pub fn parse(text: &str) -> Option<ConnectTo> {
        let (host1, rest) = host_and_rest(text)?;
        let (port1, rest) = rest?.split_once(':')?;
        let (host2, port2) = host_and_rest(rest)?;
        Some(ConnectTo { from: (host1, port(port1)?), to: (host2, port(port2.unwrap_or_default())?) })
    }

    fn applies(&self, origin: &Origin) -> bool {
        self.from.0.as_ref().is_none_or(|host| *host == origin.host)
            && self.from.1.is_none_or(|port| port == origin.port)
    }
}

/// A host, and what follows its colon if there is one; none where it is no host.
fn host_and_rest(text: &str) -> Option<(Option<Host>, Option<&str>)> {
    let end = match text.strip_prefix('[') {
        Some(inner) => inner.find(']')? + 2,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at(end);
    let rest = match rest {
        "" => None,
        rest => Some(rest.strip_prefix(':')?),
    };
    if host.is_empty() {
        return Some((None, rest));
    }
    let host = match url::Host::parse(host).ok()? {
        url::Host::Domain(name) => Host::Domain(name.into()),
        url::Host::Ipv4(ip) => Host::Ipv4(ip),
        url::Host::Ipv6(ip) => Host::Ipv6(ip),
    };
    Some((Some(host), rest))
}

/// An empty one is none.
fn port(text: &str) -> Option<Option<u16>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port > 0).map(Some)
}

/// From where connections are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interface {
    /// Through a device of this name: `if!eth0`.
    Device(String),
    /// From this own address.
    Address(IpAddr),
    /// From the addresses of this own name: `host!here.example`.
    Host(String),
    /// From a device if there is one of this name, else from a host's addresses.
    DeviceOrHost(String),
}

impl Interface {
    /// Reads curl's forms: a device, an address or a host, `if!` and `host!` before it say which. None for an empty one.
    pub fn parse(text: &str) -> Option<Interface> {
        let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        if let Some(device) = text.strip_prefix("if!") {
            return named(device).map(Interface::Device);
        }
        let (host, any) = match text.strip_prefix("host!") {
            Some(host) => (host, false),
            None => (text, true),
        };
        let bare = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        match bare.parse() {
            Ok(address) => Some(Interface::Address(address)),
            Err(_) if any => named(host).map(Interface::DeviceOrHost),
            Err(_) => named(host).map(Interface::Host),
        }
    }
}

impl Routes {
    /// Host and port to connect to for `origin`.
    pub(super) fn target<'a>(&self, origin: &'a Origin) -> Cow<'a, Origin> {
        match self.connect_to.iter().find(|entry| entry.applies(origin)) {
            None => Cow::Borrowed(origin),
            Some(ConnectTo { to: (host, port), .. }) => {
                let host = host.clone().unwrap_or_else(|| origin.host.clone());
                Cow::Owned(Origin { scheme: origin.scheme, host, port: port.unwrap_or(origin.port) })
            }
        }
    }

    /// Whether each request needs a look at these.
    pub(super) fn concern_requests(&self) -> bool {
        let ProxyRules { http, https, all, no_proxy: _ } = &self.proxies;
        self.block_private || http.is_some() || https.is_some() || all.is_some()
    }

    /// Whether a direct connection needs a look at these.
    pub(super) fn concern_connections(&self) -> bool {
        self.block_private || self.unix_socket.is_some() || self.interface.is_some() || !self.connect_to.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    /// Where the entries lead from a URL, as `host:port`.
    fn led(entries: &[&str], url: &str) -> String {
        let connect_to = entries.iter().map(|entry| ConnectTo::parse(entry).unwrap()).collect();
        let routes = Routes { connect_to, ..Routes::default() };
        let origin = Origin::of(&Url::parse(url).unwrap()).unwrap();
        let target = routes.target(&origin);
        format!("{}:{}", target.host, target.port)
    }

    #[test]
    fn connect_to_takes_all_of_curls_forms() {
        for (entry, url, target) in [
            ("a.test:80:b.test:81", "http://a.test/", "b.test:81"),
            ("A.test:80:B.test:81", "http://a.test/", "b.test:81"),
            ("a.test:80:b.test:81", "http://a.test:82/", "a.test:82"),
            ("a.test:80:b.test:81", "http://c.test/", "c.test:80"),
            ("::b.test:81", "https://c.test/", "b.test:81"),
            (":443:b.test:", "https://c.test/", "b.test:443"),
            ("a.test::b.test", "https://a.test:9/", "b.test:9"),
            ("a.test:::81", "http://a.test/", "a.test:81"),
            (":::", "http://a.test/", "a.test:80"),
            ("::", "http://a.test/", "a.test:80"),
            ("[::1]:80:[::2]:81", "http://[::1]/", "[::2]:81"),
            ("127.0.0.1:80:a.test:1", "http://127.0.0.1/", "a.test:1"),
            ("::[::2]", "http://a.test/", "[::2]:80"),
        ] {
            assert_eq!(led(&[entry], url), target, "{entry} for {url}");
        }
        assert_eq!(led(&["b:80:x:1", "a:80:y:2", "::z:3"], "http://a/"), "y:2", "the first that matches");
    }

    #[test]
    fn what_is_no_connect_to_is_refused() {
        for text in [
            "",
            "a",
            "a:80",
            "a:x:b:1",
            "a:0:b:1",
            "a:80:b:65536",
            "a:80:b:+1",
            "a b::c:1",
            "[::1:80:b:1",
            "[::1]x:80:b:1",
        ] {
            assert_eq!(ConnectTo::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_interface_is_a_device_an_address_or_a_host() {
        for (text, interface) in [
            ("eth0", Interface::DeviceOrHost("eth0".into())),
            ("if!eth0", Interface::Device("eth0".into())),
            ("host!a.test", Interface::Host("a.test".into())),
            ("host!127.0.0.1", Interface::Address([127, 0, 0, 1].into())),
            ("127.0.0.1", Interface::Address([127, 0, 0, 1].into())),
            ("[::1]", Interface::Address("::1".parse().unwrap())),
        ] {
            assert_eq!(Interface::parse(text), Some(interface), "{text}");
        }
        for text in ["", "if!", "host!"] {
            assert_eq!(Interface::parse(text), None, "{text:?}");
        }
    }
}
