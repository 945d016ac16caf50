//! Lines as they come: at every split, at every end, and past every cap.

use super::*;

/// Gives what it has in the pieces it was given them, then an error or the end.
struct Pieces {
    pieces: std::vec::IntoIter<Vec<u8>>,
    error: Option<ErrorKind>,
}

fn pieces(pieces: &[&str], error: Option<ErrorKind>) -> Pieces {
    Pieces { pieces: pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect::<Vec<_>>().into_iter(), error }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.pieces.next(), self.error.take()) {
            (Some(piece), error) => {
                self.error = error;
                buffer[..piece.len()].copy_from_slice(&piece);
                Ok(piece.len())
            }
            (None, Some(kind)) => Err(kind.into()),
            (None, None) => Ok(0),
        }
    }
}

/// Every line as its number, its text and whether it is whole.
fn all(from: impl Read) -> Vec<(u64, String, bool)> {
    let mut lines = Lines::new(from);
    let mut all = Vec::new();
    while let Some(line) = lines.next_line().unwrap() {
        all.push((line.number, String::from_utf8_lossy(line.bytes).into_owned(), line.whole));
    }
    all
}

fn texts(text: &str) -> Vec<String> {
    all(text.as_bytes()).into_iter().map(|(_, text, _)| text).collect()
}

#[test]
fn lines_end_in_lf_or_crlf_or_with_the_list() {
    assert_eq!(texts("a\nb\r\n\r\n\nc"), ["a", "b", "", "", "c"]);
    assert_eq!(texts("a\n"), ["a"]);
    assert_eq!(texts("a\r"), ["a"]);
    assert_eq!(texts("a\rb\n"), ["a\rb"]);
    assert_eq!(texts(""), [""; 0]);
}

#[test]
fn a_byte_order_mark_is_dropped_at_the_beginning_only() {
    assert_eq!(texts("\u{feff}a\n\u{feff}b"), ["a", "\u{feff}b"]);
    assert_eq!(texts("\u{feff}"), [""]);
}

#[test]
fn lines_are_the_same_at_every_split() {
    let text = "\u{feff}one\r\n\n# two\nthree";
    for at in 0..=text.len() {
        let (left, right) = text.as_bytes().split_at(at);
        // An empty piece would be the end.
        let parts = [left, right].into_iter().filter(|part| !part.is_empty()).map(<[u8]>::to_vec);
        let split = Pieces { pieces: parts.collect::<Vec<_>>().into_iter(), error: None };
        assert_eq!(all(split), all(text.as_bytes()), "split at {at}");
    }
}

#[test]
fn a_line_of_the_longest_length_is_whole_and_one_byte_more_is_not() {
    for (end, before) in [("\n", ""), ("\r\n", "\u{feff}"), ("", "")] {
        let longest = "x".repeat(MAX_LINE_BYTES);
        assert_eq!(all(format!("{before}{longest}{end}").as_bytes()), [(1, longest.clone(), true)]);
        let cut = "x".repeat(KEPT_BYTES);
        assert_eq!(all(format!("{before}{longest}y{end}").as_bytes()), [(1, cut, false)]);
    }
}

#[test]
fn what_stands_around_the_longest_line_may_arrive_before_its_end() {
    let longest = "x".repeat(MAX_LINE_BYTES);
    let before = format!("\u{feff}{longest}\r");
    assert_eq!(all(before.as_bytes().chain(&b"\nnext"[..])), [(1, longest, true), (2, "next".into(), true)]);
}

#[test]
fn an_over_long_line_is_skipped_to_its_end_and_counts_for_one() {
    let text = format!("a\n{}\nb\n{}", "x".repeat(1_000_000), "y".repeat(1_000_000));
    let lines = all(text.as_bytes());
    let kinds: Vec<_> = lines.iter().map(|(number, text, whole)| (*number, text.len(), *whole)).collect();
    assert_eq!(kinds, [(1, 1, true), (2, KEPT_BYTES, false), (3, 1, true), (4, KEPT_BYTES, false)]);
}

#[test]
fn an_endless_line_is_told_in_bounded_memory() {
    let mut lines = Lines::new(io::repeat(b'x'));
    let line = lines.next_line().unwrap().unwrap();
    assert_eq!((line.number, line.bytes.len(), line.whole), (1, KEPT_BYTES, false));
    assert!(lines.buffer.len() < 3 * MAX_LINE_BYTES);
}

#[test]
fn a_line_is_given_before_anything_behind_it_is_read() {
    let mut lines = Lines::new(pieces(&["a\nb\nhalf"], Some(ErrorKind::Other)));
    assert_eq!(lines.next_line().unwrap().unwrap().bytes, b"a");
    assert_eq!(lines.next_line().unwrap().unwrap().bytes, b"b");
    assert_eq!(lines.number(), 2);
    assert!(lines.next_line().is_err(), "and what was cut off is not given");
    assert_eq!(lines.number(), 2);
}

#[test]
fn an_interrupted_read_is_read_again() {
    assert_eq!(all(pieces(&["a"], Some(ErrorKind::Interrupted))), [(1, "a".into(), true)]);
}

#[test]
fn no_bytes_panic_and_every_newline_counts() {
    let mut random = crate::fetch::random::Random::seeded("lines");
    for _ in 0..300 {
        let bytes: Vec<u8> = random.bytes(3_000).into_iter().map(|byte| if byte < 20 { b'\n' } else { byte }).collect();
        let newlines = bytes.iter().filter(|byte| **byte == b'\n').count();
        let open_end = usize::from(bytes.last().is_some_and(|byte| *byte != b'\n'));
        assert_eq!(all(&bytes[..]).len(), newlines + open_end);
    }
}
