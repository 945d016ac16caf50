//! What is counted: greenlets from spawn to end, items from put to get; and where chance comes from.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

/// xorshift64*: small, and the same everywhere.
#[derive(Clone)]
pub struct Random(Rc<Cell<u64>>);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(Rc::new(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)))
    }

    pub fn below(&self, bound: u64) -> u64 {
        let mut x = self.0.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.set(x);
        (x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    pub fn one_in(&self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// Items and greenlets, counted.
#[derive(Default)]
pub struct Books {
    pub made: Cell<u64>,
    pub consumed: Cell<u64>,
    pub given_up: Cell<u64>,
    /// Numbers of items whose put succeeded: from then on they are the queue's to keep.
    pub accepted: RefCell<BTreeSet<u64>>,
    pub lost: Cell<u64>,
    pub alive: Cell<i64>,
}

pub fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

/// An item that is consumed, or counted as given up when it is dropped: by a putter's failure or a killed owner.
pub struct Item {
    pub number: u64,
    pub books: Rc<Books>,
    pub consumed: bool,
}

impl Item {
    pub fn consume(mut self) -> u64 {
        self.consumed = true;
        self.number
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        let books = &self.books;
        count(match self.consumed {
            true => &books.consumed,
            false if books.accepted.borrow().contains(&self.number) => &books.lost,
            false => &books.given_up,
        });
    }
}

/// Counts a greenlet from its spawn to the end of its unwinding.
pub struct Alive(Rc<Books>);

impl Alive {
    pub fn new(books: &Rc<Books>) -> Alive {
        books.alive.set(books.alive.get() + 1);
        Alive(books.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.set(self.0.alive.get() - 1);
    }
}
