//! What goes to another hub goes together: waking it costs more than all that is said at one time.

use std::cell::RefCell;
use std::rc::Rc;

use crate::green;
use crate::green::threads::Sender;

/// Things for another hub, sent once everybody who is ready now has run.
pub(super) struct Outbox<T: Send + 'static> {
    sender: Sender<Vec<T>>,
    waiting: RefCell<Vec<T>>,
}

impl<T: Send> Outbox<T> {
    /// One that sends by `sender`.
    pub fn of(sender: Sender<Vec<T>>) -> Rc<Outbox<T>> {
        Rc::new(Outbox { sender, waiting: RefCell::default() })
    }

    /// Sends `thing` soon.
    pub fn push(self: &Rc<Self>, thing: T) {
        let first = {
            let mut waiting = self.waiting.borrow_mut();
            waiting.push(thing);
            waiting.len() == 1
        };
        if first {
            let outbox = Rc::downgrade(self);
            // Behind those who are ready now, and may have something for it too.
            green::spawn(move || outbox.upgrade().into_iter().for_each(|outbox| outbox.flush()));
        }
    }

    /// Sends it at once, with all that waits. Spawns nothing: also for destructors.
    pub fn push_now(&self, thing: T) {
        self.waiting.borrow_mut().push(thing);
        self.flush();
    }

    fn flush(&self) {
        let things = self.waiting.take();
        if !things.is_empty() {
            // Where nobody receives any more there is nobody to tell: who waits for an answer hears of that.
            let _ = self.sender.try_send(things);
        }
    }
}
