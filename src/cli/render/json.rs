//! The JSON record: one object a line, exactly as CLI.md draws it.

use std::cell::{Cell, RefCell};
use std::time::{Duration, SystemTime};

use gfetch::fetch::outcome::Outcome;

use super::Redact;
use super::alike::Alike;
use super::fields::{self, Of};
use super::object::object;
use super::units::six_digits;

thread_local! {
    /// What the last record left for the next.
    static LAST: RefCell<Alike> = RefCell::default();
}

/// Appends one record and a line end.
pub fn record(out: &mut Vec<u8>, outcome: &Outcome, redact: Redact) {
    let of = Of { outcome, redact, more: None };
    object(out, |record| {
        LAST.with_borrow_mut(|last| {
            let Alike { answer, way, .. } = last.of(of);
            fields::request(record, of);
            record.members(answer);
            fields::sizes(record, of);
            record.members(way);
            fields::place(record, of);
        });
        record.object("timings", |object| fields::timings(object, of));
        fields::error_or_null(record, outcome.error.as_ref());
    });
    out.push(b'\n');
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
pub fn push_timestamp(out: &mut Vec<u8>, time: SystemTime) {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().min(LAST_TIMESTAMP);
    let (mut last, mut text) = LAST_SECOND.get();
    if last != since.as_secs() {
        last = since.as_secs();
        text = calendar(last);
        LAST_SECOND.set((last, text));
    }
    let mut quoted = *b"\"0000-00-00T00:00:00.000000Z\"";
    quoted[1..20].copy_from_slice(&text);
    quoted[21..27].copy_from_slice(&six_digits(since.subsec_micros()));
    out.extend_from_slice(&quoted);
}

/// humantime knows 1970 to 9999, where all of its time stamps are of one length, and panics beyond.
fn calendar(second: u64) -> Second {
    let text = humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).to_string();
    *text.as_bytes().first_chunk().expect("20 bytes with the Z")
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
