//! A WebSocket (RFC 6455) that says back what it hears: the server's upgrade hook below, tungstenite's frames above.
//!
//! `cargo run --example websocket_echo`, then in a browser's console
//! `w = new WebSocket("ws://127.0.0.1:8000/"); w.onmessage = m => console.log(m.data); w.onopen = () => w.send("hi")`.

use std::io;

use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::net::TcpListener;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

/// What a peer may send in one message.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

fn main() -> io::Result<()> {
    green::run(|| {
        let listener = TcpListener::bind(([127, 0, 0, 1], 8000).into())?;
        let server = HttpServer::new(listener).start(echo);
        println!("serving ws://{}/", server.local_addr()?);
        server.wait()
    })
}

/// Shakes hands, then sends every message back until the peer closes. Pings are answered between the messages.
pub fn echo(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let asked = &exchange.head().fields;
    let key = match asked.first("sec-websocket-key") {
        Some(key) if exchange.offers_upgrade("websocket") && asked.first("sec-websocket-version") == Some(b"13") => key,
        _ => return refuse(exchange),
    };
    let mut fields = Fields::new();
    fields.push("Sec-WebSocket-Accept", derive_accept_key(key)).map_err(io::Error::other)?;
    let stream = exchange.upgrade("websocket", &fields)?;
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE_BYTES));
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, Some(config));
    loop {
        match socket.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => socket.send(message).map_err(io::Error::other)?,
            // The answers to these go out with the next read.
            Ok(_) => {}
            Err(Error::ConnectionClosed) => return Ok(()),
            Err(Error::Io(error)) => return Err(error),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

fn refuse(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let mut fields = Fields::new();
    fields.push("Upgrade", "websocket").map_err(io::Error::other)?;
    fields.push("Sec-WebSocket-Version", "13").map_err(io::Error::other)?;
    exchange.respond(426, &fields, b"this is a WebSocket\n")
}
