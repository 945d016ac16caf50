//! How an attempt ends that does not succeed.

use std::any::Any;
use std::time::Duration;

use crate::fetch::outcome::{Failure, Kind, Stage};
use crate::green::Panic;

/// What ended it.
pub(super) enum Ending {
    Failed(Failure),
    OverTime(Duration),
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Ending {
        Ending::Failed(failure)
    }
}

#[inline(never)]
pub(super) fn panicked(payload: Box<dyn Any + Send>, at: Stage) -> Failure {
    Failure::new(Kind::Internal, at, format!("a bug in gfetch: {}", Panic::new(payload).message()))
}
