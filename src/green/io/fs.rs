//! Files, by the thread pool: the calling greenlet waits, the others run.
//!
//! A disk file is always "ready" to the poller, and its calls block all the same; so each of these is an offloaded call.
//! A memory map cannot be helped so: a page fault blocks the thread and with it the hub, whatever library maps the file
//! (gevent's too). Read such files here, or touch the map inside [`offload`]. A time-out or a kill
//! abandons the call and does not undo it: a write may still happen. gevent: `FileObjectThread`.
//!
//! ```
//! use gfetch::green::{self, fs};
//! green::run(|| {
//!     let text = fs::read_to_string("/proc/version").unwrap();
//!     assert!(text.starts_with("Linux"));
//! });
//! ```

use std::ffi::OsString;
use std::fs::{self, FileType, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::green::offload;

/// Reads and writes move at most so many bytes a call: the buffer crosses threads, and is made for each call.
const CHUNK_BYTES: usize = 256 * 1024;

fn apart<T: Send + 'static>(call: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    offload(call)?
}

/// The whole content of a file. As [`std::fs::read`].
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    apart(move || fs::read(path))
}

/// The whole content of a file of text. As [`std::fs::read_to_string`].
pub fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    apart(move || fs::read_to_string(path))
}

/// Makes or replaces a file. As [`std::fs::write`]; the bytes are copied to the thread.
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let (path, bytes) = (path.as_ref().to_owned(), bytes.as_ref().to_vec());
    apart(move || fs::write(path, bytes))
}

/// What the system knows of a file. As [`std::fs::metadata`].
pub fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    apart(move || fs::metadata(path))
}

/// Makes a directory and those above it. As [`std::fs::create_dir_all`].
pub fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    apart(move || fs::create_dir_all(path))
}

/// Removes a file. As [`std::fs::remove_file`].
pub fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    apart(move || fs::remove_file(path))
}

/// Renames a file. As [`std::fs::rename`].
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    apart(move || fs::rename(from, to))
}

/// One entry of [`read_dir`].
#[derive(Clone, Debug)]
pub struct DirEntry {
    /// The directory's path with the entry's name.
    pub path: PathBuf,
    /// Its name in the directory.
    pub name: OsString,
    /// What it is; links are not followed.
    pub file_type: FileType,
}

/// The entries of a directory, sorted by name. All are read before it returns, unlike [`std::fs::read_dir`], whose every
/// step may block.
pub fn read_dir(path: impl AsRef<Path>) -> io::Result<Vec<DirEntry>> {
    let path = path.as_ref().to_owned();
    apart(move || {
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok(DirEntry { path: entry.path(), name: entry.file_name(), file_type: entry.file_type()? })
        };
        let mut entries = fs::read_dir(path)?.map(entry).collect::<io::Result<Vec<_>>>()?;
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    })
}

/// An open file. `Read`, `Write` and `Seek` also work on `&File`; as with std's, all share one position, so that greenlets
/// that read and write at once take turns by a [`Semaphore`](crate::green::Semaphore) of theirs. Each call moves at most 256 KiB.
#[derive(Clone, Debug)]
pub struct File {
    file: Arc<fs::File>,
}

impl File {
    /// Opens a file for reading.
    pub fn open(path: impl AsRef<Path>) -> io::Result<File> {
        File::open_with(OpenOptions::new().read(true), path)
    }

    /// Makes or empties a file for writing.
    pub fn create(path: impl AsRef<Path>) -> io::Result<File> {
        File::open_with(OpenOptions::new().write(true).create(true).truncate(true), path)
    }

    /// Opens a file as `options` say.
    pub fn open_with(options: &OpenOptions, path: impl AsRef<Path>) -> io::Result<File> {
        let (options, path) = (options.clone(), path.as_ref().to_owned());
        apart(move || options.open(path)).map(File::from)
    }

    /// What the system knows of it.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.apart(fs::File::metadata)
    }

    /// Waits until its content and attributes are on the disk.
    pub fn sync_all(&self) -> io::Result<()> {
        self.apart(fs::File::sync_all)
    }

    /// Cuts or extends it to `bytes`.
    pub fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.apart(move |file| file.set_len(bytes))
    }

    fn apart<T: Send + 'static>(
        &self,
        call: impl FnOnce(&fs::File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let file = self.file.clone();
        apart(move || call(&file))
    }
}

impl From<fs::File> for File {
    fn from(file: fs::File) -> File {
        File { file: Arc::new(file) }
    }
}

impl Read for &File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(CHUNK_BYTES);
        let bytes = self.apart(move |mut file| {
            let mut bytes = vec![0; wanted];
            let read = file.read(&mut bytes)?;
            bytes.truncate(read);
            Ok(bytes)
        })?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Write for &File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = bytes[..bytes.len().min(CHUNK_BYTES)].to_vec();
        self.apart(move |mut file| file.write(&bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for &File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.apart(move |mut file| file.seek(to))
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        (&*self).seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    use super::*;
    use crate::green::{run, sleep, spawn, timeout};

    #[test]
    fn what_is_written_is_read_back_from_where_one_seeks() {
        run(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a/b");
            create_dir_all(path.parent().unwrap()).unwrap();
            let mut file = File::create(&path).unwrap();
            let text = "0123456789".repeat(60_000);
            file.write_all(text.as_bytes()).unwrap();
            file.sync_all().unwrap();
            assert_eq!(metadata(&path).unwrap().len(), 600_000);
            let mut file = File::open(&path).unwrap();
            file.seek(SeekFrom::End(-7)).unwrap();
            let mut end = String::new();
            file.read_to_string(&mut end).unwrap();
            assert_eq!(end, "3456789");
            assert_eq!(read_to_string(&path).unwrap(), text);
            rename(&path, folder.path().join("c")).unwrap();
            write(folder.path().join("d"), "x").unwrap();
            let names: Vec<_> = read_dir(folder.path()).unwrap().into_iter().map(|entry| entry.name).collect();
            assert_eq!(names, ["a", "c", "d"]);
            remove_file(folder.path().join("c")).unwrap();
            assert_eq!(read(folder.path().join("c")).unwrap_err().kind(), io::ErrorKind::NotFound);
        });
    }

    /// Bug class 52: file calls block, so they go elsewhere. A FIFO without a writer blocks an open for ever.
    #[test]
    fn a_file_call_that_blocks_lets_the_others_run_and_is_abandoned_at_a_deadline() {
        run(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("fifo");
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
            let ticks = Rc::new(Cell::new(0));
            let count = ticks.clone();
            spawn(move || {
                while sleep(Duration::from_millis(1)).is_ok() {
                    count.set(count.get() + 1);
                }
            });
            let opened = timeout(Duration::from_millis(30), || File::open(&path));
            assert!(opened.is_err());
            assert!(ticks.get() > 2, "{}", ticks.get());
            // Lets the abandoned open end.
            drop(OpenOptions::new().read(true).write(true).open(&path).unwrap());
        });
    }
}
