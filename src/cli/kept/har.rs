//! `--har`: every exchange of the run, written as it comes, so that any number of them needs no memory.

use std::fs::Metadata;
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
    /// Begins an archive that will stand at `path`; `may` says whether the regular file that is there may go.
    pub fn at(
        path: &Path,
        files: &PartFiles,
        secrets: Secrets,
        may: impl FnOnce(&Metadata) -> Result<(), String>,
    ) -> Result<Har, String> {
        let file = if secrets.shown { Replacing::at(path, may) } else { Replacing::shared(path, may) };
        let file = file?.listed_in(files);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::samples;

    #[test]
    fn a_long_run_needs_no_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.har");
        let mut har = Har::at(&path, &PartFiles::default(), samples::secrets(samples::asis), |_| Ok(())).unwrap();
        let run = samples::run();
        for _ in 0..4_000 {
            run.iter().for_each(|fetched| har.record(fetched));
            assert!(har.pending.capacity() <= 2 * GATHER_BYTES);
        }
        har::end(&mut har.pending);
        har.file.write(&har.pending);
        har.file.finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        // Six exchanges in five records.
        assert_eq!(text.lines().count(), 6 * 4_000 + 2);
        assert!(text.len() > 200 * GATHER_BYTES && text.ends_with("\n]}}\n"));
    }
}
