//! Content codings, decoded while streaming: gzip, deflate, br, zstd (RFC 9110 section 8.4).
//!
//! ```text
//!   Content-Encoding: gzip, br        the last one was applied last, so it is undone first
//!
//!   inner ── br ── 16 KiB ── gzip ── read(buf)         each coding: bounded state, counted in the MemoryBudget
//! ```
//!
//! What of the four is accepted:
//!
//! | coding  | more than one stream | bytes after the last | window at most |
//! |---------|----------------------|----------------------|----------------|
//! | gzip    | all members          | broken               | 32 KiB |
//! | deflate | no                   | broken (behind raw deflate 4 are let pass, as in curl) | 32 KiB |
//! | br      | no                   | broken               | 16 MiB (RFC 7932; large windows are not accepted) |
//! | zstd    | all frames, skippable ones skipped | broken | 8 MiB (RFC 9659) |
//!
//! curl 7.88 calls bytes behind the end an error too, also a second gzip member, which RFC 1952 allows. And it takes a
//! truncated body for a whole one: here that is [`DecodeError::Truncated`]. A body of no bytes is empty in every coding.

mod brotli;
mod budget;
mod decoder;
mod inflate;
mod zstd;

use std::{fmt, io};

pub use budget::MemoryBudget;
pub use decoder::Decoder;

/// The codings asked for, in curl's order; the value of `Accept-Encoding`.
pub const ACCEPT_ENCODING: &str = "deflate, gzip, br, zstd";

/// How many codings may be stacked on one body, as in curl: each multiplies what a bomb can do.
pub const MAX_CODINGS: usize = 5;

/// A body may decode to so many times its size: more than deflate can do at all (1032), far more than any page does.
pub const MAX_RATIO: u64 = 2_000;

/// Up to so many decoded bytes any ratio is right: brotli and zstd put megabytes of nothing into a few bytes, and a body
/// of this size harms nobody.
pub const ANY_RATIO_BYTES: u64 = 32 * 1024 * 1024;

/// One content coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// RFC 1952, also called `x-gzip`.
    Gzip,
    /// zlib's format (RFC 1950), or raw deflate (RFC 1951) from servers that took the name literally.
    Deflate,
    /// Brotli, RFC 7932.
    Br,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Coding {
    /// The name in `Content-Encoding`.
    pub fn as_str(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Br => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// `None` for `identity` and for what is unknown.
    fn named(name: &[u8]) -> Option<Coding> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match () {
            () if is("gzip") || is("x-gzip") => Some(Coding::Gzip),
            () if is("deflate") => Some(Coding::Deflate),
            () if is("br") => Some(Coding::Br),
            () if is("zstd") => Some(Coding::Zstd),
            () => None,
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is wrong with a coded body. In an `io::Error` it is the inner error: see [`DecodeError::of`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// `Content-Encoding` names a coding that is not one of the four (the first bytes of it; escape it to show it).
    Unknown(String),
    /// More than [`MAX_CODINGS`] codings on one body.
    TooMany,
    /// The body ended before its coding did.
    Truncated(Coding),
    /// The body is not what its coding says, and what is wrong with it.
    Broken(Coding, String),
    /// It needs a window of so many bytes, which is more than its coding may ask for on the web.
    WindowTooLarge(Coding, u64),
    /// It decodes to more than [`ANY_RATIO_BYTES`], and to more than [`MAX_RATIO`] times its size: a bomb.
    Ratio,
    /// All decoders of the run together would need more memory than the [`MemoryBudget`] has.
    OutOfBudget {
        /// Whose decoder went without.
        coding: Coding,
        /// The bytes it asked for.
        wanted: usize,
        /// The bytes the budget has in all.
        limit: usize,
    },
}

impl DecodeError {
    /// The decode error inside an error of [`Decoder::read`](Decoder); `None` if it came from the inner reader.
    pub fn of(error: &io::Error) -> Option<&DecodeError> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Unknown(name) => write!(f, "unknown content coding {name:?}"),
            DecodeError::TooMany => write!(f, "more than {MAX_CODINGS} content codings on one body"),
            DecodeError::Truncated(coding) => write!(f, "the body ends in the middle of its {coding} coding"),
            DecodeError::Broken(coding, why) => write!(f, "broken {coding} coding: {why}"),
            DecodeError::WindowTooLarge(coding, bytes) => {
                write!(f, "the {coding} coding needs a window of {bytes} bytes, more than the web allows")
            }
            DecodeError::Ratio => write!(f, "the body decodes to more than {MAX_RATIO} times its size"),
            DecodeError::OutOfBudget { coding, wanted, limit } => {
                write!(f, "no memory left to decode {coding}: {wanted} bytes more, all decoders may use {limit}")
            }
        }
    }
}

impl std::error::Error for DecodeError {}

impl From<DecodeError> for io::Error {
    fn from(error: DecodeError) -> io::Error {
        let kind = match error {
            DecodeError::Truncated(_) => io::ErrorKind::UnexpectedEof,
            DecodeError::OutOfBudget { .. } => io::ErrorKind::OutOfMemory,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}

/// The codings that the `Content-Encoding` fields of an answer name, in the order they were applied.
///
/// `identity` and empty elements are left out; names are compared without case (RFC 9110 section 8.4.1).
///
/// # Errors
/// [`DecodeError::Unknown`] for a coding that cannot be undone, [`DecodeError::TooMany`] beyond [`MAX_CODINGS`].
pub fn parse_codings<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Coding>, DecodeError> {
    let mut codings = Vec::new();
    for name in values.into_iter().flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
        if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
            continue;
        }
        codings.push(Coding::named(name).ok_or_else(|| unknown(name))?);
        if codings.len() > MAX_CODINGS {
            return Err(DecodeError::TooMany);
        }
    }
    Ok(codings)
}

fn unknown(name: &[u8]) -> DecodeError {
    /// Enough to recognise a name by; a server may send one as long as a head.
    const SHOWN_BYTES: usize = 64;
    DecodeError::Unknown(String::from_utf8_lossy(&name[..name.len().min(SHOWN_BYTES)]).into_owned())
}

#[cfg(test)]
mod tests;
