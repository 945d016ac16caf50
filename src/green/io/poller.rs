//! Owns mio's poll and the table of watched descriptors: one registration each, edge-triggered, both directions.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Token};
use slotmap::{Key, KeyData, SlotMap};

use crate::green::hub::Hub;
use crate::green::io::kept::Kept;
use crate::green::io::raw::Raw;
use crate::green::task::waker::Waker;

/// Events taken from the kernel at a time; the rest is taken on the next turn, so that timers are not kept waiting.
const EVENTS_PER_POLL: usize = 1024;
/// The waker's token; a table key is never this.
const WAKER: Token = Token(usize::MAX);
/// The inner poller's; neither is it this.
const INNER: Token = Token(usize::MAX - 1);

slotmap::new_key_type! {
    /// A place in the table, with a generation: a late event for a closed descriptor finds nobody.
    pub(crate) struct Place;
}

/// What is known of a descriptor, and who waits for it.
pub(crate) struct Readiness {
    pub readable: Cell<bool>,
    pub writable: Cell<bool>,
    /// The peer has closed its sending side (or an error is pending): sticky, because there is no further edge.
    pub read_closed: Cell<bool>,
    pub reader: RefCell<Option<Waker>>,
    pub writer: RefCell<Option<Waker>>,
}

type Table = RefCell<SlotMap<Place, Rc<Readiness>>>;

/// A descriptor's place in the table of its own hub, which may not be the hub that runs when it is closed.
pub(crate) struct Registration {
    table: Rc<Table>,
    place: Place,
    pub readiness: Rc<Readiness>,
}

pub(crate) struct Poller {
    poll: RefCell<mio::Poll>,
    registry: mio::Registry,
    events: RefCell<Events>,
    watched: Rc<Table>,
    /// Waits for descriptors that are not registered here.
    pub raw: Raw,
    /// Waits for descriptors that stay registered here, without an owner.
    pub kept: Kept,
}

impl Poller {
    pub fn new() -> io::Result<Poller> {
        let poll = mio::Poll::new()?;
        Ok(Poller {
            registry: poll.registry().try_clone()?,
            poll: RefCell::new(poll),
            events: RefCell::new(Events::with_capacity(EVENTS_PER_POLL)),
            watched: Rc::new(RefCell::new(SlotMap::with_key())),
            raw: Raw::default(),
            kept: Kept::default(),
        })
    }

    /// Ends a poll from any thread.
    pub fn waker(&self) -> io::Result<mio::Waker> {
        mio::Waker::new(&self.registry, WAKER)
    }

    /// Registers a descriptor. With `ready` it starts as ready both ways, and the first attempt tells; without, the poller
    /// does at the next turn, also of what was there before.
    pub fn register(&self, fd: RawFd, ready: bool) -> io::Result<Registration> {
        let readiness = Rc::new(Readiness {
            readable: Cell::new(ready),
            writable: Cell::new(ready),
            read_closed: Cell::new(false),
            reader: RefCell::new(None),
            writer: RefCell::new(None),
        });
        Hub::with(|hub| self.kept.forget(hub, fd));
        let place = self.watched.borrow_mut().insert(readiness.clone());
        let token = Token(place.data().as_ffi() as usize);
        let registered = self.registry.register(&mut SourceFd(&fd), token, Interest::READABLE | Interest::WRITABLE);
        if let Err(error) = registered {
            self.watched.borrow_mut().remove(place);
            return Err(error);
        }
        Ok(Registration { table: self.watched.clone(), place, readiness })
    }

    /// Ends the registration of a descriptor that has duplicates: closing it would not.
    pub fn deregister(&self, fd: RawFd) {
        // Refused only if it is registered no more.
        let _ = self.registry.deregister(&mut SourceFd(&fd));
    }

    /// For what registers itself here.
    pub fn registry(&self) -> &mio::Registry {
        &self.registry
    }

    /// Has the inner poller looked at when it has something.
    pub fn watch_inner(&self, fd: RawFd) -> io::Result<()> {
        self.registry.register(&mut SourceFd(&fd), INNER, Interest::READABLE)
    }

    /// Whether a descriptor was registered here.
    pub fn knows(&self, registration: &Registration) -> bool {
        Rc::ptr_eq(&self.watched, &registration.table)
    }

    /// Sleeps until something happens or `timeout` is over, and wakes whom it concerns.
    pub fn poll(&self, timeout: Option<Duration>, hub: &Hub) {
        let timeout = self.raw.before_sleep(timeout, hub);
        let timeout = self.kept.before_sleep(timeout, hub);
        let mut events = self.events.borrow_mut();
        match self.poll.borrow_mut().poll(&mut events, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            Err(error) => panic!("the poller failed: {error}"),
        }
        for event in events.iter().filter(|event| event.token() != WAKER) {
            if event.token() == INNER {
                self.raw.collect(hub);
                continue;
            }
            if Kept::owns(event.token()) {
                self.kept.hear(event, hub);
                continue;
            }
            let place = Place::from(KeyData::from_ffi(event.token().0 as u64));
            let readiness = self.watched.borrow().get(place).cloned();
            if let Some(readiness) = readiness {
                readiness.hear(event, hub);
            }
        }
    }
}

impl Registration {
    /// Forgets the descriptor, which is about to be closed. The kernel is not told: closing the only descriptor of a socket
    /// ends its registration, and that saves a system call.
    pub fn forget(&self) {
        self.table.borrow_mut().remove(self.place);
    }
}

impl Readiness {
    fn hear(&self, event: &mio::event::Event, hub: &Hub) {
        let closed = event.is_read_closed() || event.is_error();
        if closed {
            self.read_closed.set(true);
        }
        if event.is_readable() || closed {
            self.readable.set(true);
            self.wake(&self.reader, hub);
        }
        if event.is_writable() || event.is_write_closed() || event.is_error() {
            self.writable.set(true);
            self.wake(&self.writer, hub);
        }
    }

    /// Wakes whoever waits in `direction`.
    pub fn wake(&self, direction: &RefCell<Option<Waker>>, hub: &Hub) {
        if let Some(waker) = &*direction.borrow() {
            waker.wake(hub);
        }
    }
}
