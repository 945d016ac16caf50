//! Owns the hosts whose addresses, and ports, were given beforehand: curl's `--resolve` and `--connect-to`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

use super::host::lower_case;

/// The host that stands for all.
const ANY_HOST: &str = "*";

/// Addresses given for a host: nothing is looked up for it. Of two for the same host and port the later one counts; a
/// host by name wins over `*`, a port by number over any port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// A name or a literal, in any case; `*` is every host.
    pub host: String,
    /// For this port only; `None` for all.
    pub port: Option<u16>,
    /// What it resolves to, the one to try first in front; with none the host has no address.
    pub addresses: Vec<IpAddr>,
    /// The port that is connected to instead of the URL's, as by curl's `--connect-to`; `None` leaves it. What is asked
    /// for stays the same: the URL, the `Host` field, the name in the certificate.
    pub port_to: Option<u16>,
}

/// What was given for a host.
#[derive(Clone)]
pub(super) struct Given {
    pub addresses: Rc<[IpAddr]>,
    pub port_to: Option<u16>,
}

/// All overrides of a run, found by host.
pub(super) struct Overrides {
    hosts: HashMap<String, HashMap<Option<u16>, Given>>,
}

impl Overrides {
    pub fn new(overrides: Vec<Override>) -> Overrides {
        let mut hosts: HashMap<String, HashMap<_, _>> = HashMap::new();
        for Override { host, port, addresses, port_to } in overrides {
            let given = Given { addresses: addresses.into(), port_to };
            hosts.entry(plain(&lower_case(&host)).to_owned()).or_default().insert(port, given);
        }
        Overrides { hosts }
    }

    pub fn find(&self, host: &str, port: u16) -> Option<Given> {
        if self.hosts.is_empty() {
            return None;
        }
        let given = |host| {
            let ports = self.hosts.get(host)?;
            ports.get(&Some(port)).or_else(|| ports.get(&None)).cloned()
        };
        given(plain(&lower_case(host))).or_else(|| given(ANY_HOST))
    }
}

/// Without an IPv6 literal's brackets, or a name's final dot.
fn plain(host: &str) -> &str {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or_else(|| host.strip_suffix('.').unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(host: &str, port: Option<u16>, last: u8) -> Override {
        Override { host: host.to_owned(), port, addresses: vec![[192, 0, 2, last].into()], port_to: None }
    }

    fn last(overrides: &Overrides, host: &str, port: u16) -> Option<u8> {
        match overrides.find(host, port)?.addresses[..] {
            [IpAddr::V4(address)] => Some(address.octets()[3]),
            ref other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_host_wins_over_the_star_and_the_port_over_any_port() {
        let overrides = Overrides::new(vec![
            given("*", None, 1),
            given("*", Some(443), 2),
            given("Example.test", None, 3),
            given("example.test", Some(443), 4),
        ]);
        assert_eq!(last(&overrides, "other.test", 80), Some(1));
        assert_eq!(last(&overrides, "other.test", 443), Some(2));
        assert_eq!(last(&overrides, "EXAMPLE.test.", 80), Some(3));
        assert_eq!(last(&overrides, "example.test", 443), Some(4));
    }

    #[test]
    fn the_later_of_two_counts_and_another_port_is_not_touched() {
        let overrides = Overrides::new(vec![given("a", Some(80), 1), given("a", Some(80), 2)]);
        assert_eq!(last(&overrides, "a", 80), Some(2));
        assert_eq!(last(&overrides, "a", 81), None);
        assert_eq!(last(&overrides, "b", 80), None);
    }

    #[test]
    fn literals_are_overridden_too() {
        let overrides = Overrides::new(vec![given("::1", Some(80), 1), given("[::2]", Some(80), 2)]);
        assert_eq!(last(&overrides, "[::1]", 80), Some(1));
        assert_eq!(last(&overrides, "::2", 80), Some(2));
    }
}
