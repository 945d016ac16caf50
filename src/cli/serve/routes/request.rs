//! Routes that tell the request back.

use std::io::Read;

use gfetch::http::auth;
use gfetch::http::fields::Fields;
use gfetch::http::h1::Framing;
use gfetch::http::server::Exchange;
use serde_json::{Map, Value, json};

use super::Asked;
use crate::cli::serve::app::{fields, text};
use crate::cli::serve::asked::Wrong;

/// A body that is told back is held in memory first: a client that sends all of it before it reads would wait for a server
/// that waits for it.
const MAX_ECHO_BYTES: u64 = 16 << 20;

pub fn headers(exchange: &mut Exchange, _asked: &Asked) -> Result<(), Wrong> {
    let told = json!({ "headers": as_json(&exchange.head().fields) });
    send_json(exchange, 200, &told)
}

/// Names as they were sent; a name that was sent again is a list in the place of the first.
fn as_json(fields: &Fields) -> Value {
    let mut told = Map::new();
    for (name, _) in fields.iter() {
        if told.keys().any(|had| had.eq_ignore_ascii_case(name)) {
            continue;
        }
        let mut values: Vec<Value> =
            fields.all(name).map(|value| String::from_utf8_lossy(value).into_owned().into()).collect();
        let value = if values.len() == 1 { values.remove(0) } else { Value::Array(values) };
        told.insert(name.to_owned(), value);
    }
    Value::Object(told)
}

pub fn echo(exchange: &mut Exchange, _asked: &Asked) -> Result<(), Wrong> {
    if exchange.head().framing == Framing::None {
        let head = exchange.head();
        let told = json!({
            "method": head.method,
            "target": head.target,
            "version": head.version.as_str(),
            "headers": as_json(&head.fields),
            "peer": exchange.peer().map(|peer| peer.to_string()),
        });
        return send_json(exchange, 200, &told);
    }
    let mut body = Vec::new();
    exchange.body().take(MAX_ECHO_BYTES + 1).read_to_end(&mut body)?;
    if body.len() as u64 > MAX_ECHO_BYTES {
        return Ok(text(exchange, 413, "/echo takes a body of at most 16777216 bytes")?);
    }
    let mut told = Fields::new();
    let kind = exchange.head().fields.first("content-type").unwrap_or(b"application/octet-stream");
    told.push("Content-Type", kind).map_err(|_| Wrong::Request)?;
    Ok(exchange.respond(200, &told, &body)?)
}

pub fn basic_auth(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let [user, password] = asked.parameters else { return Err(Wrong::Request) };
    let right = auth::basic(user, password);
    if exchange.head().fields.first("authorization") == Some(right.as_bytes()) {
        return send_json(exchange, 200, &json!({ "authenticated": true, "user": user }));
    }
    let ask = fields(&[("WWW-Authenticate", "Basic realm=\"gfetch\", charset=\"UTF-8\"")])?;
    Ok(exchange.respond(401, &ask, b"")?)
}

fn send_json(exchange: &mut Exchange, status: u16, value: &Value) -> Result<(), Wrong> {
    let fields = fields(&[("Content-Type", "application/json")])?;
    Ok(exchange.respond(status, &fields, format!("{value:#}\n").as_bytes())?)
}
