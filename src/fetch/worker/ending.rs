//! How an attempt ends.

use std::any::Any;
use std::time::Duration;

use super::Worker;
use crate::fetch::outcome::{Failure, Kind, Outcome, Stage};
use crate::fetch::sink::{Finished, Landed, says_disk_full};
use crate::green::Panic;

/// What ended one that did not succeed.
pub(super) enum Ending {
    Failed(Failure),
    OverTime(Duration),
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Ending {
        Ending::Failed(failure)
    }
}

impl Worker {
    /// The last attempt's body is whole: a file takes its place, the rest of what is to be printed is handed over.
    pub(super) fn finish(&self, landed: Landed, record: &mut Outcome) -> Finished {
        if record.error.is_some() {
            return Finished::default();
        }
        let file = landed.file();
        landed.finish(&self.attempter.client).unwrap_or_else(|error| {
            if file.as_ref().is_some_and(|file| says_disk_full(&error, file)) {
                self.note_disk_full();
            }
            record.error = Some(Failure::writing(&error, file.as_deref()));
            Finished::default()
        })
    }

    /// Nothing more begins once there is no room for it: what is done stays, what runs may end.
    #[inline(never)]
    pub(super) fn note_disk_full(&self) {
        if !self.disk_is_full.replace(true) {
            self.attempter.stop.request(self.attempter.plan.grace.interrupt);
        }
    }
}

#[inline(never)]
pub(super) fn panicked(payload: Box<dyn Any + Send>, at: Stage) -> Failure {
    Failure::new(Kind::Internal, at, format!("a bug in gfetch: {}", Panic::new(payload).message()))
}
