//! What was typed, kept for who tells it again (`--to-curl`, `--dry-run`): the plan holds what it means only.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use super::option::Opt;
use super::typed::{DataArg, Request};

/// Options in the order typed, those of the config file before them, without what was taken back. Its `Debug` shows no
/// value: some are secrets.
#[derive(Default)]
pub struct AsTyped {
    options: Vec<Word>,
    /// The one file that is the body of all requests.
    pub body: Option<BodyFile>,
    /// The netrc file, found by whatever means.
    pub netrc_file: Option<PathBuf>,
    /// `-b FILE`; an empty name is no file.
    pub cookie_files: Vec<PathBuf>,
}

/// An option.
struct Word {
    opt: &'static Opt,
    value: Option<OsString>,
    /// It is no default of the config file's.
    by_hand: bool,
}

/// A file that is sent as a body.
pub struct BodyFile {
    pub path: PathBuf,
    /// As `-d` sends it: without line ends and NULs.
    pub as_text: bool,
}

impl AsTyped {
    pub fn push(&mut self, opt: &'static Opt, value: Option<&OsStr>, by_hand: bool) {
        self.options.push(Word { opt, value: value.map(OsStr::to_owned), by_hand });
    }

    /// Whether an option, by its long name, was typed for this run: a default of the config file's was not.
    pub fn is_by_hand(&self, long: &str) -> bool {
        self.options.iter().any(|word| word.by_hand && word.opt.long == long)
    }

    /// Every value of an option, by its long name.
    pub fn values<'a>(&'a self, long: &'a str) -> impl DoubleEndedIterator<Item = &'a OsStr> {
        self.options.iter().filter(move |word| word.opt.long == long).filter_map(|word| word.value.as_deref())
    }

    /// Every option and its value, if it takes one.
    pub fn options(&self) -> impl Iterator<Item = (&'static Opt, Option<&OsStr>)> {
        self.options.iter().map(|word| (word.opt, word.value.as_deref()))
    }
}

impl BodyFile {
    /// The file, where the data are one and nothing else, and whoever reads it again finds the same.
    pub fn of(request: &Request) -> Option<BodyFile> {
        let (path, as_text) = match &request.data[..] {
            _ if request.get => return None,
            [DataArg::TextFile(path)] => (path, true),
            [DataArg::BinaryFile(path) | DataArg::JsonFile(path)] => (path, false),
            _ => return None,
        };
        let is_file = std::fs::metadata(path).is_ok_and(|there| there.is_file());
        is_file.then(|| BodyFile { path: path.clone(), as_text })
    }
}

impl fmt::Debug for AsTyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.options.iter().map(|word| word.opt.long)).finish()
    }
}
