//! Routes that take their time.

use std::io::{self, Write};
use std::time::Duration;

use gfetch::green;
use gfetch::http::h1::Framing;
use gfetch::http::server::Exchange;

use super::{Asked, MAX_BYTES, MAX_MS, bodies};
use crate::cli::serve::app::{fields, text};
use crate::cli::serve::asked::Wrong;
use crate::cli::serve::content;

/// A drip comes in pieces at least so far apart: a finer one would be all wake-ups.
const BETWEEN_DRIPS_MS: u64 = 10;

pub fn delay(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let ms = asked.number(MAX_MS)?;
    let length = asked.query_number("bytes", 0, MAX_BYTES)?;
    green::sleep(Duration::from_millis(ms)).map_err(io::Error::from)?;
    match asked.target.query("bytes") {
        Some(_) => Ok(bodies::send(exchange, length, Framing::Length(length))?),
        None => Ok(text(exchange, 200, &format!("after {ms} ms"))?),
    }
}

pub fn drip(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let length = asked.query_number("bytes", 10, MAX_BYTES)?;
    let ms = asked.query_number("ms", 1000, MAX_MS)?;
    let kind = fields(&[("Content-Type", bodies::BINARY)])?;
    let mut out = exchange.start(200, &kind, Framing::Length(length))?;
    let drips = if out.is_dropped() { 0 } else { length.min(ms / BETWEEN_DRIPS_MS).max(1) };
    let begun = green::now();
    out.flush()?;
    for drip in 1..=drips {
        // Counted from the beginning, so that what the sending takes does not add up.
        let due = Duration::from_millis(share(ms, drip, drips));
        let wait = (begun + due).saturating_duration_since(green::now());
        green::sleep(wait).map_err(io::Error::from)?;
        content::write_random(&mut out, share(length, drip - 1, drips), share(length, drip, drips))?;
        out.flush()?;
    }
    Ok(out.finish()?)
}

/// `part` of `parts` of a whole, rounded down; all of it at the last.
fn share(whole: u64, part: u64, parts: u64) -> u64 {
    (u128::from(whole) * u128::from(part) / u128::from(parts)) as u64
}
