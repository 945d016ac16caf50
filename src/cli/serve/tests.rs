//! The command's server as its clients see it: a real one on a thread, asked over real sockets.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
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

#[test]
fn bytes_are_the_same_every_time_and_as_many_as_asked_for() {
    let server = standing(None);
    for bytes in [0, 1, 1024, 65_536, 1_000_000] {
        let answer = server.get(&format!("/bytes/{bytes}"));
        assert_eq!((answer.status, answer.field("content-length").unwrap()), (200, bytes.to_string().as_str()));
        assert!(answer.body == random(bytes), "/bytes/{bytes}");
    }
}

#[test]
fn sixteen_gibibytes_are_announced_and_streamed() {
    let server = standing(None);
    assert_eq!(server.ask("HEAD", "/bytes/17179869184", "").field("content-length"), Some("17179869184"));
    let mut stream = server.connect();
    stream.write_all(b"GET /bytes/17179869184 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut some = vec![0; 1 << 20];
    stream.read_exact(&mut some).unwrap();
    drop(stream);
    assert_eq!(server.get("/bytes/1").status, 200, "who leaves halfway harms nobody");
}

#[test]
fn bodies_end_by_chunks_or_by_the_close() {
    let server = standing(None);
    let chunked = server.get("/chunked/10?chunk=4");
    assert_eq!(chunked.field("transfer-encoding"), Some("chunked"));
    assert_eq!(dechunked(&chunked.body), (random(10), vec![4, 4, 2]));
    assert_eq!(dechunked(&server.get("/chunked/10").body).1, [4, 4, 2]);
    assert_eq!(dechunked(&server.get("/chunked/0").body).1, [0; 0]);
    let large = dechunked(&server.get("/chunked/700000?chunk=500000").body);
    assert!(large == (random(700_000), vec![500_000, 200_000]));
    let close = server.raw("GET /no-length/10 HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = String::from_utf8_lossy(&close[..close.len() - 10]).into_owned();
    assert_eq!(close[close.len() - 10..], random(10));
    assert!(head.contains("Connection: close") && !head.contains("Content-Length") && !head.contains("Transfer"));
}

#[test]
fn each_coding_decodes_to_the_same_text() {
    let server = standing(None);
    for bytes in [0, 100, 300_000] {
        let mut text = Vec::new();
        content::Text::new(bytes).read_to_end(&mut text).unwrap();
        for coding in ["gzip", "deflate", "zstd"] {
            let answer = server.get(&format!("/{coding}/{bytes}"));
            assert_eq!(answer.field("content-encoding"), Some(coding));
            assert!(decoded(&answer) == text, "/{coding}/{bytes}");
            assert!(bytes < 300_000 || answer.body.len() < 100_000, "/{coding}: {}", answer.body.len());
        }
    }
}

#[test]
fn a_delay_delays_and_a_drip_drips() {
    let server = standing(None);
    let timed = |target: &str| {
        let begun = Instant::now();
        (server.get(target), begun.elapsed())
    };
    let (answer, took) = timed("/delay/80");
    assert_eq!(answer.text(), "after 80 ms\n");
    assert!(took >= Duration::from_millis(80), "{took:?}");
    assert_eq!(timed("/delay/1?bytes=3").0.body, random(3));
    let (answer, took) = timed("/drip?bytes=2000&ms=100");
    assert!(answer.body == random(2000) && took >= Duration::from_millis(100), "{took:?}");
    assert_eq!(timed("/drip?bytes=3&ms=0").0.body, random(3));
    assert_eq!(timed("/drip?bytes=0&ms=20").0.body, b"");

    let mut stream = server.connect();
    stream.write_all(b"GET /drip?bytes=2&ms=600 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let begun = Instant::now();
    stream.read_exact(&mut [0; 17]).unwrap();
    assert!(begun.elapsed() < Duration::from_millis(250), "the head comes at once: {:?}", begun.elapsed());
}

#[test]
fn statuses_and_redirects() {
    let server = standing(None);
    assert_eq!(server.get("/status/404").text(), "404 Not Found\n");
    assert_eq!(server.get("/status/999").status, 999);
    let empty = server.get("/status/204");
    assert_eq!((empty.status, empty.body.len(), empty.field("content-length")), (204, 0, None));
    let redirect = server.get("/redirect/2");
    assert_eq!((redirect.status, redirect.field("location")), (302, Some("1")));
    assert_eq!(server.get("/redirect/0").status, 200);
    let to = server.get("/redirect-to?url=http%3A%2F%2Fb%2F%3Fc%3Dd&status=308");
    assert_eq!((to.status, to.field("location")), (308, Some("http://b/?c=d")));
}

#[test]
fn no_parameter_splits_a_response() {
    let server = standing(None);
    for target in ["/redirect-to?url=/%0d%0aX-A:%20b", "/redirect-to?url=/%0aX-A:b", "/redirect-to?url=/%00"] {
        let answer = server.get(target);
        assert_eq!((answer.status, answer.field("x-a")), (400, None), "{target}");
    }
}

#[test]
fn a_wrong_parameter_is_400_and_says_what_is_right() {
    let server = standing(None);
    for target in [
        "/bytes/-1",
        "/bytes/17179869185",
        "/bytes/1e3",
        "/delay/soon",
        "/delay/3600001",
        "/delay/0?bytes=x",
        "/status/199",
        "/status/1000",
        "/redirect/x",
        "/redirect-to",
        "/redirect-to?url=/&status=200",
        "/gzip/1073741825",
        "/chunked/5?chunk=0",
        "/drip?ms=x",
        "/range/x",
        "/retry-after/x",
        "/truncate/x",
    ] {
        let answer = server.get(target);
        assert_eq!(answer.status, 400, "{target}");
        let route = routes::find(Target::of(target).path.as_str()).unwrap().0;
        assert_eq!(answer.text(), format!("{} takes {}\n", route.pattern, route.takes));
    }
    assert_eq!(server.get("/nowhere").status, 404);
}

#[test]
fn a_request_is_told_back() {
    let server = standing(None);
    let told = server.ask("GET", "/headers", "X-A: 1\r\nX-B: 2\r\nx-a: 3\r\n").json();
    assert_eq!(told["headers"]["X-A"], serde_json::json!(["1", "3"]));
    assert_eq!(told["headers"]["X-B"], "2");
    let told = server.get("/echo?a=b").json();
    assert_eq!((told["method"].as_str(), told["target"].as_str()), (Some("GET"), Some("/echo?a=b")));
    let body = "Content-Type: text/x-a\r\nContent-Length: 3\r\n\r\nab\0";
    let answer = server.raw(&format!("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{body}"));
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("Content-Type: text/x-a\r\n") && answer.ends_with("\r\n\r\nab\0"), "{answer}");
}

#[test]
fn an_echo_has_a_bound() {
    let server = standing(None);
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut stream = server.connect();
    let mut sender = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let chunk = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
        sender.write_all(head.as_bytes()).unwrap();
        (0..20).try_for_each(|_| sender.write_all(chunk.as_bytes())).is_ok()
    });
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    assert!(heard.starts_with("HTTP/1.1 413 "), "{heard}");
    let _ = sending.join();
}

#[test]
fn basic_authentication_opens_its_page() {
    let server = standing(None);
    let without = server.get("/basic-auth/user/pass");
    assert_eq!(without.status, 401);
    assert!(without.field("www-authenticate").unwrap().starts_with("Basic realm="));
    assert_eq!(server.ask("GET", "/basic-auth/user/pass", "Authorization: Basic eDp5\r\n").status, 401);
    let with = server.ask("GET", "/basic-auth/user/pass", "Authorization: Basic dXNlcjpwYXNz\r\n");
    assert_eq!((with.status, with.json()["user"].as_str()), (200, Some("user")));
}

#[test]
fn what_is_known_is_304() {
    let server = standing(None);
    let first = server.get("/cache");
    assert_eq!((first.status, first.body.len()), (200, 1024));
    let (etag, modified) = (first.field("etag").unwrap(), first.field("last-modified").unwrap());
    for field in [format!("If-None-Match: \"x\", W/{etag}"), format!("If-Modified-Since: {modified}")] {
        let again = server.ask("GET", "/cache", &format!("{field}\r\n"));
        assert_eq!((again.status, again.body.len(), again.field("etag")), (304, 0, Some(etag)), "{field}");
    }
    let older = "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    assert_eq!(server.ask("GET", "/cache", older).status, 200);
    let both = format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {modified}\r\n");
    assert_eq!(server.ask("GET", "/cache", &both).status, 200, "the tag alone counts");
}

#[test]
fn parts_are_the_same_bytes() {
    let server = standing(None);
    let part = |more: &str| server.ask("GET", "/range/100000", more);
    let middle = part("Range: bytes=65000-66000\r\n");
    assert_eq!((middle.status, middle.field("content-range")), (206, Some("bytes 65000-66000/100000")));
    assert!(middle.body == random(100_000)[65_000..=66_000]);
    let behind = part("Range: bytes=100000-\r\n");
    assert_eq!((behind.status, behind.field("content-range")), (416, Some("bytes */100000")));
    assert_eq!(part("Range: bytes=0-1,5-6\r\n").body.len(), 100_000);
    assert_eq!(part("Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").status, 200);
    assert_eq!(part("Range: bytes=0-1\r\nIf-Range: \"random-100000\"\r\n").status, 206);
}

#[test]
fn a_retry_succeeds_after_its_times_each_key_alone() {
    let server = standing(None);
    for (target, status) in [
        ("/retry-after/7?times=2&key=a", 503),
        ("/retry-after/7?times=2&key=a", 503),
        ("/retry-after/7?times=2&key=b", 503),
        ("/retry-after/7?times=2&key=a", 200),
        ("/retry-after/7?times=0&key=c", 200),
    ] {
        let answer = server.get(target);
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.field("retry-after"), (status == 503).then_some("7"));
    }
}

#[test]
fn broken_servers_are_played() {
    let server = standing(None);
    let ask = |target: &str| server.raw(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(ask("/close"), b"");
    let truncated = ask("/truncate/10");
    assert!(String::from_utf8_lossy(&truncated).contains("Content-Length: 10\r\n"));
    assert!(truncated.ends_with(&[b"\r\n\r\n".as_slice(), &random(5)].concat()));
}

#[test]
fn the_index_names_every_route() {
    let server = standing(None);
    let index = server.get("/");
    assert!(index.field("content-type").unwrap().starts_with("text/html"));
    assert!(routes::ROUTES.iter().all(|route| index.text().contains(route.pattern)));
    assert_eq!(server.ask("POST", "/", "").status, 405);
}

/// A folder with something to hide, beside something that is not in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir_all(root.join("sub/.git")).unwrap();
    fs::create_dir_all(root.join("bytes")).unwrap();
    fs::create_dir(folder.path().join("rooted")).unwrap();
    for (name, text) in [
        ("secret.txt", "secret"),
        ("rooted/secret.txt", "secret"),
        ("root/a b.txt", "hello"),
        ("root/bytes/3", "file"),
        ("root/.env", "secret"),
        ("root/sub/index.html", "<p>index"),
        ("root/sub/.git/config", "secret"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    fs::write(root.join("large.bin"), random(700_000)).unwrap();
    std::os::unix::fs::symlink("a b.txt", root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink("../secret.txt", root.join("out.txt")).unwrap();
    std::os::unix::fs::symlink("..", root.join("up")).unwrap();
    std::os::unix::fs::symlink(".env", root.join("hidden.txt")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", root.join("zero")).unwrap();
    std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.join("pipe")).status();
    assert!(made.unwrap().success());
    folder
}

fn standing_in(folder: &tempfile::TempDir) -> Standing {
    standing(Some(&folder.path().join("root")))
}

#[test]
fn a_file_is_served_with_its_type_and_length() {
    let (folder, server);
    folder = self::folder();
    server = standing_in(&folder);
    let file = server.get("/a%20b.txt?query");
    assert_eq!((file.status, file.text(), file.field("content-length")), (200, "hello", Some("5")));
    assert_eq!(file.field("content-type"), Some("text/plain; charset=utf-8"));
    let head = server.ask("HEAD", "/a%20b.txt", "");
    assert_eq!((head.body.len(), head.field("content-length")), (0, Some("5")));
    assert_eq!(server.get("/link.txt").text(), "hello", "a link that stays inside");
    assert!(server.get("/large.bin").body == random(700_000));
    let part = server.ask("GET", "/large.bin", "Range: bytes=600000-\r\n");
    assert!(part.status == 206 && part.body == random(700_000)[600_000..]);
    let known = format!("If-Modified-Since: {}\r\n", file.field("last-modified").unwrap());
    assert_eq!(server.ask("GET", "/a%20b.txt", &known).status, 304);
    assert_eq!(server.ask("POST", "/a%20b.txt", "").status, 405);
}

#[test]
fn routes_win_over_files_and_a_folder_is_its_index() {
    let (folder, server);
    folder = self::folder();
    server = standing_in(&folder);
    assert_eq!(server.get("/bytes/3").body, random(3));
    let redirect = server.get("/sub?a=b");
    assert_eq!((redirect.status, redirect.field("location")), (301, Some("/sub/?a=b")));
    assert_eq!(server.get("/sub/").text(), "<p>index");
    assert_eq!(server.get("/bytes/").status, 404, "no list of what is in a folder");
    assert!(server.get("/").text().contains("/bytes/N"), "no index.html here: the routes");
    fs::write(folder.path().join("root/index.html"), "own").unwrap();
    assert_eq!(server.get("/").text(), "own");
}

#[test]
fn nothing_outside_and_nothing_hidden_is_served() {
    let (folder, server);
    folder = self::folder();
    server = standing_in(&folder);
    let absolute = format!("/{}", folder.path().join("secret.txt").display());
    for target in [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/.%2e/secret.txt",
        "/sub/%2e%2e/a%20b.txt",
        "/%252e%252e/secret.txt",
        "/..%5csecret.txt",
        "/../rooted/secret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        &absolute,
        "/./a%20b.txt",
        "/sub//index.html",
        "/out.txt",
        "/up/secret.txt",
        "/up/root/a%20b.txt",
        "/hidden.txt",
        "/.env",
        "/%2eenv",
        "/sub/.git/config",
        "/a%20b.txt%00",
        "/a%20b.txt%00.html",
        "/%00",
        "/a%20b.txt/",
        "/%ff",
        "/zero",
        "/loop",
        "/pipe",
        "/up/",
    ] {
        let answer = server.get(target);
        assert_eq!(answer.status, 404, "{target}: {}", answer.text());
        assert!(!answer.text().contains("secret"), "{target}");
    }
    let long = server.get(&format!("/{}", "a".repeat(5000)));
    assert_eq!(long.status, 404, "a name too long is no file");
}

#[test]
fn what_cannot_be_served_is_said_at_once() {
    let options = |port, dir: &str| ServeOptions { bind: [127, 0, 0, 1].into(), port, dir: Some(dir.into()) };
    let error = run(&options(0, "/nowhere"), &mut Vec::new(), || ()).unwrap_err();
    assert_eq!(error.to_string(), "cannot serve /nowhere: No such file or directory (os error 2)");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let holder = std::net::TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let error = run(&options(taken, "/"), &mut Vec::new(), || ()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on 127.0.0.1:{taken}: ")), "{error}");
    drop(holder);
}

#[test]
fn a_stop_ends_idle_and_busy_connections() {
    let server = standing(None);
    let mut busy = server.connect();
    busy.write_all(b"GET /delay/60000 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut idle = server.connect();
    idle.write_all(b"GET /bytes/1 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut line = String::new();
    BufReader::new(&idle).read_line(&mut line).unwrap();
    let begun = Instant::now();
    drop(server);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(busy.read(&mut [0; 1]).unwrap_or(0), 0);
    let _ = busy.shutdown(Shutdown::Both);
}

#[test]
fn the_demos_pages_have_the_tutorials_sizes() {
    let sizes = demo::PAGES.each_ref().map(|page| (page.body.len(), page.delay_ms));
    assert_eq!(sizes, [(47_424, 300), (47_424, 300), (25_735, 900), (82_693, 450)]);
    assert!(demo::PAGES[0].body == demo::PAGES[1].body);
}

#[test]
fn the_demo_answers_each_host_in_its_time() {
    use gfetch::net::TcpStream;
    green::Config::new().run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = server::start(listener, ServerLimits::default(), demo::demo_handler());
        let ask = move |host: &str, path: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}:80\r\nConnection: close\r\n\r\n").unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).unwrap();
            heard
        };
        let begun = green::now();
        let tasks = demo::PAGES.map(|page| green::spawn(move || (ask(page.host, "/"), page, green::now() - begun)));
        for task in tasks {
            let (heard, page, took) = task.get().unwrap();
            assert!(heard.starts_with(b"HTTP/1.1 200 ") && heard.ends_with(page.body), "{}", page.host);
            assert!(took >= Duration::from_millis(page.delay_ms), "{}: {took:?}", page.host);
        }
        assert!(ask("www.python.example", "/other").starts_with(b"HTTP/1.1 404 "));
        assert!(ask("other.example", "/").starts_with(b"HTTP/1.1 404 "));
        server.stop(Duration::ZERO).unwrap();
    });
}
