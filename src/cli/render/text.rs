//! The text report: a line for a terminal, five raw columns for a pipe.

use std::borrow::Cow;

use gfetch::fetch::outcome::{Kind, Outcome};

use super::units::{micros, push_number, push_seconds, size, time};
use super::{Redact, Show, cut, redacted};
use crate::cli::escape;

/// Where the URL begins: status, size and time stand before it.
const INDENT: usize = 26;

/// On a terminal that leaves less than this for a URL, it goes below, behind so many spaces.
const LEAST_ROOM: usize = 20;
const INDENT_BELOW: usize = 2;

/// Narrower lines wrap, rather than saying nothing.
const LEAST_ROOM_BELOW: usize = 10;

const ARROW: &str = " → ";

/// Appends an outcome's line for a terminal. The URL is cut in its middle to fit the width; the reason of a failure
/// follows where it fits, else on a line of its own, and is never cut.
///
/// ```text
/// 404      169 B     44 ms  https://example.org/gone  Not Found
/// 000          –    5.00 s  https://slow.example/api/v2/…/export.csv
///                           timeout: no answer within 5 s (-m)
/// ```
pub fn line(out: &mut String, outcome: &Outcome, show: &Show) {
    let answered = outcome.status.is_some();
    let size = if answered { size(outcome.bytes) } else { "–".into() };
    let time = if outcome.attempts > 0 { time(outcome.timings.total()) } else { "–".into() };
    let status = paint(format!("{:03}", outcome.status.unwrap_or(0)), outcome.ok(), show);
    out.push_str(&format!("{status}  {size:>9}  {time:>8}"));

    let is_narrow = show.width < INDENT + LEAST_ROOM;
    let indent = if is_narrow { INDENT_BELOW } else { INDENT };
    out.push_str(&if is_narrow { format!("\n{:indent$}", "") } else { "  ".into() });
    let room = show.width.saturating_sub(indent).max(LEAST_ROOM_BELOW);
    let (url, fits) = address(outcome, show, room);
    out.push_str(&url);
    if let Some(reason) = reason(outcome) {
        let beside = fits && escape::width(&url) + 2 + escape::width(&reason) <= room;
        out.push_str(&if beside { "  ".into() } else { format!("\n{:indent$}", "") });
        out.push_str(&paint(reason.into_owned(), outcome.ok(), show));
    }
    out.push('\n');
}

/// Appends an outcome's line for a pipe: status, bytes, seconds, URL and reason, with a tab between.
pub fn columns(out: &mut Vec<u8>, outcome: &Outcome, redact: Redact) {
    let status = outcome.status.unwrap_or(0);
    out.extend([100, 10, 1].map(|place| b'0' + (status / place % 10) as u8));
    out.push(b'\t');
    push_number(out, outcome.bytes);
    out.push(b'\t');
    push_seconds(out, micros(outcome.timings.total()));
    out.push(b'\t');
    out.extend_from_slice(redacted(redact, &outcome.url).as_bytes());
    out.push(b'\t');
    if let Some(reason) = reason(outcome) {
        out.extend_from_slice(reason.as_bytes());
    }
    out.push(b'\n');
}

/// Why it failed: the words of the status line, else the kind and its message; or why nothing was asked for. Escaped.
pub fn reason(outcome: &Outcome) -> Option<Cow<'_, str>> {
    let Some(failure) = &outcome.error else {
        // --skip-existing
        let file = outcome.file.as_ref().filter(|_| outcome.attempts == 0)?;
        return Some(Cow::Owned(format!("skipped: {} is there", escape::line(&file.to_string_lossy()))));
    };
    let message = escape::line(&failure.message);
    Some(match (failure.kind, outcome.status) {
        (Kind::Status, Some(status)) if message.is_empty() => Cow::Owned(format!("HTTP {status}")),
        (kind, _) if message.is_empty() => Cow::Borrowed(kind.as_str()),
        (Kind::Status, _) => message,
        (kind, _) => Cow::Owned(format!("{kind}: {message}")),
    })
}

/// The URL, and what it became; and whether that is all of it.
fn address(outcome: &Outcome, show: &Show, room: usize) -> (String, bool) {
    let url = show.url(&outcome.url);
    let last = outcome.final_url.as_deref().filter(|last| outcome.redirects > 0 && *last != outcome.url);
    let Some(last) = last.map(|last| show.url(last)) else {
        let fits = escape::width(&url) <= room;
        return (cut::middle(&url, room).into_owned(), fits);
    };
    let (own, other) = (escape::width(&url), escape::width(&last));
    let both = room.saturating_sub(escape::width(ARROW));
    // Each may have half of the room, and what the other leaves of its half.
    let half = both / 2;
    let first_room = half.max(both.saturating_sub(other));
    let last_room = (both - half).max(both.saturating_sub(own));
    let text = format!("{}{ARROW}{}", cut::middle(&url, first_room), cut::middle(&last, last_room));
    (text, own + other <= both)
}

fn paint(text: String, ok: bool, show: &Show) -> String {
    match (show.colour, ok) {
        (false, _) => text,
        (true, true) => format!("\x1b[32m{text}\x1b[0m"),
        (true, false) => format!("\x1b[31m{text}\x1b[0m"),
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
