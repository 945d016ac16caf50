//! Where something goes that is written at the end: a file that is replaced whole, or standard output behind the report.

use std::fs::Metadata;
use std::path::Path;

use gfetch::fetch::PartFiles;

use super::replacing::Replacing;
use crate::cli::stream::Stream;

/// One of the two.
pub enum Destination {
    File(Replacing),
    Stdout(Stream),
}

impl Destination {
    /// The file at `path`, where `may` says whether what is there may go; `-` is standard output. `files` has it taken
    /// away, should the process end in a hurry; what holds `secrets` is its owner's alone.
    pub fn at(
        path: &Path,
        stdout: &Stream,
        files: &PartFiles,
        secrets: bool,
        may: impl FnOnce(&Metadata) -> Result<(), String>,
    ) -> Result<Destination, String> {
        if path.as_os_str() == "-" {
            return Ok(Destination::Stdout(stdout.clone()));
        }
        let file = if secrets { Replacing::at(path, may) } else { Replacing::shared(path, may) };
        Ok(Destination::File(file?.listed_in(files)))
    }

    /// Writes all there is, and puts it in its place.
    pub fn finish(self, bytes: &[u8]) -> Result<(), String> {
        match self {
            Destination::File(mut file) => {
                file.write(bytes);
                file.finish()
            }
            Destination::Stdout(stdout) => {
                stdout.push(bytes);
                stdout.flush();
                Ok(())
            }
        }
    }
}
