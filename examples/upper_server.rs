//! A server that answers in upper case, and its five hundred clients (S1.10, S1.11, S4.7 and S4.8).
//!
//! ```text
//! cargo run --example upper_server                            # serves on a free port, and says which
//! cargo run --example upper_server -- client 127.0.0.1:PORT   # 500 clients, 10 rounds each
//! ```

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use gfetch::green::{self, Event, Group, Semaphore};
use gfetch::net::{ServerHandle, StreamServer, TcpListener, TcpStream};

/// Serves until it is stopped. `told` hears "ip:port message" for each message, as the lesson prints it. The lesson's own
/// server reads for ever once its client has gone; this one ends.
pub fn serve(listener: TcpListener, told: impl Fn(String) + 'static) -> ServerHandle {
    StreamServer::new(listener).start(move |mut stream: TcpStream, peer: SocketAddr| -> io::Result<()> {
        let mut buffer = [0; 1024];
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                length => {
                    told(format!("{peer} {}", String::from_utf8_lossy(&buffer[..length])));
                    stream.write_all(&buffer[..length].to_ascii_uppercase())?;
                }
            }
        }
    })
}

/// What a client has come to.
pub struct Client {
    /// Its own port.
    pub port: u16,
    /// The last answer.
    pub answer: String,
}

/// `clients` greenlets, all connected before the first speaks; each has a socket of its own.
pub fn clients(address: SocketAddr, clients: usize, rounds: usize) -> io::Result<Vec<Client>> {
    let (all_here, missing) = (Event::new(), Semaphore::new(clients - 1));
    let talk = move |n: usize| -> io::Result<Client> {
        let mut stream = TcpStream::connect(address)?;
        match missing.try_acquire() {
            Some(place) => std::mem::forget(place),
            None => all_here.set(),
        }
        all_here.wait()?;
        let mut answer = Vec::new();
        for round in 0..rounds {
            let said = format!("client-{n} say hello {round}");
            stream.write_all(said.as_bytes())?;
            answer = vec![0; said.len()];
            stream.read_exact(&mut answer)?;
            assert_eq!(answer, said.to_ascii_uppercase().as_bytes());
        }
        Ok(Client { port: stream.local_addr()?.port(), answer: String::from_utf8(answer).map_err(io::Error::other)? })
    };
    Group::new().map(talk, 0..clients).map_err(|error| io::Error::other(error.to_string()))?.into_iter().collect()
}

#[allow(dead_code)]
fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let (mode, address) = (words.next(), words.next().and_then(|address| address.parse().ok()));
    green::run(|| match (mode.as_deref(), address) {
        (Some("client"), Some(address)) => {
            let ended = clients(address, 500, 10)?;
            println!("{} clients, the last heard {:?}", ended.len(), ended[ended.len() - 1].answer);
            Ok(())
        }
        _ => {
            let listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
            println!("listening on {}", listener.local_addr()?);
            serve(listener, |line| println!("{line}")).wait()
        }
    })
}
