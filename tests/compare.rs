//! `--compare` as scripts see it: what is sent, what is told, and the exit status.

use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::server::{self, Exchange, ServerLimits};
use gfetch::net::TcpListener;
use serde_json::Value;

/// A server on a thread of its own, until the test's process ends.
struct Server {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Server {
    /// `answer` gets the request's number, from 1.
    fn start(answer: impl Fn(&mut Exchange<'_>, usize) -> io::Result<()> + Send + 'static) -> Server {
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, (tell, told)) = (asked.clone(), mpsc::channel());
        thread::spawn(move || {
            green::run(|| {
                let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
                let server = server::start(listener, ServerLimits::default(), move |exchange| {
                    answer(exchange, count.fetch_add(1, Ordering::SeqCst) + 1)
                });
                tell.send(server.local_addr().unwrap().port()).unwrap();
                let (_sender, mailbox) = green::mailbox::<()>();
                let _ = mailbox.receive();
            });
        });
        Server { port: told.recv().unwrap(), asked }
    }

    /// Answers everything after this time.
    fn after(ms: u64) -> Server {
        Server::start(move |exchange, _| {
            green::sleep(Duration::from_millis(ms))?;
            exchange.respond(200, &Fields::new(), b"all the same")
        })
    }

    fn urls(&self, paths: &[&str]) -> String {
        paths.iter().map(|path| format!("http://127.0.0.1:{}/{path}\n", self.port)).collect()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn start(options: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_gfetch"))
        .args(options.split_whitespace())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Compares a list from standard input.
fn compare(options: &str, list: &str) -> Output {
    let mut child = start(&format!("--compare -i - {options}"));
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", stdout(output), stderr(output));
}

fn json(output: &Output) -> Value {
    let text = stdout(output);
    assert_eq!(text.lines().count(), 1, "one object on one line: {text}");
    serde_json::from_str::<Value>(text).unwrap()["comparison"].take()
}

#[test]
fn a_comparison_says_how_much_it_asks_for_and_asks_for_no_more() {
    let server = Server::after(40);
    let output = compare("--runs 2", &server.urls(&["1", "2", "3", "4"]));
    assert_exit(&output, 0);
    assert_eq!(stderr(&output), "gfetch: comparing 4 URLs on 1 host: 20 requests (1 warm-up + 2 pairs)\n");
    assert_eq!(server.asked(), 20);
    let text = stdout(&output);
    let first = "4 URLs on 1 host, 20 requests: 1 warm-up + 2 pairs, cold connections, warm DNS\n\
                 48 bytes in every run, the same in all\n";
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains("\n  Parallel was "), "{text}");
    assert!(text.contains(" times faster ("), "{text}");
}

#[test]
fn the_json_comparison_is_one_object_and_nothing_else() {
    let server = Server::after(30);
    let output = compare("--format json --runs 3 --warmup 0 -s", &server.urls(&["1", "2", "3"]));
    assert_exit(&output, 0);
    assert_eq!(stderr(&output), "");
    let comparison = json(&output);
    assert_eq!(comparison["comparable"], true);
    assert_eq!((&comparison["requests"], &comparison["bytes"]), (&18.into(), &36.into()));
    let runs = |side: &str| comparison[side]["runs"].as_array().unwrap().len();
    assert_eq!((runs("serial"), runs("parallel")), (3, 3));
    assert!(comparison["serial"]["low"].as_f64().unwrap() >= 0.09, "{comparison}");
    assert_eq!(server.asked(), 18);
}

#[test]
fn compare_jobs_compares_widths_and_asks_for_as_much_as_it_says() {
    let server = Server::after(40);
    let mut child = start("--compare-jobs 1,2,8 --runs 2 -i - --format json");
    child.stdin.take().unwrap().write_all(server.urls(&["1", "2", "3", "4"]).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 0);
    let announced = "gfetch: comparing 4 URLs on 1 host: 28 requests (1 warm-up + 2 rounds of 3 widths)\n";
    assert_eq!((stderr(&output), server.asked()), (announced, 28));
    let comparison = json(&output);
    assert_eq!((&comparison["rounds"], &comparison["requests"]), (&2.into(), &28.into()));
    let medians: Vec<f64> =
        comparison["widths"].as_array().unwrap().iter().map(|width| width["median"].as_f64().unwrap()).collect();
    // Nothing is quicker than its waits allow: 4, 2 and 1 of 40 ms.
    for (median, least) in medians.iter().zip([0.16, 0.08, 0.04]) {
        assert!(*median >= least, "{comparison}");
    }
    assert_eq!(medians.len(), 3);
}

#[test]
fn report_of_a_comparison_is_a_page_also_of_one_that_failed() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let server = Server::after(5);
    let output = compare(&format!("--runs 2 --report {}", page.display()), &server.urls(&["1", "2"]));
    assert_exit(&output, 0);
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("2 URLs compared serially and in parallel") && html.contains("2 pairs"), "{html}");
    let broken = Server::start(|exchange, _| exchange.respond(500, &Fields::new(), b""));
    assert_exit(&compare(&format!("--report {}", page.display()), &broken.urls(&["1"])), 1);
    assert!(std::fs::read_to_string(&page).unwrap().contains("<title>gfetch: Not comparable</title>"));
    assert_exit(&compare("--report /nowhere/page.html", &server.urls(&["1"])), 2);
    assert_eq!((server.asked(), std::fs::read_dir(folder.path()).unwrap().count()), (10, 1));
}

#[test]
fn compare_jobs_is_not_comparable_for_the_same_reasons() {
    let server = Server::start(|exchange, _| exchange.respond(404, &Fields::new(), b""));
    let output = compare("--compare-jobs 1,2", &server.urls(&["1"]));
    assert_exit(&output, 1);
    assert!(stdout(&output).contains("not comparable: 1 URL failed or changed its status"), "{}", stdout(&output));
}

#[test]
fn without_runs_as_many_pairs_are_made_as_are_worth_it() {
    let server = Server::after(0);
    let output = compare("--format json", &server.urls(&["1"]));
    assert_exit(&output, 0);
    assert_eq!(stderr(&output), "gfetch: comparing 1 URL on 1 host: 3 to 13 requests (1 warm-up + 1 to 6 pairs)\n");
    assert_eq!(json(&output)["pairs"], 6);
}

#[test]
fn a_failure_makes_it_not_comparable_and_ends_it() {
    let server = Server::start(|exchange, _| {
        let status = if exchange.head().target == "/gone" { 404 } else { 200 };
        exchange.respond(status, &Fields::new(), b"")
    });
    let output = compare("--runs 3", &server.urls(&["here", "gone"]));
    assert_exit(&output, 1);
    let text = stdout(&output);
    assert!(text.contains("\nnot comparable: 1 URL failed or changed its status\n"), "{text}");
    assert!(text.contains("/gone  HTTP 404 in 1 of 1 run\n"), "{text}");
    assert_eq!(server.asked(), 2, "the warm-up only");
}

#[test]
fn another_status_in_a_later_run_makes_it_not_comparable() {
    let server =
        Server::start(|exchange, number| exchange.respond(if number == 3 { 204 } else { 200 }, &Fields::new(), b""));
    let output = compare("--runs 3 --format json", &server.urls(&["1"]));
    assert_exit(&output, 1);
    let comparison = json(&output);
    assert_eq!(comparison["comparable"], false);
    assert_eq!(comparison["not_comparable"][0]["what"], "status 200 and then 204");
    assert_eq!(comparison.get("speed_up"), None);
}

#[test]
fn a_line_that_is_no_url_makes_it_not_comparable() {
    let server = Server::after(0);
    let output = compare("--format json", &format!("{}no url at all\n", server.urls(&["1"])));
    assert_exit(&output, 1);
    let comparison = json(&output);
    assert_eq!(comparison["not_comparable"][0]["url"], "no url at all");
}

#[test]
fn bodies_that_differ_are_listed_and_are_no_failure() {
    let server = Server::start(|exchange, number| {
        let body = if exchange.head().target == "/news" { format!("news {number}") } else { "old".into() };
        exchange.respond(200, &Fields::new(), body.as_bytes())
    });
    let output = compare("--runs 1", &server.urls(&["old", "news"]));
    assert_exit(&output, 0);
    let text = stdout(&output);
    assert!(text.contains("1 body was not the same in all:\n"), "{text}");
    assert!(text.contains("/news  6 bytes each time, with other content\n"), "{text}");
}

#[test]
fn a_method_that_changes_something_is_refused_before_anything_is_fetched() {
    let server = Server::after(0);
    let list =
        format!("{}{{\"url\":\"http://127.0.0.1:{}/2\",\"method\":\"DELETE\"}}\n", server.urls(&["1"]), server.port);
    let output = compare("", &list);
    assert_exit(&output, 2);
    let expected = "gfetch: -:2: a comparison sends every request many times: GET and HEAD only, not DELETE\n";
    assert_eq!((stdout(&output), stderr(&output)), ("", expected));
    assert_eq!(server.asked(), 0);
}

/// Feeds `line` for ever; tells the exit once the command has had enough.
fn endless(line: &[u8]) -> Output {
    let mut child = start("--compare -i -");
    let mut stdin = child.stdin.take().unwrap();
    let piece = line.repeat(64 * 1024 / line.len() + 1);
    while stdin.write_all(&piece).is_ok() {}
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[test]
fn an_endless_list_is_refused() {
    let comment = [b"#".repeat(60_000), b"\n".to_vec()].concat();
    for line in [b"http://127.0.0.1:9/\n", &*comment] {
        let output = endless(line);
        assert_exit(&output, 2);
        assert!(stderr(&output).starts_with("gfetch: a comparison reads its list whole, first"), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_list_that_is_empty_or_not_there_is_refused() {
    let output = compare("", "# nothing\n\n");
    assert_exit(&output, 2);
    assert_eq!(stderr(&output), "gfetch: no URL in the list (--allow-empty allows that)\n");
    assert_exit(&compare("--allow-empty", ""), 0);
    let output = start("--compare -i /nowhere/urls.txt").wait_with_output().unwrap();
    assert_exit(&output, 2);
    assert!(stderr(&output).starts_with("gfetch: cannot read /nowhere/urls.txt: "), "{}", stderr(&output));
}

#[test]
fn a_slow_writer_of_the_list_is_waited_for() {
    let server = Server::after(0);
    let mut child = start("--compare --runs 1 -i - --format json");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(server.urls(&["1"]).as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(server.asked(), 0, "the list is read first");
    stdin.write_all(server.urls(&["2"]).as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 0);
    assert_eq!(json(&output)["urls"], 2);
}

#[test]
fn half_a_comparison_is_none_and_the_signal_ends_the_process() {
    let server = Server::after(60_000);
    let mut child = start("--compare -i - --format json");
    child.stdin.take().unwrap().write_all(server.urls(&["1"]).as_bytes()).unwrap();
    let since = Instant::now();
    while server.asked() == 0 && since.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(2), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    let told = "gfetch: stopped in run 1 of 13: warm-up; what was measured until then is no comparison\n";
    assert!(stderr(&output).ends_with(told), "{}", stderr(&output));
    assert!(since.elapsed() < Duration::from_secs(4), "nothing is waited for");
}

#[test]
fn the_deadline_holds_for_all_runs_together() {
    let server = Server::after(150);
    let output = compare("--deadline 0.5 --runs 6", &server.urls(&["1", "2"]));
    assert_exit(&output, 1);
    assert!(stderr(&output).contains("gfetch: stopped in run "), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
}
