//! One origin's own rate: its starts are evenly spaced, and who waits for the next moment holds nothing that others need.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::Waited;
use crate::fetch::plan::Rate;
use crate::fetch::summary::{Cause, Held};
use crate::green::{self, Interrupt, Permit, Semaphore};

pub(super) struct HostRate {
    spacing: Duration,
    /// Before it nobody starts; none: nobody has.
    pub next: Cell<Option<Instant>>,
    /// Who has it waits for all that a start needs, and starts; the others wait for it in their order, and for no clock.
    turn: Semaphore,
    /// What those who had the turn have waited for: it is what the others waited for.
    heads: Cell<Held>,
}

impl HostRate {
    pub fn new(rate: Rate) -> HostRate {
        HostRate { spacing: rate.spacing(), next: Cell::new(None), turn: Semaphore::new(1), heads: Cell::default() }
    }

    /// Waits for the turn; `tell` hears what for.
    pub fn take_turn(&self, mut tell: impl FnMut(Waited)) -> Result<Permit, Interrupt> {
        let (began, before) = (green::now(), self.heads.get());
        let turn = self.turn.acquire()?;
        let mut left = green::now().saturating_duration_since(began);
        for (cause, waits) in self.heads.get().causes() {
            // What the first of them waited for may have begun before.
            let part = waits.total.saturating_sub(before.of(cause).total).min(left);
            left -= part;
            if !part.is_zero() {
                tell((cause, part));
            }
        }
        Ok(turn)
    }

    /// Who has the turn has waited.
    pub fn note_head(&self, cause: Cause, waited: Duration) {
        let mut heads = self.heads.get();
        heads.add(cause, waited);
        self.heads.set(heads);
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
