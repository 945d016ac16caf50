//! A greenlet without the type of its value: the running one, a member of a group, one of many that are waited for.

use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use crate::green::greenlet::Greenlet;
use crate::green::greenlet::join::join_task;
use crate::green::hub::Hub;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::{State, Task};
use crate::green::time::limit::Limit;

/// The running greenlet. gevent: `getcurrent`.
///
/// # Panics
/// Outside [`run`](crate::green::run()).
#[track_caller]
pub fn current() -> AnyGreenlet {
    AnyGreenlet(Hub::with(Hub::current))
}

/// A greenlet, whatever it returns. Clones are the same greenlet.
#[derive(Clone)]
pub struct AnyGreenlet(pub(crate) Rc<Task>);

/// What can be joined and killed: a [`Greenlet`] of any type, an [`AnyGreenlet`].
///
/// ```
/// use gfetch::green::{self, Joinable};
/// green::run(|| {
///     let (one, two) = (green::spawn(|| 1), green::spawn(|| "two"));
///     green::join_all::<dyn Joinable>([&one as &dyn Joinable, &two]).unwrap();
///     assert!(one.is_done() && two.is_done());
/// });
/// ```
pub trait Joinable {
    /// The greenlet without its type.
    fn any(&self) -> AnyGreenlet;
}

impl<T> Joinable for Greenlet<T> {
    fn any(&self) -> AnyGreenlet {
        AnyGreenlet(self.task.clone())
    }
}

impl Joinable for AnyGreenlet {
    fn any(&self) -> AnyGreenlet {
        self.clone()
    }
}

impl AnyGreenlet {
    /// Its name: the one given, or `greenlet-N`.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Its number on this hub.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// As [`Greenlet::minimal_ident`].
    pub fn minimal_ident(&self) -> u32 {
        self.0.place.get()
    }

    /// Where it was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.0.origin().at
    }

    /// Where it is in its life.
    pub fn state(&self) -> State {
        self.0.state.get()
    }

    /// Whether it has ended.
    pub fn is_done(&self) -> bool {
        self.state() == State::Done
    }

    /// As [`Greenlet::join`].
    ///
    /// # Panics
    /// When a greenlet joins itself.
    pub fn join(&self) -> Result<(), Interrupt> {
        join_task(&self.0, Limit::NEVER).map(drop)
    }

    /// As [`Greenlet::join_timeout`].
    pub fn join_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        join_task(&self.0, limit.into())
    }

    /// As [`Greenlet::kill`].
    pub fn kill(&self) -> Result<(), Interrupt> {
        self.kill_for(Limit::NEVER).map(drop)
    }

    /// As [`Greenlet::kill_timeout`].
    pub fn kill_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        self.kill_for(limit.into())
    }

    /// As [`Greenlet::kill_nowait`].
    pub fn kill_nowait(&self) {
        Hub::try_with(|hub| hub.kill(&self.0));
    }

    fn kill_for(&self, limit: Limit) -> Result<bool, Interrupt> {
        self.kill_nowait();
        let is_self = Hub::with(|hub| Rc::ptr_eq(&hub.current(), &self.0));
        if is_self { crate::green::yield_now().map(|()| false) } else { join_task(&self.0, limit) }
    }
}

impl fmt::Debug for AnyGreenlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} {:?}>", self.name(), self.state())
    }
}
