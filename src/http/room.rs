//! Makes room where a descriptor is wanted: idle connections hold what a new one needs.

use std::cell::OnceCell;
use std::rc::Rc;

use super::h2;
use super::pool::Pool;

/// The idle connections of a client, as who wants a descriptor sees them.
pub(super) struct Room {
    pool: Rc<Pool>,
    http2: Rc<h2::Table>,
    /// Called where none is left to close.
    ask_others: OnceCell<Box<dyn Fn()>>,
}

impl Room {
    pub fn new(pool: Rc<Pool>, http2: Rc<h2::Table>) -> Room {
        Room { pool, http2, ask_others: OnceCell::new() }
    }

    /// Closes the connection that has been idle longest; false if there is none.
    pub fn close_one(&self) -> bool {
        self.pool.close_one() || self.http2.close_one()
    }

    /// The same. Where there is none others have been asked to close one of theirs, and time may help.
    pub fn make(&self) -> bool {
        let made = self.close_one();
        if let (false, Some(ask)) = (made, self.ask_others.get()) {
            ask();
        }
        made
    }

    /// Says how others are asked. Once.
    pub fn ask_others_by(&self, ask: impl Fn() + 'static) {
        // A second way is passed over.
        let _ = self.ask_others.set(Box::new(ask));
    }
}
