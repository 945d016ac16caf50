//! A set of greenlets, joined and killed together; with or without a bound on how many there are.

mod calls;
mod places;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::green::greenlet::any::{AnyGreenlet, Joinable};
use crate::green::greenlet::join::{join_task, kill_all_nowait};
use crate::green::greenlet::{Greenlet, spawn};
use crate::green::hub::Hub;
use crate::green::sync::wakers::Wakers;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::{State, Task, Why};
use crate::green::time::limit::Limit;

pub(in crate::green) use places::Take;
pub use places::{Limited, Places, Unlimited};

/// Greenlets that belong together; each leaves when it ends. Clones are the same group. gevent: `Group`.
///
/// ```
/// use gfetch::green::{self, Group};
/// use std::time::Duration;
/// green::run(|| {
///     let group = Group::new();
///     let slow_first = group.imap_unordered(|n: u64| { green::sleep(Duration::from_millis(3 - n)).unwrap(); n }, 0..3);
///     assert_eq!(slow_first.map(Result::unwrap).collect::<Vec<_>>(), [2, 1, 0]);
///     let in_order = group.imap(|n: u64| { green::sleep(Duration::from_millis(3 - n)).unwrap(); n }, 0..3);
///     assert_eq!(in_order.map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2]);
/// });
/// ```
pub type Group = Members<Unlimited>;

/// What [`Group`] and [`Pool`](crate::green::Pool) have in common: greenlets that belong together, each in a place of `P`'s.
pub struct Members<P: Places> {
    shared: Rc<Shared<P::Place>>,
    pub(in crate::green) places: P,
}

/// The members, with what each holds while it is one.
struct Shared<H> {
    members: RefCell<HashMap<u64, Member<H>, foldhash::fast::RandomState>>,
    empty: Wakers,
}

struct Member<H> {
    task: Rc<Task>,
    /// The link by which it leaves.
    link: u64,
    _place: H,
}

impl<P: Places> Clone for Members<P> {
    fn clone(&self) -> Self {
        Members { shared: self.shared.clone(), places: self.places.clone() }
    }
}

impl Default for Group {
    fn default() -> Group {
        Group::new()
    }
}

impl Group {
    /// An empty group.
    pub fn new() -> Group {
        Members::with_places(Unlimited)
    }

    /// Spawns a member.
    #[track_caller]
    pub fn spawn<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
        self.spawn_in((), f)
    }

    /// Takes in a greenlet that was made elsewhere; one that has ended is not taken, and a member stays one.
    pub fn add(&self, greenlet: &impl Joinable) {
        self.add_in((), &greenlet.any());
    }

    /// Takes in a greenlet that was only made ([`Greenlet::new`]), and starts it. gevent: `Group.start`.
    pub fn start<T>(&self, greenlet: &Greenlet<T>) {
        self.add(greenlet);
        greenlet.start();
    }
}

impl<P: Places> Members<P> {
    pub(in crate::green) fn with_places(places: P) -> Members<P> {
        Members { shared: Rc::new(Shared { members: RefCell::default(), empty: Wakers::default() }), places }
    }

    #[track_caller]
    pub(in crate::green) fn spawn_in<T: 'static>(
        &self,
        place: P::Place,
        f: impl FnOnce() -> T + 'static,
    ) -> Greenlet<T> {
        let greenlet = spawn(f);
        self.add_in(place, &greenlet.any());
        greenlet
    }

    pub(in crate::green) fn add_in(&self, place: P::Place, greenlet: &AnyGreenlet) {
        let task = &greenlet.0;
        if task.state.get() == State::Done || self.contains(greenlet) {
            return;
        }
        let (shared, id) = (self.shared.clone(), task.id);
        let leave = move |hub: &Hub| drop(shared.leave(hub, id));
        let link = Hub::with(|hub| task.on_end(hub, Box::new(leave)));
        let member = Member { task: task.clone(), link, _place: place };
        self.shared.members.borrow_mut().insert(id, member);
    }

    /// Lets a member go on its own: it runs on, and its place is free.
    pub fn discard(&self, greenlet: &impl Joinable) {
        let left = Hub::with(|hub| self.shared.leave(hub, greenlet.any().id()));
        if let Some((task, link)) = left {
            task.remove_link(link);
        }
    }

    /// Whether it is a member now. gevent: `in`.
    pub fn contains(&self, greenlet: &impl Joinable) -> bool {
        self.shared.members.borrow().contains_key(&greenlet.any().id())
    }

    /// The members now, the oldest first. gevent: `iter`.
    pub fn members(&self) -> Vec<AnyGreenlet> {
        let members = self.shared.members.borrow();
        let mut all: Vec<_> = members.values().map(|member| AnyGreenlet(member.task.clone())).collect();
        all.sort_unstable_by_key(AnyGreenlet::id);
        all
    }

    /// Members now.
    pub fn len(&self) -> usize {
        self.shared.members.borrow().len()
    }

    /// Whether it has no members now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until it is empty, also of members that come meanwhile; does not switch where it is. How they ended is not
    /// told: that is [`try_join_all`](crate::green::try_join_all)'s part.
    pub fn join(&self) -> Result<(), Interrupt> {
        self.join_for(Limit::NEVER).map(drop)
    }

    /// The same for at most `limit`; false if it is not empty then.
    pub fn join_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        self.join_for(limit.into())
    }

    /// Kills all members, also those that come meanwhile, and waits until it is empty.
    pub fn kill(&self) -> Result<(), Interrupt> {
        while let Some(member) = self.kill_present() {
            join_task(&member, Limit::NEVER)?;
        }
        Ok(())
    }

    /// The same for at most `limit`; false if it is not empty then, as when members clean up behind a
    /// [`shield`](crate::green::shield()).
    pub fn kill_timeout(&self, limit: impl Into<Limit>) -> Result<bool, Interrupt> {
        let limit = limit.into().fixed();
        while let Some(member) = self.kill_present() {
            if !join_task(&member, limit)? {
                break;
            }
        }
        Ok(self.is_empty())
    }

    /// Asks all present members to end.
    pub fn kill_nowait(&self) {
        kill_all_nowait(&self.members());
    }

    /// Kills one member and waits for its end; a greenlet that is none is left alone. gevent: `killone`.
    pub fn kill_one(&self, greenlet: &impl Joinable) -> Result<(), Interrupt> {
        if self.contains(greenlet) { greenlet.any().kill() } else { Ok(()) }
    }

    fn kill_present(&self) -> Option<Rc<Task>> {
        self.kill_nowait();
        self.shared.members.borrow().values().next().map(|member| member.task.clone())
    }

    fn join_for(&self, limit: Limit) -> Result<bool, Interrupt> {
        Hub::with(|hub| {
            hub.current().check(hub)?;
            let limit = limit.deadline(hub);
            // Somebody may have come between the wake and our turn.
            while !self.is_empty() {
                if !self.shared.empty.wait(hub, Why::Group, limit)? {
                    return Ok(self.is_empty());
                }
            }
            Ok(true)
        })
    }
}

impl<H> Shared<H> {
    /// Gives the place back after the member is out, so that who is waked by that finds things as they are.
    fn leave(&self, hub: &Hub, id: u64) -> Option<(Rc<Task>, u64)> {
        let member = self.members.borrow_mut().remove(&id)?;
        if self.members.borrow().is_empty() {
            self.empty.wake_all(hub);
        }
        Some((member.task, member.link))
    }
}
