//! The same over TLS: what is no TLS, and ends that were not announced.

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::{Limit, Stage};

use super::case::{Case, case, check};
use super::script::{Deaf, HalfClose, Request, Step, Wait, closes, seconds, send, stays, stays_for};

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
