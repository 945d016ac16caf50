//! Signals as greenlets hear them: a handler in a greenlet of its own, or a wait.
//!
//! In signal context only a byte is written, to a pipe that the hub reads (signal-hook's); no greenlet is ever switched there,
//! and all handlers may wait. Signals may be heard in several places, on several hubs, at once.

use std::cell::Cell;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use signal_hook::SigId;
use signal_hook::consts::FORBIDDEN;
use signal_hook::low_level;

use crate::green::{self, Builder, Greenlet, Limit, Watched};

/// Has `f` called in a new greenlet whenever the process gets `signal` (one of `libc`'s numbers), until the guard is
/// dropped. It replaces the signal's default action for the rest of the process's life. Does not keep the hub alive: a hub
/// with nothing but handlers is deadlocked, and `run` ends with main. A panic in `f` ends main with it. Signals that come while
/// the last is not yet delivered are one, as the system has it. gevent: `signal_handler`.
///
/// ```
/// use gfetch::{green, net::signals};
/// green::run(|| {
///     let sleeper = green::spawn(|| green::sleep(std::time::Duration::from_secs(1000)));
///     let sleeping = std::rc::Rc::new(sleeper);
///     let killed = sleeping.clone();
///     let _guard = signals::on(libc::SIGUSR1, move || killed.kill_nowait()).unwrap();
///     signal_hook::low_level::raise(libc::SIGUSR1).unwrap();
///     sleeping.join().unwrap();
/// });
/// ```
///
/// # Errors
/// `InvalidInput` for a signal that nobody may handle (SIGKILL, SIGSTOP, SIGSEGV and their like).
pub fn on(signal: i32, f: impl Fn() + 'static) -> io::Result<Guard> {
    let ear = Ear::new(&[signal])?;
    let (f, cancelled) = (Rc::new(f), Rc::new(Cell::new(false)));
    let stop = cancelled.clone();
    let listener = Builder::new().name(&format!("signal-{signal}")).spawn(move || {
        while ear.hear_idly().is_ok() {
            for _ in ear.take() {
                if !stop.get() {
                    handle(signal, f.clone());
                }
            }
        }
    })?;
    Ok(Guard { listener, cancelled })
}

fn handle(signal: i32, f: Rc<impl Fn() + 'static>) {
    let handler = Builder::new().name(&format!("signal-{signal}-handler")).spawn(move || {
        if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| f())) {
            green::pass_to_main(payload);
        }
    });
    if let Err(error) = handler {
        green::pass_to_main(Box::new(format!("no greenlet for the handler of signal {signal}: {error}")));
    }
}

/// While it lives, the handler is called; see [`on`].
#[must_use = "dropping the guard cancels the handler"]
pub struct Guard {
    listener: Greenlet<()>,
    cancelled: Rc<Cell<bool>>,
}

impl Guard {
    /// Ends it, as dropping does. gevent: `cancel`.
    pub fn cancel(self) {}
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.cancelled.set(true);
        self.listener.kill_nowait();
    }
}

/// Waits for one of `signals` and says which came. It hears what comes from its call on. Unlike [`on`] it is something to
/// wait for: a hub that waits here is not deadlocked.
///
/// # Errors
/// As [`on`]; an interrupt.
pub fn wait(signals: &[i32]) -> io::Result<i32> {
    let ear = Ear::new(signals)?;
    loop {
        ear.hear()?;
        if let Some(signal) = ear.take().into_iter().next() {
            return Ok(signal);
        }
    }
}

/// The same for at most `limit`; `None` if that passed first.
pub fn wait_timeout(signals: &[i32], limit: impl Into<Limit>) -> io::Result<Option<i32>> {
    match green::timeout(limit.into().left(), || wait(signals)) {
        Ok(heard) => heard.map(Some),
        Err(_) => Ok(None),
    }
}

/// A pipe for each signal, so that each says which it is.
struct Ear {
    signals: Vec<(i32, SigId, UnixStream)>,
    /// Hears of all of them.
    any: Watched<UnixStream>,
    any_ids: Vec<SigId>,
}

impl Ear {
    fn new(signals: &[i32]) -> io::Result<Ear> {
        let (any, tells) = pair()?;
        let any = Watched::connecting(any)?;
        let mut ear = Ear { signals: Vec::new(), any, any_ids: Vec::new() };
        for &signal in signals {
            if FORBIDDEN.contains(&signal) {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("signal {signal} cannot be handled")));
            }
            let (own, writer) = pair()?;
            ear.signals.push((signal, low_level::pipe::register(signal, writer)?, own));
            // After its own pipe: signal-hook calls in the order of registration.
            ear.any_ids.push(low_level::pipe::register(signal, tells.try_clone()?)?);
        }
        Ok(ear)
    }

    fn hear(&self) -> io::Result<()> {
        self.any.wait_readable()
    }

    fn hear_idly(&self) -> io::Result<()> {
        self.any.wait_readable_idly()
    }

    /// The signals that have come, one entry each time.
    fn take(&self) -> Vec<i32> {
        self.any.drained();
        if let Ok(any) = self.any.source() {
            drain(&any);
        }
        let came = |(signal, _, pipe): &(i32, SigId, UnixStream)| vec![*signal; drain(pipe)];
        self.signals.iter().flat_map(came).collect()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let own = self.signals.iter().map(|(_, id, _)| id);
        for id in own.chain(&self.any_ids) {
            low_level::unregister(*id);
        }
    }
}

fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (reader, writer) = UnixStream::pair()?;
    reader.set_nonblocking(true)?;
    Ok((reader, writer))
}

/// Reads all there is and counts it.
fn drain(mut pipe: &UnixStream) -> usize {
    let (mut count, mut buffer) = (0, [0; 64]);
    while let Ok(read @ 1..) = pipe.read(&mut buffer) {
        count += read;
    }
    count
}

#[cfg(test)]
mod tests;
