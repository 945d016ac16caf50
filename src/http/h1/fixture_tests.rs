//! Runs every fixture of `fixtures/http` whole, byte by byte, split at every point and with its data skipped, and
//! requires one and the same transcript. The format is in `fixtures/http/README.md`.

use std::fmt::Write;
use std::path::Path;

use super::transcript::{Exchange, without_hash};
use super::*;

#[test]
fn every_fixture_reads_the_same_however_its_bytes_arrive() {
    let mut wrong = String::new();
    let fixtures = fixtures();
    for (name, case, raw) in &fixtures {
        check(name, case, raw, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(fixtures.len() >= 200, "only {} fixtures", fixtures.len());
}

/// Thirty broken variants of each: no panic, and no difference by how they arrive.
#[test]
fn a_damaged_fixture_reads_the_same_however_its_bytes_arrive() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (name, case, raw) in fixtures() {
        for _ in 0..30 {
            let bad = damage(&raw, &mut random);
            let at = random.below(bad.len() + 1);
            let whole = case.run(&[&bad], false);
            let shown = String::from_utf8_lossy(&bad);
            assert_eq!(case.run(&bad.chunks(1).collect::<Vec<_>>(), false), whole, "{name}, dripped: {shown:?}");
            assert_eq!(case.run(&[&bad[..at], &bad[at..]], false), whole, "{name}, split at {at}: {shown:?}");
        }
    }
}

/// One to three bytes put in, taken out or changed, or the rest cut off.
fn damage(raw: &[u8], random: &mut Random) -> Vec<u8> {
    const TELLING: &[u8] = b"\r\n\r\n\0 \t:;,0159afF+-xGHTP/.\x7f\xff";
    let mut bad = raw.to_vec();
    for _ in 0..=random.below(3) {
        let (at, byte) = (random.below(bad.len() + 1), TELLING[random.below(TELLING.len())]);
        match random.below(4) {
            0 => bad.insert(at, byte),
            1 if at < bad.len() => drop(bad.remove(at)),
            2 => bad.truncate(at),
            _ if at < bad.len() => bad[at] = byte,
            _ => bad.push(byte),
        }
    }
    bad
}

/// xorshift64: the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Every fixture: its name, what is expected, its bytes.
fn fixtures() -> Vec<(String, Case, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/http");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let expect = std::fs::read_to_string(path.with_extension("expect")).unwrap();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (name, Case::parse(&expect), std::fs::read(&path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

/// Tells the first way of cutting that gives another transcript.
fn check(name: &str, case: &Case, raw: &[u8], wrong: &mut String) {
    let middle = (0..=raw.len()).map(|at| (format!("split at {at}"), vec![&raw[..at], &raw[at..]]));
    let ways = [("whole".to_owned(), vec![raw]), ("byte by byte".to_owned(), raw.chunks(1).collect())];
    for (way, pieces) in ways.into_iter().chain(middle) {
        for skip in [false, true] {
            let is = case.run(&pieces, skip);
            if is != case.transcript(skip) {
                let skipped = if skip { ", data skipped" } else { "" };
                return writeln!(wrong, "{name}, {way}{skipped}:\n{is}--- expected\n{}", case.transcript).unwrap();
            }
        }
    }
}

struct Case {
    exchange: Exchange,
    transcript: String,
}

impl Case {
    fn parse(text: &str) -> Case {
        let (head, transcript) = text.split_once("\n\n").expect("an empty line before the transcript");
        let mut exchange = Exchange::answer_to("GET", false);
        for line in head.lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(": ") {
                Some(("side", "server")) => exchange = Exchange::request(exchange.close),
                Some(("then", "close")) => exchange.close = true,
                Some(("method", method)) => exchange.method = method.to_owned(),
                Some(("limit", limit)) => set(&mut exchange.limits, limit),
                _ => panic!("{line}: no such directive"),
            }
        }
        Case { exchange, transcript: transcript.to_owned() }
    }

    /// Without its hash where the data was skipped.
    fn transcript(&self, skip: bool) -> String {
        self.transcript.lines().map(|line| if skip { without_hash(line) } else { line }.to_owned() + "\n").collect()
    }

    fn run(&self, pieces: &[&[u8]], skip: bool) -> String {
        self.exchange.transcript(pieces, skip)
    }
}

fn set(limits: &mut Limits, text: &str) {
    let (name, value) = text.split_once(' ').expect("a limit's name and value");
    let limit = match name {
        "head_bytes" => &mut limits.head_bytes,
        "first_line_bytes" => &mut limits.first_line_bytes,
        "line_bytes" => &mut limits.line_bytes,
        "fields" => &mut limits.fields,
        "empty_lines" => &mut limits.empty_lines,
        "informational" => &mut limits.informational,
        _ => panic!("{name}: no such limit"),
    };
    *limit = value.parse().unwrap();
}
