//! The config file: options that every run begins with, and presets that are asked for by name.
//!
//! ```toml
//! [default]                         # every run, unless -q
//! user-agent = "link-check/1.0"
//!
//! [preset.polite]                   # gfetch --preset polite …
//! per-host = 2
//! rate = "5/s"
//! header = ["Accept: text/html", "Accept-Language: de"]
//! location = true
//!
//! [host."*.example.org"]            # these hosts, in every run, unless -q
//! per-host = 4
//! header = ["X-Api-Key: …"]         # goes nowhere else
//! ```
//! A key is an option's long name; what is typed comes after what the file says, and so wins.

use std::ffi::OsString;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use gfetch::fetch::plan::Hosts;
use toml::de::{DeTable, DeValue};

use super::apply;
use super::environment::Env;
use super::lex::{Seen, Stop, lex, opposite_name};
use super::usage::{UsageError, shown};
use super::world::World;

/// Below the folder of the user's settings (XDG base directory specification).
const NAME: &str = "gfetch/config.toml";

/// These say which part of the file is read, or read none.
const NOT_IN_THE_FILE: [&str; 5] = ["preset", "disable", "generate", "help", "version"];

/// What a run begins with.
pub struct Begun {
    /// The options of the config file (`[default]`, then each `--preset`) before those that were typed.
    pub options: Vec<Seen>,
    /// So many of them are the file's.
    pub of_file: usize,
    /// What holds for some hosts only.
    pub hosts: Hosts,
}

/// Puts the options of the config file before those that were typed.
///
/// # Errors
/// A preset that is not there; a file that cannot be read, is no TOML, or says what is no option: with its line.
pub fn begin(seen: Vec<Seen>, world: &World) -> Result<Begun, UsageError> {
    let without_file = |options| Ok(Begun { options, of_file: 0, hosts: Hosts::default() });
    let asked = Asked::of(&seen);
    let Some(path) = path(world.env) else {
        return match asked.presets.first() {
            None => without_file(seen),
            Some(name) => Err(UsageError::new(format!(
                "--preset {}: neither XDG_CONFIG_HOME nor HOME says where the config file is",
                shown(name)
            ))),
        };
    };
    if asked.leaves_out_default && asked.presets.is_empty() {
        return without_file(seen);
    }
    let text = read(&path, world).map_err(|error| {
        let error = UsageError::new(format!("the config file {}: {error}", shown(&path.to_string_lossy())));
        if asked.presets.is_empty() { error.hint("-q goes without it") } else { error }
    })?;
    let file = File { path: &path, text: text.as_deref().unwrap_or_default() };
    let mut begun = file.begun(&asked, &seen)?;
    begun.options.extend(seen);
    Ok(begun)
}

/// Which parts of the file are wanted.
#[derive(Default)]
struct Asked {
    leaves_out_default: bool,
    presets: Vec<String>,
}

impl Asked {
    fn of(seen: &[Seen]) -> Asked {
        let mut asked = Asked::default();
        for one in seen {
            match one {
                Seen::Value(opt, name) if opt.long == "preset" => asked.presets.push(name.to_string_lossy().into()),
                Seen::Opposite(opt) if opt.long == "preset" => asked.presets.clear(),
                Seen::Flag(opt) if opt.long == "disable" => asked.leaves_out_default = true,
                Seen::Opposite(opt) if opt.long == "disable" => asked.leaves_out_default = false,
                _ => {}
            }
        }
        asked
    }
}

/// A relative `XDG_CONFIG_HOME` counts as none, as its specification wants.
fn path(env: Env) -> Option<PathBuf> {
    let absolute = |name| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(folder.join(NAME))
}

/// The file's text; none where there is no file.
fn read(path: &Path, world: &World) -> io::Result<Option<String>> {
    match world.read_if_there(path) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
        Ok(bytes) => bytes.map(String::from_utf8).transpose().map_err(|_| io::Error::other("it is not UTF-8")),
    }
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    /// The options of all that was asked for. All of the file is read: a mistake shows before its preset is needed.
    fn begun(&self, asked: &Asked, typed: &[Seen]) -> Result<Begun, UsageError> {
        let table = DeTable::parse(self.text)
            .map_err(|error| self.error(error.span().unwrap_or_default(), error.message().into()))?;
        let (mut default, mut presets, mut hosts) = (Vec::new(), Vec::new(), Hosts::default());
        for (key, value) in table.get_ref() {
            match (&**key.get_ref(), value.get_ref()) {
                ("default", DeValue::Table(table)) => default = self.table(table)?,
                ("preset", DeValue::Table(table)) => {
                    for (name, value) in table {
                        let DeValue::Table(table) = value.get_ref() else {
                            let found = format!("preset.{} is no table of options", shown(name.get_ref()));
                            return Err(self.error(name.span(), found));
                        };
                        presets.push((name.get_ref().to_string(), self.table(table)?));
                    }
                }
                ("host", DeValue::Table(tables)) => self.hosts(tables, typed, &mut hosts)?,
                (name, _) => {
                    let tables = "[default], [preset.NAME], [host.\"NAME\"]";
                    let found = format!("'{}' is none of the file's tables: {tables}", shown(name));
                    return Err(self.error(key.span(), found));
                }
            }
        }
        let mut options = if asked.leaves_out_default { Vec::new() } else { default };
        for name in &asked.presets {
            let Some((_, preset)) = presets.iter().find(|(there, _)| there == name) else {
                return Err(self.no_preset(name, presets.iter().map(|(name, _)| name)));
            };
            options.extend(preset.iter().cloned());
        }
        let hosts = if asked.leaves_out_default { Hosts::default() } else { hosts };
        Ok(Begun { of_file: options.len(), options, hosts })
    }

    fn hosts(&self, tables: &DeTable<'_>, typed: &[Seen], hosts: &mut Hosts) -> Result<(), UsageError> {
        for (name, value) in tables {
            let DeValue::Table(table) = value.get_ref() else {
                let found = format!("host.{} is no table of settings", shown(name.get_ref()));
                return Err(self.error(name.span(), found));
            };
            let at = |span: Range<usize>| move |error: UsageError| self.told_at(span, error);
            for key in table.keys() {
                super::hosts::is_setting(key.get_ref()).map_err(at(key.span()))?;
            }
            let plan = super::hosts::plan(self.table(table)?, typed).map_err(at(name.span()))?;
            super::hosts::add(hosts, name.get_ref(), plan).map_err(at(name.span()))?;
        }
        Ok(())
    }

    fn table(&self, table: &DeTable<'_>) -> Result<Vec<Seen>, UsageError> {
        let mut options = Vec::new();
        for (key, value) in table {
            let words = words(key.get_ref(), value.get_ref());
            let seen =
                words.and_then(|words| lex(words).and_then(|seen| checked(seen).map_err(Stop::Usage)).map_err(told));
            options.extend(seen.map_err(|error| self.told_at(key.span(), error))?);
        }
        Ok(options)
    }

    fn no_preset<'n>(&self, name: &str, there: impl Iterator<Item = &'n String>) -> UsageError {
        let there: Vec<_> = there.map(|name| shown(name)).collect();
        let path = shown(&self.path.to_string_lossy());
        let error = UsageError::new(format!("--preset {}: there is none of this name in {path}", shown(name)));
        if there.is_empty() { error } else { error.hint(format!("there are: {}", there.join(", "))) }
    }

    fn told_at(&self, span: Range<usize>, error: UsageError) -> UsageError {
        UsageError { hint: error.hint, ..self.error(span, error.message) }
    }

    fn error(&self, span: Range<usize>, message: String) -> UsageError {
        let line = 1 + self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
        UsageError::new(format!("{}:{line}: {message}", shown(&self.path.to_string_lossy())))
    }
}

/// What a key and its value would be on the command line.
fn words(key: &str, value: &DeValue<'_>) -> Result<Vec<OsString>, UsageError> {
    if NOT_IN_THE_FILE.contains(&key) || key.contains('=') || key.is_empty() {
        return Err(UsageError::new(format!("'{}' is no option for a config file", shown(key))));
    }
    match value {
        DeValue::Boolean(true) => Ok(vec![format!("--{key}").into()]),
        DeValue::Boolean(false) => Ok(vec![format!("--{}", opposite_name(key)).into()]),
        DeValue::Array(values) => values.iter().map(|value| word(key, value.get_ref())).collect(),
        value => Ok(vec![word(key, value)?]),
    }
}

fn word(key: &str, value: &DeValue<'_>) -> Result<OsString, UsageError> {
    let text = match value {
        DeValue::String(text) => text,
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => {
            let takes = "takes text, a number, true or false, or a list of texts and numbers";
            return Err(UsageError::new(format!("{} {takes}", shown(key))));
        }
    };
    Ok(format!("--{key}={text}").into())
}

/// Each value is looked at where its line is known.
fn checked(seen: Vec<Seen>) -> Result<Vec<Seen>, UsageError> {
    apply::typed(seen.clone()).map(|_| seen)
}

fn told(stop: Stop) -> UsageError {
    match stop {
        Stop::Usage(error) => error,
        // `help` and `version` are refused before.
        Stop::Info(_) => UsageError::new("no option for a config file"),
    }
}
