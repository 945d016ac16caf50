//! The main job: fetch the list and tell what happened.

use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use gfetch::fetch::list::List;
use gfetch::fetch::names::{Names, Template};
use gfetch::fetch::plan::{Bodies, Plan};
use gfetch::fetch::summary::{self, Summary};
use gfetch::fetch::{Fetched, Output, PartFiles, Session};
use gfetch::http::auth::redact_url;

use super::args::{self, Format, Invocation};
use super::exit::Exit;
use super::progress::Progress;
use super::render::{self, Redact, Show};
use super::replacing::Replacing;
use super::save_failed::SaveFailed;
use super::stream::{Broken, Stream};
use super::{client, input, signals, verbose};

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
    heads: Option<Heads>,
    /// The heads could not be written.
    heads_failed: Option<String>,
}

/// Where the heads of the answers go (`-D`).
enum Heads {
    Stdout,
    File(File),
}

/// Everything that is written.
struct Report {
    stdout: Stream,
    stderr: Stream,
    to: Stream,
    format: Format,
    show: Show,
    summary: Summary,
    progress: Progress,
    failed: Option<SaveFailed>,
    jar: Option<CookieJar>,
}

/// Where the cookies go at the end.
enum CookieJar {
    File(Replacing),
    Stdout,
}

impl Run {
    fn prepare(mut invocation: Invocation) -> Result<(Run, List), String> {
        invocation.plan.keep_exchanges = invocation.verbose || invocation.dump_header.is_some();
        invocation.plan.spool_dir = std::env::temp_dir();
        let plan = &invocation.plan;
        let list = input::open(&invocation)?;
        let save_failed = |path| SaveFailed::at(path, &invocation.lists);
        let failed = invocation.save_failed.as_deref().map(save_failed).transpose()?;
        let jar = invocation.cookie_jar.as_deref().map(CookieJar::at).transpose()?;
        let heads = match invocation.dump_header.as_deref() {
            None => None,
            Some(path) if path.as_os_str() == "-" => Some(Heads::Stdout),
            Some(path) => {
                let file = File::create(path).map_err(|error| format!("-D {}: {error}", path.display()))?;
                Some(Heads::File(file))
            }
        };
        let stdout = Stream::stdout().map_err(|error| error.to_string())?;
        let stderr = Stream::stderr().map_err(|error| error.to_string())?;
        let session = Session::new(plan.clone(), client::of(plan)?, Some(body_output(&invocation, &stdout)));
        let failed = failed.map(|failed| failed.listed_in(session.part_files()));
        let jar = jar.map(|jar| jar.listed_in(session.part_files()));
        let parts = session.part_files().clone();
        let caught = signals::watch(session.stop().clone(), plan.grace, move || parts.remove_all());
        let caught = caught.map_err(|error| format!("signals: {error}"))?;
        let progress = Progress::new(invocation.progress);
        for (stream, of) in [(&stdout, args::Stream::Stdout), (&stderr, args::Stream::Stderr)] {
            stream.share_with(progress.bar().filter(|_| super::terminal::width(of).is_some()));
        }
        let to_stdout = invocation.report_to == args::Stream::Stdout;
        let report = Report {
            to: if to_stdout { stdout.clone() } else { stderr.clone() },
            format: invocation.format,
            show: show(&invocation, to_stdout),
            summary: summary_of(plan),
            progress,
            failed,
            jar,
            stdout,
            stderr,
        };
        if !invocation.silent {
            invocation.notes.iter().for_each(|note| report.complain(note));
        }
        let started = Instant::now();
        let run = Run { invocation, session, caught, report, started, lost: false, heads, heads_failed: None };
        Ok((run, list))
    }

    fn run(mut self, list: List) -> Exit {
        let names = names(&self.invocation.plan);
        for fetched in self.session.run(list, names) {
            match fetched {
                Ok(fetched) => self.deliver(fetched),
                Err(error) => {
                    self.report.complain(&format!("a line was lost: {error}"));
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
        self.write_heads(&fetched);
        if let Some(body) = &mut fetched.body {
            let stdout = self.report.stdout.clone();
            // A broken standard output is remembered by the stream.
            let _ = body.drain(|bytes| stdout.write(bytes));
        }
        self.session.turn().pass_to(fetched.outcome.index + 1);
        if self.invocation.verbose {
            let text = verbose::exchanges(&fetched, &self.invocation);
            self.report.stderr.push(text.as_bytes());
        }
        self.report.record(&fetched);
        for (cause, wait) in self.session.take_waits() {
            self.report.summary.add_queue(cause, wait);
        }
        self.report.progress.show(&self.report.summary);
    }

    fn write_heads(&mut self, fetched: &Fetched) {
        let Some(heads) = &mut self.heads else { return };
        let text: Vec<u8> = fetched.exchanges.iter().flat_map(|one| one.response_head.iter().copied()).collect();
        match heads {
            // A broken standard output is remembered by the stream.
            Heads::Stdout => drop(self.report.stdout.write(&text)),
            Heads::File(file) => {
                if let Err(error) = file.write_all(&text) {
                    self.heads_failed.get_or_insert(format!("cannot write the heads (-D): {error}"));
                }
            }
        }
    }

    fn finish(mut self) -> Exit {
        self.report.progress.finish();
        self.report.summary.elapsed = self.started.elapsed();
        self.report.summary.reading_paused = self.session.reading_paused();
        self.report.summary.stopped_after = self.session.stopped_after().map(|source| line_number(&source));
        self.report.to.flush();
        let broke_off = self.session.take_list_error();
        let nothing_read = self.session.lines_read() == 0;
        let mut exit = self.exit();
        match &broke_off {
            Some(error) => {
                self.report.complain(&error.to_string());
                exit = if nothing_read { Exit::Usage } else { Exit::Output };
            }
            None if nothing_read && !self.invocation.allow_empty && exit == Exit::Ok => {
                self.report.complain("no URL in the list (--allow-empty allows that)");
                exit = Exit::Usage;
            }
            None => {}
        }
        let written = [self.report.save_failed(), self.report.write_cookies(&self.session)];
        for message in written.into_iter().filter_map(Result::err) {
            self.report.complain(&message);
            exit = Exit::Output;
        }
        if let Some(message) = self.heads_failed.take() {
            self.report.complain(&message);
            exit = Exit::Output;
        }
        let broken = self.report.broken();
        if let Some(Broken::Failed(kind)) = broken {
            self.report.complain(&format!("cannot write the report or a body: {}", std::io::Error::from(kind)));
        }
        if !self.invocation.silent && !nothing_read && broken != Some(Broken::ReaderGone) {
            self.report.tell_summary(self.invocation.save_failed.is_none());
        }
        self.report.stderr.flush();
        match (self.caught.signal(), broken) {
            (Some(signal), _) => Exit::Signal(signal),
            (None, Some(Broken::ReaderGone)) => Exit::ReaderGone,
            (None, Some(Broken::Failed(_))) => Exit::Output,
            (None, None) => exit,
        }
    }

    fn exit(&self) -> Exit {
        if self.lost {
            return Exit::Output;
        }
        let totals = self.report.summary.totals();
        Exit::of_counts(totals.ok, totals.failed)
    }
}

impl Report {
    fn record(&mut self, fetched: &Fetched) {
        let outcome = &fetched.outcome;
        self.summary.add(outcome);
        if let (Some(failed), Some(failure)) = (&mut self.failed, &outcome.error) {
            failed.add(fetched.line(), outcome, failure);
        }
        if self.broken() == Some(Broken::ReaderGone) {
            return;
        }
        match self.format {
            Format::Json => self.push(|out, show| render::json::record(out, outcome, show.redact)),
            Format::Text if self.show.width == usize::MAX => {
                self.push(|out, show| render::text::columns(out, outcome, show.redact));
            }
            Format::Text => self.push(|out, show| {
                let mut line = String::new();
                render::text::line(&mut line, outcome, show);
                out.extend_from_slice(line.as_bytes());
            }),
        }
    }

    fn push(&self, render: impl FnOnce(&mut Vec<u8>, &Show)) {
        self.to.push_with(|out| render(out, &self.show));
    }

    fn tell_summary(&self, hint: bool) {
        let is_drawn = self.format == Format::Text && self.show.width != usize::MAX;
        let mut text = String::from(if is_drawn { "\n" } else { "" });
        render::summary::text(&mut text, &self.summary, &self.show, hint);
        self.stderr.push(text.as_bytes());
    }

    fn save_failed(&mut self) -> Result<(), String> {
        self.failed.take().map_or(Ok(()), SaveFailed::finish)
    }

    /// Once, after all requests: a jar that is half written would lose what the last run had.
    fn write_cookies(&mut self, session: &Session) -> Result<(), String> {
        let Some(cookies) = session.cookies().map(|jar| jar.write_netscape(SystemTime::now())) else { return Ok(()) };
        match self.jar.take() {
            None => Ok(()),
            Some(CookieJar::File(mut file)) => {
                file.write(&cookies);
                file.finish()
            }
            Some(CookieJar::Stdout) => {
                self.stdout.push(&cookies);
                self.stdout.flush();
                Ok(())
            }
        }
    }

    fn complain(&self, message: &str) {
        self.stderr.push(format!("gfetch: {message}\n").as_bytes());
    }

    /// A report on standard error that breaks off is one that could not be written, whoever went away.
    fn broken(&self) -> Option<Broken> {
        let report = || self.to.broken().map(|_| Broken::Failed(std::io::ErrorKind::BrokenPipe));
        self.stdout.broken().or_else(report)
    }
}

impl CookieJar {
    fn at(path: &Path) -> Result<CookieJar, String> {
        match path.as_os_str() == "-" {
            true => Ok(CookieJar::Stdout),
            false => Replacing::at(path, |_| Ok(())).map(CookieJar::File),
        }
    }

    fn listed_in(self, files: &PartFiles) -> CookieJar {
        match self {
            CookieJar::File(file) => CookieJar::File(file.listed_in(files)),
            CookieJar::Stdout => CookieJar::Stdout,
        }
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

fn names(plan: &Plan) -> Names {
    match &plan.bodies {
        Bodies::Save(save) => {
            let templates = save.templates.iter().map(|text| Template::parse(text)).collect();
            Names::new(save.dir.clone(), templates, save.remote_name)
        }
        _ => Names::new(None, Vec::new(), false),
    }
}

fn summary_of(plan: &Plan) -> Summary {
    let mut summary = Summary::new(summary::Limits::of(plan));
    summary.certificates_unchecked = plan.connect.insecure;
    summary
}

pub fn show(invocation: &Invocation, to_stdout: bool) -> Show {
    let stream = if to_stdout { args::Stream::Stdout } else { args::Stream::Stderr };
    Show {
        redact: redact(invocation.show_secrets),
        width: super::terminal::width(stream).unwrap_or(usize::MAX),
        colour: if to_stdout { invocation.color.stdout } else { invocation.color.stderr },
    }
}

pub fn redact(show_secrets: bool) -> Redact {
    fn stars(url: &str) -> Cow<'_, str> {
        if url.contains('@') { Cow::Owned(redact_url(url)) } else { Cow::Borrowed(url) }
    }
    fn as_it_is(url: &str) -> Cow<'_, str> {
        Cow::Borrowed(url)
    }
    if show_secrets { as_it_is } else { stars }
}

/// The number in `urls.txt:17` or `argument 2`.
fn line_number(source: &str) -> u64 {
    source.rsplit([':', ' ']).next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
