//! A channel whose ends live on any threads: bounded, unbounded or a rendezvous; first come, first served.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::ticket::{Ticket, check};
use crate::green::hub::inside::locked;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::{Across, Why};
use crate::green::time::limit::Limit;

/// A channel that holds at most `most` items; with 0 a sender waits until its item is taken. Both ends are `Send` and
/// `Clone`. An item handed to a receiver that is killed before it runs goes to the next one.
///
/// ```
/// use gfetch::green::{self, threads};
/// let (sender, receiver) = threads::bounded(2);
/// let other = std::thread::spawn(move || green::run(|| (1..=5).for_each(|n| sender.send(n).unwrap())));
/// let sum = green::run(|| {
///     let mut sum = 0;
///     while let Some(n) = receiver.recv().unwrap() {
///         sum += n;
///     }
///     sum
/// });
/// other.join().unwrap();
/// assert_eq!(sum, 15);
/// ```
pub fn bounded<T: Send>(most: usize) -> (Sender<T>, Receiver<T>) {
    let state = State {
        items: VecDeque::new(),
        most,
        accepted: 0,
        getters: VecDeque::new(),
        putters: VecDeque::new(),
        senders: 1,
        receivers: 1,
    };
    let shared = Arc::new(Mutex::new(state));
    (Sender { shared: shared.clone() }, Receiver { shared })
}

/// The same without a bound: a send never waits.
pub fn unbounded<T: Send>() -> (Sender<T>, Receiver<T>) {
    bounded(usize::MAX)
}

/// Items with their place in the order, so that what killed receivers give back comes to stand where it was.
type Numbered<T> = (u64, T);

struct State<T> {
    items: VecDeque<Numbered<T>>,
    most: usize,
    accepted: u64,
    getters: VecDeque<Arc<Place<Numbered<T>>>>,
    putters: VecDeque<Arc<Place<T>>>,
    senders: usize,
    receivers: usize,
}

/// Somebody who waits; its slot is only touched under the channel's lock.
struct Place<T> {
    ticket: Arc<Ticket>,
    slot: Mutex<Option<T>>,
}

impl<T> Place<T> {
    fn new(thing: Option<T>) -> Arc<Place<T>> {
        Arc::new(Place { ticket: Ticket::new(), slot: Mutex::new(thing) })
    }

    fn take(&self) -> Option<T> {
        locked(&self.slot).take()
    }
}

impl<T> State<T> {
    fn number(&mut self, item: T) -> Numbered<T> {
        self.accepted += 1;
        (self.accepted, item)
    }

    /// To the receiver that has waited longest, or into the store at its place.
    fn store(&mut self, item: Numbered<T>) {
        match self.getters.pop_front() {
            Some(getter) => {
                *locked(&getter.slot) = Some(item);
                getter.ticket.serve();
            }
            None => {
                let place = self.items.iter().rposition(|earlier| earlier.0 < item.0).map_or(0, |last| last + 1);
                self.items.insert(place, item);
            }
        }
    }

    /// The next item, if there is one; room goes to the sender that has waited longest.
    fn next(&mut self) -> Option<Numbered<T>> {
        let item = self.items.pop_front();
        let waiting = self.putters.pop_front().and_then(|putter| {
            let item = putter.take();
            putter.ticket.serve();
            item
        });
        let waiting = waiting.map(|waiting| self.number(waiting));
        if item.is_some() {
            self.items.extend(waiting);
            return item;
        }
        waiting
    }
}

/// Why an item was not sent; it is given back.
#[derive(Debug)]
pub enum SendError<T> {
    /// No receiver is left.
    Closed(T),
    /// No room, and the call may not wait (any longer).
    Full(T),
    /// The wait for room was interrupted.
    Interrupted(Interrupt, T),
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed(_) => f.write_str("the channel has no receiver any more"),
            SendError::Full(_) => f.write_str("the channel is full"),
            SendError::Interrupted(interrupt, _) => interrupt.fmt(f),
        }
    }
}

impl<T: fmt::Debug> Error for SendError<T> {}

/// The end that puts in.
pub struct Sender<T: Send> {
    shared: Arc<Mutex<State<T>>>,
}

impl<T: Send> Sender<T> {
    /// Sends an item, waiting for room.
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.send_for(Limit::NEVER, item)
    }

    /// The same for at most `limit`.
    pub fn send_timeout(&self, item: T, limit: impl Into<Limit>) -> Result<(), SendError<T>> {
        self.send_for(limit.into(), item)
    }

    /// Sends an item if there is room. Never switches.
    pub fn try_send(&self, item: T) -> Result<(), SendError<T>> {
        let mut state = locked(&self.shared);
        if state.receivers == 0 {
            return Err(SendError::Closed(item));
        }
        if state.getters.is_empty() && state.items.len() >= state.most {
            return Err(SendError::Full(item));
        }
        let item = state.number(item);
        state.store(item);
        Ok(())
    }

    fn send_for(&self, limit: Limit, item: T) -> Result<(), SendError<T>> {
        if let Err(interrupt) = check() {
            return Err(SendError::Interrupted(interrupt, item));
        }
        let place = {
            let mut state = locked(&self.shared);
            if state.receivers > 0 && state.getters.is_empty() && state.items.len() >= state.most {
                let place = Place::new(Some(item));
                state.putters.push_back(place.clone());
                place
            } else {
                drop(state);
                return self.try_send_or_wait(limit, item);
            }
        };
        let leave = LeavePutters { shared: &self.shared, place: &place };
        let waited = place.ticket.wait(Why::OtherThread(Across::Channel), limit);
        drop(leave);
        match (place.take(), waited) {
            (None, _) => Ok(()),
            (Some(item), Ok(true)) => Err(SendError::Closed(item)),
            (Some(item), Ok(false)) => Err(SendError::Full(item)),
            (Some(item), Err(interrupt)) => Err(SendError::Interrupted(interrupt, item)),
        }
    }

    /// The room was there a moment ago; another thread may have taken it since.
    fn try_send_or_wait(&self, limit: Limit, item: T) -> Result<(), SendError<T>> {
        match self.try_send(item) {
            Err(SendError::Full(item)) => self.send_for(limit, item),
            done => done,
        }
    }
}

struct LeavePutters<'a, T: Send> {
    shared: &'a Mutex<State<T>>,
    place: &'a Arc<Place<T>>,
}

impl<T: Send> Drop for LeavePutters<'_, T> {
    fn drop(&mut self) {
        locked(self.shared).putters.retain(|other| !Arc::ptr_eq(other, self.place));
    }
}

impl<T: Send> Clone for Sender<T> {
    fn clone(&self) -> Self {
        locked(&self.shared).senders += 1;
        Sender { shared: self.shared.clone() }
    }
}

impl<T: Send> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = locked(&self.shared);
        state.senders -= 1;
        if state.senders == 0 {
            state.getters.drain(..).for_each(|getter| getter.ticket.serve());
        }
    }
}

/// `limit` passed before an item came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvTimeoutError;

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing came in time")
    }
}

impl Error for RecvTimeoutError {}

/// The end that takes out.
pub struct Receiver<T: Send> {
    shared: Arc<Mutex<State<T>>>,
}

impl<T: Send> Receiver<T> {
    /// The next item, waiting for one; `None` when no sender is left and nothing is in it.
    pub fn recv(&self) -> Result<Option<T>, Interrupt> {
        Ok(self.recv_for(Limit::NEVER)?.expect("without a limit it waits until it knows"))
    }

    /// The same for at most `limit`.
    pub fn recv_timeout(&self, limit: impl Into<Limit>) -> Result<Result<Option<T>, RecvTimeoutError>, Interrupt> {
        self.recv_for(limit.into())
    }

    /// The next item, if there is one now. Never switches.
    pub fn try_recv(&self) -> Option<T> {
        locked(&self.shared).next().map(|item| item.1)
    }

    fn recv_for(&self, limit: Limit) -> Result<Result<Option<T>, RecvTimeoutError>, Interrupt> {
        check()?;
        let place = {
            let mut state = locked(&self.shared);
            let item = state.next();
            if item.is_some() || state.senders == 0 {
                return Ok(Ok(item.map(|item| item.1)));
            }
            let place = Place::new(None);
            state.getters.push_back(place.clone());
            place
        };
        let leave = LeaveGetters { shared: &self.shared, place: &place };
        let waited = place.ticket.wait(Why::OtherThread(Across::Channel), limit);
        let item = leave.take();
        match (item, waited?) {
            (Some(item), _) => Ok(Ok(Some(item))),
            (None, true) => Ok(Ok(None)),
            (None, false) => Ok(Err(RecvTimeoutError)),
        }
    }
}

/// Leaves the line; when a kill unwinds the wait, what was handed over meanwhile goes to the next one.
struct LeaveGetters<'a, T: Send> {
    shared: &'a Mutex<State<T>>,
    place: &'a Arc<Place<Numbered<T>>>,
}

impl<T: Send> LeaveGetters<'_, T> {
    fn take(&self) -> Option<T> {
        let mut state = locked(self.shared);
        state.getters.retain(|other| !Arc::ptr_eq(other, self.place));
        self.place.take().map(|item| item.1)
    }
}

impl<T: Send> Drop for LeaveGetters<'_, T> {
    fn drop(&mut self) {
        let mut state = locked(self.shared);
        state.getters.retain(|other| !Arc::ptr_eq(other, self.place));
        if let Some(item) = self.place.take() {
            state.store(item);
        }
    }
}

impl<T: Send> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        locked(&self.shared).receivers += 1;
        Receiver { shared: self.shared.clone() }
    }
}

impl<T: Send> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = locked(&self.shared);
        state.receivers -= 1;
        if state.receivers == 0 {
            state.putters.drain(..).for_each(|putter| putter.ticket.serve());
            let unread = std::mem::take(&mut state.items);
            drop(state);
            drop(unread);
        }
    }
}
