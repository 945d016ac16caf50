//! One option: its names, its help and its effect, in one place.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use super::typed::Typed;
use super::usage::shown;
use crate::cli::units;

/// An option. Tables of them are in `options/`, one for each heading of the help.
#[derive(Clone, Copy)]
pub struct Opt {
    pub long: &'static str,
    pub short: Option<char>,
    pub aliases: &'static [&'static str],
    /// What its value is called in the help; none: a flag.
    pub value: Option<&'static str>,
    pub help: &'static str,
    /// What only `--help` adds.
    pub more: &'static str,
    pub shown: Shown,
    pub effect: Effect,
}

/// Where the help shows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// In `-h` and `--help`.
    Always,
    /// In `--help`.
    Long,
    /// Nowhere: taken for the sake of curl's users.
    Never,
}

/// What it does to the arguments. `--no-X` takes back each X before it; some flags have a meaning of their own when off.
#[derive(Clone, Copy)]
pub enum Effect {
    On(fn(&mut Typed)),
    OnOff(fn(&mut Typed, bool)),
    Value(fn(&mut Typed, Value<'_>) -> Result<(), Refusal>),
    /// curl has it, and gfetch does so anyway.
    AlreadySo,
}

impl Opt {
    const fn new(long: &'static str, value: Option<&'static str>, help: &'static str, effect: Effect) -> Opt {
        Opt { long, short: None, aliases: &[], value, help, more: "", shown: Shown::Long, effect }
    }

    /// A flag that `--no-X` merely takes back.
    pub const fn flag(long: &'static str, help: &'static str, on: fn(&mut Typed)) -> Opt {
        Opt::new(long, None, help, Effect::On(on))
    }

    /// A flag whose `--no-X` says something of its own.
    pub const fn switch(long: &'static str, help: &'static str, set: fn(&mut Typed, bool)) -> Opt {
        Opt::new(long, None, help, Effect::OnOff(set))
    }

    /// An option with a value.
    pub const fn value(
        long: &'static str,
        value: &'static str,
        help: &'static str,
        take: fn(&mut Typed, Value<'_>) -> Result<(), Refusal>,
    ) -> Opt {
        Opt::new(long, Some(value), help, Effect::Value(take))
    }

    /// A flag of curl's that says what is so anyway.
    pub const fn already_so(long: &'static str) -> Opt {
        Opt::new(long, None, "", Effect::AlreadySo).shown(Shown::Never)
    }

    pub const fn short(mut self, letter: char) -> Opt {
        self.short = Some(letter);
        self
    }

    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Opt {
        self.aliases = aliases;
        self
    }

    pub const fn more(mut self, more: &'static str) -> Opt {
        self.more = more;
        self
    }

    pub const fn shown(mut self, shown: Shown) -> Opt {
        self.shown = shown;
        self
    }

    /// The words that its value is one of; none: any value may be right. It is asked by a value that nothing is called.
    pub fn choices(&self) -> Vec<&'static str> {
        match self.effect {
            Effect::Value(take) => match take(&mut Typed::default(), Value(OsStr::new("\0"))) {
                Err(Refusal::OneOf(words)) => words,
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// `-j/--jobs`: how an error names it.
    pub fn spelled(&self) -> String {
        match self.short {
            Some(letter) => format!("-{letter}/--{}", self.long),
            None => format!("--{}", self.long),
        }
    }
}

/// Why a value was not taken. The option's name is added by the caller.
#[derive(Debug)]
pub enum Refusal {
    /// What it takes; the value is shown.
    Takes(String),
    /// The same, where the value is not repeated: it may be a secret.
    TakesInstead(String),
    /// It takes one of these words.
    OneOf(Vec<&'static str>),
}

/// A value as typed.
#[derive(Clone, Copy)]
pub struct Value<'a>(pub &'a OsStr);

impl<'a> Value<'a> {
    /// As text.
    pub fn text(self) -> Result<&'a str, Refusal> {
        self.0.to_str().ok_or_else(|| Refusal::Takes("UTF-8".into()))
    }

    pub fn path(self) -> PathBuf {
        PathBuf::from(self.0)
    }

    /// A path that names a file.
    pub fn file(self) -> Result<PathBuf, Refusal> {
        if self.0.is_empty() { Err(Refusal::Takes("a file".into())) } else { Ok(self.path()) }
    }

    /// The same where `-` is none.
    pub fn file_not_stdout(self) -> Result<PathBuf, Refusal> {
        if self.0 == "-" { Err(Refusal::Takes("a file".into())) } else { self.file() }
    }

    /// A whole number in a range.
    pub fn count(self, from: u64, to: u64) -> Result<u64, Refusal> {
        self.parsed(|text| units::count(text, from, to), &format!("a whole number from {from} to {to}"))
    }

    /// Seconds, where 0 says "no limit".
    pub fn seconds_or_none(self) -> Result<Option<Duration>, Refusal> {
        self.parsed(units::seconds_or_none, units::SECONDS)
    }

    /// One of some words.
    pub fn one_of<T: Copy>(self, words: &[(&'static str, T)]) -> Result<T, Refusal> {
        let found = self.0.to_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
        found.map(|(_, value)| *value).ok_or_else(|| Refusal::OneOf(words.iter().map(|(word, _)| *word).collect()))
    }

    /// Whatever `parse` makes of the text; `takes` says what it accepts.
    pub fn parsed<T>(self, parse: impl FnOnce(&'a str) -> Option<T>, takes: &str) -> Result<T, Refusal> {
        self.0.to_str().and_then(parse).ok_or_else(|| Refusal::Takes(takes.into()))
    }

    /// Whether it looks like a URL: then the option before it took what was meant to be fetched.
    pub fn looks_like_a_url(self) -> bool {
        let start = self.0.as_encoded_bytes();
        [&b"http://"[..], b"https://"]
            .iter()
            .any(|scheme| start.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)))
    }

    /// For an error message.
    pub fn shown(self) -> String {
        shown(&self.0.to_string_lossy())
    }
}
