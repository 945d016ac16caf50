//! Where a body goes: nowhere, into a file that appears whole or not at all, or to the run's output in its turn.

mod beginning;
mod landed;
mod opened;
mod save;

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::parts::PartFiles;
use super::spool::{Spool, SpoolMemory};
use crate::http::Client;
pub(super) use landed::Landed;
pub(super) use opened::There;
pub(super) use save::Save;

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
    Save(Box<Saving>),
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

/// A body on its way into a file, on the hub that it comes to.
pub(super) struct Saving {
    save: Save,
    /// Where a descriptor is wanting, an idle connection of this one makes room.
    client: Client,
}

impl Sink {
    pub fn print(turn: Option<MyTurn>, output: Output, memory: SpoolMemory) -> Sink {
        Sink::Print(Box::new(Print { turn, output, spool: Spool::new(memory), shown: false }))
    }

    /// Into a file, which is on the list of `parts` while it is under way. Where a descriptor is wanting for it, an idle
    /// connection of `client` makes room.
    pub fn save(path: PathBuf, create_dirs: bool, parts: PartFiles, client: Client) -> Sink {
        Sink::Save(Box::new(Saving { save: Save::new(path, create_dirs, parts), client }))
    }

    /// The file that it is saved to, if it is.
    pub fn saving(&mut self) -> Option<&mut Save> {
        match self {
            Sink::Save(saving) => Some(&mut saving.save),
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
            Sink::Save(saving) => saving.save.write(bytes, &saving.client),
        }
    }

    /// How long it may be left without a [`flush`](Sink::flush), where that is not for as long as it takes.
    pub fn may_wait(&self) -> Option<Duration> {
        match self {
            Sink::Save(saving) => saving.save.may_wait(),
            _ => None,
        }
    }

    /// Takes to the disk what has come so far, where it goes there.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Save(saving) => saving.save.flush(false, &saving.client),
            _ => Ok(()),
        }
    }

    /// What it is once nothing comes any more: without what belongs to the hub that it came to.
    pub fn land(self) -> Landed {
        match self {
            Sink::Count => Landed::Nothing,
            Sink::Print(print) => Landed::Print { spool: print.spool, shown: print.shown },
            Sink::Save(saving) => Landed::Save(Box::new(saving.save)),
        }
    }
}

/// Whether an error of writing to `path` says that no other file will find room either. A device (`/dev/full`) speaks for
/// itself alone.
pub(super) fn says_disk_full(error: &io::Error, path: &Path) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
        && path.metadata().map_or(true, |there| there.is_file())
}

/// What a finished sink leaves.
#[derive(Default)]
pub(super) struct Finished {
    pub body: Option<Spool>,
    pub file: Option<PathBuf>,
    /// How long that is, where it is not what came alone.
    pub file_bytes: Option<u64>,
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

#[cfg(test)]
#[path = "sink_tests.rs"]
mod tests;
