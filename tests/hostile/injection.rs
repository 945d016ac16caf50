//! Injection through every option: each that takes text is given line ends, controls, bidi marks and overlong values.
//!
//! A value is refused (exit 2, naming the option), or what it says arrives escaped, encoded, or as one value in its place:
//! never as another field, another request, another file, or a command to the terminal. An option that takes a value and
//! has no row here fails the first test.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::command::{files, gfetch, harmful, text};

/// What becomes of an option's value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It goes into a head: control characters are refused, all else is one value.
    Sent,
    /// It goes into a head or a URL encoded, or is a URL of its own, whose failure is a record's.
    Encoded,
    /// It goes into a body, byte for byte.
    Body,
    /// It names something on this machine (which a refusal names, or the option), or is only compared: never sent, and shown
    /// escaped.
    Local,
    /// It is printed as it was typed; never sent.
    Printed,
    /// A number, a word, an address: nothing else is taken.
    Closed,
}
use Fate::*;

/// Every option that takes a value, a good one for it (`{dir}` is a folder), and its fate. Those that this version only
/// promises are refused by name, which is right too.
const OPTIONS: &[(&str, &str, Fate)] = &[
    ("--request", "GET", Sent),
    ("--header", "X-A: b", Sent),
    ("--user-agent", "agent", Sent),
    ("--referer", "http://a.example/", Sent),
    ("--secret-header", "X-Key", Sent),
    ("--oauth2-bearer", "token", Sent),
    ("--cookie", "a=b", Sent),
    ("--range", "0-5", Sent),
    ("--user", "me:secret", Encoded),
    ("--proxy-user", "me:secret", Encoded),
    ("--url", "http://127.0.0.1:9/", Encoded),
    ("--url-query", "a=b", Encoded),
    ("--data", "text", Body),
    ("--data-raw", "text", Body),
    ("--data-binary", "text", Body),
    ("--json", "{}", Body),
    ("--data-urlencode", "a=b", Encoded),
    ("--input-file", "{dir}/list", Local),
    ("--output", "{dir}/out", Local),
    ("--output-dir", "{dir}", Local),
    ("--save-failed", "{dir}/failed", Local),
    ("--report", "{dir}/page.html", Local),
    ("--resume", "{dir}/record", Local),
    ("--manifest", "{dir}/manifest", Local),
    ("--summary-json", "{dir}/summary", Local),
    ("--har", "{dir}/har", Local),
    ("--write-out", "%{http_code} %{url}\\n", Printed),
    ("--cacert", "{dir}/cacert", Local),
    ("--capath", "{dir}", Local),
    ("--cookie-jar", "{dir}/jar", Local),
    ("--netrc-file", "{dir}/netrc", Local),
    ("--etag-save", "{dir}/etag", Local),
    ("--etag-compare", "{dir}/etag", Local),
    ("--dump-header", "{dir}/heads", Local),
    ("--cert", "{dir}/cert", Local),
    ("--key", "{dir}/key", Local),
    ("--upload-file", "{dir}/file", Local),
    ("--unix-socket", "{dir}/socket", Local),
    ("--pinnedpubkey", "{dir}/key", Local),
    ("--preset", "polite", Local),
    ("--generate", "man", Closed),
    ("--noproxy", "a.example", Local),
    ("--interface", "lo", Local),
    ("--auth-host", "a.example", Local),
    ("--proxy", "http://127.0.0.1:9", Local),
    ("--preproxy", "socks5://127.0.0.1:9", Local),
    ("--socks4a", "127.0.0.1:9", Local),
    ("--socks5", "127.0.0.1:9", Local),
    ("--socks5-hostname", "127.0.0.1:9", Local),
    ("--connect-to", "a.example:80:127.0.0.1:9", Local),
    ("--time-cond", "Sun, 06 Nov 1994 08:49:37 GMT", Local),
    ("--resolve", "a.example:80:127.0.0.1", Closed),
    ("--continue-at", "5", Closed),
    ("--cert-type", "PEM", Closed),
    ("--key-type", "PEM", Closed),
    ("--tls-max", "1.3", Closed),
    ("--proto-redir", "http", Closed),
    ("--max-redirs", "3", Closed),
    ("--max-filesize", "3M", Closed),
    ("--limit-rate", "3M", Closed),
    ("--limit-rate-total", "3M", Closed),
    ("--jobs", "3", Closed),
    ("--threads", "1", Closed),
    ("--per-host", "3", Closed),
    ("--compare-jobs", "1,2", Closed),
    ("--runs", "1", Closed),
    ("--warmup", "1", Closed),
    ("--rate", "10/s", Closed),
    ("--max-time", "3", Closed),
    ("--connect-timeout", "3", Closed),
    ("--speed-time", "3", Closed),
    ("--speed-limit", "3", Closed),
    ("--deadline", "3", Closed),
    ("--grace", "3", Closed),
    ("--retry", "1", Closed),
    ("--retry-delay", "1", Closed),
    ("--retry-max-time", "1", Closed),
    ("--retry-after-max", "1", Closed),
    ("--give-up-host", "1", Closed),
    ("--max-failures", "1", Closed),
    ("--format", "json", Closed),
    ("--fields", "url", Closed),
    ("--max-body", "3M", Closed),
    ("--progress", "none", Closed),
    ("--color", "never", Closed),
];

/// What is put behind each value. A NUL cannot stand in an argument; files and lists have their own test.
fn poisons() -> Vec<(&'static str, String)> {
    vec![
        ("CRLF and a field", "\r\nX-Injected: yes".into()),
        ("CRLF and a request", "\r\n\r\nGET /injected HTTP/1.1\r\nHost: x\r\n\r\n".into()),
        ("LF", "\nX-Injected: yes".into()),
        ("CR", "\rX-Injected: yes".into()),
        ("escapes", "\u{1b}[31m\u{1b}]0;title\u{7}".into()),
        ("C1", "\u{9b}31m\u{85}".into()),
        ("DEL and backspace", "\u{7f}\u{8}".into()),
        ("bidi", "\u{202e}gpj\u{2066}".into()),
        ("overlong", "x".repeat(100_000)),
    ]
}

/// A request as it came: its head, its body, and whatever came behind them.
#[derive(Clone, Default)]
pub struct Request {
    head: String,
    body: Vec<u8>,
    behind: Vec<u8>,
}

/// Answers one request a connection, and listens for what comes behind it.
pub fn listener() -> (SocketAddr, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, seen) = (stream.unwrap(), seen.clone());
            thread::spawn(move || {
                let Some(mut request) = read_request(&mut stream) else { return };
                if request.head.starts_with("PRI *") {
                    let _ = answer_http2(&mut stream, &seen);
                    return;
                }
                let at = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(request.clone());
                    seen.len() - 1
                };
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                // The client closes once it has its answer.
                let _ = stream.read_to_end(&mut request.behind);
                seen.lock().unwrap()[at] = request;
            });
        }
    });
    (address, requests)
}

/// Answers each head that comes by HTTP/2, whose block only a decoder could read: what is noted is that it came.
fn answer_http2(stream: &mut TcpStream, seen: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    stream.read_exact(&mut [0; 6])?;
    stream.write_all(&[0, 0, 0, SETTINGS, 0, 0, 0, 0, 0])?;
    loop {
        let mut header = [0; 9];
        stream.read_exact(&mut header)?;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        std::io::copy(&mut (&*stream).take(u64::from(length)), &mut std::io::sink())?;
        if header[3] == HEADERS {
            seen.lock().unwrap().push(Request::default());
            // `:status: 200`, and the end of head and stream.
            stream.write_all(&[0, 0, 1, HEADERS, 5, 0, 0, 0, header[8], 0x88])?;
        }
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (mut request, mut head, mut byte) = (Request::default(), Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    request.head = String::from_utf8_lossy(&head).into_owned();
    let length = super::script::field(&request.head, "content-length").map_or(0, |length| length.parse().unwrap());
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// Requests that hold nothing but themselves.
fn check_requests(requests: &[Request], what: &str) {
    for Request { head, behind, .. } in requests {
        assert!(behind.is_empty(), "{what}: bytes behind the request: {:?}", String::from_utf8_lossy(behind));
        assert!(!head.contains("GET /injected"), "{what}: {head:?}");
        for line in head.trim_end_matches("\r\n").split("\r\n") {
            assert!(!line.starts_with("X-Injected"), "{what}: {head:?}");
            assert!(!line.contains(|c: char| c.is_ascii_control() && c != '\t'), "{what}: {head:?}");
        }
    }
}

/// What a command did with a value.
struct Did {
    refused: bool,
    requests: Vec<Request>,
}

fn give(option: &str, value: &str, what: &str) -> Did {
    give_by("--http1.1", option, value, what)
}

fn give_by(version: &str, option: &str, value: &str, what: &str) -> Did {
    let (address, requests) = listener();
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let value = value.replace("{dir}", inner.to_str().unwrap());
    let url = format!("http://{address}/");
    let output = gfetch(&["-m", "5", "--connect-timeout", "2", version, option, &value, &url]);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let is_printed = OPTIONS.iter().any(|row| row.0 == option && row.2 == Printed);
    let shown = if is_printed { err.clone() } else { out.clone() + &err };
    assert!(harmful(&shown).is_empty(), "{what}: {shown:?}");
    let code = output.status.code().unwrap_or_else(|| panic!("{what}: {:?}", output.status));
    assert!(!err.contains("panicked"), "{what}: {err}");
    let requests = requests.lock().unwrap().clone();
    check_requests(&requests, what);
    if option != "--output-dir" {
        let outside: Vec<String> =
            files(folder.path()).into_iter().filter(|file| !file.starts_with("inner/")).collect();
        assert!(outside.is_empty(), "{what}: {outside:?}");
    }
    if code == 2 {
        let names_file = err.contains(inner.to_str().unwrap());
        assert!(err.contains(option) || names_file, "{what}: the message names neither option nor file: {err}");
        assert!(names_file || err.len() < 2_000, "{what}: {} bytes of message", err.len());
        assert!(requests.is_empty(), "{what}: refused, and sent");
    }
    Did { refused: code == 2, requests }
}

fn rows(fate: Fate) -> impl Iterator<Item = (&'static str, &'static str)> {
    OPTIONS.iter().filter(move |row| row.2 == fate).map(|row| (row.0, row.1))
}

/// Whether this version has the option at all.
fn is_built(option: &str) -> bool {
    let help = text(&gfetch(&["--help"]).stdout);
    option == "--url" || help.contains(&format!("{option} <"))
}

#[test]
fn every_option_that_takes_a_value_has_its_row() {
    let help = text(&gfetch(&["--help"]).stdout);
    let words = help.split_ascii_whitespace().collect::<Vec<_>>();
    let pairs = words.windows(2).filter(|pair| pair[0].starts_with("--") && pair[1].starts_with('<'));
    let options: Vec<&str> = pairs.map(|pair| pair[0]).collect();
    assert!(options.len() > 30, "{options:?}");
    let without: Vec<_> = options.iter().filter(|option| !OPTIONS.iter().any(|row| row.0 == **option)).collect();
    assert!(without.is_empty(), "no row in tests/hostile/injection.rs: {without:?}");
}

#[test]
fn what_goes_into_a_head_has_no_control_characters() {
    for (option, good) in rows(Sent) {
        let built = is_built(option);
        for (name, poison) in poisons() {
            let what = format!("{option} with {name}");
            let did = give(option, &format!("{good}{poison}"), &what);
            let has_controls = poison.chars().any(char::is_control);
            assert!(did.refused || (built && !has_controls), "{what}: it was taken");
        }
    }
}

#[test]
fn http2_opens_no_other_way_into_a_head() {
    for (option, good) in rows(Sent) {
        for (name, poison) in poisons() {
            let what = format!("{option} with {name}, by HTTP/2");
            let did = give_by("--http2-prior-knowledge", option, &format!("{good}{poison}"), &what);
            assert!(did.refused || !poison.chars().any(char::is_control), "{what}: it was taken");
            assert_eq!(did.requests.len(), usize::from(!did.refused), "{what}");
        }
    }
}

/// What is part of HTTP/2's own frame, or speaks of an HTTP/1.1 connection (RFC 9113 sections 8.2.2 and 8.3).
#[test]
fn fields_that_http2_has_no_place_for_do_not_get_in() {
    for (field, refused, requests) in [
        (":authority: evil.example", true, 0),
        (":path: /evil", true, 0),
        ("X Y: z", true, 0),
        ("Transfer-Encoding: chunked", true, 0),
        ("Content-Length: 7", true, 0),
        ("Connection: close, X-Mine", false, 1),
        ("Keep-Alive: 5", false, 1),
        ("Upgrade: h2c", false, 1),
        ("TE: gzip", false, 1),
        ("Host: x", false, 1),
        // No authority: that record's failure, and nothing sent.
        ("Host: a b", false, 0),
        ("Host: a/b", false, 0),
        ("Host;", false, 0),
    ] {
        let did = give_by("--http2-prior-knowledge", "--header", field, field);
        assert_eq!((did.refused, did.requests.len()), (refused, requests), "{field}");
    }
}

#[test]
fn what_is_encoded_stays_in_its_place() {
    for (option, good) in rows(Encoded) {
        for (name, poison) in poisons() {
            give(option, &format!("{good}{poison}"), &format!("{option} with {name}"));
        }
    }
}

#[test]
fn a_body_is_sent_byte_for_byte_and_ends_where_it_ends() {
    for (option, good) in rows(Body) {
        for (name, poison) in poisons() {
            let what = format!("{option} with {name}");
            let value = format!("{good}{poison}");
            let did = give(option, &value, &what);
            if is_built(option) {
                assert_eq!(did.requests.len(), 1, "{what}");
                assert!(did.requests[0].body == value.as_bytes(), "{what}: another body");
            } else {
                assert!(did.refused, "{what}");
            }
        }
    }
}

#[test]
fn what_is_local_is_never_sent() {
    for (option, good) in rows(Local).chain(rows(Printed)) {
        for (name, poison) in poisons() {
            let what = format!("{option} with {name}");
            let did = give(option, &format!("{good}{poison}"), &what);
            assert!(did.requests.iter().all(|request| !request.head.contains("njected")), "{what}");
        }
    }
}

#[test]
fn a_number_a_word_or_an_address_is_nothing_else() {
    for (option, good) in rows(Closed) {
        for (name, poison) in poisons() {
            let what = format!("{option} with {name}");
            assert!(give(option, &format!("{good}{poison}"), &what).refused, "{what}: it was taken");
        }
    }
}

/// A NUL ends a string for whoever is written in C.
#[test]
fn a_nul_in_a_file_is_refused_or_a_byte_of_a_body() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (headers, data) = (file("headers", b"X-A: b\0c\r\n"), file("data", b"a\0b"));
    assert!(give("--header", &format!("@{headers}"), "a NUL in -H @FILE").refused);
    let sent = give("--data-binary", &format!("@{data}"), "a NUL in --data-binary @FILE");
    assert_eq!(sent.requests[0].body, b"a\0b");
    let (address, requests) = listener();
    let list =
        file("list", format!("http://{address}/\0\nhttp://{address}\0.example/\n\0http://{address}/\n").as_bytes());
    let output = gfetch(&["-i", &list, "--format", "json"]);
    assert_eq!(text(&output.stdout).matches("\"kind\":\"url\"").count(), 3, "{}", text(&output.stdout));
    assert_eq!((output.status.code(), requests.lock().unwrap().len()), (Some(3), 0));
}

/// What a line of a list may say of its request: the same poisons, written as JSON.
#[test]
fn a_lists_line_cannot_inject_either() {
    for (name, poison) in poisons().into_iter().chain([("NUL", "\0X-Injected: yes".to_owned())]) {
        let (address, requests) = listener();
        let folder = tempfile::tempdir().unwrap();
        let poison = &poison[..poison.len().min(9_000)];
        let url = format!("http://{address}/");
        let line = |member: &str, value: serde_json::Value| {
            let mut object = serde_json::json!({ "url": url });
            object[member] = value;
            object.to_string() + "\n"
        };
        let with = |good: &str| serde_json::Value::from(format!("{good}{poison}"));
        let field =
            |name: String, value: String| serde_json::Value::Object([(name, value.into())].into_iter().collect());
        let list = [
            line("url", with(&url)),
            line("method", with("GET")),
            line("headers", field("X-A".into(), format!("b{poison}"))),
            line("headers", field(format!("X-A{poison}"), "b".into())),
            line("output", with("out")),
            line("id", with("id")),
            line("timeout", with("3")),
            line("body", with("body")),
        ];
        let path = folder.path().join("list");
        fs::write(&path, list.concat()).unwrap();
        let saved = folder.path().join("saved");
        fs::create_dir(&saved).unwrap();
        let arguments = ["-i", path.to_str().unwrap(), "--output-dir", saved.to_str().unwrap(), "-o", "{index}-{id}"];
        let output = gfetch(&arguments);
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert!(harmful(&shown).is_empty(), "{name}: {shown:?}");
        assert_eq!(text(&output.stdout).lines().count(), list.len(), "{name}: a line a record");
        check_requests(&requests.lock().unwrap(), name);
        for file in files(&saved) {
            assert!(harmful(&file).is_empty() && !file.contains('/'), "{name}: {file:?}");
        }
        assert!(Path::new(&path).exists());
    }
}
