//! The fields of a record: one table, from which the JSON record, the CSV columns and what `--fields` chooses are made.

use std::borrow::Cow;

use gfetch::fetch::Fetched;
use gfetch::fetch::outcome::{Failure, Outcome, Timings};

use super::Redact;
use super::extras;
use super::object::Object;
use super::units::micros;
use super::value::Value;
use crate::cli::secrets::redact_header;

/// Header fields that hold a URL.
const ADDRESSES: [&str; 4] = ["location", "content-location", "referer", "refresh"];

/// What may not be shown.
pub struct Secrets {
    pub redact: Redact,
    /// Header fields that are secrets too.
    pub headers: Vec<String>,
    /// Secrets are shown (`--show-secrets`).
    pub shown: bool,
}

impl Secrets {
    /// A header field's value as it may be shown.
    pub fn header<'a>(&self, name: &str, value: &'a str) -> Cow<'a, str> {
        if self.shown {
            return Cow::Borrowed(value);
        }
        let value = redact_header(name, value, &self.headers);
        // An address may hold a password.
        match ADDRESSES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            true => (self.redact)(value),
            false => Cow::Borrowed(value),
        }
    }
}

/// A record, as its fields look at it.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    pub outcome: &'a Outcome,
    pub redact: Redact,
    /// What else there is, for fields beyond the usual ones.
    pub more: Option<(&'a Fetched, &'a Secrets)>,
}

/// A field: its name, and what it holds.
pub struct Field {
    pub name: &'static str,
    value: Get,
}

/// How it is had.
enum Get {
    Record(for<'a> fn(Of<'a>) -> Value<'a>),
    /// Of a record without a failure it is null.
    Failure(for<'a> fn(&'a Failure) -> Value<'a>),
}

impl Field {
    /// What it holds in a record.
    pub fn value<'a>(&self, of: Of<'a>) -> Value<'a> {
        match self.value {
            Get::Record(get) => get(of),
            Get::Failure(get) => Value::of(of.outcome.error.as_ref(), get),
        }
    }

    const fn more(name: &'static str, get: for<'a> fn(Of<'a>) -> Value<'a>) -> Field {
        Field { name, value: Get::Record(get) }
    }
}

/// Writes a table of fields, and the function that writes all of them into an object, inlined.
macro_rules! table {
    ($(#[$doc:meta])* $table:ident, $all:ident, $get:ident($type:ty): $($name:literal => |$of:ident| $value:expr;)*) => {
        $(#[$doc])*
        pub static $table: &[Field] = &[$(Field { name: $name, value: Get::$get(|$of| $value) },)*];

        #[inline(always)]
        pub fn $all<'a>(object: &mut Object<'_>, of: $type) {
            $({
                #[inline(always)]
                fn value<'a>($of: $type) -> Value<'a> {
                    $value
                }
                object.put($name, value(of));
            })*
        }
    };
}

table! {
    /// What stands before the objects: what was asked for …
    REQUEST, request, Record(Of<'a>):
    "index" => |of| Value::Number(of.outcome.index);
    "id" => |of| Value::of(of.outcome.id.as_ref(), Value::Own);
    "source" => |of| Value::Text(of.outcome.source.as_str().into());
    "url" => |of| Value::Text((of.redact)(&of.outcome.url));
    "host" => |of| Value::of(of.outcome.host.as_deref(), |host| Value::Text(host.into()));
    "final_url" => |of| Value::of(of.outcome.final_url.as_deref(), |url| Value::Text((of.redact)(url)));
    "method" => |of| Value::Plain(&of.outcome.method);
    "started" => |of| Value::of(of.outcome.started, Value::Moment);
}

table! {
    /// … what the server answered …
    ANSWER, answer, Record(Of<'a>):
    "ok" => |of| Value::Bool(of.outcome.ok());
    "status" => |of| Value::of(of.outcome.status, |status| Value::Number(status.into()));
    "http_version" => |of| Value::of(of.outcome.http_version, Value::Plain);
    "tls" => |of| Value::of(of.outcome.tls, Value::Plain);
    "content_type" => |of| Value::of(of.outcome.content_type.as_deref(), |text| Value::Text(text.into()));
}

table! {
    /// … how much of it …
    SIZES, sizes, Record(Of<'a>):
    "content_length" => |of| Value::of(of.outcome.content_length, Value::Number);
    "bytes" => |of| Value::Number(of.outcome.bytes);
    "wire_bytes" => |of| Value::Number(of.outcome.wire_bytes);
}

table! {
    /// … on which way …
    WAY, way, Record(Of<'a>):
    "redirects" => |of| Value::Number(of.outcome.redirects.into());
    "attempts" => |of| Value::Number(of.outcome.attempts.into());
    "reused" => |of| Value::Bool(of.outcome.reused);
    "remote_ip" => |of| Value::of(of.outcome.remote, |remote| Value::Ip(remote.ip()));
    "remote_port" => |of| Value::of(of.outcome.remote, |remote| Value::Number(remote.port().into()));
}

table! {
    /// … and where it is kept.
    PLACE, place, Record(Of<'a>):
    "file" => |of| Value::of(of.outcome.file.as_deref(), |file| Value::Text(file.to_string_lossy()));
}

/// All that stands before the objects.
pub fn before_objects() -> impl Iterator<Item = &'static Field> {
    [REQUEST, ANSWER, SIZES, WAY, PLACE].into_iter().flatten()
}

table! {
    /// The members of `timings`.
    TIMINGS, timings, Record(Of<'a>):
    "queue" => |of| Value::time(of.outcome.timings.queue);
    "dns" => |of| Value::of(of.outcome.timings.dns, Value::time);
    "connect" => |of| Value::of(of.outcome.timings.connect, Value::time);
    "tls" => |of| Value::of(of.outcome.timings.tls, Value::time);
    "send" => |of| Value::of(of.outcome.timings.send, Value::time);
    "wait" => |of| Value::of(of.outcome.timings.wait, Value::time);
    "receive" => |of| Value::of(of.outcome.timings.receive, Value::time);
    "retries" => |of| Value::time(of.outcome.timings.retries);
    "total" => |of| Value::Micros(total_us(&of.outcome.timings));
}

table! {
    /// The members of `error`, which is null where there is none.
    ERROR, error, Failure(&'a Failure):
    "kind" => |failure| Value::Plain(failure.kind.as_str());
    "stage" => |failure| Value::Plain(failure.stage.as_str());
    "message" => |failure| Value::Text(failure.message.as_str().into());
    "limit" => |failure| Value::of(failure.limit, |limit| Value::Plain(limit.as_str()));
    "curl" => |failure| Value::Number(failure.curl.into());
}

/// Writes a record's `error`, which is null where there is none.
#[inline(always)]
pub fn error_or_null(object: &mut Object<'_>, failure: Option<&Failure>) {
    match failure {
        Some(failure) => object.object("error", |object| error(object, failure)),
        None => object.null("error"),
    }
}

/// What is there only when it is asked for.
pub static MORE: &[Field] = &[
    Field::more("headers", |of| Value::of(of.more, extras::headers)),
    Field::more("request_headers", |of| Value::of(of.more, extras::request_headers)),
    Field::more("hops", |of| Value::of(of.more, extras::hops)),
    Field::more("attempt_log", |of| Value::of(of.more, extras::attempt_log)),
    Field::more("certs", |of| Value::of(of.more, extras::certs)),
    Field::more("sha256", |of| Value::of(of.outcome.sha256.as_ref(), extras::hash)),
    Field::more("body", |of| Value::of(of.more, extras::body)),
    Field::more("body_base64", |of| Value::of(of.more, extras::body_base64)),
    Field::more("body_truncated", |of| Value::of(of.more, extras::body_truncated)),
];

/// The total is the sum of the rounded phases, so that it adds up in the record too.
pub fn total_us(timings: &Timings) -> u64 {
    let Timings { dns, connect, tls, send, wait, receive, retries, queue: _ } = *timings;
    [dns, connect, tls, send, wait, receive, Some(retries)]
        .into_iter()
        .flatten()
        .map(micros)
        .fold(0, u64::saturating_add)
}
