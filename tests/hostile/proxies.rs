//! Hostile proxies: what they answer to CONNECT and in SOCKS, cut at every byte, endless, early, mute; and what they are told.

use gfetch::fetch::outcome::{Kind, Limit, Stage};

use super::case::{Case, case, check};
use super::script::{Drip, Endless, Open, Request, RequestButOneByte, Send, Step, Take, Wait, seconds, send, stays};

const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
/// SOCKS 5 without credentials: the methods that are offered, and the request for origin.test:80.
const METHODS: usize = 3;
const ASKED: usize = 4 + 1 + "origin.test".len() + 2;
const METHOD: &[u8] = &[5, 0];
const GRANTED: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// A proxy that is asked for a way to an https origin.
fn connect(name: impl Into<String>, script: Vec<Step>) -> Case {
    case(name, script).https().proxy("http://")
}

fn refused(case: Case) -> Case {
    case.fails(Kind::Proxy, Stage::Proxy)
}

/// A SOCKS 5 proxy for an http origin.
fn socks5(name: impl Into<String>, script: Vec<Step>) -> Case {
    case(name, script).proxy("socks5h://")
}

fn bytes(bytes: &[u8]) -> Step {
    Send(bytes.to_vec())
}

#[test]
fn an_answer_to_connect_that_is_none_ends_the_way() {
    let begun = || send("HTTP/1.1 200 OK\r\n");
    check([
        refused(connect("fields without end", vec![Request, begun(), Endless(b"X: y\r\n".to_vec())])),
        refused(connect("a line without end", vec![Request, begun(), Endless(b"aaaaaaaaaaaaaaaa".to_vec())])),
        refused(connect("empty lines without end", vec![Request, Endless(b"\r\n".to_vec())])),
        refused(connect("interim heads without end", vec![Request, Endless(b"HTTP/1.1 100 C\r\n\r\n".to_vec())])),
        refused(connect("no HTTP", stays("SSH-2.0-OpenSSH_9.2\r\n"))),
        refused(connect("TLS", vec![Request, bytes(b"\x15\x03\x01\x00\x02\x02\x46"), Open])),
        refused(connect("SOCKS", vec![Request, bytes(&[5, 0]), Open])),
        refused(connect("HTTP/2", stays("HTTP/2 200 OK\r\n\r\n"))),
        refused(connect("another protocol instead", stays("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"))),
        refused(connect("a field without a colon", stays("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"))),
        refused(connect("a NUL", stays("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"))),
        refused(connect("nothing but a close", vec![Request])),
        refused(connect("a reset", vec![RequestButOneByte])),
        refused(connect("a reset in the answer", vec![RequestButOneByte, send("HTTP/1.1 2")])),
    ]);
}

#[test]
fn connect_cut_at_every_byte_is_the_proxys_failure() {
    let cut = |at: usize| refused(connect(format!("cut at {at}"), vec![Request, send(&OPEN[..at])]));
    check((0..OPEN.len()).map(cut));
}

#[test]
fn a_proxy_that_says_nothing_or_little_meets_the_connect_timeout() {
    let late = |case: Case| case.times_out(Limit::ConnectTimeout, Stage::Proxy);
    let drip = Drip(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(100)).into_bytes(), seconds(1));
    check([
        late(connect("mute", vec![Request, Open])),
        late(connect("half an answer", stays("HTTP/1.1 200 OK\r\n"))),
        late(connect("a byte a second", vec![Request, drip])),
        late(socks5("mute in SOCKS", vec![Take(METHODS), Open])),
        late(socks5("mute after the method", vec![Take(METHODS), bytes(METHOD), Take(ASKED), Open])),
        late(case("mute in SOCKS 4a", vec![Take(9), Open]).proxy("socks4a://")),
    ]);
}

#[test]
fn a_refusal_is_not_asked_again_nor_read_nor_followed() {
    let who = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\n";
    let whole = format!("{who}Content-Length: 3\r\n\r\nwho");
    check([
        refused(refused(connect("407 each time", stays(&whole)).then(stays(&whole)))).and(|after| {
            assert_eq!(after.first.requests.len(), 2, "one question for each URL");
        }),
        refused(connect(
            "407 with a body without end",
            vec![Request, send(who), send("\r\n"), Endless(vec![b'x'; 999])],
        )),
        refused(connect("407 to credentials", stays(&whole)).proxy("http://me:pw@")).and(|after| {
            assert_eq!(after.first.requests.len(), 1, "they are not said twice");
        }),
        refused(connect("a redirect", stays("HTTP/1.1 302 F\r\nLocation: http://{other}/\r\n\r\n"))),
        refused(connect("503 with Retry-After", stays("HTTP/1.1 503 S\r\nRetry-After: 1\r\n\r\n"))),
        // Asked for a whole URL, its answer is the URL's.
        case("407 to a URL", stays(&whole)).proxy("http://").fails(Kind::Status, Stage::Receive),
    ]);
}

/// curl's class: an answer that a proxy slips in before the server's.
#[test]
fn bytes_behind_the_opening_of_a_way_are_never_an_answer() {
    let smuggled = format!("{OPEN}{ANSWER}");
    let granted = [GRANTED, ANSWER.as_bytes()].concat();
    check([
        refused(connect("an answer behind the opening", stays(&smuggled))),
        refused(connect("one byte behind it", stays(format!("{OPEN}x")))),
        refused(connect("a second opening", stays(format!("{OPEN}{OPEN}")))),
        refused(connect("a body behind a length", stays("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))),
        refused(socks5(
            "an answer behind SOCKS",
            vec![Take(METHODS), bytes(METHOD), Take(ASKED), bytes(&granted), Open],
        )),
        connect("garbage where TLS begins", vec![Request, send(OPEN), Wait(seconds(1)), send(ANSWER), Open])
            .fails(Kind::Tls, Stage::Tls),
        connect("a close where TLS begins", vec![Request, send(OPEN), Wait(seconds(1))]).fails(Kind::Reset, Stage::Tls),
    ]);
}

#[test]
fn a_socks_proxy_that_breaks_the_rules_or_refuses_is_told_apart_from_the_server() {
    let then = |name: &str, first: &[u8]| refused(socks5(name, vec![Take(METHODS), bytes(first), Open]));
    let reply = |name: String, reply: &[u8]| {
        refused(socks5(name, vec![Take(METHODS), bytes(METHOD), Take(ASKED), bytes(reply), Open]))
    };
    let replies = (1..=9).chain([0x5a, 0xff]).map(|code| reply(format!("reply {code}"), &[5, code, 0, 1]));
    check(
        [
            then("another version", &[4, 0]),
            then("HTTP", b"HTTP/1.1 400 Bad\r\n\r\n"),
            then("no method", &[5, 0xff]),
            then("a method that was not offered", &[5, 2]),
            then("GSSAPI, which was not offered", &[5, 1]),
            reply("another version in the reply".into(), &[0, 0]),
            reply("a type of address that does not exist".into(), &[5, 0, 0, 9]),
            refused(socks5("bytes without end", vec![Take(METHODS), Endless(vec![0xff; 100])])),
            refused(socks5("a reset", vec![Take(METHODS - 1), bytes(METHOD)])),
            refused(case("SOCKS 4 in its reply", vec![Take(9), bytes(&[4, 90, 0, 0, 0, 0, 0, 0]), Open]))
                .proxy("socks4a://"),
            refused(case("SOCKS 4 refuses", vec![Take(9), bytes(&[0, 91, 0, 0, 0, 0, 0, 0]), Open]))
                .proxy("socks4a://"),
            refused(case("wrong password", vec![Take(4), bytes(&[5, 2]), Take(7), bytes(&[1, 1]), Open]))
                .proxy("socks5h://me:pw@"),
        ]
        .into_iter()
        .chain(replies),
    );
}

#[test]
fn socks_cut_at_every_byte_is_the_proxys_failure() {
    let five = |at: usize| {
        let script = match at {
            0..2 => vec![Take(METHODS), bytes(&METHOD[..at])],
            _ => vec![Take(METHODS), bytes(METHOD), Take(ASKED), bytes(&GRANTED[..at - 2])],
        };
        refused(socks5(format!("SOCKS 5 cut at {at}"), script))
    };
    let four = |at: usize| {
        // Version, command, port, 0.0.0.1, no user, the name and its end.
        let asked = 9 + "origin.test".len() + 1;
        let script = vec![Take(asked), bytes(&[0, 90, 0, 0, 0, 0, 0, 0][..at])];
        refused(case(format!("SOCKS 4a cut at {at}"), script).proxy("socks4a://"))
    };
    check((0..2 + GRANTED.len()).map(five).chain((0..8).map(four)));
}

#[test]
fn a_way_that_was_opened_carries_the_servers_answers() {
    let named = [&[5, 0, 0, 3, 255][..], &[b'n'; 255], &[0, 80]].concat();
    let v6 = [&[5, 0, 0, 4][..], &[0; 18]].concat();
    let open = |name: &str, reply: &[u8]| {
        socks5(name, vec![Take(METHODS), bytes(METHOD), Take(ASKED), bytes(reply), Request, send(ANSWER), Open])
            .gives("body")
    };
    check([
        open("an IPv4 address in the reply", GRANTED),
        open("an IPv6 address", &v6),
        open("the longest name", &named),
        socks5(
            "byte by byte",
            vec![
                Take(METHODS),
                Drip(METHOD.to_vec(), seconds(0)),
                Take(ASKED),
                Drip(GRANTED.to_vec(), seconds(0)),
                Request,
                send(ANSWER),
                Open,
            ],
        )
        .gives("body")
        .and(|after| {
            assert_eq!(after.first.requests[1].as_bytes()[..5], [5, 1, 0, 3, 11]);
            assert!(after.first.requests[2].starts_with("GET /0 HTTP/1.1\r\nHost: origin.test\r\n"));
            assert!(!after.first.requests[2].contains("Proxy-"));
        }),
        case("a URL by an HTTP proxy", stays(ANSWER)).user("me:pw@").proxy("http://ann:secret@").gives("body").and(
            |after| {
                let head = &after.first.requests[0];
                assert!(head.starts_with("GET http://origin.test/0 HTTP/1.1\r\nHost: origin.test\r\n"), "{head}");
                assert!(head.contains("Proxy-Authorization: Basic YW5uOnNlY3JldA==\r\n"), "{head}");
            },
        ),
    ]);
}

/// The only secrets in a CONNECT are the proxy's own.
#[test]
fn connect_tells_the_proxy_nothing_that_is_for_the_server() {
    check([refused(connect("refused", stays("HTTP/1.1 403 No\r\n\r\n")).user("me:pw@").proxy("http://ann:secret@"))
        .with(|plan| {
            plan.secrets.headers.push(("X-Api-Key".into(), "k".into()));
            plan.request.headers.push(("Cookie".into(), Some("c=1".into())));
        })
        .and(|after| {
            let wanted = "CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\nProxy-Authorization: Basic \
                          YW5uOnNlY3JldA==\r\nUser-Agent: gfetch/";
            let head = &after.first.requests[0];
            assert!(head.starts_with(wanted), "{head}");
            assert!(head.ends_with("\r\nProxy-Connection: Keep-Alive\r\n\r\n"), "{head}");
            assert_eq!(head.lines().count(), 6, "{head}");
        })]);
}
