//! `--resolve`: addresses for a host and port, instead of a look-up.

use std::net::IpAddr;

use gfetch::fetch::plan::ResolveEntry;

/// What `--resolve` takes.
pub const TAKES: &str = "HOST:PORT:ADDRESS[,ADDRESS…] with numeric addresses, as in example.org:443:127.0.0.1";

/// What one `--resolve` says.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    Add(ResolveEntry),
    /// `-HOST:PORT`: an entry before it holds no longer.
    Remove(String, u16),
}

/// Reads `[+]HOST:PORT:ADDR[,ADDR]` and `-HOST:PORT`. The `+` (an entry that may time out) makes no difference within
/// one run.
pub fn parse(text: &str) -> Option<Change> {
    if let Some(rest) = text.strip_prefix('-') {
        let (host, port) = host_and_rest(rest)?;
        return Some(Change::Remove(host, port_number(port)?));
    }
    let (host, rest) = host_and_rest(text.strip_prefix('+').unwrap_or(text))?;
    let (port, addrs) = rest.split_once(':')?;
    let addrs = addrs.split(',').map(address).collect::<Option<Vec<_>>>()?;
    Some(Change::Add(ResolveEntry { host, port: port_number(port)?, addrs }))
}

/// The later entry for a host and port replaces the earlier.
pub fn apply(entries: &mut Vec<ResolveEntry>, change: Change) {
    let (host, port) = match &change {
        Change::Add(entry) => (&entry.host, entry.port),
        Change::Remove(host, port) => (host, *port),
    };
    entries.retain(|old| (&old.host, old.port) != (host, port));
    if let Change::Add(entry) = change {
        entries.push(entry);
    }
}

fn host_and_rest(text: &str) -> Option<(String, &str)> {
    if text.starts_with('[') {
        let end = text.find("]:")?;
        return Some((plain_host(&text[..=end])?, &text[end + 2..]));
    }
    let (host, rest) = text.split_once(':')?;
    Some((if host == "*" { host.into() } else { plain_host(host)? }, rest))
}

/// As a parsed URL writes it, so that it is found again.
fn plain_host(text: &str) -> Option<String> {
    url::Host::parse(text).ok().map(|host| host.to_string()).filter(|host| !host.contains('*'))
}

fn port_number(text: &str) -> Option<u16> {
    crate::cli::units::count(text, 1, u16::MAX.into()).map(|port| port as u16)
}

fn address(text: &str) -> Option<IpAddr> {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(host: &str, port: u16, addrs: &[&str]) -> Option<Change> {
        let addrs = addrs.iter().map(|a| a.parse().unwrap()).collect();
        Some(Change::Add(ResolveEntry { host: host.into(), port, addrs }))
    }

    #[test]
    fn curls_forms_are_taken() {
        assert_eq!(parse("Example.org:443:127.0.0.1"), add("example.org", 443, &["127.0.0.1"]));
        assert_eq!(parse("+a.b:80:1.2.3.4,[::1],::2"), add("a.b", 80, &["1.2.3.4", "::1", "::2"]));
        assert_eq!(parse("*:80:1.2.3.4"), add("*", 80, &["1.2.3.4"]));
        assert_eq!(parse("[::1]:80:1.2.3.4"), add("[::1]", 80, &["1.2.3.4"]));
        assert_eq!(parse("-a.b:80"), Some(Change::Remove("a.b".into(), 80)));
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for text in [
            "",
            "a",
            "a:80",
            "a:80:",
            "a:0:1.2.3.4",
            "a:x:1.2.3.4",
            ":80:1.2.3.4",
            "a:80:b",
            "a:80:1.2.3.4,",
            "-a",
            "*a:1:1.2.3.4",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_later_entry_for_a_host_and_port_wins() {
        let mut entries = Vec::new();
        for text in ["a:80:1.1.1.1", "a:81:1.1.1.1", "A:80:2.2.2.2", "b:80:3.3.3.3", "-b:80"] {
            apply(&mut entries, parse(text).unwrap());
        }
        let shown: Vec<_> = entries.iter().map(|e| format!("{}:{}:{}", e.host, e.port, e.addrs[0])).collect();
        assert_eq!(shown, ["a:81:1.1.1.1", "a:80:2.2.2.2"]);
    }
}
