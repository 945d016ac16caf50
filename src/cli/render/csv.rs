//! The report as CSV (RFC 4180): a header row, one row for each record, nested names with a dot.

use std::fmt::Write;

use super::chosen::Chosen;
use super::fields::Of;
use super::value::{Value, push_bare};
use crate::cli::escape;

/// Appends the row of names.
pub fn header(out: &mut Vec<u8>, chosen: &Chosen) {
    for (place, name) in chosen.names().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends one record.
pub fn record(out: &mut Vec<u8>, chosen: &Chosen, of: Of<'_>) {
    for (place, value) in chosen.values(of).enumerate() {
        if place > 0 {
            out.push(b',');
        }
        cell(out, &value);
    }
    out.extend_from_slice(b"\r\n");
}

fn cell(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Plain(text) => push_text(out, text),
        Value::Text(text) => push_text(out, &escape::line(text)),
        Value::Own(serde_json::Value::String(text)) => push_text(out, &escape::line(text)),
        Value::Lines(text) => push_text(out, &lines(text)),
        Value::Built(_) | Value::Own(_) => {
            let mut json = Vec::new();
            push_bare(&mut json, value);
            push_quoted(out, &json);
        }
        _ => push_bare(out, value),
    }
}

/// A text cell. A spreadsheet would run one that begins like a formula (CWE-1236), so that it gets an apostrophe.
fn push_text(out: &mut Vec<u8>, text: &str) {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if is_formula { format!("'{text}") } else { String::new() };
    push_quoted(out, if is_formula { guarded.as_bytes() } else { text.as_bytes() });
}

/// Quotes where there must be some.
fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    if escape::all(text, |byte| !matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for piece in text.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(piece);
        if piece.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

/// A body keeps its lines and tabs; everything else that acts or hides is escaped as in other cells.
fn lines(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for piece in text.split_inclusive(['\n', '\r', '\t']) {
        let (words, end) = match piece.char_indices().next_back() {
            Some((at, '\n' | '\r' | '\t')) => piece.split_at(at),
            _ => (piece, ""),
        };
        write!(safe, "{}{end}", escape::line(words)).expect("a String takes all");
    }
    safe
}

#[cfg(test)]
#[path = "csv_tests.rs"]
pub mod tests;
