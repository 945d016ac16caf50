//! `native-tls`, which is OpenSSL: its handshakes and records over std's sockets, both sides.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use gfetch::green;
use native_tls::{Certificate, Identity, TlsAcceptor, TlsConnector};

use crate::support::{all, patched, timed};
use crate::{DELAY, MANY, as_on_threads, assert_overlapped, http};

/// A server's side and a client's that trusts it.
fn sides() -> (TlsAcceptor, TlsConnector) {
    let own = http::certificate();
    let identity = Identity::from_pkcs8(own.cert.pem().as_bytes(), own.signing_key.serialize_pem().as_bytes()).unwrap();
    let trusted = Certificate::from_der(own.cert.der()).unwrap();
    let connector = TlsConnector::builder().add_root_certificate(trusted).build().unwrap();
    (TlsAcceptor::new(identity).unwrap(), connector)
}

/// Sends a line back, a while after it came.
fn echo(acceptor: &TlsAcceptor, stream: TcpStream) {
    let mut stream = acceptor.accept(stream).unwrap();
    let mut line = [0; 8];
    stream.read_exact(&mut line).unwrap();
    thread::sleep(DELAY);
    stream.write_all(&line).unwrap();
    stream.shutdown().unwrap();
}

fn heard(connector: &TlsConnector, address: SocketAddr, n: usize) -> String {
    let mut stream = connector.connect("localhost", TcpStream::connect(address).unwrap()).unwrap();
    write!(stream, "{n:08}").unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    heard
}

fn lines() -> Vec<String> {
    (0..MANY).map(|n| format!("{n:08}")).collect()
}

#[test]
fn many_clients() {
    let (acceptor, connector) = sides();
    let address = http::listen(move |stream| echo(&acceptor, stream));
    assert_eq!(as_on_threads(MANY, DELAY, move |n| heard(&connector, address, n)), lines());
}

#[test]
fn server_and_clients_on_one_thread() {
    let (acceptor, connector) = sides();
    let (done, wall) = timed(|| {
        patched(|| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let accepts = green::spawn(move || {
                for stream in listener.incoming().take(MANY) {
                    let (acceptor, stream) = (acceptor.clone(), stream.unwrap());
                    green::spawn(move || echo(&acceptor, stream));
                }
            });
            let done = all(MANY, move |n| heard(&connector, address, n));
            accepts.get().unwrap();
            done
        })
    });
    assert_eq!(done, lines());
    assert_overlapped(wall, MANY, DELAY);
}
