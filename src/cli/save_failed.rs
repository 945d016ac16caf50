//! `--save-failed`: what failed, as a list that `-i` takes, each line as it was read below a comment with its reason.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use gfetch::fetch::outcome::{Failure, Outcome};
use tempfile::NamedTempFile;

use super::escape;

/// The first line of such a list: what tells it from somebody's other file.
const HEADER: &str = "# gfetch: what failed; fetch it again with -i\n";

/// The list while it grows, beside its place; it takes that place at the end, so that it may be the run's own input.
pub struct SaveFailed {
    path: PathBuf,
    file: NamedTempFile,
    broken: Option<io::Error>,
}

impl SaveFailed {
    /// Begins a list that will stand at `path`. A file there that is no such list is refused.
    pub fn at(path: &Path) -> Result<SaveFailed, String> {
        let fail = |error: io::Error| format!("cannot write {}: {error}", path.display());
        match fs::read(path) {
            Ok(there) if !looks_like_a_list(&there) => {
                return Err(format!("--save-failed {}: the file is there and is no list of URLs", path.display()));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".gfetch-").tempfile_in(dir).map_err(fail)?;
        let broken = file.write_all(HEADER.as_bytes()).err();
        Ok(SaveFailed { path: path.to_owned(), file, broken })
    }

    pub fn add(&mut self, line: &[u8], outcome: &Outcome, failure: &Failure) {
        let reason = format!("# {} {}: {}\n", outcome.source, failure.kind, failure.message);
        let comment = escape::line(reason.trim_end()).into_owned() + "\n";
        let parts = [comment.as_bytes(), line, b"\n"];
        let written = parts.iter().try_for_each(|part| self.file.write_all(part));
        self.broken = self.broken.take().or(written.err());
    }

    /// Puts the list in its place.
    pub fn finish(self) -> Result<(), String> {
        let placed = match self.broken {
            Some(error) => Err(error),
            None => self.file.persist(&self.path).map(drop).map_err(|error| error.error),
        };
        placed.map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }
}

/// Whether every line would do in a list: a comment, a JSON object, or something with `://` or a dot.
fn looks_like_a_list(bytes: &[u8]) -> bool {
    let is_line = |line: &[u8]| {
        let line = line.trim_ascii();
        let starts = matches!(line.first(), None | Some(b'#' | b'{'));
        starts || line.windows(3).any(|three| three == b"://") || (line.contains(&b'.') && !line.contains(&b' '))
    };
    std::str::from_utf8(bytes).is_ok() && bytes.split(|&byte| byte == b'\n').all(is_line)
}
