//! Where the time of a request went, kept outside of the request: a failure or a time-out leaves it as it was then.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;

use super::proxy::Opening;
use crate::green;

/// A phase of an exchange, in the order in which they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Name look-up.
    Dns,
    /// Connecting, addresses raced.
    Connect,
    /// Asking a proxy for a way, TLS with the proxy itself included.
    Proxy,
    /// TLS handshake with the origin.
    Tls,
    /// Writing the request.
    Send,
    /// Request sent to the first byte of a final head.
    Wait,
    /// To the end of the body.
    Receive,
}

/// What is known of an exchange (or, with its redirects, several): filled in by [`Client`](super::Client) as it goes.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    running: Option<(Phase, Instant)>,
    times: [Option<Duration>; 7],
    /// Whether the last request went over a connection that had carried one before.
    pub reused: bool,
    /// Whether any byte of the last request may have gone out.
    pub sent: bool,
    /// Whether any byte of an answer to it came.
    pub(super) heard: bool,
    /// Whom the last request was sent to.
    pub remote: Option<SocketAddr>,
    /// Somebody wants to know `local`.
    pub wants_local: bool,
    /// Where the last request was sent from; none through a Unix socket, or where nobody wants to know.
    pub local: Option<SocketAddr>,
    /// TLS version of the last connection, `"1.2"` or `"1.3"`; none without TLS.
    pub tls: Option<&'static str>,
    /// What was said with a proxy about the way of the last connection, where one was asked for by CONNECT; it stays until
    /// somebody takes it.
    pub opening: Option<Box<Opening>>,
    /// Where somebody wants them: the certificates that the origin of the last connection showed, its own first.
    pub certificates: Option<Box<Vec<CertificateDer<'static>>>>,
}

impl Trace {
    /// Ends the running phase and begins `phase`; times of one phase add up. The moment.
    pub fn enter(&mut self, phase: Phase) -> Instant {
        let now = green::now();
        self.settle(now);
        self.running = Some((phase, now));
        now
    }

    /// Ends the running phase.
    pub fn stop(&mut self) {
        self.settle(green::now());
        self.running = None;
    }

    /// The phase that is running, or that a failure cut short.
    pub fn phase(&self) -> Option<Phase> {
        self.running.map(|(phase, _)| phase)
    }

    /// How long `phase` took, all of it added up; none if it did not happen.
    pub fn time(&self, phase: Phase) -> Option<Duration> {
        self.times[phase as usize]
    }

    fn settle(&mut self, now: Instant) {
        if let Some((phase, since)) = self.running {
            let time = &mut self.times[phase as usize];
            *time = Some(time.unwrap_or_default() + now.saturating_duration_since(since));
        }
    }
}
