//! The lines of the record: how they are written, and what is made of them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use super::settings::Settings;
use super::{JournalError, Key, MAX_VALIDATOR_BYTES};
use crate::fetch::list::MAX_LINE_BYTES;
use crate::fetch::outcome::Outcome;

/// The first line: what tells a record from somebody's other file. The number is the format's.
pub const MAGIC: &str = "# gfetch --resume record 1";
/// What it begins with, whatever its format.
const MAGIC_OF_ANY: &[u8] = b"# gfetch --resume record ";
/// A longer line is none of ours: a path and a line of a list are the longest in it.
const MAX_BYTES: u64 = (2 * MAX_LINE_BYTES + 64 * 1024) as u64;

/// A record is read in pieces of this size.
const BUFFER_BYTES: usize = 256 * 1024;

/// Stands where a part is of nothing that can be asked for again.
pub const NO_VALIDATOR: &str = "-";

/// What a record holds.
#[derive(Default)]
pub struct Loaded {
    pub id: u64,
    pub before: HashMap<Key, u32, foldhash::fast::RandomState>,
    pub parts: HashMap<Key, String, foldhash::fast::RandomState>,
    /// To the end of its last whole line.
    pub bytes: u64,
}

/// Reads a record; none where there is none yet, or no more than the beginning of its first two lines.
pub fn load(from: impl Read, settings: &Settings) -> Result<Option<Loaded>, JournalError> {
    let mut lines = Lines::new(from);
    let Some(first) = lines.next()? else {
        return if MAGIC.as_bytes().starts_with(&lines.line) { Ok(None) } else { Err(no_record(1)) };
    };
    if first != MAGIC.as_bytes() {
        return Err(match first.starts_with(MAGIC_OF_ANY) {
            true => of_another_version(),
            false => no_record(1),
        });
    }
    let Some(second) = lines.next()? else { return Ok(None) };
    let (id, made_with) = head(second).ok_or(no_record(2))?;
    let differing = settings.differing(made_with).ok_or_else(of_another_version)?;
    if !differing.is_empty() {
        return Err(JournalError::Other(differing));
    }
    let mut loaded = Loaded { id, ..Loaded::default() };
    while let Some(line) = lines.next()? {
        match parse(line) {
            Some(Line::Done { key, .. }) => {
                *loaded.before.entry(key).or_default() += 1;
                loaded.parts.remove(&key);
            }
            Some(Line::Part(key, NO_VALIDATOR)) => drop(loaded.parts.remove(&key)),
            Some(Line::Part(key, validator)) => drop(loaded.parts.insert(key, validator.to_owned())),
            Some(Line::Comment) => {}
            None => return Err(no_record(lines.number)),
        }
    }
    loaded.bytes = lines.whole;
    Ok(Some(loaded))
}

/// The text of the first line that was done and whose key is wanted.
pub fn text_of(path: &Path, is_wanted: impl Fn(&Key) -> bool) -> io::Result<Option<String>> {
    let file = File::open(path)?;
    let mut lines = Lines::new(file);
    while let Some(line) = lines.next()? {
        if let Some(Line::Done { key, text, .. }) = parse(line)
            && is_wanted(&key)
        {
            return Ok(Some(String::from_utf8_lossy(text).into_owned()));
        }
    }
    Ok(None)
}

/// See [`Journal::each_file`](super::Journal::each_file).
pub fn each_file(path: &Path, mut each: impl FnMut(&[u8], &str, u64)) -> io::Result<()> {
    let file = File::open(path)?;
    let mut lines = Lines::new(file);
    while let Some(line) = lines.next()? {
        if let Some(Line::Done { bytes, file, text, .. }) = parse(line)
            && let Ok(Some(file)) = serde_json::from_slice::<Option<String>>(file)
        {
            each(text, &file, bytes);
        }
    }
    Ok(())
}

/// Adds the line of a success; `text` is the list's line.
pub fn push_done(out: &mut Vec<u8>, key: &Key, outcome: &Outcome, text: &[u8]) {
    let file = outcome.file.as_ref().map(|path| path.to_string_lossy());
    push_success(out, key, (outcome.status.unwrap_or(0), outcome.whole_bytes()), file.as_deref(), text);
}

fn push_success(out: &mut Vec<u8>, key: &Key, (status, bytes): (u16, u64), file: Option<&str>, text: &[u8]) {
    let file = file.map_or_else(|| "null".to_owned(), |file| serde_json::Value::from(file).to_string());
    // Writing to a Vec cannot fail.
    let _ = write!(out, "ok {key} {status} {bytes} {file} ");
    // A line of a list has no end in it; a URL argument may.
    out.extend(text.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
    out.push(b'\n');
}

/// Adds the line of a file that is under way.
pub fn push_part(out: &mut Vec<u8>, key: &Key, validator: &str) {
    // Writing to a Vec cannot fail.
    let _ = writeln!(out, "part {key} {validator}");
}

enum Line<'a> {
    /// `file` as it is written, in JSON.
    Done {
        key: Key,
        bytes: u64,
        file: &'a [u8],
        text: &'a [u8],
    },
    Part(Key, &'a str),
    Comment,
}

fn parse(line: &[u8]) -> Option<Line<'_>> {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    match words.next()? {
        b"ok" => {
            let key = Key::parse(words.next()?)?;
            let mut rest = words.next()?.splitn(3, |byte| *byte == b' ');
            let mut number = || str::from_utf8(rest.next()?).ok()?.parse::<u64>().ok();
            let (_status, bytes) = (number()?, number()?);
            let (file, text) = split_file(rest.next()?)?;
            Some(Line::Done { key, bytes, file, text })
        }
        b"part" => {
            let key = Key::parse(words.next()?)?;
            let validator = str::from_utf8(words.next()?).ok()?;
            (validator.len() <= MAX_VALIDATOR_BYTES).then_some(Line::Part(key, validator))
        }
        _ => (line.is_empty() || line.starts_with(b"#")).then_some(Line::Comment),
    }
}

/// The file's name, a string of JSON or null, and what stands behind it.
fn split_file(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(rest) = text.strip_prefix(b"null ") {
        return Some((b"null", rest));
    }
    let mut escaped = false;
    let end = text.strip_prefix(b"\"")?.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    let (file, rest) = text.split_at(end + 2);
    Some((file, rest.strip_prefix(b" ")?))
}

/// The second line: `# id 9f… -X=…`.
fn head(line: &[u8]) -> Option<(u64, &str)> {
    let (id, settings) = str::from_utf8(line).ok()?.strip_prefix("# id ")?.split_once(' ')?;
    Some((u64::from_str_radix(id, 16).ok()?, settings))
}

fn of_another_version() -> JournalError {
    JournalError::NoRecord("it is the record of another version of gfetch".into())
}

fn no_record(line: u64) -> JournalError {
    JournalError::NoRecord(match line {
        1 => "the file is there and is no record of --resume".into(),
        line => format!("line {line} is none of a record's"),
    })
}

/// Whole lines, in a bounded buffer.
struct Lines<R> {
    from: BufReader<R>,
    line: Vec<u8>,
    number: u64,
    /// Bytes of the whole lines so far.
    whole: u64,
}

impl<R: Read> Lines<R> {
    fn new(from: R) -> Lines<R> {
        Lines { from: BufReader::with_capacity(BUFFER_BYTES, from), line: Vec::new(), number: 0, whole: 0 }
    }

    /// The next line, without its end; none at the end, also where that is in the middle of a line.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let read = self.from.by_ref().take(MAX_BYTES).read_until(b'\n', &mut self.line)?;
        if self.line.pop_if(|byte| *byte == b'\n').is_none() && (read as u64) < MAX_BYTES {
            return Ok(None);
        }
        self.number += 1;
        self.whole += read as u64;
        Ok(Some(&self.line))
    }
}

/// A line that is written is read again as what it was, whatever a list and a file's name hold.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_line(data: &[u8]) {
    let (file, text) = data.split_at(data.len() / 2);
    let file = (!file.is_empty()).then(|| String::from_utf8_lossy(file).into_owned());
    let mut out = Vec::new();
    push_success(&mut out, &Key::default(), (200, data.len() as u64), file.as_deref(), text);
    assert_eq!(out.pop(), Some(b'\n'));
    assert!(!out.contains(&b'\n'), "one line");
    let Some(Line::Done { key, bytes, file: written, text: read }) = parse(&out) else { panic!("{out:?}") };
    assert_eq!((key, bytes), (Key::default(), data.len() as u64));
    assert_eq!(serde_json::from_slice::<Option<String>>(written).ok(), Some(file));
    assert!(read.iter().zip(text).all(|(read, text)| read == text || *text == b'\n') && read.len() == text.len());
}
