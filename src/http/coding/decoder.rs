//! The decoder: a reader over a reader, one stage per coding.

use std::io::{self, BufRead, BufReader, Read};

use super::brotli::Brotli;
use super::inflate::Inflate;
use super::zstd::Zstd;
use super::{ANY_RATIO_BYTES, Coding, DecodeError, MAX_RATIO, MemoryBudget};

/// Between two stacked codings: large enough that a stage is entered rarely, small beside a window.
const BETWEEN_STAGES_BYTES: usize = 16 * 1024;

/// One coding being undone. Its state survives an error of the source: the next call goes on where it was.
pub(super) trait Decode {
    /// Reads as little of `source` as gives some output, and writes at most `out`, which is not empty. 0: the coding
    /// ended, and the source with it. A [`DecodeError`] is its own, every other error is the source's.
    fn decode(&mut self, source: &mut dyn BufRead, out: &mut [u8]) -> io::Result<usize>;
}

/// A body with its codings undone: reads coded bytes from `inner` only as decoded ones are asked for, and holds no more
/// than the windows of its codings.
///
/// Errors of `inner` pass through unchanged. An error of a coding is an `io::Error` with a [`DecodeError`] inside
/// ([`DecodeError::of`] tells which), and every read after it returns the same error. At the end of the body `inner`
/// has been read to its own end, and the memory is given back.
pub struct Decoder<R>(Top<R>);

enum Top<R> {
    Plain(R),
    Coded(Box<Coded<R>>),
}

/// All stages, and what they made of what.
struct Coded<R> {
    stage: Stage<Counted<R>>,
    decoded: u64,
}

/// Counts what is taken from the wire.
struct Counted<R> {
    inner: R,
    taken: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.taken += bytes as u64;
        self.inner.consume(bytes);
    }
}

impl<R: BufRead> Coded<R> {
    /// Reads on, unless what came out so far is out of all proportion to what went in.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let taken = self.stage.wire().taken;
        if self.decoded > ANY_RATIO_BYTES && self.decoded > taken.saturating_mul(MAX_RATIO) {
            return Err(DecodeError::Ratio.into());
        }
        let read = self.stage.read(out)?;
        self.decoded += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> Decoder<R> {
    /// A decoder that undoes `codings` (in the order they were applied) over `inner`. Without codings it passes bytes
    /// through. Nothing is read or reserved before the first read.
    pub fn new(codings: &[Coding], inner: R, budget: &MemoryBudget) -> Decoder<R> {
        let Some((last, others)) = codings.split_last() else { return Decoder(Top::Plain(inner)) };
        let first = Stage::new(*last, Source::Wire(Counted { inner, taken: 0 }), budget);
        let top = others.iter().rev().fold(first, |below, coding| {
            let buffered = BufReader::with_capacity(BETWEEN_STAGES_BYTES, Box::new(below));
            Stage::new(*coding, Source::Below(buffered), budget)
        });
        Decoder(Top::Coded(Box::new(Coded { stage: top, decoded: 0 })))
    }
}

impl<R> Decoder<R> {
    /// The reader that the coded bytes come from.
    pub fn get_ref(&self) -> &R {
        match &self.0 {
            Top::Plain(inner) => inner,
            Top::Coded(coded) => &coded.stage.wire().inner,
        }
    }

    /// Gives the inner reader back. What the codings have read of it and not given out is lost.
    pub fn into_inner(self) -> R {
        match self.0 {
            Top::Plain(inner) => inner,
            Top::Coded(coded) => coded.stage.into_wire().inner,
        }
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Top::Plain(inner) => inner.read(out),
            Top::Coded(coded) => coded.read(out),
        }
    }
}

/// One coding and what it reads from.
struct Stage<R> {
    coding: Coding,
    budget: MemoryBudget,
    source: Source<R>,
    progress: Progress,
}

enum Source<R> {
    Wire(R),
    Below(BufReader<Box<Stage<R>>>),
}

/// ```text
///   Untouched ── first byte ──> Running ── 0 ──> Ended
///       └─ no byte ─> Ended        └─ DecodeError ──> Failed      (an error of the source changes nothing)
/// ```
enum Progress {
    Untouched,
    Running(Box<dyn Decode + Send>),
    Ended,
    Failed(DecodeError),
}

impl<R> Stage<R> {
    fn new(coding: Coding, source: Source<R>, budget: &MemoryBudget) -> Stage<R> {
        Stage { coding, budget: budget.clone(), source, progress: Progress::Untouched }
    }

    fn wire(&self) -> &R {
        match &self.source {
            Source::Wire(inner) => inner,
            Source::Below(stage) => stage.get_ref().wire(),
        }
    }

    fn into_wire(self) -> R {
        match self.source {
            Source::Wire(inner) => inner,
            Source::Below(stage) => stage.into_inner().into_wire(),
        }
    }
}

impl<R: BufRead> Stage<R> {
    fn source(&mut self) -> (&mut dyn BufRead, &mut Progress) {
        let source: &mut dyn BufRead = match &mut self.source {
            Source::Wire(inner) => inner,
            Source::Below(stage) => stage,
        };
        (source, &mut self.progress)
    }

    /// The decoder is made at the first byte: an empty body needs none, whatever its coding.
    fn start(&mut self) -> io::Result<()> {
        let (coding, budget) = (self.coding, self.budget.clone());
        let (source, progress) = self.source();
        *progress = if source.fill_buf()?.is_empty() {
            Progress::Ended
        } else {
            Progress::Running(match coding {
                Coding::Gzip | Coding::Deflate => Box::new(Inflate::new(coding, &budget)?),
                Coding::Br => Box::new(Brotli::new(&budget)?),
                Coding::Zstd => Box::new(Zstd::new(budget)),
            })
        };
        Ok(())
    }
}

impl<R: BufRead> Read for Stage<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let result = match self.progress {
            Progress::Untouched => self.start().and_then(|()| self.read(out)),
            Progress::Running(_) => {
                let (source, Progress::Running(decoder)) = self.source() else { return Ok(0) };
                decoder.decode(source, out)
            }
            Progress::Ended => Ok(0),
            Progress::Failed(ref error) => Err(error.clone().into()),
        };
        match &result {
            Ok(0) => self.progress = Progress::Ended,
            Ok(_) => (),
            Err(error) => {
                if let Some(own) = DecodeError::of(error) {
                    self.progress = Progress::Failed(own.clone());
                }
            }
        }
        result
    }
}
