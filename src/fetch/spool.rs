//! Owns bodies that are not printed yet: in memory up to a bound that they share, beyond it in an unlinked file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of waiting bodies in memory, over the whole run.
const MAX_MEMORY_BYTES: usize = 64 << 20;
/// A spooled file is read back in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// What all spools of a run share: the memory in use, and the folder for what does not fit. Clones are the same.
#[derive(Clone)]
pub(super) struct SpoolMemory {
    used: Arc<AtomicUsize>,
    folder: Arc<Path>,
}

impl SpoolMemory {
    pub fn new(folder: &Path) -> SpoolMemory {
        SpoolMemory { used: Arc::default(), folder: folder.into() }
    }

    /// Bytes that wait in memory.
    pub fn in_use(&self) -> usize {
        // Relaxed: the counter guards no other memory.
        self.used.load(Ordering::Relaxed)
    }
}

/// A body that waits for its turn.
pub struct Spool {
    shared: SpoolMemory,
    memory: Vec<u8>,
    file: Option<File>,
    bytes: usize,
}

impl Spool {
    pub(super) fn new(shared: SpoolMemory) -> Spool {
        Spool { shared, memory: Vec::new(), file: None, bytes: 0 }
    }

    /// Appends bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() && self.shared.in_use() + bytes.len() > MAX_MEMORY_BYTES {
            self.move_to_file()?;
        }
        self.bytes += bytes.len();
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => {
                self.memory.extend_from_slice(bytes);
                self.shared.used.fetch_add(bytes.len(), Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// Bytes that were written to it.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// Gives everything to `out`, in order, and is empty then.
    pub fn drain(&mut self, mut out: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let memory = self.take_memory();
        if !memory.is_empty() {
            out(&memory)?;
        }
        if let Some(mut file) = self.file.take() {
            file.seek(SeekFrom::Start(0))?;
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                match file.read(&mut piece)? {
                    0 => break,
                    bytes => out(&piece[..bytes])?,
                }
            }
        }
        Ok(())
    }

    fn move_to_file(&mut self) -> io::Result<()> {
        let mut file = tempfile::tempfile_in(&self.shared.folder)?;
        file.write_all(&self.take_memory())?;
        self.file = Some(file);
        Ok(())
    }

    fn take_memory(&mut self) -> Vec<u8> {
        let memory = std::mem::take(&mut self.memory);
        self.shared.used.fetch_sub(memory.len(), Ordering::Relaxed);
        memory
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.take_memory();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_shared_bound_bodies_go_to_a_file_and_come_back_whole() {
        let shared = SpoolMemory::new(Path::new("/tmp"));
        let mut small = Spool::new(shared.clone());
        small.write(b"small").unwrap();
        let mut large = Spool::new(shared.clone());
        for n in 0..70u8 {
            large.write(&vec![n; 1 << 20]).unwrap();
        }
        assert!(shared.in_use() <= MAX_MEMORY_BYTES);
        let mut total = 0u64;
        let drained = large.drain(|bytes| {
            let expected = (total >> 20) as u8;
            assert_eq!(bytes[0], expected);
            total += bytes.len() as u64;
            Ok(())
        });
        drained.unwrap();
        assert_eq!(total, 70 << 20);
        drop(small);
        assert_eq!(shared.in_use(), 0);
    }
}
