//! Owns the list of files that are under way, so that whoever ends the process in a hurry can take them away first.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Files that are written beside their places. Clones are the same list; any thread may have one.
#[derive(Clone, Default)]
pub struct PartFiles(Arc<Mutex<HashSet<PathBuf>>>);

/// A file on the list, for as long as this is held.
pub struct Listed {
    files: PartFiles,
    path: PathBuf,
}

impl PartFiles {
    /// Puts a file on the list.
    pub fn list(&self, path: PathBuf) -> Listed {
        self.paths().insert(path.clone());
        Listed { files: self.clone(), path }
    }

    /// Removes all files on the list. For the process's end only: those who write them are not told.
    pub fn remove_all(&self) {
        for path in self.paths().drain() {
            // It may be gone already, and there is nobody left to tell.
            let _ = fs::remove_file(path);
        }
    }

    fn paths(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.files.paths().remove(&self.path);
    }
}
