//! Children that nobody waits for any more: reaped later, so that no zombie stays.

use std::process::Child;
use std::sync::Mutex;

use crate::green::locked;

static ORPHANS: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Takes in a child whose handle was dropped before its end.
pub(super) fn adopt(child: Child) {
    locked(&ORPHANS).push(child);
}

/// Lets those go that have ended (or whose status somebody else took). Called at each start and each drop, as CPython does.
pub(super) fn reap() {
    locked(&ORPHANS).retain_mut(|child| matches!(child.try_wait(), Ok(None)));
}
