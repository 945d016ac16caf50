//! A run that goes on, in few lines: for a terminal as wide as it is, and as one plain line for a log.

use std::time::Duration;

use super::units::{clock, per_second, size, thousands, time};
use super::{Show, cut};
use crate::cli::escape;

/// Wider lines are not easier to read, and a terminal that gets narrower than the lines breaks them.
const WIDEST: usize = 99;

/// Columns that stay free: none may wrap, and the `^C` that the terminal echoes behind the last line must not either.
const FREE: usize = 3;

/// With less room than this nothing is shown: no figure fits.
const LEAST_ROOM: usize = 6;

/// What is quicker than this is not slow.
const SLOW: Duration = Duration::from_secs(1);

/// The title of a run that was asked to stop.
pub const STOPPING: &str = "stopping; again: at once";

/// How many lines there will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    pub lines: u64,
    /// False for an estimate.
    pub exact: bool,
}

/// What is shown of a run.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// What this is, where that does not go without saying: `run 3 of 13: serial`.
    pub title: Option<String>,
    pub ended: u64,
    /// Of those that ended.
    pub failed: u64,
    pub in_flight: usize,
    pub bytes: u64,
    pub total: Option<Total>,
    pub lines_per_second: f64,
    pub bytes_per_second: f64,
    pub elapsed: Duration,
    pub left: Option<Duration>,
    /// Host and path of what is in flight for longest, and for how long.
    pub slowest: Option<(String, Duration)>,
}

/// The view in lines narrower than the terminal, the last of them naming the slowest in flight once it is slow.
///
/// ```text
/// 1,234 of 20,000 done · 12 failed · 64 in flight
/// 12.3 MiB · 312/s · 1.2 MiB/s · 0:04 · 0:12 left
/// slowest: slow.example/api/…/export.csv  12.3 s
/// ```
pub fn lines(view: &View, show: &Show) -> Vec<String> {
    let room = show.width.saturating_sub(FREE).min(WIDEST);
    if room < LEAST_ROOM {
        return Vec::new();
    }
    let mut lines: Vec<String> = view.title.iter().map(|title| cut::prefix(title, room).to_owned()).collect();
    lines.push(red_where_failed(fitting(counts(view), room), view, show));
    lines.push(fitting(amounts(view), room));
    lines.extend(view.slowest.as_ref().filter(|(_, age)| *age >= SLOW).map(|(name, age)| slowest(name, *age, room)));
    lines
}

/// `1,234 of 20,000 done, 12 failed, 64 in flight, 12.3 MiB, 312/s, 1.2 MiB/s, 0:04, 0:12 left`
pub fn plain(view: &View) -> String {
    let title = view.title.as_ref().map(|title| format!("{title}: ")).unwrap_or_default();
    let [counts, ..] = counts(view);
    let [amounts, ..] = amounts(view);
    let slowest = view.slowest.as_ref().filter(|(_, age)| *age >= SLOW);
    let slowest = slowest.map(|(name, age)| format!("slowest {} {}", escape::line(name), time(*age)));
    let parts: Vec<String> = counts.into_iter().chain(amounts).chain(slowest).collect();
    format!("{title}{}", parts.join(", "))
}

/// The same with ever less of it; what comes first says most.
fn counts(view: &View) -> [Vec<String>; 5] {
    let ended = thousands(view.ended);
    let done = match view.total {
        Some(Total { lines, exact: true }) => format!("{ended} of {} done", thousands(lines)),
        Some(Total { lines, exact: false }) => format!("{ended} of about {} done", thousands(lines)),
        None => format!("{ended} done"),
    };
    let failed = format!("{} failed", thousands(view.failed));
    let in_flight = format!("{} in flight", thousands(view.in_flight as u64));
    let short = format!("{ended} done");
    [
        vec![done, failed.clone(), in_flight.clone()],
        vec![short.clone(), failed.clone(), in_flight],
        vec![short.clone(), failed],
        vec![short],
        vec![ended],
    ]
}

fn amounts(view: &View) -> [Vec<String>; 4] {
    let (bytes, rate) = (size(view.bytes), per_second(view.lines_per_second));
    let speed = format!("{}/s", size(view.bytes_per_second as u64));
    let elapsed = clock(view.elapsed);
    let left = view.left.map(|left| format!("{} left", clock(left)));
    let with_left = |parts: Vec<String>| parts.into_iter().chain(left.clone()).collect();
    [
        with_left(vec![bytes.clone(), rate.clone(), speed, elapsed.clone()]),
        with_left(vec![bytes, rate.clone(), elapsed.clone()]),
        with_left(vec![rate, elapsed.clone()]),
        vec![elapsed],
    ]
}

/// The first of these that fits, or as much of the last as there is room for.
fn fitting<const N: usize>(variants: [Vec<String>; N], room: usize) -> String {
    let mut lines = variants.map(|parts| parts.join(" · "));
    let fits = lines.iter().position(|line| escape::width(line) <= room).unwrap_or(lines.len() - 1);
    cut::prefix(&std::mem::take(&mut lines[fits]), room).to_owned()
}

fn red_where_failed(line: String, view: &View, show: &Show) -> String {
    if !show.colour || view.failed == 0 {
        return line;
    }
    let failed = format!("{} failed", thousands(view.failed));
    line.replacen(&failed, &format!("\x1b[31m{failed}\x1b[0m"), 1)
}

fn slowest(name: &str, age: Duration, room: usize) -> String {
    let age = time(age);
    let name = escape::line(name);
    ["slowest: ", ""]
        .into_iter()
        .find_map(|before| {
            let room = room.checked_sub(before.len() + 2 + age.len())?;
            (room >= LEAST_NAME).then(|| format!("{before}{}  {age}", cut::middle(&name, room)))
        })
        .unwrap_or_else(|| cut::prefix(&age, room).to_owned())
}

/// Less of a name says nothing.
const LEAST_NAME: usize = 12;

#[cfg(test)]
mod tests {
    use super::super::samples::show;
    use super::*;

    fn view() -> View {
        View {
            ended: 1_234,
            failed: 12,
            in_flight: 64,
            bytes: 12_897_485,
            total: Some(Total { lines: 20_000, exact: true }),
            lines_per_second: 312.4,
            bytes_per_second: 1_258_291.0,
            elapsed: Duration::from_millis(4_321),
            left: Some(Duration::from_secs(60)),
            slowest: Some(("slow.example/api/v2/reports/2026/export.csv".into(), Duration::from_millis(12_340))),
            ..View::default()
        }
    }

    fn drawn(view: &View, width: usize) -> String {
        lines(view, &show(width)).join("\n")
    }

    #[test]
    fn a_run_that_goes_on_takes_three_lines() {
        let expected = "\
1,234 of 20,000 done · 12 failed · 64 in flight
12.3 MiB · 312/s · 1.2 MiB/s · 0:04 · 1:00 left
slowest: slow.example/api/v2/reports/2026/export.csv  12.3 s";
        assert_eq!(drawn(&view(), 80), expected);
    }

    #[test]
    fn forty_columns_show_what_says_most() {
        let expected = "\
1,234 done · 12 failed · 64 in flight
12.3 MiB · 312/s · 0:04 · 1:00 left
slowest: slow.example/…rt.csv  12.3 s";
        assert_eq!(drawn(&view(), 40), expected);
    }

    #[test]
    fn no_line_is_as_wide_as_the_terminal_and_one_column_shows_nothing() {
        let mut view = View { title: Some("run 3 of 13: serial".into()), ..view() };
        for name in ["日本.example/ページ/とても長い名前", "\x1b[2J.example/\u{202e}", "a"] {
            view.slowest.as_mut().unwrap().0 = name.into();
            for width in 0..200 {
                for line in lines(&view, &show(width)) {
                    assert!(escape::width(&line) + 2 < width && !line.is_empty(), "{width}: {line:?}");
                    assert!(!line.contains('\x1b'), "{line:?}");
                }
            }
        }
        assert_eq!((lines(&view, &show(1)).len(), lines(&view, &show(0)).len()), (0, 0));
        assert_eq!(lines(&view, &show(12)), ["run 3 of ", "1,234", "0:04", "12.3 s"]);
    }

    #[test]
    fn what_is_not_known_is_not_told_and_nothing_quick_is_slow() {
        let unknown =
            View { total: None, left: None, slowest: Some(("a".into(), Duration::from_millis(999))), ..view() };
        let expected = "1,234 done · 12 failed · 64 in flight\n12.3 MiB · 312/s · 1.2 MiB/s · 0:04";
        assert_eq!(drawn(&unknown, 80), expected);
        let about = View { total: Some(Total { lines: 20_000, exact: false }), ..view() };
        assert!(drawn(&about, 80).starts_with("1,234 of about 20,000 done · "));
    }

    #[test]
    fn failures_are_red_where_colours_are_wanted() {
        let coloured = Show { colour: true, ..show(80) };
        assert!(lines(&view(), &coloured)[0].contains(" · \x1b[31m12 failed\x1b[0m · "));
        assert!(!lines(&View { failed: 0, ..view() }, &coloured)[0].contains('\x1b'));
    }

    #[test]
    fn a_log_gets_all_of_it_on_one_line() {
        let expected = "1,234 of 20,000 done, 12 failed, 64 in flight, 12.3 MiB, 312/s, 1.2 MiB/s, 0:04, 1:00 left, \
                        slowest slow.example/api/v2/reports/2026/export.csv 12.3 s";
        assert_eq!(plain(&view()), expected);
        assert!(
            plain(&View { title: Some("run 3 of 13: serial".into()), ..view() }).starts_with("run 3 of 13: serial: 1,")
        );
    }
}
