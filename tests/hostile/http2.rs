//! Frames that no server should send: each with what must become of the request, in bounded time and bytes, and without an
//! effect on a healthy server's URLs in the same batch.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use gfetch::fetch::outcome::{Kind, Limit, Outcome, Stage};
use gfetch::fetch::plan::Plan;
use gfetch::green::{self, ClockKind, Config};
use gfetch::http::HttpVersions;
use gfetch::net::{TcpListener, TcpStream, TlsConfig};

use super::case::{client, fetch};

const HARD_LIMIT: Duration = Duration::from_secs(60);
/// What a flood may have written when it is cut off: what was counted, and what lies in the sockets.
const MAX_FLOOD_BYTES: u64 = 24 * 1024 * 1024;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

/// HPACK: `:status: 200` and `:status: 204`, from the static table.
const OK: &[u8] = &[0x88];
const NO_CONTENT: &[u8] = &[0x89];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = &(payload.len() as u32).to_be_bytes()[1..];
    [length, &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// HPACK: a literal that goes into no table.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut coded = vec![0];
    for text in [name, value] {
        assert!(text.len() < 127);
        coded.push(text.len() as u8);
        coded.extend_from_slice(text.as_bytes());
    }
    coded
}

fn head(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, 1, block)
}

fn data(bytes: &[u8]) -> Vec<u8> {
    frame(DATA, END_STREAM, 1, bytes)
}

fn goaway(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

/// What a server does next on a connection; at the end it closes.
#[derive(Clone)]
enum Act {
    /// Reads until a request has come.
    Ask,
    Send(Vec<u8>),
    /// Until the client has gone.
    Endless(Vec<u8>),
    Wait(Duration),
    /// Reads until the client closes.
    Open,
    /// Ends by an RST.
    Reset,
}
use Act::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Want {
    Body(u64),
    Fails(Kind, Stage, u8),
    /// This failure, before or in the body: how the bytes came in pieces decides.
    Breaks(Kind, u8),
    /// A cut-off, or the whole body: where it is cut decides.
    Whole(u64),
}

#[derive(Clone)]
struct Row {
    name: String,
    /// One a connection; the last is repeated.
    scripts: Vec<Vec<Act>>,
    want: Want,
    /// What becomes of a second URL of the same origin, asked for after the first.
    then: Option<Want>,
    change: fn(&mut Plan),
}

fn row(name: &str, acts: Vec<Act>, want: Want) -> Row {
    Row { name: name.into(), scripts: vec![acts], want, then: None, change: |_| () }
}

/// The request is answered with these frames, and the connection stays.
fn answer(name: &str, frames: &[Vec<u8>], want: Want) -> Row {
    row(name, vec![Send(settings()), Ask, Send(frames.concat()), Open], want)
}

fn protocol(stage: Stage, curl: u8) -> Want {
    Want::Fails(Kind::Protocol, stage, curl)
}

/// Frames of the peer; whether a request came among them.
fn read_frame(stream: &mut &TcpStream) -> io::Result<u8> {
    let mut header = [0; 9];
    stream.read_exact(&mut header)?;
    let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
    io::copy(&mut stream.take(u64::from(length)), &mut io::sink())?;
    Ok(header[3])
}

fn play(stream: &TcpStream, acts: &[Act], written: &Cell<u64>) -> io::Result<()> {
    let mut reader = stream;
    reader.read_exact(&mut [0; 24])?;
    let send = |bytes: &[u8]| {
        written.set(written.get() + bytes.len() as u64);
        let mut writer = stream;
        writer.write_all(bytes)
    };
    for act in acts {
        match act {
            Ask => while read_frame(&mut reader)? != HEADERS {},
            Send(bytes) => send(bytes)?,
            Endless(bytes) => {
                // What the client answers is read meanwhile: it shall not stop for that.
                let many = bytes.repeat(1 + 16_384 / bytes.len());
                loop {
                    send(&many)?;
                    let mut answers = [0; 65_536];
                    while matches!(stream.try_read(&mut answers), Ok(read) if read > 0) {}
                }
            }
            Wait(time) => drop(green::sleep(*time)),
            Open => return io::copy(&mut reader, &mut io::sink()).map(drop),
            Reset => return stream.set_linger(Some(Duration::ZERO)),
        }
    }
    Ok(())
}

/// A server of the hub: its URL, its connections, its bytes.
fn serve(ip: &str, scripts: Vec<Vec<Act>>) -> (String, Rc<Cell<usize>>, Rc<Cell<u64>>) {
    let listener = TcpListener::bind(format!("{ip}:0").parse().unwrap()).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (connections, written) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (count, bytes) = (connections.clone(), written.clone());
    green::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let number = count.replace(count.get() + 1);
            let acts = scripts.get(number).or(scripts.last()).cloned().unwrap_or_default();
            let bytes = bytes.clone();
            green::spawn(move || drop(play(&stream, &acts, &bytes)));
        }
    });
    (url, connections, written)
}

fn healthy() -> Vec<Act> {
    let once = |stream| [frame(HEADERS, END_HEADERS, stream, OK), frame(DATA, END_STREAM, stream, b"healthy")].concat();
    vec![Send(settings()), Ask, Send(once(1)), Ask, Send(once(3)), Open]
}

impl Row {
    /// The connection is done with: the same origin's next URL has another one, and nothing to fear.
    fn and_recovers(mut self) -> Row {
        self.scripts.push(healthy());
        Row { then: Some(Want::Body(7)), ..self }
    }

    /// With the healthy URLs before and after, or all at once.
    fn run(self, at_once: bool) -> Result<(), String> {
        let (hostile, connections, written) = serve("127.0.0.1", self.scripts);
        let (well, _, _) = serve("127.0.0.2", vec![healthy()]);
        let mut plan = Plan { serial: !at_once, ..Plan::default() };
        plan.connect.versions = HttpVersions::PriorKnowledge;
        (self.change)(&mut plan);
        let client = client(&plan, TlsConfig::builder().build_lazy());
        let urls = [&[well.clone(), hostile.clone()][..], &vec![hostile; usize::from(self.then.is_some())], &[well]];
        let outcomes = fetch(plan, &client, urls.concat());
        for outcome in [&outcomes[0], &outcomes[outcomes.len() - 1]] {
            if outcome.error.is_some() || outcome.bytes != 7 {
                return Err(format!("a healthy URL came out as {:?}", outcome.error));
            }
        }
        judge(&outcomes[1], self.want)?;
        if let Some(want) = self.then {
            judge(&outcomes[2], want).map_err(|text| format!("the next URL: {text}"))?;
        }
        if connections.get() > 6 {
            return Err(format!("{} connections", connections.get()));
        }
        if written.get() > MAX_FLOOD_BYTES {
            return Err(format!("{} bytes of a flood were taken", written.get()));
        }
        Ok(())
    }
}

fn judge(outcome: &Outcome, want: Want) -> Result<(), String> {
    let is = match &outcome.error {
        None => Want::Body(outcome.bytes),
        Some(error) => Want::Fails(error.kind, error.stage, error.curl),
    };
    let right = match (want, is) {
        (Want::Whole(bytes), Want::Body(is)) => bytes == is,
        (Want::Whole(_), Want::Fails(kind, ..)) => [Kind::Reset, Kind::Truncated].contains(&kind),
        (Want::Breaks(kind, curl), Want::Fails(is_kind, _, is_curl)) => (kind, curl) == (is_kind, is_curl),
        (want, is) => want == is,
    };
    let message = outcome.error.as_ref().map(|error| error.message.as_str()).unwrap_or_default();
    if right { Ok(()) } else { Err(format!("came out as {is:?} ({message}); wanted {want:?}")) }
}

fn check(rows: impl IntoIterator<Item = Row>) {
    let mut wrong = Vec::new();
    for row in rows {
        // Two URLs of one origin at once would share what the script means for the first.
        for at_once in [false, true].into_iter().take(if row.then.is_some() { 1 } else { 2 }) {
            let (row, (done, result)) = (row.clone(), mpsc::channel());
            let name = format!("{}{}", row.name, if at_once { ", all at once" } else { "" });
            std::thread::spawn(move || {
                let judged = Config::new().clock(ClockKind::Virtual).run(|| row.run(at_once));
                let _ = done.send(judged);
            });
            match result.recv_timeout(HARD_LIMIT) {
                Ok(Ok(())) => {}
                Ok(Err(text)) => wrong.push(format!("{name}: {text}")),
                Err(_) => wrong.push(format!("{name}: hangs or panics")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A frame a second, for ten minutes.
fn drips(frame: Vec<u8>) -> Vec<Act> {
    (0..600).flat_map(|_| [Wait(Duration::from_secs(1)), Send(frame.clone())]).collect()
}

fn flood(name: &str, frames: Vec<u8>, want: Want) -> Row {
    row(name, vec![Send(settings()), Ask, Endless(frames)], want)
}

#[test]
fn floods_are_cut_off() {
    let ping = frame(PING, 0, 0, &[7; 8]);
    let body = [head(OK), frame(DATA, 0, 1, b"1")].concat();
    let in_body = |name: &str, frames: Vec<u8>, want| {
        row(name, vec![Send(settings()), Ask, Send(body.clone()), Endless(frames)], want)
    };
    let rows = [
        flood("PING", ping.clone(), protocol(Stage::Wait, 16)),
        in_body("PING in a body", ping, Want::Breaks(Kind::Protocol, 16)),
        flood("SETTINGS", settings(), protocol(Stage::Wait, 16)),
        flood("SETTINGS with parameters", frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]), protocol(Stage::Wait, 16)),
        flood("PRIORITY", frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1]), protocol(Stage::Wait, 16)),
        flood("unknown frames", frame(0x77, 0, 1, &[0; 100]), protocol(Stage::Wait, 16)),
        in_body("empty DATA", frame(DATA, 0, 1, &[]), Want::Breaks(Kind::Protocol, 16)),
        in_body(
            "WINDOW_UPDATE of one byte",
            frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
            Want::Breaks(Kind::Protocol, 16),
        ),
        in_body(
            "WINDOW_UPDATE of a stream",
            frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
            Want::Breaks(Kind::Protocol, 16),
        ),
        row(
            "CONTINUATION",
            vec![
                Send(settings()),
                Ask,
                Send(frame(HEADERS, 0, 1, OK)),
                Endless(frame(CONTINUATION, 0, 1, &field("x", "y"))),
            ],
            protocol(Stage::Wait, 16),
        ),
        row(
            "empty CONTINUATION",
            vec![Send(settings()), Ask, Send(frame(HEADERS, 0, 1, OK)), Endless(frame(CONTINUATION, 0, 1, &[]))],
            protocol(Stage::Wait, 16),
        ),
        row(
            "a head that unpacks to a hundred times its size",
            vec![
                Send(settings()),
                Ask,
                Send(frame(HEADERS, 0, 1, &[OK, &[0x40, 1, b'x', 0x7f, 0x81, 0x1e][..], &vec![b'v'; 3968]].concat())),
                Endless(frame(CONTINUATION, 0, 1, &[0xbe; 4000])),
            ],
            protocol(Stage::Wait, 16),
        ),
        flood("PUSH_PROMISE", frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82]), protocol(Stage::Wait, 16)),
        flood("informational heads", head(&[&[0x08, 3][..], b"103"].concat()), protocol(Stage::Wait, 16)),
        flood("heads", head(OK), Want::Breaks(Kind::Protocol, 16)),
        flood("GOAWAY", goaway(u32::MAX >> 1, 0), protocol(Stage::Wait, 16)),
    ];
    check(rows.clone());
    check(rows.map(Row::and_recovers));
}

/// The connection goes on after its stream's fault, and the flood with it: who is asked for next there sees it cut off.
#[test]
fn floods_for_a_stream_that_is_over_are_cut_off() {
    let beyond = [head(OK), frame(DATA, 0, 1, b"1")].concat();
    let rows = [
        flood(
            "RST_STREAM of streams long over",
            frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]),
            Want::Fails(Kind::Reset, Stage::Wait, 92),
        ),
        row(
            "DATA beyond the window",
            vec![Send(settings()), Ask, Send(beyond), Endless(frame(DATA, 0, 1, &[b'x'; 16_000]))],
            Want::Breaks(Kind::Protocol, 92),
        ),
    ];
    check(rows.clone());
    check(rows.map(|row| Row { then: Some(protocol(Stage::Wait, 16)), ..row }));
}

#[test]
fn a_stream_that_never_ends_is_ended_by_its_clock() {
    let begun = vec![Send(settings()), Ask, Send([head(OK), frame(DATA, 0, 1, b"1")].concat())];
    check([Row {
        change: |plan| plan.limits.max_time = Some(Duration::from_secs(5)),
        ..row(
            "a byte a second",
            [begun, drips(frame(DATA, 0, 1, b"x"))].concat(),
            Want::Fails(Kind::Timeout, Stage::Receive, 28),
        )
    }]);
}

#[test]
fn frames_that_break_the_rules_end_the_connection() {
    let fails = || protocol(Stage::Wait, 16);
    let rows = [
        row("another protocol", vec![Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), Open], fails()),
        row("another protocol, with a body", vec![Ask, Send(b"220 smtp.example ESMTP\r\n".to_vec()), Open], fails()),
        row("an acknowledgement first", vec![Send(frame(SETTINGS, 1, 0, &[])), Open], fails()),
        answer("DATA before a head", &[data(b"x")], fails()),
        answer("a stream that nobody opened", &[frame(HEADERS, END_HEADERS, 3, OK)], fails()),
        answer("a stream of the server's", &[frame(HEADERS, END_HEADERS, 2, OK)], fails()),
        answer("a head on stream 0", &[frame(HEADERS, END_HEADERS, 0, OK)], fails()),
        answer("DATA on stream 0", &[frame(DATA, 0, 0, b"x")], fails()),
        answer("DATA on an idle stream", &[frame(DATA, 0, 99, b"x")], fails()),
        answer("RST_STREAM on stream 0", &[frame(RST_STREAM, 0, 0, &[0; 4])], fails()),
        answer("RST_STREAM of an idle stream", &[frame(RST_STREAM, 0, 99, &[0; 4])], fails()),
        answer("PING on a stream", &[frame(PING, 0, 1, &[0; 8])], fails()),
        answer("PING of seven bytes", &[frame(PING, 0, 0, &[0; 7])], fails()),
        answer("SETTINGS of five bytes", &[frame(SETTINGS, 0, 0, &[0; 5])], fails()),
        answer("SETTINGS on a stream", &[frame(SETTINGS, 0, 1, &[])], fails()),
        answer("an acknowledgement too many", &[frame(SETTINGS, 1, 0, &[]), frame(SETTINGS, 1, 0, &[])], fails()),
        answer("a window above 2^31", &[frame(SETTINGS, 0, 0, &[0, 4, 255, 255, 255, 255])], fails()),
        answer("a frame size below the least", &[frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1])], fails()),
        answer("ENABLE_PUSH of 2", &[frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2])], fails()),
        answer("WINDOW_UPDATE of 0 for all", &[frame(WINDOW_UPDATE, 0, 0, &[0; 4])], fails()),
        answer("WINDOW_UPDATE that overflows", &[frame(WINDOW_UPDATE, 0, 0, &[127, 255, 255, 255])], fails()),
        answer("WINDOW_UPDATE of an idle stream", &[frame(WINDOW_UPDATE, 0, 99, &[0, 0, 0, 1])], fails()),
        answer("a frame above the announced size", &[head(OK), data(&[0; 16_385])], protocol(Stage::Receive, 16)),
        answer("CONTINUATION without a head", &[frame(CONTINUATION, END_HEADERS, 1, OK)], fails()),
        answer("a frame inside a head", &[frame(HEADERS, 0, 1, OK), frame(PING, 0, 0, &[0; 8])], fails()),
        answer(
            "CONTINUATION of another stream",
            &[frame(HEADERS, 0, 1, OK), frame(CONTINUATION, END_HEADERS, 3, OK)],
            fails(),
        ),
        answer("a head's padding beyond the frame", &[frame(HEADERS, PADDED | END_HEADERS, 1, &[9, 0x88])], fails()),
        answer("a priority beyond the frame", &[frame(HEADERS, 0x20 | END_HEADERS, 1, &[0, 0])], fails()),
        answer("GOAWAY of seven bytes", &[frame(GOAWAY, 0, 0, &[0; 7])], fails()),
        answer("GOAWAY on a stream", &[frame(GOAWAY, 0, 1, &[0; 8])], fails()),
        answer("RST_STREAM of three bytes", &[frame(RST_STREAM, 0, 1, &[0; 3])], fails()),
        answer("an acknowledgement with parameters", &[frame(SETTINGS, 1, 0, &[0; 6])], fails()),
        answer(
            "padding beyond the frame",
            &[head(OK), frame(DATA, PADDED, 1, &[9, 1, 2])],
            protocol(Stage::Receive, 16),
        ),
        answer("HPACK: an index that is not there", &[head(&[0xff, 0xff, 0x7f])], fails()),
        answer("HPACK: index 0", &[head(&[0x80])], fails()),
        answer("HPACK: garbage", &[head(&[0xff; 40])], fails()),
        answer("HPACK: a string beyond the block", &[head(&[0x00, 0x7e, b'x'])], fails()),
        answer("HPACK: broken Huffman", &[head(&[0x88, 0x00, 0x81, 0x00, 0x84, 0xff, 0xff, 0xff, 0xff])], fails()),
        answer("HPACK: a table beyond what was agreed", &[head(&[0x3f, 0xe1, 0xff, 0x03, 0x88])], fails()),
        answer("a push", &[frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82])], fails()),
    ];
    check(rows.clone());
    check(rows.map(Row::and_recovers));
}

#[test]
fn malformed_answers_end_their_stream() {
    let fails = || protocol(Stage::Wait, 92);
    let with =
        |name: &str, fields: &[Vec<u8>]| answer(name, &[head(&[OK, &fields.concat()].concat()), data(b"")], fails());
    check([
        answer("no status", &[head(&field("x", "y"))], fails()),
        answer("a status that is none", &[head(&field(":status", "abc"))], protocol(Stage::Wait, 16)),
        answer("two statuses", &[head(&[OK, NO_CONTENT].concat())], fails()),
        answer("a field before the status", &[head(&[&field("x", "y"), OK].concat())], fails()),
        answer("an unknown pseudo-field", &[head(&[OK, &field(":x", "y")[..]].concat())], protocol(Stage::Wait, 16)),
        with("connection", &[field("connection", "close")]),
        with("proxy-connection", &[field("proxy-connection", "close")]),
        with("keep-alive", &[field("keep-alive", "timeout=5")]),
        with("upgrade", &[field("upgrade", "h2c")]),
        with("te", &[field("te", "gzip")]),
        with("transfer-encoding", &[field("transfer-encoding", "chunked")]),
        with("content-length that is none", &[field("content-length", "x")]),
        with("content-length with a sign", &[field("content-length", "+0")]),
        with("two lengths", &[field("content-length", "0"), field("content-length", "1")]),
        answer(
            "a length that is announced and not there",
            &[frame(HEADERS, END_HEADERS | END_STREAM, 1, &[OK, &field("content-length", "5")].concat())],
            fails(),
        ),
        answer(
            "more than was announced",
            &[head(&[OK, &field("content-length", "2")].concat()), data(b"12345")],
            protocol(Stage::Receive, 92),
        ),
        answer(
            "a head that depends on itself",
            &[frame(HEADERS, END_HEADERS | 0x20, 1, &[&[0, 0, 0, 1, 0], OK].concat())],
            fails(),
        ),
        answer("101", &[head(&[&[0x08, 3][..], b"101"].concat())], protocol(Stage::Wait, 8)),
        answer(
            "trailers without an end",
            &[head(OK), frame(DATA, 0, 1, b"x"), head(&field("a", "b"))],
            protocol(Stage::Receive, 92),
        ),
        answer("WINDOW_UPDATE of 0", &[frame(WINDOW_UPDATE, 0, 1, &[0; 4])], protocol(Stage::Wait, 16)),
        answer(
            "a head too large",
            &[
                frame(HEADERS, 0, 1, &[OK, &[0x40, 1, b'x', 0x7f, 0x81, 0x1e][..], &vec![b'v'; 3968]].concat()),
                frame(CONTINUATION, END_HEADERS, 1, &[0xbe; 100]),
            ],
            fails(),
        ),
        answer(
            "too many fields",
            &[head(&[OK, &field("x", "y").repeat(257)].concat()), data(b"")],
            protocol(Stage::Wait, 8),
        ),
    ]);
}

/// The crate takes these for a broken header block, which is the whole connection's fault.
#[test]
fn fields_that_are_none_end_the_connection() {
    let with = |name: &str, field: Vec<u8>| {
        answer(name, &[head(&[OK, &field].concat()), data(b"")], protocol(Stage::Wait, 16)).and_recovers()
    };
    check([
        with("a name in upper case", field("X-Upper", "1")),
        with("a name of nothing", field("", "1")),
        with("a name with a space", field("x y", "1")),
        with("a name with a line end", field("x\r\ny", "1")),
        with("a name with a colon", field("x:y", "1")),
        with("a value with a line end", field("x", "1\r\nset-cookie: a=b")),
        with("a value with a NUL", field("x", "1\0")),
        with("a status with a sign", field(":status", "+20")),
    ]);
}

#[test]
fn a_body_has_its_bounds() {
    let most = |plan: &mut Plan| plan.limits.max_filesize = Some(300_000);
    let large = [head(OK), frame(DATA, 0, 1, &[b'x'; 16_000]).repeat(40), data(b"x")].concat();
    let large = [frame(SETTINGS, 1, 0, &[]), large].concat();
    let announced = [OK, &field("content-length", "640001")[..]].concat();
    check([
        Row {
            change: most,
            ..answer(
                "more than --max-filesize",
                std::slice::from_ref(&large),
                Want::Fails(Kind::TooLarge, Stage::Receive, 63),
            )
        },
        Row {
            change: most,
            ..answer("more is announced", &[head(&announced)], Want::Fails(Kind::TooLarge, Stage::Receive, 63))
        },
        answer("all of it", &[large], Want::Body(640_001)),
    ]);
}

#[test]
fn what_is_odd_and_allowed_is_taken() {
    let whole = |name: &str, frames: &[Vec<u8>], bytes| answer(name, frames, Want::Body(bytes));
    check([
        whole("padding", &[head(OK), frame(DATA, PADDED | END_STREAM, 1, &[2, b'a', 0, 0])], 1),
        whole(
            "trailers",
            &[head(OK), frame(DATA, 0, 1, b"abc"), frame(HEADERS, END_HEADERS | END_STREAM, 1, &field("a", "b"))],
            3,
        ),
        whole(
            "a head in pieces",
            &[frame(HEADERS, 0, 1, &[]), frame(CONTINUATION, END_HEADERS, 1, OK), data(b"abc")],
            3,
        ),
        whole("unknown frames", &[frame(0x77, 0xff, 1, b"?"), head(OK), frame(0x99, 0, 0, b""), data(b"abc")], 3),
        whole(
            "PING, SETTINGS and PRIORITY between",
            &[frame(PING, 0, 0, &[1; 8]), settings(), head(OK), frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1]), data(b"abc")],
            3,
        ),
        whole("204 with END_STREAM", &[frame(HEADERS, END_HEADERS | END_STREAM, 1, NO_CONTENT)], 0),
        whole("GOAWAY that lets it finish", &[goaway(1, 0), head(OK), data(b"abc")], 3),
        whole("GOAWAY with a code that lets it finish", &[head(OK), goaway(1, 11), data(b"abc")], 3),
        // The crate does not mind these two, and they change nothing.
        whole("a pseudo-field of a request", &[head(&[OK, &[0x82]].concat()), data(b"abc")], 3),
        whole(
            "a window that overflows where nothing is to be sent",
            &[frame(WINDOW_UPDATE, 0, 1, &[127, 255, 255, 255]), head(OK), data(b"abc")],
            3,
        ),
        whole("a body after the end", &[head(OK), data(b"abc"), data(b"defg")], 3),
        whole("a head after the end", &[head(OK), data(b"abc"), head(OK)], 3),
        whole("a reset after the end", &[head(OK), data(b"abc"), frame(RST_STREAM, 0, 1, &[0; 4])], 3),
        whole("one byte a frame", &[head(OK), frame(DATA, 0, 1, b"x").repeat(2000), data(b"x")], 2001),
    ]);
}

#[test]
fn the_end_of_a_connection_at_any_moment_has_its_outcome() {
    let again = |name: &str, first: Vec<Act>| Row {
        scripts: vec![first, vec![Send(settings()), Ask, Send([head(OK), data(b"abc")].concat()), Open]],
        ..row(name, Vec::new(), Want::Body(3))
    };
    let truncated = Want::Fails(Kind::Truncated, Stage::Receive, 18);
    check([
        again("GOAWAY before the request", vec![Send(settings()), Send(goaway(0, 0)), Open]),
        again("GOAWAY instead of an answer", vec![Send(settings()), Ask, Send(goaway(0, 0)), Open]),
        again("GOAWAY and a close", vec![Send(settings()), Ask, Send(goaway(0, 0))]),
        again("REFUSED_STREAM", vec![Send(settings()), Ask, Send(frame(RST_STREAM, 0, 1, &[0, 0, 0, 7])), Open]),
        answer("GOAWAY for ever", &[goaway(0, 0)], Want::Fails(Kind::Reset, Stage::Wait, 16)),
        answer(
            "REFUSED_STREAM for ever",
            &[frame(RST_STREAM, 0, 1, &[0, 0, 0, 7])],
            Want::Fails(Kind::Reset, Stage::Wait, 92),
        ),
        answer("CANCEL", &[frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])], Want::Fails(Kind::Reset, Stage::Wait, 92)),
        answer(
            "a reset in the body",
            &[head(OK), frame(DATA, 0, 1, b"abc"), frame(RST_STREAM, 0, 1, &[0, 0, 0, 2])],
            Want::Fails(Kind::Reset, Stage::Receive, 92),
        ),
        row("a close before anything", vec![], Want::Fails(Kind::Reset, Stage::Wait, 52)),
        row("a close before the answer", vec![Send(settings()), Ask], Want::Fails(Kind::Reset, Stage::Wait, 52)),
        row(
            "a close in the body",
            vec![Send(settings()), Ask, Send([head(OK), frame(DATA, 0, 1, b"x")].concat())],
            truncated,
        ),
        row(
            "a close before the announced length",
            vec![
                Send(settings()),
                Ask,
                Send([head(&[OK, &field("content-length", "9")].concat()), frame(DATA, 0, 1, b"x")].concat()),
            ],
            truncated,
        ),
    ]);
}

#[test]
fn silence_ends_by_its_clock() {
    let stalls = |plan: &mut Plan| plan.limits.max_time = Some(Duration::from_secs(5));
    let timeout = |stage| Want::Fails(Kind::Timeout, stage, 28);
    check([
        Row { change: stalls, ..row("not even SETTINGS", vec![Open], timeout(Stage::Wait)) },
        Row { change: stalls, ..row("no answer", vec![Send(settings()), Ask, Open], timeout(Stage::Wait)) },
        Row { change: stalls, ..answer("half a head", &[frame(HEADERS, 0, 1, OK)], timeout(Stage::Wait)) },
        answer("a body that stalls", &[head(OK), frame(DATA, 0, 1, b"x")], timeout(Stage::Receive)),
        Row {
            change: stalls,
            ..row(
                "no stream is allowed",
                vec![Send(frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 0])), Wait(Duration::from_secs(60))],
                timeout(Stage::Wait),
            )
        },
        Row {
            change: |plan| {
                plan.limits.max_time = Some(Duration::from_secs(5));
                plan.request.body = Some(vec![b'x'; 20_000]);
            },
            ..row(
                "a window of nothing for an upload that had been handed over by then",
                vec![Send(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])), Ask, Open],
                timeout(Stage::Wait),
            )
        },
    ]);
    assert_eq!(Limit::MaxTime.to_string(), "max-time");
}

#[test]
fn an_exchange_cut_or_reset_at_every_byte_ends() {
    let whole = [settings(), head(OK), frame(DATA, 0, 1, b"abc"), data(b"defg")].concat();
    for (how, last) in [("cut", None), ("reset", Some(Reset))] {
        check((0..=whole.len()).map(|end| {
            let acts = [Ask, Send(whole[..end].to_vec())].into_iter().chain(last.clone()).collect();
            row(&format!("{how} after {end}"), acts, Want::Whole(7))
        }));
    }
}

/// GOAWAY between any two frames: a server that has looked at the request lets it finish, else it is sent again elsewhere.
#[test]
fn goaway_at_each_moment_is_heeded() {
    let frames = [settings(), head(OK), frame(DATA, 0, 1, b"abc"), data(b"defg")];
    let good = vec![Send(settings()), Ask, Send(frames[1..].concat()), Open];
    check((0..=frames.len()).flat_map(|at| {
        [0, 1, 0x7fff_ffff].into_iter().map({
            let (frames, good) = (frames.clone(), good.clone());
            move |last| {
                let (before, behind) = frames.split_at(at);
                let goaway = goaway(last, 0);
                // SETTINGS come first, whatever else.
                let first = if at == 0 { [settings(), goaway].concat() } else { [before.concat(), goaway].concat() };
                let behind = if at == 0 { &frames[1..] } else { behind };
                let acts = vec![Ask, Send(first), Send(behind.concat()), Open];
                // Who takes the request back after the answer's head is believed only where nothing had come.
                let want =
                    if last == 0 && (2..4).contains(&at) { Want::Breaks(Kind::Reset, 16) } else { Want::Body(7) };
                let scripts = vec![acts, good.clone()];
                Row { scripts, ..row(&format!("GOAWAY of {last} after {at} frames"), Vec::new(), want) }
            }
        })
    }));
}

/// The connection goes on, and carries the next URL.
#[test]
fn a_fault_of_one_stream_is_no_others() {
    let frames = |stream, kind, flags, payload: &[u8]| frame(kind, flags, stream, payload);
    let whole = [frames(3, HEADERS, END_HEADERS, OK), frames(3, DATA, END_STREAM, b"another")].concat();
    let long = [OK, &field("content-length", "2")[..]].concat();
    let faults = [
        ("a reset", frame(RST_STREAM, 0, 1, &[0, 0, 0, 2]), Want::Fails(Kind::Reset, Stage::Wait, 92)),
        ("no status", head(&field("x", "y")), protocol(Stage::Wait, 92)),
        ("a field of a connection", head(&[OK, &field("connection", "x")[..]].concat()), protocol(Stage::Wait, 92)),
        ("a length that does not hold", [head(&long), data(b"12345")].concat(), Want::Breaks(Kind::Protocol, 92)),
        (
            "a reset in the body",
            [head(OK), frame(DATA, 0, 1, b"abc"), frame(RST_STREAM, 0, 1, &[0, 0, 0, 2])].concat(),
            Want::Breaks(Kind::Reset, 92),
        ),
        ("too many fields", head(&[OK, &field("x", "y").repeat(257)].concat()), protocol(Stage::Wait, 8)),
    ];
    check(faults.map(|(name, fault, want)| {
        let acts = vec![Send(settings()), Ask, Send(fault), Ask, Send(whole.clone()), Open];
        // One connection: a second one would be closed at once.
        Row { scripts: vec![acts, vec![]], then: Some(Want::Body(7)), ..row(name, Vec::new(), want) }
    }));
}
