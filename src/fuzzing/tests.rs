//! The targets as property tests: every kept input, and what a seeded mutator makes of them.
//!
//! `GFETCH_SEED=N cargo test --lib fuzzing::` runs one seed again; without it the clock gives a fresh one. A failure prints
//! the seed and the input, written as a line of `fixtures/fuzz`: fix it, and keep the line there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{TARGETS, Target};
use crate::fetch::random::Random;

/// Mutations of each target: some seconds unoptimised, all together.
const MUTATIONS: usize = 2_000;
/// An input grows no further.
const MOST_BYTES: usize = 4096;

/// Pieces of what the targets read: most mutations that lead anywhere put one of them somewhere.
const TELLING: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"=",
    b"\"",
    b"\\",
    b"/",
    b"//",
    b"..",
    b"@",
    b"#",
    b"?",
    b"%0d%0a",
    b"%2f",
    b"[::1]",
    b"0",
    b"1",
    b"9",
    b"a",
    b"f",
    b"-",
    b"+",
    b"x",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xc2\x85",
    b"HTTP/1.1 ",
    b"HTTP/1.0 ",
    b"200",
    b"100",
    b"304",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"http://",
    b"https://",
    b"{",
    b"}",
    b"[1-3]",
    b"{\"url\":\"http://a.b/\"",
    b",\"headers\":{\"A\":\"b\"}",
    b",\"output\":\"",
    b",\"id\":",
    b",\"timeout\":1e9",
    b"\x1f\x8b\x08\0",
    b"\x28\xb5\x2f\xfd",
    b"; Path=/",
    b"; Domain=.a.example",
    b"; Secure",
    b"; HttpOnly",
    b"; Max-Age=",
    b"__Host-",
    b"#HttpOnly_",
    b"filename=\"",
    b"filename*=UTF-8''",
    b"%2e%2e%2f",
    b".bashrc",
    b"\tTRUE\t",
    b"\tFALSE\t",
    b"machine ",
    b"default ",
    b"login ",
    b"password ",
    b"macdef ",
    b"Digest ",
    b"realm=\"",
    b"nonce=\"n\"",
    b"qop=\"auth\"",
    b"algorithm=SHA-256-sess",
    b"18446744073709551615",
    b"18446744073709551616",
    b"ffffffffffffffff",
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// What is kept for a target: its lines, and for those that read HTTP/1 the fixtures of its states.
fn kept(target: &str) -> Vec<Vec<u8>> {
    let lines = std::fs::read_to_string(fixtures().join("fuzz").join(target).with_extension("txt")).unwrap();
    let mut inputs: Vec<Vec<u8>> = lines.lines().filter(|line| !line.starts_with('#')).map(unescaped).collect();
    if ["http1", "request_heads", "response_heads", "connect_answers"].contains(&target) {
        let folder = std::fs::read_dir(fixtures().join("http")).unwrap().map(|entry| entry.unwrap().path());
        let files = folder.filter(|path| path.extension().is_some_and(|extension| extension == "http"));
        inputs.extend(files.map(|path| std::fs::read(path).unwrap()));
    }
    if target == "codings" {
        let files = ["short.br", "short.zst", "short-stream.zst", "window-16m.zst", "zeros-10m.br", "zeros-10m.zst"];
        inputs.extend(files.iter().map(|name| std::fs::read(fixtures().join("codings").join(name)).unwrap()));
    }
    assert!(inputs.len() >= 10, "only {} inputs for {target}", inputs.len());
    inputs
}

/// A line of `fixtures/fuzz`: ASCII as it is, every other byte as `\n`, `\r`, `\t`, `\\` or `\xNN`, as `printf %b` reads it.
fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        let byte = match (first, behind) {
            (b'\\', [b'x', high, low, ..]) => {
                rest = &behind[3..];
                u8::from_str_radix(&String::from_utf8_lossy(&[*high, *low]), 16).expect("two hex digits")
            }
            (b'\\', [letter, ..]) => {
                rest = &behind[1..];
                match letter {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'\\' => b'\\',
                    other => panic!("\\{} in {line:?}", *other as char),
                }
            }
            (byte, _) => *byte,
        };
        bytes.push(byte);
    }
    bytes
}

fn escaped(bytes: &[u8]) -> String {
    let escape = |byte: &u8| match byte {
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        b'\\' => "\\\\".to_owned(),
        // At a line's beginning it would make a comment.
        b'#' => "\\x23".to_owned(),
        b' '..=b'~' => (*byte as char).to_string(),
        _ => format!("\\x{byte:02x}"),
    };
    bytes.iter().map(escape).collect()
}

/// The given seed, or a fresh one.
fn seed() -> u64 {
    let given = std::env::var("GFETCH_SEED").ok().map(|seed| seed.parse().expect("GFETCH_SEED is a number"));
    let fresh = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64 >> 10;
    given.unwrap_or_else(fresh)
}

/// Tells the input that a target panics on.
struct Told<'a>(&'a [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("on this input: {}", escaped(self.0));
        }
    }
}

fn run(target: Target, input: &[u8]) {
    let _told = Told(input);
    target(input);
}

/// One target: what is kept, then mutations.
fn holds(name: &str) {
    let (_, target) = *TARGETS.iter().find(|(other, _)| *other == name).unwrap();
    let inputs = kept(name);
    inputs.iter().for_each(|input| run(target, input));
    let seed = seed();
    println!("to see this again: GFETCH_SEED={seed} cargo test --lib fuzzing::tests::{name}");
    let mut random = Random::new(seed);
    let short: Vec<&Vec<u8>> = inputs.iter().filter(|input| input.len() <= MOST_BYTES).collect();
    for _ in 0..MUTATIONS {
        let mut input = short[random.below(short.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut input, short[random.below(short.len())], &mut random);
        }
        run(target, &input);
    }
}

fn mutate(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let end = (at + 1 + random.below(16)).min(input.len());
    match random.below(8) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..end)),
        2 if at < input.len() => input[at] ^= 1 << random.below(8),
        3 if at < input.len() => input[at] = random.below(256) as u8,
        4 => drop(input.splice(at..at, input[at..end].to_vec())),
        5 => {
            let from = random.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        _ => drop(input.splice(at..at, TELLING[random.below(TELLING.len())].iter().copied())),
    }
    input.truncate(MOST_BYTES);
}

#[test]
fn chunked() {
    holds("chunked");
}

#[test]
fn codings() {
    holds("codings");
}

#[test]
fn dispositions() {
    holds("dispositions");
}

#[test]
fn http1() {
    holds("http1");
}

#[test]
fn locations() {
    holds("locations");
}

#[test]
fn records() {
    holds("records");
}

#[test]
fn request_heads() {
    holds("request_heads");
}

#[test]
fn response_heads() {
    holds("response_heads");
}

#[test]
fn socks() {
    holds("socks");
}

#[test]
fn url_lists() {
    holds("url_lists");
}

#[test]
fn challenges() {
    holds("challenges");
}

#[test]
fn connect_answers() {
    holds("connect_answers");
}

#[test]
fn cookies() {
    holds("cookies");
}

#[test]
fn netrc() {
    holds("netrc");
}

/// A name in one of these places and not in the others is a target that somebody does not run.
#[test]
fn every_target_is_a_test_a_fuzz_target_and_a_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stems = |folder: PathBuf, extension: &str| -> BTreeSet<String> {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let wanted = paths.filter(|path| path.extension().is_some_and(|other| other == extension));
        wanted.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(stems(root.join("fuzz/fuzz_targets"), "rs"), names);
    assert_eq!(stems(fixtures().join("fuzz"), "txt"), names);
    let tests = include_str!("tests.rs");
    for name in &names {
        assert!(tests.contains(&format!("#[test]\nfn {name}() {{\n    holds(\"{name}\");\n}}")), "{name} is no test");
        let target = std::fs::read_to_string(root.join(format!("fuzz/fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("gfetch::fuzzing::{name}(data)")), "{name} fuzzes another");
    }
}

#[test]
fn inputs_are_written_as_they_are_read() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(unescaped(&escaped(&all)), all);
    assert_eq!(unescaped("a\\r\\n\\x00\\\\x"), b"a\r\n\0\\x");
}
