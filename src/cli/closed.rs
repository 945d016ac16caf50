//! Whether standard output was closed when the process began (`>&-`): what is lost there must not end as a success.
#![allow(unsafe_code)]

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

/// std opens `/dev/null` for a standard stream that is closed, before `main`; from then on it looks like one that somebody
/// meant.
static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

// SAFETY: this section of an ELF file holds the addresses of C functions without results, which the loader calls once, on
// the only thread, before `main`. `look` is one; it needs nothing of std that is set up later: it makes one system call and
// stores a flag.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = look;

#[cfg(target_os = "linux")]
extern "C" fn look() {
    let is_open = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_ok();
    WAS_CLOSED.store(!is_open, Ordering::Relaxed);
}

/// Has each write to a standard output that was closed fail as it would have without std: `EBADF`.
pub fn refuse_writes_if_so() {
    if WAS_CLOSED.load(Ordering::Relaxed)
        && let Ok(not_to_be_written) = File::open("/dev/null")
    {
        // Where that fails, what is written is lost unseen, as in any other program.
        let _ = rustix::stdio::dup2_stdout(not_to_be_written);
    }
}
