//! The edges of what a run meets: no lines and a million, closed streams, other locales, signals at every moment.

use std::fs::File;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::runner::{Dir, Gfetch, Run, Running, gfetch, wait_until};
use crate::server::{Server, silent_to_connects};
use crate::terminal::on_terminal;

/// The signals that end a run, and their numbers.
const SIGNALS: [(&str, i32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];

#[test]
fn no_line_is_bad_usage_unless_allowed_and_one_is_a_run() {
    let server = Server::new();
    for list in ["", "\n\n", "# nothing\n"] {
        let run = Gfetch::new(&["-i", "-"]).input(list).run().expect(2);
        assert!(run.err.contains("no URL in the list") && run.out.is_empty(), "{}", run.err);
        let run = Gfetch::new(&["-i", "-", "--allow-empty"]).input(list).run().expect(0);
        assert_eq!((run.err.as_str(), run.out.len()), ("", 0));
    }
    let run = Gfetch::new(&["-i", "-"]).input(server.url("/a")).run().expect(0);
    assert_eq!(run.lines().len(), 1);
}

#[test]
fn a_list_of_bad_lines_only_has_a_record_for_each_and_none_succeeded() {
    let list = b"no url\n{\"url\":1}\nftp://a/\n\xff\nhttp://\n".to_vec();
    let run = Gfetch::new(&["-i", "-", "--format", "json"]).input(list).run().expect(3);
    let kinds: Vec<_> = run.records().iter().map(|record| record["error"]["kind"].clone()).collect();
    assert_eq!(kinds, vec![json!("url"); 5]);
    assert!(run.err.starts_with("5 URLs: 0 ok, 5 failed in ") && run.err.contains("  5 url  (no host)"), "{}", run.err);
}

#[test]
fn a_million_lines_take_no_more_memory_than_a_thousand() {
    const LINES: usize = 1_000_000;
    const MOST_KIB: u64 = 64 * 1024;
    let dir = Dir::new();
    let out = File::create(dir.file("report")).unwrap();
    let mut run = Gfetch::new(&["-i", "-"]).input("bad\n".repeat(LINES)).keep_open().stdout(out).start();
    let report_bytes = || std::fs::metadata(dir.file("report")).unwrap().len();
    // Every record has its bytes, so that the size tells when the last one is there.
    let mut one = String::new();
    let until = Instant::now() + Duration::from_secs(120);
    while one.is_empty() || report_bytes() < one.len() as u64 * LINES as u64 {
        assert!(Instant::now() < until, "{} bytes of the report", report_bytes());
        std::thread::sleep(Duration::from_millis(50));
        if one.is_empty() {
            one = dir.read("report").lines().next().map(|line| format!("{line}\n")).unwrap_or_default();
        }
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
    let peak: u64 = peak.strip_suffix(" kB").unwrap().parse().unwrap();
    assert!(peak < MOST_KIB, "{peak} KiB");
    run.give_time();
    let run = run.wait().expect(3);
    assert!(run.err.starts_with("1,000,000 URLs: 0 ok, 1,000,000 failed in "), "{}", run.err);
}

#[test]
fn closed_standard_streams_never_lead_a_report_into_a_connection_or_a_file() {
    let server = Server::new();
    let (url, dir) = (server.url("/bytes/100"), Dir::new());
    for closed in [">&-", "2>&-", "<&-", ">&- 2>&-", ">&- 2>&- <&-"] {
        let options = "-o {index}.body --save-failed failed";
        let script = format!("\"$0\" {options} {url} {} {closed}", server.url("/status/404"));
        let code = if closed.starts_with('>') { 4 } else { 1 };
        let run = Gfetch::shell(&script).dir(&dir).run().expect(code);
        assert_eq!(run.err.is_empty(), closed.contains('2'), "{closed}: {}", run.err);
        assert_eq!(dir.read("0.body").len(), 100, "{closed}");
        let failed = dir.read("failed");
        assert!(failed.ends_with("/status/404\n") && !failed.contains("URLs:"), "{closed}: {failed}");
    }
    for request in server.requests() {
        assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
    }
    Gfetch::shell("\"$0\" -i - <&-").run().expect(2);
}

#[test]
fn a_full_disk_is_exit_4_wherever_the_report_goes() {
    let server = Server::new();
    for script in ["\"$0\" URL >/dev/full", "\"$0\" --format json URL >/dev/full", "\"$0\" --body URL 2>/dev/full"] {
        let run = Gfetch::shell(&script.replace("URL", &server.url("/a"))).run().expect(4);
        assert!(run.err.is_empty() || run.err.contains("cannot write the report"), "{script}: {}", run.err);
    }
}

#[test]
fn a_locale_that_is_not_utf_8_gets_ascii_and_data_stay_as_they_are() {
    let server = Server::new();
    let (redirected, gone) = (server.url("/to//a"), "http://größe.invalid:1/");
    for locale in [("LC_ALL", "C"), ("LC_CTYPE", "POSIX"), ("LANG", "de_DE.ISO-8859-1")] {
        let mut terminal = on_terminal(120, &[&redirected, &server.url("/close")]).env(locale.0, locale.1).start();
        assert_eq!(terminal.wait().code(), Some(1));
        let shown = terminal.written();
        assert!(shown.is_ascii() && shown.contains(" > http://") && shown.contains(" - median "), "{shown:?}");
        let run = Gfetch::new(&[&redirected, gone, "--format", "json"]).env(locale.0, locale.1).run().expect(1);
        assert!(run.err.is_ascii() && run.err.contains(" - 2 B - median"), "{}", run.err);
        assert_eq!(run.records()[1]["url"], gone);
    }
    for help in ["-h", "--help", "--version"] {
        let mut terminal = on_terminal(120, &[help]).env("LC_ALL", "C").start();
        assert_eq!(terminal.wait().code(), Some(0));
        assert!(terminal.written().is_ascii(), "{help}");
    }
    for locale in [("LC_ALL", "C.UTF-8"), ("LANG", "")] {
        let mut terminal = on_terminal(120, &[&redirected]).env(locale.0, locale.1).start();
        assert_eq!(terminal.wait().code(), Some(0));
        assert!(terminal.written().contains(" → http://"), "{:?}", terminal.written());
    }
}

/// Signals a run in the midst of something, and expects it to end by that within the grace.
#[track_caller]
fn ends_by(mut run: Running, (name, number): (&str, i32)) -> Run {
    let began = Instant::now();
    run.signal(name);
    // Its input stays open until then: the end of that must not end it.
    wait_until("end", || !run.is_running());
    let run = run.wait();
    assert_eq!(run.signal(), Some(number), "{run:?}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    run
}

fn start(args: &[&str]) -> Running {
    Gfetch::new(&["--grace", "0.2", "--format", "json"]).args(args).start()
}

#[test]
fn a_signal_before_the_first_line_ends_the_run_without_a_word() {
    for signal in SIGNALS {
        let run = Gfetch::new(&["-i", "-"]).keep_open().start();
        wait_until("start", || run.has_thread("gfetch-signals"));
        let run = ends_by(run, signal);
        assert_eq!((run.err.as_str(), run.out.len()), ("", 0));
    }
}

#[test]
fn a_signal_while_connecting_shaking_hands_waiting_or_receiving_ends_the_run() {
    let server = Server::new();
    let (deaf, _full) = silent_to_connects();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute_addr = mute.local_addr().unwrap();
    let connections = std::thread::spawn(move || mute.incoming().take(SIGNALS.len()).collect::<Vec<_>>());
    for signal in SIGNALS {
        let stage = |run: Running| {
            std::thread::sleep(Duration::from_millis(250));
            let run = ends_by(run, signal);
            let error = run.records()[0]["error"].clone();
            assert_eq!((&error["kind"], &error["limit"]), (&json!("timeout"), &json!("grace")), "{error}");
            error["stage"].as_str().unwrap().to_owned()
        };
        assert_eq!(stage(start(&[&format!("http://{deaf}/")])), "connect");
        assert_eq!(stage(start(&["-k", &format!("https://{mute_addr}/")])), "tls");
        assert_eq!(stage(start(&[&server.url("/hang")])), "wait");
        assert_eq!(stage(start(&[&server.url("/stall")])), "receive");
    }
    connections.join().unwrap();
}

#[test]
fn a_signal_while_the_reader_does_not_read_waits_for_it_and_the_second_does_not() {
    for reads_on in [true, false] {
        let server = Server::new();
        let (mut reader, writer) = std::io::pipe().unwrap();
        let list = server.list(["/a"; 3_000]);
        let mut run = Gfetch::new(&["-i", "-", "--format", "json"]).input(list).stdout(writer).start();
        // A pipe takes 64 KiB, and each record has over 300 bytes.
        wait_until("requests", || server.requests().len() > 1_000);
        run.signal("INT");
        std::thread::sleep(Duration::from_millis(300));
        assert!(run.is_running());
        if reads_on {
            let mut report = Vec::new();
            let reading = std::thread::spawn(move || reader.read_to_end(&mut report).map(|_| report));
            let run = run.wait();
            let report = String::from_utf8(reading.join().unwrap().unwrap()).unwrap();
            assert_eq!(run.signal(), Some(2), "{run:?}");
            assert!(report.ends_with("}\n") && run.err.contains(" URLs: "), "{}", run.err);
        } else {
            ends_by(run, ("INT", 2));
        }
    }
}

#[test]
fn a_run_that_is_stopped_and_continued_goes_on() {
    let server = Server::new();
    let run = Gfetch::new(&[&server.url("/drip/20"), "--format", "json"]).start();
    wait_until("request", || !server.requests().is_empty());
    run.signal("STOP");
    wait_until("standstill", || run.state() == 'T');
    std::thread::sleep(Duration::from_millis(200));
    run.signal("CONT");
    assert_eq!(run.wait().expect(0).records()[0]["bytes"], 20);
    let script = format!("trap '' TSTP; exec \"$0\" {}", server.url("/delay/300/a"));
    let run = Gfetch::shell(&script).start();
    wait_until("request", || server.paths().contains(&"/delay/300/a".to_owned()));
    run.signal("TSTP");
    run.wait().expect(0);
}

#[test]
fn a_window_that_changes_its_size_is_nobodys_failure() {
    let server = Server::new();
    let run = Gfetch::new(&[&server.url("/drip/20")]).start();
    wait_until("request", || !server.requests().is_empty());
    (0..20).for_each(|_| run.signal("WINCH"));
    run.wait().expect(0);
    assert_eq!(gfetch(&[&server.url("/a")]).status.into_raw(), 0);
}
