//! A scripted HTTP server on the story's own hub, which remembers what it was asked, when, and how much at once.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use gfetch::green;
use gfetch::net::{StreamServer, TcpListener, TcpStream, TlsAcceptor};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Since the server began.
    pub at: Duration,
    pub method: String,
    pub path: String,
    /// All lines of the head.
    pub head: String,
    pub body: String,
}

impl Asked {
    /// The values of all fields of this name.
    pub fn fields(&self, name: &str) -> Vec<&str> {
        let pairs = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        pairs.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// The other end, as a handler sees it.
pub struct Peer<'a> {
    stream: &'a mut dyn Stream,
    closed: bool,
}

pub trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

impl Peer<'_> {
    pub fn ok(&mut self, body: &str) {
        self.answer("200 OK", &[], body);
    }

    pub fn answer(&mut self, status: &str, fields: &[&str], body: &str) {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        self.raw(format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()));
    }

    pub fn redirect(&mut self, status: &str, location: &str) {
        self.answer(status, &[&format!("Location: {location}")], "gone");
    }

    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        // TLS gathers what is written.
        let sent = self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush());
        self.closed |= sent.is_err();
    }

    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Waits until the client has gone.
    pub fn hang(&mut self) {
        let _ = self.stream.read(&mut [0]);
        self.close();
    }
}

pub struct Server {
    address: std::net::SocketAddr,
    shared: Rc<Shared>,
}

struct Shared {
    began: Instant,
    asked: RefCell<Vec<Asked>>,
    running: Cell<usize>,
    peak: Cell<usize>,
    connections: Cell<usize>,
}

impl Server {
    /// On 127.0.0.1.
    pub fn start(handler: impl Fn(&Asked, &mut Peer) + 'static) -> Server {
        Server::on("127.0.0.1", None, handler)
    }

    pub fn on(host: &str, tls: Option<TlsAcceptor>, handler: impl Fn(&Asked, &mut Peer) + 'static) -> Server {
        let listener = TcpListener::bind(format!("{host}:0").parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Rc::new(Shared {
            began: green::now(),
            asked: RefCell::default(),
            running: Cell::new(0),
            peak: Cell::new(0),
            connections: Cell::new(0),
        });
        let serving = shared.clone();
        let _ = StreamServer::new(listener).start(move |mut stream: TcpStream, _| {
            serving.connections.set(serving.connections.get() + 1);
            match &tls {
                None => serving.serve(&mut stream, &handler),
                Some(tls) => tls.accept(stream).map_or((), |mut stream| serving.serve(&mut stream, &handler)),
            }
        });
        Server { address, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Everything asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.borrow().clone()
    }

    /// When each request arrived.
    pub fn times(&self) -> Vec<Duration> {
        self.asked().iter().map(|asked| asked.at).collect()
    }

    /// Paths in the order asked.
    pub fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }

    /// The most requests that ran at once.
    pub fn peak(&self) -> usize {
        self.shared.peak.get()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.get()
    }
}

impl Shared {
    fn serve(&self, stream: &mut dyn Stream, handler: &dyn Fn(&Asked, &mut Peer)) {
        while let Ok(Some(asked)) = self.read_request(stream) {
            self.asked.borrow_mut().push(asked.clone());
            self.running.set(self.running.get() + 1);
            self.peak.set(self.peak.get().max(self.running.get()));
            let mut peer = Peer { stream, closed: false };
            handler(&asked, &mut peer);
            let closed = peer.closed;
            self.running.set(self.running.get() - 1);
            if closed {
                return;
            }
        }
    }

    fn read_request(&self, stream: &mut dyn Stream) -> io::Result<Option<Asked>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte)? == 0 {
                return Ok(None);
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        let at = green::now().saturating_duration_since(self.began);
        let mut asked = Asked { at, method, path, head, body: String::new() };
        let length = asked.fields("content-length").first().map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        asked.body = String::from_utf8(body).unwrap();
        Ok(Some(asked))
    }
}
