//! What a file has already when its rest comes: that counts too, where something is said of the whole.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::opened::another_length;
use crate::green;

/// A file is read in pieces of this size.
const PIECE_BYTES: usize = 256 * 1024;

/// The beginning of a file, to which its rest is added.
pub(in crate::fetch) struct Beginning {
    pub path: PathBuf,
    pub bytes: u64,
}

impl Beginning {
    /// How long it is, and `hash` with all of it: read on another thread. Without a file what comes is all of it.
    ///
    /// # Errors
    /// It cannot be read, or is not as long as it was.
    pub fn take_into(self, hash: Option<Sha256>) -> io::Result<(u64, Option<Sha256>)> {
        green::offload(move || self.read(hash))?
    }

    fn read(self, hash: Option<Sha256>) -> io::Result<(u64, Option<Sha256>)> {
        if !fs::metadata(&self.path).is_ok_and(|there| there.is_file()) {
            return Ok((0, hash));
        }
        let Some(mut hash) = hash else { return Ok((self.bytes, None)) };
        let (mut from, mut piece, mut there) = (File::open(&self.path)?.take(self.bytes), vec![0; PIECE_BYTES], 0);
        loop {
            match from.read(&mut piece)? {
                0 if there == self.bytes => return Ok((there, Some(hash))),
                0 => return Err(another_length(there, self.bytes)),
                read => {
                    hash.update(&piece[..read]);
                    there += read as u64;
                }
            }
        }
    }
}
