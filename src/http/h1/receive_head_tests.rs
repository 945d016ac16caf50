//! Tests of `receive_head`: what the fixtures are too small or too plain for.

use super::*;
use crate::http::h1::limits::{MAX_FIELDS, MAX_HEAD_BYTES, MAX_INFORMATIONAL, MAX_LINE_BYTES};

fn receive(input: &[u8]) -> Result<Option<Received>, ProtocolError> {
    ReceiveHead::new("GET", Limits::RESPONSE).advance(input)
}

fn head(text: &str, method: &str) -> Head {
    match ReceiveHead::new(method, Limits::RESPONSE).advance(text.as_bytes()) {
        Ok(Some(Received::Final { consumed, head })) if consumed == text.len() => head,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fields_come_out_in_order_and_trimmed() {
    let head = head("HTTP/1.1 200 OK\r\nServer: nginx\r\nSet-Cookie: a\r\nSet-Cookie:b \r\nX:\r\n\r\n", "GET");
    let fields: Vec<_> = head.fields.iter().collect();
    assert_eq!(fields, [("Server", &b"nginx"[..]), ("Set-Cookie", b"a"), ("Set-Cookie", b"b"), ("X", b"")]);
}

#[test]
fn a_length_is_known_also_where_no_body_comes() {
    let head_of = |text| head(text, "HEAD");
    assert_eq!(head_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").content_length(), Some(5));
    assert_eq!(head_of("HTTP/1.1 200 OK\r\n\r\n").content_length(), None);
    let tunnel = head("HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n", "CONNECT");
    assert_eq!((tunnel.framing, tunnel.content_length()), (Framing::None, None));
}

#[test]
fn methods_have_case() {
    assert_eq!(head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "head").framing, Framing::Length(5));
}

#[test]
fn a_head_has_as_many_bytes_as_its_limit_and_no_more() {
    let status = "HTTP/1.1 200 OK\r\n";
    let with = |bytes: u32| {
        let mut text = status.to_owned();
        while text.len() + 50_000 < bytes as usize {
            text += &format!("A: {}\r\n", "b".repeat(40_000));
        }
        let rest = bytes as usize - text.len() - "A: \r\n\r\n".len();
        text + &format!("A: {}\r\n\r\n", "b".repeat(rest))
    };
    assert!(matches!(receive(with(MAX_HEAD_BYTES).as_bytes()), Ok(Some(Received::Final { .. }))));
    let large = receive(with(MAX_HEAD_BYTES + 1).as_bytes());
    assert_eq!(large, Err(ProtocolError::HeadTooLarge { limit: MAX_HEAD_BYTES }));
}

#[test]
fn a_line_has_as_many_bytes_as_its_limit_and_no_more() {
    let with = |bytes: u32| format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "b".repeat(bytes as usize - 3));
    assert!(matches!(receive(with(MAX_LINE_BYTES).as_bytes()), Ok(Some(_))));
    let long = receive(with(MAX_LINE_BYTES + 1).as_bytes());
    assert_eq!(long, Err(ProtocolError::LineTooLong { line: 2, limit: MAX_LINE_BYTES }));
}

#[test]
fn a_head_has_as_many_fields_as_its_limit_and_no_more() {
    let with = |fields: u32| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(fields as usize));
    assert!(matches!(receive(with(MAX_FIELDS).as_bytes()), Ok(Some(_))));
    let many = receive(with(MAX_FIELDS + 1).as_bytes());
    assert_eq!(many, Err(ProtocolError::TooManyFields { limit: MAX_FIELDS }));
}

#[test]
fn endless_informational_heads_come_to_an_end() {
    let mut state = ReceiveHead::new("GET", Limits::RESPONSE);
    let input = b"HTTP/1.1 102 Processing\r\n\r\n";
    for _ in 0..MAX_INFORMATIONAL {
        assert!(matches!(state.advance(input), Ok(Some(Received::Informational { consumed: 27, status: 102 }))));
    }
    assert_eq!(state.advance(input), Err(ProtocolError::TooManyInformational { limit: MAX_INFORMATIONAL }));
}

#[test]
fn large_informational_heads_share_the_heads_bound() {
    let mut state = ReceiveHead::new("GET", Limits::RESPONSE);
    let input = format!("HTTP/1.1 103 Hints\r\nA: {}\r\n\r\n", "b".repeat(90_000)).into_bytes();
    assert!(state.advance(&input).is_ok() && state.advance(&input).is_ok());
    assert_eq!(state.advance(&input), Err(ProtocolError::HeadTooLarge { limit: MAX_HEAD_BYTES }));
}

#[test]
fn another_protocol_is_refused_at_its_first_wrong_byte() {
    for (input, error) in [
        ("X", ProtocolError::NotHttp),
        ("\r\nX", ProtocolError::NotHttp),
        ("HTTX", ProtocolError::NotHttp),
        ("HTTP/2", ProtocolError::UnsupportedVersion),
    ] {
        assert_eq!(receive(input.as_bytes()), Err(error), "{input:?}");
    }
    for begin in ["", "\r", "\r\n", "\n", "H", "HTTP/1."] {
        assert_eq!(receive(begin.as_bytes()), Ok(None), "{begin:?}");
    }
}

#[test]
fn an_early_close_tells_whether_anything_had_come() {
    let mut state = ReceiveHead::new("GET", Limits::RESPONSE);
    assert_eq!(state.eof(), Truncated::Nothing);
    state.advance(b"").unwrap();
    assert_eq!(state.eof(), Truncated::Nothing);
    state.advance(b"H").unwrap();
    assert_eq!(state.eof(), Truncated::Head);

    let mut state = ReceiveHead::new("GET", Limits::RESPONSE);
    state.advance(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    assert_eq!(state.eof(), Truncated::Head);
}

#[test]
fn an_error_says_which_line_and_why() {
    let error = receive(b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\re\r\n\r\n").unwrap_err();
    assert_eq!(error.to_string(), "line 3 of the head has a bare CR");
}

#[test]
fn each_refused_byte_in_a_head_has_a_reason_that_names_its_line() {
    use ProtocolError::*;
    let head = b"HTTP/1.1 200 OK\r\nName: value\r\nOther: value\r\n\r\n";
    let (start, end) = ("HTTP/1.1 200 ".len(), head.len() - 4);
    for at in start..end {
        for byte in (0..b' ').chain([0x7f]).filter(|byte| !b"\t\n".contains(byte)) {
            let mut bad = head.to_vec();
            bad[at] = byte;
            let line = 1 + head[..at].iter().filter(|&&byte| byte == b'\n').count() as u32;
            let error = match receive(&bad) {
                Ok(_) if byte == b'\r' && head[at] == b'\r' => continue, // it was one
                other => other.expect_err(&format!("{byte:#x} at {at}")),
            };
            let named = match error {
                BareCr { line } | Nul { line } | BadFieldName { line } | BadFieldValue { line } => line,
                BadStatusLine => 1,
                other => panic!("{byte:#x} at {at}: {other:?}"),
            };
            assert_eq!(named, line, "{byte:#x} at {at}: {error:?}");
        }
    }
}
