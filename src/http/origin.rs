//! Origins: scheme, host, port (RFC 6454): what permits, pools and the redirect rules compare.

use std::fmt;
use std::sync::Arc;

use url::Url;

/// The two schemes that gfetch speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// `http`: plain TCP, port 80 unless the URL says otherwise.
    Http,
    /// `https`: TLS, port 443 unless the URL says otherwise.
    Https,
}

impl Scheme {
    /// `"http"` or `"https"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port that a URL of this scheme leaves out: 80 or 443.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A host as a URL names it: a lower-case name (IDNs in their `xn--` form) or an IP address.
pub type Host = url::Host<Arc<str>>;

/// Scheme, host and port. Two URLs share connections, permits and secrets exactly when their origins are equal.
///
/// A trailing dot is part of the name: `example.org.` is another origin than `example.org` and is sent with its dot in
/// `Host`, as curl does, so that no secret passes from one to the other. TLS leaves it off: see [`Origin::tls_name`].
///
/// Cloning copies no text: the name is shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// The host, without brackets.
    pub host: Host,
    /// The port, the scheme's default filled in.
    pub port: u16,
}

/// For tables by origin, which each request looks into several times: seeded, because lists may be hostile, and a fifth of
/// what std's hasher costs.
pub type OriginHasher = foldhash::fast::RandomState;

impl Origin {
    /// The origin of an `http` or `https` URL; `None` for every other scheme.
    pub fn of(url: &Url) -> Option<Origin> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let host = match url.host()? {
            url::Host::Domain(name) => Host::Domain(name.into()),
            url::Host::Ipv4(ip) => Host::Ipv4(ip),
            url::Host::Ipv6(ip) => Host::Ipv6(ip),
        };
        Some(Origin { scheme, host, port: url.port().unwrap_or(scheme.default_port()) })
    }

    /// The name for SNI and for the certificate: no trailing dot (RFC 6066 section 3), an IPv6 address without brackets.
    pub fn tls_name(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.strip_suffix('.').unwrap_or(name).to_owned(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        }
    }

    /// Host and port as the `Host` field takes them: the scheme's default port left out, IPv6 in brackets.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn the_default_port_is_filled_in_and_not_shown() {
        assert_eq!(origin("http://example.org").port, 80);
        assert_eq!(origin("https://example.org/a?b#c").port, 443);
        assert_eq!(origin("https://example.org:443/").to_string(), "https://example.org");
        assert_eq!(origin("https://example.org:8443/").to_string(), "https://example.org:8443");
        assert_eq!(origin("http://example.org:443/").to_string(), "http://example.org:443");
        assert_eq!(origin("http://example.org:80/"), origin("http://example.org/x"));
    }

    #[test]
    fn names_are_lower_case_and_idns_in_ascii() {
        assert_eq!(origin("HTTP://EXAMPLE.Org/").to_string(), "http://example.org");
        assert_eq!(origin("http://Bücher.example/").to_string(), "http://xn--bcher-kva.example");
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        assert_eq!(origin("http://[::1]:8080/").to_string(), "http://[::1]:8080");
        assert_eq!(origin("http://[0:0:0:0:0:0:0:1]/"), origin("http://[::1]/"));
        assert_eq!(origin("http://[::1]/").tls_name(), "::1");
        assert_eq!(origin("http://0x7f.1/"), origin("http://127.0.0.1/"));
        assert_ne!(origin("http://[::ffff:127.0.0.1]/"), origin("http://127.0.0.1/"));
    }

    #[test]
    fn any_of_the_three_parts_makes_another_origin() {
        let one = origin("http://example.org/");
        for other in
            ["https://example.org/", "http://example.org:81/", "http://www.example.org/", "http://example.org./"]
        {
            assert_ne!(one, origin(other), "{other}");
        }
        assert_eq!(one, origin("http://user:secret@example.org/other"));
    }

    #[test]
    fn a_trailing_dot_stays_in_host_and_leaves_the_tls_name() {
        let dotted = origin("https://example.org./");
        assert_eq!(dotted.authority(), "example.org.");
        assert_eq!(dotted.tls_name(), "example.org");
    }

    #[test]
    fn only_http_and_https_have_an_origin() {
        for other in ["ftp://example.org/", "file:///etc/passwd", "data:,x", "ws://example.org/"] {
            assert_eq!(Origin::of(&Url::parse(other).unwrap()), None, "{other}");
        }
    }

    #[test]
    fn an_origin_may_cross_threads() {
        fn crosses<T: Send + Sync + Ord + std::hash::Hash>() {}
        crosses::<Origin>();
    }
}
