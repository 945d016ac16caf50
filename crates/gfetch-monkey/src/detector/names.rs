//! System calls that may block, by number: their names, whether the first argument is a descriptor, the way round.

use libc::c_long;

/// What goes round a call that blocks.
const FILES: &str = "green::fs and green::offload leave files to threads";
const LOCKS: &str =
    "a futex of thread-local storage (parking_lot) or shared by processes: use std's locks, or green::offload";
const DESCRIPTORS: &str = "green::offload leaves it to a thread; of a pipe or socket it is a call that is not patched";
const OTHERS: &str = "green::offload leaves it to a thread";

struct Known {
    number: c_long,
    /// As the constant is called, `SYS_` before it.
    name: &'static str,
    takes_descriptor: bool,
    advice: &'static str,
}

macro_rules! known {
    ($($takes:literal, $advice:ident: $($name:ident)*;)*) => {
        &[$($(Known {
            number: libc::$name,
            name: stringify!($name),
            takes_descriptor: $takes,
            advice: $advice,
        },)*)*]
    };
}

const KNOWN: &[Known] = known! {
    true, FILES: SYS_fsync SYS_fdatasync SYS_sync_file_range SYS_ftruncate SYS_fallocate SYS_flock SYS_fstat
        SYS_getdents64 SYS_pread64 SYS_pwrite64 SYS_preadv SYS_pwritev SYS_preadv2 SYS_pwritev2 SYS_copy_file_range
        SYS_syncfs SYS_readahead;
    false, FILES: SYS_openat SYS_openat2 SYS_statx SYS_newfstatat SYS_unlinkat SYS_mkdirat SYS_renameat2 SYS_linkat
        SYS_symlinkat SYS_readlinkat SYS_truncate SYS_sync SYS_msync SYS_statfs SYS_mount SYS_umount2;
    true, DESCRIPTORS: SYS_read SYS_write SYS_readv SYS_writev SYS_recvfrom SYS_sendto SYS_recvmsg SYS_sendmsg
        SYS_recvmmsg SYS_sendmmsg SYS_connect SYS_accept SYS_accept4 SYS_splice SYS_vmsplice SYS_sendfile SYS_ioctl
        SYS_fcntl SYS_close;
    false, DESCRIPTORS: SYS_tee SYS_ppoll SYS_pselect6;
    false, LOCKS: SYS_futex;
    false, OTHERS: SYS_nanosleep SYS_clock_nanosleep SYS_wait4 SYS_waitid SYS_execve SYS_rt_sigtimedwait
        SYS_rt_sigsuspend SYS_semop SYS_semtimedop SYS_msgrcv SYS_msgsnd SYS_mq_timedreceive SYS_mq_timedsend
        SYS_io_getevents SYS_io_uring_enter SYS_getrandom SYS_mmap SYS_munmap SYS_madvise SYS_sched_yield
        SYS_process_vm_readv SYS_ptrace;
};

/// Calls that newer architectures have in one form only.
#[cfg(target_arch = "x86_64")]
const KNOWN_HERE: &[Known] = known! {
    false, FILES: SYS_open SYS_creat SYS_stat SYS_lstat SYS_access SYS_unlink SYS_mkdir SYS_rmdir SYS_rename SYS_link
        SYS_symlink SYS_readlink;
    true, FILES: SYS_getdents;
    false, DESCRIPTORS: SYS_poll SYS_select;
    false, OTHERS: SYS_pause;
};
#[cfg(not(target_arch = "x86_64"))]
const KNOWN_HERE: &[Known] = &[];

fn find(number: i64) -> Option<&'static Known> {
    KNOWN.iter().chain(KNOWN_HERE).find(|known| known.number == number)
}

pub(super) fn name(number: i64) -> Option<&'static str> {
    find(number)?.name.strip_prefix("SYS_")
}

pub(super) fn takes_descriptor(number: i64) -> bool {
    find(number).is_some_and(|known| known.takes_descriptor)
}

pub(super) fn advice(number: i64) -> &'static str {
    find(number).map_or(OTHERS, |known| known.advice)
}
