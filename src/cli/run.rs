//! The main job: fetch the list and tell what happened.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use gfetch::fetch::list::List;
use gfetch::fetch::names::{Names, Template};
use gfetch::fetch::outcome::Failure;
use gfetch::fetch::plan::{Bodies, Existing};
use gfetch::fetch::{Fetched, Journal, Output, Session, Stop};
use gfetch::green;

use super::args::Invocation;
use super::exit::Exit;
use super::heads::Heads;
use super::progress::Progress;
use super::render::live::Total;
use super::report::Report;
use super::same_file::is_same;
use super::stream::{Broken, Stream};
use super::words::NO_URL;
use super::{client, input, kept, signals, verbose};

/// Fetches what `invocation` names. Runs on a hub.
pub fn fetch(invocation: Invocation) -> Exit {
    match Run::prepare(invocation) {
        Ok((run, list)) => run.run(list),
        Err(message) => {
            super::complain(message);
            Exit::Usage
        }
    }
}

/// A run that is about to begin.
struct Run {
    invocation: Invocation,
    session: Session,
    caught: signals::Caught,
    report: Report,
    started: Instant,
    /// A line has no record: a fault of ours, which must not end as a success.
    lost: bool,
    heads: Vec<Heads>,
    /// Where a body goes that is printed behind its head, or that waited for its turn.
    output: Output,
}

impl Run {
    fn prepare(mut invocation: Invocation) -> Result<(Run, List), String> {
        invocation.plan.keep_exchanges |= invocation.verbose || invocation.dump_header.is_some();
        invocation.plan.spool_dir = std::env::temp_dir();
        let stop = Stop::new();
        let (list, expected) = input::open(&invocation, &stop)?;
        let stdout = Stream::stdout().map_err(|error| error.to_string())?;
        let stderr = Stream::stderr().map_err(|error| error.to_string())?;
        let dumped = invocation.dump_header.as_deref().map(|path| Heads::at(path, &stdout, &invocation.lists));
        let dumped = dumped.transpose()?;
        let heads = dumped.into_iter().chain(invocation.show_headers.then(|| Heads::shown(&stdout))).collect();
        let plan = &invocation.plan;
        let client = client::of(plan)?;
        if let Some(limit) = plan.deadline {
            stop.set_deadline(limit);
        }
        let output = body_output(&invocation, &stdout);
        let session = Session::under(stop, plan.clone(), client, Some(output.clone()));
        let mut kept = kept::begin(&invocation, session.part_files(), [&stdout, &stderr])?;
        kept.extend(kept::take_up(&invocation, &session, [&stdout, &stderr])?);
        let parts = session.part_files().clone();
        let mut progress = Progress::new(&invocation, &stderr);
        let screen = progress.screen();
        let journal = session.journal().cloned();
        let in_a_hurry = move || {
            parts.remove_all();
            // What cannot be written is fetched again.
            let _ = journal.as_ref().map(Journal::flush);
        };
        let caught = signals::watch(session.stop().clone(), plan.grace, screen, in_a_hurry);
        let caught = caught.map_err(|error| format!("signals: {error}"))?;
        let read = session.clone();
        progress.begin(session.stop().clone(), move || match read.list_has_ended() {
            true => Some(Total { lines: read.lines_read() - read.done_before(), exact: true }),
            // What was done before is not among what is counted.
            false => {
                expected.total().map(|total| Total { lines: total.lines.saturating_sub(read.done_before()), ..total })
            }
        });
        let report = Report::new(&invocation, (stdout, stderr), progress, kept);
        if !invocation.silent {
            invocation.notes.iter().for_each(|note| report.stderr.say(note));
        }
        let started = Instant::now();
        let run = Run { invocation, session, caught, report, started, lost: false, heads, output };
        Ok((run, list))
    }

    fn run(mut self, list: List) -> Exit {
        let names = names(&self.invocation);
        for fetched in self.session.run(list, names) {
            match fetched {
                Ok(fetched) => self.deliver(fetched),
                Err(error) => {
                    self.report.stderr.say(format!("a line was lost: {error}"));
                    self.lost = true;
                }
            }
            if self.report.broken().is_some() {
                // Nobody would see what still comes.
                self.session.stop().request(Duration::ZERO);
            }
        }
        self.finish()
    }

    /// One record, in its turn: its body first, then its line.
    fn deliver(&mut self, mut fetched: Box<Fetched>) {
        self.heads.iter_mut().for_each(|heads| heads.write(&fetched));
        if let Some(body) = &mut fetched.body {
            let written = body.drain(|bytes| (self.output)(bytes));
            // A broken standard output is remembered by the stream, and is no single body's fault.
            if let Err(error) = written
                && self.report.stdout.broken().is_none()
            {
                let failure = Failure::writing(&error, None);
                fetched.outcome.error.get_or_insert(failure);
            }
        }
        if let Some(details) = &mut fetched.details
            && let Err(error) = details.read_body()
        {
            self.report.stderr.say(format!("a body that waited for its record cannot be read: {error}"));
            self.lost = true;
        }
        self.session.turn().pass_to(fetched.turn + 1);
        if self.invocation.verbose {
            let text = verbose::exchanges(&fetched, &self.invocation);
            self.report.stderr.talk(&text);
        }
        self.report.record(&fetched);
        for (cause, wait) in self.session.take_waits() {
            self.report.summary.add_queue(cause, wait);
        }
    }

    fn finish(mut self) -> Exit {
        self.report.progress.finish();
        self.report.summary.elapsed = self.started.elapsed();
        self.report.summary.reading_paused = self.session.reading_paused();
        self.report.summary.done_before = self.session.done_before();
        self.report.summary.hosts = self.session.held_by_hosts();
        self.report.summary.stopped_after = self.session.stopped_after().map(|source| line_number(&source));
        self.report.to.flush();
        self.report.stdout.flush();
        let broke_off = self.session.take_list_error();
        let nothing_read = self.session.lines_read() == 0;
        let mut exit = self.exit();
        match &broke_off {
            Some(error) => {
                self.report.stderr.say(error);
                exit = if nothing_read { Exit::Usage } else { Exit::Output };
            }
            // A list that was not waited for is not empty.
            None if self.caught.signal().is_some() => {}
            None if nothing_read && !self.invocation.allow_empty && exit == Exit::Ok => {
                self.report.stderr.say(NO_URL);
                exit = Exit::Usage;
            }
            None => {}
        }
        if self.session.disk_is_full() {
            self.report
                .stderr
                .say("a file found no room (a full disk, a quota, ulimit -f): stopped; what was finished is kept");
            exit = Exit::Output;
        }
        let mut unwritten = self.report.finish_kept(&self.session, self.lost);
        unwritten.extend(std::mem::take(&mut self.heads).into_iter().filter_map(|heads| heads.finish().err()));
        for message in unwritten {
            self.report.stderr.say(message);
            exit = Exit::Output;
        }
        let broken = self.report.broken();
        if let Some(Broken::Failed(why)) = broken {
            self.report.stderr.say(format!("cannot write the report or a body: {why}"));
        }
        if !self.invocation.silent && !nothing_read && broken != Some(Broken::ReaderGone) {
            self.report.tell_summary(self.invocation.save_failed.is_none());
        }
        self.report.stderr.flush();
        match (self.caught.signal(), broken) {
            (Some(signal), _) => Exit::Signal(signal),
            (None, Some(broken)) => broken.exit(),
            (None, None) => exit,
        }
    }

    fn exit(&self) -> Exit {
        if self.lost {
            return Exit::Output;
        }
        let totals = self.report.summary.totals();
        // What a line's earlier run has done is no failure of this one.
        Exit::of_counts(totals.ok + self.session.done_before(), totals.failed)
    }
}

/// Where printed bodies go; binary is not poured onto a terminal unasked.
fn body_output(invocation: &Invocation, stdout: &Stream) -> Output {
    let stdout = stdout.clone();
    let refuses_binary = std::io::IsTerminal::is_terminal(&std::io::stdout()) && !invocation.binary_to_terminal;
    Rc::new(move |bytes| {
        if refuses_binary && bytes.contains(&0) {
            return Err(std::io::Error::other("binary output to a terminal (-o - allows that)"));
        }
        stdout.write(bytes)
    })
}

/// What gives the files their names.
pub fn names(invocation: &Invocation) -> Names {
    let plan = &invocation.plan;
    let names = match &plan.bodies {
        Bodies::Save(save) => {
            let templates = save.templates.iter().map(|text| Template::parse(text)).collect();
            Names::new(save.dir.clone(), templates, save.remote_name)
        }
        _ => Names::new(None, Vec::new(), false),
    };
    let own_files: Vec<PathBuf> = invocation.own_files.iter().map(|file| file.path.clone()).collect();
    // Looked at is only what has the name of one of them.
    let is_own = move |path: &Path| {
        let same_name = |own: &&PathBuf| own.file_name() == path.file_name();
        own_files.iter().filter(same_name).any(|own| is_same(own, path))
    };
    // A run that is taken up finds files of its own: the names that it knows them by must not depend on them.
    if plan.existing != Existing::Numbered || invocation.resume.is_some() {
        return names.keeping(is_own);
    }
    names.keeping(move |path| {
        let there = path.to_owned();
        // Who cannot look finds out when the file takes its place.
        is_own(path) || green::offload(move || there.symlink_metadata().is_ok()).unwrap_or(false)
    })
}

/// The number in `urls.txt:17` or `argument 2`.
fn line_number(source: &str) -> u64 {
    source.rsplit([':', ' ']).next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
