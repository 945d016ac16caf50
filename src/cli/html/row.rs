//! One record of the page: as data for the script, and as a row of the table for who has none.

use std::borrow::Cow;
use std::time::Duration;

use gfetch::fetch::outcome::Outcome;

use super::data::{push_number_or_null, push_string};
use super::text;
use crate::cli::render::units::{micros, push_number, size, time};
use crate::cli::render::{self, Redact};

/// What the table shows of an outcome. Texts are escaped for people, not yet for HTML.
pub struct Row<'a> {
    index: u64,
    ok: bool,
    status: Option<u16>,
    url: Cow<'a, str>,
    /// Where redirects led.
    last: Option<Cow<'a, str>>,
    host: Cow<'a, str>,
    /// None without an answer.
    bytes: Option<u64>,
    /// None when no attempt was made. Whole microseconds, as the data has it: both round the same.
    time: Option<Duration>,
    /// Empty for a success.
    reason: Cow<'a, str>,
}

impl<'a> Row<'a> {
    pub fn of(outcome: &'a Outcome, redact: Redact) -> Row<'a> {
        let last = outcome.final_url.as_deref().filter(|last| outcome.redirects > 0 && *last != outcome.url);
        Row {
            index: outcome.index,
            ok: outcome.ok(),
            status: outcome.status,
            url: text::url(&outcome.url, redact),
            last: last.map(|last| text::url(last, redact)),
            host: text::url(outcome.host.as_deref().unwrap_or_default(), redact),
            bytes: outcome.status.map(|_| outcome.bytes),
            time: (outcome.attempts > 0).then(|| Duration::from_micros(micros(outcome.timings.total()))),
            reason: text::bounded(render::text::reason(outcome).unwrap_or_default()),
        }
    }

    /// Appends `[index, ok, status, url, last, host, bytes, µs, reason]`: what page.js reads.
    pub fn push_data(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        push_number(out, self.index);
        out.extend_from_slice(if self.ok { b",1," } else { b",0," });
        push_number_or_null(out, self.status.map(u64::from));
        for text in [&*self.url, self.last.as_deref().unwrap_or_default(), &*self.host] {
            out.push(b',');
            push_string(out, text);
        }
        out.push(b',');
        push_number_or_null(out, self.bytes);
        out.push(b',');
        push_number_or_null(out, self.time.map(micros));
        out.push(b',');
        push_string(out, &self.reason);
        out.push(b']');
    }

    /// Appends a table row: the same that page.js makes.
    pub fn push_html(&self, out: &mut String) {
        out.push_str(if self.ok { "<tr>" } else { "<tr class=\"failed\">" });
        let dash = || "–".to_owned();
        out.push_str(&format!("<td class=\"number\">{}</td>", self.index));
        out.push_str(&format!("<td class=\"status\">{:03}</td>", self.status.unwrap_or(0)));
        out.push_str("<th scope=\"row\">");
        push_address(out, &self.url);
        if let Some(last) = &self.last {
            out.push_str(" → ");
            push_address(out, last);
        }
        out.push_str(&format!("</th><td>{}</td>", text::escaped(&self.host)));
        out.push_str(&format!("<td class=\"number\">{}</td>", self.bytes.map_or_else(dash, size)));
        out.push_str(&format!("<td class=\"number\">{}</td>", self.time.map_or_else(dash, time)));
        out.push_str(&format!("<td>{}</td></tr>\n", text::escaped(&self.reason)));
    }
}

/// A link where it can be one.
fn push_address(out: &mut String, shown: &str) {
    let address = text::escaped(shown);
    match text::is_link(shown) {
        true => out.push_str(&format!("<a href=\"{address}\" rel=\"noreferrer\">{address}</a>")),
        false => out.push_str(&address),
    }
}
