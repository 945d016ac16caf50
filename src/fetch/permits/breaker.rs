//! Hosts and proxies that nobody can connect to: after so many failures in a row they are left alone, but for a probe
//! (`--give-up-host`).

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::green;
use crate::http::proxy::Proxy;

/// One that was given up is tried by one line in so long.
pub(super) const PROBE_EVERY: Duration = Duration::from_secs(60);

/// How connecting went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fetch) enum Connect {
    /// There was a connection, whatever became of it.
    Made,
    /// To the origin there was none; where a proxy stands before it, that was there.
    Failed,
    /// The first to be connected to, the proxy where there is one, was not there.
    FirstHopFailed,
}

/// What is known of one place.
#[derive(Default)]
pub(super) struct Breaker {
    /// Connect failures since the last connection.
    failures: Cell<u32>,
    /// When it was given up, or last tried since.
    given_up: Cell<Option<Instant>>,
}

impl Breaker {
    /// Whether it has been given up and not been reached since, a probe or not.
    pub fn is_open(&self) -> bool {
        self.given_up.get().is_some()
    }

    /// Whether it was given up, and it is not time yet to try it again.
    pub fn is_left_alone(&self) -> bool {
        // No clock is read for most.
        self.is_open() && self.is_left_alone_at(green::now())
    }

    /// The same at a moment that is known.
    pub fn is_left_alone_at(&self, now: Instant) -> bool {
        self.given_up.get().is_some_and(|since| now.saturating_duration_since(since) < PROBE_EVERY)
    }

    /// Somebody tries it: what was given up has its probe, and the next one's minute begins.
    pub fn probe(&self) {
        if self.is_open() {
            self.given_up.set(Some(green::now()));
        }
    }

    fn note(&self, failed: bool, give_up_after: u32) {
        if !failed {
            self.failures.set(0);
            self.given_up.set(None);
            return;
        }
        self.failures.set(self.failures.get().saturating_add(1));
        if give_up_after > 0 && self.failures.get() == give_up_after {
            self.given_up.set(Some(green::now()));
        }
    }
}

/// A proxy, and what all origins behind it share.
pub(super) struct Hop {
    pub proxy: Arc<Proxy>,
    pub breaker: Breaker,
}

/// Takes note of a try to connect to an origin, behind `hop` if there is one.
pub(super) fn note(origin: &Breaker, hop: Option<&Hop>, connect: Connect, give_up_after: u32) {
    let failed = connect != Connect::Made;
    match hop {
        // Nothing is known of the origin.
        Some(hop) if connect == Connect::FirstHopFailed => hop.breaker.note(true, give_up_after),
        Some(hop) => {
            hop.breaker.note(false, give_up_after);
            origin.note(failed, give_up_after);
        }
        None => origin.note(failed, give_up_after),
    }
}
