//! `--report`: a run or a comparison as one page that needs nothing else, no network and no script to be read. Pure: bytes out.
//!
//! ```text
//!   head (policy, style) │ summary │ charts │ table, its first rows │ all rows as data │ script
//!                         └─ known at the end of the run ─────────┘  └─ spooled while it runs
//! ```
//!
//! Nothing from outside becomes markup or script: text goes through [`text`], data through [`data`], and the page's policy
//! runs no script and applies no style but those two that it holds, by their hashes.

mod chart;
mod comparison;
mod data;
mod histogram;
mod records;
mod row;
mod summary;
mod text;
mod waterfall;

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub use self::comparison::comparison;
pub use self::records::Records;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writes what stands around the page's sections.
struct Page {
    html: String,
}

impl Page {
    /// Begins a page: `about` says in a line what it is about, `made` when; `sections` are led to, by id and name.
    fn begin(about: &str, made: SystemTime, sections: &[(&str, &str)]) -> Page {
        let links =
            sections.iter().map(|(id, name)| format!("<a href=\"#{id}\">{name}</a>")).collect::<Vec<_>>().join("\n");
        let (style, script) = (hash_of(STYLE), hash_of(SCRIPT));
        let policy = format!(
            "default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; form-action 'none'"
        );
        let made = humantime::format_rfc3339_seconds(made).to_string();
        let shown = made.replace('T', " ").replace('Z', " UTC");
        let about = text::escaped(about);
        let version = env!("CARGO_PKG_VERSION");
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"generator\" content=\"gfetch {version}\">\n\
             <title>gfetch: {about}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#main\">Skip to the results</a>\n\
             <header>\n<h1>{about}</h1>\n<p>fetched by gfetch {version}, <time datetime=\"{made}\">{shown}</time></p>\n\
             <nav aria-label=\"Sections\">\n{links}\n</nav>\n\
             </header>\n<main id=\"main\" tabindex=\"-1\">\n"
        );
        Page { html }
    }

    /// A part with its heading, which names it.
    fn section(&mut self, id: &str, heading: &str, content: impl FnOnce(&mut String)) {
        let heading = text::escaped(heading);
        self.html += &format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n");
        content(&mut self.html);
        self.html += "</section>\n";
    }
}

/// What follows the last section; the data stands before it.
const END: &str = concat!("</main>\n<script>", include_str!("page.js"), "</script>\n</body>\n</html>\n");

/// As a policy names what may run.
fn hash_of(content: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(content.as_bytes())))
}

#[cfg(test)]
mod tests;
