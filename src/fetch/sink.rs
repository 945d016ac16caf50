//! Where a body goes: nowhere, into a file that appears whole or not at all, or to the run's output in its turn.

mod landed;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::parts::{Listed, PartFiles};
use super::spool::{Spool, SpoolMemory};
use crate::green;
use crate::http::Client;
use crate::net::is_out_of_descriptors;
pub(super) use landed::Landed;

/// Pieces of this size go to the disk: each is a call on another thread.
const PIECE_BYTES: usize = 256 * 1024;
/// Out of descriptors: the first wait for one, doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(100);
/// After waits of all of these together (20 s) the others will not give one back either.
const MAX_PAUSES: u32 = 200;

/// The end that printed bodies go to; called in the order in which they are to appear.
pub type Output = Rc<dyn Fn(&[u8]) -> io::Result<()>>;

/// Whose body may go to the output as it comes: the line whose record is the next to be handed over. Clones are the same.
#[derive(Clone, Default)]
pub struct Turn(Arc<AtomicU64>);

impl Turn {
    /// All records before `index` have been handed over, their bodies with them.
    pub fn pass_to(&self, index: u64) {
        self.0.store(index, Ordering::Release);
    }

    /// The turn of the line `index`.
    pub(super) fn of(&self, index: u64) -> MyTurn {
        MyTurn { now: self.clone(), index }
    }
}

/// When one line's body may go out as it comes.
pub(super) struct MyTurn {
    now: Turn,
    index: u64,
}

impl MyTurn {
    fn has_come(&self) -> bool {
        self.now.0.load(Ordering::Acquire) == self.index
    }
}

/// Where one body goes. Mostly it is counted: what the others need is not on every greenlet's stack.
pub(super) enum Sink {
    Count,
    Print(Box<Print>),
    Save(Box<Save>),
}

/// A body on its way to the output.
pub(super) struct Print {
    /// None: it waits until its record is handed over.
    turn: Option<MyTurn>,
    output: Output,
    spool: Spool,
    /// A byte is out: the request must not be made again.
    pub shown: bool,
}

/// A body on its way into a file.
pub(super) struct Save<C = Client> {
    path: PathBuf,
    create_dirs: bool,
    parts: PartFiles,
    client: C,
    pending: Vec<u8>,
    open: Option<Opened>,
    how: How,
}

/// How a file is written, where that is not the usual way.
#[derive(Clone, Copy, Default)]
struct How {
    /// The time it is given.
    modified: Option<SystemTime>,
    /// Nothing that is there already is replaced: the server chose the name.
    only_new: bool,
    /// It goes on where the file ends, which must have so many bytes, or not be there.
    from: u64,
    /// Nothing is written at all.
    untouched: bool,
}

enum Opened {
    /// The file itself, which grows.
    Growing(Growing),
    /// A regular file, or none yet: written beside it and renamed to this at the end.
    Replacing(NamedTempFile, PathBuf, Listed),
    /// Something else (`/dev/null`, a pipe): written to.
    Special(File),
}

impl Sink {
    pub fn print(turn: Option<MyTurn>, output: Output, memory: SpoolMemory) -> Sink {
        Sink::Print(Box::new(Print { turn, output, spool: Spool::new(memory), shown: false }))
    }

    /// Into a file, which is on the list of `parts` while it is under way. Where a descriptor is wanting for it, an idle
    /// connection of `client` makes room.
    pub fn save(path: PathBuf, create_dirs: bool, parts: PartFiles, client: Client) -> Sink {
        Sink::Save(Box::new(Save {
            path,
            create_dirs,
            parts,
            client,
            pending: Vec::new(),
            open: None,
            how: How::default(),
        }))
    }

    /// The file that it is saved to, if it is.
    pub fn saving(&mut self) -> Option<&mut Save> {
        match self {
            Sink::Save(save) => Some(save),
            _ => None,
        }
    }

    /// Whether bytes are only counted.
    pub fn is_count(&self) -> bool {
        matches!(self, Sink::Count)
    }

    /// Whether bytes go into a file.
    pub fn saves(&self) -> bool {
        matches!(self, Sink::Save(_))
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Count => Ok(()),
            Sink::Print(print) => print.write(bytes),
            Sink::Save(save) => save.write(bytes),
        }
    }

    /// What it is once nothing comes any more: without what belongs to the hub that it came to.
    pub fn land(self) -> Landed {
        match self {
            Sink::Count => Landed::Nothing,
            Sink::Print(print) => Landed::Print { spool: print.spool, shown: print.shown },
            Sink::Save(save) => Landed::Save(Box::new(save.with_client(()))),
        }
    }
}

/// What a finished sink leaves.
#[derive(Default)]
pub(super) struct Finished {
    pub body: Option<Spool>,
    pub file: Option<PathBuf>,
}

impl Print {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.turn.as_ref().is_some_and(MyTurn::has_come) {
            return self.spool.write(bytes);
        }
        self.shown = true;
        self.spool.drain(|bytes| (self.output)(bytes))?;
        (self.output)(bytes)
    }
}

impl Save {
    /// Where it goes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file a time.
    pub fn set_modified(&mut self, time: Option<SystemTime>) {
        self.how.modified = time;
    }

    /// Another place, to be said before the first byte; with `only_new` what is there already is not replaced.
    pub fn move_to(&mut self, path: PathBuf, only_new: bool) {
        (self.path, self.how.only_new) = (path, only_new);
    }

    /// What comes goes on where the file ends.
    pub fn continue_at(&mut self, from: u64) {
        self.how.from = from;
    }

    /// Nothing new comes: the file stays, or stays away.
    pub fn leave(&mut self) {
        self.how.untouched = true;
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < PIECE_BYTES {
            return Ok(());
        }
        self.flush(false)
    }

    fn finish(mut self) -> io::Result<Option<PathBuf>> {
        if self.how.untouched {
            return Ok(None);
        }
        self.flush(true)?;
        Ok(Some(self.path))
    }

    /// Writes what is pending on another thread; the last time the file takes its place.
    fn flush(&mut self, last: bool) -> io::Result<()> {
        let mut pause = FIRST_PAUSE;
        for pauses in 0.. {
            match self.write_pending(last)? {
                Ok(()) => return Ok(()),
                Err(error) if pauses == MAX_PAUSES => return Err(error),
                Err(_) if self.client.make_room() => {}
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
        let (path, create_dirs, parts, how) = (self.path.clone(), self.create_dirs, self.parts.clone(), self.how);
        let (pending, open) = (std::mem::take(&mut self.pending), self.open.take());
        let done = green::offload(move || {
            let mut open = match open.map_or_else(|| Opened::at(&path, how, create_dirs, &parts), Ok) {
                Ok(open) => open,
                Err(error) if is_out_of_descriptors(&error) => return Ok(Err((error, pending))),
                Err(error) => return Err(error),
            };
            open.write_all(&pending)?;
            if last { open.close(how).map(|()| Ok(None)) } else { Ok(Ok(Some(open))) }
        });
        match done?? {
            Ok(open) => self.open = open,
            Err((error, pending)) => {
                self.pending = pending;
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }
}

impl Opened {
    fn at(path: &Path, how: How, create_dirs: bool, parts: &PartFiles) -> io::Result<Opened> {
        match fs::metadata(path) {
            Ok(there) if !there.is_file() => {
                return Ok(Opened::Special(OpenOptions::new().write(true).open(path)?));
            }
            Ok(_) if how.from > 0 => return Growing::at(path, how.from).map(Opened::Growing),
            _ => {}
        }
        // A link stays one, as in curl: the file that it leads to is replaced.
        let is_link = fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink());
        let path = if is_link { fs::canonicalize(path)? } else { path.to_owned() };
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if create_dirs {
            fs::create_dir_all(dir)?;
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".gfetch-").suffix(".part");
        // Opened here, because the builder's own errors do not tell the system's.
        let mut system_error = None;
        let made = builder
            .make_in(dir, |part| File::create_new(part).inspect_err(|error| system_error = error.raw_os_error()));
        match (made, system_error) {
            (Ok(file), _) => {
                // What replaces a private file is private, before there is anything in it.
                if let Ok(there) = fs::metadata(&path) {
                    file.as_file().set_permissions(there.permissions())?;
                }
                let listed = parts.list(file.path().to_owned());
                Ok(Opened::Replacing(file, path, listed))
            }
            (Err(_), Some(code)) if is_out_of_descriptors(&io::Error::from_raw_os_error(code)) => {
                Err(io::Error::from_raw_os_error(code))
            }
            (Err(error), _) => Err(error),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Opened::Replacing(file, ..) => file.write_all(bytes),
            Opened::Special(file) => file.write_all(bytes),
            Opened::Growing(growing) => growing.file.write_all(bytes),
        }
    }

    fn close(self, how: How) -> io::Result<()> {
        let set_time = |file: &File| how.modified.map_or(Ok(()), |time| file.set_modified(time));
        match self {
            Opened::Replacing(file, path, _listed) => {
                set_time(file.as_file())?;
                let placed = if how.only_new { file.persist_noclobber(path) } else { file.persist(path) };
                placed.map(drop).map_err(|error| error.error)
            }
            Opened::Special(mut file) => file.flush(),
            Opened::Growing(mut growing) => {
                set_time(&growing.file)?;
                growing.is_good = true;
                Ok(())
            }
        }
    }
}

/// A file that a download is continued in. Unless that ends well, it is cut back to what it was.
struct Growing {
    file: File,
    from: u64,
    is_good: bool,
}

impl Growing {
    fn at(path: &Path, from: u64) -> io::Result<Growing> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        let there = file.seek(SeekFrom::End(0))?;
        if there != from {
            return Err(io::Error::other(format!("the file has {there} bytes and was to be continued at {from}")));
        }
        Ok(Growing { file, from, is_good: false })
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.is_good {
            // There is nobody to tell; a longer file is continued like any other.
            let _ = self.file.set_len(self.from);
        }
    }
}

#[cfg(test)]
#[path = "sink_tests.rs"]
mod tests;
