//! Watches a path by asking after it at intervals.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::green::{self, offload};

/// Begins to watch `path`, which need not exist, asking after it (of a symbolic link, after its target) each `interval` on
/// an offload thread. gevent: the loop's `stat` watcher.
///
/// ```
/// use gfetch::{green, net};
/// use std::time::Duration;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("file");
/// green::run(|| {
///     let mut watch = net::watch_path(&path, Duration::from_millis(1)).unwrap();
///     std::fs::write(&path, "new").unwrap();
///     let change = watch.wait().unwrap();
///     assert!(change.before.is_none());
///     assert_eq!(change.now.unwrap().len(), 3);
/// });
/// ```
pub fn watch_path(path: impl AsRef<Path>, interval: Duration) -> io::Result<PathWatch> {
    let path = path.as_ref().to_path_buf();
    let last = stat(&path)?;
    Ok(PathWatch { path, interval, last })
}

/// A path that is watched; dropping it ends that.
pub struct PathWatch {
    path: PathBuf,
    interval: Duration,
    last: Option<Metadata>,
}

/// What was there before and what is there now; `None` where nothing was. gevent: the watcher's `prev` and `attr`.
#[derive(Clone, Debug)]
pub struct PathChange {
    /// As it was last told.
    pub before: Option<Metadata>,
    /// As it is now.
    pub now: Option<Metadata>,
}

impl PathWatch {
    /// Waits until the path is not as it was last told: made, removed, replaced, written, or its attributes changed. What
    /// changed between two calls is told by the second at once, changes that come back within an interval not at all.
    ///
    /// # Errors
    /// When the path cannot be asked after (no permission for a folder above), or the wait was interrupted.
    pub fn wait(&mut self) -> io::Result<PathChange> {
        loop {
            let now = stat(&self.path)?;
            if now.as_ref().map(identity) != self.last.as_ref().map(identity) {
                let before = std::mem::replace(&mut self.last, now.clone());
                return Ok(PathChange { before, now });
            }
            green::sleep(self.interval)?;
        }
    }

    /// What is watched.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn stat(path: &Path) -> io::Result<Option<Metadata>> {
    let path = path.to_path_buf();
    match offload(move || std::fs::metadata(path))? {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// All that `stat` tells but the time of the last reading.
fn identity(of: &Metadata) -> [i64; 11] {
    let file = [of.dev() as i64, of.ino() as i64, of.nlink() as i64, i64::from(of.mode())];
    let content = [of.size() as i64, of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec()];
    let owner = [i64::from(of.uid()), i64::from(of.gid())];
    let mut all = [0; 11];
    for (to, from) in all.iter_mut().zip(file.into_iter().chain(content).chain(owner)) {
        *to = from;
    }
    all
}
