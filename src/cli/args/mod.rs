//! The command line: arguments as typed → a checked [`Invocation`] with its plan, or what is wrong with them.
//!
//! ```text
//! words ── lex ──▶ options in the order typed ── typed ──▶ Typed ── check ──▶ Invocation { plan, … }
//!          (clap)  ▲             (each option's effect)            (what depends on several options; files are read)
//!       config file, presets
//! ```

mod apply;
mod as_typed;
mod bodies;
mod check;
mod data;
mod date;
mod environment;
mod first_word;
mod generate;
mod headers;
mod help;
mod hosts;
mod lex;
mod option;
mod options;
mod own_files;
mod presets;
mod request;
mod resolve;
mod route;
mod subcommands;
mod tls;
mod told;
mod transfer;
mod typed;
mod usage;
mod who;
mod world;

pub use check::{Compare, Invocation, Progress};
pub use own_files::{is_one_of, no_list};
pub use subcommands::{DemoOptions, ServeOptions};
pub use typed::{Format, ListSource, Only};
pub use usage::{UsageError, shown};
pub use world::{Stream, World};

use std::ffi::OsString;

/// What the command is asked to do.
#[derive(Debug)]
pub enum Command {
    /// Fetch URLs.
    Fetch(Box<Invocation>),
    /// The story told offline.
    Demo(DemoOptions),
    /// The embedded server, standing.
    Serve(ServeOptions),
    /// A text for standard output: help or version.
    Info(String),
}

/// Reads the arguments, without the program's name, and before them the config file. Files named by `@FILE` are read through
/// `world`, and only after everything that can be checked without them was.
///
/// # Errors
/// Bad usage: exit status 2, nothing fetched.
pub fn parse(args: impl IntoIterator<Item = OsString>, world: &World) -> Result<Command, UsageError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let command = match args.first().and_then(|word| word.to_str()) {
        // Only as the first word: a host of that name is http://demo.
        Some("demo") => subcommands::demo(&args[1..]).map(Command::Demo),
        Some("serve") => subcommands::serve(&args[1..]).map(Command::Serve),
        _ => fetch(args, world),
    };
    command.or_else(|stop| match stop {
        lex::Stop::Info(text) => Ok(Command::Info(text)),
        lex::Stop::Usage(error) => Err(error),
    })
}

/// The main job; or what is to be known about it.
fn fetch(args: Vec<OsString>, world: &World) -> Result<Command, lex::Stop> {
    let bare = args.is_empty();
    let note = first_word::note(args.first());
    let seen = lex::lex(args)?;
    if let Some(kind) = generate::asked(&seen) {
        return kind.map(|kind| Command::Info(generate::text(kind))).map_err(lex::Stop::Usage);
    }
    if bare {
        return Err(lex::Stop::Usage(first_word::nothing_said()));
    }
    let invocation = presets::begin(seen, world).and_then(|begun| {
        let mut typed = apply::behind_file(begun.options, begun.of_file)?;
        typed.plan.hosts = begun.hosts;
        check::invocation(typed, world)
    });
    let mut invocation = invocation.map_err(lex::Stop::Usage)?;
    invocation.notes.extend(note);
    Ok(Command::Fetch(Box::new(invocation)))
}

/// The long names that are known here, and those of clap's own.
#[cfg(test)]
pub fn known_names() -> impl Iterator<Item = &'static str> {
    options::all().flat_map(|opt| opt.aliases.iter().copied().chain([opt.long])).chain(["help", "version"])
}

#[cfg(test)]
mod tests;
