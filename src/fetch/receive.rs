//! Takes a body in: counted, decoded, hashed, handed to its sink, within its limits.

use std::io::{self, BufRead, Read};

use sha2::{Digest, Sha256};

use super::failure::{of_exchange, stalled};
use super::in_flight::Lane;
use super::outcome::{Failure, Kind, Outcome, Stage};
use super::pace::{Paced, TooSlow};
use super::plan::Plan;
use super::sink::Sink;
use super::speed::Speed;
use super::spool::Spool;
use crate::green;
use crate::http::coding::{Coding, DecodeError, Decoder, MemoryBudget, parse_codings};
use crate::http::{Error, Response, Trace};

/// Decoded bytes are handed on in pieces of at most this size.
const PIECE_BYTES: usize = 16 * 1024;

/// What a body is taken in by.
pub(super) struct Rules<'a> {
    pub plan: &'a Plan,
    /// Whether its codings are undone.
    pub compressed: bool,
    pub budget: &'a MemoryBudget,
    pub speed: Option<Speed>,
    /// Where bytes are noted as they come.
    pub lane: Option<&'a Lane>,
    pub gather: Option<Gather<'a>>,
}

/// Where the beginning of a body is kept for its record.
pub(super) struct Gather<'a> {
    pub spool: &'a mut Spool,
    /// Bytes that it still takes.
    pub room: usize,
}

impl Gather<'_> {
    #[inline(never)]
    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        let taken = piece.len().min(self.room);
        self.room -= taken;
        self.spool.write(&piece[..taken])
    }
}

/// Reads the whole body of `response` into `sink`; `record` says how far it came, also on failure.
pub(super) fn body(
    rules: Rules<'_>,
    response: &mut Response,
    sink: &mut Sink,
    record: &mut Outcome,
    trace: &Trace,
) -> Result<(), Failure> {
    let Rules { plan, compressed, budget, speed, lane, gather } = rules;
    // Where there is no body (HEAD, 204, 304) what its fields say of one is nothing to us.
    let codings = match compressed && !response.is_done() {
        true => codings(response)?,
        false => Vec::new(),
    };
    let (before, hash) = beginning(plan, sink)?;
    let mut intake = Intake { most: plan.limits.max_filesize, before, hash, gather, sink, record, trace, lane };
    if codings.is_empty() {
        intake.refuse_announced(response)?;
    }
    let response = Paced::new(response, plan.limits.stall, speed);
    let taken = match codings.is_empty() {
        true if intake.only_counts() => intake.count(response),
        true => intake.copy(response),
        false => intake.decode(Decoder::new(&codings, response, budget)),
    };
    let hash = intake.hash.take().map(|hash| hash.finalize().into());
    record.sha256 = hash;
    taken
}

/// Nothing more comes of what goes to `sink`: what holds for a body holds for what is there of it.
#[inline(never)]
pub(super) fn nothing_more(plan: &Plan, sink: &mut Sink, record: &mut Outcome) -> Result<(), Failure> {
    if sink.saving().is_none_or(|save| save.beginning().is_none()) {
        return Ok(());
    }
    let (before, hash) = beginning(plan, sink)?;
    record.sha256 = hash.map(|hash| hash.finalize().into());
    match plan.limits.max_filesize.filter(|most| before > *most) {
        Some(most) => Err(too_large(most)),
        None => Ok(()),
    }
}

/// Bytes that the file has already, and the hash that takes in the rest; looked at only where somebody wants to know.
#[inline(never)]
fn beginning(plan: &Plan, sink: &mut Sink) -> Result<(u64, Option<Sha256>), Failure> {
    let hash = plan.hash_bodies.then(Sha256::new);
    let is_asked_for = hash.is_some() || plan.limits.max_filesize.is_some();
    let begun = sink.saving().filter(|_| is_asked_for).and_then(|save| save.beginning());
    match begun {
        Some(begun) => begun.take_into(hash).map_err(|error| write_failure(&error, sink)),
        None => Ok((0, hash)),
    }
}

fn write_failure(error: &io::Error, sink: &mut Sink) -> Failure {
    Failure::writing(error, sink.saving().map(|save| save.path()))
}

fn codings(response: &Response) -> Result<Vec<Coding>, Failure> {
    let values = response.head().fields.all("content-encoding");
    parse_codings(values).map_err(|error: DecodeError| Failure::new(Kind::Decode, Stage::Decode, error.to_string()))
}

struct Intake<'a> {
    most: Option<u64>,
    /// Bytes of the file that were there before.
    before: u64,
    hash: Option<Sha256>,
    gather: Option<Gather<'a>>,
    sink: &'a mut Sink,
    record: &'a mut Outcome,
    trace: &'a Trace,
    lane: Option<&'a Lane>,
}

impl Intake<'_> {
    fn only_counts(&self) -> bool {
        self.sink.is_count() && self.hash.is_none() && self.gather.is_none()
    }

    /// A length that is announced over the limit need not be waited for.
    fn refuse_announced(&self, response: &Response) -> Result<(), Failure> {
        match (self.most, response.head().content_length()) {
            (Some(most), Some(length)) if length.saturating_add(self.before) > most && !response.is_done() => {
                Err(too_large(most))
            }
            _ => Ok(()),
        }
    }

    /// Nobody looks at the bytes: the kernel may drop them.
    fn count(&mut self, mut body: Paced<'_>) -> Result<(), Failure> {
        loop {
            let dropped = body.discard();
            self.record.wire_bytes = body.response.wire_bytes();
            match dropped.map_err(|error| self.failure(error))? {
                0 => return Ok(()),
                bytes => self.note(bytes)?,
            }
        }
    }

    /// Bytes go on as they came, from where they were read.
    fn copy(&mut self, mut body: Paced<'_>) -> Result<(), Failure> {
        loop {
            self.flush_in_time(&mut body)?;
            let piece = body.fill_buf().map_err(|error| self.failure(error))?;
            let bytes = piece.len();
            if bytes == 0 {
                return Ok(());
            }
            self.deliver(piece)?;
            body.consume(bytes);
            self.record.wire_bytes = body.response.wire_bytes();
        }
    }

    /// Waits for what comes next, and takes to the disk what is due there meanwhile.
    fn flush_in_time(&mut self, body: &mut Paced<'_>) -> Result<(), Failure> {
        while let Some(left) = self.sink.may_wait() {
            if body.comes_within(left).map_err(|error| self.failure(error))? {
                break;
            }
            self.sink.flush().map_err(|error| write_failure(&error, self.sink))?;
        }
        Ok(())
    }

    fn decode(&mut self, mut decoder: Decoder<Paced<'_>>) -> Result<(), Failure> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = decoder.read(&mut piece);
            self.record.wire_bytes = decoder.get_ref().response.wire_bytes();
            match read.map_err(|error| self.failure(error))? {
                0 => return Ok(()),
                bytes => self.deliver(&piece[..bytes])?,
            }
            // What is decoded may be all there, and the others wait meanwhile: bodies on this hub, and hubs of other
            // threads for their next line.
            green::yield_now().map_err(|interrupt| self.failure(interrupt.into()))?;
        }
    }

    fn deliver(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.note(piece.len() as u64)?;
        if let Some(hash) = &mut self.hash {
            hash.update(piece);
        }
        let gathered = self.gather.as_mut().map_or(Ok(()), |gather| gather.write(piece));
        let written = gathered.and_then(|()| self.sink.write(piece));
        written.map_err(|error| write_failure(&error, self.sink))
    }

    /// Counts decoded bytes and holds them to their limit.
    fn note(&mut self, bytes: u64) -> Result<(), Failure> {
        self.record.bytes += bytes;
        if let Some(lane) = self.lane {
            lane.bytes(bytes);
        }
        match self.most.filter(|most| self.record.bytes.saturating_add(self.before) > *most) {
            Some(most) => Err(too_large(most)),
            None => Ok(()),
        }
    }

    fn failure(&self, error: io::Error) -> Failure {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(TooSlow(time)) => stalled(*time, Stage::Receive),
            None => of_exchange(&Error::from_io(error), self.trace),
        }
    }
}

fn too_large(most: u64) -> Failure {
    Failure::new(Kind::TooLarge, Stage::Receive, format!("the body is larger than {most} bytes (--max-filesize)"))
}
