//! A child from its start to its end: fed, read and waited for at once.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::io::{self, Read, Write};
use std::process::{ExitStatus, Output, Stdio};
use std::rc::Rc;
use std::time::Duration;

use super::{Child, Command};
use crate::green::{self, GetError, Greenlet};
use crate::net::{PipeReader, PipeWriter};

/// Read at a time: what a pipe holds.
const READ_BYTES: usize = 64 * 1024;

/// The limit passed; the child was killed.
#[derive(Clone, Debug)]
pub struct Expired {
    /// What the call was given.
    pub limit: Duration,
    /// What the child had written until then, and its status after the kill.
    pub output: Output,
}

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program was killed after {:?}", self.limit)
    }
}

impl Error for Expired {}

pub(super) fn status(command: &mut Command) -> io::Result<ExitStatus> {
    let child = Killed(command.spawn()?);
    child.0.wait()
}

pub(super) fn output(command: &mut Command, input: &[u8]) -> io::Result<Output> {
    start(command)?.0.communicate(input)
}

pub(super) fn output_timeout(
    command: &mut Command,
    input: &[u8],
    limit: Duration,
) -> io::Result<Result<Output, Expired>> {
    let mut child = start(command)?;
    if let Some(output) = child.0.communicate_timeout(input, limit)? {
        return Ok(Ok(output));
    }
    child.0.kill()?;
    let status = child.0.wait()?;
    let output = child.0.talk.output(status);
    Ok(Err(Expired { limit, output }))
}

fn start(command: &mut Command) -> io::Result<Killed> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(Killed(command.spawn()?))
}

/// A child that does not outlive the call that started it. Who has ended is left alone.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// What has been said between us and a child so far.
#[derive(Clone, Default)]
pub(super) struct Talk {
    shared: Rc<Said>,
}

#[derive(Default)]
struct Said {
    begun: Cell<bool>,
    stdin: RefCell<Option<PipeWriter>>,
    stdout: RefCell<Option<PipeReader>>,
    stderr: RefCell<Option<PipeReader>>,
    input: RefCell<Rc<[u8]>>,
    written: Cell<usize>,
    output: RefCell<Vec<u8>>,
    errors: RefCell<Vec<u8>>,
}

impl Talk {
    /// Talks until the child has ended, and gives what it wrote.
    pub fn whole(child: &mut Child, input: &[u8]) -> io::Result<Output> {
        let said = child.talk.shared.clone();
        if !said.begun.replace(true) {
            *said.input.borrow_mut() = input.into();
            said.stdin.replace(child.stdin.take());
            said.stdout.replace(child.stdout.take());
            said.stderr.replace(child.stderr.take());
        }
        let helpers = Helpers(vec![spawn(&said, feed), spawn(&said, |said| read_all(&said.stderr, &said.errors))]);
        read_all(&said.stdout, &said.output)?;
        for helper in &helpers.0 {
            match helper.get() {
                Ok(done) => done?,
                Err(GetError::Interrupted(interrupt)) => return Err(interrupt.into()),
                Err(other) => return Err(io::Error::other(other.to_string())),
            }
        }
        let status = child.wait()?;
        Ok(child.talk.output(status))
    }

    /// Moves out what was read.
    pub fn output(&self, status: ExitStatus) -> Output {
        Output { status, stdout: self.shared.output.take(), stderr: self.shared.errors.take() }
    }
}

fn spawn(said: &Rc<Said>, f: impl FnOnce(&Said) -> io::Result<()> + 'static) -> Greenlet<io::Result<()>> {
    let said = said.clone();
    green::spawn(move || f(&said))
}

/// Greenlets that end with the call that needs them.
struct Helpers(Vec<Greenlet<io::Result<()>>>);

impl Drop for Helpers {
    fn drop(&mut self) {
        self.0.iter().for_each(Greenlet::kill_nowait);
    }
}

/// Writes what is left of the input and closes the pipe; a child that does not read it all is none of our business.
fn feed(said: &Said) -> io::Result<()> {
    let (pipe, input) = (said.stdin.borrow(), said.input.borrow());
    let Some(mut pipe) = pipe.as_ref() else { return Ok(()) };
    while said.written.get() < input.len() {
        match pipe.write(&input[said.written.get()..]) {
            Ok(written) => said.written.set(said.written.get() + written),
            // By the child; by ourselves, in an earlier call.
            Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected) => break,
            Err(error) => return Err(error),
        }
    }
    pipe.close();
    Ok(())
}

fn read_all(pipe: &RefCell<Option<PipeReader>>, into: &RefCell<Vec<u8>>) -> io::Result<()> {
    let pipe = pipe.borrow();
    let Some(mut pipe) = pipe.as_ref() else { return Ok(()) };
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match pipe.read(&mut buffer)? {
            0 => return Ok(()),
            read => into.borrow_mut().write_all(&buffer[..read])?,
        }
    }
}
