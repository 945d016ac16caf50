//! What servers of streams and of datagrams share: the loop that takes in one thing after the other, a greenlet and a
//! place for each, and how all of that ends.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use crate::green::{self, Builder, GetError, Greenlet, Group, Interrupt, Permit, Pool};

/// The pause after a failure doubles from here, as in gevent: what is short (descriptors, memory) comes back when
/// handlers end.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// And up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A server's handlers.
pub(super) struct Handlers {
    pub pool: Pool,
    /// Those of this server; the pool may have others.
    pub running: Group,
    /// What could not be taken in, each time followed by a pause.
    pub failures: Cell<u64>,
}

impl Handlers {
    pub fn new(pool: Pool) -> Handlers {
        Handlers { pool, running: Group::new(), failures: Cell::new(0) }
    }

    /// Calls `take_in`, which waits for one thing and begins to handle it in the place that it is given, until that fails
    /// for good; returns why. Others run after each `at_once` of them. First a place, then a thing: what nobody has a
    /// place for stays with the kernel.
    pub fn take_all(&self, at_once: u32, mut take_in: impl FnMut(Permit) -> io::Result<()>) -> io::Error {
        let (mut taken, mut back_off) = (0_u32, BackOff::default());
        loop {
            let waited = match self.pool.reserve().map_err(io::Error::from).and_then(&mut take_in) {
                Ok(()) => {
                    (taken, back_off) = (taken.wrapping_add(1), BackOff::default());
                    if taken.is_multiple_of(at_once) { green::yield_now() } else { Ok(()) }
                }
                Err(error) if is_final(&error) => return error,
                Err(_) => {
                    self.failures.set(self.failures.get() + 1);
                    green::sleep(back_off.next())
                }
            };
            if let Err(interrupt) = waited {
                return interrupt.into();
            }
        }
    }

    /// Runs `handle` in a greenlet of its own, which has `place` until it ends.
    pub fn spawn<R: 'static>(&self, place: Permit, handle: impl FnOnce() -> R + 'static) -> io::Result<()> {
        let run = move || {
            let _place = place;
            handle()
        };
        self.running.add(&Builder::new().spawn(run)?);
        Ok(())
    }

    /// Kills `taker`, which takes in, gives the handlers `limit` to finish, and kills those that have not; calls `close`
    /// before it waits for their end.
    pub fn stop(&self, taker: &Greenlet<io::Error>, limit: Duration, close: impl FnOnce()) -> Result<(), Interrupt> {
        let waited = taker.kill().and_then(|()| self.running.join_timeout(limit));
        self.running.kill_nowait();
        close();
        waited?;
        self.running.kill()
    }
}

/// Waits until `taker` has ended: `Ok` if it was killed, else why it failed.
pub(super) fn wait_for(taker: &Greenlet<io::Error>) -> io::Result<()> {
    match taker.get() {
        Ok(error) => Err(error),
        Err(GetError::Killed | GetError::Taken) => Ok(()),
        Err(GetError::Interrupted(interrupt)) => Err(interrupt.into()),
        Err(error @ GetError::Panicked(_)) => Err(io::Error::other(error.to_string())),
    }
}

/// The pauses after failures in a row.
struct BackOff(Duration);

impl Default for BackOff {
    fn default() -> BackOff {
        BackOff(FIRST_PAUSE)
    }
}

impl BackOff {
    fn next(&mut self) -> Duration {
        let doubled = (self.0 * 2).min(LONGEST_PAUSE);
        std::mem::replace(&mut self.0, doubled)
    }
}

/// Whether it can never succeed again: the socket is closed or none, or a scope around the server has run out.
/// Everything else (descriptors, memory, a connection that died while it waited, a network that is down) passes.
fn is_final(error: &io::Error) -> bool {
    let closed_here = error.kind() == io::ErrorKind::NotConnected && error.raw_os_error().is_none();
    let no_socket = matches!(error.raw_os_error(), Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK | libc::EFAULT));
    closed_here || no_socket || Interrupt::of(error).is_some()
}
