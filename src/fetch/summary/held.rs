//! What held a run back: the waits by cause, and the verdict drawn from them.

use std::fmt;
use std::time::Duration;

use super::{Slowest, Summary};
use crate::fetch::plan::{HostPlan, Plan};
use crate::http::HostPattern;

/// A cause is named when it is at least this share of the requests' lives, and lifting it could save this share of the
/// run: below that it is noise.
const WORTH_NAMING: f64 = 0.10;

/// One URL is the reason when it alone fills this share of the run: then no other change saves more than the rest.
const FILLS_THE_RUN: f64 = 0.80;

/// Nobody waits for a shorter run, and its times are mostly the machine's.
const WORTH_A_WORD: Duration = Duration::from_millis(200);

/// And only when it took this many times the median: equal URLs fetched all at once each fill the run.
const STANDS_OUT: u32 = 2;

/// The limits of a run that decide how fast it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests at once (`-j`), at least 1.
    pub jobs: u32,
    /// Requests at once to one origin (`--per-host`); none: no limit.
    pub per_host: Option<u32>,
    /// Request starts (`--rate`).
    pub rate: Option<Rate>,
}

impl Limits {
    /// Those of a run of `plan`.
    pub fn of(plan: &Plan) -> Limits {
        let number = |most: usize| u32::try_from(most).unwrap_or(u32::MAX);
        Limits { jobs: number(plan.jobs), per_host: plan.per_host.map(|most| number(most.get())), rate: plan.rate }
    }
}

/// So many starts in so much time, evenly spaced. Shows as it was typed: `10/s`, `5/15s`, `3/h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Starts, at least 1.
    pub starts: u32,
    /// In this time.
    pub per: Duration,
}

impl Rate {
    /// The time between two starts.
    pub fn spacing(&self) -> Duration {
        self.per / self.starts.max(1)
    }

    /// The least time that so many starts take: the first needs none.
    pub fn least_time(&self, starts: u64) -> Duration {
        self.per.mul_f64(starts.saturating_sub(1) as f64 / f64::from(self.starts.max(1)))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rate { starts, per } = self;
        match (per.as_secs(), per.subsec_millis()) {
            (1, 0) => write!(f, "{starts}/s"),
            (60, 0) => write!(f, "{starts}/m"),
            (3_600, 0) => write!(f, "{starts}/h"),
            (86_400, 0) => write!(f, "{starts}/d"),
            (seconds, 0) => write!(f, "{starts}/{seconds}s"),
            _ => write!(f, "{starts}/{}ms", per.as_millis()),
        }
    }
}

/// Why a request waited before it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Its origin had `--per-host` requests running.
    PerHost,
    /// `-j` requests were running.
    Jobs,
    /// `--rate`.
    Rate,
    /// Its host's own rate: `rate` of a `[host]`.
    HostRate,
    /// Its origin was held back: Retry-After or back-off.
    Origin,
}

/// The waits of one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many times a request waited.
    pub count: u64,
    /// For how long, summed.
    pub total: Duration,
}

impl Waits {
    /// The mean wait of those that waited.
    pub fn mean(&self) -> Duration {
        self.total.div_f64(self.count.max(1) as f64)
    }
}

/// The waits by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// See [`Cause::PerHost`].
    pub per_host: Waits,
    /// See [`Cause::Jobs`].
    pub jobs: Waits,
    /// See [`Cause::Rate`].
    pub rate: Waits,
    /// See [`Cause::HostRate`].
    pub host_rate: Waits,
    /// See [`Cause::Origin`].
    pub origin: Waits,
}

impl Held {
    /// The waits of one cause.
    pub fn of(&self, cause: Cause) -> Waits {
        self.causes().into_iter().find(|&(named, _)| named == cause).expect("every cause is listed").1
    }

    /// In the order of precedence, should two be equal.
    pub(in crate::fetch) fn causes(&self) -> [(Cause, Waits); 5] {
        [
            (Cause::PerHost, self.per_host),
            (Cause::Rate, self.rate),
            (Cause::HostRate, self.host_rate),
            (Cause::Origin, self.origin),
            (Cause::Jobs, self.jobs),
        ]
    }

    pub(in crate::fetch) fn add(&mut self, cause: Cause, wait: Duration) {
        if wait.is_zero() {
            return;
        }
        let waits = match cause {
            Cause::PerHost => &mut self.per_host,
            Cause::Jobs => &mut self.jobs,
            Cause::Rate => &mut self.rate,
            Cause::HostRate => &mut self.host_rate,
            Cause::Origin => &mut self.origin,
        };
        waits.count += 1;
        waits.total = waits.total.saturating_add(wait);
    }
}

/// A host with limits of its own (`[host]`), and the waits that they caused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostHeld {
    /// Which, as its pattern is written.
    pub host: String,
    /// Its own limit of requests at once.
    pub per_host: Option<u32>,
    /// Its own rate.
    pub rate: Option<Rate>,
    /// The waits.
    pub held: Held,
}

impl HostHeld {
    pub(in crate::fetch) fn of(pattern: &HostPattern, plan: &HostPlan, held: Held) -> HostHeld {
        HostHeld { host: pattern.to_string(), per_host: own_limit(plan).flatten(), rate: plan.rate, held }
    }
}

/// What a host says of its requests at once; none inside: no limit.
pub(in crate::fetch) fn own_limit(plan: &HostPlan) -> Option<Option<u32>> {
    Some(plan.per_host?.map(|most| u32::try_from(most.get()).unwrap_or(u32::MAX)))
}

/// What held a run back most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bottleneck {
    /// One URL took as long as nearly the whole run.
    OneUrl(Slowest),
    /// Requests waited.
    Queue {
        /// For what.
        cause: Cause,
        /// How often and how long.
        waits: Waits,
        /// The most that the run could be shorter without it.
        up_to: Duration,
    },
}

/// A slow URL first, because it is a bound on the whole run; then the longest queue.
pub(super) fn verdict(summary: &Summary) -> Option<Bottleneck> {
    let elapsed = summary.elapsed;
    if elapsed < WORTH_A_WORD {
        return None;
    }
    if let Some(slowest) = one_url(summary) {
        return Some(Bottleneck::OneUrl(slowest.clone()));
    }
    let causes = summary.held().causes();
    let lives = causes.iter().map(|(_, waits)| waits.total).sum::<Duration>() + summary.work();
    // `max_by_key` takes the last of equals, so the order of precedence is walked backwards.
    let (cause, waits) = causes.into_iter().rev().max_by_key(|(_, waits)| waits.total)?;
    let up_to = elapsed.saturating_sub(least_time_without(summary, cause));
    let weighs = !waits.total.is_zero() && waits.total >= lives.mul_f64(WORTH_NAMING);
    (weighs && up_to >= elapsed.mul_f64(WORTH_NAMING)).then_some(Bottleneck::Queue { cause, waits, up_to })
}

/// A failed one is not named here: the table of failures does that.
fn one_url(summary: &Summary) -> Option<&Slowest> {
    let slowest = summary.slowest().filter(|slowest| slowest.ok && summary.totals().started > 1)?;
    let usual = summary.percentile(0.5)?;
    let fills = slowest.time >= summary.elapsed.mul_f64(FILLS_THE_RUN);
    (fills && slowest.time >= usual * STANDS_OUT).then_some(slowest)
}

/// The run cannot be shorter than its slowest URL, nor than what its other limits allow.
fn least_time_without(summary: &Summary, cause: Cause) -> Duration {
    let mut least = summary.slowest().map_or(Duration::ZERO, |slowest| slowest.time);
    if cause != Cause::Jobs {
        least = least.max(summary.work() / summary.limits.jobs.max(1));
    }
    if cause != Cause::Rate
        && let Some(rate) = summary.limits.rate
    {
        let totals = summary.totals();
        least = least.max(rate.least_time(totals.attempts + totals.redirects));
    }
    least
}
