//! One value of a record, before it is written as JSON or into a cell.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::json::push_timestamp;
use super::object::{Object, push_string};
use super::units::{micros, push_ip, push_number, push_seconds};

/// What a field of a record holds.
pub enum Value<'a> {
    Null,
    Bool(bool),
    Number(u64),
    /// Microseconds, shown as seconds.
    Micros(u64),
    /// Text that is known to hold nothing to escape: tokens, our own names.
    Plain(&'a str),
    /// Text from anywhere.
    Text(Cow<'a, str>),
    /// The same, where lines are to stay lines.
    Lines(&'a str),
    Ip(IpAddr),
    Moment(SystemTime),
    /// A line's own value.
    Own(&'a serde_json::Value),
    /// JSON that was made here.
    Built(Vec<u8>),
}

impl<'a> Value<'a> {
    #[inline(always)]
    pub fn of<T>(value: Option<T>, some: impl FnOnce(T) -> Value<'a>) -> Value<'a> {
        match value {
            Some(value) => some(value),
            None => Value::Null,
        }
    }

    #[inline(always)]
    pub fn time(time: Duration) -> Value<'a> {
        Value::Micros(micros(time))
    }
}

impl Object<'_> {
    /// Inlined with a value that is known where this is called, it is the one call for that.
    #[inline(always)]
    pub fn put(&mut self, key: &str, value: Value<'_>) {
        match value {
            Value::Null => self.null(key),
            Value::Bool(value) => self.bool(key, value),
            Value::Number(number) => self.number(key, number),
            Value::Micros(us) => self.micros(key, us),
            Value::Plain(text) => self.plain_text(key, text),
            Value::Text(text) => self.string(key, &text),
            Value::Lines(text) => self.string(key, text),
            Value::Ip(ip) => self.ip_or_null(key, Some(ip)),
            Value::Moment(time) => push_timestamp(self.raw(key), time),
            Value::Own(value) => self.value(key, value),
            Value::Built(json) => self.raw(key).extend_from_slice(&json),
        }
    }
}

/// Text as it stands in a cell or a line: without quotes; null is nothing.
pub fn push_bare(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Number(number) => push_number(out, *number),
        Value::Micros(us) => push_seconds(out, *us),
        Value::Plain(text) | Value::Lines(text) => out.extend_from_slice(text.as_bytes()),
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::Ip(ip) => push_ip(out, *ip),
        Value::Moment(time) => {
            let start = out.len();
            push_timestamp(out, *time);
            out.pop();
            out.remove(start);
        }
        Value::Own(serde_json::Value::Null) => {}
        Value::Own(serde_json::Value::String(text)) => out.extend_from_slice(text.as_bytes()),
        Value::Own(value) => {
            let mut json = Vec::new();
            super::object::push_value(&mut json, value);
            out.extend_from_slice(&json);
        }
        Value::Built(json) => out.extend_from_slice(json),
    }
}

/// A list of texts.
pub fn push_strings<'a>(out: &mut Vec<u8>, texts: impl IntoIterator<Item = &'a str>) {
    out.push(b'[');
    for (place, text) in texts.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        push_string(out, text);
    }
    out.push(b']');
}
