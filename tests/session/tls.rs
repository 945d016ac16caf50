//! https: what the record says of a handshake that succeeds, and of those that must not.

use std::net::IpAddr;

use gfetch::fetch::plan::Follow;
use gfetch::net::{Override, Roots, TlsAcceptor};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::*;

/// An authority, and a server with its certificate for `a.example`.
fn authority() -> (Vec<u8>, TlsAcceptor) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["a.example".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (issuer.der().to_vec(), TlsAcceptor::new(certificate.der(), key.serialize_pem().as_bytes()).unwrap())
}

/// A run in which every name is 127.0.0.1.
fn fetch_tls(plan: Plan, tls: TlsConfig, lines: &[String]) -> Vec<Outcome> {
    let everywhere =
        Override { host: "*".to_owned(), port: None, port_to: None, addresses: vec![IpAddr::from([127, 0, 0, 1])] };
    let client = Client::new(ClientConfig {
        resolver: Resolver::new(ResolverConfig { overrides: vec![everywhere], ..ResolverConfig::default() }),
        tls,
        connect_timeout: Some(plan.limits.connect_timeout),
        pool: PoolLimits::default(),
        versions: Default::default(),
    });
    let session = Session::new(plan, client, None);
    session.run(list(lines), no_names()).map(|fetched| fetched.unwrap().outcome).collect()
}

fn trusting(root: &[u8]) -> TlsConfig {
    TlsConfig::builder().roots(Roots::Der(vec![root.to_vec()])).alpn(["http/1.1"]).build().unwrap()
}

#[test]
fn a_trusted_server_is_fetched_from_and_its_connection_used_again() {
    story(|| {
        let (root, acceptor) = authority();
        let server = Server::on("127.0.0.1", Some(acceptor), echo);
        let url = format!("https://a.example:{}/x", server.port());
        let outcomes = fetch_tls(Plan { jobs: 1, ..plan() }, trusting(&root), &[url.clone(), url]);
        for (outcome, reused) in outcomes.iter().zip([false, true]) {
            assert_eq!((kind(outcome), outcome.tls, outcome.bytes, outcome.reused), (None, Some("1.3"), 2, reused));
            assert_eq!(outcome.timings.tls.is_some(), !reused);
            assert_eq!(outcome.remote.unwrap().port(), server.port());
        }
        assert_eq!(server.asked()[0].fields("host"), [format!("a.example:{}", server.port())]);
    });
}

#[test]
fn a_certificate_that_is_not_accepted_is_named_as_that() {
    story(|| {
        let ((root, acceptor), (other, _)) = (authority(), authority());
        let server = Server::on("127.0.0.1", Some(acceptor), echo);
        let url = |host: &str| format!("https://{host}:{}/", server.port());
        for (root, host) in [(&root, "b.example"), (&other, "a.example")] {
            let outcome = &fetch_tls(plan(), trusting(root), &[url(host)])[0];
            assert_eq!(why(outcome), Some((Kind::Certificate, Stage::Tls, None)));
            assert_eq!((outcome.error.as_ref().unwrap().curl, outcome.attempts, outcome.status), (60, 1, None));
        }
        let unchecked = TlsConfig::builder().insecure(true).build().unwrap();
        assert_eq!(kind(&fetch_tls(plan(), unchecked, &[url("b.example")])[0]), None);
        assert_eq!(server.paths().len(), 1);
    });
}

#[test]
fn a_peer_that_does_not_speak_tls_or_hangs_up_fails_at_that_stage() {
    story(|| {
        let (root, _) = authority();
        let plain = gfetch::net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let closing = gfetch::net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let silent = gfetch::net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = |listener: &gfetch::net::TcpListener| {
            format!("https://a.example:{}/", listener.local_addr().unwrap().port())
        };
        let lines = [url(&plain), url(&closing), url(&silent)];
        let _ = gfetch::net::StreamServer::new(plain).start(|mut stream, _| {
            io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
            let _ = stream.read(&mut [0; 1024]);
        });
        let _ = gfetch::net::StreamServer::new(closing).start(|mut stream, _| {
            let _ = stream.read(&mut [0; 1024]);
        });
        let outcomes = fetch_tls(plan(), trusting(&root), &lines);
        assert_eq!(why(&outcomes[0]), Some((Kind::Tls, Stage::Tls, None)));
        assert_eq!(why(&outcomes[1]), Some((Kind::Reset, Stage::Tls, None)));
        assert_eq!(why(&outcomes[2]), Some((Kind::Timeout, Stage::Tls, Some(Limit::ConnectTimeout))));
        let curl: Vec<u8> = outcomes.iter().map(|outcome| outcome.error.as_ref().unwrap().curl).collect();
        assert_eq!(curl, [35, 35, 28]);
        assert_eq!(outcomes[2].timings.tls, Some(s(10)));
        drop(silent);
    });
}

#[test]
fn a_redirect_to_another_scheme_is_another_origin() {
    story(|| {
        let (root, acceptor) = authority();
        let secure = Server::on("127.0.0.1", Some(acceptor), echo);
        let to = format!("https://a.example:{}/x", secure.port());
        let server = Server::start(move |_, peer| peer.redirect("301 Moved", &to));
        let mut plan = plan();
        plan.request.follow = Follow::All;
        plan.request.headers = vec![("X-Mine".to_owned(), Some("v".to_owned()))];
        let outcome = &fetch_tls(plan, trusting(&root), &[server.url("/")])[0];
        assert_eq!((kind(outcome), outcome.redirects, outcome.tls), (None, 1, Some("1.3")));
        assert!(secure.asked()[0].fields("x-mine").is_empty());
    });
}
