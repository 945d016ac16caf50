//! Waiting for the ends of greenlets: of one, of all, of the first few, as they come; and killing many.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::iter::FusedIterator;
use std::rc::Rc;

use crate::green::greenlet::Greenlet;
use crate::green::greenlet::any::{AnyGreenlet, Joinable};
use crate::green::greenlet::outcome::GetError;
use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::sync::wakers::Wakers;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::{State, Task, Why};
use crate::green::time::limit::Limit;

/// Waits until all have ended, however they did. gevent: `joinall`.
pub fn join_all<'a, J: Joinable + ?Sized + 'a>(greenlets: impl IntoIterator<Item = &'a J>) -> Result<(), Interrupt> {
    greenlets.into_iter().try_for_each(|greenlet| greenlet.any().join())
}

/// Waits until all have ended, for at most `limit`; those that have, in the order in which they ended. A limit of zero
/// never switches. One that is named twice is there twice. gevent: `joinall(timeout)`.
pub fn join_all_timeout<'a, J: Joinable + ?Sized>(
    greenlets: impl IntoIterator<Item = &'a J>,
    limit: impl Into<Limit>,
) -> Result<Vec<&'a J>, Interrupt> {
    iwait(greenlets).timeout(limit).collect()
}

/// Waits until `count` of them have ended (or all, if they are fewer); those, in the order in which they ended. The
/// others run on. gevent: `joinall(count)`.
pub fn join_any<'a, J: Joinable + ?Sized>(
    greenlets: impl IntoIterator<Item = &'a J>,
    count: usize,
) -> Result<Vec<&'a J>, Interrupt> {
    iwait(greenlets).take(count).collect()
}

/// Waits until all have returned, or the first of them to end otherwise has: that one's error. The others run on. The
/// values stay where they are, for `get`. gevent: `joinall(raise_error=True)`, which takes a kill for a success.
pub fn try_join_all<'a, T: 'a>(greenlets: impl IntoIterator<Item = &'a Greenlet<T>>) -> Result<(), GetError> {
    for ended in iwait(greenlets) {
        let greenlet = ended?;
        if greenlet.outcome().is_some_and(|outcome| !outcome.is_success()) {
            return greenlet.packet.take_result().map(drop);
        }
    }
    Ok(())
}

/// Gives the greenlets as they end: those that have ended first, in the order given, then each at its end. Dropping it
/// leaves nothing behind on those that still run. gevent: `iwait`, of greenlets.
///
/// ```
/// use gfetch::green::{self, ClockKind, Config};
/// use std::time::Duration;
/// Config::new().clock(ClockKind::Virtual).run(|| {
///     let tasks = [3, 1, 2].map(|n| green::spawn(move || green::sleep(Duration::from_secs(n)).map(|()| n).unwrap()));
///     let order: Vec<u64> = green::iwait(&tasks).map(|task| task.unwrap().get().unwrap()).collect();
///     assert_eq!(order, [1, 2, 3]);
/// });
/// ```
pub fn iwait<'a, J: Joinable + ?Sized>(greenlets: impl IntoIterator<Item = &'a J>) -> IWait<'a, J> {
    let ends = Rc::new(Ends::default());
    let waited_for = greenlets.into_iter().map(|greenlet| (greenlet, greenlet.any()));
    let waited_for: Vec<_> = waited_for.collect();
    let links = Hub::with(|hub| {
        let link = |at: usize, task: &Rc<Task>| {
            let ends = ends.clone();
            task.on_end(hub, Box::new(move |hub| ends.come(hub, at)))
        };
        waited_for.iter().enumerate().map(|(at, (_, greenlet))| link(at, &greenlet.0)).collect()
    });
    IWait { left: waited_for.len(), waited_for, links, ends, limit: None, polls: false }
}

/// What [`iwait`] gives. `next` waits; an `Err` means that this wait was interrupted, and the iteration can go on.
pub struct IWait<'a, J: ?Sized> {
    waited_for: Vec<(&'a J, AnyGreenlet)>,
    /// One for each of them.
    links: Vec<u64>,
    ends: Rc<Ends>,
    left: usize,
    limit: Option<Deadline>,
    /// Nothing is waited for.
    polls: bool,
}

/// Whose ends have come and were not told yet.
#[derive(Default)]
struct Ends {
    come: RefCell<VecDeque<usize>>,
    reader: Wakers,
}

impl Ends {
    fn come(&self, hub: &Hub, at: usize) {
        self.come.borrow_mut().push_back(at);
        self.reader.wake_all(hub);
    }
}

impl<J: ?Sized> IWait<'_, J> {
    /// The iteration ends `limit` from now, whoever still runs; zero gives those that have ended, and never switches.
    pub fn timeout(mut self, limit: impl Into<Limit>) -> Self {
        let limit = limit.into();
        self.polls = limit.is_zero();
        self.limit = Hub::with(|hub| limit.deadline(hub));
        self
    }

    /// Waits for the next end; `None` when the limit passes first.
    fn wait(&self, hub: &Hub) -> Result<Option<usize>, Interrupt> {
        loop {
            // Its links are the last that a greenlet does, but not all of it: one of them may wait.
            let next = self.ends.come.borrow().front().copied();
            if self.polls {
                return Ok(next.filter(|&at| self.waited_for[at].1.is_done()));
            }
            let in_time = match next.map(|at| &self.waited_for[at].1.0) {
                Some(task) if task.state.get() == State::Done => return Ok(next),
                Some(task) => task.joiners.wait(hub, Why::Join(task.id), self.limit)?,
                None => self.ends.reader.wait(hub, Why::Results, self.limit)?,
            };
            if !in_time {
                return Ok(None);
            }
        }
    }
}

impl<'a, J: ?Sized> Iterator for IWait<'a, J> {
    type Item = Result<&'a J, Interrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        match Hub::with(|hub| self.wait(hub)).transpose()? {
            Ok(at) => {
                self.ends.come.borrow_mut().pop_front();
                self.left -= 1;
                Some(Ok(self.waited_for[at].0))
            }
            Err(interrupt) => Some(Err(interrupt)),
        }
    }
}

impl<J: ?Sized> FusedIterator for IWait<'_, J> {}

impl<J: ?Sized> Drop for IWait<'_, J> {
    fn drop(&mut self) {
        for ((_, greenlet), &link) in self.waited_for.iter().zip(&self.links) {
            greenlet.0.remove_link(link);
        }
    }
}

/// Kills all and waits for their ends. Those that have not started never run. gevent: `killall`.
pub fn kill_all<'a, J: Joinable + ?Sized + 'a>(greenlets: impl IntoIterator<Item = &'a J>) -> Result<(), Interrupt> {
    let greenlets = ask_to_end(greenlets);
    greenlets.iter().try_for_each(AnyGreenlet::kill)
}

/// Kills all and waits for their ends for at most `limit`. gevent: `killall(timeout)`.
///
/// # Errors
/// Inside: [`Survivors`], if some run on then, as they may while they clean up behind a [`shield`](crate::green::shield()).
pub fn kill_all_timeout<'a, J: Joinable + ?Sized + 'a>(
    greenlets: impl IntoIterator<Item = &'a J>,
    limit: impl Into<Limit>,
) -> Result<Result<(), Survivors>, Interrupt> {
    let greenlets = ask_to_end(greenlets);
    let own = crate::green::current().id();
    let (own, others): (Vec<_>, Vec<_>) = greenlets.into_iter().partition(|greenlet| greenlet.id() == own);
    join_all_timeout(&others, limit)?;
    own.first().map_or(Ok(()), AnyGreenlet::kill)?;
    let names: Vec<_> = others.iter().filter(|greenlet| !greenlet.is_done()).map(AnyGreenlet::name).collect();
    Ok(if names.is_empty() { Ok(()) } else { Err(Survivors { names }) })
}

/// Asks all to end, without waiting for it. gevent: `killall(block=False)`.
pub fn kill_all_nowait<'a, J: Joinable + ?Sized + 'a>(greenlets: impl IntoIterator<Item = &'a J>) {
    ask_to_end(greenlets);
}

fn ask_to_end<'a, J: Joinable + ?Sized + 'a>(greenlets: impl IntoIterator<Item = &'a J>) -> Vec<AnyGreenlet> {
    let greenlets: Vec<_> = greenlets.into_iter().map(Joinable::any).collect();
    greenlets.iter().for_each(AnyGreenlet::kill_nowait);
    greenlets
}

/// Killed greenlets that have not ended in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivors {
    names: Vec<String>,
}

impl Survivors {
    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl fmt::Display for Survivors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} killed greenlets run on: {}", self.names.len(), self.names.join(", "))
    }
}

impl Error for Survivors {}

pub(crate) fn join_task(task: &Rc<Task>, limit: Limit) -> Result<bool, Interrupt> {
    Hub::with(|hub| {
        let current = hub.current();
        current.check(hub)?;
        assert!(!Rc::ptr_eq(&current, task), "a greenlet cannot join itself: it would wait for ever");
        if task.state.get() == State::Done {
            return Ok(true);
        }
        task.joiners.wait(hub, Why::Join(task.id), limit.deadline(hub))
    })
}
