//! `tungstenite`: WebSockets over std's sockets, both sides.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use gfetch::green;
use tungstenite::{Message, accept, client};

use crate::support::{all, patched, timed};
use crate::{DELAY, MANY, as_on_threads, assert_overlapped, http};

/// Sends back each text in upper case, a while after it came, until the client closes.
fn shout(stream: TcpStream) {
    let mut socket = accept(stream).unwrap();
    while let Ok(message) = socket.read() {
        if let Message::Text(text) = message {
            thread::sleep(DELAY);
            socket.send(text.to_uppercase().into()).unwrap();
        }
    }
}

/// What comes back for a text.
fn heard(address: SocketAddr, n: usize) -> String {
    let stream = TcpStream::connect(address).unwrap();
    let (mut socket, _) = client(format!("ws://{address}/"), stream).unwrap();
    socket.send(format!("message {n}").into()).unwrap();
    let heard = socket.read().unwrap().into_text().unwrap();
    socket.close(None).unwrap();
    // Until the other side has closed, too.
    while socket.read().is_ok() {}
    heard.to_string()
}

fn texts() -> Vec<String> {
    (0..MANY).map(|n| format!("MESSAGE {n}")).collect()
}

#[test]
fn many_clients() {
    let address = http::listen(shout);
    assert_eq!(as_on_threads(MANY, DELAY, move |n| heard(address, n)), texts());
}

#[test]
fn server_and_clients_on_one_thread() {
    let (done, wall) = timed(|| {
        patched(|| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let accepts = green::spawn(move || {
                for stream in listener.incoming().take(MANY) {
                    let stream = stream.unwrap();
                    green::spawn(move || shout(stream));
                }
            });
            let done = all(MANY, move |n| heard(address, n));
            accepts.get().unwrap();
            done
        })
    });
    assert_eq!(done, texts());
    assert_overlapped(wall, MANY, DELAY);
}
