//! Notices a fork: the child must not use its parent's hub.
//!
//! The C library calls us in the child, so that nothing is paid where nobody forks. A child made by a bare `clone` system
//! call is not noticed.
#![allow(unsafe_code)]

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::green::hub::Hub;

/// What the child is told.
pub(crate) const ADVICE: &str = "this process is a fork's child, and the hub is its parent's: fork before green::run, or \
    exec or exit right after the fork (net::process::Command does), or spawn threads instead";

/// Forks that lie between this process and the one that first watched.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Differs between a process and the children that it forks.
pub(crate) fn generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// Has forks noticed from now on.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `in_child` is a function for the life of the program that does what a fork's child may do: it reads and
        // writes cells of its own thread, allocates nothing and takes no lock. A failure leaves forks unnoticed, no more.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

/// The running greenlet is to look up at its next wait, and the hub right after this switch.
extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    Hub::try_with(|hub| {
        hub.os.note_the_fork();
        hub.look_up_soon();
    });
}
