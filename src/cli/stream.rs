//! Standard output and standard error as the run writes them: in whole pieces, a slow reader stopping nobody but us.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::exit::Exit;
use super::progress::Live;
use super::{charset, words};
use gfetch::green;

/// Text is gathered up to this before it is written …
const GATHER_BYTES: usize = 64 * 1024;
/// … or to this, where it goes to a file, into which nobody waits to look: the kernel takes its pages in larger lots.
const GATHER_BYTES_TO_FILE: usize = 256 * 1024;
/// … and for at most so long: a reader sees each record soon, and a fast run does not pay a call for each.
const GATHER_TIME: Duration = Duration::from_millis(20);
/// What shares its terminal with live lines is gathered for longer: they are wiped and drawn again around each piece, and
/// that ten times a second however fast the run is.
const GATHER_BYTES_BESIDE_LIVE: usize = 1 << 20;
const GATHER_TIME_BESIDE_LIVE: Duration = Duration::from_millis(100);

/// An output stream. Clones are the same stream.
#[derive(Clone)]
pub struct Stream {
    shared: Rc<Shared>,
}

struct Shared {
    file: Arc<File>,
    /// A regular file never makes us wait for a reader, so it is written on this thread.
    is_file: bool,
    pending: RefCell<Vec<u8>>,
    /// Room for the next bytes, that of written ones: text that grows by doubling is copied once more.
    spare: RefCell<Vec<u8>>,
    /// Whether a greenlet is under way that will flush.
    flush_is_due: Cell<bool>,
    /// The live lines, which must be gone from the terminal while anything else is written to it.
    live: RefCell<Option<Rc<Live>>>,
    /// Writers take turns: one piece is written whole before the next begins.
    writing: green::Semaphore,
    broken: Cell<Option<Broken>>,
}

/// Why nothing more can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The reader went away: that is quiet.
    ReaderGone,
    /// Anything else, the disk among it.
    Failed(Why),
}

impl From<&io::Error> for Broken {
    fn from(error: &io::Error) -> Broken {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Broken::ReaderGone,
            _ => Broken::Failed(error.into()),
        }
    }
}

impl Broken {
    /// How the process ends for it.
    pub fn exit(self) -> Exit {
        match self {
            Broken::ReaderGone => Exit::ReaderGone,
            Broken::Failed(_) => Exit::Output,
        }
    }

    /// The same, with a word about `what` that could not be written, unless the reader went away.
    pub fn told(self, what: &str) -> Exit {
        if let Broken::Failed(why) = self {
            super::complain(format!("cannot write {what}: {why}"));
        }
        self.exit()
    }
}

/// What the system said of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Why {
    kind: io::ErrorKind,
    number: Option<i32>,
}

impl From<&io::Error> for Why {
    fn from(error: &io::Error) -> Why {
        Why { kind: error.kind(), number: error.raw_os_error() }
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let error = self.number.map_or_else(|| self.kind.into(), io::Error::from_raw_os_error);
        f.write_str(&words::of_writing(&error))
    }
}

/// A duplicate of a descriptor: std's own handles buffer, panic on a closed pipe, and take one that cannot be written to for
/// one that took everything.
pub fn unbuffered(std: &impl AsFd) -> io::Result<File> {
    std.as_fd().try_clone_to_owned().map(File::from)
}

impl Stream {
    pub fn stdout() -> io::Result<Stream> {
        Stream::new(&io::stdout())
    }

    pub fn stderr() -> io::Result<Stream> {
        Stream::new(&io::stderr())
    }

    fn new(std: &impl AsFd) -> io::Result<Stream> {
        let file = unbuffered(std)?;
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let shared = Shared {
            file: Arc::new(file),
            is_file,
            pending: RefCell::default(),
            spare: RefCell::default(),
            flush_is_due: Cell::new(false),
            live: RefCell::default(),
            writing: green::Semaphore::new(1),
            broken: Cell::new(None),
        };
        Ok(Stream { shared: Rc::new(shared) })
    }

    /// Shares its terminal with live lines.
    pub fn share_with(&self, live: Option<Rc<Live>>) {
        *self.shared.live.borrow_mut() = live;
    }

    /// Gathers bytes; written when enough have come, or a little later, or at the next [`Stream::flush`].
    pub fn push(&self, bytes: &[u8]) {
        self.push_with(|pending| pending.extend_from_slice(bytes));
    }

    /// The same for words, in the characters of the user's locale.
    pub fn talk(&self, text: &str) {
        self.push(charset::shown(text).as_bytes());
    }

    /// The same for a message of [ours](words::ours).
    pub fn say(&self, message: impl Display) {
        self.talk(&words::ours(message));
    }

    /// The same for what `render` appends to the bytes it is given.
    pub fn push_with(&self, render: impl FnOnce(&mut Vec<u8>)) {
        render(&mut self.shared.pending.borrow_mut());
        if self.has_gathered_enough() {
            self.flush();
        } else if !self.shared.flush_is_due.replace(true) {
            let stream = self.clone();
            let beside_live = self.shared.live.borrow().is_some();
            green::spawn(move || {
                // An interrupt here is the run's end, which flushes too.
                let _ = green::sleep(if beside_live { GATHER_TIME_BESIDE_LIVE } else { GATHER_TIME });
                stream.shared.flush_is_due.set(false);
                stream.flush();
            });
        }
    }

    fn has_gathered_enough(&self) -> bool {
        let bytes = self.shared.pending.borrow().len();
        bytes >= GATHER_BYTES
            && match self.shared.is_file {
                _ if self.shared.live.borrow().is_some() => bytes >= GATHER_BYTES_BESIDE_LIVE,
                true => bytes >= GATHER_BYTES_TO_FILE,
                false => true,
            }
    }

    /// Writes what was gathered.
    pub fn flush(&self) {
        let pending = self.shared.pending.replace(self.shared.spare.take());
        if !pending.is_empty() && self.shared.broken.get().is_none() {
            // Remembered in `broken`: whoever asks later is told.
            let _ = self.write_now(pending);
        }
    }

    /// Writes bytes at once, after what was gathered.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.flush();
        self.write_now(bytes.to_vec())
    }

    /// Why nothing more can be written, if so.
    pub fn broken(&self) -> Option<Broken> {
        self.shared.broken.get()
    }

    fn write_now(&self, mut bytes: Vec<u8>) -> io::Result<()> {
        let _turn = self.shared.writing.acquire()?;
        let live = self.shared.live.borrow().clone();
        let written = match (live, self.shared.is_file) {
            (Some(live), _) => {
                let file = self.shared.file.clone();
                let written;
                (written, bytes) = live.draw_around(move || ((&*file).write_all(&bytes), bytes))?;
                written
            }
            (None, true) => (&*self.shared.file).write_all(&bytes),
            (None, false) => {
                let file = self.shared.file.clone();
                let written;
                (written, bytes) = green::offload(move || ((&*file).write_all(&bytes), bytes))?;
                written
            }
        };
        bytes.clear();
        self.shared.spare.replace(bytes);
        if let Err(error) = &written {
            self.shared.broken.set(Some(error.into()));
        }
        written
    }
}
