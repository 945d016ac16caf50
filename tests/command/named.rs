//! Options whose rule is held elsewhere only beside others': each has a test of its own here, under its name.

use std::time::{Duration, Instant};

use serde_json::json;

use super::answering::{Answering, with};
use super::runner::{Gfetch, gfetch, records};
use super::server::Server;

#[test]
fn compare_asks_serially_and_in_parallel() {
    let server = Server::new();
    let run = gfetch(&["--compare", "--runs", "2", "--warmup", "0", &server.url("/delay/20/{a,b}")]).expect(0);
    assert_eq!(server.requests().len(), 8, "two pairs of two URLs, twice each");
    assert!(run.text().contains("  serial ") && run.text().contains("  parallel "), "{}", run.text());
}

#[test]
fn warmup_runs_come_before_those_that_count() {
    let server = Server::new();
    let run = gfetch(&["--compare", "--runs", "1", "--warmup", "3", &server.url("/a")]).expect(0);
    assert_eq!(server.requests().len(), 5, "three, and a pair");
    assert!(run.text().contains("3 warm-ups + 1 pair") || run.text().contains("3 warm-up"), "{}", run.text());
}

#[test]
fn retry_delay_is_the_time_between_attempts() {
    let server = Answering::new(|_| with(503, ""));
    let began = Instant::now();
    let found = records(&["--retry", "2", "--retry-delay", "0.15", &server.url("/a")]);
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!((&found[0]["attempts"], server.requests().len()), (&json!(3), 3));
    assert!(found[0]["timings"]["retries"].as_f64().unwrap() >= 0.3, "{}", found[0]);
}

#[test]
fn grace_is_how_long_what_runs_may_go_on() {
    let server = Server::new();
    let run = Gfetch::new(&["--grace", "0.2", "--format", "json", &server.url("/hang")]).start();
    super::runner::wait_until("request", || server.requests().len() == 1);
    let asked = Instant::now();
    run.signal("INT");
    let run = run.wait();
    assert!(asked.elapsed() >= Duration::from_millis(200));
    assert_eq!(run.records()[0]["error"]["limit"], json!("grace"), "{}", run.text());
}

#[test]
fn format_is_how_the_report_is_written() {
    let server = Server::new();
    let url = server.url("/say/hello");
    assert_eq!(gfetch(&["--format", "json", &url]).expect(0).records()[0]["bytes"], json!(5));
    let text = gfetch(&["--format", "json", "--format", "text", &url]).expect(0);
    assert!(text.text().starts_with("200\t5\t"), "{}", text.text());
}

#[test]
fn color_is_for_terminals_unless_it_is_refused() {
    let server = Server::new();
    // script gives it a terminal.
    let colored = |how: &str| {
        let line = format!("script -qec \"$0 -s {how} {}\" /dev/null </dev/null", server.url("/a"));
        Gfetch::shell(&line).run().text().contains("\x1b[3")
    };
    let piped = gfetch(&["--color", "always", &server.url("/a")]).expect(0);
    assert!(!piped.text().contains("\x1b["), "columns are never coloured");
    if std::path::Path::new("/usr/bin/script").exists() {
        assert!(colored("") && colored("--color auto") && colored("--color always"));
        assert!(!colored("--color never"));
    }
}

#[test]
fn fail_takes_back_no_fail() {
    let server = Answering::new(|_| with(404, ""));
    let url = server.url("/a");
    gfetch(&["--no-fail", &url]).expect(0);
    gfetch(&["--no-fail", "--fail", &url]).expect(3);
    gfetch(&["--no-fail", "-f", &url]).expect(3);
}

#[test]
fn user_says_who_asks() {
    let server = Answering::new(|_| with(200, ""));
    for args in [&["-u", "me:secret"][..], &["--user", "you:no", "--user", "me:secret"]] {
        gfetch(&[args, &[&server.url("/")]].concat()).expect(0);
    }
    gfetch(&[&server.url("/")]).expect(0);
    assert_eq!(server.sent("authorization"), ["/ Basic bWU6c2VjcmV0", "/ Basic bWU6c2VjcmV0", "/ -"]);
}

#[test]
fn progress_none_draws_nothing_at_a_terminal() {
    let server = Server::new();
    let drawn = |how: &str| {
        let url = server.url("/delay/700/a");
        let line = format!("script -qec \"$0 --color never --progress {how} {url}\" /dev/null </dev/null");
        Gfetch::shell(&line).env("TERM", "xterm").run().text().contains("\x1b[")
    };
    if std::path::Path::new("/usr/bin/script").exists() {
        assert!(drawn("auto") && !drawn("none"));
    }
}
