//! A thing that can be asked for on conditions and in parts: 200, 206, 304 or 416 (RFC 9110 sections 13 and 14).

use std::io;
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use gfetch::http::fields::Fields;
use gfetch::http::h1::{Framing, RequestHead};
use gfetch::http::server::{Exchange, ResponseBody};

use super::app::fields;
use super::range::{Wanted, wanted};

/// What is known of it before it is sent.
pub struct Representation {
    pub length: u64,
    pub media_type: &'static str,
    /// Strong, with its quotes.
    pub etag: String,
    pub modified: SystemTime,
}

impl Representation {
    /// Begins the answer to a GET or HEAD. What is to be written is this part, if anything is.
    pub fn begin<'e>(&self, exchange: &'e mut Exchange) -> io::Result<Option<(ResponseBody<'e>, Range<u64>)>> {
        let date = httpdate::fmt_http_date(self.modified);
        let mut own = fields(&[("ETag", &self.etag), ("Last-Modified", &date)])?;
        if self.is_known(&exchange.head().fields) {
            exchange.respond(304, &own, b"")?;
            return Ok(None);
        }
        let mut add = |name, value: &str| own.push(name, value).map_err(io::Error::other);
        add("Accept-Ranges", "bytes")?;
        let (status, part) = match self.wanted(exchange.head(), &date) {
            Wanted::All => (200, 0..self.length),
            Wanted::Part(part) => {
                add("Content-Range", &format!("bytes {}-{}/{}", part.start, part.end - 1, self.length))?;
                (206, part)
            }
            Wanted::Nothing => {
                add("Content-Range", &format!("bytes */{}", self.length))?;
                exchange.respond(416, &own, b"")?;
                return Ok(None);
            }
        };
        add("Content-Type", self.media_type)?;
        let out = exchange.start(status, &own, Framing::Length(part.end - part.start))?;
        Ok(Some((out, part)))
    }

    /// Whether the client has it already. `If-None-Match` alone counts where both are given.
    fn is_known(&self, asked: &Fields) -> bool {
        if asked.first("if-none-match").is_some() {
            let same = |tag: &[u8]| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == self.etag.as_bytes();
            return asked.members("if-none-match").any(same);
        }
        let since = asked.first_str("if-modified-since").and_then(|text| httpdate::parse_http_date(text).ok());
        since.is_some_and(|since| whole_seconds(self.modified) <= whole_seconds(since))
    }

    fn wanted(&self, head: &RequestHead, date: &str) -> Wanted {
        let current = head.fields.first_str("if-range").is_none_or(|tag| tag == self.etag || tag == date);
        match head.fields.first_str("range") {
            Some(range) if current && head.method == "GET" => wanted(range, self.length),
            _ => Wanted::All,
        }
    }
}

/// Dates in fields have no fractions.
fn whole_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
