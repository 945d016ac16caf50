//! The same through the command: what it prints, where it writes, what memory and descriptors it needs.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::codings::{bomb, coded, gzip};

const GFETCH: &str = env!("CARGO_BIN_EXE_gfetch");
/// Real time for a command that hangs.
const HARD_LIMIT: Duration = Duration::from_secs(60);

/// A server on all of 127/8 that gives each request of a connection what `answer` makes of it, until that is empty.
pub fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    serve_while(true, answer)
}

/// The same, but each connection breaks off after its first answer, whole or not.
pub fn serve_and_close(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    serve_while(false, answer)
}

fn serve_while(stays: bool, answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            thread::spawn(move || {
                while let Some(head) = read_head(&mut stream) {
                    let bytes = answer(&head);
                    if bytes.is_empty() || stream.write_all(&bytes).is_err() || !stays {
                        return;
                    }
                }
            });
        }
    });
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

pub fn answer(fields: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

pub fn gfetch(arguments: &[&str]) -> Output {
    let mut command = Command::new(GFETCH);
    command.args(arguments);
    run(command)
}

/// Runs a command to its end, which must come in time.
pub fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env_clear();
    let child = command.spawn().unwrap();
    let id = child.id();
    let (done, ended) = std::sync::mpsc::channel();
    let waiter = thread::spawn(move || {
        let output = child.wait_with_output().unwrap();
        let _ = done.send(());
        output
    });
    if ended.recv_timeout(HARD_LIMIT).is_err() {
        let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        panic!("the command hangs");
    }
    waiter.join().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the command prints UTF-8")
}

/// Characters that move a cursor, set a colour or turn the reading direction round.
pub fn harmful(text: &str) -> Vec<char> {
    let is_harmful = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(is_harmful).collect()
}

#[test]
fn what_a_server_says_cannot_steer_the_terminal() {
    let nasty = "\u{9b}31m\u{202e}evil\u{90}";
    let server = serve(move |head| match head.split(' ').nth(1).unwrap_or_default() {
        "/reason" => format!("HTTP/1.1 404 {nasty}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        "/reason/escape" => b"HTTP/1.1 404 \x1b[31m\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/type" => answer(&format!("Content-Type: text/{nasty}\r\n"), "x"),
        "/location" => format!("HTTP/1.1 302 F\r\nLocation: {nasty}://x/\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        "/location/escape" => b"HTTP/1.1 302 F\r\nLocation: /\x1b[31m\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/location/scheme" => {
            b"HTTP/1.1 302 F\r\nLocation: evil-scheme:\xc2\x9bx\r\nContent-Length: 0\r\n\r\n".to_vec()
        }
        "/coding" => answer(&format!("Content-Encoding: {nasty}\r\n"), "x"),
        _ => answer("", "fine"),
    });
    let paths =
        ["/reason", "/reason/escape", "/type", "/location", "/location/escape", "/location/scheme", "/coding", "/fine"];
    let urls: Vec<String> = paths.iter().map(|path| format!("http://{server}{path}")).collect();
    for extra in [&["--progress", "none"][..], &["-v"], &["--color", "always"]] {
        let arguments: Vec<&str> = extra.iter().copied().chain(urls.iter().map(String::as_str)).collect();
        let output = gfetch(&arguments);
        let mut shown = text(&output.stdout) + &text(&output.stderr);
        if extra == ["--color", "always"] {
            // Its own colours are its own; nothing else may follow an escape.
            for colour in [
                "\u{1b}[0m",
                "\u{1b}[1m",
                "\u{1b}[2m",
                "\u{1b}[31m",
                "\u{1b}[32m",
                "\u{1b}[33m",
                "\u{1b}[36m",
                "\u{1b}[39m",
            ] {
                shown = shown.replace(colour, "");
            }
        }
        assert!(harmful(&shown).is_empty(), "{extra:?}: {shown:?}");
        assert_eq!(text(&output.stdout).lines().count(), paths.len(), "{shown}");
        assert_eq!(output.status.code(), Some(1));
    }
    let json = gfetch(&[&["--format", "json"][..], &urls.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    for line in text(&json.stdout).lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

/// All files below a folder, relative to it.
pub fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[test]
fn no_url_names_a_file_outside_the_folder() {
    let server = serve(|_| answer("", "body"));
    let paths = [
        "/..%2f..%2f..%2fescaped",
        "/%2e%2e%2fescaped",
        "/a/..%5c..%5cescaped",
        "/%2fetc%2fescaped",
        "/..",
        "/%2e%2e",
        "/.",
        "/",
        "/a%00b",
        "/a%0ab",
        "/a%1b%5b31m",
        "/.hidden",
        "/~",
        "/-rf",
        "/a/b/../../../../escaped",
        "/x?../../escaped",
        "/x#../../escaped",
        "/..;/escaped",
        "/....//....//escaped",
        &format!("/{}", "n".repeat(5000)),
    ];
    let urls: Vec<String> = paths.iter().map(|path| format!("http://{server}{path}")).collect();
    for (extra, create) in [
        (&["-O"][..], false),
        (&["-o", "{path}"], true),
        (&["-o", "{host}/{path}"], true),
        (&["-o", "{name}.{ext}"], false),
    ] {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("a/b/c/inner");
        fs::create_dir_all(&inner).unwrap();
        let mut arguments = vec!["-g", "--output-dir", inner.to_str().unwrap()];
        arguments.extend(extra);
        arguments.extend(create.then_some("--create-dirs"));
        arguments.extend(urls.iter().map(String::as_str));
        let output = gfetch(&arguments);
        let all = files(outer.path());
        assert!(all.iter().all(|file| file.starts_with("a/b/c/inner/")), "{extra:?}: {all:?}");
        assert!(all.iter().all(|file| harmful(file).is_empty()), "{extra:?}: {all:?}");
        assert!(!Path::new("/etc/escaped").exists() && !Path::new("/escaped").exists());
        assert_eq!(all.len(), paths.len(), "each has a file of its own; {extra:?}: {all:?} {}", text(&output.stderr));
    }
}

#[test]
fn only_a_whole_body_replaces_a_file() {
    let server = serve(|head| match head.split(' ').nth(1).unwrap_or_default() {
        "/missing" => b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\npage".to_vec(),
        "/coding" => coded("gzip", b"not gzip"),
        "/chunks" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n".to_vec(),
        _ => answer("", "whole"),
    });
    let folder = tempfile::tempdir().unwrap();
    let (file, name) = (folder.path().join("file"), folder.path().join("file").to_str().unwrap().to_owned());
    fs::write(&file, "old").unwrap();
    for path in ["/missing", "/coding", "/chunks"] {
        let output = gfetch(&["--compressed", "-o", &name, &format!("http://{server}{path}")]);
        assert_eq!((output.status.code(), fs::read_to_string(&file).unwrap()), (Some(3), "old".to_owned()), "{path}");
    }
    assert_eq!(files(folder.path()).len(), 1, "nothing half is left lying about");
    assert_eq!(gfetch(&["-o", &name, &format!("http://{server}/")]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), "whole");
}

/// The most memory that a process has had, in KiB.
fn peak_kib(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The server looks at its client: before the first bomb, and when the next URL is asked for.
#[test]
fn a_bomb_needs_no_memory() {
    let bomb = bomb();
    let once = coded("gzip", &bomb);
    let twice = coded("gzip, gzip", &gzip(&bomb));
    let client = Arc::new(Mutex::new(None));
    let peaks = Arc::new(Mutex::new(Vec::new()));
    let (its, all) = (client.clone(), peaks.clone());
    let server = serve(move |head| {
        let id = loop {
            match *its.lock().unwrap() {
                Some(id) => break id,
                None => thread::yield_now(),
            }
        };
        all.lock().unwrap().push(peak_kib(id));
        match head.split(' ').nth(1).unwrap_or_default() {
            "/once" => once.clone(),
            "/twice" => twice.clone(),
            _ => answer("", "end"),
        }
    });
    let urls = ["/first", "/once", "/once", "/twice", "/end"].map(|path| format!("http://{server}{path}"));
    let mut command = Command::new(GFETCH);
    command.args(["--serial", "--format", "json"]).args(urls).env_clear().stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    *client.lock().unwrap() = Some(child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert_eq!(text(&output.stdout).matches("\"bytes\":104857600").count(), 2);
    assert_eq!(text(&output.stdout).matches("\"kind\":\"decode\"").count(), 1, "the one that was coded twice");
    let peaks = peaks.lock().unwrap().clone();
    assert_eq!(peaks.len(), 5);
    assert!(peaks[4] - peaks[0] < 4 * 1024, "KiB at each request: {peaks:?}");
}

fn limited(descriptors: u32, arguments: &[String]) -> Output {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"")).arg(GFETCH).args(arguments);
    run(command)
}

#[test]
fn a_lack_of_descriptors_makes_a_run_slower_and_not_wrong() {
    let server = serve(|_| {
        thread::sleep(Duration::from_millis(20));
        answer("", "body")
    });
    let urls = (1..=200).map(|host| format!("http://127.0.1.{host}:{}/{host}", server.port()));
    let begun = Instant::now();
    let all: Vec<String> = ["-j".to_owned(), "200".to_owned()].into_iter().chain(urls.clone()).collect();
    let output = limited(40, &all);
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 200);
    assert!(begun.elapsed() < Duration::from_secs(30));

    let folder = tempfile::tempdir().unwrap();
    let options = ["-j", "200", "-O", "--output-dir", folder.path().to_str().unwrap()].map(str::to_owned);
    let output = limited(40, &options.into_iter().chain(urls.clone()).collect::<Vec<_>>());
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(files(folder.path()).len(), 200);

    let options = ["-j", "200", "--body"].map(str::to_owned);
    let output = limited(40, &options.into_iter().chain(urls).collect::<Vec<_>>());
    assert_eq!(text(&output.stdout), "body".repeat(200));
}
