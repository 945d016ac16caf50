//! Which answers are worth asking again for, and when: pure rules for whoever repeats a request.

use std::time::{Duration, SystemTime};

use super::fields::Fields;

/// Whether a status may pass by itself: curl's list for `--retry`; 522 and 524 (a proxy's "origin timed out") since
/// curl 8.
pub fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 522 | 524)
}

/// Clocks of two machines differ by less than this; a `Date` that is further off is a cached answer's, or nonsense.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(24 * 3600);

/// How long an answer's `Retry-After` (RFC 9110 section 10.2.3) asks to wait from `now`, when it was received.
///
/// A date in it is meant by the server's clock: where the answer has a `Date` too, and that is not further from `now` than
/// [`MAX_CLOCK_SKEW`], the difference of the two counts, so that a wrong clock, theirs or ours, makes no wait longer or
/// shorter. Of several fields the first one counts.
#[inline(never)]
pub fn retry_after(fields: &Fields, now: SystemTime) -> Option<Duration> {
    let asked = fields.first("retry-after")?;
    let their_now = fields.first_str("date").and_then(|date| httpdate::parse_http_date(date).ok());
    parse_retry_after(asked, their_now.filter(|theirs| is_near(*theirs, now)).unwrap_or(now))
}

fn is_near(one: SystemTime, other: SystemTime) -> bool {
    let apart = one.duration_since(other).or_else(|_| other.duration_since(one));
    apart.is_ok_and(|apart| apart <= MAX_CLOCK_SKEW)
}

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
    fn a_date_counts_by_the_servers_own_clock_where_that_can_be_meant() {
        let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let date = |time: SystemTime| httpdate::fmt_http_date(time);
        let after = |asked: &str, said: Option<String>| {
            let mut fields = Fields::new();
            fields.push("Retry-After", asked).unwrap();
            said.into_iter().for_each(|said| fields.push("Date", said).unwrap());
            retry_after(&fields, noon).map(|wait| wait.as_secs())
        };
        let (hour, half) = (Duration::from_secs(3600), Duration::from_secs(30));
        assert_eq!(after(&date(noon + half), None), Some(30), "no Date: our clock");
        assert_eq!(after(&date(noon + hour + half), Some(date(noon + hour))), Some(30), "theirs is an hour fast");
        assert_eq!(after(&date(noon - hour + half), Some(date(noon - hour))), Some(30), "theirs is an hour slow");
        assert_eq!(after(&date(noon + half), Some(date(noon - 25 * hour))), Some(30), "an old answer's Date");
        assert_eq!(after(&date(noon + half), Some(date(noon + 25 * hour))), Some(30), "a Date that cannot be");
        assert_eq!(after(&date(noon + half), Some("noon".into())), Some(30));
        assert_eq!(after("7", Some(date(noon + hour))), Some(7), "seconds need no clock");
        assert_eq!(after(&date(noon - half), Some(date(noon))), Some(0));
        assert_eq!(retry_after(&Fields::new(), noon), None);
    }

    #[test]
    fn what_is_neither_is_not_there() {
        for value in ["", " ", "-1", "+5", "1.5", "soon", "12 s", "\u{663}", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(seconds_after(value, 0), None, "{value:?}");
        }
        assert_eq!(parse_retry_after(b"\xff\xfe", SystemTime::UNIX_EPOCH), None);
    }
}
