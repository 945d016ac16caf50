//! What makes musl's own waits sound on greenlets where it is linked in, and its resolver and its `posix_spawn` call ours.
//!
//! The resolver polls, sends and receives through us, so that a look-up waits as a greenlet without more being done. But
//! around that it puts a clean-up for `pthread_cancel` on a list that the thread has one of, in its frame: two look-ups that
//! end in another order than they began would leave a dead frame there, which the end of the thread would run. So a
//! greenlet's clean-ups are not put on the list; these waits are no cancellation points anyway.
//!
//! `posix_spawn` and `system` wait for what they began with signals of the whole thread blocked, until they set back what they
//! found: nobody else may run meanwhile, see [`is_spawning`].

use std::mem;
use std::ptr;

use gfetch::green::interpose::can_wait;
use libc::{c_int, c_void};

use crate::feature::is_any_on;
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys;

pub(crate) const SYMBOLS: &[Symbol] =
    &[symbol!(_pthread_cleanup_push, Dns, SignalSafety::Safe), symbol!(_pthread_cleanup_pop, Dns, SignalSafety::Safe)];

/// A clean-up in its caller's frame: musl's `struct __ptcb`.
#[repr(C)]
pub struct CleanUp {
    run: Option<unsafe extern "C" fn(*mut c_void)>,
    with: *mut c_void,
    /// The one before it on the thread's list; itself, if it is on none.
    next: *mut CleanUp,
}

/// What `pthread_cleanup_push` stands for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _pthread_cleanup_push(
    at: *mut CleanUp,
    run: Option<unsafe extern "C" fn(*mut c_void)>,
    with: *mut c_void,
) {
    if is_any_on() && can_wait() {
        // SAFETY: the caller answers for the place.
        return unsafe { *at = CleanUp { run, with, next: at } };
    }
    // SAFETY: handed on to the caller.
    unsafe { original::_pthread_cleanup_push(at, run, with) }
}

/// What `pthread_cleanup_pop` stands for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _pthread_cleanup_pop(at: *mut CleanUp, is_to_run: c_int) {
    // SAFETY: the caller has pushed it.
    unsafe {
        if !ptr::eq((*at).next, at) {
            return original::_pthread_cleanup_pop(at, is_to_run);
        }
        if let (Some(run), true) = ((*at).run, is_to_run != 0) {
            run((*at).with);
        }
    }
}

// What musl itself calls to change the list, if it is there: a weak reference takes nothing from the library that is not
// linked in already, such as a second definition of the two above.
std::arch::global_asm!(
    ".pushsection .data.rel.ro.gfetch_monkey_cleanup, \"aw\"",
    ".balign 8",
    ".weak __do_cleanup_push",
    ".weak __do_cleanup_pop",
    ".hidden gfetch_monkey_cleanup",
    ".globl gfetch_monkey_cleanup",
    "gfetch_monkey_cleanup:",
    ".quad __do_cleanup_push",
    ".quad __do_cleanup_pop",
    ".popsection",
);

type Change = unsafe extern "C" fn(*mut CleanUp);

unsafe extern "C" {
    // musl's functions that put a clean-up on the thread's list and take the last one off; null without threads.
    #[link_name = "gfetch_monkey_cleanup"]
    static CHANGES: [Option<Change>; 2];
}

/// Whether a call is made by musl's `posix_spawn` or `system`, which keep the thread's signals blocked until they return. A
/// program that blocks SIGCHLD itself is taken for them: its waits for children and pipes block.
pub(crate) fn is_spawning() -> bool {
    let mut blocked = 0_u64;
    let arguments = [libc::SIG_BLOCK as usize, 0, &raw mut blocked as usize, mem::size_of::<u64>(), 0, 0];
    // SAFETY: no set to block, and a place for those that are.
    let asked = unsafe { sys::call(libc::SYS_rt_sigprocmask, arguments) };
    asked.is_ok() && blocked & (1 << (libc::SIGCHLD - 1)) != 0
}

/// The functions as the system has them.
pub mod original {
    use super::{CHANGES, CleanUp, c_int, c_void};

    /// What `pthread_cleanup_push` stands for.
    pub unsafe extern "C" fn _pthread_cleanup_push(
        at: *mut CleanUp,
        run: Option<unsafe extern "C" fn(*mut c_void)>,
        with: *mut c_void,
    ) {
        // SAFETY: the caller answers for the place; musl's function writes the rest of it.
        unsafe {
            *at = CleanUp { run, with, next: std::ptr::null_mut() };
            if let Some(push) = CHANGES[0] {
                push(at);
            }
        }
    }

    /// What `pthread_cleanup_pop` stands for.
    pub unsafe extern "C" fn _pthread_cleanup_pop(at: *mut CleanUp, is_to_run: c_int) {
        // SAFETY: the caller has pushed it, and nothing after it that is not popped.
        unsafe {
            if let Some(pop) = CHANGES[1] {
                pop(at);
            }
            if let (Some(run), true) = ((*at).run, is_to_run != 0) {
                run((*at).with);
            }
        }
    }
}
