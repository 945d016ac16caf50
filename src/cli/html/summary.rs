//! The summary of a run as the page tells it: figures, what failed, what was answered, what held it back.

use std::collections::BTreeMap;

use gfetch::fetch::summary::{GroupHost, Reason, Summary};

use super::text::{self, table};
use crate::cli::render::units::{size, thousands, time};
use crate::cli::render::{self, Redact, Show};

/// More groups of failures are counted as other hosts.
const GROUPS_SHOWN: usize = 50;

/// Appends it. `statuses` counts the answers; none is no answer.
pub fn push(out: &mut String, summary: &Summary, statuses: &BTreeMap<Option<u16>, u64>, redact: Redact) {
    if summary.certificates_unchecked {
        out.push_str("<p class=\"notice\">Certificates were <strong>not</strong> checked (-k).</p>\n");
    }
    figures(out, summary);
    let show = Show { redact, width: usize::MAX, colour: false };
    if let Some(bottleneck) = summary.verdict() {
        let told = render::summary::held_back(&bottleneck, summary, &show);
        out.push_str(&format!("<p class=\"verdict\">{}</p>\n", text::escaped(&told)));
    }
    if !summary.reading_paused.is_zero() {
        let paused = time(summary.reading_paused);
        out.push_str(&format!("<p>Reading paused for {paused}: finished records waited for an earlier one.</p>\n"));
    }
    if let Some(line) = summary.stopped_after {
        out.push_str(&format!("<p class=\"notice\">Stopped after line {line}.</p>\n"));
    }
    out.push_str("<div class=\"beside\">\n");
    answers(out, statuses);
    failures(out, summary);
    out.push_str("</div>\n");
}

fn figures(out: &mut String, summary: &Summary) {
    let totals = summary.totals();
    out.push_str("<dl class=\"figures\">\n");
    let mut figure = |name: &str, class: &str, value: String| {
        out.push_str(&format!("<div class=\"{class}\"><dt>{name}</dt><dd>{value}</dd></div>\n"));
    };
    figure("Succeeded", "good", thousands(totals.ok));
    figure("Failed", if totals.failed > 0 { "bad" } else { "" }, thousands(totals.failed));
    figure("Elapsed", "", time(summary.elapsed));
    figure("Bodies", "", size(totals.bytes));
    let times = [
        ("Median", summary.median()),
        ("90 % within", summary.percentile(0.9)),
        ("99 % within", summary.percentile(0.99)),
    ];
    for (name, at) in times {
        if let Some(at) = at {
            figure(name, "", time(at));
        }
    }
    if let Some(slowest) = summary.slowest() {
        figure("Slowest", "", time(slowest.time));
    }
    let again = totals.attempts.saturating_sub(totals.started);
    for (name, count) in [("Retries", again), ("Redirects", totals.redirects), ("Connections reused", totals.reused)] {
        if count > 0 {
            figure(name, "", thousands(count));
        }
    }
    out.push_str("</dl>\n");
}

fn answers(out: &mut String, statuses: &BTreeMap<Option<u16>, u64>) {
    let rows = statuses.iter().map(|(status, count)| {
        let status = status.map_or("no answer".into(), |status| format!("{status:03}"));
        vec![status, thousands(*count)]
    });
    table(out, "Answers", &["Status", "URLs"], rows);
}

fn failures(out: &mut String, summary: &Summary) {
    let groups = summary.failures(GROUPS_SHOWN);
    if groups.is_empty() {
        return;
    }
    let rows = groups.iter().map(|group| {
        let reason = match group.reason {
            Reason::Kind(kind) => kind.to_string(),
            Reason::Status(status) => format!("HTTP {status}"),
        };
        let host = match &group.host {
            GroupHost::One(host) => text::escaped(host),
            GroupHost::Unknown => "(no host)".into(),
            GroupHost::Others => "other hosts".into(),
        };
        vec![reason, host.into_owned(), thousands(group.count)]
    });
    table(out, "Failures", &["Reason", "Host", "URLs"], rows);
}
