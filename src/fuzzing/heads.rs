//! Heads of answers and of requests.

use super::{check_field, cuts};
use crate::http::fields::Fields;
use crate::http::h1::{
    Framing, Head, Limits, MAX_FIELDS, MAX_INFORMATIONAL, ProtocolError, ReceiveHead, ReceiveRequest, Received,
    Refused, RequestHead, Version, encode_request, encode_response,
};

/// Bytes of a server, read as the answer to GET, HEAD and CONNECT.
pub fn response_heads(data: &[u8]) {
    for method in ["GET", "HEAD", "CONNECT"] {
        let whole = answer(method, &[data]);
        for pieces in cuts(data) {
            assert_eq!(answer(method, &pieces), whole, "{method}: cut into {pieces:?}");
        }
        assert!(whole.passed_over.len() <= MAX_INFORMATIONAL as usize);
        assert!(whole.passed_over.iter().all(|status| (100..200).contains(status) && *status != 101));
        if let Ok(Some(head)) = whole.last {
            check_answer(method, &head);
        }
    }
}

#[derive(Debug, PartialEq)]
struct Answer {
    passed_over: Vec<u16>,
    consumed: usize,
    last: Result<Option<Head>, ProtocolError>,
}

fn answer(method: &str, pieces: &[&[u8]]) -> Answer {
    let mut state = ReceiveHead::new(method, Limits::RESPONSE);
    let mut answer = Answer { passed_over: Vec::new(), consumed: 0, last: Ok(None) };
    let mut buffer = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match state.advance(&buffer) {
                Ok(None) => break,
                Ok(Some(Received::Informational { consumed, status })) => {
                    assert!(0 < consumed && consumed <= buffer.len());
                    buffer.drain(..consumed);
                    answer.consumed += consumed;
                    answer.passed_over.push(status);
                }
                Ok(Some(Received::Final { consumed, head })) => {
                    assert!(0 < consumed && consumed <= buffer.len());
                    answer.consumed += consumed;
                    answer.last = Ok(Some(head));
                    return answer;
                }
                Err(error) => {
                    answer.last = Err(error);
                    return answer;
                }
            }
        }
    }
    answer
}

fn check_answer(method: &str, head: &Head) {
    assert!((200..1000).contains(&head.status), "{}", head.status);
    assert!(head.reason.chars().all(|c| c == '\t' || !c.is_ascii_control()), "{:?}", head.reason);
    check_fields(&head.fields);
    if method == "HEAD" || matches!(head.status, 204 | 304) {
        assert_eq!(head.framing, Framing::None);
    }
    check_framing(&head.fields, head.framing);
    let mut again = Vec::new();
    encode_response(&mut again, head.status, &head.reason, &head.fields).expect("what was read can be written");
    let Ok(Some(second)) = answer(method, &[&again]).last else { panic!("{:?}", String::from_utf8_lossy(&again)) };
    assert_eq!((second.status, &second.reason, second.framing), (head.status, &head.reason, head.framing));
    assert_eq!(second.fields, head.fields);
}

/// Bytes of a client, read as requests one after another as long as they have no body.
pub fn request_heads(data: &[u8]) {
    let whole = requests(&[data]);
    for pieces in cuts(data) {
        assert_eq!(requests(&pieces), whole, "cut into {pieces:?}");
    }
    whole.0.iter().for_each(check_request);
    if let Some(refused) = whole.1 {
        assert!(matches!(refused.status, 400 | 414 | 431 | 501 | 505), "{}", refused.status);
    }
}

fn requests(pieces: &[&[u8]]) -> (Vec<RequestHead>, Option<Refused>) {
    let mut state = ReceiveRequest::new(Limits::REQUEST);
    let (mut heads, mut buffer) = (Vec::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match state.advance(&buffer) {
                Ok(None) => break,
                Ok(Some((consumed, head))) => {
                    assert!(0 < consumed && consumed <= buffer.len());
                    buffer.drain(..consumed);
                    let has_body = head.framing != Framing::None;
                    heads.push(head);
                    if has_body {
                        return (heads, None);
                    }
                    state = ReceiveRequest::new(Limits::REQUEST);
                }
                Err(refused) => return (heads, Some(refused)),
            }
        }
    }
    (heads, None)
}

fn check_request(head: &RequestHead) {
    assert!(head.target.bytes().all(|byte| byte.is_ascii_graphic()), "{:?}", head.target);
    assert_ne!(head.framing, Framing::Close);
    assert!(head.fields.all("host").count() <= 1);
    check_fields(&head.fields);
    check_framing(&head.fields, head.framing);
    let mut again = Vec::new();
    encode_request(&mut again, &head.method, &head.target, &head.fields).expect("what was read can be written");
    if head.version == Version::Http11 {
        let (second, refused) = requests(&[&again]);
        assert_eq!(refused, None);
        assert_eq!(second[0].framing, head.framing);
        assert_eq!((&second[0].method, &second[0].target), (&head.method, &head.target));
        assert_eq!(second[0].fields, head.fields);
    }
}

fn check_fields(fields: &Fields) {
    assert!(fields.len() <= MAX_FIELDS as usize);
    fields.iter().for_each(|(name, value)| check_field(name, value));
}

/// Where two readers could disagree on where a message ends, it is refused.
fn check_framing(fields: &Fields, framing: Framing) {
    let (length, coding) = (fields.first("content-length"), fields.first("transfer-encoding"));
    match framing {
        Framing::Length(_) => assert!(length.is_some() && coding.is_none()),
        Framing::Chunked => assert!(length.is_none() && coding.is_some()),
        Framing::Close => assert!(length.is_none() && coding.is_none()),
        Framing::None => {}
    }
}
