//! The server's rules on a stream in memory, on the virtual clock: what is sent comes in the pieces that the test made.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::green::{self, ClockKind, Config};
use crate::http::fields::Fields;
use crate::http::h1::Framing;

/// A client: says its pieces after their pauses, then closes if it has no more. What it heard, a string a write.
#[derive(Clone, Default)]
struct Client {
    says: Rc<RefCell<VecDeque<Piece>>>,
    then: Rc<Cell<Then>>,
    heard: Rc<RefCell<Vec<String>>>,
    reads: Rc<Cell<u32>>,
    ended: Rc<Cell<bool>>,
}

/// A pause, and what comes after it.
type Piece = (Duration, Vec<u8>);

#[derive(Clone, Copy, Default, PartialEq)]
enum Then {
    #[default]
    Closes,
    Waits,
    TakesNothing,
}

impl Client {
    fn saying(pieces: &[&str]) -> Client {
        Client::default().and(Duration::ZERO, pieces)
    }

    fn and(self, pause: Duration, pieces: &[&str]) -> Client {
        self.says.borrow_mut().extend(pieces.iter().map(|piece| (pause, piece.as_bytes().to_vec())));
        self
    }

    fn then(self, then: Then) -> Client {
        self.then.set(then);
        self
    }

    fn heard(&self) -> String {
        self.heard.borrow().concat()
    }

    fn bodies(&self) -> Vec<String> {
        let heard = self.heard();
        heard.split("HTTP/1.1 ").skip(1).map(|answer| answer.split_once("\r\n\r\n").unwrap().1.to_owned()).collect()
    }
}

impl Read for Client {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reads.set(self.reads.get() + 1);
        let Some((pause, mut piece)) = self.says.borrow_mut().pop_front() else {
            if self.then.get() != Then::Closes {
                green::sleep(Duration::from_secs(3600))?;
            }
            return Ok(0);
        };
        if !pause.is_zero() {
            green::sleep(pause)?;
        }
        let taken = piece.len().min(out.len());
        out[..taken].copy_from_slice(&piece[..taken]);
        if taken < piece.len() {
            self.says.borrow_mut().push_front((Duration::ZERO, piece.split_off(taken)));
        }
        Ok(taken)
    }
}

impl Write for Client {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.then.get() == Then::TakesNothing {
            green::sleep(Duration::from_secs(3600))?;
        }
        self.heard.borrow_mut().push(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ServedStream for Client {
    fn end(&mut self) -> io::Result<()> {
        self.ended.set(true);
        Ok(())
    }
}

/// What became of the connection, and how long it lived.
fn serve(client: &Client, handler: impl Fn(&mut Exchange) -> io::Result<()>) -> (io::Result<()>, Duration) {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let begun = green::now();
        let result = serve_connection(client.clone(), None, &handler, &ServerLimits::default());
        (result, green::now() - begun)
    })
}

/// Answers with the target and the body of the request.
fn echo(exchange: &mut Exchange) -> io::Result<()> {
    let mut text = format!("{} ", exchange.head().target);
    exchange.body().read_to_string(&mut text)?;
    exchange.respond(200, &Fields::new(), text.as_bytes())
}

fn ignore(exchange: &mut Exchange) -> io::Result<()> {
    exchange.respond(200, &Fields::new(), b"ok")
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[test]
fn an_exchange_is_one_read_and_one_write() {
    let client = Client::saying(&[&get("/1"), &get("/2")]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/1 ", "/2 "]);
    assert_eq!(client.heard.borrow().len(), 2);
    assert_eq!(client.reads.get(), 3, "the third is the close");
}

#[test]
fn an_answer_says_who_when_and_how_long() {
    let client = Client::saying(&[&get("/")]);
    serve(&client, ignore).0.unwrap();
    let heard = client.heard();
    let lines: Vec<_> = heard.split("\r\n").collect();
    assert_eq!(lines[..2], ["HTTP/1.1 200 OK", concat!("Server: gfetch/", env!("CARGO_PKG_VERSION"))]);
    assert!(httpdate::parse_http_date(lines[2].strip_prefix("Date: ").unwrap()).is_ok());
    assert_eq!(lines[3..], ["Content-Length: 2", "", "ok"]);
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let together = format!("{}POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc{}", get("/a"), get("/c"));
    let client = Client::saying(&[&together]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/a ", "/b abc", "/c "]);
}

#[test]
fn how_the_bytes_come_in_pieces_changes_nothing() {
    let bytes =
        format!("{}POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", get("/a"));
    for size in 1..bytes.len() {
        let pieces: Vec<_> = bytes.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        let client = Client::saying(&pieces);
        serve(&client, echo).0.unwrap();
        assert_eq!(client.bodies(), ["/a ", "/b abc"], "in pieces of {size}");
    }
}

#[test]
fn a_head_larger_than_the_first_read_is_read_whole() {
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "t".repeat(5000), "b".repeat(20_000));
    let client = Client::saying(&[&long, &get("/2")]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), [format!("/{} ", "t".repeat(5000)), "/2 ".into()]);
}

#[test]
fn http_1_0_closes_unless_it_asks_to_stay() {
    let old = "GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n";
    let client = Client::saying(&[old]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/a "]);
    assert!(client.heard().contains("\r\nConnection: close\r\n"));

    let stays = "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".repeat(2);
    let client = Client::saying(&[&stays]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/a ", "/a "]);
    assert_eq!(client.heard().matches("\r\nConnection: keep-alive\r\n").count(), 2);
}

#[test]
fn a_peer_that_says_close_is_closed() {
    let client = Client::saying(&[&get("/a").replace("Host", "Connection: close\r\nHost")]).then(Then::Waits);
    let (result, lived) = serve(&client, echo);
    result.unwrap();
    assert_eq!(lived, Duration::ZERO);
    assert!(client.heard().contains("\r\nConnection: close\r\n"));
}

/// Three pieces, of no length known.
fn pieces(exchange: &mut Exchange) -> io::Result<()> {
    let mut out = exchange.start(200, &Fields::new(), Framing::Chunked)?;
    for piece in ["a", "", "bcdefghijklmnop", "q"] {
        out.write_all(piece.as_bytes())?;
    }
    out.finish()
}

#[test]
fn a_body_of_no_length_is_chunked_and_runs_to_the_close_for_http_1_0() {
    let client = Client::saying(&[&get("/")]);
    serve(&client, pieces).0.unwrap();
    assert_eq!(client.bodies(), ["1\r\na\r\nf\r\nbcdefghijklmnop\r\n1\r\nq\r\n0\r\n\r\n"]);
    assert!(client.heard().contains("\r\nTransfer-Encoding: chunked\r\n"));

    let client = Client::saying(&["GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"]).then(Then::Waits);
    serve(&client, pieces).0.unwrap();
    assert_eq!(client.bodies(), ["abcdefghijklmnopq"]);
    assert!(client.heard().contains("\r\nConnection: close\r\n") && !client.heard().contains("Transfer-Encoding"));
}

#[test]
fn head_gets_the_head_and_204_and_304_no_length() {
    let ask = |method: &str| format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
    let client = Client::saying(&[&ask("HEAD"), &ask("GET")]);
    serve(&client, ignore).0.unwrap();
    assert_eq!(client.bodies(), ["", "ok"]);
    assert_eq!(client.heard().matches("Content-Length: 2").count(), 2);
    for status in [204, 304] {
        let client = Client::saying(&[&ask("GET")]);
        serve(&client, |exchange| exchange.respond(status, &Fields::new(), b"ok")).0.unwrap();
        assert_eq!(client.bodies(), [""]);
        assert!(!client.heard().contains("Content-Length"));
    }
}

const WAITING: &str = "PUT /w HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

#[test]
fn a_client_that_waits_for_100_gets_it_when_its_body_is_read() {
    let client = Client::saying(&[WAITING, "abc", &get("/2")]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.heard.borrow()[0], "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(client.bodies(), ["", "/w abc", "/2 "]);
}

#[test]
fn a_client_that_waits_for_100_in_vain_is_closed() {
    let client = Client::saying(&[WAITING]).then(Then::Waits);
    serve(&client, ignore).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 200") && client.heard().contains("\r\nConnection: close\r\n"));
    assert!(client.ended.get(), "it may read its answer before the close");
}

#[test]
fn a_body_that_came_unasked_needs_no_100() {
    let client = Client::saying(&[&format!("{WAITING}abc")]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/w abc"]);
}

#[test]
fn a_small_unread_body_is_drained_and_a_large_one_ends_the_connection() {
    let post = |bytes: usize| format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {bytes}\r\n\r\n");
    let client = Client::saying(&[&post(10_000), &"x".repeat(10_000), &get("/2")]);
    serve(&client, ignore).0.unwrap();
    assert_eq!(client.bodies(), ["ok", "ok"]);

    let client = Client::saying(&[&post(10 << 20), "x"]).then(Then::Waits);
    let (result, lived) = serve(&client, ignore);
    result.unwrap();
    assert_eq!(client.bodies(), ["ok"]);
    assert!(client.heard().contains("\r\nConnection: close\r\n"));
    assert_eq!(lived, ServerLimits::default().linger_time);
}

#[test]
fn an_endless_unread_body_in_chunks_is_not_drained_for_ever() {
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let begin = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let client = Client::saying(&[begin]).and(Duration::ZERO, &vec![&*chunk; 400]).then(Then::Waits);
    serve(&client, ignore).0.unwrap();
    assert_eq!(client.bodies(), ["ok"]);
    assert!(!client.says.borrow().is_empty(), "not all of it was read");
}

#[test]
fn a_body_broken_by_the_client_is_told_and_not_passed_by() {
    let begin = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let client = Client::saying(&[begin, "3\r\nabcd\r\n"]);
    serve(&client, echo).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 400 ") && client.heard().contains("Connection: close"));

    let client = Client::saying(&[begin, "zz\r\n", &get("/smuggled")]);
    serve(&client, ignore).0.unwrap();
    assert_eq!(client.bodies(), ["ok"], "what follows broken chunks is no request");
}

#[test]
fn a_body_that_stops_is_408_and_one_that_ends_early_is_no_answer() {
    let begin = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
    let client = Client::saying(&[begin, "abc"]).then(Then::Waits);
    serve(&client, echo).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 408 "), "{}", client.heard());
    let client = Client::saying(&[begin, "abc"]);
    assert_eq!(serve(&client, echo).0.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(client.heard(), "");
}

#[test]
fn what_smuggles_is_refused_and_the_connection_ends() {
    let smuggled = get("/smuggled");
    for (request, status) in [
        (
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n{smuggled}"),
            400,
        ),
        (format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{smuggled}"), 400),
        (format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{smuggled}"), 501),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n{smuggled}"), 400),
        (format!("GET / HTTP/1.1\r\nHost : a\r\n\r\n{smuggled}"), 400),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n{smuggled}"), 400),
        (format!("GET / HTTP/2.0\r\n\r\n{smuggled}"), 505),
        (format!("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n{smuggled}"), 501),
    ] {
        let client = Client::saying(&[&request]).then(Then::Waits);
        serve(&client, echo).0.unwrap();
        let heard = client.heard();
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{request}\n{heard}");
        assert!(heard.contains("\r\nConnection: close\r\n") && !heard.contains("/smuggled"), "{heard}");
        assert!(client.ended.get());
    }
}

#[test]
fn an_idle_connection_is_closed_in_silence() {
    let client = Client::saying(&[&get("/a")]).then(Then::Waits);
    let (result, lived) = serve(&client, echo);
    result.unwrap();
    assert_eq!((client.bodies().len(), lived), (1, ServerLimits::default().idle_time));
}

#[test]
fn a_head_that_drips_meets_its_deadline() {
    let drops = vec!["A: b\r\n"; 100];
    let client = Client::saying(&["GET / HTTP/1.1\r\n"]).and(Duration::from_secs(1), &drops).then(Then::Waits);
    let (result, lived) = serve(&client, echo);
    result.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 408 "));
    let limits = ServerLimits::default();
    assert!(lived <= limits.head_time + limits.linger_time, "{lived:?}");
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    let client = Client::saying(&[&get("/")]).then(Then::TakesNothing);
    let (result, lived) = serve(&client, ignore);
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert_eq!(lived, ServerLimits::default().write_time);
}

#[test]
fn a_handlers_error_is_500_before_the_answer_and_a_break_after_it() {
    let client = Client::saying(&[&get("/"), &get("/2")]);
    serve(&client, |_| Err(io::Error::other("secret"))).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 500 ") && !client.heard().contains("secret"));
    assert_eq!(client.bodies().len(), 1);

    let client = Client::saying(&[&get("/")]);
    let result = serve(&client, |exchange| {
        let mut out = exchange.start(200, &Fields::new(), Framing::Chunked)?;
        out.write_all(b"half")?;
        out.flush()?;
        Err(io::Error::other("gone"))
    });
    assert_eq!(result.0.unwrap_err().to_string(), "gone");
    assert_eq!(client.bodies(), ["4\r\nhalf\r\n"], "no last chunk");
}

#[test]
fn a_handlers_panic_is_500_and_stays_a_panic() {
    let client = Client::saying(&[&get("/")]);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = serve(&client, |_| panic!("oh"));
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"oh"));
    assert!(client.heard().starts_with("HTTP/1.1 500 "));
}

#[test]
fn a_killed_handler_answers_nothing() {
    let client = Client::saying(&[&get("/")]);
    Config::new().clock(ClockKind::Virtual).run(|| {
        let stream = client.clone();
        let task = green::spawn(move || {
            let slow = |_: &mut Exchange| Ok(green::sleep(Duration::from_secs(9))?);
            serve_connection(stream, None, &slow, &ServerLimits::default())
        });
        green::sleep(Duration::from_secs(1)).unwrap();
        task.kill().unwrap();
        assert!(matches!(task.get(), Err(green::GetError::Killed)));
    });
    assert_eq!(client.heard(), "");
}

#[test]
fn no_answer_is_500_an_abort_is_none_and_a_dropped_body_breaks() {
    let client = Client::saying(&[&get("/")]);
    serve(&client, |_| Ok(())).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 500 "));

    let client = Client::saying(&[&get("/"), &get("/2")]);
    let abort = |exchange: &mut Exchange| {
        exchange.abort();
        Ok(())
    };
    serve(&client, abort).0.unwrap();
    assert_eq!(client.heard(), "");

    let client = Client::saying(&[&get("/"), &get("/2")]);
    let dropped = |exchange: &mut Exchange| exchange.start(200, &Fields::new(), Framing::Length(9))?.write_all(b"four");
    serve(&client, dropped).0.unwrap();
    assert_eq!(client.bodies(), ["four"], "nothing is answered behind a body that is cut off");
}

#[test]
fn a_handler_cannot_split_or_frame_a_response() {
    assert!(Fields::new().push("A", "b\r\nC: d").is_err());
    for name in ["Content-Length", "transfer-encoding", "Connection", "Keep-Alive"] {
        let client = Client::saying(&[&get("/")]);
        let own = |exchange: &mut Exchange| {
            let mut fields = Fields::new();
            fields.push(name, "7").unwrap();
            assert_eq!(exchange.respond(200, &fields, b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
            assert_eq!(exchange.respond(100, &Fields::new(), b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
            exchange.respond(200, &Fields::new(), b"ok")?;
            assert_eq!(exchange.respond(200, &Fields::new(), b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
            Ok(())
        };
        serve(&client, own).0.unwrap();
        assert_eq!(client.bodies(), ["ok"]);
    }
}

#[test]
fn a_body_is_as_long_as_announced() {
    let client = Client::saying(&[&get("/"), &get("/2")]);
    let result = serve(&client, |exchange| {
        let mut out = exchange.start(200, &Fields::new(), Framing::Length(3))?;
        out.write_all(b"ab")?;
        assert_eq!(out.write_all(b"cd").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        out.finish()
    });
    assert_eq!(result.0.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert!(!client.heard().contains("cd"));
}

#[test]
fn a_large_body_goes_out_in_large_pieces() {
    let body = "0123456789".repeat(100_000);
    let client = Client::saying(&[&get("/")]);
    serve(&client, |exchange| exchange.respond(200, &Fields::new(), body.as_bytes())).0.unwrap();
    assert_eq!(client.bodies(), [body]);
    assert_eq!(client.heard.borrow().len(), 2, "the head with a first piece, and the rest");
}
