//! Tests of `done`.

use super::*;
use crate::http::h1::{Limits, ReceiveHead, ReceiveRequest, Received};

const GET: Sent = Sent { connect: false, whole: true, close: false };
const PLAIN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// The judgement on an answer without a body or whose body has not come.
fn after(sent: Sent, answer: &str, left: usize) -> Reuse {
    let received =
        ReceiveHead::new(if sent.connect { "CONNECT" } else { "GET" }, Limits::RESPONSE).advance(answer.as_bytes());
    let Ok(Some(Received::Final { head, .. })) = received else { panic!("{received:?}") };
    let mut body = ReceiveBody::new(&head.framing);
    if head.framing == Framing::Close {
        body.eof().unwrap();
    }
    Reuse::after_response(sent, &head, &body, left)
}

#[test]
fn a_plain_exchange_leaves_a_connection_to_reuse() {
    assert_eq!(after(GET, PLAIN, 0), Reuse::Yes);
}

#[test]
fn each_reason_to_close_is_told() {
    use Why::*;
    let answer = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    let cases = [
        (after(Sent { whole: false, ..GET }, PLAIN, 0), RequestUnfinished),
        (after(GET, &answer("Content-Length: 1\r\n"), 0), BodyUnfinished),
        (after(GET, &answer(""), 0), ReadToClose),
        (after(Sent { close: true, ..GET }, PLAIN, 0), WeClose),
        (after(GET, &answer("Content-Length: 0\r\nConnection: close\r\n"), 0), PeerCloses),
        (after(GET, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 0), Http10),
        (after(Sent { connect: true, ..GET }, &answer(""), 0), Tunnel),
        (after(GET, PLAIN, 1), UnaskedBytes),
    ];
    for (is, why) in cases {
        assert_eq!(is, Reuse::No(why), "{why}");
    }
}

#[test]
fn a_refused_tunnel_leaves_a_connection_to_reuse() {
    let connect = Sent { connect: true, ..GET };
    assert_eq!(after(connect, "HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n", 0), Reuse::Yes);
}

#[test]
fn a_server_keeps_the_connection_when_both_want_it_and_the_request_is_read() {
    let judge = |request: &str, close: bool| {
        let (_, head) = ReceiveRequest::new(Limits::REQUEST).advance(request.as_bytes()).unwrap().unwrap();
        Reuse::after_request(&head, &ReceiveBody::new(&head.framing), close)
    };
    assert_eq!(judge("GET / HTTP/1.1\r\nHost: a\r\n\r\n", false), Reuse::Yes);
    assert_eq!(judge("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true), Reuse::No(Why::WeClose));
    assert_eq!(judge("GET / HTTP/1.0\r\n\r\n", false), Reuse::No(Why::Http10));
    let unread = judge("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", false);
    assert_eq!(unread, Reuse::No(Why::BodyUnfinished));
}
