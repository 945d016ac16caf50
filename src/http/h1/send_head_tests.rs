//! Tests of `send_head`.

use super::*;
use crate::http::h1::{Limits, ReceiveHead, ReceiveRequest, Received};

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in pairs {
        fields.push(name, value).unwrap();
    }
    fields
}

#[test]
fn a_request_head_is_the_line_the_fields_and_an_empty_line() {
    let mut out = b"before".to_vec();
    encode_request(&mut out, "GET", "/a?b", &fields(&[("Host", "a.example"), ("A", "")])).unwrap();
    assert_eq!(out, b"beforeGET /a?b HTTP/1.1\r\nHost: a.example\r\nA: \r\n\r\n");
}

#[test]
fn nothing_can_be_injected_through_method_or_target() {
    let mut out = b"before".to_vec();
    for method in ["", "GET /", "GET\r\n", "G\0", "GÉT", "a:b"] {
        assert_eq!(encode_request(&mut out, method, "/", &Fields::new()), Err(FieldError::Method), "{method:?}");
    }
    for target in ["", "/a b", "/\r\nHost: x", "/\n", "/\t", "/\0", "/\x7f", "/é"] {
        assert_eq!(encode_request(&mut out, "GET", target, &Fields::new()), Err(FieldError::Target), "{target:?}");
    }
    assert_eq!(out, b"before", "a refused head leaves nothing behind");
}

#[test]
fn nothing_can_be_injected_through_status_or_reason() {
    let mut out = Vec::new();
    for status in [0, 99, 1000] {
        assert_eq!(encode_response(&mut out, status, "OK", &Fields::new()), Err(FieldError::Status));
    }
    for reason in ["O\r\nK", "O\nK", "\0", "\x1b[31m"] {
        assert_eq!(encode_response(&mut out, 200, reason, &Fields::new()), Err(FieldError::Reason));
    }
    assert!(out.is_empty());
}

#[test]
fn what_we_send_is_what_we_receive() {
    let sent = fields(&[("Host", "a.example"), ("X-A", "b c"), ("x-a", "é")]);
    let mut out = Vec::new();
    encode_request(&mut out, "PUT", "/x", &sent).unwrap();
    let (consumed, head) = ReceiveRequest::new(Limits::REQUEST).advance(&out).unwrap().unwrap();
    assert_eq!((consumed, head.method.as_str(), head.target.as_str()), (out.len(), "PUT", "/x"));
    assert_eq!(head.fields, sent);

    let mut out = Vec::new();
    encode_response(&mut out, 404, "Not Found", &sent).unwrap();
    match ReceiveHead::new("GET", Limits::RESPONSE).advance(&out) {
        Ok(Some(Received::Final { head, .. })) => {
            assert_eq!((head.status, &*head.reason, head.fields), (404, "Not Found", sent));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_chunk_is_none_so_that_it_ends_nothing() {
    let mut out = Vec::new();
    encode_chunk(&mut out, b"");
    assert!(out.is_empty());
    encode_chunk(&mut out, &[b'x'; 26]);
    assert_eq!(out, [b"1a\r\n", &[b'x'; 26][..], b"\r\n"].concat());
}

#[test]
fn the_last_chunk_brings_the_trailers() {
    let mut out = Vec::new();
    encode_last_chunk(&mut out, &Fields::new());
    encode_last_chunk(&mut out, &fields(&[("A", "b")]));
    assert_eq!(out, b"0\r\n\r\n0\r\nA: b\r\n\r\n");
}
