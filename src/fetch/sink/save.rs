//! A body on its way into a file: gathered, written in pieces on another thread, kept as a part where a later run may go on.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::beginning::Beginning;
use super::opened::{How, Opened, There};
use super::{Finished, says_disk_full};
use crate::fetch::journal::{Part, is_strong, validator_of};
use crate::fetch::names::with_status;
use crate::fetch::outcome::{Failure, Kind, Stage};
use crate::fetch::parts::PartFiles;
use crate::green;
use crate::http::Client;
use crate::http::h1::Head;
use crate::net::is_out_of_descriptors;

/// Pieces of this size go to the disk: each is a call on another thread.
pub(super) const PIECE_BYTES: usize = 256 * 1024;
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
    open: Option<Opened>,
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
            open: None,
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

    /// A server that does not know `If-Range` may send the rest of something else, or say of that that there is none.
    pub fn check_part(&self, head: &Head) -> Result<(), Failure> {
        let Some(ours) = self.part.as_ref().and_then(Part::validator) else { return Ok(()) };
        match head.fields.first_str(if is_strong(&ours) { "etag" } else { "last-modified" }) {
            Some(sent) if !is_the_same(&ours, sent) => {
                let message = format!("the part is of {ours}, and the server has {sent} by now");
                Err(Failure::new(Kind::Protocol, Stage::Receive, message))
            }
            _ => Ok(()),
        }
    }

    /// What broke off is kept, if its rest can be asked for.
    pub fn keep_part(&mut self, client: &Client) -> io::Result<()> {
        if self.validator.is_none() || (self.pending.is_empty() && self.open.is_none()) {
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
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < PIECE_BYTES {
            return Ok(());
        }
        self.flush(false, client)
    }

    pub(super) fn finish(mut self, client: &Client) -> io::Result<Finished> {
        if self.how.untouched {
            return Ok(Finished::default());
        }
        self.flush(true, client)?;
        Ok(Finished { body: None, file: Some(self.path), file_bytes: self.whole_bytes })
    }

    /// Writes what is pending on another thread; the last time the file takes its place.
    fn flush(&mut self, last: bool, client: &Client) -> io::Result<()> {
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
        let noted = if self.open.is_none() && !last { self.part_to_note() } else { None };
        let (path, create_dirs, parts, how) =
            (self.path.clone(), self.create_dirs, self.parts.clone(), self.how.clone());
        let (pending, open) = (std::mem::take(&mut self.pending), self.open.take());
        let done = green::offload(move || {
            if let Some((part, validator)) = noted {
                part.note(validator.as_deref());
            }
            let mut open = match open.map_or_else(|| Opened::at(&path, &how, create_dirs, &parts), Ok) {
                Ok(open) => open,
                Err(error) if is_out_of_descriptors(&error) => return Ok(Err((error, pending))),
                Err(error) => return Err(error),
            };
            open.write_all(&pending)?;
            if !last {
                return Ok(Ok((Some(open), None, None)));
            }
            let whole = open.whole_bytes(&how)?;
            open.close(&how).map(|at| Ok((None, at, whole)))
        });
        match done?? {
            Ok((open, at, whole)) => {
                (self.open, self.whole_bytes) = (open, whole);
                self.path = at.unwrap_or_else(|| std::mem::take(&mut self.path));
            }
            Err((error, pending)) => {
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

/// Whether two validators are of one version: entity tags, byte by byte, or moments, however they are written.
fn is_the_same(one: &str, other: &str) -> bool {
    match httpdate::parse_http_date(one) {
        Ok(at) => httpdate::parse_http_date(other).is_ok_and(|other| other == at),
        Err(_) => one == other,
    }
}
