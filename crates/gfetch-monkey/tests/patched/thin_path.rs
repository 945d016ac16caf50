//! What the tutorials promise of `patch_all`: sleeps, a client and a server on `std::net`, all on one thread.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use gfetch::green;

use crate::support::{all, patched, slow_server, timed};

const DELAY: Duration = Duration::from_millis(200);

#[test]
fn a_thousand_sleeps_take_as_long_as_one() {
    let ((), wall) = timed(|| patched(|| drop(all(1000, |_| thread::sleep(DELAY)))));
    assert!(wall >= DELAY && wall < DELAY * 10, "{wall:?}");
}

#[test]
fn a_hundred_requests_take_as_long_as_the_slowest() {
    let server = slow_server(DELAY);
    let (answers, wall) = timed(|| {
        patched(|| {
            all(100, move |_| {
                let mut stream = TcpStream::connect(server).unwrap();
                stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                answer
            })
        })
    });
    assert!(answers.iter().all(|answer| answer.ends_with("\r\n\r\nhello")));
    assert!(wall >= DELAY && wall < DELAY * 10, "{wall:?}");
}

#[test]
fn a_server_and_its_clients_share_one_thread() {
    patched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        green::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                green::spawn(move || {
                    let mut buffer = [0; 64];
                    while let Ok(length @ 1..) = client.read(&mut buffer) {
                        client.write_all(&buffer[..length].to_ascii_uppercase()).unwrap();
                    }
                });
            }
        });
        let answers = all(100, move |n| {
            let mut stream = TcpStream::connect(address).unwrap();
            let said = format!("client {n}");
            for _ in 0..10 {
                stream.write_all(said.as_bytes()).unwrap();
                let mut answer = vec![0; said.len()];
                stream.read_exact(&mut answer).unwrap();
                assert_eq!(answer, said.to_uppercase().into_bytes());
            }
            n
        });
        assert_eq!(answers.len(), 100);
    });
}
