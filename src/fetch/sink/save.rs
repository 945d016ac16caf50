//! A body on its way into a file: gathered, written in pieces on another thread, kept as a part where a later run may go on.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::beginning::Beginning;
use super::opened::{How, Opened, There};
use super::{Finished, says_disk_full};
use crate::fetch::journal::{Part, validator_of};
use crate::fetch::names::with_status;
use crate::fetch::parts::PartFiles;
use crate::green::{self, Offloaded};
use crate::http::Client;
use crate::http::h1::Head;
use crate::net::is_out_of_descriptors;

/// Pieces of this size go to the disk: each is a call on another thread.
pub(super) const PIECE_BYTES: usize = 256 * 1024;
/// What somebody can go on with after a `kill -9` does not wait for a whole piece: so much of it goes to the disk...
const LASTING_PIECE_BYTES: usize = 64 * 1024;
/// ... once it has gathered for so long (what is faster comes in whole pieces), ...
const LASTING_PIECE_WAIT: Duration = Duration::from_millis(10);
/// ... and anything after so long.
const LASTING_WAIT: Duration = Duration::from_secs(1);
/// Out of descriptors: the first wait for one, doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(100);
/// After waits of all of these together (20 s) the others will not give one back either.
const MAX_PAUSES: u32 = 200;

/// A body on its way into a file. Whoever writes it says whose idle connections make room where a descriptor is wanting.
pub(in crate::fetch) struct Save {
    path: PathBuf,
    create_dirs: bool,
    parts: PartFiles,
    pending: Vec<u8>,
    /// Since when there is something pending, where that may not wait for long.
    pending_since: Option<Instant>,
    open: Option<Opened>,
    /// It has the file. An interrupted wait for it is taken up by the next write.
    writing: Option<Offloaded<io::Result<Written>>>,
    how: How,
    part: Option<Part>,
    /// The rest of a part may be asked for.
    goes_on: bool,
    /// What the server calls what comes, where its rest can be asked for.
    validator: Option<String>,
    disk_is_full: bool,
    /// How long the file is, where it is not what came alone.
    whole_bytes: Option<u64>,
    /// The path has a `{status}` to be settled.
    by_status: bool,
}

impl Save {
    pub(super) fn new(path: PathBuf, create_dirs: bool, parts: PartFiles) -> Save {
        Save {
            path,
            create_dirs,
            parts,
            pending: Vec::new(),
            pending_since: None,
            open: None,
            writing: None,
            how: How::default(),
            part: None,
            goes_on: false,
            validator: None,
            disk_is_full: false,
            whole_bytes: None,
            by_status: false,
        }
    }

    /// Where it goes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// See [`Landed::disk_is_full`](super::Landed::disk_is_full).
    pub fn disk_is_full(&self) -> bool {
        self.disk_is_full
    }

    /// The status of the answer is part of the path.
    pub fn set_by_status(&mut self, by_status: bool) {
        self.by_status = by_status;
    }

    /// So many of the path's last components at least were not typed: they may not be links.
    pub fn set_contributed(&mut self, components: usize) {
        self.how.contributed = self.how.contributed.max(components);
    }

    /// Whether it has still to be put there.
    pub fn is_by_status(&self) -> bool {
        self.by_status
    }

    /// Gives the file a time.
    pub fn set_modified(&mut self, time: Option<SystemTime>) {
        self.how.modified = time;
    }

    /// What becomes of a file that is there already.
    pub fn set_there(&mut self, there: There) {
        self.how.there = there;
    }

    /// Another place, to be said before the first byte.
    pub fn move_to(&mut self, path: PathBuf) {
        self.how.part = self.part.as_ref().map(|part| part.beside(&path));
        (self.path, self.by_status) = (path, false);
    }

    /// What comes goes on where the file ends, or the part of it that is there.
    pub fn continue_at(&mut self, from: u64) {
        self.how.from = from;
    }

    /// With -C: the file itself grows, where there is none yet or nothing in it.
    pub fn set_grows(&mut self, grows: bool) {
        self.how.grows = grows;
    }

    /// What is there already of what it is going to be, where it goes on with something.
    pub fn beginning(&self) -> Option<Beginning> {
        let path = self.how.part.as_ref().unwrap_or(&self.path);
        (self.how.from > 0).then(|| Beginning { path: path.clone(), bytes: self.how.from })
    }

    /// Nothing new comes: the file stays, or stays away. Where all `from` bytes of it are there as a part, that is the file.
    pub fn leave(&mut self, from: u64) {
        match from > 0 && self.part.is_some() {
            true => self.how.from = from,
            false => self.how.untouched = true,
        }
    }

    /// While it is under way it is called as `part` says; with `goes_on` what came of it is kept when it breaks off.
    pub fn set_part(&mut self, part: Part, goes_on: bool) {
        // Only what was answered with 200 is gone on with.
        let path = if self.by_status { &with_status(&self.path, 200) } else { &self.path };
        self.how.part = Some(part.beside(path));
        (self.part, self.goes_on) = (Some(part), goes_on);
    }

    /// The part that an earlier run or attempt left, and what it is a part of.
    pub fn part_to_go_on_with(&self) -> Option<(PathBuf, String)> {
        let part = self.part.as_ref().filter(|_| self.goes_on)?;
        Some((self.how.part.clone()?, part.validator()?))
    }

    /// Whether it has a part that may be kept.
    pub fn has_part(&self) -> bool {
        self.part.is_some()
    }

    /// An answer's body begins, whole or from where the part ends.
    pub fn begins(&mut self, head: &Head) {
        if self.goes_on && head.status == 200 {
            self.validator = validator_of(head);
        } else if self.how.from > 0 {
            self.validator = self.part.as_ref().and_then(Part::validator);
        }
    }

    /// What broke off is kept, if its rest can be asked for.
    pub fn keep_part(&mut self, client: &Client) -> io::Result<()> {
        if self.validator.is_none() || (self.pending.is_empty() && self.open.is_none() && self.writing.is_none()) {
            return Ok(());
        }
        self.flush(false, client)?;
        if let Some(open) = &mut self.open {
            open.keep();
        }
        Ok(())
    }

    /// What is there is a part of nothing that can be asked for: the next attempt begins anew.
    pub fn forget_part(&mut self) {
        if let Some(part) = self.part.as_ref().filter(|part| part.validator().is_some()) {
            part.forget();
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], client: &Client) -> io::Result<()> {
        if self.pending.is_empty() && self.lasts() {
            self.pending_since = Some(green::now());
        }
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < PIECE_BYTES && self.may_wait().is_none_or(|left| !left.is_zero()) {
            return Ok(());
        }
        self.flush(false, client)
    }

    /// Whether what is in the file is of use if the process ends here.
    fn lasts(&self) -> bool {
        match self.part {
            Some(_) => self.validator.is_some(),
            None => self.how.grows || self.how.from > 0,
        }
    }

    /// How long what is pending may still wait for more; none: for as long as it takes.
    pub(super) fn may_wait(&self) -> Option<Duration> {
        let since = self.pending_since?;
        let most = if self.pending.len() < LASTING_PIECE_BYTES { LASTING_WAIT } else { LASTING_PIECE_WAIT };
        Some(most.saturating_sub(green::now().saturating_duration_since(since)))
    }

    pub(super) fn finish(mut self, client: &Client) -> io::Result<Finished> {
        if self.how.untouched {
            return Ok(Finished::default());
        }
        self.flush(true, client)?;
        Ok(Finished { body: None, file: Some(self.path), file_bytes: self.whole_bytes })
    }

    /// Writes what is pending on another thread; the last time the file takes its place.
    pub(super) fn flush(&mut self, last: bool, client: &Client) -> io::Result<()> {
        let mut pause = FIRST_PAUSE;
        for pauses in 0.. {
            let written = self.write_pending(last);
            self.disk_is_full |= written.as_ref().is_err_and(|error| says_disk_full(error, &self.path));
            match written? {
                Ok(()) => return Ok(()),
                Err(error) if pauses == MAX_PAUSES => return Err(error),
                Err(_) if client.make_room() => {}
                Err(_) => {
                    green::sleep(pause)?;
                    pause = (pause * 2).min(LAST_PAUSE);
                }
            }
        }
        Ok(())
    }

    /// The inner error is the want of a descriptor; what is pending is so still.
    fn write_pending(&mut self, last: bool) -> io::Result<io::Result<()>> {
        if let Err(error) = self.take_written()? {
            return Ok(Err(error));
        }
        let noted = if self.open.is_none() && !last { self.part_to_note() } else { None };
        let (path, create_dirs, parts, how) =
            (self.path.clone(), self.create_dirs, self.parts.clone(), self.how.clone());
        self.pending_since = None;
        let (pending, open) = (std::mem::take(&mut self.pending), self.open.take());
        let write = move || {
            if let Some((part, validator)) = noted {
                part.note(validator.as_deref());
            }
            let mut open = match open.map_or_else(|| Opened::at(&path, &how, create_dirs, &parts), Ok) {
                Ok(open) => open,
                Err(error) if is_out_of_descriptors(&error) => return Ok(Written::Nothing(error, pending)),
                Err(error) => return Err(error),
            };
            open.write_all(&pending)?;
            if !last {
                return Ok(Written::Piece(open));
            }
            let whole = open.whole_bytes(&how)?;
            open.close(&how).map(|at| Written::Whole(at, whole))
        };
        self.writing = green::offload_many([write]).pop();
        self.take_written()
    }

    /// Waits for what is being written, if something is.
    fn take_written(&mut self) -> io::Result<io::Result<()>> {
        if let Some(writing) = &self.writing {
            writing.join()?;
        }
        let Some(writing) = self.writing.take() else { return Ok(Ok(())) };
        match writing.get()?? {
            Written::Piece(open) => self.open = Some(open),
            Written::Whole(at, whole) => {
                self.whole_bytes = whole;
                self.path = at.unwrap_or_else(|| std::mem::take(&mut self.path));
            }
            Written::Nothing(error, pending) => {
                self.pending = pending;
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// What is to be noted of it before there is a byte: else a part could be taken for the beginning of something else. (A
    /// device has none.)
    fn part_to_note(&mut self) -> Option<(Part, Option<String>)> {
        let part = self.part.as_ref().filter(|_| self.goes_on && !self.path.starts_with("/dev"))?;
        self.how.lasts = self.validator.is_some();
        // Also where it is of nothing still: that may have been said, and not be in the record yet.
        Some((part.clone(), self.validator.clone()))
    }
}

/// What another thread has written.
enum Written {
    /// A piece; more may come.
    Piece(Opened),
    /// The last one: the file's place, if that is another one, and its length, if that is not what came alone.
    Whole(Option<PathBuf>, Option<u64>),
    /// There was no descriptor for it.
    Nothing(io::Error, Vec<u8>),
}
