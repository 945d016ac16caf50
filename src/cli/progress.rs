//! One live line on standard error while a run goes on, gone when it is done; or plain lines at intervals.

use std::time::{Duration, Instant};

use gfetch::fetch::summary::Summary;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args;
use super::render::units;

/// Drawn at most so often a second.
const DRAWS_PER_SECOND: u8 = 10;
/// Plain lines come in this distance.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

pub struct Progress {
    kind: Kind,
}

enum Kind {
    Live(ProgressBar),
    Plain(Instant),
    None,
}

impl Progress {
    pub fn new(kind: args::Progress) -> Progress {
        let kind = match kind {
            args::Progress::Live => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
                bar.set_style(ProgressStyle::with_template("{spinner} {msg}  {elapsed}").expect("a template of ours"));
                Kind::Live(bar)
            }
            args::Progress::Plain => Kind::Plain(Instant::now()),
            args::Progress::None => Kind::None,
        };
        Progress { kind }
    }

    /// Says how far the run is.
    pub fn show(&mut self, summary: &Summary) {
        self.say_of(|| state(summary));
    }

    /// Says something else: which of several runs this is.
    pub fn say(&mut self, message: String) {
        self.say_of(|| message);
    }

    fn say_of(&mut self, message: impl FnOnce() -> String) {
        match &mut self.kind {
            Kind::Live(bar) => {
                bar.set_message(message());
                bar.tick();
            }
            Kind::Plain(last) if last.elapsed() >= PLAIN_EVERY => {
                *last = Instant::now();
                eprintln!("gfetch: {}", message());
            }
            Kind::Plain(_) | Kind::None => {}
        }
    }

    /// Takes the line away, before anything else is written to the terminal.
    pub fn hide(&mut self) {
        if let Kind::Live(bar) = &self.kind {
            bar.suspend(|| ());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Kind::Live(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

fn state(summary: &Summary) -> String {
    let totals = summary.totals();
    format!("{} done, {} failed, {}", totals.ok, totals.failed, units::size(totals.bytes))
}
