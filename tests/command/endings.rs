//! How the process ends: its exit status, signals, readers and disks that go away.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use serde_json::json;

use crate::runner::{Dir, Gfetch, Running, gfetch, wait_until};
use crate::server::Server;

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

#[test]
fn the_exit_status_tells_all_some_and_none() {
    let server = Server::new();
    let (good, bad) = (server.url("/a"), server.url("/status/404"));
    gfetch(&[&good, &good]).expect(0);
    gfetch(&[&good, &bad]).expect(1);
    gfetch(&[&bad]).expect(3);
    gfetch(&[&bad, &bad]).expect(3);
    gfetch(&[]).expect(2);
}

#[test]
fn help_and_version_are_success_on_standard_output() {
    let run = gfetch(&["--version"]).expect(0);
    assert!(run.lines()[0].starts_with(concat!("gfetch ", env!("CARGO_PKG_VERSION"), " (")));
    assert!(gfetch(&["-h"]).expect(0).text().contains("Usage: gfetch"));
}

#[test]
fn a_report_that_cannot_be_written_is_exit_4_and_says_so() {
    let server = Server::new();
    for args in [&[][..], &["--format", "json"], &["--body"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let run = Gfetch::new(&[&server.url("/a")]).args(args).stdout(full).run().expect(4);
        assert!(run.err.contains("No space left on device\n"), "{args:?} {}", run.err);
    }
}

/// `>&-`: std would take it for a `/dev/null` that somebody meant.
#[test]
fn a_standard_output_that_is_closed_is_one_that_cannot_be_written() {
    let server = Server::new();
    let (good, bad) = (server.url("/a"), server.url("/status/404"));
    let info = ["--help", "--version", "--generate man", "--generate complete-bash"].map(str::to_owned);
    let runs = ["", "--format json", "--format csv", "--body", "--to-curl", "--dry-run", "--compare --runs 1", "-w x"];
    let runs = runs.map(|options| format!("{options} {good}"));
    for args in info.into_iter().chain(runs).chain([bad, format!("--summary-json - -w '' {good}")]) {
        let run = Gfetch::shell(&format!("exec \"$0\" -s {args} >&-")).run().expect(4);
        assert!(
            run.err.contains("gfetch: cannot write ") && run.err.contains("the output is closed\n"),
            "{args} {}",
            run.err
        );
    }
    // What is meant is no loss, and what nothing is written to may be closed.
    for to in [">/dev/null", "1<>/dev/null", "2>&-", "<&-", "-w '' >&-", "-w '' >&- <&- 2>&-"] {
        let run = Gfetch::shell(&format!("exec \"$0\" -s {good} {to}")).run().expect(0);
        assert_eq!(run.err, "", "{to}");
    }
    let run = Gfetch::shell("exec \"$0\" serve --port 0 >/dev/full").run().expect(2);
    assert_eq!(run.err, "gfetch: cannot write where it serves: No space left on device\n");
}

#[test]
fn a_saved_list_that_cannot_be_written_is_exit_4() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/status/404"), "--save-failed", "/dev/full"]).expect(4);
    assert!(run.err.contains("/dev/full"), "{}", run.err);
}

#[test]
fn the_reader_going_away_is_quiet_exit_141_and_at_once() {
    let server = Server::new();
    let list = server.list(["/a"]) + &server.list(["/delay/30/b"; 3000]) + &server.list(["/hang"; 3]);
    for args in [&[][..], &["--body"], &["--format", "json", "--unordered"]] {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let run = Gfetch::new(&["-i", "-"]).args(args).input(&list).stdout(writer).start();
        reader.read_exact(&mut [0; 1]).unwrap();
        drop(reader);
        let run = run.wait().expect(141);
        // With --body the report is what standard error is for; of the broken pipe it does not say a word.
        let said: Vec<&str> = run.err.lines().filter(|line| args != ["--body"] || !line.starts_with("200\t")).collect();
        assert!(said.is_empty() && !run.err.contains("pipe"), "{args:?} {}", &run.err[..run.err.len().min(500)]);
        assert!(run.took < Duration::from_secs(3), "{:?}", run.took);
    }
}

/// A run of `list` that has sent `requests`.
fn running(server: &Server, args: &[&str], list: &str, requests: usize) -> Running {
    let before = server.requests().len();
    let run = Gfetch::new(&["-i", "-", "--format", "json"]).args(args).input(list).start();
    wait_until("request", || server.requests().len() >= before + requests);
    run
}

#[test]
fn the_process_ends_by_the_signal_that_stopped_it() {
    let server = Server::new();
    for (name, number, how) in
        [("INT", SIGINT, "--unordered"), ("TERM", SIGTERM, "--serial"), ("HUP", SIGHUP, "--body")]
    {
        let run = running(&server, &["--grace", "0.1", how], &server.list(["/hang"]), 1);
        run.signal(name);
        let run = run.wait();
        assert_eq!(run.signal(), Some(number), "{run:?}");
        let report = if how == "--body" { run.err.lines().next().unwrap() } else { run.text() };
        let error = &serde_json::from_str::<serde_json::Value>(report).unwrap()["error"];
        assert_eq!((&error["kind"], &error["limit"], &error["curl"]), (&json!("timeout"), &json!("grace"), &json!(42)));
        assert!(run.err.contains("1 URL: 0 ok, 1 failed"), "{}", run.err);
    }
}

#[test]
fn the_first_ctrl_c_lets_what_runs_finish_and_cancels_what_waits() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = server.list(["/delay/300/a", "/delay/300/b", "/c", "/d"]);
    let run = running(&server, &["-j", "2", "--save-failed", &dir.at("failed")], &list, 2);
    run.signal("INT");
    let run = run.wait();
    assert_eq!(run.signal(), Some(SIGINT), "{run:?}");
    let found = run.records();
    let kinds: Vec<_> = found.iter().map(|record| record["error"]["kind"].clone()).collect();
    assert_eq!(kinds, [json!(null), json!(null), json!("cancelled"), json!("cancelled")]);
    assert_eq!((&found[3]["attempts"], &found[3]["started"]), (&json!(0), &json!(null)));
    assert!(run.err.contains("4 URLs: 2 ok, 2 failed"), "{}", run.err);
    let saved = dir.read("failed");
    assert_eq!(saved.lines().filter(|line| !line.starts_with('#')).count(), 2, "{saved}");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn after_ctrl_c_nothing_more_is_read_and_the_summary_says_where() {
    let server = Server::new();
    for order in ["--serial", "--unordered"] {
        let mut run = Gfetch::new(&["-i", "-", order]).input(server.list(["/a", "/b"])).keep_open().start();
        run.wait_for_lines(2);
        run.signal("INT");
        wait_until("end", || !run.is_running());
        let run = run.wait();
        assert_eq!(run.signal(), Some(SIGINT));
        assert!(run.err.contains("stopped after line 2"), "{}", run.err);
    }
}

#[test]
fn after_ctrl_c_there_is_no_retry() {
    let server = Server::new();
    let list = server.list(["/status/503", "/delay/100/status/503"]);
    let run = running(&server, &["--retry", "5", "--retry-delay", "10"], &list, 2);
    std::thread::sleep(Duration::from_millis(50));
    run.signal("INT");
    let run = run.wait();
    assert_eq!(run.signal(), Some(SIGINT));
    assert!(run.took < Duration::from_secs(3), "{:?}", run.took);
    for record in run.records() {
        assert_eq!((&record["attempts"], &record["error"]["kind"]), (&json!(1), &json!("status")), "{record}");
    }
}

#[test]
fn the_second_ctrl_c_ends_at_once() {
    let server = Server::new();
    let run = running(&server, &["--grace", "60"], &server.list(["/hang"]), 1);
    run.signal("INT");
    std::thread::sleep(Duration::from_millis(60));
    run.signal("INT");
    let run = run.wait();
    assert_eq!(run.signal(), Some(SIGINT));
    assert!(run.took < Duration::from_secs(3), "{:?}", run.took);
}

#[test]
fn an_ignored_interrupt_stays_ignored() {
    let server = Server::new();
    let script = format!("trap '' INT HUP; exec \"$0\" --format json {}", server.url("/delay/250/a"));
    let run = Gfetch::shell(&script).start();
    wait_until("request", || !server.requests().is_empty());
    run.signal("INT");
    run.signal("HUP");
    let run = run.wait().expect(0);
    assert_eq!(run.records()[0]["ok"], true);
}

#[test]
fn a_shell_loop_stops_at_ctrl_c() {
    let server = Server::new();
    let script = format!("for n in 1 2 3; do \"$0\" --grace 0.1 {} || exit $?; done", server.url("/hang"));
    let run = Gfetch::shell(&format!("({script}); echo $?")).start();
    wait_until("request", || !server.requests().is_empty());
    // To the fetching process: the shell itself is not interrupted here.
    let fetching = Gfetch::shell("for p in /proc/[0-9]*; do grep -q hang $p/cmdline && grep -qx \"Name:.gfetch\" $p/status && echo ${p#/proc/}; done 2>/dev/null | while read p; do grep -q \"$1\" /proc/$p/cmdline && kill -INT $p; done")
        .args(&[&server.addr.to_string()])
        .run();
    assert_eq!(fetching.err, "");
    let run = run.wait().expect(0);
    assert_eq!(run.lines().last(), Some(&"130"), "{run:?}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_killed_midway_gives_failures_and_a_truthful_summary() {
    let server = Server::new();
    let paths = ["/a", "/cut/100", "/close", "/b"];
    let run = Gfetch::new(&["-i", "-", "--format", "json"]).input(server.list(paths)).run().expect(1);
    assert_eq!(run.records().len(), 4);
    assert!(run.err.contains("4 URLs: 2 ok, 2 failed"), "{}", run.err);
}

#[test]
fn a_closed_standard_error_harms_nothing() {
    let server = Server::new();
    let script = format!("\"$0\" {} 2>&-", server.url("/status/404"));
    assert_eq!(Gfetch::shell(&script).run().expect(3).lines().len(), 1);
    Gfetch::shell("\"$0\" --nonsense 2>/dev/full").run().expect(2);
    Gfetch::shell(&format!("\"$0\" {} 2>/dev/full", server.url("/a"))).run().expect(0);
}
