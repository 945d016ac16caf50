//! The least time that the list could have taken in parallel, and what sets it.

use std::time::Duration;

use super::runs::{Run, Runs};
use crate::fetch::summary::{Limits, Rate};

/// A parallel run that comes this close to its bound is at it: more jobs would not make it shorter.
const AT_THE_BOUND: f64 = 1.10;

/// What sets the least time.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// One URL takes as long.
    OneUrl {
        /// The list's text.
        url: String,
        /// Its median serial time.
        time: Duration,
    },
    /// All requests' time, so many at once.
    Jobs {
        /// `-j`.
        limit: u32,
        /// The sum of the requests' median serial times.
        work: Duration,
    },
    /// The time of one origin's requests, so many at once.
    PerHost {
        /// `scheme://host`, with the port where it is not the scheme's own.
        origin: String,
        /// `--per-host`.
        limit: u32,
        /// The sum of its requests' median serial times.
        work: Duration,
    },
    /// The starts are spread over as long.
    Rate {
        /// `--rate`.
        rate: Rate,
        /// Starts, redirects included.
        starts: u64,
        /// The time they take.
        time: Duration,
    },
}

/// The least time, with what sets it.
pub(super) struct Floor {
    pub(super) time: Duration,
    pub(super) bound: Bound,
}

/// The longest of all bounds. Of equal ones the first listed is named: it cannot be lifted by an option.
pub(super) fn floor(
    runs: &Runs,
    serial: &[&Run],
    parallel: &[&Run],
    limits: &Limits,
    url_at: impl Fn(usize) -> String,
) -> Floor {
    let times = median_times(runs.urls(), serial);
    let mut floor = one_url(&times, url_at);
    let mut raise = |candidate: Option<Floor>| {
        if let Some(candidate) = candidate.filter(|candidate| candidate.time > floor.time) {
            floor = candidate;
        }
    };
    raise(per_host(runs, &times, serial, limits));
    raise(rate(parallel, limits));
    raise(Some(jobs(&times, limits)));
    floor
}

/// The `-j` above which nothing is gained: the number of URLs always; the present one when a slow URL bounds the run
/// and the run came down to it. (A slow URL at the list's end may leave a run far above its bound: then nothing is said.)
pub(super) fn jobs_enough(floor: &Floor, urls: usize, jobs: u32, parallel: Duration) -> Option<u32> {
    if !matches!(floor.bound, Bound::OneUrl { .. }) {
        return None;
    }
    let urls = u32::try_from(urls).unwrap_or(u32::MAX);
    (urls <= jobs || parallel <= floor.time.mul_f64(AT_THE_BOUND)).then_some(urls.min(jobs))
}

/// Each URL's median over the serial runs, where nothing else ran beside it.
fn median_times(urls: usize, serial: &[&Run]) -> Vec<Duration> {
    let mut own: Vec<u32> = Vec::with_capacity(serial.len());
    let median_of = |index: usize| {
        own.clear();
        own.extend(serial.iter().map(|run| run.samples[index].time_us));
        own.sort_unstable();
        let middle = |place: usize| Duration::from_micros(own.get(place).copied().unwrap_or(0).into());
        (middle(own.len().saturating_sub(1) / 2) + middle(own.len() / 2)) / 2
    };
    (0..urls).map(median_of).collect()
}

fn one_url(times: &[Duration], url_at: impl Fn(usize) -> String) -> Floor {
    let slowest = times.iter().enumerate().rev().max_by_key(|&(_, &time)| time);
    let (url, time) = slowest.map_or((String::new(), Duration::ZERO), |(index, &time)| (url_at(index), time));
    Floor { time, bound: Bound::OneUrl { url, time } }
}

fn jobs(times: &[Duration], limits: &Limits) -> Floor {
    let limit = limits.jobs.max(1);
    let work = times.iter().sum::<Duration>();
    Floor { time: work / limit, bound: Bound::Jobs { limit, work } }
}

fn per_host(runs: &Runs, times: &[Duration], serial: &[&Run], limits: &Limits) -> Option<Floor> {
    let limit = limits.per_host.filter(|&limit| limit > 0)?;
    let mut work = vec![Duration::ZERO; runs.origin_count()];
    for (sample, &time) in serial.first()?.samples.iter().zip(times) {
        if let Some(origin) = sample.origin {
            work[origin as usize] += time;
        }
    }
    let (origin, &work) = work.iter().enumerate().rev().max_by_key(|&(_, &work)| work)?;
    let origin = runs.origin(origin as u32).to_owned();
    Some(Floor { time: work / limit, bound: Bound::PerHost { origin, limit, work } })
}

fn rate(parallel: &[&Run], limits: &Limits) -> Option<Floor> {
    let rate = limits.rate?;
    let starts = parallel.iter().map(|run| run.starts).min()?;
    let time = rate.least_time(starts);
    Some(Floor { time, bound: Bound::Rate { rate, starts, time } })
}
