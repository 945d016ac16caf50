//! What a host can be: a literal, localhost, a name worth looking up, or nothing.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::LookupError;

/// RFC 1035, section 2.3.4: 255 octets on the wire, of which the text loses two.
const MAX_NAME_BYTES: usize = 253;
/// The same for what stands between two dots.
const MAX_LABEL_BYTES: usize = 63;

/// What `localhost` means, without asking anybody (RFC 6761, section 6.3); IPv6 first, as RFC 6724 has it and curl does.
pub(super) const LOOPBACKS: [IpAddr; 2] = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Host<'a> {
    Literal(IpAddr),
    Localhost,
    /// In lower case; a final dot is kept, because it keeps the system from trying its search domains.
    Name(Cow<'a, str>),
}

impl Host<'_> {
    pub fn parse(host: &str) -> Result<Host<'_>, LookupError> {
        if let Some(address) = literal(host) {
            return Ok(Host::Literal(address));
        }
        check(host)?;
        let name = lower_case(host);
        let bare = name.strip_suffix('.').unwrap_or(&name);
        let is_localhost = bare == "localhost" || bare.ends_with(".localhost");
        Ok(if is_localhost { Host::Localhost } else { Host::Name(name) })
    }
}

fn literal(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// Names with a case of their own are rare: URLs come in lower case.
pub(super) fn lower_case(host: &str) -> Cow<'_, str> {
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

fn check(host: &str) -> Result<(), LookupError> {
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.is_empty() {
        return Err(LookupError::invalid("an empty name"));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(LookupError::invalid("a name longer than 253 bytes"));
    }
    if let Some(bad) = name.chars().find(|&c| !c.is_ascii_graphic() || "[]:/?#@\\%".contains(c)) {
        return Err(LookupError::invalid(&format!("{bad:?} cannot stand in a name")));
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(LookupError::invalid("an empty label (two dots in a row, or one in front)"));
        }
        if label.len() > MAX_LABEL_BYTES {
            return Err(LookupError::invalid("a label longer than 63 bytes"));
        }
    }
    // The system reads `127.1` and `0x7f.1` as addresses, URLs have them normalised before: nobody means a name by it.
    let last = name.rsplit('.').next().unwrap_or(name);
    if is_number(last) {
        return Err(LookupError::invalid("ends in a number, but is no IPv4 address"));
    }
    Ok(())
}

fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::DnsErrorKind;
    use super::*;

    fn name(text: &str) -> Host<'_> {
        Host::Name(Cow::Borrowed(text))
    }

    #[test]
    fn literals_of_both_families_are_known_with_and_without_brackets() {
        for text in ["::1", "[::1]"] {
            assert_eq!(Host::parse(text).unwrap(), Host::Literal(Ipv6Addr::LOCALHOST.into()));
        }
        assert_eq!(Host::parse("127.0.0.1").unwrap(), Host::Literal(Ipv4Addr::LOCALHOST.into()));
    }

    #[test]
    fn localhost_is_known_in_every_dress() {
        for text in ["localhost", "LOCALHOST", "localhost.", "a.localhost", "a.b.Localhost."] {
            assert_eq!(Host::parse(text).unwrap(), Host::Localhost, "{text}");
        }
        assert_eq!(Host::parse("notlocalhost").unwrap(), name("notlocalhost"));
        assert_eq!(Host::parse("localhost.example").unwrap(), name("localhost.example"));
    }

    #[test]
    fn names_are_lowered_and_keep_a_final_dot() {
        assert_eq!(Host::parse("WWW.Example.COM").unwrap(), name("www.example.com"));
        assert_eq!(Host::parse("example.com.").unwrap(), name("example.com."));
        assert_eq!(Host::parse("_dmarc.xn--bcher-kva.example").unwrap(), name("_dmarc.xn--bcher-kva.example"));
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for text in
            ["", ".", "..", ".a", "a..b", "a..", "a b", "a\0b", "a\n", "bücher.de", "[127.0.0.1]", "[::1", "fe80::1%1"]
        {
            let error = Host::parse(text).unwrap_err();
            assert!(matches!(error.kind, DnsErrorKind::Invalid), "{text:?}");
        }
    }

    #[test]
    fn numbers_that_the_system_would_read_as_an_address_are_refused() {
        for text in ["127.1", "1", "0x7f.1", "256.256.256.256", "a.0x7F", "1.2.3.4."] {
            assert!(Host::parse(text).is_err(), "{text}");
        }
        assert_eq!(Host::parse("1.example").unwrap(), name("1.example"));
    }

    #[test]
    fn the_longest_name_and_label_pass_and_one_byte_more_does_not() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(longest.len(), 253);
        assert!(Host::parse(&longest).is_ok());
        assert!(Host::parse(&format!("{longest}.")).is_ok());
        assert!(Host::parse(&format!("{longest}a")).is_err());
        assert!(Host::parse(&format!("{label}a.example")).is_err());
    }
}
