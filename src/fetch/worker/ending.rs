//! How an attempt ends.

use std::any::Any;
use std::time::Duration;

use crate::fetch::outcome::{Failure, Kind, Outcome, Stage};
use crate::fetch::sink::{Finished, Sink};
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

/// The last attempt's body is whole: a file takes its place, the rest of what is to be printed is handed over.
pub(super) fn finish(sink: Option<Sink>, record: &mut Outcome) -> Finished {
    let Some(sink) = sink.filter(|_| record.error.is_none()) else { return Finished::default() };
    sink.finish().unwrap_or_else(|error| {
        record.error = Some(Failure::new(Kind::Write, Stage::Write, error.to_string()));
        Finished::default()
    })
}

#[inline(never)]
pub(super) fn panicked(payload: Box<dyn Any + Send>, at: Stage) -> Failure {
    Failure::new(Kind::Internal, at, format!("a bug in gfetch: {}", Panic::new(payload).message()))
}
