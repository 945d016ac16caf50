//! A file that takes its place whole, at the end of the run: written beside it, then renamed.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gfetch::fetch::{Listed, PartFiles};
use tempfile::NamedTempFile;

use crate::cli::words;

/// The file while it grows.
pub struct Replacing {
    path: PathBuf,
    file: NamedTempFile,
    /// Whether it takes its place by a rename. What is there and is no regular file (`/dev/stdout`) is written to.
    renames: bool,
    broken: Option<io::Error>,
    listed: Option<Listed>,
}

impl Replacing {
    /// Begins a file that will stand at `path`; `may` says whether the regular file that is there may go. Nobody else may
    /// read it (mode 0600): it may hold secrets.
    pub fn at(path: &Path, may: impl FnOnce(&Metadata) -> Result<(), String>) -> Result<Replacing, String> {
        Replacing::begin(path, may, false)
    }

    /// The same for what is there to be passed on: with the mode that any new file of this user gets, or that of the file
    /// it replaces.
    pub fn shared(path: &Path, may: impl FnOnce(&Metadata) -> Result<(), String>) -> Result<Replacing, String> {
        Replacing::begin(path, may, true)
    }

    fn begin(
        path: &Path,
        may: impl FnOnce(&Metadata) -> Result<(), String>,
        shared: bool,
    ) -> Result<Replacing, String> {
        let fail = |error: io::Error| format!("cannot write {}: {}", path.display(), words::of_writing(&error));
        let there = match fs::metadata(path) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(fail(error)),
        };
        let mut path = path.to_owned();
        let renames = match &there {
            Some(there) if there.is_dir() => return Err(fail(io::ErrorKind::IsADirectory.into())),
            Some(there) if !there.is_file() => false,
            Some(there) => {
                may(there)?;
                // A link stays one.
                path = fs::canonicalize(&path).map_err(fail)?;
                true
            }
            None => true,
        };
        let dir = path.parent().filter(|dir| renames && !dir.as_os_str().is_empty());
        let dir = dir.map_or_else(|| if renames { ".".into() } else { std::env::temp_dir() }, Path::to_owned);
        let mut temporary = tempfile::Builder::new();
        temporary.prefix(".gfetch-");
        if shared {
            // The umask takes away from it, as from every file.
            temporary.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = temporary.tempfile_in(dir).map_err(fail)?;
        if let Some(there) = there.filter(|there| shared && there.is_file()) {
            file.as_file().set_permissions(there.permissions()).map_err(fail)?;
        }
        Ok(Replacing { path, file, renames, broken: None, listed: None })
    }

    /// Has it taken away with the other unfinished files, should the process end in a hurry.
    pub fn listed_in(mut self, files: &PartFiles) -> Replacing {
        self.listed = Some(files.list(self.file.path().to_owned()));
        self
    }

    /// Adds bytes. What goes wrong is told at the end.
    pub fn write(&mut self, bytes: &[u8]) {
        let written = self.file.write_all(bytes);
        self.broken = self.broken.take().or(written.err());
    }

    /// A file without a name on the same disk, for what is added later.
    pub fn beside(&self) -> io::Result<File> {
        tempfile::tempfile_in(self.file.path().parent().unwrap_or(Path::new(".")))
    }

    /// Adds all of a file from where it stands, or remembers why it could not be made.
    pub fn append(&mut self, from: io::Result<File>) {
        let appended = from.and_then(|mut from| io::copy(&mut from, self.file.as_file_mut()));
        self.broken = self.broken.take().or(appended.err());
    }

    /// Puts it in its place.
    pub fn finish(self) -> Result<(), String> {
        let placed = match self.broken {
            Some(error) => Err(error),
            None if self.renames => self.file.persist(&self.path).map(drop).map_err(|error| error.error),
            None => copy(&self.file, &self.path),
        };
        placed.map_err(|error| format!("cannot write {}: {}", self.path.display(), words::of_writing(&error)))
    }
}

fn copy(file: &NamedTempFile, to: &Path) -> io::Result<()> {
    io::copy(&mut file.reopen()?, &mut OpenOptions::new().write(true).open(to)?).map(drop)
}
