//! A body that is sent while it is made: each piece is a chunk and leaves at once.
//!
//! `cargo run --example streaming_server`, then `curl -N http://127.0.0.1:8000/`: a number every 300 ms.

use std::io::{self, Write};
use std::time::Duration;

use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::h1::Framing;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::net::TcpListener;

fn main() -> io::Result<()> {
    green::run(|| {
        let listener = TcpListener::bind(([127, 0, 0, 1], 8000).into())?;
        let server = HttpServer::new(listener).start(|exchange| stream(exchange, countdown()));
        println!("serving http://{}/", server.local_addr()?);
        server.wait()
    })
}

/// Ten numbers with pauses. Whoever iterates waits, and other connections are served meanwhile.
fn countdown() -> impl Iterator<Item = io::Result<String>> {
    (0..10).rev().map(|number| {
        green::sleep(Duration::from_millis(300))?;
        Ok(format!("{number}\n"))
    })
}

/// Answers with `pieces`, each flushed before the next is made. An error in the middle breaks the connection, so that the
/// client sees that the body is not whole.
pub fn stream(exchange: &mut Exchange<'_>, pieces: impl Iterator<Item = io::Result<String>>) -> io::Result<()> {
    let mut fields = Fields::new();
    fields.push("Content-Type", "text/plain; charset=utf-8").map_err(io::Error::other)?;
    let mut body = exchange.start(200, &fields, Framing::Chunked)?;
    for piece in pieces {
        body.write_all(piece?.as_bytes())?;
        body.flush()?;
    }
    body.finish()
}
