//! Tells what a caller of the states learns from the bytes of a connection, one line an event: what fixtures and fuzzing
//! compare. The lines are described in `fixtures/http/README.md`.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{
    Expects, Framing, Head, Limits, ReceiveBody, ReceiveHead, ReceiveRequest, Received, RequestHead, Reuse, Sent,
};

/// One side's view of a connection.
pub(crate) struct Exchange {
    pub server: bool,
    /// The request's; a server learns it.
    pub method: String,
    /// Whether the peer closes after its last byte; else it is silent.
    pub close: bool,
    pub limits: Limits,
}

impl Exchange {
    /// A client that has asked with this method.
    pub fn answer_to(method: &str, close: bool) -> Exchange {
        Exchange { server: false, method: method.to_owned(), close, limits: Limits::RESPONSE }
    }

    /// A server.
    pub fn request(close: bool) -> Exchange {
        Exchange { server: true, method: "GET".to_owned(), close, limits: Limits::REQUEST }
    }

    /// What a caller learns from these pieces; with `skip` data is dropped, not read.
    pub fn transcript(&self, pieces: &[&[u8]], skip: bool) -> String {
        let mut reader = Reader::new(self, skip);
        for piece in pieces {
            reader.buffer.extend_from_slice(piece);
            if !reader.read() {
                return reader.log;
            }
        }
        reader.end(self);
        reader.log
    }
}

/// A line as it is told where the body's data was dropped.
pub(crate) fn without_hash(line: &str) -> &str {
    if line.starts_with("body ") { line.rsplit_once(' ').map_or(line, |(start, _)| start) } else { line }
}

/// A connection without a socket: what a caller does around the states.
struct Reader {
    buffer: Vec<u8>,
    log: String,
    skip: bool,
    state: State,
}

enum State {
    Head(ReceiveHead),
    Request(ReceiveRequest),
    Body(Message, ReceiveBody, Vec<u8>),
}

enum Message {
    Answer(Head),
    Request(RequestHead),
}

impl Reader {
    fn new(exchange: &Exchange, skip: bool) -> Reader {
        let state = if exchange.server {
            State::Request(ReceiveRequest::new(exchange.limits))
        } else {
            State::Head(ReceiveHead::new(&exchange.method, exchange.limits))
        };
        Reader { buffer: Vec::new(), log: String::new(), skip, state }
    }

    /// Reads what the buffer has; false after an error.
    fn read(&mut self) -> bool {
        loop {
            let moved = match &mut self.state {
                State::Head(state) => match state.advance(&self.buffer) {
                    Ok(None) => return true,
                    Ok(Some(received)) => {
                        self.received(received);
                        Ok(())
                    }
                    Err(error) => Err(format!("error: {error:?}")),
                },
                State::Request(state) => match state.advance(&self.buffer) {
                    Ok(None) => return true,
                    Ok(Some((consumed, head))) => {
                        self.request(consumed, head);
                        Ok(())
                    }
                    Err(refused) => Err(format!("refused {}: {:?}", refused.status, refused.error)),
                },
                State::Body(_, body, _) if body.is_done() || self.buffer.is_empty() => return true,
                State::Body(_, body, data) => take(body, data, &mut self.buffer, self.skip),
            };
            if let Err(line) = moved {
                self.tell_body();
                self.tell(&line);
                return false;
            }
        }
    }

    fn received(&mut self, received: Received) {
        match received {
            Received::Informational { consumed, status } => {
                self.buffer.drain(..consumed);
                self.tell(&format!("informational {status}"));
            }
            Received::Final { consumed, head } => {
                self.buffer.drain(..consumed);
                let Head { version, status, reason, framing, .. } = &head;
                let (version, framing, keep) = (version.as_str(), show(*framing), keep(head.keep_alive));
                self.tell(&format!("head {version} {status} \"{reason}\" {framing}, {keep}"));
                let body = ReceiveBody::new(&head.framing);
                self.state = State::Body(Message::Answer(head), body, Vec::new());
            }
        }
    }

    fn request(&mut self, consumed: usize, head: RequestHead) {
        self.buffer.drain(..consumed);
        let RequestHead { method, target, version, framing, .. } = &head;
        let (version, framing, keep) = (version.as_str(), show(*framing), keep(head.keep_alive));
        let expects = if head.expects_continue { ", expects continue" } else { "" };
        self.tell(&format!("request {method} {target} {version} {framing}, {keep}{expects}"));
        let body = ReceiveBody::new(&head.framing);
        self.state = State::Body(Message::Request(head), body, Vec::new());
    }

    /// The bytes are over: by a close, or because no more come for now.
    fn end(&mut self, exchange: &Exchange) {
        let last = match &mut self.state {
            State::Head(state) if exchange.close => format!("truncated: {:?}", state.eof()),
            State::Request(state) if exchange.close => match state.eof() {
                Ok(()) => "closed between requests".to_owned(),
                Err(truncated) => format!("truncated: {truncated:?}"),
            },
            State::Head(_) | State::Request(_) => "open in the head".to_owned(),
            State::Body(message, body, _) => {
                let closed = if exchange.close { body.eof() } else { Ok(()) };
                match closed {
                    Err(truncated) => format!("truncated: {truncated:?}"),
                    Ok(()) if !body.is_done() => "open in the body".to_owned(),
                    Ok(()) => show_reuse(judge(message, body, &exchange.method, self.buffer.len())),
                }
            }
        };
        self.tell_body();
        if matches!(self.state, State::Body(..)) && !self.buffer.is_empty() {
            self.tell(&format!("left {}", self.buffer.len()));
        }
        self.tell(&last);
    }

    fn tell_body(&mut self) {
        let State::Body(_, body, data) = &self.state else { return };
        let mut line = format!("body {}", body.received());
        if !self.skip {
            assert_eq!(body.received(), data.len() as u64);
            let hash = Sha256::digest(data);
            line.push(' ');
            hash[..8].iter().for_each(|byte| write!(line, "{byte:02x}").unwrap());
        }
        let trailers = body.trailers().cloned().unwrap_or_default();
        self.tell(&line);
        for (name, value) in trailers.iter() {
            self.tell(&format!("trailer {name}: {}", String::from_utf8_lossy(value)));
        }
    }

    fn tell(&mut self, line: &str) {
        self.log.push_str(line);
        self.log.push('\n');
    }
}

/// One step, held to what the states promise; or the data dropped, as the kernel would.
fn take(body: &mut ReceiveBody, data: &mut Vec<u8>, buffer: &mut Vec<u8>, skip: bool) -> Result<(), String> {
    let expected = match body.expects() {
        Expects::Data(left) => Some(left),
        Expects::UntilClose => Some(u64::MAX),
        Expects::Framing | Expects::Nothing => None,
    };
    if let (true, Some(left)) = (skip, expected) {
        let here = left.min(buffer.len() as u64);
        body.skipped(here);
        buffer.drain(..here as usize);
        return Ok(());
    }
    // Where data is to be skipped, framing is given byte by byte, so that no data goes with it.
    let input = if skip { &buffer[..1] } else { &buffer[..] };
    let step = body.advance(input).map_err(|error| format!("error: {error:?}"))?;
    assert!(step.consumed > 0 && step.consumed <= input.len(), "no progress: {step:?}");
    assert!(step.data.start <= step.data.end && step.data.end <= step.consumed, "data not in it: {step:?}");
    if let Some(left) = expected {
        assert!(step.data.start == 0 && step.data.len() as u64 == left.min(input.len() as u64), "{left}: {step:?}");
    }
    data.extend_from_slice(&input[step.data]);
    buffer.drain(..step.consumed);
    Ok(())
}

fn judge(message: &Message, body: &ReceiveBody, method: &str, left: usize) -> Reuse {
    match message {
        Message::Answer(head) => {
            Reuse::after_response(Sent { connect: method == "CONNECT", whole: true, close: false }, head, body, left)
        }
        Message::Request(head) => Reuse::after_request(head, body, false),
    }
}

fn show_reuse(reuse: Reuse) -> String {
    match reuse {
        Reuse::Yes => "complete, reuse".to_owned(),
        Reuse::No(why) => format!("complete, close: {why:?}"),
    }
}

fn show(framing: Framing) -> String {
    match framing {
        Framing::None => "none".to_owned(),
        Framing::Length(length) => format!("length {length}"),
        Framing::Chunked => "chunked".to_owned(),
        Framing::Close => "until close".to_owned(),
    }
}

fn keep(keep_alive: bool) -> &'static str {
    if keep_alive { "keep-alive" } else { "close" }
}
