//! Writes heads and chunks. Nothing that would end a line or split it can get in.

use std::borrow::Cow;
use std::io::Write;

use crate::http::fields::{FieldError, Fields, check, is_text, is_token};

/// Appends an HTTP/1.1 request head: `method target HTTP/1.1`, the fields as they are, the empty line.
///
/// On an error `out` is as it was. `Host` and the body's framing are the caller's to put in.
pub fn encode_request(out: &mut Vec<u8>, method: &str, target: &str, fields: &Fields) -> Result<(), FieldError> {
    encode_request_with(out, method, target, [], fields)
}

/// The same with fields of the caller's before the list: one list less to allocate for each request.
pub fn encode_request_with<'a>(
    out: &mut Vec<u8>,
    method: &str,
    target: &str,
    first: impl IntoIterator<Item = (&'static str, Cow<'a, str>)>,
    fields: &Fields,
) -> Result<(), FieldError> {
    if !is_token(method.as_bytes()) {
        return Err(FieldError::Method);
    }
    if !is_target(target) {
        return Err(FieldError::Target);
    }
    let start = out.len();
    for part in [method, " ", target, " HTTP/1.1\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    for (name, value) in first {
        if let Err(error) = check(name, value.as_bytes()) {
            out.truncate(start);
            return Err(error);
        }
        encode_line(out, name.as_bytes(), value.as_bytes());
    }
    encode_fields(out, fields);
    Ok(())
}

/// Appends an HTTP/1.1 response head. On an error `out` is as it was.
pub fn encode_response(out: &mut Vec<u8>, status: u16, reason: &str, fields: &Fields) -> Result<(), FieldError> {
    if !(100..1000).contains(&status) {
        return Err(FieldError::Status);
    }
    if !is_text(reason.as_bytes()) {
        return Err(FieldError::Reason);
    }
    write!(out, "HTTP/1.1 {status} {reason}\r\n").expect("a Vec takes every write");
    encode_fields(out, fields);
    Ok(())
}

/// Appends one chunk of a body. No data is no chunk: an empty one would end the body.
pub fn encode_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    write!(out, "{:x}\r\n", data.len()).expect("a Vec takes every write");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Appends the last chunk and the trailers: the body's end.
pub fn encode_last_chunk(out: &mut Vec<u8>, trailers: &Fields) {
    out.extend_from_slice(b"0\r\n");
    encode_fields(out, trailers);
}

/// The fields' rules were held when they were pushed.
fn encode_fields(out: &mut Vec<u8>, fields: &Fields) {
    for (name, value) in fields.raw() {
        encode_line(out, name, value);
    }
    out.extend_from_slice(b"\r\n");
}

fn encode_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// Visible ASCII. URLs are percent-encoded before they come here, so a byte beyond ASCII is a mistake.
pub(super) fn is_target(target: &str) -> bool {
    !target.is_empty() && target.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
#[path = "send_head_tests.rs"]
mod tests;
