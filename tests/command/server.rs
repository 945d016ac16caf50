//! A small HTTP server on threads, scripted by paths, that remembers what it was asked and how much at once.
//!
//! | path | answer |
//! |---|---|
//! | `/bytes/N` | N bytes, each line telling its place |
//! | `/delay/MS/…` | the rest's answer, so much later |
//! | `/gate/…` | the rest's answer, once the test [opens](Server::open) the gate |
//! | `/status/N` | that status, with a body of 5 bytes |
//! | `/to/URL` | a redirect there |
//! | `/on/URL` | the same by 307, which keeps method and body |
//! | `/say/TEXT` | that text |
//! | `/cut/N` | half of the N bytes that it announces |
//! | `/chunked/N` | N bytes in chunks |
//! | `/hang` | never an answer |
//! | `/stall` | a head and 10 of 100 bytes, and nothing more |
//! | `/flood/…` | a body that never ends |
//! | `/drip/N` | N bytes, one each 20 ms |
//! | `/flaky/N/…` | 503 N times, then the rest's answer |
//! | `/later/S/…` | 503 with `Retry-After: S` once, then the rest's answer |
//! | `/file/N` | N bytes with an ETag and a time, which knows ranges and conditions |
//! | `/half/N` | the same, but the connection breaks off in the middle of what is asked for |
//! | `/whole/N` | the same, but it knows no ranges |
//! | `/named/NAME` | that name in a Content-Disposition, percent-decoded |
//! | `/417/…` | 417 to a request that expects something, else the rest's answer |
//! | `/close` | nothing: the connection is closed |
//! | anything else | `ok` |

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A silent connection is given up after this: longer than any test waits.
const SILENCE: Duration = Duration::from_secs(30);

pub struct Server {
    pub addr: SocketAddr,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    running: usize,
    most_running: usize,
    asked: HashMap<String, usize>,
    gate_is_open: bool,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: Instant,
    pub method: String,
    pub path: String,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Server {
    pub fn new() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, log) = (listener.local_addr().unwrap(), Arc::<Mutex<Log>>::default());
        let shared = log.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let log = shared.clone();
                thread::spawn(move || serve(stream.unwrap(), &log));
            }
        });
        Server { addr, log }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// A list of these paths' URLs.
    pub fn list<P: AsRef<str>>(&self, paths: impl IntoIterator<Item = P>) -> String {
        paths.into_iter().map(|path| self.url(path.as_ref()) + "\n").collect()
    }

    /// Every request so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().requests.clone()
    }

    pub fn paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.path).collect()
    }

    /// Lets those go on that were asked for with `/gate/…`, and all to come.
    pub fn open(&self) {
        self.log.lock().unwrap().gate_is_open = true;
    }

    /// The most requests that were being answered at one time.
    pub fn most_at_once(&self) -> usize {
        self.log.lock().unwrap().most_running
    }
}

/// An address where nobody listens. Bound and dropped: nothing else takes it at once.
pub fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// An address where no connect is answered, as long as what comes with it lives: a listener whose queue is full answers no
/// more SYNs.
pub fn silent_to_connects() -> (SocketAddr, impl Sized) {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let addr = listener.local_addr().unwrap().as_socket().unwrap();
    let full: Vec<_> = (0..4).map(|_| TcpStream::connect_timeout(&addr, Duration::from_millis(50))).collect();
    (addr, (listener, full))
}

/// The body of `/bytes/N`: lines of 10 bytes with their place, so that a mixture shows.
pub fn body(bytes: usize) -> Vec<u8> {
    let mut body: Vec<u8> = (0..bytes.div_ceil(10)).flat_map(|line| format!("{line:09}\n").into_bytes()).collect();
    body.truncate(bytes);
    body
}

fn serve(stream: TcpStream, log: &Mutex<Log>) {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        {
            let mut log = log.lock().unwrap();
            log.requests.push(request.clone());
            log.running += 1;
            log.most_running = log.most_running.max(log.running);
        }
        // Counted down before the last byte is out: else the next request could be there already.
        let done = || log.lock().unwrap().running -= 1;
        let stays = answer(&request, &request.path, &mut reader, &stream, log, done);
        if !stays {
            return;
        }
    }
}

pub fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut fields = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { at: Instant::now(), method, path, fields, body: Vec::new() };
    request.body = vec![0; request.field("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// Answers, calls `done`, and says whether the connection goes on.
fn answer(
    request: &Request,
    path: &str,
    reader: &mut impl Read,
    mut stream: &TcpStream,
    log: &Mutex<Log>,
    done: impl FnOnce(),
) -> bool {
    let path = path.split('?').next().unwrap();
    let (verb, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let mut send = |head: &str, body: &[u8]| {
        let body = if request.method == "HEAD" { &[] } else { body };
        stream.write_all(&[head.as_bytes(), body].concat()).is_ok()
    };
    let ok = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n");
    let number = || rest.parse::<usize>().unwrap();
    match verb {
        "delay" => {
            let (ms, rest) = rest.split_once('/').unwrap_or((rest, ""));
            thread::sleep(Duration::from_millis(ms.parse().unwrap()));
            return answer(request, &format!("/{rest}"), reader, stream, log, done);
        }
        "gate" => {
            let began = Instant::now();
            while !log.lock().unwrap().gate_is_open && began.elapsed() < SILENCE {
                thread::sleep(Duration::from_millis(5));
            }
            return answer(request, &format!("/{rest}"), reader, stream, log, done);
        }
        "417" if request.field("expect").is_some() => {
            done();
            return send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n", b"");
        }
        "417" => return answer(request, &format!("/{rest}"), reader, stream, log, done),
        "later" if asked_before(path, log) == 0 => {
            done();
            let after = rest.split_once('/').map_or(rest, |(after, _)| after);
            return send(&format!("HTTP/1.1 503 Busy\r\nRetry-After: {after}\r\nContent-Length: 0\r\n\r\n"), b"");
        }
        "later" => {
            let rest = rest.split_once('/').map_or("", |(_, rest)| rest);
            return answer(request, &format!("/{rest}"), reader, stream, log, done);
        }
        "flaky" => {
            let (times, rest) = rest.split_once('/').unwrap_or((rest, ""));
            let next = if asked_before(path, log) < times.parse().unwrap() {
                "/status/503".to_owned()
            } else {
                format!("/{rest}")
            };
            return answer(request, &next, reader, stream, log, done);
        }
        "drip" => {
            let mut stays = send(&ok(number()), b"");
            for byte in body(number()) {
                thread::sleep(Duration::from_millis(20));
                stays = stays && stream.write_all(&[byte]).is_ok();
            }
            done();
            return stays;
        }
        "flood" => {
            let mut stays = send("HTTP/1.1 200 OK\r\n\r\n", b"");
            while stays {
                thread::sleep(Duration::from_millis(5));
                stays = stream.write_all(&[b'x'; 64 * 1024]).is_ok();
            }
            done();
            return false;
        }
        "hang" => {}
        "stall" => {
            send(&ok(100), &body(10));
        }
        _ => {
            done();
            return match verb {
                "bytes" => send(&ok(number()), &body(number())),
                "say" => send(&ok(rest.len()), rest.as_bytes()),
                "status" => send(&format!("HTTP/1.1 {rest} {}\r\nContent-Length: 5\r\n\r\n", reason(rest)), b"sorry"),
                "on" => send(&format!("HTTP/1.1 307 On\r\nLocation: {rest}\r\nContent-Length: 0\r\n\r\n"), b""),
                "to" => send(&format!("HTTP/1.1 302 Found\r\nLocation: {rest}\r\nContent-Length: 0\r\n\r\n"), b""),
                "cut" => {
                    send(&ok(number()), &body(number() / 2));
                    false
                }
                "chunked" => {
                    let chunks = body(number()).chunks(1000).fold(Vec::new(), |chunks, chunk| {
                        [chunks, format!("{:x}\r\n", chunk.len()).into_bytes(), chunk.to_vec(), b"\r\n".to_vec()]
                            .concat()
                    });
                    send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &[&chunks[..], b"0\r\n\r\n"].concat())
                }
                "file" | "half" | "whole" => {
                    let (head, body) = file(request, verb, number());
                    let length = if verb == "half" { body.len() / 2 } else { body.len() };
                    send(&head, &body[..length]) && verb != "half"
                }
                "named" => {
                    let name = percent_decode(rest);
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Length: 5\r\n\r\n"
                    );
                    send(&head, b"named")
                }
                "close" => false,
                _ => send(&ok(2), b"ok"),
            };
        }
    }
    // Until the other side goes.
    let _ = reader.read(&mut [0; 1]);
    done();
    false
}

/// When each `/file/N` was last changed.
pub const CHANGED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// The answer for a file of so many bytes, as a careful server gives it.
fn file(request: &Request, verb: &str, bytes: usize) -> (String, Vec<u8>) {
    let tag = format!("\"v{bytes}\"");
    let about = format!("ETag: {tag}\r\nLast-Modified: {CHANGED}\r\n");
    let unchanged = request.field("if-none-match") == Some(&tag) || request.field("if-modified-since") == Some(CHANGED);
    if unchanged {
        return (format!("HTTP/1.1 304 Not Modified\r\n{about}\r\n"), Vec::new());
    }
    let same = request.field("if-range").is_none_or(|known| known == tag) && verb != "whole";
    let range = request.field("range").and_then(|range| range.strip_prefix("bytes=")).filter(|_| same);
    let ends = range.and_then(|range| range.split_once('-')).map(|(first, last)| match (first, last) {
        ("", length) => (bytes.saturating_sub(length.parse().unwrap()), bytes),
        (first, "") => (first.parse().unwrap(), bytes),
        (first, last) => (first.parse().unwrap(), bytes.min(last.parse::<usize>().unwrap() + 1)),
    });
    match ends {
        Some((first, _)) if first >= bytes => {
            let head = format!(
                "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{bytes}\r\nContent-Length: 4\r\n\r\n"
            );
            (head, b"none".to_vec())
        }
        Some((first, end)) => {
            let part = body(bytes)[first..end].to_vec();
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\n{about}Content-Range: bytes {first}-{}/{bytes}\r\nContent-Length: {}\r\n\r\n",
                end - 1,
                part.len()
            );
            (head, part)
        }
        None => (format!("HTTP/1.1 200 OK\r\n{about}Content-Length: {bytes}\r\n\r\n"), body(bytes)),
    }
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%').map(|code| std::str::from_utf8(code).unwrap());
        bytes.push(code.map_or(*first, |code| u8::from_str_radix(code, 16).unwrap()));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap()
}

/// How often `path` was asked for before.
fn asked_before(path: &str, log: &Mutex<Log>) -> usize {
    let mut log = log.lock().unwrap();
    let asked = log.asked.entry(path.to_owned()).or_default();
    *asked += 1;
    *asked - 1
}

fn reason(status: &str) -> &str {
    match status {
        "404" => "Not Found",
        "503" => "Service Unavailable",
        _ => "Whatever",
    }
}
