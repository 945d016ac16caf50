//! Time-outs in all their forms: around a join, with one's own error, as an object, as a limit, with a default.
//!
//! `cargo run --example timeouts`

use std::io::{self, Write};
use std::time::Duration;

use gfetch::green::{self, Timeout, sleep, spawn, timeout, timeout_opt, timeout_or};

const SECOND: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    green::run(|| tell(&mut io::stdout()))
}

/// What the caller makes of a time-out: its own error. gevent: `Timeout(5, TooLong)`.
#[derive(Debug)]
struct TooLong;

/// Tells the story in 19 seconds of the hub's clock.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    let start = green::now();
    let at = || (green::now() - start).as_secs();

    // S3.12: started before the sleep, it fires before the sleep's equal deadline.
    let timer = Timeout::start_new(SECOND * 10);
    match spawn(|| sleep(SECOND * 10)).join() {
        Err(interrupt) if timer.is(&interrupt) => writeln!(out, "{} s: Could not complete", at())?,
        joined => writeln!(out, "{} s: {joined:?}", at())?,
    }
    timer.close();

    // S3.13
    let slept = timeout(SECOND * 5, || sleep(SECOND * 10)).map_err(|_| TooLong);
    writeln!(out, "{} s: {:?}", at(), slept.unwrap_err())?;

    // S3.14: a pending time-out ends a wait that has no limit of its own.
    let wait = || spawn(|| sleep(SECOND * 2));
    let timer = Timeout::new(SECOND);
    timer.start().expect("not started before");
    if wait().join().is_err_and(|interrupt| timer.is(&interrupt)) {
        writeln!(out, "{} s: Thread 1 timed out", at())?;
    }
    timer.cancel();

    // S3.15
    let timer = Timeout::start_new(SECOND);
    if timer.guard(|| wait().get()).is_err() {
        writeln!(out, "{} s: Thread 2 timed out", at())?;
    }

    // S3.16
    match timeout_or(SECOND, "Thread 3 timed out", || sleep(SECOND * 2).map(|()| "slept")) {
        Ok(text) => writeln!(out, "{} s: {text}", at())?,
        Err(interrupt) => writeln!(out, "{} s: {interrupt}", at())?,
    }

    // Timeout(1, False): silence.
    let silent = timeout_opt(SECOND, || sleep(SECOND * 2));
    writeln!(out, "{} s: {:?}", at(), silent.ok())
}
