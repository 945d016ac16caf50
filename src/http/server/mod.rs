//! A small HTTP/1.1 server: one greenlet a connection, one handler for all its exchanges.
//!
//! ```text
//!   connection          ┌───────────── keep-alive: the next request, or one that came with the last ─────────────┐
//!      │                ▼                                                                                        │
//!      └──────▶ receive head ──────▶ handler(&mut Exchange) ──────▶ drain what it left unread ──────▶ reuse? ────┘
//!                 │       │             │ error or panic, nothing sent: 500            │ too much: close      │ no
//!     idle, end:  │       │ refused:    │ error or panic later: the connection breaks  ▼                      ▼
//!     close  ◀────┘       ▼ 4xx/5xx     └──────────────────────────────────────▶ end writing, let the peer read, close
//! ```
//!
//! ```
//! use gfetch::http::fields::Fields;
//! use gfetch::http::server::{Exchange, ServerLimits, start};
//! use gfetch::{green, net::{TcpListener, TcpStream}};
//! use std::io::{Read, Write};
//! green::run(|| {
//!     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
//!     let address = listener.local_addr().unwrap();
//!     start(listener, ServerLimits::default(), |exchange: &mut Exchange| {
//!         let text = format!("you asked for {}\n", exchange.head().target);
//!         exchange.respond(200, &Fields::new(), text.as_bytes())
//!     });
//!     let mut stream = TcpStream::connect(address).unwrap();
//!     stream.write_all(b"GET /tea HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n").unwrap();
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).unwrap();
//!     assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("you asked for /tea\n"));
//! });
//! ```
//!
//! What holds:
//! - One read and one write an exchange where both fit; an idle connection holds no buffer, only its parked stack.
//! - Everything is bounded: heads by [`h1::Limits`](super::h1::Limits), waits and left-over bodies by [`ServerLimits`].
//! - Requests are refused as [`h1::ReceiveRequest`](super::h1::ReceiveRequest) refuses them, and then the connection
//!   ends. Strict where pywsgi is lax: a request line beyond 8190 bytes (its end not counted) is 414, another version 505,
//!   a body behind HEAD 400. Framing is the server's alone: a handler can neither set `Content-Length` itself nor split a response.

mod accept;
mod connection;
mod date;
mod exchange;
mod house;
mod limits;
mod request_body;
mod response;
mod upgrade;
mod wire;

pub use super::reason::reason;
pub use accept::{HttpListen, HttpServer, Server, start};
pub use connection::serve_connection;
pub use exchange::Exchange;
pub use house::Access;
pub use limits::ServerLimits;
pub use request_body::RequestBody;
pub use response::ResponseBody;
pub use upgrade::Upgraded;
pub use wire::ServedStream;

#[cfg(test)]
mod tests;
