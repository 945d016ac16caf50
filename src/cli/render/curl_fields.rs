//! The header fields of a request as curl's options: those that curl adds by itself are left to it. Pure.

use gfetch::fetch::plan::{FORM_CONTENT_TYPE, Plan};
use gfetch::fetch::preview::First;
use gfetch::http::coding::ACCEPT_ENCODING;
use url::Position;

use super::curl::Words;
use crate::cli::secrets::{REDACTED, redact_header};

/// Adds what makes curl send these fields and no others.
pub fn fields(words: &mut Words<'_>, plan: &Plan, first: &First) {
    if first.compressed {
        words.push("--compressed");
    }
    for (place, (name, value)) in first.fields.iter().enumerate() {
        let is_only =
            !first.fields.iter().enumerate().any(|(n, (other, _))| n != place && other.eq_ignore_ascii_case(name));
        if !(is_only && (is_curls_own(plan, first, name, value) || special(words, plan, first, name, value))) {
            header(words, name, value);
        }
    }
    let has = |name: &str| first.fields.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    for (name, curl_adds_it) in [
        ("User-Agent", true),
        ("Accept", true),
        ("Accept-Encoding", first.compressed),
        ("Content-Type", first.body_bytes.is_some()),
    ] {
        if curl_adds_it && !has(name) {
            words.option("-H", format!("{name}:"));
        }
    }
}

/// Whether curl sends it without being told, or other options tell it.
fn is_curls_own(plan: &Plan, first: &First, name: &str, value: &[u8]) -> bool {
    let transfer = &plan.transfer;
    let is = |text: &str| value == text.as_bytes();
    match &*name.to_ascii_lowercase() {
        "host" => is(&first.url[Position::BeforeHost..Position::AfterPort]),
        "content-length" => first.body_bytes.is_some_and(|bytes| is(&bytes.to_string())),
        "accept" => is("*/*"),
        "accept-encoding" => first.compressed && is(ACCEPT_ENCODING),
        "content-type" => first.body_bytes.is_some() && is(FORM_CONTENT_TYPE),
        "expect" => {
            first.body_bytes.is_some_and(|bytes| bytes > gfetch::http::EXPECT_ABOVE_BYTES as u64) && is("100-continue")
        }
        "authorization" => first.login.is_some(),
        "range" if first.from > 0 => is(&format!("bytes={}-", first.from)),
        "range" => transfer.range.as_ref().is_some_and(|range| is(&format!("bytes={range}"))),
        "if-none-match" => transfer.etag.as_ref().is_some_and(|tag| is(tag)),
        lower => transfer.time_condition.is_some_and(|condition| {
            let (field, date) = condition.field();
            field.eq_ignore_ascii_case(lower) && is(&date)
        }),
    }
}

/// Fields with an option of their own. False: it is for `-H` all the same.
fn special(words: &mut Words<'_>, plan: &Plan, first: &First, name: &str, value: &[u8]) -> bool {
    match &*name.to_ascii_lowercase() {
        "user-agent" if !value.is_empty() => words.option("-A", value),
        // What ends in ;auto would mean more.
        "referer" if plan.request.auto_referer => words.option("-e", [value, b";auto"].concat()),
        "referer" if !value.is_empty() && !value.ends_with(b";auto") => words.option("-e", value),
        "cookie" => return cookie(words, first, value),
        _ => return false,
    }
    true
}

/// What the jar says is curl's to say, from the same files. `-b` leaves room for it, `-H` does not.
fn cookie(words: &mut Words<'_>, first: &First, value: &[u8]) -> bool {
    let given = match &first.jar_cookies {
        Some(jar) if value == jar => return true,
        Some(jar) => value.strip_prefix(&jar[..]).and_then(|rest| rest.strip_prefix(b"; ")).unwrap_or(value),
        None => value,
    };
    if !given.contains(&b'=') || given.starts_with(b"@") {
        return false;
    }
    words.secret("-b", given, &format!("{}={REDACTED}", cookie_name(given)));
    true
}

fn cookie_name(given: &[u8]) -> String {
    let name = given.split(|byte| *byte == b'=').next().unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

fn header(words: &mut Words<'_>, name: &str, value: &[u8]) {
    if value.is_empty() {
        return words.option("-H", format!("{name};"));
    }
    let line = [name.as_bytes(), b": ", value].concat();
    match redact_header(name, "", &words.invocation.secret_headers) {
        REDACTED => words.secret("-H", line, &format!("{name}: {REDACTED}")),
        _ => words.option("-H", line),
    }
}
