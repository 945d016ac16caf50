//! What a list is made of: an entry, and what it asks for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::fetch::outcome::{Failure, Kind, Stage};

/// One record's beginning: a URL argument (or one expansion of it), or one line of a list.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Counts entries from 0 over all inputs: comments and blank lines count for nothing, each expansion for one.
    pub index: u64,
    /// Where it stood: `urls.txt:17`, `-:3` or `argument 2` (arguments count from 1 here).
    pub source: String,
    /// The URL's text as it was given, invalid UTF-8 as U+FFFD. Of a JSON line its `url`, or the whole line where there
    /// is none to be had. A line over [`MAX_LINE_BYTES`](super::MAX_LINE_BYTES) is cut.
    pub text: String,
    /// What `--save-failed` writes, so that a list gives this entry again, where that is not the text: the line as it was
    /// read, without its end. An argument without a scheme gets `http://` here; of a bad glob or an over-long line only a
    /// comment is left.
    pub line: Option<Arc<[u8]>>,
    /// What to fetch, or why this is nothing to fetch (kind `url`, stage `input`).
    pub target: Result<Target, Failure>,
}

/// What one entry asks for. Where a member is `None` the run's own setting holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Always http or https, with a host; userinfo is kept, the fragment dropped, because it is never sent.
    pub url: Url,
    /// The URL's host, shared by neighbours in a list.
    pub host: Arc<str>,
    /// A JSON line's `id`, any value.
    pub id: Option<Value>,
    /// A token, as it was written.
    pub method: Option<String>,
    /// In the order of the line, a list of values as repeated fields; names are tokens, values without control
    /// characters.
    pub headers: Vec<(String, String)>,
    /// Sent as it is.
    pub body: Option<Vec<u8>>,
    /// Where to save the body: relative, normalised, without `..`.
    pub output: Option<String>,
    /// `-m` of this entry: above 0, and at most [`MAX_TIMEOUT`].
    pub timeout: Option<Duration>,
    /// What the groups of a globbed argument became: `#1` is the first.
    pub glob_parts: Vec<String>,
    /// Which URL argument this came from, from 0, for the Nth `-o`.
    pub argument: Option<usize>,
}

impl Entry {
    /// The line as it was read, or what stands for it in a list.
    pub fn line(&self) -> &[u8] {
        self.line.as_deref().unwrap_or(self.text.as_bytes())
    }
}

impl Target {
    /// A target that asks for `url` and nothing else.
    pub fn new(url: Url) -> Target {
        let host = url.host_str().unwrap_or_default().into();
        Target::of_host(url, host)
    }

    /// The same where the host's text is known.
    pub(super) fn of_host(url: Url, host: Arc<str>) -> Target {
        Target {
            url,
            host,
            id: None,
            method: None,
            headers: Vec::new(),
            body: None,
            output: None,
            timeout: None,
            glob_parts: Vec::new(),
            argument: None,
        }
    }
}

/// The longest `timeout` of a JSON line; a longer one means this. Ten years cannot overflow any clock.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The failure of an entry that is nothing to fetch.
pub(super) fn failure(message: String, curl: u8) -> Failure {
    Failure { kind: Kind::Url, stage: Stage::Input, message, limit: None, curl }
}

/// At most 60 characters of what was given, quoted for a message.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        None => format!("\"{text}\""),
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
    }
}
