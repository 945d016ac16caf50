//! `--report`: the run as a page. Rows go to an unlinked file beside it while it runs; the page is put together at the end.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::time::SystemTime;

use gfetch::fetch::{Fetched, PartFiles};

use super::replacing::Replacing;
use super::{End, Kept};
use crate::cli::args::{ListSource, no_list};
use crate::cli::html::Records;
use crate::cli::render::Redact;

/// Rows are gathered up to this before they are written.
const GATHER_BYTES: usize = 64 * 1024;

/// The page while its run goes on.
pub struct Html {
    page: Replacing,
    records: Records,
    pending: Vec<u8>,
    spool: File,
    spooled: std::io::Result<()>,
}

impl Html {
    /// Begins a page that will stand at `path`, and may replace what is there, unless that is a list of this run.
    pub fn at(path: &Path, lists: &[ListSource], redact: Redact) -> Result<Html, String> {
        let page = begin(path, lists)?;
        let spool = page.beside().map_err(|error| format!("cannot write beside {}: {error}", path.display()))?;
        Ok(Html { page, records: Records::new(redact), pending: Vec::new(), spool, spooled: Ok(()) })
    }

    /// Has it taken away with the other unfinished files, should the process end in a hurry.
    pub fn listed_in(self, files: &PartFiles) -> Html {
        Html { page: self.page.listed_in(files), ..self }
    }

    fn spool(&mut self) {
        if self.spooled.is_ok() {
            self.spooled = self.spool.write_all(&self.pending);
        }
        self.pending.clear();
    }
}

/// The file of a page.
pub fn begin(path: &Path, lists: &[ListSource]) -> Result<Replacing, String> {
    Replacing::shared(path, no_list("--report", path, lists))
}

/// Puts a page in its place that was made at once.
pub fn finish(mut file: Replacing, page: &str) -> Result<(), String> {
    file.write(page.as_bytes());
    file.finish()
}

impl Kept for Html {
    fn record(&mut self, fetched: &Fetched) {
        self.records.add(&fetched.outcome, &mut self.pending);
        if self.pending.len() >= GATHER_BYTES {
            self.spool();
        }
    }

    fn finish(mut self: Box<Self>, end: &End<'_>) -> Result<(), String> {
        self.spool();
        let Html { mut page, records, mut spool, spooled, .. } = *self;
        page.write(records.head(end.summary, SystemTime::now()).as_bytes());
        page.append(spooled.and_then(|()| spool.rewind()).map(|()| spool));
        page.write(records.tail().as_bytes());
        page.finish()
    }
}
