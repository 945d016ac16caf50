//! The system call instruction of aarch64.

use std::arch::asm;

/// # Safety
/// As for `super::call`.
#[inline(always)]
pub(super) unsafe fn call(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result;
    // SAFETY: the kernel keeps every register but x0, and the stack; what it does with memory is what the caller answers
    // for.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b,
            in("x2") c,
            in("x3") d,
            in("x4") e,
            in("x5") f,
            options(nostack)
        );
    }
    result
}

/// The storage begins after two words, at its alignment.
pub(super) fn thread_local_start(_bytes: usize, align: usize) -> usize {
    let pointer: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nostack, nomem, preserves_flags)) };
    pointer + (2 * size_of::<usize>()).next_multiple_of(align)
}
