//! Exit statuses, and the ways to leave.

use std::process;

/// What a run comes to; the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A signal ended it: the process ends by that signal, so that shell loops stop.
    Signal(i32),
    /// The reader of standard output went away.
    ReaderGone,
    /// A report, record or list could not be written, the input broke off, the disk is full.
    Output,
    /// Bad usage, unreadable input, no URL: nothing was fetched.
    Usage,
    /// None succeeded.
    NoneSucceeded,
    /// Some failed.
    SomeFailed,
    /// Every URL succeeded.
    Ok,
}

impl Exit {
    /// Judges a finished run by its counts.
    pub fn of_counts(ok: u64, failed: u64) -> Exit {
        match (ok, failed) {
            (_, 0) => Exit::Ok,
            (0, _) => Exit::NoneSucceeded,
            _ => Exit::SomeFailed,
        }
    }

    /// Ends the process.
    pub fn leave(self) -> ! {
        let status = match self {
            Exit::Signal(signal) => by_signal(signal),
            Exit::ReaderGone => 141,
            Exit::Output => 4,
            Exit::Usage => 2,
            Exit::NoneSucceeded => 3,
            Exit::SomeFailed => 1,
            Exit::Ok => 0,
        };
        process::exit(status)
    }
}

/// Dies of `signal` with its default action; the number is for systems on which that fails.
fn by_signal(signal: i32) -> i32 {
    // The default action of these signals ends the process here.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    128 + signal
}
