//! The client's own certificate, the keys that servers must have, and the log of keys.

use super::*;

/// How many certificates a server that asks is shown by this client.
fn shown(server: &TlsAcceptor, client: &TlsConfig) -> usize {
    let (near, far) = meet(tcp_pair(), server, client, "a.example");
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    say(&mut near, &mut far, "hello");
    far.peer_certificates().count()
}

#[test]
fn a_client_shows_its_certificate_where_it_is_asked_and_not_anonymously() {
    green::run(|| {
        let (authority, own) = (Authority::new(), own_certificate());
        let asks = authority.server(&["a.example"]).ask_clients(&own.1, false).unwrap();
        let does_not = authority.server(&["a.example"]);
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let client = authority.trust().identity(own.0.clone()).max_version(version).build().unwrap();
            assert_eq!((shown(&asks, &client), shown(&does_not, &client)), (1, 0));
            assert_eq!(shown(&asks, client.anonymous()), 0);
        }
    });
}

#[test]
fn a_server_that_insists_refuses_whoever_has_none_or_a_strangers() {
    green::run(|| {
        let (authority, own, stranger) = (Authority::new(), own_certificate(), own_certificate());
        let server = authority.server(&["a.example"]).ask_clients(&own.1, true).unwrap();
        let refused = |client: &TlsConfig| {
            let (near, far) = meet(tcp_pair(), &server, client, "a.example");
            // Of TLS 1.3 the client is done before the server has looked.
            let error = near.map_or_else(io::Error::from, |mut near| near.read(&mut [0; 1]).unwrap_err());
            assert!(far.is_err());
            error.to_string()
        };
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let none = refused(&authority.trust().max_version(version).build().unwrap());
            assert!(none.contains("certificate_required") || none.contains("handshake_failure"), "{none}");
            let other = authority.trust().identity(stranger.0.clone()).max_version(version).build().unwrap();
            let other = refused(&other);
            assert!(other.starts_with("the peer refused: "), "{other}");
        }
    });
}

#[test]
fn a_key_that_is_not_pinned_is_refused_whoever_vouches_for_it() {
    green::run(|| {
        let authority = Authority::new();
        let (chain, key) = authority.issue(&["a.example"], |_| {});
        let server = TlsAcceptor::new(&chain, &key.serialize_der()).unwrap();
        let pin =
            |key: &KeyPair| PublicKeyPin::of_public_key(&rcgen::PublicKeyData::subject_public_key_info(key)).unwrap();
        let (right, wrong) = (pin(&key), pin(&KeyPair::generate().unwrap()));
        for builder in [authority.trust(), TlsConfig::builder().insecure(true)] {
            let client = builder.clone().pinned_keys([wrong, right]).build().unwrap();
            assert!(meet(tcp_pair(), &server, &client, "a.example").0.is_ok());
            let refused = refusal(&server, &builder.pinned_keys([wrong]).build().unwrap(), "a.example");
            assert!(matches!(refused, TlsError::NotPinned(_)), "{refused:?}");
            assert!(refused.to_string().contains(&right.to_string()), "{refused}");
        }
        // Whom nobody trusts is refused as that, whatever its key.
        let client = Authority::new().trust().pinned_keys([right]).build().unwrap();
        assert!(matches!(refusal(&server, &client, "a.example"), TlsError::Certificate(_)));
    });
}

#[test]
fn the_log_of_keys_holds_both_ways_of_each_connection() {
    green::run(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let authority = Authority::new();
        let (server, own) = (authority.server(&["a.example"]), own_certificate().0);
        let client = authority.trust().identity(own).key_log(KeyLogFile::append_to(&path).unwrap()).build().unwrap();
        for config in [&client, client.anonymous()] {
            assert!(meet(tcp_pair(), &server, config, "a.example").0.is_ok());
        }
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.matches("SERVER_TRAFFIC_SECRET_0 ").count(), 2, "{text}");
        assert_eq!(text.matches("CLIENT_TRAFFIC_SECRET_0 ").count(), 2, "{text}");
    });
}

#[test]
fn roots_are_read_once_for_a_configuration_with_and_without_a_certificate() {
    let authority = Authority::new();
    let client = authority.trust().identity(own_certificate().0).build().unwrap();
    assert_eq!(client.root_counts().unwrap().trusted, 1);
    assert_eq!(client.anonymous().root_counts(), client.root_counts());
    let nobody = TlsConfig::builder().identity(own_certificate().0).build_lazy();
    assert_eq!(nobody.anonymous().root_counts(), Err(TlsSetupError::NoRoots));
}
