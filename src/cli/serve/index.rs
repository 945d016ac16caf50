//! The page at `/`: what can be asked for.

use std::io;

use gfetch::http::server::Exchange;

use super::app::fields;
use super::routes::ROUTES;

/// Answers with the list of the routes.
pub fn answer(exchange: &mut Exchange) -> io::Result<()> {
    exchange.respond(200, &fields(&[("Content-Type", "text/html; charset=utf-8")])?, page().as_bytes())
}

fn page() -> String {
    let row = |route: &super::routes::Route| {
        format!("<tr><td><code>{}</code><td>{}<td>{}\n", route.pattern, route.about, route.takes)
    };
    let rows: String = ROUTES.iter().map(row).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>gfetch serve</title>\n\
         <h1>gfetch serve</h1>\n<table>\n<tr><th>route<th>answer<th>takes\n{rows}</table>\n</html>\n"
    )
}
