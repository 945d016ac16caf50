//! The whole way from words to a plan. `ok` and `err` take a command line as a shell would, with `'…'` for quoting.

mod checks;
mod effects;
mod presets;
mod texts;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use gfetch::fetch::plan::CaSource;

/// A world without variables, files and terminals, but for what a test gives it.
#[derive(Default)]
struct Fake {
    env: Vec<(&'static str, &'static str)>,
    files: Vec<(&'static str, &'static [u8])>,
    terminals: Vec<Stream>,
}

impl Fake {
    fn parse(&self, line: &str) -> Result<Command, UsageError> {
        self.parse_words(words(line))
    }

    fn parse_words(&self, words: Vec<OsString>) -> Result<Command, UsageError> {
        let env = |name: &str| self.env.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value));
        let read_file = |path: &Path| {
            let file = self.files.iter().find(|(name, _)| path == Path::new(name));
            file.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        let modified = |path: &Path| read_file(path).map(|_| SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
        let is_terminal = |stream| self.terminals.contains(&stream);
        let system_ca = || CaSource { files: vec!["/system.pem".into()], ..CaSource::default() };
        let world = World {
            env: &env,
            read_file: &read_file,
            modified: &modified,
            is_terminal: &is_terminal,
            system_ca: &system_ca,
        };
        parse(words, &world)
    }

    fn ok(&self, line: &str) -> Invocation {
        match self.parse(line) {
            Ok(Command::Fetch(invocation)) => *invocation,
            Ok(other) => panic!("{line}: {other:?}"),
            Err(error) => panic!("{line}: {error}"),
        }
    }

    fn err(&self, line: &str) -> String {
        match self.parse(line) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("taken: {line}"),
        }
    }
}

fn ok(line: &str) -> Invocation {
    Fake::default().ok(line)
}

fn err(line: &str) -> String {
    Fake::default().err(line)
}

fn words(line: &str) -> Vec<OsString> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words.into_iter().map(Into::into).collect()
}
