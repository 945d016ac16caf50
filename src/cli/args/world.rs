//! What arguments depend on outside themselves: environment, files, terminal. A test makes its own.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::time::SystemTime;

use gfetch::fetch::plan::CaSource;

use super::environment;

/// The process as the arguments see it.
pub struct World<'a> {
    /// A variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// A whole file; `-` is standard input. Read once at most: for `@FILE`, and the config file.
    pub read_file: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
    /// When a file was last changed.
    pub modified: &'a dyn Fn(&Path) -> io::Result<SystemTime>,
    /// Whether a stream is a terminal.
    pub is_terminal: &'a dyn Fn(Stream) -> bool,
    /// Where this system keeps its certificates.
    pub system_ca: &'a dyn Fn() -> CaSource,
}

/// One of the two streams that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl World<'static> {
    /// This process.
    pub fn of_this_process() -> Self {
        World {
            env: &|name| std::env::var_os(name),
            read_file: &read_file,
            modified: &|path| std::fs::metadata(path)?.modified(),
            is_terminal: &|stream| match stream {
                Stream::Stdout => io::stdout().is_terminal(),
                Stream::Stderr => io::stderr().is_terminal(),
            },
            system_ca: &environment::system_ca,
        }
    }
}

impl World<'_> {
    /// A whole file; none where there is none of this name.
    pub fn read_if_there(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match (self.read_file)(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }
}

/// curl's limit for what it reads into memory; above it a request's body is a mistake, or an endless pipe.
const MAX_READ_BYTES: u64 = 1 << 30;

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let source: Box<dyn Read> =
        if path.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(std::fs::File::open(path)?) };
    let mut bytes = Vec::new();
    source.take(MAX_READ_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_READ_BYTES {
        return Err(io::Error::other("more than 1 GiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_and_a_missing_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("body");
        std::fs::write(&path, b"a\r\n\0\xff").unwrap();
        let world = World::of_this_process();
        assert_eq!((world.read_file)(&path).unwrap(), b"a\r\n\0\xff");
        assert_eq!((world.read_file)(&dir.path().join("x")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!((world.read_file)(dir.path()).is_err());
    }

    #[test]
    fn the_systems_certificates_are_named_by_nobody() {
        assert_eq!((World::of_this_process().system_ca)().named_by, None);
    }
}
