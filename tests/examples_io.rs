//! The examples of sockets and descriptors do what they say.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Cursor;
use std::rc::Rc;
use std::time::Duration;

use gfetch::green::{self, ClockKind, Config};
use gfetch::net::TcpListener;

#[path = "../examples/echo_server.rs"]
mod echo_server;
#[path = "../examples/select_and_pipes.rs"]
mod select_and_pipes;
#[path = "../examples/simple_servers.rs"]
mod simple_servers;
#[path = "../examples/upper_server.rs"]
mod upper_server;

#[test]
fn s0_11_to_s0_13_the_echo_server_serves_a_typing_client_and_a_hundred_others() {
    green::run(|| {
        let listener = echo_server::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = green::spawn(move || echo_server::serve(&listener));
        let mut printed = Vec::new();
        let typed = Cursor::new("hello\nit's me\n");
        echo_server::client(address, typed, |line| printed.push(line.to_owned())).unwrap();
        assert_eq!(printed, ["Received \"hello\"", "Received \"it's me\""]);
        assert_eq!(echo_server::load(address, 100, 20), [20; 100], "all progress, none starves");
        assert!(!server.is_done());
    });
}

#[test]
fn s1_10_s1_11_s4_7_s4_8_the_upper_casing_server_serves_five_hundred_clients_with_ports_of_their_own() {
    green::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let lines = Rc::new(RefCell::new(Vec::new()));
        let telling = lines.clone();
        let server = upper_server::serve(listener, move |line| telling.borrow_mut().push(line));
        let clients = upper_server::clients(address, 500, 3).unwrap();
        let ports: HashSet<u16> = clients.iter().map(|client| client.port).collect();
        assert_eq!(ports.len(), 500);
        assert_eq!(clients[499].answer, "CLIENT-499 SAY HELLO 2");
        assert_eq!(lines.borrow().len(), 1500);
        let first = format!("127.0.0.1:{} client-0 say hello 0", clients[0].port);
        assert!(lines.borrow().contains(&first), "it prints who said what");
        server.stop(Duration::from_secs(1)).unwrap();
    });
}

#[test]
fn s3_3_two_greenlets_select_for_two_seconds_while_a_third_does_something() {
    let (lines, took) = Config::new().clock(ClockKind::Virtual).run(|| {
        let (start, lines) = (green::now(), Rc::new(RefCell::new(Vec::new())));
        let saying = lines.clone();
        select_and_pipes::three_greenlets(move |line| saying.borrow_mut().push(line)).unwrap();
        (lines.take(), green::now() - start)
    });
    let expected = [
        "started Polling: at 0.0 seconds",
        "started Polling: at 0.0 seconds",
        "Hey lets do some stuff while the greenlets poll, at 0.0 seconds",
        "ended Polling: at 2.0 seconds",
        "ended Polling: at 2.0 seconds",
    ];
    assert_eq!(lines, expected);
    assert_eq!(took, Duration::from_secs(2));
}

#[test]
fn s3_34_ten_messages_come_back_from_the_relay_process() {
    let received = green::run(|| select_and_pipes::relay().unwrap());
    let expected: Vec<_> = (0..10).map(|n| format!("hi in {n}")).collect();
    assert_eq!(received, expected);
}

#[test]
fn s3_38_concurrent_clients_of_both_servers_each_get_their_reply() {
    green::run(|| {
        let greetings = simple_servers::greet_over_streams(50, 5).unwrap();
        assert_eq!(greetings, (0..50).map(|n| format!("Hello client {n}")).collect::<Vec<_>>());
        let replies = simple_servers::greet_over_datagrams(50, 5).unwrap();
        assert_eq!(replies, (0..50).map(|n| format!("Received {n} bytes")).collect::<Vec<_>>());
    });
}
