//! The command's server as its clients see it: a real one on a thread, asked over real sockets.

mod files;
mod life;
mod route_answers;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::asked::Target;
use super::*;

/// A server that stands until this is dropped.
struct Standing {
    port: u16,
    stop: Option<green::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// Standard output of the server: the first line goes to the test.
struct FirstLine(mpsc::Sender<String>, Vec<u8>);

impl Write for FirstLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.send(String::from_utf8(std::mem::take(&mut self.1)).unwrap()).map_err(io::Error::other)
    }
}

fn standing(dir: Option<&Path>) -> Standing {
    let (line_sender, line) = mpsc::channel();
    let (stop_sender, stop) = mpsc::channel();
    let options = ServeOptions { bind: [127, 0, 0, 1].into(), port: 0, dir: dir.map(Into::into) };
    let thread = std::thread::spawn(move || {
        run(&options, &mut FirstLine(line_sender, Vec::new()), || {
            let (sender, mailbox) = green::mailbox();
            stop_sender.send(sender).unwrap();
            let _ = mailbox.receive();
        })
    });
    let line = line.recv().expect("it stands");
    let port = line.strip_prefix("serving http://127.0.0.1:").and_then(|rest| rest.strip_suffix("/\n")).unwrap();
    Standing { port: port.parse().unwrap(), stop: stop.recv().ok(), thread: Some(thread) }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.stop.take().unwrap().send(());
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

/// An answer, taken apart by the test's own few lines.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(had, _)| had.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Standing {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends this and reads to the close.
    fn raw(&self, request: &str) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        heard
    }

    fn ask(&self, method: &str, target: &str, more: &str) -> Answer {
        let heard = self.raw(&format!("{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{more}\r\n"));
        let end = heard.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let head = String::from_utf8(heard[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        let body = heard[end..].to_vec();
        Answer { status, head, body }
    }

    fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, "")
    }
}

/// Chunks to their data, and the sizes they had.
fn dechunked(mut body: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut data, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let mut line = String::new();
        body.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        if size == 0 {
            assert_eq!(body, b"\r\n");
            return (data, sizes);
        }
        data.extend_from_slice(&body[..size]);
        sizes.push(size);
        body = &body[size + 2..];
    }
}

fn random(bytes: u64) -> Vec<u8> {
    content::random(0, bytes).collect::<Vec<_>>().concat()
}

fn decoded(answer: &Answer) -> Vec<u8> {
    use gfetch::http::coding::{Decoder, MemoryBudget, parse_codings};
    let codings = parse_codings([answer.field("content-encoding").unwrap().as_bytes()]).unwrap();
    let mut text = Vec::new();
    Decoder::new(&codings, &*answer.body, &MemoryBudget::new(64 << 20)).read_to_end(&mut text).unwrap();
    text
}
