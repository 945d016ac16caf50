//! Routes that send the random bytes, by each way to tell where a body ends.

use std::io::Write;

use gfetch::http::h1::Framing;
use gfetch::http::server::Exchange;

use super::{Asked, MAX_BYTES};
use crate::cli::serve::app::fields;
use crate::cli::serve::asked::Wrong;
use crate::cli::serve::content;

/// The type of all of them.
pub const BINARY: &str = "application/octet-stream";
/// A default chunk at most.
const CHUNK_BYTES: u64 = 8192;
/// A chunk that is asked for at most: it is written in one piece.
const MAX_CHUNK_BYTES: u64 = 1 << 20;

pub fn bytes(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let length = asked.number(MAX_BYTES)?;
    Ok(send(exchange, length, Framing::Length(length))?)
}

pub fn no_length(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let length = asked.number(MAX_BYTES)?;
    Ok(send(exchange, length, Framing::Close)?)
}

/// Sends so many of the random bytes.
pub fn send(exchange: &mut Exchange, length: u64, framing: Framing) -> std::io::Result<()> {
    let mut out = exchange.start(200, &fields(&[("Content-Type", BINARY)])?, framing)?;
    if !out.is_dropped() {
        content::write_random(&mut out, 0, length)?;
    }
    out.finish()
}

pub fn chunked(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let length = asked.number(MAX_BYTES)?;
    let third = length.div_ceil(3).clamp(1, CHUNK_BYTES);
    let chunk = asked.query_number("chunk", third, MAX_CHUNK_BYTES)?;
    if chunk == 0 {
        return Err(Wrong::Request);
    }
    let mut out = exchange.start(200, &fields(&[("Content-Type", BINARY)])?, Framing::Chunked)?;
    let mut at = 0;
    while at < length && !out.is_dropped() {
        let end = length.min(at + chunk);
        let pieces: Vec<_> = content::random(at, end).collect();
        match *pieces {
            [piece] => out.write_all(piece)?,
            _ => out.write_all(&pieces.concat())?, // one write is one chunk
        }
        at = end;
    }
    Ok(out.finish()?)
}
