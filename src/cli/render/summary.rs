//! The summary of a run: some lines for standard error, and the same as a JSON object.

use std::fmt::Display;

use gfetch::fetch::summary::{Bottleneck, Cause, FailureGroup, GroupHost, Reason, Summary, Waits};

use super::object::{Object, object};
use super::units::{counted, size, thousands, time};
use super::{Redact, Show, cut};
use crate::cli::escape;
use crate::cli::words::NOT_CHECKED;

/// More groups of failures are counted as other hosts: the summary is to be read at a glance.
const GROUPS_SHOWN: usize = 10;

/// Of so many requests and more the slowest twentieth is worth a word, and of so many the slowest hundredth.
const MANY: u64 = 20;
const VERY_MANY: u64 = 1_000;

/// Less of the slowest URL's name says nothing, and more makes a line that nobody reads to its end.
const LEAST_NAME: usize = 20;
const MOST_NAME: usize = 60;

/// Appends the summary: one line if all is well, then the failures in groups, then what held the run back.
/// `hint` tells of `--save-failed`, for where it was not given.
pub fn text(out: &mut String, summary: &Summary, show: &Show, hint: bool) {
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    if summary.certificates_unchecked {
        line(NOT_CHECKED.into());
    }
    line(totals(summary, show));
    let groups = summary.failures(GROUPS_SHOWN);
    group_lines(&groups).for_each(&mut line);
    if hint && !groups.is_empty() {
        line("  (--save-failed FILE keeps these as a list for -i)".into());
    }
    if let Some(bottleneck) = summary.verdict() {
        line(held_back(&bottleneck, summary, show));
    }
    if summary.done_before > 0 {
        line(format!("{} more had been done before (--resume)", thousands(summary.done_before)));
    }
    if !summary.reading_paused.is_zero() {
        let paused = time(summary.reading_paused);
        line(format!("reading paused for {paused}, for finished records waited for an earlier one (--unordered)"));
    }
    if let Some(number) = summary.stopped_after {
        line(format!("stopped after line {number}"));
    }
}

/// `6 URLs: 4 ok, 2 failed in 5.01 s · 199 KiB · median 376 ms · slowest 5.00 s`; of many URLs more percentiles, and the
/// slowest one's name.
fn totals(summary: &Summary, show: &Show) -> String {
    let totals = summary.totals();
    let mut line = format!("{}: {} ok", counted(totals.urls, "URL"), thousands(totals.ok));
    if totals.failed > 0 {
        line += &format!(", {} failed", thousands(totals.failed));
    }
    line += &format!(" in {} · {}", time(summary.elapsed), size(totals.bytes));
    if totals.started > 1
        && let (Some(median), Some(slowest)) = (summary.median(), summary.slowest())
    {
        line += &format!(" · median {}", time(median));
        for (name, share, from) in [("p95", 0.95, MANY), ("p99", 0.99, VERY_MANY)] {
            if let Some(within) = summary.percentile(share).filter(|_| totals.started >= from) {
                line += &format!(" · {name} {}", time(within));
            }
        }
        line += &format!(" · slowest {}", time(slowest.time));
        let is_named_below = matches!(summary.verdict(), Some(Bottleneck::OneUrl(_)));
        let room = show.width.saturating_sub(escape::width(&line) + 1).min(MOST_NAME);
        if totals.started >= MANY && !is_named_below && room >= LEAST_NAME {
            line += &format!(" {}", cut::middle(&show.url(&slowest.url), room));
        }
    }
    line
}

/// `  1 HTTP 404  example.org`, in columns.
fn group_lines(groups: &[FailureGroup]) -> impl Iterator<Item = String> {
    let reason_of = |group: &FailureGroup| match group.reason {
        Reason::Kind(kind) => kind.to_string(),
        Reason::Status(status) => format!("HTTP {status}"),
    };
    let counts = groups.iter().map(|group| thousands(group.count).len()).max().unwrap_or(0);
    let reasons = groups.iter().map(|group| reason_of(group).len()).max().unwrap_or(0);
    groups.iter().map(move |group| {
        let host = match &group.host {
            GroupHost::One(host) => escape::line(host),
            GroupHost::Unknown => "(no host)".into(),
            GroupHost::Others => "other hosts".into(),
        };
        format!("  {:>counts$} {:reasons$}  {host}", thousands(group.count), reason_of(group))
    })
}

/// What held the run back, and what would change it.
pub fn held_back(bottleneck: &Bottleneck, summary: &Summary, show: &Show) -> String {
    let (cause, waits, up_to) = match bottleneck {
        Bottleneck::OneUrl(slowest) => {
            let tail = format!(" took {} of {}", time(slowest.time), time(summary.elapsed));
            let room = show.width.saturating_sub("one slow URL held the run back: ".len() + tail.len()).max(20);
            return format!("one slow URL held the run back: {}{tail}", cut::middle(&show.url(&slowest.url), room));
        }
        Bottleneck::Queue { cause, waits, up_to } => (*cause, waits, up_to),
    };
    let (what, remedy) = what_and_remedy(cause, summary);
    let waits = format!("{} of {} on average", counted(waits.count, "wait"), time(waits.mean()));
    format!("{what} held the run back by up to {}: {waits}; {remedy}", time(*up_to))
}

fn what_and_remedy(cause: Cause, summary: &Summary) -> (String, &'static str) {
    let (limits, higher) = (&summary.limits, "a higher one may be faster");
    if let Some(host) = summary.host_behind(cause) {
        let name = Some(host.host.as_str());
        let own = match cause {
            Cause::PerHost => host.per_host.map(|limit| whose("per-host", limit, name)),
            Cause::HostRate => host.rate.map(|rate| whose("rate", rate, name)),
            Cause::Jobs | Cause::Rate | Cause::Origin => None,
        };
        if let Some(own) = own {
            return (own, higher);
        }
    }
    match cause {
        Cause::PerHost => {
            (format!("--per-host{}", limits.per_host.map_or(String::new(), |limit| format!(" {limit}"))), higher)
        }
        Cause::Jobs => (format!("-j {}", limits.jobs), higher),
        Cause::Rate => (format!("--rate{}", limits.rate.map_or(String::new(), |rate| format!(" {rate}"))), higher),
        Cause::HostRate => ("a [host]'s rate".into(), higher),
        Cause::Origin => ("hosts that asked for a pause".into(), "a lower --rate may avoid it"),
    }
}

/// `--rate 4/s`, or where a host's own stands: `rate 4/s of [host."a.example"]`.
pub fn whose(name: &str, limit: impl Display, host: Option<&str>) -> String {
    match host {
        None => format!("--{name} {limit}"),
        Some(host) => format!("{name} {limit} of [host.\"{}\"]", escape::line(host)),
    }
}

/// Appends the summary as one JSON object, without a line end.
pub fn json(out: &mut Vec<u8>, summary: &Summary, redact: Redact) {
    let totals = summary.totals();
    object(out, |json| {
        json.number("urls", totals.urls);
        json.number("ok", totals.ok);
        json.number("failed", totals.failed);
        json.number("started", totals.started);
        json.number("bytes", totals.bytes);
        json.number("wire_bytes", totals.wire_bytes);
        json.number("done_before", summary.done_before);
        json.number("attempts", totals.attempts);
        json.number("redirects", totals.redirects);
        json.number("reused", totals.reused);
        json.seconds("elapsed", summary.elapsed);
        json.object("times", |json| times(json, summary));
        json.string_or_null("slowest_url", summary.slowest().map(|slowest| redact(&slowest.url)).as_deref());
        json.array("failures", summary.failures(usize::MAX), |out, group| object(out, |json| failures(json, &group)));
        json.object("queue", |json| queue(json, summary));
        json.plain_or_null("held_back_by", summary.verdict().map(|bottleneck| name_of(&bottleneck)));
        json.seconds("reading_paused", summary.reading_paused);
        json.number_or_null("stopped_after", summary.stopped_after);
        json.bool("certificates_checked", !summary.certificates_unchecked);
    });
}

fn times(json: &mut Object<'_>, summary: &Summary) {
    json.seconds_or_null("median", summary.median());
    for (name, share) in [("p90", 0.90), ("p95", 0.95), ("p99", 0.99)] {
        json.seconds_or_null(name, summary.percentile(share));
    }
    json.seconds_or_null("slowest", summary.slowest().map(|slowest| slowest.time));
    json.seconds("sum", summary.work());
}

/// `host` is null for lines without one, and for `other_hosts`.
fn failures(json: &mut Object<'_>, group: &FailureGroup) {
    let (kind, status) = match group.reason {
        Reason::Kind(kind) => (kind.as_str(), None),
        Reason::Status(status) => ("status", Some(u64::from(status))),
    };
    json.plain("kind", kind);
    json.number_or_null("status", status);
    match &group.host {
        GroupHost::One(host) => json.string("host", host),
        GroupHost::Unknown | GroupHost::Others => json.null("host"),
    }
    json.bool("other_hosts", group.host == GroupHost::Others);
    json.number("count", group.count);
}

fn queue(json: &mut Object<'_>, summary: &Summary) {
    let held = summary.held();
    let mut cause = |name, waits: Waits| {
        json.object(name, |json| {
            json.number("waits", waits.count);
            json.seconds("sum", waits.total);
        });
    };
    cause("per_host", held.per_host);
    cause("jobs", held.jobs);
    cause("rate", held.rate);
    cause("host_rate", held.host_rate);
    cause("origin", held.origin);
}

fn name_of(bottleneck: &Bottleneck) -> &'static str {
    match bottleneck {
        Bottleneck::OneUrl(_) => "one_url",
        Bottleneck::Queue { cause: Cause::PerHost, .. } => "per_host",
        Bottleneck::Queue { cause: Cause::Jobs, .. } => "jobs",
        Bottleneck::Queue { cause: Cause::Rate, .. } => "rate",
        Bottleneck::Queue { cause: Cause::HostRate, .. } => "host_rate",
        Bottleneck::Queue { cause: Cause::Origin, .. } => "origin",
    }
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
