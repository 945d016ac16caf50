//! Lists as a run sees them: entries and failures in order, numbered, from several inputs.

use super::*;
use crate::fetch::outcome::{Kind, Stage};

fn reader(name: &str, bytes: &[u8]) -> Input {
    Input::Reader { name: name.into(), from: Box::new(io::Cursor::new(bytes.to_vec())) }
}

fn arguments(urls: &[&str], globs: bool) -> Input {
    Input::Arguments { urls: urls.iter().map(|url| (*url).to_owned()).collect(), globs }
}

fn entries(inputs: Vec<Input>) -> Vec<Entry> {
    List::new(inputs).map(|entry| *entry.unwrap()).collect()
}

fn listed(bytes: &[u8]) -> Vec<Entry> {
    entries(vec![reader("l", bytes)])
}

/// Where, what and whether, a line an entry.
fn told(entries: &[Entry]) -> Vec<String> {
    let told = |entry: &Entry| match &entry.target {
        Ok(target) => format!("{} {} {}", entry.index, entry.source, target.url),
        Err(failure) => format!("{} {} {}", entry.index, entry.source, failure.message),
    };
    entries.iter().map(told).collect()
}

#[test]
fn comments_and_blank_lines_count_for_line_numbers_only() {
    let list =
        "\u{feff}# comment\r\n\r\n  http://a.example/ \t\r\n#http://x.example/\n\u{3000}\nhttp://b.example/#f\n\n";
    assert_eq!(told(&listed(list.as_bytes())), ["0 l:3 http://a.example/", "1 l:6 http://b.example/"]);
}

#[test]
fn a_number_sign_further_on_is_no_comment() {
    let entries = listed(b" # words.txt\nhttp://h.example/a#b # c\n");
    assert!(entries.iter().all(|entry| entry.target.is_err()));
    assert_eq!(entries.len(), 2);
}

#[test]
fn a_bad_line_is_its_own_failure_and_the_rest_goes_on() {
    let entries = listed(b"http://a.example/\nword\nhttp://\xff.example/\n{\"url\":1}\nftp://x.example/\nb.example\n");
    assert_eq!(
        told(&entries),
        [
            "0 l:1 http://a.example/",
            "1 l:2 no URL: \"word\": no scheme, and no dot, port or localhost to guess one by",
            "2 l:3 not UTF-8: byte 8 of the line is 0xFF",
            "3 l:4 \"url\" takes a string, not a number",
            "4 l:5 scheme \"ftp\" is not supported, only http and https",
            "5 l:6 http://b.example/",
        ]
    );
    assert_eq!(entries[2].text, "http://\u{fffd}.example/");
    assert_eq!(entries[2].line(), b"http://\xff.example/");
    for failure in entries.iter().filter_map(|entry| entry.target.as_ref().err()) {
        assert_eq!((failure.kind, failure.stage, failure.limit), (Kind::Url, Stage::Input, None));
    }
}

#[test]
fn a_line_is_kept_as_it_was_read() {
    let entries = listed(b"  http://a.example/ \r\n\t{ \"url\": \"b.example\" }\n");
    assert_eq!((entries[0].text.as_str(), entries[0].line()), ("http://a.example/", &b"  http://a.example/ "[..]));
    assert_eq!((entries[1].text.as_str(), entries[1].line()), ("b.example", &b"\t{ \"url\": \"b.example\" }"[..]));
}

#[test]
fn lists_are_not_globbed_and_a_line_twice_is_there_twice() {
    let entries = listed(b"http://h.example/[1-2]\nhttp://h.example/[1-2]\n");
    assert_eq!(told(&entries), ["0 l:1 http://h.example/[1-2]", "1 l:2 http://h.example/[1-2]"]);
}

#[test]
fn a_line_over_the_cap_is_a_failure_that_cannot_become_another_url() {
    let list = format!("http://h.example/{}\nb.example\n#{}\n", "x".repeat(MAX_LINE_BYTES), "y".repeat(MAX_LINE_BYTES));
    let entries = listed(list.as_bytes());
    assert_eq!(told(&entries), ["0 l:1 the line is over 65536 bytes long", "1 l:2 http://b.example/"]);
    assert!(entries[0].text.starts_with("http://h.example/xxx") && entries[0].text.len() < 300);
    assert!(matches!(parse_line(entries[0].line(), "saved", 1), Line::Blank), "saved, it is a comment");
}

#[test]
fn inputs_follow_one_another_and_are_numbered_through() {
    let inputs = vec![
        arguments(&["demo", "h/{a,b}"], true),
        reader("one", b"x.example\n\n"),
        reader("-", b"\ny.example"),
        arguments(&["z"], true),
    ];
    let entries = entries(inputs);
    assert_eq!(
        told(&entries),
        [
            "0 argument 1 http://demo/",
            "1 argument 2 http://h/a",
            "2 argument 2 http://h/b",
            "3 one:1 http://x.example/",
            "4 -:2 http://y.example/",
            "5 argument 3 http://z/",
        ]
    );
    let arguments: Vec<_> = entries.iter().map(|entry| entry.target.as_ref().unwrap().argument).collect();
    assert_eq!(arguments, [Some(0), Some(1), Some(1), None, None, Some(2)]);
    assert_eq!(entries[2].target.as_ref().unwrap().glob_parts, ["b"]);
    assert_eq!(entries[2].text, "h/b");
}

#[test]
fn a_bad_glob_is_its_own_failure() {
    let entries = entries(vec![arguments(&["h/{a", "h/[2-1]", "b"], true)]);
    assert_eq!(
        told(&entries),
        [
            "0 argument 1 unmatched brace in URL position 3",
            "1 argument 2 bad range in URL position 3",
            "2 argument 3 http://b/"
        ]
    );
    assert!(matches!(parse_line(entries[0].line(), "saved", 1), Line::Blank), "a list has no globs to be wrong");
}

#[test]
fn globs_can_be_turned_off() {
    let entries = entries(vec![arguments(&["h/{a,b}[1-2]"], false)]);
    assert_eq!(told(&entries), ["0 argument 1 http://h/%7Ba,b%7D[1-2]"]);
}

#[test]
fn what_is_saved_of_an_argument_gives_the_same_entry_from_a_list() {
    for text in ["demo", "h/{a}", "https://h/x", "localhost:1"] {
        for entry in entries(vec![arguments(&[text], true)]) {
            let Line::Entry(again) = parse_line(entry.line(), "saved", 1) else { panic!("{text} became blank") };
            assert_eq!(again.target.unwrap().url, entry.target.unwrap().url, "{text}");
        }
    }
}

/// Fails when read past its last line.
struct Breaks(&'static [u8]);

impl Read for Breaks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.split_first() {
            Some((first, rest)) => {
                buffer[0] = *first;
                self.0 = rest;
                Ok(1)
            }
            None => Err(io::Error::other("the disk is gone")),
        }
    }
}

fn breaks(bytes: &'static [u8]) -> Input {
    Input::Reader { name: "urls.txt".into(), from: Box::new(Breaks(bytes)) }
}

#[test]
fn a_read_error_is_told_once_after_what_came_before_it_and_ends_the_list() {
    let mut list = List::new(vec![breaks(b"a.example\n\nb.exam"), reader("next", b"c.example")]);
    assert_eq!(list.next().unwrap().unwrap().text, "a.example");
    let error = list.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "urls.txt: after line 2: the disk is gone");
    assert!(list.next().is_none());
    assert!(list.next().is_none());
}

#[test]
fn a_list_that_cannot_be_read_at_all_says_no_line() {
    let error = List::new(vec![breaks(b"")]).next().unwrap().unwrap_err();
    assert_eq!((error.to_string().as_str(), error.after_line), ("urls.txt: the disk is gone", 0));
}

#[test]
fn an_endless_pipe_gives_each_line_as_soon_as_it_is_there() {
    let (read, mut write) = io::pipe().unwrap();
    let mut list = List::new(vec![Input::Reader { name: "-".into(), from: Box::new(read) }]);
    for number in 1..=3 {
        io::Write::write_all(&mut write, format!("h.example/{number}\n").as_bytes()).unwrap();
        assert_eq!(list.next().unwrap().unwrap().source, format!("-:{number}"));
    }
    drop(write);
    assert!(list.next().is_none());
}

#[test]
fn a_glob_of_millions_and_a_list_of_any_length_are_read_lazily() {
    let endless = io::repeat(b'\n').take(u64::MAX);
    let inputs =
        vec![arguments(&["h/[1-100000000]"], true), Input::Reader { name: "never".into(), from: Box::new(endless) }];
    let third = List::new(inputs).nth(2).unwrap().unwrap();
    assert_eq!(third.text, "h/3");
}

#[test]
fn no_line_panics_and_every_failure_is_of_kind_url() {
    let mut random = crate::fetch::random::Random::seeded("list lines");
    let bits = [
        "http",
        "s",
        "://",
        ":",
        "/",
        "//",
        "@",
        "[",
        "]",
        "::1",
        "%",
        "%00",
        "\\",
        "#",
        "?",
        ".",
        "h",
        "localhost",
        "é",
        "\u{feff}",
        "\u{202e}",
        "\0",
        "\t",
        " ",
        "{",
        "}",
        "\"",
        "url",
        "\":",
        "\",",
        "id",
        "headers",
        "0",
        "99999",
        "xn--",
    ];
    for round in 0..30_000 {
        let line = match round % 3 {
            0 => random.bytes(40),
            1 => random.text(&bits, 12).into_bytes(),
            _ => format!("{{\"url\":\"h.example\"{}}}", random.text(&bits, 8)).into_bytes(),
        };
        match parse_line(&line, "r", 1) {
            Line::Blank => assert!(line.first() == Some(&b'#') || String::from_utf8_lossy(&line).trim().is_empty()),
            Line::Entry(entry) => match entry.target {
                Ok(target) => {
                    assert!(matches!(target.url.scheme(), "http" | "https"), "{line:?}");
                    assert!(target.url.host_str().is_some_and(|host| !host.is_empty()), "{line:?}");
                    assert_eq!(target.url.fragment(), None);
                }
                Err(failure) => assert_eq!((failure.kind, failure.stage), (Kind::Url, Stage::Input)),
            },
        }
    }
}

#[test]
fn the_rest_is_the_lines_that_were_not_read_as_they_stand() {
    let long = format!("http://h.example/{}", "x".repeat(MAX_LINE_BYTES));
    let first = format!("a.example\n#  a comment\r\n\n no url \n{long}\nhttp://\u{fffd}.example/");
    let inputs = [
        arguments(&["h.example/[1-3]"], true),
        reader("one", first.as_bytes()),
        Input::Reader { name: "broken".into(), from: Box::new(io::Cursor::new("b.example\ncut").chain(Broken)) },
        reader("two", "\u{feff}http://last.example/\n".as_bytes()),
    ];
    let mut list = List::new(inputs);
    assert_eq!(list.by_ref().take(4).count(), 4);
    let mut rest = Vec::new();
    let unread = list.rest(|line| rest.push(String::from_utf8(line.to_vec()).unwrap()));
    assert!(rest[3].starts_with(&format!("# line over {MAX_LINE_BYTES} bytes, cut: http://h.example/xx")));
    rest.remove(3);
    let expected = ["#  a comment", "", " no url ", "http://\u{fffd}.example/", "b.example", "http://last.example/"];
    assert_eq!(rest, expected);
    let unread: Vec<String> = unread.iter().map(ListError::to_string).collect();
    assert_eq!(unread, ["broken: after line 1: broken"]);
    assert!(list.next().is_none() && list.rest(|_| panic!("read twice")).is_empty());
    let mut globbed = List::new([arguments(&["h.example/[1-3]"], true)]);
    globbed.next();
    let mut rest = Vec::new();
    globbed.rest(|line| rest.push(line.to_vec()));
    assert_eq!(rest, [b"http://h.example/2", b"http://h.example/3"]);
}

/// A read that fails.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("broken"))
    }
}
