//! HAR 1.2 (the format that browsers' developer tools read): an entry for each exchange, earlier attempts among them.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gfetch::fetch::outcome::{Failure, Timings};
use gfetch::fetch::{Exchange, Fetched};
use url::Url;

use super::extras::{kept_body, text_of};
use super::fields::Secrets;
use super::object::{Object, object};
use super::units::{micros, push_number};
use super::value::Value;
use crate::cli::secrets::REDACTED;

/// What stands before the entries.
pub fn begin(out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"log":{"version":"1.2","creator":{"name":"gfetch","version":""#);
    out.extend_from_slice(env!("CARGO_PKG_VERSION").as_bytes());
    out.extend_from_slice(br#""},"entries":["#);
}

/// What stands behind them.
pub fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\n]}}\n");
}

/// What is known of an attempt's last answer, and how the attempt ended.
struct Ending<'a> {
    bytes: u64,
    wire_bytes: u64,
    error: Option<&'a Failure>,
    /// The record that has its body.
    body: Option<&'a Fetched>,
}

/// Appends the entries of a record, each with a comma before it unless it is the first of all.
pub fn entries(out: &mut Vec<u8>, fetched: &Fetched, secrets: &Secrets, is_first: &mut bool) {
    let outcome = &fetched.outcome;
    let mut writer = Writer { out, index: outcome.index, secrets, is_first, attempt: 0, queue: outcome.timings.queue };
    for earlier in fetched.details.iter().flat_map(|details| &details.earlier) {
        let (bytes, wire_bytes, error) = (earlier.bytes, earlier.wire_bytes, earlier.error.as_ref());
        writer.attempt(&earlier.exchanges, Ending { bytes, wire_bytes, error, body: None });
    }
    let (bytes, wire_bytes, error) = (outcome.bytes, outcome.wire_bytes, outcome.error.as_ref());
    writer.attempt(&fetched.exchanges, Ending { bytes, wire_bytes, error, body: Some(fetched) });
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    index: u64,
    secrets: &'a Secrets,
    is_first: &'a mut bool,
    attempt: u64,
    /// What the line waited for its first start; the first entry has it.
    queue: Duration,
}

impl Writer<'_> {
    /// What a proxy was asked is left out: it is a way, and has no times of its own.
    fn attempt(&mut self, exchanges: &[Exchange], ending: Ending<'_>) {
        self.attempt += 1;
        let mut exchanges = exchanges.iter().filter(|exchange| !exchange.is_opening).peekable();
        while let Some(exchange) = exchanges.next() {
            let ending = if exchanges.peek().is_none() { Some(&ending) } else { None };
            self.entry(exchange, ending);
        }
    }

    fn entry(&mut self, exchange: &Exchange, ending: Option<&Ending<'_>>) {
        let blocked = exchange.timings.queue + std::mem::take(&mut self.queue);
        let Writer { out, index, secrets, is_first, attempt, .. } = self;
        out.extend_from_slice(if std::mem::take(*is_first) { b"\n" } else { b",\n" });
        let times = Times::of(blocked, &exchange.timings);
        object(out, |json| {
            let started = exchange.started.checked_sub(blocked).unwrap_or(SystemTime::UNIX_EPOCH);
            json.put("startedDateTime", Value::Moment(started));
            push_ms(json.raw("time"), times.sum());
            json.object("request", |json| request(json, exchange, secrets));
            json.object("response", |json| response(json, exchange, ending, secrets));
            json.object("cache", |_| ());
            json.object("timings", |json| times.write(json));
            if let Some(remote) = exchange.remote {
                json.put("serverIPAddress", Value::Ip(remote.ip()));
            }
            json.number("_index", *index);
            json.number("_attempt", *attempt);
            if let Some(failure) = ending.and_then(|ending| ending.error) {
                json.string("_error", &format!("{}: {}", failure.kind, failure.message));
            }
        });
    }
}

/// HAR's phases in microseconds; what did not happen is -1. `connect` contains `ssl`.
struct Times {
    blocked: u64,
    dns: Option<u64>,
    connect: Option<u64>,
    ssl: Option<u64>,
    send: u64,
    wait: u64,
    receive: u64,
}

impl Times {
    fn of(blocked: Duration, timings: &Timings) -> Times {
        let us = |time: Option<Duration>| time.map(micros);
        let (connect, ssl) = (us(timings.connect), us(timings.tls));
        Times {
            blocked: micros(blocked),
            dns: us(timings.dns),
            connect: if connect.or(ssl).is_some() { Some(connect.unwrap_or(0) + ssl.unwrap_or(0)) } else { None },
            ssl,
            send: us(timings.send).unwrap_or(0),
            wait: us(timings.wait).unwrap_or(0),
            receive: us(timings.receive).unwrap_or(0),
        }
    }

    fn sum(&self) -> u64 {
        let Times { blocked, dns, connect, ssl: _, send, wait, receive } = *self;
        blocked + dns.unwrap_or(0) + connect.unwrap_or(0) + send + wait + receive
    }

    fn write(&self, json: &mut Object<'_>) {
        let phases = [
            ("blocked", Some(self.blocked)),
            ("dns", self.dns),
            ("connect", self.connect),
            ("ssl", self.ssl),
            ("send", Some(self.send)),
            ("wait", Some(self.wait)),
            ("receive", Some(self.receive)),
        ];
        for (name, us) in phases {
            match us {
                Some(us) => push_ms(json.raw(name), us),
                None => json.raw(name).extend_from_slice(b"-1"),
            }
        }
    }
}

/// Microseconds as milliseconds with three decimals.
fn push_ms(out: &mut Vec<u8>, us: u64) {
    push_number(out, us / 1_000);
    out.extend_from_slice(format!(".{:03}", us % 1_000).as_bytes());
}

fn request(json: &mut Object<'_>, exchange: &Exchange, secrets: &Secrets) {
    let url = Url::parse(&exchange.url).ok();
    let address = exchange.url.split_once('#').map_or(&*exchange.url, |(before, _)| before);
    json.string("method", &exchange.method);
    json.string("url", &(secrets.redact)(address));
    json.string("httpVersion", exchange.request_line.rsplit(' ').next().unwrap_or_default());
    let cookies = exchange.request_fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    let pairs = cookies.flat_map(|(_, value)| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    json.array("cookies", pairs, |out, (name, value)| {
        object(out, |json| {
            json.string("name", name);
            json.string("value", if secrets.shown { value } else { REDACTED });
        });
    });
    headers(json, &exchange.request_fields, secrets);
    let query = url.iter().flat_map(Url::query_pairs);
    json.array("queryString", query, |out, (name, value)| {
        object(out, |json| {
            json.string("name", &name);
            json.string("value", &value);
        });
    });
    if exchange.request_body_bytes > 0 {
        json.object("postData", |json| post_data(json, exchange, secrets));
    }
    let is_text = exchange.status.is_some() && exchange.http_version != Some("2");
    size(json, "headersSize", is_text.then_some(exchange.request_head_bytes));
    json.number("bodySize", exchange.request_body_bytes);
}

/// The text only where bodies were asked for: unasked, a form's passwords stay out of the file.
fn post_data(json: &mut Object<'_>, exchange: &Exchange, secrets: &Secrets) {
    let media_type = exchange.request_field("content-type").unwrap_or_default();
    json.string("mimeType", &secrets.header("content-type", media_type));
    let (Some(body), bytes) = (exchange.request_body.as_deref(), exchange.request_body_bytes) else { return };
    match text_of(body, bytes) {
        Ok(text) => json.string("text", text),
        Err(body) => {
            json.string("text", &BASE64_STANDARD.encode(body));
            // HAR has a word for it in answers only.
            json.string("_encoding", "base64");
        }
    }
    if (body.len() as u64) < bytes {
        json.string("comment", &format!("the first {} of {bytes} bytes", body.len()));
    }
}

fn response(json: &mut Object<'_>, exchange: &Exchange, ending: Option<&Ending<'_>>, secrets: &Secrets) {
    json.number("status", exchange.status.map_or(0, u64::from));
    json.string("statusText", &exchange.reason);
    json.string("httpVersion", exchange.status_line.split(' ').next().unwrap_or_default());
    let set = exchange.response_fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    json.array("cookies", set, |out, (_, value)| object(out, |json| set_cookie(json, value, secrets)));
    headers(json, &exchange.response_fields, secrets);
    json.object("content", |json| content(json, exchange, ending));
    json.string("redirectURL", &exchange.response_field("location").map(secrets.redact).unwrap_or_default());
    let is_text = exchange.status.is_some() && exchange.http_version != Some("2");
    size(json, "headersSize", is_text.then_some(exchange.response_head.len() as u64));
    let answered = ending.filter(|_| exchange.status.is_some());
    size(json, "bodySize", answered.map(|ending| ending.wire_bytes));
}

fn content(json: &mut Object<'_>, exchange: &Exchange, ending: Option<&Ending<'_>>) {
    let announced = exchange.response_field("content-length").and_then(|length| length.parse().ok());
    let answered = ending.filter(|_| exchange.status.is_some());
    let bytes = answered.map(|ending| ending.bytes).or(announced).or(exchange.status.is_none().then_some(0));
    size(json, "size", bytes);
    if let Some(saved) =
        answered.and_then(|ending| ending.bytes.checked_sub(ending.wire_bytes)).filter(|saved| *saved > 0)
    {
        json.number("compression", saved);
    }
    json.string("mimeType", exchange.response_field("content-type").unwrap_or_default());
    let Some(fetched) = answered.and_then(|ending| ending.body) else { return };
    match kept_body(fetched) {
        Some(Ok(text)) => json.string("text", text),
        Some(Err(bytes)) => {
            json.string("text", &BASE64_STANDARD.encode(bytes));
            json.string("encoding", "base64");
        }
        None => {}
    }
}

fn headers(json: &mut Object<'_>, fields: &[(String, String)], secrets: &Secrets) {
    json.array("headers", fields, |out, (name, value)| {
        object(out, |json| {
            json.string("name", name);
            json.string("value", &secrets.header(name, value));
        });
    });
}

fn set_cookie(json: &mut Object<'_>, text: &str, secrets: &Secrets) {
    let mut parts = text.split(';').map(str::trim);
    let (name, value) = parts.next().unwrap_or_default().split_once('=').unwrap_or_default();
    json.string("name", name.trim());
    json.string("value", if secrets.shown { value.trim() } else { REDACTED });
    let (mut secure, mut http_only) = (false, false);
    let mut said = Vec::new();
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "secure" => secure = true,
            "httponly" => http_only = true,
            // Of several the last counts (RFC 6265 section 5.3); in an object each has one place.
            name @ ("path" | "domain" | "expires") => {
                said.retain(|(other, _)| other != name);
                said.push((name.to_owned(), value.trim()));
            }
            _ => {}
        }
    }
    for (name, value) in &said {
        match name.as_str() {
            "expires" => {
                if let Ok(time) = httpdate::parse_http_date(value) {
                    json.put("expires", Value::Moment(time));
                }
            }
            name => json.string(name, value),
        }
    }
    json.bool("httpOnly", http_only);
    json.bool("secure", secure);
}

/// -1 where it is not known.
fn size(json: &mut Object<'_>, name: &str, bytes: Option<u64>) {
    match bytes {
        Some(bytes) => json.number(name, bytes),
        None => json.raw(name).extend_from_slice(b"-1"),
    }
}
