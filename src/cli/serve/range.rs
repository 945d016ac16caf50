//! Which part of a representation a `Range` field asks for (RFC 9110 section 14).

use std::ops::Range;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    All,
    Part(Range<u64>),
    /// 416: the range begins behind the end.
    Nothing,
}

/// What `Range: {text}` wants of `length` bytes. Of several ranges, and of what is no range of bytes, all: RFC 9110 lets a
/// server pass such a field by.
pub fn wanted(text: &str, length: u64) -> Wanted {
    let Some((first, last)) = parts(text) else { return Wanted::All };
    let part = match (decimal(first), decimal(last)) {
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(suffix)) if first.is_empty() => length.saturating_sub(suffix)..length,
        (Some(first), Some(last)) if first <= last => first..length.min(last.saturating_add(1)),
        _ => return Wanted::All,
    };
    if part.start < part.end { Wanted::Part(part) } else { Wanted::Nothing }
}

fn parts(text: &str) -> Option<(&str, &str)> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim_matches([' ', '\t']).split_once('-')?;
    unit.eq_ignore_ascii_case("bytes").then_some((first, last))
}

/// A number too large for 64 bits is behind every end.
fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::Wanted::*;
    use super::*;

    #[test]
    fn a_single_range_is_cut_to_what_there_is() {
        assert_eq!(wanted("bytes=0-4", 10), Part(0..5));
        assert_eq!(wanted("Bytes=5-", 10), Part(5..10));
        assert_eq!(wanted("bytes=-3", 10), Part(7..10));
        assert_eq!(wanted("bytes=-30", 10), Part(0..10));
        assert_eq!(wanted("bytes=9-99999999999999999999", 10), Part(9..10));
    }

    #[test]
    fn a_range_behind_the_end_is_nothing() {
        for text in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(wanted(text, 10), Nothing, "{text}");
        }
        assert_eq!(wanted("bytes=0-", 0), Nothing);
    }

    #[test]
    fn what_is_no_single_range_of_bytes_is_passed_by() {
        for text in ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2", "0-1"] {
            assert_eq!(wanted(text, 10), All, "{text}");
        }
    }
}
