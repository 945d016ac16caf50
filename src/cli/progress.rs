//! One live line on standard error while a run goes on, gone when it is done; or plain lines at intervals.

use std::time::{Duration, Instant};

use gfetch::fetch::summary::Summary;
use gfetch::green::{self, Greenlet};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args;
use super::render::units;

/// Drawn at most so often a second.
const DRAWS_PER_SECOND: u8 = 10;
const TICK: Duration = Duration::from_millis(100);
/// Plain lines come in this distance.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

pub struct Progress {
    kind: Kind,
}

enum Kind {
    Live { bar: ProgressBar, ticker: Greenlet<()> },
    Plain(Instant),
    None,
}

impl Progress {
    pub fn new(kind: args::Progress) -> Progress {
        let kind = match kind {
            args::Progress::Live => live(),
            args::Progress::Plain => Kind::Plain(Instant::now()),
            args::Progress::None => Kind::None,
        };
        Progress { kind }
    }

    /// The live line, for the streams that share its terminal.
    pub fn bar(&self) -> Option<ProgressBar> {
        match &self.kind {
            Kind::Live { bar, .. } => Some(bar.clone()),
            Kind::Plain(_) | Kind::None => None,
        }
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
            Kind::Live { bar, .. } => bar.set_message(message()),
            Kind::Plain(last) if last.elapsed() >= PLAIN_EVERY => {
                *last = Instant::now();
                super::complain(message());
            }
            Kind::Plain(_) | Kind::None => {}
        }
    }

    /// Takes the line away for good.
    pub fn finish(&mut self) {
        if let Kind::Live { bar, ticker } = &self.kind {
            ticker.kill_nowait();
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A line that a greenlet redraws, so that it moves also while nothing comes.
fn live() -> Kind {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
    bar.set_style(ProgressStyle::with_template("{spinner} {msg}  {elapsed}").expect("a template of ours"));
    let ticked = bar.clone();
    let ticker = green::spawn(move || {
        while green::sleep(TICK).is_ok() {
            ticked.tick();
        }
    });
    Kind::Live { bar, ticker }
}

fn state(summary: &Summary) -> String {
    let totals = summary.totals();
    format!("{} done, {} failed, {}", totals.ok, totals.failed, units::size(totals.bytes))
}
