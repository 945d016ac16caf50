//! A run that is told and not made: the list is read as in a run, and each line that one would ask for said in its turn.

use std::time::Duration;

use gfetch::fetch::list::{List, ListError};
use gfetch::fetch::plan::Grace;
use gfetch::fetch::preview::{PassedOver, Planned, Preview};
use gfetch::fetch::{Journal, Stop};

use super::args::Invocation;
use super::exit::Exit;
use super::render::units;
use super::stream::Stream;
use super::words::{self, NO_URL};
use super::{client, input, kept, run, signals};

/// How it is told.
pub trait Teller {
    /// Said on standard error before the first line; may be empty.
    fn begin(&self) -> String;

    /// Appends what is said of a line on standard output.
    fn line(&mut self, out: &mut Vec<u8>, planned: &Planned);

    /// The same on standard error.
    fn talk(&mut self, _: &mut Vec<u8>, _: &Planned) {}

    /// Whether a line is told with what is there of its file (`--resume`).
    fn tells_parts(&self) -> bool {
        false
    }

    /// Said on standard error after the last line, if there was one, also with `-s`; may be empty.
    fn warnings(&self) -> String {
        String::new()
    }

    /// The same, but for `-s`.
    fn end(&self) -> String;
}

/// Tells what `invocation` would do. Runs on a hub. The exit status is that of a run in which every request succeeds: lines
/// that are no URLs have failed.
pub fn tell(invocation: &Invocation, teller: &mut dyn Teller) -> Exit {
    let told = Telling::new(invocation).and_then(|(telling, list)| Ok((telling.caught()?, telling, list)));
    match told {
        Ok((caught, telling, list)) => {
            let exit = telling.tell(list, teller);
            caught.signal().map_or(exit, Exit::Signal)
        }
        Err(message) => {
            super::complain(message);
            Exit::Usage
        }
    }
}

struct Telling<'a> {
    invocation: &'a Invocation,
    stop: Stop,
    stdout: Stream,
    stderr: Stream,
    journal: Option<Journal>,
}

impl<'a> Telling<'a> {
    fn new(invocation: &'a Invocation) -> Result<(Telling<'a>, List), String> {
        let stop = Stop::new();
        let (list, _) = input::open(invocation, &stop)?;
        // Certificates that cannot be read are told now, as they would be then.
        client::of(&invocation.plan)?;
        let stream = |opened: std::io::Result<Stream>| opened.map_err(|error| error.to_string());
        let (stdout, stderr) = (stream(Stream::stdout())?, stream(Stream::stderr())?);
        let journal = kept::look_at(invocation)?;
        Ok((Telling { invocation, stop, stdout, stderr, journal }, list))
    }

    /// A signal ends the reading; there is nothing to wait for.
    fn caught(&self) -> Result<signals::Caught, String> {
        let caught = signals::watch(self.stop.clone(), Grace::new(Duration::ZERO), None, || ());
        caught.map_err(|error| format!("signals: {error}"))
    }

    fn tell(&self, list: List, teller: &mut dyn Teller) -> Exit {
        self.talk(&self.invocation.notes.iter().map(words::ours).collect::<String>());
        self.talk(&teller.begin());
        let plan = &self.invocation.plan;
        let (mut good, mut bad, mut broke_off) = (0, 0, None);
        let preview = Preview::new(plan, list, run::names(self.invocation), self.stop.clone());
        let mut preview = preview.taking_up(self.journal.clone()).with_parts(teller.tells_parts());
        for planned in preview.by_ref() {
            match planned {
                Ok(planned) => {
                    *(if planned.first.is_ok() { &mut good } else { &mut bad }) += 1;
                    self.stdout.push_with(|out| teller.line(out, &planned));
                    self.stderr.push_with(|out| teller.talk(out, &planned));
                }
                Err(error) => broke_off = Some(error),
            }
            if self.stdout.broken().is_some() {
                break;
            }
        }
        self.stdout.flush();
        let PassedOver { done_before, there } = preview.passed_over();
        let exit = self.exit(good + done_before + there, bad, broke_off);
        for (count, why) in
            [(done_before, "had been done before (--resume)"), (there, "have their files (--skip-existing)")]
        {
            if count > 0 {
                self.talk(&format!("{} more {why}\n", units::thousands(count)));
            }
        }
        if good + bad > 0 && self.stdout.broken().is_none() {
            self.stderr.talk(&teller.warnings());
            self.talk(&teller.end());
        }
        self.stderr.flush();
        match self.stdout.broken() {
            Some(broken) => broken.told("to standard output"),
            None => exit,
        }
    }

    fn exit(&self, good: u64, bad: u64, broke_off: Option<ListError>) -> Exit {
        let nothing_read = good + bad == 0;
        match broke_off {
            Some(error) => {
                self.stderr.say(error);
                if nothing_read { Exit::Usage } else { Exit::Output }
            }
            None if nothing_read && !self.invocation.allow_empty && !self.stop.is_requested() => {
                self.stderr.say(NO_URL);
                Exit::Usage
            }
            None => Exit::of_counts(good, bad),
        }
    }

    /// Says what is not said with `-s`.
    fn talk(&self, text: &str) {
        if !self.invocation.silent && !text.is_empty() {
            self.stderr.talk(text);
            self.stderr.flush();
        }
    }
}
