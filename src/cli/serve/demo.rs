//! The demo's four hosts: their pages, and how long each takes to answer.

use std::io;
use std::time::Duration;

use gfetch::green;
use gfetch::http::server::Exchange;

use super::app::{fields, text};
use super::asked::Target;

/// A page, found at `/` of its host.
pub struct Page {
    /// Without a port.
    pub host: &'static str,
    /// The time from the request to the answer's first byte.
    pub delay_ms: u64,
    pub body: &'static [u8],
}

const PYTHON: &[u8] = include_bytes!("../../../fixtures/demo/python.html");
const YAHOO: &[u8] = include_bytes!("../../../fixtures/demo/yahoo.html");
const GITHUB: &[u8] = include_bytes!("../../../fixtures/demo/github.html");

/// The tutorials' four URLs, in their order; the first two are the same page.
pub const PAGES: [Page; 4] = [
    Page { host: "www.python.example", delay_ms: 300, body: PYTHON },
    Page { host: "python.example", delay_ms: 300, body: PYTHON },
    Page { host: "www.yahoo.example", delay_ms: 900, body: YAHOO },
    Page { host: "github.example", delay_ms: 450, body: GITHUB },
];

/// A handler for all four hosts: tells them apart by `Host`, and answers after their time.
pub fn demo_handler() -> impl Fn(&mut Exchange) -> io::Result<()> + 'static {
    |exchange| {
        let head = exchange.head();
        let host = host(head.fields.first_str("host").unwrap_or_default());
        let at_root = Target::of(&head.target).path == "/";
        match PAGES.iter().find(|page| at_root && page.host.eq_ignore_ascii_case(host)) {
            Some(page) => {
                green::sleep(Duration::from_millis(page.delay_ms))?;
                exchange.respond(200, &fields(&[("Content-Type", "text/html; charset=utf-8")])?, page.body)
            }
            None => text(exchange, 404, "there is nothing here"),
        }
    }
}

/// A `Host` field's value without its port.
fn host(field: &str) -> &str {
    field.split_once(':').map_or(field, |(host, _)| host)
}
