//! Generators: code that is resumed with a value, yields a value, and stays where it is in between.

use std::iter::FusedIterator;

use crate::green::greenlet::Greenlet;
use crate::green::greenlet::outcome::GetError;
use crate::green::sync::queue::Queue;
use crate::green::task::interrupt::Interrupt;

/// A greenlet that runs only when it is resumed: [`resume`](Generator::resume) hands it an `I` and comes back with the
/// next `Y` that it yields, or the `R` that it returns. In between it keeps its place and its variables; it may itself
/// wait for anything, and whoever resumes it then waits too. Python: a generator with `send`; greenlet: `switch(value)`.
///
/// Dropping one that has not ended kills it: it unwinds in its next turn, and one that was never resumed never runs.
///
/// ```
/// use gfetch::green::{self, Generator, Step};
/// green::run(|| {
///     let mut total = Generator::new(|yielder, first: u32| {
///         let mut sum = first;
///         while sum < 10 {
///             sum += yielder.suspend(sum).unwrap();
///         }
///         "enough"
///     });
///     assert_eq!(total.resume(1).unwrap(), Step::Yielded(1));
///     assert_eq!(total.resume(2).unwrap(), Step::Yielded(3));
///     assert_eq!(total.resume(7).unwrap(), Step::Returned("enough"));
/// });
/// ```
pub struct Generator<I, Y, R = ()> {
    greenlet: Greenlet<R>,
    inbox: Queue<I>,
    outbox: Queue<Y>,
}

/// What a generator came back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<Y, R> {
    /// It yielded this, and can be resumed.
    Yielded(Y),
    /// It returned this: it has ended.
    Returned(R),
}

/// The inside of a generator: where it yields.
pub struct Yielder<I, Y> {
    inbox: Queue<I>,
    outbox: Queue<Y>,
}

impl<I, Y> Yielder<I, Y> {
    /// Yields `value`, and waits until the generator is resumed: with what it is resumed with. Python: `x = yield value`.
    ///
    /// # Errors
    /// When a [`timeout`](crate::green::timeout()) scope *inside* the generator runs out, or the greenlet is unwinding.
    pub fn suspend(&self, value: Y) -> Result<I, Interrupt> {
        if std::thread::panicking() {
            return Err(Interrupt::Unwinding);
        }
        let accepted = self.outbox.try_put(value);
        debug_assert!(accepted.is_ok(), "it has no bound, and is closed at the end only");
        Ok(self.inbox.get()?.expect("never closed"))
    }
}

impl<I, Y> Drop for Yielder<I, Y> {
    fn drop(&mut self) {
        self.outbox.close();
    }
}

impl<I: 'static, Y: 'static, R: 'static> Generator<I, Y, R> {
    /// A generator whose first [`resume`](Generator::resume) calls `f` with its value.
    ///
    /// # Panics
    /// As [`spawn`](crate::green::spawn).
    #[track_caller]
    pub fn new(f: impl FnOnce(&Yielder<I, Y>, I) -> R + 'static) -> Generator<I, Y, R> {
        let (inbox, outbox) = (Queue::unbounded(), Queue::unbounded());
        let yielder = Yielder { inbox: inbox.clone(), outbox: outbox.clone() };
        let greenlet = Greenlet::new(move || {
            let first = yielder.inbox.try_get().unwrap_or_else(|_| unreachable!("it is started with a value"));
            f(&yielder, first)
        });
        Generator { greenlet, inbox, outbox }
    }

    /// Runs it on with `value` until it yields or ends.
    ///
    /// # Errors
    /// As [`Greenlet::get`]: what it panicked with; [`GetError::Taken`] when it has ended before. When this wait is
    /// interrupted, the generator goes on; what it then comes to is what the next `resume` has, and so on: no step is lost.
    pub fn resume(&mut self, value: I) -> Result<Step<Y, R>, GetError> {
        let accepted = self.inbox.try_put(value);
        debug_assert!(accepted.is_ok(), "it has no bound and is never closed");
        self.greenlet.start();
        match self.outbox.get()? {
            Some(yielded) => Ok(Step::Yielded(yielded)),
            None => self.greenlet.get().map(Step::Returned),
        }
    }

    /// Whether it has returned, panicked or been killed.
    pub fn is_done(&self) -> bool {
        self.greenlet.is_done()
    }
}

/// A generator that takes nothing in is an iterator over what it yields; a panic in it is the last item.
impl<Y: 'static> Iterator for Generator<(), Y, ()> {
    type Item = Result<Y, GetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done() && self.outbox.is_empty() {
            return None;
        }
        match self.resume(()) {
            Ok(Step::Yielded(yielded)) => Some(Ok(yielded)),
            Ok(Step::Returned(())) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl<Y: 'static> FusedIterator for Generator<(), Y, ()> {}

impl<I, Y, R> Drop for Generator<I, Y, R> {
    fn drop(&mut self) {
        self.greenlet.kill_nowait();
    }
}
