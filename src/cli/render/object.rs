//! A writer of JSON objects that appends straight to the bytes: fields in the order of the calls.

use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use super::units::{micros, push_ip, push_number, push_seconds};
use crate::cli::escape;

/// An object under construction. Keys are ours and need no escaping.
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
}

/// Appends one object.
pub fn object(out: &mut Vec<u8>, fields: impl FnOnce(&mut Object<'_>)) {
    let start = out.len();
    fields(&mut Object { out });
    // Every field has begun with a comma.
    match out.get_mut(start) {
        Some(first) => *first = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}

/// Appends fields without what is around them, for [`Object::members`].
pub fn members(out: &mut Vec<u8>, fields: impl FnOnce(&mut Object<'_>)) {
    fields(&mut Object { out });
}

/// Keys of a record are shorter by far.
const MAX_KEY_BYTES: usize = 32;

impl Object<'_> {
    #[inline(always)]
    pub fn number(&mut self, key: &str, number: u64) {
        push_number(self.key(key), number);
    }

    #[inline(always)]
    pub fn number_or_null(&mut self, key: &str, number: Option<u64>) {
        match number {
            Some(number) => self.number(key, number),
            None => self.null(key),
        }
    }

    #[inline(always)]
    pub fn bool(&mut self, key: &str, value: bool) {
        match value {
            true => self.constant(key, "true"),
            false => self.constant(key, "false"),
        }
    }

    #[inline(always)]
    pub fn null(&mut self, key: &str) {
        self.constant(key, "null");
    }

    /// Seconds with six decimals.
    #[inline(always)]
    pub fn seconds(&mut self, key: &str, time: Duration) {
        self.micros(key, micros(time));
    }

    /// Microseconds, as seconds with six decimals.
    #[inline(always)]
    pub fn micros(&mut self, key: &str, time_us: u64) {
        push_seconds(self.key(key), time_us);
    }

    #[inline(always)]
    pub fn seconds_or_null(&mut self, key: &str, time: Option<Duration>) {
        match time {
            Some(time) => self.seconds(key, time),
            None => self.null(key),
        }
    }

    /// A ratio or share with six decimals; one that is no number is null.
    pub fn ratio(&mut self, key: &str, ratio: f64) {
        match ratio.is_finite() {
            true => write!(self.key(key), "{ratio:.6}").expect("a Vec takes all"),
            false => self.null(key),
        }
    }

    /// Text from anywhere.
    #[inline(always)]
    pub fn string(&mut self, key: &str, text: &str) {
        push_string(self.key(key), text);
    }

    #[inline(always)]
    pub fn string_or_null(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.string(key, text),
            None => self.null(key),
        }
    }

    /// Text that is known to hold nothing to escape: tokens, hosts, our own names.
    #[inline(always)]
    pub fn plain_text(&mut self, key: &str, text: &str) {
        push_quoted(self.key(key), text);
    }

    #[inline(always)]
    pub fn plain_text_or_null(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.plain_text(key, text),
            None => self.null(key),
        }
    }

    /// The same for what is made here: addresses, dates.
    pub fn plain(&mut self, key: &str, text: impl Display) {
        write!(self.key(key), "\"{text}\"").expect("a Vec takes all");
    }

    pub fn plain_or_null(&mut self, key: &str, text: Option<impl Display>) {
        match text {
            Some(text) => self.plain(key, text),
            None => self.null(key),
        }
    }

    /// Writes the key; the value is the caller's to append.
    #[inline(always)]
    pub fn raw(&mut self, key: &str) -> &mut Vec<u8> {
        self.key(key)
    }

    pub fn ip_or_null(&mut self, key: &str, ip: Option<IpAddr>) {
        let Some(ip) = ip else { return self.null(key) };
        let out = self.key(key);
        out.push(b'"');
        push_ip(out, ip);
        out.push(b'"');
    }

    /// What [`members`] made of fields.
    pub fn members(&mut self, members: &[u8]) {
        self.out.extend_from_slice(members);
    }

    pub fn value(&mut self, key: &str, value: &serde_json::Value) {
        push_value(self.key(key), value);
    }

    pub fn object(&mut self, key: &str, fields: impl FnOnce(&mut Object<'_>)) {
        object(self.key(key), fields);
    }

    pub fn array<T>(&mut self, key: &str, items: impl IntoIterator<Item = T>, push: impl Fn(&mut Vec<u8>, T)) {
        let out = self.key(key);
        out.push(b'[');
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            push(out, item);
        }
        out.push(b']');
    }

    #[inline(always)]
    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.constant(key, "");
        self.out
    }

    /// A key and a value that are known where this is called. Inlined there, a few stores are left of it, and a record has
    /// thirty of them.
    #[inline(always)]
    fn constant(&mut self, key: &str, value: &str) {
        let mut piece = [0; MAX_KEY_BYTES + 8];
        let (quote, end) = (2 + key.len(), 4 + key.len() + value.len());
        piece[..2].copy_from_slice(b",\"");
        piece[2..quote].copy_from_slice(key.as_bytes());
        piece[quote..quote + 2].copy_from_slice(b"\":");
        piece[quote + 2..end].copy_from_slice(value.as_bytes());
        self.out.extend_from_slice(&piece[..end]);
    }
}

/// Appends a JSON string.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    if stands_as_it_is(text) {
        return push_quoted(out, text);
    }
    let start = out.len();
    serde_json::to_writer(&mut *out, text).expect("a Vec takes all");
    tame(out, start);
}

/// Printable ASCII without quotes and backslashes: a string that JSON does not change.
fn stands_as_it_is(text: &str) -> bool {
    escape::all(text.as_bytes(), |byte| matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\'))
}

/// Appends a value of others as JSON.
pub fn push_value(out: &mut Vec<u8>, value: &serde_json::Value) {
    let start = out.len();
    serde_json::to_writer(&mut *out, value).expect("a Vec takes all");
    tame(out, start);
}

/// Appends text that holds nothing to escape, in its quotes.
#[inline(always)]
fn push_quoted(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// JSON allows DEL, C1 and bidi controls as they are; a terminal that shows the record would obey them. As `\u009b`
/// they mean the same to every parser. Such characters stand nowhere but in strings.
fn tame(out: &mut Vec<u8>, start: usize) {
    if escape::is_plain(&out[start..]) {
        return;
    }
    let Ok(written) = std::str::from_utf8(&out[start..]) else { return };
    if !written.chars().any(escape::is_hostile) {
        return;
    }
    let mut safe = String::with_capacity(written.len() + 32);
    for c in written.chars() {
        if escape::is_hostile(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(safe, "\\u{unit:04x}").expect("a String takes all");
            }
        } else {
            safe.push(c);
        }
    }
    out.truncate(start);
    out.extend_from_slice(safe.as_bytes());
}
