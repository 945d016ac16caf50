//! `--compare`: the list is read, the runs are made, and one comparison is told instead of records.

use gfetch::fetch::compare::{Comparing, Comparison, Listing, Mode, RunBegins, Size, Unfinished, Unfit, Verdict};
use gfetch::fetch::plan::Grace;
use gfetch::fetch::{PartFiles, Stop};
use std::fmt::Display;
use std::io;
use std::time::{Duration, SystemTime};

use super::args::{self, Compare, Format, Invocation};
use super::exit::Exit;
use super::progress::Progress;
use super::render::{self, Show, units::counted};
use super::stream::Stream;
use super::words::{NO_URL, NOT_CHECKED};
use super::{client, html, input, kept, report, signals};

/// Compares what `invocation` names. Runs on a hub.
pub fn compare(invocation: &Invocation, how: &Compare) -> Exit {
    match Talk::new(invocation) {
        Ok(talk) => talk.compare(invocation, how),
        Err(error) => {
            super::complain(error);
            Exit::Output
        }
    }
}

/// Why there is no comparison, and what that comes to.
struct Refused(Exit, String);

impl From<String> for Refused {
    fn from(message: String) -> Refused {
        Refused(Exit::Usage, message)
    }
}

/// Where everything is told.
struct Talk {
    stderr: Stream,
    to: Stream,
    format: Format,
    show: Show,
    silent: bool,
}

impl Talk {
    fn new(invocation: &Invocation) -> io::Result<Talk> {
        let to_stdout = invocation.report_to == args::Stream::Stdout;
        let stderr = Stream::stderr()?;
        Ok(Talk {
            to: if to_stdout { Stream::stdout()? } else { stderr.clone() },
            stderr,
            format: invocation.format,
            show: report::show(invocation, to_stdout),
            silent: invocation.silent,
        })
    }

    fn compare(&self, invocation: &Invocation, how: &Compare) -> Exit {
        let stop = Stop::new();
        // Half a comparison is none: what still runs when a signal comes is not waited for.
        let progress = Progress::new(invocation, &self.stderr);
        let parts = PartFiles::default();
        let unfinished = parts.clone();
        let gone = move || unfinished.remove_all();
        let caught = match signals::watch(stop.clone(), Grace::new(Duration::ZERO), progress.screen(), gone) {
            Ok(caught) => caught,
            Err(error) => return self.refuse(Refused(Exit::Usage, format!("signals: {error}"))),
        };
        let exit = match self.measure(invocation, how, stop, progress, &parts) {
            Ok(exit) => exit,
            Err(refused) => self.refuse(refused),
        };
        match (caught.signal(), self.to.broken()) {
            (Some(signal), _) => Exit::Signal(signal),
            (None, Some(broken)) => broken.told("the report"),
            (None, None) => exit,
        }
    }

    fn refuse(&self, Refused(exit, message): Refused) -> Exit {
        self.say(message);
        exit
    }

    fn measure(
        &self,
        invocation: &Invocation,
        how: &Compare,
        stop: Stop,
        mut progress: Progress,
        parts: &PartFiles,
    ) -> Result<Exit, Refused> {
        let plan = &invocation.plan;
        // What cannot be written is known before anything is fetched.
        let page = invocation.report.as_deref().map(|path| kept::begin_page(path, &invocation.lists)).transpose()?;
        let page = page.map(|page| page.listed_in(parts));
        if let Some(limit) = plan.deadline {
            stop.set_deadline(limit);
        }
        let client = client::with_lasting_names(plan)?;
        let (list, _) = input::open(invocation, &stop)?;
        let listing = Listing::read(list, plan, &stop).map_err(unfit)?;
        if listing.is_empty() {
            return match invocation.allow_empty {
                true => Ok(Exit::Ok),
                false => Err(NO_URL.to_owned().into()),
            };
        }
        if !self.silent {
            invocation.notes.iter().for_each(|note| self.say(note));
        }
        let pairs = how.runs.map(|runs| runs as usize);
        let has_no_url = listing.has_no_url();
        let (warm_ups, widths) = (how.warmup as usize, how.widths.clone());
        let comparing = Comparing { listing, plan: plan.clone(), client, stop, pairs, warm_ups, widths };
        if invocation.only.is_some() {
            let files = render::dry_limits::files(invocation);
            if !self.silent && !files.is_empty() {
                self.say(files);
            }
            self.tell_sizes(comparing.sizes());
            // It would not be comparable.
            return Ok(if has_no_url { Exit::SomeFailed } else { Exit::Ok });
        }
        self.announce(&comparing);
        progress.begin(comparing.stop.clone(), || None);
        let lines = comparing.listing.len() as u64;
        let compared = comparing.run(|begins| progress.next_run(state(begins), lines));
        progress.finish();
        let comparison = compared.map_err(unfinished)?;
        self.report(&comparison);
        if let Some(page) = page {
            let made = html::comparison(&comparison, report::redact(invocation.show_secrets), SystemTime::now());
            kept::finish_page(page, &made).map_err(|message| Refused(Exit::Output, message))?;
        }
        Ok(match comparison.verdict {
            Verdict::Measured(_) | Verdict::Widths(_) => Exit::Ok,
            Verdict::NotComparable(_) => Exit::SomeFailed,
        })
    }

    /// Says how much will be asked for, before anything is.
    fn announce(&self, comparing: &Comparing) {
        if self.silent {
            return;
        }
        if comparing.plan.connect.insecure {
            self.stderr.talk(&format!("{NOT_CHECKED}\n"));
        }
        self.say(format!("comparing {}", announcement(comparing.sizes())));
    }

    /// `--dry-run`: how much would be asked for, and nothing is.
    fn tell_sizes(&self, [least, most]: [Size; 2]) {
        let mut out = Vec::new();
        match self.format {
            Format::Json => render::dry_run::comparison(&mut out, [least, most]),
            _ => out = format!("{}; nothing was sent\n", announcement([least, most])).into_bytes(),
        }
        self.to.push(&out);
        self.to.flush();
    }

    fn report(&self, comparison: &Comparison) {
        match self.format {
            Format::Json => self.to.push_with(|out| render::compare_json::json(out, comparison, self.show.redact)),
            // No CSV: see the arguments.
            Format::Text | Format::Csv => {
                let mut text = String::new();
                render::compare::text(&mut text, comparison, &self.show);
                self.to.talk(&text);
            }
        }
        self.to.flush();
    }

    fn say(&self, message: impl Display) {
        self.stderr.say(message);
        self.stderr.flush();
    }
}

/// `4 URLs on 4 hosts: 12 to 52 requests (1 warm-up + 1 to 6 pairs)`
fn announcement([least, most]: [Size; 2]) -> String {
    let (urls, hosts) = (counted(least.urls as u64, "URL"), counted(least.hosts as u64, "host"));
    let range = |low: u64, high: u64, noun| match low == high {
        true => counted(high, noun),
        false => format!("{low} to {}", counted(high, noun)),
    };
    let requests = range(least.requests(), most.requests(), "request");
    let noun = if most.widths == 0 { "pair" } else { "round" };
    let mut pairs = range(least.pairs as u64, most.pairs as u64, noun);
    if most.widths > 0 {
        pairs += &format!(" of {}", counted(most.widths as u64, "width"));
    }
    match least.warm_ups {
        0 => format!("{urls} on {hosts}: {requests} ({pairs})"),
        warm_ups => format!("{urls} on {hosts}: {requests} ({} + {pairs})", counted(warm_ups as u64, "warm-up")),
    }
}

/// `run 3 of 13: serial`
fn state(RunBegins { mode, warm_up, number, of }: RunBegins) -> String {
    let mode = match (mode, warm_up) {
        (_, true) => "warm-up".into(),
        (Mode::Serial, false) => "serial".into(),
        (Mode::Parallel, false) => "parallel".into(),
        (Mode::Jobs(jobs), false) => format!("-j {jobs}"),
    };
    format!("run {number} of {of}: {mode}")
}

fn unfit(unfit: Unfit) -> Refused {
    let exit = match &unfit {
        // Endless, as far as it was read.
        Unfit::Broken(error) if error.error.kind() == io::ErrorKind::FileTooLarge => {
            return Refused(Exit::Usage, Unfit::TooLong.to_string());
        }
        Unfit::Broken(error) if error.after_line > 0 => Exit::Output,
        Unfit::Broken(_) | Unfit::TooLong | Unfit::Method { .. } => Exit::Usage,
        Unfit::Stopped => Exit::SomeFailed,
    };
    Refused(exit, unfit.to_string())
}

fn unfinished(unfinished: Unfinished) -> Refused {
    let message = match unfinished {
        Unfinished::Stopped(begins) => {
            format!("stopped in {}; what was measured until then is no comparison", state(begins))
        }
        Unfinished::Interrupted(interrupt) => format!("the comparison was interrupted: {interrupt}"),
    };
    Refused(Exit::SomeFailed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(urls: usize, warm_ups: usize, pairs: usize) -> Size {
        Size { urls, hosts: urls, warm_ups, pairs, widths: 0 }
    }

    #[test]
    fn it_is_said_how_many_requests_will_be_sent() {
        let open = announcement([size(4, 1, 1), size(4, 1, 6)]);
        assert_eq!(open, "4 URLs on 4 hosts: 12 to 52 requests (1 warm-up + 1 to 6 pairs)");
        let given = announcement([size(1, 0, 1); 2]);
        assert_eq!(given, "1 URL on 1 host: 2 requests (1 pair)");
        let widths = [1, 6].map(|pairs| Size { widths: 4, ..size(4, 1, pairs) });
        let expected = "4 URLs on 4 hosts: 20 to 100 requests (1 warm-up + 1 to 6 rounds of 4 widths)";
        assert_eq!(announcement(widths), expected);
    }
}
