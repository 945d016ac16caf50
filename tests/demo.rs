//! `gfetch demo` tells the tutorials' story: which lines, in which order, and that parallel takes the longest page's time.

use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const PAGES: [(&str, u64); 4] = [
    ("http://www.python.example/", 47_424),
    ("http://python.example/", 47_424),
    ("http://www.yahoo.example/", 25_735),
    ("http://github.example/", 82_693),
];

/// The whole demo with one pair of measured runs, its exit status first: told once for all tests.
fn demo() -> &'static (Option<i32>, String) {
    static TOLD: OnceLock<(Option<i32>, String)> = OnceLock::new();
    TOLD.get_or_init(|| {
        let output = Command::new(env!("CARGO_BIN_EXE_gfetch"))
            .args(["demo", "--runs", "1"])
            // It needs neither a network nor a proxy.
            .env("http_proxy", "http://127.0.0.1:9/")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    })
}

/// The lines of a chapter, from its title to the empty line.
fn chapter(title: &str) -> Vec<&'static str> {
    let lines = demo().1.lines().skip_while(|line| !line.starts_with(title));
    let lines: Vec<_> = lines.skip(1).take_while(|line| !line.is_empty()).collect();
    assert!(!lines.is_empty(), "no {title}: {}", demo().1);
    lines
}

fn get(page: usize) -> String {
    format!("GET: {}", PAGES[page].0)
}

fn received(page: usize) -> String {
    format!("{} bytes received from {}.", PAGES[page].1, PAGES[page].0)
}

/// A chapter's last line.
fn seconds(lines: &[&str]) -> f64 {
    lines.last().unwrap().strip_suffix(" s").and_then(|text| text.parse().ok()).expect("its time")
}

#[test]
fn serially_each_page_is_received_before_the_next_is_asked_for() {
    let lines = chapter("One after another");
    let expected: Vec<String> = (0..4).flat_map(|page| [get(page), received(page)]).collect();
    assert_eq!(lines[..lines.len() - 1], expected);
    let time = seconds(&lines);
    assert!((1.9..4.0).contains(&time), "{time}");
}

#[test]
fn in_parallel_all_are_asked_for_first_and_told_in_the_lists_order() {
    let lines = chapter("In parallel, told in the list's order");
    let expected: Vec<String> = (0..4).map(get).chain((0..4).map(received)).collect();
    assert_eq!(lines[..lines.len() - 1], expected);
    let time = seconds(&lines);
    assert!((0.9..1.5).contains(&time), "{time}");
}

#[test]
fn told_as_they_come_the_slowest_page_is_the_last() {
    let lines = chapter("In parallel, told as they come");
    assert_eq!(lines[..4], (0..4).map(get).collect::<Vec<_>>());
    let mut quickest = lines[4..6].to_vec();
    // Both answer after 300 ms.
    quickest.sort_unstable();
    assert_eq!(quickest, [received(1), received(0)]);
    assert_eq!(lines[6..8], [received(3), received(2)]);
    let time = seconds(&lines);
    assert!((0.9..1.5).contains(&time), "{time}");
}

#[test]
fn it_ends_with_the_comparison_and_with_success() {
    let (code, text) = demo();
    assert_eq!(*code, Some(0), "{text}");
    let told = "4 URLs on 4 hosts, 12 requests: 1 warm-up + 1 pair, cold connections, warm DNS\n\
                203,276 bytes in every run, the same in all\n";
    assert!(text.contains(told), "{text}");
    assert!(text.contains("\n  Parallel was 2.") || text.contains("\n  Parallel was 1."), "{text}");
    assert!(text.contains("\n  http://www.yahoo.example/ alone takes 0.9"), "{text}");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let since = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_gfetch"))
        .arg("demo")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(141), Vec::new()));
    assert!(since.elapsed() < Duration::from_millis(1500), "the rest of the story is not told to nobody");
}
