//! Servers that are slow, silent, deaf, or answer before they were asked all.

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::{Limit, Stage};
use gfetch::fetch::plan::{Plan, Stall};

use super::case::{Case, case, check};
use super::script::{Deaf, Drip, HalfClose, Open, Request, RequestHead, Step, Wait, closes, seconds, send, stays};

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

fn max_time_10(plan: &mut Plan) {
    plan.limits.max_time = Some(seconds(10));
}

fn no_max_time(plan: &mut Plan) {
    plan.limits.max_time = None;
}

fn speed_time_5(plan: &mut Plan) {
    plan.limits.stall = Some(Stall { time: seconds(5), min_bytes_per_s: 1, given: true });
}

fn large_upload(plan: &mut Plan) {
    plan.request.body = Some(vec![b'x'; 16 << 20]);
}

/// The body byte by byte, so many seconds between.
fn dripped(pause: u64, head: &str, body: &str) -> Vec<Step> {
    vec![Request, send(head), Drip(body.as_bytes().to_vec(), seconds(pause)), Open]
}

fn takes(case: Case, check: fn(&super::case::After)) -> Case {
    case.and(check)
}

#[test]
fn a_silent_server_ends_at_its_clock() {
    check([
        takes(case("silent after accept", vec![Deaf]).times_out(Limit::MaxTime, Stage::Wait), |after| {
            assert_eq!(after.took, seconds(300));
        }),
        takes(case("with -m", vec![Deaf]).with(max_time_10).times_out(Limit::MaxTime, Stage::Wait), |after| {
            assert_eq!(after.took, seconds(10));
        }),
        takes(
            case("without any -m", vec![Request, Open]).with(no_max_time).times_out(Limit::Stall, Stage::Wait),
            |after| {
                assert_eq!(after.took, seconds(300));
            },
        ),
        takes(case("with -y", vec![Request, Open]).with(speed_time_5).times_out(Limit::Stall, Stage::Wait), |after| {
            assert_eq!(after.took, seconds(5));
        }),
        takes(
            case("silent after a 100", stays("HTTP/1.1 100 C\r\n\r\n"))
                .with(speed_time_5)
                .times_out(Limit::Stall, Stage::Wait),
            |after| {
                assert_eq!(after.took, seconds(5));
            },
        ),
    ]);
}

#[test]
fn a_drip_is_slow_and_not_wrong() {
    let slow_head = format!("{HEAD}abcde");
    check([
        takes(case("a body, a byte a second", dripped(1, HEAD, "abcde")).gives("abcde"), |after| {
            assert_eq!(after.took, seconds(5));
        }),
        takes(case("a body, a byte in 29 s", dripped(29, HEAD, "abcde")).gives("abcde"), |after| {
            assert_eq!(after.took, seconds(145));
        }),
        takes(
            case("a body, a byte in 31 s", dripped(31, HEAD, "abcde")).times_out(Limit::Stall, Stage::Receive),
            |after| {
                assert_eq!(after.took, seconds(30));
            },
        ),
        takes(case("head and body, a byte a second", dripped(1, "", &slow_head)).gives("abcde"), |after| {
            assert_eq!(after.took, seconds(43));
        }),
        takes(
            case("beyond -m", dripped(1, "", &slow_head)).with(max_time_10).times_out(Limit::MaxTime, Stage::Wait),
            |after| {
                assert_eq!(after.took, seconds(10));
            },
        ),
        takes(
            case("a body beyond -m", dripped(3, HEAD, "abcde"))
                .with(max_time_10)
                .times_out(Limit::MaxTime, Stage::Receive),
            |after| {
                assert_eq!((after.took, after.outcomes[0].bytes), (seconds(10), 3));
            },
        ),
        case(
            "chunks, a byte in 29 s",
            dripped(29, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n0\r\n\r\n"),
        )
        .times_out(Limit::Stall, Stage::Receive),
        takes(
            case("slower than -Y", dripped(1, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", &"x".repeat(100)))
                .with(|plan| plan.limits.stall = Some(Stall { time: seconds(5), min_bytes_per_s: 10, given: true }))
                .times_out(Limit::Stall, Stage::Receive),
            |after| assert_eq!(after.took, seconds(5)),
        ),
        takes(
            case("stalled in the body", stays(format!("{HEAD}abc"))).times_out(Limit::Stall, Stage::Receive),
            |after| {
                assert_eq!((after.took, after.outcomes[0].bytes), (seconds(30), 3));
            },
        ),
    ]);
}

/// A coded body whose bytes come, but give nothing to show for a long time.
#[test]
fn what_counts_is_what_comes_over_the_wire() {
    let zipped = super::codings::gzip(b"abc");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", zipped.len());
    check([case("gzip, a byte in 5 s", vec![Request, send(&head), Drip(zipped, seconds(5)), Open]).gives("abc")]);
}

#[test]
fn a_body_with_its_length_does_not_wait_for_the_close() {
    check([
        takes(
            case("a slow close", vec![Request, send(&format!("{HEAD}abcde")), Wait(seconds(100))]).gives("abcde"),
            |after| {
                assert_eq!(after.took, seconds(0));
            },
        ),
        case("a half close", vec![Request, send(&format!("{HEAD}abcde")), HalfClose]).gives("abcde"),
        takes(
            case("until a slow close", vec![Request, send("HTTP/1.1 200 OK\r\n\r\nabcde"), Wait(seconds(20))])
                .gives("abcde"),
            |after| assert_eq!(after.took, seconds(20)),
        ),
        case("until a half close", vec![Request, send("HTTP/1.1 200 OK\r\n\r\nabcde"), HalfClose]).gives("abcde"),
    ]);
}

/// 16 MiB do not fit into the socket buffers.
#[test]
fn an_upload_that_is_not_read_ends() {
    let answer = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig";
    let fine = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes";
    check([
        case("read and answered", closes(fine))
            .with(|plan| plan.request.body = Some(vec![b'x'; 200 << 10]))
            .gives("yes"),
        takes(case("never read", vec![Deaf]).with(large_upload).times_out(Limit::MaxTime, Stage::Send), |after| {
            assert_eq!(after.took, seconds(300));
        }),
        takes(
            case("never read, without -m", vec![Deaf])
                .with(|plan| {
                    large_upload(plan);
                    no_max_time(plan);
                })
                .times_out(Limit::Stall, Stage::Send),
            // A second more: so long it was waited for the "100 Continue" of a body as large as this.
            |after| assert_eq!(after.took, seconds(301)),
        ),
        takes(
            case("never read, with -y", vec![Deaf])
                .with(|plan| {
                    large_upload(plan);
                    speed_time_5(plan);
                })
                .times_out(Limit::Stall, Stage::Send),
            |after| assert_eq!(after.took, seconds(6)),
        ),
        case("answered early and closed", vec![send(answer)]).with(large_upload).fails(Status, Stage::Receive),
        case("answered early with success", vec![send(fine)]).with(large_upload).gives("yes"),
        case("closed without an answer", vec![]).with(large_upload).fails(Reset, Stage::Send),
        case("answered early with noise", vec![send("noise")]).with(large_upload).fails(Protocol, Stage::Wait),
    ]);
}

#[test]
fn an_expectation_cannot_be_misused() {
    let go = "HTTP/1.1 100 Continue\r\n\r\n";
    let fine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
    let unknown = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
    let big = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig";
    let expected = |head: &str| super::script::field(head, "expect").is_some();
    check([
        case("a flood of 100s before the body", vec![RequestHead, send(&go.repeat(1000)), Open])
            .with(large_upload)
            .fails(Protocol, Stage::Wait),
        case("refused, and neither read nor closed", vec![RequestHead, send(big), Deaf])
            .with(large_upload)
            .fails(Status, Stage::Receive)
            .and(|after| assert_eq!(after.took, seconds(0))),
        case("asked for, then refused", vec![RequestHead, send(&format!("{go}{big}")), Deaf])
            .with(large_upload)
            .fails(Status, Stage::Receive)
            .and(|after| assert_eq!(after.took, seconds(0))),
        case("half an answer, then silence", vec![RequestHead, send("HTTP/1.1 413 Con"), Deaf])
            .with(|plan| {
                large_upload(plan);
                max_time_10(plan);
            })
            .times_out(Limit::MaxTime, Stage::Send),
        case("a 100 behind the answer poisons the connection", vec![Request, send(&format!("{fine}{go}")), Open])
            .gives("fine")
            .then(vec![Request, send(fine), Open])
            .gives("fine"),
        case("417, then taken", vec![RequestHead, send(unknown)])
            .then(vec![Request, send(fine), Open])
            .with(large_upload)
            .gives("fine")
            .and(move |after| {
                let sent: Vec<bool> = after.first.requests.iter().map(|head| expected(head)).collect();
                assert_eq!(sent, [true, false]);
            }),
        case("417 for ever", vec![RequestHead, send(unknown)])
            .then(vec![Request, send(unknown)])
            .with(large_upload)
            .fails(Status, Stage::Receive),
        case("417 though nothing was expected", vec![Request, send(unknown)]).fails(Status, Stage::Receive),
    ]);
}
