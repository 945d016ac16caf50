//! `--resume`: the run's record, written as the run goes on, so that the next one can take it up.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use gfetch::fetch::plan::Plan;
use gfetch::fetch::{Fetched, Journal, Session};
use gfetch::green::{self, Greenlet};

use super::{End, Kept};
use crate::cli::args::{self, Invocation};
use crate::cli::escape;
use crate::cli::render::write_out::Template;
use crate::cli::stream::Stream;

/// What succeeds is in the record after this, at most: what a `kill -9` before it takes is fetched once more.
const WRITE_EVERY: Duration = Duration::from_millis(100);

/// The record while it grows.
pub struct Resume {
    writer: Rc<Writer>,
    clock: Greenlet<()>,
    name: String,
    /// For a word at the end; none where nobody wants one.
    stderr: Option<Stream>,
}

struct Writer {
    journal: Journal,
    session: Session,
    /// Where bodies and the report go.
    told_on: Vec<Stream>,
    /// Of what has been told, but for the bytes that these streams gather: they go first.
    told: RefCell<Vec<u8>>,
    /// What runs may go on for so long once the record cannot be written.
    grace: Duration,
}

impl Resume {
    /// What a record has, for looking only.
    pub fn look_at(path: &Path, plan: &Plan) -> Result<Journal, String> {
        Journal::look_at(path, plan).map_err(|error| format!("{}: {error}", name(path)))
    }

    /// Opens the record, and has `session` pass over what it has as done.
    pub fn at(path: &Path, invocation: &Invocation, session: &Session, to: [&Stream; 2]) -> Result<Resume, String> {
        let (plan, [stdout, stderr]) = (&invocation.plan, to);
        let name = name(path);
        let journal = Journal::open(path, plan).map_err(|error| format!("{name}: {error}"))?;
        session.take_up(journal.clone());
        let names_stderr = invocation.write_out.as_ref().is_some_and(Template::names_stderr);
        let told_on_both = names_stderr || invocation.report_to == args::Stream::Stderr;
        let told_on = [stdout].into_iter().chain(told_on_both.then_some(stderr)).cloned().collect();
        let (session, told, grace) = (session.clone(), RefCell::default(), plan.grace.interrupt);
        let writer = Rc::new(Writer { journal, session, told_on, told, grace });
        let ticking = writer.clone();
        let clock = green::spawn(move || {
            while green::sleep(WRITE_EVERY).is_ok() {
                ticking.write();
            }
        });
        Ok(Resume { writer, clock, name, stderr: (!invocation.silent).then(|| stderr.clone()) })
    }
}

/// How it is named in messages.
fn name(path: &Path) -> String {
    format!("--resume {}", escape::line(&path.display().to_string()))
}

impl Writer {
    /// First what the run tells, then that it was done: else a `kill -9` between the two would lose the telling.
    fn write(&self) {
        let told = self.told.borrow().len();
        let is_out = |stream: &Stream| stream.write(b"").is_ok() && stream.broken().is_none();
        if told > 0 && self.told_on.iter().all(is_out) {
            // More may have come behind it meanwhile.
            let mut lines = self.told.borrow_mut();
            self.journal.append(&lines[..told]);
            lines.drain(..told);
        }
        if self.journal.flush().is_err() && !self.session.stop().is_requested() {
            // What is done now could not be said to be: nothing more begins.
            self.session.stop().request(self.grace);
        }
    }
}

impl Kept for Resume {
    fn record(&mut self, fetched: &Fetched) {
        self.writer.journal.push_line(fetched, &mut self.writer.told.borrow_mut());
    }

    fn finish(self: Box<Self>, end: &End<'_>) -> Result<(), String> {
        // It has nothing of its own to lose.
        let _ = self.clock.kill();
        self.writer.write();
        let failed = |error| format!("{}: cannot write the record: {error}", self.name);
        self.writer.journal.flush().map_err(failed)?;
        let Some(stderr) = self.stderr.as_ref().filter(|_| end.session.list_has_ended()) else { return Ok(()) };
        if let Some((count, first)) = self.writer.journal.gone().map_err(failed)? {
            let (name, first) = (&self.name, escape::line(&first));
            let note = "the list has changed: of what was done before, these lines are not in it any more";
            stderr.say(format!("{name}: {note}: {count}, the first {first}"));
        }
        Ok(())
    }
}
