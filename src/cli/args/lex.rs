//! The command line cut into options and values: clap does it, this says which options there are and reads what it found.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::LazyLock;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::option::{Opt, Shown};
use super::options::{GROUPS, all};
use super::usage::{UsageError, shown};
use super::{help, options};
use crate::cli::similar::similar;
use crate::cli::{curl_options, other_programs};

/// What was found, in the order typed.
#[derive(Clone)]
pub enum Seen {
    Flag(&'static Opt),
    Value(&'static Opt, OsString),
    /// `--no-X`
    Opposite(&'static Opt),
    Url(OsString),
}

/// Why nothing is to be fetched.
pub enum Stop {
    /// `--help` or `--version`: the text for standard output.
    Info(String),
    Usage(UsageError),
}

const URL: &str = "URL";

/// Cuts the arguments (without the program's name) into options, values and URLs.
pub fn lex(args: Vec<OsString>) -> Result<Vec<Seen>, Stop> {
    let words = std::iter::once(OsString::from("gfetch")).chain(keep_equals_signs(args));
    let mut matches = command().try_get_matches_from(words).map_err(|error| stop(error, meant))?;
    let mut seen: Vec<(usize, Seen)> = options::all().flat_map(|opt| occurrences(opt, &mut matches)).collect();
    let at: Vec<usize> = matches.indices_of(URL).into_iter().flatten().collect();
    let urls = matches.remove_many::<OsString>(URL).into_iter().flatten();
    seen.extend(at.into_iter().zip(urls.map(Seen::Url)));
    seen.sort_by_key(|(at, _)| *at);
    Ok(seen.into_iter().map(|(_, seen)| seen).collect())
}

/// The whole command as clap knows it, for parsing and for the help.
pub fn command() -> Command {
    let url = Arg::new(URL).action(ArgAction::Append).num_args(0..).value_parser(value_parser!(OsString));
    let mut command = help::frame(Command::new("gfetch")).arg(url.help("What to fetch; globs as in curl"));
    for group in GROUPS {
        for opt in group.options {
            command = command.arg(definition(opt).help_heading(group.heading));
            command = opposite(opt).into_iter().fold(command, Command::arg);
        }
    }
    command
}

/// An option as clap knows it.
pub fn definition(opt: &Opt) -> Arg {
    let arg = Arg::new(opt.long).long(opt.long).aliases(opt.aliases.to_vec()).help(opt.help);
    let arg = opt.short.into_iter().fold(arg, Arg::short);
    let arg = if opt.more.is_empty() { arg } else { arg.long_help(format!("{}. {}", opt.help, opt.more)) };
    let arg = arg.hide(opt.shown == Shown::Never).hide_short_help(opt.shown == Shown::Long);
    match opt.value {
        // A value may begin with a hyphen, as in curl.
        Some(name) => arg
            .value_name(name)
            .action(ArgAction::Append)
            .value_parser(value_parser!(OsString))
            .allow_hyphen_values(true),
        None => arg.action(ArgAction::SetTrue).overrides_with(opt.long),
    }
}

fn opposite(opt: &Opt) -> Option<Arg> {
    let (first, aliases) = opposites_of(opt).split_first()?;
    Some(
        Arg::new(*first)
            .long(*first)
            .aliases(aliases.to_vec())
            .action(ArgAction::SetTrue)
            .overrides_with(*first)
            .hide(true),
    )
}

/// The name that takes back what this one says.
pub fn opposite_name(name: &str) -> String {
    match name.strip_prefix("no-") {
        Some(rest) => rest.to_owned(),
        None => format!("no-{name}"),
    }
}

/// What takes an option back: `no-serial`, and `buffer` for curl's `no-buffer`; nothing where an option has that name.
fn opposites_of(opt: &Opt) -> &'static [&'static str] {
    /// clap keeps names for the life of the process; so they are made once.
    static NAMES: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
        let names = |opt: &Opt| {
            let own = std::iter::once(opt.long).chain(opt.aliases.iter().copied()).map(opposite_name);
            own.filter(|name| !all().any(|other| other.long == *name)).map(|name| &*name.leak()).collect()
        };
        all().map(|opt| (opt.long, names(opt))).collect()
    });
    NAMES.get(opt.long).map_or(&[], Vec::as_slice)
}

/// Each time an option was typed, with its place. Of a flag typed twice clap keeps the last place, which is the one
/// that counts.
fn occurrences(opt: &'static Opt, matches: &mut ArgMatches) -> Vec<(usize, Seen)> {
    let mut seen = Vec::new();
    let last = |matches: &ArgMatches, name: &str| {
        let typed = matches.value_source(name) == Some(ValueSource::CommandLine);
        typed.then(|| matches.indices_of(name).into_iter().flatten().last()).flatten()
    };
    if opt.value.is_some() {
        let at: Vec<usize> = matches.indices_of(opt.long).into_iter().flatten().collect();
        let values = matches.remove_many::<OsString>(opt.long).into_iter().flatten();
        seen.extend(at.into_iter().zip(values.map(|value| Seen::Value(opt, value))));
    } else {
        seen.extend(last(matches, opt.long).map(|at| (at, Seen::Flag(opt))));
    }
    let opposite = opposites_of(opt).first().and_then(|name| last(matches, name));
    seen.extend(opposite.map(|at| (at, Seen::Opposite(opt))));
    seen
}

/// curl takes `-d=x` as the value `=x`; clap would drop the sign, so it is given another one to drop.
fn keep_equals_signs(args: Vec<OsString>) -> Vec<OsString> {
    let mut value_comes = false;
    let mut only_urls = false;
    let mut out = Vec::with_capacity(args.len());
    for arg in args {
        let bytes = arg.as_bytes();
        if std::mem::take(&mut value_comes) || only_urls || !bytes.starts_with(b"-") || bytes == b"-" {
            out.push(arg);
        } else if let Some(long) = bytes.strip_prefix(b"--") {
            only_urls = long.is_empty();
            value_comes = all().any(|opt| {
                opt.value.is_some() && (opt.long.as_bytes() == long || opt.aliases.iter().any(|a| a.as_bytes() == long))
            });
            out.push(arg);
        } else {
            // A cluster: flags until a letter that takes a value, then the value, or it is the next word.
            let takes = |b: &u8| all().any(|opt| opt.value.is_some() && opt.short == Some(char::from(*b)));
            let end = bytes.iter().position(takes).map(|at| at + 1);
            value_comes = end == Some(bytes.len());
            match end.filter(|end| bytes.get(*end) == Some(&b'=')) {
                Some(end) => out.push(OsString::from_vec([&bytes[..end], b"=", &bytes[end..]].concat())),
                None => out.push(arg),
            }
        }
    }
    out
}

/// clap's refusal in our words; `meant` says what an option that is none probably was.
pub fn stop(error: clap::Error, meant: impl Fn(&str) -> Option<String>) -> Stop {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let typed = context(ContextKind::InvalidArg).unwrap_or_default();
    Stop::Usage(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => return Stop::Info(error.render().to_string()),
        ErrorKind::UnknownArgument => unknown(&typed, meant),
        ErrorKind::InvalidValue => UsageError::new(format!("{} needs a value: none was given", named(&typed))),
        ErrorKind::TooManyValues => UsageError::new(format!("{} takes no value", named(&typed))),
        _ => UsageError::new(shown(error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: "))),
    })
}

fn unknown(typed: &str, meant: impl Fn(&str) -> Option<String>) -> UsageError {
    if !typed.starts_with('-') {
        return UsageError::new(format!("'{}' is one argument too many", shown(typed)));
    }
    if let Some(advice) = curl_options::advice(typed) {
        return UsageError::new(advice);
    }
    let error = UsageError::new(format!("there is no option '{}'", shown(typed)));
    match meant(typed) {
        None => error.hint("gfetch --help lists them all"),
        meant => error.did_you_mean(meant),
    }
}

/// What was probably meant by an option that is none: ours by its letter, another program's, or nearly one of either.
fn meant(typed: &str) -> Option<String> {
    let long = typed.trim_start_matches('-');
    let by_letter = all().find(|opt| opt.short.is_some_and(|letter| long.chars().eq([letter])));
    if let Some(opt) = by_letter {
        return Some(format!("--{}", opt.long));
    }
    if let Some(ours) = other_programs::ours(long) {
        return Some(ours.to_owned());
    }
    // Names that are off are compared with each other, and without what all of them begin with.
    let (no, rest) = long.strip_prefix("no-").map_or(("", long), |rest| ("no-", rest));
    let own = all().filter(|opt| opt.shown != Shown::Never).map(|opt| opt.long);
    let own = own.map(|name| name.strip_prefix(no).unwrap_or(name));
    let others = other_programs::names().filter_map(|name| name.strip_prefix(no));
    let name = format!("{no}{}", similar(rest, own.chain(others))?);
    Some(other_programs::ours(&name).map_or_else(|| format!("--{name}"), str::to_owned))
}

/// clap names an option as in its usage (`--jobs <N>`); we name it as in all other errors, with what it takes.
fn named(usage: &str) -> String {
    let long = usage.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
    match all().find(|opt| opt.long == long) {
        Some(opt) => match opt.value {
            Some(value) => format!("{} {value}", opt.spelled()),
            None => opt.spelled(),
        },
        None => shown(usage),
    }
}

#[cfg(test)]
#[path = "lex_tests.rs"]
mod tests;
