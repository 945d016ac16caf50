//! `syscall`, for the futexes under std's `Mutex`, `RwLock`, `Condvar`, `Once`, `Barrier` and what stands on them: who waits
//! on a greenlet waits as one, in a table that all threads of the process look into.
//!
//! ```text
//!   WAIT on a greenlet ── one word a thread? ── no ──► table ── ticket ──► woken, or its time is over
//!        │                        ├── std's parker ──► parker.rs
//!        │ anywhere else          └── in thread-local storage ──► the kernel, which blocks the thread
//!        ▼
//!     the kernel            WAKE ──► greenlets of the table, then the kernel's threads for the rest; the sum
//! ```
//! Futexes that processes share (without `FUTEX_PRIVATE_FLAG`), and every other operation, are the kernel's. Of those, what
//! wakes or moves others who wait (`FUTEX_REQUEUE` and its kin, `FUTEX_WAKE_OP`) wakes the greenlets of both words as well:
//! a wait may end for no reason, and whoever had it looks again.
//!
//! A wait is ended by no scope and no kill: std would look at the word and wait again. They end the wait after it.

pub(crate) mod lasting;
pub(crate) mod parker;
mod spin;
mod table;
mod thread_local;

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use gfetch::green::Limit;
use gfetch::green::interpose::Ticket;
use libc::{c_int, c_long, timespec};

use crate::call::may_wait;
use crate::feature::{Feature, is_on};
use crate::hub;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};
use crate::time::{read, span};
use lasting::{Lasting, What};

pub(crate) const SYMBOLS: &[Symbol] = &[symbol!(syscall, Thread, SignalSafety::UnlessItWaits)];

/// So often it is the kernel's threads that are woken before greenlets: else a thread might wait for ever for a lock that
/// greenlets hand to one another.
const TURNS: u32 = 8;

/// A call of `futex`, as `syscall` takes it.
type Arguments = [usize; 6];

/// syscall(2). A signal handler may make any call but those that wake, if it may have interrupted one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long {
    if number == libc::SYS_futex && is_on(Feature::Thread) {
        // SAFETY: handed on to the caller.
        return tell(unsafe { futex([a, b, c, d, e, f]) }) as c_long;
    }
    // SAFETY: handed on to the caller.
    unsafe { original::syscall(number, a, b, c, d, e, f) }
}

/// # Safety
/// As for the system call; the word and the time are read here.
unsafe fn futex(arguments: Arguments) -> Outcome {
    let operation = arguments[1] as c_int;
    let is_private = operation & libc::FUTEX_PRIVATE_FLAG != 0;
    match operation & libc::FUTEX_CMD_MASK {
        libc::FUTEX_WAKE if is_private => wake(arguments, !0),
        libc::FUTEX_WAKE_BITSET if is_private => wake(arguments, arguments[5] as u32),
        // SAFETY: handed on to the caller.
        libc::FUTEX_WAIT if is_private && may_wait(Feature::Thread) => unsafe { wait(arguments, !0) },
        libc::FUTEX_WAIT_BITSET if is_private && may_wait(Feature::Thread) => {
            // SAFETY: handed on to the caller.
            unsafe { wait(arguments, arguments[5] as u32) }
        }
        libc::FUTEX_REQUEUE | libc::FUTEX_CMP_REQUEUE | libc::FUTEX_WAKE_OP if is_private => wake_both(arguments),
        _ => plain(arguments),
    }
}

/// What the kernel does to two words, and then their greenlets: all of the first, because those that were to be moved look
/// again, and all of the second, because the kernel alone knows whether they were to be woken.
fn wake_both(arguments: Arguments) -> Outcome {
    let threads = plain(arguments)?;
    let greenlets = [arguments[0], arguments[4]].map(|address| table::wake(address, !0, usize::MAX));
    Ok(threads + greenlets.iter().sum::<usize>())
}

fn plain(arguments: Arguments) -> Outcome {
    // SAFETY: handed on to the caller of `syscall`.
    unsafe { sys::call(libc::SYS_futex, arguments) }
}

fn wake(mut arguments: Arguments, bits: u32) -> Outcome {
    static TURN: AtomicU32 = AtomicU32::new(0);
    let (address, most) = (arguments[0], arguments[2] as c_int);
    parker::hear(address);
    let Ok(most) = usize::try_from(most) else { return plain(arguments) };
    if bits == 0 || most == 0 {
        return plain(arguments);
    }
    if TURN.fetch_add(1, Ordering::Relaxed).is_multiple_of(TURNS) {
        let threads = plain(arguments)?;
        return Ok(threads + table::wake(address, bits, most.saturating_sub(threads)));
    }
    let greenlets = table::wake(address, bits, most);
    if greenlets == most {
        return Ok(most);
    }
    arguments[2] = most - greenlets;
    Ok(greenlets + plain(arguments)?)
}

/// # Safety
/// The word and the time are good, unless the kernel is to refuse them.
unsafe fn wait(arguments: Arguments, bits: u32) -> Outcome {
    let [address, operation, expected, time, ..] = arguments;
    // SAFETY: handed on to the caller.
    let limit = unsafe { limit(operation as c_int, time as *const timespec) };
    let is_refused = address == 0 || !address.is_multiple_of(size_of::<u32>()) || bits == 0;
    let Some(limit) = limit.filter(|_| !is_refused) else { return plain(arguments) };
    // SAFETY: handed on to the caller; futexes are read and written by atomic operations only.
    let word = unsafe { &*(address as *const AtomicU32) };
    let still = || word.load(Ordering::SeqCst) == expected as u32;
    if !still() {
        return Err(libc::EAGAIN);
    }
    let Some(entering) = Entering::begin() else { return plain(arguments) };
    if parker::is_parker(word, expected as u32) {
        return parker::park(word, limit, entering);
    }
    if thread_local::holds(address) {
        drop(entering);
        return plain(arguments);
    }
    let lasting = lasting::begin(What::Lock);
    let ticket = Ticket::new();
    let place = table::enter(address, bits, ticket.clone(), still).ok_or(libc::EAGAIN)?;
    drop(entering);
    wait_at(place, ticket, limit, lasting)
}

/// Waits to be woken. Who was woken and whose time is over is told of the first: the wake was counted.
fn wait_at(place: table::Place, ticket: Ticket, limit: Limit, lasting: Option<Lasting>) -> Outcome {
    let is_woken = hub::wait_through(&ticket, limit);
    let _leaving = Entering::begin();
    drop(lasting);
    let is_told = is_woken || !table::leave(place);
    // Whoever has it last frees it, and an allocator's lock would be waited for by a ticket again, and so on.
    drop(ticket);
    if is_told { Ok(0) } else { Err(libc::ETIMEDOUT) }
}

/// How long to wait; none for a time that the kernel refuses. Clocks that are set meanwhile are not looked at again.
///
/// # Safety
/// `time` is null or good.
unsafe fn limit(operation: c_int, time: *const timespec) -> Option<Limit> {
    if time.is_null() {
        return Some(Limit::NEVER);
    }
    // SAFETY: handed on to the caller.
    let span = unsafe { span(time) }?;
    if operation & libc::FUTEX_CMD_MASK == libc::FUTEX_WAIT {
        return Some(span.into());
    }
    let is_real = operation & libc::FUTEX_CLOCK_REALTIME != 0;
    let clock = if is_real { libc::CLOCK_REALTIME } else { libc::CLOCK_MONOTONIC };
    Some(span.saturating_sub(read(clock)).into())
}

/// A greenlet is about to wait, which allocates, or has waited, which frees: an allocator's own lock blocks the thread
/// meanwhile.
pub(crate) struct Entering;

thread_local! {
    static IS_ENTERING: Cell<bool> = const { Cell::new(false) };
}

impl Entering {
    pub(crate) fn begin() -> Option<Entering> {
        // Made only where it is given out: to drop another would end the one that there is.
        (!IS_ENTERING.replace(true)).then(|| Entering)
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        IS_ENTERING.set(false);
    }
}

/// The functions as the system has them.
pub mod original {
    use super::{c_long, sys, tell};

    /// syscall(2).
    pub unsafe extern "C" fn syscall(
        number: c_long,
        a: usize,
        b: usize,
        c: usize,
        d: usize,
        e: usize,
        f: usize,
    ) -> c_long {
        // SAFETY: handed on to the caller.
        tell(unsafe { sys::call(number, [a, b, c, d, e, f]) }) as c_long
    }
}
