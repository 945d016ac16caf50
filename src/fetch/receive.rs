//! Takes a body in: counted, decoded, hashed, handed to its sink, within its limits.

use std::io::{self, BufRead, Read};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::failure::{of_exchange, stalled};
use super::outcome::{Failure, Kind, Outcome, Stage};
use super::plan::{Plan, Stall};
use super::sink::Sink;
use crate::green;
use crate::http::coding::{Coding, DecodeError, Decoder, MemoryBudget, parse_codings};
use crate::http::{Error, Response, Trace};

/// Decoded bytes are handed on in pieces of at most this size.
const PIECE_BYTES: usize = 16 * 1024;

/// Reads the whole body of `response` into `sink`; `record` says how far it came, also on failure.
pub(super) fn body(
    plan: &Plan,
    budget: &MemoryBudget,
    response: Response,
    sink: &mut Sink,
    record: &mut Outcome,
    trace: &Trace,
) -> Result<(), Failure> {
    let codings = match plan.request.compressed {
        true => codings(&response)?,
        false => Vec::new(),
    };
    let mut intake = Intake {
        most: plan.limits.max_filesize,
        pace: plan.limits.stall.map(Pace::new),
        hash: plan.hash_bodies.then(Sha256::new),
        sink,
        record,
        trace,
    };
    if codings.is_empty() {
        intake.refuse_announced(&response)?;
    }
    let taken = match codings.is_empty() {
        true if intake.only_counts() => intake.count(response),
        true => intake.copy(response),
        false => intake.decode(Decoder::new(&codings, response, budget)),
    };
    let hash = intake.hash.take().map(|hash| hash.finalize().into());
    record.sha256 = hash;
    taken
}

fn codings(response: &Response) -> Result<Vec<Coding>, Failure> {
    let values = response.head().fields.all("content-encoding");
    parse_codings(values).map_err(|error: DecodeError| Failure::new(Kind::Decode, Stage::Decode, error.to_string()))
}

struct Intake<'a> {
    most: Option<u64>,
    pace: Option<Pace>,
    hash: Option<Sha256>,
    sink: &'a mut Sink,
    record: &'a mut Outcome,
    trace: &'a Trace,
}

impl Intake<'_> {
    fn only_counts(&self) -> bool {
        self.sink.is_count() && self.hash.is_none()
    }

    /// A length that is announced over the limit need not be waited for.
    fn refuse_announced(&self, response: &Response) -> Result<(), Failure> {
        match (self.most, response.head().content_length()) {
            (Some(most), Some(length)) if length > most && self.record.method != "HEAD" => Err(too_large(most)),
            _ => Ok(()),
        }
    }

    /// Nobody looks at the bytes: the kernel may drop them.
    fn count(&mut self, mut response: Response) -> Result<(), Failure> {
        loop {
            let ready = response.is_ready();
            let dropped = self.paced(ready, || response.discard());
            self.record.wire_bytes = response.wire_bytes();
            match dropped? {
                0 => return Ok(()),
                bytes => self.note(bytes)?,
            }
        }
    }

    /// Bytes go on as they came, from where they were read.
    fn copy(&mut self, mut response: Response) -> Result<(), Failure> {
        loop {
            let ready = response.is_ready();
            if self.paced(ready, || response.fill_buf().map(|ready| ready.len() as u64))? == 0 {
                return Ok(());
            }
            let piece = response.fill_buf().map_err(|error| self.failure(error))?;
            self.deliver(piece)?;
            let bytes = piece.len();
            response.consume(bytes);
            self.record.wire_bytes = response.wire_bytes();
        }
    }

    fn decode(&mut self, mut decoder: Decoder<Response>) -> Result<(), Failure> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = self.paced(false, || decoder.read(&mut piece).map(|bytes| bytes as u64));
            self.record.wire_bytes = decoder.get_ref().wire_bytes();
            match read? {
                0 => return Ok(()),
                bytes => self.deliver(&piece[..bytes as usize])?,
            }
        }
    }

    fn deliver(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.note(piece.len() as u64)?;
        if let Some(hash) = &mut self.hash {
            hash.update(piece);
        }
        self.sink.write(piece).map_err(|error| Failure::new(Kind::Write, Stage::Write, error.to_string()))
    }

    /// Counts decoded bytes and holds them to their limit and pace.
    fn note(&mut self, bytes: u64) -> Result<(), Failure> {
        self.record.bytes += bytes;
        if let Some(most) = self.most.filter(|most| self.record.bytes > *most) {
            return Err(too_large(most));
        }
        match &mut self.pace {
            Some(pace) => pace.note(bytes).map_err(|limit| stalled(limit, Stage::Receive)),
            None => Ok(()),
        }
    }

    /// One read, which must bring something before the pace's limit; one that is `ready` needs no clock.
    fn paced(&self, ready: bool, read: impl FnOnce() -> io::Result<u64>) -> Result<u64, Failure> {
        let Some(pace) = self.pace.as_ref().filter(|_| !ready) else {
            return read().map_err(|error| self.failure(error));
        };
        match green::timeout(pace.left(), read) {
            Ok(read) => read.map_err(|error| self.failure(error)),
            Err(_) => Err(stalled(pace.rule.time, Stage::Receive)),
        }
    }

    fn failure(&self, error: io::Error) -> Failure {
        of_exchange(Error::from_io(error), self.trace)
    }
}

/// The rule that a body must bring at least so many bytes in so much time (`-y`, `-Y`).
struct Pace {
    rule: Stall,
    since: Instant,
    bytes: u64,
}

impl Pace {
    fn new(rule: Stall) -> Pace {
        Pace { rule, since: green::now(), bytes: 0 }
    }

    /// What is left of the present window.
    fn left(&self) -> Duration {
        self.rule.time.saturating_sub(green::now().saturating_duration_since(self.since))
    }

    /// A full window with too few bytes ends it; enough of them begin a new one.
    fn note(&mut self, bytes: u64) -> Result<(), Duration> {
        self.bytes += bytes;
        if self.bytes >= enough(self.rule) {
            *self = Pace::new(self.rule);
            return Ok(());
        }
        if self.left().is_zero() { Err(self.rule.time) } else { Ok(()) }
    }
}

/// What must come in a window. Without `-y` and `-Y` only silence is a stall: any byte begins a new one.
fn enough(rule: Stall) -> u64 {
    let bytes = (rule.min_bytes_per_s as f64 * rule.time.as_secs_f64()).ceil() as u64;
    if rule.given { bytes.max(1) } else { 1 }
}

fn too_large(most: u64) -> Failure {
    Failure::new(Kind::TooLarge, Stage::Receive, format!("the body is larger than {most} bytes (--max-filesize)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unasked_only_silence_is_a_stall_and_asked_the_window_scales_the_limit() {
        let asked = |seconds: f64, min_bytes_per_s| {
            enough(Stall { time: Duration::from_secs_f64(seconds), min_bytes_per_s, given: true })
        };
        assert_eq!(enough(Stall::default()), 1);
        assert_eq!((asked(30.0, 1), asked(0.2, 1000), asked(2.0, 1000), asked(0.001, 1)), (30, 200, 2000, 1));
    }
}
