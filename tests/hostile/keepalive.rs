//! Connections that are kept: which answer belongs to which request, and when a dead one is replaced.

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::Stage;
use gfetch::fetch::plan::{Plan, Rate};

use super::case::{case, check};
use super::script::{HalfClose, Open, Request, Send, Wait, closes, seconds, send, stays, stays_for};

const ONE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none";
const TWO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo";
const EVIL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

/// A pause between the requests: what the server does meanwhile arrives.
fn slowly(plan: &mut Plan) {
    plan.rate = Some(Rate { starts: 1, per: seconds(10) });
}

fn post(plan: &mut Plan) {
    plan.request.body = Some(b"body".to_vec());
}

#[test]
fn a_connection_is_kept_where_both_sides_may() {
    let two = |name: &str, first: &str| case(name, closes(first)).gives("one").gives("two").then(stays(TWO));
    let kept = |name: &str, first: &str| case(name, stays_for(&[first, TWO])).gives("one").gives("two");
    check([
        kept("HTTP/1.1", ONE),
        kept("a keep-alive of 1.0", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\none"),
        kept("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n"),
        two("close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\none"),
        two("close among others", "HTTP/1.1 200 OK\r\nConnection: a, CLOSE\r\nContent-Length: 3\r\n\r\none"),
        two("1.0", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\none"),
        two("until close", "HTTP/1.1 200 OK\r\n\r\none"),
        case(
            "close is said, and not done",
            stays("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\none"),
        )
        .gives("one")
        .gives("two")
        .then(stays(TWO)),
    ]);
}

#[test]
fn an_idle_connection_that_died_is_replaced_unseen() {
    check([
        case("closed while idle", vec![Request, send(ONE), Wait(seconds(5))])
            .then(stays(TWO))
            .with(slowly)
            .gives("one")
            .gives("two")
            .and(|after| {
                assert_eq!(after.outcomes[1].attempts, 1);
                assert!(!after.outcomes[1].reused);
            }),
        case("closed while idle, for POST", vec![Request, send(ONE), Wait(seconds(5))])
            .then(stays(TWO))
            .with(|plan| {
                slowly(plan);
                post(plan);
            })
            .gives("one")
            .gives("two")
            .and(|after| assert_eq!(after.first.requests.len(), 2)),
        case("half closed while idle", vec![Request, send(ONE), HalfClose])
            .then(stays(TWO))
            .with(slowly)
            .gives("one")
            .gives("two"),
        case("closed on the second request", vec![Request, send(ONE), Request])
            .then(stays(TWO))
            .gives("one")
            .gives("two")
            .and(|after| {
                assert_eq!(after.first.requests.len(), 3, "it was repeated");
                assert_eq!(after.outcomes[1].attempts, 1);
            }),
        case("closed on the second request, a POST", vec![Request, send(ONE), Request])
            .with(post)
            .gives("one")
            .fails(Reset, Stage::Wait)
            .and(|after| assert_eq!(after.first.requests.len(), 2, "it was not repeated")),
        case("a second answer that is cut in its head", vec![Request, send(ONE), Request, send("HTTP/1.1 2")])
            .gives("one")
            .fails(Truncated, Stage::Wait)
            .and(|after| assert_eq!(after.first.requests.len(), 2, "an answer had begun")),
        case(
            "a second answer that is reset in its head",
            vec![Request, send(ONE), super::script::RequestButOneByte, send("HTTP/1.1 2")],
        )
        .gives("one")
        .fails(Reset, Stage::Wait)
        .and(|after| assert_eq!(after.first.requests.len(), 2, "an answer had begun")),
    ]);
}

#[test]
fn an_unasked_answer_is_nobodys() {
    let unasked = |name: &str, bytes: &[u8]| {
        case(name, vec![Request, send(ONE), Wait(seconds(3)), Send(bytes.to_vec()), Open])
            .then(stays(TWO))
            .with(slowly)
            .gives("one")
            .gives("two")
    };
    check([
        unasked("a whole one", EVIL.as_bytes()),
        unasked("half a one", b"HTTP/1.1 200 OK\r\nContent-Le"),
        unasked("a 408", b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"),
        unasked("an empty line", b"\r\n"),
        case("then a close", vec![Request, send(ONE), Wait(seconds(3)), send(EVIL)])
            .then(stays(TWO))
            .with(slowly)
            .gives("one")
            .gives("two"),
        case("two for one", vec![Request, send(ONE), send(EVIL), Open]).then(stays(TWO)).gives("one").gives("two"),
    ]);
}

/// What the kernel dropped was read exactly: whether more came must be asked.
#[test]
fn poison_after_a_large_body_is_seen() {
    let large = vec![b'x'; 1 << 20];
    let answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", &large[..]].concat();
    let chunked =
        [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n"[..], &large, b"\r\n0\r\n\r\n"].concat();
    let poisoned = |answer: &[u8]| [answer, EVIL.as_bytes()].concat();
    check([
        case("a length", stays(poisoned(&answer))).then(stays(TWO)).gives(&large).gives("two"),
        case("chunks", stays(poisoned(&chunked))).then(stays(TWO)).gives(&large).gives("two"),
        case("without poison it is kept", vec![Request, Send(answer), Request, send(TWO), Open])
            .gives(&large)
            .gives("two"),
        case("and so with chunks", vec![Request, Send(chunked), Request, send(TWO), Open]).gives(&large).gives("two"),
    ]);
}

#[test]
fn a_failed_answer_takes_its_connection_with_it() {
    let bad = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    check([
        case("broken chunks", stays(bad)).then(stays(TWO)).fails(Protocol, Stage::Receive).gives("two"),
        case("too large", stays("HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"))
            .then(stays(TWO))
            .with(|plan| plan.limits.max_filesize = Some(100))
            .fails(TooLarge, Stage::Receive)
            .gives("two"),
        case("a timeout", vec![Request, Wait(seconds(400)), send(EVIL), Open])
            .then(stays(TWO))
            .times_out(gfetch::fetch::outcome::Limit::MaxTime, Stage::Wait)
            .gives("two"),
        case("a 404 is kept", stays_for(&["HTTP/1.1 404 Gone\r\nContent-Length: 3\r\n\r\nabc", TWO]))
            .fails(Status, Stage::Receive)
            .gives("two"),
        case("an unknown coding", stays("HTTP/1.1 200 OK\r\nContent-Encoding: x\r\nContent-Length: 3\r\n\r\nabc"))
            .then(stays(TWO))
            .fails(Decode, Stage::Decode)
            .gives("two"),
    ]);
}
