//! Runs every fixture of `fixtures/http` whole, byte by byte, split at every point and with its data skipped, and
//! requires one and the same transcript. The format is in `fixtures/http/README.md`.

use std::fmt::Write;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::*;

#[test]
fn every_fixture_reads_the_same_however_its_bytes_arrive() {
    let mut wrong = String::new();
    let fixtures = fixtures();
    for (name, case, raw) in &fixtures {
        check(name, case, raw, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(fixtures.len() >= 200, "only {} fixtures", fixtures.len());
}

/// Thirty broken variants of each: no panic, and no difference by how they arrive.
#[test]
fn a_damaged_fixture_reads_the_same_however_its_bytes_arrive() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (name, case, raw) in fixtures() {
        for _ in 0..30 {
            let bad = damage(&raw, &mut random);
            let at = random.below(bad.len() + 1);
            let whole = case.run(&[&bad], false);
            let shown = String::from_utf8_lossy(&bad);
            assert_eq!(case.run(&bad.chunks(1).collect::<Vec<_>>(), false), whole, "{name}, dripped: {shown:?}");
            assert_eq!(case.run(&[&bad[..at], &bad[at..]], false), whole, "{name}, split at {at}: {shown:?}");
        }
    }
}

/// One to three bytes put in, taken out or changed, or the rest cut off.
fn damage(raw: &[u8], random: &mut Random) -> Vec<u8> {
    const TELLING: &[u8] = b"\r\n\r\n\0 \t:;,0159afF+-xGHTP/.\x7f\xff";
    let mut bad = raw.to_vec();
    for _ in 0..=random.below(3) {
        let (at, byte) = (random.below(bad.len() + 1), TELLING[random.below(TELLING.len())]);
        match random.below(4) {
            0 => bad.insert(at, byte),
            1 if at < bad.len() => drop(bad.remove(at)),
            2 => bad.truncate(at),
            _ if at < bad.len() => bad[at] = byte,
            _ => bad.push(byte),
        }
    }
    bad
}

/// xorshift64: the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Every fixture: its name, what is expected, its bytes.
fn fixtures() -> Vec<(String, Case, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/http");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let expect = std::fs::read_to_string(path.with_extension("expect")).unwrap();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (name, Case::parse(&expect), std::fs::read(&path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

/// Tells the first way of cutting that gives another transcript.
fn check(name: &str, case: &Case, raw: &[u8], wrong: &mut String) {
    let middle = (0..=raw.len()).map(|at| (format!("split at {at}"), vec![&raw[..at], &raw[at..]]));
    let ways = [("whole".to_owned(), vec![raw]), ("byte by byte".to_owned(), raw.chunks(1).collect())];
    for (way, pieces) in ways.into_iter().chain(middle) {
        for skip in [false, true] {
            let is = case.run(&pieces, skip);
            if is != case.transcript(skip) {
                let skipped = if skip { ", data skipped" } else { "" };
                return writeln!(wrong, "{name}, {way}{skipped}:\n{is}--- expected\n{}", case.transcript).unwrap();
            }
        }
    }
}

struct Case {
    server: bool,
    method: String,
    close: bool,
    limits: Limits,
    transcript: String,
}

impl Case {
    fn parse(text: &str) -> Case {
        let (head, transcript) = text.split_once("\n\n").expect("an empty line before the transcript");
        let (method, limits, transcript) = ("GET".to_owned(), Limits::RESPONSE, transcript.to_owned());
        let mut case = Case { server: false, method, close: false, limits, transcript };
        for line in head.lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(": ") {
                Some(("side", "server")) => (case.server, case.limits) = (true, Limits::REQUEST),
                Some(("then", "close")) => case.close = true,
                Some(("method", method)) => case.method = method.to_owned(),
                Some(("limit", limit)) => set(&mut case.limits, limit),
                _ => panic!("{line}: no such directive"),
            }
        }
        case
    }

    /// Without its hash where the data was skipped.
    fn transcript(&self, skip: bool) -> String {
        self.transcript.lines().map(|line| if skip { without_hash(line) } else { line }.to_owned() + "\n").collect()
    }

    /// What a caller would learn from these pieces, one line an event.
    fn run(&self, pieces: &[&[u8]], skip: bool) -> String {
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

fn set(limits: &mut Limits, text: &str) {
    let (name, value) = text.split_once(' ').expect("a limit's name and value");
    let limit = match name {
        "head_bytes" => &mut limits.head_bytes,
        "first_line_bytes" => &mut limits.first_line_bytes,
        "line_bytes" => &mut limits.line_bytes,
        "fields" => &mut limits.fields,
        "empty_lines" => &mut limits.empty_lines,
        "informational" => &mut limits.informational,
        _ => panic!("{name}: no such limit"),
    };
    *limit = value.parse().unwrap();
}

fn without_hash(line: &str) -> &str {
    if line.starts_with("body ") { line.rsplit_once(' ').unwrap().0 } else { line }
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
    fn new(case: &Case, skip: bool) -> Reader {
        let state = if case.server {
            State::Request(ReceiveRequest::new(case.limits))
        } else {
            State::Head(ReceiveHead::new(&case.method, case.limits))
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
    fn end(&mut self, case: &Case) {
        let last = match &mut self.state {
            State::Head(state) if case.close => format!("truncated: {:?}", state.eof()),
            State::Request(state) if case.close => match state.eof() {
                Ok(()) => "closed between requests".to_owned(),
                Err(truncated) => format!("truncated: {truncated:?}"),
            },
            State::Head(_) | State::Request(_) => "open in the head".to_owned(),
            State::Body(message, body, _) => {
                let closed = if case.close { body.eof() } else { Ok(()) };
                match closed {
                    Err(truncated) => format!("truncated: {truncated:?}"),
                    Ok(()) if !body.is_done() => "open in the body".to_owned(),
                    Ok(()) => show_reuse(judge(message, body, &case.method, self.buffer.len())),
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
