//! What a line is known by from run to run.

use std::fmt;
use std::os::unix::ffi::OsStrExt;

use sha2::{Digest, Sha256};

use crate::fetch::list::Entry;
use crate::fetch::names::Place;

/// What a line is known by from run to run: a hash of its text as it was read and of the file that it is saved to. The same
/// line twice in a list has one key, unless its files differ. 128 bits of SHA-256, so that nobody can make a line that passes
/// for another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Key([u8; 16]);

impl Key {
    /// The key of `entry`, whose body goes to `place`.
    pub fn of(entry: &Entry, place: Option<&Place>) -> Key {
        let mut hash = Sha256::new();
        hash.update(entry.line());
        // No line holds its end.
        hash.update(b"\n");
        match place {
            None => {}
            Some(Place::StandardOutput) => hash.update(b"-"),
            Some(Place::File(path) | Place::ByStatus(path)) => {
                hash.update(b"=");
                hash.update(path.as_os_str().as_bytes());
            }
        }
        let bytes: [u8; 32] = hash.finalize().into();
        let mut key = [0; 16];
        key.copy_from_slice(&bytes[..16]);
        Key(key)
    }

    /// Reads what [`Display`](fmt::Display) writes.
    pub(super) fn parse(text: &[u8]) -> Option<Key> {
        let text = str::from_utf8(text).ok().filter(|text| text.len() == 32)?;
        let is_ours = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let number = u128::from_str_radix(text, 16).ok().filter(|_| text.chars().all(is_ours))?;
        Some(Key(number.to_be_bytes()))
    }

    /// Half of it, different for each `id`.
    pub(super) fn mixed_with(&self, id: u64) -> u64 {
        (u128::from_be_bytes(self.0) >> 64) as u64 ^ id
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}
