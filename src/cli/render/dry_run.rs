//! A run that is not made, told: the limits in force, a line for each URL, what it comes to. Pure.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::num::NonZeroUsize;

use gfetch::fetch::compare::Size;
use gfetch::fetch::names::Place;
use gfetch::fetch::outcome::Failure;
use gfetch::fetch::plan::Plan;
use gfetch::fetch::preview::{First, Planned};
use gfetch::http::origin::Origin;

use super::extras::fields_json;
use super::fields::{self, Secrets};
use super::object::object;
use super::units::{counted, thousands, time};
use super::{cut, redacted};
use crate::cli::escape;

/// Origins that are counted one by one; of more it is only said that there are more, for an endless list has them.
const MAX_ORIGINS: usize = 65_536;

/// Where the URL begins on a terminal: its index and its method stand before it.
const INDENT: usize = 16;
/// On a narrower terminal lines wrap.
const LEAST_ROOM: usize = 20;

/// How it is told.
pub struct In {
    /// Columns of the terminal.
    pub width: usize,
    /// What may not be shown.
    pub secrets: Secrets,
}

/// What the lines come to, in memory that does not grow with them.
#[derive(Default)]
pub struct Counts {
    urls: u64,
    no_urls: u64,
    /// How many URLs are of each, and how many of them at once.
    origins: HashMap<Origin, (u64, Option<NonZeroUsize>)>,
    /// URLs of origins that there was no room for.
    uncounted: u64,
}

impl Counts {
    pub fn add(&mut self, planned: &Planned) {
        let Ok(first) = &planned.first else {
            self.no_urls += 1;
            return;
        };
        self.urls += 1;
        let Some(origin) = Origin::of(&first.url) else { return };
        let is_full = self.origins.len() >= MAX_ORIGINS;
        match self.origins.entry(origin) {
            Entry::Vacant(_) if is_full => self.uncounted += 1,
            entry => entry.or_insert((0, first.per_host)).0 += 1,
        }
    }

    fn hosts(&self) -> String {
        match self.uncounted {
            0 => counted(self.origins.len() as u64, "host"),
            _ => format!("over {}", counted(self.origins.len() as u64, "host")),
        }
    }
}

/// Appends a URL's line for a terminal, the file behind an arrow; below a line that is no URL stands why.
pub fn line(out: &mut Vec<u8>, planned: &Planned, told: &In) {
    let room = told.width.saturating_sub(INDENT).max(LEAST_ROOM);
    let url = shown_url(planned, told);
    let mut text = match &planned.first {
        Ok(first) => format!("{:>6}  {:<6}  ", planned.entry.index, first.method),
        Err(_) => format!("{:>6}  {:<6}  ", planned.entry.index, "–"),
    };
    match &planned.first {
        Ok(first) => {
            let file = file(planned, first).map(|file| format!(" → {file}")).unwrap_or_default();
            let room = room.saturating_sub(escape::width(&file)).max(LEAST_ROOM);
            text.push_str(&cut::middle(&url, room));
            text.push_str(&file);
        }
        Err(failure) => {
            text.push_str(&cut::middle(&url, room));
            let _ = write!(text, "\n{:INDENT$}{}", "", reason(planned, failure));
        }
    }
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}

/// Appends a URL's line for a pipe: index, method, URL, file, and why it is none, with a tab between.
pub fn columns(out: &mut Vec<u8>, planned: &Planned, told: &In) {
    let (method, file, reason) = match &planned.first {
        Ok(first) => (&*first.method, file(planned, first).unwrap_or_default(), String::new()),
        Err(failure) => ("-", String::new(), reason(planned, failure)),
    };
    let url = shown_url(planned, told);
    out.extend_from_slice(format!("{}\t{method}\t{url}\t{file}\t{reason}\n", planned.entry.index).as_bytes());
}

/// Appends one object and a line end. Names that a record has too mean the same in both.
pub fn object_line(out: &mut Vec<u8>, planned: &Planned, told: &In) {
    let entry = &planned.entry;
    let (first, failure) = (planned.first.as_ref().ok(), planned.first.as_ref().err());
    object(out, |line| {
        line.number("index", entry.index);
        match entry.target.as_ref().ok().and_then(|target| target.id.as_ref()) {
            Some(id) => line.value("id", id),
            None => line.null("id"),
        }
        line.string("source", &entry.source);
        line.string("url", &(told.secrets.redact)(&entry.text));
        line.string_or_null("host", entry.target.as_ref().ok().map(|target| &*target.host));
        line.string_or_null("request_url", first.map(|first| (told.secrets.redact)(first.url.as_str())).as_deref());
        line.plain_text_or_null("method", first.map(|first| &*first.method));
        match first {
            Some(first) => {
                let fields: Vec<_> =
                    first.fields.iter().map(|(name, value)| (name.clone(), text(value).into_owned())).collect();
                line.raw("request_headers").extend(fields_json(&fields, &told.secrets));
            }
            None => line.null("request_headers"),
        }
        line.number_or_null("body_bytes", first.and_then(|first| first.body_bytes));
        let file = first.and_then(|first| first.file.as_deref());
        line.string_or_null("file", file.map(|file| file.to_string_lossy()).as_deref());
        line.seconds_or_null("timeout", first.and_then(|first| first.max_time));
        fields::error_or_null(line, failure);
    });
    out.push(b'\n');
}

/// Appends the fields of a request, each on a line behind the index, as `-v` shows those of a run.
pub fn exchange(out: &mut Vec<u8>, index: u64, first: &First, told: &In) {
    let mut line = |words: &str| out.extend_from_slice(format!("[{index}] > {}\n", escape::line(words)).as_bytes());
    line(&format!("{} {}", first.method, (told.secrets.redact)(first.url.as_str())));
    first.fields.iter().for_each(|(name, value)| line(&format!("{name}: {}", told.secrets.header(name, &text(value)))));
}

/// What the whole list comes to: how many, how long at least, and which limit would bind.
pub fn summary(counts: &Counts, plan: &Plan) -> String {
    let mut text = format!("{} on {}", counted(counts.urls, "URL"), counts.hosts());
    match counts.no_urls {
        0 => {}
        1 => text.push_str(", 1 line that is no URL"),
        lines => {
            let _ = write!(text, ", {} lines that are no URLs", thousands(lines));
        }
    }
    text.push_str("; nothing was sent\n");
    if let Some(rate) = plan.rate.filter(|rate| !rate.least_time(counts.urls).is_zero()) {
        let _ = writeln!(text, "  at --rate {rate} they take at least {}", time(rate.least_time(counts.urls)));
    }
    if let Some(bound) = bound(counts, plan) {
        let _ = writeln!(text, "  {bound}");
    }
    text
}

/// Which limit says how long equally long requests take: turns that the fullest host needs, or that all need.
fn bound(counts: &Counts, plan: &Plan) -> Option<String> {
    if plan.serial {
        return (counts.urls > 1).then(|| "one after another (--serial)".to_owned());
    }
    let turns = |urls: u64, at_once: usize| urls.div_ceil(at_once.max(1) as u64);
    let all = turns(counts.urls, plan.jobs);
    let fullest =
        counts.origins.iter().filter_map(|(origin, (urls, most))| Some((turns(*urls, most.as_ref()?.get()), origin)));
    match fullest.max_by_key(|(turns, origin)| (*turns, origin.to_string())) {
        Some((turns, origin)) if turns > all => {
            let (urls, at_once) = counts.origins[origin];
            let at_once = at_once.map_or(0, NonZeroUsize::get);
            Some(format!(
                "{} of them are on {origin}, {at_once} at once: --per-host binds, before -j {}",
                thousands(urls),
                plan.jobs
            ))
        }
        _ if all > 1 => Some(format!("{} at once: -j binds", plan.jobs)),
        _ => None,
    }
}

/// Appends how many requests a comparison would send, as an object and a line end.
pub fn comparison(out: &mut Vec<u8>, [least, most]: [Size; 2]) {
    object(out, |line| {
        line.object("comparison", |json| {
            json.number("urls", least.urls as u64);
            json.number("hosts", least.hosts as u64);
            json.number("warm_ups", least.warm_ups as u64);
            json.number("least_pairs", least.pairs as u64);
            json.number("most_pairs", most.pairs as u64);
            json.number("least_requests", least.requests());
            json.number("most_requests", most.requests());
        });
    });
    out.push(b'\n');
}

/// Where a body would go, where that is said for its URL.
fn file(planned: &Planned, first: &First) -> Option<String> {
    match (&first.file, &planned.place) {
        (Some(file), _) => Some(escape::line(&file.to_string_lossy()).into_owned()),
        (None, Some(Place::StandardOutput)) => Some("standard output".to_owned()),
        (None, _) => None,
    }
}

fn shown_url(planned: &Planned, told: &In) -> String {
    redacted(told.secrets.redact, &planned.entry.text).into_owned()
}

fn reason(planned: &Planned, failure: &Failure) -> String {
    format!("{}: {}", escape::line(&planned.entry.source), escape::line(&failure.message))
}

fn text(value: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(value)
}
