//! The page about a comparison: what came of it in the words of the text report, each run's time, where the time went.

use std::time::{Duration, SystemTime};

use gfetch::fetch::compare::{Comparison, Difference, Listed, Measured, Side, Size, Spread, Trouble, Verdict, Widths};

use super::chart::{mark, step, svg};
use super::text::{self, table};
use super::{END, Page};
use crate::cli::render::compare::{self, Unit, percent, phases, range, ratio, rounds, what_went_wrong};
use crate::cli::render::units::{counted, size, thousands, time};
use crate::cli::render::{Redact, Show, compare_widths};

const WIDTH: u32 = 720;
const LEFT: f64 = 96.0;
const RIGHT: f64 = 640.0;
const TOP: f64 = 28.0;
const ROW: f64 = 34.0;

/// A way to fetch the list, with its runs, and how much faster than the first it was.
struct Way<'a> {
    name: String,
    side: &'a Side,
    speed_up: Option<Spread<f64>>,
    possible: Option<f64>,
}

/// The whole page.
pub fn comparison(comparison: &Comparison, redact: Redact, made: SystemTime) -> String {
    let show = Show { redact, width: usize::MAX, colour: false };
    match &comparison.verdict {
        Verdict::NotComparable(troubles) => not_comparable(&comparison.size, troubles, &show, made),
        Verdict::Measured(measured) => {
            let verdict = compare::verdict(measured, &comparison.size, &show);
            let page =
                Measures { ways: pair(measured), bytes: measured.bytes, differing: &measured.differing, verdict };
            page.page(&comparison.size, &show, made)
        }
        Verdict::Widths(widths) => {
            let verdict = compare_widths::verdict(widths, &comparison.size, &show);
            let page = Measures { ways: ways(widths), bytes: widths.bytes, differing: &widths.differing, verdict };
            page.page(&comparison.size, &show, made)
        }
    }
}

fn pair(measured: &Measured) -> Vec<Way<'_>> {
    let [(serial, serial_side), (parallel, parallel_side)] = compare::sides(measured);
    let (speed_up, possible) = (Some(measured.speed_up), Some(measured.possible));
    vec![
        Way { name: serial, side: serial_side, speed_up: None, possible: None },
        Way { name: parallel, side: parallel_side, speed_up, possible },
    ]
}

fn ways(widths: &Widths) -> Vec<Way<'_>> {
    let sides = compare_widths::sides(widths).into_iter().zip(&widths.widths).enumerate();
    let way = |(place, ((name, side), width))| {
        let width: &gfetch::fetch::compare::Width = width;
        let later = place > 0;
        Way { name, side, speed_up: Some(width.speed_up).filter(|_| later), possible: width.possible.filter(|_| later) }
    };
    sides.map(way).collect()
}

fn not_comparable(size: &Size, troubles: &Listed<Trouble>, show: &Show, made: SystemTime) -> String {
    let mut page = Page::begin("Not comparable", made, &[("result", "Result")]);
    page.section("result", "Result", |out| {
        let plan = text::escaped(&compare::plan(size)).into_owned();
        let what = match troubles.total {
            0 => "No pair of runs was completed.".into(),
            1 => "1 URL failed or changed its status.".into(),
            total => format!("{} URLs failed or changed their status.", thousands(total as u64)),
        };
        out.push_str(&format!("<p class=\"notice\">{what}</p>\n<p>{plan}</p>\n"));
        let rows = troubles.first.iter().map(|trouble| {
            let url = text::escaped(&text::url(&trouble.url, show.redact)).into_owned();
            let what = text::escaped(&what_went_wrong(&trouble.why)).into_owned();
            vec![url, what, format!("{} of {}", trouble.runs, trouble.of)]
        });
        table(out, "What went wrong", &["URL", "What", "Runs"], rows);
    });
    page.html + END
}

/// What was measured.
struct Measures<'a> {
    ways: Vec<Way<'a>>,
    bytes: u64,
    differing: &'a Listed<Difference>,
    verdict: Vec<String>,
}

impl Measures<'_> {
    fn page(&self, size: &Size, show: &Show, made: SystemTime) -> String {
        let about = format!(
            "{} compared {}",
            counted(size.urls as u64, "URL"),
            match size.widths {
                0 => "serially and in parallel".into(),
                widths => format!("at {}", counted(widths as u64, "width")),
            }
        );
        let mut page =
            Page::begin(&about, made, &[("result", "Result"), ("times", "Times"), ("shares", "Where the time went")]);
        page.section("result", "Result", |out| self.result(out, size, show));
        page.section("times", "Times", |out| {
            self.draw_times(out);
            self.times(out);
        });
        page.section("shares", "Where the time went", |out| self.draw_shares(out));
        page.html + END
    }

    fn result(&self, out: &mut String, size: &Size, show: &Show) {
        let sentences: Vec<_> = self.verdict.iter().map(|line| text::escaped(line)).collect();
        out.push_str(&format!("<p class=\"verdict\">{}</p>\n", sentences.join("<br>\n")));
        out.push_str(&format!("<p>{}.</p>\n", text::escaped(&compare::plan(size))));
        out.push_str("<dl class=\"figures\">\n");
        let mut figure = |name: &str, value: String| {
            out.push_str(&format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
        };
        if let [_, Way { speed_up: Some(speed_up), possible, .. }] = &self.ways[..] {
            figure("Speed-up", ratio(speed_up.median));
            figure("Its range", format!("{} … {}", ratio(speed_up.low), ratio(speed_up.high)));
            possible.iter().for_each(|&possible| figure("Possible", ratio(possible)));
        }
        figure("Measured in", rounds(size));
        figure("Requests", thousands(size.requests()));
        figure("Bodies a run", self::size(self.bytes));
        out.push_str("</dl>\n");
        if self.differing.total == 0 {
            out.push_str("<p>All bodies were the same in all runs.</p>\n");
            return;
        }
        let rows = self.differing.first.iter().map(|difference| {
            let Difference { url, shortest, longest } = difference;
            let url = text::escaped(&text::url(url, show.redact)).into_owned();
            vec![url, thousands(*shortest), thousands(*longest)]
        });
        let bodies = match self.differing.total {
            1 => "1 body".into(),
            total => format!("{} bodies", thousands(total as u64)),
        };
        let caption = format!("{bodies} not the same in all runs");
        table(out, &caption, &["URL", "Shortest", "Longest"], rows);
    }

    fn sides(&self) -> Vec<(String, &Side)> {
        self.ways.iter().map(|way| (way.name.clone(), way.side)).collect()
    }

    fn times(&self, out: &mut String) {
        let sides = self.sides();
        let (unit, phases) = (Unit::of(&sides), phases(&sides));
        let mut heads = vec!["Runs", "Median", "Range", "A request", "Speed-up", "Its range", "Possible"];
        heads.extend(phases.iter().map(|(name, _)| *name));
        let rows = self.ways.iter().map(|way| {
            let mut row = vec![way.name.clone(), unit.with_name(way.side.elapsed.median), range(way.side, unit)];
            row.push(time(way.side.request));
            row.push(way.speed_up.map(|speed_up| ratio(speed_up.median)).unwrap_or_default());
            row.push(
                way.speed_up
                    .map(|speed_up| format!("{} … {}", ratio(speed_up.low), ratio(speed_up.high)))
                    .unwrap_or_default(),
            );
            row.push(way.possible.map(ratio).unwrap_or_default());
            row.extend(phases.iter().map(|(_, share)| percent(share(&way.side.shares))));
            row
        });
        out.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Times\">\n");
        table(out, "Times of the runs, and the shares of the requests' time", &heads, rows);
        out.push_str("</div>\n");
    }

    /// A bar to each median, a line over the range, and a dot for each run.
    fn draw_times(&self, out: &mut String) {
        let longest =
            self.ways.iter().map(|way| way.side.elapsed.high).max().unwrap_or_default().max(Duration::from_nanos(1));
        let x_of = |at: Duration| LEFT + (RIGHT - LEFT) * at.div_duration_f64(longest);
        let told = self.ways.iter().map(|way| format!("{} {}", way.name, time(way.side.elapsed.median)));
        let description =
            format!("Bars of the median times, with each run as a dot: {}.", told.collect::<Vec<_>>().join(", "));
        let height = TOP + ROW * self.ways.len() as f64 + 8.0;
        svg(out, "runs", (WIDTH, height as u32), "How long a run took", &description, |out| {
            let step = step(longest, 6);
            for number in 0..=(longest.div_duration_f64(step) as u32) {
                let x = x_of(step * number);
                out.push_str(&format!(
                    "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"22\" y2=\"{height:.1}\"/>\
                     <text x=\"{x:.1}\" y=\"16\" text-anchor=\"middle\">{}</text>\n",
                    mark(step * number)
                ));
            }
            for (place, way) in self.ways.iter().enumerate() {
                let (y, elapsed) = (TOP + ROW * place as f64, way.side.elapsed);
                let (median, low, high) = (x_of(elapsed.median), x_of(elapsed.low), x_of(elapsed.high));
                let faster = way.speed_up.map(|speed_up| format!(" ({}×)", ratio(speed_up.median))).unwrap_or_default();
                out.push_str(&format!(
                    "<g><title>{name}: {time}</title><text x=\"0\" y=\"{text:.1}\">{name}</text>\
                     <rect class=\"receive\" x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"20\"/>\
                     <line class=\"range\" x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\"/>",
                    name = text::escaped(&way.name),
                    time = time(elapsed.median),
                    text = y + 14.0,
                    width = (median - LEFT).max(0.5),
                    middle = y + 10.0,
                ));
                for &run in &way.side.runs {
                    out.push_str(&format!(
                        "<circle class=\"run\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                        x_of(run),
                        y + 10.0
                    ));
                }
                out.push_str(&format!(
                    "<text x=\"{:.1}\" y=\"{:.1}\">{}{faster}</text></g>\n",
                    high + 8.0,
                    y + 14.0,
                    time(elapsed.median)
                ));
            }
        });
    }

    /// A bar for each way, of the shares of its requests' time.
    fn draw_shares(&self, out: &mut String) {
        let phases = phases(&self.sides());
        out.push_str("<ul class=\"legend\">\n");
        for (name, _) in &phases {
            out.push_str(&format!("<li>{} {name}</li>\n", text::key(class_of(name))));
        }
        out.push_str("</ul>\n");
        let told = |way: &Way<'_>| {
            let shares: Vec<_> =
                phases.iter().map(|(name, share)| format!("{name} {}", percent(share(&way.side.shares)))).collect();
            format!("{}: {}", way.name, shares.join(", "))
        };
        let description = self.ways.iter().map(told).collect::<Vec<_>>().join("; ");
        let height = ROW * self.ways.len() as f64 + 4.0;
        svg(out, "phases", (WIDTH, height as u32), "Shares of the requests' time", &description, |out| {
            for (place, way) in self.ways.iter().enumerate() {
                let (y, mut x) = (2.0 + ROW * place as f64, LEFT);
                out.push_str(&format!(
                    "<g><title>{}</title><text x=\"0\" y=\"{:.1}\">{}</text>",
                    text::escaped(&told(way)),
                    y + 14.0,
                    text::escaped(&way.name)
                ));
                for (name, share) in &phases {
                    let width = (f64::from(WIDTH) - LEFT - 8.0) * share(&way.side.shares);
                    out.push_str(&format!(
                        "<rect class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"20\"/>",
                        class_of(name)
                    ));
                    x += width;
                }
                out.push_str("</g>\n");
            }
        });
    }
}

/// The colour of a phase; the table calls connecting tcp, for room.
fn class_of(phase: &str) -> &str {
    if phase == "tcp" { "connect" } else { phase }
}
