//! Hosts and proxies that nobody can connect to: after so many failures in a row they are left alone, but for a probe
//! (`--give-up-host`).

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// What is known of one place. Whoever talks to it, on whichever hub, takes note; who may start is asked on one.
#[derive(Default)]
pub(super) struct Breaker {
    /// Connect failures since the last connection.
    failures: AtomicU32,
    /// Whether it has been given up; most see that without the lock.
    is_open: AtomicBool,
    /// When it was given up, or last tried since.
    given_up: Mutex<Option<Instant>>,
}

impl Breaker {
    /// Whether it has been given up and not been reached since, a probe or not.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Whether it was given up, and it is not time yet to try it again.
    pub fn is_left_alone(&self) -> bool {
        // No clock is read for most.
        self.is_open() && self.is_left_alone_at(green::now())
    }

    /// The same at a moment that is known.
    pub fn is_left_alone_at(&self, now: Instant) -> bool {
        self.is_open() && self.given_up().is_some_and(|since| now.saturating_duration_since(since) < PROBE_EVERY)
    }

    /// Somebody tries it: what was given up has its probe, and the next one's minute begins.
    pub fn probe(&self) {
        if self.is_open() {
            self.set(Some(green::now()));
        }
    }

    fn note(&self, failed: bool, give_up_after: u32) {
        if !failed {
            // Mostly there is nothing to forget, and nothing is written that other hubs read.
            if self.failures.load(Ordering::Relaxed) > 0 {
                self.failures.store(0, Ordering::Relaxed);
                self.set(None);
            }
            return;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if give_up_after > 0 && failures == give_up_after {
            self.set(Some(green::now()));
        }
    }

    fn set(&self, given_up: Option<Instant>) {
        let mut place = self.given_up();
        *place = given_up;
        self.is_open.store(given_up.is_some(), Ordering::Release);
    }

    fn given_up(&self) -> MutexGuard<'_, Option<Instant>> {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A proxy, and what all origins behind it share.
pub(super) struct Hop {
    pub proxy: Arc<Proxy>,
    pub breaker: Breaker,
}

/// How an origin, and the proxy before it, can be reached: all of an origin that whoever talks to it has to know.
pub(in crate::fetch) struct Reach {
    pub(super) breaker: Breaker,
    /// The proxy before it.
    pub(super) hop: Option<Arc<Hop>>,
    pub(super) give_up_after: u32,
}

impl Reach {
    /// The proxy before the origin.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.hop.as_ref().map(|hop| &*hop.proxy)
    }

    /// Takes note of a try to connect.
    pub fn note(&self, connect: Connect) {
        let failed = connect != Connect::Made;
        match &self.hop {
            // Nothing is known of the origin.
            Some(hop) if connect == Connect::FirstHopFailed => hop.breaker.note(true, self.give_up_after),
            Some(hop) => {
                hop.breaker.note(false, self.give_up_after);
                self.breaker.note(failed, self.give_up_after);
            }
            None => self.breaker.note(failed, self.give_up_after),
        }
    }

    /// Whether the host or its proxy has been given up and not been reached since.
    pub fn is_given_up(&self) -> bool {
        self.breaker.is_open() || self.hop.as_ref().is_some_and(|hop| hop.breaker.is_open())
    }

    /// A line tries them.
    pub fn probe(&self) {
        self.breaker.probe();
        self.hop.iter().for_each(|hop| hop.breaker.probe());
    }
}
