//! The page about a run: fed each record while it goes on, in constant memory; its rows go to a spool, the rest is made of
//! counts, the first rows and the slowest ones.

use std::collections::BTreeMap;
use std::time::SystemTime;

use gfetch::fetch::outcome::Outcome;
use gfetch::fetch::summary::Summary;

use super::histogram::Histogram;
use super::row::Row;
use super::waterfall::Waterfall;
use super::{END, Page, summary};
use crate::cli::render::Redact;
use crate::cli::render::units::{counted, thousands};

/// Rows of the table that are there without a script.
const FIRST_ROWS: u64 = 200;

/// Rows in one block of data: a browser reads them one after the other, and lets each go.
const BLOCK_ROWS: u64 = 10_000;

/// Rows in all. A page of so many is 40 MB, and opens in seconds; beyond it the records are for `--format json`.
const MAX_ROWS: u64 = 250_000;

/// What is kept of the records so far.
pub struct Records {
    redact: Redact,
    rows: u64,
    first_rows: String,
    statuses: BTreeMap<Option<u16>, u64>,
    histogram: Histogram,
    waterfall: Waterfall,
}

impl Records {
    pub fn new(redact: Redact) -> Records {
        Records {
            redact,
            rows: 0,
            first_rows: String::new(),
            statuses: BTreeMap::new(),
            histogram: Histogram::new(),
            waterfall: Waterfall::new(),
        }
    }

    /// Takes one record; what it adds to the data is appended to `spool`.
    pub fn add(&mut self, outcome: &Outcome, spool: &mut Vec<u8>) {
        *self.statuses.entry(outcome.status).or_default() += 1;
        self.waterfall.add(outcome, self.redact);
        if outcome.attempts > 0 {
            self.histogram.add(outcome.timings.total(), outcome.ok());
        }
        if self.rows == MAX_ROWS {
            return;
        }
        let row = Row::of(outcome, self.redact);
        if self.rows < FIRST_ROWS {
            row.push_html(&mut self.first_rows);
        }
        spool.extend_from_slice(match self.rows.is_multiple_of(BLOCK_ROWS) {
            true if self.rows > 0 => BETWEEN_BLOCKS.as_bytes(),
            true => BLOCK_BEGINS.as_bytes(),
            false => b",\n",
        });
        row.push_data(spool);
        self.rows += 1;
    }

    /// All that stands before the data.
    pub fn head(&self, summary: &Summary, made: SystemTime) -> String {
        let totals = summary.totals();
        let urls = totals.urls;
        let outcomes = match totals.failed {
            0 => format!("{} ok", thousands(totals.ok)),
            failed => format!("{} ok, {} failed", thousands(totals.ok), thousands(failed)),
        };
        let sections: &[(&str, &str)] = match totals.started {
            0 => &[("summary", "Summary"), ("urls", "URLs")],
            _ => &[("summary", "Summary"), ("times", "Times"), ("course", "Course"), ("urls", "URLs")],
        };
        let mut page = Page::begin(&format!("{}: {outcomes}", counted(urls, "URL")), made, sections);
        page.section("summary", "Summary", |out| summary::push(out, summary, &self.statuses, self.redact));
        if summary.totals().started > 0 {
            page.section("times", "How long they took", |out| self.histogram.draw(out, summary));
            page.section("course", "When they ran", |out| {
                out.push_str(&format!("<p>{}</p>\n", self.waterfall.caption()));
                self.waterfall.draw(out);
            });
        }
        page.section("urls", "URLs", |out| self.table(out, urls));
        page.html
    }

    /// All that stands behind it.
    pub fn tail(&self) -> String {
        let data_ends = if self.rows > 0 { BLOCK_ENDS } else { "" };
        format!("{data_ends}{END}")
    }

    fn table(&self, out: &mut String, urls: u64) {
        if urls > self.rows {
            let (rows, urls) = (thousands(self.rows), thousands(urls));
            out.push_str(&format!("<p>The first {rows} of {urls}; --format json keeps all.</p>\n"));
        }
        let shown = self.rows.min(FIRST_ROWS);
        if self.rows > FIRST_ROWS {
            let (shown, rows) = (thousands(shown), thousands(self.rows));
            out.push_str(&format!(
                "<noscript><p>The first {shown} of {rows}: the others need JavaScript.</p></noscript>\n"
            ));
        }
        out.push_str(&TABLE.replace("{caption}", &counted(self.rows, "URL")).replace("{rows}", &self.first_rows));
    }
}

const BLOCK_BEGINS: &str = "<script type=\"application/json\" class=\"rows\">[\n";
const BLOCK_ENDS: &str = "\n]</script>\n";
const BETWEEN_BLOCKS: &str = "\n]</script>\n<script type=\"application/json\" class=\"rows\">[\n";

/// What only a script can serve is hidden until there is one. page.js puts buttons into the heads.
const TABLE: &str = "\
<form id=\"controls\" role=\"search\" aria-label=\"URLs\" hidden>
<label>Filter <input id=\"filter\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" aria-controls=\"records\"></label>
<label>Show <select id=\"outcome\" aria-controls=\"records\">\
<option value=\"\">all</option><option value=\"ok\">succeeded</option><option value=\"failed\">failed</option></select></label>
</form>
<p id=\"shown\" role=\"status\" hidden></p>
<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"caption\">
<table id=\"records\">
<caption id=\"caption\">{caption}</caption>
<thead><tr>
<th scope=\"col\" class=\"number\">#</th><th scope=\"col\">Status</th><th scope=\"col\">URL</th><th scope=\"col\">Host</th>\
<th scope=\"col\" class=\"number\">Size</th><th scope=\"col\" class=\"number\">Time</th><th scope=\"col\">Reason</th>
</tr></thead>
<tbody>
{rows}</tbody>
</table>
</div>
<nav id=\"pages\" aria-label=\"Pages of the table\" hidden>
<button type=\"button\" id=\"previous\">Previous</button> <span id=\"page\"></span> \
<button type=\"button\" id=\"next\">Next</button>
</nav>
";
