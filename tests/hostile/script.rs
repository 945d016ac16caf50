//! Owns the scripted server: what it does on each connection, step by step, and what it has seen.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use gfetch::green;
use gfetch::net::{TcpListener, TcpStream, TlsAcceptor};

/// What a server does next on a connection. When the steps are over, it closes.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads one request, its body by Content-Length.
    Request,
    /// Reads a request's head, and leaves its body.
    RequestHead,
    /// Reads a request's head, but for its last byte: closing over an unread byte sends an RST.
    RequestButOneByte,
    /// Reads so many bytes.
    Take(usize),
    /// Writes this.
    Send(Vec<u8>),
    /// Writes this byte by byte, with a pause before each.
    Drip(Vec<u8>, Duration),
    /// Writes this over and over until the client has gone.
    Endless(Vec<u8>),
    /// Does nothing for so long.
    Wait(Duration),
    /// Ends the sending direction and reads on until the client closes.
    HalfClose,
    /// Reads until the client closes.
    Open,
    /// Neither reads, writes nor closes until the run's end.
    Deaf,
}

pub use Step::*;

/// `Send` from text.
pub fn send(text: &str) -> Step {
    Send(text.as_bytes().to_vec())
}

pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A connection that reads one request, answers with this, and closes.
pub fn closes(answer: impl AsRef<[u8]>) -> Vec<Step> {
    vec![Request, Send(answer.as_ref().to_vec())]
}

/// The same, kept open.
pub fn stays(answer: impl AsRef<[u8]>) -> Vec<Step> {
    vec![Request, Send(answer.as_ref().to_vec()), Open]
}

/// The same, answering each of several requests.
pub fn stays_for(answers: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = answers.iter().flat_map(|answer| [Request, send(answer)]).collect();
    steps.push(Open);
    steps
}

/// What a server has met.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Accepted.
    pub connections: usize,
    /// Heads of requests in the order in which they were read.
    pub requests: Vec<String>,
    /// Bytes that were written, over all connections.
    pub written: u64,
}

/// A server of the calling hub.
pub struct Server {
    pub address: SocketAddr,
    pub seen: Rc<RefCell<Seen>>,
}

/// A listener whose address others may be told before it serves.
pub struct Bound(TcpListener);

impl Bound {
    pub fn at(ip: &str) -> Bound {
        Bound(TcpListener::bind(SocketAddr::new(ip.parse().unwrap(), 0)).unwrap())
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// Serves each connection its script; further ones get the last script again if `repeats`, else they are closed.
    pub fn serve(self, scripts: Vec<Vec<Step>>, repeats: bool, tls: Option<TlsAcceptor>) -> Server {
        let address = self.address();
        let seen = Rc::new(RefCell::new(Seen::default()));
        let all_seen = seen.clone();
        green::spawn(move || {
            while let Ok((stream, _)) = self.0.accept() {
                let number = seen.borrow().connections;
                seen.borrow_mut().connections += 1;
                let script = scripts.get(number).or(scripts.last().filter(|_| repeats)).cloned().unwrap_or_default();
                let (seen, tls) = (seen.clone(), tls.clone());
                green::spawn(move || match tls {
                    None => drop(play(&script, &mut Plain(stream), &seen)),
                    Some(tls) => drop(tls.accept(stream).map(|mut stream| play(&script, &mut stream, &seen))),
                });
            }
        });
        Server { address, seen: all_seen }
    }
}

/// What a script plays on.
trait Peer: Read + Write {
    fn half_close(&mut self) -> io::Result<()>;
}

struct Plain(TcpStream);

impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Peer for Plain {
    fn half_close(&mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }
}

impl Peer for gfetch::net::TlsStream {
    /// With close_notify; a script that just ends sends none.
    fn half_close(&mut self) -> io::Result<()> {
        self.close_notify()
    }
}

/// Plays a script; an error means that the client has gone, which ends it.
fn play(script: &[Step], peer: &mut impl Peer, seen: &RefCell<Seen>) -> io::Result<()> {
    let write = |peer: &mut dyn Write, bytes: &[u8]| -> io::Result<()> {
        peer.write_all(bytes)?;
        peer.flush()?;
        seen.borrow_mut().written += bytes.len() as u64;
        Ok(())
    };
    for step in script {
        match step {
            Request => {
                let head = read_head(peer, b"\r\n\r\n")?;
                let text = String::from_utf8_lossy(&head).into_owned();
                let length = field(&text, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
                seen.borrow_mut().requests.push(text);
                io::copy(&mut (&mut *peer).take(length), &mut io::sink())?;
            }
            RequestHead => {
                let head = read_head(peer, b"\r\n\r\n")?;
                seen.borrow_mut().requests.push(String::from_utf8_lossy(&head).into_owned());
            }
            RequestButOneByte => {
                let head = read_head(peer, b"\r\n\r")?;
                seen.borrow_mut().requests.push(String::from_utf8_lossy(&head).into_owned());
            }
            Take(count) => {
                let mut bytes = vec![0; *count];
                peer.read_exact(&mut bytes)?;
                seen.borrow_mut().requests.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            Send(bytes) => write(peer, bytes)?,
            Drip(bytes, pause) => {
                for byte in bytes {
                    green::sleep(*pause)?;
                    write(peer, std::slice::from_ref(byte))?;
                }
            }
            Endless(bytes) => loop {
                write(peer, bytes)?;
            },
            Wait(time) => green::sleep(*time)?,
            HalfClose => {
                peer.half_close()?;
                io::copy(peer, &mut io::sink())?;
            }
            Open => drop(io::copy(peer, &mut io::sink())?),
            // Longer than any limit; `run`'s end kills it.
            Deaf => green::sleep(seconds(1_000_000))?,
        }
    }
    Ok(())
}

/// Byte by byte, so that nothing behind the head is taken.
fn read_head(peer: &mut dyn Read, end: &[u8]) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(end) {
        let mut byte = [0];
        peer.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

/// The value of a field in a request's head.
pub fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
