//! Routes that are asked for on conditions or in parts.

use std::time::{Duration, UNIX_EPOCH};

use gfetch::http::server::Exchange;

use super::bodies::BINARY;
use super::{Asked, MAX_BYTES};
use crate::cli::serve::asked::Wrong;
use crate::cli::serve::content;
use crate::cli::serve::representation::Representation;

/// When the random bytes and the page of `/cache` were last changed: 1 January 2026.
const MODIFIED: Duration = Duration::from_secs(1_767_225_600);
/// So long is the page of `/cache`.
const PAGE_BYTES: u64 = 1024;

pub fn range(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let length = asked.number(MAX_BYTES)?;
    send(exchange, length)
}

pub fn cache(exchange: &mut Exchange, _asked: &Asked) -> Result<(), Wrong> {
    send(exchange, PAGE_BYTES)
}

fn send(exchange: &mut Exchange, length: u64) -> Result<(), Wrong> {
    let etag = format!("\"random-{length}\"");
    let shown = Representation { length, media_type: BINARY, etag, modified: UNIX_EPOCH + MODIFIED };
    let Some((mut out, part)) = shown.begin(exchange)? else { return Ok(()) };
    if !out.is_dropped() {
        content::write_random(&mut out, part.start, part.end)?;
    }
    Ok(out.finish()?)
}
