//! Long polling: a request is parked on a queue until there is news for it, or until its time is over.
//!
//! `cargo run --example long_polling`, then `curl -i http://127.0.0.1:8000/news` and, from another terminal,
//! `curl -d hello http://127.0.0.1:8000/news`.

use std::io::{self, Read};
use std::time::Duration;

use gfetch::green::{self, Nothing, PutError, Queue};
use gfetch::http::fields::Fields;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::net::TcpListener;

/// A piece of news has at most so many bytes.
const MAX_NEWS_BYTES: u64 = 64 * 1024;

fn main() -> io::Result<()> {
    green::run(|| {
        let news = Queue::bounded(1000);
        let listener = TcpListener::bind(([127, 0, 0, 1], 8000).into())?;
        let server = HttpServer::new(listener).start(move |exchange| answer(exchange, &news, Duration::from_secs(20)));
        println!("serving http://{}/news", server.local_addr()?);
        server.wait()
    })
}

/// `POST /news` puts its body on the queue; `GET /news` waits for the next item, and is answered with 204 and nothing after
/// `patience`. Who asked first is answered first.
pub fn answer(exchange: &mut Exchange<'_>, news: &Queue<Vec<u8>>, patience: Duration) -> io::Result<()> {
    let none = Fields::new();
    let head = exchange.head();
    match (&*head.method, &*head.target) {
        ("GET", "/news") => match news.get_timeout(patience)? {
            Ok(item) => exchange.respond(200, &none, &item),
            Err(Nothing::Empty) => exchange.respond(204, &none, b""),
            Err(Nothing::Closed) => exchange.respond(503, &none, b"no more news\n"),
        },
        ("POST", "/news") => {
            let mut item = Vec::new();
            exchange.body().take(MAX_NEWS_BYTES + 1).read_to_end(&mut item)?;
            if item.len() as u64 > MAX_NEWS_BYTES {
                return exchange.respond(413, &none, b"too much news\n");
            }
            match news.try_put(item) {
                Ok(()) => exchange.respond(202, &none, b""),
                Err(PutError::Full(_)) => exchange.respond(503, &none, b"nobody reads\n"),
                Err(other) => Err(io::Error::other(other.to_string())),
            }
        }
        _ => exchange.respond(404, &none, b"nothing but /news here\n"),
    }
}
