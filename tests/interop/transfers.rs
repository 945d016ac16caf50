//! Requests as curl makes them, byte for byte but for who asks; and parts and conditions as nginx understands them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use crate::client::{gfetch, run, same_as_curl};
use crate::needs_servers;
use crate::nginx::Nginx;

/// What one client sends to a server that says nothing but 200: the first line, its fields in order of their names, the
/// body. Left out is what tells the clients apart.
fn sent(program: &str, options: &[&str]) -> (String, Vec<String>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/path?q=0", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("a head");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("text");
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        if field("expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").expect("sent");
        }
        let mut body = vec![0; field("content-length").map_or(0, |length| length.parse().expect("a length"))];
        stream.read_exact(&mut body).expect("the body");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("sent");
        (head, body)
    });
    let arguments = [options, &["--no-compressed", &url]].concat();
    match program {
        "curl" => run(Command::new("curl").args(["-q", "-s"]).args(arguments), ""),
        _ => gfetch(&arguments, ""),
    };
    let (head, body) = server.join().expect("no panic");
    let mut lines = head.lines();
    let first = lines.next().expect("a line").to_owned();
    let who = |line: &&str| !line.starts_with("User-Agent: ") && !line.starts_with("Host: ") && !line.is_empty();
    // White space around a value is not part of it.
    let field = |line: &str| line.split_once(':').map(|(name, value)| format!("{name}: {}", value.trim()));
    let mut fields: Vec<String> = lines.filter(who).filter_map(field).collect();
    fields.sort();
    (first, fields, body)
}

#[test]
fn requests_are_curls() {
    needs_servers!();
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("data");
    std::fs::write(&file, "a b&c\r\nd").expect("written");
    let large = dir.path().join("large");
    std::fs::write(&large, "x".repeat((1 << 20) + 1)).expect("written");
    let at = |prefix: &str, file: &std::path::Path| format!("{prefix}@{}", file.display());
    let (from_file, named, just, big) = (at("", &file), at("n", &file), at("-", &file), at("", &large));
    let alike: &[&[&str]] = &[
        &[],
        &["-d", "a=1", "-d", "b=2"],
        &["-d", &from_file],
        &["--data-binary", &from_file],
        &["--data-raw", &just],
        &["--data-urlencode", "a b&c"],
        &["--data-urlencode", "=a=b "],
        &["--data-urlencode", "n=ü ~-._", "--data-urlencode", &named],
        &["--data-urlencode", &from_file],
        &["--json", "{\"a\":", "--json", "1}"],
        &["--json", "{}", "-d", "x"],
        &["--json", &from_file, "-H", "Accept: x", "-H", "content-type:"],
        &["-G", "-d", "a=1", "--data-urlencode", "b=2 &"],
        &["-G", "-d", "a", "-X", "PUT"],
        &["-I", "-G", "-d", "a=1"],
        &["--url-query", "z=a b", "--url-query", "+raw%20x", "-d", "body"],
        &["-H", "X-Empty;", "-H", "Accept:", "-H", "X-Full:  y "],
        &["-r", "0-99"],
        &["-r", "-5"],
        &["-C", "100"],
        &["-z", "Sun, 06 Nov 1994 08:49:37 GMT"],
        &["-z", "-6 Nov 1994 10:49:37 +0200"],
        &["--data-binary", &big],
        &["--data-binary", &big, "-H", "Expect:"],
        &["-X", "PUT", "--data-binary", "small", "-H", "Expect: 100-continue"],
    ];
    for options in alike {
        assert_eq!(sent("gfetch", options), sent("curl", options), "gfetch on the left: {options:?}");
    }
}

#[test]
fn parts_and_conditions_are_curls() {
    needs_servers!();
    let nginx = Nginx::start();
    let same = |options: &[&str]| same_as_curl(&nginx.url("/large.bin"), options);
    same(&["-r", "1000-1999"]);
    same(&["-r", "19999000-"]);
    same(&["-r", "-500"]);
    same(&["-r", "20000000-"]);
    same(&["-z", "1 Jan 2099"]);
    same(&["-z", "1 Jan 2000"]);
    same(&["-C", "19999000"]);
}

/// The same file continued by both, and the same files left by both.
#[test]
fn downloads_are_continued_as_curl_does() {
    needs_servers!();
    let nginx = Nginx::start();
    let whole = std::fs::read(nginx.path("www/large.bin")).expect("the page");
    let url = nginx.url("/large.bin");
    for there in [0, 1, 12_345_678, whole.len()] {
        for program in ["gfetch", "curl"] {
            let dir = tempfile::tempdir().expect("a folder");
            let file = dir.path().join("f");
            std::fs::write(&file, &whole[..there]).expect("written");
            let arguments = ["-s", "-R", "-C", "-", "-o", file.to_str().expect("a UTF-8 path"), &url];
            let output = match program {
                "curl" => run(Command::new("curl").arg("-q").args(arguments), ""),
                _ => gfetch(&arguments, ""),
            };
            assert!(output.status.success(), "{program} at {there}");
            assert!(std::fs::read(&file).expect("the file") == whole, "{program} at {there}");
        }
    }
}
