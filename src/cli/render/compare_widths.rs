//! The comparison of several widths, drawn for people.

use gfetch::fetch::compare::{Bound, Side, Size, Width, Widths};

use super::Show;
use super::compare::{Unit, bars, bodies, bottleneck, bound, range, ratio, widest};
use super::units::time;

/// What came, the table, the bars, and which width is the right one.
pub fn drawn(widths: &Widths, size: &Size, show: &Show) -> Vec<String> {
    let mut lines = bodies(widths.bytes, &widths.differing, show);
    lines.push(String::new());
    lines.extend(table(widths));
    lines.push(String::new());
    let sides = sides(widths);
    lines.extend(bars(&sides, label(&sides), show));
    lines.push(String::new());
    lines.extend(verdict(widths, size, show).into_iter().map(|line| format!("  {line}")));
    lines
}

/// Each width's runs, by name.
pub fn sides(widths: &Widths) -> Vec<(String, &Side)> {
    widths.widths.iter().map(|width| (format!("-j {}", width.jobs), &width.side)).collect()
}

/// Columns before a bar or the first figure.
fn label(sides: &[(String, &Side)]) -> usize {
    2 + widest(sides, 6, 2, |_| String::new()).max(sides.iter().map(|(name, _)| name.len() + 2).max().unwrap_or(0))
}

fn table(widths: &Widths) -> Vec<String> {
    let sides = sides(widths);
    let unit = Unit::of(&sides);
    let label = label(&sides);
    let (median, spread) = (
        widest(&sides, 10, 2, |side| unit.with_name(side.elapsed.median)),
        widest(&sides, 17, 2, |side| range(side, unit)),
    );
    let possible = widths.widths.iter().any(|width| width.possible.is_some());
    let head = format!(
        "{:label$}{:median$}{:spread$}a request  speed-up  range{}",
        "",
        "median",
        "range",
        if possible { "          possible" } else { "" }
    );
    let row = |((name, side), width): (&(String, &Side), &Width)| {
        let gain = width.speed_up;
        let gains = format!("{} … {}", ratio(gain.low), ratio(gain.high));
        let possible = width.possible.map(ratio).unwrap_or_default();
        let line = format!(
            "  {name:<width$}{:median$}{:spread$}{:>9}{:>10}  {gains:<15}{possible:>8}",
            unit.with_name(side.elapsed.median),
            range(side, unit),
            time(side.request),
            ratio(gain.median),
            width = label - 2,
        );
        line.trim_end().to_owned()
    };
    std::iter::once(head).chain(sides.iter().zip(&widths.widths).map(row)).collect()
}

/// Where it stopped gaining, what bounds it, and whether the server or the line does.
pub fn verdict(widths: &Widths, size: &Size, show: &Show) -> Vec<String> {
    let mut lines = vec![right_width(widths, size)];
    let grew = widths.widths.iter().find(|width| width.requests_grew());
    let still_gains = widths.beyond().next().is_none();
    if let Some(told) = widths.bound.as_ref().filter(|bound| still_gains || matches!(bound, Bound::OneUrl { .. })) {
        lines.push(bound(told, None, grew.is_some(), Unit::of(&sides(widths)), show));
    }
    if let (Some(slower), Some(first)) = (grew, widths.widths.first()) {
        let (times, bottleneck) = (ratio(slower.growth.median), bottleneck(&slower.side));
        let (wide, narrow) = (slower.jobs, first.jobs);
        lines.push(format!(
            "A single request took {times} times as long at -j {wide} as at -j {narrow}: {bottleneck} is the bottleneck."
        ));
    }
    lines
}

/// `The right -j is about 16: 64 and 256 gained nothing more (6 rounds).`
fn right_width(widths: &Widths, size: &Size) -> String {
    let rounds = match size.pairs {
        1 => "1 round, so no range".into(),
        rounds => format!("{rounds} rounds"),
    };
    let enough = widths.jobs_enough;
    let beyond: Vec<String> = widths.beyond().map(|width| width.jobs.to_string()).collect();
    match beyond.split_last() {
        None => format!("It gained up to -j {enough} ({rounds})."),
        Some((last, others)) => {
            let names = if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
            format!("The right -j is about {enough}: {names} gained nothing more ({rounds}).")
        }
    }
}

#[cfg(test)]
#[path = "compare_widths_tests.rs"]
mod tests;
