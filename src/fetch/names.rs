//! Where a body is saved: -o templates, -O, a JSON line's `output`, and collisions settled in input order.
//!
//! Pure: no file system is looked at. What was typed is taken as it is; what a URL or a list contributes is made
//! harmless in `template` and stays below the output folder.

mod safe;
mod template;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::path::{Component, Path, PathBuf};

pub use safe::MAX_NAME_BYTES;
pub(super) use safe::{is_harmless, with_suffix};
pub use template::{DEFAULT_NAME, Template};

use super::list::Target;
use crate::http::disposition;

/// Where one body goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `-o -`.
    StandardOutput,
    /// A file, `--output-dir` already before it.
    File(FilePath),
    /// The same, where the last answer's status goes in the place of each `{status}`.
    ByStatus(FilePath),
}

/// Where a file goes, and how much of that was not typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath {
    path: PathBuf,
    contributed: usize,
}

impl FilePath {
    /// So many of its last components begin with what an entry contributed: none of them may lead elsewhere, as a link does.
    pub fn contributed(&self) -> usize {
        self.contributed
    }
}

impl Deref for FilePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

/// One that was typed.
impl From<PathBuf> for FilePath {
    fn from(path: PathBuf) -> FilePath {
        FilePath { path, contributed: 0 }
    }
}

/// A name before `--output-dir` and a number are put to it.
#[derive(Debug, PartialEq, Eq)]
struct Name {
    text: String,
    /// See [`FilePath::contributed`].
    contributed: usize,
}

impl Name {
    /// One that an entry contributed as a whole.
    fn of_entry(text: String) -> Name {
        let contributed = components(&text);
        Name { text, contributed }
    }
}

fn components(path: &str) -> usize {
    Path::new(path).components().filter(|part| *part != Component::CurDir).count()
}

/// Whether a file is there already.
type IsThere = Box<dyn Fn(&Path) -> bool>;

/// `name.100` is the last that is tried for a file that is there, as in curl (`--no-clobber`).
pub(super) const MAX_KEPT_SUFFIX: u32 = 100;

/// Gives names in input order, each once in a run. Memory: 16 bytes or so for each file saved, whatever its name.
pub struct Names {
    output_dir: Option<PathBuf>,
    templates: Vec<Template>,
    remote_name: bool,
    /// Says which names somebody else has, where those are kept.
    is_there: Option<IsThere>,
    /// The hash of every name given, with the last suffix tried for it. Two names of one 64-bit hash are no danger: the
    /// second gets a suffix that it did not need.
    given: HashMap<u64, u32>,
}

impl Names {
    /// `output_dir` is `--output-dir`, `templates` are the `-o` in their order, `remote_name` is `-O`.
    ///
    /// One `-o` alone holds for all; of several (or beside `-O`) the Nth belongs to the Nth URL argument. A JSON line's
    /// `output` comes before both, `-O` takes what is left.
    pub fn new(output_dir: Option<PathBuf>, templates: Vec<Template>, remote_name: bool) -> Names {
        Names { output_dir, templates, remote_name, is_there: None, given: HashMap::new() }
    }

    /// Names that `is_there` says are taken are passed over, up to the suffix 100: then the name is given all the same, and
    /// it is who writes to it that must not replace what is there (`--no-clobber`).
    pub fn keeping(mut self, is_there: impl Fn(&Path) -> bool + 'static) -> Names {
        self.is_there = Some(Box::new(is_there));
        self
    }

    /// Fixes the place of the body of entry `index`; none where nothing says that it is saved. To be called once for each
    /// entry, in input order: a name used before becomes `name.1`, `name.2`, …
    pub fn assign(&mut self, index: u64, target: &Target) -> Option<Place> {
        let name = match (&target.output, self.template_for(target.argument)) {
            (Some(output), _) => Name::of_entry(output.clone()),
            (None, Some(template)) if template.is_standard_output() => return Some(Place::StandardOutput),
            (None, Some(template)) if template.has_status() => {
                return Some(Place::ByStatus(self.unused(template.fill(index, target))));
            }
            (None, Some(template)) => template.fill(index, target),
            (None, None) if self.remote_name => Name::of_entry(template::remote_name(&target.url)),
            (None, None) => return None,
        };
        Some(Place::File(self.unused(name)))
    }

    fn template_for(&self, argument: Option<usize>) -> Option<&Template> {
        match self.templates.as_slice() {
            [only] if !self.remote_name => Some(only),
            templates => templates.get(argument?),
        }
    }

    /// `{status}` stands for itself until the answer is there, so that who comes second in the list has the suffix, whoever
    /// is answered first.
    fn unused(&mut self, name: Name) -> FilePath {
        let Name { text, contributed } = name;
        FilePath { path: self.unused_path(text), contributed }
    }

    fn unused_path(&mut self, name: String) -> PathBuf {
        // A device is written to, not replaced, so it may be named again. (/dev/shm holds plain files.)
        let is_device = name.starts_with("/dev/") && !name.starts_with("/dev/shm/");
        if self.output_dir.is_none() && is_device {
            return PathBuf::from(name);
        }
        let first = self.below_output_dir(&name);
        let key = hash(&first);
        let tried = match self.given.entry(key) {
            Entry::Vacant(new) => {
                new.insert(0);
                if !self.is_there(&first) {
                    return first;
                }
                0
            }
            Entry::Occupied(seen) => *seen.get(),
        };
        // Each number is tried once in a run, so settling stays cheap however often a name comes.
        for suffix in tried + 1.. {
            if self.is_there.is_some() && suffix > MAX_KEPT_SUFFIX {
                return first;
            }
            let path = self.below_output_dir(&safe::with_suffix(&name, suffix));
            if let Entry::Vacant(new) = self.given.entry(hash(&path)) {
                new.insert(0);
                self.given.insert(key, suffix);
                if !self.is_there(&path) {
                    return path;
                }
            }
        }
        unreachable!("4 billion files have this name")
    }

    fn is_there(&self, path: &Path) -> bool {
        self.is_there.as_ref().is_some_and(|is_there| is_there(path))
    }

    /// As in curl `--output-dir` stands before an absolute name too.
    fn below_output_dir(&self, name: &str) -> PathBuf {
        match &self.output_dir {
            Some(folder) => folder.join(name.trim_start_matches('/')),
            None => PathBuf::from(name),
        }
    }
}

/// Names that servers chose (`-J`), each once in a run, in the order of the answers.
#[derive(Debug, Default)]
pub(crate) struct HeaderNames(HashMap<u64, u64>);

impl HeaderNames {
    /// The path of the file of entry `index`: beside `path`, under the name in a `Content-Disposition` field; `path` where
    /// that holds none. With a number behind it where another entry has the name already. Whether the server chose it.
    pub fn claim(&mut self, index: u64, path: &Path, disposition: Option<&[u8]>) -> (PathBuf, bool) {
        let chosen = disposition.and_then(disposition::file_name).and_then(|name| safe::from_server(&name));
        let first = chosen.as_ref().map_or_else(|| path.to_owned(), |name| path.with_file_name(name));
        let name = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for suffix in 0..=u32::MAX {
            let path = match suffix {
                0 => first.clone(),
                _ => first.with_file_name(safe::with_suffix(&name, suffix)),
            };
            if *self.0.entry(hash(&path)).or_insert(index) == index {
                return (path, chosen.is_some());
            }
        }
        unreachable!("4 billion files have this name")
    }
}

/// The path of a [`Place::ByStatus`], whose answer has `status`.
pub(super) fn with_status(path: &Path, status: u16) -> PathBuf {
    PathBuf::from(path.to_string_lossy().replace(template::STATUS, &status.to_string()))
}

/// By components, so that `a//b` and `./a/b` are one name.
fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.strip_prefix(".").unwrap_or(path).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
