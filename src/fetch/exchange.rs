//! A line's exchanges: heads, times and peers, kept where somebody is to see them (`-v`, `-D`, `--fields`, `-w`, `--har`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use url::Position;

use super::outcome::Timings;
use crate::http::fields::Fields;
use crate::http::h1::{Head, Version};
use crate::http::proxy::Opening;
use crate::http::{Request, Trace};

/// One request and its answer, if one came.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The method; `CONNECT` where a proxy was asked for a way.
    pub method: String,
    /// What was asked for; host and port where a proxy was asked for a way.
    pub url: String,
    /// Whether it is what a proxy was asked, before the server could be. It has no times of its own.
    pub is_opening: bool,
    /// Method, URL (host and port, where a proxy was asked for a way by CONNECT) and version.
    pub request_line: String,
    /// The request's fields, as they were sent.
    pub request_fields: Vec<(String, String)>,
    /// Bytes of the request's head as text, 0 if it was not sent; by HTTP/2 it was sent as fewer.
    pub request_head_bytes: u64,
    /// Bytes of the request's body, where they are known.
    pub request_body_bytes: u64,
    /// Its beginning, where it was sent and the plan keeps it. Exchanges of an attempt that sent the same share it.
    pub request_body: Option<Arc<[u8]>>,
    /// The answer's status; none: no answer came.
    pub status: Option<u16>,
    /// `"1.0"`, `"1.1"` or `"2"`, of the answer.
    pub http_version: Option<&'static str>,
    /// Version, status, reason; empty without an answer.
    pub status_line: String,
    /// What stands behind the status.
    pub reason: String,
    /// The answer's fields.
    pub response_fields: Vec<(String, String)>,
    /// The answer's head as it came, but for white space around values; with its empty line.
    pub response_head: Vec<u8>,
    /// When it began.
    pub started: SystemTime,
    /// Where its time went. `queue` is what it waited for permits and rate behind the exchange before it, `retries` zero.
    pub timings: Timings,
    /// Whom it was sent to.
    pub remote: Option<SocketAddr>,
    /// Where it was sent from.
    pub local: Option<SocketAddr>,
    /// Whether a proxy stood between, of whatever kind.
    pub proxied: bool,
    /// Whether its connection had served one before.
    pub reused: bool,
    /// TLS version of its connection.
    pub tls: Option<&'static str>,
}

impl Exchange {
    pub(super) fn new(request: &Request<'_>, head: Option<&Head>, trace: &Trace) -> Exchange {
        let version = head.map_or(Version::Http11, |head| head.version);
        let asked_by = if version == Version::Http2 { "2" } else { "1.1" };
        let fields: Vec<_> =
            request.sent_fields(version).into_iter().map(|(name, value)| pair(&name, &value)).collect();
        let target = &request.url[Position::BeforePath..Position::AfterQuery];
        let head_bytes = request.method.len() + target.len() + "  HTTP/1.1\r\n\r\n".len();
        let field_bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
        Exchange {
            request_head_bytes: if trace.sent { (head_bytes + field_bytes) as u64 } else { 0 },
            request_body_bytes: request.body.filter(|_| trace.sent).map_or(0, |body| body.len() as u64),
            // Before the request is out these are an earlier one's.
            remote: trace.remote.filter(|_| trace.sent),
            local: trace.local.filter(|_| trace.sent),
            reused: trace.reused && trace.sent,
            tls: trace.tls.filter(|_| trace.sent),
            ..Exchange::of(request.method, request.url.as_str(), asked_by, fields, head)
        }
    }

    /// What a proxy was asked, before the server could be.
    pub(super) fn with_proxy(opening: &Opening) -> Exchange {
        let exchange =
            Exchange::of("CONNECT", &opening.authority, "1.1", pairs(&opening.fields), Some(&opening.answer));
        Exchange { is_opening: true, ..exchange }
    }

    fn of(method: &str, url: &str, version: &str, fields: Vec<(String, String)>, head: Option<&Head>) -> Exchange {
        let mut exchange = Exchange {
            method: method.to_owned(),
            url: url.to_owned(),
            is_opening: false,
            request_line: format!("{method} {url} HTTP/{version}"),
            request_fields: fields,
            request_head_bytes: 0,
            request_body_bytes: 0,
            request_body: None,
            status: None,
            http_version: None,
            status_line: String::new(),
            reason: String::new(),
            response_fields: Vec::new(),
            response_head: Vec::new(),
            started: SystemTime::now(),
            timings: Timings::default(),
            remote: None,
            local: None,
            proxied: false,
            reused: false,
            tls: None,
        };
        if let Some(head) = head {
            exchange.answer(head);
        }
        exchange
    }

    fn answer(&mut self, head: &Head) {
        (self.status, self.http_version) = (Some(head.status), Some(head.version.as_str()));
        self.reason = head.reason.to_string();
        self.status_line = format!("HTTP/{} {} {}", head.version.as_str(), head.status, head.reason);
        self.response_fields = pairs(&head.fields);
        let out = &mut self.response_head;
        out.extend_from_slice(self.status_line.as_bytes());
        out.extend_from_slice(b"\r\n");
        for (name, value) in head.fields.iter() {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                out.extend_from_slice(part);
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Keeps the beginning of the body that was sent; `before` is the exchange before it, which may have it already.
    pub(super) fn keep_body(&mut self, body: &[u8], before: Option<&Exchange>) {
        let known = before.and_then(|before| before.request_body.clone()).filter(|known| **known == *body);
        self.request_body = Some(known.unwrap_or_else(|| body.into()));
    }

    /// The first answer field of this name.
    pub fn response_field(&self, name: &str) -> Option<&str> {
        first(&self.response_fields, name)
    }

    /// The first request field of this name.
    pub fn request_field(&self, name: &str) -> Option<&str> {
        first(&self.request_fields, name)
    }

    pub(super) fn text_bytes(&self) -> usize {
        let fields = self.request_fields.iter().chain(&self.response_fields);
        let fields: usize = fields.map(|(name, value)| name.len() + value.len()).sum();
        let body = self.request_body.as_ref().map_or(0, |body| body.len());
        self.url.len() + self.request_line.len() + self.status_line.len() + self.response_head.len() + fields + body
    }
}

fn first<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn pairs(fields: &Fields) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| pair(name, value)).collect()
}

fn pair(name: &str, value: &[u8]) -> (String, String) {
    (name.to_owned(), String::from_utf8_lossy(value).into_owned())
}
