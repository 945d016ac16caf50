//! Sessions are resumed, at many connections at once too, and never across configurations.

use super::*;
use crate::green::Pool;

/// Connects `count` times at once, and tells how many resumed.
fn resumed_of(count: usize, server: &TlsAcceptor, client: &TlsConfig) -> usize {
    resumed_within(SessionScope::default(), count, server, client)
}

fn resumed_within(scope: SessionScope, count: usize, server: &TlsAcceptor, client: &TlsConfig) -> usize {
    let (server, client) = (server.clone(), client.clone());
    let resumed = Pool::new(count).map(
        move |_| {
            let (near, far) = meet_within(scope, tcp_pair(), &server, &client, "a.example");
            let (mut near, mut far) = (near.unwrap(), far.unwrap());
            // The tickets come before the first bytes; with these they are taken in.
            say(&mut far, &mut near, "hello");
            near.resumed()
        },
        0..count,
    );
    resumed.unwrap().into_iter().filter(|&resumed| resumed).count()
}

#[test]
fn sixty_four_connections_at_once_resume() {
    green::run(|| {
        let (server, client) = usual();
        assert_eq!(resumed_of(64, &server, &client), 0, "there is nothing to resume yet");
        let resumed: usize = (0..3).map(|_| resumed_of(64, &server, &client)).sum();
        assert!(resumed * 10 >= 3 * 64 * 9, "{resumed} of {}", 3 * 64);
    });
}

#[test]
fn tls_1_2_resumes_too() {
    green::run(|| {
        let authority = Authority::new();
        let client = authority.trust().max_version(TlsVersion::Tls12).build().unwrap();
        let server = authority.server(&["a.example"]);
        assert_eq!(resumed_of(1, &server, &client), 0);
        assert_eq!(resumed_of(16, &server, &client), 16, "a session of TLS 1.2 serves many times");
    });
}

#[test]
fn a_session_made_without_checks_never_serves_one_with_checks() {
    green::run(|| {
        let (server, _) = usual();
        let careless = TlsConfig::builder().insecure(true).build().unwrap();
        assert_eq!(resumed_of(1, &server, &careless), 0);
        assert_eq!(resumed_of(1, &server, &careless.clone()), 1, "a clone shares its sessions");
        let careful = Authority::new().client();
        let refused = refusal(&server, &careful, "a.example");
        assert!(matches!(refused, TlsError::Certificate(_)), "{refused:?}");
    });
}

#[test]
fn forgotten_sessions_are_not_resumed() {
    green::run(|| {
        let (server, client) = usual();
        assert_eq!(resumed_of(4, &server, &client), 0);
        client.forget_sessions();
        assert_eq!(resumed_of(1, &server, &client), 0);
        assert_eq!(resumed_of(1, &server, &client), 1, "new ones are kept");
    });
}

#[test]
fn a_resumed_connection_tells_the_same_certificates() {
    green::run(|| {
        let (server, client) = usual();
        let chain = || {
            let (near, far) = meet(tcp_pair(), &server, &client, "a.example");
            let (mut near, mut far) = (near.unwrap(), far.unwrap());
            say(&mut far, &mut near, "hello");
            (near.resumed(), near.peer_certificates().map(<[u8]>::to_vec).collect::<Vec<_>>())
        };
        let ((first, full), (second, resumed)) = (chain(), chain());
        assert_eq!((first, second, resumed), (false, true, full));
    });
}

#[test]
fn only_clones_of_a_configuration_are_equal() {
    let build = || TlsConfig::builder().insecure(true).build().unwrap();
    let (one, other) = (build(), build());
    assert_eq!(one, one.clone());
    assert_ne!(one, other);
    assert_eq!((one.id() == one.clone().id(), one.id() == other.id()), (true, false));
}

/// Class of curl's CVE-2021-22924 and its like: what was agreed with one counterpart served another.
#[test]
fn a_session_does_not_pass_from_one_port_or_proxy_to_another() {
    green::run(|| {
        let authority = Authority::new();
        let server = authority.server(&["a.example"]);
        let (direct, proxied) = (SessionScope::of(&"direct"), SessionScope::of(&"by way of proxy.example:8080"));
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let client = authority.trust().max_version(version).build().unwrap();
            let resumed = |scope| resumed_within(scope, 1, &server, &client);
            assert_eq!([resumed(direct), resumed(direct), resumed(proxied), resumed(proxied)], [0, 1, 0, 1]);
        }
    });
}

#[test]
fn a_session_made_with_the_clients_certificate_never_serves_without_it() {
    green::run(|| {
        let (authority, own) = (Authority::new(), own_certificate());
        let server = authority.server(&["a.example"]).ask_clients(&own.1, false).unwrap();
        let client = authority.trust().identity(own.0).build().unwrap();
        let (named, anonymous) = (&client, client.anonymous());
        assert_ne!(named.id(), anonymous.id());
        assert_eq!((named.has_identity(), anonymous.has_identity()), (true, false));
        assert_eq!(anonymous.anonymous(), anonymous, "there is one");
        let resumed = |config| resumed_of(1, &server, config);
        assert_eq!([resumed(named), resumed(named), resumed(anonymous), resumed(anonymous)], [0, 1, 0, 1]);
        named.forget_sessions();
        assert_eq!([resumed(named), resumed(anonymous)], [0, 0], "both forget");
    });
}

/// RFC 8446 section 8: whoever records early data may send it again.
#[test]
fn no_data_is_sent_before_the_handshake_is_over() {
    green::run(|| {
        let (server, client) = usual();
        let mut config = rustls::ServerConfig::clone(&server.config);
        // What servers do that want early data.
        config.max_early_data_size = 16 * 1024;
        let server = TlsAcceptor { config: std::sync::Arc::new(config) };
        assert_eq!(resumed_of(1, &server, &client), 0);
        let (near, far) = meet(tcp_pair(), &server, &client, "a.example");
        assert!(near.unwrap().resumed());
        let rustls::Connection::Server(mut far) = *far.unwrap().tls else { panic!("a server") };
        assert!(far.early_data().is_none());
    });
}
