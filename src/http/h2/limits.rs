//! What an HTTP/2 peer may have, send and ask for: every bound, with its reason. The `h2` crate holds those that it knows.

use std::time::Duration;

use crate::http::h1;

/// Streams that are open at once on one connection; a request beyond opens another connection, as it does where the
/// server allows fewer (curl). Servers commonly allow 100 to 256.
pub const MAX_STREAMS: usize = 256;

/// What is assumed of a server's own limit until its SETTINGS are there: the least that RFC 9113 section 6.5.2 recommends.
pub const STREAMS_BEFORE_SETTINGS: usize = 100;

/// What one stream may have received that nobody has read yet: 10 MB/s at a round trip of 100 ms.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;

/// All streams together: as much as each of them may have, so that one whose reader waits (for its turn to be printed, by
/// its rate) never stops the others. What is really held is a window for each stream that nobody reads.
pub const CONNECTION_WINDOW_BYTES: u32 = MAX_STREAMS as u32 * STREAM_WINDOW_BYTES;

/// The largest frame taken: the least that may be announced. A larger one only holds more memory at once.
pub const MAX_FRAME_BYTES: u32 = 16 * 1024;

/// A header list, uncompressed, with 32 bytes added for each field: as in HTTP/1. It bounds the CONTINUATION frames too.
pub const MAX_HEADER_LIST_BYTES: u32 = h1::MAX_HEAD_BYTES;

/// The table of fields that the server may refer back to; the protocol's own default.
pub const HEADER_TABLE_BYTES: u32 = 4096;

/// Of a request's body, what lies ready to be sent.
pub const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// What is written between two looks at the socket; more waits until it has been taken.
pub const UNSENT_BYTES: usize = 64 * 1024;

/// Small DATA frames that wait to be read cost more than they bring; so much of that is allowed, about 256 bytes each.
pub const DATA_OVERHEAD_BYTES: usize = 1024 * 1024;

/// Frames that the server must be answered for (PING, SETTINGS), one after another, while it sends nothing of use.
pub const MAX_ANSWERED_FRAMES: u32 = 1_000;

/// Other frames that bring nothing (WINDOW_UPDATE, PRIORITY, unknown ones, empty DATA …), one after another. What is sent
/// earns more of them: see [`SENT_BYTES_PER_FRAME`].
pub const MAX_IDLE_FRAMES: u32 = 10_000;

/// A large upload is answered by WINDOW_UPDATEs alone: one frame for so many bytes is fair.
pub const SENT_BYTES_PER_FRAME: u32 = 256;

/// Heads of one stream: informational ones as in HTTP/1, the answer's, trailers.
pub const HEADS_PER_STREAM: u64 = h1::MAX_INFORMATIONAL as u64 + 2;

/// Streams that we reset are remembered for a while, because what was under way to them must be ignored: so many, so long.
pub const REMEMBERED_RESETS: usize = 1024;
/// See [`REMEMBERED_RESETS`].
pub const RESET_MEMORY: Duration = Duration::from_secs(5);

/// Faults of single streams that one connection survives; a server that goes on so is cut off.
pub const MAX_STREAM_FAULTS: usize = 1024;

/// A connection on which we have reset so many streams takes no new ones: late frames for them count as faults.
pub const MAX_OWN_RESETS: u32 = 512;

/// A request that the server refused without looking at it (REFUSED_STREAM, GOAWAY) is sent again so often; curl's figure.
/// The same holds for one whose connection turned out dead.
pub const MAX_REPEATS: u32 = 5;

/// Idle connections in all: each costs some 50 KiB and a greenlet.
pub const MAX_IDLE_CONNECTIONS: usize = 1024;

/// Origins of which it is remembered what they speak.
pub const MAX_KNOWN_ORIGINS: usize = 16_384;

/// A connection that is done with says so; a peer that does not take that in for so long is left.
pub const CLOSE_TIME: Duration = Duration::from_secs(1);

/// The driver lets the others run after so many bytes received …
pub const TURN_BYTES: usize = 256 * 1024;
/// … or so many reads.
pub const TURN_READS: u32 = 16;
