//! Hosts by pattern: `HOST[:PORT]`, `*.example.org`, `*`.

use std::fmt;

/// Which hosts are meant: one, all below a domain, or every one; at one port, or any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    host: Which,
    /// None: any port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    Every,
    /// `*.example.org` as `.example.org`: what ends so, and not `example.org` itself.
    Below(String),
    /// As the `url` crate writes a host: lower case, IDNA applied, IPv6 in brackets.
    Exactly(String),
}

impl HostPattern {
    /// Reads `example.org`, `example.org:8443`, `[::1]:80`, `*.example.org`, `*`; none where it is none of these.
    pub fn parse(text: &str) -> Option<HostPattern> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if host.starts_with('[') == host.ends_with(']') => (host, Some(port_number(port)?)),
            _ => (text, None),
        };
        let host = match host.strip_prefix('*') {
            Some("") => Which::Every,
            Some(below) => Which::Below(format!(".{}", plain_host(below.strip_prefix('.')?)?)),
            None => Which::Exactly(plain_host(host)?),
        };
        Some(HostPattern { host, port })
    }

    /// Whether this host is meant. `host` as in a parsed URL: lower case, IPv6 in brackets.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.port.is_none_or(|only| only == port)
            && match &self.host {
                Which::Every => true,
                Which::Exactly(name) => name.eq_ignore_ascii_case(host),
                Which::Below(suffix) => {
                    let start = host.len().saturating_sub(suffix.len());
                    start > 0 && host.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
                }
            }
    }

    /// How narrow it is: of two that mean the same host the greater says more.
    pub fn rank(&self) -> (usize, bool) {
        let host = match &self.host {
            Which::Every => 0,
            Which::Below(suffix) => suffix.len(),
            Which::Exactly(_) => usize::MAX,
        };
        (host, self.port.is_some())
    }
}

/// As it is written.
impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Which::Every => f.write_str("*")?,
            Which::Below(suffix) => write!(f, "*{suffix}")?,
            Which::Exactly(host) => f.write_str(host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn port_number(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten().filter(|port| *port != 0)
}

/// The host as a parsed URL writes it, so that both sides of a comparison went through the same rules.
fn plain_host(text: &str) -> Option<String> {
    if text.contains('*') {
        return None;
    }
    let host = url::Host::parse(text).ok()?.to_string();
    Some(host.strip_suffix('.').unwrap_or(&host).to_owned()).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrower_pattern_has_the_higher_rank() {
        let rank = |text| HostPattern::parse(text).unwrap().rank();
        let narrower = ["*", "*:80", "*.org", "*.example.org", "*.example.org:80", "a.example.org", "a.example.org:80"];
        assert!(narrower.windows(2).all(|two| rank(two[0]) < rank(two[1])));
        assert!(narrower.iter().all(|text| HostPattern::parse(text).unwrap().to_string() == *text));
    }
}
