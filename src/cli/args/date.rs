//! Dates as people type them after `-z`: the forms of curl's `curl_getdate`, read word by word.

use std::time::{Duration, SystemTime};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const LONG_MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Names of time zones and their minutes from UTC.
const ZONES: [(&str, i64); 18] = [
    ("gmt", 0),
    ("utc", 0),
    ("ut", 0),
    ("z", 0),
    ("wet", 0),
    ("bst", 60),
    ("cet", 60),
    ("met", 60),
    ("cest", 120),
    ("eet", 120),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
];

/// Reads a date: `Sun, 06 Nov 1994 08:49:37 GMT`, `06-Nov-94`, `Nov 6 1994`, `1994-11-06 08:49`, `19941106`, in any order of
/// its words, UTC where nothing else is said. The year may be missing: then it is `now`'s.
pub fn parse(text: &str, now: SystemTime) -> Option<SystemTime> {
    let mut date = Date::default();
    let text = text.to_ascii_lowercase();
    for word in text.split([' ', '\t', ',', '/']).filter(|word| !word.is_empty()) {
        date.word(word)?;
    }
    date.moment(now)
}

#[derive(Default)]
struct Date {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    seconds: Option<i64>,
    zone_minutes: Option<i64>,
}

impl Date {
    fn word(&mut self, word: &str) -> Option<()> {
        if word.contains(':') {
            // ISO 8601 joins date and time by a T, and may end in Z or an offset.
            return match word.split_once('t') {
                Some((date, time)) => self.dashed(date).and_then(|()| self.time(time)),
                None => self.time(word),
            };
        }
        if let Some(zone) = offset(word).filter(|_| self.seconds.is_some() || self.year.is_some()) {
            return set(&mut self.zone_minutes, zone);
        }
        self.dashed(word)
    }

    /// `1994-11-06`, `06-Nov-94`, `1994.Nov.6`, or a single part.
    fn dashed(&mut self, word: &str) -> Option<()> {
        let parts: Vec<&str> = word.split(['-', '.']).collect();
        let number = |part: &str| part.parse::<i64>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()));
        if let [year, month, day] = parts[..]
            && year.len() == 4
            && let (Some(year), Some(month), Some(day)) = (number(year), number(month), number(day))
        {
            return set(&mut self.year, year).and(set(&mut self.month, month)).and(set(&mut self.day, day));
        }
        parts.into_iter().filter(|part| !part.is_empty()).try_for_each(|part| match number(part) {
            Some(number) => self.number(number, part.len()),
            None => self.name(part),
        })
    }

    fn number(&mut self, number: i64, digits: usize) -> Option<()> {
        match digits {
            8 => set(&mut self.year, number / 10_000)
                .and(set(&mut self.month, number / 100 % 100))
                .and(set(&mut self.day, number % 100)),
            4 => set(&mut self.year, number),
            1 | 2 if self.day.is_none() && (1..=31).contains(&number) => set(&mut self.day, number),
            // As curl has it: 71 to 99 are of the last century.
            2 => set(&mut self.year, if number > 70 { 1900 + number } else { 2000 + number }),
            _ => None,
        }
    }

    fn name(&mut self, name: &str) -> Option<()> {
        let month = |names: &[&str]| names.iter().position(|month| *month == name);
        if let Some(month) = month(&MONTHS).or_else(|| month(&LONG_MONTHS)) {
            return set(&mut self.month, month as i64 + 1);
        }
        if let Some((_, minutes)) = ZONES.iter().find(|(zone, _)| *zone == name) {
            return set(&mut self.zone_minutes, *minutes);
        }
        DAYS.iter().any(|day| *day == name || day.get(..3) == Some(name)).then_some(())
    }

    fn time(&mut self, word: &str) -> Option<()> {
        let end = word.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(word.len());
        let (clock, zone) = word.split_at(end);
        let mut parts = clock.split(':').map(|part| part.parse::<i64>().ok());
        let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
        if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 60 {
            return None;
        }
        set(&mut self.seconds, (hours * 60 + minutes) * 60 + seconds)?;
        match zone.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()) {
            "" => Some(()),
            "z" => set(&mut self.zone_minutes, 0),
            zone => set(&mut self.zone_minutes, offset(&zone.replace(':', ""))?),
        }
    }

    fn moment(self, now: SystemTime) -> Option<SystemTime> {
        let (month, day) = (self.month?, self.day?);
        let year = self.year.unwrap_or_else(|| year_of(now));
        if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let seconds = days_from_epoch(year, month, day) * 86_400 + self.seconds.unwrap_or(0);
        let seconds = u64::try_from(seconds - self.zone_minutes.unwrap_or(0) * 60).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }
}

/// Nothing is said twice.
fn set(place: &mut Option<i64>, value: i64) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// `+0200` or `-07:30` in minutes.
fn offset(word: &str) -> Option<i64> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let number: i64 =
        digits.parse().ok().filter(|_| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))?;
    (number % 100 < 60 && number <= 1400).then_some(sign * (number / 100 * 60 + number % 100))
}

/// Days since 1970-01-01 in the Gregorian calendar; a day beyond its month's end is one of the next.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is a year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days_before_month = (153 * month + 2) / 5;
    year * 365 + year / 4 - year / 100 + year / 400 + days_before_month + day - 1 - 719_468
}

fn year_of(now: SystemTime) -> i64 {
    let days = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400) as i64;
    let mut year = 1970 + days / 366;
    while days_from_epoch(year + 1, 1, 1) <= days {
        year += 1;
    }
    year
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        Some(parse(text, now)?.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn the_forms_of_curl_are_one_moment() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "06 Nov 1994 08:49:37",
            "1994 6 Nov 8:49:37",
            "Nov 6 08:49:37 1994",
            "1994.Nov.6 08:49:37",
            "Sun/Nov/6/94/GMT 08:49:37",
            "Sun, 06 Nov 1994 09:49:37 CET",
            "06 Nov 1994 03:49:37 EST",
            "19941106 08:49:37",
            "19941106 10:49:37 +0200",
            "1994-11-06 08:49:37",
            "1994-11-06T08:49:37Z",
            "1994-11-06T01:19:37-07:30",
        ] {
            assert_eq!(seconds(text), Some(784_111_777), "{text}");
        }
        assert_eq!(seconds("06 November 1994"), Some(784_080_000));
        assert_eq!(seconds("1970-01-01"), Some(0));
        assert_eq!(seconds("29 Feb 2000 00:00"), Some(951_782_400));
        assert_eq!(seconds("15 jan"), seconds("2027-01-15"), "this year's");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "now",
            "2020",
            "Nov",
            "6 Nov 1994 Dec",
            "32 Jan 2020",
            "2020-13-01",
            "2020-00-10",
            "6 Nov 1994 24:00",
            "6 Nov 1994 1:2:3:4",
            "6 Nov 1994 10",
            "1900-01-01",
            "a.txt",
            "1:2",
            "6 Nov 1994 +99",
            "é",
            "6-é-1994",
            "---",
            "1994-11-06T",
            "99999999999999999999-1-1",
        ] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
    }
}
