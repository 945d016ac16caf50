//! How many URLs took how long: counted while the run goes on, drawn at its end.

use std::time::Duration;

use gfetch::fetch::summary::Summary;

use super::chart::{mark, svg};
use crate::cli::render::units::{counted, thousands, time};

/// Bars for each power of ten: 1, 1.26, 1.58, 2, …: equal steps for the eye, whatever the times are.
const BARS_A_DECADE: usize = 10;
/// The first bar holds all that is quicker than its upper end.
const FIRST: Duration = Duration::from_micros(10);
/// To 28 hours: nobody waits for longer.
const BARS: usize = 10 * BARS_A_DECADE;
/// Fewer would say nothing but where the times are.
const LEAST_SHOWN: usize = 12;

const WIDTH: u32 = 720;
const HEIGHT: u32 = 240;
const LEFT: f64 = 48.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 204.0;

/// The counts.
pub struct Histogram {
    bars: Vec<Bar>,
}

#[derive(Clone, Copy, Default)]
struct Bar {
    ok: u64,
    failed: u64,
}

impl Bar {
    fn all(self) -> u64 {
        self.ok + self.failed
    }
}

impl Histogram {
    pub fn new() -> Histogram {
        Histogram { bars: vec![Bar::default(); BARS] }
    }

    pub fn add(&mut self, time: Duration, ok: bool) {
        let bar = &mut self.bars[place_of(time)];
        if ok { bar.ok += 1 } else { bar.failed += 1 }
    }

    /// Draws it; nothing without a time.
    pub fn draw(&self, out: &mut String, summary: &Summary) {
        let (Some(first), Some(last)) =
            (self.bars.iter().position(|bar| bar.all() > 0), self.bars.iter().rposition(|bar| bar.all() > 0))
        else {
            return;
        };
        let missing = LEAST_SHOWN.saturating_sub(last + 1 - first);
        let from = first.saturating_sub(missing / 2 + 1);
        let to = (last + 2 + missing - missing / 2).min(BARS);
        let axis = Axis { from, to };
        let highest = self.bars.iter().map(|bar| bar.all()).max().unwrap_or(1);
        let description = self.description(summary);
        svg(out, "histogram", (WIDTH, HEIGHT), "How long the URLs took", &description, |out| {
            grid(out, &axis, highest);
            (from..to)
                .filter(|&place| self.bars[place].all() > 0)
                .for_each(|place| self.bar(out, &axis, place, highest));
            for (at, share, name) in [(summary.median(), 0.5, "median"), (summary.percentile(0.95), 0.95, "95 %")] {
                if let Some(time) = at {
                    let x = axis.x_of(time);
                    let anchor = if share > 0.5 { "start" } else { "end" };
                    let beside = if share > 0.5 { x + 4.0 } else { x - 4.0 };
                    out.push_str(&format!(
                        "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"10\" y2=\"{BOTTOM}\"/>\
                         <text x=\"{beside:.1}\" y=\"20\" text-anchor=\"{anchor}\">{name}</text>\n"
                    ));
                }
            }
        });
    }

    fn bar(&self, out: &mut String, axis: &Axis, place: usize, highest: u64) {
        let bar = self.bars[place];
        let (x, width) = (axis.x(place as f64) + 1.0, axis.x(1.0) - axis.x(0.0) - 2.0);
        let scale = (BOTTOM - TOP) / highest as f64;
        // What is there can be seen.
        let height = |count: u64| if count == 0 { 0.0 } else { (count as f64 * scale).max(2.0) };
        let (ok, failed) = (height(bar.ok), height(bar.failed));
        let range = format!("{} to {}", mark(label(place)), mark(label(place + 1)));
        let but = if bar.failed > 0 { format!(", {} failed", thousands(bar.failed)) } else { String::new() };
        out.push_str(&format!("<g><title>{range}: {}{but}</title>", counted(bar.all(), "URL")));
        for (class, y, height) in [("ok", BOTTOM - ok, ok), ("bad", BOTTOM - ok - failed, failed)] {
            if height > 0.0 {
                out.push_str(&format!(
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
                ));
            }
        }
        out.push_str("</g>\n");
    }

    fn description(&self, summary: &Summary) -> String {
        let times = [
            ("median", summary.median()),
            ("95 percent", summary.percentile(0.95)),
            ("slowest", summary.percentile(1.0)),
        ];
        let times = times.into_iter().filter_map(|(name, at)| Some(format!("{name} {}", time(at?))));
        let all: u64 = self.bars.iter().map(|bar| bar.all()).sum();
        format!("A histogram of the times of {}: {}.", counted(all, "URL"), times.collect::<Vec<_>>().join(", "))
    }
}

fn place_of(time: Duration) -> usize {
    let decades = (time.as_secs_f64() / FIRST.as_secs_f64()).max(1.0).log10();
    // A time at a bar's lower end belongs to it, however the logarithm was rounded.
    ((decades * BARS_A_DECADE as f64 + 1e-9) as usize).min(BARS - 1)
}

fn lower_end(place: usize) -> Duration {
    if place == 0 { Duration::ZERO } else { FIRST.mul_f64(10f64.powf(place as f64 / BARS_A_DECADE as f64)) }
}

/// A bar's lower end in three digits: `79.4 µs` of 79.432823.
fn label(place: usize) -> Duration {
    let ns = lower_end(place).as_nanos() as f64;
    let last_digit = 10f64.powf(ns.max(1.0).log10().floor() - 2.0).max(1.0);
    Duration::from_nanos(((ns / last_digit).round() * last_digit) as u64)
}

/// The bars that are shown.
struct Axis {
    from: usize,
    to: usize,
}

impl Axis {
    fn x(&self, place: f64) -> f64 {
        LEFT + (place - self.from as f64) * (f64::from(WIDTH) - LEFT - 8.0) / (self.to - self.from) as f64
    }

    fn x_of(&self, time: Duration) -> f64 {
        let place = (time.as_secs_f64() / FIRST.as_secs_f64()).max(1.0).log10() * BARS_A_DECADE as f64;
        self.x(place)
    }
}

/// Lines for the counts, and marks at 1, 2 and 5 of each power of ten.
fn grid(out: &mut String, axis: &Axis, highest: u64) {
    for count in [highest, highest / 2].into_iter().filter(|&count| count > 0) {
        let y = BOTTOM - (BOTTOM - TOP) * count as f64 / highest as f64;
        out.push_str(&format!(
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 6.0,
            y + 4.0,
            thousands(count)
        ));
    }
    out.push_str(&format!("<line class=\"axis\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{BOTTOM}\" y2=\"{BOTTOM}\"/>\n"));
    // Beyond so many bars only the powers of ten have room.
    let marked: &[usize] = if axis.to - axis.from > 3 * BARS_A_DECADE { &[0] } else { &[0, 3, 7] };
    for place in (axis.from..=axis.to).filter(|place| marked.contains(&(place % BARS_A_DECADE))) {
        let decade = FIRST.mul_f64(10f64.powi((place / BARS_A_DECADE) as i32));
        let round =
            decade.mul_f64([1.0, 2.0, 5.0][marked.iter().position(|&mark| mark == place % BARS_A_DECADE).unwrap_or(0)]);
        out.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
            axis.x_of(round),
            BOTTOM + 18.0,
            mark(round)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_bar_and_lies_within_its_ends() {
        for us in [0, 1, 10, 11, 99, 100, 1_000, 44_000, 301_000, 1_000_000, 5_000_000, 10_000_000_000] {
            let time = Duration::from_micros(us);
            let place = place_of(time);
            let slack = Duration::from_nanos(10);
            assert!(lower_end(place) <= time + slack && time < lower_end(place + 1) + slack, "{time:?} in {place}");
        }
        assert_eq!(place_of(Duration::MAX), BARS - 1);
    }

    #[test]
    fn a_bar_is_named_by_three_digits() {
        assert_eq!(
            [0, 1, 8, 9, 21, 54].map(|place| mark(label(place))),
            ["0", "12.6 µs", "63.1 µs", "79.4 µs", "1.26 ms", "2.51 s"]
        );
    }
}
