//! What is to happen when a greenlet ends: links.

use std::cell::Cell;
use std::rc::Rc;

use crate::green::greenlet::outcome::{GetError, Outcome, Packet};
use crate::green::greenlet::{Greenlet, spawn};
use crate::green::hub::Hub;
use crate::green::sync::async_result::AsyncResult;
use crate::green::sync::channel::Channel;
use crate::green::sync::queue::{PutError, Queue};

/// One link of one greenlet, for [`Greenlet::unlink`].
#[derive(Clone, Debug)]
pub struct LinkId(Place);

#[derive(Clone, Debug)]
enum Place {
    Listed(u64),
    /// Added after the end: a greenlet of its own calls it, unless this is set before.
    Late(Rc<Cell<bool>>),
}

/// Where [`Greenlet::pipe_to`] may put an outcome: an [`AsyncResult`] of it (or of an `Rc` of it, or with an `Rc` of its
/// error, which can be cloned out again), a [`Queue`] or a [`Channel`] of it.
pub trait PipeEnd<V>: Clone + 'static {
    /// Puts it in. Must not wait.
    fn accept(&self, outcome: V);
}

impl<T: 'static> Greenlet<T> {
    /// Has `f` called with how it ended, as the last that its greenlet does, before those who join it wake; after the end,
    /// in the next turn. Links are called in the order in which they were added, and a panic in one ends there. One that
    /// waits keeps the later ones waiting. gevent: `link`.
    ///
    /// ```
    /// use gfetch::green::{self, Queue};
    /// green::run(|| {
    ///     let (task, said) = (green::spawn(|| 42), Queue::unbounded());
    ///     let into = said.clone();
    ///     task.on_finish(move |outcome| into.put(outcome.is_success()).unwrap());
    ///     let undone = task.on_finish(|_| unreachable!());
    ///     assert!(task.unlink(undone));
    ///     assert_eq!(said.get().unwrap(), Some(true));
    /// });
    /// ```
    pub fn on_finish(&self, f: impl FnOnce(&Outcome<T>) + 'static) -> LinkId {
        self.link(move |packet| {
            if let Some(outcome) = &*packet.0.borrow() {
                f(outcome);
            }
        })
    }

    /// The same, only if it returns, with its value; not if a `get` has that already. gevent: `link_value`.
    pub fn on_ok(&self, f: impl FnOnce(&T) + 'static) -> LinkId {
        self.on_finish(|outcome| {
            if let Outcome::Returned(value) = outcome {
                f(value);
            }
        })
    }

    /// The same, only if it panics or is killed. gevent: `link_exception`, which takes a kill for a success.
    pub fn on_err(&self, f: impl FnOnce(&Outcome<T>) + 'static) -> LinkId {
        self.on_finish(|outcome| {
            if !outcome.is_success() {
                f(outcome);
            }
        })
    }

    /// Has its value, or why there is none, moved into `end`: a later `get` has it no more. gevent: `link(queue.put)`,
    /// `link(async_result)`.
    ///
    /// ```
    /// use gfetch::green::{self, Queue};
    /// green::run(|| {
    ///     let results = Queue::unbounded();
    ///     for n in 1..=3 {
    ///         green::spawn(move || n * n).pipe_to(&results);
    ///     }
    ///     let squares = [(); 3].map(|()| results.get().unwrap().unwrap().unwrap());
    ///     assert_eq!(squares, [1, 4, 9]);
    /// });
    /// ```
    pub fn pipe_to(&self, end: &impl PipeEnd<Result<T, GetError>>) -> LinkId {
        let end = end.clone();
        self.link(move |packet| end.accept(packet.take_result()))
    }

    /// Takes a link back; false if it has been called, or is being called. gevent: `unlink`.
    pub fn unlink(&self, link: LinkId) -> bool {
        match link.0 {
            Place::Listed(number) => self.task.remove_link(number),
            Place::Late(is_over) => !is_over.replace(true),
        }
    }

    fn link(&self, f: impl FnOnce(&Packet<T>) + 'static) -> LinkId {
        let packet = self.packet.clone();
        if self.is_done() {
            let is_over = Rc::new(Cell::new(false));
            let call = is_over.clone();
            spawn(move || if call.replace(true) { drop(f) } else { f(&packet) });
            return LinkId(Place::Late(is_over));
        }
        let link = Box::new(move |_: &Hub| f(&packet));
        LinkId(Place::Listed(Hub::with(|hub| self.task.on_end(hub, link))))
    }
}

impl<V: 'static> PipeEnd<V> for Queue<V> {
    /// Where the queue is full, a greenlet of its own waits for room; a closed queue drops it.
    fn accept(&self, outcome: V) {
        if let Err(PutError::Full(outcome)) = self.try_put(outcome) {
            let queue = self.clone();
            spawn(move || drop(queue.put(outcome)));
        }
    }
}

impl<V: 'static> PipeEnd<V> for Channel<V> {
    /// Where no getter waits, a greenlet of its own waits for one; a closed channel drops it.
    fn accept(&self, outcome: V) {
        if let Err(PutError::Full(outcome)) = self.try_put(outcome) {
            let channel = self.clone();
            spawn(move || drop(channel.put(outcome)));
        }
    }
}

impl<V: 'static> PipeEnd<V> for AsyncResult<V> {
    /// A result that is set already stays as it is.
    fn accept(&self, outcome: V) {
        drop(self.set(outcome));
    }
}

impl<V: 'static> PipeEnd<V> for AsyncResult<Rc<V>> {
    fn accept(&self, outcome: V) {
        drop(self.set(Rc::new(outcome)));
    }
}

/// For [`AsyncResult::get_ok`].
impl<T: 'static> PipeEnd<Result<T, GetError>> for AsyncResult<Result<T, Rc<GetError>>> {
    fn accept(&self, outcome: Result<T, GetError>) {
        drop(self.set(outcome.map_err(Rc::new)));
    }
}
