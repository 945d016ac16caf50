//! Parts and conditions: the fields that ask for them, and what the answer then means. Pure rules.

use std::time::SystemTime;

use super::journal::is_strong;
use super::outcome::{Failure, Kind, Stage};
use super::plan::Transfer;
use crate::http::h1::Head;
use crate::http::range::{Asked, ContentRange, Part, RangeError, check};

/// What the last answer means for the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is all there is, or nothing is known of it.
    Whole,
    /// It is this part.
    Part(Part),
    /// It is this part, and goes on where the file ends.
    Continued(Part),
    /// Nothing new comes: the condition does not hold, or the file has all of it already.
    Nothing,
}

/// The fields that `transfer` asks for, where so many bytes are there already, which had this entity tag if it is known.
pub(super) fn fields(transfer: &Transfer, from: u64, etag: Option<&str>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut push = |name: &str, value: String| fields.push((name.to_owned(), value));
    if from > 0 {
        push("Range", format!("bytes={from}-"));
        if let Some(version) = version(transfer, from, etag) {
            push("If-Range", version.to_owned());
        }
    } else if let Some(etag) = &transfer.etag {
        push("If-None-Match", etag.clone());
    }
    if let Some(range) = transfer.range.as_ref().filter(|_| from == 0) {
        push("Range", format!("bytes={range}"));
    }
    if let Some(condition) = transfer.time_condition {
        let (name, value) = condition.field();
        push(name, value);
    }
    fields
}

/// What the version is known by whose bytes are there already, where there are some: its rest is asked for, and no other's.
pub(super) fn version<'a>(transfer: &'a Transfer, from: u64, etag: Option<&'a str>) -> Option<&'a str> {
    // A weak tag may stand for other bytes (RFC 9110 section 13.1.5). A date is there only where it was judged before.
    let is_good = |known: &&str| is_strong(known) || httpdate::parse_http_date(known).is_ok();
    etag.or(transfer.etag.as_deref()).filter(is_good).filter(|_| from > 0)
}

/// A server that does not know `If-Range` may send the rest of something else, or say of that that there is none.
///
/// # Errors
/// It has another version than `ours`: kind `protocol`, nothing of it is used.
pub(super) fn check_version(ours: &str, head: &Head) -> Result<(), Failure> {
    match head.fields.first_str(if is_strong(ours) { "etag" } else { "last-modified" }) {
        Some(sent) if !is_the_same(ours, sent) => {
            Err(protocol(format!("the part is of {ours}, and the server has {sent} by now")))
        }
        _ => Ok(()),
    }
}

/// Whether two validators are of one version: entity tags, byte by byte, or moments, however they are written.
fn is_the_same(one: &str, other: &str) -> bool {
    match httpdate::parse_http_date(one) {
        Ok(at) => httpdate::parse_http_date(other).is_ok_and(|other| other == at),
        Err(_) => one == other,
    }
}

/// What an answer means that `from` bytes were to be continued with.
///
/// # Errors
/// A part that is not the one asked for: kind `protocol`, nothing of it is used.
pub(super) fn meaning(transfer: &Transfer, from: u64, head: &Head) -> Result<Meaning, Failure> {
    match head.status {
        // A record's part is of something, and is not all of it because somebody says that nothing is new.
        304 if from > 0 && transfer.is_unconditional() => Err(protocol("304 where there was no condition".to_owned())),
        304 => Ok(Meaning::Nothing),
        206 if from > 0 => {
            let part = check(Asked::From { first: from, last: None }, head).map_err(of_range)?;
            if !part.is_the_end() {
                return Err(protocol(format!("the part ends at byte {}, before the whole does", part.last)));
            }
            Ok(Meaning::Continued(part))
        }
        416 if from > 0 && is_complete(transfer, from, head) => Ok(Meaning::Nothing),
        206 => match transfer.range.as_deref().and_then(Asked::parse) {
            Some(asked) => check(asked, head).map(Meaning::Part).map_err(of_range),
            None => Ok(Meaning::Whole),
        },
        200..300 if is_unwanted(transfer, head) => Ok(Meaning::Nothing),
        _ => Ok(Meaning::Whole),
    }
}

/// Nothing lies behind what is there: all of it is. Who does not say how much there is, is believed with `-C`, as in curl: the
/// file is the user's, and stays as it is. A part of a record's becomes a file only where it is known to be all of it.
fn is_complete(transfer: &Transfer, from: u64, head: &Head) -> bool {
    match ContentRange::of(head) {
        Ok(Some(ContentRange::Unsatisfied { total })) => total == from,
        Ok(None) => transfer.resume.is_some(),
        _ => false,
    }
}

fn is_unwanted(transfer: &Transfer, head: &Head) -> bool {
    // The condition first: to read a date takes 600 instructions, and few runs have one.
    let Some(condition) = transfer.time_condition else { return false };
    last_modified(head).is_some_and(|time| !condition.holds(time))
}

/// When the body was last changed, if the server says so.
pub(super) fn last_modified(head: &Head) -> Option<SystemTime> {
    httpdate::parse_http_date(head.fields.first_str("last-modified")?).ok()
}

/// The answer's entity tag as `--etag-save` writes it: empty where there is none; none where the one from before stays.
pub(super) fn etag_to_save(head: &Head) -> Option<String> {
    let etag = head.fields.first_str("etag").map(str::to_owned);
    match head.status {
        304 => etag,
        _ => Some(etag.unwrap_or_default()),
    }
}

/// The body has ended well: is it as long as its part?
pub(super) fn check_length(meaning: Meaning, body: u64) -> Result<(), Failure> {
    match meaning {
        Meaning::Part(part) | Meaning::Continued(part) if part.length() != body => {
            Err(of_range(RangeError::Length { part: part.length(), body }))
        }
        _ => Ok(()),
    }
}

/// Whether what has come of a broken transfer is the beginning of the whole: then `-C` keeps it for the next time.
pub(super) fn leaves_a_beginning(failure: &Failure) -> bool {
    matches!(failure.kind, Kind::Truncated | Kind::Reset | Kind::Timeout | Kind::Cancelled)
}

fn of_range(error: RangeError) -> Failure {
    protocol(format!("the server sent {error}"))
}

fn protocol(message: String) -> Failure {
    Failure::new(Kind::Protocol, Stage::Receive, message)
}

#[cfg(test)]
#[path = "transfer_tests.rs"]
mod tests;
