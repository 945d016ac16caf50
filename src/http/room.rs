//! Makes room where a descriptor is wanted: idle connections hold what a new one needs.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::h2;
use super::pool::Pool;

/// The idle connections of a client, as who wants a descriptor sees them.
pub(super) struct Room {
    pool: Rc<Pool>,
    http2: Rc<h2::Table>,
    /// Called where none is left to close, as long as somebody wants that.
    ask_others: RefCell<Vec<Weak<dyn Fn()>>>,
}

impl Room {
    pub fn new(pool: Rc<Pool>, http2: Rc<h2::Table>) -> Room {
        Room { pool, http2, ask_others: RefCell::default() }
    }

    /// Closes the connection that has been idle longest; false if there is none.
    pub fn close_one(&self) -> bool {
        self.pool.close_one() || self.http2.close_one()
    }

    /// The same. Where there is none others have been asked to close one of theirs, and time may help.
    pub fn make(&self) -> bool {
        let made = self.close_one();
        if !made {
            let asks: Vec<_> = self.ask_others.borrow().iter().filter_map(Weak::upgrade).collect();
            asks.iter().for_each(|ask| ask());
        }
        made
    }

    /// Says how others are asked, as long as `ask` lives: each run that shares the client has others of its own.
    pub fn ask_others_by(&self, ask: &Rc<dyn Fn()>) {
        let mut asks = self.ask_others.borrow_mut();
        asks.retain(|ask| ask.strong_count() > 0);
        asks.push(Rc::downgrade(ask));
    }
}
