//! Fetches the URLs of a file over 64 kept TLS connections by rustls on ring and epoll, and nothing else: the floor for TLS.

use std::collections::VecDeque;
use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

const CONNECTIONS: usize = 64;
const HOST: &str = "localhost";

struct Connection {
    socket: TcpStream,
    tls: ClientConnection,
    /// What has come of the answer.
    answer: Vec<u8>,
    busy: bool,
}

fn main() {
    let [address, roots, list] = [1, 2, 3].map(|at| std::env::args().nth(at).expect("usage: rustls_peer ADDRESS ROOTS LIST"));
    let address: SocketAddr = address.parse().expect("an address");
    let list = std::io::BufReader::new(std::fs::File::open(list).expect("the list opens"));
    let mut paths: VecDeque<String> = list
        .lines()
        .map(|url| url.expect("a line").splitn(4, '/').nth(3).expect("a path").to_owned())
        .collect();
    let config = config(&roots);
    let mut poll = Poll::new().expect("a poll");
    let mut connections: Vec<Connection> = (0..CONNECTIONS.min(paths.len())).map(|_| connect(address, &config)).collect();
    for (at, connection) in connections.iter_mut().enumerate() {
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut connection.socket, Token(at), both).expect("registered");
    }
    let (mut events, mut answers, mut bytes, all) = (Events::with_capacity(CONNECTIONS), 0, 0, paths.len());
    while answers < all {
        poll.poll(&mut events, None).expect("polled");
        for event in &events {
            let (done, length) = connections[event.token().0].work(&mut paths);
            answers += done;
            bytes += length;
        }
    }
    println!("{answers} {bytes}");
}

fn config(roots: &str) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(roots).expect("the roots open") {
        store.add(root.expect("PEM")).expect("a root");
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let mut config =
        builder.with_safe_default_protocol_versions().expect("versions").with_root_certificates(store).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> Connection {
    let socket = TcpStream::connect(address).expect("a socket");
    let name = ServerName::try_from(HOST).expect("a name");
    let tls = ClientConnection::new(config.clone(), name).expect("a connection");
    Connection { socket, tls, answer: Vec::new(), busy: false }
}

impl Connection {
    /// Goes on until the socket has no more: how many answers have ended, and their bodies' bytes.
    fn work(&mut self, paths: &mut VecDeque<String>) -> (usize, usize) {
        let (mut answers, mut bytes) = (0, 0);
        loop {
            if !self.tls.is_handshaking() && !self.busy {
                let Some(path) = paths.pop_front() else { return (answers, bytes) };
                let request = format!("GET /{path} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: rustls_peer\r\nAccept: */*\r\n\r\n");
                self.tls.writer().write_all(request.as_bytes()).expect("taken");
                self.busy = true;
            }
            while self.tls.wants_write() {
                match self.tls.write_tls(&mut self.socket) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return (answers, bytes),
                    // Not connected yet.
                    Err(error) if error.kind() == ErrorKind::NotConnected => return (answers, bytes),
                    written => drop(written.expect("written")),
                }
            }
            match self.tls.read_tls(&mut self.socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return (answers, bytes),
                Err(error) if error.kind() == ErrorKind::NotConnected => return (answers, bytes),
                read => assert!(read.expect("read") > 0, "the server closed"),
            }
            let readable = self.tls.process_new_packets().expect("TLS").plaintext_bytes_to_read();
            if readable > 0 {
                let had = self.answer.len();
                self.answer.resize(had + readable, 0);
                self.tls.reader().read_exact(&mut self.answer[had..]).expect("plaintext");
            }
            if let Some(length) = self.body_length() {
                self.answer.clear();
                self.busy = false;
                answers += 1;
                bytes += length;
            }
        }
    }

    /// The length of the body, once it is here.
    fn body_length(&self) -> Option<usize> {
        let end = self.answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&self.answer[..end]).expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
        let length: usize = length.parse().expect("a number");
        (self.answer.len() >= end + length).then_some(length)
    }
}
