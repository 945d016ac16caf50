//! When each request ran and where its time went: the slowest, kept in bounded memory, drawn at the end.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::{Duration, SystemTime};

use gfetch::fetch::outcome::{Outcome, Timings};

use super::chart::{mark, step, svg};
use super::text;
use crate::cli::render::units::{counted, time};
use crate::cli::render::{Redact, cut};

/// So many rows are drawn: more would be neither read nor scrolled through.
const ROWS: usize = 100;

const WIDTH: u32 = 960;
const LEFT: f64 = 264.0;
const RIGHT: f64 = 900.0;
const TOP: f64 = 28.0;
const ROW: f64 = 18.0;
/// Columns of a URL, in the drawing's own monospaced letters.
const LABEL: usize = 36;

/// The phases in their order, with the class of their colour.
const PHASES: [&str; 8] = ["queue", "retries", "dns", "connect", "tls", "send", "wait", "receive"];

/// The slowest requests so far.
pub struct Waterfall {
    slowest: BinaryHeap<Reverse<Span>>,
    /// How many had a time at all.
    started: u64,
    /// When the first of all began to wait, and the last ended.
    ends: Option<(SystemTime, SystemTime)>,
}

struct Span {
    index: u64,
    label: String,
    ok: bool,
    /// The beginning of the first attempt.
    started: SystemTime,
    timings: Timings,
}

impl Span {
    fn begin(&self) -> SystemTime {
        self.started.checked_sub(self.timings.queue).unwrap_or(self.started)
    }

    fn phases(&self) -> [Duration; 8] {
        let Timings { queue, dns, connect, tls, send, wait, receive, retries } = self.timings;
        let [dns, connect, tls, send, wait, receive] =
            [dns, connect, tls, send, wait, receive].map(Option::unwrap_or_default);
        [queue, retries, dns, connect, tls, send, wait, receive]
    }

    /// `http://a.example/: queue 1.0 ms, wait 300 ms`
    fn told(&self) -> String {
        let phases = PHASES.iter().zip(self.phases()).filter(|(_, phase)| !phase.is_zero());
        let phases: Vec<_> = phases.map(|(name, phase)| format!("{name} {}", time(phase))).collect();
        format!("{}: {}{}", self.label, phases.join(", "), if self.ok { "" } else { "; failed" })
    }

    /// The longer first; of equals the earlier.
    fn rank(&self) -> (Duration, Reverse<u64>) {
        (self.timings.total(), Reverse(self.index))
    }
}

impl Ord for Span {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Span {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Span {}

impl Waterfall {
    pub fn new() -> Waterfall {
        Waterfall { slowest: BinaryHeap::new(), started: 0, ends: None }
    }

    pub fn add(&mut self, outcome: &Outcome, redact: Redact) {
        let Some(started) = outcome.started else { return };
        self.started += 1;
        let total = outcome.timings.total();
        let begin = started.checked_sub(outcome.timings.queue).unwrap_or(started);
        let end = started.checked_add(total).unwrap_or(started);
        let (first, last) = self.ends.unwrap_or((begin, end));
        self.ends = Some((first.min(begin), last.max(end)));
        if self.slowest.len() >= ROWS
            && self.slowest.peek().is_some_and(|Reverse(least)| least.timings.total() >= total)
        {
            return;
        }
        let label = text::url(&outcome.url, redact).into_owned();
        let span = Span { index: outcome.index, label, ok: outcome.ok(), started, timings: outcome.timings };
        self.slowest.push(Reverse(span));
        if self.slowest.len() > ROWS {
            self.slowest.pop();
        }
    }

    /// What is drawn, in a sentence.
    pub fn caption(&self) -> String {
        match self.started > ROWS as u64 {
            true => {
                format!("The {ROWS} slowest of {}, in the order in which they began.", counted(self.started, "URL"))
            }
            false => format!("{}, in the order in which they began.", counted(self.started, "URL")),
        }
    }

    /// Draws it with its legend; nothing when nothing was asked.
    pub fn draw(&self, out: &mut String) {
        let Some((first, last)) = self.ends else { return };
        let mut spans: Vec<&Span> = self.slowest.iter().map(|Reverse(span)| span).collect();
        spans.sort_by_key(|span| (span.begin(), span.index));
        let whole = last.duration_since(first).unwrap_or_default().max(Duration::from_micros(1));
        legend(out, &spans);
        let height = TOP + ROW * spans.len() as f64 + 8.0;
        let description = format!(
            "A waterfall of {} within {}: each row is a URL, each part of its bar a phase. The table below has their times.",
            counted(spans.len() as u64, "URL"),
            time(whole)
        );
        svg(
            out,
            "waterfall",
            (WIDTH, height as u32),
            "When each URL was fetched, and where its time went",
            &description,
            |out| {
                grid(out, whole, height);
                for (place, span) in spans.iter().enumerate() {
                    let offset = span.begin().duration_since(first).unwrap_or_default();
                    row(out, span, offset, whole, TOP + ROW * place as f64);
                }
            },
        );
    }
}

fn x_of(at: Duration, whole: Duration) -> f64 {
    LEFT + (RIGHT - LEFT) * at.div_duration_f64(whole)
}

fn grid(out: &mut String, whole: Duration, height: f64) {
    let step = step(whole, 6);
    for number in 0..=(whole.div_duration_f64(step) as u32) {
        let at = step * number;
        let x = x_of(at, whole);
        out.push_str(&format!(
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{height:.1}\"/>\
             <text x=\"{x:.1}\" y=\"16\" text-anchor=\"middle\">{}</text>\n",
            TOP - 6.0,
            mark(at)
        ));
    }
}

fn row(out: &mut String, span: &Span, offset: Duration, whole: Duration, y: f64) {
    let label = span.label.strip_prefix("http://").or(span.label.strip_prefix("https://")).unwrap_or(&span.label);
    let label = cut::middle(label, LABEL);
    out.push_str(&format!(
        "<g><title>{}</title><text class=\"url{}\" x=\"0\" y=\"{:.1}\">{}</text>",
        text::escaped(&span.told()),
        if span.ok { "" } else { " bad" },
        y + 12.0,
        text::escaped(&label)
    ));
    let mut at = offset;
    for (name, phase) in PHASES.iter().zip(span.phases()).filter(|(_, phase)| !phase.is_zero()) {
        let x = x_of(at, whole);
        at += phase;
        let width = (x_of(at, whole) - x).max(0.5);
        out.push_str(&format!(
            "<rect class=\"{name}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"10\"/>",
            y + 3.0
        ));
    }
    let end = x_of(at, whole) + 4.0;
    out.push_str(&format!("<text x=\"{end:.1}\" y=\"{:.1}\">{}</text></g>\n", y + 12.0, time(span.timings.total())));
}

/// Which colour is which phase: those that took any time, with their share.
fn legend(out: &mut String, spans: &[&Span]) {
    let mut sums = [Duration::ZERO; 8];
    for span in spans {
        sums.iter_mut().zip(span.phases()).for_each(|(sum, phase)| *sum += phase);
    }
    let all = sums.iter().sum::<Duration>().max(Duration::from_nanos(1));
    out.push_str("<ul class=\"legend\">\n");
    for (name, sum) in PHASES.iter().zip(sums).filter(|(_, sum)| !sum.is_zero()) {
        let share = match sum.div_duration_f64(all) * 100.0 {
            ..0.5 => "&lt;1 %".to_owned(),
            share => format!("{share:.0} %"),
        };
        out.push_str(&format!("<li>{} {name} <span class=\"muted\">{share}</span></li>\n", text::key(name)));
    }
    out.push_str("</ul>\n");
}
