//! `--har`: valid HAR 1.2, an entry for each exchange, nothing secret and nothing hostile in it.

use std::fs;

use serde_json::{Value, json};

use crate::answering::{Answering, with};
use crate::runner::{Dir, Gfetch, gfetch};
use crate::schema::Schemas;
use crate::server::{Server, nobody};

/// The entries that these arguments leave; what is around them is as HAR's schema says.
fn entries(args: &[&str]) -> Vec<Value> {
    let dir = Dir::new();
    Gfetch::new(args).args(&["--har", &dir.at("run.har")]).run();
    let archive: Value = serde_json::from_str(&dir.read("run.har")).unwrap();
    Schemas::of("fixtures/har-schema").check("har.json", &archive);
    assert_eq!((&archive["log"]["version"], &archive["log"]["creator"]["name"]), (&json!("1.2"), &json!("gfetch")));
    archive["log"]["entries"].as_array().unwrap().clone()
}

fn of(entries: &[Value], pointer: &str) -> Vec<Value> {
    entries.iter().map(|entry| entry.pointer(pointer).cloned().unwrap_or_default()).collect()
}

#[test]
fn har_has_an_entry_for_each_hop_and_each_attempt() {
    let server = Server::new();
    let urls = [server.url("/to//bytes/24"), server.url("/flaky/1/bytes/10"), format!("http://{}/", nobody())];
    let entries = entries(&[&urls[0], &urls[1], &urls[2], "http://[", "--retry", "1", "--retry-delay", "0.01"]);
    assert_eq!(of(&entries, "/response/status"), [302, 200, 503, 200, 0]);
    assert_eq!(of(&entries, "/_index"), [0, 0, 1, 1, 2]);
    assert_eq!(of(&entries, "/_attempt"), [1, 1, 1, 2, 1]);
    assert_eq!(of(&entries, "/response/redirectURL"), ["/bytes/24", "", "", "", ""]);
    assert_eq!(of(&entries, "/response/bodySize"), [-1, 24, 5, 10, -1]);
    assert_eq!(of(&entries, "/serverIPAddress")[3..], [json!("127.0.0.1"), Value::Null]);
    assert!(entries[2]["_error"].as_str().unwrap().starts_with("status: "), "{entries:?}");
    assert!(entries[4]["_error"].as_str().unwrap().starts_with("connect: "), "{entries:?}");
    assert_eq!(entries[1]["_error"], Value::Null);
}

#[test]
fn times_are_in_milliseconds_and_add_up_without_ssl() {
    let server = Server::new();
    let entries = entries(&[&server.url("/delay/50/a"), &server.url("/a"), "--serial"]);
    for entry in &entries {
        let times = entry["timings"].as_object().unwrap();
        let parts = times.iter().filter(|(name, time)| *name != "ssl" && time.as_f64() != Some(-1.0));
        let sum: f64 = parts.map(|(_, time)| time.as_f64().unwrap()).sum();
        assert!((sum - entry["time"].as_f64().unwrap()).abs() < 0.01, "{entry}");
    }
    // The server may have begun to wait before our write had returned.
    let phase = |name: &str| entries[0]["timings"][name].as_f64().unwrap();
    assert!(phase("send") + phase("wait") >= 50.0, "{}", entries[0]);
    // The second went over the first one's connection.
    assert_eq!((&entries[1]["timings"]["connect"], &entries[1]["timings"]["ssl"]), (&json!(-1), &json!(-1)));
    assert!(entries[0]["timings"]["connect"].as_f64().unwrap() >= 0.0);
}

#[test]
fn a_har_entry_has_the_request_as_it_was_sent() {
    let server = Server::new();
    let entries = entries(&[&server.url("/a?x=1&y=%C3%A9&x=#frag"), "-d", "four", "-A", "me"]);
    let request = &entries[0]["request"];
    assert_eq!(
        (&request["method"], &request["bodySize"], &request["httpVersion"]),
        (&json!("POST"), &json!(4), &json!("HTTP/1.1"))
    );
    assert_eq!(request["url"], server.url("/a?x=1&y=%C3%A9&x="));
    let query = json!([{"name":"x","value":"1"},{"name":"y","value":"é"},{"name":"x","value":""}]);
    assert_eq!(request["queryString"], query);
    assert!(request["headers"].as_array().unwrap().contains(&json!({"name":"User-Agent","value":"me"})), "{request}");
    let content = json!({"size": 2, "mimeType": "text/plain"});
    assert_eq!(entries[0]["response"]["content"], content);
}

#[test]
fn har_has_what_was_posted_where_bodies_are_asked_for() {
    let server = Server::new();
    let posted = |args: &[&str]| of(&entries(args), "/request/postData");
    let form = json!("application/x-www-form-urlencoded");
    let secret = ["-d", "user=me&password=hunter2", &*server.url("/a")];
    assert_eq!(posted(&secret), [json!({"mimeType": form})], "unasked it may be a secret");
    assert_eq!(
        posted(&[&secret[..], &["-H", "Content-Type: hunter2", "--secret-header", "content-type"]].concat()),
        [json!({"mimeType": "***"})]
    );
    let bodies = ["--format", "json", "--fields", "+body"];
    let asked = |args: &[&str]| posted(&[&bodies[..], args].concat());
    assert_eq!(asked(&secret), [json!({"mimeType": form, "text": "user=me&password=hunter2"})]);
    // Also of an earlier attempt, and as far as a redirect takes it along.
    let json = json!({"mimeType": "application/json", "text": "{\"é\":1}"});
    let again = ["--json", "{\"é\":1}", "--retry", "1", "--retry-all-errors", "--retry-delay", "0.01"];
    assert_eq!(asked(&[&again[..], &[&*server.url("/flaky/1/a")]].concat()), [json.clone(), json.clone()]);
    assert_eq!(asked(&[&again[..], &["-L", &*server.url("/on//a")]].concat()), [json.clone(), json.clone()]);
    assert_eq!(asked(&[&again[..], &["-L", &*server.url("/to//a")]].concat()), [json, Value::Null]);
    assert_eq!(asked(&[&server.url("/a")]), [Value::Null]);
    // No server, nothing sent.
    assert_eq!(asked(&["-d", "x", &format!("http://{}/", nobody())]), [Value::Null]);
}

#[test]
fn har_has_so_much_of_what_was_posted_as_it_may() {
    let (server, dir) = (Server::new(), Dir::new());
    let posted = |file: &str, most: &str| {
        let data = format!("@{file}");
        let args = ["--data-binary", &data, &server.url("/a"), "--format", "json", "--fields", "+body"];
        let entries = entries(&[&args[..], &["--max-body", most]].concat());
        assert_eq!(of(&entries, "/request/bodySize"), [6]);
        entries[0]["request"]["postData"].clone()
    };
    let (form, text) = ("application/x-www-form-urlencoded", dir.write("text", "aééz"));
    let cut = json!({"mimeType": form, "text": "aé", "comment": "the first 4 of 6 bytes"});
    assert_eq!(posted(&text, "4"), cut);
    assert_eq!(posted(&text, "6"), json!({"mimeType": form, "text": "aééz"}));
    fs::write(dir.file("bytes"), b"\xff\x00\xfe123").unwrap();
    let bytes = json!({"mimeType": form, "text": "/wD+", "_encoding": "base64", "comment": "the first 3 of 6 bytes"});
    assert_eq!(posted(&dir.at("bytes"), "3"), bytes);
}

#[test]
fn har_holds_no_secret_unless_asked_to() {
    let server = Answering::new(|request| match &*request.path {
        "/" => with(
            302,
            "Location: http://me:secret@127.0.0.1:1/\r\nSet-Cookie: a=secret; Path=/; HttpOnly; Secure; \
                          Expires=Sun, 06 Nov 2050 08:49:37 GMT\r\n",
        ),
        _ => with(200, ""),
    });
    let url = server.url("/").replace("http://", "http://me:secret@");
    let args =
        [&*url, "-b", "c=secret", "-H", "X-Api-Key: secret", "-H", "X-Mine: secret", "--secret-header", "X-Mine"];
    let hidden = entries(&args);
    let text = format!("{hidden:?}");
    assert!(!text.contains("secret") && text.contains("***"), "{text}");
    assert_eq!(hidden[0]["request"]["cookies"], json!([{"name":"c","value":"***"}]));
    let cookie = json!([{"name":"a","value":"***","path":"/","expires":"2050-11-06T08:49:37.000000Z","httpOnly":true,"secure":true}]);
    assert_eq!(hidden[0]["response"]["cookies"], cookie);
    let shown = entries(&[&args[..], &["--show-secrets"]].concat());
    assert_eq!(shown[0]["response"]["cookies"][0]["value"], "secret");
}

#[test]
fn har_has_bodies_only_where_they_are_asked_for() {
    let server = Answering::new(|_| {
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n\u{1b}[2J\n".into()
    });
    let without = entries(&[&server.url("/")]);
    assert_eq!(without[0]["response"]["content"], json!({"size": 5, "mimeType": "text/plain"}));
    let with = entries(&[&server.url("/"), "--format", "json", "--fields", "+body"]);
    assert_eq!(with[0]["response"]["content"]["text"], "\u{1b}[2J\n");
}

#[test]
fn nothing_hostile_stands_in_the_file_as_it_came() {
    let hostile = "\u{202e}\u{9b}2J\u{feff}\"},{";
    let server = Answering::new(move |_| {
        with(200, &format!("X-A: {hostile}\r\nContent-Type: {hostile}\r\nSet-Cookie: {hostile}={hostile}\r\n"))
    });
    let dir = Dir::new();
    gfetch(&[&server.url("/?\u{202e}"), "--har", &dir.at("run.har"), "-s"]).expect(0);
    let text = dir.read("run.har");
    let bad = |c: char| matches!(c, '\0'..='\u{9}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{feff}');
    assert!(!text.chars().any(bad), "{text:?}");
    let archive: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(archive["log"]["entries"][0]["response"]["content"]["mimeType"], hostile);
}

#[test]
fn har_appears_whole_at_the_end_and_is_valid_without_entries() {
    let dir = Dir::new();
    let file = dir.write("run.har", "older");
    Gfetch::new(&["-i", "-", "--allow-empty", "--har", &file]).run().expect(0);
    let archive: Value = serde_json::from_str(&dir.read("run.har")).unwrap();
    assert_eq!((&archive["log"]["entries"], dir.names()), (&json!([]), vec!["run.har".to_owned()]));
    let run = gfetch(&["http://127.0.0.1:9/", "--har", "-"]).expect(2);
    assert!(run.err.contains("--har takes a file"), "{}", run.err);
    let run = gfetch(&["http://127.0.0.1:9/", "--har", "/nowhere/run.har"]).expect(2);
    assert!(run.err.contains("/nowhere/run.har"), "{}", run.err);
}
