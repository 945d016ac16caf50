//! Which proxy the environment asks for, by curl's rules.

use std::net::IpAddr;

/// The proxies that the environment asks for, and the hosts that need none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyRules {
    /// For `http`.
    pub http: Option<ProxyVariable>,
    /// For `https`.
    pub https: Option<ProxyVariable>,
    /// For a scheme without one of its own.
    pub all: Option<ProxyVariable>,
    /// Hosts that are asked directly: names (with all below them), addresses, networks, or `*`; separated by commas or spaces.
    pub no_proxy: String,
}

/// A variable of the environment, with its value.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyVariable {
    /// `http_proxy`, `HTTPS_PROXY`.
    pub name: &'static str,
    /// As it was set; it may hold a password, so `Debug` does not show it.
    pub value: String,
}

impl std::fmt::Debug for ProxyVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=***", self.name)
    }
}

impl ProxyRules {
    /// The proxy for a request. `host` as in a parsed URL, an IPv6 address with or without brackets; an empty host is
    /// one not known yet, which only `*` spares.
    pub fn proxy_for(&self, scheme: &str, host: &str) -> Option<&ProxyVariable> {
        let own = match scheme {
            "http" => &self.http,
            "https" => &self.https,
            _ => &None,
        };
        own.as_ref().or(self.all.as_ref()).filter(|_| !self.is_spared(host))
    }

    fn is_spared(&self, host: &str) -> bool {
        // curl knows the star only as the whole value.
        if self.no_proxy.trim() == "*" {
            return true;
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let mut rules = self.no_proxy.split([',', ' ', '\t']).filter(|rule| !rule.is_empty());
        match host.parse::<IpAddr>() {
            Ok(addr) => rules.any(|rule| is_in_network(addr, rule)),
            Err(_) => rules.any(|rule| is_or_is_below(host, rule)),
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
    use super::*;

    fn spared(no_proxy: &str, host: &str) -> bool {
        let proxy = ProxyVariable { name: "all_proxy", value: "http://p:1".into() };
        let rules = ProxyRules { all: Some(proxy), no_proxy: no_proxy.into(), ..ProxyRules::default() };
        rules.proxy_for("http", host).is_none()
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
        assert!(spared("*", "example.org") && spared(" * ", "") && !spared("*.org", "example.org"));
        assert!(!spared("a.test,*", "example.org"));
        assert!(!spared("example.org", ""));
    }

    #[test]
    fn addresses_are_spared_by_number_and_by_network() {
        assert!(spared("127.0.0.1", "127.0.0.1") && !spared("127.0.0.1", "127.0.0.2"));
        assert!(spared("127.0.0.0/8", "127.9.9.9") && !spared("127.0.0.0/8", "128.0.0.1"));
        assert!(spared("::1", "[::1]") && spared("fe80::/10", "[fe80::1]") && !spared("fe80::/10", "[::1]"));
        assert!(spared("0.0.0.0/0", "9.9.9.9") && spared("::/0", "[::1]"));
        assert!(
            !spared("10.0.0.0/33", "10.0.0.0") && !spared("10.0.0.0/x", "10.0.0.0") && !spared("0.0.1", "127.0.0.1")
        );
    }

    #[test]
    fn a_scheme_has_its_own_proxy_before_the_one_for_all() {
        let var = |name| Some(ProxyVariable { name, value: "p".into() });
        let rules = ProxyRules { http: var("http_proxy"), all: var("all_proxy"), ..ProxyRules::default() };
        assert_eq!(rules.proxy_for("http", "a").unwrap().name, "http_proxy");
        assert_eq!(rules.proxy_for("https", "a").unwrap().name, "all_proxy");
    }

    #[test]
    fn debug_shows_no_password() {
        let var = ProxyVariable { name: "http_proxy", value: "http://me:hunter2@p".into() };
        assert_eq!(format!("{var:?}"), "http_proxy=***");
    }
}
