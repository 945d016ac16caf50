//! What a crate needs that stands in for the C library's blocking calls: may this call wait, and how.
//!
//! Such a crate defines `recv`, `nanosleep` and their like, so that code which knows nothing of greenlets calls it. A call
//! comes from anywhere: from a thread without a hub, from the hub's own loop, from the runtime's own locks, from a
//! destructor, from a signal handler on a stack of its own. [`can_wait`] tells where it is a greenlet's; everywhere else
//! the call has to be the system's, as if the crate were not there.
//!
//! Nothing here unwinds: what ends a wait before its time comes back as a [`Stop`], also a kill, because between the call
//! and the greenlet's base may lie frames of C. A kill stays: the next wait by gfetch's own functions unwinds.
//!
//! A `timeout` scope and a kill end a greenlet only where it waits, and code that does not look at errors waits again
//! and again: [`Stop::give_way`] lets the others run meanwhile. [`is_due`] counts the calls that had nothing to wait for.
//!
//! ```
//! use gfetch::green::{self, interpose};
//! use std::os::fd::AsRawFd;
//! let (reader, writer) = std::io::pipe().unwrap();
//! assert!(!interpose::can_wait());
//! green::run(|| {
//!     assert!(interpose::can_wait());
//!     let waits = green::spawn(move || interpose::wait_readable(reader.as_raw_fd(), green::Limit::NEVER).unwrap());
//!     green::yield_now().unwrap();
//!     std::io::Write::write_all(&mut &writer, b"x").unwrap();
//!     assert!(waits.get().unwrap());
//! });
//! ```

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::green::hub::Hub;
use crate::green::hub::inside::is_inside;
use crate::green::io::interest::{Interest, Ready};
use crate::green::io::kept::Entered;
use crate::green::io::raw;
use crate::green::task::interrupt::Interrupt;
use crate::green::task::{Across, Why, is_kill};
use crate::green::threads::CrossTicket;
use crate::green::time::limit::Limit;
use crate::green::time::sleep::{sleep as sleep_here, yield_now as yield_here};
use crate::green::time::timeout::shield;
use crate::green::{OffloadError, ThreadPool};

/// Who was killed and goes on regardless is kept from its next call for so long.
const AFTER_A_KILL: Duration = Duration::from_millis(1);
/// Calls that need not wait, after which the others get a turn: as the library's own.
const CALLS_BEFORE_YIELD: u32 = 64;
/// The same in time, looked at every so many calls.
const TIME_BEFORE_YIELD: Duration = Duration::from_millis(5);
const CALLS_BETWEEN_CLOCK_READINGS: u32 = 8;

/// Why a wait ended before what it waited for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stop {
    /// A [`timeout`](crate::green::timeout) scope around it has run out: `ETIMEDOUT`.
    TimedOut,
    /// The greenlet is to end: `ECANCELED`.
    Killed,
    /// The main greenlet waits, and nothing is left that could wake anybody: `EDEADLK`.
    Deadlock,
    /// The descriptor cannot be waited for; it was closed meanwhile (`EBADF`).
    Other(io::Error),
}

impl Stop {
    /// The error number by which a call of the C library tells it.
    pub fn errno(&self) -> i32 {
        match self {
            Stop::TimedOut => libc::ETIMEDOUT,
            Stop::Killed => libc::ECANCELED,
            Stop::Deadlock => libc::EDEADLK,
            Stop::Other(error) => error.raw_os_error().unwrap_or(libc::EIO),
        }
    }

    /// Lets the others run, whatever has ended this wait: to be called once it was told, because a caller that does not
    /// look at errors calls again at once, for ever.
    pub fn give_way(&self) {
        let _ = caught(|| {
            shield(Duration::MAX, || match self {
                Stop::Killed => sleep_here(AFTER_A_KILL),
                _ => yield_here(),
            })?;
            Ok(())
        });
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::TimedOut => f.write_str("a time-out around this call has run out"),
            Stop::Killed => f.write_str("this greenlet was killed"),
            Stop::Deadlock => f.write_str("nothing is left that could wake anybody"),
            Stop::Other(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Stop {}

impl From<Interrupt> for Stop {
    fn from(interrupt: Interrupt) -> Stop {
        match interrupt {
            Interrupt::TimedOut(_) => Stop::TimedOut,
            Interrupt::Deadlock(_) => Stop::Deadlock,
            Interrupt::Unwinding => Stop::Other(interrupt.into()),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        match Interrupt::of(&error) {
            Some(interrupt) => interrupt.clone().into(),
            None => Stop::Other(error),
        }
    }
}

/// Whether the calling code may wait as a greenlet: it is one's, on its own stack, and it is neither inside the runtime's
/// own locks nor unwinding, nor in a fork's child, whose hub is its parent's. Off any greenlet this is one look at a
/// thread-local; it allocates nothing, takes no lock and never panics, so that a signal handler may ask.
#[inline]
pub fn can_wait() -> bool {
    is_on_a_greenlet() && a_greenlet_can_wait()
}

/// The first part of [`can_wait`], which is all of it off any greenlet: whether one runs on this thread, be it one that may
/// not wait. For calls that cost so little that this is to be all that is asked before them.
#[inline(always)]
pub fn is_on_a_greenlet() -> bool {
    !Hub::running().is_null()
}

#[inline(never)]
fn a_greenlet_can_wait() -> bool {
    let here = 0_u8;
    let address = std::ptr::from_ref(std::hint::black_box(&here)).addr();
    let stands = Hub::try_with(|hub| !hub.os.is_forked() && hub.current().stands_on(address));
    stands == Some(true) && !is_inside() && !std::thread::panicking()
}

/// Counts a call that may not have to wait. True if something is due before it: greenlets have not let others run for
/// long (64 such calls, or 5 ms), or this one is to end; then let it [`yield_now`], if it is one that may wait. Never
/// switches. To be called where [`can_wait`].
#[inline]
pub fn is_due() -> bool {
    Hub::try_with(|hub| {
        let calls = hub.poller.kept.calls.get().wrapping_add(1);
        hub.poller.kept.calls.set(calls);
        calls.is_multiple_of(CALLS_BEFORE_YIELD)
            || hub.current().is_to_end(hub)
            || (calls.is_multiple_of(CALLS_BETWEEN_CLOCK_READINGS) && hub.time_without_poll() >= TIME_BEFORE_YIELD)
    })
    .unwrap_or(false)
}

/// Lets every greenlet that is ready run once.
pub fn yield_now() -> Result<(), Stop> {
    caught(|| Ok(yield_here()?))
}

/// Waits for `time`, by the hub's clock.
pub fn sleep(time: Duration) -> Result<(), Stop> {
    caught(|| Ok(sleep_here(time)?))
}

/// Runs `f` on a thread of `pool` while other greenlets run here. A call that has begun cannot be ended: what ends the wait
/// abandons it, and its result is dropped there.
///
/// # Errors
/// [`Stop::Other`] where no thread could be had, or the call panicked.
pub fn offload<T: Send + 'static>(pool: &ThreadPool, f: impl FnOnce() -> T + Send + 'static) -> Result<T, Stop> {
    caught(|| {
        pool.run(f).map_err(|error| match error {
            OffloadError::Interrupted(interrupt) => interrupt.into(),
            panicked @ OffloadError::Panicked(_) => Stop::Other(panicked.into()),
        })
    })
}

/// Waits until a read of `fd` may not block; false when `limit` passes first. A regular file is always ready. Any number of
/// greenlets may wait for one descriptor; all are woken, and try. The descriptor stays registered with the hub's poller
/// until it is closed, whoever closes it: a number that belongs to another file by now is registered anew.
///
/// # Errors
/// [`Stop::Other`] with `EBADF` when it is not open, or was closed meanwhile.
pub fn wait_readable(fd: RawFd, limit: impl Into<Limit>) -> Result<bool, Stop> {
    wait(fd, Interest::READABLE, limit.into())
}

/// The same for a write.
pub fn wait_writable(fd: RawFd, limit: impl Into<Limit>) -> Result<bool, Stop> {
    wait(fd, Interest::WRITABLE, limit.into())
}

fn wait(fd: RawFd, interest: Interest, limit: Limit) -> Result<bool, Stop> {
    caught(|| {
        Hub::with(|hub| {
            let (task, kept) = (hub.current(), &hub.poller.kept);
            match kept.enter(hub, fd, interest, &task)? {
                Entered::Waits(token) => Ok(kept.wait(hub, fd, token, interest, &task, limit.deadline(hub))?),
                Entered::Ready => Ok(true),
                Entered::Elsewhere => Ok(!raw::wait(&[(fd, interest)], span(limit))?.is_empty()),
            }
        })
    })
}

/// Waits until one of `asked` is ready for what it is asked for, or is found not to be open; what each is ready for. Empty
/// when `limit` passes first. These registrations last for the wait only.
pub fn wait_any(asked: &[(RawFd, Interest)], limit: impl Into<Limit>) -> Result<Vec<(RawFd, Ready)>, Stop> {
    caught(|| Ok(raw::wait(asked, span(limit.into()))?.into_iter().collect()))
}

fn span(limit: Limit) -> Option<Duration> {
    Some(limit.left()).filter(|left| *left < Duration::MAX)
}

/// To be called before the number `fd` is closed or gets another file: ends the waits of this hub's greenlets for it, with
/// `EBADF`, and what the poller knows of it. On a thread without a hub it does nothing. Who forgets to call it harms
/// nobody but a greenlet that waits for that very number, which learns of it a second later.
pub fn forget(fd: RawFd) {
    Hub::try_with(|hub| {
        // A child shares its parent's poller: what it closes stays open there.
        if !hub.os.is_forked() {
            hub.poller.kept.forget(hub, fd);
        }
    });
}

/// One wait that any thread may end, also before it begins: of a greenlet, or of a thread that is on none. Clones are the
/// same ticket. While one is waited with, the hub reports no deadlock.
///
/// On a greenlet a ticket stands for the next wait, whatever that is: to serve it ends that one. So whoever made a ticket
/// and gave it to somebody waits with it before anything else, or takes it back unserved; one that nobody can serve any
/// more may be dropped. Once it was waited with, served or not, it may be served too late: that ends nothing.
#[derive(Clone)]
pub struct Ticket(Arc<CrossTicket>);

impl Default for Ticket {
    fn default() -> Ticket {
        Ticket::new()
    }
}

impl Ticket {
    /// For the caller's next wait, which must be that of this ticket, if anybody may serve it.
    pub fn new() -> Ticket {
        Ticket(CrossTicket::new())
    }

    /// Ends the wait. From any thread; on a hub's own it is the same. False if that hub has ended and left its greenlet
    /// where it was: what was meant for it should go to another.
    pub fn serve(&self) -> bool {
        self.0.serve_from_here()
    }

    /// Whether it was served.
    pub fn is_served(&self) -> bool {
        self.0.is_served()
    }

    /// Waits until it is served, once; false when `limit` passes first. Who was served before a time-out or a kill came is
    /// not told of it.
    pub fn wait(&self, limit: impl Into<Limit>) -> Result<bool, Stop> {
        caught(|| Ok(self.0.wait(WHY, limit.into())?))
    }

    /// The same, ended by nothing but [`Ticket::serve`] and `limit`: for a wait that its caller would begin anew at once,
    /// whatever it is told. What came meanwhile ends the wait after this one.
    pub fn wait_through(&self, limit: impl Into<Limit>) -> bool {
        let limit = limit.into();
        let waited = caught(|| Ok(shield(Duration::MAX, || self.0.wait(WHY, limit))?));
        waited.unwrap_or_else(|_| self.is_served())
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ticket").field(&self.is_served()).finish()
    }
}

const WHY: Why = Why::OtherThread(Across::Call);

/// Runs a wait; what unwinds out of it ends here.
fn caught<T>(wait: impl FnOnce() -> Result<T, Stop>) -> Result<T, Stop> {
    match panic::catch_unwind(AssertUnwindSafe(wait)) {
        Ok(done) => done,
        Err(payload) if is_kill(&*payload) => Err(Stop::Killed),
        Err(payload) => {
            // The panic hook has told of it. The payload's own destructor might panic.
            std::mem::forget(payload);
            Err(Stop::Other(io::Error::other("the wait panicked")))
        }
    }
}
