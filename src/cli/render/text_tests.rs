//! Golden lines and columns of the text report.

use std::time::Duration;

use gfetch::fetch::outcome::{Stage, Timings};

use super::super::samples::{asis, failure, outcome, show, starred};
use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn failed(mut outcome: Outcome, kind: Kind, message: &str) -> Outcome {
    outcome.error = Some(failure(kind, Stage::Wait, message));
    outcome
}

/// The four of CLI.md.
fn drawn() -> [Outcome; 4] {
    let python = Outcome { bytes: 47_424, ..outcome("https://www.python.org/", Some(200), ms(301)) };
    let gone = Outcome { bytes: 169, ..outcome("https://example.org/gone", Some(404), ms(44)) };
    let mut yahoo = Outcome { bytes: 25_735, ..outcome("http://yahoo.example/", Some(200), ms(902)) };
    (yahoo.redirects, yahoo.final_url) = (1, Some("https://www.yahoo.example/".into()));
    let url = "https://slow.example/api/v2/reports-of-the-year-2026/export.csv";
    let slow = outcome(url, None, ms(5_000));
    [python, failed(gone, Kind::Status, "Not Found"), yahoo, failed(slow, Kind::Timeout, "no answer within 5 s (-m)")]
}

fn lines(outcomes: &[Outcome], show: &Show) -> String {
    let mut out = String::new();
    outcomes.iter().for_each(|outcome| line(&mut out, outcome, show));
    out
}

fn piped(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    columns(&mut out, outcome, asis);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_terminal_shows_what_the_contract_draws() {
    let expected = "\
200   46.3 KiB    301 ms  https://www.python.org/
404      169 B     44 ms  https://example.org/gone  Not Found
200   25.1 KiB    902 ms  http://yahoo.example/ → https://www.yahoo.example/
000          –    5.00 s  https://slow.example/api/v2/…/export.csv
                          timeout: no answer within 5 s (-m)
";
    assert_eq!(lines(&drawn(), &show(80)), expected);
}

#[test]
fn a_file_that_was_there_is_told_as_the_reason_why_nothing_was_asked_for() {
    let there = Outcome {
        attempts: 0,
        file: Some("out/a\u{1b}b".into()),
        timings: Timings::default(),
        ..outcome("http://a.example/b", None, Duration::ZERO)
    };
    assert_eq!(
        lines(std::slice::from_ref(&there), &show(80)),
        "000          –         –  http://a.example/b  skipped: out/a\\x1bb is there\n"
    );
    assert_eq!(piped(&there), "000\t0\t0.000000\thttp://a.example/b\tskipped: out/a\\x1bb is there\n");
}

#[test]
fn a_wide_terminal_has_room_for_every_url_and_the_reason_beside_it() {
    let expected = "\
000          –    5.00 s  https://slow.example/api/v2/reports-of-the-year-2026/export.csv  timeout: no answer within 5 s (-m)
";
    assert_eq!(lines(&drawn()[3..], &show(130)), expected);
}

#[test]
fn a_redirect_shares_the_line_between_both_urls() {
    let mut long = outcome("http://a.example/", Some(200), ms(1));
    (long.redirects, long.final_url) = (1, Some("https://www.a.example/some/where/quite/far/away/index.html".into()));
    let expected = "200        0 B    1.0 ms  http://a.example/ → https://www.a.example/…/index.html\n";
    assert_eq!(lines(&[long], &show(80)), expected);
}

#[test]
fn no_line_but_a_reason_is_wider_than_the_terminal() {
    for mut outcome in drawn() {
        outcome.url = format!("https://日本.example/{}", "長い/path?".repeat(40));
        outcome.final_url = Some("https://b.example/".repeat(9));
        for width in 26..140 {
            let text = lines(std::slice::from_ref(&outcome), &show(width));
            let without_reason = if width < 46 { 2 } else { 1 };
            assert!(text.lines().take(without_reason).all(|line| escape::width(line) <= width), "{width}: {text}");
            assert!(outcome.error.is_none_or(|error| text.contains(&error.message)), "{text}");
            outcome.error = None;
        }
    }
}

#[test]
fn forty_columns_have_the_url_below() {
    let expected = "\
200   46.3 KiB    301 ms
  https://www.python.org/
404      169 B     44 ms
  https://example.org/gone  Not Found
200   25.1 KiB    902 ms
  http://y…example/ → https://w…example/
000          –    5.00 s
  https://slow.example/api/…/export.csv
  timeout: no answer within 5 s (-m)
";
    assert_eq!(lines(&drawn(), &show(40)), expected);
}

#[test]
fn what_never_started_has_no_time() {
    let bad = Outcome { attempts: 0, ..outcome("nonsense", None, Duration::ZERO) };
    let expected = "000          –         –  nonsense  url: no host\n";
    assert_eq!(lines(&[failed(bad, Kind::Url, "no host")], &show(80)), expected);
}

#[test]
fn a_failure_after_an_answer_shows_its_status_and_bytes() {
    let cut_off = Outcome { bytes: 5_000, ..outcome("http://a.example/", Some(200), ms(1_234)) };
    let expected = "200    4.9 KiB    1.23 s  http://a.example/  truncated: 5000 of 9000 bytes\n";
    assert_eq!(lines(&[failed(cut_off, Kind::Truncated, "5000 of 9000 bytes")], &show(80)), expected);
}

#[test]
fn colours_are_there_only_when_asked_for() {
    let coloured = Show { colour: true, ..show(80) };
    let expected = "\x1b[31m404\x1b[0m      169 B     44 ms  https://example.org/gone  \x1b[31mNot Found\x1b[0m\n";
    assert_eq!(lines(&drawn()[1..2], &coloured), expected);
    assert!(lines(&drawn()[..1], &coloured).starts_with("\x1b[32m200\x1b[0m   46.3 KiB"));
}

#[test]
fn a_pipe_gets_five_raw_columns() {
    let text: String = drawn().iter().map(piped).collect();
    let expected = "\
200\t47424\t0.301000\thttps://www.python.org/\t
404\t169\t0.044000\thttps://example.org/gone\tNot Found
200\t25735\t0.902000\thttp://yahoo.example/\t
000\t0\t5.000000\thttps://slow.example/api/v2/reports-of-the-year-2026/export.csv\ttimeout: no answer within 5 s (-m)
";
    assert_eq!(text, expected);
}

#[test]
fn hostile_text_breaks_neither_the_columns_nor_the_terminal() {
    let hostile = outcome("http://a.example/\t\n\x1b]0;x\x07", Some(500), ms(1));
    let hostile = failed(hostile, Kind::Status, "Oops\r\n\u{202e}200\t");
    let expected = "500\t0\t0.001000\thttp://a.example/\\t\\n\\x1b]0;x\\x07\tOops\\r\\n\\u{202e}200\\t\n";
    assert_eq!(piped(&hostile), expected);
    assert!(!lines(&[hostile], &show(80)).trim_end().chars().any(|c| c != '\n' && escape::is_hostile(c)));
}

#[test]
fn passwords_are_redacted_in_lines_and_columns() {
    let mut secret = outcome("http://user:secret@a.example/", Some(200), ms(1));
    (secret.redirects, secret.final_url) = (1, Some("https://user:secret@b.example/".into()));
    let mut piped = Vec::new();
    columns(&mut piped, &secret, starred);
    let shown = lines(&[secret], &Show { redact: starred, ..show(120) });
    assert!(shown.ends_with("http://user:***@a.example/ → https://user:***@b.example/\n"), "{shown}");
    assert!(String::from_utf8(piped).unwrap().contains("\thttp://user:***@a.example/\t"));
}

#[test]
fn time_in_the_queue_is_not_the_requests_time() {
    let mut waited = outcome("http://a.example/", Some(200), ms(7));
    waited.timings = Timings { queue: ms(9_000), ..waited.timings };
    assert!(piped(&waited).contains("\t0.007000\t"));
}

#[test]
fn a_failure_has_a_reason_even_where_the_server_gave_none() {
    let silent = failed(outcome("http://a.example/", Some(404), ms(1)), Kind::Status, "");
    assert!(piped(&silent).ends_with("\tHTTP 404\n"));
    let reset = failed(outcome("http://a.example/", None, ms(1)), Kind::Reset, "");
    assert!(piped(&reset).ends_with("\treset\n"));
}
