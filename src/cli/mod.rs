//! The command: arguments → plan → outcomes → bytes and an exit status.

mod args;
mod charset;
mod client;
mod closed;
mod compare;
mod curl_options;
mod demo;
mod descriptors;
mod dry_run;
mod escape;
mod exit;
mod expected;
mod heads;
mod html;
mod input;
mod kept;
mod other_programs;
mod preview;
mod progress;
mod render;
mod report;
mod run;
mod same_file;
mod secrets;
mod serve;
mod signals;
mod similar;
mod stream;
mod terminal;
mod to_curl;
mod units;
mod verbose;
mod words;

use std::io::{IsTerminal, Write};

use args::{Command, Only, World};
use exit::Exit;
use gfetch::green;

/// The whole command, from the process's arguments to its exit status.
pub fn main() -> ! {
    closed::refuse_writes_if_so();
    descriptors::raise_limit();
    signals::outlive_the_limit_of_files();
    let world = World::of_this_process();
    charset::choose(world.env);
    let exit = match args::parse(std::env::args_os().skip(1), &world) {
        Ok(Command::Fetch(invocation)) => green::run(|| match (&invocation.compare, invocation.only) {
            (Some(how), _) => compare::compare(&invocation, how),
            (None, Some(Only::Plan)) => preview::tell(&invocation, &mut dry_run::DryRun::new(&invocation)),
            (None, Some(Only::Curl)) => preview::tell(&invocation, &mut to_curl::ToCurl::new(&invocation)),
            (None, None) => run::fetch(*invocation),
        }),
        Ok(Command::Demo(options)) => demo::demo(&options),
        Ok(Command::Serve(options)) => serve_until_stopped(&options),
        Ok(Command::Info(text)) => print(&text),
        Err(error) => {
            complain(error);
            Exit::Usage
        }
    };
    exit.leave()
}

/// A word on standard error, where there is no [`Stream`](stream::Stream) yet. That it cannot be said is no reason to panic.
fn complain(message: impl std::fmt::Display) {
    let _ = std::io::stderr().write_all(charset::shown(&words::ours(message)).as_bytes());
}

/// Ends by the signal that stops it.
fn serve_until_stopped(options: &args::ServeOptions) -> Exit {
    let mut stopped_by = None;
    let stdout = stream::unbuffered(&std::io::stdout());
    let served = stdout.and_then(|mut stdout| serve::run(options, &mut stdout, || stopped_by = signals::wait()));
    match (served, stopped_by) {
        (Err(error), _) => {
            complain(error);
            Exit::Usage
        }
        (Ok(()), Some(signal)) => Exit::Signal(signal),
        (Ok(()), None) => Exit::Ok,
    }
}

fn print(text: &str) -> Exit {
    // What goes to a file or a program is the same in every locale.
    let text = if std::io::stdout().is_terminal() { charset::shown(text) } else { text.into() };
    let written = stream::unbuffered(&std::io::stdout()).and_then(|mut stdout| stdout.write_all(text.as_bytes()));
    written.map_or_else(|error| stream::Broken::from(&error).told("to standard output"), |()| Exit::Ok)
}
