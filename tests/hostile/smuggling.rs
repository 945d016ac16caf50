//! Lists that would put a request inside of a request: beside healthy URLs on one connection, where a request too many
//! gives each that follows another one's answer.
//!
//! The server takes all that comes for heads, bodies too: whatever of a body it sees, it would have seen as a request.

use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::command::{answer, gfetch, serve, text};
use super::injection::listener;

const INNER: &str = "GET /injected HTTP/1.1\r\nHost: x\r\n\r\n";

/// What a line adds to its `url`, and what its record says.
fn lines() -> Vec<(Value, &'static str)> {
    let fields = |fields: Value| json!({"method": "POST", "body": INNER, "headers": fields});
    let framing = |name| match name {
        "content-length" => "\"headers\" does not take content-length: gfetch says it, from the body",
        _ => "\"headers\" does not take transfer-encoding: gfetch says it, from the body",
    };
    let (length, coding) = (framing("content-length"), framing("transfer-encoding"));
    let hosts = "\"headers\" takes one Host: a request with two is for nobody";
    vec![
        (fields(json!({"Content-Length": "0"})), length),
        (fields(json!({"cONTENT-lENGTH": ["0", "39"]})), length),
        (fields(json!({"Content-Length": ""})), length),
        (fields(json!({"Content-Length": []})), length),
        (fields(json!({"Transfer-Encoding": "chunked"})), coding),
        (fields(json!({"transfer-encoding": "identity"})), coding),
        (fields(json!({"Transfer-Encoding": "\tchunked", "Content-Length": "0"})), coding),
        (fields(json!({"Transfer-Encoding": "xchunked"})), coding),
        (fields(json!({"Connection": "Content-Length"})), "\"headers\" does not take Connection with content-length"),
        (fields(json!({"Connection": ["close", "x, HOST"]})), "\"headers\" does not take Connection with host"),
        (fields(json!({"Host": ["a", "b"]})), hosts),
        (fields(json!({"Host": "a", "host": "a"})), hosts),
        (fields(json!({"Content-Length ": "0"})), "\"headers\": \"Content-Length \" is no header's name"),
        (fields(json!({" Content-Length": "0"})), "\"headers\": \" Content-Length\" is no header's name"),
        (fields(json!({"Content-Length:0\r\nX": "0"})), "\"headers\": \"Content-Length:0"),
        (fields(json!({"Content-Length: 0": ""})), "\"headers\": \"Content-Length: 0\" is no header's name"),
        (fields(json!({":method": "GET"})), "\"headers\": \":method\" is no header's name"),
        (fields(json!({"X": "a\nContent-Length: 0"})), "\"headers\" takes a value without line ends"),
        (fields(json!({"Proxy-Authorization": "Basic eA=="})), "\"headers\" does not take Proxy-Authorization, which"),
        // Whatever follows a CONNECT is for the tunnel, or for who takes the word in another case.
        (json!({"method": "CONNECT", "body": INNER}), "\"method\" does not take CONNECT"),
        (json!({"method": "connect"}), "\"method\" does not take CONNECT"),
        (json!({"method": "GET /injected HTTP/1.1\r\nX:"}), "\"method\" takes a method's name"),
        (json!({"method": "GET /injected"}), "\"method\" takes a method's name"),
    ]
}

/// A list in which each hostile line stands between two healthy ones, of which each asks for something else.
fn list(server: &str) -> String {
    let mut list = format!("http://{server}/healthy/0\n");
    for (number, (mut line, _)) in lines().into_iter().enumerate() {
        line["url"] = format!("http://{server}/hostile").into();
        list += &format!("{line}\nhttp://{server}/healthy/{}\n", number + 1);
    }
    list
}

/// The records, checked: each hostile line's failure is its own, each healthy URL has its own answer.
fn fetch(server: &str, options: &[&str], has_body: bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    fs::write(&path, list(server)).unwrap();
    let arguments = [options, &["-i", path.to_str().unwrap(), "--format", "json", "--fields", "+body", "-s"]].concat();
    let output = gfetch(&arguments);
    let records: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!((output.status.code(), records.len()), (Some(1), 2 * lines().len() + 1), "{}", text(&output.stderr));
    for (index, record) in records.iter().enumerate() {
        if index % 2 == 0 {
            let body = if has_body { format!("/healthy/{}", index / 2) } else { String::new() };
            assert_eq!((&record["status"], &record["body"]), (&200.into(), &body.into()), "{record}");
            continue;
        }
        let (line, says) = &lines()[index / 2];
        let error = &record["error"];
        assert_eq!((&error["kind"], &error["stage"]), (&"url".into(), &"input".into()), "{line}: {record}");
        assert!(error["message"].as_str().unwrap().starts_with(says), "{line}: {error}");
    }
}

#[test]
fn a_lists_line_says_nothing_of_where_its_request_ends() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let all_seen = seen.clone();
    let server = serve(move |head| {
        let target = head.split(' ').nth(1).unwrap_or_default();
        seen.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
        // A proxy is asked for the whole URL.
        answer("", target.find("/healthy").map_or(target, |at| &target[at..]))
    })
    .to_string();
    for options in [&["-j", "1"][..], &["-j", "4"], &["-j", "1", "--threads", "2"], &["-j", "1", "-x", &server]] {
        fetch(&server, options, true);
        let seen = std::mem::take(&mut *all_seen.lock().unwrap());
        assert_eq!(seen.len(), lines().len() + 1, "{options:?}: {seen:?}");
        assert!(
            seen.iter().all(|line| line.starts_with("GET ") && line.contains("/healthy/")),
            "{options:?}: {seen:?}"
        );
    }
}

#[test]
fn nor_does_it_by_http2() {
    let (server, requests) = listener();
    for jobs in ["1", "4"] {
        fetch(&server.to_string(), &["-j", jobs, "--http2-prior-knowledge"], false);
        let heads = std::mem::take(&mut *requests.lock().unwrap());
        assert_eq!(heads.len(), lines().len() + 1, "-j {jobs}");
    }
}

/// The same rule for what is typed and for what a host's table has: exit 2, and nothing is sent.
#[test]
fn what_is_typed_is_held_to_the_same_rule() {
    let (server, requests) = listener();
    let url = format!("http://{server}/");
    for (options, says) in [
        (&["-H", "Content-Length: 0", "-d", INNER][..], "-H/--header does not take content-length: gfetch says it"),
        (&["-H", "Transfer-Encoding: chunked"], "-H/--header does not take transfer-encoding: gfetch says it"),
        (&["-H", "Connection: close, host"], "-H/--header does not take Connection with host, which"),
        (&["-H", "Host: a", "-H", "host: b"], "-H/--header takes one Host: a request with two is for nobody"),
        (&["-X", "CONNECT", "-d", INNER], "-X/--request takes methods but CONNECT, which asks for a tunnel"),
        (&["-X", "Connect"], "-X/--request takes methods but CONNECT, which asks for a tunnel"),
    ] {
        let output = gfetch(&[options, &[&url]].concat());
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(says), "{options:?}: {said}");
    }
    assert!(requests.lock().unwrap().is_empty());
}

/// Where a redirect leads it is asked for by the URL: no part of what a server says becomes a field or a request.
#[test]
fn a_redirect_says_nothing_of_the_request_but_its_url() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let all_seen = seen.clone();
    let locations = [
        "/to HTTP/1.1\\r\\nX-Injected: yes",
        "/to%0d%0aX-Injected:%20yes",
        "/to\tHTTP/1.1",
        "/to#\" HTTP/1.1",
        "//127.0.0.1:{port}/to?a b c",
        "http://a%0d%0ab@127.0.0.1:{port}/to",
    ];
    let server = serve(move |head| {
        seen.lock().unwrap().push(head.to_owned());
        let path = head.split(' ').nth(1).unwrap_or_default();
        let port = head.split("\r\nHost: 127.0.0.1:").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap_or("");
        match path.strip_prefix("/from/").and_then(|number| number.parse::<usize>().ok()) {
            Some(number) => {
                let location = locations[number].replace("{port}", port);
                answer("", "").strip_prefix(b"HTTP/1.1 200 OK\r\n").map_or_else(Vec::new, |rest| {
                    [format!("HTTP/1.1 307 T\r\nLocation: {location}\r\n").as_bytes(), rest].concat()
                })
            }
            None => answer("", path),
        }
    });
    let list: String = (0..locations.len())
        .map(|number| {
            let line =
                json!({"url": format!("http://{server}/from/{number}"), "method": "POST", "headers": {"X-A": "b"}});
            format!("{line}\nhttp://{server}/healthy/{number}\n")
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    fs::write(&path, list).unwrap();
    let output =
        gfetch(&["-L", "-j", "1", "-i", path.to_str().unwrap(), "--format", "json", "--fields", "+body", "-s"]);
    for (index, record) in text(&output.stdout).lines().enumerate().filter(|(index, _)| index % 2 == 1) {
        let record: Value = serde_json::from_str(record).unwrap();
        assert_eq!(record["body"], format!("/healthy/{}", index / 2), "{record}");
    }
    assert_eq!(text(&output.stdout).lines().count(), 2 * locations.len());
    let seen = all_seen.lock().unwrap();
    assert!(seen.iter().filter(|head| head.contains(" /to")).count() >= 3, "{seen:?}");
    for head in seen.iter() {
        let (first, fields) = head.split_once("\r\n").unwrap();
        assert_eq!(first.split(' ').count(), 3, "{head:?}");
        assert!(!fields.contains("X-Injected") && fields.matches("Host: ").count() == 1, "{head:?}");
    }
}
