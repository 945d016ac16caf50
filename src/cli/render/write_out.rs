//! `-w`: curl's template for each transfer, read once, and what it makes of a record.

mod variables;

use std::path::{Path, PathBuf};

use url::Url;

use gfetch::fetch::{Exchange, Fetched};

use self::variables::{VARIABLES, Variable, push_json};
use super::extras::fields_json;
use super::fields::Secrets;
use crate::cli::escape;
use crate::cli::similar::similar;

/// A template that was read.
#[derive(Clone, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Variable(&'static Variable),
    /// `%{json}`
    Json,
    /// `%{header_json}`
    HeaderJson,
    /// `%header{NAME}`
    Header(String),
    /// `%{url.host}`, and of the last URL asked for `%{urle.host}`.
    Part {
        effective: bool,
        part: Part,
    },
    /// `%{onerror}`: what follows is for failures only.
    OnError,
    /// `%{stdout}`, `%{stderr}`, `%output{FILE}`
    To(To),
}

/// Where a part of what a template makes goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Where the report goes.
    Report,
    Stdout,
    Stderr,
    File {
        path: PathBuf,
        appends: bool,
    },
}

/// A part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Scheme,
    User,
    Password,
    Host,
    Port,
    Path,
    Query,
    Fragment,
}

const PARTS: [(&str, Part); 8] = [
    ("scheme", Part::Scheme),
    ("user", Part::User),
    ("password", Part::Password),
    ("host", Part::Host),
    ("port", Part::Port),
    ("path", Part::Path),
    ("query", Part::Query),
    ("fragment", Part::Fragment),
];

/// A transfer as its variables look at it.
#[derive(Clone, Copy)]
pub struct Transfer<'a> {
    pub fetched: &'a Fetched,
    pub secrets: &'a Secrets,
}

impl<'a> Transfer<'a> {
    /// The last exchange with a server, whether it was answered or not.
    fn last(self) -> Option<&'a Exchange> {
        self.fetched.exchanges.iter().rev().find(|exchange| !exchange.is_opening)
    }

    /// A URL with its secrets left out, and nothing in it that acts.
    fn url(self, url: &str) -> String {
        escape::line(&(self.secrets.redact)(url)).into_owned()
    }
}

impl Template {
    /// Reads a template. What looks like a variable and is none is left out, and returned for a warning, as in curl.
    pub fn parse(text: &str) -> (Template, Vec<String>) {
        let mut reader = Reader { rest: text, pieces: Vec::new(), unknown: Vec::new() };
        while !reader.rest.is_empty() {
            reader.step();
        }
        (Template { pieces: reader.pieces }, reader.unknown)
    }

    /// Whether some of it goes to standard output wherever the report goes.
    pub fn names_stdout(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::To(To::Stdout)))
    }

    /// The same for standard error.
    pub fn names_stderr(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::To(To::Stderr)))
    }

    /// The files that some of it goes to.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::To(To::File { path, .. }) => Some(path.as_path()),
            _ => None,
        })
    }

    /// Whether anything is asked for that is not in the record.
    pub fn shows_exchanges(&self) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Variable(variable) => !variables::OF_THE_RECORD.contains(&variable.name),
            Piece::Json | Piece::HeaderJson | Piece::Header(_) | Piece::Part { .. } => true,
            Piece::Text(_) | Piece::OnError | Piece::To(_) => false,
        })
    }

    /// Whether certificates are asked for.
    pub fn shows_certificates(&self) -> bool {
        let names = ["certs", "num_certs"];
        self.pieces.iter().any(|piece| match piece {
            Piece::Variable(variable) => names.contains(&variable.name),
            Piece::Json => true,
            _ => false,
        })
    }

    /// What it makes of a transfer: pieces of output, each with where it goes.
    pub fn render(&self, transfer: Transfer<'_>) -> Vec<(To, Vec<u8>)> {
        let mut all = vec![(To::Report, Vec::new())];
        for piece in &self.pieces {
            let out = match all.last_mut() {
                Some((_, out)) => out,
                None => break,
            };
            match piece {
                Piece::OnError if transfer.fetched.outcome.ok() => break,
                Piece::OnError => {}
                Piece::To(to) => all.push((to.clone(), Vec::new())),
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Variable(variable) => (variable.value)(transfer).push_text(out),
                Piece::Json => push_json(out, transfer),
                Piece::HeaderJson => push_header_json(out, transfer),
                Piece::Header(name) => push_header(out, name, transfer),
                Piece::Part { effective, part } => push_part(out, *effective, *part, transfer),
            }
        }
        // A file that is named is made, also where nothing goes into it.
        all.retain(|(to, out)| !out.is_empty() || matches!(to, To::File { .. }));
        all
    }
}

struct Reader<'a> {
    rest: &'a str,
    pieces: Vec<Piece>,
    unknown: Vec<String>,
}

impl<'a> Reader<'a> {
    fn step(&mut self) {
        let special = self.rest.find(['%', '\\']).unwrap_or(self.rest.len());
        self.text(special);
        let rest = self.rest;
        if let Some(after) = rest.strip_prefix("%%") {
            self.push("%", after);
        } else if let Some((name, after)) = braced(rest, "%{") {
            self.rest = after;
            self.variable(name);
        } else if let Some((name, after)) = braced(rest, "%header{") {
            self.rest = after;
            self.pieces.push(Piece::Header(name.to_owned()));
        } else if let Some((file, after)) = braced(rest, "%output{") {
            self.rest = after;
            let (path, appends) = file.strip_prefix(">>").map_or((file, false), |path| (path, true));
            self.pieces.push(Piece::To(To::File { path: path.into(), appends }));
        } else if let Some(after) = rest.strip_prefix("\\n") {
            self.push("\n", after);
        } else if let Some(after) = rest.strip_prefix("\\r") {
            self.push("\r", after);
        } else if let Some(after) = rest.strip_prefix("\\t") {
            self.push("\t", after);
        } else {
            // A sign that means nothing stands for itself, and so does what follows it.
            self.text(rest.chars().take(2).map(char::len_utf8).sum());
        }
    }

    /// The next bytes are text.
    fn text(&mut self, bytes: usize) {
        let (text, rest) = self.rest.split_at(bytes);
        self.push(text, rest);
    }

    fn push(&mut self, text: &str, rest: &'a str) {
        self.rest = rest;
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn variable(&mut self, name: &str) {
        let piece = match name {
            "json" => Some(Piece::Json),
            "header_json" => Some(Piece::HeaderJson),
            "onerror" => Some(Piece::OnError),
            "stdout" => Some(Piece::To(To::Stdout)),
            "stderr" => Some(Piece::To(To::Stderr)),
            _ => VARIABLES.iter().find(|variable| variable.name == name).map(Piece::Variable).or_else(|| part(name)),
        };
        match piece {
            Some(piece) => self.pieces.push(piece),
            None => self.unknown.push(unknown(name)),
        }
    }
}

/// What stands between `start` and the next brace, and what is behind that.
fn braced<'a>(text: &'a str, start: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(start)?.split_once('}')
}

fn part(name: &str) -> Option<Piece> {
    let (url, name) = name.split_once('.')?;
    let effective = match url {
        "url" => false,
        "urle" => true,
        _ => return None,
    };
    let (_, part) = PARTS.into_iter().find(|(known, _)| *known == name)?;
    Some(Piece::Part { effective, part })
}

fn unknown(name: &str) -> String {
    let words = ["json", "header_json", "onerror", "stdout", "stderr"];
    let known = VARIABLES.iter().map(|variable| variable.name).chain(words);
    let hint = similar(name, known).map_or(String::new(), |similar| format!("; did you mean {similar}?"));
    format!("unknown --write-out variable: '{}'{hint}", super::super::args::shown(name))
}

fn push_header_json(out: &mut Vec<u8>, transfer: Transfer<'_>) {
    let fields = transfer.last().map_or(&[][..], |exchange| &exchange.response_fields);
    out.extend_from_slice(&fields_json(fields, transfer.secrets));
}

fn push_header(out: &mut Vec<u8>, name: &str, transfer: Transfer<'_>) {
    if let Some(value) = transfer.last().and_then(|exchange| exchange.response_field(name)) {
        out.extend_from_slice(escape::line(&transfer.secrets.header(name, value)).as_bytes());
    }
}

fn push_part(out: &mut Vec<u8>, effective: bool, part: Part, transfer: Transfer<'_>) {
    let outcome = &transfer.fetched.outcome;
    // What was asked for first is known in full from its exchange; the line's text may lack a scheme.
    let first = transfer.fetched.exchanges.iter().find(|exchange| !exchange.is_opening);
    let text = match effective {
        true => outcome.final_url.as_deref().unwrap_or(&outcome.url),
        false => first.filter(|_| outcome.attempts > 0).map_or(&*outcome.url, |exchange| &exchange.url),
    };
    let parsed = Url::parse(text).or_else(|_| Url::parse(&format!("http://{text}")));
    let Ok(url) = parsed else { return };
    let port = url.port_or_known_default().map(|port| port.to_string());
    let secret = |password: &str| if transfer.secrets.shown { password.to_owned() } else { "***".to_owned() };
    let found = match part {
        Part::Scheme => Some(url.scheme().to_owned()),
        Part::User => Some(url.username().to_owned()),
        Part::Password => url.password().map(secret),
        Part::Host => url.host_str().map(str::to_owned),
        Part::Port => port,
        Part::Path => Some(url.path().to_owned()),
        Part::Query => url.query().map(str::to_owned),
        Part::Fragment => url.fragment().map(str::to_owned),
    };
    out.extend_from_slice(escape::line(&found.unwrap_or_default()).as_bytes());
}

#[cfg(test)]
#[path = "write_out_tests.rs"]
mod tests;
