//! Owns a non-blocking descriptor and makes its calls look as if they blocked.
//!
//! A call is tried at once where the descriptor may be ready, and otherwise parks first; readiness is forgotten when the
//! kernel says `WouldBlock`, or after a short read ([`Watched::drained`]). Every call, also one that never has to wait,
//! meets its deadline and costs the running greenlet budget: after [`CALLS_BEFORE_YIELD`] of them, or [`TIME_BEFORE_YIELD`], the others run.

use std::cell::{Cell, Ref, RefCell};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::io::poller::{Readiness, Registration};
use crate::green::task::waker::{Waker, Woken};
use crate::green::task::{Task, Why};
use crate::green::time::limit::Limit;

/// I/O calls that a greenlet may make without a park before the others get a turn.
const CALLS_BEFORE_YIELD: u32 = 64;
/// The same in time.
const TIME_BEFORE_YIELD: Duration = Duration::from_millis(5);
/// The clock is read once in so many calls.
const CALLS_BETWEEN_CLOCK_READINGS: u32 = 8;

/// A non-blocking descriptor of the hub it was made on. One greenlet may read while another writes; a second reader (or
/// writer) gets [`io::ErrorKind::ResourceBusy`] and the first is unharmed.
///
/// Dropping it closes the descriptor without telling the poller, which is right only for the last descriptor of a socket:
/// one that may have duplicates is made by [`Watched::duplicated`].
pub(crate) struct Watched<S: AsFd> {
    source: RefCell<Option<S>>,
    fd: RawFd,
    registration: Registration,
    may_have_duplicates: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Read,
    Write,
}

impl<S: AsFd> Watched<S> {
    /// Registers `source`, which must be non-blocking already.
    pub fn new(source: S) -> io::Result<Watched<S>> {
        Watched::register(source, true)
    }

    /// The same for a socket that is connecting: it is not ready until the poller says so, and what is read from it first
    /// is waited for without a buffer.
    pub fn connecting(source: S) -> io::Result<Watched<S>> {
        Watched::register(source, false)
    }

    /// The same for a descriptor that may have duplicates, here or in another process: at its close the poller is told.
    pub fn duplicated(source: S) -> io::Result<Watched<S>> {
        let mut watched = Watched::register(source, true)?;
        watched.may_have_duplicates = true;
        Ok(watched)
    }

    fn register(source: S, ready: bool) -> io::Result<Watched<S>> {
        let fd = source.as_fd().as_raw_fd();
        let registration = Hub::with(|hub| hub.poller.register(fd, ready))?;
        Ok(Watched { source: RefCell::new(Some(source)), fd, registration, may_have_duplicates: false })
    }

    /// The descriptor's number while it is open, then -1.
    pub fn fd(&self) -> RawFd {
        if self.source.borrow().is_some() { self.fd } else { -1 }
    }

    /// The source, while it is open.
    pub fn source(&self) -> io::Result<Ref<'_, S>> {
        Ref::filter_map(self.source.borrow(), Option::as_ref).map_err(|_| closed_here())
    }

    /// Runs a reading `call` until it no longer says `WouldBlock`, parking in between; `Ok(None)` when `limit` from now
    /// passes first. Completion wins: a call that succeeds is never reported as timed out.
    pub fn read<T>(&self, limit: impl Into<Limit>, call: impl FnMut(&S) -> io::Result<T>) -> io::Result<Option<T>> {
        self.attempt(Direction::Read, limit.into(), call)
    }

    /// The same for a writing call.
    pub fn write<T>(&self, limit: impl Into<Limit>, call: impl FnMut(&S) -> io::Result<T>) -> io::Result<Option<T>> {
        self.attempt(Direction::Write, limit.into(), call)
    }

    /// Runs a reading `call` once, without waiting: `WouldBlock` where it would have to.
    pub fn try_read<T>(&self, call: impl FnMut(&S) -> io::Result<T>) -> io::Result<T> {
        self.attempt_once(Direction::Read, call)
    }

    /// As [`Watched::wait_readable`], for what may never come: this wait does not keep the hub from reporting a deadlock.
    pub fn wait_readable_idly(&self) -> io::Result<()> {
        Hub::with(|hub| {
            let task = hub.current();
            pay(hub, &task)?;
            while !self.may_be_readable() {
                self.source()?;
                self.refuse_a_second(Direction::Read)?;
                *self.readiness().reader.borrow_mut() = Some(Waker::for_next_wait(&task));
                let _leave = Leave(&self.readiness().reader);
                task.park(hub, Why::Signal, None)?;
            }
            Ok(())
        })
    }

    /// The same for a writing call.
    pub fn try_write<T>(&self, call: impl FnMut(&S) -> io::Result<T>) -> io::Result<T> {
        self.attempt_once(Direction::Write, call)
    }

    /// Makes a reading call once, if it may succeed, and says `WouldBlock` where it would have to wait. Never switches: for
    /// the poll of a future, which may hold locks that others on this thread want.
    pub fn read_in_poll<T>(&self, call: impl FnMut(&S) -> io::Result<T>) -> io::Result<T> {
        self.attempt_in_poll(Direction::Read, call)
    }

    /// The same for a writing call.
    pub fn write_in_poll<T>(&self, call: impl FnMut(&S) -> io::Result<T>) -> io::Result<T> {
        self.attempt_in_poll(Direction::Write, call)
    }

    /// Calls `wait`, which must be one wait of the running greenlet; it is ended as well once the descriptor is readable
    /// or writable, whichever is asked for. Does not call it if that is so already.
    pub fn or_ready<T>(&self, readable: bool, writable: bool, wait: impl FnOnce() -> T) -> Option<T> {
        let wanted = [(readable, Direction::Read), (writable, Direction::Write)];
        if wanted.iter().any(|(wanted, direction)| *wanted && self.ready(*direction).get()) {
            return None;
        }
        let task = Hub::with(Hub::current);
        let _leave = wanted.map(|(wanted, direction)| {
            wanted.then(|| {
                let place = self.waiter(direction);
                *place.borrow_mut() = Some(Waker::for_next_wait(&task));
                Leave(place)
            })
        });
        Some(wait())
    }

    /// Waits until the descriptor may be readable; returns at once if the poller knows of something no read has met.
    pub fn wait_readable(&self) -> io::Result<()> {
        self.wait(Direction::Read, Limit::NEVER).map(drop)
    }

    /// Waits until the poller says that the descriptor is writable, as a connecting socket becomes; `None` when `limit`
    /// passes first.
    pub fn wait_writable(&self, limit: impl Into<Limit>) -> io::Result<Option<()>> {
        self.wait(Direction::Write, limit.into())
    }

    /// The caller has found it writable: no wait for the poller to say so.
    pub fn found_writable(&self) {
        self.readiness().writable.set(true);
    }

    /// The last read was short: nothing is left to read, unless the peer has closed (there is no further edge then).
    pub fn drained(&self) {
        self.readiness().readable.set(self.readiness().read_closed.get());
    }

    /// Whether the poller has seen something to read (bytes, a close, an error) that no read has met yet.
    pub fn may_be_readable(&self) -> bool {
        self.readiness().readable.get()
    }

    /// Closes the descriptor: whoever waits for it gets an error.
    pub fn close(&self) {
        let Some(source) = self.source.borrow_mut().take() else { return };
        self.registration.forget();
        let readiness = self.readiness();
        Hub::try_with(|hub| {
            if self.may_have_duplicates && hub.poller.knows(&self.registration) {
                hub.poller.deregister(self.fd);
            }
            readiness.wake(&readiness.reader, hub);
            readiness.wake(&readiness.writer, hub);
        });
        drop(source);
    }

    fn readiness(&self) -> &Readiness {
        &self.registration.readiness
    }

    fn attempt<T>(
        &self,
        direction: Direction,
        limit: Limit,
        mut call: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        Hub::with(|hub| {
            let task = hub.current();
            pay(hub, &task)?;
            self.source()?;
            self.refuse_a_second(direction)?;
            let limit = limit.deadline(hub);
            loop {
                if self.ready(direction).get() {
                    match call(&*self.source()?) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.ready(direction).set(false),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        done => return done.map(Some),
                    }
                } else if self.park(hub, &task, direction, limit)? == Woken::Expired {
                    return Ok(None);
                }
                self.source()?;
            }
        })
    }

    fn attempt_once<T>(&self, direction: Direction, mut call: impl FnMut(&S) -> io::Result<T>) -> io::Result<T> {
        Hub::with(|hub| pay(hub, &hub.current()))?;
        self.refuse_a_second(direction)?;
        loop {
            match call(&*self.source()?) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready(direction).set(false);
                    return Err(error);
                }
                done => return done,
            }
        }
    }

    fn attempt_in_poll<T>(&self, direction: Direction, mut call: impl FnMut(&S) -> io::Result<T>) -> io::Result<T> {
        loop {
            let source = self.source()?;
            if !self.ready(direction).get() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            match call(&source) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.ready(direction).set(false),
                done => return done,
            }
        }
    }

    fn wait(&self, direction: Direction, limit: Limit) -> io::Result<Option<()>> {
        Hub::with(|hub| {
            let task = hub.current();
            pay(hub, &task)?;
            self.source()?;
            self.refuse_a_second(direction)?;
            let limit = limit.deadline(hub);
            while !self.ready(direction).get() {
                if self.park(hub, &task, direction, limit)? == Woken::Expired {
                    return Ok(None);
                }
                self.source()?;
            }
            Ok(Some(()))
        })
    }

    fn ready(&self, direction: Direction) -> &Cell<bool> {
        match direction {
            Direction::Read => &self.readiness().readable,
            Direction::Write => &self.readiness().writable,
        }
    }

    fn park(&self, hub: &Hub, task: &Rc<Task>, direction: Direction, limit: Option<Deadline>) -> io::Result<Woken> {
        if !hub.poller.knows(&self.registration) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "this descriptor belongs to another hub"));
        }
        let why = match direction {
            Direction::Read => Why::Read(self.fd),
            Direction::Write => Why::Write(self.fd),
        };
        let place = self.waiter(direction);
        *place.borrow_mut() = Some(Waker::for_next_wait(task));
        let _leave = Leave(place);
        Ok(task.park(hub, why, limit)?)
    }

    fn waiter(&self, direction: Direction) -> &RefCell<Option<Waker>> {
        match direction {
            Direction::Read => &self.readiness().reader,
            Direction::Write => &self.readiness().writer,
        }
    }

    /// Whoever waits in this direction comes first, also when what it waits for has just come.
    fn refuse_a_second(&self, direction: Direction) -> io::Result<()> {
        let waiter = self.waiter(direction).borrow();
        let Some(first) = &*waiter else { return Ok(()) };
        let verb = if direction == Direction::Read { "reading" } else { "writing" };
        let text = format!("{} is {verb} descriptor {} already: one greenlet a direction", first.task.label(), self.fd);
        Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
    }
}

/// Every call: deadline and kill are looked at before the attempt, and a long run without a wait yields.
pub(in crate::green) fn pay(hub: &Hub, task: &Task) -> io::Result<()> {
    let calls = hub.calls_in_a_row.get() + 1;
    hub.calls_in_a_row.set(calls);
    if calls >= CALLS_BEFORE_YIELD
        || (calls.is_multiple_of(CALLS_BETWEEN_CLOCK_READINGS) && hub.time_without_poll() >= TIME_BEFORE_YIELD)
    {
        hub.calls_in_a_row.set(0);
        if !std::thread::panicking() {
            return Ok(task.yield_now(hub)?);
        }
    }
    Ok(task.check(hub)?)
}

impl<S: AsFd> Drop for Watched<S> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Empties the waiter's place, however the wait ends.
struct Leave<'a>(&'a RefCell<Option<Waker>>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        *self.0.borrow_mut() = None;
    }
}

fn closed_here() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "this descriptor was closed by another greenlet")
}
