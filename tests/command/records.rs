//! The record of each kind of ending, field by field, and the order in which records come.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::runner::{Dir, Gfetch, Run, gfetch, records};
use crate::server::{Server, nobody};

/// Members of a record in their order: scripts may rely on it being there, people on where.
const MEMBERS: [&str; 24] = [
    "index",
    "id",
    "source",
    "url",
    "host",
    "final_url",
    "method",
    "started",
    "ok",
    "status",
    "http_version",
    "tls",
    "content_type",
    "content_length",
    "bytes",
    "wire_bytes",
    "redirects",
    "attempts",
    "reused",
    "remote_ip",
    "remote_port",
    "file",
    "timings",
    "error",
];
const PHASES: [&str; 9] = ["queue", "dns", "connect", "tls", "send", "wait", "receive", "retries", "total"];

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The one record of `args`, compared but for its times; which phases there are is `phases`.
#[track_caller]
fn check(args: &[&str], code: i32, phases: &[&str], expected: Value) {
    let run = Gfetch::new(args).args(&["--format", "json"]).run().expect(code);
    let mut record = run.records().remove(0);
    assert_times(run.text(), &record);
    let happened: Vec<&str> =
        PHASES[1..7].iter().copied().filter(|phase| !record["timings"][phase].is_null()).collect();
    assert_eq!(happened, phases, "{record}");
    let started = record["started"].as_str().unwrap().to_owned();
    assert!(started.len() == 27 && started.starts_with("20") && started.ends_with('Z'), "{started}");
    let object = record.as_object_mut().unwrap();
    object.retain(|name, _| name != "timings" && name != "started");
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&object[name], value, "{name} in {object:?}");
    }
    let left: Map<String, Value> =
        object.iter().filter(|(name, _)| expected.get(name).is_none()).map(|(k, v)| (k.clone(), v.clone())).collect();
    assert!(left.is_empty(), "not compared: {left:?}");
}

/// The members are all there in order, times have six decimals, and the total is the sum.
#[track_caller]
fn assert_times(line: &str, record: &Value) {
    assert_eq!((keys(record), keys(&record["timings"])), (MEMBERS.to_vec(), PHASES.to_vec()));
    let timings = &line[line.find("\"timings\":{").unwrap() + 11..];
    let mut micros = Vec::new();
    for pair in timings[..timings.find('}').unwrap()].split(',') {
        let (name, time) = pair.split_once(':').unwrap();
        if time != "null" {
            let (whole, decimals) = time.split_once('.').unwrap_or_else(|| panic!("{pair}"));
            assert_eq!(decimals.len(), 6, "{pair}");
            micros.push((name, format!("{whole}{decimals}").parse::<u64>().unwrap()));
        }
    }
    let total = micros.pop().unwrap();
    let sum: u64 = micros.iter().filter(|(name, _)| *name != "\"queue\"").map(|(_, time)| time).sum();
    assert_eq!(total, ("\"total\"", sum));
}

/// What a first answer from `server` leaves in every record, and what `change` makes of it.
fn answered(server: &Server, url: &str, change: Value) -> Value {
    let mut record = json!({
        "index": 0, "id": null, "source": "argument 1", "url": url, "host": "127.0.0.1", "final_url": url,
        "method": "GET", "ok": true, "status": 200, "http_version": "1.1", "tls": null, "content_type": "text/plain",
        "content_length": 2, "bytes": 2, "wire_bytes": 2, "redirects": 0, "attempts": 1, "reused": false,
        "remote_ip": "127.0.0.1", "remote_port": server.addr.port(), "file": null, "error": null,
    });
    for (name, value) in change.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

/// What no answer leaves.
fn unanswered(change: Value) -> Value {
    let mut record = json!({
        "index": 0, "id": null, "source": "argument 1", "method": "GET", "ok": false, "status": null,
        "http_version": null, "tls": null, "content_type": null, "content_length": null, "bytes": 0, "wire_bytes": 0,
        "redirects": 0, "attempts": 1, "reused": false, "remote_ip": null, "remote_port": null, "file": null,
    });
    for (name, value) in change.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn error(kind: &str, stage: &str, message: &str, limit: Option<&str>, curl: u8) -> Value {
    json!({"kind": kind, "stage": stage, "message": message, "limit": limit, "curl": curl})
}

#[test]
fn a_success_has_every_field() {
    let server = Server::new();
    let url = server.url("/a");
    check(&[&url], 0, &["connect", "send", "wait", "receive"], answered(&server, &url, json!({})));
}

#[test]
fn a_status_of_400_or_above_is_a_failure_whose_body_is_counted() {
    let server = Server::new();
    let url = server.url("/status/404");
    let expected = answered(
        &server,
        &url,
        json!({
            "ok": false, "status": 404, "content_type": null, "content_length": 5, "bytes": 5, "wire_bytes": 5,
            "error": error("status", "receive", "Not Found", None, 22),
        }),
    );
    check(&[&url], 3, &["connect", "send", "wait", "receive"], expected);
}

#[test]
fn no_fail_makes_every_status_a_success() {
    let server = Server::new();
    let run = gfetch(&["--no-fail", &server.url("/status/404"), "--format", "json"]).expect(0);
    assert_eq!((&run.records()[0]["ok"], &run.records()[0]["status"]), (&json!(true), &json!(404)));
}

#[test]
fn a_refused_connection_is_kind_connect() {
    let nobody = nobody();
    let url = format!("http://{nobody}/");
    let message = format!("cannot connect: {nobody}: Connection refused (os error 111)");
    let expected = unanswered(json!({
        "url": url, "final_url": url, "host": "127.0.0.1", "error": error("connect", "connect", &message, None, 7),
    }));
    check(&[&url], 3, &["connect"], expected);
}

#[test]
fn a_name_that_does_not_resolve_is_kind_dns() {
    // RFC 6761, section 6.4: this name never resolves.
    let url = "http://nobody.invalid/";
    let run = gfetch(&[url, "--format", "json", "--connect-timeout", "5"]).expect(3);
    let record = &run.records()[0];
    assert_times(run.text(), record);
    assert_eq!((&record["host"], &record["final_url"]), (&json!("nobody.invalid"), &json!(url)));
    assert_eq!(record["error"]["stage"], "dns");
    assert!(record["timings"]["dns"].is_number() && record["timings"]["connect"].is_null(), "{record}");
    // Where a resolver cannot be reached this may be the clock's end instead.
    if record["error"]["kind"] != "timeout" {
        assert_eq!((&record["error"]["kind"], &record["error"]["curl"]), (&json!("dns"), &json!(6)));
    }
}

#[test]
fn a_redirect_is_followed_and_the_last_answer_counts() {
    let server = Server::new();
    let url = server.url("/to//to//bytes/300");
    let expected = answered(
        &server,
        &url,
        json!({
            "final_url": server.url("/bytes/300"), "redirects": 2, "content_length": 300, "bytes": 300, "wire_bytes": 300,
            "reused": true,
        }),
    );
    check(&[&url], 0, &["connect", "send", "wait", "receive"], expected);
}

#[test]
fn a_redirect_not_followed_is_a_success_of_its_own_status() {
    let server = Server::new();
    let url = server.url("/to//a");
    let expected = answered(
        &server,
        &url,
        json!({"status": 302, "content_type": null, "content_length": 0, "bytes": 0, "wire_bytes": 0}),
    );
    check(&[&url, "--no-location"], 0, &["connect", "send", "wait", "receive"], expected);
}

#[test]
fn redirects_end_after_as_many_as_allowed() {
    let server = Server::new();
    let url = server.url("/to//to//a");
    let run = gfetch(&[&url, "--max-redirs", "1", "--format", "json"]).expect(3);
    let record = &run.records()[0];
    assert_eq!((&record["error"]["kind"], &record["redirects"]), (&json!("redirect"), &json!(1)));
    assert_eq!((&record["status"], &record["error"]["curl"]), (&json!(302), &json!(47)));
}

#[test]
fn proto_redir_says_where_redirects_may_lead() {
    let server = Server::new();
    let url = server.url("/to//a");
    for (protocols, leads) in
        [("=http", true), ("-https", true), ("=https", false), ("-all", false), ("-all,http", true)]
    {
        let run = gfetch(&[&url, "--proto-redir", protocols, "--format", "json"]);
        let record = &run.expect(if leads { 0 } else { 3 }).records()[0];
        assert_eq!(record["status"], json!(if leads { 200 } else { 302 }), "{protocols}");
        assert_eq!(record["redirects"], json!(u8::from(leads)), "{protocols}");
        let (kind, curl) = (&record["error"]["kind"], &record["error"]["curl"]);
        let refused = (&json!("blocked"), &json!(1));
        assert_eq!((kind, curl), if leads { (&json!(null), &json!(null)) } else { refused }, "{protocols}");
    }
    gfetch(&[&url, "--proto-redir", "htp"]).expect(2);
}

#[test]
fn a_time_out_says_which_clock_and_how_far_it_came() {
    let server = Server::new();
    let url = server.url("/hang");
    let expected = answered(
        &server,
        &url,
        json!({
            "ok": false, "status": null, "http_version": null, "content_type": null, "content_length": null, "bytes": 0,
            "wire_bytes": 0, "error": error("timeout", "wait", "no answer within 0.1 s (-m)", Some("max-time"), 28),
        }),
    );
    check(&[&url, "-m", "0.1"], 3, &["connect", "send", "wait"], expected);
    let url = server.url("/stall");
    let expected = answered(
        &server,
        &url,
        json!({
            "ok": false, "content_length": 100, "bytes": 10, "wire_bytes": 10,
            "error": error("timeout", "receive", "not complete within 0.1 s (-m)", Some("max-time"), 28),
        }),
    );
    check(&[&url, "-m", "0.1"], 3, &["connect", "send", "wait", "receive"], expected);
}

#[test]
fn a_body_cut_short_is_truncated_and_what_came_is_counted() {
    let server = Server::new();
    let url = server.url("/cut/1000");
    let run = gfetch(&[&url, "--format", "json"]).expect(3);
    let record = &run.records()[0];
    let error = &record["error"];
    assert_eq!((&error["kind"], &error["stage"], &error["curl"]), (&json!("truncated"), &json!("receive"), &json!(18)));
    assert_eq!(
        (&record["status"], &record["bytes"], &record["content_length"]),
        (&json!(200), &json!(500), &json!(1000))
    );
}

#[test]
fn a_connection_closed_before_an_answer_is_kind_reset() {
    let server = Server::new();
    let record = records(&[&server.url("/close")]).remove(0);
    let error = &record["error"];
    assert_eq!((&error["kind"], &error["stage"], &error["curl"]), (&json!("reset"), &json!("wait"), &json!(52)));
    assert_eq!((&record["status"], &record["attempts"]), (&Value::Null, &json!(1)));
}

#[test]
fn a_head_has_no_body() {
    let server = Server::new();
    let url = server.url("/bytes/700");
    let change = json!({"method": "HEAD", "content_length": 700, "bytes": 0, "wire_bytes": 0});
    let expected = answered(&server, &url, change);
    let run = gfetch(&[&url, "-I", "--format", "json"]).expect(0);
    let record = &run.records()[0];
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&record[name], value, "{name}");
    }
    assert_eq!(server.requests()[0].method, "HEAD");
}

#[test]
fn a_chunked_body_has_no_content_length() {
    let server = Server::new();
    let record = records(&[&server.url("/chunked/2500")]).remove(0);
    assert_eq!((&record["bytes"], &record["wire_bytes"]), (&json!(2500), &json!(2500)));
    assert_eq!(record["content_length"], Value::Null);
}

#[test]
fn a_retry_is_an_attempt_and_its_time_is_told() {
    let server = Server::new();
    let url = server.url("/flaky/2/bytes/30");
    let run = gfetch(&[&url, "--retry", "3", "--retry-delay", "0.05", "--format", "json"]).expect(0);
    let record = &run.records()[0];
    assert_times(run.text(), record);
    assert_eq!((&record["attempts"], &record["status"], &record["bytes"]), (&json!(3), &json!(200), &json!(30)));
    assert!(record["timings"]["retries"].as_f64().unwrap() >= 0.1, "{record}");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn without_retry_one_attempt_is_made() {
    let server = Server::new();
    gfetch(&[&server.url("/flaky/1/a")]).expect(3);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_queue_is_told_and_is_no_part_of_the_total() {
    let server = Server::new();
    let found = records(&["-j", "1", &server.url("/delay/100/a"), &server.url("/b")]);
    let (queue, total) = (&found[1]["timings"]["queue"], &found[1]["timings"]["total"]);
    assert!(queue.as_f64().unwrap() >= 0.09 && total.as_f64().unwrap() < 0.09, "{}", found[1]);
}

/// Twelve paths whose answers come in another order.
fn shuffled() -> Vec<String> {
    (0..12).map(|n| format!("/delay/{}/bytes/{}", (12 - n) % 5 * 15, n * 100)).collect()
}

/// What does not differ from run to run.
fn lasting(run: &Run) -> Vec<String> {
    let lasting = |mut record: Value| {
        let object = record.as_object_mut().unwrap();
        object.retain(|name, _| !["timings", "started", "reused"].contains(&name.as_str()));
        record.to_string()
    };
    run.records().into_iter().map(lasting).collect()
}

#[test]
fn records_come_in_input_order_unordered_gives_the_same_set_and_serial_the_same_bytes() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = dir.write("urls.txt", server.list(shuffled()));
    let fetch = |more: &[&str]| lasting(&Gfetch::new(&["-i", &list, "--format", "json"]).args(more).run().expect(0));
    let (ordered, serial, unordered) = (fetch(&[]), fetch(&["--serial"]), fetch(&["--unordered"]));
    assert_eq!(ordered, serial);
    assert_ne!(ordered, unordered);
    assert_eq!(ordered.iter().collect::<BTreeSet<_>>(), unordered.iter().collect());
    let indices: Vec<String> = (0..12).map(|n| format!("{{\"index\":{n},")).collect();
    assert!(ordered.iter().zip(&indices).all(|(record, index)| record.starts_with(index)), "{ordered:?}");
}

#[test]
fn unordered_records_come_as_they_finish() {
    let server = Server::new();
    let found = records(&["--unordered", &server.url("/delay/150/a"), &server.url("/delay/70/b"), &server.url("/c")]);
    let order: Vec<&Value> = found.iter().map(|record| &record["index"]).collect();
    assert_eq!(order, [2, 1, 0]);
}

#[test]
fn text_into_a_pipe_is_five_raw_columns() {
    let server = Server::new();
    let long = server.url(&format!("/{}", "x".repeat(300)));
    let nobody = format!("http://{}/", nobody());
    let run = gfetch(&[&long, &server.url("/status/404"), &nobody]).expect(1);
    let rows: Vec<Vec<&str>> = run.lines().into_iter().map(|line| line.split('\t').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == 5), "{rows:?}");
    assert_eq!((rows[0][0], rows[0][1], rows[0][3], rows[0][4]), ("200", "2", &*long, ""));
    assert_eq!((rows[1][0], rows[1][1], rows[1][4]), ("404", "5", "Not Found"));
    assert_eq!((rows[2][0], rows[2][1], rows[2][3]), ("000", "0", &*nobody));
    assert!(rows[2][4].starts_with("connect: ") && rows[2][4].contains("refused"), "{rows:?}");
    for row in &rows {
        assert_eq!(row[2].split_once('.').unwrap().1.len(), 6, "{row:?}");
    }
}

#[test]
fn control_characters_from_outside_are_escaped_in_text() {
    let run = Gfetch::new(&["-i", "-"]).input("http://127.0.0.1/\x1b[31mred \x07").run().expect(3);
    assert!(!run.text().contains(['\x1b', '\x07']) && run.lines().len() == 1, "{:?}", run.text());
}

#[test]
fn a_password_in_a_url_prints_as_stars() {
    let server = Server::new();
    let url = format!("http://me:secret@{}/", server.addr);
    for args in [&[&*url][..], &[&url, "--format", "json"], &[&url, "-v"]] {
        let run = gfetch(args).expect(0);
        let all = format!("{}{}", run.text(), run.err);
        assert!(!all.contains("secret") && run.text().contains("me:***@"), "{all}");
    }
    assert!(gfetch(&[&url, "--show-secrets"]).text().contains("me:secret@"));
    assert_eq!(server.requests()[0].field("authorization"), Some("Basic bWU6c2VjcmV0"));
}
