//! The shape that all interposed calls share.
//!
//! ```text
//!   not patched, or not on a greenlet ──────────────────────────────► the system call, errno
//!   else:  attempt without blocking ──── anything but EAGAIN ───────► told
//!             ▲              │ EAGAIN
//!             │              ├── the descriptor is O_NONBLOCK ──────► EAGAIN
//!             │              ▼
//!             └── ready ── wait ──── its own time-out ──────────────► EAGAIN
//!                            ├────── a scope's time-out ────────────► ETIMEDOUT
//!                            └────── a kill ────────────────────────► ECANCELED
//! ```
//! errno is set last: while a greenlet is parked the others set it too. Nothing unwinds out of here.

use std::time::{Duration, Instant};

use gfetch::green::interpose::{self, Stop};
use gfetch::green::{self, Limit};
use libc::{c_int, c_void, socklen_t, timeval};

use crate::feature::{Feature, is_on};
use crate::process::is_spawning;
use crate::sys::{self, Outcome};

/// Whether a call of `feature` may wait as the running greenlet. Where not, it is the system's.
#[inline(always)]
pub(crate) fn may_wait(feature: Feature) -> bool {
    is_on(feature) && interpose::can_wait()
}

/// The same for reading and writing, of which a system call may cost as little as 100 ns: off any greenlet this is one look
/// at a word of the thread. Where it is true it remains to ask [`interpose::can_wait`], in a function that is not inlined:
/// so nothing is saved and restored around the system call for what comes after. And that is said to be the cold path: the
/// system call of who is on no greenlet then follows without a jump.
#[inline(always)]
pub(crate) fn is_on_a_greenlet(feature: Feature) -> bool {
    interpose::is_on_a_greenlet() && is_on(feature)
}

/// What a call waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Read,
    Write,
}

/// The waits of one call on one descriptor.
pub(crate) struct Waits {
    fd: c_int,
    side: Side,
    /// When the descriptor's own time-out is over; known from the first wait on.
    limit: Option<Option<Instant>>,
}

impl Waits {
    /// Before the first attempt. Now and then lets the others run, where it may.
    pub fn begin(fd: c_int, side: Side) -> Result<Waits, c_int> {
        if interpose::is_due() && is_blocking(fd) && !is_spawning() {
            interpose::yield_now().map_err(stopped)?;
        }
        Ok(Waits { fd, side, limit: None })
    }

    /// After an attempt that found nothing: returns when the next may find something, or what to tell the caller.
    pub fn wait(&mut self) -> Result<(), c_int> {
        self.wait_until(None)
    }

    /// The same where the call has a time-out beside the descriptor's.
    pub fn wait_until(&mut self, end: Option<Instant>) -> Result<(), c_int> {
        if self.limit.is_none() && !is_blocking(self.fd) {
            return Err(libc::EAGAIN);
        }
        let limit = match (self.own_limit(), end) {
            (Some(own), Some(end)) => own.min(end).into(),
            (own, end) => own.or(end).map_or(Limit::NEVER, Limit::from),
        };
        let ready = match self.side {
            Side::Read => interpose::wait_readable(self.fd, limit),
            Side::Write => interpose::wait_writable(self.fd, limit),
        };
        if ready.map_err(stopped)? { Ok(()) } else { Err(libc::EAGAIN) }
    }

    /// When the descriptor's own time-out is over.
    pub fn own_limit(&mut self) -> Option<Instant> {
        *self.limit.get_or_insert_with(|| own_limit(self.fd, self.side))
    }
}

/// Attempts until something is done.
pub(crate) fn once(fd: c_int, side: Side, mut attempt: impl FnMut() -> Outcome) -> Outcome {
    whole(fd, side, 0, |_| attempt())
}

/// Attempts until `wanted` bytes are done or nothing more can be; `attempt` is told how many are. What is done is told even
/// if the rest fails: the failure comes again at the next call.
pub(crate) fn whole(fd: c_int, side: Side, wanted: usize, mut attempt: impl FnMut(usize) -> Outcome) -> Outcome {
    let mut waits = Waits::begin(fd, side)?;
    let mut done = 0;
    loop {
        let failure = match attempt(done) {
            Ok(0) => return Ok(done),
            Ok(more) if done + more >= wanted => return Ok(done + more),
            Ok(more) => {
                done += more;
                continue;
            }
            Err(libc::EAGAIN) => waits.wait().err(),
            Err(error) => Some(error),
        };
        match failure {
            None => {}
            Some(_) if done > 0 => return Ok(done),
            Some(error) => return Err(error),
        }
    }
}

/// A wait was ended: the others run before its caller does, who may not look at errors.
pub(crate) fn stopped(stop: Stop) -> c_int {
    stop.give_way();
    stop.errno()
}

/// Whether the descriptor's owner left it as it was made: then its calls wait.
pub(crate) fn is_blocking(fd: c_int) -> bool {
    status_flags(fd).is_ok_and(|flags| flags & libc::O_NONBLOCK == 0)
}

pub(crate) fn status_flags(fd: c_int) -> Result<c_int, c_int> {
    // SAFETY: no pointers.
    let flags = unsafe { sys::call(libc::SYS_fcntl, [fd as usize, libc::F_GETFL as usize, 0, 0, 0, 0]) };
    flags.map(|flags| flags as c_int)
}

/// When `SO_RCVTIMEO` or `SO_SNDTIMEO` is over, from now; never for what is no socket.
fn own_limit(fd: c_int, side: Side) -> Option<Instant> {
    let option = if side == Side::Read { libc::SO_RCVTIMEO } else { libc::SO_SNDTIMEO };
    let mut time = timeval { tv_sec: 0, tv_usec: 0 };
    get_option(fd, option, &mut time).ok()?;
    let limit = Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
    Some(limit).filter(|limit| !limit.is_zero()).and_then(from_now)
}

/// The moment `limit` from now by the hub's clock, for several waits; `None` when that is too far away to be told.
pub(crate) fn from_now(limit: Duration) -> Option<Instant> {
    green::now().checked_add(limit)
}

/// Reads an option of the socket layer, whose value is a `T` of plain numbers.
pub(crate) fn get_option<T: Copy>(fd: c_int, option: c_int, value: &mut T) -> Result<(), c_int> {
    let mut length = size_of::<T>() as socklen_t;
    let pointer = std::ptr::from_mut(value).cast::<c_void>();
    let arguments =
        [fd as usize, libc::SOL_SOCKET as usize, option as usize, pointer as usize, &raw mut length as usize, 0];
    // SAFETY: a place of `length` bytes, and the place of that length.
    unsafe { sys::call(libc::SYS_getsockopt, arguments) }.map(drop)
}
