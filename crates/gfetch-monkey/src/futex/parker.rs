//! `thread::park` and what waits by it (std's mpsc, `thread::scope`): one word per thread, shared by its greenlets.
//!
//! std's word is 0 (empty), 1 (a token) or -1 (somebody is parked); who parks counts it down by one, who unparks stores the
//! token and calls `FUTEX_WAKE` only if it found -1. std takes a second -1 for granted to be its own, and would turn round and
//! round on -2. So, while greenlets are parked on a thread:
//!
//! ```text
//!   greenlets run          the word is 0: who parks finds it as std expects; a token put there is found at the next poll
//!   the hub sleeps         the word is -1: who unparks calls FUTEX_WAKE, which wakes the hub
//!   a token is found       all are woken; each puts a token for std to find, and looks at what it waits for
//! ```
//! Whose the token was is not to be known, and while greenlets run another may take it that parks at that very moment. `park`
//! may return for no reason, so that all are woken again after 1 ms, 2 ms … [`LONGEST`] without a token: what was taken by
//! the wrong one is late by that and not lost.
//!
//! The word is learned by calling `unpark` where a greenlet waits for -1: only if it is std's does that wake it. A std that
//! does otherwise is never taken for this one. Tried with std 1.95.
//!
//! Channels of std between two greenlets *of one thread* are not served by this: a sender passes over receivers of its own
//! thread (`Waker::try_select` compares threads), whoever unparks whom.

use std::cell::Cell;
use std::panic;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gfetch::green::Limit;
use gfetch::green::interpose::Ticket;
use libc::c_int;

use super::lasting::{self, What};
use super::{Entering, table, wait_at};
use crate::hub;
use crate::sys::Outcome;

const EMPTY: u32 = 0;
const TOKEN: u32 = 1;
const PARKED: u32 = u32::MAX;

/// After a token, or when somebody new has parked, all look again so soon.
const SHORTEST: Duration = Duration::from_millis(1);
/// And so late when nothing comes.
const LONGEST: Duration = Duration::from_millis(128);

thread_local! {
    static THIS: Parker = const { Parker::new() };
}

/// This thread's.
struct Parker {
    /// Null until it is learned.
    word: Cell<*const AtomicU32>,
    /// While `unpark` is called to learn it: what it woke.
    heard: Cell<Option<usize>>,
    /// How many greenlets are parked.
    parked: Cell<usize>,
    /// How many were woken together and may park again for the same reason.
    returning: Cell<usize>,
    /// When all are woken next, and how long after that again.
    next: Cell<Option<Instant>>,
    delay: Cell<Duration>,
}

/// Whether this is the word on which std parks this thread.
pub(super) fn is_parker(word: &AtomicU32, expected: u32) -> bool {
    expected == PARKED && THIS.with(|this| this.is_word(word))
}

/// Parks the greenlet; std has counted the word down already.
pub(super) fn park(word: &AtomicU32, limit: Limit, entering: Entering) -> Outcome {
    THIS.with(|this| this.park(word, limit, entering))
}

/// `FUTEX_WAKE` was called for `address`.
pub(super) fn hear(address: usize) {
    let _ = THIS.try_with(|this| {
        if this.heard.get().is_some() {
            this.heard.set(Some(address));
        }
    });
}

/// The sleep of a hub, or any call of `epoll_wait` that blocks its thread, for `milliseconds` or less.
pub(crate) fn around(milliseconds: c_int, sleep: impl FnOnce(c_int) -> Outcome) -> Outcome {
    let is_parked_on = THIS.try_with(|this| this.parked.get() > 0);
    if is_parked_on == Ok(true) { THIS.with(|this| this.sleep(milliseconds, sleep)) } else { sleep(milliseconds) }
}

impl Parker {
    const fn new() -> Parker {
        Parker {
            word: Cell::new(ptr::null()),
            heard: Cell::new(None),
            parked: Cell::new(0),
            returning: Cell::new(0),
            next: Cell::new(None),
            delay: Cell::new(SHORTEST),
        }
    }

    fn is_word(&self, word: &AtomicU32) -> bool {
        if self.word.get().is_null() {
            self.heard.set(Some(0));
            // Without a handle of its thread it panics.
            let _ = panic::catch_unwind(|| thread::current().unpark());
            if self.heard.take() == Some(ptr::from_ref(word).addr()) {
                self.word.set(word);
            }
        }
        ptr::eq(self.word.get(), word)
    }

    fn park(&self, word: &AtomicU32, limit: Limit, entering: Entering) -> Outcome {
        let lasting = lasting::begin(What::Token);
        let ticket = Ticket::new();
        let address = ptr::from_ref(word).addr();
        let place = table::enter(address, !0, ticket.clone(), || true).expect("nothing is asked");
        drop(entering);
        if word.compare_exchange(PARKED, EMPTY, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // A token came: std takes it for this greenlet, and it may be another's. Who put it there may be about to serve
            // the ticket, whose wait must be over then: it would end the greenlet's next.
            table::leave(place);
            ticket.serve();
            hub::wait_through(&ticket, Limit::NEVER);
            self.wake_after_a_token(address);
            return Ok(0);
        }
        self.note_one_more();
        let told = wait_at(place, ticket, limit, lasting);
        self.parked.set(self.parked.get() - 1);
        if told.is_ok() {
            word.store(TOKEN, Ordering::Release);
        }
        told
    }

    fn note_one_more(&self) {
        let parked = self.parked.replace(self.parked.get() + 1);
        let soon = Instant::now() + SHORTEST;
        match self.returning.get() {
            0 => {
                self.delay.set(SHORTEST);
                self.next.set(Some(self.next.get().filter(|_| parked > 0).map_or(soon, |next| next.min(soon))));
            }
            more => self.returning.set(more - 1),
        }
    }

    fn sleep(&self, milliseconds: c_int, sleep: impl FnOnce(c_int) -> Outcome) -> Outcome {
        // SAFETY: this thread's own, which lives as long as the thread.
        let word = unsafe { &*self.word.get() };
        let address = self.word.get().addr();
        let asleep = || word.compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire);
        let awake = || word.compare_exchange(PARKED, EMPTY, Ordering::AcqRel, Ordering::Acquire);
        if asleep() == Err(TOKEN) {
            self.wake_after_a_token(address);
            return sleep(0);
        }
        let told = sleep(self.shorten(milliseconds));
        if awake() == Err(TOKEN) {
            self.wake_after_a_token(address);
        } else if self.next.get().is_some_and(|next| next <= Instant::now()) {
            self.wake(address, (self.delay.get() * 2).min(LONGEST));
        }
        told
    }

    /// Until the next look of all, at most.
    fn shorten(&self, milliseconds: c_int) -> c_int {
        let Some(next) = self.next.get() else { return milliseconds };
        let left = next.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000) as c_int;
        if milliseconds < 0 { left } else { milliseconds.min(left) }
    }

    fn wake_after_a_token(&self, address: usize) {
        lasting::note_a_token();
        self.wake(address, SHORTEST);
    }

    /// Wakes all, and again after `delay`.
    fn wake(&self, address: usize, delay: Duration) {
        self.delay.set(delay);
        self.next.set(Some(Instant::now() + delay));
        self.returning.set(table::wake(address, !0, usize::MAX));
    }
}
