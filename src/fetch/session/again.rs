//! A run that takes another one up: what its record has, and why it may not be the last. And what is asked of a run at its end.

use super::Session;
use crate::fetch::journal::Journal;
use crate::fetch::summary::HostHeld;

impl Session {
    /// Passes over what `journal` has as done, and notes in it each file that has taken its place; what else succeeds is the
    /// caller's to note ([`Journal::push_line`]), once it has been told. To be said once, before the run.
    pub fn take_up(&self, journal: Journal) {
        // A second one is passed over.
        let _ = self.worker.attempter.journal.set(journal);
    }

    /// The run's record, where it has one.
    pub fn journal(&self) -> Option<&Journal> {
        self.worker.attempter.journal.get()
    }

    /// Lines that were done before, so far.
    pub fn done_before(&self) -> u64 {
        self.input.done_before.get()
    }

    /// The hosts with settings of their own, and the waits that these caused, for a [`Summary`](crate::fetch::summary::Summary).
    pub fn held_by_hosts(&self) -> Vec<HostHeld> {
        self.worker.permits.by_hosts()
    }

    /// Whether the run was stopped because a file found no room.
    pub fn disk_is_full(&self) -> bool {
        self.worker.disk_is_full.get()
    }
}
