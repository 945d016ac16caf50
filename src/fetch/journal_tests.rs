//! The record by itself: what its lines say, and what is made of a file that has been cut off or edited.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::fetch::list::{Line, parse_line};
use crate::fetch::names::Place;
use crate::fetch::outcome::Outcome;
use crate::http::h1::{Limits, ReceiveHead, Received};

fn key(line: &str, file: Option<&str>) -> Key {
    let Line::Entry(entry) = parse_line(line.as_bytes(), "list", 1) else { panic!("{line}") };
    Key::of(&entry, file.map(|file| Place::File(PathBuf::from(file).into())).as_ref())
}

/// The head of a success.
pub fn head(fields: &str) -> Head {
    let text = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    match ReceiveHead::new("GET", Limits::RESPONSE).advance(text.as_bytes()) {
        Ok(Some(Received::Final { head, .. })) => head,
        other => panic!("{text}: {other:?}"),
    }
}

fn open(dir: &TempDir) -> Result<Journal, JournalError> {
    Journal::open(&dir.path().join("record"), &Plan::default())
}

#[test]
fn a_key_is_the_line_and_its_file() {
    let one = key("http://a/", None);
    assert_eq!(one, key("http://a/", None));
    assert_ne!(one, key("http://a/b", None));
    assert_ne!(one, key(" http://a/", None), "the line as it was read");
    assert_ne!(one, key("http://a/", Some("x")));
    assert_ne!(key("http://a/", Some("x")), key("http://a/", Some("x.1")));
    assert_eq!(Key::parse(one.to_string().as_bytes()), Some(one));
    for text in ["", "0", &one.to_string()[1..], &format!("+{}", &one.to_string()[1..]), &"G".repeat(32)] {
        assert_eq!(Key::parse(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn what_was_appended_counts_as_often_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (key("http://a/", None), key("http://b/", None));
    let journal = open(&dir).unwrap();
    assert!(!journal.was_done(&one));
    for line in [&one, &one, &two] {
        journal.append(format!("ok {line} 200 5 \"a \\\" b\" http://x/\n").as_bytes());
    }
    journal.flush().unwrap();
    assert!(!journal.was_done(&one), "what is done now is not asked for again");
    assert!(matches!(open(&dir), Err(JournalError::Busy)));
    drop(journal);
    let journal = open(&dir).unwrap();
    assert!(journal.was_done(&one) && journal.was_done(&one) && !journal.was_done(&one));
    assert_eq!(journal.gone().unwrap(), Some((1, "http://x/".to_owned())));
    assert!(journal.was_done(&two));
    assert_eq!(journal.gone().unwrap(), None);
}

#[test]
fn a_part_is_of_what_was_noted_last() {
    let dir = tempfile::tempdir().unwrap();
    let one = key("http://a/", Some("x"));
    let again = || {
        let journal = open(&dir).unwrap();
        (journal.validator(&one), journal.part_name(&one))
    };
    let (none, name) = again();
    assert_eq!(none, None);
    open(&dir).unwrap().note_part(&one, Some("\"1\""));
    open(&dir).unwrap().note_part(&one, Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!(again(), (Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()), name));
    open(&dir).unwrap().note_part(&one, None);
    assert_eq!(again().0, None);
    open(&dir).unwrap().note_part(&one, Some("\"2\""));
    open(&dir).unwrap().append(format!("ok {one} 200 5 \"x\" http://a/\n").as_bytes());
    let journal = open(&dir).unwrap();
    assert_eq!(journal.validator(&one), Some("\"2\"".to_owned()), "what was only appended is not written");
    journal.append(format!("ok {one} 200 5 \"x\" http://a/\n").as_bytes());
    journal.flush().unwrap();
    drop(journal);
    assert_eq!(again().0, None, "whoever is done has no part");
}

/// A line that has ended well, with its file.
fn saved(key: Key, file: &str, bytes: u64) -> Fetched {
    let outcome = Outcome {
        source: "argument 1".into(),
        url: "http://a/".into(),
        status: Some(200),
        bytes,
        wire_bytes: bytes,
        attempts: 1,
        file: Some(file.into()),
        ..Outcome::begun(0, "GET".into())
    };
    let (body, line, exchanges, key) = (None, None, Vec::new(), Some(Box::new(key)));
    Fetched { outcome, body, line, exchanges, turn: 0, key, details: None }
}

#[test]
fn a_file_in_its_place_has_no_part_left_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (key("http://a/", Some("x")), key("http://b/", Some("y")));
    let journal = open(&dir).unwrap();
    journal.note_part(&one, Some("\"1\""));
    journal.note_part(&two, Some("\"2\""));
    let mut fetched = saved(one, "x", 5);
    journal.note_file(&mut fetched);
    assert!(fetched.key.is_none(), "it is not noted twice");
    assert_eq!((journal.validator(&one), journal.validator(&two).as_deref()), (None, Some("\"2\"")));
    journal.flush().unwrap();
    drop(journal);
    let journal = open(&dir).unwrap();
    assert!(journal.was_done(&one) && journal.validator(&one).is_none());
}

#[test]
fn what_is_looked_at_is_neither_made_nor_written() {
    let dir = tempfile::tempdir().unwrap();
    let look_at = || Journal::look_at(&dir.path().join("record"), &Plan::default()).unwrap();
    let one = key("http://a/", Some("x"));
    let journal = look_at();
    assert!(!journal.was_done(&one) && fs::read_dir(dir.path()).unwrap().next().is_none());
    open(&dir).unwrap().note_part(&one, Some("\"1\""));
    let before = fs::read(dir.path().join("record")).unwrap();
    let journal = look_at();
    journal.note_part(&one, None);
    journal.flush().unwrap();
    assert_eq!(fs::read(dir.path().join("record")).unwrap(), before);
    assert_eq!(look_at().validator(&one).as_deref(), Some("\"1\""));
}

#[test]
fn a_setting_that_only_one_version_knows_is_noticed_from_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(&dir).unwrap());
    let path = dir.path().join("record");
    let record = fs::read_to_string(&path).unwrap();
    let (before, last) = record.trim_end().rsplit_once(' ').unwrap();
    let (added, fewer) = (format!("{before} {last} --new={:016x}\n", 0), format!("{before}\n"));
    for (text, what) in [(added, "of a later one"), (fewer, "of an earlier one")] {
        fs::write(&path, &text).unwrap();
        let refused = open(&dir).err().unwrap();
        assert!(
            matches!(&refused, JournalError::NoRecord(why) if why.contains("another version")),
            "{what}: {refused}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    let other = record.replace(last, &format!("-o={:016x}", 0));
    fs::write(&path, other).unwrap();
    assert!(matches!(open(&dir), Err(JournalError::Other(options)) if options == ["-o"]));
}

#[test]
fn other_records_parts_have_other_names() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let of = |dir| open(dir).unwrap().part_name(&key("http://a/", Some("x")));
    assert_ne!(of(&one), of(&two));
    assert_eq!(of(&one), of(&one));
}

#[test]
fn every_beginning_of_a_record_is_a_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("record");
    let journal = open(&dir).unwrap();
    journal.append(format!("ok {} 200 5 null http://a/\n", key("http://a/", None)).as_bytes());
    journal.note_part(&key("http://b/", None), Some("\"1\""));
    drop(journal);
    let whole = fs::read(&path).unwrap();
    for end in 0..=whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        open(&dir).unwrap_or_else(|error| panic!("{end}: {error}"));
        assert!(fs::read(&path).unwrap().ends_with(b"\n"));
    }
}

#[test]
fn a_broken_record_takes_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(&dir).unwrap();
    *journal.file() = Some(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    journal.append(b"ok\n");
    assert_eq!(journal.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
    *journal.file() = Some(fs::File::create(dir.path().join("other")).unwrap());
    journal.append(b"ok\n");
    assert_eq!(journal.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(fs::read(dir.path().join("other")).unwrap().is_empty(), "a piece may be in it already");
}

#[test]
fn only_what_stands_for_the_very_bytes_is_a_validator() {
    let of = |fields: &str| validator_of(&head(fields));
    let changed = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    assert_eq!(of("ETag: \"a\"\r\n").as_deref(), Some("\"a\""));
    assert_eq!(of(&format!("ETag: W/\"a\"\r\n{changed}Date: Sun, 06 Nov 1994 09:49:37 GMT\r\n")), None);
    assert_eq!(of("ETag: \"\"\r\n"), None);
    assert_eq!(of(&format!("ETag: \"{}\"\r\n", "x".repeat(2000))), None);
    assert_eq!(of(changed), None, "without a Date nobody knows how old it is");
    assert_eq!(of(&format!("{changed}Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")), None, "it may change in this second");
    let date = Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned());
    assert_eq!(of(&format!("{changed}Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n")), date);
}
