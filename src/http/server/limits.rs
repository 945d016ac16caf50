//! How much a client may ask of the server in bytes and in time: every bound, with its reason.

use std::time::Duration;

use crate::http::h1::Limits;

/// The bounds of a connection, as values, so that a test can have smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Of a request's head.
    pub head: Limits,
    /// For the TLS handshake, where there is one.
    pub handshake_time: Duration,
    /// From a head's first byte to its end: a head is one packet, so half a minute is generous even on a bad line.
    pub head_time: Duration,
    /// Between exchanges, and before the first one: nginx closes after 75 s, Apache after 5.
    pub idle_time: Duration,
    /// For each read of a request's body that has to wait.
    pub read_time: Duration,
    /// For each write of a response that has to wait; a peer that takes its bytes slowly but steadily may go on.
    pub write_time: Duration,
    /// What of a body the handler left unread is read and dropped to keep the connection; with more it is closed.
    pub drain_bytes: u64,
    /// How long that may take, and how long the last answer waits for a peer that still sends.
    pub linger_time: Duration,
    /// What such a peer may still send. A close with bytes unread would take back the answer (RFC 9112 section 9.6).
    pub linger_bytes: u64,
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            head: Limits::REQUEST,
            handshake_time: Duration::from_secs(10),
            head_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(60),
            read_time: Duration::from_secs(30),
            write_time: Duration::from_secs(60),
            drain_bytes: 256 * 1024,
            linger_time: Duration::from_secs(2),
            linger_bytes: 4 << 20,
        }
    }
}
