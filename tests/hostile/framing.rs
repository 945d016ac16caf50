//! Bodies whose framing lies, breaks off, or goes on too long.

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::Limit::*;
use gfetch::fetch::outcome::Stage;
use gfetch::fetch::outcome::Stage::*;

use super::case::{Case, case, check};
use super::script::{Endless, Open, Request, RequestButOneByte};
use super::script::{closes, send, stays, stays_for};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn head(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n")
}

/// A chunked answer that goes on like this, the connection staying open.
fn chunks(name: &str, rest: &str) -> Case {
    case(name, stays(format!("{CHUNKED}{rest}")))
}

#[test]
fn lengths_that_do_not_agree_are_refused_before_the_body() {
    let refused = |fields: &str| {
        let answer = head(fields) + "0123456789";
        case(fields, stays(answer)).fails(Protocol, Stage::Wait)
    };
    check([
        refused("Content-Length: 3\r\nContent-Length: 4\r\n"),
        refused("Content-Length: 3, 4\r\n"),
        refused("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
        refused("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
        refused("Content-Length: -1\r\n"),
        refused("Content-Length: +3\r\n"),
        refused("Content-Length: 0x3\r\n"),
        refused("Content-Length: 3 3\r\n"),
        refused("Content-Length: \r\n"),
        refused("Content-Length: 18446744073709551616\r\n"),
        refused("Transfer-Encoding: gzip, chunked\r\n"),
        refused("Transfer-Encoding: chunked, gzip\r\n"),
        refused("Transfer-Encoding: chunked, chunked\r\n"),
        refused("Transfer-Encoding: identity\r\n"),
        refused("Transfer-Encoding: xchunked\r\n"),
        refused("Content-Length : 3\r\n"),
        case("the same length twice is one", stays(head("Content-Length: 3\r\nContent-Length: 3\r\n") + "abc"))
            .gives("abc"),
    ]);
}

#[test]
fn broken_chunks_are_refused_where_they_break() {
    let refused = |name: &str, rest: &str| chunks(name, rest).fails(Protocol, Stage::Receive);
    check([
        refused("no digits", "\r\nabc\r\n0\r\n\r\n"),
        refused("letters", "xyz\r\nabc\r\n0\r\n\r\n"),
        refused("a sign", "-3\r\nabc\r\n0\r\n\r\n"),
        refused("a prefix", "0x3\r\nabc\r\n0\r\n\r\n"),
        refused("a space before", " 3\r\nabc\r\n0\r\n\r\n"),
        refused("seventeen digits", "00000000000000003\r\nabc\r\n0\r\n\r\n"),
        refused("an overflow", "fffffffffffffffff\r\nabc"),
        refused("no CR after the size", "3\nabc\r\n0\r\n\r\n"),
        refused("no CRLF after the data", "3\r\nabc0\r\n\r\n"),
        refused("too much data", "3\r\nabcdef\r\n0\r\n\r\n"),
        refused("only LF after the data", "3\r\nabc\n0\r\n\r\n"),
        refused("a control character in an extension", "3;a=\x01\r\nabc\r\n0\r\n\r\n"),
        refused("a bare CR in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n"),
        refused("trailers without a colon", "3\r\nabc\r\n0\r\nnonsense\r\n\r\n"),
        refused("a NUL", "3\r\nabc\r\n\0\r\n\r\n"),
        chunks("a second chunk breaks", "3\r\nabc\r\nzz\r\n").fails(Protocol, Stage::Receive).and(|after| {
            assert_eq!(after.outcomes[0].bytes, 3, "what came before is counted");
        }),
        chunks("upper case and padding are fine", "A \r\n0123456789\r\n0\r\n\r\n").gives("0123456789"),
        chunks("trailers are dropped", "3\r\nabc\r\n0\r\nContent-Length: 99\r\n\r\n").gives("abc"),
    ]);
}

#[test]
fn endless_framing_is_cut_at_its_bound() {
    let flood = |name: &str, first: &str, endless: &str| {
        let steps = vec![Request, send(&format!("{CHUNKED}{first}")), Endless(endless.as_bytes().to_vec())];
        case(name, steps).fails(Protocol, Stage::Receive).and(|after| {
            assert!(after.first.written < 16 << 20, "{} bytes were taken", after.first.written);
            assert!(after.took.as_secs() < 1);
        })
    };
    check([
        flood("one endless extension", "3;", &"x".repeat(4096)),
        flood("extensions on every chunk", "", "1;extension=12345678901234567890\r\na\r\n"),
        flood("endless padding", "3", &" ".repeat(4096)),
        flood("one endless trailer", "0\r\nA: ", &"x".repeat(4096)),
        flood("endless trailers", "0\r\n", "A: b\r\n"),
        flood("endless zeros", "", &"0".repeat(4096)),
    ]);
}

#[test]
fn sizes_that_never_end_meet_the_limits() {
    let most = |plan: &mut gfetch::fetch::plan::Plan| plan.limits.max_filesize = Some(1 << 20);
    let zeros = vec![0; 65_536];
    let huge = |name: &str, head: String| case(name, vec![Request, send(&head), Endless(zeros.clone())]).with(most);
    check([
        huge("a huge length is refused at once", head("Content-Length: 18446744073709551615\r\n"))
            .fails(TooLarge, Stage::Receive),
        huge("a huge chunk", format!("{CHUNKED}ffffffffffffffff\r\n")).fails(TooLarge, Stage::Receive),
        huge("no end", head("")).fails(TooLarge, Stage::Receive),
        chunks("a huge chunk that stalls", "fffffffffffffff0\r\nabc").times_out(Stall, Stage::Receive),
        case("a huge length that is cut", closes(head("Content-Length: 18446744073709551615\r\n") + "abc"))
            .fails(Truncated, Stage::Receive),
    ]);
}

/// The last byte before the end of the head included: there it is the head that is cut.
fn every_cut(whole: &str, ends_with_close: bool) -> impl Iterator<Item = Case> {
    let body = whole.find("\r\n\r\n").unwrap() + 4;
    (0..whole.len()).flat_map(move |at| {
        let (kind, stage) = match at {
            0 => (Reset, Wait),
            at if at < body => (Truncated, Wait),
            _ => (Truncated, Receive),
        };
        let whole = whole.to_owned();
        let cut = case(format!("cut at {at}: {whole:?}"), closes(&whole[..at]));
        let cut = if ends_with_close && at >= body { cut.gives(&whole[body..at]) } else { cut.fails(kind, stage) };
        let steps = vec![RequestButOneByte, send(&whole[..at])];
        let reset = case(format!("reset at {at}: {whole:?}"), steps);
        let stage = if at < body { Wait } else { Receive };
        [cut, reset.fails(Reset, stage)]
    })
}

#[test]
fn a_chunked_answer_cut_anywhere_is_no_success() {
    check(every_cut(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n",
        false,
    ));
}

#[test]
fn an_answer_with_a_length_cut_anywhere_is_no_success() {
    check(every_cut("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", false));
}

#[test]
fn a_body_until_close_ends_with_the_close_and_not_with_a_reset() {
    check(every_cut("HTTP/1.0 200 OK\r\nA: b\r\n\r\nabcde", true));
}

#[test]
fn an_answer_stalled_anywhere_ends_at_its_clock() {
    let whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nA: b\r\n\r\n";
    let body = whole.find("\r\n\r\n").unwrap() + 4;
    check((0..whole.len()).map(|at| {
        let stalled = case(format!("stalled at {at}"), stays(&whole[..at]));
        let (limit, stage) = if at < body { (MaxTime, Wait) } else { (Stall, Receive) };
        stalled.times_out(limit, stage).and(|after| {
            let seconds = after.took.as_secs();
            let wanted = if after.outcomes[0].status.is_some() { 30 } else { 300 };
            assert_eq!(seconds, wanted);
        })
    }));
}

#[test]
fn bytes_after_the_body_never_answer_the_next_request() {
    let poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
    let twice = |name: &str, first: &str| {
        case(name, vec![Request, send(first), send(poison), Open]).gives("abc").gives("good").then(stays(good))
    };
    check([
        twice("after a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
        twice("after chunks", &format!("{CHUNKED}3\r\nabc\r\n0\r\n\r\n")),
        case("in one write", stays(format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc{poison}")))
            .gives("abc")
            .gives("good")
            .then(stays(good)),
        case("after no body", stays(format!("HTTP/1.1 204 No Content\r\n\r\n{poison}")))
            .gives("")
            .gives("good")
            .then(stays(good)),
        case("one LF too many", stays("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\n"))
            .gives("abc")
            .gives("good")
            .then(stays(good)),
        case("and without any, the connection serves twice", stays_for(&[good, good])).gives("good").gives("good"),
    ]);
}
