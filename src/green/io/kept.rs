//! Owns the waits for descriptors whose calls are made by others, and made again and again: [`interpose`]'s.
//!
//! A descriptor stays registered with the hub's poller between waits, under its number, because code that blocks waits
//! for few descriptors often. Nobody promises to tell of a close, so the table is never believed: each wait changes the
//! registration (`EPOLL_CTL_MOD`), which has what is ready told at once, and fails with `ENOENT` where the number belongs
//! to another file by now. Then it is registered anew, under a new generation, and who waited for the old one is told.
//!
//! What is registered by a socket of `net` stays that socket's: a wait for it goes by `raw`.
//!
//! [`interpose`]: crate::green::interpose

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Registry, Token};
use smallvec::SmallVec;

use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::io::interest::{Interest, Ready};
use crate::green::task::waker::{Waker, Woken};
use crate::green::task::{Task, Why};

/// Tokens of this table: the poller's own have an index in their lower half, which never gets so high.
const MARK: u32 = 1 << 31;
/// While greenlets run, those that wait are asked after so often: whether their descriptor was closed by ways unseen.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);

/// The kept registrations of one hub.
#[derive(Default)]
pub(crate) struct Kept {
    entries: RefCell<HashMap<RawFd, Entry, foldhash::fast::RandomState>>,
    generation: Cell<u32>,
    /// Greenlets that wait here.
    waiters: Cell<usize>,
    last_sweep: Cell<Option<Instant>>,
    unswept: Cell<bool>,
    /// Calls that did not have to wait, of all greenlets.
    pub calls: Cell<u32>,
}

/// How a wait went on that could not simply be made.
pub(crate) enum Entered {
    /// Registered: the wait may begin.
    Waits(Token),
    /// Never waits: a regular file.
    Ready,
    /// Registered by somebody else with this poller.
    Elsewhere,
}

struct Entry {
    token: Token,
    readers: SmallVec<[Waker; 1]>,
    writers: SmallVec<[Waker; 1]>,
}

impl Entry {
    fn new(token: Token) -> Entry {
        Entry { token, readers: SmallVec::new(), writers: SmallVec::new() }
    }

    fn side(&mut self, interest: Interest) -> &mut SmallVec<[Waker; 1]> {
        if interest.writable { &mut self.writers } else { &mut self.readers }
    }

    /// What those who wait ask for; `None` when nobody does.
    fn asked(&self) -> Option<mio::Interest> {
        match (self.readers.is_empty(), self.writers.is_empty()) {
            (true, true) => None,
            (false, true) => Some(mio::Interest::READABLE),
            (true, false) => Some(mio::Interest::WRITABLE),
            (false, false) => Some(mio::Interest::READABLE | mio::Interest::WRITABLE),
        }
    }

    fn wake_all(&self, hub: &Hub) {
        self.readers.iter().chain(&self.writers).for_each(|waker| _ = waker.wake(hub));
    }
}

impl Kept {
    /// Whether an event's token is of this table.
    pub fn owns(token: Token) -> bool {
        token.0 as u32 & MARK != 0
    }

    /// Begins the next wait of `task`: for a read, or for a write.
    pub fn enter(&self, hub: &Hub, fd: RawFd, interest: Interest, task: &Rc<Task>) -> io::Result<Entered> {
        let registry = hub.poller.registry();
        let mut entries = self.entries.borrow_mut();
        if let Some(entry) = entries.get_mut(&fd) {
            entry.side(interest).push(Waker::for_next_wait(task));
            match entry.rearm(registry, fd) {
                Ok(()) => return Ok(Entered::Waits(entry.token)),
                // The number has another owner by now, or none.
                Err(_) => {
                    let mut old = entries.remove(&fd).expect("it was there a moment ago");
                    old.side(interest).pop();
                    old.wake_all(hub);
                }
            }
        }
        let mut entry = Entry::new(self.next_token(fd));
        entry.side(interest).push(Waker::for_next_wait(task));
        let asked = entry.asked().expect("pushed above");
        match registry.register(&mut SourceFd(&fd), entry.token, asked) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => return Ok(Entered::Ready),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Entered::Elsewhere),
            Err(error) => return Err(error),
        }
        let token = entry.token;
        entries.insert(fd, entry);
        Ok(Entered::Waits(token))
    }

    /// Parks the running `task`, which has entered, until `fd` is ready; false when `limit` passes first.
    pub fn wait(
        &self,
        hub: &Hub,
        fd: RawFd,
        token: Token,
        interest: Interest,
        task: &Rc<Task>,
        limit: Option<Deadline>,
    ) -> io::Result<bool> {
        let why = if interest.writable { Why::Write(fd) } else { Why::Read(fd) };
        self.waiters.set(self.waiters.get() + 1);
        let _leave = Leave { kept: self, fd, token, interest, task };
        if task.park(hub, why, limit)? == Woken::Expired {
            return Ok(false);
        }
        match self.entries.borrow().get(&fd) {
            Some(entry) if entry.token == token => Ok(true),
            _ => Err(io::Error::from_raw_os_error(libc::EBADF)),
        }
    }

    /// The number is about to be closed or to get another file, or somebody else registers it: who waits gets `EBADF`. A
    /// signal handler that closes while the table is in use leaves it to the next wait to find out.
    pub fn forget(&self, hub: &Hub, fd: RawFd) {
        let Some(entry) = self.entries.try_borrow_mut().ok().and_then(|mut entries| entries.remove(&fd)) else {
            return;
        };
        // A duplicate may keep the file open, and with it the registration. Refused if it was closed unseen.
        let _ = hub.poller.registry().deregister(&mut SourceFd(&fd));
        entry.wake_all(hub);
    }

    pub fn hear(&self, event: &mio::event::Event, hub: &Hub) {
        let fd = (event.token().0 as u32 & !MARK) as RawFd;
        let entries = self.entries.borrow();
        let Some(entry) = entries.get(&fd).filter(|entry| entry.token == event.token()) else { return };
        if Ready::of(event, Interest::READABLE).is_any() {
            entry.readers.iter().for_each(|waker| _ = waker.wake(hub));
        }
        if Ready::of(event, Interest::WRITABLE).is_any() {
            entry.writers.iter().for_each(|waker| _ = waker.wake(hub));
        }
    }

    /// To be called before the hub sleeps: now and then looks for what was closed unseen. How long it may sleep.
    #[inline]
    pub fn before_sleep(&self, timeout: Option<Duration>, hub: &Hub) -> Option<Duration> {
        if self.waiters.get() == 0 { timeout } else { self.before_a_watched_sleep(timeout, hub) }
    }

    /// Only a greenlet that has run since the last sweep can have closed anything; what another thread closes is noticed
    /// by the sweep after the next run.
    fn before_a_watched_sleep(&self, timeout: Option<Duration>, hub: &Hub) -> Option<Duration> {
        self.unswept.set(self.unswept.get() || hub.switches.get() > 0);
        if !self.unswept.get() || timeout == Some(Duration::ZERO) {
            return timeout;
        }
        let now = Instant::now();
        let due = self.last_sweep.get().map_or(now, |last| last + BETWEEN_SWEEPS);
        if due > now {
            return Some(timeout.map_or(due - now, |timeout| timeout.min(due - now)));
        }
        self.last_sweep.set(Some(now));
        self.unswept.set(false);
        if self.sweep(hub) { Some(Duration::ZERO) } else { timeout }
    }

    /// True if somebody lost a descriptor.
    fn sweep(&self, hub: &Hub) -> bool {
        let mut entries = self.entries.borrow_mut();
        let registry = hub.poller.registry();
        let before = entries.len();
        entries.retain(|fd, entry| {
            let is_alive = entry.asked().is_none() || entry.rearm(registry, *fd).is_ok();
            if !is_alive {
                entry.wake_all(hub);
            }
            is_alive
        });
        entries.len() < before
    }

    /// The descriptor, a generation and the mark.
    fn next_token(&self, fd: RawFd) -> Token {
        let generation = self.generation.get().wrapping_add(1);
        self.generation.set(generation);
        Token((u64::from(generation) << 32 | u64::from(MARK | fd as u32)) as usize)
    }
}

impl Entry {
    /// Has what is ready now told again. Fails when the number is not that of the file that was registered.
    fn rearm(&self, registry: &Registry, fd: RawFd) -> io::Result<()> {
        let asked = self.asked().unwrap_or(mio::Interest::READABLE);
        registry.reregister(&mut SourceFd(&fd), self.token, asked)
    }
}

/// Takes the waiter out, however its wait ends.
struct Leave<'a> {
    kept: &'a Kept,
    fd: RawFd,
    token: Token,
    interest: Interest,
    task: &'a Rc<Task>,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.kept.waiters.set(self.kept.waiters.get() - 1);
        let mut entries = self.kept.entries.borrow_mut();
        let Some(entry) = entries.get_mut(&self.fd).filter(|entry| entry.token == self.token) else { return };
        entry.side(self.interest).retain(|waker| !Rc::ptr_eq(&waker.task, self.task));
    }
}
