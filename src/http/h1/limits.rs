//! How much of anything a peer may send before it is refused: every bound, with its reason.

/// All heads of one answer together, informational ones included. Real ones stay below 16 KiB; curl gives up at 300 KB.
pub const MAX_HEAD_BYTES: u32 = 256 * 1024;

/// One line of a response's head, its end not counted: curl's figure (cookies and policies grow long).
pub const MAX_LINE_BYTES: u32 = 100 * 1024;

/// Fields in one head. httparse fills an array on the stack, 32 bytes a field: 8 KiB of a greenlet's 256.
pub const MAX_FIELDS: u32 = 256;

/// Empty lines before a first line: RFC 9112 section 2.2 forgives a CRLF left over from a message before.
pub const MAX_EMPTY_LINES: u32 = 4;

/// 1xx heads before the final one: a 103 or two is usual, and 102 may come every 20 seconds.
pub const MAX_INFORMATIONAL: u32 = 32;

/// A request line, its end not counted: Apache's figure, which what is in use has learnt to live with.
pub const MAX_REQUEST_LINE_BYTES: u32 = 8_190;

/// A request's head. A server holds one a connection, from whoever asks, so it is more modest than a client.
pub const MAX_REQUEST_HEAD_BYTES: u32 = 64 * 1024;

/// Chunk extensions of one whole body. Nobody uses them; unbounded they are a body that never grows (hyper's figure).
pub const MAX_EXTENSION_BYTES: u32 = 16 * 1024;

/// Trailers of one body: a digest and some timings.
pub const MAX_TRAILER_BYTES: u32 = 16 * 1024;

/// Trailer fields of one body.
pub const MAX_TRAILER_FIELDS: u32 = 64;

/// The bounds of one head, as values, so that a test or a server can have smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All heads of one message together, line ends included.
    pub head_bytes: u32,
    /// The status line or request line, its end not counted.
    pub first_line_bytes: u32,
    /// Every other line, its end not counted.
    pub line_bytes: u32,
    /// Fields; [`MAX_FIELDS`] holds all the same.
    pub fields: u32,
    /// Empty lines before the first line.
    pub empty_lines: u32,
    /// 1xx heads before the final one.
    pub informational: u32,
}

impl Limits {
    /// What a client takes from a server.
    pub const RESPONSE: Limits = Limits {
        head_bytes: MAX_HEAD_BYTES,
        first_line_bytes: MAX_LINE_BYTES,
        line_bytes: MAX_LINE_BYTES,
        fields: MAX_FIELDS,
        empty_lines: MAX_EMPTY_LINES,
        informational: MAX_INFORMATIONAL,
    };

    /// What a server takes from a client.
    pub const REQUEST: Limits = Limits {
        head_bytes: MAX_REQUEST_HEAD_BYTES,
        first_line_bytes: MAX_REQUEST_LINE_BYTES,
        line_bytes: MAX_REQUEST_HEAD_BYTES,
        ..Limits::RESPONSE
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::RESPONSE
    }
}
