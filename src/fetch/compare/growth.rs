//! Whether a single request grew slower beside others: then it is not for want of width that a run takes as long as it does.

use super::Spread;
use super::runs::{Run, Sample};

/// Less is not worth a word.
const WORTH_NAMING: f64 = 1.25;

/// Shorter times are mostly the machine's own.
const LEAST_US: u32 = 1_000;

/// How many times as long the server and the line took in the wide runs: of each round the median of its URLs' ratios.
/// Connecting does not count: a wide run has more connections. 1 where all answers are too quick to tell. None of nothing.
pub(super) fn between(narrow: &[&Run], wide: &[&Run]) -> Option<Spread<f64>> {
    Spread::of(narrow.iter().zip(wide).map(|(narrow, wide)| of_round(narrow, wide)).collect())
}

fn of_round(narrow: &Run, wide: &Run) -> f64 {
    let ratio = |(narrow, wide): (&Sample, &Sample)| {
        let told = narrow.served_us.max(wide.served_us) >= LEAST_US;
        told.then(|| f64::from(wide.served_us.max(1)) / f64::from(narrow.served_us.max(1)))
    };
    let ratios = narrow.samples.iter().zip(&wide.samples).filter_map(ratio).collect();
    Spread::of(ratios).map_or(1.0, |ratios| ratios.median)
}

/// In every round, and enough to be named.
pub(super) fn is_shown(growth: Spread<f64>) -> bool {
    growth.low > 1.0 && growth.median >= WORTH_NAMING
}
