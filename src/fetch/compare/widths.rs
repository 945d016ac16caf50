//! Several widths compared: each with the first, and where it stopped to gain.

use super::runs::{Mode, Run, Runs};
use super::{Bound, Difference, Listed, Side, Spread, bound, column, growth, ratio, side, speed_up, trouble};
use crate::fetch::summary::Limits;

/// A wider run that is shorter by less than this share has gained nothing that the next day would show again.
const WORTH_GAINING: f64 = 1.05;

/// The figures of a comparison of widths.
#[derive(Clone, Debug, PartialEq)]
pub struct Widths {
    /// Bytes of all bodies in the first run.
    pub bytes: u64,
    /// Bodies that were not the same in all runs.
    pub differing: Listed<Difference>,
    /// Each width, in the order asked for.
    pub widths: Vec<Width>,
    /// The least width that no wider one was shown to beat: about the right `-j`.
    pub jobs_enough: u32,
    /// What sets the least time at the widest, where the first width is 1: only then is known what a request takes by
    /// itself.
    pub bound: Option<Bound>,
}

/// One width's runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Width {
    /// Requests at once.
    pub jobs: u32,
    /// Its runs.
    pub side: Side,
    /// The first width's time over its own, of each round.
    pub speed_up: Spread<f64>,
    /// The most that this could have been, where the first width is 1.
    pub possible: Option<f64>,
    /// How many times as long the server and the line took over a request as at the first width.
    pub growth: Spread<f64>,
}

impl Width {
    /// Whether a single request grew slower: see [`Measured::requests_grew`](super::Measured::requests_grew).
    pub fn requests_grew(&self) -> bool {
        growth::is_shown(self.growth)
    }
}

impl Widths {
    /// Those wider than what is enough.
    pub fn beyond(&self) -> impl Iterator<Item = &Width> {
        self.widths.iter().filter(|width| width.jobs > self.jobs_enough)
    }
}

/// None without a round.
pub(super) fn measure(
    runs: &Runs,
    rounds: &[Vec<&Run>],
    limits: &Limits,
    url_at: &impl Fn(usize) -> String,
) -> Option<Widths> {
    let first_runs = column(rounds, 0);
    let first = side(&first_runs)?;
    let alone = runs.modes().first() == Some(&Mode::Jobs(1));
    let mut widths = Vec::new();
    let mut widest: Option<(u32, Bound)> = None;
    for (place, mode) in runs.modes().iter().enumerate() {
        let Mode::Jobs(jobs) = *mode else { continue };
        let own_runs = column(rounds, place);
        let side = side(&own_runs)?;
        let floor = alone.then(|| bound::floor(runs, &first_runs, &own_runs, &Limits { jobs, ..*limits }, url_at));
        widths.push(Width {
            jobs,
            speed_up: speed_up(&first, &side)?,
            possible: floor.as_ref().map(|floor| ratio(first.elapsed.median, floor.time)),
            growth: growth::between(&first_runs, &own_runs)?,
            side,
        });
        if let Some(floor) = floor.filter(|_| widest.as_ref().is_none_or(|(least, _)| *least < jobs)) {
            widest = Some((jobs, floor.bound));
        }
    }
    Some(Widths {
        bytes: runs.first()?.bytes(),
        differing: trouble::differences(runs, url_at),
        jobs_enough: enough(&widths)?,
        bound: widest.map(|(_, bound)| bound),
        widths,
    })
}

/// The least width that no wider one beat in every round and by enough.
fn enough(widths: &[Width]) -> Option<u32> {
    let beats = |wide: &Width, narrow: &Width| {
        wide.jobs > narrow.jobs
            && speed_up(&narrow.side, &wide.side).is_some_and(|gain| gain.low > 1.0 && gain.median >= WORTH_GAINING)
    };
    let unbeaten = widths.iter().filter(|narrow| !widths.iter().any(|wide| beats(wide, narrow)));
    unbeaten.map(|width| width.jobs).min()
}
