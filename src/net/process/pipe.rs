//! The two ends of a pipe as greenlets use them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use crate::green::Watched;

/// A pipe, its descriptor non-blocking and known to the poller.
fn watched(end: OwnedFd) -> io::Result<Rc<Watched<File>>> {
    rustix::io::ioctl_fionbio(&end, true)?;
    Ok(Rc::new(Watched::new(File::from(end))?))
}

/// The end of a pipe that is read. Clones are the same end; one greenlet may read it at a time.
#[derive(Clone)]
pub struct PipeReader {
    pipe: Rc<Watched<File>>,
}

impl PipeReader {
    /// Takes over the reading end of a pipe, which becomes non-blocking.
    pub fn new(end: impl Into<OwnedFd>) -> io::Result<PipeReader> {
        Ok(PipeReader { pipe: watched(end.into())? })
    }

    /// Reads what is there, waiting for something; 0 when all writers are gone.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_for(buffer, None)?.unwrap_or(0))
    }

    /// The same for at most `limit`; `None` if that passed first.
    pub fn read_timeout(&self, buffer: &mut [u8], limit: Duration) -> io::Result<Option<usize>> {
        self.read_for(buffer, Some(limit))
    }

    /// Closes it: whoever reads gets an error, and who writes the other end a broken pipe.
    pub fn close(&self) {
        self.pipe.close();
    }

    fn read_for(&self, buffer: &mut [u8], limit: Option<Duration>) -> io::Result<Option<usize>> {
        let length = buffer.len();
        let read = self.pipe.read(limit, |mut pipe| Read::read(&mut pipe, buffer))?;
        if read.is_some_and(|read| 0 < read && read < length) {
            self.pipe.drained();
        }
        Ok(read)
    }
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        PipeReader::read(self, buffer)
    }
}

impl fmt::Debug for PipeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PipeReader")
    }
}

/// The end of a pipe that is written. Clones are the same end; one greenlet may write it at a time.
#[derive(Clone)]
pub struct PipeWriter {
    pipe: Rc<Watched<File>>,
}

impl PipeWriter {
    /// Takes over the writing end of a pipe, which becomes non-blocking.
    pub fn new(end: impl Into<OwnedFd>) -> io::Result<PipeWriter> {
        Ok(PipeWriter { pipe: watched(end.into())? })
    }

    /// Writes some of `bytes`, waiting for room.
    ///
    /// # Errors
    /// `BrokenPipe` when all readers are gone.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.pipe.write(None, |mut pipe| Write::write(&mut pipe, bytes))?.unwrap_or(0))
    }

    /// Closes it: the reader sees the end.
    pub fn close(&self) {
        self.pipe.close();
    }
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        PipeWriter::write(self, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for PipeWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PipeWriter")
    }
}
