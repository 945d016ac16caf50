//! Owns the waits for descriptors that belong to somebody else, in a poller of their own inside the hub's.
//!
//! It is a second one because a descriptor may be registered but once with each, and a socket of `net` is in the hub's
//! already. Each wait registers anew, so that it is told at once of what is ready (as if the poller were level-triggered),
//! and deregisters at its end. The owner may close a descriptor while it is waited for: then the kernel forgets it without
//! a word, so before the hub sleeps the waited-for ones are asked after, and who waits for one that is gone is told.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Token};

use crate::green::hub::Hub;
use crate::green::io::interest::{Interest, Ready};
use crate::green::io::watched::pay;
use crate::green::task::Why;
use crate::green::task::waker::{Waker, Woken};

/// Events taken from the kernel at a time; what is left is taken at once.
const EVENTS_PER_POLL: usize = 256;
/// So many descriptors are asked after before each sleep of the hub; more, only every [`BETWEEN_SWEEPS`].
const CHEAP_SWEEP: usize = 32;
/// See [`CHEAP_SWEEP`]: the longest that a waiter does not hear of a close.
const BETWEEN_SWEEPS: Duration = Duration::from_millis(10);

/// What each descriptor of a wait is ready for.
pub(crate) type Found = BTreeMap<RawFd, Ready>;

/// Waits until one of `asked` is ready for what it is asked for, or no open descriptor; empty when `limit` passes first.
/// A limit of zero lets the others run once and then looks. A regular file is always ready.
pub(crate) fn wait(asked: &[(RawFd, Interest)], limit: Option<Duration>) -> io::Result<Found> {
    Hub::with(|hub| {
        let task = hub.current();
        if limit == Some(Duration::ZERO) {
            task.yield_now(hub)?
        } else {
            pay(hub, &task)?
        }
        let deadline = limit.and_then(|limit| hub.deadline(limit));
        let waiting = Waiting { raw: &hub.poller.raw, asked, wait: Rc::default() };
        for (fd, interest) in asked {
            waiting.raw.enter(hub, *fd, *interest, &waiting.wait)?;
        }
        waiting.raw.collect(hub);
        let why = match asked {
            [] => Why::Sleep,
            [(fd, interest), ..] if *interest == Interest::WRITABLE => Why::Write(*fd),
            [(fd, _), ..] => Why::Read(*fd),
        };
        loop {
            if waiting.wait.is_over() || limit == Some(Duration::ZERO) {
                return waiting.wait.result();
            }
            *waiting.wait.waker.borrow_mut() = Some(Waker::for_next_wait(&task));
            if task.park(hub, why, deadline)? == Woken::Expired {
                return waiting.wait.result();
            }
        }
    })
}

/// Ends the waits for `fd` with an error; how many there were.
pub(crate) fn cancel(fd: RawFd) -> usize {
    Hub::with(|hub| {
        let Some(inner) = hub.poller.raw.inner.get() else { return 0 };
        let entries = inner.entries.borrow();
        let waits = entries.get(&fd).map_or(&[][..], |entry| &entry.waits);
        for (wait, _) in waits {
            wait.cancelled.set(true);
            wait.wake(hub);
        }
        waits.len()
    })
}

/// One greenlet's wait for any number of descriptors.
#[derive(Default)]
struct Wait {
    waker: RefCell<Option<Waker>>,
    found: RefCell<Found>,
    cancelled: Cell<bool>,
}

impl Wait {
    fn find(&self, fd: RawFd, ready: Ready) {
        let mut found = self.found.borrow_mut();
        let known = found.entry(fd).or_default();
        *known = known.and(ready);
    }

    fn wake(&self, hub: &Hub) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake(hub);
        }
    }

    fn is_over(&self) -> bool {
        self.cancelled.get() || !self.found.borrow().is_empty()
    }

    /// Completion wins: what was found is told even if the wait was cancelled or has expired since.
    fn result(&self) -> io::Result<Found> {
        let found = self.found.take();
        if found.is_empty() && self.cancelled.get() {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the wait was cancelled by another greenlet"));
        }
        Ok(found)
    }
}

/// Leaves the table in order, however the wait ends.
struct Waiting<'a> {
    raw: &'a Raw,
    asked: &'a [(RawFd, Interest)],
    wait: Rc<Wait>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.asked.iter().for_each(|(fd, _)| self.raw.leave(*fd, &self.wait));
    }
}

/// The inner poller, made when it is first needed.
#[derive(Default)]
pub(crate) struct Raw {
    inner: OnceCell<Inner>,
}

struct Inner {
    poll: RefCell<mio::Poll>,
    events: RefCell<Events>,
    entries: RefCell<HashMap<RawFd, Entry, foldhash::fast::RandomState>>,
    generation: Cell<u32>,
    unswept: Cell<bool>,
    last_sweep: Cell<Option<Instant>>,
}

/// A descriptor that is waited for: registered for all that is asked of it.
struct Entry {
    token: Token,
    waits: Vec<(Rc<Wait>, Interest)>,
}

impl Entry {
    fn interest(&self) -> mio::Interest {
        let all = self.waits.iter().map(|(_, interest)| *interest).reduce(|all, more| all | more);
        all.expect("an entry has waits").of_mio()
    }

    fn fail(self, fd: RawFd, hub: &Hub) {
        for (wait, _) in self.waits {
            wait.find(fd, Ready::INVALID);
            wait.wake(hub);
        }
    }
}

impl Raw {
    /// To be called before the hub sleeps: looks for what was closed. How long it may sleep.
    #[inline]
    pub fn before_sleep(&self, timeout: Option<Duration>, hub: &Hub) -> Option<Duration> {
        match self.inner.get() {
            Some(inner) if !inner.entries.borrow().is_empty() => inner.before_sleep(timeout, hub),
            _ => timeout,
        }
    }

    /// Wakes those for whom the inner poller has something.
    pub fn collect(&self, hub: &Hub) {
        if let Some(inner) = self.inner.get() {
            inner.collect(hub);
        }
    }

    fn enter(&self, hub: &Hub, fd: RawFd, interest: Interest, wait: &Rc<Wait>) -> io::Result<()> {
        let inner = self.inner(hub)?;
        let mut entries = inner.entries.borrow_mut();
        if let Some(entry) = entries.get_mut(&fd) {
            entry.waits.push((wait.clone(), interest));
            if inner.rearm(fd, entry).is_ok() {
                return Ok(());
            }
            // The number has another owner by now, or none: those who waited for the old one have lost it.
            let mut old = entries.remove(&fd).expect("it was there a moment ago");
            old.waits.pop();
            old.fail(fd, hub);
        }
        let entry = Entry { token: inner.next_token(fd), waits: vec![(wait.clone(), interest)] };
        match inner.arm(fd, &entry) {
            Ok(()) => drop(entries.insert(fd, entry)),
            // A regular file or a directory.
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => wait.find(fd, Ready::always(interest)),
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => wait.find(fd, Ready::INVALID),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn leave(&self, fd: RawFd, wait: &Rc<Wait>) {
        let Some(inner) = self.inner.get() else { return };
        let mut entries = inner.entries.borrow_mut();
        let Some(entry) = entries.get_mut(&fd) else { return };
        entry.waits.retain(|(other, _)| !Rc::ptr_eq(other, wait));
        if entry.waits.is_empty() {
            entries.remove(&fd);
            // Refused if it was closed meanwhile, and then there is nothing to do.
            let _ = inner.poll.borrow().registry().deregister(&mut SourceFd(&fd));
        }
    }

    fn inner(&self, hub: &Hub) -> io::Result<&Inner> {
        if self.inner.get().is_none() {
            let poll = mio::Poll::new()?;
            hub.poller.watch_inner(poll.as_raw_fd())?;
            let _ = self.inner.set(Inner {
                poll: RefCell::new(poll),
                events: RefCell::new(Events::with_capacity(EVENTS_PER_POLL)),
                entries: RefCell::default(),
                generation: Cell::new(0),
                unswept: Cell::new(false),
                last_sweep: Cell::new(None),
            });
        }
        Ok(self.inner.get().expect("made above"))
    }
}

impl Inner {
    /// The descriptor and a generation: a late event for a number that was closed finds nobody.
    fn next_token(&self, fd: RawFd) -> Token {
        let generation = self.generation.get().wrapping_add(1);
        self.generation.set(generation);
        Token((u64::from(generation) << 32 | u64::from(fd as u32)) as usize)
    }

    fn arm(&self, fd: RawFd, entry: &Entry) -> io::Result<()> {
        let poll = self.poll.borrow();
        match poll.registry().register(&mut SourceFd(&fd), entry.token, entry.interest()) {
            // Closed in mid-wait and made again from a duplicate: the kernel knows it still.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.rearm(fd, entry),
            done => done,
        }
    }

    /// Also has what is ready now told again.
    fn rearm(&self, fd: RawFd, entry: &Entry) -> io::Result<()> {
        self.poll.borrow().registry().reregister(&mut SourceFd(&fd), entry.token, entry.interest())
    }

    fn collect(&self, hub: &Hub) {
        let mut events = self.events.borrow_mut();
        loop {
            match self.poll.borrow_mut().poll(&mut events, Some(Duration::ZERO)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => panic!("the inner poller failed: {error}"),
            }
            let mut count = 0;
            for event in events.iter() {
                count += 1;
                self.hear(event, hub);
            }
            if count < EVENTS_PER_POLL {
                return;
            }
        }
    }

    fn hear(&self, event: &mio::event::Event, hub: &Hub) {
        let fd = event.token().0 as u32 as RawFd;
        let entries = self.entries.borrow();
        let Some(entry) = entries.get(&fd).filter(|entry| entry.token == event.token()) else { return };
        for (wait, interest) in &entry.waits {
            let ready = Ready::of(event, *interest);
            if ready.is_any() {
                wait.find(fd, ready);
                wait.wake(hub);
            }
        }
    }

    /// Only a greenlet that has run since the last sweep can have closed anything (another thread's close is noticed at
    /// the next sweep).
    fn before_sleep(&self, timeout: Option<Duration>, hub: &Hub) -> Option<Duration> {
        if hub.switches.get() > 0 {
            self.unswept.set(true);
        }
        if !self.unswept.get() || timeout == Some(Duration::ZERO) {
            return timeout;
        }
        if self.entries.borrow().len() > CHEAP_SWEEP {
            let now = Instant::now();
            let due = self.last_sweep.get().map_or(now, |last| last + BETWEEN_SWEEPS);
            if due > now {
                return Some(timeout.map_or(due - now, |timeout| timeout.min(due - now)));
            }
            self.last_sweep.set(Some(now));
        }
        self.unswept.set(false);
        if self.sweep(hub) { Some(Duration::ZERO) } else { timeout }
    }

    /// True if somebody lost a descriptor.
    fn sweep(&self, hub: &Hub) -> bool {
        let mut entries = self.entries.borrow_mut();
        let is_gone = |(fd, entry): (&RawFd, &Entry)| self.rearm(*fd, entry).is_err().then_some(*fd);
        let gone: Vec<RawFd> = entries.iter().filter_map(is_gone).collect();
        for fd in &gone {
            if let Some(entry) = entries.remove(fd) {
                entry.fail(*fd, hub);
            }
        }
        !gone.is_empty()
    }
}
