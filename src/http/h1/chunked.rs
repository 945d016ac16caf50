//! Chunk framing, byte by byte (RFC 9112 section 7.1): sizes, extensions, line ends, trailers; never the data itself.
//!
//! ```text
//!          digits     pad/ext       CR          LF, size > 0          data ends
//!   Size ─────────▶ Size/Pad/Ext ─────▶ SizeLf ─────────────▶ Data ────────────▶ DataCr ─▶ DataLf ─┐
//!    ▲                                     │                                                       │
//!    └─────────────────────────────────────┼───────────────────────────────────────────────────────┘
//!                                          │ LF, size = 0     CR           LF
//!                                          └────────▶ LineStart ───▶ EndLf ───▶ Done
//!                                                      │      ▲
//!                                                      ▼      │ LF
//!                                                     Line ─▶ LineLf      (a trailer a line)
//! ```
//!
//! Not httparse's: that reads an empty line as size 0, and lets extensions hold anything.

use super::error::ProtocolError;
use super::limits::{MAX_EXTENSION_BYTES, MAX_TRAILER_BYTES, MAX_TRAILER_FIELDS};
use super::lines::{first_fault, to_fields};
use crate::http::fields::Fields;

/// Between which bytes of a chunked body we are.
#[derive(Clone, Debug)]
pub(super) struct Chunked {
    place: Place,
    /// Of the whole body so far.
    extension_bytes: u32,
    /// The trailer lines as they came, until they can be parsed together.
    raw_trailers: Vec<u8>,
    trailers: Fields,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Size { digits: u8, size: u64 },
    Pad { size: u64 },
    Extension { size: u64 },
    SizeLf { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    LineStart,
    Line,
    LineLf,
    EndLf,
    Done,
}

const NEXT_CHUNK: Place = Place::Size { digits: 0, size: 0 };

/// More digits would not fit 64 bits.
const MAX_SIZE_DIGITS: u8 = 16;

impl Chunked {
    pub fn new() -> Chunked {
        Chunked { place: NEXT_CHUNK, extension_bytes: 0, raw_trailers: Vec::new(), trailers: Fields::new() }
    }

    /// Bytes of this chunk's data that come next; 0 where framing does.
    pub fn data_left(&self) -> u64 {
        if let Place::Data { left } = self.place { left } else { 0 }
    }

    /// Data of this chunk was taken, at most what was left.
    pub fn took(&mut self, bytes: u64) {
        if let Place::Data { left } = &mut self.place {
            *left -= bytes;
            if *left == 0 {
                self.place = Place::DataCr;
            }
        }
    }

    pub fn is_done(&self) -> bool {
        matches!(self.place, Place::Done)
    }

    /// Empty until done.
    pub fn trailers(&self) -> &Fields {
        &self.trailers
    }

    /// Takes one byte of framing. After an error nothing has moved, so the same byte meets it again.
    pub fn framing_byte(&mut self, byte: u8) -> Result<(), ProtocolError> {
        self.place = match self.place {
            Place::Size { digits, size } => self.size_byte(byte, digits, size)?,
            Place::Pad { size } => self.pad_byte(byte, size)?,
            Place::Extension { size } => self.extension_byte(byte, size)?,
            Place::SizeLf { size } => match (byte, size) {
                (b'\n', 0) => Place::LineStart,
                (b'\n', left) => Place::Data { left },
                _ => return Err(ProtocolError::BadChunkEnd),
            },
            Place::DataCr if byte == b'\r' => Place::DataLf,
            Place::DataLf if byte == b'\n' => NEXT_CHUNK,
            Place::DataCr | Place::DataLf => return Err(ProtocolError::BadChunkEnd),
            Place::LineStart | Place::Line | Place::LineLf | Place::EndLf => self.trailer_byte(byte)?,
            // Not framing: the caller asks `data_left` and `is_done` first.
            Place::Data { .. } | Place::Done => self.place,
        };
        Ok(())
    }

    fn size_byte(&mut self, byte: u8, digits: u8, size: u64) -> Result<Place, ProtocolError> {
        match (byte as char).to_digit(16) {
            Some(digit) if digits < MAX_SIZE_DIGITS => {
                Ok(Place::Size { digits: digits + 1, size: size << 4 | u64::from(digit) })
            }
            None if digits > 0 => self.pad_byte(byte, size),
            _ => Err(ProtocolError::BadChunkSize),
        }
    }

    /// After the size: the line's end, an extension, or the white space that RFC 9112 allows before one.
    fn pad_byte(&mut self, byte: u8, size: u64) -> Result<Place, ProtocolError> {
        match byte {
            b'\r' => Ok(Place::SizeLf { size }),
            b' ' | b'\t' => self.count_extension_byte().map(|()| Place::Pad { size }),
            b';' => self.count_extension_byte().map(|()| Place::Extension { size }),
            b'\n' => Err(ProtocolError::BadChunkEnd),
            _ => Err(ProtocolError::BadChunkSize),
        }
    }

    /// Extensions mean nothing to us; all that matters is that none of them can be taken for a line end.
    fn extension_byte(&mut self, byte: u8, size: u64) -> Result<Place, ProtocolError> {
        match byte {
            b'\r' => Ok(Place::SizeLf { size }),
            b'\n' => Err(ProtocolError::BadChunkEnd),
            b'\t' | b' '..=0x7e | 0x80.. => self.count_extension_byte().map(|()| Place::Extension { size }),
            _ => Err(ProtocolError::BadChunkExtension),
        }
    }

    fn count_extension_byte(&mut self) -> Result<(), ProtocolError> {
        if self.extension_bytes == MAX_EXTENSION_BYTES {
            return Err(ProtocolError::ChunkExtensionsTooLarge { limit: MAX_EXTENSION_BYTES });
        }
        self.extension_bytes += 1;
        Ok(())
    }

    fn trailer_byte(&mut self, byte: u8) -> Result<Place, ProtocolError> {
        match (self.place, byte) {
            (Place::LineStart, b'\r') => Ok(Place::EndLf),
            (Place::Line, b'\r') => self.keep(byte).map(|()| Place::LineLf),
            (Place::LineLf, b'\n') => self.keep(byte).map(|()| Place::LineStart),
            (Place::EndLf, b'\n') => self.end().map(|()| Place::Done),
            (Place::LineStart | Place::Line, byte) if byte != b'\n' => self.keep(byte).map(|()| Place::Line),
            _ => Err(ProtocolError::BadTrailer { line: self.trailer_line() }),
        }
    }

    fn keep(&mut self, byte: u8) -> Result<(), ProtocolError> {
        if self.raw_trailers.len() == MAX_TRAILER_BYTES as usize {
            return Err(ProtocolError::TrailersTooLarge { limit: MAX_TRAILER_BYTES });
        }
        self.raw_trailers.push(byte);
        Ok(())
    }

    fn trailer_line(&self) -> u32 {
        1 + self.raw_trailers.iter().filter(|&&byte| byte == b'\n').count() as u32
    }

    fn end(&mut self) -> Result<(), ProtocolError> {
        if self.raw_trailers.is_empty() {
            return Ok(());
        }
        self.trailers = parse_trailers(&[&self.raw_trailers, &b"\r\n"[..]].concat())?;
        self.raw_trailers = Vec::new();
        Ok(())
    }
}

fn parse_trailers(raw: &[u8]) -> Result<Fields, ProtocolError> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_TRAILER_FIELDS as usize];
    match httparse::parse_headers(raw, &mut slots) {
        Ok(httparse::Status::Complete((_, parsed))) => Ok(to_fields(parsed)),
        Err(httparse::Error::TooManyHeaders) => Err(ProtocolError::TooManyFields { limit: MAX_TRAILER_FIELDS }),
        _ => Err(ProtocolError::BadTrailer { line: bad_trailer_line(raw) }),
    }
}

fn bad_trailer_line(raw: &[u8]) -> u32 {
    let lines = raw.split_inclusive(|&byte| byte == b'\n');
    (1..).zip(lines).find(|(_, line)| first_fault(line, 1).is_some()).map_or(1, |(number, _)| number)
}
