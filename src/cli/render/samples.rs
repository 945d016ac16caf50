//! Outcomes for the tests of the renderers.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use gfetch::fetch::outcome::{Failure, Kind, Outcome, Stage, Timings};
use gfetch::fetch::{Exchange, Fetched};

use super::fields::Secrets;
use super::{Redact, Show};

/// Shows URLs as they are.
pub fn asis(url: &str) -> Cow<'_, str> {
    Cow::Borrowed(url)
}

/// Stands for the real redaction.
pub fn starred(url: &str) -> Cow<'_, str> {
    Cow::Owned(url.replace(":secret@", ":***@"))
}

pub fn show(width: usize) -> Show {
    Show { redact: asis, width, colour: false }
}

pub fn failure(kind: Kind, stage: Stage, message: &str) -> Failure {
    Failure { kind, stage, message: message.into(), limit: None, curl: 1 }
}

/// An outcome of one attempt that only waited; a success, until an error is put in.
pub fn outcome(url: &str, status: Option<u16>, time: Duration) -> Outcome {
    Outcome {
        index: 0,
        id: None,
        source: "urls.txt:1".into(),
        url: url.into(),
        host: Some("a.example".into()),
        final_url: Some(url.into()),
        method: "GET".into(),
        started: None,
        status,
        http_version: None,
        tls: None,
        content_type: None,
        content_length: None,
        bytes: 0,
        wire_bytes: 0,
        redirects: 0,
        attempts: 1,
        reused: false,
        remote: None,
        file: None,
        timings: Timings { wait: Some(time), ..Timings::default() },
        sha256: None,
        error: None,
    }
}

/// The record of CLI.md.
pub fn drawn_record() -> Outcome {
    let us = |us| Some(Duration::from_micros(us));
    Outcome {
        source: "urls.txt:3".into(),
        host: Some("example.org".into()),
        final_url: Some("https://example.org/".into()),
        started: Some(SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_214_701_123_456)),
        http_version: Some("1.1"),
        tls: Some("1.3"),
        content_type: Some("text/html".into()),
        content_length: Some(11_820),
        bytes: 47_424,
        wire_bytes: 11_820,
        redirects: 1,
        remote: Some("192.0.2.7:443".parse().expect("an address")),
        timings: Timings {
            dns: us(1_000),
            connect: us(12_000),
            tls: us(21_000),
            send: us(100),
            wait: us(180_000),
            receive: us(40_000),
            ..Timings::default()
        },
        ..outcome("http://example.org/", Some(200), Duration::ZERO)
    }
}

/// Shows secrets as `***`.
pub fn secrets(redact: Redact) -> Secrets {
    Secrets { redact, headers: Vec::new(), shown: false }
}

/// A record as the run hands it on, with nothing beside it.
pub fn fetched(outcome: Outcome) -> Fetched {
    Fetched { outcome, body: None, line: None, exchanges: Vec::new(), details: None, turn: 0, ticket: None }
}

/// A GET without a body, and its answer.
pub fn exchange(url: &str, status: u16, fields: &[(&str, &str)]) -> Exchange {
    let fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let status_line = format!("HTTP/1.1 {status} Whatever");
    let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    Exchange {
        method: "GET".into(),
        url: url.into(),
        is_opening: false,
        request_line: format!("GET {url} HTTP/1.1"),
        request_fields: vec![("Host".into(), "a.example".into()), ("Accept".into(), "*/*".into())],
        request_head_bytes: 60,
        request_body_bytes: 0,
        status: Some(status),
        http_version: Some("1.1"),
        response_head: format!("{status_line}\r\n{lines}\r\n").into_bytes(),
        status_line,
        reason: "Whatever".into(),
        response_fields: fields,
        started: SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_214_701_123_456),
        timings: Timings { wait: Some(Duration::from_millis(20)), ..Timings::default() },
        remote: Some("192.0.2.7:80".parse().expect("an address")),
        reused: false,
        tls: None,
    }
}
