//! Child processes: started, fed, read, waited for, ended, while other greenlets run.

mod child;
mod orphans;
mod run;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{self, ExitStatus, Output, Stdio};

use crate::green::Limit;

pub use child::Child;
pub use run::Expired;

/// A program to start. gevent: `subprocess.Popen`'s arguments.
///
/// Starting forks and blocks this thread until the program has begun, some hundred microseconds, as in gevent. An end is
/// heard by a pidfd (by looking at growing intervals, at most 50 ms, where the kernel has none: before Linux 5.3): SIGCHLD is
/// not touched, and only our own children are reaped. The other way round, a `waitpid(-1)` of other code may take
/// a status from us; the wait here then gives the system's `ECHILD`. A virtual clock does not wait for programs: what they
/// take is real time.
///
/// ```
/// use gfetch::{green, net::process::Command};
/// green::run(|| {
///     let output = Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]).output().unwrap();
///     assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
///     assert_eq!(output.status.code(), Some(3));
/// });
/// ```
#[derive(Debug)]
pub struct Command {
    command: process::Command,
}

impl Command {
    /// A program, looked for in `PATH` if it has no slash. Its input, output and errors are those of this process unless
    /// they are set, or a method says otherwise.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command { command: process::Command::new(program) }
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = A>) -> &mut Command {
        self.command.args(args);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.command.env(name, value);
        self
    }

    /// Sets its working directory.
    pub fn current_dir(&mut self, path: impl AsRef<Path>) -> &mut Command {
        self.command.current_dir(path);
        self
    }

    /// Where its input comes from; `Stdio::piped()` for [`Child::stdin`].
    pub fn stdin(&mut self, from: impl Into<Stdio>) -> &mut Command {
        self.command.stdin(from);
        self
    }

    /// Where its output goes; `Stdio::piped()` for [`Child::stdout`].
    pub fn stdout(&mut self, to: impl Into<Stdio>) -> &mut Command {
        self.command.stdout(to);
        self
    }

    /// Where its errors go; `Stdio::piped()` for [`Child::stderr`].
    pub fn stderr(&mut self, to: impl Into<Stdio>) -> &mut Command {
        self.command.stderr(to);
        self
    }

    /// The std command, for all else that can be set.
    pub fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.command
    }

    /// Starts it.
    ///
    /// # Errors
    /// `NotFound` where there is no such program, and whatever the system says; no descriptor and no process is left then.
    pub fn spawn(&mut self) -> io::Result<Child> {
        orphans::reap();
        Child::new(self.command.spawn()?)
    }

    /// Runs it to its end. A kill or a deadline of the caller kills it. gevent: `call`.
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        run::status(self)
    }

    /// Runs it to its end with nothing to read, and collects its output and errors. A kill or a deadline of the caller
    /// kills it. gevent: `run(capture_output=True)`.
    pub fn output(&mut self) -> io::Result<Output> {
        run::output(self, b"")
    }

    /// The same with `input` to read. gevent: `run(input=…)`.
    pub fn output_of(&mut self, input: &[u8]) -> io::Result<Output> {
        run::output(self, input)
    }

    /// The same for at most `limit`: then it is killed, and the error has what it wrote until then. gevent:
    /// `run(timeout=…)`, whose `TimeoutExpired` has it in `output`.
    pub fn output_timeout(&mut self, input: &[u8], limit: impl Into<Limit>) -> io::Result<Result<Output, Expired>> {
        run::output_timeout(self, input, limit.into().left())
    }
}

impl From<process::Command> for Command {
    fn from(command: process::Command) -> Command {
        Command { command }
    }
}

/// The number that Python has for an end: the code of an exit, or minus the signal (-9). gevent: `returncode`.
///
/// ```
/// use gfetch::{green, net::process};
/// let status = green::run(|| process::Command::new("sh").args(["-c", "kill -9 $$"]).status()).unwrap();
/// assert_eq!(process::return_code(status), -9);
/// ```
pub fn return_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(-1)
}
