//! Routes that do what a server should not.

use gfetch::http::h1::Framing;
use gfetch::http::server::Exchange;

use super::bodies::BINARY;
use super::{Asked, MAX_BYTES};
use crate::cli::serve::app::fields;
use crate::cli::serve::asked::Wrong;
use crate::cli::serve::content;

pub fn close(exchange: &mut Exchange, _asked: &Asked) -> Result<(), Wrong> {
    exchange.abort();
    Ok(())
}

pub fn truncate(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let length = asked.number(MAX_BYTES)?;
    let mut out = exchange.start(200, &fields(&[("Content-Type", BINARY)])?, Framing::Length(length))?;
    // Dropped unfinished, which ends the connection.
    Ok(content::write_random(&mut out, 0, length / 2)?)
}
