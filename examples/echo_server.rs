//! An echo server on one OS thread, a client that types, and a hundred clients at once (the tutorials' S0.11 to S0.13).
//!
//! ```text
//! cargo run --example echo_server                        # serves on a free port, and says which
//! cargo run --example echo_server -- client 127.0.0.1:PORT   # a line in, its echo out, until the end of the input
//! cargo run --example echo_server -- load 127.0.0.1:PORT     # 100 clients, 20 rounds each
//! ```

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr};

use gfetch::green::{self, Group, offload};
use gfetch::net::{ListenOptions, TcpListener, TcpStream};

/// Accepts for ever; each connection is a greenlet. The backlog is the tutorial's 500.
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _peer) = listener.accept()?;
        green::spawn(move || {
            if let Err(error) = handle(&stream) {
                eprintln!("{error}");
            }
            // The stream is closed here in any case.
        });
    }
}

/// Sends back what comes; at the client's end it ends its own side too.
fn handle(mut stream: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return stream.shutdown(Shutdown::Write),
            length => stream.write_all(&buffer[..length])?,
        }
    }
}

/// Listens as the tutorial does.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind_with(address, &ListenOptions { backlog: 500, ..ListenOptions::default() })
}

/// One line's round trip.
pub fn ask(mut stream: &TcpStream, line: &str) -> io::Result<String> {
    stream.write_all(line.as_bytes())?;
    let mut echo = vec![0; line.len()];
    stream.read_exact(&mut echo)?;
    String::from_utf8(echo).map_err(io::Error::other)
}

/// The interactive client: what it prints for each line of `input`.
pub fn client(
    address: SocketAddr,
    input: impl BufRead + Send + 'static,
    mut print: impl FnMut(&str),
) -> io::Result<()> {
    let stream = TcpStream::connect(address)?;
    let mut input = Some(input);
    loop {
        // A terminal or file blocks the thread it is read on: not this one.
        let mut reading = input.take().expect("it comes back with each line");
        let (back, line) = offload(move || {
            let mut line = String::new();
            let read = reading.read_line(&mut line);
            (reading, read.map(|_| line))
        })?;
        input = Some(back);
        let line = line?;
        if line.is_empty() {
            return stream.shutdown(Shutdown::Both);
        }
        print(&format!("Received {:?}", ask(&stream, line.trim_end())?));
    }
}

/// `clients` greenlets, each of which says "hello N" so often; how many echoes each had.
pub fn load(address: SocketAddr, clients: usize, rounds: usize) -> Vec<usize> {
    let group = Group::new();
    let talk = move |_client: usize| {
        let stream = TcpStream::connect(address).unwrap();
        (0..rounds).filter(|n| ask(&stream, &format!("hello {n}")).unwrap() == format!("hello {n}")).count()
    };
    group.map(talk, 0..clients).unwrap()
}

#[allow(dead_code)]
fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let (mode, address) = (words.next(), words.next().and_then(|address| address.parse().ok()));
    green::run(|| match (mode.as_deref(), address) {
        (Some("client"), Some(address)) => client(address, BufReader::new(io::stdin()), |line| println!("{line}")),
        (Some("load"), Some(address)) => {
            let echoes = load(address, 100, 20);
            println!("{} clients, {} echoes", echoes.len(), echoes.iter().sum::<usize>());
            Ok(())
        }
        _ => {
            let listener = listen("127.0.0.1:0".parse().expect("an address"))?;
            println!("listening on {}", listener.local_addr()?);
            serve(&listener)
        }
    })
}
