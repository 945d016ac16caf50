//! Pipes, terminals and other descriptors of bytes that look blocking and park instead.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, pipe_with};

use super::wait::{wait_readable, wait_writable};
use crate::green::{Limit, Watched};

/// Makes a pipe. Its ends are closed when they are dropped, and in children of this process. gevent: `FileObjectPosix`
/// over `os.pipe`.
///
/// ```
/// use gfetch::{green, net};
/// use std::io::{Read, Write};
/// green::run(|| {
///     let (mut reader, mut writer) = net::pipe().unwrap();
///     green::spawn(move || writer.write_all(b"hello").unwrap());
///     let mut text = String::new();
///     reader.read_to_string(&mut text).unwrap();
///     assert_eq!(text, "hello");
/// });
/// ```
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
    Ok((PipeReader { end: Watched::new(reader)? }, PipeWriter { end: Watched::new(writer)? }))
}

/// The end of a pipe that is read; also a terminal, a FIFO, a child's output. One greenlet reads at a time; a second gets
/// `ResourceBusy`.
pub struct PipeReader {
    end: Watched<OwnedFd>,
}

/// The end of a pipe that is written; also a terminal, a FIFO, a child's input. One greenlet writes at a time; a second
/// gets `ResourceBusy`. A write to a pipe that nobody reads is `BrokenPipe`.
pub struct PipeWriter {
    end: Watched<OwnedFd>,
}

impl PipeReader {
    /// Takes over a descriptor and makes it non-blocking. That is a property of the open file: all its duplicates, also in
    /// other processes, are non-blocking with it.
    ///
    /// # Errors
    /// `PermissionDenied` for a regular file, which cannot be waited for: read it with
    /// [`offload`](crate::green::offload).
    pub fn from_fd(fd: impl Into<OwnedFd>) -> io::Result<PipeReader> {
        Ok(PipeReader { end: take_over(fd.into())? })
    }

    /// Reads, waiting for at most `limit`: `Ok(None)` when that passes first.
    pub fn read_timeout(&self, buffer: &mut [u8], limit: impl Into<Limit>) -> io::Result<Option<usize>> {
        self.end.read(limit, |end| Ok(rustix::io::read(end, &mut *buffer)?))
    }

    /// Reads what is there; `WouldBlock` if nothing is.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.end.try_read(|end| Ok(rustix::io::read(end, &mut *buffer)?))
    }

    /// Closes it at once: a greenlet that waits for it gets an error.
    pub fn close(&self) {
        self.end.close();
    }
}

impl PipeWriter {
    /// As [`PipeReader::from_fd`].
    pub fn from_fd(fd: impl Into<OwnedFd>) -> io::Result<PipeWriter> {
        Ok(PipeWriter { end: take_over(fd.into())? })
    }

    /// Writes, waiting for at most `limit`: `Ok(None)` when that passes first.
    pub fn write_timeout(&self, bytes: &[u8], limit: impl Into<Limit>) -> io::Result<Option<usize>> {
        self.end.write(limit, |end| Ok(rustix::io::write(end, bytes)?))
    }

    /// Writes what there is room for; `WouldBlock` if there is none.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.end.try_write(|end| Ok(rustix::io::write(end, bytes)?))
    }

    /// Closes it at once: the reader reads the end, and a greenlet that waits to write gets an error.
    pub fn close(&self) {
        self.end.close();
    }
}

fn take_over(fd: OwnedFd) -> io::Result<Watched<OwnedFd>> {
    make_nonblocking(&fd)?;
    Watched::duplicated(fd)
}

impl Read for &PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.end.read(Limit::NEVER, |end| Ok(rustix::io::read(end, &mut *buffer)?))?.unwrap_or(0))
    }
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for &PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.end.write(Limit::NEVER, |end| Ok(rustix::io::write(end, bytes)?))?.unwrap_or(0))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsRawFd for PipeReader {
    /// The number while it is open, then -1.
    fn as_raw_fd(&self) -> RawFd {
        self.end.fd()
    }
}

impl AsRawFd for PipeWriter {
    /// The number while it is open, then -1.
    fn as_raw_fd(&self) -> RawFd {
        self.end.fd()
    }
}

/// Makes a descriptor's calls return `WouldBlock` instead of blocking the thread; true if they did not before. It is a
/// property of the open file, shared with all duplicates. gevent: `os.make_nonblocking`.
pub fn make_nonblocking(fd: impl AsFd) -> io::Result<bool> {
    let flags = rustix::fs::fcntl_getfl(fd.as_fd())?;
    if flags.contains(OFlags::NONBLOCK) {
        return Ok(false);
    }
    rustix::fs::fcntl_setfl(fd.as_fd(), flags | OFlags::NONBLOCK)?;
    Ok(true)
}

/// Reads once from a descriptor that somebody else owns, waiting for something. It must be non-blocking
/// ([`make_nonblocking`]): else the whole thread waits. gevent: `os.nb_read`.
///
/// ```
/// use gfetch::{green, net};
/// let (reader, writer) = std::io::pipe().unwrap();
/// green::run(|| {
///     net::make_nonblocking(&reader).unwrap();
///     green::spawn(move || std::io::Write::write_all(&mut &writer, b"hello").unwrap());
///     let mut buffer = [0; 16];
///     let length = net::nb_read(&reader, &mut buffer).unwrap();
///     assert_eq!(&buffer[..length], b"hello");
/// });
/// ```
pub fn nb_read(fd: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match rustix::io::read(fd.as_fd(), &mut *buffer).map_err(io::Error::from) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => drop(wait_readable(&fd.as_fd(), None)?),
            done => return done,
        }
    }
}

/// Writes once to a descriptor that somebody else owns, as much as there is room for, waiting for some. Otherwise as
/// [`nb_read`]. gevent: `os.nb_write`.
pub fn nb_write(fd: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match rustix::io::write(fd.as_fd(), bytes).map_err(io::Error::from) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => drop(wait_writable(&fd.as_fd(), None)?),
            done => return done,
        }
    }
}
