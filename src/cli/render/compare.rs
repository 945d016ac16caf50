//! The comparison, drawn for people.

use std::time::Duration;

use gfetch::fetch::compare::{Bound, Comparison, Difference, Listed, Measured, Side, Size, Trouble, Verdict, Why};

use super::Show;
use super::units::{counted, thousands, time};

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
        counted(size.pairs as u64, "pair"),
        if size.warm_ups > 0 { ", warm DNS" } else { "" },
    )
}

/// Appends the comparison: what was sent, the table, the bars, the speed-up and what bounds it; or why there is none.
pub fn text(out: &mut String, comparison: &Comparison, show: &Show) {
    out.push_str(&plan(&comparison.size));
    out.push('\n');
    let lines = match &comparison.verdict {
        Verdict::NotComparable(troubles) => not_comparable(troubles, show),
        Verdict::Measured(measured) => drawn(measured, &comparison.size, show),
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
    let bytes = thousands(measured.bytes);
    let mut lines = match measured.differing.total {
        0 => vec![format!("{bytes} bytes in every run, the same in all")],
        1 => vec![format!("{bytes} bytes in the first run; 1 body was not the same in all:")],
        total => {
            let total = thousands(total as u64);
            vec![format!("{bytes} bytes in the first run; {total} bodies were not the same in all:")]
        }
    };
    lines.extend(listed(&measured.differing, |difference| format!("  {}", differing(difference, show))));
    let unit = Unit::of(measured);
    lines.push(String::new());
    lines.extend(table(measured, unit));
    lines.push(String::new());
    lines.extend(bars(measured, show));
    lines.push(String::new());
    lines.push(format!("  {}, {}:", speed_up(measured, size.pairs), possible(measured)));
    lines.push(format!("  {}", bound(measured, unit, show)));
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

/// The unit of all wall times in one table.
#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Milliseconds,
}

impl Unit {
    /// Seconds with their three decimals show nothing of runs below 10 ms.
    fn of(measured: &Measured) -> Self {
        let least = measured.serial.elapsed.median.min(measured.parallel.elapsed.median);
        if least >= Duration::from_millis(10) { Unit::Seconds } else { Unit::Milliseconds }
    }

    fn bare(self, time: Duration) -> String {
        match self {
            Unit::Seconds => format!("{:.3}", time.as_secs_f64()),
            Unit::Milliseconds => format!("{:.2}", time.as_secs_f64() * 1e3),
        }
    }

    fn with_name(self, time: Duration) -> String {
        let name = match self {
            Unit::Seconds => "s",
            Unit::Milliseconds => "ms",
        };
        format!("{} {name}", self.bare(time))
    }
}

/// The TLS column is there when a request used TLS; sending and retries have none, so that shares may not make 100 %.
fn table(measured: &Measured, unit: Unit) -> [String; 3] {
    let sides = [("serial", &measured.serial), ("parallel", &measured.parallel)];
    let range_of = |side: &Side| format!("{} … {}", unit.bare(side.elapsed.low), unit.bare(side.elapsed.high));
    let median_of = |side: &Side| unit.with_name(side.elapsed.median);
    let widest = |cell: &dyn Fn(&Side) -> String, least: usize, gap: usize| {
        let cells = sides.iter().map(|(_, side)| cell(side).chars().count() + gap);
        cells.max().unwrap_or(0).max(least)
    };
    let (median, range) = (widest(&median_of, 10, 2), widest(&range_of, 17, 2));
    let tls = sides.iter().any(|(_, side)| side.shares.tls.is_some());

    let head = format!(
        "{:LABEL$}{:median$}{:range$}a request   dns   tcp{}  wait  receive",
        "",
        "median",
        "range",
        if tls { "   tls" } else { "" }
    );
    let row = |(name, side): (&str, &Side)| {
        let shares = &side.shares;
        let tls = if tls { format!("{:>6}", percent(shares.tls.unwrap_or(0.0))) } else { String::new() };
        format!(
            "  {name:<width$}{:median$}{:range$}{:>8}{:>8}{:>6}{tls}{:>6}{:>8}",
            median_of(side),
            range_of(side),
            time(side.request),
            percent(shares.dns),
            percent(shares.connect),
            percent(shares.wait),
            percent(shares.receive),
            width = LABEL - 2,
        )
    };
    [head, row(sides[0]), row(sides[1])]
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn bars(measured: &Measured, show: &Show) -> [String; 2] {
    let (serial, parallel) = (measured.serial.elapsed.median, measured.parallel.elapsed.median);
    let room = show.width.saturating_sub(LABEL).clamp(LEAST_BAR, BAR) as f64;
    let longest = serial.max(parallel).as_secs_f64().max(1e-9);
    let bar = |name: &str, time: Duration| {
        let length = (room * time.as_secs_f64() / longest).round() as usize;
        format!("  {name:<width$}{}", "█".repeat(length.max(1)), width = LABEL - 2)
    };
    [bar("serial", serial), bar("parallel", parallel)]
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
fn possible(measured: &Measured) -> String {
    let (reached, possible) = (ratio(measured.speed_up.median), ratio(measured.possible));
    if measured.speed_up.median > measured.possible && reached != possible {
        return format!("more than the {possible} that the serial times allow");
    }
    let unclear = if measured.speed_up.high < 1.0 { " times faster" } else { "" };
    format!("of {possible}{unclear} possible")
}

/// Close to 1 two decimals would say `1.00 times faster`.
fn ratio(ratio: f64) -> String {
    if (ratio - 1.0).abs() < 0.05 { format!("{ratio:.3}") } else { format!("{ratio:.2}") }
}

fn bound(measured: &Measured, unit: Unit, show: &Show) -> String {
    match &measured.bound {
        Bound::OneUrl { url, time } => {
            let mut sentence = format!("{} alone takes {}.", show.url(url), unit.with_name(*time));
            if let Some(jobs) = measured.jobs_enough {
                sentence += &format!(" -j above {jobs} cannot help.");
            }
            sentence
        }
        Bound::Jobs { limit, work } => {
            format!(
                "-j {limit} bounds it: {} of requests, {limit} at once. A higher -j may help.",
                unit.with_name(*work)
            )
        }
        Bound::PerHost { origin, limit, work } => {
            let (origin, work) = (show.url(origin), unit.with_name(*work));
            format!(
                "--per-host {limit} bounds it: {work} of requests to {origin}, {limit} at once. A higher one may help."
            )
        }
        Bound::Rate { rate, starts, time } => {
            let starts = counted(*starts, "start");
            format!("--rate {rate} bounds it: {starts} take at least {}. A higher one may help.", unit.with_name(*time))
        }
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
