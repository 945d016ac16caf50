//! The comparison, drawn for people.

use std::time::Duration;

use gfetch::fetch::compare::{
    Bound, Comparison, Difference, Listed, Measured, Shares, Side, Size, Trouble, Verdict, Why,
};

use super::summary::whose;
use super::units::{counted, thousands, time};
use super::{Show, compare_widths};

/// The longer bar, as the contract draws it; narrower terminals get shorter ones.
const BAR: usize = 50;

/// Below this the bars say nothing, and may wrap.
const LEAST_BAR: usize = 10;

/// Columns before a bar or the first figure.
const LABEL: usize = 12;

/// What will be or was sent: `4 URLs on 4 hosts, 52 requests: 1 warm-up + 6 pairs, cold connections, warm DNS`.
pub fn plan(size: &Size) -> String {
    let warm_ups = match size.warm_ups {
        0 => String::new(),
        number => format!("{} + ", counted(number as u64, "warm-up")),
    };
    format!(
        "{} on {}, {}: {warm_ups}{}, cold connections{}",
        counted(size.urls as u64, "URL"),
        counted(size.hosts as u64, "host"),
        counted(size.requests(), "request"),
        rounds(size),
        if size.warm_ups > 0 { ", warm DNS" } else { "" },
    )
}

/// `6 pairs`, `6 rounds of 4 widths`
pub fn rounds(size: &Size) -> String {
    match size.widths {
        0 => counted(size.pairs as u64, "pair"),
        widths => format!("{} of {}", counted(size.pairs as u64, "round"), counted(widths as u64, "width")),
    }
}

/// Appends the comparison: what was sent, the table, the bars, the speed-up and what bounds it; or why there is none.
pub fn text(out: &mut String, comparison: &Comparison, show: &Show) {
    out.push_str(&plan(&comparison.size));
    out.push('\n');
    let lines = match &comparison.verdict {
        Verdict::NotComparable(troubles) => not_comparable(troubles, show),
        Verdict::Measured(measured) => drawn(measured, &comparison.size, show),
        Verdict::Widths(widths) => compare_widths::drawn(widths, &comparison.size, show),
    };
    for line in lines {
        out.push_str(&line);
        out.push('\n');
    }
}

fn not_comparable(troubles: &Listed<Trouble>, show: &Show) -> Vec<String> {
    let first = match troubles.total {
        0 => "not comparable: no pair of runs was completed".into(),
        1 => "not comparable: 1 URL failed or changed its status".into(),
        total => format!("not comparable: {} URLs failed or changed their status", thousands(total as u64)),
    };
    let of = |trouble: &Trouble| {
        let Trouble { url, why, runs, of } = trouble;
        format!("  {}  {} in {runs} of {}", show.url(url), what_went_wrong(why), counted(*of as u64, "run"))
    };
    std::iter::once(first).chain(listed(troubles, of)).collect()
}

/// `timeout`, `HTTP 503`, `status 200 and then 204`.
pub fn what_went_wrong(why: &Why) -> String {
    let shown = |status: &Option<u16>| status.map_or("none".into(), |status| status.to_string());
    match why {
        Why::Failed { kind: gfetch::fetch::outcome::Kind::Status, status: Some(status) } => format!("HTTP {status}"),
        Why::Failed { kind, .. } => kind.to_string(),
        Why::Status { first, then } => format!("status {} and then {}", shown(first), shown(then)),
    }
}

/// The listed ones, and how many more there are.
fn listed<T>(listed: &Listed<T>, line: impl Fn(&T) -> String) -> impl Iterator<Item = String> {
    let more = listed.total - listed.first.len();
    listed.first.iter().map(line).chain((more > 0).then(|| format!("  and {} more", thousands(more as u64))))
}

fn drawn(measured: &Measured, size: &Size, show: &Show) -> Vec<String> {
    let mut lines = bodies(measured.bytes, &measured.differing, show);
    let sides = sides(measured);
    let unit = Unit::of(&sides);
    lines.push(String::new());
    lines.extend(table(&sides, unit));
    lines.push(String::new());
    lines.extend(bars(&sides, LABEL, show));
    lines.push(String::new());
    lines.extend(verdict(measured, size, show).into_iter().map(|line| format!("  {line}")));
    lines
}

/// The two, with their names.
pub fn sides(measured: &Measured) -> [(String, &Side); 2] {
    [("serial".into(), &measured.serial), ("parallel".into(), &measured.parallel)]
}

/// What came of it, in sentences: the speed-up, what bounds it, and whether the server or the line does.
pub fn verdict(measured: &Measured, size: &Size, show: &Show) -> Vec<String> {
    let unit = Unit::of(&sides(measured));
    let possible = possible(measured).map_or(String::new(), |possible| format!(", {possible}"));
    let mut lines = vec![format!("{}{possible}:", speed_up(measured, size.pairs))];
    lines.push(bound(&measured.bound, measured.jobs_enough, measured.requests_grew(), unit, show));
    if measured.requests_grew() {
        let times = ratio(measured.growth.median);
        let bottleneck = bottleneck(&measured.parallel);
        lines.push(format!("A single request took {times} times as long in parallel: {bottleneck} is the bottleneck."));
    }
    lines
}

/// What made requests slower beside others, where they were.
pub fn bottleneck(side: &Side) -> String {
    match side.was_busy() {
        true => format!("gfetch's own thread, {} busy,", percent(side.busy)),
        false => "the server or the line".into(),
    }
}

/// What came: the bytes, and the bodies that were not always the same.
pub fn bodies(bytes: u64, differing: &Listed<Difference>, show: &Show) -> Vec<String> {
    let bytes = counted(bytes, "byte");
    let mut lines = match differing.total {
        0 => vec![format!("{bytes} in every run, the same in all")],
        1 => vec![format!("{bytes} in the first run; 1 body was not the same in all:")],
        total => {
            let total = thousands(total as u64);
            vec![format!("{bytes} in the first run; {total} bodies were not the same in all:")]
        }
    };
    lines.extend(listed(differing, |difference| format!("  {}", self::differing(difference, show))));
    lines
}

fn differing(difference: &Difference, show: &Show) -> String {
    let Difference { url, shortest, longest } = difference;
    let (url, shortest, longest) = (show.url(url), thousands(*shortest), thousands(*longest));
    if shortest == longest {
        format!("{url}  {shortest} bytes each time, with other content")
    } else {
        format!("{url}  {shortest} … {longest} bytes")
    }
}

/// Seconds with their three decimals show nothing of what is shorter.
const LEAST_IN_SECONDS: Duration = Duration::from_millis(10);

/// The unit of all wall times in one table.
#[derive(Clone, Copy)]
pub enum Unit {
    Seconds,
    Milliseconds,
}

impl Unit {
    pub fn of(sides: &[(String, &Side)]) -> Self {
        let least = sides.iter().map(|(_, side)| side.elapsed.median).min().unwrap_or_default();
        if least >= LEAST_IN_SECONDS { Unit::Seconds } else { Unit::Milliseconds }
    }

    pub fn bare(self, time: Duration) -> String {
        match self {
            Unit::Seconds => format!("{:.3}", time.as_secs_f64()),
            Unit::Milliseconds => format!("{:.2}", time.as_secs_f64() * 1e3),
        }
    }

    /// By itself a short time has its own unit: a URL's may be far below its table's.
    pub fn with_name(self, time: Duration) -> String {
        match self {
            Unit::Seconds if time >= LEAST_IN_SECONDS => format!("{} s", self.bare(time)),
            _ => format!("{} ms", Unit::Milliseconds.bare(time)),
        }
    }
}

/// A phase, and how to find its share.
pub type Phase = (&'static str, fn(&Shares) -> f64);

/// A phase has its column where any request went through it; sending and retries have none, so that shares may not make
/// 100 %.
pub fn phases(sides: &[(String, &Side)]) -> Vec<Phase> {
    let all: [Phase; 5] = [
        ("dns", |shares| shares.dns),
        ("tcp", |shares| shares.connect),
        ("tls", |shares| shares.tls.unwrap_or(0.0)),
        ("wait", |shares| shares.wait),
        ("receive", |shares| shares.receive),
    ];
    all.into_iter().filter(|(_, share)| sides.iter().any(|(_, side)| share(&side.shares) > 0.0)).collect()
}

fn table(sides: &[(String, &Side)], unit: Unit) -> Vec<String> {
    let median_of = |side: &Side| unit.with_name(side.elapsed.median);
    let (median, range) =
        (widest(sides, 10, 2, |side| median_of(side)), widest(sides, 17, 2, |side| self::range(side, unit)));
    let phases = phases(sides);
    // The contract draws the shares a column to the right of their heads' ends, but for the last.
    let heads =
        phases.iter().map(|(name, _)| format!("{name:>width$}", width = if *name == "receive" { 9 } else { 6 }));
    let heads = heads.collect::<String>();
    let share_of = |side: &Side, (name, share): &Phase| {
        format!("{:>width$}", percent(share(&side.shares)), width = if *name == "receive" { 8 } else { 6 })
    };
    let head = format!("{:LABEL$}{:median$}{:range$}a request{heads}", "", "median", "range");
    let row = |(name, side): &(String, &Side)| {
        let shares = phases.iter().map(|phase| share_of(side, phase)).collect::<String>();
        let width = LABEL - 2;
        let (own, spread, request) = (median_of(side), self::range(side, unit), time(side.request));
        format!("  {name:<width$}{own:median$}{spread:range$}{request:>8}  {shares}").trim_end().to_owned()
    };
    std::iter::once(head).chain(sides.iter().map(row)).collect()
}

/// `1.953 … 1.962`
pub fn range(side: &Side, unit: Unit) -> String {
    format!("{} … {}", unit.bare(side.elapsed.low), unit.bare(side.elapsed.high))
}

/// The width of a column.
pub fn widest<T>(rows: &[(String, T)], least: usize, gap: usize, cell: impl Fn(&T) -> String) -> usize {
    rows.iter().map(|(_, row)| cell(row).chars().count() + gap).max().unwrap_or(0).max(least)
}

pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A bar for each median; names stand before them in so many columns.
pub fn bars(sides: &[(String, &Side)], label: usize, show: &Show) -> Vec<String> {
    let room = show.width.saturating_sub(label).clamp(LEAST_BAR, BAR) as f64;
    let longest = sides.iter().map(|(_, side)| side.elapsed.median).max().unwrap_or_default().as_secs_f64().max(1e-9);
    let bar = |(name, side): &(String, &Side)| {
        let length = (room * side.elapsed.median.as_secs_f64() / longest).round() as usize;
        format!("  {name:<width$}{}", "█".repeat(length.max(1)), width = label - 2)
    };
    sides.iter().map(bar).collect()
}

/// `Parallel was 2.16 times faster (2.15 … 2.17 in 6 pairs)`
fn speed_up(measured: &Measured, pairs: usize) -> String {
    let ratios = measured.speed_up;
    let in_pairs = |low: f64, high: f64| match pairs {
        1 => "1 pair, so no range".into(),
        pairs => format!("{} … {} in {pairs} pairs", ratio(low), ratio(high)),
    };
    if !measured.shows_a_difference() {
        return format!("Serial and parallel: no difference shown ({})", in_pairs(ratios.low, ratios.high));
    }
    let (times, comparative, range) = if ratios.median > 1.0 {
        (ratios.median, "faster", in_pairs(ratios.low, ratios.high))
    } else {
        (1.0 / ratios.median, "slower", in_pairs(1.0 / ratios.high, 1.0 / ratios.low))
    };
    format!("Parallel was {} times {comparative} ({range})", ratio(times))
}

/// The bound comes from the serial runs' times; when requests were quicker in parallel it can be passed.
/// Of what is no gain nothing is said.
fn possible(measured: &Measured) -> Option<String> {
    let (reached, possible) = (ratio(measured.speed_up.median), ratio(measured.possible));
    if measured.speed_up.median > measured.possible && reached != possible {
        let said = format!("more than the {possible} that the serial times allow");
        return measured.shows_a_difference().then_some(said);
    }
    let unclear = if measured.speed_up.high < 1.0 { " times faster" } else { "" };
    Some(format!("of {possible}{unclear} possible"))
}

/// Close to 1 two decimals would say `1.00 times faster`.
pub fn ratio(ratio: f64) -> String {
    if (ratio - 1.0).abs() < 0.05 { format!("{ratio:.3}") } else { format!("{ratio:.2}") }
}

/// What bounds it; no higher limit is advised where requests grew slower already.
pub fn bound(bound: &Bound, jobs_enough: Option<u32>, grew: bool, unit: Unit, show: &Show) -> String {
    let advice = |higher: &str| if grew { String::new() } else { format!(" A higher {higher} may help.") };
    match bound {
        Bound::OneUrl { url, time } => {
            let mut sentence = format!("{} alone takes {}.", show.url(url), unit.with_name(*time));
            if let Some(jobs) = jobs_enough {
                sentence += &format!(" -j above {jobs} cannot help.");
            }
            sentence
        }
        Bound::Jobs { limit, work } => {
            let work = unit.with_name(*work);
            format!("-j {limit} bounds it: {work} of requests, {limit} at once.{}", advice("-j"))
        }
        Bound::PerHost { origin, host, limit, work } => {
            let (origin, work) = (show.url(origin), unit.with_name(*work));
            let whose = whose("per-host", limit, host.as_deref());
            format!("{whose} bounds it: {work} of requests to {origin}, {limit} at once.{}", advice("one"))
        }
        Bound::Rate { host, rate, starts, time } => {
            let (starts, time) = (counted(*starts, "start"), unit.with_name(*time));
            let whose = whose("rate", rate, host.as_deref());
            format!("{whose} bounds it: {starts} take at least {time}.{}", advice("one"))
        }
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
