//! The lists as the run reads them: files and standard input, read on another thread so that nobody else waits.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStringExt;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gfetch::fetch::Stop;
use gfetch::fetch::compare::MAX_LIST_BYTES;
use gfetch::fetch::list::{Input, List};
use gfetch::{green, net};

use super::args::{Invocation, ListSource};
use super::escape;
use super::expected::{Expected, Reading};

/// Opens every list, so that an unreadable one is known before anything is fetched, and says what is to be expected of
/// them all. Once `stop` is requested a pipe is not waited for any more.
pub fn open(invocation: &Invocation, stop: &Stop) -> Result<(List, Expected), String> {
    let urls: Vec<String> = invocation.urls.iter().map(|url| lossy(url.clone().into_vec())).collect();
    let mut expected = Expected::arguments(&urls, invocation.globs);
    let mut inputs = vec![Input::Arguments { urls, globs: invocation.globs }];
    for source in &invocation.lists {
        inputs.push(reader(source, invocation.compare.is_some(), &mut expected, stop)?);
    }
    Ok((List::new(inputs), expected))
}

/// An argument that is not UTF-8 keeps what can be read; the replacement character makes it no URL.
fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A list that is `compared` must end.
fn reader(source: &ListSource, compared: bool, expected: &mut Expected, stop: &Stop) -> Result<Input, String> {
    let (name, file) = match source {
        ListSource::Stdin => ("-".to_owned(), io::stdin().as_fd().try_clone_to_owned().map(File::from)),
        ListSource::File(path) => (path.display().to_string(), File::open(path)),
    };
    let opened = file.and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::Error::other("it is a folder")),
        false => Ok(file),
    });
    let file = opened.map_err(|error| format!("cannot read {}: {error}", escape::line(&name)))?;
    let reading = expected.list(&file);
    let elsewhere = Elsewhere {
        waits: !file.metadata().is_ok_and(|metadata| metadata.is_file()),
        source: Arc::new(Mutex::new(Source { file, piece: Vec::new(), left: 0..0, ended: false })),
        reading,
        stop: stop.clone(),
        left_to_drain: MAX_DRAINED_BYTES,
    };
    let from: Box<dyn Read> = match compared {
        true => Box::new(AtMost { from: elsewhere, left: MAX_LIST_BYTES }),
        false => Box::new(elsewhere),
    };
    Ok(Input::Reader { name, from })
}

/// Fails once too many bytes have come, comments included.
struct AtMost<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for AtMost<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

/// What a run that was stopped still takes from a pipe, as far as it is there already: a program that fills it again and again
/// is not to keep the run from its end. Pipes hold 64 KiB, unless somebody asked for more.
const MAX_DRAINED_BYTES: usize = 1 << 20;

/// Reads on a thread of the offload pool: a pipe that brings nothing must not stop the run.
struct Elsewhere {
    source: Arc<Mutex<Source>>,
    reading: Rc<Reading>,
    /// Its reads may wait for somebody: it is no regular file.
    waits: bool,
    stop: Stop,
    left_to_drain: usize,
}

/// The file, and what was read of it.
struct Source {
    file: File,
    /// Memory that one thread takes and another gives back piles up in some allocators: it stays here.
    piece: Vec<u8>,
    /// What of it nobody has taken: a read that was abandoned when the run was stopped may bring bytes all the same.
    left: Range<usize>,
    ended: bool,
}

impl Source {
    fn fill(&mut self, most: usize) -> io::Result<()> {
        if self.left.is_empty() && !self.ended {
            self.piece.resize(most, 0);
            let read = self.file.read(&mut self.piece)?;
            self.left = 0..read;
            self.ended = read == 0;
        }
        Ok(())
    }

    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let bytes = self.left.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&self.piece[self.left.start..][..bytes]);
        self.left.start += bytes;
        bytes
    }
}

impl Elsewhere {
    /// What has come already, where nobody waits any more.
    fn drain(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let not_waited = || io::Error::new(io::ErrorKind::WouldBlock, "the rest was not waited for");
        // A read that was abandoned has it, for as long as nothing comes.
        let mut source = self.source.try_lock().map_err(|_| not_waited())?;
        if source.left.is_empty() && !source.ended {
            let file = source.file.as_raw_fd();
            let is_ready = !net::select(&[file], &[], &[], Some(Duration::ZERO))?.readable.is_empty();
            if !is_ready || self.left_to_drain == 0 {
                return Err(not_waited());
            }
            source.fill(buffer.len().min(self.left_to_drain))?;
            self.left_to_drain -= source.left.len();
        }
        Ok(source.take(buffer))
    }
}

impl Read for Elsewhere {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = if self.waits && self.stop.is_requested() {
            self.drain(buffer)?
        } else {
            let (source, most) = (self.source.clone(), buffer.len());
            green::offload(move || source.lock().unwrap_or_else(PoisonError::into_inner).fill(most))??;
            self.source.lock().unwrap_or_else(PoisonError::into_inner).take(buffer)
        };
        self.reading.note(&buffer[..bytes]);
        Ok(bytes)
    }
}
