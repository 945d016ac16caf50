//! The lists as the run reads them: files and standard input, read on another thread so that nobody else waits.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use gfetch::fetch::compare::MAX_LIST_BYTES;
use gfetch::fetch::list::{Input, List};
use gfetch::green;

use super::args::{Invocation, ListSource};
use super::escape;
use super::expected::{Expected, Reading};

/// Opens every list, so that an unreadable one is known before anything is fetched, and says what is to be expected of
/// them all.
pub fn open(invocation: &Invocation) -> Result<(List, Expected), String> {
    let urls: Vec<String> = invocation.urls.iter().map(|url| lossy(url.clone().into_vec())).collect();
    let mut expected = Expected::arguments(&urls, invocation.globs);
    let mut inputs = vec![Input::Arguments { urls, globs: invocation.globs }];
    for source in &invocation.lists {
        inputs.push(reader(source, invocation.compare.is_some(), &mut expected)?);
    }
    Ok((List::new(inputs), expected))
}

/// An argument that is not UTF-8 keeps what can be read; the replacement character makes it no URL.
fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A list that is `compared` must end.
fn reader(source: &ListSource, compared: bool, expected: &mut Expected) -> Result<Input, String> {
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
    let elsewhere = Elsewhere { file: Arc::new(Mutex::new(file)), piece: Vec::new(), reading };
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

/// Reads on a thread of the offload pool: a pipe that brings nothing must not stop the run.
struct Elsewhere {
    file: Arc<Mutex<File>>,
    /// Goes there and comes back with what was read: memory that one thread takes and another gives back piles up in some
    /// allocators.
    piece: Vec<u8>,
    reading: Rc<Reading>,
}

impl Read for Elsewhere {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (file, mut piece) = (self.file.clone(), std::mem::take(&mut self.piece));
        piece.resize(buffer.len(), 0);
        let read;
        (self.piece, read) = green::offload(move || {
            let read = file.lock().unwrap_or_else(PoisonError::into_inner).read(&mut piece);
            (piece, read)
        })?;
        let bytes = read?;
        self.reading.note(&self.piece[..bytes]);
        buffer[..bytes].copy_from_slice(&self.piece[..bytes]);
        Ok(bytes)
    }
}
