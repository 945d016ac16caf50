//! What a user sees of a run while it goes on: the live lines on a terminal, and plain lines for a log.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::answering::Answering;
use crate::runner::{Dir, Gfetch, wait_until};
use crate::server::Server;
use crate::terminal::{Terminal, on_terminal, shell_on_terminal};

/// That nothing is left of the live lines, and that the cursor was never hidden.
#[track_caller]
fn assert_gone(terminal: &Terminal) {
    let rows = terminal.rows();
    assert!(!rows.iter().any(|row| row.contains("in flight") || row.contains("slowest: ")), "{rows:#?}");
    assert!(!terminal.written().contains("\x1b[?25l"));
}

/// Waits for the live lines.
#[track_caller]
fn wait_for_live(terminal: &Terminal) -> Vec<String> {
    terminal.wait_for("live lines", |rows| rows.iter().any(|row| row.contains("in flight")))
}

#[test]
fn live_lines_show_the_run_and_are_gone_when_it_is_done() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = server.list(["/bytes/2048", "/status/404", "/gate/slow/one.csv"]);
    let path = dir.write("urls.txt", list);
    let mut terminal = on_terminal(80, &["-i", &path]).stdout(Stdio::null()).start();
    let done = "2 of 3 done · 1 failed · 1 in flight";
    let rows = terminal.wait_for("slowest", |rows| rows.len() == 3 && rows[0] == done);
    assert!(rows[1].starts_with("2.0 KiB · ") && rows[1].contains("/s · 0:0"), "{rows:#?}");
    let slowest = format!("slowest: {}/gate/slow/one.csv  ", server.addr);
    assert!(rows[2].starts_with(&slowest) && rows[2].ends_with(" s"), "{rows:#?}");
    server.open();
    assert_eq!(terminal.wait().code(), Some(1));
    assert_gone(&terminal);
    assert!(terminal.rows()[0].starts_with("3 URLs: 2 ok, 1 failed in "), "{:#?}", terminal.rows());
}

#[test]
fn report_lines_on_the_same_terminal_stand_above_and_are_never_mixed() {
    let server = Server::new();
    for columns in [80, 40] {
        let url = server.url("/delay/15/[1-100]");
        let mut terminal = on_terminal(columns, &["-j", "1", &url]).start();
        let rows = terminal.wait_for("both", |rows| rows.len() > 6 && rows.iter().any(|row| row.contains("in flight")));
        let live = rows.iter().position(|row| row.contains("in flight")).unwrap();
        let is_report = |row: &String| row.starts_with("200 ") || row.starts_with("  http://127");
        assert!(rows[..live].iter().all(is_report), "{rows:#?}");
        assert_eq!(terminal.wait().code(), Some(0));
        assert_gone(&terminal);
        let rows = terminal.rows();
        assert!(rows.iter().any(|row| row.starts_with("100 URLs: 100 ok in ")), "{rows:#?}");
        let drawn = terminal.written().matches("in flight").count();
        assert!(drawn <= 10 * 8, "drawn {drawn} times");
        let mut records = 0;
        for line in terminal.written().split('\n').filter(|line| line.contains("\x1b[0m        2 B")) {
            records += 1;
            let ends = line.trim_end_matches('\r');
            assert!(ends.contains(&format!("/{records}")) || columns == 40, "{ends:?} is not {records}");
        }
        assert_eq!(records, 100);
    }
}

#[test]
fn they_are_drawn_ten_times_a_second_however_much_is_reported() {
    let server = Server::new();
    let long = "x".repeat(2_000);
    let url = server.url(&format!("/delay/1/[1-1500]/{long}"));
    // Each record takes 2 KiB: the whole is three MiB.
    let began = Instant::now();
    let mut terminal = on_terminal(4_000, &["--per-host", "4", &url]).start();
    assert_eq!(terminal.wait().code(), Some(0));
    let drawn = terminal.written().matches(" in flight").count();
    let tenths = began.elapsed().as_millis() as usize / 100 + 1;
    assert!(drawn <= tenths + 3, "drawn {drawn} times in {tenths} tenths of a second");
    assert_eq!(terminal.written().matches(&long).count(), 1_500);
}

#[test]
fn the_live_lines_are_of_all_threads() {
    let server = Server::new();
    let url = server.url("/gate/[1-6]");
    let mut terminal = on_terminal(80, &["--threads", "3", &url, &server.url("/a")]).stdout(Stdio::null()).start();
    let done = "1 of 7 done · 0 failed · 6 in flight";
    terminal.wait_for("slowest", |rows| rows.len() == 3 && rows[0] == done && rows[2].starts_with("slowest: "));
    server.open();
    assert_eq!(terminal.wait().code(), Some(0));
    assert_gone(&terminal);
}

#[test]
fn forty_columns_are_enough_and_one_or_none_harm_nothing() {
    let server = Server::new();
    let long = server.url("/gate/a/very/long/path/that/does/not/fit/anywhere.html");
    let mut terminal = on_terminal(40, &[&long]).start();
    let rows = terminal.wait_for("slowest", |rows| rows.len() == 3);
    assert_eq!(rows[0], "0 of 1 done · 0 failed · 1 in flight");
    assert!(rows.iter().all(|row| row.chars().count() < 40) && rows[2].starts_with("slowest: "), "{rows:#?}");
    server.open();
    assert_eq!(terminal.wait().code(), Some(0));
    assert_gone(&terminal);
    for (columns, text) in [(1, ""), (7, ""), (2, "")] {
        let mut terminal = on_terminal(columns, &[&server.url("/delay/300/a")]).start();
        assert_eq!(terminal.wait().code(), Some(0), "{text}");
        assert!(!terminal.written().contains("flight"));
    }
    let server = Server::new();
    let mut terminal = on_terminal(80, &[&server.url("/gate/a")]).sizeless().start();
    // Taken for one of 80 columns.
    wait_until("live lines", || terminal.written().contains("0 of 1 done · 0 failed · 1 in flight"));
    server.open();
    assert_eq!(terminal.wait().code(), Some(0));
}

#[test]
fn a_resize_leaves_nothing_behind() {
    let server = Server::new();
    let mut terminal =
        on_terminal(100, &[&server.url("/a"), &server.url("/gate/b")]).env("XTERM_VERSION", "XTerm(390)").start();
    terminal.wait_for("slowest", |rows| rows.len() == 4);
    for columns in [50, 30, 90, 41] {
        terminal.resize(columns);
        let redrawn = |rows: &[String]| {
            let fits = rows.iter().all(|row| row.chars().count() <= columns.into());
            fits && rows.len() == 4 && rows[1].contains("in flight") == (columns >= 40)
        };
        let rows = terminal.wait_for("redrawn lines", redrawn);
        assert!(rows[0].starts_with("200 ") && rows[3].starts_with("slowest: "), "{columns}: {rows:#?}");
    }
    server.open();
    assert_eq!(terminal.wait().code(), Some(0));
    assert_gone(&terminal);
}

#[test]
fn ctrl_c_typed_says_so_and_leaves_a_clean_terminal() {
    let server = Server::new();
    let mut terminal = on_terminal(80, &["--grace", "3", &server.url("/hang")]).start();
    wait_for_live(&terminal);
    terminal.type_in("\x03");
    terminal.wait_for("word", |rows| rows.iter().any(|row| row.starts_with("stopping")));
    assert_eq!(terminal.wait().signal(), Some(2));
    assert_gone(&terminal);
    let rows = terminal.rows();
    assert!(rows.iter().any(|row| row.starts_with("1 URL: 0 ok, 1 failed")), "{rows:#?}");
    assert!(!rows.iter().any(|row| row.contains("^C") || row.contains("stopping")), "{rows:#?}");
}

#[test]
fn the_second_ctrl_c_leaves_a_clean_terminal_too() {
    let server = Server::new();
    let mut terminal = on_terminal(80, &["--grace", "60", &server.url("/hang")]).start();
    wait_for_live(&terminal);
    terminal.type_in("\x03");
    terminal.wait_for("word", |rows| rows.iter().any(|row| row.starts_with("stopping")));
    terminal.type_in("\x03");
    assert_eq!(terminal.wait().signal(), Some(2));
    assert_gone(&terminal);
}

#[test]
fn ctrl_z_wipes_the_lines_and_fg_brings_them_back() {
    let server = Server::new();
    let is_prompt = |rows: &[String]| rows.last().is_some_and(|row| row == "$");
    let live = |rows: &[String]| rows.iter().any(|row| row.contains("in flight"));
    let mut terminal = shell_on_terminal(120).start();
    terminal.wait_for("prompt", is_prompt);
    terminal.type_in(&format!("$GFETCH {} {}\n", server.url("/a"), server.url("/gate/b")));
    terminal.wait_for("both", |rows| live(rows) && rows.iter().any(|row| row.starts_with("200 ")));
    terminal.type_in("\x1a");
    let rows = terminal.wait_for("prompt", |rows| is_prompt(rows) && rows.iter().any(|row| row.contains("Stopped")));
    assert!(!live(&rows) && rows.iter().any(|row| row.starts_with("200 ")), "{rows:#?}");
    std::thread::sleep(Duration::from_millis(300));
    assert!(!live(&terminal.rows()), "drawn while it stands still");
    terminal.type_in("bg\n");
    terminal.wait_for("prompt", |rows| is_prompt(rows) && rows.iter().any(|row| row.starts_with("$ bg")));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!live(&terminal.rows()), "drawn in the background: {:#?}", terminal.rows());
    terminal.type_in("fg\n");
    terminal.wait_for("live lines", live);
    server.open();
    let ended = |rows: &[String]| is_prompt(rows) && rows.iter().any(|row| row.starts_with("2 URLs: 2 ok"));
    let rows = terminal.wait_for("end", ended);
    assert_eq!(rows.iter().filter(|row| row.starts_with("200 ")).count(), 2, "{rows:#?}");
    assert_gone(&terminal);
    terminal.type_in("echo status $?; exit\n");
    terminal.wait_for("status", |rows| rows.iter().any(|row| row == "status 0"));
    terminal.wait();
}

#[test]
fn ctrl_z_stops_a_silent_run_too() {
    let server = Server::new();
    let is_prompt = |rows: &[String]| rows.last().is_some_and(|row| row == "$");
    let mut terminal = shell_on_terminal(120).start();
    terminal.wait_for("prompt", is_prompt);
    terminal.type_in(&format!("$GFETCH -s {}\n", server.url("/gate/a")));
    wait_until("request", || !server.requests().is_empty());
    terminal.type_in("\x1a");
    terminal.wait_for("prompt", |rows| is_prompt(rows) && rows.iter().any(|row| row.contains("Stopped")));
    terminal.type_in("fg\n");
    server.open();
    terminal.wait_for("end", |rows| is_prompt(rows) && rows.iter().any(|row| row.starts_with("200 ")));
    terminal.type_in("exit\n");
    terminal.wait();
}

#[test]
fn ctrl_z_without_a_shell_that_could_go_on_is_passed_over() {
    let server = Server::new();
    let mut terminal = on_terminal(80, &[&server.url("/gate/a")]).start();
    wait_for_live(&terminal);
    terminal.type_in("\x1a");
    server.open();
    assert_eq!(terminal.wait().code(), Some(0));
    assert_gone(&terminal);
}

#[test]
fn after_a_sigstop_that_nobody_hears_of_the_lines_are_drawn_anew() {
    let server = Server::new();
    let mut terminal = on_terminal(80, &[&server.url("/gate/a")]).start();
    wait_for_live(&terminal);
    terminal.signal("STOP");
    wait_until("standstill", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", terminal.id())).unwrap();
        stat.rsplit(") ").next().unwrap().starts_with('T')
    });
    let drawn = terminal.written().len();
    terminal.signal("CONT");
    wait_until("new lines", || terminal.written()[drawn..].contains("in flight"));
    server.open();
    assert_eq!(terminal.wait().code(), Some(0));
    assert!(terminal.rows().iter().any(|row| row.starts_with("1 URL: 1 ok")), "{:#?}", terminal.rows());
}

#[test]
fn a_terminal_that_takes_nothing_does_not_hold_up_the_run() {
    let server = Server::new();
    let mut terminal = on_terminal(80, &["-j", "1", &server.url("/delay/100/[1-12]")]).start();
    wait_for_live(&terminal);
    // Ctrl-S.
    terminal.type_in("\x13");
    wait_until("request", || server.requests().len() == 12);
    terminal.type_in("\x11");
    assert_eq!(terminal.wait().code(), Some(0));
    assert_gone(&terminal);
    assert!(terminal.rows().iter().any(|row| row.starts_with("12 URLs: 12 ok")), "{:#?}", terminal.rows());
}

#[test]
fn a_comparison_says_which_run_it_is_and_how_far() {
    let server = Server::new();
    let urls = server.url("/delay/150/[1-4]");
    let mut terminal = on_terminal(80, &["--compare", "--runs", "1", &urls]).start();
    let rows = terminal.wait_for("serial run", |rows| {
        rows.iter().any(|row| row == "run 2 of 3: serial") && rows.iter().any(|row| row.contains(" of 4 done"))
    });
    assert!(rows.iter().any(|row| row.contains("1 in flight")), "{rows:#?}");
    assert_eq!(terminal.wait().code(), Some(0));
    assert_gone(&terminal);
}

#[test]
fn progress_plain_tells_lines_at_rising_intervals_also_while_nothing_ends() {
    let server = Server::new();
    let run = Gfetch::new(&["--progress", "plain", "-m", "6", &server.url("/a"), &server.url("/hang")]).run().expect(1);
    let told: Vec<&str> = run.err.lines().filter(|line| line.contains("in flight")).collect();
    assert_eq!(told.len(), 1, "{}", run.err);
    let expected = "gfetch: 1 of 2 done, 0 failed, 1 in flight, 2 B, ";
    assert!(told[0].starts_with(expected) && told[0].contains("/s, 0:05"), "{}", told[0]);
    assert!(told[0].contains(&format!("slowest {}/hang 5.", server.addr)), "{}", told[0]);
    assert!(!run.err.contains(['\r', '\x1b']), "{:?}", run.err);
}

#[test]
fn progress_none_and_silence_and_a_pipe_show_no_live_lines() {
    let server = Server::new();
    let url = server.url("/delay/400/a");
    for args in [&["--progress", "none", &url][..], &["-s", &url], &["--no-progress-meter", &url], &["--body", &url]] {
        let mut terminal = on_terminal(80, args).start();
        assert_eq!(terminal.wait().code(), Some(0));
        assert!(!terminal.written().contains("in flight"), "{args:?} {:?}", terminal.written());
    }
    let run = Gfetch::new(&[&url]).run().expect(0);
    assert!(!run.err.contains("in flight") && !run.err.contains(['\r', '\x1b']), "{:?}", run.err);
}

/// Behind its head, in its turn, and where it waited for another one.
#[test]
fn binary_is_kept_from_a_terminal_however_it_comes_there() {
    let server = Answering::new(|request| match &*request.path {
        "/first" => {
            thread::sleep(Duration::from_millis(100));
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords".to_owned()
        }
        _ => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na\0b\x01c".to_owned(),
    });
    let (first, binary) = (server.url("/first"), server.url("/binary"));
    for (args, code) in [
        (&["--body", &binary][..], 3),
        (&["--show-headers", &binary], 3),
        (&["-D", "-", "--body", &binary], 3),
        (&["--body", &first, &binary], 1),
    ] {
        let mut terminal = on_terminal(200, args).start();
        assert_eq!(terminal.wait().code(), Some(code), "{args:?}");
        let written = terminal.written();
        assert!(written.contains("binary output to a terminal (-o - allows that)"), "{args:?} {written:?}");
        assert!(!written.contains('\0') && !written.contains('\x01'), "{args:?} {written:?}");
    }
    let mut terminal = on_terminal(200, &["-o", "-", "-D", "-", &binary]).start();
    assert_eq!(terminal.wait().code(), Some(0));
    assert!(terminal.written().contains("a\0b\x01c"));
}
