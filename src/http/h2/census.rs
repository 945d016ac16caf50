//! Follows the frames as they come in, and counts those that bring nothing: the `h2` crate answers or ignores them for ever.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use super::limits::{
    HEADS_PER_STREAM, MAX_ANSWERED_FRAMES, MAX_IDLE_FRAMES, SENT_BYTES_PER_FRAME, STREAM_WINDOW_BYTES,
};

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
const PADDED: u8 = 8;
/// Padding and its length: windows are opened again by so much without our doing.
const MAX_PADDING_BYTES: usize = 256;

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
    /// More DATA than all windows together allow: for streams that are long over.
    DataFlood,
    /// More heads than the streams that there were can have.
    HeadFlood,
}

/// What a peer that keeps to the protocol may send at most: it follows from what was asked for, and from what was read.
/// The `h2` crate ignores what comes for a stream that was reset or is over, for ever.
#[derive(Default)]
pub(super) struct Grants {
    data_bytes: Cell<u64>,
    heads: Cell<u64>,
}

impl Grants {
    /// A stream is opened: it may have a window of DATA, and its heads.
    pub fn open(&self) {
        self.read(STREAM_WINDOW_BYTES as usize);
        self.heads.set(self.heads.get() + HEADS_PER_STREAM);
    }

    /// A window is opened again by so much.
    pub fn read(&self, bytes: usize) {
        self.data_bytes.set(self.data_bytes.get() + bytes as u64);
    }

    fn take(grant: &Cell<u64>, amount: u64, refused: Refused) -> Result<(), Refused> {
        let left = grant.get().checked_sub(amount).ok_or(refused)?;
        grant.set(left);
        Ok(())
    }
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
    grants: Rc<Grants>,
}

impl Census {
    pub fn new(grants: Rc<Grants>) -> Census {
        Census { grants, ..Census::default() }
    }

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
        let payload = if flags & PADDED == 0 { self.left } else { self.left.saturating_sub(MAX_PADDING_BYTES) };
        match kind {
            DATA if flags & END_STREAM == 0 && payload == 0 => self.idle += 1,
            DATA => {
                Grants::take(&self.grants.data_bytes, payload as u64, Refused::DataFlood)?;
                (self.answered, self.idle) = (0, 0);
            }
            HEADERS => {
                Grants::take(&self.grants.heads, 1, Refused::HeadFlood)?;
                (self.answered, self.idle) = (0, 0);
            }
            // Their own limits hold for these.
            PUSH_PROMISE | CONTINUATION => (self.answered, self.idle) = (0, 0),
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
            Refused::DataFlood => f.write_str("more DATA than its windows allow"),
            Refused::HeadFlood => f.write_str("more heads than its streams can have"),
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

    /// With a stream open.
    fn census() -> Census {
        let census = Census::default();
        census.grants.open();
        census
    }

    fn after_settings(frames: &[u8]) -> Result<(), Refused> {
        let mut census = census();
        census.received(&frame(SETTINGS, 0, 0, 6))?;
        census.received(frames)
    }

    #[test]
    fn frames_are_followed_whatever_the_pieces() {
        let wire =
            [frame(SETTINGS, 0, 0, 12), frame(DATA, 0, 1, 300), frame(PING, 0, 0, 8), frame(DATA, 1, 1, 0)].concat();
        for size in [1, 2, 8, 9, 10, 100, wire.len()] {
            let mut census = census();
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
    fn data_is_counted_by_what_its_windows_allow() {
        let window = STREAM_WINDOW_BYTES as usize;
        let most = frame(DATA, 0, 1, 16_384).repeat(window / 16_384);
        let (end, one) = (frame(DATA, END_STREAM, 1, 0), frame(DATA, 0, 1, 1));
        assert_eq!(after_settings(&[&most[..], &end].concat()), Ok(()));
        assert_eq!(after_settings(&[&most[..], &one].concat()), Err(Refused::DataFlood));
        let mut census = census();
        census.received(&[&frame(SETTINGS, 0, 0, 0)[..], &most].concat()).unwrap();
        census.grants.read(1);
        assert_eq!((census.received(&one), census.received(&one)), (Ok(()), Err(Refused::DataFlood)));
    }

    /// What is only padding opens its own window again; it is a frame that brings nothing.
    #[test]
    fn padding_is_not_data() {
        let padded = frame(DATA, PADDED, 1, 256).repeat(MAX_IDLE_FRAMES as usize);
        assert_eq!(after_settings(&padded), Ok(()));
        let more = [&padded[..], &frame(DATA, PADDED, 1, 256)].concat();
        assert_eq!(after_settings(&more), Err(Refused::IdleFlood { limit: MAX_IDLE_FRAMES }));
    }

    #[test]
    fn heads_are_counted_by_streams() {
        let heads = frame(HEADERS, 0, 1, 3).repeat(HEADS_PER_STREAM as usize);
        assert_eq!(after_settings(&heads), Ok(()));
        assert_eq!(after_settings(&[&heads[..], &frame(HEADERS, 0, 1, 3)].concat()), Err(Refused::HeadFlood));
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
