//! What standard error says when the run is over, and when it does not.

use crate::runner::{Gfetch, gfetch};
use crate::server::{Server, nobody};

#[test]
fn all_is_well_in_one_line() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/bytes/1000"), &server.url("/bytes/24")]).expect(0);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    assert!(run.err.starts_with("2 URLs: 2 ok in ") && run.err.contains("1.0 KiB"), "{}", run.err);
}

#[test]
fn failures_are_grouped_by_reason_and_host() {
    let server = Server::new();
    let (gone, nobody) = (server.url("/status/404"), format!("http://localhost:{}/", nobody().port()));
    let run = gfetch(&[&gone, &gone, &nobody, &server.url("/a")]).expect(1);
    let lines: Vec<&str> = run.err.lines().collect();
    assert!(lines[0].starts_with("4 URLs: 1 ok, 3 failed in "), "{}", run.err);
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["2", "HTTP", "404", "127.0.0.1"]);
    assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["1", "connect", "localhost"]);
    assert_eq!(lines[3], "  (--save-failed FILE keeps these as a list for -i)");
}

#[test]
fn the_per_host_limit_is_named_where_it_held_the_run_back() {
    let server = Server::new();
    let urls = server.list(["/delay/60/a"; 8]);
    let run = Gfetch::new(&["-i", "-", "--per-host", "1"]).input(urls).run().expect(0);
    assert!(run.err.contains("--per-host 1 held the run back"), "{}", run.err);
}

#[test]
fn silent_has_no_summary_and_errors_stay() {
    let server = Server::new();
    assert_eq!(gfetch(&["-s", &server.url("/status/404")]).expect(3).err, "");
    assert!(gfetch(&["-s", "-i", "/none/such"]).expect(2).err.contains("/none/such"));
    assert!(gfetch(&["-s", "--jobs", "x"]).expect(2).err.contains("--jobs"));
}

#[test]
fn talk_goes_to_standard_error_and_records_to_standard_output() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/a"), "-v", "--format", "json"]).expect(0);
    assert_eq!(run.records().len(), 1);
    assert!(run.err.lines().any(|line| line.starts_with("[0] ")), "{}", run.err);
}

#[test]
fn the_heads_of_an_exchange_are_shown_as_they_were_sent() {
    let server = Server::new();
    let url = server.url("/a");
    let run = gfetch(&[&url, "-v", "-d", "four", "--format", "json"]).expect(0);
    let host = url.strip_prefix("http://").unwrap().strip_suffix("/a").unwrap();
    let shown: Vec<&str> = run.err.lines().filter_map(|line| line.strip_prefix("[0] > ")).collect();
    assert_eq!(shown[..3], [&format!("POST {url} HTTP/1.1"), &format!("Host: {host}"), "Content-Length: 4"]);
}

#[test]
fn unchecked_certificates_are_said_first() {
    let server = Server::new();
    let run = gfetch(&["-k", &server.url("/a")]).expect(0);
    assert!(run.err.starts_with("certificates were NOT checked (-k)\n"), "{}", run.err);
}

#[test]
fn no_live_line_into_a_pipe() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/delay/300/a")]).expect(0);
    assert!(!run.err.contains(['\r', '\x1b']), "{:?}", run.err);
}
