//! Tests of `receive_request`: what the fixtures are too small or too plain for.

use super::*;
use crate::http::h1::limits::{MAX_FIELDS, MAX_REQUEST_HEAD_BYTES, MAX_REQUEST_LINE_BYTES};

fn receive(input: &[u8]) -> Result<Option<(usize, RequestHead)>, Refused> {
    ReceiveRequest::new(Limits::REQUEST).advance(input)
}

fn status(input: String) -> u16 {
    receive(input.as_bytes()).map_or_else(|refused| refused.status, |_| 0)
}

#[test]
fn a_request_line_has_as_many_bytes_as_its_limit_and_no_more() {
    let with = |bytes: u32| {
        let target = "a".repeat(bytes as usize - "GET / HTTP/1.1".len());
        format!("GET /{target} HTTP/1.1\r\nHost: a\r\n\r\n")
    };
    assert_eq!(status(with(MAX_REQUEST_LINE_BYTES)), 0);
    assert_eq!(status(with(MAX_REQUEST_LINE_BYTES + 1)), 414);
}

#[test]
fn an_endless_request_line_is_refused_before_it_ends() {
    assert_eq!(status("A".repeat(MAX_REQUEST_LINE_BYTES as usize + 2)), 414);
}

#[test]
fn too_much_of_a_head_is_431() {
    let head = |fields: String| format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let large = format!("A: {}\r\n", "b".repeat(MAX_REQUEST_HEAD_BYTES as usize));
    assert_eq!(status(head(large)), 431);
    assert_eq!(status(head("A: b\r\n".repeat(MAX_FIELDS as usize - 1))), 0);
    assert_eq!(status(head("A: b\r\n".repeat(MAX_FIELDS as usize))), 431);
}

#[test]
fn a_head_request_with_a_body_is_refused_and_one_with_length_0_is_not() {
    let head = |field: &str| format!("HEAD / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
    assert_eq!(status(head("Content-Length: 1")), 400);
    assert_eq!(status(head("Transfer-Encoding: chunked")), 400);
    assert_eq!(status(head("Content-Length: 0")), 0);
}

#[test]
fn what_follows_the_head_is_left() {
    let input = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let (consumed, head) = receive(input).unwrap().unwrap();
    assert_eq!((&input[consumed..], head.framing), (&b"abc"[..], Framing::Length(3)));
}

#[test]
fn a_host_is_held_to_its_characters() {
    let with = |host: &str| status(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    for host in ["a.example", "a:80", "[::1]:80", "127.0.0.1", "", "a_b", "xn--e1afmkfd"] {
        assert_eq!(with(host), 0, "{host:?}");
    }
    for host in ["a b", "a,b", "a/b", "a?b", "a#b", "a@b", "a\\b", "\"a\"", "<a>", "é"] {
        assert_eq!(with(host), 400, "{host:?}");
    }
}

#[test]
fn a_wait_for_100_is_seen_only_in_http11() {
    let expects = |version: &str, value: &str| {
        let text = format!("PUT / HTTP/{version}\r\nHost: a\r\nExpect: {value}\r\nContent-Length: 1\r\n\r\n");
        receive(text.as_bytes()).unwrap().unwrap().1.expects_continue
    };
    assert!(expects("1.1", "100-Continue"));
    assert!(!expects("1.0", "100-continue"));
    assert!(!expects("1.1", "200-ok"));
}

#[test]
fn an_idle_close_is_no_truncation() {
    let mut state = ReceiveRequest::new(Limits::REQUEST);
    assert_eq!(state.eof(), Ok(()));
    state.advance(b"G").unwrap();
    assert_eq!(state.eof(), Err(Truncated::Head));
}

#[test]
fn a_refusal_says_status_and_reason() {
    let refused = receive(b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
    assert_eq!(refused.to_string(), "400: no Host in an HTTP/1.1 request");
}
