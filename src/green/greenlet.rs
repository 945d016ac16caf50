//! Greenlets as their users see them: spawn, join, get, kill.
//!
//! - made: `start` (later, or by hand), `runnable` (a value that runs), `generator`, `locals`
//! - ended: `join`, `links`, `outcome`, `exit`; `any` is one without its type
//! - many: `group` and `pool`, `imap` over them, `scope`
#![allow(unsafe_code)]

pub(super) mod any;
pub(super) mod exit;
pub(super) mod generator;
pub(super) mod group;
pub(super) mod imap;
pub(super) mod join;
pub(super) mod links;
pub(super) mod locals;
pub(super) mod outcome;
pub(super) mod pool;
pub(super) mod runnable;
pub(super) mod scope;
pub(super) mod start;

use std::cell::{Ref, RefCell};
use std::fmt;
use std::io;
use std::panic::Location;
use std::rc::Rc;

use crate::green::greenlet::any::Joinable;
use crate::green::greenlet::join::join_task;
use crate::green::greenlet::outcome::{GetError, Outcome, Packet};
use crate::green::greenlet::start::{Start, or_panic};
use crate::green::hub::Hub;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::{State, Task};
use crate::green::time::limit::Limit;

/// A closure larger than this is boxed: corosensei carries at most a KiB over to a new stack.
const MAX_CLOSURE_BYTES: usize = 512;

/// Spawns `f` as a greenlet: it is scheduled at once and runs when the caller next waits or ends. Greenlets of a thread
/// never run at the same time and never move to another thread, so they may share `Rc` and `Cell`. gevent: `spawn`.
///
/// What remains to be careful with: a borrow that is held by a *scoped* thread-local (`LocalKey::with`, a `RefCell`
/// borrowed across a wait) is seen by whichever greenlet runs meanwhile.
///
/// # Panics
/// Outside [`run`](crate::green::run()); when the system has no memory for another stack ([`Builder::spawn`] returns that).
#[track_caller]
pub fn spawn<T: 'static>(f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
    or_panic(Builder::new().spawn(f))
}

/// Where a greenlet was spawned.
type Site = &'static Location<'static>;

/// A greenlet to be spawned: its name, its stack.
///
/// ```
/// use gfetch::green::{self, Builder};
/// green::run(|| {
///     let greenlet = Builder::new().name("worker").stack_bytes(64 * 1024).spawn(|| green::current().name()).unwrap();
///     assert_eq!(greenlet.get().unwrap(), "worker");
/// });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    name: Option<Box<str>>,
    stack_bytes: Option<usize>,
}

impl Builder {
    /// The hub's defaults.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Its name, instead of `greenlet-N`.
    pub fn name(mut self, name: &str) -> Builder {
        self.name = Some(name.into());
        self
    }

    /// Bytes of stack, rounded up to a power of two; at least 16 KiB, at most 1 GiB.
    pub fn stack_bytes(mut self, bytes: usize) -> Builder {
        self.stack_bytes = Some(bytes);
        self
    }

    /// Spawns `f`.
    ///
    /// # Errors
    /// When the system gives no stack.
    #[track_caller]
    pub fn spawn<T: 'static>(self, f: impl FnOnce() -> T + 'static) -> io::Result<Greenlet<T>> {
        self.spawn_at(Location::caller(), Start::Now, f)
    }

    #[track_caller]
    #[inline]
    pub(crate) fn spawn_at<T: 'static>(
        self,
        at: Site,
        start: Start,
        f: impl FnOnce() -> T + 'static,
    ) -> io::Result<Greenlet<T>> {
        // SAFETY: `f` is 'static, so that it outlives the greenlet whenever that ends.
        Hub::with(|hub| unsafe { self.spawn_any(hub, at, start, f) })
    }

    /// The main greenlet, whose closure may borrow: `Config::run` waits for its end.
    pub(crate) fn spawn_main<T>(self, hub: &Hub, at: Site, f: impl FnOnce() -> T) -> io::Result<Greenlet<T>> {
        // SAFETY: the one caller runs the hub until this greenlet has ended, before anything that `f` borrows is gone;
        // no other way leads out of that loop.
        unsafe { self.spawn_any(hub, at, Start::Now, f) }
    }

    /// # Safety
    /// What `f` borrows must outlive the greenlet.
    unsafe fn spawn_any<T, F: FnOnce() -> T>(self, hub: &Hub, at: Site, start: Start, f: F) -> io::Result<Greenlet<T>> {
        if const { size_of::<F>() > MAX_CLOSURE_BYTES } {
            let boxed = Box::new(f);
            // SAFETY: handed on; a box borrows what its content borrows.
            return unsafe { self.spawn_small(hub, at, start, boxed) };
        }
        // SAFETY: handed on.
        unsafe { self.spawn_small(hub, at, start, f) }
    }

    /// # Safety
    /// As for `spawn_any`.
    unsafe fn spawn_small<T, F: FnOnce() -> T>(
        self,
        hub: &Hub,
        at: Site,
        start: Start,
        f: F,
    ) -> io::Result<Greenlet<T>> {
        let packet = Rc::new(Packet(RefCell::new(None)));
        let end = packet.clone();
        let body = move || {
            let outcome = if Hub::with(|hub| hub.current().begin()) { drop_unrun(f) } else { run_to_its_end(f) };
            *end.0.borrow_mut() = Some(outcome);
            // Where nobody holds the handle, this drops the value: its destructor may wait, or panic.
            Task::swallow(move || drop(end));
            Hub::with(|hub| {
                let task = hub.current();
                if !task.locals.is_empty() {
                    task.locals.clear();
                }
                task.call_links(hub);
                while !task.locals.is_empty() {
                    // What links have looked at; and links that came while its destructor waited.
                    task.locals.clear();
                    task.call_links(hub);
                }
            });
        };
        let stack_bytes = self.stack_bytes.unwrap_or(hub.stack_bytes);
        // SAFETY: handed on; `body` catches every unwinding of `f`, and of what it returns.
        let task = unsafe { hub.spawn(self.name, stack_bytes, at, start, body) }?;
        if !Hub::running().is_null() {
            hub.current().locals.inherit(&task.locals);
        }
        Ok(Greenlet { task, packet })
    }
}

/// Killed before it started: the body never runs, but what it holds is dropped.
fn drop_unrun<T>(f: impl FnOnce() -> T) -> Outcome<T> {
    match Task::base(move || drop(f)) {
        Ok(()) => Outcome::Killed,
        Err(payload) => Outcome::of_payload(payload),
    }
}

fn run_to_its_end<T>(f: impl FnOnce() -> T) -> Outcome<T> {
    match Task::base(f) {
        Ok(value) => Outcome::Returned(value),
        Err(payload) => Outcome::of_payload(payload),
    }
}

/// A spawned greenlet. Dropping this lets it run on (nobody then sees its value); [`run`](crate::green::run()) ends what is left.
pub struct Greenlet<T> {
    pub(crate) task: Rc<Task>,
    pub(crate) packet: Rc<Packet<T>>,
}

impl<T> Greenlet<T> {
    /// Waits until it has ended, however it did. Switches unless it has. gevent: `join`.
    ///
    /// # Panics
    /// When a greenlet joins itself.
    pub fn join(&self) -> Result<(), Interrupt> {
        join_task(&self.task, Limit::NEVER).map(drop)
    }

    /// Waits for its end for at most `limit`; false if it still runs then. gevent: `join(timeout)`.
    pub fn join_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        join_task(&self.task, limit.into())
    }

    /// Waits for its end and takes its value: the first `get` has it, a later one is [`GetError::Taken`]. gevent: `get`.
    pub fn get(&self) -> Result<T, GetError> {
        self.join()?;
        self.try_get().unwrap_or(Err(GetError::Taken))
    }

    /// Takes its value if it has ended; `None` while it runs. Never switches.
    pub fn try_get(&self) -> Option<Result<T, GetError>> {
        self.is_done().then(|| self.packet.take_result())
    }

    /// Waits for its end for at most `limit` and takes its value; `Ok(None)` if it still runs then. gevent:
    /// `get(timeout)`.
    pub fn get_timeout(&self, limit: impl Into<Limit>) -> Result<Option<T>, GetError> {
        if self.join_timeout(limit)? { self.get().map(Some) } else { Ok(None) }
    }

    /// How it ended; `None` while it runs. Let go of it before a `get`, which takes the value out. gevent: `value`,
    /// `exception`.
    pub fn outcome(&self) -> Option<Ref<'_, Outcome<T>>> {
        let done = self.is_done();
        Ref::filter_map(self.packet.0.borrow(), |outcome| outcome.as_ref().filter(|_| done)).ok()
    }

    pub(crate) fn take(&self) -> Option<Outcome<T>> {
        self.packet.take()
    }

    /// Has `link` called with the outcome when it has ended, as the last thing that its greenlet does.
    pub(crate) fn on_end(&self, link: impl FnOnce(&Hub, Result<T, GetError>) + 'static)
    where
        T: 'static,
    {
        let packet = self.packet.clone();
        Hub::with(|hub| {
            let link = move |hub: &Hub| link(hub, packet.take_result());
            self.task.on_end(hub, Box::new(link));
        });
    }

    /// Kills it and waits for its end: it unwinds from where it waits, destructors run; one that has not started never
    /// runs. A greenlet that kills itself ends at its next wait, which is in here. gevent: `kill`.
    pub fn kill(&self) -> Result<(), Interrupt> {
        self.any().kill()
    }

    /// Asks for its end and waits for that for at most `limit`; false if it still runs then, as it may while it cleans up
    /// behind a [`shield`](crate::green::shield()). gevent: `kill(timeout)`.
    pub fn kill_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        self.any().kill_timeout(limit)
    }

    /// Asks for its end without waiting for it. gevent: `kill(block=False)`.
    pub fn kill_nowait(&self) {
        Hub::try_with(|hub| hub.kill(&self.task));
    }

    /// Where it is in its life.
    pub fn state(&self) -> State {
        self.task.state.get()
    }

    /// Whether it has ended. gevent: `ready`, `dead`.
    pub fn is_done(&self) -> bool {
        self.state() == State::Done
    }

    /// Whether it ended by returning; false while it runs. gevent: `successful`, which counts a kill as success: here it
    /// is none.
    pub fn is_successful(&self) -> bool {
        self.outcome().is_some_and(|outcome| outcome.is_success())
    }

    /// Its name: the one given, or `greenlet-N`.
    pub fn name(&self) -> String {
        self.task.name()
    }

    /// Its number on this hub, counted from 0 (the main greenlet).
    pub fn id(&self) -> u64 {
        self.task.id
    }

    /// A small number that no other living greenlet of this hub has; those of the dead are given again. gevent:
    /// `minimal_ident`.
    pub fn minimal_ident(&self) -> u32 {
        self.task.place.get()
    }

    /// Where it was spawned. gevent: `spawning_stack`, which keeps ten frames: here it is the one that called.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.origin().at
    }
}

impl<T> fmt::Debug for Greenlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} {:?}>", self.name(), self.state())
    }
}
