//! The least time that the list could have taken in parallel, and what sets it.

use std::time::Duration;

use url::Url;

use super::runs::{Run, Runs};
use crate::fetch::plan::HostPlan;
use crate::fetch::summary::{Limits, Rate, own_limit};
use crate::http::HostPattern;
use crate::http::origin::Origin;

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
        /// Whose own limit it is (`[host]`, as its pattern is written); none: `--per-host`.
        host: Option<String>,
        /// So many at once.
        limit: u32,
        /// The sum of its requests' median serial times.
        work: Duration,
    },
    /// The starts are spread over as long.
    Rate {
        /// Whose own rate it is (`[host]`); none: `--rate`.
        host: Option<String>,
        /// So many starts in so much time.
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
    raise(host_rate(runs, parallel));
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
    let names = runs.origin_names();
    let mut work = vec![Duration::ZERO; names.len()];
    for (sample, &time) in serial.first()?.samples.iter().zip(times) {
        if let Some(origin) = sample.origin {
            work[origin as usize] += time;
        }
    }
    let bounds = names.iter().zip(work).filter_map(|(name, work)| {
        let own = own(runs, name, own_limit);
        let limit = own.as_ref().map_or(limits.per_host, |(_, own)| *own).filter(|&limit| limit > 0)?;
        Some((work / limit, name, own.map(|(host, _)| host), limit, work))
    });
    let (time, name, host, limit, work) = bounds.rev().max_by_key(|bound| bound.0)?;
    let (origin, host) = ((*name).to_owned(), host.map(HostPattern::to_string));
    Some(Floor { time, bound: Bound::PerHost { origin, host, limit, work } })
}

fn rate(parallel: &[&Run], limits: &Limits) -> Option<Floor> {
    let rate = limits.rate?;
    let starts = parallel.iter().map(|run| run.starts).min()?;
    let time = rate.least_time(starts);
    Some(Floor { time, bound: Bound::Rate { host: None, rate, starts, time } })
}

/// The starts to an origin with a rate of its own: redirects are not told apart, so that there may be more.
fn host_rate(runs: &Runs, parallel: &[&Run]) -> Option<Floor> {
    if runs.own.is_empty() {
        return None;
    }
    let names = runs.origin_names();
    let mut starts = vec![0; names.len()];
    for origin in parallel.first()?.samples.iter().filter_map(|sample| sample.origin) {
        starts[origin as usize] += 1;
    }
    let floors = names.iter().zip(starts).filter_map(|(name, starts)| {
        let (host, rate) = own(runs, name, |plan| plan.rate)?;
        let time = rate.least_time(starts);
        Some(Floor { time, bound: Bound::Rate { host: Some(host.to_string()), rate, starts, time } })
    });
    floors.rev().max_by_key(|floor| floor.time)
}

/// What the narrowest pattern says of an origin, and that pattern.
fn own<'a, T>(runs: &'a Runs, origin: &str, said: impl Fn(&HostPlan) -> Option<T>) -> Option<(&'a HostPattern, T)> {
    if runs.own.is_empty() {
        return None;
    }
    let origin = Origin::of(&Url::parse(origin).ok()?)?;
    let (place, said) = runs.own.who_says(&origin, said)?;
    Some((runs.own.iter().nth(place)?.0, said))
}
