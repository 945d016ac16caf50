//! The servers for streams and for datagrams, with a bound on their handlers (S3.38).
//!
//! `cargo run --example simple_servers`

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::time::Duration;

use gfetch::green::{self, Group};
use gfetch::net::{DatagramServer, StreamServer, TcpListener, TcpStream, UdpSocket};

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A stream server that greets each line's sender by what it said; `clients` at once, of which `places` are served at a
/// time. The greetings, in the clients' order.
pub fn greet_over_streams(clients: usize, places: usize) -> io::Result<Vec<String>> {
    let listener = TcpListener::bind(loopback())?;
    let address = listener.local_addr()?;
    let server = StreamServer::new(listener).pool(places).start(|stream: TcpStream, _peer| -> io::Result<()> {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        (&stream).write_all(format!("Hello {line}").as_bytes())
    });
    let greet = move |n: usize| -> io::Result<String> {
        let stream = TcpStream::connect(address)?;
        (&stream).write_all(format!("client {n}\n").as_bytes())?;
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    };
    let greetings =
        Group::new().map(greet, 0..clients).map_err(|error| io::Error::other(error.to_string()))?.into_iter().collect();
    server.stop(Duration::from_secs(1))?;
    greetings
}

/// The same over datagrams.
pub fn greet_over_datagrams(clients: usize, places: usize) -> io::Result<Vec<String>> {
    let socket = UdpSocket::bind(loopback())?;
    let address = socket.local_addr()?;
    let server = DatagramServer::new(socket)
        .pool(places)
        .start(|data, peer, replies| replies.send_to(&[b"Received ", &data[..], b" bytes"].concat(), peer));
    let greet = move |n: usize| -> io::Result<String> {
        let socket = UdpSocket::bind(loopback())?;
        socket.connect(address)?;
        socket.send(n.to_string().as_bytes())?;
        let mut buffer = [0; 64];
        let received = socket.recv(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..received.bytes]).into_owned())
    };
    let greetings =
        Group::new().map(greet, 0..clients).map_err(|error| io::Error::other(error.to_string()))?.into_iter().collect();
    server.stop(Duration::from_secs(1))?;
    greetings
}

#[allow(dead_code)]
fn main() -> io::Result<()> {
    green::run(|| {
        greet_over_streams(5, 2)?.iter().for_each(|line| println!("{line}"));
        greet_over_datagrams(5, 2)?.iter().for_each(|line| println!("{line}"));
        Ok(())
    })
}
