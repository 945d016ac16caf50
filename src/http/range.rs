//! Ranges of a representation: what was asked for, what an answer says it is, and whether the two agree (RFC 9110
//! section 14). Pure rules.

use std::fmt;

use super::h1::Head;

/// One range of bytes, as a `Range` field asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `first-` or `first-last`.
    From {
        /// The first byte, from 0.
        first: u64,
        /// The last one; none: to the end.
        last: Option<u64>,
    },
    /// `-length`: the last so many bytes.
    Suffix(u64),
}

impl Asked {
    /// Reads `0-499`, `500-` or `-500`. None for several ranges, and for what is none.
    pub fn parse(range: &str) -> Option<Asked> {
        let (first, last) = range.trim().split_once('-')?;
        match (first, last) {
            ("", length) => Some(Asked::Suffix(number(length.as_bytes())?)),
            (first, "") => Some(Asked::From { first: number(first.as_bytes())?, last: None }),
            (first, last) => {
                let (first, last) = (number(first.as_bytes())?, number(last.as_bytes())?);
                (first <= last).then_some(Asked::From { first, last: Some(last) })
            }
        }
    }

    /// Whether a server may give this part where this was asked for. It may end earlier, where the whole does.
    fn allows(self, part: &Part) -> bool {
        match self {
            Asked::From { first, last } => part.first == first && last.is_none_or(|last| part.last <= last),
            Asked::Suffix(length) => part.length() <= length && part.total.is_none_or(|total| part.last == total - 1),
        }
    }
}

/// What a `Content-Range` field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentRange {
    /// `bytes 0-499/1234`: this part comes.
    Part(Part),
    /// `bytes */1234`: so large is the whole, and what was asked for lies outside (status 416).
    Unsatisfied {
        /// Bytes of the whole.
        total: u64,
    },
}

/// A part of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first byte, from 0.
    pub first: u64,
    /// The last one, not before the first.
    pub last: u64,
    /// Bytes of the whole, more than `last`, where the server knows.
    pub total: Option<u64>,
}

impl Part {
    /// Bytes of the part, above 0; of the largest number there is, one less.
    pub fn length(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }

    /// Whether the part ends where the whole ends, as far as that is known.
    pub fn is_the_end(&self) -> bool {
        self.total.is_none_or(|total| self.last == total - 1)
    }
}

impl ContentRange {
    /// Reads the field's value. None for other units than bytes, and for what contradicts itself.
    pub fn parse(value: &[u8]) -> Option<ContentRange> {
        let space = value.iter().position(|byte| *byte == b' ')?;
        let (unit, rest) = (&value[..space], value[space + 1..].trim_ascii());
        if !unit.eq_ignore_ascii_case(b"bytes") {
            return None;
        }
        let slash = rest.iter().position(|byte| *byte == b'/')?;
        let (range, total) = (&rest[..slash], &rest[slash + 1..]);
        if range == b"*" {
            return Some(ContentRange::Unsatisfied { total: number(total)? });
        }
        let total = if total == b"*" { None } else { Some(number(total)?) };
        let dash = range.iter().position(|byte| *byte == b'-')?;
        let (first, last) = (number(&range[..dash])?, number(&range[dash + 1..])?);
        let holds = first <= last && total.is_none_or(|total| last < total);
        holds.then_some(ContentRange::Part(Part { first, last, total }))
    }

    /// What the head of an answer says; none if it says nothing.
    ///
    /// # Errors
    /// Several fields that differ, or one that cannot be read.
    pub fn of(head: &Head) -> Result<Option<ContentRange>, RangeError> {
        let mut values = head.fields.all("content-range");
        let Some(value) = values.next() else { return Ok(None) };
        if values.any(|other| other != value) {
            return Err(RangeError::Malformed);
        }
        ContentRange::parse(value).map(Some).ok_or(RangeError::Malformed)
    }
}

/// Digits only, below 2^64.
fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// Why a 206 is not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeError {
    /// No `Content-Range`: nobody knows which part this is.
    Missing,
    /// A `Content-Range` that cannot be read, or several that differ.
    Malformed,
    /// `multipart/byteranges`, though one range was asked for.
    Multipart,
    /// Another part than was asked for.
    Other(Part),
    /// The length of the body is not that of the part.
    Length {
        /// What `Content-Range` says.
        part: u64,
        /// What the body has.
        body: u64,
    },
}

/// The part that a 206 brings.
///
/// # Errors
/// It is not the one that was asked for, or does not say which it is.
pub fn check(asked: Asked, head: &Head) -> Result<Part, RangeError> {
    let kind = head.fields.first("content-type").unwrap_or_default();
    if kind.get(..20).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/byteranges")) {
        return Err(RangeError::Multipart);
    }
    let part = match ContentRange::of(head)? {
        Some(ContentRange::Part(part)) => part,
        Some(ContentRange::Unsatisfied { .. }) => return Err(RangeError::Malformed),
        None => return Err(RangeError::Missing),
    };
    if !asked.allows(&part) {
        return Err(RangeError::Other(part));
    }
    match head.content_length() {
        Some(body) if body != part.length() => Err(RangeError::Length { part: part.length(), body }),
        _ => Ok(part),
    }
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RangeError::Missing => f.write_str("a part (206) without a Content-Range"),
            RangeError::Malformed => f.write_str("a part (206) whose Content-Range cannot be read"),
            RangeError::Multipart => f.write_str("several parts (multipart/byteranges), and one was asked for"),
            RangeError::Other(Part { first, last, .. }) => {
                write!(f, "bytes {first} to {last}, which is not the part that was asked for")
            }
            RangeError::Length { part, body } => {
                write!(f, "a part of {part} bytes by its Content-Range, and a body of {body}")
            }
        }
    }
}

impl std::error::Error for RangeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(first: u64, last: u64, total: Option<u64>) -> Option<ContentRange> {
        Some(ContentRange::Part(Part { first, last, total }))
    }

    #[test]
    fn a_content_range_is_read_exactly() {
        let read = |text: &str| ContentRange::parse(text.as_bytes());
        assert_eq!(read("bytes 0-499/1234"), part(0, 499, Some(1234)));
        assert_eq!(read("BYTES  5-5/*"), part(5, 5, None));
        assert_eq!(read("bytes */0"), Some(ContentRange::Unsatisfied { total: 0 }));
        for text in [
            "",
            "bytes",
            "bytes ",
            "bytes 0-4",
            "bytes 4-0/9",
            "bytes 0-9/9",
            "bytes */*",
            "bytes -4/9",
            "bytes 0-/9",
            "bytes 0-4/",
            "bytes +0-4/9",
            "bytes 0-4/9, 5-8/9",
            "bytes 0 - 4/9",
            "bytes 0x0-4/9",
            "items 0-4/9",
            "bytes=0-4/9",
            "bytes 0-18446744073709551616/*",
            "bytes 0-4/9/9",
            "bytes\t0-4/9",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        let all = read("bytes 0-18446744073709551615/*");
        assert!(matches!(all, Some(ContentRange::Part(part)) if part.length() == u64::MAX));
    }

    #[test]
    fn one_range_is_understood_and_several_are_left_to_the_server() {
        let from = |first, last| Some(Asked::From { first, last });
        assert_eq!((Asked::parse("0-499"), Asked::parse("500-")), (from(0, Some(499)), from(500, None)));
        assert_eq!(Asked::parse("-500"), Some(Asked::Suffix(500)));
        for text in ["", "-", "5", "5-4", "0-1,3-4", "a-b", "1-2-3", "-1-2"] {
            assert_eq!(Asked::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_part_must_begin_where_it_was_asked_for_and_may_end_with_the_whole() {
        let allows =
            |asked: &str, first, last, total| Asked::parse(asked).unwrap().allows(&Part { first, last, total });
        assert!(allows("0-499", 0, 499, Some(1000)) && allows("0-499", 0, 99, Some(100)));
        assert!(!allows("0-499", 1, 499, None) && !allows("0-499", 0, 500, None));
        assert!(allows("5-", 5, 9, Some(10)) && !allows("5-", 4, 9, Some(10)));
        assert!(allows("-5", 5, 9, Some(10)) && allows("-50", 0, 9, Some(10)) && allows("-5", 1, 5, None));
        assert!(!allows("-5", 4, 8, Some(10)) && !allows("-5", 4, 9, Some(10)));
    }
}
