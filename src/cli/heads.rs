//! `-D`: the heads of all answers, as they come.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use gfetch::fetch::Fetched;

use super::stream::Stream;

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
    /// # Errors
    /// A file that cannot be made.
    pub fn at(path: &Path, stdout: &Stream) -> Result<Heads, String> {
        let to = match path.as_os_str() == "-" {
            true => To::Stdout(stdout.clone()),
            false => To::File(File::create(path).map_err(|error| format!("-D {}: {error}", path.display()))?),
        };
        Ok(Heads { to, failed: None })
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
                    self.failed.get_or_insert(format!("cannot write the heads (-D): {error}"));
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
