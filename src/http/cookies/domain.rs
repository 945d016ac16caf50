//! Hosts and domains: who matches whom, what is a public suffix, which site a host belongs to.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a host may see a cookie of a domain (RFC 6265bis section 5.1.3): the same, or below it. Both in lower case.
pub fn matches(host: &str, domain: &str) -> bool {
    host == domain
        || host
            .strip_suffix(domain)
            .is_some_and(|below| below.ends_with('.') && !domain.is_empty() && !is_address(host))
}

/// Whether everybody may have a name directly below it (`com`, `co.uk`, `github.io`), so that nobody may set cookies for
/// all of it. A name that the list does not know is one when it has no dot; and so is `kawasaki.jp`, of which the list
/// says `*.kawasaki.jp`: a cookie for it would go to all of them.
pub fn is_public_suffix(domain: &str) -> bool {
    let is_one = |name: &str| psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.as_bytes().len() == name.len());
    is_one(domain) || is_one(&format!("*.{domain}"))
}

/// The site of a host: its public suffix with one label more; an address, and a public suffix, are their own.
///
/// A trailing dot makes another site: `example.org.` is not `example.org`, and their cookies stay apart.
pub fn site(host: &str) -> &str {
    if is_address(host) {
        return host;
    }
    let of_list = psl::domain(host.as_bytes()).map(|domain| domain.as_bytes().len());
    of_list.and_then(|bytes| host.get(host.len().checked_sub(bytes)?..)).unwrap_or(host)
}

/// Whether it is an address as a URL writes it.
pub fn is_address(host: &str) -> bool {
    // No name has brackets, and no name that a URL takes ends in a number.
    host.starts_with('[') || (host.ends_with(|c: char| c.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_ok())
}

/// A `Domain` attribute, or a file's first column, in the form that hosts have in URLs: lower case, ASCII, IPv6 in
/// brackets. `None`: it can name no host.
pub fn canonical(text: &[u8]) -> Option<Box<str>> {
    let text = std::str::from_utf8(text).ok()?;
    let in_brackets = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    if let Ok(address) = in_brackets.unwrap_or(text).parse::<Ipv6Addr>() {
        return Some(format!("[{address}]").into());
    }
    let name = match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => match url::Host::parse(text).ok()? {
            url::Host::Domain(name) => name,
            _ => return None,
        },
    };
    // Characters that no host has; a `#` would make a comment of its line in a file.
    let is_foreign = |byte: u8| byte.is_ascii_control() || b" #%/:<>?@[\\]^|".contains(&byte);
    let is_clean = !name.is_empty() && !name.starts_with('.') && !name.bytes().any(is_foreign);
    is_clean.then(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_matches_its_own_domain_and_those_above() {
        for (host, domain) in [("a.example", "a.example"), ("b.a.example", "a.example"), ("[::1]", "[::1]")] {
            assert!(matches(host, domain), "{host} {domain}");
        }
        for (host, domain) in [
            ("a.example", "b.a.example"),
            ("ba.example", "a.example"),
            ("a.example.", "a.example"),
            ("a.example", "a.example."),
            ("127.0.0.1", "0.0.1"),
            ("127.0.0.1", "1"),
            ("[::1]", "1]"),
            ("a.example", ""),
            ("a.example.", ""),
        ] {
            assert!(!matches(host, domain), "{host} {domain}");
        }
    }

    #[test]
    fn public_suffixes_are_known_and_what_is_unknown_is_one_without_a_dot() {
        for suffix in ["com", "co.uk", "github.io", "com.", "localhost", "unknownsuffix", "kawasaki.jp", "x.ck"] {
            assert!(is_public_suffix(suffix), "{suffix}");
        }
        for name in ["example.com", "example.co.uk", "me.github.io", "a.unknownsuffix", "city.kawasaki.jp", "www.ck"] {
            assert!(!is_public_suffix(name), "{name}");
        }
    }

    #[test]
    fn a_site_is_what_one_may_register() {
        for (host, expected) in [
            ("a.b.example.co.uk", "example.co.uk"),
            ("example.com", "example.com"),
            ("com", "com"),
            ("localhost", "localhost"),
            ("x.localhost", "x.localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("a.b.example.com.", "example.com."),
            ("a.me.github.io", "me.github.io"),
            (".", "."),
            ("a..com", ".com"),
        ] {
            assert_eq!(site(host), expected, "{host}");
        }
    }

    #[test]
    fn domains_are_written_as_hosts_in_urls_are() {
        for (text, expected) in [
            ("Example.ORG", Some("example.org")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("::1", Some("[::1]")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("", None),
            ("a b", None),
            ("a\tb", None),
            (".com", None),
            ("[::0]", Some("[::]")),
            ("[::0", None),
            ("a:80", None),
            ("#a.example", None),
            ("a.example/x", None),
        ] {
            assert_eq!(canonical(text.as_bytes()).as_deref(), expected, "{text:?}");
        }
        assert_eq!(canonical(b"\xff"), None);
    }
}
