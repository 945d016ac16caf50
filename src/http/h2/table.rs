//! Owns the connections by key, and what is known of an origin: which protocol it speaks, who is just finding that out.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::connection::{Seat, Shared};
use super::limits::{MAX_IDLE_CONNECTIONS, MAX_KNOWN_ORIGINS, STREAMS_BEFORE_SETTINGS};
use crate::green::{self, Event, Interrupt};
use crate::http::origin::OriginHasher;
use crate::http::pool::{Key, LAST_IDLE};

pub(in crate::http) struct Table {
    itself: Weak<Table>,
    idle_time: Duration,
    most_idle: Cell<usize>,
    origins: RefCell<HashMap<Key, Known, OriginHasher>>,
    idle: RefCell<Idle>,
}

/// Connections in the order of becoming idle; entries of those that are not idle any more are passed over.
#[derive(Default)]
struct Idle {
    ages: VecDeque<(u64, Weak<Shared>)>,
    numbers: u64,
}

/// What is known of a key.
#[derive(Default)]
struct Known {
    speaks: Speaks,
    connections: Vec<Rc<Shared>>,
    /// Who is connecting, and how many wait to share what comes of it.
    connecting: Vec<Rc<Attempt>>,
    /// The server's limit of streams, once one of its connections has told.
    streams: Option<usize>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Speaks {
    #[default]
    Unknown,
    Http1,
    /// It said so itself: HTTP/2 is not to be offered.
    OnlyHttp1,
    Http2,
}

/// A connection that is being made.
pub(in crate::http) struct Attempt {
    over: Event,
    waiting: Cell<usize>,
    succeeded: Cell<bool>,
}

impl Attempt {
    /// Waits for its end; whether something came of it, so that waiting for another one makes sense.
    pub fn wait(&self) -> Result<bool, Interrupt> {
        self.waiting.set(self.waiting.get() + 1);
        let waited = self.over.wait();
        self.waiting.set(self.waiting.get() - 1);
        waited.map(|()| self.succeeded.get())
    }
}

/// Where a request goes.
pub(in crate::http) enum Place {
    /// To a stream of a connection that is there.
    Stream(Seat),
    /// To a connection of its own, made as by HTTP/1.1; whether HTTP/2 may be offered.
    Own { offer: bool },
    /// To a connection that it makes, and others may wait for.
    Connect(Connecting),
}

/// To be told what came of it; dropped, the attempt has failed.
pub(in crate::http) struct Connecting {
    table: Rc<Table>,
    key: Rc<Key>,
    attempt: Rc<Attempt>,
}

impl Table {
    pub fn new(idle: usize, idle_time: Duration) -> Rc<Table> {
        Rc::new_cyclic(|itself| Table {
            itself: itself.clone(),
            idle_time,
            most_idle: Cell::new(idle.min(MAX_IDLE_CONNECTIONS)),
            origins: RefCell::default(),
            idle: RefCell::default(),
        })
    }

    /// A place for a request; or, if `may_wait`, who is just finding out what the origin speaks, or makes a connection that
    /// has room for this request too.
    pub fn place(self: &Rc<Table>, key: &Rc<Key>, may_wait: bool) -> Result<Place, Rc<Attempt>> {
        let mut origins = self.origins.borrow_mut();
        let Some(known) = origins.get_mut(&**key) else {
            self.make_room(&mut origins);
            return Ok(Place::Connect(self.connecting(key, origins.entry((**key).clone()).or_default())));
        };
        match self.seat(known) {
            Some(seat) => return Ok(Place::Stream(seat)),
            None if known.speaks == Speaks::Http1 => return Ok(Place::Own { offer: true }),
            None if known.speaks == Speaks::OnlyHttp1 => return Ok(Place::Own { offer: false }),
            None => {}
        }
        match known.with_room().filter(|_| may_wait) {
            Some(attempt) => Err(attempt),
            None => Ok(Place::Connect(self.connecting(key, known))),
        }
    }

    /// A stream on the first connection that has one free. Those that are done with are dropped on the way.
    fn seat(&self, known: &mut Known) -> Option<Seat> {
        if known.connections.is_empty() {
            return None;
        }
        let now = green::recent_now();
        known.connections.retain(|shared| {
            let old =
                shared.open_streams() == 0 && now.saturating_duration_since(shared.idle_since.get()) >= self.idle_time;
            if old {
                shared.retire();
            }
            shared.is_usable()
        });
        // Also what a full one says is known: the next one need not be refused the same streams.
        let limit = known.connections.iter().map(|shared| shared.limit()).max().filter(|limit| *limit > 0);
        known.streams = limit.or(known.streams);
        let free = known.connections.iter().find(|shared| shared.open_streams() < shared.limit())?;
        Some(Seat::new(free, self.itself.clone()))
    }

    fn connecting(self: &Rc<Table>, key: &Rc<Key>, known: &mut Known) -> Connecting {
        let attempt = Rc::new(Attempt { over: Event::new(), waiting: Cell::new(0), succeeded: Cell::new(false) });
        known.connecting.push(attempt.clone());
        Connecting { table: self.clone(), key: key.clone(), attempt }
    }

    /// Forgets what is only remembered when that becomes too much.
    fn make_room(&self, origins: &mut HashMap<Key, Known, OriginHasher>) {
        if origins.len() >= MAX_KNOWN_ORIGINS {
            origins.retain(|_, known| {
                known.connections.retain(|shared| shared.is_usable());
                !known.connections.is_empty() || !known.connecting.is_empty()
            });
        }
    }

    /// What to assume of the server's limit of streams on a new connection.
    pub fn streams(&self, key: &Key) -> usize {
        self.origins.borrow().get(key).and_then(|known| known.streams).unwrap_or(STREAMS_BEFORE_SETTINGS).max(1)
    }

    /// A connection that others may use; with a seat on it for who made it.
    pub fn add(self: &Rc<Table>, shared: Rc<Shared>) -> Seat {
        let seat = Seat::new(&shared, self.itself.clone());
        let mut origins = self.origins.borrow_mut();
        let known = origins.entry((*shared.key).clone()).or_default();
        known.speaks = Speaks::Http2;
        known.connections.push(shared);
        seat
    }

    /// The origin wants HTTP/1.1 and nothing else. What runs on its connections goes on.
    pub fn only_http1(&self, key: &Key) {
        if let Some(known) = self.origins.borrow_mut().get_mut(key) {
            known.speaks = Speaks::OnlyHttp1;
            known.connections.drain(..).for_each(|shared| shared.retire());
        }
    }

    pub(super) fn note_idle(&self, shared: &Rc<Shared>) {
        shared.idle_since.set(green::recent_now());
        if !shared.is_usable() {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        idle.numbers += 1;
        shared.idle_number.set(idle.numbers);
        let number = idle.numbers;
        idle.ages.push_back((number, Rc::downgrade(shared)));
        if idle.ages.len() > self.most_idle.get() {
            idle.ages.retain(is_idle);
        }
        drop(idle);
        while self.idle.borrow().ages.len() > self.most_idle.get() && self.close_one() {}
    }

    /// Closes the connection that has been idle longest; false if there is none.
    pub fn close_one(&self) -> bool {
        loop {
            let Some(entry) = self.idle.borrow_mut().ages.pop_front() else { return false };
            if is_idle(&entry)
                && let Some(shared) = entry.1.upgrade()
            {
                shared.retire();
                self.forget(&shared);
                return true;
            }
        }
    }

    fn forget(&self, shared: &Shared) {
        if let Some(known) = self.origins.borrow_mut().get_mut(&*shared.key) {
            known.connections.retain(|shared| shared.is_usable());
        }
    }

    /// Closes all idle connections.
    pub fn clear(&self) {
        while self.close_one() {}
    }

    /// Idle connections now.
    pub fn len(&self) -> usize {
        self.idle.borrow().ages.iter().filter(|entry| is_idle(entry)).count()
    }

    /// Keeps few connections from here on, or as many as usual.
    pub fn expect_more(&self, more: bool) {
        self.most_idle.set(if more { MAX_IDLE_CONNECTIONS } else { LAST_IDLE });
    }
}

fn is_idle((number, shared): &(u64, Weak<Shared>)) -> bool {
    shared
        .upgrade()
        .is_some_and(|shared| shared.idle_number.get() == *number && shared.open_streams() == 0 && shared.is_usable())
}

impl Known {
    /// A connection under way that will have a stream for one more.
    fn with_room(&self) -> Option<Rc<Attempt>> {
        // Of an origin that nobody knows, one connection is enough to find out.
        let streams = match self.speaks {
            Speaks::Http2 => self.streams.unwrap_or(STREAMS_BEFORE_SETTINGS),
            _ => usize::MAX,
        };
        self.connecting.iter().find(|attempt| attempt.waiting.get() + 1 < streams).cloned()
    }
}

impl Connecting {
    /// The connection speaks HTTP/2.
    pub fn http2(self, shared: Rc<Shared>) -> Seat {
        self.attempt.succeeded.set(true);
        self.table.add(shared)
    }

    /// The connection speaks HTTP/1.1, and so will the next ones.
    pub fn http1(self) {
        self.attempt.succeeded.set(true);
        if let Some(known) = self.table.origins.borrow_mut().get_mut(&*self.key)
            && known.speaks != Speaks::OnlyHttp1
        {
            known.speaks = Speaks::Http1;
        }
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        if let Some(known) = self.table.origins.borrow_mut().get_mut(&*self.key) {
            known.connecting.retain(|attempt| !Rc::ptr_eq(attempt, &self.attempt));
        }
        self.attempt.over.set();
    }
}
