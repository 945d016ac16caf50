//! `--summary-json`: the summary as one JSON object, written at the end.

use gfetch::fetch::Fetched;

use super::destination::Destination;
use super::{End, Kept};
use crate::cli::render::{self, Redact};

/// Where the summary goes, and how its URL is shown.
pub struct SummaryJson(pub Destination, pub Redact);

impl Kept for SummaryJson {
    fn record(&mut self, _: &Fetched) {}

    fn finish(self: Box<Self>, end: &End<'_>) -> Result<(), String> {
        let mut json = Vec::new();
        render::summary::json(&mut json, end.summary, self.1);
        json.push(b'\n');
        self.0.finish(&json)
    }
}
