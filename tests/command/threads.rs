//! `--threads`: several hubs share one list, and nobody can tell but by the time that it takes.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::answering::Answering;
use crate::runner::{Dir, Gfetch, Run, wait_until};
use crate::server::{Server, body, nobody};

const FOUR: [&str; 4] = ["-i", "-", "--threads", "4"];

fn threads(list: impl AsRef<str>, args: &[&str]) -> Run {
    Gfetch::new(&FOUR).args(args).input(list.as_ref()).run()
}

/// Lines of all kinds: quick and late, small and large, ends of every sort.
fn stress(server: &Server, other: &Server, lines: usize) -> String {
    let mut seed = 7_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let line = |n| {
        let (late, size) = (random(30), random(40_000));
        match random(12) {
            0 => format!("{}\n", server.url("/status/404")),
            1 => format!("{}\n", server.url(&format!("/to/{}", other.url(&format!("/delay/{late}/bytes/{size}"))))),
            2 => format!("{}\n", server.url(&format!("/cut/{}", size + 10))),
            3 => "no url at all\n".to_owned(),
            4 => format!("{}\n", server.url(&format!("/chunked/{size}"))),
            5 => format!("{}\n", other.url(&format!("/delay/{late}/say/{n}"))),
            _ => format!("{}\n", server.url(&format!("/delay/{late}/bytes/{size}"))),
        }
    };
    (0..lines).map(line).collect()
}

/// What of a record does not depend on time, nor on which connection it was.
fn settled(mut record: Value) -> Value {
    let record = record.as_object_mut().unwrap();
    ["time", "timings", "reused", "started", "remote"].into_iter().for_each(|member| drop(record.remove(member)));
    if let Some(error) = record.get_mut("error").and_then(Value::as_object_mut) {
        error.remove("message");
    }
    record.retain(|_, value| !value.is_null());
    Value::Object(record.clone())
}

#[test]
fn threads_give_the_records_and_the_totals_of_one_in_the_order_of_the_list() {
    let (server, other) = (Server::new(), Server::new());
    let list = stress(&server, &other, 400);
    let run = |count: &str| {
        let args = ["-i", "-", "--threads", count, "--format", "json", "-j", "32", "--per-host", "12"];
        Gfetch::new(&args).input(&list).run().expect(1)
    };
    let (one, four) = (run("1"), run("4"));
    let records = |run: &Run| run.records().into_iter().map(settled).collect::<Vec<_>>();
    assert_eq!(records(&one), records(&four));
    // `400 ok` and the like: what is counted, not what is timed.
    let totals = |run: &Run| {
        run.err.lines().find(|line| line.contains("failed")).unwrap_or_default().split(" in ").next().map(str::to_owned)
    };
    assert!(totals(&one).is_some_and(|line| !line.is_empty()));
    assert_eq!(totals(&one), totals(&four));
}

#[test]
fn threads_hand_records_over_as_they_come_where_that_is_asked_for() {
    let server = Server::new();
    let list = server.list(["/delay/400/a", "/b", "/c"]);
    let run = threads(list, &["--unordered", "--format", "json"]).expect(0);
    let order: Vec<u64> = run.records().iter().map(|record| record["index"].as_u64().unwrap()).collect();
    assert_eq!(order[2], 0);
}

#[test]
fn threads_share_the_permits_of_the_run_and_of_each_host() {
    let (one, two) = (Server::new(), Server::new());
    threads(one.list((0..24).map(|n| format!("/delay/30/{n}"))), &["-j", "5", "--per-host", "0"]).expect(0);
    assert_eq!(one.most_at_once(), 5);
    let list: String = (0..24).map(|n| [&one, &two][n % 2].list(["/delay/30/a"])).collect();
    threads(list, &["--per-host", "3"]).expect(0);
    assert_eq!((one.most_at_once(), two.most_at_once()), (5, 3), "the first has its five from before");
}

#[test]
fn threads_with_serial_are_one_after_another() {
    let server = Server::new();
    threads(server.list((0..5).map(|n| format!("/delay/10/{n}"))), &["--serial"]).expect(0);
    assert_eq!(server.most_at_once(), 1);
    assert_eq!(server.paths(), (0..5).map(|n| format!("/delay/10/{n}")).collect::<Vec<_>>());
}

#[test]
fn threads_share_the_rate_with_redirects_counted() {
    let server = Server::new();
    let list = server.list((0..6).map(|n| format!("/to/{}", server.url(&format!("/{n}")))));
    threads(list, &["--rate", "40/s"]).expect(0);
    let mut at: Vec<Instant> = server.requests().iter().map(|request| request.at).collect();
    at.sort();
    assert_eq!(at.len(), 12);
    // Evenly spaced by 25 ms: a loaded machine makes it later, never sooner as a whole.
    assert!(at[11] - at[0] >= Duration::from_millis(11 * 25 - 10), "{:?}", at[11] - at[0]);
}

#[test]
fn threads_share_the_speed_of_all_bodies() {
    let server = Server::new();
    let run = threads(server.list(["/bytes/20000"; 4]), &["--limit-rate-total", "100000", "-s"]).expect(0);
    assert!(run.took >= Duration::from_millis(600), "80,000 bytes at 100,000 a second: {:?}", run.took);
}

#[test]
fn threads_stop_together_at_the_first_failure() {
    let server = Server::new();
    let list = server.list(["/status/500"]) + &server.list(["/hang"; 300]);
    let run = threads(list, &["--fail-early", "--grace", "0", "--format", "json", "-j", "4"]).expect(3);
    let records = run.records();
    assert_eq!(records.len(), records.last().unwrap()["index"].as_u64().unwrap() as usize + 1, "no line is lost");
    assert!(server.requests().len() <= 4, "{:?}", server.paths());
}

#[test]
fn threads_are_all_stopped_by_ctrl_c_and_by_the_deadline() {
    let server = Server::new();
    let mut running =
        Gfetch::new(&FOUR).args(&["--grace", "0", "--format", "json"]).input(server.list(["/hang"; 8])).start();
    while server.requests().len() < 8 {
        assert!(running.is_running());
        std::thread::sleep(Duration::from_millis(5));
    }
    running.signal("INT");
    let run = running.wait();
    assert_eq!(run.signal(), Some(2));
    let cut = |run: &Run, limit: &str| {
        let records = run.records();
        assert_eq!(records.len(), 8);
        records.iter().for_each(|record| assert_eq!(record["error"]["limit"], limit, "{record}"));
    };
    cut(&run, "grace");
    let run = threads(server.list(["/hang"; 8]), &["--deadline", "2", "--format", "json"]).expect(3);
    cut(&run, "deadline");
}

#[test]
fn threads_print_bodies_in_order_and_whole() {
    let server = Server::new();
    let sizes: Vec<usize> = (0..24).map(|n| n * 7919 % 60_000).collect();
    let list = server.list(sizes.iter().enumerate().map(|(n, size)| format!("/delay/{}/bytes/{size}", 40 - n)));
    let run = threads(list, &["--body", "-s"]).expect(0);
    let expected: Vec<u8> = sizes.iter().flat_map(|size| body(*size)).collect();
    assert!(run.out == expected, "{} bytes of {}", run.out.len(), expected.len());
}

#[test]
fn threads_let_the_next_body_in_order_stream_as_it_comes() {
    let server = Server::new();
    // While the first one waits here, the second is begun on another hub; it takes twice as long as lines are waited for.
    let list = server.list(["/gate/bytes/20", "/drip/1000"]);
    let args = ["-i", "-", "--threads", "2", "--body", "-s", "--grace", "0"];
    let running = Gfetch::new(&args).input(&list).start();
    wait_until("requests", || server.requests().len() == 2);
    server.open();
    let seen = running.wait_for_lines(3).into_bytes();
    assert!(seen.starts_with(&[body(20), body(10)].concat()), "{seen:?}");
    running.signal("INT");
    assert_eq!(running.wait().signal(), Some(2));
}

#[test]
fn threads_save_files_and_leave_no_parts() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = server.list((0..20).map(|n| format!("/delay/5/bytes/{}", n * 1000)));
    threads(list, &["-o", "f#{index}", "--output-dir", &dir.at("")]).expect(0);
    let mut files: Vec<u64> =
        std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).collect();
    files.sort();
    assert_eq!(files, (0..20).map(|n| n * 1000).collect::<Vec<_>>());
}

#[test]
fn threads_hold_back_all_lines_of_a_host_that_asks_for_a_pause() {
    let server = Server::new();
    let list = server.list(["/later/1/a"]) + &server.list((0..6).map(|n| format!("/delay/1200/{n}")));
    threads(list, &["--retry", "2", "-j", "4"]).expect(0);
    let requests = server.requests();
    assert_eq!(requests.len(), 8);
    // Three more had begun by then; otherwise the next would have come at once.
    let waited = requests[4].at - requests[0].at;
    assert!(waited >= Duration::from_millis(950), "{waited:?}");
}

#[test]
fn threads_skip_a_host_that_all_of_them_could_not_connect_to() {
    let dead = nobody();
    let list: String = (0..40).map(|n| format!("http://{dead}/{n}\n")).collect();
    let run = threads(list, &["--give-up-host", "5", "-j", "2", "--format", "json"]).expect(3);
    let skipped = run.records().iter().filter(|record| record["error"]["kind"] == "skipped").count();
    // Two at once: one more may be under way when the fifth fails.
    assert!((34..=35).contains(&skipped), "{skipped}");
}

#[test]
fn threads_are_never_locked_by_redirects_between_full_hosts() {
    let (one, two) = (Server::new(), Server::new());
    let list: String = (0..60)
        .map(|n| {
            let (from, to) = if n % 2 == 0 { (&one, &two) } else { (&two, &one) };
            from.list([format!("/to/{}", to.url(&format!("/to/{}", from.url(&format!("/{n}")))))])
        })
        .collect();
    let run = threads(list, &["--per-host", "1", "-j", "2", "--format", "json"]).expect(0);
    assert!(run.records().iter().all(|record| record["redirects"] == 2));
    assert_eq!((one.most_at_once(), two.most_at_once()), (1, 1));
}

#[test]
fn threads_end_a_redirect_that_waits_for_its_host_when_its_time_is_over() {
    let (from, busy) = (Server::new(), Server::new());
    let list = busy.list(["/delay/900/a"]) + &from.list([format!("/to/{}", busy.url("/b"))]) + &busy.list(["/c"]);
    let run = threads(list, &["--per-host", "1", "-m", "2", "--format", "json"]);
    assert!(run.expect(0).records().len() == 3);
    let list = busy.list(["/delay/900/a"]) + &from.list([format!("/to/{}", busy.url("/b"))]);
    let lines = list.lines().map(|url| format!("{{\"url\":\"{url}\",\"timeout\":2}}\n")).collect::<String>().replacen(
        "/b\",\"timeout\":2",
        "/b\",\"timeout\":0.2",
        1,
    );
    let run = threads(lines, &["--per-host", "1", "--format", "json"]).expect(1);
    let records = run.records();
    assert_eq!((&records[1]["error"]["limit"], &records[0]["ok"]), (&"max-time".into(), &true.into()), "{records:?}");
}

#[test]
fn threads_share_the_cookies() {
    let server = Answering::new(|request| match request.path.as_str() {
        "/set" => "HTTP/1.1 200 OK\r\nSet-Cookie: who=me\r\nContent-Length: 0\r\n\r\n".to_owned(),
        _ => {
            let cookie = request.field("cookie").unwrap_or("none").to_owned();
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{cookie}", cookie.len())
        }
    });
    let list = format!("{}\n", server.url("/set")) + &format!("{}\n", server.url("/see")).repeat(8);
    let dir = Dir::new();
    // One after another, on whichever hub: `-j 1` makes all of them see what the first was given.
    let run = threads(list, &["-j", "1", "-b", "", "-c", &dir.at("jar"), "--body", "-s"]).expect(0);
    assert_eq!(run.text(), "who=me".repeat(8));
    assert!(dir.read("jar").contains("who\tme"), "{}", dir.read("jar"));
}

#[test]
fn threads_with_one_slow_url_go_on_with_the_others() {
    let server = Server::new();
    let list = server.list(["/delay/600/slow"]) + &server.list((0..100).map(|n| format!("/{n}")));
    let run = threads(list, &["--unordered", "--format", "json"]).expect(0);
    assert_eq!(run.records().last().unwrap()["index"], 0);
}

#[test]
fn threads_may_be_more_than_there_are_lines() {
    let server = Server::new();
    for lines in [0, 1, 3] {
        let run = Gfetch::new(&["-i", "-", "--threads", "64", "--allow-empty", "--format", "json"])
            .input(server.list((0..lines).map(|n| format!("/{n}"))))
            .run();
        assert_eq!(run.expect(0).records().len(), lines);
    }
    let run = Gfetch::new(&["--threads", "auto", "--format", "json", &server.url("/a")]).run().expect(0);
    assert_eq!(run.records()[0]["ok"], true);
}

#[test]
fn threads_get_by_with_few_descriptors() {
    let server = Server::new();
    for most in [24, 32] {
        let script = format!("ulimit -n {most}; exec \"$0\" -i - --threads 4 -j 200 --per-host 0 -s");
        let run = Gfetch::shell(&script).input(server.list(["/delay/10/a"; 100])).run().expect(0);
        assert_eq!(run.lines().len(), 100);
    }
}

#[test]
fn threads_reuse_connections_as_one_does() {
    let server = Server::new();
    let run = threads(server.list(["/a"; 200]), &["--format", "json"]).expect(0);
    let new = run.records().iter().filter(|record| record["reused"] == false).count();
    assert!(new <= 10, "ten at once are ten connections, whichever hubs have them: {new}");
}
