//! Owns the loop of one OS thread: the ready queue, the timers, the poller, and who runs now.
//!
//! What one pass promises: the greenlets that were ready run first in, first out; the poller is looked at when nothing is
//! ready, and otherwise every [`SWITCHES_BETWEEN_POLLS`] switches or [`TIME_BETWEEN_POLLS`], so that greenlets which keep
//! each other busy starve neither descriptors nor timers; due timers fire in the order (moment, order of making).
//!
//! What lies between a wait and the switch is inlined, on both sides: every return that crosses a switch is one the
//! processor predicts wrongly, and five of those cost more than all the rest of a switch.
//!
//! Its parts: `ready` (who may run), `timers` and `clock`, `nothing_ready` with `deadlock` and `idle` (what happens when nobody
//! may), `live` (who has not ended), `remote` (words from other threads), `inside` (the runtime's own locks), `os` and `fork` (what the process does to it),
//! `diagnosis` (what is noted for `inspect`). `runtime` makes one and runs it.
#![allow(unsafe_code)]

pub(super) mod clock;
mod deadlock;
mod diagnosis;
pub(super) mod fork;
pub(super) mod idle;
pub(super) mod inside;
pub(super) mod live;
mod nothing_ready;
pub(super) mod os;
pub(super) mod ready;
pub(super) mod remote;
pub(super) mod runtime;
pub(super) mod timers;

use std::cell::{Cell, RefCell};
use std::io;
use std::panic::Location;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::green::greenlet::start::Start;
use crate::green::hub::clock::Clock;
use crate::green::hub::idle::Idlers;
use crate::green::hub::live::Live;
use crate::green::hub::os::Os;
use crate::green::hub::ready::Ready;
use crate::green::hub::remote::Remote;
use crate::green::hub::runtime::Config;
use crate::green::hub::timers::{Deadline, Timers};
use crate::green::io::poller::Poller;
use crate::green::sync::turn::Holdings;
use crate::green::task::interrupt::{Deadlock, Interrupt};
use crate::green::task::stack::{StackSlot, Stacks};
use crate::green::task::{Cause, Origin, Resumed, State, Task};
use diagnosis::Diagnosis;
pub(crate) use diagnosis::Stretch;

/// After so many switches the poller is looked at, even if more is ready.
const SWITCHES_BETWEEN_POLLS: u32 = 61;
/// The same after so much time.
const TIME_BETWEEN_POLLS: Duration = Duration::from_millis(5);
/// The clock is read this often while switching; a reading costs as much as two switches.
const SWITCHES_BETWEEN_CLOCK_READINGS: u32 = 8;

pub(crate) struct Hub {
    pub(super) ready: Ready,
    pub live: RefCell<Live>,
    pub timers: Timers,
    pub clock: Clock,
    pub poller: Poller,
    pub remote: Arc<Remote>,
    pub stacks: RefCell<Stacks>,
    /// I/O calls of the running greenlet since it was resumed.
    pub calls_in_a_row: Cell<u32>,
    /// Greenlets parked on a descriptor.
    pub descriptor_waits: Cell<usize>,
    pub(super) idlers: Idlers,
    /// Greenlets parked on an offloaded call.
    pub offload_waits: Cell<usize>,
    /// Who has the locks that greenlets wait for.
    pub holdings: Holdings,
    pub os: Os,
    pub main: RefCell<Option<Rc<Task>>>,
    main_is_done: Cell<bool>,
    /// Main has ended: what is spawned now is killed at once.
    closing: Cell<bool>,
    deadlock: RefCell<Option<Deadlock>>,
    next_id: Cell<u64>,
    next_scope: Cell<u64>,
    /// Since the last poll.
    pub switches: Cell<u32>,
    last_poll: Cell<Instant>,
    pub stack_bytes: usize,
    pub diagnosis: Diagnosis,
}

thread_local! {
    static HUB: Cell<*const Hub> = const { Cell::new(ptr::null()) };
    /// The running task of that hub, or null. `switch_to` holds an `Rc` of it for as long as it stands here. Not a part of
    /// the hub: where the C library is stood in for, each of its calls asks for this, and for no more off any greenlet.
    static CURRENT: Cell<*const Task> = const { Cell::new(ptr::null()) };
}

impl Hub {
    pub fn new(config: &Config) -> io::Result<Hub> {
        let clock = Clock::new(config.clock);
        let poller = Poller::new()?;
        let remote = Arc::new(Remote::new(poller.waker()?));
        Ok(Hub {
            ready: Ready::default(),
            live: RefCell::new(Live::default()),
            timers: Timers::default(),
            last_poll: Cell::new(clock.now()),
            clock,
            poller,
            remote,
            stacks: RefCell::new(Stacks::new(config.guards)),
            calls_in_a_row: Cell::new(0),
            descriptor_waits: Cell::new(0),
            idlers: Idlers::default(),
            offload_waits: Cell::new(0),
            holdings: Holdings::default(),
            os: Os::new(),
            main: RefCell::new(None),
            main_is_done: Cell::new(false),
            closing: Cell::new(false),
            deadlock: RefCell::new(None),
            next_id: Cell::new(0),
            next_scope: Cell::new(0),
            switches: Cell::new(0),
            stack_bytes: config.stack_bytes,
            diagnosis: Diagnosis::new(config),
        })
    }

    /// Makes this hub the thread's while `f` runs.
    pub fn enter<T>(&self, f: impl FnOnce() -> T) -> T {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                HUB.set(ptr::null());
                CURRENT.set(ptr::null());
            }
        }
        assert!(HUB.get().is_null(), "run inside run: this thread has a hub already; spawn a greenlet instead");
        HUB.set(self);
        let _leave = Leave;
        f()
    }

    /// Calls `f` with this thread's hub, if it has one.
    #[inline(always)]
    pub fn try_with<T>(f: impl FnOnce(&Hub) -> T) -> Option<T> {
        let hub = HUB.get();
        // SAFETY: a non-null pointer was set by `enter`, which is still on this thread's stack below us and borrows the
        // hub for as long; it is taken away before that borrow ends.
        unsafe { hub.as_ref() }.map(f)
    }

    /// Calls `f` with this thread's hub.
    #[inline(always)]
    #[track_caller]
    pub fn with<T>(f: impl FnOnce(&Hub) -> T) -> T {
        match Hub::try_with(f) {
            Some(result) => result,
            None => no_hub(),
        }
    }

    /// The task that runs on this thread, or null: for who may not ask a hub, as a fault's handler.
    #[inline(always)]
    pub fn running() -> *const Task {
        CURRENT.get()
    }

    /// The running greenlet.
    #[inline]
    #[track_caller]
    pub fn current(&self) -> Rc<Task> {
        let task = CURRENT.get();
        if task.is_null() {
            nobody_runs();
        }
        // SAFETY: `CURRENT` came from `Rc::as_ptr` of an `Rc` that `switch_to` holds meanwhile: the count is raised for the
        // one that is made here.
        unsafe {
            Rc::increment_strong_count(task);
            Rc::from_raw(task)
        }
    }

    /// Lets the others run once. No closure stands between the caller and the switch: one that the compiler chose not to
    /// inline cost 42 ns a yield instead of 13.
    #[inline(always)]
    pub fn yield_now() -> Result<(), Interrupt> {
        // SAFETY: as in `try_with` for the hub. The running greenlet is held by `switch_to` while it runs, and by the table
        // of live tasks while it is parked, until its coroutine has returned, and so until after this call.
        unsafe {
            let Some(hub) = HUB.get().as_ref() else { no_hub() };
            let Some(task) = CURRENT.get().as_ref() else { nobody_runs() };
            task.yield_now(hub)
        }
    }

    pub fn next_scope(&self) -> u64 {
        self.next_scope.replace(self.next_scope.get() + 1)
    }

    /// The deadline `limit` from now; none when that is too far away to be told.
    pub fn deadline(&self, limit: Duration) -> Option<Deadline> {
        self.clock.after(limit).map(|when| self.timers.deadline(when))
    }

    /// Makes a task of `body`, which runs when `start` says.
    ///
    /// # Safety
    /// As for [`Task::start_on`].
    pub unsafe fn spawn<F: FnOnce()>(
        &self,
        name: Option<Box<str>>,
        stack_bytes: usize,
        spawned_at: &'static Location<'static>,
        start: Start,
        body: F,
    ) -> io::Result<Rc<Task>> {
        let id = self.next_id.replace(self.next_id.get() + 1);
        let origin = Origin { at: spawned_at, parent: self.current_id() };
        let task = Rc::new(Task::new(id, name, origin));
        let stack = self.stacks.borrow_mut().acquire(stack_bytes)?;
        // SAFETY: handed on to the caller.
        unsafe { task.start_on(stack, body) };
        self.live.borrow_mut().insert(&task);
        match start {
            Start::Now => self.ready.push(task.clone()),
            later => task.await_start(self, later),
        }
        if self.diagnosis.is_on() {
            self.note_spawn(&task);
        }
        if self.closing.get() {
            self.kill(&task);
        }
        Ok(task)
    }

    /// Schedules a waiting task; false if it was not waiting.
    pub fn wake(&self, task: &Rc<Task>, cause: Cause) -> bool {
        let accepted = task.accept_wake(cause);
        if accepted {
            if self.diagnosis.is_on() {
                self.note_wake(task, cause);
            }
            self.ready.push(task.clone());
        }
        accepted
    }

    /// Asks a task to end.
    pub fn kill(&self, task: &Rc<Task>) {
        if task.state.get() == State::Done {
            return;
        }
        if self.diagnosis.is_on() {
            self.note_kill(task);
        }
        if task.mark_killed() {
            self.wake(task, Cause::Kill);
        }
    }

    /// Runs greenlets until `main` has ended.
    pub fn run_until_done(&self, main: &Rc<Task>) {
        *self.main.borrow_mut() = Some(main.clone());
        while !self.main_is_done.get() {
            self.turn(None);
        }
        *self.main.borrow_mut() = None;
        self.main_is_done.set(false);
    }

    /// Kills what is left and runs it to its end, for at most `grace`. One kill each will do: it is sticky, and who comes
    /// later is killed at its spawn.
    pub fn shut_down(&self, grace: Duration) {
        self.closing.set(true);
        self.remote.refuse_spawns();
        let end = Instant::now().checked_add(grace);
        self.live.borrow().all().iter().for_each(|task| self.kill(task));
        while !self.live.borrow().is_empty() && end.is_none_or(|end| Instant::now() < end) {
            if self.ready.is_empty() && !self.can_be_woken() {
                return;
            }
            self.turn(end);
        }
    }

    /// Called when the hub will not run again: leaves who has not ended where it is, for ever. True if all had ended.
    pub fn forget_the_rest(&self) -> bool {
        self.remote.clear();
        let left = self.live.borrow().all();
        left.iter().for_each(|task| task.forget());
        left.is_empty()
    }

    /// One pass: runs what is ready, then looks at timers and descriptors, sleeping if there is nothing to do.
    fn turn(&self, until: Option<Instant>) {
        while !self.main_is_done.get() {
            if self.diagnosis.is_on() {
                self.before_switch();
            }
            let Some(task) = self.ready.pop() else { return self.wait_for_something(until) };
            self.switch_to(task);
            if self.poll_is_due() {
                return self.poll(Some(Duration::ZERO));
            }
        }
    }

    #[inline(always)]
    fn switch_to(&self, task: Rc<Task>) {
        CURRENT.set(Rc::as_ptr(&task));
        self.calls_in_a_row.set(0);
        let resumed = task.resume();
        CURRENT.set(ptr::null());
        if self.diagnosis.is_on() {
            self.after_switch(&task, &resumed);
        }
        match resumed {
            Resumed::Again => self.ready.push(task),
            Resumed::Parked => {}
            Resumed::Ended(stack) => self.bury(task, stack),
        }
    }

    fn bury(&self, task: Rc<Task>, stack: StackSlot) {
        self.stacks.borrow_mut().release(stack);
        self.timers.disarm(&task);
        self.live.borrow_mut().remove(&task);
        task.joiners.wake_all(self);
        if self.main.borrow().as_ref().is_some_and(|main| Rc::ptr_eq(main, &task)) {
            self.main_is_done.set(true);
        }
    }

    fn poll_is_due(&self) -> bool {
        let switches = self.switches.get() + 1;
        self.switches.set(switches);
        switches >= SWITCHES_BETWEEN_POLLS
            || (switches.is_multiple_of(SWITCHES_BETWEEN_CLOCK_READINGS)
                && self.time_without_poll() >= TIME_BETWEEN_POLLS)
    }

    fn poll(&self, timeout: Option<Duration>) {
        if self.os.is_forked() {
            return self.refuse_to_poll_after_a_fork();
        }
        self.before_poll(timeout);
        self.poller.poll(timeout, self);
        self.remote.drain(self);
        self.fire_timers();
        self.after_poll(timeout);
        self.switches.set(0);
        self.last_poll.set(self.clock.last());
    }

    /// How long greenlets have run since the poller was looked at.
    pub fn time_without_poll(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.last_poll.get())
    }

    fn fire_timers(&self) {
        self.timers.fire(self.clock.now(), |task, cause| {
            self.wake(task, cause);
        });
    }
}

#[cold]
#[track_caller]
fn no_hub() -> ! {
    panic!("no hub on this thread: call this inside gfetch::green::run")
}

#[cold]
#[track_caller]
fn nobody_runs() -> ! {
    panic!("a wait in the hub itself: spawn a greenlet for what has to wait")
}
