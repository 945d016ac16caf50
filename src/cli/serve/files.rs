//! Static files: what of the served folder a path may reach, and sending it in pieces.
//!
//! A path is checked twice: as text (no `..`, no dotfile, no slash or NUL behind a percent sign) and as what the system
//! makes of it (no link that leads out, nothing but a regular file). All calls that may block are offloaded.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use gfetch::green::offload;
use gfetch::http::h1::RequestHead;
use gfetch::http::server::Exchange;
use percent_encoding::percent_decode_str;

use super::media_type::media_type;
use super::representation::Representation;

/// How much is read at a time: little against a process's memory, much against the cost of an offload (some 10 µs).
const PIECE_BYTES: usize = 256 * 1024;

/// A folder whose files are served.
pub struct Files {
    root: Arc<Path>,
}

/// What a path leads to.
pub enum Lookup {
    File(Found),
    /// A folder that was asked for without the slash at its end.
    Folder,
    Nothing,
}

/// An open file.
pub struct Found {
    file: Arc<File>,
    shown: Representation,
    /// Its first bytes, read with the opening: all of a small file.
    first: Vec<u8>,
}

impl Files {
    /// # Errors
    /// When it is no folder, or not readable.
    pub fn new(dir: &Path) -> io::Result<Files> {
        let root = fs::canonicalize(dir)?;
        fs::read_dir(&root)?;
        Ok(Files { root: root.into() })
    }

    /// What `path`, still percent-encoded, leads to. Where there is nothing and where nothing may be seen is told alike.
    pub fn find(&self, head: &RequestHead, path: &str) -> io::Result<Lookup> {
        let Some(relative) = relative(path) else { return Ok(Lookup::Nothing) };
        let (root, as_folder) = (self.root.clone(), path.ends_with('/'));
        let whole = head.method == "GET" && head.fields.first("range").is_none();
        match offload(move || look_up(&root, &relative, as_folder, whole))? {
            Err(error) if is_absence(&error) => Ok(Lookup::Nothing),
            looked => looked,
        }
    }
}

/// Whether there is nothing that may be seen; else something is wrong here (descriptors are short, a disk is broken).
fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    let is_loop = error.raw_os_error() == Some(libc::ELOOP);
    is_loop || matches!(error.kind(), NotFound | PermissionDenied | NotADirectory | InvalidFilename)
}

/// The path as the system takes it, if each of its parts is the plain name of something that is not hidden.
fn relative(path: &str) -> Option<PathBuf> {
    let inner = path.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let mut relative = PathBuf::new();
    for part in inner.split('/').filter(|_| !inner.is_empty()) {
        let part = percent_decode_str(part).decode_utf8().ok()?;
        let is_name = Path::new(&*part).components().eq([Component::Normal(part.as_ref().as_ref())]);
        if !is_name || part.starts_with('.') || part.contains('\0') {
            return None;
        }
        relative.push(&*part);
    }
    Some(relative)
}

fn look_up(root: &Path, relative: &Path, as_folder: bool, whole: bool) -> io::Result<Lookup> {
    // Part by part: no way leads out and back in.
    let mut real = relative.iter().try_fold(root.to_owned(), |real, part| inside(root, &real.join(part)))?;
    let mut seen = fs::metadata(&real)?;
    if seen.is_dir() {
        if !as_folder {
            return Ok(Lookup::Folder);
        }
        real = inside(root, &real.join("index.html"))?;
        seen = fs::metadata(&real)?;
    } else if as_folder {
        return Ok(Lookup::Nothing);
    }
    // Looked at before it is opened: to open a device can do something.
    if !seen.is_file() {
        return Ok(Lookup::Nothing);
    }
    Found::open(&real, whole).map(Lookup::File)
}

/// Where a path really leads, links followed; an error if that is outside or hidden.
fn inside(root: &Path, path: &Path) -> io::Result<PathBuf> {
    let real = fs::canonicalize(path)?;
    let below = real.strip_prefix(root).map_err(|_| io::ErrorKind::NotFound)?;
    let hidden = |part: Component| part.as_os_str().as_encoded_bytes().starts_with(b".");
    if below.components().any(hidden) { Err(io::ErrorKind::NotFound.into()) } else { Ok(real) }
}

impl Found {
    fn open(real: &Path, whole: bool) -> io::Result<Found> {
        let file = open_plain(real)?;
        let metadata = file.metadata()?;
        // What stood at the path a moment ago may have been replaced meanwhile.
        if !metadata.is_file() || !is_still(&file, real) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let shown = representation(&real.to_string_lossy(), &metadata)?;
        let first = if whole { read_at(&file, 0..shown.length)? } else { Vec::new() };
        Ok(Found { file: Arc::new(file), shown, first })
    }

    /// Answers with the file, or with what of it is wanted.
    pub fn send(self, exchange: &mut Exchange) -> io::Result<()> {
        use io::Write;
        let Some((mut out, mut part)) = self.shown.begin(exchange)? else { return Ok(()) };
        if out.is_dropped() {
            return out.finish();
        }
        let mut piece = self.first;
        while part.start < part.end {
            if piece.is_empty() {
                let (file, wanted) = (self.file.clone(), part.clone());
                piece = offload(move || read_at(&file, wanted))??;
            }
            if piece.is_empty() {
                // It was truncated meanwhile: the length is out, so all that is left is to break off.
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            out.write_all(&piece)?;
            part.start += piece.len() as u64;
            piece.clear();
        }
        out.finish()
    }
}

fn representation(name: &str, metadata: &Metadata) -> io::Result<Representation> {
    let (length, modified) = (metadata.len(), metadata.modified()?.max(UNIX_EPOCH));
    let nanos = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Ok(Representation { length, media_type: media_type(name), etag: format!("\"{nanos:x}-{length:x}\""), modified })
}

/// Up to a piece of this part of the file; empty at its end.
fn read_at(file: &File, part: Range<u64>) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let mut piece = vec![0; (part.end - part.start).min(PIECE_BYTES as u64) as usize];
    let mut had = 0;
    while had < piece.len() {
        match file.read_at(&mut piece[had..], part.start + had as u64) {
            Ok(0) => break,
            Ok(read) => had += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    piece.truncate(had);
    Ok(piece)
}

/// Opens without waiting (a pipe would, for a writer) and without following a last link.
fn open_plain(real: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(real)
}

/// Whether the file is the one at this path, without a link anywhere: on Linux the system says where it is.
fn is_still(file: &File, real: &Path) -> bool {
    use std::os::fd::AsRawFd;
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).map_or(true, |path| path == real)
}
