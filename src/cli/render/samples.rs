//! Outcomes for the tests of the renderers.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use gfetch::fetch::outcome::{Failure, Kind, Outcome, Stage, Timings};
use gfetch::fetch::{Details, EarlierAttempt, Exchange, Fetched};

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
        file_bytes: None,
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
    Fetched { outcome, body: None, line: None, exchanges: Vec::new(), details: None, turn: 0, key: None }
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
        request_body: None,
        status: Some(status),
        http_version: Some("1.1"),
        response_head: format!("{status_line}\r\n{lines}\r\n").into_bytes(),
        status_line,
        reason: "Whatever".into(),
        response_fields: fields,
        started: SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_214_701_123_456),
        timings: Timings { wait: Some(Duration::from_millis(20)), ..Timings::default() },
        remote: Some("192.0.2.7:80".parse().expect("an address")),
        local: Some("192.0.2.1:49152".parse().expect("an address")),
        proxied: false,
        reused: false,
        tls: None,
    }
}

/// A run with one record of each sort: all well behind a redirect, a status, a retry, a clock, no URL, and one that is hostile
/// in every text.
pub fn run() -> Vec<Fetched> {
    let hostile = "a \"b\", c\r\n\t=\u{1b}[2J\u{202e}\u{9b}\u{feff}<script>";
    let mut redirected = fetched(drawn_record());
    redirected.exchanges = vec![
        exchange("http://example.org/", 301, &[("Location", "https://example.org/"), ("Content-Length", "0")]),
        exchange(
            "https://example.org/",
            200,
            &[("Content-Type", "text/html"), ("Set-Cookie", "a=secret; Path=/; Secure")],
        ),
    ];
    let mut details = Box::new(Details::default());
    details.body = Some(b"<!DOCTYPE html>\n".to_vec());
    redirected.details = Some(details);
    let mut gone = outcome("http://user:secret@a.example/gone", Some(404), Duration::from_millis(44));
    (gone.index, gone.bytes, gone.wire_bytes, gone.id) = (1, 169, 169, Some(serde_json::json!({"n": [1, null]})));
    gone.error = Some(Failure { curl: 22, ..failure(Kind::Status, Stage::Receive, "Not Found") });
    let mut gone = fetched(gone);
    gone.exchanges = vec![exchange("http://user:secret@a.example/gone", 404, &[("Content-Length", "169")])];
    let mut late = outcome("https://slow.example/", None, Duration::from_secs(5));
    (late.index, late.attempts, late.timings.retries) = (2, 2, Duration::from_millis(1_250));
    late.error = Some(Failure {
        limit: Some(gfetch::fetch::outcome::Limit::MaxTime),
        curl: 28,
        ..failure(Kind::Timeout, Stage::Wait, "no answer within 5 s (-m)")
    });
    let first = exchange("https://slow.example/", 503, &[("Retry-After", "1")]);
    let earlier = EarlierAttempt {
        started: first.started,
        timings: first.timings,
        status: first.status,
        redirects: 0,
        bytes: 5,
        wire_bytes: 5,
        remote: first.remote,
        error: Some(Failure { curl: 22, ..failure(Kind::Status, Stage::Receive, "Busy") }),
        exchanges: vec![first],
    };
    let unanswered = exchange("https://slow.example/", 0, &[]);
    let unanswered = Exchange { status: None, http_version: None, status_line: String::new(), ..unanswered };
    let mut late = fetched(late);
    let mut details = Box::new(Details::default());
    details.last_started = Some(unanswered.started + Duration::from_millis(1_250));
    details.earlier = vec![earlier];
    late.exchanges = vec![Exchange { response_head: Vec::new(), reason: String::new(), ..unanswered }];
    late.details = Some(details);
    let mut none = outcome("no url", None, Duration::ZERO);
    (none.index, none.host, none.final_url, none.attempts) = (3, None, None, 0);
    (none.timings, none.error) = (Timings::default(), Some(failure(Kind::Url, Stage::Input, "no host")));
    let mut worst = outcome(hostile, Some(200), Duration::from_millis(1));
    (worst.index, worst.id, worst.content_type) = (4, Some(hostile.into()), Some(hostile.into()));
    (worst.file, worst.error) = (Some(hostile.into()), Some(failure(Kind::Write, Stage::Write, hostile)));
    let mut worst = fetched(worst);
    worst.exchanges = vec![exchange(hostile, 200, &[("Content-Type", hostile), ("X-A", hostile)])];
    vec![redirected, gone, late, fetched(none), worst]
}
