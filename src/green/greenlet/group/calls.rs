//! Calling a function in members of a group or pool: once, or on each item of a sequence.

use std::panic;
use std::rc::Rc;

use super::{Members, Places};
use crate::green::greenlet::any::Joinable;
use crate::green::greenlet::imap::{self, Imap, Order};
use crate::green::greenlet::outcome::GetError;
use crate::green::greenlet::start::{Start, or_panic};
use crate::green::greenlet::{Builder, Greenlet, spawn};
use crate::green::hub::Hub;
use crate::green::inspect::panics::Panic;
use crate::green::task::{Cause, Task, Why, is_kill};

impl<P: Places> Members<P> {
    /// Calls `f` in a member and waits for its value. Called by a member of the same group it runs `f` itself: a full pool
    /// whose members apply on it would wait for ever. gevent: `apply`.
    ///
    /// ```
    /// use gfetch::green::{self, Pool};
    /// green::run(|| {
    ///     let pool = Pool::new(1);
    ///     let inner = pool.clone();
    ///     assert_eq!(pool.apply(move || inner.apply(|| 6).unwrap()).unwrap(), 6);
    /// });
    /// ```
    #[track_caller]
    pub fn apply<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> Result<T, GetError> {
        if !self.contains(&crate::green::current()) {
            return self.spawn_in(self.places.take()?, f).get();
        }
        Task::base(f).map_err(|payload| {
            if is_kill(&*payload) {
                panic::resume_unwind(payload); // ours: this is the greenlet that is killed
            }
            GetError::Panicked(Panic::caught(payload))
        })
    }

    /// Calls `f` in a member, as soon as there is a place. Never waits: where the pool is full, the greenlet that this
    /// gives counts as started, and does not run and is not a member until there is a place. gevent: `apply_async`.
    ///
    /// # Panics
    /// As [`spawn`](fn@crate::green::spawn).
    #[track_caller]
    pub fn apply_async<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
        if let Some(place) = self.places.try_take() {
            return self.spawn_in(place, f);
        }
        let at = panic::Location::caller();
        let called = or_panic(Builder::new().spawn_at(at, Start::Woken(Why::Pool, None), f));
        let (members, waiting) = (self.clone(), called.any());
        spawn(move || match members.places.take() {
            Ok(place) => {
                members.add_in(place, &waiting);
                Hub::with(|hub| hub.wake(&waiting.0, Cause::Ready));
            }
            Err(_) => waiting.kill_nowait(),
        });
        called
    }

    /// Calls `f` on each item in a member of its own, and waits for all: the results in the items' order, or the first
    /// failure in that order (the others run on). gevent: `map`.
    #[track_caller]
    pub fn map<I, T, F>(&self, f: F, items: impl IntoIterator<Item = I>) -> Result<Vec<T>, GetError>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        let f = Rc::new(f);
        let mut members = Vec::new();
        for item in items {
            let f = f.clone();
            members.push(self.spawn_in(self.places.take()?, move || f(item)));
        }
        members.iter().map(Greenlet::get).collect()
    }

    /// As [`map`](Members::map), in a greenlet of its own. Never waits. gevent: `map_async`.
    pub fn map_async<I, T, F>(
        &self,
        f: F,
        items: impl IntoIterator<Item = I> + 'static,
    ) -> Greenlet<Result<Vec<T>, GetError>>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        let members = self.clone();
        spawn(move || members.map(f, items))
    }

    /// Calls `f` on each item in a member of its own; the results come in the items' order, each as soon as it and all
    /// before it are there. A failing item is an `Err` in its place, and the rest goes on. The items are taken as there
    /// are places, so that they may be endless; what is ready and not yet taken out is bounded by
    /// [`Imap::max_outstanding`] only. gevent: `imap`.
    pub fn imap<I, T, F>(&self, f: F, items: impl IntoIterator<Item = I> + 'static) -> Imap<T>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        imap::start(self, Order::Items, f, items)
    }

    /// The same, but the results come as they are ready. gevent: `imap_unordered`.
    pub fn imap_unordered<I, T, F>(&self, f: F, items: impl IntoIterator<Item = I> + 'static) -> Imap<T>
    where
        I: 'static,
        T: 'static,
        F: Fn(I) -> T + 'static,
    {
        imap::start(self, Order::Completion, f, items)
    }
}
