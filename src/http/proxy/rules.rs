//! Which proxy stands before an origin, by curl's rules.

use std::net::IpAddr;
use std::sync::Arc;

use super::Proxy;
use crate::http::origin::{Host, Origin, Scheme};

/// The proxies of a client, and the hosts that need none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyRules {
    /// For `http`.
    pub http: Option<Arc<Proxy>>,
    /// For `https`.
    pub https: Option<Arc<Proxy>>,
    /// For a scheme without one of its own.
    pub all: Option<Arc<Proxy>>,
    /// Hosts that are asked directly: names (with all below them), addresses, networks, or `*`; separated by commas or spaces.
    pub no_proxy: String,
}

impl ProxyRules {
    /// The same proxy for all.
    pub fn all(proxy: Proxy) -> ProxyRules {
        ProxyRules { all: Some(Arc::new(proxy)), ..ProxyRules::default() }
    }

    /// The proxy that stands before `origin`.
    ///
    /// ```
    /// use gfetch::http::{origin::Origin, proxy::{Proxy, ProxyKind, ProxyRules}};
    /// let proxy = Proxy::parse("proxy.example:3128", ProxyKind::Http).unwrap();
    /// let rules = ProxyRules { no_proxy: ".corp.example,10.0.0.0/8".into(), ..ProxyRules::all(proxy) };
    /// let goes_by_proxy = |url| rules.proxy_for(&Origin::of(&url::Url::parse(url).unwrap()).unwrap()).is_some();
    /// assert!(goes_by_proxy("http://www.example/"));
    /// assert!(!goes_by_proxy("https://www.corp.example/") && !goes_by_proxy("http://10.1.2.3/"));
    /// ```
    pub fn proxy_for(&self, origin: &Origin) -> Option<&Arc<Proxy>> {
        let own = match origin.scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        own.as_ref().or(self.all.as_ref()).filter(|_| !self.is_spared(&origin.host))
    }

    fn is_spared(&self, host: &Host) -> bool {
        // curl knows the star only as the whole value.
        if self.no_proxy.trim() == "*" {
            return true;
        }
        let mut rules = self.no_proxy.split([',', ' ', '\t']).filter(|rule| !rule.is_empty());
        match host {
            Host::Ipv4(ip) => rules.any(|rule| is_in_network((*ip).into(), rule)),
            Host::Ipv6(ip) => rules.any(|rule| is_in_network((*ip).into(), rule)),
            Host::Domain(name) => rules.any(|rule| is_or_is_below(name, rule)),
        }
    }
}

/// `example.org` and `.example.org` are the same rule: the name and all below it.
fn is_or_is_below(host: &str, rule: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let rule = rule.strip_suffix('.').unwrap_or(rule);
    let rule = rule.strip_prefix('.').unwrap_or(rule).to_ascii_lowercase();
    !rule.is_empty() && host.strip_suffix(&rule).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// An address, or a network in CIDR notation.
fn is_in_network(addr: IpAddr, rule: &str) -> bool {
    let (network, bits) = match rule.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (rule, Some(if addr.is_ipv4() { 32 } else { 128 })),
    };
    let (Ok(network), Some(bits)) = (network.trim_matches(['[', ']']).parse::<IpAddr>(), bits) else { return false };
    match (addr, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => bits <= 32 && high_bits(a.to_bits().into(), n.to_bits().into(), 32 - bits),
        (IpAddr::V6(a), IpAddr::V6(n)) => bits <= 128 && high_bits(a.to_bits(), n.to_bits(), 128 - bits),
        _ => false,
    }
}

fn high_bits(a: u128, b: u128, dropped: u32) -> bool {
    (a ^ b).checked_shr(dropped).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::ProxyKind;
    use super::*;

    fn proxy(host: &str) -> Option<Arc<Proxy>> {
        Some(Arc::new(Proxy::parse(host, ProxyKind::Http).unwrap()))
    }

    fn origin(url: &str) -> Origin {
        Origin::of(&Url::parse(url).unwrap()).unwrap()
    }

    fn spared(no_proxy: &str, host: &str) -> bool {
        let rules = ProxyRules { all: proxy("p:1"), no_proxy: no_proxy.into(), ..ProxyRules::default() };
        rules.proxy_for(&origin(&format!("http://{host}/"))).is_none()
    }

    #[test]
    fn a_name_spares_itself_and_all_below() {
        assert!(spared("example.org", "example.org"));
        assert!(spared("other.test, Example.org.", "WWW.example.org."));
        assert!(spared(".example.org", "example.org") && spared(".example.org", "a.example.org"));
        assert!(!spared("example.org", "notexample.org"));
        assert!(!spared("www.example.org", "example.org"));
        assert!(!spared("", "example.org") && !spared(".", "example.org") && !spared(",, ", "example.org"));
    }

    #[test]
    fn a_star_spares_everything_but_only_alone() {
        assert!(spared("*", "example.org") && spared(" * ", "[::1]") && !spared("*.org", "example.org"));
        assert!(!spared("a.test,*", "example.org"));
    }

    #[test]
    fn addresses_are_spared_by_number_and_by_network() {
        assert!(spared("127.0.0.1", "127.0.0.1") && !spared("127.0.0.1", "127.0.0.2"));
        assert!(spared("127.0.0.0/8", "127.9.9.9") && !spared("127.0.0.0/8", "128.0.0.1"));
        assert!(spared("::1", "[::1]") && spared("[::1]", "[::1]"));
        assert!(spared("fe80::/10", "[fe80::1]") && !spared("fe80::/10", "[::1]"));
        assert!(spared("0.0.0.0/0", "9.9.9.9") && spared("::/0", "[::1]"));
        assert!(
            !spared("10.0.0.0/33", "10.0.0.0") && !spared("10.0.0.0/x", "10.0.0.0") && !spared("0.0.1", "127.0.0.1")
        );
    }

    #[test]
    fn a_scheme_has_its_own_proxy_before_the_one_for_all() {
        let rules = ProxyRules { http: proxy("a"), all: proxy("b"), ..ProxyRules::default() };
        assert_eq!(rules.proxy_for(&origin("http://x/")), proxy("a").as_ref());
        assert_eq!(rules.proxy_for(&origin("https://x/")), proxy("b").as_ref());
        assert_eq!(ProxyRules::default().proxy_for(&origin("http://x/")), None);
    }
}
