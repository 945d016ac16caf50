//! What proxies say: SOCKS replies, answers to CONNECT.

use std::io::{self, Read, Write};

use super::cuts;
use crate::http::Error;
use crate::http::h1::{Limits, ReceiveHead, Received};
use crate::http::proxy::socks::{MAX_NEEDED_BYTES, Socks, SocksTarget};
use crate::http::proxy::{Proxy, ProxyError, ProxyKind, tunnel};

const PASSWORD: &[u8] = b"s3cr3t";

/// Replies of a SOCKS proxy: to versions 4, 4a and 5, with and without credentials to offer.
pub fn socks(data: &[u8]) {
    for kind in [ProxyKind::Socks4, ProxyKind::Socks4a, ProxyKind::Socks5, ProxyKind::Socks5h] {
        for login in [None, Some((&b"me"[..], PASSWORD))] {
            for target in [
                SocksTarget::Name("a.example".into(), 443),
                SocksTarget::Address("127.0.0.1:80".parse().unwrap()),
                SocksTarget::Address("[::1]:80".parse().unwrap()),
            ] {
                shake_hands(kind, &target, login, data);
            }
        }
    }
}

fn shake_hands(kind: ProxyKind, target: &SocksTarget, login: Option<(&[u8], &[u8])>, data: &[u8]) {
    let Ok((mut socks, mut sent)) = Socks::begin(kind, target, login) else {
        return assert!(matches!((kind, target), (ProxyKind::Socks4 | ProxyKind::Socks4a, SocksTarget::Address(_))));
    };
    let mut rest = data;
    // Method, login, reply, address, length, the rest: no handshake has more steps, and the seventh look finds it open.
    for step in 0.. {
        assert!(step <= 6, "it never ends");
        let needed = socks.needs();
        assert!(needed <= MAX_NEEDED_BYTES);
        if needed == 0 {
            break;
        }
        let Some((reply, behind)) = rest.split_at_checked(needed) else { return };
        rest = behind;
        match socks.receive(reply) {
            Ok(next) => sent.extend(next),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                break;
            }
        }
    }
    let says_password = sent.windows(PASSWORD.len()).any(|window| window == PASSWORD);
    let is_5 = matches!(kind, ProxyKind::Socks5 | ProxyKind::Socks5h);
    assert!(!says_password || (is_5 && login.is_some() && data.starts_with(&[5, 2])), "the password, unasked");
    if socks.needs() == 0 {
        let granted = if is_5 { data[0] == 5 } else { data[..2] == [0, 90] };
        assert!(granted, "open, and nobody said so");
        // Nothing of the origin's is taken: what follows may be anything.
        let taken = data.len() - rest.len();
        let most = 2 + 2 + 2 + 2 + 1 + MAX_NEEDED_BYTES;
        assert!(if is_5 { (8..=most).contains(&taken) } else { taken == 8 }, "{taken}");
    }
}

/// A proxy's answer to CONNECT, however it comes.
pub fn connect_answers(data: &[u8]) {
    let proxy = Proxy::parse("http://me:s3cr3t@proxy.example:3128", ProxyKind::Http).unwrap();
    for pieces in cuts(data).into_iter().chain([vec![data]]) {
        let mut stream = Peer { pieces, sent: Vec::new(), taken: 0 };
        let opened = tunnel::connect(&mut stream, &proxy, "a.example:443", None, &mut None);
        assert!(stream.sent.starts_with(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n"));
        assert_eq!(stream.sent.windows(4).filter(|window| window == b"\r\n\r\n").count(), 1);
        match opened {
            Ok(()) => assert_eq!(final_head(data), Some((stream.taken, true)), "open at the end of a 2xx"),
            Err(Error::Proxy(error)) => match *error {
                ProxyError::Status(_) => assert!(final_head(data).is_some_and(|(_, opens)| !opens)),
                ProxyError::EarlyBytes => {
                    assert!(final_head(data).is_some_and(|(end, opens)| opens && end < stream.taken))
                }
                ProxyError::Truncated(_) => assert_eq!(final_head(data), None),
                ref other => assert!(!other.to_string().contains("s3cr3t")),
            },
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Where the final head ends, and whether it opens the way.
fn final_head(data: &[u8]) -> Option<(usize, bool)> {
    let mut state = ReceiveHead::new("CONNECT", Limits::RESPONSE);
    let mut at = 0;
    loop {
        match state.advance(&data[at..]).ok()?? {
            Received::Informational { consumed, .. } => at += consumed,
            Received::Final { consumed, head } => return Some((at + consumed, (200..300).contains(&head.status))),
        }
    }
}

/// A stream that gives a piece a read, and then its end.
struct Peer<'a> {
    pieces: Vec<&'a [u8]>,
    sent: Vec<u8>,
    taken: usize,
}

impl Read for Peer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(first) = self.pieces.first_mut() else { return Ok(0) };
        let read = first.read(buffer)?;
        if first.is_empty() {
            self.pieces.remove(0);
        }
        self.taken += read;
        Ok(read)
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sent.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
