//! `--save-failed`: what failed, as a list that `-i` takes, each line as it was read below a comment with its reason.

use std::fs::{self, Metadata};
use std::path::Path;

use gfetch::fetch::{Fetched, PartFiles};

use super::replacing::Replacing;
use super::{End, Kept};
use crate::cli::args::ListSource;
use crate::cli::escape;

/// The first line of such a list: what tells it from somebody's other file.
const HEADER: &str = "# gfetch: what failed; fetch it again with -i\n";

/// The list while it grows, beside its place; it takes that place at the end, so that it may be the run's own input.
pub struct SaveFailed(Replacing);

impl SaveFailed {
    /// Begins a list that will stand at `path`. A file there that is no such list is refused, unless it is one of those
    /// that the run reads.
    pub fn at(path: &Path, lists: &[ListSource]) -> Result<SaveFailed, String> {
        let may = |there: &Metadata| {
            let read = || fs::read(path).map_err(|error| format!("cannot write {}: {error}", path.display()));
            match super::is_one_of(there, lists) || looks_like_a_list(&read()?) {
                true => Ok(()),
                false => Err(format!("--save-failed {}: the file is there and is no list of URLs", path.display())),
            }
        };
        let mut file = Replacing::at(path, may)?;
        file.write(HEADER.as_bytes());
        Ok(SaveFailed(file))
    }

    /// Has it taken away with the other unfinished files, should the process end in a hurry.
    pub fn listed_in(self, files: &PartFiles) -> SaveFailed {
        SaveFailed(self.0.listed_in(files))
    }
}

impl Kept for SaveFailed {
    fn record(&mut self, fetched: &Fetched) {
        let outcome = &fetched.outcome;
        let Some(failure) = &outcome.error else { return };
        let reason = format!("# {} {}: {}\n", outcome.source, failure.kind, failure.message);
        let comment = escape::line(reason.trim_end()).into_owned() + "\n";
        [comment.as_bytes(), fetched.line(), b"\n"].into_iter().for_each(|part| self.0.write(part));
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Result<(), String> {
        self.0.finish()
    }
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
