//! A file that is open for a body: beside its place until it is whole, grown where it stands, or a device.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::{NamedTempFile, TempPath};

use crate::fetch::links::behind_links;
use crate::fetch::names::{MAX_KEPT_SUFFIX, with_suffix};
use crate::fetch::parts::{Listed, PartFiles};
use crate::net::is_out_of_descriptors;

/// How a file is written, where that is not the usual way.
#[derive(Clone, Default)]
pub(super) struct How {
    /// The time it is given.
    pub modified: Option<SystemTime>,
    pub there: There,
    /// It goes on where the file ends (or its part), which must have so many bytes, or not be there.
    pub from: u64,
    /// The file itself grows from its beginning, where there is nothing that would have to be kept.
    pub grows: bool,
    /// So many of the path's last components may not be links.
    pub contributed: usize,
    /// Nothing is written at all.
    pub untouched: bool,
    /// What it is called until it is whole, where that is not left to chance.
    pub part: Option<PathBuf>,
    /// That part is of use to a later run.
    pub lasts: bool,
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::fetch) enum There {
    /// Replaced.
    #[default]
    Replaced,
    /// Kept, and the new one is not: the server chose the name.
    Kept,
    /// Kept, and the new one is called `name.1`, `name.2`, … (`--no-clobber`).
    Numbered,
}

pub(super) enum Opened {
    /// The file itself, which grows.
    Growing(Growing),
    /// A regular file, or none yet: written beside it and renamed to this at the end.
    Replacing(NamedTempFile, PathBuf, Option<Listed>),
    /// Something else (`/dev/null`, a pipe): written to.
    Special(File),
}

impl Opened {
    pub fn at(path: &Path, how: &How, create_dirs: bool, parts: &PartFiles) -> io::Result<Opened> {
        stays_where_it_is(path, how.contributed)?;
        match fs::metadata(path) {
            Ok(there) if !there.is_file() => {
                return Ok(Opened::Special(OpenOptions::new().write(true).open(path)?));
            }
            Ok(there) if how.part.is_none() && (how.from > 0 || (how.grows && there.len() == 0)) => {
                return Growing::at(path, how.from).map(Opened::Growing);
            }
            _ => {}
        }
        // A link stays one, as in curl: the file that it leads to is replaced, or made.
        let (named, path) = (path, behind_links(path)?);
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if create_dirs {
            fs::create_dir_all(dir)?;
        }
        if how.grows && how.from == 0 && !path.exists() {
            return Growing::new(path).map(Opened::Growing);
        }
        let (file, is_found_again) = match &how.part {
            // Its folder may be on another disk than what a link leads to.
            Some(part) if path == named || how.from > 0 => (part_at(part, how.from)?, true),
            _ => (beside(dir)?, false),
        };
        // What replaces a private file is private, before there is anything in it.
        if let Ok(there) = fs::metadata(&path) {
            file.as_file().set_permissions(there.permissions())?;
        }
        let listed = (!(how.lasts && is_found_again)).then(|| parts.list(file.path().to_owned()));
        Ok(Opened::Replacing(file, path, listed))
    }

    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Opened::Replacing(file, ..) => file.write_all(bytes),
            Opened::Special(file) => file.write_all(bytes),
            Opened::Growing(growing) => growing.file.write_all(bytes),
        }
    }

    /// Unless it takes its place, it stays where it is, if a later run can find it.
    pub fn keep(&mut self) {
        if let Opened::Replacing(file, _, None) = self {
            file.disable_cleanup(true);
        }
    }

    /// How long a file is by now that was there before; none: as long as what came.
    pub fn whole_bytes(&self, how: &How) -> io::Result<Option<u64>> {
        let file = match self {
            Opened::Replacing(file, ..) => file.as_file(),
            Opened::Growing(growing) => &growing.file,
            Opened::Special(_) => return Ok(None),
        };
        if how.from == 0 { Ok(None) } else { Ok(Some(file.metadata()?.len())) }
    }

    /// It takes its place, or another one: then that is returned.
    pub fn close(self, how: &How) -> io::Result<Option<PathBuf>> {
        let set_time = |file: &File| how.modified.map_or(Ok(()), |time| file.set_modified(time));
        match self {
            Opened::Replacing(file, path, _listed) => {
                set_time(file.as_file())?;
                let placed = match how.there {
                    There::Replaced => file.persist(path),
                    There::Kept => file.persist_noclobber(path),
                    There::Numbered => return numbered(file, path),
                };
                placed.map(|_| None).map_err(|error| error.error)
            }
            Opened::Special(mut file) => file.flush().map(|()| None),
            Opened::Growing(mut growing) => {
                set_time(&growing.file)?;
                growing.is_good = true;
                Ok(None)
            }
        }
    }
}

/// The first of `name`, `name.1`, … that is not there.
fn numbered(mut file: NamedTempFile, path: PathBuf) -> io::Result<Option<PathBuf>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for suffix in 0..=MAX_KEPT_SUFFIX {
        let at = if suffix == 0 { path.clone() } else { path.with_file_name(with_suffix(&name, suffix)) };
        match file.persist_noclobber(&at) {
            Ok(_) => return Ok(Some(at)),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => file = error.file,
            Err(error) => return Err(error.error),
        }
    }
    let message = format!("the file and its names up to .{MAX_KEPT_SUFFIX} are there (--no-clobber)");
    Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
}

/// What was not typed names what it says: a link could lead anywhere.
fn stays_where_it_is(path: &Path, contributed: usize) -> io::Result<()> {
    let is_link = |at: &&Path| fs::symlink_metadata(at).is_ok_and(|there| there.is_symlink());
    match path.ancestors().take(contributed).find(is_link) {
        Some(link) => {
            let message = format!("{} is a symbolic link: only what was typed may go through one", link.display());
            Err(io::Error::other(message))
        }
        None => Ok(()),
    }
}

/// A new file under a name that nobody has.
fn beside(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gfetch-").suffix(".part");
    // Opened here, because the builder's own errors do not tell the system's.
    let mut system_error = None;
    let made =
        builder.make_in(dir, |part| File::create_new(part).inspect_err(|error| system_error = error.raw_os_error()));
    match (made, system_error) {
        (Err(_), Some(code)) if is_out_of_descriptors(&io::Error::from_raw_os_error(code)) => {
            Err(io::Error::from_raw_os_error(code))
        }
        (made, _) => made,
    }
}

/// The part under its own name: from its beginning, or grown from where it ends.
fn part_at(part: &Path, from: u64) -> io::Result<NamedTempFile> {
    let mut options = OpenOptions::new();
    // A link of that name is somebody's trap.
    options.write(true).custom_flags(libc::O_NOFOLLOW);
    if from > 0 {
        let mut file = options.open(part)?;
        reaches(&mut file, from)?;
        return Ok(NamedTempFile::from_parts(file, TempPath::try_from_path(part)?));
    }
    let file = options.create(true).truncate(true).open(part)?;
    Ok(NamedTempFile::from_parts(file, TempPath::try_from_path(part)?))
}

/// Goes to the end of the file, which must be there.
fn reaches(file: &mut File, from: u64) -> io::Result<()> {
    match file.seek(SeekFrom::End(0))? {
        there if there == from => Ok(()),
        there => Err(another_length(there, from)),
    }
}

pub(super) fn another_length(there: u64, from: u64) -> io::Error {
    io::Error::other(format!("the file has {there} bytes and was to be continued at {from}"))
}

/// A file that a download is continued in. Unless that ends well, it is cut back to what it was, or taken away.
pub(super) struct Growing {
    file: File,
    from: u64,
    /// It was not there before.
    made: Option<PathBuf>,
    is_good: bool,
}

impl Growing {
    fn at(path: &Path, from: u64) -> io::Result<Growing> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        reaches(&mut file, from)?;
        Ok(Growing { file, from, made: None, is_good: false })
    }

    fn new(path: PathBuf) -> io::Result<Growing> {
        Ok(Growing { file: File::create_new(&path)?, from: 0, made: Some(path), is_good: false })
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if self.is_good {
            return;
        }
        // There is nobody to tell; a longer file is continued like any other.
        let _ = match &self.made {
            Some(path) => fs::remove_file(path),
            None => self.file.set_len(self.from),
        };
    }
}
