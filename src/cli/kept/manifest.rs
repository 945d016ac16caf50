//! `--manifest`: what was saved, and where: URL, file and bytes, a line each.

use std::path::Path;

use gfetch::fetch::list::{Line, parse_line};
use gfetch::fetch::{Fetched, PartFiles};

use super::replacing::Replacing;
use super::{End, Kept};
use crate::cli::args::Invocation;
use crate::cli::escape;
use crate::cli::render::Redact;
use crate::cli::report::redact;

/// The list while it grows, beside its place.
pub struct Manifest {
    file: Replacing,
    redact: Redact,
    /// The run's record has more of them than this run.
    by_record: bool,
}

impl Manifest {
    pub fn at(path: &Path, invocation: &Invocation, files: &PartFiles) -> Result<Manifest, String> {
        let may = |_: &_| match std::fs::read(path) {
            Ok(there) if there.is_empty() || there.starts_with(HEADER.as_bytes()) => Ok(()),
            Ok(_) => Err(format!("--manifest {}: the file is there and is no manifest", path.display())),
            Err(error) => Err(format!("cannot write {}: {error}", path.display())),
        };
        let mut file = Replacing::shared(path, may)?.listed_in(files);
        file.write(HEADER.as_bytes());
        Ok(Manifest { file, redact: redact(invocation.show_secrets), by_record: invocation.resume.is_some() })
    }

    fn push(&mut self, url: &str, file: &str, bytes: u64) {
        let url = (self.redact)(url);
        let line = format!("{}\t{}\t{bytes}\n", escape::line(&url), escape::line(file));
        self.file.write(line.as_bytes());
    }
}

/// The first line, which tells it from somebody's other file, and what its columns are.
const HEADER: &str = "# gfetch: url\tfile\tbytes\n";

impl Kept for Manifest {
    fn record(&mut self, fetched: &Fetched) {
        let outcome = &fetched.outcome;
        if let (Some(file), true, false) = (&outcome.file, outcome.ok(), self.by_record) {
            let file = file.to_string_lossy();
            self.push(&outcome.url, &file, outcome.whole_bytes());
        }
    }

    fn finish(mut self: Box<Self>, end: &End<'_>) -> Result<(), String> {
        if let Some(journal) = end.session.journal() {
            let done = journal.each_file(|line, file, bytes| match parse_line(line, "", 0) {
                Line::Entry(entry) => self.push(&entry.text, file, bytes),
                Line::Blank => {}
            });
            done.map_err(|error| format!("the manifest: cannot read the record of --resume: {error}"))?;
        }
        self.file.finish()
    }
}
