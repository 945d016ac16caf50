//! What gevent's own tests hold its surface to, clause by clause, where no test beside the code does: docs/gevent-parity.md
//! names them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use gfetch::green::{ClockKind, Config};

mod descriptors;
mod greenlets;
mod groups;
mod locks;
mod processes;
mod queues;
mod servers;
mod settings;
mod timeouts;
mod tutorials;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

/// What happened, in order; a clone is the same log.
#[derive(Clone)]
struct Log<T>(Rc<RefCell<Vec<T>>>);

impl<T> Log<T> {
    fn new() -> Log<T> {
        Log(Rc::default())
    }

    fn say(&self, what: T) {
        self.0.borrow_mut().push(what);
    }

    fn take(&self) -> Vec<T> {
        self.0.take()
    }
}

/// Says its word when it is dropped.
struct SaysAtTheEnd(Log<&'static str>, &'static str);

impl Drop for SaysAtTheEnd {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}
