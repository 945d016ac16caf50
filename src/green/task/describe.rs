//! What a greenlet is called and what it waits for: for reports, dumps and the overflow's message.

use std::panic::Location;
use std::ptr;

use super::{Across, State, Task, Why};
use crate::green::hub::Hub;
use crate::green::inspect::dump::{Wait, label};
use crate::green::task::stack::GUARD_BYTES;

/// Of a longer name the handler says the beginning, of a longer path the end: what is written without allocating is bounded.
const MOST_SAID_BYTES: usize = 300;

/// Where a greenlet comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub at: &'static Location<'static>,
    /// Who spawned it; `None` for the main greenlet and for what other threads spawn.
    pub parent: Option<u64>,
}

impl Task {
    /// Its name: the one it was given, or `greenlet-N`.
    pub fn name(&self) -> String {
        self.name.as_ref().map_or_else(|| format!("greenlet-{}", self.id), |name| name.to_string())
    }

    /// Where it was spawned, and by whom.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// As people read it: `#3 "name"`.
    pub fn label(&self) -> String {
        label(self.id, &self.name())
    }

    /// What it waits for, while it waits; of a lock, who has it now.
    pub fn waits_for(&self, hub: &Hub) -> Option<Wait> {
        let why = Some(self.waiting_for.get()).filter(|_| self.state.get() == State::Waiting)?;
        let held = if let Why::Lock(key) = why { hub.holdings.wait(key) } else { None };
        Some(held.unwrap_or_else(|| why.into()))
    }

    /// How deep its stack reached when it last suspended itself, or reaches now if it runs; `None` before it has run.
    pub fn stack_used_bytes(&self) -> Option<usize> {
        let here = 0_u8;
        let running = self.state.get() == State::Running;
        let top = if running { ptr::from_ref(&here).addr() } else { self.stack_top.get() };
        let base = self.guard.get() + GUARD_BYTES + self.stack_bytes.get();
        base.checked_sub(top).filter(|&used| used <= self.stack_bytes.get())
    }

    /// Whether `address` lies in the guard below its stack.
    pub fn guards(&self, address: usize) -> bool {
        address.checked_sub(self.guard.get()).is_some_and(|offset| offset < GUARD_BYTES)
    }

    /// Whether `address` lies on its stack: a signal handler may run on another.
    pub fn stands_on(&self, address: usize) -> bool {
        let offset = address.wrapping_sub(self.guard.get() + GUARD_BYTES);
        offset < self.stack_bytes.get()
    }

    /// The size of its stack.
    pub fn stack_bytes(&self) -> usize {
        self.stack_bytes.get()
    }

    /// Name and spawn site in pieces, without allocating: for the overflow handler.
    pub fn describe_to(&self, say: &mut dyn FnMut(Part)) {
        match &self.name {
            Some(name) => say(Part::Text(&name[..name.floor_char_boundary(MOST_SAID_BYTES)])),
            None => {
                say(Part::Text("greenlet-"));
                say(Part::Number(self.id));
            }
        }
        say(Part::Text(" (spawned at "));
        let file = self.origin.at.file();
        say(Part::Text(&file[file.ceil_char_boundary(file.len().saturating_sub(MOST_SAID_BYTES))..]));
        say(Part::Text(":"));
        say(Part::Number(u64::from(self.origin.at.line())));
        say(Part::Text(")"));
    }
}

impl Across {
    fn words(self) -> &'static str {
        match self {
            Across::Channel => "for the other side of a channel between threads",
            Across::Semaphore => "for a permit of a semaphore of several threads",
            Across::Lock => "for a lock of several threads",
            Across::Event => "for an event of several threads",
            Across::Future => "for a future",
            Across::Call => "in a call of the C library, for another thread",
        }
    }
}

impl From<Why> for Wait {
    fn from(why: Why) -> Wait {
        match why {
            Why::Sleep => Wait::Sleep,
            Why::Join(id) => Wait::End(id),
            Why::Read(fd) => Wait::Read(fd),
            Why::Write(fd) => Wait::Write(fd),
            Why::Event => Wait::Other("for an event".into()),
            Why::AsyncResult => Wait::Other("for a result to be set".into()),
            Why::QueueGet => Wait::Other("for an item of a queue".into()),
            Why::QueuePut => Wait::Other("for room in a queue".into()),
            Why::Semaphore => Wait::Other("for a permit of a semaphore".into()),
            Why::Group => Wait::Other("for a group to be empty".into()),
            Why::Pool => Wait::Other("for a place in a pool".into()),
            Why::NothingLeft => Wait::Other("until there is nothing left to do".into()),
            Why::Results => Wait::Other("for the next result of a group".into()),
            Why::Mailbox => Wait::Other("for a letter in a mailbox".into()),
            Why::Offload => Wait::Other("for an offloaded call".into()),
            Why::OtherThread(what) => Wait::Other(what.words().into()),
            Why::Future => Wait::Other("for a future that nobody can wake".into()),
            Why::Signal => Wait::Other("for a signal".into()),
            Why::QueueJoin => Wait::Other("for all items of a queue to be done".into()),
            Why::Channel => Wait::Other("for the other side of a channel".into()),
            Why::Select => Wait::Other("in a select".into()),
            Why::Lock(_) => Wait::Lock(None),
            Why::Condition => Wait::Other("for a notification".into()),
            Why::Barrier => Wait::Other("for the others at a barrier".into()),
            Why::Idle => Wait::Other("for the hub to be idle".into()),
            why => Wait::Other(format!("in {why:?}").into()),
        }
    }
}

/// A piece of a description.
pub(crate) enum Part<'a> {
    Text(&'a str),
    Number(u64),
}
