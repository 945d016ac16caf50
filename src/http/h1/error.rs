//! What a peer got wrong: one variant a class, to be matched and never parsed, and what an early close cut off.

use std::fmt;

/// A message that is not HTTP/1 as gfetch accepts it. After one, the connection is over: nothing on it can be trusted.
///
/// Lines count from 1, the status line or request line.
#[allow(missing_docs, reason = "a field `limit` is the limit, a field `line` the line, counted from 1")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProtocolError {
    /// The answer does not begin with `HTTP/` (another protocol, or HTTP/0.9).
    NotHttp,
    /// HTTP, but neither 1.0 nor 1.1.
    UnsupportedVersion,
    /// The status line has no status of three digits from 100 up, or a control character.
    BadStatusLine,
    /// The request line is not method, target, version with one space between.
    BadRequestLine,
    /// More empty lines before the head than a careless peer would send.
    TooManyEmptyLines { limit: u32 },
    /// The head, or all heads of one answer together, have more bytes than this.
    HeadTooLarge { limit: u32 },
    /// A line has more bytes than this, its end not counted.
    LineTooLong { line: u32, limit: u32 },
    /// More fields than this.
    TooManyFields { limit: u32 },
    /// A CR without its LF.
    BareCr { line: u32 },
    /// A NUL byte.
    Nul { line: u32 },
    /// The line begins with white space: an obsolete fold (RFC 9112 section 5.2).
    FoldedField { line: u32 },
    /// White space before the colon (RFC 9112 section 5.1).
    SpaceBeforeColon { line: u32 },
    /// No colon, or a name that is no token.
    BadFieldName { line: u32 },
    /// A control character in a value.
    BadFieldValue { line: u32 },
    /// `Content-Length` is not a decimal number below 2^64.
    BadLength,
    /// Two different lengths for one body.
    ConflictingLengths,
    /// Both `Content-Length` and `Transfer-Encoding`.
    LengthWithCoding,
    /// A transfer coding before `chunked` that nobody asked for.
    UnknownTransferCoding,
    /// Transfer codings that do not end in one `chunked`: where the body ends cannot be known.
    BadTransferCoding,
    /// `Transfer-Encoding` in an HTTP/1.0 request.
    CodingInHttp10,
    /// An HTTP/1.1 request without `Host`.
    MissingHost,
    /// More than one `Host`, or one that is no host and port.
    BadHost,
    /// A HEAD request with a body, which means nothing and is the way of some who smuggle (RFC 9110 section 9.3.2).
    BodyInHead,
    /// 101 though no upgrade was asked for.
    UnaskedUpgrade,
    /// More 1xx heads than this before the final one.
    TooManyInformational { limit: u32 },
    /// A chunk size that is not 1 to 16 hexadecimal digits.
    BadChunkSize,
    /// A control character in a chunk extension.
    BadChunkExtension,
    /// More bytes of chunk extensions in one body than this.
    ChunkExtensionsTooLarge { limit: u32 },
    /// A chunk's size or data without CR LF after it.
    BadChunkEnd,
    /// A trailer line that is no field, or that does not end in CR LF; lines count from 1, the first trailer.
    BadTrailer { line: u32 },
    /// More bytes of trailers than this.
    TrailersTooLarge { limit: u32 },
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ProtocolError::*;
        match *self {
            NotHttp => f.write_str("the answer is not HTTP/1"),
            UnsupportedVersion => f.write_str("the HTTP version is neither 1.0 nor 1.1"),
            BadStatusLine => f.write_str("the status line is malformed"),
            BadRequestLine => f.write_str("the request line is malformed"),
            TooManyEmptyLines { limit } => write!(f, "more than {limit} empty lines before the head"),
            HeadTooLarge { limit } => write!(f, "the head is larger than {limit} bytes"),
            LineTooLong { line, limit } => write!(f, "line {line} of the head is longer than {limit} bytes"),
            TooManyFields { limit } => write!(f, "more than {limit} fields"),
            BareCr { line } => write!(f, "line {line} of the head has a bare CR"),
            Nul { line } => write!(f, "line {line} of the head has a NUL"),
            FoldedField { line } => write!(f, "line {line} of the head begins with white space (an obsolete fold)"),
            SpaceBeforeColon { line } => write!(f, "line {line} of the head has white space before the colon"),
            BadFieldName { line } => write!(f, "line {line} of the head has no valid field name"),
            BadFieldValue { line } => write!(f, "line {line} of the head has a control character in its value"),
            BadLength => f.write_str("Content-Length is not a number"),
            ConflictingLengths => f.write_str("two different values of Content-Length"),
            LengthWithCoding => f.write_str("Content-Length together with Transfer-Encoding"),
            UnknownTransferCoding => f.write_str("a transfer coding other than chunked"),
            BadTransferCoding => f.write_str("the transfer codings do not end in one chunked"),
            CodingInHttp10 => f.write_str("Transfer-Encoding in an HTTP/1.0 request"),
            MissingHost => f.write_str("no Host in an HTTP/1.1 request"),
            BadHost => f.write_str("Host is repeated, or no host and port"),
            BodyInHead => f.write_str("a HEAD request with a body"),
            UnaskedUpgrade => f.write_str("status 101 though no upgrade was asked for"),
            TooManyInformational { limit } => write!(f, "more than {limit} informational answers"),
            BadChunkSize => f.write_str("a chunk size is not 1 to 16 hexadecimal digits"),
            BadChunkExtension => f.write_str("a control character in a chunk extension"),
            ChunkExtensionsTooLarge { limit } => write!(f, "more than {limit} bytes of chunk extensions"),
            BadChunkEnd => f.write_str("a chunk's size or data is not followed by CR LF"),
            BadTrailer { line } => write!(f, "line {line} of the trailers is malformed"),
            TrailersTooLarge { limit } => write!(f, "the trailers are larger than {limit} bytes"),
        }
    }
}

impl std::error::Error for ProtocolError {}

/// What the peer's close cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truncated {
    /// Not a byte had come. On a connection that served before, the usual end of an idle one.
    Nothing,
    /// In the head, or after informational heads and before the final one.
    Head,
    /// This many bytes of the announced length were still to come.
    Length {
        /// Bytes that did not come.
        missing: u64,
    },
    /// Before the last chunk and its trailers had ended.
    Chunked,
}

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Truncated::Nothing => f.write_str("the connection was closed before any byte"),
            Truncated::Head => f.write_str("the connection was closed inside the head"),
            Truncated::Length { missing: 1 } => f.write_str("the connection was closed with 1 byte missing"),
            Truncated::Length { missing } => write!(f, "the connection was closed with {missing} bytes missing"),
            Truncated::Chunked => f.write_str("the connection was closed before the last chunk"),
        }
    }
}

impl std::error::Error for Truncated {}
