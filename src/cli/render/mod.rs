//! Outcomes → bytes: the text report, the JSON record, the summary, the comparison.

mod alike;
mod certificate;
pub mod chosen;
pub mod compare;
pub mod compare_json;
pub mod compare_widths;
pub mod csv;
pub mod curl;
mod curl_connection;
mod curl_fields;
pub mod cut;
pub mod dry_limits;
pub mod dry_run;
mod extras;
pub mod fields;
pub mod har;
pub mod json;
pub mod live;
mod object;
mod shell;
pub mod summary;
pub mod text;
pub mod units;
mod value;
pub mod write_out;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
pub mod samples;

use std::borrow::Cow;

use super::escape;

/// Replaces the password in a URL by `***`; with `--show-secrets` it returns the URL as it is.
pub type Redact = for<'a> fn(&'a str) -> Cow<'a, str>;

/// How text is shown.
#[derive(Clone, Copy)]
pub struct Show {
    /// Applied to every URL.
    pub redact: Redact,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to colour.
    pub colour: bool,
}

impl Show {
    /// A URL as it may be shown: without its password, and escaped.
    fn url<'a>(&self, url: &'a str) -> Cow<'a, str> {
        redacted(self.redact, url)
    }
}

fn redacted(redact: Redact, url: &str) -> Cow<'_, str> {
    match redact(url) {
        Cow::Borrowed(url) => escape::line(url),
        Cow::Owned(url) => Cow::Owned(escape::line(&url).into_owned()),
    }
}
