//! Owns whose turn it is: what the locks stand on, and why a report can say who has one.
//!
//! The holder's number is also what says that the lock is taken, so that knowing it costs nothing. Only who really has to
//! wait enters, for that time, the hub's table of those who can say it: a dump asks the lock itself, and so tells of the
//! holder of that moment and not of the one at which the wait began.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use slotmap::{DefaultKey, SlotMap};

use crate::green::hub::Hub;
use crate::green::inspect::dump::Wait;
use crate::green::sync::wait::WaitList;
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// One greenlet's turn at a time, in the order in which they came.
pub(crate) struct Turn(Rc<Shared>);

struct Shared {
    holder: Holder,
    waiters: WaitList<()>,
}

impl Turn {
    pub fn new() -> Turn {
        Turn(Rc::new(Shared { holder: Holder::default(), waiters: WaitList::new() }))
    }

    /// Waits for the turn; `None` if `limit` passed first.
    pub fn take(&self, limit: Limit) -> Result<Option<Held<'_>>, Interrupt> {
        Hub::with(|hub| {
            let task = hub.current();
            task.check(hub)?;
            if self.is_free() {
                self.0.holder.set(task.id);
                return Ok(Some(Held(self)));
            }
            let limit = limit.deadline(hub);
            let known = hub.holdings.tell(self.0.clone());
            let handed = self.0.waiters.receive(hub, Why::Lock(known.key), limit, |()| self.release())?;
            Ok(handed.map(|()| Held(self)))
        })
    }

    /// The turn if it is nobody's. Never switches.
    pub fn try_take(&self) -> Option<Held<'_>> {
        self.is_free().then(|| {
            self.0.holder.set_to_the_running();
            Held(self)
        })
    }

    pub fn is_free(&self) -> bool {
        self.0.holder.is_nobody()
    }

    /// Whether it is that of the greenlet with this id.
    pub fn is_of(&self, id: u64) -> bool {
        self.0.holder.id() == Some(id)
    }

    /// Passes it on: from here on it is the next one's, also before that one runs.
    pub fn release(&self) {
        let next = Hub::try_with(|hub| self.0.waiters.hand_to(hub, ()).ok().flatten()).flatten();
        match next {
            Some(id) => self.0.holder.set(id),
            None => self.0.holder.clear(),
        }
    }
}

/// The turn of who took it; passed on when dropped.
pub(crate) struct Held<'a>(&'a Turn);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// A greenlet's id, or nobody's.
pub(crate) struct Holder(Cell<u64>);

const NOBODY: u64 = u64::MAX;
/// Somebody outside of any hub.
const A_STRANGER: u64 = u64::MAX - 1;

impl Default for Holder {
    fn default() -> Holder {
        Holder(Cell::new(NOBODY))
    }
}

impl Holder {
    pub fn is_nobody(&self) -> bool {
        self.0.get() == NOBODY
    }

    pub fn id(&self) -> Option<u64> {
        Some(self.0.get()).filter(|id| *id < A_STRANGER)
    }

    pub fn set(&self, id: u64) {
        self.0.set(id);
    }

    pub fn set_to_the_running(&self) {
        self.0.set(Hub::try_with(Hub::current_id).flatten().unwrap_or(A_STRANGER));
    }

    pub fn clear(&self) {
        self.0.set(NOBODY);
    }
}

/// What can say who has it.
pub(crate) trait Holding {
    /// The wait for it, with who has it now.
    fn wait(&self) -> Wait;
}

impl Holding for Shared {
    fn wait(&self) -> Wait {
        Wait::Lock(self.holder.id())
    }
}

/// The locks of a hub that somebody waits for, an entry for each of those waits.
#[derive(Default)]
pub(crate) struct Holdings(RefCell<SlotMap<DefaultKey, Rc<dyn Holding>>>);

impl Holdings {
    /// Enters `holding` for as long as the result lives.
    pub fn tell(&self, holding: Rc<dyn Holding>) -> Known<'_> {
        Known { key: self.0.borrow_mut().insert(holding), holdings: self }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub fn wait(&self, key: DefaultKey) -> Option<Wait> {
        self.0.borrow().get(key).map(|holding| holding.wait())
    }
}

/// An entry of [`Holdings`].
pub(crate) struct Known<'a> {
    pub key: DefaultKey,
    holdings: &'a Holdings,
}

impl Drop for Known<'_> {
    fn drop(&mut self) {
        self.holdings.0.borrow_mut().remove(self.key);
    }
}
