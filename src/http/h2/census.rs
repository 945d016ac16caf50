//! Follows the frames as they come in, and counts those that bring nothing: the `h2` crate answers or ignores them for ever.

use std::fmt;

use super::limits::{MAX_ANSWERED_FRAMES, MAX_IDLE_FRAMES, SENT_BYTES_PER_FRAME};

const HEADER_BYTES: usize = 9;

/// Frame types and flags (RFC 9113 section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;

/// What the peer does that is no stream's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// The first frame is not SETTINGS: another protocol, most likely.
    NotHttp2,
    /// More frames that had to be answered than this, and nothing of use between them.
    AnsweredFlood {
        /// How many are allowed.
        limit: u32,
    },
    /// More frames that bring nothing than this.
    IdleFlood {
        /// How many are allowed.
        limit: u32,
    },
}

/// Where the bytes stand between two frames, and what has come since the last one that brought something.
#[derive(Default)]
pub(super) struct Census {
    header: [u8; HEADER_BYTES],
    have: usize,
    left: usize,
    begun: bool,
    answered: u32,
    idle: u32,
}

impl Census {
    /// Looks at what was received next.
    pub fn received(&mut self, mut bytes: &[u8]) -> Result<(), Refused> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let passed = self.left.min(bytes.len());
                self.left -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            let taken = (HEADER_BYTES - self.have).min(bytes.len());
            self.header[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == HEADER_BYTES {
                self.have = 0;
                self.count()?;
            }
        }
        Ok(())
    }

    /// So much was sent: frames that may answer it are fair.
    pub fn sent(&mut self, bytes: usize) {
        let earned = u32::try_from(bytes).unwrap_or(u32::MAX) / SENT_BYTES_PER_FRAME;
        self.idle = self.idle.saturating_sub(earned);
    }

    fn count(&mut self) -> Result<(), Refused> {
        let [high, middle, low, kind, flags, ..] = self.header;
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if !self.begun && (kind != SETTINGS || flags & ACK != 0) {
            return Err(Refused::NotHttp2);
        }
        self.begun = true;
        match kind {
            DATA if self.left == 0 && flags & END_STREAM == 0 => self.idle += 1,
            // Their own limits hold for these.
            DATA | HEADERS | PUSH_PROMISE | CONTINUATION => (self.answered, self.idle) = (0, 0),
            PING | SETTINGS if flags & ACK == 0 => self.answered += 1,
            _ => self.idle += 1,
        }
        if self.answered > MAX_ANSWERED_FRAMES {
            return Err(Refused::AnsweredFlood { limit: MAX_ANSWERED_FRAMES });
        }
        if self.idle > MAX_IDLE_FRAMES {
            return Err(Refused::IdleFlood { limit: MAX_IDLE_FRAMES });
        }
        Ok(())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NotHttp2 => f.write_str("the server does not speak HTTP/2"),
            Refused::AnsweredFlood { limit } => write!(f, "more than {limit} PING or SETTINGS frames in a row"),
            Refused::IdleFlood { limit } => write!(f, "more than {limit} frames in a row that bring nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u8, payload: usize) -> Vec<u8> {
        let length = [(payload >> 16) as u8, (payload >> 8) as u8, payload as u8];
        [&length[..], &[kind, flags, 0, 0, 0, stream], &vec![7; payload]].concat()
    }

    fn after_settings(frames: &[u8]) -> Result<(), Refused> {
        let mut census = Census::default();
        census.received(&frame(SETTINGS, 0, 0, 6))?;
        census.received(frames)
    }

    #[test]
    fn frames_are_followed_whatever_the_pieces() {
        let wire =
            [frame(SETTINGS, 0, 0, 12), frame(DATA, 0, 1, 300), frame(PING, 0, 0, 8), frame(DATA, 1, 1, 0)].concat();
        for size in [1, 2, 8, 9, 10, 100, wire.len()] {
            let mut census = Census::default();
            for piece in wire.chunks(size) {
                census.received(piece).unwrap();
            }
            assert_eq!((census.have, census.left, census.answered), (0, 0, 0), "in pieces of {size}");
        }
    }

    #[test]
    fn what_does_not_begin_with_settings_is_another_protocol() {
        for first in [b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), frame(PING, 0, 0, 8), frame(SETTINGS, ACK, 0, 0)] {
            assert_eq!(Census::default().received(&first), Err(Refused::NotHttp2));
        }
    }

    #[test]
    fn pings_and_settings_are_counted_until_something_comes() {
        let pings = frame(PING, 0, 0, 8).repeat(MAX_ANSWERED_FRAMES as usize - 1);
        assert_eq!(after_settings(&pings), Ok(()));
        let one_more = [&pings[..], &frame(SETTINGS, 0, 0, 0)].concat();
        assert_eq!(after_settings(&one_more), Err(Refused::AnsweredFlood { limit: MAX_ANSWERED_FRAMES }));
        let between = [&pings[..], &frame(DATA, 0, 1, 1), &pings].concat();
        assert_eq!(after_settings(&between), Ok(()));
    }

    #[test]
    fn frames_that_bring_nothing_are_counted_and_earned_by_sending() {
        for (kind, payload) in [(DATA, 0), (2, 5), (3, 4), (8, 4), (0x77, 100)] {
            let flood = frame(kind, 0, 1, payload).repeat(MAX_IDLE_FRAMES as usize + 1);
            assert_eq!(after_settings(&flood), Err(Refused::IdleFlood { limit: MAX_IDLE_FRAMES }), "type {kind}");
        }
        let mut census = Census::default();
        census.received(&frame(SETTINGS, 0, 0, 0)).unwrap();
        for _ in 0..3 * MAX_IDLE_FRAMES {
            census.sent(SENT_BYTES_PER_FRAME as usize);
            census.received(&frame(8, 0, 0, 4)).unwrap();
        }
    }
}
