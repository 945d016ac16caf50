//! Handshakes that succeed, those that must not, and what is said of them.

use std::sync::Arc;
use std::time::Duration;

use rcgen::date_time_ymd;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::*;
use crate::green::{Builder, Elapsed};
use crate::net::UnixStream;

#[test]
fn a_handshake_agrees_on_1_3_and_tells_what_was_agreed() {
    green::run(|| {
        let authority = Authority::new();
        let (chain, key) = authority.issue(&["a.example"], |_| {});
        let server = TlsAcceptor::new(&chain, &key.serialize_der()).unwrap();
        let (client, server) = meet(UnixStream::pair().unwrap(), &server, &authority.client(), "a.example");
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        assert_eq!((client.version(), client.alpn(), client.resumed()), ("1.3", None, false));
        assert_eq!(client.peer_certificates().collect::<Vec<_>>(), [&chain[..]]);
        say(&mut client, &mut server, "ping");
        say(&mut server, &mut client, "pong");
    });
}

#[test]
fn versions_can_be_bounded() {
    green::run(|| {
        let authority = Authority::new();
        let server = authority.server(&["a.example"]);
        let old = authority.trust().max_version(TlsVersion::Tls12).build().unwrap();
        let (client, server_end) = meet(tcp_pair(), &server, &old, "a.example");
        let (mut client, mut server_end) = (client.unwrap(), server_end.unwrap());
        assert_eq!((client.version(), server_end.version()), ("1.2", "1.2"));
        say(&mut client, &mut server_end, "ping");
        let new = authority.trust().min_version(TlsVersion::Tls13).build().unwrap();
        assert_eq!(meet(tcp_pair(), &server, &new, "a.example").0.unwrap().version(), "1.3");
        let none = authority.trust().min_version(TlsVersion::Tls13).max_version(TlsVersion::Tls12).build();
        assert_eq!(none.unwrap_err(), TlsSetupError::NoVersion);
    });
}

#[test]
fn alpn_takes_what_both_speak_or_refuses() {
    green::run(|| {
        let authority = Authority::new();
        let server = authority.server(&["a.example"]).alpn(["http/1.1"]);
        let client = authority.trust().alpn(["h2", "http/1.1"]).build().unwrap();
        let (client, server_end) = meet(tcp_pair(), &server, &client, "a.example");
        assert_eq!(client.unwrap().alpn(), Some(&b"http/1.1"[..]));
        assert_eq!(server_end.unwrap().alpn(), Some(&b"http/1.1"[..]));
        let only_h2 = authority.trust().alpn(["h2"]).build().unwrap();
        let refused = refusal(&server, &only_h2, "a.example");
        assert!(matches!(refused, TlsError::Alert(_)), "{refused:?}");
        assert!(refused.to_string().contains("no_application_protocol"), "{refused}");
        assert_eq!(authority.trust().alpn([""]).build().unwrap_err(), TlsSetupError::Alpn);
    });
}

#[test]
fn a_certificate_for_other_names_is_refused_and_they_are_named() {
    green::run(|| {
        let authority = Authority::new();
        let server = authority.server(&["b.example", "*.c.example", "127.0.0.1"]);
        let refused = refusal(&server, &authority.client(), "a.example");
        assert!(matches!(refused, TlsError::Certificate(_)), "{refused:?}");
        let text = "the certificate was issued for other names: b.example, *.c.example, 127.0.0.1; not for a.example";
        assert_eq!(refused.to_string(), text);
    });
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    green::run(|| {
        let authority = Authority::new();
        let expired = authority.server_with(&["a.example"], |params| params.not_after = date_time_ymd(2020, 1, 1));
        let early = authority.server_with(&["a.example"], |params| params.not_before = date_time_ymd(4000, 1, 1));
        for (server, word) in [(expired, "the certificate has expired ("), (early, "is not valid yet")] {
            let refused = refusal(&server, &authority.client(), "a.example");
            assert!(matches!(&refused, TlsError::Certificate(text) if text.contains(word)), "{refused:?}");
        }
    });
}

#[test]
fn a_certificate_of_an_unknown_issuer_is_refused() {
    green::run(|| {
        let (server, _) = usual();
        let refused = refusal(&server, &Authority::new().client(), "a.example");
        assert!(matches!(refused, TlsError::Certificate(_)), "{refused:?}");
        assert_eq!(refused.to_string(), "unknown issuer (no root among 1 trusted certificates)");
    });
}

#[test]
fn the_server_hears_why_it_was_refused() {
    green::run(|| {
        let (server, _) = usual();
        let (_, accepted) = meet(tcp_pair(), &server, &Authority::new().client(), "a.example");
        assert_eq!(accepted.unwrap_err().to_string(), "the peer refused: unknown_ca");
    });
}

#[test]
fn insecure_takes_any_certificate() {
    green::run(|| {
        let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
        let server = Authority::new().server_with(&["b.example"], expired);
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let client = TlsConfig::builder().insecure(true).max_version(version).build().unwrap();
            let (client, server) = meet(tcp_pair(), &server, &client, "a.example");
            say(&mut client.unwrap(), &mut server.unwrap(), "ping");
        }
    });
}

#[test]
fn insecure_still_refuses_a_peer_without_the_certificates_key() {
    green::run(|| {
        let authority = Authority::new();
        let (chain, _key) = authority.issue(&["a.example"], |_| {});
        let (_, other_key) = authority.issue(&["a.example"], |_| {});
        let server = server_with_mismatched_key(chain, other_key.serialize_der());
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let client = TlsConfig::builder().insecure(true).max_version(version).build().unwrap();
            let refused = refusal(&server, &client, "a.example");
            assert!(matches!(&refused, TlsError::Certificate(text) if text.contains("signature")), "{refused:?}");
        }
    });
}

fn server_with_mismatched_key(chain: Vec<u8>, key: Vec<u8>) -> TlsAcceptor {
    #[derive(Debug)]
    struct Always(Arc<CertifiedKey>);
    impl ResolvesServerCert for Always {
        fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(self.0.clone())
        }
    }
    let key = provider().key_provider.load_private_key(PrivateKeyDer::try_from(key).unwrap()).unwrap();
    let pair = CertifiedKey::new(vec![CertificateDer::from(chain)], key);
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_cert_resolver(Arc::new(Always(Arc::new(pair))));
    TlsAcceptor { config: Arc::new(config) }
}

#[test]
fn names_and_addresses_are_checked_as_they_are_meant() {
    green::run(|| {
        let authority = Authority::new();
        let (server, client) = (authority.server(&["a.example", "127.0.0.1", "::1"]), authority.client());
        for name in ["a.example", "A.Example", "a.example.", "127.0.0.1", "::1", "[::1]"] {
            assert!(meet(tcp_pair(), &server, &client, name).0.is_ok(), "{name}");
        }
        let refused = refusal(&server, &client, "127.0.0.2");
        assert!(matches!(refused, TlsError::Certificate(_)), "{refused:?}");
        for name in ["", ".", "a..example", "a b", "a.example\n", "[a.example"] {
            let refused = TlsStream::connect(tcp_pair().0, name, &client).unwrap_err();
            assert!(matches!(refused, TlsError::InvalidName(_)), "{name:?}: {refused:?}");
        }
    });
}

/// RFC 6066 section 3: the name without its dot, and no address.
#[test]
fn a_server_hears_the_name_and_no_address() {
    #[derive(Debug)]
    struct Hears(Arc<dyn ResolvesServerCert>, std::sync::Mutex<Vec<Option<String>>>);
    impl ResolvesServerCert for Hears {
        fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            self.1.lock().unwrap().push(hello.server_name().map(str::to_owned));
            self.0.resolve(hello)
        }
    }
    green::run(|| {
        let authority = Authority::new();
        let server = authority.server(&["a.example", "xn--bcher-kva.example", "127.0.0.1", "::1"]);
        let heard = Arc::new(Hears(server.config.cert_resolver.clone(), Default::default()));
        let mut config = ServerConfig::clone(&server.config);
        config.cert_resolver = heard.clone();
        let (server, client) = (TlsAcceptor { config: Arc::new(config) }, authority.client());
        for name in ["A.example.", "xn--bcher-kva.example", "127.0.0.1", "[::1]"] {
            assert!(meet(tcp_pair(), &server, &client, name).0.is_ok(), "{name}");
        }
        let names = [Some("a.example"), Some("xn--bcher-kva.example"), None, None];
        assert_eq!(*heard.1.lock().unwrap(), names.map(|name| name.map(str::to_owned)));
    });
}

#[test]
fn a_silent_peer_ends_at_the_timeout() {
    green::run(|| {
        let (near, _far) = tcp_pair();
        let client = Authority::new().client();
        let limit = Duration::from_millis(20);
        let outcome = green::timeout(limit, || TlsStream::connect(near, "a.example", &client));
        assert_eq!(outcome.unwrap_err(), Elapsed { limit });
    });
}

#[test]
fn a_peer_that_does_not_speak_tls_is_told_apart() {
    green::run(|| {
        let client = Authority::new().client();
        let said = |bytes: &'static [u8]| {
            let (near, mut far) = tcp_pair();
            far.write_all(bytes).unwrap();
            TlsStream::connect(near, "a.example", &client).unwrap_err()
        };
        let http = said(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        assert!(matches!(http, TlsError::Protocol(_)), "{http:?}");
        assert_eq!(http.to_string(), "the peer answered in plain HTTP, not TLS");
        let smtp = said(b"220 mail.example ESMTP\r\n");
        assert_eq!(smtp.to_string(), "the peer does not speak TLS: it sent \"220 m\"");
        let noise = said(&[0x16, 3, 3, 0, 5, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert!(matches!(noise, TlsError::Protocol(_)), "{noise:?}");
    });
}

/// Bug class 33: an end in the handshake, for the client and for the server.
#[test]
fn a_client_that_leaves_in_the_handshake_is_an_unexpected_end_for_the_server() {
    green::run(|| {
        let (near, far) = tcp_pair();
        (&far).write_all(&[0x16, 3, 1]).unwrap();
        far.shutdown(std::net::Shutdown::Write).unwrap();
        let error = usual().0.accept(near).unwrap_err();
        assert!(matches!(&error, TlsError::Io(io) if io.kind() == io::ErrorKind::UnexpectedEof), "{error:?}");
    });
}

/// Bug class 33.
#[test]
fn a_peer_that_leaves_in_the_handshake_is_an_unexpected_end() {
    green::run(|| {
        let (near, far) = tcp_pair();
        far.shutdown(std::net::Shutdown::Write).unwrap();
        let error = TlsStream::connect(near, "a.example", &Authority::new().client()).unwrap_err();
        assert!(matches!(&error, TlsError::Io(io) if io.kind() == io::ErrorKind::UnexpectedEof), "{error:?}");
    });
}

#[test]
fn bytes_may_come_one_by_one() {
    green::run(|| {
        let (server, client) = usual();
        let (near, far) = tcp_pair();
        let (client, server) = meet((Bytewise(near), Bytewise(far)), &server, &client, "a.example");
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        say(&mut client, &mut server, "ping");
        say(&mut server, &mut client, "pong");
    });
}

#[test]
fn a_connection_can_run_inside_another() {
    green::run(|| {
        let (server, client) = usual();
        let (near, far) = meet(tcp_pair(), &server, &client, "a.example");
        let (near, far) = meet((near.unwrap(), far.unwrap()), &server, &client, "a.example");
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        say(&mut near, &mut far, "ping");
        say(&mut far, &mut near, "pong");
        assert!(!near.has_unread());
        far.write_all(b"unasked").unwrap();
        green::sleep(Duration::from_millis(5)).unwrap();
        assert!(near.has_unread());
    });
}

#[test]
fn a_handshake_fits_half_the_default_stack() {
    green::run(|| {
        let (server, _) = usual();
        let authority = Authority::new();
        let lazy = authority.trust().build_lazy();
        let (near, far) = tcp_pair();
        let small = || Builder::new().stack_bytes(green::DEFAULT_STACK_BYTES / 2);
        let accepted = small().spawn(move || server.accept(far).map(drop)).unwrap();
        // Loading, verifying, refusing, and wording the refusal.
        let connected = small().spawn(move || TlsStream::connect(near, "a.example", &lazy).map(drop)).unwrap();
        assert!(connected.get().unwrap().unwrap_err().to_string().contains("unknown issuer"));
        assert!(accepted.get().unwrap().is_err());
    });
}
