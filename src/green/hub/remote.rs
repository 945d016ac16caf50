//! Owns what other OS threads may say to a hub: wake this wait, spawn this greenlet.
//!
//! Everything is queued under a lock and told to the poller once; a word said before the hub sleeps is not lost.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::green::greenlet::Builder;
use crate::green::hub::Hub;
use crate::green::hub::inside::{inside, locked};
use crate::green::task::{Cause, Task};

type Job = Box<dyn FnOnce() + Send>;

enum Message {
    Wake(WaitId),
    Spawn(Job),
    Post(Job),
}

/// One wait of one task, told by numbers, so that it can cross threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitId {
    place: u32,
    pub id: u64,
    wait: u64,
}

impl WaitId {
    /// The next wait of `task`.
    pub fn next_of(task: &Task) -> WaitId {
        WaitId { place: task.place.get(), id: task.id, wait: task.wait.get() }
    }
}

pub(crate) struct Remote {
    inbox: Mutex<Inbox>,
    waker: mio::Waker,
    /// Whether the poller has been told and has not looked yet.
    told: AtomicBool,
    /// How many `Handle`s (with their clones, one each) there are.
    handles: AtomicUsize,
}

#[derive(Default)]
struct Inbox {
    messages: VecDeque<Message>,
    refuses_spawns: bool,
    is_closed: bool,
}

impl Remote {
    pub fn new(waker: mio::Waker) -> Remote {
        Remote { inbox: Mutex::default(), waker, told: AtomicBool::new(false), handles: AtomicUsize::new(0) }
    }

    /// Whether another thread holds the means to wake this hub.
    pub fn has_handles(&self) -> bool {
        self.handles.load(Ordering::Acquire) > 0
    }

    /// Wakes a wait from any thread; a wait that is over is left alone. False if the hub has ended.
    pub fn wake(&self, wait: WaitId) -> bool {
        self.send(Message::Wake(wait))
    }

    /// Whether something was said that the hub has not heard yet.
    pub fn has_messages(&self) -> bool {
        self.told.load(Ordering::Acquire)
    }

    /// The hub ends: no spawn is taken any more.
    pub fn refuse_spawns(&self) {
        locked(&self.inbox).refuses_spawns = true;
    }

    /// The hub has ended: nothing is taken any more, and what was said last is dropped.
    pub fn clear(&self) {
        let mut inbox = locked(&self.inbox);
        (inbox.refuses_spawns, inbox.is_closed) = (true, true);
        let unheard = std::mem::take(&mut inbox.messages);
        drop(inbox);
        drop(unheard);
    }

    fn send(&self, message: Message) -> bool {
        let mut inbox = locked(&self.inbox);
        if inbox.is_closed || (inbox.refuses_spawns && !matches!(message, Message::Wake(_))) {
            return false;
        }
        inbox.messages.push_back(message);
        drop(inbox);
        self.tell();
        true
    }

    fn tell(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            // It can only fail when the poller is gone, and then nobody waits.
            let _ = inside(|| self.waker.wake());
        }
    }

    /// Does what was asked for. Runs on the hub's thread.
    pub fn drain(&self, hub: &Hub) {
        if !self.told.swap(false, Ordering::AcqRel) {
            return;
        }
        let messages = std::mem::take(&mut locked(&self.inbox).messages);
        for message in messages {
            match message {
                Message::Wake(wait) => hub.wake_wait(wait),
                Message::Spawn(job) => drop(Builder::new().spawn(job)),
                Message::Post(job) => Task::swallow(job),
            }
        }
    }

    /// The same from wherever the caller is: on the hub's own thread there is nothing to cross.
    pub fn wake_from_here(self: &Arc<Self>, wait: WaitId) -> bool {
        let is_here = Hub::try_with(|hub| {
            let is_own = Arc::ptr_eq(&hub.remote, self);
            if is_own {
                hub.wake_wait(wait);
            }
            is_own
        });
        is_here == Some(true) || self.wake(wait)
    }
}

impl Hub {
    /// Ends one wait of a task of this hub; one that is over is left alone.
    fn wake_wait(&self, wait: WaitId) {
        let task = self.live.borrow().find(wait.place, wait.id);
        if let Some(task) = task.filter(|task| task.wait.get() == wait.wait) {
            self.wake(&task, Cause::Ready);
        }
    }
}

/// A hub, seen from another OS thread: `Send`, cheap to clone. While one is alive the hub waits for it rather than
/// report a deadlock. gevent: `loop.run_callback_threadsafe`.
///
/// ```
/// use gfetch::green;
/// use std::sync::mpsc;
/// green::run(|| {
///     let handle = green::Handle::current();
///     let (answer, question) = mpsc::channel();
///     std::thread::spawn(move || handle.spawn(move || answer.send(green::current().name()).unwrap()));
///     let name = green::offload(move || question.recv().unwrap()).unwrap();
///     assert_eq!(name, "greenlet-1");
/// });
/// ```
#[derive(Clone)]
pub struct Handle {
    pub(crate) remote: Arc<Remote>,
    _alive: Arc<Alive>,
}

/// While one of these lives another thread may wake the hub; the last to go tells the hub, which may be waiting for
/// nothing else.
struct Alive(Arc<Remote>);

impl Handle {
    /// The hub of this thread.
    ///
    /// # Panics
    /// Outside [`run`](crate::green::run).
    #[track_caller]
    pub fn current() -> Handle {
        Hub::with(|hub| {
            hub.remote.handles.fetch_add(1, Ordering::AcqRel);
            Handle { remote: hub.remote.clone(), _alive: Arc::new(Alive(hub.remote.clone())) }
        })
    }

    /// Spawns a greenlet on the hub. False if the hub has ended.
    pub fn spawn(&self, f: impl FnOnce() + Send + 'static) -> bool {
        self.remote.send(Message::Spawn(Box::new(f)))
    }

    /// Has `f` called by the hub's own loop, without a greenlet, after what was posted before. It must not wait: a wait
    /// panics, and a panic ends there. What is posted before the hub sleeps is not lost. False if the hub has ended.
    /// gevent: `loop.run_callback_threadsafe`.
    pub fn post(&self, f: impl FnOnce() + Send + 'static) -> bool {
        self.remote.send(Message::Post(Box::new(f)))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.handles.fetch_sub(1, Ordering::AcqRel);
        self.0.tell();
    }
}
