//! How much at once, how fast, for how long, and when it stops.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::runner::{Dir, Gfetch, gfetch, records};
use crate::server::{Server, nobody, silent_to_connects};

fn fetch(server: &Server, paths: usize, args: &[&str]) {
    let list = server.list((0..paths).map(|n| format!("/delay/40/{n}")));
    Gfetch::new(&["-i", "-"]).args(args).input(list).run().expect(0);
}

#[test]
fn jobs_is_the_most_that_runs_at_once() {
    let server = Server::new();
    fetch(&server, 12, &["-j", "3", "--per-host", "0"]);
    assert_eq!(server.most_at_once(), 3);
}

#[test]
fn ten_run_at_once_to_one_host_by_default() {
    let server = Server::new();
    fetch(&server, 25, &[]);
    assert_eq!(server.most_at_once(), 10);
}

#[test]
fn per_host_limits_one_origin_and_no_other() {
    let (one, two) = (Server::new(), Server::new());
    let list: String = (0..12).map(|n| [&one, &two][n % 2].list(["/delay/40/a"])).collect();
    Gfetch::new(&["-i", "-", "--per-host", "2"]).input(list).run().expect(0);
    assert_eq!((one.most_at_once(), two.most_at_once()), (2, 2));
}

#[test]
fn a_busy_origin_keeps_no_other_waiting() {
    let (busy, quick) = (Server::new(), Server::new());
    let list = busy.list(["/delay/100/a"; 6]) + &quick.list(["/b"]);
    let run =
        Gfetch::new(&["-i", "-", "-j", "2", "--per-host", "1", "--unordered", "--format", "json"]).input(list).run();
    assert_eq!(run.expect(0).records()[0]["index"], 6);
}

#[test]
fn serial_is_one_after_another() {
    let server = Server::new();
    fetch(&server, 4, &["--serial", "--per-host", "0"]);
    assert_eq!(server.most_at_once(), 1);
    assert_eq!(server.paths(), ["/delay/40/0", "/delay/40/1", "/delay/40/2", "/delay/40/3"]);
}

#[test]
fn a_redirect_queues_at_its_new_origin() {
    let (from, to) = (Server::new(), Server::new());
    let list = from.list((0..8).map(|n| format!("/to/{}", to.url(&format!("/delay/40/{n}")))));
    Gfetch::new(&["-i", "-", "--per-host", "2"]).input(list).run().expect(0);
    assert_eq!(to.most_at_once(), 2);
}

/// That `starts` were spread at 20 a second: over the whole, because a busy machine may hold up any of them.
fn assert_spread(server: &Server, starts: u32) {
    let requests = server.requests();
    assert_eq!(requests.len() as u32, starts, "{:?}", server.paths());
    let whole = requests[requests.len() - 1].at - requests[0].at;
    let meant = Duration::from_millis(50) * (starts - 1);
    assert!(whole >= meant.mul_f64(0.75) && whole < meant * 4, "{whole:?} instead of {meant:?}");
}

#[test]
fn starts_are_evenly_spaced_at_the_rate() {
    let server = Server::new();
    Gfetch::new(&["-i", "-", "--rate", "20/s"]).input(server.list(["/a"; 9])).run().expect(0);
    assert_spread(&server, 9);
    let at: Vec<_> = server.requests().iter().map(|request| request.at).collect();
    // No burst: half of them take about half of the time.
    assert!(at[4] - at[0] >= Duration::from_millis(120), "{:?}", at[4] - at[0]);
}

#[test]
fn max_time_is_each_requests_own_and_ends_no_other() {
    let server = Server::new();
    let began = Instant::now();
    let found = records(&["-m", "0.15", &server.url("/hang"), &server.url("/a"), &server.url("/drip/50")]);
    let limits: Vec<_> = found.iter().map(|record| record["error"]["limit"].clone()).collect();
    assert_eq!(limits, [json!("max-time"), json!(null), json!("max-time")]);
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(found[2]["bytes"].as_u64().unwrap() > 0);
}

#[test]
fn connect_timeout_ends_a_connect_that_nobody_answers() {
    let (addr, _full) = silent_to_connects();
    let record = records(&["--connect-timeout", "0.15", &format!("http://{addr}/")]).remove(0);
    let error = &record["error"];
    assert_eq!((&error["kind"], &error["stage"]), (&json!("timeout"), &json!("connect")), "{record}");
    assert_eq!((&error["limit"], &error["curl"]), (&json!("connect-timeout"), &json!(28)));
}

#[test]
fn a_body_slower_than_the_speed_limit_for_the_speed_time_ends() {
    let server = Server::new();
    let found = records(&["-y", "1", "-Y", "1000", &server.url("/drip/100"), &server.url("/bytes/10")]);
    assert_eq!((&found[0]["error"]["kind"], &found[0]["error"]["limit"]), (&json!("timeout"), &json!("stall")));
    assert_eq!(found[1]["ok"], true);
}

#[test]
fn a_body_that_brings_nothing_for_the_speed_time_ends() {
    let server = Server::new();
    let record = records(&["-y", "0.2", &server.url("/stall")]).remove(0);
    assert_eq!((&record["error"]["limit"], &record["bytes"]), (&json!("stall"), &json!(10)));
}

#[test]
fn a_deadline_ends_the_whole_run() {
    let server = Server::new();
    let list = server.list(["/a", "/hang", "/hang", "/hang"]);
    let run = Gfetch::new(&["-i", "-", "--deadline", "0.3", "-j", "2", "--format", "json"]).input(list).run().expect(1);
    let found = run.records();
    assert!(run.took < Duration::from_secs(3), "{:?}", run.took);
    assert_eq!(found[0]["ok"], true);
    let of = |n: usize| (found[n]["error"]["kind"].clone(), found[n]["error"]["limit"].clone());
    assert_eq!((of(1), of(2)), ((json!("timeout"), json!("deadline")), (json!("timeout"), json!("deadline"))));
    assert_eq!((of(3), &found[3]["attempts"]), ((json!("cancelled"), json!(null)), &json!(0)));
}

#[test]
fn a_deadline_ends_the_wait_for_an_endless_pipe_and_says_where() {
    let server = Server::new();
    let args = ["-i", "-", "--deadline", "0.3"];
    let run = Gfetch::new(&args).input(server.list(["/a"])).keep_open().start();
    std::thread::sleep(Duration::from_millis(600));
    let mut run = run;
    assert!(!run.is_running());
    let run = run.wait();
    assert_eq!(run.lines().len(), 1);
    assert!(run.err.contains("stopped after line 1"), "{}", run.err);
}

#[test]
fn fail_early_starts_nothing_after_the_first_failure() {
    let server = Server::new();
    let list = server.list(["/a", "/delay/150/status/404"]) + &server.list(["/delay/20/b"; 30]);
    let args = ["-i", "-", "-j", "1", "--fail-early", "--format", "json"];
    let run = Gfetch::new(&args).input(list).run().expect(1);
    let found = run.records();
    assert!(server.requests().len() <= 3, "{:?}", server.paths());
    // What was read has its record, and nothing more was read.
    assert!(found.len() > 3, "{found:?}");
    // Also where that was the list's last line.
    assert!(run.err.contains(&format!("stopped after line {}\n", found.len())), "{}", run.err);
    let last = found.last().unwrap();
    assert_eq!((&last["error"]["kind"], &last["attempts"]), (&json!("cancelled"), &json!(0)));
    assert_eq!((&last["error"]["stage"], &last["final_url"]), (&json!("queue"), &json!(null)));
}

#[test]
fn a_stopped_run_says_so_though_its_list_was_read_to_its_end() {
    let (server, dir) = (Server::new(), crate::runner::Dir::new());
    let list = server.list(["/status/404", "/b", "/c"]);
    let stopped = |args: &[&str], code| {
        let args = [args, &["-i", "-", "-j", "1", "--summary-json", "s.json", "--format", "json"]].concat();
        let run = Gfetch::new(&args).dir(&dir).input(list.clone()).run().expect(code);
        let summary: serde_json::Value = serde_json::from_str(&dir.read("s.json")).unwrap();
        (run.err.contains("stopped after line 3\n"), summary["stopped_after"].clone())
    };
    assert_eq!(stopped(&["--fail-early"], 3), (true, json!(3)));
    assert_eq!(stopped(&[], 1), (false, json!(null)));
}

#[test]
fn fail_early_lets_what_runs_finish() {
    let server = Server::new();
    let found = records(&["--fail-early", &server.url("/status/404"), &server.url("/delay/150/a")]);
    assert_eq!(found[1]["ok"], true);
}

#[test]
fn max_failures_are_allowed_and_one_more_is_not() {
    let server = Server::new();
    let list = server.list(["/status/404"; 20]);
    let run = |most: &str| {
        let args = ["-i", "-", "--serial", "--max-failures", most, "--format", "json"];
        let run = Gfetch::new(&args).input(&list).run().expect(3);
        (run.records().len(), run.err)
    };
    let (records, err) = run("3");
    assert_eq!(records, 4);
    assert!(err.contains("stopped after line 4"), "{err}");
    assert_eq!(run("20").0, 20);
}

#[test]
fn a_body_over_max_filesize_is_too_large_announced_or_not() {
    let server = Server::new();
    let (announced, chunked, fits) =
        (server.url("/bytes/2000"), server.url("/chunked/2000"), server.url("/bytes/1000"));
    let found = records(&["--max-filesize", "1000", &announced, &chunked, &fits]);
    for record in &found[..2] {
        assert_eq!((&record["error"]["kind"], &record["error"]["curl"]), (&json!("too_large"), &json!(63)));
        assert_eq!(record["status"], 200);
    }
    assert_eq!(found[2]["ok"], true);
}

#[test]
fn a_host_that_refuses_is_given_up_and_the_others_go_on() {
    let server = Server::new();
    let nobody = nobody();
    let list = format!("http://{nobody}/\n").repeat(8) + &server.list(["/a"]);
    let args = ["-i", "-", "--serial", "--give-up-host", "3", "--format", "json"];
    let run = Gfetch::new(&args).input(list).run().expect(1);
    let kinds: Vec<String> = run.records().iter().map(|record| record["error"]["kind"].to_string()).collect();
    assert_eq!(kinds[..3], ["\"connect\""; 3]);
    assert_eq!(kinds[3..8], ["\"skipped\""; 5]);
    assert_eq!(kinds[8], "null");
    assert_eq!(run.records()[5]["attempts"], 0);
}

#[test]
fn the_options_of_a_request_reach_the_server() {
    let server = Server::new();
    gfetch(&[
        "-A",
        "me",
        "-e",
        "http://from/",
        "-H",
        "Accept:",
        "-H",
        "X-A: 1",
        "-d",
        "a=1",
        "-d",
        "b=2",
        &server.url("/a"),
    ])
    .expect(0);
    let request = &server.requests()[0];
    assert_eq!((&*request.method, &*request.body), ("POST", &b"a=1&b=2"[..]));
    let field = |name| request.field(name);
    assert_eq!((field("user-agent"), field("referer"), field("accept")), (Some("me"), Some("http://from/"), None));
    assert_eq!((field("x-a"), field("content-type")), (Some("1"), Some("application/x-www-form-urlencoded")));
    assert_eq!((field("host"), field("content-length")), (Some(&*server.addr.to_string()), Some("7")));
}

#[test]
fn resolve_replaces_the_look_up() {
    let server = Server::new();
    let port = server.addr.port();
    let (entry, url) = (format!("shop.example:{port}:127.0.0.1"), format!("http://shop.example:{port}/a"));
    gfetch(&["--resolve", &entry, &url]).expect(0);
    assert_eq!(server.requests()[0].field("host"), Some(&*format!("shop.example:{port}")));
}

#[test]
fn connections_are_kept_and_used_again() {
    let server = Server::new();
    let found = records(&["--serial", &server.url("/[1-3]")]);
    let reused: Vec<bool> = found.iter().map(|record| record["reused"].as_bool().unwrap()).collect();
    assert_eq!(reused, [false, true, true]);
}

#[test]
fn secrets_with_a_list_go_to_the_named_host_only() {
    let (named, other) = (Server::new(), Server::new());
    let list = named.list(["/a"]) + &other.list(["/b"]) + &named.list([format!("/to/{}", other.url("/c"))]);
    let args = ["-i", "-", "-u", "me:secret", "-H", "X-Api-Key: k", "--auth-host", &named.addr.to_string()];
    Gfetch::new(&args).input(&list).run().expect(0);
    let field = |server: &Server, n: usize, name: &str| server.requests()[n].field(name).map(str::to_owned);
    assert!(field(&named, 0, "authorization").is_some() && field(&named, 0, "x-api-key").is_some());
    for request in other.requests() {
        assert_eq!((request.field("authorization"), request.field("x-api-key")), (None, None), "{}", request.path);
    }
    let run = Gfetch::new(&args[..4]).input(&list).run().expect(2);
    assert!(run.err.contains("--auth-host"), "{}", run.err);
}

#[test]
fn redirects_and_retries_count_as_starts() {
    let server = Server::new();
    gfetch(&["--rate", "20/s", "--retry", "1", "--retry-delay", "0.001", &server.url("/to//flaky/1/a")]).expect(0);
    assert_spread(&server, 4);
}

#[test]
fn a_retry_after_holds_back_the_whole_origin_and_no_other() {
    let (busy, other) = (Server::new(), Server::new());
    let list = busy.list(["/later/1/a", "/delay/50/b", "/c"]) + &other.list(["/d"]);
    let args = ["-i", "-", "--per-host", "1", "--retry", "1", "--unordered", "--format", "json"];
    let run = Gfetch::new(&args).input(list).run().expect(0);
    assert_eq!(run.records()[0]["index"], 3);
    let requests = busy.requests();
    assert!(requests[1].at - requests[0].at >= Duration::from_millis(990), "{:?}", busy.paths());
    assert!(run.took < Duration::from_secs(4));
}

#[test]
fn a_retry_after_over_retry_after_max_is_that_urls_failure_at_once() {
    let server = Server::new();
    let run =
        gfetch(&["--retry", "3", "--retry-after-max", "5", &server.url("/later/6/a"), &server.url("/b")]).expect(1);
    assert_eq!(server.requests().len(), 2);
    assert!(run.text().contains("--retry-after-max") && run.took < Duration::from_secs(3), "{}", run.text());
}

#[test]
fn a_post_is_sent_again_only_with_retry_all_errors() {
    let server = Server::new();
    let args = ["--retry", "2", "--retry-delay", "0.01", "-d", "x", &server.url("/flaky/1/a")];
    gfetch(&args).expect(3);
    assert_eq!(server.requests().len(), 1);
    let server = Server::new();
    let args = ["--retry", "2", "--retry-delay", "0.01", "--retry-all-errors", "-d", "x", &server.url("/flaky/1/a")];
    gfetch(&args).expect(0);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn few_descriptors_make_a_run_slower_and_not_wrong() {
    let server = Server::new();
    let script = "ulimit -n 24; exec \"$0\" -i - -j 200 --per-host 0 -s";
    let run = Gfetch::shell(script).input(server.list(["/delay/10/a"; 100])).run().expect(0);
    assert_eq!(run.lines().len(), 100);
}

#[test]
fn a_drip_is_no_stall_without_a_speed_limit() {
    let server = Server::new();
    // A drip each 20 ms: fifty times as long may a busy machine take for one.
    gfetch(&["-y", "1", &server.url("/drip/70")]).expect(0);
    gfetch(&["-y", "0.2", "-Y", "300", &server.url("/drip/30")]).expect(3);
}

#[test]
fn fail_early_stops_although_an_earlier_line_still_runs() {
    let server = Server::new();
    let list = server.list(["/delay/600/a", "/delay/150/status/404"]) + &server.list(["/delay/20/b"; 40]);
    let args = ["-i", "-", "-j", "2", "--fail-early", "--format", "json"];
    let run = Gfetch::new(&args).input(list).run().expect(1);
    assert!(server.requests().len() <= 4, "{:?}", server.paths());
    assert_eq!(run.records()[0]["ok"], true);
    assert_eq!(run.records().last().unwrap()["error"]["kind"], "cancelled");
}

#[test]
fn secrets_print_as_stars_and_with_show_secrets_as_they_are_and_reach_the_server() {
    let server = Server::new();
    let args =
        ["-v", "-u", "me:hunter2", "-H", "X-Api-Key: hunter3", "-H", "X-Mine: hunter4", "--secret-header", "x-mine"];
    let run = Gfetch::new(&args).args(&[&server.url("/a")]).run().expect(0);
    assert!(run.err.contains("***") && !run.err.contains("hunter") && !run.err.contains("bWU6"), "{}", run.err);
    let run = Gfetch::new(&args).args(&["--show-secrets", &server.url("/a")]).run().expect(0);
    assert!(run.err.contains("hunter3") && run.err.contains("hunter4"), "{}", run.err);
    assert_eq!(server.requests()[0].field("x-mine"), Some("hunter4"));
}

#[test]
fn an_endless_list_at_full_speed_ends_when_the_run_does() {
    let server = Server::new();
    for (end, path, code) in [("--deadline 0.4", "/a", 1), ("--max-failures 50", "/status/404", 3)] {
        let script = format!("yes {} | \"$0\" -i - {end} --format json >report; echo $?", server.url(path));
        let dir = Dir::new();
        let run = Gfetch::shell(&script).dir(&dir).run();
        assert_eq!(run.text(), format!("{code}\n"), "{}", run.err);
        assert!(
            run.took < Duration::from_secs(6) && run.err.contains("stopped after line"),
            "{:?} {}",
            run.took,
            run.err
        );
        // One record for each line that was read.
        let records = dir.read("report").lines().count();
        assert!(run.err.contains(&format!("stopped after line {records}\n")), "{records} {}", run.err);
    }
}

#[test]
fn retry_max_time_is_the_end_of_retries() {
    let server = Server::new();
    let url = server.url("/flaky/9/a");
    let run = gfetch(&["--retry", "9", "--retry-delay", "0.2", "--retry-max-time", "0.5", "--format", "json", &url]);
    let attempts = run.expect(3).records()[0]["attempts"].as_u64().unwrap();
    // The first at 0, and one each 0.2 s at the earliest.
    assert!((1..=3).contains(&attempts), "{attempts} attempts");
}

#[test]
fn retry_connrefused_tries_a_refused_connection_again() {
    let url = format!("http://{}/", nobody());
    let attempts = |options: &[&str]| {
        let args = [&["--retry", "2", "--retry-delay", "0.01", "--format", "json", &url], options].concat();
        gfetch(&args).expect(3).records()[0]["attempts"].clone()
    };
    assert_eq!((attempts(&[]), attempts(&["--retry-connrefused"])), (json!(1), json!(3)));
    assert_eq!(attempts(&["--retry-all-errors"]), json!(3));
}
