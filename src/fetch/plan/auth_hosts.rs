//! Which hosts may see secrets: `HOST[:PORT]`, `*.example.org`, `*`.

use std::fmt;

use crate::http::HostPattern;

/// Hosts that may see secrets. The default is nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthHosts {
    patterns: Vec<HostPattern>,
}

/// A text that names no host. Its `Display` says what is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadAuthHost(pub String);

impl fmt::Display for BadAuthHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not HOST[:PORT], '*.example.org' or '*'", self.0)
    }
}

impl std::error::Error for BadAuthHost {}

impl AuthHosts {
    /// Reads patterns: `example.org`, `example.org:8443`, `[::1]:80`, `*.example.org`, `*`.
    ///
    /// # Errors
    /// The first text that is none of these; a URL, for example.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, BadAuthHost> {
        let patterns = texts.into_iter().map(|text| HostPattern::parse(text).ok_or_else(|| BadAuthHost(text.into())));
        Ok(AuthHosts { patterns: patterns.collect::<Result<_, _>>()? })
    }

    /// Whether nobody may see them.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether this host may see secrets. `host` as in a parsed URL: lower case, IPv6 in brackets.
    pub fn allows(&self, host: &str, port: u16) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(host, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(pattern: &str, host: &str, port: u16) -> bool {
        AuthHosts::parse([pattern]).unwrap().allows(host, port)
    }

    #[test]
    fn nobody_is_allowed_by_default() {
        assert!(!AuthHosts::default().allows("example.org", 443));
    }

    #[test]
    fn a_host_is_that_host_alone() {
        assert!(allows("example.org", "example.org", 8443));
        assert!(allows("Example.ORG.", "example.org", 80));
        assert!(allows("example.org", "example.org.", 80));
        assert!(!allows("example.org", "www.example.org", 443));
        assert!(!allows("example.org", "notexample.org", 443));
        assert!(allows("bücher.example", "xn--bcher-kva.example", 443));
        assert!(allows("127.1", "127.0.0.1", 443));
    }

    #[test]
    fn a_port_narrows_it() {
        assert!(allows("example.org:8443", "example.org", 8443));
        assert!(!allows("example.org:8443", "example.org", 443));
        assert!(allows("[::1]:80", "[::1]", 80) && !allows("[::1]:80", "[::1]", 81));
        assert!(allows("[::1]", "[::1]", 81));
        assert!(allows("*:8443", "a.example", 8443) && !allows("*:8443", "a.example", 443));
    }

    #[test]
    fn a_star_takes_what_is_below_and_not_the_domain_itself() {
        assert!(allows("*.example.org", "a.b.example.org", 443));
        assert!(!allows("*.example.org", "example.org", 443));
        assert!(!allows("*.example.org", "evilexample.org", 443));
        assert!(!allows("*.example.org", "example.org.evil.example", 443));
        assert!(allows("*", "anything.example", 1));
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for text in
            ["", "https://example.org", "example.org/path", "a*b", "*.*", "*a", "x:0", "x:99999", "x:+1", "u@h", "::1"]
        {
            assert_eq!(AuthHosts::parse([text]), Err(BadAuthHost(text.into())), "{text:?}");
        }
    }
}
