//! `--save-failed`: what was not fetched, as a list that `-i` takes: each line that failed, as it was read, below a comment
//! with its reason; behind them those that a run did not come to.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::Duration;

use gfetch::fetch::list::ListError;
use gfetch::fetch::{Fetched, PartFiles, Session};

use super::replacing::Replacing;
use super::{End, Kept};
use crate::cli::args::{ListSource, is_one_of};
use crate::cli::escape;
use crate::cli::stream::Stream;

/// The first line of such a list: what tells it from somebody's other file.
const HEADER: &str = "# gfetch: what failed; fetch it again with -i\n";

/// Lines that were not read are gathered up to this before they are written.
const GATHER_BYTES: usize = 64 * 1024;

/// What stands above the lines that no record tells of.
const UNREAD: &str = "# what follows was not read: the run ended before\n";

/// The list while it grows, beside its place; it takes that place at the end, so that it may be the run's own input.
pub struct SaveFailed {
    file: Replacing,
    /// What is there is a list of this run.
    replaces_a_list: bool,
    name: String,
    stderr: Stream,
}

impl SaveFailed {
    /// Begins a list that will stand at `path`. A file there that is no such list is refused, unless it is one of those
    /// that the run reads.
    pub fn at(path: &Path, lists: &[ListSource], stderr: &Stream) -> Result<SaveFailed, String> {
        let mut replaces_a_list = false;
        let may = |there: &Metadata| {
            let read = || fs::read(path).map_err(|error| format!("cannot write {}: {error}", path.display()));
            replaces_a_list = is_one_of(there, lists);
            match replaces_a_list || looks_like_a_list(&read()?) {
                true => Ok(()),
                false => Err(format!("--save-failed {}: the file is there and is no list of URLs", path.display())),
            }
        };
        let mut file = Replacing::at(path, may)?;
        file.write(HEADER.as_bytes());
        let name = format!("--save-failed {}", escape::line(&path.display().to_string()));
        Ok(SaveFailed { file, replaces_a_list, name, stderr: stderr.clone() })
    }

    /// Has it taken away with the other unfinished files, should the process end in a hurry.
    pub fn listed_in(self, files: &PartFiles) -> SaveFailed {
        SaveFailed { file: self.file.listed_in(files), ..self }
    }

    /// Adds what the run left unread, and returns what of it cannot be read.
    fn add_unread(&mut self, session: &Session) -> Vec<ListError> {
        let Some(mut list) = session.take_unread() else { return Vec::new() };
        // Also behind a list that broke off nobody waits for the next one.
        session.stop().request(Duration::ZERO);
        let (mut pending, mut header) = (Vec::new(), UNREAD);
        let unread = list.rest(|line| {
            let parts = [std::mem::take(&mut header).as_bytes(), line, b"\n"];
            parts.into_iter().for_each(|part| pending.extend_from_slice(part));
            if pending.len() >= GATHER_BYTES {
                self.file.write(&pending);
                pending.clear();
            }
        });
        self.file.write(&pending);
        unread
    }
}

impl Kept for SaveFailed {
    fn record(&mut self, fetched: &Fetched) {
        let outcome = &fetched.outcome;
        let Some(failure) = &outcome.error else { return };
        let reason = format!("# {} {}: {}\n", outcome.source, failure.kind, failure.message);
        let comment = escape::line(reason.trim_end()).into_owned() + "\n";
        [comment.as_bytes(), fetched.line(), b"\n"].into_iter().for_each(|part| self.file.write(part));
    }

    fn finish(mut self: Box<Self>, end: &End<'_>) -> Result<(), String> {
        let unread = self.add_unread(end.session);
        let SaveFailed { file, replaces_a_list, name, stderr } = *self;
        // Of a pipe nothing stands in the file. What else cannot be read may be that very list.
        let broke_off = unread.iter().any(|list| list.error.kind() != io::ErrorKind::WouldBlock);
        if replaces_a_list && (broke_off || end.lost) {
            return Err(format!("{name}: not every line of the list is accounted for: it stays as it was"));
        }
        file.finish()?;
        for list in unread {
            let (line, from) = (list.after_line, escape::line(&list.name));
            stderr.say(format!("{name}: what {from} has behind line {line} is not in it: {}", list.error));
        }
        Ok(())
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
