//! An answer's body as the face gives it: decoded, within its times, as `Read` and `BufRead`.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::time::{Duration, Instant};

use super::error::{Cause, Clock, Context, RequestError};
use crate::green;
use crate::http::coding::{DecodeError, Decoder, MemoryBudget, parse_codings};
use crate::http::response::Response;

/// What [`BufRead`] holds ready.
const BUFFER_BYTES: usize = 16 * 1024;

/// An answer's body, decoded as it is read. Reads wait, each at most the client's stall time, and none beyond the
/// request's own time-out; their errors carry a [`RequestError`]. Dropped before its end it closes the connection; read to
/// its end it gives the connection back.
pub struct Body {
    source: Source,
    context: Context,
    max_bytes: u64,
}

enum Source {
    Coded(Box<BufReader<Decoder<Timed>>>),
    /// It is coded in a way that cannot be undone.
    Unknown(DecodeError),
}

/// When a request's own time is over.
#[derive(Clone, Copy)]
pub(super) struct End {
    at: Option<Instant>,
    limit: Duration,
}

/// How a body is to be read.
pub(super) struct Reading<'a> {
    pub decode: bool,
    pub budget: &'a MemoryBudget,
    pub stall: Option<Duration>,
    pub end: Option<End>,
    pub max_bytes: u64,
}

impl End {
    pub fn after(limit: Duration) -> End {
        End { at: green::now().checked_add(limit), limit }
    }

    pub fn left(self) -> Duration {
        self.at.map_or(Duration::MAX, |at| at.saturating_duration_since(green::now()))
    }

    pub fn clock(self) -> Clock {
        Clock::Whole(self.limit)
    }
}

impl Body {
    /// The body of `response`, and whether it is being decoded.
    pub(super) fn new(response: Response, reading: &Reading<'_>, context: Context) -> (Body, bool) {
        let codings = match reading.decode && !response.is_done() {
            true => parse_codings(response.head().fields.all("content-encoding")),
            false => Ok(Vec::new()),
        };
        let timed = Timed { response, stall: reading.stall, end: reading.end };
        let (source, decodes) = match codings {
            Ok(codings) => {
                let decoder = Decoder::new(&codings, timed, reading.budget);
                (Source::Coded(Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))), !codings.is_empty())
            }
            Err(error) => (Source::Unknown(error), false),
        };
        (Body { source, context, max_bytes: reading.max_bytes }, decodes)
    }

    /// All of it.
    ///
    /// # Errors
    /// Also where it has more bytes than the client's [`max_body`](crate::http::ClientBuilder::max_body) allows.
    pub fn bytes(self) -> Result<Vec<u8>, RequestError> {
        let most = self.max_bytes;
        self.bytes_up_to(most)
    }

    /// All of it, at most `most` bytes.
    ///
    /// # Errors
    /// Also where it has more.
    pub fn bytes_up_to(mut self, most: u64) -> Result<Vec<u8>, RequestError> {
        let mut bytes = Vec::new();
        let read = (&mut self).take(most.saturating_add(1)).read_to_end(&mut bytes);
        match read {
            Err(error) => Err(self.error_of(error)),
            Ok(_) if bytes.len() as u64 > most => {
                Err(RequestError::after_answer(Cause::TooLarge(most), self.context.clone()))
            }
            Ok(_) => Ok(bytes),
        }
    }

    /// All of it as UTF-8, without a byte order mark; what is not UTF-8 becomes U+FFFD. For other encodings take
    /// [`bytes`](Body::bytes).
    ///
    /// # Errors
    /// As of [`bytes`](Body::bytes).
    pub fn text(self) -> Result<String, RequestError> {
        let bytes = self.bytes()?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn error_of(&self, error: io::Error) -> RequestError {
        match error.downcast::<RequestError>() {
            Ok(error) => error,
            Err(error) => RequestError::in_body(error, self.context.clone()),
        }
    }

    fn coded(&mut self) -> io::Result<&mut BufReader<Decoder<Timed>>> {
        match &mut self.source {
            Source::Coded(reader) => Ok(reader),
            Source::Unknown(error) => Err(RequestError::in_body(error.clone().into(), self.context.clone()).into()),
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.coded()?.read(buffer);
        read.map_err(|error| RequestError::in_body(error, self.context.clone()).into())
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Err(error) = self.coded()?.fill_buf() {
            return Err(RequestError::in_body(error, self.context.clone()).into());
        }
        Ok(self.coded()?.buffer())
    }

    fn consume(&mut self, bytes: usize) {
        if let Source::Coded(reader) = &mut self.source {
            reader.consume(bytes);
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("of", &self.context.place).finish_non_exhaustive()
    }
}

/// The body as it comes, each wait with its clocks. What decodes it need not survive an interruption.
struct Timed {
    response: Response,
    stall: Option<Duration>,
    end: Option<End>,
}

impl Timed {
    /// The clock that ends first from here, and what is left of it.
    fn clock(&self) -> Option<(Duration, Clock)> {
        let stall = self.stall.map(|limit| (limit, Clock::Stall(limit)));
        let end = self.end.map(|end| (end.left(), end.clock()));
        [stall, end].into_iter().flatten().min_by_key(|(left, _)| *left)
    }
}

impl BufRead for Timed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let clock = self.clock();
        let over = |clock| io::Error::new(io::ErrorKind::TimedOut, clock);
        match clock {
            Some((left, clock)) if left.is_zero() => return Err(over(clock)),
            Some((left, clock)) if !self.response.is_ready() => {
                let response = &mut self.response;
                green::timeout(left, || response.fill_buf().map(drop)).unwrap_or_else(|_| Err(over(clock)))?;
            }
            _ => {}
        }
        self.response.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.response.consume(bytes);
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?.read(buffer)?;
        self.consume(bytes);
        Ok(bytes)
    }
}
