//! The text of a URL into a URL that can be fetched: curl's rules, and where they differ, the narrower reading.
//!
//! Taken as curl does: a missing scheme is `http`, `HTTP://`, `127.1`, `user:password@`, non-ASCII (percent-encoded; a
//! host by IDNA), `|` and quotes. Refused as curl does: space and control characters, no host, a port above 65535.
//! Narrower than curl: three slashes, one slash, a backslash in the host (three readers would see three hosts) and
//! port 0. A backslash further on is sent as `%5C`, because a URL parser would make a slash of it.

use url::Url;

use super::entry::{Target, failure, shown};
use crate::fetch::curl_code::{UNSUPPORTED_PROTOCOL, URL_MALFORMED};
use crate::fetch::outcome::Failure;

/// Who gave the URL: how bold a guess at the scheme may be depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Someone typed it: without a scheme it is `http://`.
    Argument,
    /// A line of a list: without a scheme it must look like a host, or a list of words would be fetched.
    Line,
}

/// The URL that `text` means.
pub(super) fn parse(text: &str, given: Given) -> Result<Url, Failure> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic())
        && let Some((at, c)) = text.char_indices().find(|(_, c)| *c == ' ' || c.is_control())
    {
        let what =
            if c == ' ' { "a space (write %20)".into() } else { format!("control character U+{:04X}", c as u32) };
        return Err(no_url(text, &format!("{what} at byte {}", at + 1)));
    }
    let (scheme, rest) = match split_scheme(text) {
        Some((scheme, rest)) => (supported(scheme)?, rest),
        None => ("http", guessed(text, given)?),
    };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_userinfo, host)| host);
    if host.is_empty() || host.starts_with(':') {
        return Err(no_url(text, "no host"));
    }
    if authority.contains('\\') {
        return Err(no_url(text, "a backslash in the host"));
    }
    let mut url = match text.contains('\\') || rest.len() == text.len() {
        true => Url::parse(&format!("{scheme}://{}", rest.replace('\\', "%5C"))),
        false => Url::parse(text),
    }
    .map_err(|error| no_url(text, &error.to_string()))?;
    if url.port() == Some(0) {
        return Err(no_url(text, "port 0"));
    }
    url.set_fragment(None);
    Ok(url)
}

/// Parses the lines of one list. Neighbours in a list are often of one server, and half of the work of parsing a URL is
/// its authority: where it is that of the line before, letter by letter, it is taken over.
#[derive(Default)]
pub(super) struct Addresses {
    /// The scheme and authority of the last line that was parsed whole, as they were written; and its URL.
    last: Option<(String, Target)>,
}

impl Addresses {
    /// The URL that a line means: what [`parse`] says.
    pub fn parse(&mut self, text: &str) -> Result<Target, Failure> {
        if let Some(target) = self.same_server(text) {
            return Ok(target);
        }
        let target = Target::new(parse(text, Given::Line)?);
        let authority = split_scheme(text).and_then(|(_, rest)| rest.find(['/', '?', '#']).map(|end| &rest[end..]));
        self.last = authority.map(|rest| (text[..text.len() - rest.len()].to_owned(), target.clone()));
        Ok(target)
    }

    /// A path on the last server; not what [`parse`] treats in a way of its own, nor what a URL parser may take for
    /// another authority (`//`, `/\`).
    fn same_server(&self, text: &str) -> Option<Target> {
        let (authority, last) = self.last.as_ref()?;
        let path = text.strip_prefix(&**authority)?;
        let plain = path.bytes().fold(true, |all, byte| all & byte.is_ascii_graphic() & (byte != b'\\'));
        if !plain || !path.starts_with('/') || path.starts_with("//") {
            return None;
        }
        let mut url = last.url.join(path).ok()?;
        url.set_fragment(None);
        Some(Target::of_host(url, last.host.clone()))
    }
}

/// `text`, an argument, written so that a list's line means the same. No line break gets through: another line would be
/// another URL. (Such an argument is no URL, and stays none.)
pub(super) fn as_line(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    match split_scheme(&text) {
        Some(_) => text,
        None => format!("http://{text}"),
    }
}

/// What stands before `://`, where that can be a scheme at all: `localhost:8080` and `h/?u=http://x` have none.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)).then_some((scheme, rest))
}

fn supported(scheme: &str) -> Result<&str, Failure> {
    if scheme.is_empty() {
        return Err(failure("no URL: nothing stands before ://".into(), URL_MALFORMED));
    }
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        return Ok(scheme);
    }
    let message = format!("scheme {} is not supported, only http and https", shown(scheme));
    Err(failure(message, UNSUPPORTED_PROTOCOL))
}

/// Whether `text`, which has no scheme, may be given `http://`.
fn guessed(text: &str, given: Given) -> Result<&str, Failure> {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if begins("http:") || begins("https:") {
        return Err(no_url(text, "// is missing after the scheme"));
    }
    if given == Given::Line && !looks_like_a_host(text) {
        return Err(no_url(text, "no scheme, and no dot, port or localhost to guess one by"));
    }
    Ok(text)
}

/// A dot, a port, an address in brackets, or `localhost`.
fn looks_like_a_host(text: &str) -> bool {
    let authority = &text[..text.find(['/', '?', '#']).unwrap_or(text.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_userinfo, host)| host);
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let has_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    has_port || host.starts_with('[') || name.contains('.') || name.eq_ignore_ascii_case("localhost")
}

fn no_url(text: &str, why: &str) -> Failure {
    failure(format!("no URL: {}: {why}", shown(text)), URL_MALFORMED)
}

#[cfg(test)]
mod tests;
