//! `-D` and `--show-headers`: the heads of all answers, in the order of the records.

use std::fs::{self, File, Metadata};
use std::io::Write;
use std::path::Path;

use gfetch::fetch::Fetched;

use super::args::{ListSource, no_list};
use super::stream::Stream;
use super::words;

/// Where they go.
pub struct Heads {
    to: To,
    /// They could not be written.
    failed: Option<String>,
}

enum To {
    Stdout(Stream),
    File(File),
}

impl Heads {
    /// Begins the file at `path` anew; `-` is standard output.
    ///
    /// # Errors
    /// A file that cannot be made, or that is one of `lists`.
    pub fn at(path: &Path, stdout: &Stream, lists: &[ListSource]) -> Result<Heads, String> {
        if path.as_os_str() == "-" {
            return Ok(Heads::shown(stdout));
        }
        if let Some(there) = fs::metadata(path).ok().filter(Metadata::is_file) {
            no_list("-D", path, lists)(&there)?;
        }
        let file =
            File::create(path).map_err(|error| format!("-D {}: {}", path.display(), words::of_writing(&error)))?;
        Ok(Heads { to: To::File(file), failed: None })
    }

    /// On standard output, before the bodies.
    pub fn shown(stdout: &Stream) -> Heads {
        Heads { to: To::Stdout(stdout.clone()), failed: None }
    }

    pub fn write(&mut self, fetched: &Fetched) {
        let text: Vec<u8> = fetched.exchanges.iter().flat_map(|one| one.response_head.iter().copied()).collect();
        match &mut self.to {
            // A broken standard output is remembered by the stream.
            To::Stdout(stdout) => drop(stdout.write(&text)),
            To::File(file) => {
                if let Err(error) = file.write_all(&text) {
                    self.failed.get_or_insert(format!("cannot write the heads (-D): {}", words::of_writing(&error)));
                }
            }
        }
    }

    /// # Errors
    /// What went wrong meanwhile.
    pub fn finish(self) -> Result<(), String> {
        self.failed.map_or(Ok(()), Err)
    }
}
