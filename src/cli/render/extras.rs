//! What `--fields` adds to a record: heads, hops, attempts, certificates, the body.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gfetch::fetch::outcome::Timings;
use gfetch::fetch::{EarlierAttempt, Exchange, Fetched};

use super::certificate;
use super::fields::{Secrets, error_or_null, total_us};
use super::object::{Object, object, push_string};
use super::value::{Value, push_strings};

/// A record with what else there is, and what of it may be shown.
type More<'a> = (&'a Fetched, &'a Secrets);

/// The exchanges with servers of the last attempt.
fn hops_of(fetched: &Fetched) -> impl Iterator<Item = &Exchange> {
    fetched.exchanges.iter().filter(|exchange| !exchange.is_opening)
}

/// The last answer's fields.
pub fn headers<'a>((fetched, secrets): More<'_>) -> Value<'a> {
    let answered = hops_of(fetched).filter(|exchange| exchange.status.is_some()).last();
    Value::of(answered, |exchange| Value::Built(fields_json(&exchange.response_fields, secrets)))
}

/// The last request's fields.
pub fn request_headers<'a>((fetched, secrets): More<'_>) -> Value<'a> {
    Value::of(hops_of(fetched).last(), |exchange| Value::Built(fields_json(&exchange.request_fields, secrets)))
}

/// Names in lower case, in the order of their first, each with all its values: as curl's `%{header_json}`.
pub fn fields_json(fields: &[(String, String)], secrets: &Secrets) -> Vec<u8> {
    let mut names: Vec<(String, Vec<Cow<'_, str>>)> = Vec::new();
    for (name, value) in fields {
        let (lower, value) = (name.to_ascii_lowercase(), secrets.header(name, value));
        match names.iter_mut().find(|(other, _)| *other == lower) {
            Some((_, values)) => values.push(value),
            None => names.push((lower, vec![value])),
        }
    }
    let mut out = vec![b'{'];
    for (place, (name, values)) in names.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        push_string(&mut out, &name);
        out.push(b':');
        push_strings(&mut out, values.iter().map(|value| &**value));
    }
    out.push(b'}');
    out
}

/// Each request of the last attempt, redirects and challenges among them.
pub fn hops<'a>((fetched, secrets): More<'_>) -> Value<'a> {
    list(hops_of(fetched), |json, exchange| hop(json, exchange, secrets))
}

fn hop(json: &mut Object<'_>, exchange: &Exchange, secrets: &Secrets) {
    json.string("url", &(secrets.redact)(&exchange.url));
    json.string("method", &exchange.method);
    json.number_or_null("status", exchange.status.map(u64::from));
    json.plain_text_or_null("http_version", exchange.http_version);
    json.plain_text_or_null("tls", exchange.tls);
    json.put("started", Value::Moment(exchange.started));
    json.bool("reused", exchange.reused);
    remote(json, exchange.remote);
    json.string_or_null("location", exchange.response_field("location").map(secrets.redact).as_deref());
    json.object("timings", |json| {
        json.seconds("queue", exchange.timings.queue);
        phases(json, &exchange.timings);
    });
}

/// Each attempt with how it ended, the last among them.
pub fn attempt_log<'a>((fetched, _): More<'_>) -> Value<'a> {
    let Some(details) = &fetched.details else { return Value::Null };
    let last = details.last_started.filter(|_| fetched.outcome.attempts > 0).map(|started| last(fetched, started));
    list(details.earlier.iter().chain(&last).zip(1..), |json, (attempt, number)| {
        json.number("attempt", number);
        json.put("started", Value::Moment(attempt.started));
        json.number_or_null("status", attempt.status.map(u64::from));
        json.number("redirects", attempt.redirects.into());
        json.number("bytes", attempt.bytes);
        json.number("wire_bytes", attempt.wire_bytes);
        remote(json, attempt.remote);
        json.object("timings", |json| phases(json, &attempt.timings));
        error_or_null(json, attempt.error.as_ref());
    })
}

fn last(fetched: &Fetched, started: SystemTime) -> EarlierAttempt {
    let outcome = &fetched.outcome;
    EarlierAttempt {
        started,
        timings: Timings { queue: Default::default(), retries: Default::default(), ..outcome.timings },
        status: outcome.status,
        redirects: outcome.redirects,
        bytes: outcome.bytes,
        wire_bytes: outcome.wire_bytes,
        remote: outcome.remote,
        error: outcome.error.clone(),
        exchanges: Vec::new(),
    }
}

fn remote(json: &mut Object<'_>, remote: Option<SocketAddr>) {
    json.ip_or_null("remote_ip", remote.map(|remote| remote.ip()));
    json.number_or_null("remote_port", remote.map(|remote| remote.port().into()));
}

fn phases(json: &mut Object<'_>, timings: &Timings) {
    let Timings { dns, connect, tls, send, wait, receive, .. } = *timings;
    let phases =
        [("dns", dns), ("connect", connect), ("tls", tls), ("send", send), ("wait", wait), ("receive", receive)];
    phases.into_iter().for_each(|(name, time)| json.seconds_or_null(name, time));
    json.micros("total", total_us(timings));
}

/// The certificates that the last server showed, its own first.
pub fn certs<'a>((fetched, _): More<'_>) -> Value<'a> {
    match &fetched.details {
        Some(details) if !details.certificates.is_empty() => list(&details.certificates, |json, one| {
            certificate::fields(json, one);
        }),
        _ => Value::Null,
    }
}

pub fn hash<'a>(hash: &[u8; 32]) -> Value<'a> {
    Value::Text(certificate::hex(hash).into())
}

/// The body, as far as it was kept, text or not; a character that the limit cut is left out.
pub fn kept_body(fetched: &Fetched) -> Option<Result<&str, &[u8]>> {
    let body = fetched.details.as_ref()?.body.as_deref()?;
    Some(text_of(body, fetched.outcome.bytes))
}

/// The beginning of a body of `bytes` as text, if it is; without a character that was cut.
pub fn text_of(body: &[u8], bytes: u64) -> Result<&str, &[u8]> {
    let is_cut = (body.len() as u64) < bytes;
    match str::from_utf8(body) {
        Ok(text) => Ok(text),
        Err(error) if is_cut && error.error_len().is_none() => {
            str::from_utf8(&body[..error.valid_up_to()]).map_err(|_| body)
        }
        Err(_) => Err(body),
    }
}

/// The body where it is text.
pub fn body((fetched, _): More<'_>) -> Value<'_> {
    Value::of(kept_body(fetched).and_then(Result::ok), Value::Lines)
}

/// The body where it is none.
pub fn body_base64<'a>((fetched, _): More<'_>) -> Value<'a> {
    Value::of(kept_body(fetched).and_then(Result::err), |bytes| Value::Text(BASE64_STANDARD.encode(bytes).into()))
}

/// Whether there was more of it than `--max-body`.
pub fn body_truncated<'a>((fetched, _): More<'_>) -> Value<'a> {
    let body = fetched.details.as_ref().and_then(|details| details.body.as_ref());
    Value::of(body, |body| Value::Bool((body.len() as u64) < fetched.outcome.bytes))
}

fn list<'a, T>(items: impl IntoIterator<Item = T>, fields: impl Fn(&mut Object<'_>, T)) -> Value<'a> {
    let mut out = vec![b'['];
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        object(&mut out, |json| fields(json, item));
    }
    out.push(b']');
    Value::Built(out)
}
