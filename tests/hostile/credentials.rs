//! Servers that ask who one is, set cookies and lead elsewhere: what they get, and what they never get.

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::Stage;
use gfetch::fetch::plan::{AuthScheme, NetrcPlan, Plan};
use gfetch::http::cookies::{Jar, MAX_SENT_BYTES};
use gfetch::http::netrc::Netrc;

use super::case::{After, case, check};
use super::script::{Open, Request, field, send, stays, stays_for};

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

fn asks(challenge: &str) -> String {
    format!("HTTP/1.1 401 Who\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n")
}

fn digest(plan: &mut Plan) {
    plan.secrets.login = Some(("me".to_owned(), "secret".to_owned()));
    plan.secrets.scheme = AuthScheme::Digest;
}

fn any(plan: &mut Plan) {
    digest(plan);
    plan.secrets.scheme = AuthScheme::Any;
}

fn keeps_cookies(plan: &mut Plan) {
    plan.cookies = Some(Jar::new());
}

fn asked(after: &After, requests: usize) {
    assert_eq!(after.first.requests.len(), requests, "{:?}", after.first.requests);
}

#[test]
fn a_challenge_is_answered_twice_at_most_and_nonsense_never() {
    let forever = |answers: &[&str]| {
        let mut script = stays_for(answers);
        script.extend([Request, send(GOOD)]);
        script
    };
    let stale = asks("Digest realm=r, nonce=n, stale=true");
    let (first, second) = (asks("Digest realm=r, nonce=1"), asks("Digest realm=r, nonce=2"));
    let turned_away = |name: &str, challenge: &str| {
        case(name, stays(asks(challenge))).with(digest).fails(Status, Stage::Receive).and(|after| asked(after, 1))
    };
    check([
        case("stale for ever", forever(&[&stale, &stale, &stale]))
            .with(digest)
            .fails(Status, Stage::Receive)
            .and(|after| asked(after, 3)),
        case("another nonce each time", forever(&[&first, &second]))
            .with(digest)
            .fails(Status, Stage::Receive)
            .and(|after| asked(after, 2)),
        case("Basic for ever", forever(&[&asks("Basic realm=r"), &asks("Basic realm=r")]))
            .with(any)
            .fails(Status, Stage::Receive)
            .and(|after| asked(after, 2)),
        case("Basic, which was not allowed", stays(asks("Basic realm=r")))
            .with(digest)
            .fails(Status, Stage::Receive)
            .and(|after| asked(after, 1)),
        turned_away("no nonce", "Digest realm=r"),
        turned_away("an unknown algorithm", "Digest realm=r, nonce=n, algorithm=ROT13"),
        turned_away("auth-int alone", "Digest realm=r, nonce=n, qop=auth-int"),
        turned_away("quotes that do not end", "Digest realm=\"r, nonce=n"),
        turned_away("no scheme", "=,=,\"\",,\\"),
        turned_away("a thousand challenges", &"Digest realm=r, ".repeat(1000)),
        case("bytes beyond ASCII", stays_for(&[&asks("Digest realm=\"\u{fc}\", nonce=\"\u{20ac}\""), GOOD]))
            .with(digest)
            .gives("good")
            .and(|after| asked(after, 2)),
        case("quotes in a nonce stay in it", stays_for(&[&asks(r#"Digest realm="r", nonce="a\", uri=\"b""#), GOOD]))
            .with(digest)
            .gives("good")
            .and(|after| {
                let sent = field(&after.first.requests[1], "authorization").unwrap();
                assert!(sent.contains(r#"nonce="a\", uri=\"b", uri="/0""#), "{sent}");
            }),
    ]);
}

#[test]
fn a_digest_login_is_not_asked_for_from_elsewhere() {
    let to_other = "HTTP/1.1 302 Found\r\nLocation: http://{other}/\r\nContent-Length: 0\r\n\r\n";
    check([case("a challenge behind a redirect", stays(to_other))
        .other(stays(asks("Digest realm=r, nonce=n, Basic realm=r")))
        .with(any)
        .fails(Status, Stage::Receive)
        .and(|after| {
            assert_eq!(after.other.requests.len(), 1);
            assert_eq!(field(&after.other.requests[0], "authorization"), None);
        })]);
}

#[test]
fn netrc_answers_no_host_but_its_own() {
    let to_other = "HTTP/1.1 302 Found\r\nLocation: http://{other}/\r\nContent-Length: 0\r\n\r\n";
    let back = "HTTP/1.1 302 Found\r\nLocation: http://{self}/\r\nContent-Length: 0\r\n\r\n";
    fn netrc(plan: &mut Plan) {
        let netrc = Netrc::parse(b"machine 127.0.0.1 login me password secret\ndefault").unwrap();
        plan.secrets.netrc = Some(NetrcPlan { netrc, user: None, url_first: false });
    }
    let told = |head: &str| field(head, "authorization").map(str::to_owned);
    check([case("there and back", stays_for(&[to_other, GOOD])).other(stays(back)).with(netrc).gives("good").and(
        move |after| {
            assert!(told(&after.first.requests[0]).is_some() && told(&after.first.requests[1]).is_some());
            assert_eq!(told(&after.other.requests[0]), None, "not even by `default`, which names nobody");
        },
    )]);
}

#[test]
fn cookies_harm_nobody_else_and_are_bounded() {
    let sets = |cookies: &str| format!("HTTP/1.1 200 OK\r\n{cookies}Content-Length: 4\r\n\r\ngood");
    let flood: String = (0..90).map(|n| format!("Set-Cookie: k{n}={}; Path=/\r\n", "x".repeat(600))).collect();
    let foreign = "Set-Cookie: a=1; Domain=0.0.3; Path=/\r\nSet-Cookie: b=1; Domain=127.0.0.3; Path=/\r\n\
                   Set-Cookie: c=1; Domain=1\r\nSet-Cookie: d=1; Domain=.; Path=/\r\n";
    let to_other = "HTTP/1.1 302 Found\r\nSet-Cookie: own=1; Path=/\r\nSet-Cookie: b=1; Domain=127.0.0.3\r\n\
                    Location: http://{other}/\r\nContent-Length: 0\r\n\r\n";
    check([
        case("for other addresses", stays_for(&[&sets(foreign), GOOD]))
            .with(keeps_cookies)
            .gives("good")
            .gives("good")
            .and(|after| assert_eq!(field(&after.first.requests[1], "cookie"), Some("d=1"), "an empty Domain is none")),
        case("on a redirect elsewhere", stays(to_other))
            .other(stays(GOOD))
            .with(keeps_cookies)
            .gives("good")
            .and(|after| assert_eq!(field(&after.other.requests[0], "cookie"), None)),
        case("a flood", stays_for(&[&sets(&flood), GOOD])).with(keeps_cookies).gives("good").gives("good").and(
            |after| {
                let sent = field(&after.first.requests[1], "cookie").unwrap();
                assert!(sent.len() <= MAX_SENT_BYTES && sent.starts_with("k0=x"), "{}", sent.len());
            },
        ),
        case("without a jar", vec![Request, send(&sets("Set-Cookie: a=1\r\n")), Request, send(GOOD), Open])
            .gives("good")
            .gives("good")
            .and(|after| assert_eq!(field(&after.first.requests[1], "cookie"), None)),
    ]);
}
