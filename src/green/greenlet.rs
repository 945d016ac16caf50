//! Greenlets as their users see them: spawn, join, get, kill.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use super::hub::Hub;
use super::interrupt::Interrupt;
use super::panics::Panic;
use super::task::{self, State, Task, Why};

/// A closure larger than this is boxed: corosensei carries at most a KiB over to a new stack.
const MAX_CLOSURE_BYTES: usize = 512;

/// Spawns `f` as a greenlet: it is scheduled at once and runs when the caller next waits or ends. Greenlets of a thread
/// never run at the same time and never move to another thread, so they may share `Rc` and `Cell`. gevent: `spawn`.
///
/// What remains to be careful with: a borrow that is held by a *scoped* thread-local (`LocalKey::with`, a `RefCell`
/// borrowed across a wait) is seen by whichever greenlet runs meanwhile.
///
/// # Panics
/// Outside [`run`](super::run()); when the system has no memory for another stack ([`Builder::spawn`] returns that).
#[track_caller]
pub fn spawn<T: 'static>(f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
    match Builder::new().spawn(f) {
        Ok(greenlet) => greenlet,
        Err(error) => panic!("cannot spawn a greenlet: {error}"),
    }
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
        let at = Location::caller();
        // SAFETY: `f` is 'static, so that it outlives the greenlet whenever that ends.
        Hub::with(|hub| unsafe { self.spawn_any(hub, at, f) })
    }

    /// The main greenlet, whose closure may borrow: `Config::run` waits for its end.
    pub(crate) fn spawn_main<T>(self, hub: &Hub, at: Site, f: impl FnOnce() -> T) -> io::Result<Greenlet<T>> {
        // SAFETY: the one caller runs the hub until this greenlet has ended, before anything that `f` borrows is gone;
        // no other way leads out of that loop.
        unsafe { self.spawn_any(hub, at, f) }
    }

    /// # Safety
    /// What `f` borrows must outlive the greenlet.
    unsafe fn spawn_any<T, F: FnOnce() -> T>(self, hub: &Hub, at: Site, f: F) -> io::Result<Greenlet<T>> {
        if const { size_of::<F>() > MAX_CLOSURE_BYTES } {
            let boxed = Box::new(f);
            // SAFETY: handed on; a box borrows what its content borrows.
            return unsafe { self.spawn_small(hub, at, boxed) };
        }
        // SAFETY: handed on.
        unsafe { self.spawn_small(hub, at, f) }
    }

    /// # Safety
    /// As for `spawn_any`.
    unsafe fn spawn_small<T, F: FnOnce() -> T>(self, hub: &Hub, at: Site, f: F) -> io::Result<Greenlet<T>> {
        let packet = Rc::new(Packet(RefCell::new(None)));
        let end = packet.clone();
        let body = move || {
            let outcome = if current_is_killed() { drop_unrun(f) } else { run_to_its_end(f) };
            *end.0.borrow_mut() = Some(outcome);
            // Where nobody holds the handle, this drops the value: its destructor may wait, or panic.
            Task::swallow(move || drop(end));
            Hub::with(|hub| {
                let task = hub.current();
                task.locals.clear();
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
        let task = unsafe { hub.spawn(self.name, stack_bytes, at, body) }?;
        if !Hub::running().is_null() {
            hub.current().locals.inherit(&task.locals);
        }
        Ok(Greenlet { task, packet })
    }
}

fn current_is_killed() -> bool {
    Hub::with(|hub| hub.current().is_killed())
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

struct Packet<T>(RefCell<Option<Outcome<T>>>);

/// How a greenlet ended.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Returned(T),
    Panicked(Panic),
    Killed,
}

impl<T> Outcome<T> {
    fn into_result(outcome: Option<Outcome<T>>) -> Result<T, GetError> {
        match outcome {
            Some(Outcome::Returned(value)) => Ok(value),
            Some(Outcome::Panicked(panic)) => Err(GetError::Panicked(panic)),
            Some(Outcome::Killed) => Err(GetError::Killed),
            None => Err(GetError::Taken),
        }
    }

    fn of_payload(payload: Box<dyn Any + Send>) -> Outcome<T> {
        if task::is_kill(&*payload) { Outcome::Killed } else { Outcome::Panicked(Panic::of_current(payload)) }
    }
}

/// Why [`Greenlet::get`] has no value.
#[derive(Debug)]
pub enum GetError {
    /// The greenlet panicked.
    Panicked(Panic),
    /// It was killed.
    Killed,
    /// Its value was taken before.
    Taken,
    /// The *caller's* wait was interrupted; the greenlet goes on.
    Interrupted(Interrupt),
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GetError::Panicked(panic) => write!(f, "the greenlet {panic}"),
            GetError::Killed => f.write_str("the greenlet was killed"),
            GetError::Taken => f.write_str("the greenlet's value was taken before"),
            GetError::Interrupted(interrupt) => interrupt.fmt(f),
        }
    }
}

impl Error for GetError {}

impl From<Interrupt> for GetError {
    fn from(interrupt: Interrupt) -> GetError {
        GetError::Interrupted(interrupt)
    }
}

/// A spawned greenlet. Dropping this lets it run on (nobody then sees its value); [`run`](super::run()) ends what is left.
pub struct Greenlet<T> {
    pub(crate) task: Rc<Task>,
    packet: Rc<Packet<T>>,
}

impl<T> Greenlet<T> {
    /// Waits until it has ended, however it did. Switches unless it has. gevent: `join`.
    ///
    /// # Panics
    /// When a greenlet joins itself.
    pub fn join(&self) -> Result<(), Interrupt> {
        join_task(&self.task, None).map(drop)
    }

    /// Waits for its end for at most `limit`; false if it still runs then. gevent: `join(timeout)`.
    pub fn join_timeout(&self, limit: Duration) -> Result<bool, Interrupt> {
        join_task(&self.task, Some(limit))
    }

    /// Waits for its end and takes its value: the first `get` has it, a later one is [`GetError::Taken`]. gevent: `get`.
    pub fn get(&self) -> Result<T, GetError> {
        self.join()?;
        self.try_get().unwrap_or(Err(GetError::Taken))
    }

    /// Takes its value if it has ended; `None` while it runs. Never switches.
    pub fn try_get(&self) -> Option<Result<T, GetError>> {
        if !self.is_done() {
            return None;
        }
        Some(Outcome::into_result(self.take()))
    }

    pub(crate) fn take(&self) -> Option<Outcome<T>> {
        self.packet.0.borrow_mut().take()
    }

    /// Has `link` called with the outcome when it has ended, as the last thing that its greenlet does.
    pub(crate) fn on_end(&self, link: impl FnOnce(&Hub, Result<T, GetError>) + 'static)
    where
        T: 'static,
    {
        let packet = self.packet.clone();
        Hub::with(|hub| {
            let link = move |hub: &Hub| link(hub, Outcome::into_result(packet.0.take()));
            self.task.on_end(hub, Box::new(link));
        });
    }

    /// Kills it and waits for its end: it unwinds from where it waits, destructors run; one that has not started never
    /// runs. A greenlet that kills itself ends at its next wait, which is in here. gevent: `kill`.
    pub fn kill(&self) -> Result<(), Interrupt> {
        self.kill_nowait();
        let is_self = Hub::with(|hub| Rc::ptr_eq(&hub.current(), &self.task));
        if is_self { super::yield_now() } else { self.join() }
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

    /// Whether it ended by returning; false also while it runs, and once its value is taken. gevent: `successful`,
    /// which counts a kill as success: here it is none.
    pub fn is_successful(&self) -> bool {
        matches!(*self.packet.0.borrow(), Some(Outcome::Returned(_)))
    }

    /// Its name: the one given, or `greenlet-N`.
    pub fn name(&self) -> String {
        self.task.name()
    }

    /// Its number on this hub, counted from 0 (the main greenlet).
    pub fn id(&self) -> u64 {
        self.task.id
    }
}

impl<T> fmt::Debug for Greenlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} {:?}>", self.name(), self.state())
    }
}

pub(crate) fn join_task(task: &Rc<Task>, limit: Option<Duration>) -> Result<bool, Interrupt> {
    Hub::with(|hub| {
        let current = hub.current();
        current.check(hub)?;
        assert!(!Rc::ptr_eq(&current, task), "a greenlet cannot join itself: it would wait for ever");
        if task.state.get() == State::Done {
            return Ok(true);
        }
        let limit = limit.and_then(|limit| hub.deadline(limit));
        task.joiners.wait(hub, Why::Join(task.id), limit)
    })
}

/// Waits until all have ended, however they did. gevent: `joinall`.
pub fn join_all<'a, T: 'a>(greenlets: impl IntoIterator<Item = &'a Greenlet<T>>) -> Result<(), Interrupt> {
    greenlets.into_iter().try_for_each(Greenlet::join)
}

/// The running greenlet, seen from inside.
pub struct Current(Rc<Task>);

/// The running greenlet. gevent: `getcurrent`.
///
/// # Panics
/// Outside [`run`](super::run()).
#[track_caller]
pub fn current() -> Current {
    Current(Hub::with(Hub::current))
}

impl Current {
    /// Its name: the one given, or `greenlet-N`.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Its number on this hub.
    pub fn id(&self) -> u64 {
        self.0.id
    }
}
