//! What speaks against a comparison: failures and changed statuses; and what only has to be told: bodies that differ.

use super::runs::{Run, Runs, Sample};
use crate::fetch::outcome::Kind;

/// So many are listed one by one, the rest is counted: a list of 100,000 may have changed throughout.
pub const MAX_LISTED: usize = 10;

/// The first few, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// At most [`MAX_LISTED`].
    pub first: Vec<T>,
    /// All of them.
    pub total: usize,
}

/// A URL that failed or changed its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The list's text.
    pub url: String,
    /// What happened first.
    pub why: Why,
    /// In so many runs something did.
    pub runs: usize,
    /// Of so many that ended.
    pub of: usize,
}

/// What went wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It failed.
    Failed {
        /// How.
        kind: Kind,
        /// With this answer.
        status: Option<u16>,
    },
    /// It succeeded with another status than in the first run.
    Status {
        /// In the first run.
        first: Option<u16>,
        /// Later.
        then: Option<u16>,
    },
}

/// A URL whose body was not the same in all runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The list's text.
    pub url: String,
    /// Bytes of its shortest body.
    pub shortest: u64,
    /// Bytes of its longest; the same as the shortest when only the content differs.
    pub longest: u64,
}

pub(super) fn any(runs: &Runs) -> bool {
    troubled(runs).next().is_some()
}

pub(super) fn troubles(runs: &Runs, url_at: impl Fn(usize) -> String) -> Listed<Trouble> {
    let of = runs.ended().count();
    listed(troubled(runs), |(index, why, in_runs)| Trouble { url: url_at(index), why, runs: in_runs, of })
}

pub(super) fn differences(runs: &Runs, url_at: impl Fn(usize) -> String) -> Listed<Difference> {
    let same = |one: &Sample, other: &Sample| one.bytes == other.bytes && one.digest == other.digest;
    let differing = indexes(runs).filter(|&index| {
        let mut samples = samples_of(runs, index);
        let first = samples.next();
        first.is_some_and(|first| samples.any(|sample| !same(first, sample)))
    });
    listed(differing, |index| {
        let bytes = || samples_of(runs, index).map(|sample| sample.bytes);
        let (shortest, longest) = (bytes().min().unwrap_or(0), bytes().max().unwrap_or(0));
        Difference { url: url_at(index), shortest, longest }
    })
}

/// Index, first trouble, and in how many runs there was one.
fn troubled(runs: &Runs) -> impl Iterator<Item = (usize, Why, usize)> {
    indexes(runs).filter_map(|index| {
        let first = samples_of(runs, index).next()?.status;
        let mut found = samples_of(runs, index).filter_map(|sample| trouble_of(sample, first));
        let why = found.next()?;
        Some((index, why, 1 + found.count()))
    })
}

fn trouble_of(sample: &Sample, first: Option<u16>) -> Option<Why> {
    match sample.failed {
        Some(kind) => Some(Why::Failed { kind, status: sample.status }),
        None if sample.status != first => Some(Why::Status { first, then: sample.status }),
        None => None,
    }
}

fn indexes(runs: &Runs) -> std::ops::Range<usize> {
    0..runs.urls()
}

fn samples_of(runs: &Runs, index: usize) -> impl Iterator<Item = &Sample> {
    runs.ended().map(move |run: &Run| &run.samples[index])
}

fn listed<I, T>(items: impl Iterator<Item = I>, mut show: impl FnMut(I) -> T) -> Listed<T> {
    let mut listed = Listed { first: Vec::new(), total: 0 };
    for item in items {
        listed.total += 1;
        if listed.first.len() < MAX_LISTED {
            listed.first.push(show(item));
        }
    }
    listed
}
