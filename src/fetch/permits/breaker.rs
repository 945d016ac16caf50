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
///
/// All of it is written under the lock, so that a failure and a connection noted at one time leave what one of the two
/// orders would; most read without it.
#[derive(Default)]
pub(super) struct Breaker {
    /// Connect failures since the last connection.
    failures: AtomicU32,
    /// Whether it has been given up.
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
            let now = green::now();
            // It may have been reached meanwhile.
            self.given_up().iter_mut().for_each(|since| *since = now);
        }
    }

    fn note(&self, failed: bool, give_up_after: u32) {
        // Mostly there is nothing to forget, and nothing is written that other hubs read.
        if !failed && self.failures.load(Ordering::Relaxed) == 0 && !self.is_open() {
            return;
        }
        let now = green::now();
        let mut given_up = self.given_up();
        let failures = if failed { self.failures.load(Ordering::Relaxed).saturating_add(1) } else { 0 };
        self.failures.store(failures, Ordering::Relaxed);
        if !failed {
            *given_up = None;
        } else if give_up_after > 0 && failures == give_up_after {
            *given_up = Some(now);
        }
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use super::*;

    #[test]
    fn a_failure_and_a_connection_noted_at_one_time_give_nothing_up_for_ever() {
        const ROUNDS: usize = 3_000;
        let breakers: Vec<Breaker> = (0..ROUNDS).map(|_| Breaker::default()).collect();
        let at = [AtomicUsize::new(0), AtomicUsize::new(0)];
        // Side by side through all of them, each round begun by both at once.
        let go = |me: usize| {
            for (round, breaker) in breakers.iter().enumerate() {
                at[me].store(round + 1, Ordering::SeqCst);
                let mut spins = 0;
                while at[1 - me].load(Ordering::SeqCst) <= round {
                    spins += 1;
                    if spins > 1_000 {
                        // The other one may need this core.
                        thread::yield_now();
                    }
                }
                breaker.note(me == 0, 1);
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| go(0));
            go(1);
        });
        for (round, breaker) in breakers.iter().enumerate() {
            let failures = breaker.failures.load(Ordering::SeqCst);
            assert_eq!(breaker.is_open(), failures == 1, "round {round}: {failures} failures");
            breaker.note(false, 1);
            assert!(!breaker.is_open(), "round {round}: it was reached, and is left alone");
        }
    }
}
