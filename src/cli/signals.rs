//! Ctrl-C, SIGTERM and SIGHUP: the first stops the run with a grace, the second ends the process at once. Ctrl-Z: the live
//! view is gone while the process stands still.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use gfetch::fetch::Stop;
use gfetch::fetch::plan::Grace;
use gfetch::green::{self, Mailbox};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::progress::Screen;

/// The signal that stopped the run, once one has.
#[derive(Clone, Default)]
pub struct Caught(Rc<Cell<Option<i32>>>);

impl Caught {
    pub fn signal(&self) -> Option<i32> {
        self.0.get()
    }
}

/// Lets signals stop the run, and take care of the live view on `screen`. `before_the_second` is called, on another thread,
/// before the second one ends the process.
pub fn watch(
    stop: Stop,
    grace: Grace,
    screen: Option<Screen>,
    before_the_second: impl Fn() + Send + 'static,
) -> io::Result<Caught> {
    let caught = Caught::default();
    let (told, signals) = (caught.clone(), listen(screen, before_the_second)?);
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
    listen(None, || ()).ok()?.receive().ok().flatten()
}

/// A thread waits for signals; greenlets hear of the first that ends the run, and the second ends the process at once, by
/// its own action. One that was ignored when the process started (`nohup`, a background job of a shell) stays ignored.
fn listen(screen: Option<Screen>, before_the_second: impl Fn() + Send + 'static) -> io::Result<Mailbox<i32>> {
    let job_control: &[i32] = if screen.is_some() { &[SIGTSTP, SIGCONT] } else { &[] };
    let heard = [SIGINT, SIGTERM, SIGHUP].iter().chain(job_control);
    let heard: Vec<i32> = heard.copied().filter(|&signal| !is_ignored(signal)).collect();
    let mut signals = Signals::new(&heard)?;
    let (sender, mailbox) = green::mailbox();
    std::thread::Builder::new().name("gfetch-signals".to_owned()).spawn(move || {
        let (mut asked, mut view) = (false, View { screen, stood_still: false });
        for signal in signals.forever() {
            match signal {
                SIGTSTP => view.stand_still(),
                SIGCONT => view.go_on(),
                _ if !asked => asked = true,
                _ => {
                    view.close();
                    before_the_second();
                    // It only returns where the signal has no fatal default action, and these have.
                    let _ = emulate_default_handler(signal);
                }
            }
            if !matches!(signal, SIGTSTP | SIGCONT) {
                sender.send(signal);
            }
        }
    })?;
    Ok(mailbox)
}

/// The live view, in the hands of the thread that waits for signals.
struct View {
    screen: Option<Screen>,
    /// It has been told to, and the SIGCONT that ended it is still to come here.
    stood_still: bool,
}

impl View {
    /// Stops the process, and returns when it goes on. Clocks run on meanwhile, as in curl. Where no shell could let it go
    /// on, the system would not have stopped it either.
    fn stand_still(&mut self) {
        if is_orphaned() {
            return;
        }
        let _wiped = self.screen.as_ref().and_then(Screen::wiped_soon);
        self.stood_still = true;
        // It only fails for signals that are none.
        let _ = emulate_default_handler(SIGTSTP);
    }

    /// After a SIGSTOP, which nobody hears of, the shell has written where the view was.
    fn go_on(&mut self) {
        if !std::mem::take(&mut self.stood_still)
            && let Some(screen) = &self.screen
        {
            screen.forget();
        }
    }

    fn close(&self) {
        if let Some(screen) = &self.screen {
            screen.close_soon();
        }
    }
}

/// Whether nobody above us in our session has a process group other than ours: POSIX calls ours orphaned then.
fn is_orphaned() -> bool {
    let own = ids("self");
    let mut at = own;
    while let (Some([parent, ..]), Some([_, group, session])) = (at, own) {
        at = ids(&parent.to_string());
        match at {
            Some([_, _, other]) if other != session => return true,
            Some([_, other, _]) if other != group => return false,
            Some(_) => {}
            // Beyond the first process, or of what this process may see.
            None => return true,
        }
    }
    false
}

/// A process's parent, its group and its session; none if it is not to be seen.
fn ids(process: &str) -> Option<[i32; 3]> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before them may contain anything.
    let mut fields = stat.rsplit(") ").next()?.split(' ').skip(1).map_while(|field| field.parse().ok());
    Some([fields.next()?, fields.next()?, fields.next()?])
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
