//! Child processes and signals: the loop goes on while a program runs, and SIGQUIT ends a sleeper at once.
//!
//! `cargo run --example processes_and_signals`

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use gfetch::green::{self, GetError};
use gfetch::net::process::Command;
use gfetch::net::signals;

const SIGQUIT: i32 = 3;

/// A cron job prints every 0.2 s while `sleep 1; uname` runs; then it is killed. Says how often it printed.
pub fn cron_beside_a_program(out: &mut dyn Write) -> io::Result<usize> {
    let ticks = Rc::new(Cell::new(0));
    let count = ticks.clone();
    let cron = green::spawn(move || {
        loop {
            count.set(count.get() + 1);
            green::sleep(Duration::from_millis(200)).expect("nothing but a kill ends it");
        }
    });
    let output = Command::new("sh").args(["-c", "sleep 1; uname"]).output()?;
    for _ in 0..ticks.get() {
        writeln!(out, "cron")?;
    }
    out.write_all(&output.stdout)?;
    cron.kill()?;
    let killed = matches!(cron.get(), Err::<(), _>(GetError::Killed));
    writeln!(out, "cron was {}", if killed { "killed" } else { "not killed" })?;
    Ok(ticks.get())
}

/// A greenlet that would sleep 1000 s is joined; SIGQUIT kills it, and the program ends promptly.
pub fn quit_by_a_signal(out: &mut dyn Write, interrupt: impl FnOnce()) -> io::Result<()> {
    let sleeper = Rc::new(green::spawn(|| green::sleep(Duration::from_secs(1000))));
    let killed = sleeper.clone();
    let _guard = signals::on(SIGQUIT, move || killed.kill_nowait())?;
    interrupt();
    sleeper.join()?;
    writeln!(out, "sleeper: {}", if sleeper.is_successful() { "slept" } else { "killed by SIGQUIT" })
}

/// A program that hangs is killed after its limit; what it had written is there, and the status says -9.
pub fn partial_output(out: &mut dyn Write) -> io::Result<()> {
    let hangs =
        Command::new("sh").args(["-c", "echo hi; exec sleep 1000"]).output_timeout(b"", Duration::from_millis(300))?;
    let expired = hangs.expect_err("it sleeps for 1000 s");
    let code = gfetch::net::process::return_code(expired.output.status);
    writeln!(out, "{expired}: {:?}, {code}", String::from_utf8_lossy(&expired.output.stdout))
}

#[allow(dead_code)]
fn main() -> io::Result<()> {
    green::run(|| {
        let out = &mut io::stdout();
        cron_beside_a_program(out)?;
        partial_output(out)?;
        writeln!(out, "kill -QUIT {} ends this", std::process::id())?;
        quit_by_a_signal(out, || ())
    })
}
