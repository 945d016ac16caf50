//! Answers every request after the same delay, at several addresses. As little work as possible for each: it must not be what the
//! clients are compared by.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let delay = arguments.next().and_then(|text| text.parse().ok()).map(Duration::from_millis);
    let delay = delay.expect("usage: delay_server DELAY_MS ADDRESS:PORT...");
    let poll = Poll::new().expect("a poll");
    let mut listeners: Vec<TcpListener> =
        arguments.map(|address| TcpListener::bind(address.parse().expect("an address")).expect("bound")).collect();
    for (at, listener) in listeners.iter_mut().enumerate() {
        poll.registry().register(listener, Token(at), Interest::READABLE).expect("registered");
    }
    println!("ready");
    let mut server = Server { delay, poll, listeners, streams: Vec::new(), free: Vec::new(), due: VecDeque::new() };
    let mut events = Events::with_capacity(1024);
    loop {
        let now = Instant::now();
        let timeout = server.due.front().map(|(when, _)| when.saturating_duration_since(now));
        match server.poll.poll(&mut events, timeout) {
            Err(error) if error.kind() != ErrorKind::Interrupted => panic!("{error}"),
            _ => {}
        }
        for event in &events {
            server.hear(event.token().0);
        }
        server.answer_due();
    }
}

struct Server {
    delay: Duration,
    poll: Poll,
    listeners: Vec<TcpListener>,
    streams: Vec<Option<TcpStream>>,
    free: Vec<usize>,
    /// In the order of arrival, which is the order of deadlines: the delay is always the same.
    due: VecDeque<(Instant, usize)>,
}

impl Server {
    fn hear(&mut self, token: usize) {
        match token.checked_sub(self.listeners.len()) {
            None => self.accept(token),
            Some(stream) => self.read(stream),
        }
    }

    fn accept(&mut self, listener: usize) {
        while let Ok((mut stream, _)) = self.listeners[listener].accept() {
            let at = self.free.pop().unwrap_or_else(|| {
                self.streams.push(None);
                self.streams.len() - 1
            });
            let token = Token(self.listeners.len() + at);
            self.poll.registry().register(&mut stream, token, Interest::READABLE).expect("registered");
            self.streams[at] = Some(stream);
        }
    }

    /// A request that ends in an empty line, as a GET does: clients send it in one piece, and wait for its answer.
    fn read(&mut self, at: usize) {
        let Some(stream) = &mut self.streams[at] else { return };
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer) {
                Ok(bytes) if bytes > 0 => {
                    if buffer[..bytes].ends_with(b"\r\n\r\n") {
                        self.due.push_back((Instant::now() + self.delay, at));
                    }
                    if bytes < buffer.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                _ => break,
            }
        }
        self.streams[at] = None;
        // Its answer, if one is due, must not go to whoever comes next in this place.
        if !self.due.iter().any(|(_, due)| *due == at) {
            self.free.push(at);
        }
    }

    fn answer_due(&mut self) {
        let now = Instant::now();
        while let Some((_, at)) = self.due.pop_front_if(|(when, _)| *when <= now) {
            match &mut self.streams[at] {
                Some(stream) => drop(stream.write_all(ANSWER)),
                None => self.free.push(at),
            }
        }
    }
}
