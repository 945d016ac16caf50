//! What is served: routes before files before the index.

use std::io;
use std::path::Path;

use gfetch::http::fields::Fields;
use gfetch::http::server::Exchange;

use super::asked::{Target, Wrong};
use super::files::{Files, Lookup};
use super::routes::{self, State};
use super::{index, told};

pub struct App {
    state: State,
    files: Option<Files>,
}

impl App {
    /// The routes, and the files of this folder.
    ///
    /// # Errors
    /// When it is no folder, or cannot be read.
    pub fn new(dir: Option<&Path>) -> io::Result<App> {
        let open =
            |dir: &Path| Files::new(dir).map_err(|error| told(error, &format!("cannot serve {}", dir.display())));
        Ok(App { state: State::default(), files: dir.map(open).transpose()? })
    }

    /// Answers one request.
    pub fn answer(&self, exchange: &mut Exchange) -> io::Result<()> {
        let head = exchange.head();
        let is_read = matches!(&*head.method, "GET" | "HEAD");
        let target = Target::of(&head.target);
        if let Some((route, parameters)) = routes::find(&target.path) {
            return match route.answer(exchange, &self.state, &target, &parameters) {
                Err(Wrong::Request) => text(exchange, 400, &format!("{} takes {}", route.pattern, route.takes)),
                Err(Wrong::Io(error)) => Err(error),
                Ok(()) => Ok(()),
            };
        }
        match &self.files {
            Some(files) if is_read => match files.find(exchange.head(), &target.path)? {
                Lookup::File(file) => return file.send(exchange),
                Lookup::Folder => return to_folder(exchange, &target),
                Lookup::Nothing => {}
            },
            Some(_) => return not_allowed(exchange),
            None => {}
        }
        match (&*target.path, is_read) {
            ("/", true) => index::answer(exchange),
            ("/", false) => not_allowed(exchange),
            _ => text(exchange, 404, "there is nothing here"),
        }
    }
}

/// A folder's own name ends in a slash, so that what its page links to is found in it.
fn to_folder(exchange: &mut Exchange, target: &Target) -> io::Result<()> {
    let query = target.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
    let fields = fields(&[("Location", &format!("{}/{query}", target.path))])?;
    exchange.respond(301, &fields, b"")
}

fn not_allowed(exchange: &mut Exchange) -> io::Result<()> {
    let fields = fields(&[("Allow", "GET, HEAD"), ("Content-Type", TEXT)])?;
    exchange.respond(405, &fields, b"only GET and HEAD\n")
}

const TEXT: &str = "text/plain; charset=utf-8";

/// Answers with a line of text.
pub fn text(exchange: &mut Exchange, status: u16, line: &str) -> io::Result<()> {
    exchange.respond(status, &fields(&[("Content-Type", TEXT)])?, format!("{line}\n").as_bytes())
}

/// Fields from pairs.
pub fn fields(pairs: &[(&str, &str)]) -> io::Result<Fields> {
    let bytes = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    let mut fields = Fields::with_capacity(pairs.len(), bytes);
    for (name, value) in pairs {
        fields.push(name, value).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    }
    Ok(fields)
}
