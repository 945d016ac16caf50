//! The system call instruction of x86-64.

use std::arch::asm;

/// # Safety
/// As for `super::call`.
#[inline(always)]
pub(super) unsafe fn call(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result;
    // SAFETY: the kernel keeps every register but rax, rcx and r11, and the stack; what it does with memory is what the
    // caller answers for.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            in("r9") f,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack)
        );
    }
    result
}

/// The storage ends where the thread's own record begins, which has its own address first.
pub(super) fn thread_local_start(bytes: usize, align: usize) -> usize {
    let record: usize;
    // SAFETY: reads the first word of the thread's record.
    unsafe { asm!("mov {}, fs:0", out(reg) record, options(nostack, readonly, preserves_flags)) };
    record - bytes.next_multiple_of(align)
}
