//! The report of a run: its records, the summary behind them, and the files that are kept beside them.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use gfetch::fetch::summary::{Limits, Summary};
use gfetch::fetch::{Fetched, Session};
use gfetch::http::auth::redact_url;

use super::args::{self, Format, Invocation};
use super::kept::{End, Kept};
use super::progress::Progress;
use super::render::chosen::Chosen;
use super::render::fields::{Of, Secrets};
use super::render::write_out::{Template, To, Transfer};
use super::render::{self, Redact, Show};
use super::stream::{Broken, Stream};
use super::{charset, escape, terminal, words};

/// Everything that is written.
pub struct Report {
    pub stdout: Stream,
    pub stderr: Stream,
    /// Where the records go: one of the two.
    pub to: Stream,
    format: Format,
    fields: Chosen,
    write_out: Option<Template>,
    secrets: Secrets,
    show: Show,
    pub summary: Summary,
    pub progress: Progress,
    kept: Vec<Box<dyn Kept>>,
    /// What went wrong with a file of `-w`.
    unwritten: Option<String>,
}

impl Report {
    pub fn new(
        invocation: &Invocation,
        (stdout, stderr): (Stream, Stream),
        progress: Progress,
        kept: Vec<Box<dyn Kept>>,
    ) -> Report {
        for (stream, of) in [(&stdout, args::Stream::Stdout), (&stderr, args::Stream::Stderr)] {
            stream.share_with(progress.live().filter(|_| terminal::width(of).is_some()));
        }
        let to_stdout = invocation.report_to == args::Stream::Stdout;
        let to = if to_stdout { stdout.clone() } else { stderr.clone() };
        if invocation.format == Format::Csv {
            to.push_with(|out| render::csv::header(out, &invocation.fields));
        }
        let mut summary = Summary::new(Limits::of(&invocation.plan));
        summary.certificates_unchecked = invocation.plan.connect.insecure;
        Report {
            to,
            format: invocation.format,
            fields: invocation.fields.clone(),
            write_out: invocation.write_out.clone(),
            secrets: secrets(invocation),
            show: show(invocation, to_stdout),
            summary,
            progress,
            kept,
            unwritten: None,
            stdout,
            stderr,
        }
    }

    pub fn record(&mut self, fetched: &Fetched) {
        self.summary.add(&fetched.outcome);
        if self.broken() != Some(Broken::ReaderGone) {
            self.tell(fetched);
        }
        // Behind it: the run's record has a line as done that was told.
        self.kept.iter_mut().for_each(|kept| kept.record(fetched));
    }

    fn tell(&mut self, fetched: &Fetched) {
        let outcome = &fetched.outcome;
        match self.format {
            _ if self.write_out.is_some() => self.write_out(fetched),
            Format::Json if self.fields.is_usual() => {
                self.push(|out, show| render::json::record(out, outcome, show.redact));
            }
            Format::Json => self.push(|out, _| self.fields.record(out, self.of(fetched))),
            Format::Csv => self.push(|out, _| render::csv::record(out, &self.fields, self.of(fetched))),
            Format::Text if self.show.width == usize::MAX => {
                self.push(|out, show| render::text::columns(out, outcome, show.redact));
            }
            Format::Text => self.push(|out, show| {
                let mut line = String::new();
                render::text::line(&mut line, outcome, show);
                out.extend_from_slice(charset::shown(&line).as_bytes());
            }),
        }
    }

    fn of<'a>(&'a self, fetched: &'a Fetched) -> Of<'a> {
        Of { outcome: &fetched.outcome, redact: self.show.redact, more: Some((fetched, &self.secrets)) }
    }

    /// What `-w` makes of a record, to each of the places that it names.
    fn write_out(&mut self, fetched: &Fetched) {
        let transfer = Transfer { fetched, secrets: &self.secrets };
        let pieces = self.write_out.as_ref().map_or(Vec::new(), |template| template.render(transfer));
        for (to, bytes) in pieces {
            match to {
                To::Report => self.to.push(&bytes),
                To::Stdout => self.stdout.push(&bytes),
                To::Stderr => self.stderr.push(&bytes),
                To::File { path, appends } => {
                    if let Err(error) = write_to(&path, appends, &bytes) {
                        self.unwritten.get_or_insert(format!(
                            "cannot write {} (-w): {}",
                            path.display(),
                            words::of_writing(&error)
                        ));
                    }
                }
            }
        }
    }

    fn push(&self, render: impl FnOnce(&mut Vec<u8>, &Show)) {
        self.to.push_with(|out| render(out, &self.show));
    }

    pub fn tell_summary(&self, hint: bool) {
        let is_drawn = self.format == Format::Text && self.write_out.is_none() && self.show.width != usize::MAX;
        let mut text = String::from(if is_drawn { "\n" } else { "" });
        render::summary::text(&mut text, &self.summary, &self.show, hint);
        self.stderr.talk(&text);
    }

    /// Puts what was kept beside the report in its place. What could not be written is returned.
    pub fn finish_kept(&mut self, session: &Session, lost: bool) -> Vec<String> {
        let end = End { summary: &self.summary, session, lost };
        let kept = std::mem::take(&mut self.kept).into_iter().filter_map(|kept| kept.finish(&end).err());
        kept.chain(self.unwritten.take()).collect()
    }

    /// A report on standard error that breaks off is one that could not be written, whoever went away.
    pub fn broken(&self) -> Option<Broken> {
        let report = || {
            self.to.broken().map(|broken| match broken {
                Broken::ReaderGone => Broken::Failed((&io::Error::from(io::ErrorKind::BrokenPipe)).into()),
                failed => failed,
            })
        };
        self.stdout.broken().or_else(report)
    }
}

pub fn show(invocation: &Invocation, to_stdout: bool) -> Show {
    let stream = if to_stdout { args::Stream::Stdout } else { args::Stream::Stderr };
    Show {
        redact: redact(invocation.show_secrets),
        width: terminal::width(stream).unwrap_or(usize::MAX),
        colour: if to_stdout { invocation.color.stdout } else { invocation.color.stderr },
    }
}

/// What may not be shown.
pub fn secrets(invocation: &Invocation) -> Secrets {
    Secrets {
        redact: redact(invocation.show_secrets),
        headers: invocation.secret_headers.clone(),
        shown: invocation.show_secrets,
    }
}

/// As curl: what is there is replaced at each transfer, or added to.
fn write_to(path: &Path, appends: bool, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).append(appends).truncate(!appends).open(path)?.write_all(bytes)
}

pub fn redact(show_secrets: bool) -> Redact {
    fn stars(url: &str) -> Cow<'_, str> {
        match escape::all(url.as_bytes(), |byte| byte != b'@') {
            true => Cow::Borrowed(url),
            false => Cow::Owned(redact_url(url)),
        }
    }
    fn as_it_is(url: &str) -> Cow<'_, str> {
        Cow::Borrowed(url)
    }
    if show_secrets { as_it_is } else { stars }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::ffi::OsString;
    use std::path::PathBuf;
    use std::rc::Rc;

    use gfetch::green;

    use super::*;
    use crate::cli::args::{Command, World};
    use crate::cli::render::samples;

    /// Looks whether the report's line of a record is in its file.
    struct Looks(PathBuf, Rc<Cell<u32>>);

    impl Kept for Looks {
        fn record(&mut self, fetched: &Fetched) {
            let told = std::fs::read_to_string(&self.0).unwrap_or_default();
            let is_told = told.lines().last() == Some(&fetched.outcome.index.to_string());
            self.1.set(self.1.get() + u32::from(is_told));
        }

        fn finish(self: Box<Self>, _: &End<'_>) -> Result<(), String> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_told_before_it_is_noted_as_done() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("told");
        let template = format!("%output{{>>{}}}%{{urlnum}}\\n", file.display());
        let words = ["http://a/", "-s", "-w", &template].map(OsString::from);
        let Ok(Command::Fetch(invocation)) = args::parse(words, &World::of_this_process()) else { panic!("a fetch") };
        let noted = Rc::new(Cell::new(0));
        let looks = Looks(file, noted.clone());
        let run = samples::run();
        green::run(|| {
            let (stdout, stderr) = (Stream::stdout().unwrap(), Stream::stderr().unwrap());
            let progress = Progress::new(&invocation, &stderr);
            let mut report = Report::new(&invocation, (stdout, stderr), progress, vec![Box::new(looks)]);
            run.iter().for_each(|fetched| report.record(fetched));
        });
        assert_eq!(noted.get() as usize, run.len());
    }
}
