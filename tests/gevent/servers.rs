//! Servers: on a listener that exists, on one of std's, how they stop, what an abandoned one does.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use gfetch::green::{self, Event, run, shield, sleep};
use gfetch::net::{DatagramServer, StreamServer, TcpListener, TcpStream, TlsAcceptor, UdpSocket};

use super::{Log, MS, SECOND, SaysAtTheEnd};

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn all_of(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_server_takes_over_a_listener_that_exists_with_those_who_wait_in_its_backlog() {
    let listener = std::net::TcpListener::bind(any_port()).unwrap();
    let address = listener.local_addr().unwrap();
    let early = std::net::TcpStream::connect(address).unwrap();
    run(|| {
        let server = StreamServer::new(TcpListener::from_std(listener).unwrap())
            .start(|mut stream, peer: SocketAddr| stream.write_all(peer.port().to_string().as_bytes()));
        assert_eq!(server.listener().local_addr().unwrap(), address);
        let early_port = early.local_addr().unwrap().port().to_string();
        assert_eq!(all_of(TcpStream::from_std(early).unwrap()), early_port);
        server.stop(SECOND).unwrap();
        assert!(server.is_closed() && TcpStream::connect(address).is_err());
        server.stop(SECOND).expect("stopping twice is stopping once");
    });
}

/// gevent: `stop(timeout)` joins the handlers for so long and kills the rest; zero kills at once.
#[test]
fn a_stop_without_time_kills_the_handlers_and_waits_for_their_cleaning_up() {
    run(|| {
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Log::new();
        let page = log.clone();
        let server = StreamServer::new(listener).start(move |_stream, _peer| {
            let _end = SaysAtTheEnd(page.clone(), "ended");
            page.say("begun");
            let attempt = std::panic::catch_unwind(|| Event::new().wait());
            shield(SECOND * 10, || sleep(MS * 20)).unwrap();
            page.say("cleaned up");
            std::panic::resume_unwind(attempt.unwrap_err())
        });
        let client = TcpStream::connect(address).unwrap();
        while server.connections() == 0 {
            sleep(MS).unwrap();
        }
        green::yield_now().unwrap();
        let begun = Instant::now();
        server.stop(std::time::Duration::ZERO).unwrap();
        assert!(begun.elapsed() < SECOND * 10);
        assert_eq!((server.connections(), log.take()), (0, vec!["begun", "cleaned up", "ended"]));
        assert_eq!(all_of(client), "", "its connection is closed");
    });
}

#[test]
fn a_server_whose_handle_is_dropped_serves_on() {
    run(|| {
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        drop(StreamServer::new(listener).start(|mut stream, _| stream.write_all(b"still here")));
        assert_eq!(all_of(TcpStream::connect(address).unwrap()), "still here");
    });
}

#[test]
fn a_datagram_server_that_stops_lets_the_quick_reply_and_kills_the_slow() {
    run(|| {
        let socket = UdpSocket::bind(any_port()).unwrap();
        let (address, log) = (socket.local_addr().unwrap(), Log::new());
        let page = log.clone();
        let server = DatagramServer::new(socket).start(move |data, peer, replies| {
            let _end = SaysAtTheEnd(page.clone(), "ended");
            sleep(if data == b"quick" { MS * 20 } else { SECOND * 1000 }).unwrap();
            page.say("replies");
            replies.send_to(&data, peer)
        });
        let client = UdpSocket::bind(any_port()).unwrap();
        for word in [&b"quick"[..], b"slow"] {
            client.send_to(word, address).unwrap();
        }
        while server.handlers() < 2 {
            sleep(MS).unwrap();
        }
        let begun = Instant::now();
        server.stop(MS * 500).unwrap();
        assert!(begun.elapsed() < SECOND * 10);
        let mut buffer = [0; 16];
        let received = client.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..received.bytes], received.from), (&b"quick"[..], address));
        assert_eq!((server.handlers(), log.take()), (0, vec!["replies", "ended", "ended"]));
    });
}

/// Bug class 37: a server whose pool was full looked at its listener without a pause.
#[test]
fn a_server_that_is_full_sleeps_until_a_place_is_free() {
    run(|| {
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let go = Event::new();
        let waits = go.clone();
        let server = StreamServer::new(listener).pool(1).start(move |_stream, _peer| waits.wait());
        let clients: Vec<_> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
        while !server.is_full() || server.connections() == 0 {
            sleep(MS).unwrap();
        }
        let before = green::stats();
        sleep(MS * 100).unwrap();
        let after = green::stats();
        let (switches, polls) = (after.switches - before.switches, after.polls - before.polls);
        assert!(switches < 20 && polls < 20, "{switches} switches and {polls} polls in a tenth of a second");
        go.set();
        clients.into_iter().for_each(|client| assert_eq!(all_of(client), ""));
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn a_stop_ends_a_tls_servers_handshakes_too() {
    let own = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    run(|| {
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = StreamServer::new(listener).tls(acceptor).handshake_limit(SECOND * 1000);
        let server = server.start(|_stream, _peer| unreachable!("nobody has shaken hands"));
        let silent = TcpStream::connect(address).unwrap();
        while server.connections() == 0 {
            sleep(MS).unwrap();
        }
        let begun = Instant::now();
        server.stop(MS * 10).unwrap();
        assert!(begun.elapsed() < SECOND * 60);
        assert_eq!((all_of(silent).as_str(), server.connections()), ("", 0));
    });
}
