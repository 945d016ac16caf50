//! Owns how far the list is read ahead of the permits: so far that somebody is always ready to start, and no further.
//!
//! A line that waits for nothing but one of the run's permits starts no sooner for having been read early, and holds a
//! stack meanwhile: a thousand of them, taken in turn, are never in the processor's cache. A line that waits for its
//! origin does not count, because others must be able to start meanwhile.

use std::cell::Cell;
use std::rc::Rc;

use crate::green::{Event, Interrupt};

/// Fewer than this and a burst of short answers would find nobody ready.
const MIN_READY_LINES: usize = 16;
/// More than this is never needed between two turns of the reader.
const MAX_READY_LINES: usize = 1024;

/// The count of lines that are ready to start. Clones are the same.
#[derive(Clone)]
pub(super) struct Ahead {
    shared: Rc<Shared>,
}

struct Shared {
    most: usize,
    ready: Cell<usize>,
    has_room: Event,
}

impl Ahead {
    /// For a run of so many requests at once: as many again may be ready.
    pub fn new(jobs: usize) -> Ahead {
        let most = jobs.clamp(MIN_READY_LINES, MAX_READY_LINES);
        Ahead { shared: Rc::new(Shared { most, ready: Cell::new(0), has_room: Event::new() }) }
    }

    pub fn is_full(&self) -> bool {
        self.shared.ready.get() >= self.shared.most
    }

    /// Waits until half of those that were ready have started, so that lines are read in batches.
    pub fn wait_for_room(&self) -> Result<(), Interrupt> {
        while self.is_full() {
            self.shared.has_room.clear();
            self.shared.has_room.wait()?;
        }
        Ok(())
    }

    /// A line that has been read, and is ready.
    pub fn line(&self) -> Ready {
        self.shared.ready.set(self.shared.ready.get() + 1);
        Ready { ahead: self.clone(), counts: Cell::new(true) }
    }
}

/// A line's part in the count; dropped, it has none.
pub(super) struct Ready {
    ahead: Ahead,
    counts: Cell<bool>,
}

impl Ready {
    /// It waits for its origin, or has started.
    pub fn counts_no_more(&self) {
        if self.counts.replace(false) {
            let shared = &self.ahead.shared;
            shared.ready.set(shared.ready.get() - 1);
            if shared.ready.get() == shared.most / 2 {
                shared.has_room.set();
            }
        }
    }

    /// It waits for nothing but one of the run's permits.
    pub fn counts_again(&self) {
        if !self.counts.replace(true) {
            self.ahead.shared.ready.set(self.ahead.shared.ready.get() + 1);
        }
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        self.counts_no_more();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::green::{self, spawn};

    #[test]
    fn lines_are_read_until_enough_are_ready_and_again_once_half_have_started() {
        green::run(|| {
            let ahead = Ahead::new(20);
            let mut lines: Vec<Ready> = (0..20).map(|_| ahead.line()).collect();
            let reader = {
                let ahead = ahead.clone();
                spawn(move || ahead.wait_for_room())
            };
            green::yield_now().unwrap();
            lines.drain(..9).for_each(|line| line.counts_no_more());
            green::yield_now().unwrap();
            assert!(!reader.is_done());
            drop(lines.pop());
            assert!(reader.join_timeout(Duration::from_secs(1)).unwrap());
        });
    }

    #[test]
    fn a_line_that_waits_for_its_origin_keeps_nobody_from_being_read() {
        green::run(|| {
            let ahead = Ahead::new(16);
            let lines: Vec<Ready> = (0..16).map(|_| ahead.line()).collect();
            assert!(ahead.is_full());
            lines[3].counts_no_more();
            lines[3].counts_no_more();
            assert!(!ahead.is_full());
            lines[3].counts_again();
            assert!(ahead.is_full());
        });
    }
}
