//! The JSON record: one object a line, exactly as CLI.md draws it.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use gfetch::fetch::outcome::{Failure, Outcome, Timings};

use super::Redact;
use super::object::{Object, object};
use super::units::{micros, push_fraction};

/// Appends one record and a line end.
pub fn record(out: &mut Vec<u8>, outcome: &Outcome, redact: Redact) {
    object(out, |record| fields(record, outcome, redact));
    out.push(b'\n');
}

fn fields(record: &mut Object<'_>, outcome: &Outcome, redact: Redact) {
    record.number("index", outcome.index);
    match &outcome.id {
        Some(id) => record.value("id", id),
        None => record.null("id"),
    }
    record.string("source", &outcome.source);
    record.string("url", &redact(&outcome.url));
    record.string_or_null("host", outcome.host.as_deref());
    record.string_or_null("final_url", outcome.final_url.as_deref().map(redact).as_deref());
    record.plain_text("method", &outcome.method);
    match outcome.started {
        Some(time) => push_timestamp(record.raw("started"), time),
        None => record.null("started"),
    }
    record.bool("ok", outcome.ok());
    record.number_or_null("status", outcome.status.map(u64::from));
    record.plain_text_or_null("http_version", outcome.http_version);
    record.plain_text_or_null("tls", outcome.tls);
    record.string_or_null("content_type", outcome.content_type.as_deref());
    record.number_or_null("content_length", outcome.content_length);
    record.number("bytes", outcome.bytes);
    record.number("wire_bytes", outcome.wire_bytes);
    record.number("redirects", outcome.redirects.into());
    record.number("attempts", outcome.attempts.into());
    record.bool("reused", outcome.reused);
    record.ip_or_null("remote_ip", outcome.remote.map(|remote| remote.ip()));
    record.number_or_null("remote_port", outcome.remote.map(|remote| remote.port().into()));
    record.string_or_null("file", outcome.file.as_deref().map(|file| file.to_string_lossy()).as_deref());
    record.object("timings", |object| timings(object, &outcome.timings));
    match &outcome.error {
        Some(failure) => record.object("error", |object| error(object, failure)),
        None => record.null("error"),
    }
}

/// The total is the sum of the rounded phases, so that it adds up in the record too.
fn timings(object: &mut Object<'_>, timings: &Timings) {
    let phases = [
        ("dns", timings.dns),
        ("connect", timings.connect),
        ("tls", timings.tls),
        ("send", timings.send),
        ("wait", timings.wait),
        ("receive", timings.receive),
    ];
    object.seconds("queue", timings.queue);
    phases.iter().for_each(|&(name, time)| object.seconds_or_null(name, time));
    object.seconds("retries", timings.retries);
    object.micros("total", total_us(timings));
}

fn total_us(timings: &Timings) -> u64 {
    let Timings { dns, connect, tls, send, wait, receive, retries, queue: _ } = *timings;
    [dns, connect, tls, send, wait, receive, Some(retries)]
        .into_iter()
        .flatten()
        .map(micros)
        .fold(0, u64::saturating_add)
}

/// Appends the members of an `error`.
pub(super) fn error(object: &mut Object<'_>, failure: &Failure) {
    object.plain("kind", failure.kind);
    object.plain("stage", failure.stage);
    object.string("message", &failure.message);
    object.plain_or_null("limit", failure.limit);
    object.number("curl", failure.curl.into());
}

/// The last microsecond of the year 9999.
const LAST_TIMESTAMP: Duration = Duration::from_micros(253_402_300_799_999_999);

/// `2026-11-20T22:45:01`: one second's beginning of all its time stamps.
type Second = [u8; "0000-00-00T00:00:00".len()];

thread_local! {
    /// The second of the last time stamp, since 1970: a calendar date takes as long as all other members together.
    static LAST_SECOND: Cell<(u64, Second)> = const { Cell::new((0, *b"1970-01-01T00:00:00")) };
}

/// RFC 3339 in UTC with microseconds, cut off. A clock set wrongly shows as the nearer end of 1970 to 9999.
fn push_timestamp(out: &mut Vec<u8>, time: SystemTime) {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().min(LAST_TIMESTAMP);
    let (mut last, mut text) = LAST_SECOND.get();
    if last != since.as_secs() {
        last = since.as_secs();
        text = calendar(last);
        LAST_SECOND.set((last, text));
    }
    out.push(b'"');
    out.extend_from_slice(&text);
    push_fraction(out, since.subsec_micros());
    out.extend_from_slice(b"Z\"");
}

/// humantime knows 1970 to 9999, where all of its time stamps are of one length, and panics beyond.
fn calendar(second: u64) -> Second {
    let text = humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).to_string();
    *text.as_bytes().first_chunk().expect("20 bytes with the Z")
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
