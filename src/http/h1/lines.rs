//! The lines of a complete head: httparse reads them, and where it refuses, this says which line and why.

use std::mem::MaybeUninit;

use super::error::ProtocolError;
use super::limits::MAX_FIELDS;
use crate::http::fields::{Fields, is_text, is_token};

/// Fields of most heads: room for them is 1 KiB of stack, for [`MAX_FIELDS`] 8 KiB, which each of ten thousand greenlets
/// would keep.
pub(super) const FEW_FIELDS: usize = 32;
/// The most fields that are parsed.
pub(super) const MOST_FIELDS: usize = MAX_FIELDS as usize;

/// Room for httparse's fields, not initialised.
pub(super) type Slots<'a, const N: usize> = [MaybeUninit<httparse::Header<'a>>; N];

/// Empty room.
pub(super) fn slots<'a, const N: usize>() -> Slots<'a, N> {
    [const { MaybeUninit::uninit() }; N]
}

/// Where the first line feed is. Every byte of every head is searched: memchr looks at 32 at once.
pub(super) fn find_line_feed(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes)
}

/// What httparse read, in two allocations of the right size.
pub(super) fn to_fields(parsed: &[httparse::Header<'_>]) -> Fields {
    let bytes = parsed.iter().map(|field| field.name.len() + field.value.len()).sum();
    let mut fields = Fields::with_capacity(parsed.len(), bytes);
    for field in parsed {
        fields.push_parsed(field.name, field.value);
    }
    fields
}

/// The first line, without its end.
pub(super) fn first_line(head: &[u8]) -> &[u8] {
    let line = &head[..find_line_feed(head).unwrap_or(head.len())];
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The reason for httparse's refusal of a head; `bad_first_line` is what a broken first line is called.
#[cold]
pub(super) fn explain(head: &[u8], refusal: httparse::Error, bad_first_line: ProtocolError) -> ProtocolError {
    use httparse::Error;
    match refusal {
        Error::Version | Error::Status | Error::Token => control(first_line(head), 1).unwrap_or(bad_first_line),
        Error::TooManyHeaders => ProtocolError::TooManyFields { limit: MAX_FIELDS },
        Error::HeaderName | Error::HeaderValue | Error::NewLine => {
            let rest = head.splitn(2, |&byte| byte == b'\n').nth(1).unwrap_or_default();
            first_fault(rest, 2).unwrap_or(bad_first_line)
        }
    }
}

/// What is wrong with the first bad one of these field lines; the first has number `from`.
#[cold]
pub(super) fn first_fault(lines: &[u8], from: u32) -> Option<ProtocolError> {
    let lines = lines.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    (from..).zip(lines).filter(|(_, line)| !line.is_empty()).find_map(|(number, line)| fault(line, number))
}

fn fault(text: &[u8], line: u32) -> Option<ProtocolError> {
    if let Some(error) = control(text, line) {
        return Some(error);
    }
    if matches!(text, [b' ' | b'\t', ..]) {
        return Some(ProtocolError::FoldedField { line });
    }
    let Some(colon) = text.iter().position(|&byte| byte == b':') else {
        return Some(ProtocolError::BadFieldName { line });
    };
    let (name, value) = (&text[..colon], &text[colon + 1..]);
    if matches!(name, [.., b' ' | b'\t']) {
        return Some(ProtocolError::SpaceBeforeColon { line });
    }
    if !is_token(name) {
        return Some(ProtocolError::BadFieldName { line });
    }
    (!is_text(value)).then_some(ProtocolError::BadFieldValue { line })
}

/// A bare CR or a NUL, whichever comes first: they have names of their own, because they smuggle.
fn control(text: &[u8], line: u32) -> Option<ProtocolError> {
    match text.iter().find(|&&byte| byte == b'\r' || byte == 0)? {
        0 => Some(ProtocolError::Nul { line }),
        _ => Some(ProtocolError::BareCr { line }),
    }
}
