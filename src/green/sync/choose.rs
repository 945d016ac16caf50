//! Waiting for the first of several channels and queues.

use std::error::Error;
use std::fmt;

use crate::green::hub::Hub;
use crate::green::sync::channel::Channel;
use crate::green::sync::queue::{Nothing, Promise, Receive};
use crate::green::sync::wait::{End, Place};
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// Waits until one of its arms can be had, and runs that one; the value is `Ok` of what the arm gives, or the `Err` of an
/// interrupted wait.
///
/// - `item = recv(channel) => …`: `channel` is a [`Channel`] or a queue, `item` as of its `get`: `None` when it is closed.
/// - `sent = send(channel, &mut slot) => …`: offers what is in `slot: Option<T>`; an empty slot's arm is never chosen. Only
///   if this arm is chosen is the slot empty afterwards; `sent` is an error when the channel is closed.
/// - `timeout(limit) => …`, last: chosen when nothing else was for that long (anything that a [`Limit`] is made of).
/// - `default => …`, last: chosen when nothing can be had at once. Then nothing switches.
///
/// Of several that can be had at once the one written first is chosen: put first what must not be starved. Else it is the
/// one that happens first. The arms that are not chosen have neither taken nor given anything. gevent has none such; Go's
/// `select`, whose choice is at random: here runs are to repeat.
///
/// ```
/// use gfetch::green::{self, Channel, Queue};
/// use std::time::Duration;
/// green::run(|| {
///     let (words, numbers) = (Channel::new(), Queue::unbounded());
///     numbers.put(7).unwrap();
///     let mut slot = Some("hello");
///     let seen = green::select! {
///         sent = send(words, &mut slot) => format!("{sent:?}"),
///         number = recv(numbers) => format!("{number:?}"),
///         timeout(Duration::from_secs(1)) => "nothing".to_owned(),
///     };
///     assert_eq!(seen.unwrap(), "Some(7)");
///     assert_eq!(slot, Some("hello"));
/// });
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __select {
    (@arms [$($arms:tt)*] timeout($limit:expr) => $body:expr $(,)?) => {
        $crate::__select!(@run [$($arms)*] ::std::option::Option::Some($limit.into()), $body)
    };
    (@arms [$($arms:tt)*] default => $body:expr $(,)?) => {
        $crate::__select!(@run [$($arms)*] ::std::option::Option::None, $body)
    };
    (@arms [$($arms:tt)*]) => {
        $crate::__select!(@run [$($arms)*] ::std::option::Option::Some($crate::green::Limit::NEVER),
            $crate::green::unchosen())
    };
    (@arms [$($arms:tt)*] $item:pat = recv($from:expr) => $body:expr $(, $($rest:tt)*)?) => {
        $crate::__select!(@arms [$($arms)* (arm, $from.recv_arm(), $item, $body)] $($($rest)*)?)
    };
    (@arms [$($arms:tt)*] $sent:pat = send($to:expr, $slot:expr) => $body:expr $(, $($rest:tt)*)?) => {
        $crate::__select!(@arms [$($arms)* (arm, $to.send_arm($slot), $sent, $body)] $($($rest)*)?)
    };
    (@run [$(($arm:ident, $make:expr, $value:pat, $body:expr))*] $wait:expr, $otherwise:expr) => {{
        $(let mut $arm = $make;)*
        let chosen = $crate::green::select_arms(&mut [$(&mut $arm),*], $wait);
        $(let $arm = $arm.finish();)*
        match chosen {
            ::std::result::Result::Ok(true) => $(
                if let ::std::option::Option::Some(value) = $arm {
                    let $value = value;
                    ::std::result::Result::Ok($body)
                } else
            )* {
                $crate::green::unchosen()
            }
            ::std::result::Result::Ok(false) => ::std::result::Result::Ok($otherwise),
            ::std::result::Result::Err(interrupt) => ::std::result::Result::Err(interrupt),
        }
    }};
    ($($arms:tt)+) => { $crate::__select!(@arms [] $($arms)+) };
}

#[doc(inline)]
pub use crate::__select as select;

/// A send arm's channel is closed; what was to be sent is still in its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelClosed;

impl fmt::Display for ChannelClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed")
    }
}

impl Error for ChannelClosed {}

/// One thing that a [`select!`] waits for.
pub trait Arm {
    /// Has it now, if it can be had.
    fn try_now(&mut self) -> bool;
    /// Takes a place for the wait that follows.
    fn enlist(&mut self);
    /// After the wait: leaves the place; true if the wait was ended by this arm, which has what it wanted.
    fn settle(&mut self) -> bool;
}

/// Called by [`select!`]: true when an arm is chosen; false when `wait` passed, or when there is none and nothing is there.
pub fn select_arms(arms: &mut [&mut dyn Arm], wait: Option<Limit>) -> Result<bool, Interrupt> {
    Hub::with(|hub| {
        let task = hub.current();
        task.check(hub)?;
        let limit = wait.and_then(|limit| limit.deadline(hub));
        loop {
            if arms.iter_mut().any(|arm| arm.try_now()) {
                return Ok(true);
            }
            if wait.is_none() {
                return Ok(false);
            }
            arms.iter_mut().for_each(|arm| arm.enlist());
            let waited = task.park(hub, Why::Select, limit);
            // All of them: each leaves its place.
            if arms.iter_mut().filter_map(|arm| arm.settle().then_some(())).count() > 0 {
                return Ok(true);
            }
            if waited? == crate::green::task::waker::Woken::Expired {
                return Ok(false);
            }
        }
    })
}

/// Called by [`select!`] where nothing can come.
pub fn unchosen<T>() -> T {
    unreachable!("a select without a time-out ends with one of its arms")
}

/// Made by [`select!`] for `recv`.
pub struct RecvArm<'a, T> {
    from: &'a (dyn Receive<T> + 'a),
    place: Option<Place<'a, ()>>,
    end: End,
    got: Option<Option<T>>,
}

impl<'a, T> RecvArm<'a, T> {
    pub(in crate::green) fn new(from: &'a (dyn Receive<T> + 'a)) -> RecvArm<'a, T> {
        RecvArm { from, place: None, end: End::Back, got: None }
    }

    /// What it got, if it was chosen.
    pub fn finish(mut self) -> Option<Option<T>> {
        self.got.take()
    }

    /// Leaves the place; what it was promised while it waited.
    fn leave(&mut self) -> Option<Promise<'a>> {
        let promised = self.place.take()?.take();
        promised.map(|()| Promise::of(self.from))
    }
}

impl<T> Arm for RecvArm<'_, T> {
    fn try_now(&mut self) -> bool {
        self.got = match self.from.try_take() {
            Ok(item) => Some(Some(item)),
            Err(Nothing::Closed) => Some(None),
            Err(Nothing::Empty) => None,
        };
        self.got.is_some()
    }

    fn enlist(&mut self) {
        self.place = Some(Hub::with(|hub| self.from.getters().enlist(&hub.current(), None, self.end)));
    }

    fn settle(&mut self) -> bool {
        let Some(promise) = self.leave() else { return false };
        self.got = self.from.redeem(promise).map(Some);
        self.end = End::Front; // called in vain, if there is nothing
        self.got.is_some()
    }
}

/// A killed select gives what it was promised to the next getter.
impl<T> Drop for RecvArm<'_, T> {
    fn drop(&mut self) {
        drop(self.leave());
    }
}

/// Made by [`select!`] for `send`.
pub struct SendArm<'a, T> {
    to: &'a Channel<T>,
    slot: &'a mut Option<T>,
    place: Option<Place<'a, T>>,
    sent: Option<Result<(), ChannelClosed>>,
}

impl<'a, T> SendArm<'a, T> {
    pub(in crate::green) fn new(to: &'a Channel<T>, slot: &'a mut Option<T>) -> SendArm<'a, T> {
        SendArm { to, slot, place: None, sent: None }
    }

    /// Whether it was sent, if the arm was chosen.
    pub fn finish(self) -> Option<Result<(), ChannelClosed>> {
        self.sent
    }

    /// Leaves the place; true if the item was taken from it.
    fn leave(&mut self) -> bool {
        let Some(place) = self.place.take() else { return false };
        *self.slot = place.take();
        self.slot.is_none()
    }
}

impl<T> Arm for SendArm<'_, T> {
    fn try_now(&mut self) -> bool {
        let Some(item) = self.slot.take() else { return false };
        match self.to.try_put(item) {
            Ok(()) => self.sent = Some(Ok(())),
            Err(error) => {
                if self.to.is_closed() {
                    self.sent = Some(Err(ChannelClosed));
                }
                *self.slot = Some(error.into_item());
            }
        }
        self.sent.is_some()
    }

    fn enlist(&mut self) {
        let Some(item) = self.slot.take() else { return };
        self.place = Some(Hub::with(|hub| self.to.offers().enlist(&hub.current(), Some(item), End::Back)));
    }

    fn settle(&mut self) -> bool {
        let taken = self.leave();
        self.sent = taken.then_some(Ok(()));
        taken
    }
}

/// A killed select has its item back in the slot.
impl<T> Drop for SendArm<'_, T> {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests;
