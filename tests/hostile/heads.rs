//! Heads that are none, never end, or say what they must not; answers that have no body and send one.

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::Stage;
use gfetch::fetch::plan::Plan;

use super::case::{Case, case, check};
use super::script::{Deaf, Endless, Request, RequestButOneByte, Step, closes, seconds, send, stays};

fn refused(name: &str, answer: impl AsRef<[u8]>) -> Case {
    case(name, stays(answer)).fails(Protocol, Stage::Wait)
}

#[test]
fn what_is_no_http_is_refused() {
    check([
        refused("HTTP/0.9", "<html>hello</html>"),
        refused("an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        refused("HTTP/2 frames", b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
        refused("a version to come", "HTTP/3.0 200 OK\r\n\r\n"),
        refused("HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"),
        refused("SSH", "SSH-2.0-OpenSSH_9.6\r\n"),
        refused("a TLS alert", b"\x15\x03\x01\0\x02\x02\x46"),
        refused("noise", b"\xff\xfe\xfd\xfc\x80\x81"),
        refused("no status line", "Content-Length: 3\r\n\r\nabc"),
        refused("no version", "HTTP 200 OK\r\n\r\n"),
        refused("lower case", "http/1.1 200 OK\r\n\r\n"),
        refused("spaces before", "  HTTP/1.1 200 OK\r\n\r\n"),
        refused("empty lines without end", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"),
    ]);
}

#[test]
fn status_lines_and_fields_are_held_to_the_grammar() {
    let line = |line: &str| refused(line, format!("{line}\r\nContent-Length: 3\r\n\r\nabc"));
    let field = |name: &str, field: &[u8]| {
        refused(name, [b"HTTP/1.1 200 OK\r\n", field, b"\r\nContent-Length: 3\r\n\r\nabc"].concat())
    };
    check([
        line("HTTP/1.1 99 Low"),
        line("HTTP/1.1 099 Low"),
        line("HTTP/1.1 1000 High"),
        line("HTTP/1.1 20 Short"),
        line("HTTP/1.1 2x0 Letter"),
        line("HTTP/1.1 -200 Negative"),
        line("HTTP/1.1"),
        line("HTTP/1.1 "),
        line("HTTP/1.1 200 O\0K"),
        line("HTTP/1.1 200 O\x1bK"),
        field("a bare CR in a value", b"A: b\rc"),
        field("a bare CR that looks like a field", b"A: b\rContent-Length: 1"),
        field("a NUL", b"A: b\0c"),
        field("a control character", b"A: b\x07c"),
        field("a fold", b"A: b\r\n c"),
        field("a fold at first", b" A: b"),
        field("no colon", b"nonsense"),
        field("no name", b": b"),
        field("a space in a name", b"A b: c"),
        field("a space before the colon", b"A : c"),
        field("a name beyond ASCII", "Ä: c".as_bytes()),
        case("obs-text and no reason are fine", stays(b"HTTP/1.1 200\r\nA: \xff\xfe\r\nContent-Length: 3\r\n\r\nabc"))
            .gives("abc"),
        case("status 999", stays("HTTP/1.1 999 \r\nContent-Length: 3\r\n\r\nabc")).fails(Status, Stage::Receive),
        case("bare LF", stays("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc")).gives("abc"),
    ]);
}

#[test]
fn a_head_has_an_end() {
    let flood = |name: &str, first: &str, endless: &str| {
        case(name, vec![Request, send(first), Endless(endless.as_bytes().to_vec())]).fails(Protocol, Stage::Wait).and(
            |after| {
                assert!(after.first.written < 16 << 20, "{} bytes were taken", after.first.written);
                assert!(after.took < seconds(1));
            },
        )
    };
    let many: String = (0..300).map(|n| format!("A{n}: b\r\n")).collect();
    check([
        flood("endless fields", "HTTP/1.1 200 OK\r\n", "A: bcdefghijk\r\n"),
        flood("one endless line", "HTTP/1.1 200 OK\r\nA: ", &"x".repeat(4096)),
        flood("an endless status line", "HTTP/1.1 200 ", &"x".repeat(4096)),
        flood("an endless name", "HTTP/1.1 200 OK\r\n", &"x".repeat(4096)),
        flood("endless empty lines", "", "\r\n"),
        flood("endless 100", "", "HTTP/1.1 100 Continue\r\n\r\n"),
        flood("endless large 103", "", &format!("HTTP/1.1 103 Early\r\nLink: {}\r\n\r\n", "x".repeat(9000))),
        refused("300 fields", format!("HTTP/1.1 200 OK\r\n{many}\r\n")),
        case(
            "one of each 1xx is passed over",
            stays("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"),
        )
        .gives("a"),
    ]);
}

#[test]
fn an_upgrade_that_nobody_asked_for_is_refused() {
    check([
        refused("101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
        refused("101 after 100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n"),
    ]);
}

#[test]
fn a_connection_that_ends_without_an_answer_is_a_reset() {
    check([
        case("an empty reply", vec![Request]).fails(Reset, Stage::Wait),
        case("a close before the request", vec![]).fails(Reset, Stage::Wait),
        case("a reset after the request", vec![RequestButOneByte]).fails(Reset, Stage::Wait),
        case("an empty line, then the end", closes("\r\n")).fails(Truncated, Stage::Wait),
        case("a 100, then the end", closes("HTTP/1.1 100 Continue\r\n\r\n")).fails(Truncated, Stage::Wait),
        case("half a status line", closes("HTTP/1.1 2")).fails(Truncated, Stage::Wait),
    ]);
}

fn head_request(plan: &mut Plan) {
    plan.request.method = Some("HEAD".to_owned());
}

/// A body where none may be: it is not read, not counted, and not the answer to the next request.
#[test]
fn an_answer_without_a_body_ends_with_its_head() {
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
    let with_body = |status: &str, fields: &str| {
        case(
            format!("{status}, {fields}"),
            stays(format!("HTTP/1.1 {status}\r\n{fields}\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")),
        )
        .gives("")
        .gives("good")
        .then(stays(good))
    };
    let no_body = |status: &str, fields: &str| {
        case(format!("{status}, {fields}, none"), stays(format!("HTTP/1.1 {status}\r\n{fields}\r\n\r\n"))).gives("")
    };
    let no_answer: Vec<Step> = vec![Request, send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), Deaf];
    check([
        with_body("204 No Content", "Content-Length: 19"),
        with_body("204 No Content", "Transfer-Encoding: chunked"),
        with_body("304 Not Modified", "Content-Length: 19"),
        no_body("204 No Content", "Content-Encoding: gzip"),
        no_body("304 Not Modified", "Content-Encoding: unknown"),
        no_body("304 Not Modified", "Content-Length: 99999999999").with(|plan| plan.limits.max_filesize = Some(10)),
        case("HEAD is over with its head", no_answer.clone()).with(head_request).gives(""),
        case("HEAD of an unknown coding", stays("HTTP/1.1 200 OK\r\nContent-Encoding: unknown\r\n\r\n"))
            .with(head_request)
            .gives(""),
        case("HEAD of chunks", stays("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
            .with(head_request)
            .gives(""),
        case("HEAD answered with a body", stays("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"))
            .with(head_request)
            .gives("")
            .gives("")
            .then(stays("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"))
            .and(|after| assert_eq!(after.outcomes[1].status, Some(200))),
    ]);
}
