//! What is kept of the runs of a comparison: 48 bytes for each URL of each run, and the sums.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::Shares;
use crate::fetch::outcome::{Kind, Outcome, Timings};
use crate::fetch::plan::Hosts;

/// How a run fetched its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One after another.
    Serial,
    /// In a pool, as wide as the plan says.
    Parallel,
    /// So many at once, whatever the plan says; 1: one after another.
    Jobs(u32),
}

/// All runs of one list: begin a run, add its outcomes in any order, end it.
#[derive(Debug)]
pub struct Runs {
    urls: usize,
    /// What each round is made of; a pair is a round of two.
    modes: Box<[Mode]>,
    hosts: HashSet<Box<str>>,
    /// Origins by number.
    origins: HashMap<Box<str>, u32>,
    /// What some hosts have in place of the limits of all.
    pub(super) own: Hosts,
    runs: Vec<Run>,
}

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) mode: Mode,
    pub(super) warm_up: bool,
    /// None until it has ended.
    pub(super) elapsed: Option<Duration>,
    /// CPU time of the thread that fetched.
    pub(super) used: Duration,
    /// By the outcomes' index.
    pub(super) samples: Vec<Sample>,
    pub(super) phases: Phases,
    /// Attempts and redirects: what `--rate` counts.
    pub(super) starts: u64,
}

/// One URL in one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// The first half of the body's SHA-256: 128 bits still tell apart any two bodies that were not made to collide.
    pub(super) digest: [u8; 16],
    pub(super) bytes: u64,
    /// Up to 71 minutes; longer times count as that.
    pub(super) time_us: u32,
    /// The part of it that the server and the line took: from sending to the last byte.
    pub(super) served_us: u32,
    /// The origin that all of its time belongs to, if there is one.
    pub(super) origin: Option<u32>,
    pub(super) status: Option<u16>,
    pub(super) failed: Option<Kind>,
}

impl Sample {
    /// What holds until the URL's outcome arrives: it never did.
    const MISSING: Sample = Sample {
        digest: [0; 16],
        bytes: 0,
        time_us: 0,
        served_us: 0,
        origin: None,
        status: None,
        failed: Some(Kind::Cancelled),
    };
}

impl Runs {
    /// Room for pairs of runs of a list of so many URLs.
    pub fn new(urls: usize) -> Self {
        Runs::of(urls, [Mode::Serial, Mode::Parallel])
    }

    /// Room for rounds of runs, one in each of these modes.
    pub fn of(urls: usize, modes: impl Into<Box<[Mode]>>) -> Self {
        let modes = modes.into();
        Runs { urls, modes, hosts: HashSet::new(), origins: HashMap::new(), own: Hosts::default(), runs: Vec::new() }
    }

    /// The same where some hosts have limits of their own.
    pub fn under(self, own: Hosts) -> Self {
        Runs { own, ..self }
    }

    /// Begins a run. The measured ones come in rounds: one in each mode, in any order.
    pub fn begin(&mut self, mode: Mode, warm_up: bool) {
        let samples = vec![Sample::MISSING; self.urls];
        self.runs.push(Run {
            mode,
            warm_up,
            elapsed: None,
            used: Duration::ZERO,
            samples,
            phases: Phases::default(),
            starts: 0,
        });
    }

    /// Adds an outcome to the run begun last; one without a place in the list is passed over.
    pub fn add(&mut self, outcome: &Outcome) {
        if let Some(host) = &outcome.host
            && !self.hosts.contains(&**host)
        {
            self.hosts.insert((**host).into());
        }
        let origin = only_origin(outcome).map(|origin| self.number_of(origin));
        let Some(run) = self.runs.last_mut() else { return };
        let Some(sample) = usize::try_from(outcome.index).ok().and_then(|index| run.samples.get_mut(index)) else {
            return;
        };
        let mut digest = [0; 16];
        digest.copy_from_slice(&outcome.sha256.unwrap_or_default()[..16]);
        *sample = Sample {
            digest,
            bytes: outcome.bytes,
            time_us: micros(outcome.timings.total()),
            served_us: micros(served(&outcome.timings)),
            origin,
            status: outcome.status,
            failed: outcome.error.as_ref().map(|failure| failure.kind),
        };
        run.phases.add(&Phases::of(&outcome.timings));
        run.starts += u64::from(outcome.attempts) + u64::from(outcome.redirects);
    }

    /// Ends the run begun last, with its wall time and the CPU time that the fetching thread used.
    pub fn end(&mut self, elapsed: Duration, used: Duration) {
        if let Some(run) = self.runs.last_mut() {
            (run.elapsed, run.used) = (Some(elapsed), used);
        }
    }

    /// How long a round takes: the mean of those measured, else an estimate from the last warm-up (the requests' times,
    /// so many at once, but no less than that run took). Zero before any run.
    pub fn round_time(&self) -> Duration {
        let rounds = self.rounds();
        if !rounds.is_empty() {
            let ended = rounds.iter().flatten().filter_map(|run| run.elapsed);
            return ended.sum::<Duration>() / rounds.len() as u32;
        }
        let Some((warm_up, elapsed)) = self.runs.iter().rev().find_map(|run| Some((run, run.elapsed?))) else {
            return Duration::ZERO;
        };
        let of = |mode: &Mode| match mode {
            Mode::Serial => warm_up.phases.total,
            Mode::Parallel => elapsed,
            Mode::Jobs(jobs) => warm_up.phases.total / (*jobs).max(1),
        };
        self.modes.iter().map(|mode| of(mode).max(elapsed)).sum()
    }

    /// True as soon as a comparison is out of the question: a URL of an ended run failed or changed its status.
    pub fn spoilt(&self) -> bool {
        super::trouble::any(self)
    }

    /// Completed rounds, each in the order of the modes.
    pub(super) fn rounds<'a>(&'a self) -> Vec<Vec<&'a Run>> {
        let measured: Vec<&'a Run> = self.ended().filter(|run| !run.warm_up).collect();
        let in_order = |round: &[&'a Run]| {
            let of = |mode: &Mode| round.iter().find(|run| run.mode == *mode).copied();
            self.modes.iter().map(of).collect::<Option<Vec<_>>>()
        };
        measured.chunks(self.modes.len().max(1)).filter_map(in_order).collect()
    }

    /// What each round is made of.
    pub(super) fn modes(&self) -> &[Mode] {
        &self.modes
    }

    /// Runs that were stopped midway say nothing.
    pub(super) fn ended(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.elapsed.is_some())
    }

    pub(super) fn first(&self) -> Option<&Run> {
        self.ended().next()
    }

    pub(super) fn urls(&self) -> usize {
        self.urls
    }

    pub(super) fn hosts(&self) -> usize {
        self.hosts.len()
    }

    pub(super) fn warm_ups(&self) -> usize {
        self.ended().filter(|run| run.warm_up).count()
    }

    /// The texts of all origins, by their numbers.
    pub(super) fn origin_names(&self) -> Vec<&str> {
        let mut names = vec![""; self.origins.len()];
        self.origins.iter().for_each(|(name, &number)| names[number as usize] = name);
        names
    }

    fn number_of(&mut self, origin: String) -> u32 {
        let next = self.origins.len() as u32;
        *self.origins.entry(origin.into()).or_insert(next)
    }
}

impl Run {
    pub(super) fn bytes(&self) -> u64 {
        self.samples.iter().map(|sample| sample.bytes).sum()
    }

    pub(super) fn times(&self) -> impl Iterator<Item = Duration> {
        self.samples.iter().map(|sample| Duration::from_micros(sample.time_us.into()))
    }
}

/// Longer times count as 71 minutes.
fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// What the server and the line took, without what it costs to get to them: that is paid once a connection, and a wider
/// run has more of these.
fn served(timings: &Timings) -> Duration {
    [timings.send, timings.wait, timings.receive].into_iter().flatten().sum()
}

/// Sums of phases over a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phases {
    dns: Duration,
    connect: Duration,
    tls: Option<Duration>,
    wait: Duration,
    receive: Duration,
    pub(super) total: Duration,
}

impl Phases {
    fn of(timings: &Timings) -> Self {
        Phases {
            dns: timings.dns.unwrap_or_default(),
            connect: timings.connect.unwrap_or_default(),
            tls: timings.tls,
            wait: timings.wait.unwrap_or_default(),
            receive: timings.receive.unwrap_or_default(),
            total: timings.total(),
        }
    }

    pub(super) fn add(&mut self, other: &Phases) {
        self.dns += other.dns;
        self.connect += other.connect;
        self.tls = self.tls.into_iter().chain(other.tls).reduce(|one, other| one + other);
        self.wait += other.wait;
        self.receive += other.receive;
        self.total += other.total;
    }

    pub(super) fn shares(&self) -> Shares {
        let share = |phase: Duration| phase.as_secs_f64() / self.total.as_secs_f64().max(1e-9);
        Shares {
            dns: share(self.dns),
            connect: share(self.connect),
            tls: self.tls.map(share),
            wait: share(self.wait),
            receive: share(self.receive),
        }
    }
}

/// The origin that a request spent all its time at: none when redirects led from one to another, because then nobody
/// knows how much belongs to which, and a bound must not be too high.
fn only_origin(outcome: &Outcome) -> Option<String> {
    let last = origin_of(outcome.final_url.as_deref()?)?;
    (outcome.redirects == 0 || origin_of(&outcome.url).is_some_and(|first| first == last)).then_some(last)
}

/// `scheme://host:port` of a URL, without user and password; a URL argument without a scheme is http.
fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next().filter(|host| !host.is_empty())?;
    Some(format!("{scheme}://{host}").to_ascii_lowercase())
}
