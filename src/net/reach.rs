//! Which addresses lead out into the public internet, and what the others are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is that is not public: `"loopback"`, `"private"`, `"link-local"` …; none for a public one. An IPv6
/// address that carries an IPv4 one (mapped, 6to4, NAT64, Teredo, ISATAP) is what that one is.
///
/// For who fetches what others name (a list from outside): the registries of RFC 6890 and its successors, taken strictly.
///
/// ```
/// use gfetch::net::not_public;
/// assert_eq!(not_public("127.0.0.1".parse().unwrap()), Some("loopback"));
/// assert_eq!(not_public("::ffff:10.0.0.1".parse().unwrap()), Some("private"));
/// assert_eq!(not_public("1.1.1.1".parse().unwrap()), None);
/// ```
pub fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, 0, 0, 0] => "unspecified",
        [0, ..] => "this network",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "private",
        [100, 64..=127, ..] => "carrier-grade NAT",
        [127, ..] => "loopback",
        [169, 254, ..] => "link-local",
        [192, 0, 0, _] => "protocol assignments",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "documentation",
        [192, 88, 99, _] => "a 6to4 relay",
        [198, 18..=19, ..] => "benchmarking",
        [224..=239, ..] => "multicast",
        [255, 255, 255, 255] => "broadcast",
        [240..=255, ..] => "reserved",
        _ => return None,
    })
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    let own = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => "unspecified",
        [0, 0, 0, 0, 0, 0, 0, 1] => "loopback",
        [0x64, 0xff9b, 1, ..] => "local NAT64",
        [0x100, 0, 0, 0, ..] => "discarded",
        // Teredo carries the address of its client (inverted) and of a server: no web server lives there.
        [0x2001, 0, ..] => "Teredo",
        [0x2001, 2, 0, ..] => "benchmarking",
        [0x2001, 0x10..=0x2f, ..] => "identifiers",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "documentation",
        [0x5f00, ..] => "segment routing",
        [0xfc00..=0xfdff, ..] => "unique-local",
        [0xfe80..=0xfebf, ..] => "link-local",
        [0xfec0..=0xfeff, ..] => "site-local",
        [0xff00..=0xffff, ..] => "multicast",
        segments => return embedded(segments).and_then(v4),
    };
    Some(own)
}

/// The IPv4 address that an IPv6 one leads to.
fn embedded(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match segments {
        // Compatible, mapped, translated (RFC 4291, RFC 2765).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => of(high, low),
        // NAT64 (RFC 6052) and 6to4 (RFC 3056).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => of(high, low),
        // ISATAP (RFC 5214), whose interface identifier holds it.
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_first_and_last_address() {
        for (kind, addresses) in [
            ("unspecified", "0.0.0.0 :: ::ffff:0.0.0.0"),
            ("this network", "0.0.0.1 0.255.255.255"),
            ("private", "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255"),
            ("carrier-grade NAT", "100.64.0.0 100.127.255.255"),
            ("loopback", "127.0.0.0 127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 ::ffff:0:127.0.0.1"),
            ("link-local", "169.254.0.0 169.254.169.254 169.254.255.255 fe80:: febf:ffff::1"),
            ("unique-local", "fc00:: fdff:ffff::1 fd00:ec2::254"),
            ("site-local", "fec0:: feff::1"),
            ("multicast", "224.0.0.0 239.255.255.255 ff00:: ff02::1 ffff::"),
            ("broadcast", "255.255.255.255"),
            ("reserved", "240.0.0.0 255.255.255.254"),
            ("benchmarking", "198.18.0.0 198.19.255.255 2001:2::1"),
            ("protocol assignments", "192.0.0.0 192.0.0.170"),
            ("documentation", "192.0.2.1 198.51.100.1 203.0.113.255 2001:db8::1 3fff:fff::"),
            ("local NAT64", "64:ff9b:1:: 64:ff9b:1:ffff::"),
            ("Teredo", "2001::1 2001:0:ffff::"),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(not_public(address.parse().unwrap()), Some(kind), "{address}");
            }
        }
    }

    #[test]
    fn an_embedded_address_is_judged_as_itself() {
        for form in [
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::1",
            "2a00::5efe:10.0.0.1",
            "2a00::200:5efe:10.0.0.1",
        ] {
            assert_eq!(not_public(form.parse().unwrap()), Some("private"), "{form}");
        }
        for form in ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "2a00::5efe:8.8.8.8"] {
            assert_eq!(not_public(form.parse().unwrap()), None, "{form}");
        }
    }

    #[test]
    fn what_lies_beside_is_public() {
        for address in
            "9.255.255.255 11.0.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 100.63.255.255 100.128.0.0 126.255.255.255 \
             128.0.0.0 169.253.255.255 169.255.0.0 223.255.255.255 198.17.255.255 198.20.0.0 2a00:1450::1 2606:4700::1111 \
             2001:4860::8888 fbff:: 64:ff9c::1"
                .split_whitespace()
        {
            assert_eq!(not_public(address.parse().unwrap()), None, "{address}");
        }
    }
}
