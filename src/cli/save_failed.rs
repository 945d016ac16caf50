//! `--save-failed`: what failed, as a list that `-i` takes, each line as it was read below a comment with its reason.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gfetch::fetch::outcome::{Failure, Outcome};
use gfetch::fetch::{Listed, PartFiles};
use tempfile::NamedTempFile;

use super::args::ListSource;
use super::escape;

/// The first line of such a list: what tells it from somebody's other file.
const HEADER: &str = "# gfetch: what failed; fetch it again with -i\n";

/// The list while it grows, beside its place; it takes that place at the end, so that it may be the run's own input.
pub struct SaveFailed {
    path: PathBuf,
    file: NamedTempFile,
    /// Whether it takes its place by a rename. What is there and is no regular file (`/dev/stdout`) is written to.
    renames: bool,
    broken: Option<io::Error>,
    listed: Option<Listed>,
}

impl SaveFailed {
    /// Begins a list that will stand at `path`. A file there that is no such list is refused, unless it is one of those
    /// that the run reads.
    pub fn at(path: &Path, lists: &[ListSource]) -> Result<SaveFailed, String> {
        let fail = |error: io::Error| format!("cannot write {}: {error}", path.display());
        let there = match fs::metadata(path) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(fail(error)),
        };
        let mut path = path.to_owned();
        let renames = match there {
            Some(there) if there.is_dir() => return Err(fail(io::ErrorKind::IsADirectory.into())),
            Some(there) if !there.is_file() => false,
            Some(there) => {
                if !is_one_of(&there, lists) && !looks_like_a_list(&fs::read(&path).map_err(fail)?) {
                    return Err(format!("--save-failed {}: the file is there and is no list of URLs", path.display()));
                }
                // A link stays one.
                path = fs::canonicalize(&path).map_err(fail)?;
                true
            }
            None => true,
        };
        let dir = path.parent().filter(|dir| renames && !dir.as_os_str().is_empty());
        let dir = dir.map_or_else(|| if renames { ".".into() } else { std::env::temp_dir() }, Path::to_owned);
        let mut file = tempfile::Builder::new().prefix(".gfetch-").tempfile_in(dir).map_err(fail)?;
        let broken = file.write_all(HEADER.as_bytes()).err();
        Ok(SaveFailed { path, file, renames, broken, listed: None })
    }

    /// Has it taken away with the other unfinished files, should the process end in a hurry.
    pub fn listed_in(mut self, files: &PartFiles) -> SaveFailed {
        self.listed = Some(files.list(self.file.path().to_owned()));
        self
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
            None if self.renames => self.file.persist(&self.path).map(drop).map_err(|error| error.error),
            None => copy(&self.file, &self.path),
        };
        placed.map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }
}

fn copy(file: &NamedTempFile, to: &Path) -> io::Result<()> {
    io::copy(&mut file.reopen()?, &mut OpenOptions::new().write(true).open(to)?).map(drop)
}

fn is_one_of(file: &Metadata, lists: &[ListSource]) -> bool {
    lists.iter().any(|list| match list {
        ListSource::Stdin => false,
        ListSource::File(path) => {
            fs::metadata(path).is_ok_and(|list| (list.dev(), list.ino()) == (file.dev(), file.ino()))
        }
    })
}

/// Whether every line would do in a list: a comment, a JSON object, or something with `://` or a dot.
fn looks_like_a_list(bytes: &[u8]) -> bool {
    let is_line = |line: &[u8]| {
        let line = line.trim_ascii();
        let starts = matches!(line.first(), None | Some(b'#' | b'{'));
        starts || line.windows(3).any(|three| three == b"://") || (line.contains(&b'.') && !line.contains(&b' '))
    };
    // One of ours may hold lines as bad as those of the list that it came from.
    bytes.starts_with(HEADER.as_bytes())
        || std::str::from_utf8(bytes).is_ok() && bytes.split(|&byte| byte == b'\n').all(is_line)
}
