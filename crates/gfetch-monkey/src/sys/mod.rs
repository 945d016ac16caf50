//! System calls without the C library in the way: no errno, no cancellation, nothing that could be interposed again.

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
mod arch;

use libc::{c_int, c_long};

/// What a system call gave: a value, or an error number.
pub(crate) type Outcome = Result<usize, c_int>;

/// The kernel answers errors with the last of all addresses, so many.
const ERRORS: isize = 4095;

/// Makes the system call `number`; arguments that it does not take are ignored.
///
/// # Safety
/// What the system call asks: pointers among the arguments must be good for what it does with them.
#[inline(always)]
pub(crate) unsafe fn call(number: c_long, arguments: [usize; 6]) -> Outcome {
    // SAFETY: handed on to the caller.
    let result = unsafe { arch::call(number as usize, arguments) };
    if (-ERRORS..0).contains(&result) { Err(-result as c_int) } else { Ok(result as usize) }
}

/// Ends a call of the C library as callers expect it: the value, or -1 with `errno` set, last of all.
#[inline(always)]
pub(crate) fn tell(outcome: Outcome) -> isize {
    match outcome {
        Ok(value) => value as isize,
        Err(error) => failed(error),
    }
}

/// Apart, so that a call which fails seldom needs no place on its stack for the error. As C's, because such a function does
/// not unwind, and so it can be jumped to.
#[cold]
#[inline(never)]
extern "C" fn failed(error: c_int) -> isize {
    set_errno(error);
    -1
}

/// What a call of the C library left.
pub(crate) fn errno() -> c_int {
    // SAFETY: as below.
    unsafe { *libc::__errno_location() }
}

/// Sets the calling thread's `errno`.
pub(crate) fn set_errno(error: c_int) {
    // SAFETY: the address of this thread's own errno, which lives as long as the thread.
    unsafe { *libc::__errno_location() = error };
}

/// Where this thread's part of the program's thread-local storage begins, which is of so many bytes.
pub(crate) fn thread_local_start(bytes: usize, align: usize) -> usize {
    arch::thread_local_start(bytes, align)
}
