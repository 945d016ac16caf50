//! A server that stands: its stop, its places, its log, its handshakes. The listener is a queue of clients in memory.

use std::net::SocketAddr;

use super::*;
use crate::green::{Event, Queue};
use crate::net::{Listen, TcpListener, TcpStream, TlsAcceptor};

/// Clients that come when they are put in.
#[derive(Clone)]
struct Clients(Queue<Client>);

impl Listen for Clients {
    type Stream = Client;
    type Peer = ();

    fn accept(&self) -> io::Result<(Client, ())> {
        Ok((self.0.get()?.ok_or(io::ErrorKind::NotConnected)?, ()))
    }

    fn close(&self) {
        self.0.close();
    }
}

impl HttpListen for Clients {
    fn address_of(_peer: &()) -> Option<SocketAddr> {
        Some(([192, 0, 2, 7], 4711).into())
    }
}

/// On the virtual clock, with a listener.
fn standing<R>(story: impl FnOnce(Clients) -> R) -> R {
    Config::new().clock(ClockKind::Virtual).run(|| story(Clients(Queue::unbounded())))
}

fn sleep(ms: u64) {
    green::sleep(Duration::from_millis(ms)).unwrap();
}

fn since(begun: std::time::Instant) -> u128 {
    (green::now() - begun).as_millis()
}

/// Answers after a second in two pieces, half a second each.
fn slow(exchange: &mut Exchange) -> io::Result<()> {
    sleep(500);
    let mut out = exchange.start(200, &Fields::new(), Framing::Chunked)?;
    out.write_all(b"one")?;
    out.flush()?;
    sleep(500);
    out.write_all(b"two")?;
    out.finish()
}

#[test]
fn a_stop_ends_idle_connections_at_once_and_lets_exchanges_finish_within_the_grace() {
    standing(|clients| {
        let server = HttpServer::new(clients.clone()).start(slow);
        let (early, late, idle) =
            (Client::saying(&[&get("/1"), &get("/2")]), Client::saying(&[&get("/")]), Client::default());
        let idle = idle.then(Then::Waits);
        clients.0.put(early.clone()).unwrap();
        clients.0.put(idle.clone()).unwrap();
        sleep(600); // `early` has its first piece
        clients.0.put(late.clone()).unwrap();
        sleep(100);
        let begun = green::now();
        server.stop(Duration::from_secs(10)).unwrap();
        assert_eq!(since(begun), 1_300, "the end of `early`'s second exchange, whose request had come");
        assert_eq!(early.heard().matches("HTTP/1.1 200 OK").count(), 2);
        assert_eq!(early.heard().matches("\r\nConnection: close\r\n").count(), 1, "its first answer had begun");
        assert!(late.heard().contains("\r\nConnection: close\r\n") && late.heard().ends_with("3\r\ntwo\r\n0\r\n\r\n"));
        assert_eq!((idle.heard(), server.connections()), (String::new(), 0));
    });
}

#[test]
fn a_stop_cuts_what_has_not_finished_when_the_grace_is_over() {
    standing(|clients| {
        let server = HttpServer::new(clients.clone()).start(slow);
        let client = Client::saying(&[&get("/")]).then(Then::Waits);
        clients.0.put(client.clone()).unwrap();
        sleep(100);
        let begun = green::now();
        server.stop(Duration::from_millis(700)).unwrap();
        assert_eq!(since(begun), 700);
        assert!(client.heard().ends_with("3\r\none\r\n"), "{}", client.heard());
        assert!(!client.ended.get() && server.connections() == 0);
    });
}

#[test]
fn a_stop_ends_a_server_of_idle_connections_without_its_grace() {
    standing(|clients| {
        let server = HttpServer::new(clients.clone()).start(ignore);
        let asked = Client::saying(&[&get("/")]).then(Then::Waits);
        [asked.clone(), Client::default().then(Then::Waits)].map(|client| clients.0.put(client).unwrap());
        sleep(100);
        let begun = green::now();
        server.stop(Duration::from_secs(3600)).unwrap();
        assert!(since(begun) <= 10, "{} ms", since(begun));
        assert_eq!(asked.bodies(), ["ok"]);
        server.wait().unwrap();
    });
}

/// Bug class 38: idle connections fill the pool, and nobody is accepted any more.
#[test]
fn an_idle_connection_gives_its_place_up_after_the_idle_time() {
    standing(|clients| {
        let server = HttpServer::new(clients.clone()).pool(2).start(ignore);
        let silent = Client::default().then(Then::Waits);
        let idle = Client::saying(&[&get("/")]).then(Then::Waits);
        let next = Client::saying(&[&get("/")]);
        [silent.clone(), idle.clone(), next.clone()].map(|client| clients.0.put(client).unwrap());
        let limits = ServerLimits::default();
        green::sleep(limits.idle_time - Duration::from_secs(1)).unwrap();
        assert_eq!((next.heard().as_str(), server.connections()), ("", 2));
        sleep(1_100);
        assert_eq!(next.bodies(), ["ok"]);
        assert_eq!((silent.heard().as_str(), idle.bodies().len()), ("", 1));
    });
}

/// Bug class 38: a head that never ends holds a place no longer than its deadline.
#[test]
fn a_head_that_drips_gives_its_place_up_after_the_head_time() {
    standing(|clients| {
        let _server = HttpServer::new(clients.clone()).pool(1).start(ignore);
        let drops = vec!["A: b\r\n"; 1000];
        let drips = Client::saying(&["GET / HTTP/1.1\r\n"]).and(Duration::from_millis(500), &drops);
        let next = Client::saying(&[&get("/")]);
        [drips.clone(), next.clone()].map(|client| clients.0.put(client).unwrap());
        let limits = ServerLimits::default();
        green::sleep(limits.head_time + limits.linger_time + Duration::from_millis(10)).unwrap();
        assert!(drips.heard().starts_with("HTTP/1.1 408 "));
        assert_eq!(next.bodies(), ["ok"]);
    });
}

#[test]
fn the_log_hears_of_every_exchange_that_ended() {
    let lines = Rc::new(RefCell::new(Vec::new()));
    standing(|clients| {
        let log = lines.clone();
        let server = HttpServer::new(clients.clone())
            .log(move |access| {
                let line = access.to_string();
                let (before, after) = (line.find('[').unwrap(), line.find(']').unwrap());
                assert!(humantime::parse_rfc3339(&line[before + 1..after]).is_ok(), "{line}");
                log.borrow_mut().push(format!("{}{}", &line[..before], &line[after + 2..]));
            })
            .start(|exchange| match &*exchange.head().target {
                "/fails" => Err(io::Error::other("as this test wants")),
                "/panics" => panic!("as this test wants"),
                "/gone" => {
                    exchange.abort();
                    Ok(())
                }
                "/slow" => slow(exchange),
                _ => ignore(exchange),
            });
        let asks = [
            get("/tea?milk=1"),
            get("http://a.example/tea"),
            get("/tea").replace("GET", "HEAD").replace("1.1", "1.0"),
            get("/fails"),
            get("/panics"),
            get("/gone"),
            get("/slow"),
            "GET / HTTP/1.1\r\n\r\n".to_owned(),
            get("a:443").replace("GET", "CONNECT"),
        ];
        for ask in asks {
            clients.0.put(Client::saying(&[&ask])).unwrap();
            sleep(2_000);
        }
        server.stop(Duration::ZERO).unwrap();
    });
    let told = [
        "\"GET /tea?milk=1 HTTP/1.1\" 200 2 0.000000",
        "\"GET http://a.example/tea HTTP/1.1\" 200 2 0.000000",
        "\"HEAD /tea HTTP/1.0\" 200 0 0.000000",
        "\"GET /fails HTTP/1.1\" 500 26 0.000000",
        "\"GET /panics HTTP/1.1\" 500 26 0.000000",
        "\"GET /gone HTTP/1.1\" 000 0 0.000000",
        "\"GET /slow HTTP/1.1\" 200 6 1.000000",
        "\"-\" 400 31 0.000000",
        "\"CONNECT a:443 HTTP/1.1\" 501 16 0.000000",
    ];
    assert_eq!(*lines.borrow(), told.map(|line| format!("192.0.2.7 - - {line}")));
}

/// TLS: a client that never shakes hands, and one that speaks none, end alone and in time.
#[test]
fn a_handshake_has_a_deadline_and_a_failed_one_harms_nobody() {
    let own = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    let roots = crate::net::Roots::Der(vec![own.cert.der().to_vec()]);
    let config = crate::net::TlsConfig::builder().roots(roots).build().unwrap();
    green::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let limits = ServerLimits { handshake_time: Duration::from_millis(150), ..ServerLimits::default() };
        let server = HttpServer::new(listener).limits(limits).tls(acceptor).start(ignore);
        let address = server.local_addr().unwrap();
        let mut silent = TcpStream::connect(address).unwrap();
        let mut plain = TcpStream::connect(address).unwrap();
        plain.write_all(get("/").as_bytes()).unwrap();
        let stream = TcpStream::connect(address).unwrap();
        let mut stream = crate::net::TlsStream::connect(stream, "a.example", &config).unwrap();
        let request = get("/").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        assert!(heard.starts_with("HTTP/1.1 200 OK\r\n") && heard.ends_with("ok"));
        let mut plainly = Vec::new();
        let _ = plain.read_to_end(&mut plainly);
        assert!(!plainly.starts_with(b"HTTP"), "an alert, or nothing");
        let ended = green::timeout(Duration::from_secs(5), || silent.read(&mut [0; 1]));
        assert_eq!(ended.expect("it is closed in time").unwrap_or(0), 0);
        server.stop(Duration::ZERO).unwrap();
    });
}

#[test]
fn a_request_that_waits_to_be_read_when_the_server_stops_is_answered() {
    green::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let held = Event::new();
        let hold = held.clone();
        let server = HttpServer::new(listener).start(move |exchange| {
            hold.set();
            ignore(exchange)
        });
        let mut stream = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        stream.write_all(get("/1").as_bytes()).unwrap();
        held.wait().unwrap();
        stream.write_all(get("/2").as_bytes()).unwrap(); // nobody runs before the stop
        server.stop(Duration::from_secs(5)).unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        assert_eq!(heard.matches("HTTP/1.1 200 OK").count(), 2, "{heard}");
    });
}
