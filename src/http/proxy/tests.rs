//! Tests of proxies: how they are written, SOCKS byte by byte, what CONNECT says and takes.

use std::io::{self, Read, Write};

use super::socks::{Socks, SocksError, SocksTarget};
use super::*;
use crate::http::Error;

fn proxy(text: &str) -> Proxy {
    Proxy::parse(text, ProxyKind::Http).unwrap()
}

fn login(user: &str, password: &str) -> Login {
    Login { user: user.into(), password: password.into() }
}

#[test]
fn a_proxy_is_written_as_curl_reads_it() {
    for (text, shown, user) in [
        ("p", "http://p:1080", None),
        ("p:3128", "http://p:3128", None),
        ("http://P.example:80", "http://p.example:80", None),
        ("http://p/path", "http://p:1080", None),
        ("HTTPS://p", "https://p:443", None),
        ("socks://p", "socks4://p:1080", None),
        ("socks4a://p:1", "socks4a://p:1", None),
        ("socks5://[::1]:9050", "socks5://[::1]:9050", None),
        ("socks5h://127.0.0.1", "socks5h://127.0.0.1:1080", None),
        ("me:pa%3Ass@p:1", "http://p:1", Some(("me", "pa:ss"))),
        ("http://me%40x@p:1", "http://p:1", Some(("me@x", ""))),
        ("http://bücher.example:1", "http://xn--bcher-kva.example:1", None),
    ] {
        let proxy = proxy(text);
        assert_eq!(proxy.to_string(), shown, "{text}");
        assert_eq!(proxy.login().cloned(), user.map(|(user, password)| login(user, password)), "{text}");
    }
    assert_eq!(Proxy::parse("p:9", ProxyKind::Socks5h).unwrap().to_string(), "socks5h://p:9");
}

#[test]
fn what_is_no_proxy_is_refused_without_repeating_it() {
    for (text, bad) in [
        ("ftp://p", BadProxy::Scheme),
        ("socks6://p", BadProxy::Scheme),
        ("", BadProxy::Host),
        ("http://", BadProxy::Host),
        ("http://:3128", BadProxy::Host),
        ("me:hunter2@", BadProxy::Host),
        ("a b", BadProxy::Host),
        ("p:0", BadProxy::Port),
        ("p:65536", BadProxy::Port),
        ("p:x", BadProxy::Port),
    ] {
        let error = Proxy::parse(text, ProxyKind::Http).unwrap_err();
        assert_eq!(error, bad, "{text}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[test]
fn a_proxys_own_credentials_count_before_those_given_beside_it_and_none_are_shown() {
    let own = proxy("http://me:hunter2@p").or_login(&login("other", "hunter3"));
    assert_eq!(own.login(), Some(&login("me", "hunter2")));
    let given = proxy("http://p").or_login(&login("other", "hunter3"));
    assert_eq!(given.login(), Some(&login("other", "hunter3")));
    assert_ne!(given, proxy("http://p"), "whoever it lets in makes another route");
    for proxy in [own, given] {
        assert!(!format!("{proxy} {proxy:?}").contains("hunter"));
    }
}

fn name() -> SocksTarget {
    SocksTarget::Name("ex.test".into(), 80)
}

fn address(text: &str) -> SocksTarget {
    SocksTarget::Address(text.parse().unwrap())
}

const LOGIN: Option<(&[u8], &[u8])> = Some((b"me", b"pw"));

/// A whole handshake against what a proxy says, all of it known beforehand: all that was sent, and what is left unread.
fn shake(
    kind: ProxyKind,
    target: &SocksTarget,
    login: Option<(&[u8], &[u8])>,
    mut said: &[u8],
) -> Result<(Vec<u8>, usize), Option<SocksError>> {
    let (mut socks, mut sent) = Socks::begin(kind, target, login).map_err(Some)?;
    while socks.needs() > 0 {
        let (bytes, rest) = said.split_at_checked(socks.needs()).ok_or(None)?;
        said = rest;
        sent.extend(socks.receive(bytes).map_err(Some)?);
    }
    Ok((sent, said.len()))
}

#[test]
fn socks_says_what_curl_says() {
    use ProxyKind::{Socks4, Socks4a, Socks5, Socks5h};
    let granted = b"\0\x5a\0\0\0\0\0\0".as_slice();
    let open = b"\x05\0\x05\0\0\x01\0\0\0\0\0\0".as_slice();
    let v4 = address("127.0.0.9:80");
    for (kind, target, login, said, sent) in [
        (Socks4, v4.clone(), None, granted, b"\x04\x01\0\x50\x7f\0\0\x09\0".as_slice()),
        (Socks4a, name(), LOGIN, granted, b"\x04\x01\0\x50\0\0\0\x01me\0ex.test\0"),
        (Socks5, v4, None, open, b"\x05\x01\0\x05\x01\0\x01\x7f\0\0\x09\0\x50"),
        (Socks5, address("[::1]:1"), None, open, b"\x05\x01\0\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01"),
        (Socks5h, name(), None, open, b"\x05\x01\0\x05\x01\0\x03\x07ex.test\0\x50"),
        (Socks5h, name(), LOGIN, open, b"\x05\x02\0\x02\x05\x01\0\x03\x07ex.test\0\x50"),
        (
            Socks5h,
            name(),
            LOGIN,
            b"\x05\x02\x01\0\x05\0\0\x03\x03abc\0\0",
            b"\x05\x02\0\x02\x01\x02me\x02pw\x05\x01\0\x03\x07ex.test\0\x50",
        ),
    ] {
        assert_eq!(shake(kind, &target, login, said), Ok((sent.to_vec(), 0)), "{kind:?} {target:?}");
        let followed = [said, b"HTTP"].concat();
        assert_eq!(shake(kind, &target, login, &followed).unwrap().1, 4, "what follows is the origin's");
        for cut in 0..said.len() {
            assert_eq!(shake(kind, &target, login, &said[..cut]), Err(None), "{kind:?} cut at {cut} asks for more");
        }
    }
}

#[test]
fn every_refusal_of_socks_is_told_apart() {
    use ProxyKind::{Socks4a, Socks5h};
    for (kind, login, said, error) in [
        (Socks5h, None, b"\x04\0".as_slice(), SocksError::Version(4)),
        (Socks5h, None, b"HT", SocksError::Version(b'H')),
        (Socks5h, None, b"\x05\xff", SocksError::NoMethod { with_login: false }),
        (Socks5h, LOGIN, b"\x05\xff", SocksError::NoMethod { with_login: true }),
        (Socks5h, None, b"\x05\x02", SocksError::UnaskedMethod(2)),
        (Socks5h, LOGIN, b"\x05\x01", SocksError::UnaskedMethod(1)),
        (Socks5h, LOGIN, b"\x05\x02\x01\x01", SocksError::Login),
        (Socks5h, LOGIN, b"\x05\x02\x05\0", SocksError::Version(5)),
        (Socks5h, None, b"\x05\0\x04\0", SocksError::Version(4)),
        (Socks5h, None, b"\x05\0\x05\0\0\x02", SocksError::AddressType(2)),
        (Socks4a, None, b"\x04\x5a\0\0\0\0\0\0", SocksError::Version(4)),
    ] {
        assert_eq!(shake(kind, &name(), login, said), Err(Some(error)), "{said:?}");
    }
    let mut texts = std::collections::HashSet::new();
    for reply in 1..=255 {
        let said = [5, 0, 5, reply];
        assert_eq!(shake(Socks5h, &name(), None, &said), Err(Some(SocksError::Reply5(reply))));
        texts.insert(SocksError::Reply5(reply).to_string());
    }
    assert_eq!(texts.len(), 255, "each reply has a text of its own");
    for (reply, text) in [(91, "failed"), (92, "identd"), (93, "identd"), (0, "no meaning")] {
        let error = shake(Socks4a, &name(), None, &[0, reply, 0, 0, 0, 0, 0, 0]).unwrap_err().unwrap();
        assert_eq!(error, SocksError::Reply4(reply));
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn what_socks_cannot_say_is_refused_before_a_byte_is_sent() {
    use ProxyKind::{Socks4, Socks4a, Socks5h};
    let long = "a".repeat(256);
    let begin = |kind, target: &SocksTarget, login| Socks::begin(kind, target, login).map(drop);
    assert_eq!(begin(Socks4, &address("[::1]:80"), None), Err(SocksError::NoIpv4));
    assert_eq!(begin(Socks5h, &SocksTarget::Name(long.clone(), 80), None), Err(SocksError::Text("name")));
    assert_eq!(begin(Socks4a, &SocksTarget::Name("a\0b".into(), 80), None), Err(SocksError::Text("name")));
    assert_eq!(begin(Socks4a, &name(), Some((b"a\0b", b""))), Err(SocksError::Text("user")));
    assert_eq!(begin(Socks5h, &name(), Some((long.as_bytes(), b""))), Err(SocksError::Text("user")));
    assert_eq!(begin(Socks5h, &name(), Some((b"me", long.as_bytes()))), Err(SocksError::Text("password")));
    assert_eq!(begin(Socks5h, &SocksTarget::Name("a".repeat(255), 80), None), Ok(()));
}

/// No message of a proxy makes the state panic, go on for ever, or ask for more than it may.
#[test]
fn garbage_never_breaks_socks() {
    let mut seed = 7_u64;
    for _ in 0..20_000 {
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            // Mostly what means something.
            [0, 1, 2, 3, 4, 5, 90, (seed >> 8) as u8][seed as usize % 8]
        };
        let kind = [ProxyKind::Socks4a, ProxyKind::Socks5h][usize::from(next()) % 2];
        let login = LOGIN.filter(|_| next() % 2 == 0);
        let (mut socks, _) = Socks::begin(kind, &name(), login).unwrap();
        for message in 0.. {
            assert!(message < 8 && socks.needs() <= socks::MAX_NEEDED_BYTES);
            let bytes: Vec<u8> = (0..socks.needs()).map(|_| next()).collect();
            if bytes.is_empty() || socks.receive(&bytes).is_err() {
                break;
            }
        }
    }
}

/// A stream that holds what the proxy says, and takes what it is told.
struct Script<'a> {
    said: &'a [u8],
    piece: usize,
    told: Vec<u8>,
}

impl Read for Script<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.piece.min(buffer.len());
        self.said.read(&mut buffer[..most])
    }
}

impl Write for Script<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.told.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// CONNECT against an answer that comes in pieces of this size.
fn connect(said: &[u8], piece: usize) -> Result<String, ProxyError> {
    let mut script = Script { said, piece, told: Vec::new() };
    let connected = tunnel::connect(&mut script, &proxy("me:pw@p"), "ex.test:443", Some(b"agent/1"), &mut None);
    match connected {
        Ok(()) => Ok(String::from_utf8(script.told).unwrap()),
        Err(Error::Proxy(error)) => Err(*error),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn connect_says_what_curl_says_and_takes_an_answer_in_any_pieces() {
    let told = "CONNECT ex.test:443 HTTP/1.1\r\nHost: ex.test:443\r\nProxy-Authorization: Basic bWU6cHc=\r\n\
                User-Agent: agent/1\r\nProxy-Connection: Keep-Alive\r\n\r\n";
    for said in [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 204 \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        for piece in [1, 2, 7, 1000] {
            assert_eq!(connect(said.as_bytes(), piece).unwrap(), told, "{said:?} in {piece}");
        }
        let early = [said, "early"].concat();
        assert!(matches!(connect(early.as_bytes(), 1000), Err(ProxyError::EarlyBytes)));
        for cut in 0..said.len() {
            assert!(matches!(connect(&said.as_bytes()[..cut], 5), Err(ProxyError::Truncated(_))), "{said:?} at {cut}");
        }
    }
}

#[test]
fn connect_takes_no_other_answer() {
    for (said, status) in [("HTTP/1.1 407 Who\r\n\r\n", 407), ("HTTP/1.1 302 F\r\nLocation: /\r\n\r\nbody", 302)] {
        assert!(matches!(connect(said.as_bytes(), 100), Err(ProxyError::Status(told)) if told == status), "{said:?}");
    }
    for said in
        ["garbage\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 200 OK\r\nBad\0: x\r\n\r\n", "HTTP/1.1 101 S\r\n\r\n"]
    {
        assert!(matches!(connect(said.as_bytes(), 100), Err(ProxyError::Protocol(_))), "{said:?}");
    }
    let endless = ["HTTP/1.1 200 OK\r\n".as_bytes(), &b"X: y\r\n".repeat(1 << 16)].concat();
    assert!(matches!(connect(&endless, 4096), Err(ProxyError::Protocol(_))));
}

#[test]
fn a_proxys_failures_say_whose_they_are_and_whether_to_come_again() {
    use crate::http::{Blame, ErrorKind, Phase};
    let broken = || io::Error::from(io::ErrorKind::ConnectionReset);
    for (error, blame, again) in [
        (ProxyError::Status(407), Blame::Caller, false),
        (ProxyError::Status(403), Blame::Proxy, false),
        (ProxyError::Status(503), Blame::Proxy, true),
        (ProxyError::EarlyBytes, Blame::Proxy, false),
        (ProxyError::Io(broken()), Blame::Proxy, true),
        (ProxyError::SocksIo(broken()), Blame::Proxy, true),
        (ProxyError::Socks(SocksError::Login), Blame::Caller, false),
        (ProxyError::Socks(SocksError::Reply5(2)), Blame::Proxy, false),
        (ProxyError::Socks(SocksError::Reply5(4)), Blame::Proxy, true),
    ] {
        let (text, error) = (error.to_string(), Error::Proxy(Box::new(error)));
        assert_eq!(error.kind(), ErrorKind::Proxy, "{text}");
        assert_eq!((error.blame(Some(Phase::Proxy)), error.is_transient()), (blame, again), "{text}");
    }
}
