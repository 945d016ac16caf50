//! A server that answers in upper case, and its five hundred clients (S1.10, S1.11, S4.7 and S4.8), on `std::net` alone: what
//! makes a greenlet of each is the only word that is not std's.
//!
//! ```text
//! cargo run -p gfetch-monkey --example upper_server                            # serves on a free port, and says which
//! cargo run -p gfetch-monkey --example upper_server -- client 127.0.0.1:PORT   # 500 clients, 10 rounds each
//! ```

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use gfetch::green;

/// Serves until the listener fails. `told` hears "ip:port message" for each message, as the lesson prints it. The lesson's own
/// server reads for ever once its client has gone; this one ends.
pub fn serve(listener: &TcpListener, told: impl Fn(String) + Clone + 'static) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept()?;
        let told = told.clone();
        green::spawn(move || talk(stream, peer, &told));
    }
}

fn talk(mut stream: TcpStream, peer: SocketAddr, told: &impl Fn(String)) -> io::Result<()> {
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
}

/// What a client has come to.
pub struct Client {
    /// Its own port.
    pub port: u16,
    /// The last answer.
    pub answer: String,
}

/// `clients` greenlets, all connected before the first speaks; each has a socket of its own.
pub fn clients(server: SocketAddr, clients: usize, rounds: usize) -> io::Result<Vec<Client>> {
    let connected = at_once((0..clients).map(|_| move || TcpStream::connect(server)))?;
    at_once(connected.into_iter().enumerate().map(|(n, stream)| move || speak(stream, n, rounds)))
}

fn speak(mut stream: TcpStream, n: usize, rounds: usize) -> io::Result<Client> {
    let mut answer = Vec::new();
    for round in 0..rounds {
        let said = format!("client-{n} say hello {round}");
        stream.write_all(said.as_bytes())?;
        answer = vec![0; said.len()];
        stream.read_exact(&mut answer)?;
        assert_eq!(answer, said.to_ascii_uppercase().as_bytes());
    }
    Ok(Client { port: stream.local_addr()?.port(), answer: String::from_utf8(answer).map_err(io::Error::other)? })
}

/// A greenlet for each, and what they gave, in order.
fn at_once<T: 'static>(calls: impl Iterator<Item = impl FnOnce() -> io::Result<T> + 'static>) -> io::Result<Vec<T>> {
    let tasks: Vec<_> = calls.map(green::spawn).collect();
    tasks.into_iter().map(|task| task.get().map_err(|error| io::Error::other(error.to_string()))?).collect()
}

#[allow(dead_code)]
fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let (mode, address) = (words.next(), words.next().and_then(|address| address.parse().ok()));
    gfetch_monkey::patch_all();
    green::run(|| match (mode.as_deref(), address) {
        (Some("client"), Some(address)) => {
            let ended = clients(address, 500, 10)?;
            println!("{} clients, the last heard {:?}", ended.len(), ended[ended.len() - 1].answer);
            Ok(())
        }
        _ => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            println!("listening on {}", listener.local_addr()?);
            serve(&listener, |line| println!("{line}"))
        }
    })
}
