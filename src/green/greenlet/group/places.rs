//! What bounds the number of members: nothing, or places that are waited for.

use crate::green::sync::semaphore::{Permit, Semaphore};
use crate::green::task::interrupt::Interrupt;

/// How many members there may be at once: [`Unlimited`] or [`Limited`]. Sealed.
pub trait Places: Take + Clone + 'static {}

impl Places for Unlimited {}
impl Places for Limited {}

/// As many as one likes: a [`Group`](super::Group)'s.
#[derive(Clone, Copy, Debug)]
pub struct Unlimited;

/// A number of places: a [`Pool`](crate::green::Pool)'s.
#[derive(Clone)]
pub struct Limited {
    pub(crate) free: Semaphore,
    pub(crate) size: usize,
}

pub(in crate::green) use sealed::Take;

mod sealed {
    use super::Interrupt;

    pub trait Take {
        /// Held by a member while it is one.
        type Place: 'static;

        /// Waits for a place.
        fn take(&self) -> Result<Self::Place, Interrupt>;

        /// A place if one is free. Never switches.
        fn try_take(&self) -> Option<Self::Place>;
    }
}

impl Take for Unlimited {
    type Place = ();

    fn take(&self) -> Result<(), Interrupt> {
        Ok(())
    }

    fn try_take(&self) -> Option<()> {
        Some(())
    }
}

impl Take for Limited {
    type Place = Permit;

    fn take(&self) -> Result<Permit, Interrupt> {
        self.free.acquire_as(super::Why::Pool)
    }

    fn try_take(&self) -> Option<Permit> {
        self.free.try_acquire()
    }
}
