//! The examples that serve, run for real over loopback: each does what its first line says.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gfetch::green::{self, ClockKind, Config, Event, Queue};
use gfetch::http::server::{Exchange, HttpServer, Server};
use gfetch::net::{StreamServer, TcpListener, TcpStream};

#[path = "../examples/actors.rs"]
#[allow(dead_code)]
mod actors;
#[path = "../examples/chat_server.rs"]
#[allow(dead_code)]
mod chat_server;
#[path = "../examples/http_hello.rs"]
#[allow(dead_code)]
mod http_hello;
#[path = "../examples/long_polling.rs"]
#[allow(dead_code)]
mod long_polling;
#[path = "../examples/request_locals.rs"]
#[allow(dead_code)]
mod request_locals;
#[path = "../examples/streaming_server.rs"]
#[allow(dead_code)]
mod streaming_server;
#[path = "../examples/websocket_echo.rs"]
#[allow(dead_code)]
mod websocket_echo;

const SECOND: Duration = Duration::from_secs(1);

fn listener() -> TcpListener {
    TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap()
}

fn serving(handler: impl Fn(&mut Exchange<'_>) -> io::Result<()> + 'static) -> (Server, SocketAddr) {
    let server = HttpServer::new(listener()).start(handler);
    let address = server.local_addr().unwrap();
    (server, address)
}

/// One request on a connection of its own: the status, and the body as it came.
fn ask(address: SocketAddr, method: &str, target: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head =
        format!("{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(head.as_bytes()).unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

fn lines_of(stream: &TcpStream) -> impl FnMut() -> String {
    let mut reader = BufReader::new(stream);
    move || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

/// Waits until `happened`, at most five seconds.
fn until(happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < 5 * SECOND, "it never happened");
        green::sleep(Duration::from_millis(1)).unwrap();
    }
}

#[test]
fn s3_39_the_root_is_answered_and_an_unknown_path_is_404() {
    green::run(|| {
        let (server, address) = serving(http_hello::hello);
        assert_eq!(ask(address, "GET", "/", ""), (200, "<b>Hello world!</b>".to_owned()));
        assert_eq!(ask(address, "GET", "/unknown", ""), (404, "<h1>Not Found</h1>".to_owned()));
        assert_eq!(ask(address, "POST", "/", "x").0, 404);
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn s3_40_the_first_chunk_is_read_before_the_last_is_made() {
    green::run(|| {
        let read = Event::new();
        let first_is_read = read.clone();
        let (server, address) = serving(move |exchange| {
            let waits = first_is_read.clone();
            let last = std::iter::once_with(move || waits.wait().map(|()| "last".to_owned()).map_err(io::Error::from));
            streaming_server::stream(exchange, std::iter::once(Ok("first".to_owned())).chain(last))
        });
        let stream = TcpStream::connect(address).unwrap();
        (&stream).write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut line = lines_of(&stream);
        green::timeout(5 * SECOND, || {
            while !line().is_empty() {}
            assert_eq!((line(), line()), ("5".to_owned(), "first".to_owned()));
            assert!(!read.is_set(), "the last cannot have been made");
            read.set();
            assert_eq!([line(), line(), line()], ["4", "last", "0"]);
            io::Result::Ok(())
        })
        .unwrap()
        .unwrap();
        server.stop(Duration::ZERO).unwrap();
    });
}

#[test]
fn s3_40_an_error_in_the_middle_is_seen_by_the_client() {
    green::run(|| {
        let pieces = || [Ok("first".to_owned()), Err(io::Error::other("gone"))].into_iter();
        let (server, address) = serving(move |exchange| streaming_server::stream(exchange, pieces()));
        assert_eq!(ask(address, "GET", "/", ""), (200, "5\r\nfirst\r\n".to_owned()), "no last chunk");
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn s3_41_a_poll_is_answered_on_a_put_and_with_nothing_when_its_time_is_over() {
    green::run(|| {
        let news = Queue::bounded(2);
        let inbox = news.clone();
        let (server, address) =
            serving(move |exchange| long_polling::answer(exchange, &inbox, Duration::from_millis(300)));
        let poll = move || ask(address, "GET", "/news", "");
        let begun = Instant::now();
        assert_eq!(poll(), (204, String::new()));
        assert!(begun.elapsed() >= Duration::from_millis(300), "it was parked: {:?}", begun.elapsed());

        let parked = green::spawn(poll);
        green::sleep(Duration::from_millis(50)).unwrap();
        assert!(!parked.is_done());
        assert_eq!(ask(address, "POST", "/news", "hello").0, 202);
        assert_eq!(parked.get().unwrap(), (200, "hello".to_owned()));

        for item in ["one", "two"] {
            assert_eq!(ask(address, "POST", "/news", item).0, 202);
        }
        assert_eq!(ask(address, "POST", "/news", "three").0, 503, "it is bounded");
        assert_eq!(ask(address, "POST", "/news", &"x".repeat(70_000)).0, 413);
        assert_eq!([poll().1, poll().1], ["one", "two"]);
        assert_eq!(ask(address, "GET", "/", "").0, 404);
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn s3_42_a_websocket_shakes_hands_echoes_answers_pings_and_closes() {
    use tungstenite::protocol::CloseFrame;
    use tungstenite::protocol::frame::coding::CloseCode;
    use tungstenite::{Error, Message, client};
    green::run(|| {
        let (server, address) = serving(websocket_echo::echo);
        let clients: Vec<_> = (0..5)
            .map(|number| {
                green::spawn(move || {
                    let stream = TcpStream::connect(address).unwrap();
                    let (mut socket, response) = client(format!("ws://{address}/"), stream).unwrap();
                    assert_eq!(response.status().as_u16(), 101);
                    let large = Message::Binary(vec![number; 200_000].into());
                    for message in [Message::Text(format!("hello {number}").into()), large] {
                        socket.send(message.clone()).unwrap();
                        assert_eq!(socket.read().unwrap(), message);
                    }
                    socket.send(Message::Ping(b"are you there"[..].into())).unwrap();
                    assert_eq!(socket.read().unwrap(), Message::Pong(b"are you there"[..].into()));
                    let goodbye = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
                    socket.close(Some(goodbye.clone())).unwrap();
                    assert_eq!(socket.read().unwrap(), Message::Close(Some(goodbye)));
                    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
                })
            })
            .collect();
        clients.iter().for_each(|client| client.get().unwrap());
        until(|| server.connections() == 0);
        assert_eq!(ask(address, "GET", "/", "").0, 426, "a request that is none");
        server.stop(SECOND).unwrap();
    });
}

/// The handshake's key as RFC 6455 section 1.3 has it, and a frame that came behind the request in one piece.
#[test]
fn s3_42_the_handshake_is_that_of_the_rfc() {
    green::run(|| {
        let (server, address) = serving(websocket_echo::echo);
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        // Section 5.7: "Hello", masked.
        let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        stream.write_all(&[&request[..], &frame].concat()).unwrap();
        let expected = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x05Hello";
        let mut heard = vec![0; expected.len()];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(expected));
        drop(stream);
        until(|| server.connections() == 0);
    });
}

#[test]
fn s3_43_a_line_reaches_all_others_in_order_and_a_leaving_user_frees_its_greenlets() {
    green::run(|| {
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let room = chat_server::Room::default();
        let inside = room.clone();
        let server = StreamServer::new(listener).start(move |stream, _| inside.chat(stream));
        let enter = |name: &str, others: usize| {
            let stream = TcpStream::connect(address).unwrap();
            (&stream).write_all(format!("{name}\n").as_bytes()).unwrap();
            until(|| room.len() == others + 1);
            Rc::new(stream)
        };
        let (ann, bob, cid) = (enter("ann", 0), enter("bob", 1), enter("cid", 2));
        let (mut to_ann, mut to_bob, mut to_cid) = (lines_of(&ann), lines_of(&bob), lines_of(&cid));
        assert_eq!([to_ann(), to_ann(), to_bob()], ["* bob is here", "* cid is here", "* cid is here"]);
        for number in 0..100 {
            (&*ann).write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        for number in 0..100 {
            let line = format!("ann: line {number}");
            assert_eq!([to_bob(), to_cid()], [line.clone(), line]);
        }
        (&*bob).write_all(b"hello\n").unwrap();
        assert_eq!([to_ann(), to_cid()], ["bob: hello", "bob: hello"], "and not what ann said herself");

        bob.shutdown(std::net::Shutdown::Both).unwrap();
        assert_eq!([to_ann(), to_cid()], ["* bob has left", "* bob has left"]);
        until(|| server.connections() == 2 && room.len() == 2);
        until(|| room.writers() == 2);
        server.stop(Duration::ZERO).unwrap();
        assert_eq!((room.len(), server.connections()), (0, 0));
        until(|| room.writers() == 0);
    });
}

#[test]
fn s3_32_each_of_many_concurrent_requests_sees_its_own_state() {
    use request_locals::Request;
    green::run(|| {
        let (server, address) = serving(|exchange| {
            request_locals::answer(exchange, || {
                let before = Request::current().target.clone();
                for pause in [3, 1, 2] {
                    green::sleep(Duration::from_millis(pause))?;
                    assert_eq!(Request::current().target, before);
                }
                Ok(format!("Hello {} at {before}", Request::current().remote_addr))
            })
        });
        let asks: Vec<_> = (0..50).map(|n| green::spawn(move || ask(address, "GET", &format!("/{n}"), ""))).collect();
        for (number, asked) in asks.iter().enumerate() {
            assert_eq!(asked.get().unwrap(), (200, format!("Hello 127.0.0.1 at /{number}")));
        }
        server.stop(SECOND).unwrap();
        assert_eq!(request_locals::open_requests(), 0, "nothing is left of them");
    });
}

#[test]
fn s3_35_and_s3_36_ping_and_pong_take_turns() {
    let lines = Rc::new(RefCell::new(Vec::new()));
    let page = lines.clone();
    Config::new().clock(ClockKind::Virtual).run(|| actors::play(4, move |line| page.borrow_mut().push(line)));
    assert_eq!(*lines.borrow(), ["start", "ping", "pong", "ping", "pong", "ping", "pong"]);
}
