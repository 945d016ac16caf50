//! Routes whose answer is a status and a line of text: statuses, redirects, a server that wants time.

use gfetch::http::fields::Fields;
use gfetch::http::server::{Exchange, reason};

use super::{Asked, State};
use crate::cli::serve::app::{fields, text};
use crate::cli::serve::asked::Wrong;

const MAX_REDIRECTS: u64 = 1_000_000;
const MAX_SECONDS: u64 = 1_000_000;
const MAX_TIMES: u64 = 1_000_000;
/// So many keys of `/retry-after` are remembered; then all are forgotten.
const MAX_KEYS: usize = 10_000;

pub fn status(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let status = asked.number(999)? as u16;
    if status < 200 {
        return Err(Wrong::Request);
    }
    if matches!(status, 204 | 304) {
        return Ok(exchange.respond(status, &Fields::new(), b"")?); // no body may go with these
    }
    Ok(text(exchange, status, format!("{status} {}", reason(status)).trim_end())?)
}

pub fn redirect(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    match asked.number(MAX_REDIRECTS)? {
        0 => Ok(text(exchange, 200, "here at last")?),
        left => Ok(exchange.respond(302, &fields(&[("Location", &(left - 1).to_string())])?, b"")?),
    }
}

pub fn redirect_to(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let status = asked.query_number("status", 302, 399)? as u16;
    let url = asked.target.query("url").filter(|url| !url.is_empty() && status >= 300).ok_or(Wrong::Request)?;
    // Whatever would end a line is refused by the fields.
    let fields = fields(&[("Location", &url)]).map_err(|_| Wrong::Request)?;
    Ok(exchange.respond(status, &fields, b"")?)
}

pub fn retry_after(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    let seconds = asked.number(MAX_SECONDS)?.to_string();
    let times = asked.query_number("times", 1, MAX_TIMES)?;
    let asked_before = asked.state.count(asked.target.query("key").unwrap_or_default());
    if asked_before >= times {
        return Ok(text(exchange, 200, "now it is well")?);
    }
    Ok(exchange.respond(503, &fields(&[("Retry-After", &seconds)])?, b"")?)
}

impl State {
    /// How often this was called for `key` before.
    fn count(&self, key: String) -> u64 {
        let mut retries = self.retries.borrow_mut();
        if retries.len() >= MAX_KEYS && !retries.contains_key(&key) {
            retries.clear();
        }
        let count = retries.entry(key).or_default();
        *count += 1;
        *count - 1
    }
}
