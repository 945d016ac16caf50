//! `waitpid`, `wait4`, `waitid`, `wait`, `wait3`: a look without waiting, then the greenlet waits, and a look again, so that
//! what is told, and whose child it was, is the kernel's affair.
//!
//! ```text
//!   look (WNOHANG) ──── an end, or an error ───────────────────────► told
//!     ▲       │ nothing yet
//!     │       ├── one child's end is asked for: its pidfd, readable when it has ended
//!     │       ├── any child's, or stops and continuations: 1 … 50 ms
//!     │       ▼
//!     └───── wait ── a scope's time-out, a kill ────► ETIMEDOUT, ECANCELED
//! ```
//! Nothing is known of which children a process has but by asking, and SIGCHLD is the program's own. So who waits for any
//! child, or for a stop, looks at growing intervals. A tracer hears of its child's stops from no pidfd: let it wait with
//! `__WALL` or `WUNTRACED`, or by the original.

use std::cell::Cell;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use gfetch::green::Limit;
use gfetch::green::interpose::Stop;
use libc::{c_int, id_t, idtype_t, pid_t, rusage, siginfo_t};

use crate::call::{is_blocking, may_wait};
use crate::feature::Feature;
use crate::hub::{self, stopped};
#[cfg(all(target_env = "musl", target_feature = "crt-static"))]
pub(crate) use crate::musl::is_spawning;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::{self, Outcome, tell};

pub(crate) const SYMBOLS: &[Symbol] = &[
    symbol!(waitpid, Process, SignalSafety::UnlessItWaits),
    symbol!(wait4, Process, SignalSafety::UnlessItWaits),
    symbol!(waitid, Process, SignalSafety::UnlessItWaits),
    symbol!(wait, Process, SignalSafety::UnlessItWaits),
    symbol!(wait3, Process, SignalSafety::UnlessItWaits),
];

/// Where nothing tells of an end, it is looked for: first after so long, then half as long again each time, at most the
/// second.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(50);

/// waitpid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waitpid(pid: pid_t, status: *mut c_int, options: c_int) -> pid_t {
    // SAFETY: the caller answers for the place; none for what was used.
    unsafe { wait4(pid, status, options, ptr::null_mut()) }
}

/// wait(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wait(status: *mut c_int) -> pid_t {
    // SAFETY: the caller answers for the place.
    unsafe { wait4(-1, status, 0, ptr::null_mut()) }
}

/// wait3(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wait3(status: *mut c_int, options: c_int, used: *mut rusage) -> pid_t {
    // SAFETY: the caller answers for the places.
    unsafe { wait4(-1, status, options, used) }
}

/// wait4(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wait4(pid: pid_t, status: *mut c_int, options: c_int, used: *mut rusage) -> pid_t {
    // SAFETY: handed on to the caller.
    let look = |options| unsafe { look(pid, status, options, used) };
    if options & libc::WNOHANG != 0 || !may_wait(Feature::Process) || is_spawning() {
        return tell(look(options)) as pid_t;
    }
    let mut waits = if pid > 0 && options == 0 { Waits::of_child(pid) } else { Waits::of_any() };
    tell(patiently(&mut waits, || look(options | libc::WNOHANG).map(Some).map(|found| found.filter(|pid| *pid != 0))))
        as pid_t
}

/// waitid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waitid(kind: idtype_t, id: id_t, info: *mut siginfo_t, options: c_int) -> c_int {
    if options & libc::WNOHANG != 0 || !may_wait(Feature::Process) || is_spawning() {
        // SAFETY: handed on to the caller.
        return unsafe { original::waitid(kind, id, info, options) };
    }
    let is_end_only = options & (libc::WSTOPPED | libc::WCONTINUED | libc::__WALL | libc::__WCLONE) == 0;
    let mut waits = match kind {
        // Its owner does not wait: EAGAIN.
        libc::P_PIDFD if !is_blocking(id as c_int) => {
            // SAFETY: handed on to the caller.
            return unsafe { original::waitid(kind, id, info, options) };
        }
        libc::P_PIDFD if is_end_only => Waits::by(Told::ByCallers(id as c_int)),
        libc::P_PID if is_end_only => Waits::of_child(id as pid_t),
        _ => Waits::of_any(),
    };
    // SAFETY: zeros are an answer that says nothing.
    let mut own: siginfo_t = unsafe { std::mem::zeroed() };
    let place = if info.is_null() { &raw mut own } else { info };
    tell(patiently(&mut waits, || {
        // SAFETY: the caller's place, or ours.
        unsafe { look_by_id(kind, id, place, options | libc::WNOHANG) }?;
        // SAFETY: the kernel has written there whose end it was, or zeros.
        Ok((unsafe { (*place).si_signo } != 0).then_some(0))
    })) as c_int
}

/// Looks and waits by turns until a look finds something or fails.
fn patiently(waits: &mut Waits, mut look: impl FnMut() -> Result<Option<usize>, c_int>) -> Outcome {
    hub::take_turns(|| true)?;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        waits.wait().map_err(stopped)?;
    }
}

/// The waits of one call.
struct Waits {
    told: Told,
    pause: Cell<Duration>,
}

/// What tells of an end.
enum Told {
    /// A descriptor of this child's that is to be made: after that comes another look, because a child that somebody else
    /// has waited for leaves its number to another.
    ByChild(pid_t),
    ByOurs(OwnedFd),
    ByCallers(c_int),
    Not,
}

impl Waits {
    fn by(told: Told) -> Waits {
        Waits { told, pause: Cell::new(FIRST_LOOK) }
    }

    fn of_child(pid: pid_t) -> Waits {
        Waits::by(Told::ByChild(pid))
    }

    fn of_any() -> Waits {
        Waits::by(Told::Not)
    }

    /// Returns when another look may find something.
    fn wait(&mut self) -> Result<(), Stop> {
        let pidfd = match &self.told {
            Told::ByChild(pid) => {
                self.told = pidfd_of(*pid).map_or(Told::Not, Told::ByOurs);
                return Ok(());
            }
            Told::ByOurs(pidfd) => pidfd.as_raw_fd(),
            Told::ByCallers(pidfd) => *pidfd,
            Told::Not => return self.pause(),
        };
        let waited = hub::wait_readable(pidfd, Limit::NEVER);
        // Between the end's announcement and its status is a moment, which a tracer may draw out. A descriptor that was
        // closed meanwhile: the look tells.
        self.told = Told::Not;
        match waited {
            Err(Stop::Other(_)) | Ok(_) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    fn pause(&self) -> Result<(), Stop> {
        let pause = self.pause.get();
        self.pause.set((pause * 3 / 2).min(LAST_LOOK));
        hub::sleep(pause)
    }
}

/// `None` where there is none to be had: no child of that number any more, no descriptor left, an old kernel.
fn pidfd_of(pid: pid_t) -> Option<OwnedFd> {
    // SAFETY: no pointers.
    let pidfd = unsafe { sys::call(libc::SYS_pidfd_open, [pid as usize, 0, 0, 0, 0, 0]) }.ok()?;
    // SAFETY: just made, and nobody else's.
    Some(unsafe { OwnedFd::from_raw_fd(pidfd as c_int) })
}

/// Whether the C library itself is amid starting a program, with this thread's signals blocked; only a static one calls us.
#[cfg(not(all(target_env = "musl", target_feature = "crt-static")))]
pub(crate) fn is_spawning() -> bool {
    false
}

/// # Safety
/// `status` and `used` are null or good.
unsafe fn look(pid: pid_t, status: *mut c_int, options: c_int, used: *mut rusage) -> Outcome {
    let arguments = [pid as usize, status as usize, options as usize, used as usize, 0, 0];
    // SAFETY: handed on to the caller.
    unsafe { sys::call(libc::SYS_wait4, arguments) }
}

/// # Safety
/// `info` is null or good.
unsafe fn look_by_id(kind: idtype_t, id: id_t, info: *mut siginfo_t, options: c_int) -> Outcome {
    let arguments = [kind as usize, id as usize, info as usize, options as usize, 0, 0];
    // SAFETY: handed on to the caller; nobody asks for what was used.
    unsafe { sys::call(libc::SYS_waitid, arguments) }
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, id_t, idtype_t, look, look_by_id, pid_t, ptr, rusage, siginfo_t, tell};

    /// waitpid(2).
    pub unsafe extern "C" fn waitpid(pid: pid_t, status: *mut c_int, options: c_int) -> pid_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { look(pid, status, options, ptr::null_mut()) }) as pid_t
    }

    /// wait(2).
    pub unsafe extern "C" fn wait(status: *mut c_int) -> pid_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { look(-1, status, 0, ptr::null_mut()) }) as pid_t
    }

    /// wait3(2).
    pub unsafe extern "C" fn wait3(status: *mut c_int, options: c_int, used: *mut rusage) -> pid_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { look(-1, status, options, used) }) as pid_t
    }

    /// wait4(2).
    pub unsafe extern "C" fn wait4(pid: pid_t, status: *mut c_int, options: c_int, used: *mut rusage) -> pid_t {
        // SAFETY: handed on to the caller.
        tell(unsafe { look(pid, status, options, used) }) as pid_t
    }

    /// waitid(2).
    pub unsafe extern "C" fn waitid(kind: idtype_t, id: id_t, info: *mut siginfo_t, options: c_int) -> c_int {
        // SAFETY: handed on to the caller.
        tell(unsafe { look_by_id(kind, id, info, options) }) as c_int
    }
}
