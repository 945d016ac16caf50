//! The runs of a comparison: the same list again and again, each time over cold connections; here is what fetches.
//!
//! ```text
//!   Listing ──► warm-up ──► pair 0 ──► pair 1 ──► …    until as many as asked for, or as fit; or one is spoilt
//!                  │ before each: connections closed, TLS sessions forgotten; names stay known
//!                  ▼
//!                Runs ──► Comparison
//! ```

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::{Comparison, Listing, MOST_PAIRS, Mode, Runs, Size, order, pairs_that_fit};
use crate::fetch::names::Names;
use crate::fetch::plan::{Bodies, Plan};
use crate::fetch::session::Session;
use crate::fetch::stop::Stop;
use crate::fetch::summary::Limits;
use crate::green::{self, GetError, Interrupt};
use crate::http::Client;

/// A comparison that is about to begin.
pub struct Comparing {
    /// What is fetched.
    pub listing: Listing,
    /// How. Bodies are counted and hashed whatever it says; which run is serial is not its business, nor is its deadline:
    /// that is set on `stop`.
    pub plan: Plan,
    /// Whose connections are used. Its resolver should keep names for as long as all runs take.
    pub client: Client,
    /// Ends it; what was measured by then is not compared.
    pub stop: Stop,
    /// Pairs of runs; none: as many as fit into [`PAIRS_BUDGET`](super::PAIRS_BUDGET), 1 to [`MOST_PAIRS`].
    pub pairs: Option<usize>,
    /// Parallel runs before them, that are not measured.
    pub warm_ups: usize,
    /// So many requests at once are compared with each other, the first with all others; then `pairs` counts rounds, of a
    /// run of each. None: serial and parallel are compared.
    pub widths: Vec<u32>,
}

/// A run that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunBegins {
    /// How it fetches.
    pub mode: Mode,
    /// Whether it is not measured.
    pub warm_up: bool,
    /// Counts all runs from 1.
    pub number: usize,
    /// So many there will be, as it looks now.
    pub of: usize,
}

/// A comparison that was not finished.
#[derive(Clone, Debug)]
pub enum Unfinished {
    /// It was stopped while this run went on.
    Stopped(RunBegins),
    /// The caller's own wait was interrupted.
    Interrupted(Interrupt),
}

impl Comparing {
    /// The least and the most that it may come to: the same where the number of pairs was asked for.
    pub fn sizes(&self) -> [Size; 2] {
        let (urls, hosts) = (self.listing.len(), self.listing.hosts());
        let of = |pairs| Size { urls, hosts, warm_ups: self.warm_ups, pairs, widths: self.widths.len() };
        [of(self.pairs.unwrap_or(1)), of(self.pairs.unwrap_or(MOST_PAIRS))]
    }

    /// Makes the runs and compares them; `tell` hears of each as it begins. Waits. The first run in which a URL fails or
    /// changes its status is the last one: it would be no comparison any more.
    pub fn run(&self, mut tell: impl FnMut(RunBegins)) -> Result<Comparison, Unfinished> {
        let modes = self.modes();
        let mut runs = Runs::of(self.listing.len(), modes.clone()).under(self.plan.hosts.clone());
        let mut made = 0;
        let mut next = |runs: &mut Runs, mode, warm_up| {
            made += 1;
            let begins = RunBegins { mode, warm_up, number: made, of: self.warm_ups + modes.len() * self.wanted(runs) };
            tell(begins);
            self.one(runs, begins)?;
            Ok(!runs.spoilt())
        };
        let mut fine = true;
        for _ in 0..self.warm_ups {
            fine = fine && next(&mut runs, self.widest(), true)?;
        }
        let mut pair = 0;
        while fine && pair < self.wanted(&runs) {
            for mode in order(&modes, pair) {
                fine = fine && next(&mut runs, mode, false)?;
            }
            pair += 1;
        }
        Ok(runs.comparison(&Limits::of(&self.plan), |index| self.listing.url_at(index)))
    }

    /// What a round is made of.
    fn modes(&self) -> Vec<Mode> {
        match self.widths.is_empty() {
            true => vec![Mode::Serial, Mode::Parallel],
            false => self.widths.iter().map(|&jobs| Mode::Jobs(jobs)).collect(),
        }
    }

    /// What warms up most in the least time.
    fn widest(&self) -> Mode {
        self.widths.iter().max().map_or(Mode::Parallel, |&jobs| Mode::Jobs(jobs))
    }

    /// So many rounds in all, judged anew after each.
    fn wanted(&self, runs: &Runs) -> usize {
        self.pairs.unwrap_or_else(|| pairs_that_fit(runs.round_time()))
    }

    /// One run, from cold connections to its last outcome.
    fn one(&self, runs: &mut Runs, begins: RunBegins) -> Result<(), Unfinished> {
        let jobs = match begins.mode {
            Mode::Serial => 1,
            Mode::Parallel => self.plan.jobs,
            Mode::Jobs(jobs) => jobs as usize,
        };
        // One at a time needs no pool, and nothing that looks ahead.
        let serial = matches!(begins.mode, Mode::Serial | Mode::Jobs(1));
        let plan = Plan {
            serial,
            jobs,
            threads: 1,
            hash_bodies: true,
            ignore_outputs: true,
            bodies: Bodies::Count,
            ..self.plan.clone()
        };
        let session = Session::under(self.stop.clone(), plan, self.client.clone(), None);
        self.client.make_cold();
        runs.begin(begins.mode, begins.warm_up);
        let (started, used) = (green::now(), thread_time());
        for fetched in session.run(self.listing.list(), Names::new(None, Vec::new(), false)) {
            match fetched {
                Ok(fetched) => runs.add(&fetched.outcome),
                Err(GetError::Interrupted(interrupt)) => return Err(Unfinished::Interrupted(interrupt)),
                // A worker that panicked leaves its URL without an outcome, which spoils the run.
                Err(_) => {}
            }
        }
        let elapsed = green::now().saturating_duration_since(started);
        if self.stop.is_requested() {
            return Err(Unfinished::Stopped(begins));
        }
        runs.end(elapsed, thread_time().saturating_sub(used));
        Ok(())
    }
}

/// CPU time of this thread: whether it was the bottleneck itself is asked of the real clock, whatever the hub's is.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
