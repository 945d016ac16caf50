//! What a run came to, in constant memory: totals, percentiles, grouped failures, and what held it back.

mod failures;
mod held;
#[cfg(test)]
mod tests;

use std::time::Duration;

use hdrhistogram::Histogram;

use self::failures::Failures;
pub use self::failures::{FailureGroup, GroupHost, MAX_GROUPS, Reason};
pub(in crate::fetch) use self::held::own_limit;
pub use self::held::{Bottleneck, Cause, Held, HostHeld, Limits, Rate, Waits};
use super::outcome::Outcome;

/// Three significant digits: a percentile is right to 0.1 %, at 8 KiB for each doubling of the longest time.
const SIGNIFICANT_DIGITS: u8 = 3;

/// Longer times are counted as this one (a day), which keeps the histogram below 256 KiB.
const MAX_TIME: Duration = Duration::from_secs(86_400);

/// Sums over all outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Lines read.
    pub urls: u64,
    /// Those that succeeded.
    pub ok: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those of which an attempt was made: only they have a time.
    pub started: u64,
    /// Bytes of the bodies after content decoding.
    pub bytes: u64,
    /// The same before content decoding.
    pub wire_bytes: u64,
    /// Attempts made.
    pub attempts: u64,
    /// Redirects followed.
    pub redirects: u64,
    /// Outcomes whose last request went over a connection that had served one before.
    pub reused: u64,
}

/// The URL that took longest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slowest {
    /// The line's text, as it was given.
    pub url: String,
    /// `Timings::total`.
    pub time: Duration,
    /// Whether it succeeded.
    pub ok: bool,
}

/// What a run came to. Its size does not depend on how many outcomes were added.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The limits the run had: what a verdict is measured against.
    pub limits: Limits,
    /// Wall time of the run; the caller sets it.
    pub elapsed: Duration,
    /// The last line that was read, when the run was stopped (also where that was the list's last).
    pub stopped_after: Option<u64>,
    /// True when certificates were not checked (`-k`).
    pub certificates_unchecked: bool,
    /// For how long reading paused because finished records waited for an earlier one.
    pub reading_paused: Duration,
    /// Lines that were done before (`--resume`), and are not among the totals.
    pub done_before: u64,
    /// The hosts with limits of their own; the caller sets them.
    pub hosts: Vec<HostHeld>,
    totals: Totals,
    work: Duration,
    times_us: Histogram<u64>,
    quickest: Duration,
    slowest: Option<Slowest>,
    failures: Failures,
    held: Held,
}

impl Summary {
    /// An empty summary of a run under these limits.
    pub fn new(limits: Limits) -> Self {
        Summary {
            limits,
            elapsed: Duration::ZERO,
            stopped_after: None,
            certificates_unchecked: false,
            reading_paused: Duration::ZERO,
            done_before: 0,
            hosts: Vec::new(),
            totals: Totals::default(),
            work: Duration::ZERO,
            times_us: Histogram::new(SIGNIFICANT_DIGITS).expect("1 to 5 digits are valid"),
            quickest: Duration::MAX,
            slowest: None,
            failures: Failures::default(),
            held: Held::default(),
        }
    }

    /// Counts one outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        let totals = &mut self.totals;
        totals.urls += 1;
        totals.bytes = totals.bytes.saturating_add(outcome.bytes);
        totals.wire_bytes = totals.wire_bytes.saturating_add(outcome.wire_bytes);
        totals.attempts += u64::from(outcome.attempts);
        totals.redirects += u64::from(outcome.redirects);
        totals.reused += u64::from(outcome.reused);
        match &outcome.error {
            None => totals.ok += 1,
            Some(failure) => {
                totals.failed += 1;
                self.failures.add(Reason::of(failure, outcome.status), outcome.host.as_deref());
            }
        }
        if outcome.attempts > 0 {
            self.totals.started += 1;
            self.add_time(outcome);
        }
    }

    /// Counts one wait in a queue; a wait of nothing counts for nothing.
    pub fn add_queue(&mut self, cause: Cause, wait: Duration) {
        self.held.add(cause, wait);
    }

    /// Sums so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The sum of all requests' times, however many ran at once.
    pub fn work(&self) -> Duration {
        self.work
    }

    /// The waits by cause.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// The host whose own limit made for most of the waits of this cause, if one did.
    pub fn host_behind(&self, cause: Cause) -> Option<&HostHeld> {
        let most = self.hosts.iter().rev().max_by_key(|host| host.held.of(cause).total)?;
        (most.held.of(cause).total * 2 > self.held.of(cause).total).then_some(most)
    }

    /// The URL that took longest, failures included; none when no attempt was made.
    pub fn slowest(&self) -> Option<&Slowest> {
        self.slowest.as_ref()
    }

    /// The time within which a share (0 to 1) of the started requests ended; none when none started.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let rank = (share.clamp(0.0, 1.0) * self.times_us.len() as f64).ceil() as u64;
        self.at_rank(rank)
    }

    /// The middle time, or halfway between the two middle ones.
    pub fn median(&self) -> Option<Duration> {
        let started = self.times_us.len();
        Some((self.at_rank(started.div_ceil(2))? + self.at_rank(started / 2 + 1)?) / 2)
    }

    /// At most `limit` groups of failures, the largest first; the rest is counted as `GroupHost::Others`.
    pub fn failures(&self, limit: usize) -> Vec<FailureGroup> {
        self.failures.groups(limit)
    }

    /// What held the run back, if one thing did; `elapsed` must be set.
    pub fn verdict(&self) -> Option<Bottleneck> {
        held::verdict(self)
    }

    /// The `rank`th time in ascending order, counted from 1.
    fn at_rank(&self, rank: u64) -> Option<Duration> {
        let slowest = self.slowest.as_ref()?.time;
        let count = self.times_us.len();
        let time_us = self.times_us.value_at_quantile(rank.clamp(1, count) as f64 / count as f64);
        // A bucket answers with its upper end, which may lie beyond the longest time there was.
        Some(Duration::from_micros(time_us).clamp(self.quickest.min(slowest), slowest))
    }

    fn add_time(&mut self, outcome: &Outcome) {
        let time = outcome.timings.total();
        self.work = self.work.saturating_add(time);
        self.quickest = self.quickest.min(time);
        let time_us = time.min(MAX_TIME).as_micros() as u64;
        self.times_us.record(time_us).expect("the histogram grows by itself");
        if self.slowest.as_ref().is_none_or(|slowest| time > slowest.time) {
            self.slowest = Some(Slowest { url: outcome.url.clone(), time, ok: outcome.ok() });
        }
    }
}
