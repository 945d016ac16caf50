//! A web server: `GET /` is answered, every other path is 404, and each exchange is a line of the log. gevent:
//! `pywsgi.WSGIServer`.
//!
//! `cargo run --example http_hello`, then `curl -i http://127.0.0.1:8000/`.

use std::io;

use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::net::TcpListener;

fn main() -> io::Result<()> {
    green::run(|| {
        let listener = TcpListener::bind(([127, 0, 0, 1], 8000).into())?;
        let server = HttpServer::new(listener).log(|access| println!("{access}")).start(hello);
        println!("serving http://{}/", server.local_addr()?);
        server.wait()
    })
}

/// Answers one request. It runs in the connection's greenlet, so that it may wait as long as it likes.
pub fn hello(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let mut fields = Fields::new();
    fields.push("Content-Type", "text/html; charset=utf-8").map_err(io::Error::other)?;
    let head = exchange.head();
    match (&*head.method, &*head.target) {
        ("GET" | "HEAD", "/") => exchange.respond(200, &fields, b"<b>Hello world!</b>"),
        _ => exchange.respond(404, &fields, b"<h1>Not Found</h1>"),
    }
}
