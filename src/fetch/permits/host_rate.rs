//! One origin's own rate: its starts are evenly spaced, and who waits for the next moment holds nothing that others need.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::fetch::plan::Rate;
use crate::green::{self, Semaphore};

pub(super) struct HostRate {
    spacing: Duration,
    /// Before it nobody starts; none: nobody has.
    pub next: Cell<Option<Instant>>,
    /// Who has it waits for the moment, and starts; the others wait for it in their order, and for no clock.
    pub turn: Semaphore,
}

impl HostRate {
    pub fn new(rate: Rate) -> HostRate {
        HostRate { spacing: rate.spacing(), next: Cell::new(None), turn: Semaphore::new(1) }
    }

    /// How long it is until the next start.
    pub fn left(&self) -> Option<Duration> {
        let left = self.next.get()?.saturating_duration_since(green::now());
        Some(left).filter(|left| !left.is_zero())
    }

    /// Somebody starts now. A start that came late does not bring the next one forward.
    pub fn starts(&self) {
        self.next.set(green::now().checked_add(self.spacing));
    }
}
