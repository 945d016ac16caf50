//! Sinks by themselves: turns, special files, and the memory that waiting bodies share.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use super::save::PIECE_BYTES;
use super::*;
use crate::fetch::journal::tests::head;
use crate::fetch::journal::{Journal, Key, Part};
use crate::fetch::plan::Plan;
use crate::green;
use crate::http::{ClientConfig, PoolLimits};
use crate::net::{Resolver, ResolverConfig, TlsConfig};

fn output() -> (Output, Rc<RefCell<Vec<u8>>>) {
    let written = Rc::new(RefCell::new(Vec::new()));
    let into = written.clone();
    let output: Output = Rc::new(move |bytes| {
        into.borrow_mut().extend_from_slice(bytes);
        Ok(())
    });
    (output, written)
}

fn has_shown(sink: &Sink) -> bool {
    matches!(sink, Sink::Print(print) if print.shown)
}

#[test]
fn a_body_whose_turn_comes_midway_is_printed_once_and_in_order() {
    let ((output, written), turn, memory) = (output(), Turn::default(), SpoolMemory::new(std::path::Path::new("/tmp")));
    let mut sink = Sink::print(Some(turn.of(1)), output, memory.clone());
    sink.write(b"one ").unwrap();
    assert!(written.borrow().is_empty() && !has_shown(&sink));
    turn.pass_to(1);
    sink.write(b"two ").unwrap();
    assert!(has_shown(&sink));
    sink.write(b"three").unwrap();
    assert_eq!(*written.borrow(), b"one two three");
    let mut left = sink.land().finish(&client()).unwrap().body.unwrap();
    left.drain(|_| panic!("nothing is left")).unwrap();
    assert_eq!(memory.in_use(), 0);
}

#[test]
fn whatever_becomes_of_waiting_bodies_their_memory_is_given_back() {
    let memory = SpoolMemory::new(std::path::Path::new("/tmp"));
    let waiting = |bytes: usize| {
        let mut sink = Sink::print(None, output().0, memory.clone());
        sink.write(&vec![0; bytes]).unwrap();
        sink
    };
    let (dropped, finished, drained) = (waiting(1000), waiting(1 << 20), waiting(5));
    assert_eq!(memory.in_use(), 1000 + (1 << 20) + 5);
    drop(dropped);
    drop(finished.land().finish(&client()).unwrap());
    let mut body = drained.land().finish(&client()).unwrap().body.unwrap();
    assert_eq!(memory.in_use(), 5);
    body.drain(|_| Err(io::ErrorKind::BrokenPipe.into())).unwrap_err();
    assert_eq!(memory.in_use(), 0, "also where it could not be written");
}

/// One with no connections to close.
fn client() -> Client {
    Client::new(ClientConfig {
        resolver: Resolver::new(ResolverConfig::default()),
        tls: TlsConfig::builder().build_lazy(),
        connect_timeout: None,
        pool: PoolLimits::default(),
        versions: Default::default(),
    })
}

fn save(path: &Path, bytes: &[u8]) -> io::Result<Finished> {
    let path = path.to_owned();
    green::run(|| {
        let mut sink = Sink::save(path, false, PartFiles::default(), client());
        sink.write(bytes)?;
        sink.land().finish(&client())
    })
}

#[test]
fn what_is_no_regular_file_is_written_to_and_stays_what_it_is() {
    assert_eq!(save(Path::new("/dev/null"), b"x").unwrap().file.unwrap(), Path::new("/dev/null"));
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reading = pipe.clone();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        File::open(reading).unwrap().read_to_string(&mut text).unwrap();
        text
    });
    save(&pipe, b"through the pipe").unwrap();
    assert_eq!(reader.join().unwrap(), "through the pipe");
    assert!(save(dir.path(), b"x").is_err(), "a folder takes no bytes");
}

#[test]
fn a_link_stays_a_link_and_the_file_behind_it_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let (file, link) = (dir.path().join("file"), dir.path().join("link"));
    fs::write(&file, "old").unwrap();
    symlink("file", &link).unwrap();
    save(&link, b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn what_a_dangling_link_leads_to_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("d")).unwrap();
    for (link, target) in [("one", "two"), ("two", "d/three"), ("d/three", "../four")] {
        symlink(target, at(link)).unwrap();
    }
    assert_eq!(save(&at("one"), b"x").unwrap().file.unwrap(), at("one"));
    assert_eq!(fs::read(at("four")).unwrap(), b"x");
    assert!(["one", "two", "d/three"].iter().all(|link| at(link).is_symlink()));
    symlink("no/folder", at("out")).unwrap();
    assert_eq!(save(&at("out"), b"x").err().unwrap().kind(), io::ErrorKind::NotFound);
    symlink("circle", at("circle")).unwrap();
    assert_eq!(save(&at("circle"), b"x").err().unwrap().raw_os_error(), Some(libc::ELOOP));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 6, "nothing is left beside them");
}

#[test]
fn a_missing_folder_is_an_error_unless_it_is_to_be_made_and_modes_are_the_usual() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/b/f");
    assert_eq!(save(&path, b"x").err().unwrap().kind(), io::ErrorKind::NotFound);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    save(&path, b"x").unwrap();
    let plain = dir.path().join("plain");
    fs::write(&plain, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), mode(&plain), "as anybody makes a file, not 0600");
}

/// The record's disk may be slow, and others of the hub go on meanwhile; no byte of the part is there before it is noted.
#[test]
fn a_part_is_noted_before_its_first_byte_and_by_the_thread_that_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(&dir.path().join("record"), &Plan::default()).unwrap();
    let (slow, (held, is_held), (others, go_on)) = (journal.clone(), mpsc::channel(), mpsc::channel());
    let disk = thread::spawn(move || {
        let _held = slow.file();
        held.send(()).unwrap();
        go_on.recv_timeout(Duration::from_secs(10)).is_ok()
    });
    is_held.recv().unwrap();
    let (path, part) = (dir.path().join("f"), Part::new(&journal, Key::default()));
    let beside = part.beside(&path);
    green::run(move || {
        let writer = green::spawn(move || {
            let mut sink = Sink::save(path, false, PartFiles::default(), client());
            let save = sink.saving().unwrap();
            save.set_part(part, true);
            save.begins(&head("ETag: \"1\"\r\n"));
            sink.write(&vec![b'x'; PIECE_BYTES]).unwrap();
            sink.saving().unwrap().keep_part(&client()).unwrap();
        });
        green::sleep(Duration::from_millis(50)).unwrap();
        assert!(!beside.exists(), "it waits for the record");
        others.send(()).unwrap();
        writer.join().unwrap();
        assert_eq!(fs::metadata(beside).unwrap().len(), PIECE_BYTES as u64);
    });
    assert!(disk.join().unwrap(), "the hub waited for the disk");
    let record = fs::read_to_string(dir.path().join("record")).unwrap();
    assert!(record.ends_with(&format!("part {} \"1\"\n", Key::default())), "{record}");
}

/// A time-out that comes while the disk is at it must not take away what it was to keep.
#[test]
fn an_interrupted_write_is_taken_up_again_and_nothing_of_it_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(&dir.path().join("record"), &Plan::default()).unwrap();
    let (path, part) = (dir.path().join("f"), Part::new(&journal, Key::default()));
    let beside = part.beside(&path);
    green::run(|| {
        let mut sink = Sink::save(path, false, PartFiles::default(), client());
        sink.saving().unwrap().set_part(part, true);
        sink.saving().unwrap().begins(&head("ETag: \"1\"\r\n"));
        // The record is noted first, and now somebody has it.
        let slow = journal.file();
        let wrote = green::timeout(Duration::from_millis(20), || sink.write(&vec![b'x'; PIECE_BYTES]));
        wrote.expect_err("the disk cannot have come to it");
        drop(slow);
        sink.saving().unwrap().keep_part(&client()).unwrap();
    });
    assert_eq!(fs::metadata(beside).unwrap().len(), PIECE_BYTES as u64);
}

/// Only what somebody can go on with is written before there is a piece of it.
#[test]
fn a_file_that_grows_is_in_place_before_it_is_whole_and_gone_where_nothing_is_to_be_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let bytes = || fs::metadata(&path).map(|there| there.len()).ok();
    green::run(|| {
        for (there, grows) in [(None, true), (Some(""), true), (None, false), (Some("mine"), true)] {
            there.into_iter().for_each(|text| fs::write(&path, text).unwrap());
            let before = bytes();
            let mut sink = Sink::save(path.clone(), false, PartFiles::default(), client());
            sink.saving().unwrap().set_grows(grows);
            assert_eq!(sink.may_wait(), None, "there is nothing");
            sink.write(b"x").unwrap();
            let most = grows.then_some(Duration::from_secs(1));
            assert!(sink.may_wait() <= most && sink.may_wait().is_some() == grows);
            sink.flush().unwrap();
            assert_eq!(sink.may_wait(), None);
            let in_place = grows && there.is_none_or(str::is_empty);
            assert_eq!(bytes(), if in_place { Some(1) } else { before }, "{there:?}");
            drop(sink);
            assert_eq!(bytes(), before, "{there:?}");
        }
    });
}

#[test]
fn pieces_come_together_whole_whatever_their_sizes() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mut expected) = (dir.path().join("f"), Vec::new());
    let to = path.clone();
    green::run(|| {
        let mut sink = Sink::save(to, false, PartFiles::default(), client());
        for (n, size) in [1, PIECE_BYTES, PIECE_BYTES - 1, 0, 3 * PIECE_BYTES, 7].into_iter().enumerate() {
            let piece = vec![n as u8; size];
            expected.extend_from_slice(&piece);
            sink.write(&piece).unwrap();
        }
        sink.land().finish(&client()).unwrap();
    });
    assert!(fs::read(path).unwrap() == expected);
}
