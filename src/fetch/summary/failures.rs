//! Failures counted by reason and host, for a bounded number of hosts.

use std::collections::HashMap;

use crate::fetch::outcome::{Failure, Kind};

/// So many groups (a reason at a host) are told apart, about 100 KiB; failures beyond are counted by reason alone.
pub const MAX_GROUPS: usize = 1_000;

/// A longer name is no DNS name (RFC 1035, section 2.3.4) and is counted with the other hosts.
const MAX_HOST_BYTES: usize = 255;

/// Why requests failed: what a group of failures has in common. Statuses sort after kinds, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Any kind but `Kind::Status`.
    Kind(Kind),
    /// A status of 400 or above.
    Status(u16),
}

impl Reason {
    /// The reason of a failure, given the outcome's status.
    pub fn of(failure: &Failure, status: Option<u16>) -> Self {
        match (failure.kind, status) {
            (Kind::Status, Some(status)) => Reason::Status(status),
            (kind, _) => Reason::Kind(kind),
        }
    }
}

/// Whose failures a group counts. In the order in which equal groups are listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupHost {
    /// Those of one host.
    One(String),
    /// Those of lines without a host.
    Unknown,
    /// Those of all hosts that have no group of their own.
    Others,
}

/// One line of the failures' table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureGroup {
    /// Why they failed.
    pub reason: Reason,
    /// Where.
    pub host: GroupHost,
    /// How many.
    pub count: u64,
}

/// The counters. Reasons are few (kinds and three-digit statuses), so only hosts need a bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Failures {
    by_reason: HashMap<Reason, Counts>,
    groups: usize,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    hosts: HashMap<Box<str>, u64>,
    unknown: u64,
    others: u64,
}

impl Failures {
    pub(super) fn add(&mut self, reason: Reason, host: Option<&str>) {
        let counts = self.by_reason.entry(reason).or_default();
        let Some(host) = host else {
            counts.unknown += 1;
            return;
        };
        if let Some(count) = counts.hosts.get_mut(host) {
            *count += 1;
        } else if self.groups < MAX_GROUPS && host.len() <= MAX_HOST_BYTES {
            counts.hosts.insert(host.into(), 1);
            self.groups += 1;
        } else {
            counts.others += 1;
        }
    }

    /// The `limit` largest groups, then what is left over, by reason.
    pub(super) fn groups(&self, limit: usize) -> Vec<FailureGroup> {
        let mut named: Vec<_> = self.by_reason.iter().flat_map(|(&reason, counts)| counts.named(reason)).collect();
        named.sort_by(|a, b| b.count.cmp(&a.count).then(a.reason.cmp(&b.reason)).then_with(|| a.host.cmp(&b.host)));
        let mut others: HashMap<Reason, u64> =
            self.by_reason.iter().map(|(&reason, counts)| (reason, counts.others)).collect();
        for group in named.drain(limit.min(named.len())..) {
            *others.entry(group.reason).or_default() += group.count;
        }
        let mut rest: Vec<_> = others.into_iter().filter(|&(_, count)| count > 0).collect();
        rest.sort_by_key(|&(reason, count)| (std::cmp::Reverse(count), reason));
        named.extend(rest.into_iter().map(|(reason, count)| FailureGroup { reason, host: GroupHost::Others, count }));
        named
    }
}

impl Counts {
    fn named(&self, reason: Reason) -> impl Iterator<Item = FailureGroup> {
        let unknown =
            (self.unknown > 0).then_some(FailureGroup { reason, host: GroupHost::Unknown, count: self.unknown });
        let hosts = self.hosts.iter().map(move |(host, &count)| FailureGroup {
            reason,
            host: GroupHost::One(host.to_string()),
            count,
        });
        hosts.chain(unknown)
    }
}
