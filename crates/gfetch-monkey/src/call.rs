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

use gfetch::green::interpose;
use gfetch::green::{self, Limit};
use libc::{c_int, c_void, mode_t, pollfd, socklen_t, stat, timespec, timeval};

use crate::feature::{Feature, is_on};
use crate::hub::{self, stopped};
use crate::process::is_spawning;
use crate::sys::{self, Outcome};

/// Whether a call of `feature` may wait as the running greenlet. Where not, it is the system's.
///
/// Reading and writing, of which a system call may cost as little as 100 ns, ask [`interpose::is_on_a_greenlet`] before: off
/// any that is one look at a word of the thread. The rest is a function of its own, neither inlined nor one that unwinds
/// (`extern "C"`), so that it is jumped to, and nothing is saved and restored around the system call for it. It is said to
/// be the cold path, and both questions are asked as one (`&`), so that the system call of who is on no greenlet follows
/// without a jump that is taken. With a place on the stack and such a jump `benches/cost.rs` saw 4 to 6 ns; so, none.
#[inline(always)]
pub(crate) fn may_wait(feature: Feature) -> bool {
    is_on(feature) && interpose::can_wait()
}

/// What a call waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Read,
    Write,
}

/// Once a wait has twice found ready what the attempt did not, it is asked so often: what epoll tells together with more,
/// and a socket that has room where its peer has none.
pub(crate) const FRUITLESS: Duration = Duration::from_millis(5);

/// The waits of one call on one descriptor.
pub(crate) struct Waits {
    fd: c_int,
    side: Side,
    /// When the descriptor's own time-out is over; known from the first wait on.
    limit: Option<Option<Instant>>,
    /// Waits for room since something was done. Who reads beside others is woken with them, and that is no such wait.
    fruitless: u32,
}

impl Waits {
    /// Before the first attempt. Now and then lets the others run, where it may: who writes to a file counts on nobody else
    /// coming in meanwhile, and is neither ended by a kill nor by a scope.
    pub fn begin(fd: c_int, side: Side) -> Result<Waits, c_int> {
        hub::take_turns(|| is_blocking(fd) && !is_file(fd) && !is_spawning())?;
        Ok(Waits { fd, side, limit: None, fruitless: 0 })
    }

    /// After an attempt that found nothing: returns when the next may find something, or what to tell the caller.
    pub fn wait(&mut self) -> Result<(), c_int> {
        self.wait_until(None)
    }

    /// The same where the call has a time-out beside the descriptor's.
    pub fn wait_until(&mut self, end: Option<Instant>) -> Result<(), c_int> {
        if self.limit.is_none() && status_flags(self.fd)? & libc::O_NONBLOCK != 0 {
            return Err(libc::EAGAIN);
        }
        let end = self.own_limit().into_iter().chain(end).min();
        if self.fruitless == 2 {
            self.fruitless = 0;
            return if pause(FRUITLESS, end)? { Err(libc::EAGAIN) } else { Ok(()) };
        }
        let limit = end.map_or(Limit::NEVER, Limit::from);
        let ready = match self.side {
            Side::Read => hub::wait_readable(self.fd, limit),
            Side::Write => hub::wait_writable(self.fd, limit),
        };
        self.fruitless += u32::from(self.side == Side::Write);
        if ready.map_err(stopped)? { Ok(()) } else { Err(libc::EAGAIN) }
    }

    /// When the descriptor's own time-out is over.
    pub fn own_limit(&mut self) -> Option<Instant> {
        *self.limit.get_or_insert_with(|| own_limit(self.fd, self.side))
    }
}

/// Sleeps where there is nothing to wait for; true if `end` came first.
pub(crate) fn pause(pause: Duration, end: Option<Instant>) -> Result<bool, c_int> {
    let left = end.map(|end| end.saturating_duration_since(green::now()));
    hub::sleep(left.map_or(pause, |left| left.min(pause))).map_err(stopped)?;
    Ok(left.is_some_and(|left| left <= pause))
}

/// Attempts until something is done.
pub(crate) fn once(fd: c_int, side: Side, mut attempt: impl FnMut() -> Outcome) -> Outcome {
    whole(fd, side, 0, |_| attempt())
}

/// Attempts until `wanted` bytes are done or nothing more can be; `attempt` is told how many are. What is done is told even
/// if the rest fails: the failure is the next call's.
pub(crate) fn whole(fd: c_int, side: Side, wanted: usize, mut attempt: impl FnMut(usize) -> Outcome) -> Outcome {
    let mut waits = Waits::begin(fd, side)?;
    let mut done = 0;
    loop {
        if done > 0 && has_broken(fd, side) {
            return Ok(done);
        }
        let failure = match attempt(done) {
            Ok(0) => return Ok(done),
            Ok(more) if done + more >= wanted => return Ok(done + more),
            Ok(more) => {
                done += more;
                waits.fruitless = 0;
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

/// Whether another attempt would be told that the connection is no more: a socket tells of that once, and it is to be the
/// next call that hears of it. What came before is received first.
fn has_broken(fd: c_int, side: Side) -> bool {
    let is_broken = libc::POLLERR | libc::POLLHUP;
    look(fd, 0) & is_broken == is_broken && (side == Side::Write || unread(fd) == Ok(0))
}

/// What poll says of `fd` now; 0 when nothing of `events` has come, nor an error.
pub(crate) fn look(fd: c_int, events: i16) -> i16 {
    let mut asked = pollfd { fd, events, revents: 0 };
    let at_once = timespec { tv_sec: 0, tv_nsec: 0 };
    let arguments = [&raw mut asked as usize, 1, &raw const at_once as usize, 0, 0, 0];
    // SAFETY: one descriptor to look at, and a good span.
    match unsafe { sys::call(libc::SYS_ppoll, arguments) } {
        Ok(_) => asked.revents,
        // A signal: nobody knows.
        Err(_) => 0,
    }
}

/// Bytes that can be read at once.
fn unread(fd: c_int) -> Result<c_int, c_int> {
    let mut bytes: c_int = 0;
    let arguments = [fd as usize, libc::FIONREAD as usize, &raw mut bytes as usize, 0, 0, 0];
    // SAFETY: a place for the number.
    unsafe { sys::call(libc::SYS_ioctl, arguments) }.map(|_| bytes)
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

/// Runs one system call with `O_NONBLOCK` set on its file. Whoever else makes calls on that file at this very moment, on another
/// thread or in another process, may be told `EAGAIN`: it is for files that have few such users.
pub(crate) fn in_non_blocking(fd: c_int, call: impl FnOnce() -> Outcome) -> Outcome {
    let flags = status_flags(fd)?;
    set_status_flags(fd, flags | libc::O_NONBLOCK)?;
    let told = call();
    set_status_flags(fd, flags)?;
    told
}

fn set_status_flags(fd: c_int, flags: c_int) -> Outcome {
    // SAFETY: no pointers.
    unsafe { sys::call(libc::SYS_fcntl, [fd as usize, libc::F_SETFL as usize, flags as usize, 0, 0, 0]) }
}

/// Files, directories, disks: their calls never wait for others.
pub(crate) const FILES: [mode_t; 3] = [libc::S_IFREG, libc::S_IFDIR, libc::S_IFBLK];

/// One of these, or not open at all.
pub(crate) fn is_file(fd: c_int) -> bool {
    kind(fd).is_none_or(|kind| FILES.contains(&kind))
}

/// What kind of file it is, as `S_IFMT` has it: zero for the kernel's small descriptors; none for what is not open.
pub(crate) fn kind(fd: c_int) -> Option<mode_t> {
    status(fd).map(|status| status.st_mode & libc::S_IFMT)
}

/// What the kernel says of the file of an open descriptor.
pub(crate) fn status(fd: c_int) -> Option<stat> {
    // SAFETY: zeros are a `stat`.
    let mut known: stat = unsafe { std::mem::zeroed() };
    // SAFETY: a place for what the system call tells.
    let told = unsafe { sys::call(libc::SYS_fstat, [fd as usize, &raw mut known as usize, 0, 0, 0, 0]) };
    told.is_ok().then_some(known)
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
