//! Owns the record of a run that can be taken up again (`--resume`): what it has as done is not fetched again.
//!
//! ```text
//! # gfetch --resume record 1
//! # id 9f3c…  -X=… -d=… …                 what parts are called by; hashes of the settings that must stay the same
//! ok KEY STATUS BYTES "FILE" LINE          a line that succeeded (FILE: null where nothing was saved)
//! part KEY VALIDATOR                       a file under way, and what its server calls this version of it
//! ```
//! Lines are matched by what they say and where they save it, not by their place: see [`Key`]. The file only grows, a
//! piece is one write, and a last line without its end was cut off by the process's end and counts for nothing. What was
//! written outlives a `kill -9`. Nothing is synced to the disk, as the files are not: a record that is there after a power cut
//! and has files as done that are not would be worse than none.

mod key;
mod load;
mod settings;

use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use key::Key;

use self::settings::Settings;
use super::plan::Plan;
use super::session::Fetched;
use crate::http::h1::Head;

/// Pieces of this size are written at once, whoever is told of flushing.
const GATHER_BYTES: usize = 64 * 1024;
/// A longer validator is none: it would have to be kept for each file under way.
const MAX_VALIDATOR_BYTES: usize = 1024;

/// The record of a run, in its file. Clones are the same; any thread may have one.
///
/// Memory: about 45 bytes for each line that the file has as done and this run's list has not come to yet, the validator of
/// each file that is under way or broke off, and nothing for what is done now.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
    /// What the file's parts are called by, so that no other record's run writes to them.
    id: u64,
    path: Arc<Path>,
}

struct Shared {
    /// Held while it is written, and then the state is free: nobody else waits for a slow disk. None: it is only looked at.
    file: Mutex<Option<File>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pending: Vec<u8>,
    /// How often each was done before, as far as this run's list has not come to it.
    before: HashMap<Key, u32, foldhash::fast::RandomState>,
    /// The validators of files under way, and of those that broke off.
    parts: HashMap<Key, String, foldhash::fast::RandomState>,
    /// The first write that failed: nothing is written after it, for a piece may be in the file.
    broken: Option<io::ErrorKind>,
}

/// What says where bodies go.
const SAYS_WHERE: &str = "-o, -O, -J, --output-dir or --body";

/// Why a file is not taken for the record.
#[derive(Debug)]
pub enum JournalError {
    /// It cannot be read or written.
    Io(io::Error),
    /// Another run has it.
    Busy,
    /// It is something else: what, and in which line.
    NoRecord(String),
    /// It was made with other settings: these options'.
    Other(Vec<&'static str>),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Io(error) => write!(f, "{error}"),
            JournalError::Busy => write!(f, "another run is writing to it"),
            JournalError::NoRecord(what) => write!(f, "{what}"),
            JournalError::Other(options) => {
                // Where bodies go is said by any of these, and a record has one name for it.
                let said = |option: &&'static str| if *option == "-o" { SAYS_WHERE } else { option };
                let options: Vec<_> = options.iter().map(said).collect();
                let options = options.join(", ");
                write!(
                    f,
                    "it was made with another {options}: the same command goes on with it, another one needs a record of its own"
                )
            }
        }
    }
}

impl std::error::Error for JournalError {}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> JournalError {
        JournalError::Io(error)
    }
}

impl Journal {
    /// Opens the record at `path` for a run of `plan`, and makes it where there is none (mode 0600). It stays locked for as
    /// long as it is held. A last line that was cut off is taken away.
    ///
    /// # Errors
    /// A file that is no record, is another run's, or was made with other settings: it is left as it is.
    pub fn open(path: &Path, plan: &Plan) -> Result<Journal, JournalError> {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(JournalError::NoRecord("it is no regular file".into()));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let settings = Settings::of(plan);
        (&file).seek(SeekFrom::Start(0))?;
        let loaded = match load::load(&file, &settings)? {
            Some(loaded) => {
                file.set_len(loaded.bytes)?;
                loaded
            }
            None => begin(&file, &settings)?,
        };
        Ok(Journal::of(Some(file), loaded, path))
    }

    /// What the record at `path` has as done, for looking only: nothing is made, locked or written. Without a file it is
    /// empty.
    ///
    /// # Errors
    /// As [`open`](Journal::open), but a run may have it.
    pub fn look_at(path: &Path, plan: &Plan) -> Result<Journal, JournalError> {
        let loaded = match File::open(path) {
            Ok(file) => load::load(&file, &Settings::of(plan))?.unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => load::Loaded::default(),
            Err(error) => return Err(error.into()),
        };
        Ok(Journal::of(None, loaded, path))
    }

    fn of(file: Option<File>, loaded: load::Loaded, path: &Path) -> Journal {
        let load::Loaded { id, before, parts, .. } = loaded;
        let state = Mutex::new(State { before, parts, ..State::default() });
        Journal { shared: Arc::new(Shared { file: Mutex::new(file), state }), id, path: path.into() }
    }

    /// Whether the record has `key` as done; each time that it was done counts once.
    pub fn was_done(&self, key: &Key) -> bool {
        let before = &mut self.state().before;
        match before.get_mut(key) {
            None => return false,
            Some(1) => drop(before.remove(key)),
            Some(times) => *times -= 1,
        }
        true
    }

    /// Adds what became of a line, if it succeeded and is not in the record yet, to `out`: one line of the file. To be
    /// [`append`](Journal::append)ed once what the line brought is out of our hands.
    pub fn push_line(&self, fetched: &Fetched, out: &mut Vec<u8>) {
        let (Some(key), true) = (&fetched.key, fetched.outcome.ok()) else { return };
        load::push_done(out, key, &fetched.outcome, fetched.line());
    }

    /// Notes that a line's file is in its place. Whatever else succeeded is not done before it was told: see
    /// [`push_line`](Journal::push_line).
    pub(super) fn note_file(&self, fetched: &mut Fetched) {
        if fetched.outcome.file.is_none() || !fetched.outcome.ok() {
            return;
        }
        let mut state = self.state();
        self.push_line(fetched, &mut state.pending);
        if let Some(key) = fetched.key.take() {
            // There is no part of it any more.
            state.parts.remove(&key);
        }
        self.write_if_enough(state);
    }

    /// Adds lines to the record.
    pub fn append(&self, lines: &[u8]) {
        let mut state = self.state();
        state.pending.extend_from_slice(lines);
        self.write_if_enough(state);
    }

    /// Writes what is pending: from then on no `kill -9` undoes it. (A power cut may.)
    ///
    /// # Errors
    /// The first write that failed.
    pub fn flush(&self) -> io::Result<()> {
        self.write();
        self.state().broken.map_or(Ok(()), |kind| Err(kind.into()))
    }

    /// How many of the lines that were done before this run's list has not named, and the first of them.
    ///
    /// # Errors
    /// The file cannot be read again.
    pub fn gone(&self) -> io::Result<Option<(u64, String)>> {
        let state = self.state();
        let count: u64 = state.before.values().map(|times| u64::from(*times)).sum();
        if count == 0 {
            return Ok(None);
        }
        let first = load::text_of(&self.path, |key| state.before.contains_key(key))?;
        Ok(Some((count, first.unwrap_or_default())))
    }

    /// Calls `each` with the line, the file and the bytes of every success that has a file, in the order in which they were
    /// done, those of this run among them.
    ///
    /// # Errors
    /// The file cannot be read again.
    pub fn each_file(&self, each: impl FnMut(&[u8], &str, u64)) -> io::Result<()> {
        self.flush()?;
        load::each_file(&self.path, each)
    }

    /// What the file of `key` is called while it is under way.
    pub(super) fn part_name(&self, key: &Key) -> String {
        format!(".gfetch-{:016x}.part", key.mixed_with(self.id))
    }

    /// What its server called the version of which a part is there, if that can be asked for again.
    pub(super) fn validator(&self, key: &Key) -> Option<String> {
        self.state().parts.get(key).cloned()
    }

    /// Notes at once what the file is a part of that is about to be written; none: of nothing that can be asked for. It
    /// may wait for the disk.
    pub(super) fn note_part(&self, key: &Key, validator: Option<&str>) {
        self.state().set_part(key, validator);
        self.write();
    }

    /// Notes sooner or later that the part is of nothing that can be asked for.
    pub(super) fn forget_part(&self, key: &Key) {
        self.state().set_part(key, None);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn file(&self) -> MutexGuard<'_, Option<File>> {
        self.shared.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_if_enough(&self, state: MutexGuard<'_, State>) {
        let is_enough = state.pending.len() >= GATHER_BYTES;
        drop(state);
        if is_enough {
            self.write();
        }
    }

    /// Writes what is pending. It is in the file afterwards, also where somebody else had begun to write it.
    fn write(&self) {
        let file = self.file();
        let mut state = self.state();
        let lines = std::mem::take(&mut state.pending);
        if lines.is_empty() || state.broken.is_some() {
            return;
        }
        drop(state);
        let written = file.as_ref().map_or(Ok(()), |mut file| file.write_all(&lines));
        if let Err(error) = written {
            self.state().broken = Some(error.kind());
        }
    }
}

impl State {
    fn set_part(&mut self, key: &Key, validator: Option<&str>) {
        if self.parts.get(key).map(String::as_str) == validator {
            return;
        }
        match validator {
            Some(validator) => self.parts.insert(*key, validator.to_owned()),
            None => self.parts.remove(key),
        };
        load::push_part(&mut self.pending, key, validator.unwrap_or(load::NO_VALIDATOR));
    }
}

/// The beginning of a new record.
fn begin(file: &File, settings: &Settings) -> Result<load::Loaded, JournalError> {
    use std::os::unix::fs::PermissionsExt;
    // An empty one may have been there.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.set_len(0)?;
    let mut id = [0; 8];
    getrandom::fill(&mut id).map_err(|error| io::Error::other(error.to_string()))?;
    let id = u64::from_be_bytes(id);
    let head = format!("{}\n# id {id:016x} {settings}\n", load::MAGIC);
    let mut file = file;
    file.write_all(head.as_bytes())?;
    Ok(load::Loaded { id, ..Default::default() })
}

/// Holds the reading of a record to its promises, whatever is in it: see `src/fuzzing`.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(data: &[u8]) {
    let settings = Settings::of(&Plan::default());
    let head = format!("{}\n# id 00000000000000ab {settings}\n", load::MAGIC).into_bytes();
    for whole in [data.to_vec(), [&head, data].concat()] {
        let Ok(loaded) = load::load(&whole[..], &settings) else { continue };
        let end = loaded.as_ref().map_or(0, |loaded| loaded.bytes as usize);
        assert!(end <= whole.len() && (end == 0 || whole[end - 1] == b'\n'), "it ends where a line does");
        assert!(!whole[end..].contains(&b'\n') || loaded.is_none(), "no whole line is cut off");
        let (mut before, mut parts) = (0, 0);
        if let Some(loaded) = loaded {
            (before, parts) = (loaded.before.values().sum::<u32>(), loaded.parts.len());
            let again = load::load(&whole[..end], &settings).ok().flatten().expect("what is left is a record");
            assert_eq!((again.before, again.parts, again.bytes), (loaded.before, loaded.parts, loaded.bytes));
        }
        // A kill at any moment leaves a beginning of it: that is a record too, and has no more.
        for cut in (0..whole.len()).rev().take(200) {
            let cut = load::load(&whole[..cut], &settings).expect("a beginning of a record is one");
            let done = cut.map_or(0, |cut| cut.before.values().sum::<u32>());
            assert!(done <= before, "{done} of {before}");
        }
        assert!(before as usize + parts <= whole.len() / 38 + 1);
    }
    load::fuzz_line(data);
}

/// What an answer's server calls this version of the body, where that may be asked for again by `If-Range` (RFC 9110 section
/// 13.1.5): a strong entity tag, else a time of change that is older than the answer.
pub(super) fn validator_of(head: &Head) -> Option<String> {
    let short = |text: &&str| text.len() <= MAX_VALIDATOR_BYTES && !text.contains(char::is_control);
    if let Some(etag) = head.fields.first_str("etag") {
        // A weak tag may stand for other bytes, and a date beside it is no better.
        return Some(etag).filter(short).filter(|etag| is_strong(etag)).map(str::to_owned);
    }
    let changed = head.fields.first_str("last-modified").filter(short)?;
    let at = httpdate::parse_http_date(changed).ok()?;
    let answered = httpdate::parse_http_date(head.fields.first_str("date")?).ok()?;
    (answered.duration_since(at).ok()?.as_secs() >= 1).then(|| changed.to_owned())
}

/// Whether an entity tag stands for these very bytes.
pub(super) fn is_strong(etag: &str) -> bool {
    etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"')
}

/// A file under way that a later run can go on with. Clones are the same.
#[derive(Clone)]
pub(super) struct Part {
    journal: Journal,
    key: Key,
}

impl Part {
    pub fn new(journal: &Journal, key: Key) -> Part {
        Part { journal: journal.clone(), key }
    }

    /// Where it is, beside `path`.
    pub fn beside(&self, path: &Path) -> PathBuf {
        path.with_file_name(self.journal.part_name(&self.key))
    }

    /// See [`Journal::validator`].
    pub fn validator(&self) -> Option<String> {
        self.journal.validator(&self.key)
    }

    /// See [`Journal::note_part`].
    pub fn note(&self, validator: Option<&str>) {
        self.journal.note_part(&self.key, validator);
    }

    /// See [`Journal::forget_part`].
    pub fn forget(&self) {
        self.journal.forget_part(&self.key);
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
pub(super) mod tests;
