//! The heads of a line's exchanges, kept where somebody is to see them (`-v`, `-D`).

use crate::http::Request;
use crate::http::fields::Fields;
use crate::http::h1::{Head, Version};
use crate::http::proxy::Opening;

/// The heads of one request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Method, URL (host and port, where a proxy was asked for a way by CONNECT) and version.
    pub request_line: String,
    /// The request's fields, as they were sent.
    pub request_fields: Vec<(String, String)>,
    /// Version, status, reason.
    pub status_line: String,
    /// The answer's fields.
    pub response_fields: Vec<(String, String)>,
    /// The answer's head as it came, but for white space around values; with its empty line.
    pub response_head: Vec<u8>,
}

impl Exchange {
    pub(super) fn new(request: &Request<'_>, head: &Head) -> Exchange {
        let asked_by = if head.version == Version::Http2 { "2" } else { "1.1" };
        let fields = request.sent_fields(head.version);
        let fields = fields.into_iter().map(|(name, value)| pair(&name, &value)).collect();
        Exchange::of(format!("{} {} HTTP/{asked_by}", request.method, request.url), fields, head)
    }

    /// What a proxy was asked, before the server could be.
    pub(super) fn with_proxy(opening: &Opening) -> Exchange {
        Exchange::of(format!("CONNECT {} HTTP/1.1", opening.authority), pairs(&opening.fields), &opening.answer)
    }

    fn of(request_line: String, request_fields: Vec<(String, String)>, head: &Head) -> Exchange {
        let status_line = format!("HTTP/{} {} {}", head.version.as_str(), head.status, head.reason);
        let mut response_head = format!("{status_line}\r\n").into_bytes();
        for (name, value) in head.fields.iter() {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                response_head.extend_from_slice(part);
            }
        }
        response_head.extend_from_slice(b"\r\n");
        Exchange { request_line, request_fields, status_line, response_fields: pairs(&head.fields), response_head }
    }

    pub(super) fn text_bytes(&self) -> usize {
        let fields = self.request_fields.iter().chain(&self.response_fields);
        let fields: usize = fields.map(|(name, value)| name.len() + value.len()).sum();
        self.request_line.len() + self.status_line.len() + fields
    }
}

fn pairs(fields: &Fields) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| pair(name, value)).collect()
}

fn pair(name: &str, value: &[u8]) -> (String, String) {
    (name.to_owned(), String::from_utf8_lossy(value).into_owned())
}
