//! Owns what a greenlet does at its end: links, called in the order in which they were added, each on its own.

use std::cell::{Cell, RefCell};

use smallvec::SmallVec;

use super::{State, Task};
use crate::green::hub::Hub;

/// Called by a task as the last thing it does.
pub(crate) type Link = Box<dyn FnOnce(&Hub)>;

/// The links of one task, by their numbers, which only rise.
#[derive(Default)]
pub(super) struct Links {
    list: RefCell<SmallVec<[Numbered; 2]>>,
    next: Cell<u64>,
}

/// A link that is being called, or has been, has left its place.
type Numbered = (u64, Option<Link>);

impl Task {
    /// Has `link` called at the task's end, by the task itself, so that what the link drops may wait; at once if it has
    /// ended. Returns its number, for [`Task::remove_link`].
    pub fn on_end(&self, hub: &Hub, link: Link) -> u64 {
        let number = self.links.next.replace(self.links.next.get() + 1);
        if self.state.get() == State::Done {
            link(hub);
        } else {
            self.links.list.borrow_mut().push((number, Some(link)));
        }
        number
    }

    /// Takes a link out; false if it has been called, or is being called.
    pub fn remove_link(&self, number: u64) -> bool {
        let mut list = self.links.list.borrow_mut();
        let Ok(at) = list.binary_search_by_key(&number, |(number, _)| *number) else { return false };
        let (_, link) = list.remove(at);
        drop(list); // before the link, whose destructor may come here again
        link.is_some()
    }

    #[cfg(test)]
    pub fn link_count(&self) -> usize {
        self.links.list.borrow().len()
    }

    /// Calls the links, also those that come meanwhile. A panic in one (in a destructor of what it drops) ends there.
    #[inline]
    pub fn call_links(&self, hub: &Hub) {
        if !self.links.list.borrow().is_empty() {
            self.call_all_links(hub);
        }
    }

    fn call_all_links(&self, hub: &Hub) {
        let mut next = 0;
        while let Some(link) = self.links.take_from(&mut next) {
            Task::swallow(|| link(hub));
        }
        drop(self.links.list.take());
    }
}

impl Links {
    /// The first link whose number is at least `next`, which becomes the one after.
    fn take_from(&self, next: &mut u64) -> Option<Link> {
        let mut list = self.list.borrow_mut();
        let at = list.partition_point(|(number, _)| number < next);
        let (number, link) = list.get_mut(at)?;
        *next = *number + 1;
        link.take()
    }
}
