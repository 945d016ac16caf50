//! Lists of URLs, read as they are needed: one entry a line, or the failure of that line.
//!
//! ```text
//!   URL arguments ── glob ──┐
//!   urls.txt ── Lines ── parse_line ──┤── List: entries numbered from 0, in constant memory
//!   standard input ── Lines ── …  ────┘
//! ```
//! A line that is no URL is an entry whose target is a failure; only a read that fails ends the list.

mod address;
mod entry;
mod json;
mod lines;
mod reader;

use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;

pub use entry::{Entry, MAX_TIMEOUT, Target};
pub use lines::{Lines, MAX_LINE_BYTES, RawLine};

use super::curl_code::URL_MALFORMED;
use super::glob::Glob;
use address::{Addresses, Given};
use entry::failure;
use reader::Reader;

/// Where entries come from.
pub enum Input {
    /// URL arguments, and whether their globs are expanded (`-g` turns that off).
    Arguments {
        /// In the order typed.
        urls: Vec<String>,
        /// Whether they are globs.
        globs: bool,
    },
    /// A list: its name as records show it (`-` for standard input), and its bytes.
    Reader {
        /// What it is called in records: `urls.txt`, `-`.
        name: String,
        /// The bytes.
        from: Box<dyn Read>,
    },
}

/// All entries of several inputs, in order, read one by one as they are asked for. It asks for no byte before it needs
/// one: a line is given as soon as its newline has arrived. After a [`ListError`] it ends.
pub struct List {
    /// The inputs that have not been begun …
    to_come: Box<dyn Iterator<Item = Begun>>,
    /// … and the one that is being read.
    begun: Option<Begun>,
    next_index: u64,
    broken: bool,
}

/// An input that is being read.
enum Begun {
    Entries(Box<dyn Iterator<Item = Box<Entry>>>),
    Reader(Box<Reader>),
}

impl List {
    /// A list of `inputs`; nothing is read yet.
    pub fn new(inputs: impl IntoIterator<Item = Input> + 'static) -> List {
        let mut arguments = 0;
        List::of(inputs.into_iter().map(move |input| match input {
            Input::Arguments { urls, globs } => {
                let first = arguments;
                arguments += urls.len();
                let entries = (first..).zip(urls).flat_map(move |(number, url)| argument(number, url, globs));
                Begun::Entries(Box::new(entries.map(Box::new)))
            }
            Input::Reader { name, from } => {
                Begun::Reader(Box::new(Reader { name, lines: Lines::new(from), addresses: Addresses::default() }))
            }
        }))
    }

    /// A list of entries that were read before, in their order, with the indices they have.
    pub fn again(entries: Rc<[Entry]>) -> List {
        let entries = (0..entries.len()).map(move |place| Box::new(entries[place].clone()));
        List::of(std::iter::once(Begun::Entries(Box::new(entries))))
    }

    fn of(to_come: impl Iterator<Item = Begun> + 'static) -> List {
        List { to_come: Box::new(to_come), begun: None, next_index: 0, broken: false }
    }

    /// Gives what has not been read yet to `take` as the lines of a list, without their ends: comments and bad lines as
    /// they stand, arguments as [`Entry::line`] has them, of an over-long line a comment. Reads on behind a read that
    /// failed before, if that can be.
    ///
    /// What cannot be read is returned; the input behind it is gone on with. Switches while it reads.
    pub fn rest(&mut self, mut take: impl FnMut(&[u8])) -> Vec<ListError> {
        let mut unread = Vec::new();
        while let Some(input) = self.begun.take().or_else(|| self.to_come.next()) {
            match input {
                Begun::Entries(entries) => entries.for_each(|entry| take(entry.line())),
                Begun::Reader(mut reader) => unread.extend(reader.rest(&mut take).err()),
            }
        }
        unread
    }
}

impl Iterator for List {
    type Item = Result<Box<Entry>, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        let mut next = loop {
            let next = match &mut self.begun {
                Some(Begun::Entries(entries)) => entries.next().map(Ok),
                Some(Begun::Reader(reader)) => reader.next(),
                None => None,
            };
            match next {
                Some(next) => break next,
                None => self.begun = Some(self.to_come.next()?),
            }
        };
        match &mut next {
            Ok(entry) => {
                entry.index = self.next_index;
                self.next_index += 1;
            }
            Err(_) => self.broken = true,
        }
        Some(next)
    }
}

/// A list broke off: the read failed, which is not its end. A last line cut short by it is not given.
#[derive(Debug)]
pub struct ListError {
    /// The list's name.
    pub name: String,
    /// The last line that had been read whole; 0 when the list could not be read at all.
    pub after_line: u64,
    /// What the read said.
    pub error: io::Error,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.after_line {
            0 => write!(f, "{}: {}", self.name, self.error),
            line => write!(f, "{}: after line {line}: {}", self.name, self.error),
        }
    }
}

impl std::error::Error for ListError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// What a line of a list is.
#[derive(Clone, Debug)]
pub enum Line {
    /// Empty, space, or a comment.
    Blank,
    /// A record, good or bad.
    Entry(Box<Entry>),
}

/// Reads one line of a list, given without its end. The entry's index is 0: [`List`] numbers entries.
///
/// `#` is a comment as the first character only; else surrounding space is nothing. `{` begins a JSON object. Neither
/// is globbed.
pub fn parse_line(bytes: &[u8], name: &str, number: u64) -> Line {
    next_line(bytes, name, number, &mut Addresses::default())
}

/// The same for one of many lines.
fn next_line(bytes: &[u8], name: &str, number: u64, addresses: &mut Addresses) -> Line {
    if bytes.first() == Some(&b'#') || bytes.trim_ascii().is_empty() {
        return Line::Blank;
    }
    let (text, target) = match str::from_utf8(bytes) {
        Err(error) => {
            let message = format!("not UTF-8: byte {} of the line is 0x{:02X}", error.valid_up_to() + 1, {
                bytes[error.valid_up_to()]
            });
            (String::from_utf8_lossy(bytes).into_owned(), Err(failure(message, URL_MALFORMED)))
        }
        Ok(text) => match text.trim() {
            "" => return Line::Blank,
            text if text.starts_with('{') => json::target(text),
            text => (text.to_owned(), addresses.parse(text)),
        },
    };
    let line = (text.as_bytes() != bytes).then(|| bytes.into());
    Line::Entry(Box::new(Entry { index: 0, source: source(name, number), text, line, target }))
}

/// `urls.txt:17`, without the formatting machinery: there is one for each line.
fn source(name: &str, number: u64) -> String {
    let mut source = String::with_capacity(name.len() + 1 + u64::MAX.ilog10() as usize + 1);
    source.push_str(name);
    source.push(':');
    source.push_str(&number.to_string());
    source
}

/// A line of which only the beginning was kept. Saved as a URL that would be another one, hence the comment.
fn too_long(beginning: &[u8], name: &str, number: u64) -> Line {
    if beginning.first() == Some(&b'#') {
        return Line::Blank;
    }
    let (text, line) = cut(beginning);
    let target = Err(failure(format!("the line is over {MAX_LINE_BYTES} bytes long"), URL_MALFORMED));
    Line::Entry(Box::new(Entry { index: 0, source: format!("{name}:{number}"), text, line: Some(line.into()), target }))
}

/// How it is shown, and the comment that is kept of it.
fn cut(beginning: &[u8]) -> (String, Vec<u8>) {
    let text = format!("{}…", String::from_utf8_lossy(beginning));
    let line = format!("# line over {MAX_LINE_BYTES} bytes, cut: {text}").into_bytes();
    (text, line)
}

/// The entries of one URL argument: as many as its globs make.
fn argument(number: usize, url: String, globs: bool) -> Box<dyn Iterator<Item = Entry>> {
    if !globs {
        return Box::new(std::iter::once(argument_entry(number, url, Vec::new())));
    }
    match Glob::parse(&url) {
        Ok(glob) => Box::new(glob.into_iter().map(move |one| argument_entry(number, one.url, one.parts))),
        Err(error) => {
            let mut entry = argument_entry(number, url, Vec::new());
            entry.target = Err(failure(error.to_string(), URL_MALFORMED));
            // A list has no globs: there it would be another URL, and a good one.
            entry.line = Some([b"# no glob: ", entry.line()].concat().into());
            Box::new(std::iter::once(entry))
        }
    }
}

fn argument_entry(number: usize, text: String, glob_parts: Vec<String>) -> Entry {
    let target = address::parse(&text, Given::Argument).map(|url| Target {
        glob_parts,
        argument: Some(number),
        ..Target::new(url)
    });
    let line = Some(address::as_line(&text)).filter(|line| *line != text).map(|line| line.into_bytes().into());
    Entry { index: 0, source: format!("argument {}", number + 1), text, line, target }
}

#[cfg(test)]
mod tests;
