//! `--format csv`, `--fields`, `--max-body`: what a script reads instead of the usual record.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use crate::answering::{Answering, with};
use crate::runner::{Dir, Gfetch, gfetch};
use crate::server::{Server, body, nobody};

/// The records of these arguments with these fields.
fn chosen(args: &[&str], fields: &str) -> Vec<Value> {
    Gfetch::new(args).args(&["--format", "json", "--fields", fields]).run().records()
}

#[test]
fn format_csv_has_a_header_and_a_row_for_each_line() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/bytes/24"), &server.url("/status/404"), "no url", "--format", "csv"]).expect(1);
    let lines: Vec<&str> = run.text().split_terminator("\r\n").collect();
    assert!(lines.len() == 4 && lines[0].starts_with("index,id,source,url,"), "{lines:?}");
    assert!(lines[0].ends_with(",error.kind,error.stage,error.message,error.limit,error.curl"), "{lines:?}");
    assert!(lines[1].starts_with("0,,argument 1,http://127.0.0.1:") && lines[1].ends_with(",,,,,"), "{lines:?}");
    assert!(lines[2].ends_with(",status,receive,Not Found,,22") && lines[3].starts_with("2,,argument 3,no url,"));
    // Without a record there is the header.
    let run = Gfetch::new(&["-i", "-", "--allow-empty", "--format", "csv", "--fields", "url,ok"]).run().expect(0);
    assert_eq!(run.text(), "url,ok\r\n");
}

#[test]
fn fields_choose_and_order() {
    let server = Server::new();
    let url = server.url("/bytes/24");
    let run = gfetch(&[&url, "--format", "json", "--fields", "status,url, error,timings.wait,index"]).expect(0);
    let (before, after) = run.text().split_once("\"wait\":").unwrap();
    assert_eq!(before, format!("{{\"status\":200,\"url\":\"{url}\",\"error\":null,\"timings\":{{"));
    assert!(after.ends_with("},\"index\":0}\n"), "{after}");
    let run = gfetch(&[&url, "--format", "csv", "--fields", "status,bytes,error.kind"]).expect(0);
    assert_eq!(run.text(), "status,bytes,error.kind\r\n200,24,\r\n");
    // Members of one object stand together, where the first of them is named.
    let record = &chosen(&["http://["], "error.kind,index,error.curl")[0];
    assert_eq!(record.to_string(), r#"{"error":{"kind":"url","curl":3},"index":0}"#);
}

#[test]
fn fields_with_a_plus_add_to_the_usual_ones() {
    let server = Server::new();
    let record = &chosen(&[&server.url("/bytes/24")], "+sha256 +bytes,+body")[0];
    let names: Vec<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names[..3], ["index", "id", "source"]);
    assert_eq!(names[22..], ["timings", "error", "sha256", "body", "body_base64", "body_truncated"]);
    let sha256 = "d0f8e6dd0e4cbd2a5ea8e0e6b1ff8b0a8e9a0a9c5c2e4ea1ce8b0f9a2a3b7d10";
    assert_eq!(record["sha256"].as_str().unwrap().len(), sha256.len());
    assert_eq!(record["body"], String::from_utf8(body(24)).unwrap());
}

#[test]
fn fields_that_are_none_are_told_with_the_most_similar_one() {
    for (fields, expected) in [
        ("url,statsu", "--fields: there is no field 'statsu'\n  did you mean status?"),
        ("+header", "did you mean headers?"),
        ("timings.tota", "did you mean timings.total?"),
        ("zzz", "there is no field 'zzz'"),
        ("a\u{202e}b", "'a\\u{202e}b'"),
        ("", "--fields takes names of fields"),
        (" ,", "--fields takes names of fields"),
    ] {
        let run = gfetch(&["http://127.0.0.1:9/", "--format", "json", "--fields", fields]).expect(2);
        assert!(run.err.contains(expected), "{fields}: {}", run.err);
    }
    let run = gfetch(&["http://127.0.0.1:9/", "--fields", "url"]).expect(2);
    assert!(run.err.contains("--format json or csv"), "{}", run.err);
}

#[test]
fn headers_and_request_headers_without_their_secrets() {
    let server = Answering::new(|_| with(200, "Set-Cookie: a=secret\r\nX-A: 1\r\nx-a: 2\r\n"));
    let url = server.url("/");
    let args =
        [&*url, "-H", "X-Api-Key: secret", "-H", "X-Mine: secret", "--secret-header", "x-mine", "-u", "me:secret"];
    let record = &chosen(&args, "headers,request_headers")[0];
    let expected = json!({"set-cookie": ["***"], "x-a": ["1", "2"], "content-length": ["2"]});
    assert_eq!(record["headers"], expected);
    let sent = &record["request_headers"];
    for name in ["x-api-key", "x-mine", "authorization"] {
        assert_eq!(sent[name], json!(["***"]), "{sent}");
    }
    assert_eq!(sent["accept"], json!(["*/*"]));
    assert!(!record.to_string().contains("secret"));
    let shown = &chosen(&[&args[..], &["--show-secrets"]].concat(), "+headers")[0];
    assert_eq!(shown["headers"]["set-cookie"], json!(["a=secret"]));
}

#[test]
fn hops_are_the_exchanges_of_the_last_attempt() {
    let server = Server::new();
    let record = &chosen(&[&server.url("/to//to//bytes/24")], "hops,redirects,timings")[0];
    let hops = record["hops"].as_array().unwrap();
    let of = |name: &str| hops.iter().map(|hop| hop[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("status"), [302, 302, 200]);
    assert_eq!(of("reused"), [false, true, true]);
    assert_eq!(of("location"), [json!("/to//bytes/24"), json!("/bytes/24"), Value::Null]);
    assert_eq!(of("url")[2], server.url("/bytes/24"));
    assert_eq!(hops[0]["remote_port"], server.addr.port());
    assert!(!hops[0]["timings"]["connect"].is_null() && hops[1]["timings"]["connect"].is_null(), "{record}");
    // Their times are the record's.
    let micros = |value: &Value| (value.as_f64().unwrap() * 1e6).round() as i64;
    let sum: i64 = hops.iter().map(|hop| micros(&hop["timings"]["wait"])).sum();
    assert!((sum - micros(&record["timings"]["wait"])).abs() <= 3, "{record}");
    // One that could not be asked is there, too.
    let gone = format!("http://{}/", nobody());
    let record = &chosen(&[&gone], "hops")[0];
    assert_eq!((&record["hops"][0]["status"], &record["hops"][0]["remote_ip"]), (&Value::Null, &Value::Null));
}

#[test]
fn attempt_log_has_every_attempt_with_its_end() {
    let server = Server::new();
    let args = [&*server.url("/flaky/2/bytes/24"), "--retry", "3", "--retry-delay", "0.01"];
    let record = &chosen(&args, "attempts,attempt_log,timings.retries")[0];
    let log = record["attempt_log"].as_array().unwrap();
    let of = |name: &str| log.iter().map(|attempt| attempt[name].clone()).collect::<Vec<_>>();
    assert_eq!(
        (of("attempt"), of("status")),
        (vec![json!(1), json!(2), json!(3)], vec![json!(503), json!(503), json!(200)])
    );
    assert_eq!(
        (&log[0]["error"]["kind"], &log[2]["error"], &log[2]["bytes"]),
        (&json!("status"), &Value::Null, &json!(24))
    );
    assert!(of("started").is_sorted_by_key(|started| started.as_str().unwrap().to_owned()), "{record}");
    // What was never started has none.
    assert_eq!(chosen(&["http://["], "attempt_log")[0]["attempt_log"], json!([]));
}

#[test]
fn bodies_are_text_or_base64_and_cut_at_max_body() {
    let binary = Answering::new(|request| match &*request.path {
        "/empty" => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".into(),
        "/cut" => "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcé日".replace("6", "8"),
        path => format!("HTTP/1.1 404 No\r\nContent-Length: {}\r\n\r\n{path}", path.len()),
    });
    let fields = "body,bytes";
    let record = &chosen(&[&binary.url("/empty")], fields)[0];
    assert_eq!(*record, json!({"body": "", "body_base64": null, "body_truncated": false, "bytes": 0}));
    // An answer that is a failure has a body, too.
    assert_eq!(chosen(&[&binary.url("/gone")], fields)[0]["body"], "/gone");
    // A character that is cut is left out.
    let record = &chosen(&[&binary.url("/cut"), "--max-body", "4"], fields)[0];
    assert_eq!(*record, json!({"body": "abc", "body_base64": null, "body_truncated": true, "bytes": 8}));
    let server = Server::new();
    let record = &chosen(&[&server.url("/bytes/2000000")], fields)[0];
    let expected = String::from_utf8(body(1 << 20)).unwrap();
    assert_eq!((record["body"].as_str().unwrap(), &record["body_truncated"]), (&*expected, &json!(true)));
    assert_eq!(chosen(&["http://["], fields)[0]["body"], Value::Null);
    let dir = Dir::new();
    std::fs::write(dir.file("list"), format!("{{\"url\":\"{}\",\"output\":\"kept\"}}\n", server.url("/bytes/24")))
        .unwrap();
    let run =
        Gfetch::new(&["-i", "list", "--format", "json", "--fields", "body,sha256,file"]).dir(&dir).run().expect(0);
    assert_eq!((run.records()[0]["file"].as_str(), dir.read("kept").len()), (Some("kept"), 24));
}

#[test]
fn what_is_no_text_is_base64() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n\xff\xfe\0\x01");
        }
    });
    let expected = json!({"body": null, "body_base64": "//4AAQ==", "body_truncated": false});
    assert_eq!(chosen(&[&url], "body")[0], expected);
    let run = gfetch(&[&url, "--format", "csv", "--fields", "body"]).expect(0);
    assert_eq!(run.text(), "body,body_base64,body_truncated\r\n,//4AAQ==,false\r\n");
    // A part of a character at the limit is no text, where nothing before it is.
    assert_eq!(chosen(&[&url, "--max-body", "1"], "body")[0]["body_base64"], "/w==");
}

#[test]
fn a_thousand_answers_come_in_order_with_their_bodies() {
    let server = Server::new();
    let list = server.list((0..1000).map(|n| format!("/say/{n}")));
    let run = Gfetch::new(&["-i", "-", "--format", "json", "--fields", "index,body"]).input(list).run().expect(0);
    let bodies: Vec<String> = run.records().iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect();
    assert_eq!(bodies, (0..1000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn show_headers_stand_before_each_body_in_order() {
    let server = Answering::new(|request| match &*request.path {
        "/moved" => "HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n".into(),
        path => format!("HTTP/1.1 200 OK\r\nX-Path: {path}\r\nContent-Length: {}\r\n\r\n{path}", path.len()),
    });
    let run = gfetch(&["--show-headers", &server.url("/moved"), &server.url("/b"), "-s"]).expect(0);
    let head =
        |path: &str| format!("HTTP/1.1 200 OK\r\nX-Path: {path}\r\nContent-Length: {}\r\n\r\n{path}", path.len());
    let moved = "HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(run.text(), format!("{moved}{}{}", head("/new"), head("/b")));
    // The report moves, as with --body.
    assert_eq!(run.err.lines().count(), 2, "{}", run.err);
    for (with, word) in [(["-o", "x"], "use -D"), (["-D", "-"], "choose one")] {
        let run = Gfetch::new(&["--show-headers", &server.url("/b")]).args(&with).run().expect(2);
        assert!(run.err.contains(word), "{}", run.err);
    }
}

#[test]
fn what_does_not_go_with_a_comparison_is_said() {
    let formats: [&[&str]; 5] = [
        &["--format", "csv"],
        &["--format", "json", "--fields", "url"],
        &["-w", "x"],
        &["--show-headers"],
        &["--har", "x"],
    ];
    for with in formats {
        let run = Gfetch::new(&["--compare", "http://127.0.0.1:9/"]).args(with).run().expect(2);
        assert!(run.err.contains("--compare does not go with") || run.err.contains("GET and HEAD"), "{}", run.err);
    }
}
