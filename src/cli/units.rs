//! Numbers as typed: counts, seconds, sizes, rates. Each says what it takes, for the error that names the option.

use std::time::Duration;

use gfetch::fetch::plan::Rate;

/// What [`seconds`] takes.
pub const SECONDS: &str = "seconds, as in 30 or 0.5 (0: no limit)";
/// What [`size`] takes.
pub const SIZE: &str = "bytes, as in 500000, 200k, 3M or 1G (0: no limit)";
/// What [`rate`] takes.
pub const RATE: &str = "N/U, as in 10/s, 5/15s, 14/m or 3/h";

/// 31 years. Above it a number is a slip, and clocks begin to overflow.
const MAX_SECONDS: f64 = 1e9;
/// Below it a limit would round to zero, which says "no limit".
const SHORTEST: Duration = Duration::from_millis(1);

/// Decimal seconds: digits with at most one point. No sign, no exponent, no `inf`. Above zero, at least a millisecond.
pub fn seconds(text: &str) -> Option<Duration> {
    let only_digits_and_a_point = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let has_a_digit = text.bytes().any(|b| b.is_ascii_digit());
    let value: f64 = text.parse().ok().filter(|_| only_digits_and_a_point && has_a_digit)?;
    match value {
        0.0 => Some(Duration::ZERO),
        v if v <= MAX_SECONDS => Some(Duration::from_secs_f64(v).max(SHORTEST)),
        _ => None,
    }
}

/// The same, where 0 says "no limit".
pub fn seconds_or_none(text: &str) -> Option<Option<Duration>> {
    seconds(text).map(|d| Some(d).filter(|d| !d.is_zero()))
}

/// A whole number in a range, digits only.
pub fn count(text: &str, from: u64, to: u64) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| digits && (from..=to).contains(n))
}

/// Bytes, with curl's suffixes: B, k, M, G (of 1024), either case.
pub fn size(text: &str) -> Option<u64> {
    let shift = match text.bytes().last()? {
        b'k' | b'K' => 10,
        b'm' | b'M' => 20,
        b'g' | b'G' => 30,
        b'b' | b'B' => 0,
        _ => return count(text, 0, i64::MAX as u64),
    };
    count(&text[..text.len() - 1], 0, i64::MAX as u64 >> shift).map(|n| n << shift)
}

/// `N/U`: N starts per second, minute, hour or day, or per so many of them.
pub fn rate(text: &str) -> Option<Rate> {
    let (starts, unit) = text.split_once('/')?;
    let seconds = match unit.bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        _ => return None,
    };
    let units = match &unit[..unit.len() - 1] {
        "" => 1,
        many => count(many, 1, MAX_SECONDS as u64 / seconds)?,
    };
    let starts = count(starts, 1, u32::MAX.into())? as u32;
    Some(Rate { starts, per: Duration::from_secs(units * seconds) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_plain_decimals() {
        let ms = |text| seconds(text).map(|d| d.as_millis());
        assert_eq!([ms("30"), ms("0.5"), ms(".25"), ms("2."), ms("0")], [30_000, 500, 250, 2000, 0].map(Some));
        for text in ["", ".", "-1", "+1", "1e3", "inf", "NaN", "1s", " 1", "1,5", "1.2.3", "1000000001", "0x10"] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_tiny_limit_stays_a_limit() {
        assert_eq!(seconds_or_none("0.0000001"), Some(Some(Duration::from_millis(1))));
        assert_eq!(seconds_or_none("0.0"), Some(None));
    }

    #[test]
    fn counts_keep_to_their_range() {
        assert_eq!((count("1", 1, 9), count("009", 1, 9)), (Some(1), Some(9)));
        for text in ["0", "10", "", "-1", "+1", "1.0", " 1", "99999999999999999999999"] {
            assert_eq!(count(text, 1, 9), None, "{text:?}");
        }
    }

    #[test]
    fn sizes_take_curls_suffixes() {
        assert_eq!([size("200k"), size("3m"), size("1G")].map(Option::unwrap), [200 << 10, 3 << 20, 1 << 30]);
        assert_eq!([size("7"), size("7B"), size("0")].map(Option::unwrap), [7, 7, 0]);
        for text in ["", "k", "1.5M", "1kb", "1T", "-1", "9999999999G", "1 k", "ké"] {
            assert_eq!(size(text), None, "{text:?}");
        }
    }

    #[test]
    fn rates_name_their_unit() {
        let of = |text| rate(text).map(|r| (r.starts, r.per.as_secs()));
        assert_eq!([of("10/s"), of("5/15s"), of("14/m")], [Some((10, 1)), Some((5, 15)), Some((14, 60))]);
        assert_eq!([of("3/h"), of("3/4h"), of("1/d")], [Some((3, 3600)), Some((3, 14_400)), Some((1, 86_400))]);
        for text in
            ["10", "10/", "0/s", "/s", "10/0s", "10/w", "10/sec", "1.5/s", "10/s/s", "-1/s", "1/é", "1/99999999999d"]
        {
            assert_eq!(rate(text), None, "{text:?}");
        }
    }
}
