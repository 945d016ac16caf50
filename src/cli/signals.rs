//! Ctrl-C, SIGTERM and SIGHUP: the first stops the run with a grace, the second ends the process at once.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use gfetch::fetch::Stop;
use gfetch::fetch::plan::Grace;
use gfetch::green::{self, Mailbox};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

/// The signal that stopped the run, once one has.
#[derive(Clone, Default)]
pub struct Caught(Rc<Cell<Option<i32>>>);

impl Caught {
    pub fn signal(&self) -> Option<i32> {
        self.0.get()
    }
}

/// Lets signals stop the run. `before_the_second` is called, on another thread, before the second one ends the process.
pub fn watch(stop: Stop, grace: Grace, before_the_second: impl Fn() + Send + 'static) -> io::Result<Caught> {
    let caught = Caught::default();
    let (told, signals) = (caught.clone(), listen(before_the_second)?);
    green::spawn(move || {
        while let Ok(Some(signal)) = signals.receive() {
            told.0.set(Some(signal));
            stop.request(if signal == SIGINT { grace.interrupt } else { grace.terminate });
        }
    });
    Ok(caught)
}

/// Waits for the first signal.
pub fn wait() -> Option<i32> {
    listen(|| ()).ok()?.receive().ok().flatten()
}

/// A thread waits for signals; greenlets hear of the first, and the second ends the process at once, by its own action. A
/// SIGINT or SIGHUP that was ignored when the process started (`nohup`, a background job of a shell) stays ignored.
fn listen(before_the_second: impl Fn() + Send + 'static) -> io::Result<Mailbox<i32>> {
    let heard: Vec<i32> = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !is_ignored(signal)).collect();
    let mut signals = Signals::new(&heard)?;
    let (sender, mailbox) = green::mailbox();
    std::thread::Builder::new().name("gfetch-signals".to_owned()).spawn(move || {
        for (count, signal) in signals.forever().enumerate() {
            if count > 0 {
                before_the_second();
                // It only returns where the signal has no fatal default action, and these have.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            sender.send(signal);
        }
    })?;
    Ok(mailbox)
}

/// A file that may not grow any more (RLIMIT_FSIZE) is an error to whoever writes to it, and not the process's end.
pub fn outlive_the_limit_of_files() {
    // Where that fails, a run ends as it would have without it.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

/// Whether the parent process set `signal` to be ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}
