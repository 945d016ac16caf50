//! HTTP/2 (RFC 9113) by the `h2` crate, on green threads and without an async runtime.
//!
//! ```text
//!  greenlets with a request          one greenlet a connection
//!  ┌──────────┐  Seat: a stream  ┌────────────┐   frames    ┌──────┐  bytes  ┌───────────┐
//!  │ exchange ├─────────────────▶│ h2 (crate) │◀───────────▶│ Wire │◀───────▶│ Transport │
//!  └────┬─────┘                  └─────▲──────┘             └──┬───┘         └───────────┘
//!       ▼ Body                         └── driver polls ───────┘ Census counts, Fate remembers
//! ```
//!
//! `table` knows by key which connections there are, and what an origin speaks: the first request to an origin decides by
//! ALPN, and those that come meanwhile wait for that. `connection` is one of them as its users see it, `driver` what keeps
//! it going. `request` puts a request into HTTP/2's form, `exchange` sends it and waits for the head, `body` is the rest.
//!
//! What is decided here:
//! - Where a server's limit of streams is reached, another connection is opened, as curl does; nobody waits for a stream.
//! - Plain `http` is HTTP/2 by prior knowledge only: the upgrade from HTTP/1.1 (h2c) is gone from RFC 9113.
//! - A connection-level fault ends all streams of the connection with it; one of a stream ends that stream.
//! - A greenlet that is timed out or killed resets its stream (CANCEL); the others do not notice.
//! - Server push is refused, priorities are neither sent nor heeded, trailers are dropped.

mod body;
mod census;
mod connection;
mod driver;
mod error;
mod exchange;
pub mod limits;
mod request;
mod table;
#[cfg(test)]
mod tests;
mod wire;

pub(super) use body::Body;
pub use census::Refused;
pub(super) use connection::{Seat, Shared};
pub use error::Http2Error;
pub(super) use exchange::exchange;
pub(super) use request::shown_fields;
pub(super) use table::{Place, Table};
