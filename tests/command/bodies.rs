//! Bodies on standard output: whole, in their turn, never mixed.

use std::time::Duration;

use crate::runner::{Dir, Gfetch, gfetch};
use crate::server::{Server, body};

/// Sizes and delays in no order, some bodies larger than any buffer between.
fn twenty() -> Vec<(u64, usize)> {
    (0..20).map(|n: usize| ((n as u64 * 7 % 11) * 12, [10, 70_000, 0, 300, 1_500_000][n % 5] + n)).collect()
}

fn paths(of: &[(u64, usize)]) -> impl Iterator<Item = String> {
    of.iter().map(|(ms, bytes)| format!("/delay/{ms}/bytes/{bytes}"))
}

#[test]
fn bodies_come_in_order_and_are_never_mixed() {
    let server = Server::new();
    let list = server.list(paths(&twenty()));
    let expected: Vec<u8> = twenty().iter().flat_map(|(_, bytes)| body(*bytes)).collect();
    let run = Gfetch::new(&["-i", "-", "--body", "--per-host", "0"]).input(&list).run().expect(0);
    assert!(run.out == expected, "{} bytes instead of {}", run.out.len(), expected.len());
    assert_eq!(run.err.lines().filter(|line| line.starts_with("200\t")).count(), 20, "{}", run.err);
    let run = Gfetch::new(&["-i", "-", "--body", "--serial"]).input(&list).run().expect(0);
    assert!(run.out == expected);
}

#[test]
fn unordered_bodies_are_not_mixed_either() {
    let server = Server::new();
    let of = [(60, 40_000), (80, 1_000_000), (120, 2_000_000), (100, 5), (60, 30_000), (150, 700_000)];
    // The first would be under way while the others finish.
    let list = server.list(["/drip/12".to_owned()].into_iter().chain(paths(&of)));
    let run = Gfetch::new(&["-i", "-", "--body", "--unordered"]).input(list).run().expect(0);
    let mut left = run.out.as_slice();
    let mut bodies: Vec<Vec<u8>> = of.iter().map(|(_, bytes)| body(*bytes)).chain([body(12)]).collect();
    while !bodies.is_empty() {
        // The longest that fits: a shorter one is the beginning of every longer.
        let fits = |body: &&Vec<u8>| left.starts_with(body);
        let longest = bodies.iter().filter(fits).max_by_key(|body| body.len()).cloned();
        let longest = longest.unwrap_or_else(|| panic!("bodies are mixed, {} bytes before the end", left.len()));
        left = &left[longest.len()..];
        bodies.remove(bodies.iter().position(|body| *body == longest).unwrap());
    }
    assert!(left.is_empty());
}

#[test]
fn the_next_body_in_order_streams_as_it_comes() {
    let server = Server::new();
    let run = Gfetch::new(&["--body", &server.url("/drip/30"), &server.url("/say/last")]).start();
    // The first line of the drip is there long before its last byte.
    let seen = run.wait_for_lines(1);
    assert!(seen.len() < 30, "{seen}");
    run.wait().expect(0);
}

#[test]
fn bodies_of_failures_are_not_printed() {
    let server = Server::new();
    let urls = [server.url("/say/a"), server.url("/status/404"), server.url("/say/b"), server.url("/status/500")];
    let run = gfetch(&["--body", &urls[0], &urls[1], &urls[2], &urls[3]]).expect(1);
    assert_eq!(run.text(), "ab");
    let run = gfetch(&["--body", "--no-fail", &urls[0], &urls[1], &urls[2]]).expect(0);
    assert_eq!(run.text(), "asorryb");
}

#[test]
fn the_report_moves_to_standard_error() {
    let server = Server::new();
    let run = gfetch(&["--body", "--format", "json", &server.url("/say/a")]).expect(0);
    assert_eq!(run.text(), "a");
    let record: serde_json::Value = serde_json::from_str(run.err.lines().next().unwrap()).unwrap();
    assert_eq!((&record["ok"], &record["bytes"]), (&true.into(), &1.into()));
    assert!(run.err.lines().nth(1).unwrap().starts_with("1 URL: 1 ok"), "{}", run.err);
}

#[test]
fn a_dash_is_standard_output() {
    let server = Server::new();
    let run = gfetch(&["-o", "-", &server.url("/say/a"), &server.url("/say/b")]).expect(0);
    assert_eq!(run.text(), "ab");
    assert!(run.err.contains("200\t1\t"), "{}", run.err);
}

#[test]
fn a_dash_for_one_url_and_a_file_for_the_other() {
    let (server, dir) = (Server::new(), Dir::new());
    let args = ["-o", "-", "-o", "b", &server.url("/say/a"), &server.url("/say/b")];
    let run = Gfetch::new(&args).dir(&dir).run().expect(0);
    assert_eq!((run.text(), &*dir.read("b")), ("a", "b"));
}

#[test]
fn silent_with_bodies_prints_bodies_and_nothing_of_a_summary() {
    let server = Server::new();
    let run = gfetch(&["-s", "--body", &server.url("/say/a")]).expect(0);
    assert_eq!(run.text(), "a");
    assert!(!run.err.contains("1 URL"), "{}", run.err);
}

#[test]
fn a_body_that_is_retried_is_printed_once() {
    let server = Server::new();
    let args =
        ["--body", "--retry", "2", "--retry-delay", "0.02", &server.url("/flaky/1/say/a"), &server.url("/say/b")];
    assert_eq!(gfetch(&args).expect(0).text(), "ab");
}

#[test]
fn a_slow_reader_gets_every_byte() {
    let server = Server::new();
    let script = format!("\"$0\" --body {} | (sleep 0.3; cksum)", server.url("/bytes/[1000000-1000003]"));
    let expected: Vec<u8> = (1_000_000..1_000_004).flat_map(body).collect();
    let run = Gfetch::shell(&script).run().expect(0);
    let control = Gfetch::shell("cksum").input(&expected).run();
    assert_eq!(run.text(), control.text());
    assert!(run.took < Duration::from_secs(10));
}
