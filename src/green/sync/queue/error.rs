//! Why a queue or a channel did not take an item, or gave none.

use std::error::Error;
use std::fmt;

use crate::green::task::interrupt::Interrupt;

/// Why an item was not put; it is given back.
#[derive(Debug)]
pub enum PutError<T> {
    /// No room, and the call may not wait (any longer). gevent: `Full`.
    Full(T),
    /// The queue is closed. gevent: `ShutDown`.
    Closed(T),
    /// The wait for room was interrupted.
    Interrupted(Interrupt, T),
}

impl<T> PutError<T> {
    /// The item that was not put.
    pub fn into_item(self) -> T {
        match self {
            PutError::Full(item) | PutError::Closed(item) | PutError::Interrupted(_, item) => item,
        }
    }
}

impl<T> PutError<T> {
    /// What became of an item that was offered to getters, on a queue that is `closed` now.
    pub(in crate::green) fn of_offer(
        offered: Result<Option<T>, (Interrupt, T)>,
        closed: bool,
    ) -> Result<(), PutError<T>> {
        match offered {
            Ok(None) => Ok(()),
            Ok(Some(item)) if closed => Err(PutError::Closed(item)),
            Ok(Some(item)) => Err(PutError::Full(item)),
            Err((interrupt, item)) => Err(PutError::Interrupted(interrupt, item)),
        }
    }
}

/// Why nothing was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// Nothing there, and the call may not wait (any longer). gevent: `Empty`.
    Empty,
    /// The queue is closed and drained. gevent: `ShutDown`.
    Closed,
}

impl Nothing {
    /// Why a queue that is `closed`, or not, has nothing to give.
    pub(in crate::green) fn from_closed(closed: bool) -> Nothing {
        if closed { Nothing::Closed } else { Nothing::Empty }
    }
}

/// [`task_done`](super::JoinableQueue::task_done) was called more often than items were put. gevent: a `ValueError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingUnfinished;

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Full(_) => f.write_str("the queue is full"),
            PutError::Closed(_) => f.write_str("the queue is closed"),
            PutError::Interrupted(interrupt, _) => interrupt.fmt(f),
        }
    }
}

impl<T: fmt::Debug> Error for PutError<T> {}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Nothing::Empty => "the queue is empty",
            Nothing::Closed => "the queue is closed and drained",
        })
    }
}

impl Error for Nothing {}

impl fmt::Display for NothingUnfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task_done called more often than items were put")
    }
}

impl Error for NothingUnfinished {}
