//! Owns one greenlet as the scheduler sees it: its coroutine, its state, what it waits for, and what may interrupt it.
//!
//! Beside it: `stack` and `overflow` (what it runs on), `waker` (the means to end one wait), `interrupt` (why a wait failed),
//! `scopes` (its deadlines), `links` (what happens at its end), `describe` (what it says of itself).
//!
//! ```text
//!            spawn              hub resumes             body ends
//!   ────────► Scheduled ────────► Running ────────────────► Done
//!                 ▲                 │ park
//!                 │ wake            ▼
//!                 └───────────── Waiting
//! ```
#![allow(unsafe_code)]

mod describe;
pub(super) mod interrupt;
mod links;
pub(super) mod overflow;
mod scopes;
pub(super) mod stack;
pub(super) mod waker;

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::hint;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::rc::Rc;

use corosensei::stack::Stack;
use corosensei::{CoroutineResult, Yielder};
use slotmap::DefaultKey;

use crate::green::greenlet::locals::Locals;
use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::sync::wakers::Wakers;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::stack::{LINE_BYTES, StackSlot};
use crate::green::task::waker::Woken;
use links::Links;
use scopes::Scopes;

pub(crate) use describe::{Origin, Part};

/// Where a greenlet is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Made by [`Builder::prepare`](crate::green::Builder::prepare) and not started.
    New,
    /// In the ready queue: it runs when its turn comes.
    Scheduled,
    /// It is the one that runs now.
    Running,
    /// Parked until something wakes it.
    Waiting,
    /// It has ended: returned, panicked or killed.
    Done,
}

/// Why a parked task was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// What it waited for has happened.
    Ready,
    /// Its nearest deadline has come.
    Deadline,
    /// It is to be killed.
    Kill,
    /// Nothing is left that could wake it.
    Deadlock,
}

/// What a task waits for: for the deadlock's report and the dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Nothing,
    Sleep,
    Join(u64),
    Event,
    AsyncResult,
    QueueGet,
    QueuePut,
    Semaphore,
    Group,
    Pool,
    NothingLeft,
    Results,
    Mailbox,
    Read(i32),
    Write(i32),
    Offload,
    OtherThread(Across),
    Future,
    Signal,
    QueueJoin,
    Channel,
    Select,
    /// With its place among the hub's [`Holdings`](crate::green::sync::turn::Holdings).
    Lock(DefaultKey),
    Condition,
    Barrier,
    Idle,
}

/// What other threads may do for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Across {
    Channel,
    Semaphore,
    Lock,
    Event,
    Future,
    Call,
}

/// What a coroutine tells the hub when it hands the thread back.
pub(crate) enum After {
    /// Put me at the end of the ready queue.
    Again,
    /// I am parked: somebody will wake me.
    Parked,
}

type Coroutine = corosensei::Coroutine<(), After, (), StackSlot>;

/// What a switch touches comes first, close together: among ten thousand greenlets every cache line counts.
#[repr(C)]
pub(crate) struct Task {
    pub state: Cell<State>,
    cause: Cell<Cause>,
    /// Whether there is a kill or a scope to look at: what a wait without either skips.
    pub alert: Cell<bool>,
    killed: Cell<bool>,
    shields: Cell<u32>,
    yielder: Cell<*const Yielder<(), After>>,
    /// About where its stack ended when it last suspended itself.
    stack_top: Cell<usize>,
    coroutine: UnsafeCell<Option<Coroutine>>,
    /// Counts the waits, so that a waker made for an earlier wait wakes nobody.
    pub wait: Cell<u64>,
    pub waiting_for: Cell<Why>,
    /// The nearest deadline of the present wait.
    pub deadline: Cell<Option<Deadline>>,
    /// What the timers hold for this task; see there.
    pub timer: Cell<Option<Deadline>>,
    /// The lowest address of its stack, where the guard begins; 0 before it has one.
    guard: Cell<usize>,
    stack_bytes: Cell<usize>,
    pub id: u64,
    /// Its place in the hub's table of live tasks.
    pub place: Cell<u32>,
    scopes: Scopes,
    /// What it keeps in its `green_local!`s.
    pub locals: Locals,
    /// Who waits for its end.
    pub joiners: Wakers,
    /// What it does at its end, in order.
    links: Links,
    name: Option<Box<str>>,
    origin: Origin,
}

/// The payload that unwinds a killed greenlet; caught at its base.
pub(crate) struct Kill;

/// True if `payload` is that of a kill, and not a panic.
pub(crate) fn is_kill(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Kill>()
}

impl Task {
    pub fn new(id: u64, name: Option<Box<str>>, origin: Origin) -> Task {
        Task {
            id,
            guard: Cell::new(0),
            stack_bytes: Cell::new(0),
            place: Cell::new(0),
            state: Cell::new(State::Scheduled),
            waiting_for: Cell::new(Why::Nothing),
            wait: Cell::new(0),
            cause: Cell::new(Cause::Ready),
            timer: Cell::new(None),
            deadline: Cell::new(None),
            killed: Cell::new(false),
            shields: Cell::new(0),
            scopes: Scopes::default(),
            locals: Locals::default(),
            alert: Cell::new(false),
            joiners: Wakers::default(),
            links: Links::default(),
            name,
            origin,
            coroutine: UnsafeCell::new(None),
            yielder: Cell::new(ptr::null()),
            stack_top: Cell::new(0),
        }
    }

    /// Lays `body` on `stack`; it runs when the hub first resumes the task. `body` must not unwind.
    ///
    /// # Safety
    /// What `body` borrows must outlive the task's end: the caller sees to it that the coroutine ends (or is leaked)
    /// before that.
    pub unsafe fn start_on<F: FnOnce()>(self: &Rc<Self>, stack: StackSlot, body: F) {
        self.guard.set(stack.limit().get());
        self.stack_bytes.set(stack.usable_bytes());
        let task = Rc::as_ptr(self);
        let entry = move |yielder: &Yielder<(), After>, ()| {
            // SAFETY: the hub holds an `Rc` of the task while its coroutine runs, and the yielder lives as long as the
            // coroutine does.
            unsafe { (*task).yielder.set(yielder) };
            body();
        };
        // SAFETY: the caller answers for the life of what `body` borrows; `Coroutine` is not `Send`, and neither is a task.
        let coroutine = unsafe { corosensei::Coroutine::with_stack_unchecked(stack, entry) };
        // SAFETY: the task has no coroutine yet, and nothing else refers to the cell.
        unsafe { *self.coroutine.get() = Some(coroutine) };
    }

    /// Runs the task until it parks, yields or ends; at its end its stack comes back. Called by the hub only.
    #[inline(always)]
    pub fn resume(&self) -> Resumed {
        debug_assert!(self.state.get() == State::Scheduled);
        self.state.set(State::Running);
        // SAFETY: only the hub calls this, with no task running (`CURRENT` is empty), so that this is the only
        // reference into the cell; the coroutine's own code never touches the cell.
        let coroutine = unsafe { &mut *self.coroutine.get() };
        let running = coroutine.as_mut().expect("a scheduled task has a coroutine");
        match running.resume(()) {
            CoroutineResult::Yield(After::Again) => {
                self.state.set(State::Scheduled);
                Resumed::Again
            }
            CoroutineResult::Yield(After::Parked) => Resumed::Parked,
            CoroutineResult::Return(()) => {
                self.state.set(State::Done);
                let ended = coroutine.take().expect("it was there a moment ago");
                Resumed::Ended(ended.into_stack())
            }
        }
    }

    /// Leaves the coroutine where it is, for ever: a suspended coroutine must not be dropped. Nobody can wake it any more.
    pub fn forget(&self) {
        self.state.set(State::Done);
        self.locals.forget();
        // SAFETY: called by the hub at its end, when no task runs.
        std::mem::forget(unsafe { (*self.coroutine.get()).take() });
    }

    /// Hands the thread to the hub; returns when the hub resumes this task.
    #[inline(always)]
    fn suspend(&self, after: After) {
        let here = 0_u8;
        self.stack_top.set(ptr::from_ref(hint::black_box(&here)).addr());
        // SAFETY: only the running task suspends itself (callers take the task from `Hub::current`), so that its
        // coroutine has started and set the yielder, which lives as long as the coroutine.
        unsafe { &*self.yielder.get() }.suspend(after);
    }

    /// Parks the running task until it is woken, its own `limit` passes, or an enclosing scope's deadline does.
    #[inline(always)]
    pub fn park(self: &Rc<Self>, hub: &Hub, why: Why, limit: Option<Deadline>) -> Result<Woken, Interrupt> {
        if std::thread::panicking() {
            return Err(Interrupt::Unwinding);
        }
        self.check(hub)?;
        self.locals.refuse_a_wait();
        let nearest = if self.alert.get() { self.scopes.nearest_with(limit) } else { limit };
        if let Some(deadline) = nearest {
            hub.timers.arm(self, deadline);
        }
        self.deadline.set(nearest);
        self.waiting_for.set(why);
        self.state.set(State::Waiting);
        let outside = hub.outside(why);
        outside.inspect(|waits| waits.set(waits.get() + 1));
        self.suspend(After::Parked);
        outside.inspect(|waits| waits.set(waits.get() - 1));
        self.waiting_for.set(Why::Nothing);
        let expired = self.deadline.take();
        self.wait.set(self.wait.get() + 1);
        self.die_if_killed();
        match self.cause.get() {
            Cause::Ready | Cause::Kill => Ok(Woken::Ready),
            Cause::Deadline if expired == limit => Ok(Woken::Expired),
            Cause::Deadline => Err(self.deliver(hub)),
            Cause::Deadlock => Err(Interrupt::Deadlock(hub.deadlock())),
        }
    }

    /// Lets the others run once.
    #[inline(always)]
    pub fn yield_now(&self, hub: &Hub) -> Result<(), Interrupt> {
        if std::thread::panicking() {
            return Err(Interrupt::Unwinding);
        }
        self.check(hub)?;
        self.locals.refuse_a_wait();
        self.suspend(After::Again);
        self.die_if_killed();
        Ok(())
    }

    /// Fails if the running task is to be killed or a deadline around it has passed. Never switches.
    #[inline]
    pub fn check(&self, hub: &Hub) -> Result<(), Interrupt> {
        if self.alert.get() { self.check_alerted(hub) } else { Ok(()) }
    }

    /// Whether [`Task::check`] would not pass. Never unwinds.
    pub fn is_to_end(&self, hub: &Hub) -> bool {
        let is_past = || self.nearest_scope().is_some_and(|deadline| deadline.when <= hub.clock.recent());
        self.alert.get() && ((self.killed.get() && self.shields.get() == 0) || is_past())
    }

    #[cold]
    fn check_alerted(&self, hub: &Hub) -> Result<(), Interrupt> {
        hub.os.refuse_after_a_fork();
        self.die_if_killed();
        if self.nearest_scope().is_some_and(|deadline| deadline.when <= hub.clock.recent()) {
            return Err(self.deliver(hub));
        }
        Ok(())
    }

    #[inline]
    fn die_if_killed(&self) {
        if self.alert.get() && self.killed.get() && self.shields.get() == 0 && !std::thread::panicking() {
            panic::resume_unwind(Box::new(Kill));
        }
    }

    #[inline]
    fn nearest_scope(&self) -> Option<Deadline> {
        if self.alert.get() { self.scopes.nearest() } else { None }
    }

    fn deliver(&self, hub: &Hub) -> Interrupt {
        Interrupt::TimedOut(self.scopes.deliver(hub.clock.last()))
    }

    /// Sets the cause if the task is waiting, be it for its start; the hub then schedules it.
    pub fn accept_wake(&self, cause: Cause) -> bool {
        let waiting = matches!(self.state.get(), State::Waiting | State::New);
        if waiting {
            self.cause.set(cause);
            self.state.set(State::Scheduled);
        }
        waiting
    }

    /// Asks for its end; true if it must be woken for that.
    pub fn mark_killed(&self) -> bool {
        self.killed.set(true);
        self.alert.set(true);
        self.shields.get() == 0
    }

    pub fn is_killed(&self) -> bool {
        self.killed.get()
    }

    /// Runs `body` as the base of a greenlet: a panic or a kill ends here.
    pub fn base<T>(body: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
        panic::catch_unwind(AssertUnwindSafe(body))
    }

    /// Runs what may unwind where nothing may. A panic has been told by the panic hook; a payload whose own destructor
    /// might panic is leaked.
    pub fn swallow(f: impl FnOnce()) {
        if let Err(payload) = Task::base(f) {
            std::mem::forget(payload);
        }
    }

    /// Addresses in the cache lines of its stack that a switch touches: the base, and the frame of its last wait.
    #[inline(always)]
    pub fn stack_lines(&self) -> [usize; 4] {
        let top = self.stack_top.get();
        [self.yielder.get().addr(), top.wrapping_sub(LINE_BYTES), top, top.wrapping_add(LINE_BYTES)]
    }
}

/// What became of a resumed task.
pub(crate) enum Resumed {
    Again,
    Parked,
    Ended(StackSlot),
}
