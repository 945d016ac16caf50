//! `--har`: every exchange of the run, written as it comes, so that any number of them needs no memory.

use std::path::Path;

use gfetch::fetch::{Fetched, PartFiles};

use super::replacing::Replacing;
use super::{End, Kept};
use crate::cli::render::fields::Secrets;
use crate::cli::render::har;

/// Entries are gathered up to this before they are written.
const GATHER_BYTES: usize = 64 * 1024;

/// The archive while it grows.
pub struct Har {
    file: Replacing,
    pending: Vec<u8>,
    secrets: Secrets,
    is_first: bool,
}

impl Har {
    /// Begins an archive that will stand at `path`.
    pub fn at(path: &Path, files: &PartFiles, secrets: Secrets) -> Result<Har, String> {
        let file = Replacing::at(path, |_| Ok(()))?.listed_in(files);
        let mut pending = Vec::new();
        har::begin(&mut pending);
        Ok(Har { file, pending, secrets, is_first: true })
    }
}

impl Kept for Har {
    fn record(&mut self, fetched: &Fetched) {
        har::entries(&mut self.pending, fetched, &self.secrets, &mut self.is_first);
        if self.pending.len() >= GATHER_BYTES {
            self.file.write(&self.pending);
            self.pending.clear();
        }
    }

    fn finish(mut self: Box<Self>, _: &End<'_>) -> Result<(), String> {
        har::end(&mut self.pending);
        self.file.write(&self.pending);
        self.file.finish()
    }
}
