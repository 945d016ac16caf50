//! The comparison of a list fetched serially and in parallel: runs in, an honest verdict out. [`Comparing`] makes the runs.
//!
//! ```text
//! warm-up   pair 0               pair 1               pair 2
//! parallel  serial  parallel     parallel  serial     serial  parallel   …
//!             └─ ratio ─┘          └─ ratio ─┘          └─ ratio ─┘
//!                       speed-up: their median and range
//! ```
//!
//! Several widths are compared in the same way: rounds instead of pairs, each a run of every width, the order rotating.

mod bound;
mod growth;
mod listing;
mod run;
mod runs;
#[cfg(test)]
mod tests;
mod trouble;
mod widths;

use std::time::Duration;

pub use self::bound::Bound;
pub use self::listing::{Listing, MAX_ENTRIES, MAX_LIST_BYTES, Unfit};
pub use self::run::{Comparing, RunBegins, Unfinished};
pub use self::runs::{Mode, Runs};
use self::runs::{Phases, Run};
pub use self::trouble::{Difference, Listed, MAX_LISTED, Trouble, Why};
pub use self::widths::{Width, Widths};
use super::summary::Limits;

/// The pairs of runs may take this long together where `--runs` does not say how many.
pub const PAIRS_BUDGET: Duration = Duration::from_secs(20);

/// More pairs are not made by default: of six, the range is at least a 97 % interval for the median (1 − 2 · 0.5⁶).
pub const MOST_PAIRS: usize = 6;

/// A thread that works for this share of the time waits for nobody.
const BUSY: f64 = 0.85;

/// How many pairs fit into [`PAIRS_BUDGET`] when one takes this long: 1 to 6. See [`Runs::round_time`].
pub fn pairs_that_fit(pair: Duration) -> usize {
    let fit = PAIRS_BUDGET.as_nanos() / pair.as_nanos().max(1);
    usize::try_from(fit).unwrap_or(MOST_PAIRS).clamp(1, MOST_PAIRS)
}

/// The order within a pair or round, counted from 0: it rotates, so that nothing always comes first.
pub fn order(modes: &[Mode], round: usize) -> Vec<Mode> {
    let mut modes = modes.to_vec();
    let by = round.checked_rem(modes.len()).unwrap_or(0);
    modes.rotate_left(by);
    modes
}

/// What was compared, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What was fetched, and how often.
    pub size: Size,
    /// What came of it.
    pub verdict: Verdict,
}

/// What was fetched, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// URLs in the list.
    pub urls: usize,
    /// Different hosts among them.
    pub hosts: usize,
    /// Runs that were not measured.
    pub warm_ups: usize,
    /// Pairs of measured runs, or rounds where widths are compared.
    pub pairs: usize,
    /// How many widths are compared; none: serial and parallel.
    pub widths: usize,
}

impl Size {
    /// The requests of all runs, redirects and retries apart.
    pub fn requests(&self) -> u64 {
        let a_round = if self.widths == 0 { 2 } else { self.widths };
        self.urls as u64 * (self.warm_ups as u64 + a_round as u64 * self.pairs as u64)
    }
}

/// Whether the runs can be compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A URL failed or changed its status in some run, or no pair was completed (then the list is empty).
    NotComparable(Listed<Trouble>),
    /// They can.
    Measured(Box<Measured>),
    /// They can, and several widths were compared.
    Widths(Box<Widths>),
}

/// All that was possible may be reached, and clocks round: a single pair may go so far beyond it, as a share of what can be
/// gained.
const A_HAIR: f64 = 0.05;

/// The figures of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Bytes of all bodies in the first run.
    pub bytes: u64,
    /// Bodies that were not the same in all runs.
    pub differing: Listed<Difference>,
    /// The serial runs.
    pub serial: Side,
    /// The parallel runs.
    pub parallel: Side,
    /// Serial over parallel time, of each pair; below 1: parallel was slower.
    pub speed_up: Spread<f64>,
    /// The most that the speed-up could have been.
    pub possible: f64,
    /// What sets that.
    pub bound: Bound,
    /// A `-j` above this cannot help, where that is certain.
    pub jobs_enough: Option<u32>,
    /// How many times as long the server and the line took over a request in parallel.
    pub growth: Spread<f64>,
}

impl Measured {
    /// False when the pairs' ratios lie on both sides of 1; when nothing can run beside anything (a single URL); and when
    /// a single pair goes beyond what is possible by more than a twentieth of the gain: then that is the machine's noise.
    pub fn shows_a_difference(&self) -> bool {
        let is_alone = self.jobs_enough == Some(1);
        let beyond = self.speed_up.median - self.possible;
        let is_noise = self.serial.runs.len() < 2 && beyond > (self.possible - 1.0) * A_HAIR;
        (self.speed_up.low > 1.0 || self.speed_up.high < 1.0) && !is_alone && !is_noise
    }

    /// Whether a single request grew slower in parallel: then the server or the line is the bottleneck, or gfetch itself
    /// where [`Side::was_busy`].
    pub fn requests_grew(&self) -> bool {
        growth::is_shown(self.growth)
    }
}

/// One mode's runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Wall time of a run.
    pub elapsed: Spread<Duration>,
    /// Wall times in the order of the pairs.
    pub runs: Vec<Duration>,
    /// The median time of a request, over all runs.
    pub request: Duration,
    /// Where the requests' time went.
    pub shares: Shares,
    /// The share of the runs' time for which the fetching thread was busy, 0 to 1.
    pub busy: f64,
}

impl Side {
    /// Whether gfetch itself was the bottleneck: its thread had hardly anything to wait for.
    pub fn was_busy(&self) -> bool {
        self.busy >= BUSY
    }
}

/// Shares of the requests' time, 0 to 1; sending and retries make up the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    /// Name look-up.
    pub dns: f64,
    /// TCP connect.
    pub connect: f64,
    /// TLS handshake; none when no request used TLS.
    pub tls: Option<f64>,
    /// Waiting for the first byte.
    pub wait: f64,
    /// Receiving the body.
    pub receive: f64,
}

/// A median with its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread<T> {
    /// The middle one, or halfway between the middle two.
    pub median: T,
    /// The least.
    pub low: T,
    /// The greatest.
    pub high: T,
}

impl Spread<f64> {
    /// None of nothing.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let median = (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0;
        Some(Spread { median, low, high })
    }
}

impl Spread<Duration> {
    fn of_times(times: &[Duration]) -> Option<Self> {
        let seconds = Spread::of(times.iter().map(Duration::as_secs_f64).collect())?;
        let [median, low, high] = [seconds.median, seconds.low, seconds.high].map(Duration::from_secs_f64);
        Some(Spread { median, low, high })
    }
}

impl Runs {
    /// The verdict on the runs so far. `url_at` gives the list's text at an index.
    pub fn comparison(&self, limits: &Limits, url_at: impl Fn(usize) -> String) -> Comparison {
        let rounds = self.rounds();
        let widths = self.modes().iter().filter(|mode| matches!(mode, Mode::Jobs(_))).count();
        let (urls, hosts, warm_ups) = (self.urls(), self.hosts(), self.warm_ups());
        let size = Size { urls, hosts, warm_ups, pairs: rounds.len(), widths };
        let troubles = trouble::troubles(self, &url_at);
        let measured = || match widths {
            0 => Some(Verdict::Measured(Box::new(self.measure(&rounds, limits, &url_at)?))),
            _ => Some(Verdict::Widths(Box::new(widths::measure(self, &rounds, limits, &url_at)?))),
        };
        let verdict = match troubles.total {
            0 => measured().unwrap_or(Verdict::NotComparable(troubles)),
            _ => Verdict::NotComparable(troubles),
        };
        Comparison { size, verdict }
    }

    /// None without a pair.
    fn measure(&self, pairs: &[Vec<&Run>], limits: &Limits, url_at: &impl Fn(usize) -> String) -> Option<Measured> {
        let (serial_runs, parallel_runs) = (column(pairs, 0), column(pairs, 1));
        let (serial, parallel) = (side(&serial_runs)?, side(&parallel_runs)?);
        let floor = bound::floor(self, &serial_runs, &parallel_runs, limits, url_at);
        Some(Measured {
            bytes: self.first()?.bytes(),
            differing: trouble::differences(self, url_at),
            speed_up: speed_up(&serial, &parallel)?,
            possible: ratio(serial.elapsed.median, floor.time),
            jobs_enough: bound::jobs_enough(&floor, self.urls(), limits.jobs, parallel.elapsed.median),
            growth: growth::between(&serial_runs, &parallel_runs)?,
            bound: floor.bound,
            serial,
            parallel,
        })
    }
}

/// The runs of one mode, by its place in each round.
fn column<'a>(rounds: &[Vec<&'a Run>], place: usize) -> Vec<&'a Run> {
    rounds.iter().filter_map(|round| round.get(place).copied()).collect()
}

/// The ratios of the times of one side over the other's, round by round.
fn speed_up(of: &Side, over: &Side) -> Option<Spread<f64>> {
    Spread::of(of.runs.iter().zip(&over.runs).map(|(&of, &over)| ratio(of, over)).collect())
}

/// A run that took no time at all (a virtual clock) counts as a nanosecond.
fn ratio(of: Duration, over: Duration) -> f64 {
    let nanosecond = Duration::from_nanos(1);
    of.max(nanosecond).div_duration_f64(over.max(nanosecond))
}

fn side(runs: &[&Run]) -> Option<Side> {
    let elapsed: Vec<Duration> = runs.iter().filter_map(|run| run.elapsed).collect();
    let times: Vec<f64> = runs.iter().flat_map(|run| run.times()).map(|time| time.as_secs_f64()).collect();
    let mut phases = Phases::default();
    runs.iter().for_each(|run| phases.add(&run.phases));
    Some(Side {
        request: Duration::from_secs_f64(Spread::of(times)?.median),
        shares: phases.shares(),
        busy: ratio(runs.iter().map(|run| run.used).sum(), elapsed.iter().sum()).min(1.0),
        elapsed: Spread::of_times(&elapsed)?,
        runs: elapsed,
    })
}
