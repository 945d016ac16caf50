//! One child process: its pipes, its end, its signals.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{self, ExitStatus, Output};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use super::orphans;
use super::run::Talk;
use crate::green::{self, Limit, Semaphore, Watched};
use crate::net::{PipeReader, PipeWriter};

/// Without a pidfd the child is looked at: first after so long, then half as long again each time, at most the second.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(50);

/// A started program. Dropping it neither ends nor waits for it; it is reaped when it has ended, at a later start or drop.
/// gevent: `Popen`.
pub struct Child {
    /// Its input, if piped. Close or drop it for the child to see the end.
    pub stdin: Option<PipeWriter>,
    /// Its output, if piped.
    pub stdout: Option<PipeReader>,
    /// Its errors, if piped.
    pub stderr: Option<PipeReader>,
    /// Taken by the drop only.
    child: RefCell<Option<process::Child>>,
    /// `None` where the kernel has no pidfds.
    pidfd: Option<Watched<OwnedFd>>,
    /// Whose turn it is to wait by the pidfd: it has one reader.
    turn: Semaphore,
    pub(super) talk: Talk,
}

impl Child {
    pub(super) fn new(mut child: process::Child) -> io::Result<Child> {
        let pidfd = watch(&child);
        let stdin = child.stdin.take().map(PipeWriter::from_fd);
        let stdout = child.stdout.take().map(PipeReader::from_fd);
        let stderr = child.stderr.take().map(PipeReader::from_fd);
        let child = RefCell::new(Some(child));
        // From here on a failure drops a `Child`, which is reaped.
        let made = Child {
            stdin: None,
            stdout: None,
            stderr: None,
            child,
            pidfd,
            turn: Semaphore::new(1),
            talk: Talk::default(),
        };
        let (stdin, stdout, stderr) = match (stdin.transpose(), stdout.transpose(), stderr.transpose()) {
            (Ok(stdin), Ok(stdout), Ok(stderr)) => (stdin, stdout, stderr),
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                let _ = made.kill();
                return Err(error);
            }
        };
        let mut made = made;
        (made.stdin, made.stdout, made.stderr) = (stdin, stdout, stderr);
        Ok(made)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.with(|child| child.id())
    }

    /// Waits for its end. Any number of greenlets may. Unlike std's it leaves the input open. gevent: `wait`.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        let _turn = self.turn.acquire()?;
        let mut pause = FIRST_LOOK;
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            match &self.pidfd {
                Some(pidfd) if !pidfd.may_be_readable() => pidfd.wait_readable()?,
                // Also the moment between the end's announcement and its status, which a tracer may draw out.
                _ => {
                    green::sleep(pause)?;
                    pause = (pause * 3 / 2).min(LAST_LOOK);
                }
            }
        }
    }

    /// The same for at most `limit`; `None` if it still runs then. gevent: `wait(timeout)`.
    pub fn wait_timeout(&self, limit: impl Into<Limit>) -> io::Result<Option<ExitStatus>> {
        match green::timeout(limit.into().left(), || self.wait()) {
            Ok(ended) => ended.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Its status if it has ended. Never switches. gevent: `poll`.
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        self.with(process::Child::try_wait)
    }

    /// Ends it by SIGKILL; nothing happens if it has ended. gevent: `kill`.
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    /// Asks it to end, by SIGTERM. gevent: `terminate`.
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Sends it the signal of that number; nothing happens if it has ended.
    ///
    /// # Errors
    /// `InvalidInput` where there is no such signal.
    pub fn send_signal(&self, signal: i32) -> io::Result<()> {
        let named = Signal::from_named_raw(signal);
        self.signal(named.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("no signal {signal}")))?)
    }

    /// Feeds it `input`, reads all that it writes, and waits for its end, all at once, so that no full pipe stops it. What
    /// is not piped is left alone; the pipes are taken and closed. gevent: `communicate`.
    pub fn communicate(&mut self, input: &[u8]) -> io::Result<Output> {
        Talk::whole(self, input)
    }

    /// The same for at most `limit`; `None` if that passed first: call it again to go on, nothing is lost (the input counts
    /// the first time only).
    pub fn communicate_timeout(&mut self, input: &[u8], limit: impl Into<Limit>) -> io::Result<Option<Output>> {
        match green::timeout(limit.into().left(), || Talk::whole(self, input)) {
            Ok(ended) => ended.map(Some),
            Err(_) => Ok(None),
        }
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.try_wait()?.is_some() {
            return Ok(());
        }
        let sent = match &self.pidfd {
            Some(pidfd) => pidfd_send_signal(&*pidfd.source()?, signal),
            // Not reaped, so that the number is still its own.
            None => Pid::from_raw(self.id() as i32).map_or(Ok(()), |pid| kill_process(pid, signal)),
        };
        match sent {
            Err(rustix::io::Errno::SRCH) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut process::Child) -> T) -> T {
        f(self.child.borrow_mut().as_mut().expect("taken by the drop only"))
    }
}

/// Has the poller tell of its end.
fn watch(child: &process::Child) -> Option<Watched<OwnedFd>> {
    let pid = Pid::from_raw(child.id() as i32)?;
    Watched::connecting(pidfd_open(pid, PidfdFlags::empty()).ok()?).ok()
}

impl Drop for Child {
    fn drop(&mut self) {
        orphans::reap();
        if let Some(mut child) = self.child.take()
            && matches!(child.try_wait(), Ok(None))
        {
            orphans::adopt(child);
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Child({})", self.id())
    }
}
