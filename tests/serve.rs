//! `gfetch serve` as a process, over raw sockets: its first line, its connections, its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The command, standing; killed when this is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gfetch"));
        let mut child = command.args(["serve", "--port", "0"]).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("serving http://").and_then(|rest| rest.strip_suffix("/\n"));
        Server { child, address: address.unwrap_or_else(|| panic!("{line:?}")).to_owned() }
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Two connections: one whose exchange is over, and one that waits for `target`, which the server has read by then.
    fn idle_and_busy(&self, target: &str) -> (Connection, Connection) {
        let idle = self.connect_and_ask();
        let mut busy = self.connect();
        busy.say(&get(target));
        // Another exchange after what was said before: by then that has been read.
        std::thread::sleep(Duration::from_millis(100));
        self.connect_and_ask();
        (idle, busy)
    }

    fn connect_and_ask(&self) -> Connection {
        let mut connection = self.connect();
        connection.say(&get("/bytes/1"));
        connection.answer();
        connection
    }

    fn connect(&self) -> Connection {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Connection(BufReader::new(stream))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that reads answers one by one.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// A head, line by line.
    fn head(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            match line.trim_end() {
                "" => return lines,
                line => lines.push(line.to_owned()),
            }
        }
    }

    /// A whole answer of a known length.
    fn answer(&mut self) -> (String, Vec<u8>) {
        let head = self.head();
        let length = head.iter().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).unwrap();
        (head[0].clone(), body)
    }

    /// What comes up to the close.
    fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        String::from_utf8_lossy(&rest).into_owned()
    }
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

const OK: &str = "HTTP/1.1 200 OK";

#[test]
fn the_first_line_says_where_and_the_port_is_free_to_choose() {
    let (one, two) = (Server::start(&[]), Server::start(&["--bind", "::1"]));
    assert!(one.address.starts_with("127.0.0.1:") && two.address.starts_with("[::1]:"));
    let mut connection = two.connect();
    connection.say(&get("/bytes/10"));
    assert_eq!(connection.answer().1.len(), 10);
}

#[test]
fn a_connection_carries_one_exchange_after_another_and_several_at_once() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    connection.say(&get("/bytes/1024"));
    let first = connection.answer();
    assert_eq!((first.0.as_str(), first.1.len()), (OK, 1024));
    connection.say(&[get("/bytes/1024"), get("/delay/20"), get("/status/404")].concat());
    assert_eq!(connection.answer(), first);
    assert_eq!(connection.answer().1, b"after 20 ms\n");
    assert_eq!(connection.answer().0, "HTTP/1.1 404 Not Found");
    connection.0.get_mut().shutdown(Shutdown::Write).unwrap();
    assert_eq!(connection.rest(), "");
}

#[test]
fn a_head_request_leaves_the_connection_in_step() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    connection.say(&[get("/bytes/5").replace("GET", "HEAD"), get("/bytes/5")].concat());
    assert!(connection.head().contains(&"Content-Length: 5".to_owned()));
    assert_eq!(connection.answer().1.len(), 5);
}

#[test]
fn a_body_is_sent_after_100_continue() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    connection.say("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_eq!(connection.head(), ["HTTP/1.1 100 Continue"]);
    connection.say("abc");
    assert_eq!(connection.answer(), (OK.to_owned(), b"abc".to_vec()));
    // A route that has no use for the body answers without it, and closes.
    connection.say("POST /status/403 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    let answer = connection.rest();
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("\r\nConnection: close\r\n"), "{answer}");
}

#[test]
fn a_refusal_reaches_a_client_that_goes_on_sending() {
    let server = Server::start(&[]);
    for (request, status) in [
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nHost: a\r\nA: \x01\r\n\r\n", 400),
        ("\x16\x03\x01\x02\x00\x01", 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ] {
        let mut connection = server.connect();
        connection.say(request);
        connection.say(&get("/bytes/1").repeat(1000));
        let heard = connection.rest();
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {heard:?}");
        assert_eq!(heard.matches("HTTP/1.1 ").count(), 1, "nothing behind it is answered");
    }
}

#[test]
fn a_folder_keeps_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("page.html"), "<p>hello").unwrap();
    std::fs::write(root.join(".secret"), "secret").unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret", root.join("link")).unwrap();
    let server = Server::start(&[root.to_str().unwrap()]);
    let mut connection = server.connect();
    connection.say(&get("/page.html"));
    assert_eq!(connection.answer(), (OK.to_owned(), b"<p>hello".to_vec()));
    for target in ["/../secret", "/..%2fsecret", "/%2e%2e/secret", "/.secret", "/link", "/page.html%00", "//etc/passwd"]
    {
        connection.say(&get(target));
        assert_eq!(connection.answer().0, "HTTP/1.1 404 Not Found", "{target}");
    }
}

#[test]
fn a_signal_ends_idle_connections_and_lets_a_running_exchange_finish() {
    for (name, number) in [("-TERM", 15), ("-INT", 2)] {
        let mut server = Server::start(&[]);
        let (mut idle, mut busy) = server.idle_and_busy("/delay/1000");
        server.signal(name);
        assert_eq!(idle.rest(), "");
        assert!(TcpStream::connect(&server.address).is_err(), "nobody listens");
        let answer = busy.rest();
        assert!(answer.contains("\r\nConnection: close\r\n") && answer.ends_with("after 1000 ms\n"), "{answer}");
        assert_eq!(server.child.wait().unwrap().signal(), Some(number));
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start(&[]);
    let (mut idle, mut busy) = server.idle_and_busy("/delay/60000");
    server.signal("-TERM");
    assert_eq!(idle.rest(), "", "the first has been heard");
    let begun = Instant::now();
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().signal(), Some(15));
    assert!(begun.elapsed() < Duration::from_secs(4), "it did not wait for the grace: {:?}", begun.elapsed());
    let mut one = [0];
    assert_eq!(busy.0.read(&mut one).unwrap_or(0), 0);
}

#[test]
fn a_folder_that_is_none_is_exit_2_with_its_name() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gfetch"));
    let output = command.args(["serve", "--port", "0", "/nowhere"]).output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(talk.contains("cannot serve /nowhere: "), "{talk}");
}
