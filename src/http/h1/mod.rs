//! HTTP/1.1 as pure states: bytes in, bytes out, no socket, no clock (RFC 9112).
//!
//! A client's exchange, a state a file:
//!
//! ```text
//!  encode_request   encode_chunk…     ReceiveHead                    ReceiveBody            Reuse
//! ┌───────────┐    ┌───────────┐    ┌──────────────┐  Final head   ┌──────────────┐  done  ┌──────────────────┐
//! │ send head ├───▶│ send body ├───▶│ receive head ├──────────────▶│ receive body ├───────▶│ done: reuse, or  │
//! └─────┬─────┘    └─────┬─────┘    └─┬──────────┬─┘               └─┬──────────┬─┘        │ close, and why   │
//!       │                │            └──────────┘                   └──────────┘          └──────────────────┘
//!       │                │         1xx: again; None: more bytes    a Step of data each
//!       └────────────────┴──────── an answer may come before the request is out: then close
//! ```
//!
//! A server's: [`ReceiveRequest`] → [`ReceiveBody`] → [`encode_response`], [`encode_chunk`]… → [`Reuse::after_request`].
//!
//! What holds in every state:
//! - The caller owns the buffer. A state looks at what is not consumed and says how much it consumed; wanting more
//!   bytes is a value. How the bytes were cut into pieces changes nothing: the fixtures run at every split.
//! - What the peer got wrong is a [`ProtocolError`], found in the order of the bytes; an early close is a [`Truncated`].
//! - Nothing grows without a bound: see [`Limits`] and the constants beside it.
//! - Where two readers could disagree on where a message ends, it is refused. Kept from curl's habits: a bare LF ends
//!   a line of a head (never one of chunk framing).

mod chunked;
mod done;
mod error;
mod framing;
mod limits;
mod lines;
mod receive_body;
mod receive_head;
mod receive_request;
mod scan;
mod send_head;

pub use done::{Reuse, Sent, Why};
pub use error::{ProtocolError, Truncated};
pub use framing::{Framing, Version};
pub use limits::*;
pub use receive_body::{Expects, ReceiveBody, Step};
pub use receive_head::{Head, ReceiveHead, Received};
pub use receive_request::{ReceiveRequest, Refused, RequestHead};
pub use send_head::{encode_chunk, encode_last_chunk, encode_request, encode_request_with, encode_response};

#[cfg(test)]
mod fixture_tests;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod transcript;
