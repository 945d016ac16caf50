//! `-v`: the heads of each exchange, every line prefixed by its record's index.

use std::fmt::Write;

use gfetch::fetch::{Exchange, Fetched};

use super::args::Invocation;
use super::escape;
use super::report::redact;
use super::secrets::redact_header;

/// The exchanges of one record.
pub fn exchanges(fetched: &Fetched, invocation: &Invocation) -> String {
    let mut text = String::new();
    for exchange in fetched.exchanges.iter().filter(|exchange| exchange.status.is_some()) {
        push(&mut text, fetched.outcome.index, exchange, invocation);
    }
    text
}

fn push(text: &mut String, index: u64, exchange: &Exchange, invocation: &Invocation) {
    let redact_url = redact(invocation.show_secrets);
    let mut line = |mark: char, words: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "[{index}] {mark} {}", escape::line(words));
    };
    let shown = |(name, value): &(String, String)| match invocation.show_secrets {
        true => format!("{name}: {value}"),
        false => format!("{name}: {}", redact_header(name, value, &invocation.secret_headers)),
    };
    line('>', &redact_url(&exchange.request_line));
    exchange.request_fields.iter().for_each(|field| line('>', &shown(field)));
    line('<', &exchange.status_line);
    exchange.response_fields.iter().for_each(|field| line('<', &shown(field)));
}
