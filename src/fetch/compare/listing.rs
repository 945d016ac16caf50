//! The list of a comparison: read whole, once, before anything is fetched; an endless one is refused.

use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;

use crate::fetch::flow::first_method;
use crate::fetch::list::{Entry, List, ListError};
use crate::fetch::plan::Plan;
use crate::fetch::stop::Stop;

/// Lines of a list that is compared. Each is fetched at least twice, and costs about 600 bytes and 48 more a run: at most
/// 120 MiB in six pairs. Who compares more URLs than that learns nothing that a sample does not show.
pub const MAX_ENTRIES: usize = 100_000;

/// Bytes of a list that is compared: 670 for each of [`MAX_ENTRIES`] lines.
pub const MAX_LIST_BYTES: u64 = 64 << 20;

/// A list in memory, that can be fetched again and again.
#[derive(Clone, Debug)]
pub struct Listing {
    entries: Rc<[Entry]>,
}

/// Why a list is not compared. Nothing was fetched.
#[derive(Debug)]
pub enum Unfit {
    /// It could not be read to its end.
    Broken(ListError),
    /// It has more than [`MAX_ENTRIES`] lines, or [`MAX_LIST_BYTES`] bytes.
    TooLong,
    /// A line wants to change something at the server, and would do so many times.
    Method {
        /// Which one.
        source: String,
        /// Neither GET nor HEAD.
        method: String,
    },
    /// The stop came first.
    Stopped,
}

impl Listing {
    /// Reads `list` to its end, which may take as long as its writer likes: `stop` ends the wait.
    pub fn read(mut list: List, plan: &Plan, stop: &Stop) -> Result<Listing, Unfit> {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while let Some(entry) =
            stop.before_start(|| list.next().transpose()).ok_or(Unfit::Stopped)?.map_err(Unfit::Broken)?
        {
            bytes += entry.line().len() as u64;
            if entries.len() == MAX_ENTRIES || bytes > MAX_LIST_BYTES {
                return Err(Unfit::TooLong);
            }
            only_reads(&entry, plan)?;
            entries.push(*entry);
        }
        Ok(Listing { entries: entries.into() })
    }

    /// Lines, bad ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a line of it is no URL: then its runs cannot be compared.
    pub fn has_no_url(&self) -> bool {
        self.entries.iter().any(|entry| entry.target.is_err())
    }

    /// Different hosts that are asked first.
    pub fn hosts(&self) -> usize {
        let targets = self.entries.iter().filter_map(|entry| entry.target.as_ref().ok());
        targets.filter_map(|target| target.url.host_str()).collect::<HashSet<_>>().len()
    }

    /// The text of the line at `index`; empty where there is none.
    pub fn url_at(&self, index: usize) -> String {
        self.entries.get(index).map(|entry| entry.text.clone()).unwrap_or_default()
    }

    /// The list once more.
    pub(super) fn list(&self) -> List {
        List::again(self.entries.clone())
    }
}

fn only_reads(entry: &Entry, plan: &Plan) -> Result<(), Unfit> {
    let Ok(target) = &entry.target else { return Ok(()) };
    match &*first_method(plan, Some(target)) {
        "GET" | "HEAD" => Ok(()),
        method => Err(Unfit::Method { source: entry.source.clone(), method: method.to_owned() }),
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Broken(error) => error.fmt(f),
            Unfit::TooLong => write!(
                f,
                "a comparison reads its list whole, first: this one is endless, or has more than {MAX_ENTRIES} URLs or \
                 {} MiB",
                MAX_LIST_BYTES >> 20
            ),
            Unfit::Method { source, method } => {
                write!(f, "{source}: a comparison sends every request many times: GET and HEAD only, not {method}")
            }
            Unfit::Stopped => f.write_str("stopped before the list was read"),
        }
    }
}

impl std::error::Error for Unfit {}
