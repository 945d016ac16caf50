//! The server's rules: over real sockets, and with a scripted listener on the virtual clock.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::time::Instant;

use super::*;
use crate::green::{ClockKind, Config, Event, State};
use crate::net::UdpSocket;

const SECOND: Duration = Duration::from_secs(1);

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn read_all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Waits until `happened`, at most a second.
fn until(happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < SECOND, "it never happened");
        green::sleep(Duration::from_millis(1)).unwrap();
    }
}

/// A handler that counts itself in and holds its connection until told to go.
fn holding(busy: &Rc<Cell<usize>>, go: &Event) -> impl Fn(TcpStream, SocketAddr) + 'static {
    let (busy, go) = (busy.clone(), go.clone());
    move |_stream, _peer| {
        busy.set(busy.get() + 1);
        go.wait().unwrap();
    }
}

#[test]
fn each_connection_has_its_own_handler() {
    green::run(|| {
        let (listener, address) = listener();
        let server = StreamServer::new(listener).start(|mut stream, peer| write!(stream, "{peer}"));
        let clients: Vec<_> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
        for client in clients {
            let own = client.local_addr().unwrap().to_string();
            assert_eq!(read_all(client), own);
        }
        server.stop(SECOND).unwrap();
    });
}

/// Bug class 37.
#[test]
fn a_full_pool_accepts_none_and_the_next_as_soon_as_a_place_is_free() {
    green::run(|| {
        let (listener, address) = listener();
        let (busy, go) = (Rc::new(Cell::new(0)), Event::new());
        let server = StreamServer::new(listener).pool(2).start(holding(&busy, &go));
        let clients: Vec<_> = (0..5).map(|_| TcpStream::connect(address).unwrap()).collect();
        until(|| busy.get() == 2);
        green::sleep(Duration::from_millis(20)).unwrap();
        assert_eq!((busy.get(), server.connections()), (2, 2), "three wait in the backlog");
        let begun = Instant::now();
        go.set();
        until(|| busy.get() == 5);
        assert!(begun.elapsed() < Duration::from_millis(200));
        drop(clients);
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn a_handlers_panic_or_error_harms_nobody() {
    green::run(|| {
        let (listener, address) = listener();
        let seen = Rc::new(Cell::new(0));
        let count = seen.clone();
        let server = StreamServer::new(listener).pool(1).start(move |mut stream: TcpStream, _| -> io::Result<()> {
            count.set(count.get() + 1);
            match count.get() {
                1 => panic!("the first handler panics, as this test wants"),
                2 => Err(io::Error::other("the second fails")),
                _ => stream.write_all(b"served"),
            }
        });
        assert_eq!(read_all(TcpStream::connect(address).unwrap()), "");
        assert_eq!(read_all(TcpStream::connect(address).unwrap()), "");
        assert_eq!(read_all(TcpStream::connect(address).unwrap()), "served");
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn stop_refuses_the_new_lets_the_old_finish_and_kills_the_slow() {
    green::run(|| {
        let (listener, address) = listener();
        let ended = Rc::new(RefCell::new(Vec::new()));
        let noting = ended.clone();
        let server = StreamServer::new(listener).start(move |mut stream, _| {
            struct Note(Rc<RefCell<Vec<u8>>>, u8);
            impl Drop for Note {
                fn drop(&mut self) {
                    self.0.borrow_mut().push(self.1);
                }
            }
            let mut limit = [0];
            stream.read_exact(&mut limit).unwrap();
            let _note = Note(noting.clone(), limit[0]);
            green::sleep(Duration::from_millis(u64::from(limit[0]) * 100)).unwrap();
            stream.write_all(b"done").unwrap();
        });
        let client = |tenths: u8| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&[tenths]).unwrap();
            stream
        };
        let (quick, slow) = (client(1), client(200));
        until(|| server.connections() == 2);
        green::sleep(Duration::from_millis(20)).unwrap();
        let begun = Instant::now();
        server.stop(Duration::from_millis(400)).unwrap();
        assert!(begun.elapsed() < 3 * SECOND);
        assert_eq!((read_all(quick).as_str(), server.connections()), ("done", 0));
        assert_eq!(*ended.borrow(), [1, 200], "the slow one was unwound");
        drop(slow);
        assert!(TcpStream::connect(address).is_err(), "nobody listens");
        server.wait().unwrap();
    });
}

#[test]
fn a_flood_of_connections_lets_the_handlers_run() {
    green::run(|| {
        let (listener, address) = listener();
        let clients: Vec<_> = (0..300).map(|_| TcpStream::connect(address).unwrap()).collect();
        let most = Rc::new(Cell::new(0));
        let (noted, own) = (most.clone(), Rc::new(RefCell::new(None::<Rc<ServerHandle>>)));
        let handle = own.clone();
        let server = StreamServer::new(listener).start(move |_stream, _| {
            let waiting = handle.borrow().as_ref().map_or(0, |server| server.connections());
            noted.set(noted.get().max(waiting));
        });
        let server = Rc::new(server);
        *own.borrow_mut() = Some(server.clone());
        clients.into_iter().for_each(|client| assert_eq!(read_all(client), ""));
        assert!((1..=MAX_ACCEPTS as usize).contains(&most.get()), "{} were accepted in one go", most.get());
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn a_unix_listener_serves_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    green::run(|| {
        let listener = UnixListener::bind(&path).unwrap();
        let server = StreamServer::new(listener).start(|mut stream, ()| stream.write_all(b"hello"));
        let mut text = String::new();
        UnixStream::connect(&path).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        server.stop(SECOND).unwrap();
    });
}

/// A listener that fails as told, then is closed; it notes when it was asked.
#[derive(Clone)]
struct Scripted {
    script: Rc<RefCell<VecDeque<io::Result<()>>>>,
    asked: Rc<RefCell<Vec<Instant>>>,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Option<i32>>) -> Scripted {
        let outcome = |errno: Option<i32>| errno.map_or(Ok(()), |errno| Err(io::Error::from_raw_os_error(errno)));
        Scripted { script: Rc::new(RefCell::new(script.into_iter().map(outcome).collect())), asked: Rc::default() }
    }

    fn pauses_ms(&self) -> Vec<u128> {
        let asked = self.asked.borrow();
        asked.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect()
    }
}

impl Listen for Scripted {
    type Stream = ();
    type Peer = ();

    fn accept(&self) -> io::Result<((), ())> {
        self.asked.borrow_mut().push(green::now());
        let next = self.script.borrow_mut().pop_front();
        next.unwrap_or_else(|| Err(io::Error::from_raw_os_error(libc::EBADF))).map(|()| ((), ()))
    }

    fn close(&self) {}
}

#[test]
fn a_failing_accept_pauses_longer_each_time_and_goes_on() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let short = [libc::EMFILE, libc::ENFILE, libc::ECONNABORTED, libc::ENOBUFS, libc::ENOMEM, libc::EPROTO];
        let script = short.into_iter().chain([libc::EMFILE; 3]).map(Some).chain([None, Some(libc::EMFILE)]);
        let listener = Scripted::new(script);
        let server = StreamServer::new(listener.clone()).start(|(), ()| ());
        let error = server.wait().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EBADF), "that one ends it");
        assert_eq!(listener.pauses_ms(), [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 0, 10]);
        assert_eq!(server.failed_accepts(), 10);
    });
}

#[test]
fn serving_for_ever_ends_with_the_listener() {
    green::run(|| {
        let (listener, address) = listener();
        let acceptor =
            green::spawn(move || StreamServer::new(listener).serve_forever(|mut stream, _| stream.write_all(b"hello")));
        assert_eq!(read_all(TcpStream::connect(address).unwrap()), "hello");
        assert_eq!(acceptor.state(), State::Waiting);
        acceptor.kill().unwrap();
        assert!(TcpStream::connect(address).is_err());
        let closed = Scripted::new([]);
        let ended = StreamServer::new(closed).serve_forever(|(), ()| ());
        assert_eq!(ended.unwrap_err().raw_os_error(), Some(libc::EBADF));
    });
}

/// Bug class 37: accepting never went on after the pool had been full.
#[test]
fn a_pool_shared_with_others_bounds_both_and_accepting_goes_on() {
    green::run(|| {
        let (listener, address) = listener();
        let pool = Pool::new(1);
        let (busy, go) = (Rc::new(Cell::new(0)), Event::new());
        let server = StreamServer::new(listener).in_pool(&pool).start(holding(&busy, &go));
        let released = Event::new();
        let until_released = released.clone();
        let elsewhere = pool.spawn(move || until_released.wait().unwrap()).unwrap();
        let clients: Vec<_> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
        green::sleep(Duration::from_millis(10)).unwrap();
        assert!(server.is_full() && busy.get() <= 1);
        released.set();
        go.set();
        until(|| busy.get() == 3);
        elsewhere.join().unwrap();
        drop(clients);
        server.stop(SECOND).unwrap();
        assert!(server.is_closed());
    });
}

/// Bug class 39: one of several processes took all connections.
#[test]
fn a_server_that_shares_its_listener_accepts_one_in_a_turn() {
    green::run(|| {
        let (listener, address) = listener();
        let clients: Vec<_> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
        let most = Rc::new(Cell::new(0));
        let (noted, own) = (most.clone(), Rc::new(RefCell::new(None::<Rc<ServerHandle>>)));
        let handle = own.clone();
        let server = StreamServer::new(listener).shared().start(move |_stream, _| {
            let accepted = handle.borrow().as_ref().map_or(0, |server| server.connections());
            noted.set(noted.get().max(accepted));
        });
        let server = Rc::new(server);
        *own.borrow_mut() = Some(server.clone());
        clients.into_iter().for_each(|client| assert_eq!(read_all(client), ""));
        assert_eq!(most.get(), 1, "never are two accepted before the handler of the first has run");
        own.take();
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn what_ends_accepting_for_good_closes_the_listener() {
    green::run(|| {
        let (listener, address) = listener();
        let listener = Rc::new(listener);
        let server = StreamServer::new(Broken(listener)).start(|_, _| ());
        assert_eq!(server.wait().unwrap_err().raw_os_error(), Some(libc::EBADF));
        assert!(server.is_closed() && TcpStream::connect(address).is_err());
    });
}

/// A listener whose accept says that it is none.
struct Broken(Rc<TcpListener>);

impl Listen for Broken {
    type Stream = ();
    type Peer = ();

    fn accept(&self) -> io::Result<((), ())> {
        Err(io::Error::from_raw_os_error(libc::EBADF))
    }

    fn close(&self) {
        self.0.close();
    }
}

/// Bug class 33: a client that is slow in its handshake delayed the whole server.
#[test]
fn a_silent_client_of_a_tls_server_delays_nobody_and_is_closed_at_the_limit() {
    let own = rcgen::generate_simple_self_signed(["a.example".to_string()]).unwrap();
    let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    let roots = crate::net::Roots::Der(vec![own.cert.der().to_vec()]);
    let config = crate::net::TlsConfig::builder().roots(roots).build().unwrap();
    green::run(|| {
        let (listener, address) = listener();
        let server = StreamServer::new(listener).tls(acceptor).handshake_limit(Duration::from_millis(100));
        let failed = server.failed_handshakes();
        let server = server.start(|mut stream, _peer| stream.write_all(b"hello").and_then(|()| stream.close_notify()));
        let silent = TcpStream::connect(address).unwrap();
        let leaver = TcpStream::connect(address).unwrap();
        leaver.shutdown(std::net::Shutdown::Write).unwrap();
        let good = TcpStream::connect(address).unwrap();
        let mut good = crate::net::TlsStream::connect(good, "a.example", &config).unwrap();
        let mut text = String::new();
        good.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        assert_eq!(read_all(silent), "", "closed at its limit");
        until(|| failed.get() == 2);
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn a_datagram_server_answers_each_from_a_bounded_number_of_handlers_in_turn() {
    green::run(|| {
        let bind = || UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let socket = bind();
        let address = socket.local_addr().unwrap();
        let (running, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let noted = most.clone();
        let server = DatagramServer::new(socket).pool(3).max_bytes(100).start(move |data, peer, replies| {
            running.set(running.get() + 1);
            noted.set(noted.get().max(running.get()));
            green::sleep(Duration::from_millis(2)).unwrap();
            running.set(running.get() - 1);
            assert_ne!(data, b"panic", "a handler's panic harms nobody, as this test wants");
            replies.send_to(&data, peer)
        });
        let clients: Vec<_> = (0..10).map(|_| bind()).collect();
        for (n, client) in clients.iter().enumerate() {
            client.send_to(&[b'x'; 200], address).unwrap();
            client.send_to(b"panic", address).unwrap();
            client.send_to(format!("{n}").as_bytes(), address).unwrap();
        }
        for (n, client) in clients.iter().enumerate() {
            let mut buffer = [0; 16];
            let received = client.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..received.bytes], received.from), (format!("{n}").as_bytes(), address));
        }
        assert_eq!((most.get(), server.too_long()), (3, 10));
        server.sender().send_to(b"unasked", clients[0].local_addr().unwrap()).unwrap();
        assert_eq!(clients[0].recv(&mut [0; 16]).unwrap().bytes, 7);
        assert!(!server.is_closed());
        server.stop(SECOND).unwrap();
        assert!(server.is_closed() && server.handlers() == 0);
        server.wait().unwrap();
    });
}
