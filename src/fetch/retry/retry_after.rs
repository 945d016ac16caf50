//! `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.

use std::time::{Duration, SystemTime};

/// What no server can mean: a longer wish is this one. Ten years cannot overflow any clock.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// How long from `now` the field's value asks to wait, at most [`MAX_RETRY_AFTER`]; 0 for a date that is past. None where
/// it is neither a whole number of seconds nor one of HTTP's three forms of a date.
pub fn parse_retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits that do not fit are a number all the same.
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default().min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds_after(value: &str, now: u64) -> Option<u64> {
        parse_retry_after(value.as_bytes(), SystemTime::UNIX_EPOCH + Duration::from_secs(now))
            .map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(seconds_after("120", 0), Some(120));
        assert_eq!(seconds_after(" 0\t", 0), Some(0));
    }

    #[test]
    fn all_three_forms_of_a_date_count_from_now() {
        for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(seconds_after(date, 784_111_777 - 30), Some(30), "{date}");
            assert_eq!(seconds_after(date, 784_111_777 + 30), Some(0), "{date} is past");
        }
    }

    #[test]
    fn absurd_values_saturate() {
        assert_eq!(seconds_after(&"9".repeat(400), 0), Some(MAX_RETRY_AFTER.as_secs()));
        assert_eq!(seconds_after("18446744073709551615", 0), Some(MAX_RETRY_AFTER.as_secs()));
        assert_eq!(seconds_after("Fri, 31 Dec 9999 23:59:59 GMT", 0), Some(MAX_RETRY_AFTER.as_secs()));
    }

    #[test]
    fn what_is_neither_is_not_there() {
        for value in ["", " ", "-1", "+5", "1.5", "soon", "12 s", "\u{663}", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(seconds_after(value, 0), None, "{value:?}");
        }
        assert_eq!(parse_retry_after(b"\xff\xfe", SystemTime::UNIX_EPOCH), None);
    }
}
