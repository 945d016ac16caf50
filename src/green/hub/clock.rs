//! Owns what time it is: the real clock, or one that jumps to the next deadline when all are parked.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Which clock a hub lives by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockKind {
    /// The system's monotonic clock.
    #[default]
    Real,
    /// Time stands still while anything runs and jumps to the next deadline once every greenlet is parked: a story of
    /// thirty seconds takes none. Descriptors and offloaded calls that are ready are served before a jump.
    Virtual,
}

/// Looks at the time between two readings of the clock: a reading costs as much as two switches.
const LOOKS_PER_READING: u32 = 8;

/// A hub's clock.
pub(crate) struct Clock {
    /// The virtual time; `None` where the clock is real.
    jumps: Option<Cell<Instant>>,
    /// The last reading: good enough to see that a deadline has passed, never to set one.
    last: Cell<Instant>,
    /// Looks at the time that were content with the last reading.
    looks: Cell<u32>,
}

impl Clock {
    pub fn new(kind: ClockKind) -> Clock {
        let start = Instant::now();
        let jumps = (kind == ClockKind::Virtual).then(|| Cell::new(start));
        Clock { jumps, last: Cell::new(start), looks: Cell::new(0) }
    }

    /// A fresh reading.
    pub fn now(&self) -> Instant {
        let now = self.jumps.as_ref().map_or_else(Instant::now, Cell::get);
        self.last.set(now);
        now
    }

    /// The last reading, at most a few milliseconds old while greenlets run.
    pub fn last(&self) -> Instant {
        self.last.get()
    }

    /// The last reading, or now and then a fresh one: for calls that may come in a loop in which nothing else reads it.
    pub fn recent(&self) -> Instant {
        let looks = self.looks.get() + 1;
        self.looks.set(looks % LOOKS_PER_READING);
        if looks == LOOKS_PER_READING { self.now() } else { self.last() }
    }

    /// Moves a virtual clock on to `when`; true if this clock is virtual.
    pub fn jump(&self, when: Instant) -> bool {
        let Some(now) = &self.jumps else { return false };
        now.set(now.get().max(when));
        true
    }

    pub fn is_virtual(&self) -> bool {
        self.jumps.is_some()
    }

    /// The moment `limit` from now; `None` when it is too far away to be told.
    pub fn after(&self, limit: Duration) -> Option<Instant> {
        self.now().checked_add(limit)
    }
}
