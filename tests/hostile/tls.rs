//! The same over TLS: what is no TLS, and ends that were not announced.

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::{Limit, Stage};
use gfetch::net::{Identity, PublicKeyPin, Roots, TlsAcceptor, TlsConfig, TlsConfigBuilder};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
    date_time_ymd,
};

use super::case::{Case, case, check};
use super::script::{
    Deaf, Drip, Endless, HalfClose, Request, Send, Step, Wait, closes, seconds, send, stays, stays_for,
};

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

/// An https URL to a server that speaks none.
fn no_tls(name: &str, script: Vec<Step>) -> Case {
    case(name, script).https()
}

#[test]
fn what_is_no_tls_fails_in_the_handshake() {
    check([
        no_tls("plain HTTP", vec![send("HTTP/1.1 400 Bad Request\r\n\r\n")]).fails(Tls, Stage::Tls),
        no_tls("noise", vec![send("\x16\x03\x01noise noise noise")]).fails(Tls, Stage::Tls),
        no_tls("a close", vec![]).fails(Reset, Stage::Tls),
        no_tls("silence", vec![Deaf]).times_out(Limit::ConnectTimeout, Stage::Tls).and(|after| {
            assert_eq!(after.took, seconds(10));
        }),
    ]);
}

#[test]
fn an_end_without_close_notify_is_no_end() {
    check([
        case("until close, announced", vec![Request, send("HTTP/1.1 200 OK\r\n\r\nabc"), HalfClose]).tls().gives("abc"),
        case("until close, not announced", closes("HTTP/1.1 200 OK\r\n\r\nabc")).tls().fails(Truncated, Stage::Receive),
        case("a length, not announced", closes(GOOD)).tls().gives("good"),
        case("a length cut", closes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood"))
            .tls()
            .fails(Truncated, Stage::Receive),
        case("an empty reply", vec![Request]).tls().fails(Reset, Stage::Wait),
        case("a head cut", closes("HTTP/1.1 2")).tls().fails(Truncated, Stage::Wait),
        case("stalled", stays("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood"))
            .tls()
            .times_out(Limit::Stall, Stage::Receive),
    ]);
}

#[test]
fn connections_are_kept_and_poison_is_seen_over_tls() {
    let slowly = |plan: &mut gfetch::fetch::plan::Plan| {
        plan.rate = Some(gfetch::fetch::plan::Rate { starts: 1, per: seconds(10) });
    };
    check([
        case("two on one", stays_for(&[GOOD, GOOD])).tls().gives("good").gives("good"),
        case("an unasked answer", vec![Request, send(GOOD), Wait(seconds(3)), send("HTTP/1.1 200 OK\r\n\r\n"), Deaf])
            .then(stays(GOOD))
            .tls()
            .with(slowly)
            .gives("good")
            .gives("good"),
        case("closed while idle", vec![Request, send(GOOD), Wait(seconds(3))])
            .then(stays(GOOD))
            .tls()
            .with(slowly)
            .gives("good")
            .gives("good"),
        case("closed with the request", vec![Request, send(GOOD), Request])
            .then(stays(GOOD))
            .tls()
            .gives("good")
            .gives("good"),
    ]);
}

#[test]
fn secrets_do_not_go_from_https_to_http() {
    let to_other = "HTTP/1.1 302 Found\r\nLocation: https://{other}/\r\nContent-Length: 0\r\n\r\n";
    check([case("to another origin over TLS", closes(to_other))
        .other(stays(GOOD))
        .tls()
        .with(|plan| plan.secrets.login = Some(("me".to_owned(), "secret".to_owned())))
        .gives("good")
        .and(|after| {
            assert!(super::script::field(&after.first.requests[0], "authorization").is_some());
            assert_eq!(super::script::field(&after.other.requests[0], "authorization"), None);
        })]);
}

/// An authority that the client trusts, and a server with its certificate.
fn issued(change: fn(&mut CertificateParams)) -> (TlsAcceptor, TlsConfig) {
    let (acceptor, trust) = issued_with(change);
    (acceptor, trust.build().unwrap())
}

fn issued_with(change: fn(&mut CertificateParams)) -> (TlsAcceptor, TlsConfigBuilder) {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let acceptor = TlsAcceptor::new(certificate.der(), &key.serialize_der()).unwrap();
    (acceptor, TlsConfig::builder().roots(Roots::Der(vec![issuer.der().to_vec()])))
}

#[test]
fn certificates_that_must_not_be_accepted_are_not() {
    // Nothing is asked of a server that is not who it should be.
    let refused = |name: &str, identity| {
        let never_asked = |after: &super::case::After| assert_eq!(after.first.requests.len(), 0);
        let curl = |after: &super::case::After| assert_eq!(after.outcomes[0].error.as_ref().unwrap().curl, 60);
        case(name, stays(GOOD)).identity(identity).fails(Certificate, Stage::Tls).and(move |after| {
            never_asked(after);
            curl(after);
        })
    };
    check([
        case("a good one", stays(GOOD)).identity(|| issued(|_| ())).gives("good"),
        refused("expired", || issued(|params| params.not_after = date_time_ymd(2020, 1, 1))),
        refused("not yet valid", || issued(|params| params.not_before = date_time_ymd(4000, 1, 1))),
        refused("for another address", || {
            issued(|params| params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 9].into())])
        }),
        refused("for the address as a name", || {
            issued(|params| params.subject_alt_names = vec![SanType::DnsName("127.0.0.1".try_into().unwrap())])
        }),
        refused("for every name", || {
            issued(|params| params.subject_alt_names = vec![SanType::DnsName("*".try_into().unwrap())])
        }),
        refused("for no name", || issued(|params| params.subject_alt_names = Vec::new())),
        refused("in the common name only", || {
            issued(|params| {
                params.subject_alt_names = Vec::new();
                params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
            })
        }),
        refused("for clients", || {
            issued(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth])
        }),
        refused("an authority's own", || issued(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))),
        refused("of an unknown authority", || (issued(|_| ()).0, issued(|_| ()).1)),
        refused("signed by itself", || {
            let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
            let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
            (acceptor, issued(|_| ()).1)
        }),
    ]);
}

#[test]
fn a_key_that_is_not_pinned_is_a_certificate_failure_and_curls_90() {
    let identity = || {
        let (acceptor, trust) = issued_with(|_| ());
        let other = rcgen::PublicKeyData::subject_public_key_info(&KeyPair::generate().unwrap());
        (acceptor, trust.pinned_keys([PublicKeyPin::of_public_key(&other).unwrap()]).build().unwrap())
    };
    check([case("another key", stays(GOOD)).identity(identity).fails(Certificate, Stage::Tls).and(|after| {
        assert_eq!(after.outcomes[0].error.as_ref().unwrap().curl, 90);
        assert_eq!(after.first.requests.len(), 0);
    })]);
}

/// Asks for a certificate, which the client has.
fn asks_clients() -> (TlsAcceptor, TlsConfig) {
    let own = rcgen::generate_simple_self_signed(["ann".to_owned()]).unwrap();
    let (acceptor, trust) = issued_with(|params| {
        params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 3].into()));
    });
    let acceptor = acceptor.ask_clients(&Roots::Der(vec![own.cert.der().to_vec()]), true).unwrap();
    let identity = Identity::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    (acceptor, trust.identity(identity).build().unwrap())
}

/// Class of curl's advisories on connections and credentials that went to the wrong origin.
#[test]
fn a_clients_certificate_does_not_follow_a_redirect() {
    let to_other = "HTTP/1.1 302 Found\r\nLocation: https://{other}/\r\nContent-Length: 0\r\n\r\n";
    let shows = |plan: &mut gfetch::fetch::plan::Plan| plan.connect.tls.identity = Some(Default::default());
    let trusting = |plan: &mut gfetch::fetch::plan::Plan| {
        plan.connect.tls.identity = Some(Default::default());
        plan.request.location_trusted = true;
    };
    check([
        case("at home", stays(GOOD)).identity(asks_clients).with(shows).gives("good"),
        case("to another origin", closes(to_other))
            .other(stays(GOOD))
            .identity(asks_clients)
            .with(shows)
            .fails(Tls, Stage::Wait)
            .and(|after| assert_eq!(after.other.requests.len(), 0)),
        case("to another origin, trusted", closes(to_other))
            .other(stays(GOOD))
            .identity(asks_clients)
            .with(trusting)
            .gives("good"),
        case("where nobody said that it may be shown", stays(GOOD)).identity(asks_clients).fails(Tls, Stage::Wait),
    ]);
}

#[test]
fn floods_before_the_end_of_the_handshake_are_bounded() {
    let bytes = |bytes: &[u8]| Endless(bytes.repeat(1_000));
    // A record of 16 KiB that begins a message of 60,000 bytes; and one that promises 16 MiB.
    let record = |length: [u8; 3]| [&[22, 3, 3, 0x40, 0, 2][..], &length, &[0; 0x4000 - 4]].concat();
    check([
        no_tls("warnings", vec![bytes(&[21, 3, 3, 0, 2, 1, 112])]).fails(Tls, Stage::Tls),
        no_tls("empty records", vec![bytes(&[22, 3, 3, 0, 0])]).fails(Tls, Stage::Tls),
        no_tls("changes of cipher", vec![bytes(&[20, 3, 3, 0, 1, 1])]).fails(Tls, Stage::Tls),
        no_tls("a message of 60,000 zeros", vec![Endless(record([0, 0xea, 0x60]))]).fails(Tls, Stage::Tls),
        no_tls("a message of 16 MiB", vec![Endless(record([0xff; 3]))]).fails(Tls, Stage::Tls),
        no_tls("a record beyond 16 KiB", vec![Send(vec![22, 3, 3, 0xff, 0xff]), Endless(vec![0; 4096])])
            .fails(Tls, Stage::Tls),
        no_tls("an alert", vec![Send(vec![21, 3, 3, 0, 2, 2, 40]), Deaf]).fails(Tls, Stage::Tls),
        no_tls("half a record", vec![Send(vec![22, 3, 3, 0, 90, 2]), Deaf])
            .times_out(Limit::ConnectTimeout, Stage::Tls),
        no_tls("a byte a second", vec![Drip(record([0, 0xea, 0x60]), seconds(1))])
            .times_out(Limit::ConnectTimeout, Stage::Tls),
        no_tls("half a record and a close", vec![Send(vec![22, 3, 3, 0, 90, 2])]).fails(Reset, Stage::Tls),
    ]);
}

#[test]
fn a_close_without_close_notify_is_judged_by_the_framing() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    check([
        case("chunks, whole", closes(format!("{chunked}4\r\ngood\r\n0\r\n\r\n"))).tls().gives("good"),
        case("chunks, without their end", closes(format!("{chunked}4\r\ngood\r\n")))
            .tls()
            .fails(Truncated, Stage::Receive),
        case("chunks, announced but not ended", vec![Request, send(&format!("{chunked}4\r\ngood\r\n")), HalfClose])
            .tls()
            .fails(Truncated, Stage::Receive),
        case(
            "a length cut, announced",
            vec![Request, send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood"), HalfClose],
        )
        .tls()
        .fails(Truncated, Stage::Receive),
        case("no body", closes("HTTP/1.1 204 No Content\r\n\r\n")).tls().gives(""),
        case("nothing until close, not announced", closes("HTTP/1.1 200 OK\r\n\r\n"))
            .tls()
            .fails(Truncated, Stage::Receive),
    ]);
}
