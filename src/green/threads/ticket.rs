//! One wait that any thread may end: a greenlet's, or that of a thread without a hub.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::green::hub::Hub;
use crate::green::hub::remote::{Remote, WaitId};
use crate::green::task::interrupt::Interrupt;
use crate::green::task::{Task, Why};
use crate::green::time::limit::Limit;

/// Whoever made it waits with it once; whoever serves it ends that wait, also one that has not begun.
pub(crate) struct Ticket {
    served: AtomicBool,
    owner: Owner,
}

enum Owner {
    Greenlet(Arc<Remote>, WaitId),
    Thread(Thread),
}

impl Ticket {
    /// For the caller's next wait, which must be that of this ticket.
    pub fn new() -> Arc<Ticket> {
        let greenlet = Hub::try_with(|hub| Owner::Greenlet(hub.remote.clone(), WaitId::next_of(&hub.current())));
        let owner = greenlet.unwrap_or_else(|| Owner::Thread(thread::current()));
        Arc::new(Ticket { served: AtomicBool::new(false), owner })
    }

    /// Ends the wait. From any thread.
    pub fn serve(&self) {
        self.served.store(true, Ordering::Release);
        match &self.owner {
            Owner::Greenlet(hub, wait) => {
                hub.wake(*wait);
            }
            Owner::Thread(thread) => thread.unpark(),
        }
    }

    /// The same from wherever the caller is: on the owner's own hub there is nothing to cross. False if the owner's hub has
    /// ended without it.
    pub fn serve_from_here(&self) -> bool {
        self.served.store(true, Ordering::Release);
        match &self.owner {
            Owner::Greenlet(hub, wait) => hub.wake_from_here(*wait),
            Owner::Thread(thread) => {
                thread.unpark();
                true
            }
        }
    }

    /// Waits until it is served; false when `limit` passes first. Who was served before an interrupt came is not
    /// interrupted.
    pub fn wait(&self, why: Why, limit: Limit) -> Result<bool, Interrupt> {
        let Owner::Greenlet(..) = self.owner else { return Ok(self.block(limit)) };
        Hub::with(|hub| {
            let task = hub.current();
            let _next = NextWait(&task);
            if self.is_served() {
                return Ok(true);
            }
            let limit = limit.deadline(hub);
            let parked = task.park(hub, why, limit);
            if self.is_served() { Ok(true) } else { parked.map(|_| false) }
        })
    }

    pub fn is_served(&self) -> bool {
        self.served.load(Ordering::Acquire)
    }

    fn block(&self, limit: Limit) -> bool {
        let end = limit.end();
        while !self.is_served() {
            match end.map(|end| end.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return self.is_served(),
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
        true
    }
}

/// Fails if the running greenlet is to be killed or its deadline has passed; what a wait does before its attempt.
pub(super) fn check() -> Result<(), Interrupt> {
    Hub::try_with(|hub| hub.current().check(hub)).unwrap_or(Ok(()))
}

/// A wake on its way to a wait that never began (it failed at once) must not end a later one: counts that wait as over.
pub(crate) struct NextWait<'a>(pub &'a Rc<Task>);

impl Drop for NextWait<'_> {
    fn drop(&mut self) {
        self.0.wait.set(self.0.wait.get() + 1);
    }
}
