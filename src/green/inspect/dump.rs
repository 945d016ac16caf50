//! Every living greenlet as data: what it is called, what it waits for and whom, where it comes from, how deep its stack is.

mod graph;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::RawFd;
use std::panic::Location;
use std::time::Duration;

use crate::green::hub::Hub;
use crate::green::task::{State, Task};
use graph::Graph;

/// What a greenlet waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// Time to pass.
    Sleep,
    /// The end of the greenlet with this id.
    End(u64),
    /// This descriptor to be readable.
    Read(RawFd),
    /// This descriptor to be writable.
    Write(RawFd),
    /// A lock: the id of who has it, where a greenlet of this hub has it. Of an [`RwLock`](crate::green::RwLock) that is who has the
    /// turn to write, though it may still wait for readers itself.
    Lock(Option<u64>),
    /// The readers of an [`RwLock`](crate::green::RwLock) to leave.
    Readers {
        /// The ids of some of them.
        known: Vec<u64>,
        /// How many there are besides.
        others: usize,
    },
    /// Something else, in words that go after "waits".
    Other(Cow<'static, str>),
}

impl Wait {
    /// In words that go after "waits", with greenlets called as `call` does.
    fn told(&self, call: impl Fn(u64) -> String) -> String {
        match self {
            Wait::Sleep => "for time to pass".to_owned(),
            Wait::End(id) => format!("for the end of {}", call(*id)),
            Wait::Read(fd) => format!("to read descriptor {fd}"),
            Wait::Write(fd) => format!("to write descriptor {fd}"),
            Wait::Lock(Some(id)) => format!("for a lock held by {}", call(*id)),
            Wait::Lock(None) => "for a lock held by no greenlet of this hub".to_owned(),
            Wait::Readers { known, others } => {
                let mut readers: Vec<String> = known.iter().map(|id| call(*id)).collect();
                readers.extend((*others > 0).then(|| format!("{others} more")));
                format!("for a lock read by {}", readers.join(", "))
            }
            Wait::Other(what) => what.to_string(),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(|id| format!("greenlet {id}")))
    }
}

/// A greenlet as people read it: `#3 "name"`.
pub(crate) fn label(id: u64, name: &str) -> String {
    format!("#{id} {name:?}")
}

/// One living greenlet, as it was when [`dump_tasks`] was called.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its number on this hub; 0 is the main greenlet.
    pub id: u64,
    /// The name it was given, or `greenlet-N`.
    pub name: String,
    /// Where it is in its life.
    pub state: State,
    /// Whether it has been killed and has not ended yet.
    pub is_killed: bool,
    /// What it waits for, where it waits.
    pub waits_for: Option<Wait>,
    /// How long it has waited, where [`Config::track`](crate::green::Config::track) is on.
    pub waited: Option<Duration>,
    /// In how long its wait ends by itself: its own limit, or the nearest [`timeout`](crate::green::timeout) around it.
    pub ends_in: Option<Duration>,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// The id of who spawned it, which may have ended; `None` for the main greenlet and for what other threads spawned.
    pub parent: Option<u64>,
    /// The size of its stack.
    pub stack_bytes: usize,
    /// How deep its stack reached when it last waited (now, for the one that runs); `None` before its start.
    pub stack_used_bytes: Option<usize>,
}

impl TaskInfo {
    fn of(hub: &Hub, task: &Task) -> TaskInfo {
        let now = hub.clock.now();
        let deadline = task.deadline.get().filter(|_| task.state.get() == State::Waiting);
        TaskInfo {
            id: task.id,
            name: task.name(),
            state: task.state.get(),
            is_killed: task.is_killed(),
            waits_for: task.waits_for(hub),
            waited: hub.diagnosis.waiting_since(task).map(|since| now.saturating_duration_since(since)),
            ends_in: deadline.map(|deadline| deadline.when.saturating_duration_since(now)),
            spawned_at: task.origin().at,
            parent: task.origin().parent,
            stack_bytes: task.stack_bytes(),
            stack_used_bytes: task.stack_used_bytes(),
        }
    }
}

/// The living greenlets of a hub, the oldest first. Its `Display` is a line for each.
#[derive(Clone, Debug)]
pub struct TaskDump {
    /// One entry a greenlet.
    pub tasks: Vec<TaskInfo>,
}

/// Every living greenlet of this hub. Never switches. gevent: `gevent.util.print_run_info`, as data.
///
/// # Panics
/// Outside [`run`](crate::green::run()).
///
/// ```
/// use gfetch::green::{self, Builder, Event};
/// green::run(|| {
///     let event = Event::new();
///     let waiting = event.clone();
///     let worker = Builder::new().name("worker").spawn(move || waiting.wait()).unwrap();
///     green::yield_now().unwrap();
///     let text = green::dump_tasks().to_string();
///     assert!(text.contains("worker") && text.contains("waits for an event"), "{text}");
///     event.set();
///     worker.join().unwrap();
/// });
/// ```
#[track_caller]
pub fn dump_tasks() -> TaskDump {
    Hub::with(TaskDump::of)
}

/// Kills the greenlet with this id, without waiting for its end; false if none with this id lives. For consoles: who holds
/// the handle has [`Greenlet::kill`](crate::green::Greenlet::kill). gevent: `gevent.kill`.
///
/// # Panics
/// Outside [`run`](crate::green::run()).
#[track_caller]
pub fn kill_by_id(id: u64) -> bool {
    Hub::with(|hub| {
        let task = hub.live.borrow().all().into_iter().find(|task| task.id == id);
        task.inspect(|task| hub.kill(task)).is_some()
    })
}

impl TaskDump {
    pub(crate) fn of(hub: &Hub) -> TaskDump {
        let all = hub.live.borrow().all();
        TaskDump { tasks: all.iter().map(|task| TaskInfo::of(hub, task)).collect() }
    }

    /// The same greenlets by who spawned whom; those whose spawner has ended stand at the left. gevent: `GreenletTree`.
    pub fn tree(&self) -> TaskTree<'_> {
        TaskTree(self)
    }

    /// One line a greenlet: id, name, spawn site, what it waits for and whom.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let graph = Graph::of(self);
        self.tasks.iter().map(move |task| format!("{} {}", label(task.id, &task.name), line(task, &graph)))
    }

    /// Circles of greenlets each of which waits for the next, for its end or for a lock that it has: their names, each circle
    /// once, from its oldest. One that waits for a lock it has itself is a circle of one.
    pub fn cycles(&self) -> Vec<Vec<String>> {
        let graph = Graph::of(self);
        graph.cycles().iter().map(|cycle| cycle.iter().map(|task| task.name.clone()).collect()).collect()
    }

    /// The same in sentences, with what each waits for and where it was spawned.
    pub(crate) fn told_cycles(&self) -> Vec<String> {
        let graph = Graph::of(self);
        graph.cycles().iter().map(|cycle| graph.tell(cycle)).collect()
    }
}

/// All of a line but its beginning.
fn line(task: &TaskInfo, graph: &Graph<'_>) -> String {
    let mut line = format!("{} ", spawned(task));
    line += &match (&task.waits_for, task.state) {
        (Some(wait), _) => format!("waits {}", wait.told(|id| graph.call_from(task, id))),
        (None, State::Running) => "runs".to_owned(),
        (None, State::Scheduled) => "is ready to run".to_owned(),
        (None, _) => "has ended".to_owned(),
    };
    if let Some(waited) = task.waited {
        line += &format!(", for {waited:?} now");
    }
    if let Some(ends_in) = task.ends_in {
        line += &format!(", for {ends_in:?} more at most");
    }
    if task.is_killed {
        line += ", killed";
    }
    line
}

fn spawned(task: &TaskInfo) -> String {
    format!("(spawned at {}:{})", task.spawned_at.file(), task.spawned_at.line())
}

impl fmt::Display for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = Graph::of(self);
        for task in &self.tasks {
            let (name, line) = (&task.name, line(task, &graph));
            let kib = |bytes: usize| bytes.div_ceil(1024);
            let used = task.stack_used_bytes.map_or_else(|| "-".to_owned(), |used| kib(used).to_string());
            writeln!(f, "{:>6}  {name} {line}  [stack {used} of {} KiB]", task.id, kib(task.stack_bytes))?;
        }
        Ok(())
    }
}

/// A [`TaskDump`] by who spawned whom: made by [`TaskDump::tree`], to be displayed.
pub struct TaskTree<'a>(&'a TaskDump);

impl fmt::Display for TaskTree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: BTreeMap<u64, String> = self.0.tasks.iter().map(|task| task.id).zip(self.0.lines()).collect();
        let mut children: BTreeMap<Option<u64>, Vec<u64>> = BTreeMap::new();
        for task in &self.0.tasks {
            let parent = task.parent.filter(|parent| lines.contains_key(parent));
            children.entry(parent).or_default().push(task.id);
        }
        // A stack of its own: the tree may be as deep as there are greenlets.
        let mut left: Vec<(u64, usize)> = children.get(&None).into_iter().flatten().rev().map(|id| (*id, 0)).collect();
        while let Some((id, depth)) = left.pop() {
            writeln!(f, "{:width$}{}", "", lines[&id], width = depth * 2)?;
            left.extend(children.get(&Some(id)).into_iter().flatten().rev().map(|id| (*id, depth + 1)));
        }
        Ok(())
    }
}
