//! Where a body goes: nowhere, into a file that appears whole or not at all, or to the run's output in its turn.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tempfile::NamedTempFile;

use super::spool::{Spool, SpoolMemory};
use crate::green;

/// Pieces of this size go to the disk: each is a call on another thread.
const PIECE_BYTES: usize = 256 * 1024;

/// The end that printed bodies go to; called in the order in which they are to appear.
pub type Output = Rc<dyn Fn(&[u8]) -> io::Result<()>>;

/// Whose body may go to the output as it comes: the line whose record is the next to be handed over. Clones are the same.
#[derive(Clone, Default)]
pub struct Turn(Rc<Cell<u64>>);

impl Turn {
    /// All records before `index` have been handed over, their bodies with them.
    pub fn pass_to(&self, index: u64) {
        self.0.set(index);
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
        self.now.0.get() == self.index
    }
}

/// Where one body goes.
pub(super) enum Sink {
    Count,
    Print(Print),
    Save(Save),
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
pub(super) struct Save {
    path: PathBuf,
    create_dirs: bool,
    pending: Vec<u8>,
    open: Option<Opened>,
}

enum Opened {
    /// A regular file, or none yet: written beside it and renamed to this at the end.
    Replacing(NamedTempFile, PathBuf),
    /// Something else (`/dev/null`, a pipe): written to.
    Special(File),
}

impl Sink {
    pub fn print(turn: Option<MyTurn>, output: Output, memory: SpoolMemory) -> Sink {
        Sink::Print(Print { turn, output, spool: Spool::new(memory), shown: false })
    }

    pub fn save(path: PathBuf, create_dirs: bool) -> Sink {
        Sink::Save(Save { path, create_dirs, pending: Vec::new(), open: None })
    }

    /// Whether bytes are only counted.
    pub fn is_count(&self) -> bool {
        matches!(self, Sink::Count)
    }

    /// Whether a byte has been shown already.
    pub fn has_shown(&self) -> bool {
        matches!(self, Sink::Print(print) if print.shown)
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Count => Ok(()),
            Sink::Print(print) => print.write(bytes),
            Sink::Save(save) => save.write(bytes),
        }
    }

    /// The body is whole. What is left to print is returned, where a file was written its path.
    pub fn finish(self) -> io::Result<Finished> {
        Ok(match self {
            Sink::Count => Finished::default(),
            Sink::Print(print) => Finished { body: Some(print.spool), file: None },
            Sink::Save(save) => Finished { body: None, file: Some(save.finish()?) },
        })
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
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < PIECE_BYTES {
            return Ok(());
        }
        self.flush(false)
    }

    fn finish(mut self) -> io::Result<PathBuf> {
        self.flush(true)?;
        Ok(self.path)
    }

    /// Writes what is pending on another thread; the last time the file takes its place.
    fn flush(&mut self, last: bool) -> io::Result<()> {
        let (path, create_dirs) = (self.path.clone(), self.create_dirs);
        let (pending, open) = (std::mem::take(&mut self.pending), self.open.take());
        let done = green::offload(move || {
            let mut open = open.map_or_else(|| Opened::at(&path, create_dirs), Ok)?;
            open.write_all(&pending)?;
            if last { open.close().map(|()| None) } else { Ok(Some(open)) }
        });
        self.open = done??;
        Ok(())
    }
}

impl Opened {
    fn at(path: &Path, create_dirs: bool) -> io::Result<Opened> {
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Ok(Opened::Special(OpenOptions::new().write(true).open(path)?));
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
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Ok(Opened::Replacing(builder.tempfile_in(dir)?, path))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Opened::Replacing(file, _) => file.write_all(bytes),
            Opened::Special(file) => file.write_all(bytes),
        }
    }

    fn close(self) -> io::Result<()> {
        match self {
            Opened::Replacing(file, path) => file.persist(path).map(drop).map_err(|error| error.error),
            Opened::Special(mut file) => file.flush(),
        }
    }
}

#[cfg(test)]
#[path = "sink_tests.rs"]
mod tests;
