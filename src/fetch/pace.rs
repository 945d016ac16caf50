//! Owns the rule that a body must bring something, and how fast it may come: what comes over the wire is counted, below
//! any content decoding.

use std::fmt;
use std::io::{self, BufRead, Read};
use std::time::{Duration, Instant};

use super::plan::Stall;
use super::speed::Speed;
use crate::green;
use crate::http::{Response, Throttle};

/// A body whose reads fail with [`TooSlow`] when the rule is broken. The reader itself is not disturbed by the rule, so
/// what decodes it need not survive an interruption.
pub(super) struct Paced<'a> {
    pub response: &'a mut Response,
    pace: Option<Pace>,
    speed: Option<Speed>,
    /// Bytes whose time has come, of those that are there.
    granted: usize,
}

/// Too little came for so long; the inner error of an `io::Error`.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooSlow(pub Duration);

impl<'a> Paced<'a> {
    pub fn new(response: &'a mut Response, rule: Option<Stall>, speed: Option<Speed>) -> Paced<'a> {
        Paced { response, pace: rule.map(Pace::new), speed, granted: 0 }
    }

    /// As [`Response::discard`].
    pub fn discard(&mut self) -> io::Result<u64> {
        if self.speed.is_some() {
            let bytes = self.fill_buf()?.len();
            self.consume(bytes);
            return Ok(bytes as u64);
        }
        let bytes = self.in_time(Response::discard)?;
        self.note(bytes);
        Ok(bytes)
    }

    /// Waits until there is something to read, the end or a fault in it, for at most `limit`; false where that was not enough.
    #[inline(never)]
    pub fn comes_within(&mut self, limit: Duration) -> io::Result<bool> {
        if self.response.is_ready() {
            return Ok(true);
        }
        if limit.is_zero() {
            return Ok(false);
        }
        let waited = green::timeout(limit, || self.in_time(|response| response.fill_buf().map(drop)));
        if waited.is_err()
            && let Some(pace) = &mut self.pace
        {
            pace.waited += limit;
        }
        waited.map_or(Ok(false), |filled| filled.map(|()| true))
    }

    /// One read, which must bring something before the window ends; one that need not wait needs no clock.
    fn in_time<T>(&mut self, read: impl FnOnce(&mut Response) -> io::Result<T>) -> io::Result<T> {
        let Some(pace) = &self.pace else { return read(self.response) };
        let too_slow = || io::Error::new(io::ErrorKind::TimedOut, TooSlow(pace.rule.time));
        if pace.is_broken() {
            return Err(too_slow());
        }
        if self.response.is_ready() {
            return read(self.response);
        }
        green::timeout(pace.left(), || read(self.response)).unwrap_or_else(|_| Err(too_slow()))
    }

    fn note(&mut self, bytes: u64) {
        if let Some(pace) = &mut self.pace {
            pace.note(bytes);
        }
    }
}

impl BufRead for Paced<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.in_time(|response| response.fill_buf().map(drop))?;
        // It is there now: this does not wait.
        let there = self.response.fill_buf()?;
        let Some(speed) = &self.speed else { return Ok(there) };
        if self.granted == 0 && !there.is_empty() {
            self.granted = speed.wait(there.len())?;
        }
        Ok(&there[..self.granted.min(there.len())])
    }

    fn consume(&mut self, bytes: usize) {
        self.response.consume(bytes);
        self.granted = self.granted.saturating_sub(bytes);
        self.note(bytes as u64);
    }
}

impl Read for Paced<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?.read(buffer)?;
        self.consume(bytes);
        Ok(bytes)
    }
}

/// How the rule stands.
struct Pace {
    rule: Stall,
    /// Where a speed was asked for: since when this window runs, and how much has come in it. Otherwise any byte is
    /// enough, each read has the rule's time, and no clock is read for it.
    window: Option<(Instant, u64)>,
    /// Of a read's time what it has waited already, and was asked to wait no longer then.
    waited: Duration,
}

impl Pace {
    fn new(rule: Stall) -> Pace {
        Pace { rule, window: rule.given.then(|| (green::now(), 0)), waited: Duration::ZERO }
    }

    /// What is left of the present window.
    fn left(&self) -> Duration {
        let begun = self.window.map_or(self.waited, |(since, _)| green::now().saturating_duration_since(since));
        self.rule.time.saturating_sub(begun)
    }

    /// A full window that had bytes, but too few. One that had none ends by the clock of its read.
    fn is_broken(&self) -> bool {
        self.window.is_some_and(|(_, bytes)| bytes > 0) && self.left().is_zero()
    }

    /// Enough bytes begin a new window.
    fn note(&mut self, bytes: u64) {
        self.waited = Duration::ZERO;
        let Some((_, come)) = &mut self.window else { return };
        *come += bytes;
        if *come >= enough(self.rule) {
            *self = Pace::new(self.rule);
        }
    }
}

/// What must come in a window.
fn enough(rule: Stall) -> u64 {
    ((rule.min_bytes_per_s as f64 * rule.time.as_secs_f64()).ceil() as u64).max(1)
}

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "too little came for {} s", self.0.as_secs_f64())
    }
}

impl std::error::Error for TooSlow {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_that_is_made_in_parts_has_its_time_once() {
        let mut pace = Pace::new(Stall { time: Duration::from_secs(30), min_bytes_per_s: 1, given: false });
        pace.waited += Duration::from_secs(1);
        assert_eq!(pace.left(), Duration::from_secs(29));
        pace.note(1);
        assert_eq!(pace.left(), Duration::from_secs(30));
    }

    #[test]
    fn the_window_scales_the_limit() {
        let asked = |seconds: f64, min_bytes_per_s| {
            enough(Stall { time: Duration::from_secs_f64(seconds), min_bytes_per_s, given: true })
        };
        assert_eq!((asked(30.0, 1), asked(0.2, 1000), asked(2.0, 1000), asked(0.001, 1)), (30, 200, 2000, 1));
    }
}
