//! The date of `Expires`, as tolerantly as RFC 6265 section 5.1.1 reads it.

/// Seconds since 1970, never before; `None` if it is no date.
pub fn parse(text: &[u8]) -> Option<u64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)).filter(|token| !token.is_empty()) {
        // The first token of each shape counts, and each token for one shape.
        let found = fill(&mut time, || clock(token))
            || fill(&mut day, || number(token, 1, 2))
            || fill(&mut month, || month_number(token))
            || fill(&mut year, || number(token, 2, 4));
        // What is none of them is passed over: weekdays, zones.
        let _ = found;
    }
    let (time, day, month) = (time?, day?, month?);
    let year = match year? {
        short @ 70..=99 => short + 1900,
        short @ 0..=69 => short + 2000,
        full => full,
    };
    if year < 1601 || !(1..=days_of(month, year)).contains(&day) {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + time;
    Some(u64::try_from(seconds).unwrap_or(0))
}

fn fill(place: &mut Option<i64>, read: impl FnOnce() -> Option<i64>) -> bool {
    if place.is_some() {
        return false;
    }
    *place = read();
    place.is_some()
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'/' | b';'..=b'@' | b'['..=b'`' | b'{'..=b'~')
}

/// `h:m:s` with one or two digits each, and anything behind them that is no digit; in seconds.
fn clock(token: &[u8]) -> Option<i64> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let (hour, minute) = (whole(parts.next()?)?, whole(parts.next()?)?);
    let second = number(parts.next()?, 1, 2)?;
    (hour <= 23 && minute <= 59 && second <= 59).then_some(hour * 3600 + minute * 60 + second)
}

/// One or two digits and nothing else.
fn whole(text: &[u8]) -> Option<i64> {
    if text.len() > 2 { None } else { number(text, text.len(), 2) }
}

/// So many digits at the beginning, and no further one behind them.
fn number(token: &[u8], from: usize, to: usize) -> Option<i64> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || !(from..=to).contains(&digits) {
        return None;
    }
    Some(token[..digits].iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}

fn month_number(token: &[u8]) -> Option<i64> {
    const MONTHS: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let name = token.get(..3)?;
    MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name)).map(|at| at as i64 + 1)
}

fn days_of(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// In years that begin in March, so that the leap day is the last (the calendar repeats every 400 years).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_dress_they_come_in() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 6-Nov-1994 8:49:37",
            "6 nov 1994 08:49:37 +0000",
            "1994 November 6th 08:49:37pm",
            "08:49:37 06 NOV 94",
            "garbage, Nov;6,94;;08:49:37x",
        ] {
            assert_eq!(parse(text.as_bytes()), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "Sun, 06 Nov 1994",
            "06 Nov 1994 24:00:00",
            "06 Nov 1994 08:60:37",
            "31 Nov 1994 08:49:37",
            "29 Feb 2023 00:00:00",
            "00 Nov 1994 08:49:37",
            "06 Xxx 1994 08:49:37",
            "06 Nov 1600 08:49:37",
            "06 Nov 1994 008:49:37",
            "06 Nov 1994 08:49",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"06 Nov 19940 08:49:37"), None, "five digits are no year");
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut last = days_since_1970(1601, 1, 1) - 1;
        for year in 1601..=2400 {
            for month in 1..=12 {
                for day in 1..=days_of(month, year) {
                    last += 1;
                    assert_eq!(days_since_1970(year, month, day), last, "{year}-{month}-{day}");
                }
            }
        }
        assert_eq!(days_since_1970(1970, 1, 1), 0);
        assert_eq!(parse(b"1 Jan 1969 00:00:00"), Some(0), "before 1970 is long ago");
        assert_eq!(parse(b"29 Feb 2024 00:00:00"), Some(1_709_164_800));
        assert_eq!(parse(b"31 Dec 9999 23:59:59"), Some(253_402_300_799));
    }
}
