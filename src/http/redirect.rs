//! Redirects: which request comes next, and what it must not carry.
//!
//! Pure rules (RFC 9110 section 15.4): an answer and the request it answers go in, the next request comes out.

mod schemes;

use std::fmt;

use url::Url;

use crate::http::h1::Head;
use crate::http::origin::{Origin, Scheme};

pub use schemes::Schemes;

/// The longest `Location` that is read, in bytes: as long as a line of a list may be.
pub const MAX_LOCATION_BYTES: usize = 64 * 1024;

/// The only given fields that follow to another origin: they say what is wanted, not who asks.
const HARMLESS_FIELDS: [&str; 4] = ["Accept", "Accept-Language", "User-Agent", "Range"];

/// Fields that describe a body, and go when it goes (RFC 9110 section 15.4, step 2).
const BODY_FIELDS: [&str; 4] = ["Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding"];

/// One answer, and the request it answers.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// What was asked, with its userinfo and fragment.
    pub url: &'a Url,
    /// The method it was asked with; methods are case-sensitive.
    pub method: &'a str,
    /// The answer's status.
    pub status: u16,
    /// The values of the answer's `Location` fields, in their order.
    pub locations: &'a [&'a [u8]],
}

/// The request that comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// What to ask. It has userinfo only where the `Location` had some, or where secrets go along.
    pub url: Url,
    /// The method to ask with.
    pub method: String,
    /// The request goes without the body that the last one had.
    pub drop_body: bool,
    /// Scheme, host or port differ from the last request's.
    pub cross_origin: bool,
    /// What says who asks goes along: the origin stayed the same, or every origin is trusted. Where this was once false
    /// it is too late for any later hop.
    pub keeps_secrets: bool,
}

/// What the user allows. By default: redirects to everywhere, any number, and secrets stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedirectRules {
    /// So many, one after the other; none: any number. curl: `--max-redirs`.
    pub most: Option<u32>,
    /// Where they may lead at all. curl: `--proto-redir`.
    pub schemes: Schemes,
    /// Given fields and secrets go to every origin that a redirect names. curl: `--location-trusted`.
    pub location_trusted: bool,
}

/// Why a redirect cannot be followed. What came from the server is kept as it came: whoever shows it escapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectError {
    /// Several `Location` fields that do not say the same.
    Ambiguous,
    /// Longer than [`MAX_LOCATION_BYTES`].
    TooLong(usize),
    /// This control character stands in the `Location`.
    ControlCharacter(u8),
    /// It names no URL, and the parser's reason.
    NotAUrl(url::ParseError),
    /// It leads to a scheme that is neither `http` nor `https`.
    Scheme(String),
    /// More redirects than this one after the other.
    TooMany(u32),
    /// It asks for the body a second time, which was read as it was sent.
    BodyIsGone,
    /// It leads to one of the two that the caller does not allow ([`RedirectRules::schemes`]).
    Refused(Scheme),
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RedirectError::Ambiguous => f.write_str("several Location fields that differ"),
            RedirectError::TooLong(bytes) => {
                write!(f, "a Location of {bytes} bytes, {MAX_LOCATION_BYTES} are allowed")
            }
            RedirectError::ControlCharacter(byte) => write!(f, "control character 0x{byte:02x} in the Location"),
            RedirectError::NotAUrl(why) => write!(f, "the Location is no URL: {why}"),
            RedirectError::Scheme(scheme) => {
                write!(f, "redirect to scheme {scheme:?}, only http and https are followed")
            }
            RedirectError::TooMany(most) => write!(f, "more than {most} redirect{}", if *most == 1 { "" } else { "s" }),
            RedirectError::BodyIsGone => {
                f.write_str("the redirect asks for the request's body again, which was read as it was sent")
            }
            RedirectError::Refused(scheme) => write!(f, "redirect to {scheme}, which is not allowed"),
        }
    }
}

impl std::error::Error for RedirectError {}

/// Whether an answer of this status may lead on.
fn leads_on(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The request that an answer leads to, after so many redirects; `None` when the answer is final.
///
/// # Errors
/// Those of [`next`], and one redirect more than may be.
pub fn next_of(
    head: &Head,
    (method, url): (&str, &Url),
    redirects: u32,
    rules: &RedirectRules,
) -> Result<Option<Next>, RedirectError> {
    if !leads_on(head.status) {
        return Ok(None);
    }
    let locations: Vec<&[u8]> = head.fields.all("location").collect();
    let next = next(&Hop { url, method, status: head.status, locations: &locations }, rules)?;
    match rules.most {
        Some(most) if next.is_some() && redirects >= most => Err(RedirectError::TooMany(most)),
        _ => Ok(next),
    }
}

/// The request that an answer leads to; `None` when the answer is final. How many there may be is not looked at.
///
/// Followed are 301, 302, 303, 307 and 308. A 300, 304, 305 or 306 is an answer, and so is a redirect whose `Location`
/// is missing or empty, as in curl.
///
/// | status   | GET, HEAD | POST         | others   |
/// |----------|-----------|--------------|----------|
/// | 301, 302 | kept      | GET, no body | kept     |
/// | 303      | kept      | GET, no body | GET, no body |
/// | 307, 308 | kept      | kept         | kept     |
///
/// The URL is read as browsers read it (the WHATWG rules: a backslash is a slash), relative to the last one. A fragment
/// is carried over to a URL that has none (RFC 9110 section 10.2.2). Userinfo in the `Location` is used, as in curl.
/// Userinfo of the last URL stays as the other secrets do: while the origin stays, whether the `Location` was relative or
/// absolute, or with [`RedirectRules::location_trusted`], as in curl.
///
/// # Errors
/// The `Location` names no one place to go to, or one that gfetch does not go to: see [`RedirectError`].
#[inline(never)]
pub fn next(hop: &Hop<'_>, rules: &RedirectRules) -> Result<Option<Next>, RedirectError> {
    if !leads_on(hop.status) {
        return Ok(None);
    }
    let Some(location) = the_location(hop.locations)? else { return Ok(None) };
    let mut url = hop.url.join(&text(location)?).map_err(RedirectError::NotAUrl)?;
    let origin = Origin::of(&url).ok_or_else(|| RedirectError::Scheme(url.scheme().to_owned()))?;
    if !rules.schemes.allow(origin.scheme) {
        return Err(RedirectError::Refused(origin.scheme));
    }
    let cross_origin = Origin::of(hop.url) != Some(origin);
    let keeps_secrets = !cross_origin || rules.location_trusted;
    carry_over(hop.url, &mut url, keeps_secrets);
    let (method, drop_body) = next_method(hop.method, hop.status);
    Ok(Some(Next { url, method: method.to_owned(), drop_body, cross_origin, keeps_secrets }))
}

/// The one value that all fields agree on, without the space around it.
fn the_location<'a>(locations: &[&'a [u8]]) -> Result<Option<&'a [u8]>, RedirectError> {
    let Some((first, others)) = locations.split_first() else { return Ok(None) };
    let first = first.trim_ascii();
    if others.iter().any(|other| other.trim_ascii() != first) {
        return Err(RedirectError::Ambiguous);
    }
    Ok((!first.is_empty()).then_some(first))
}

/// A `Location` as text for the URL parser, which drops tabs and line ends without a word: they are refused before.
///
/// UTF-8 stays, so that a host may be an IDN; in anything else each byte above 0x7f is percent-encoded, as browsers do.
fn text(location: &[u8]) -> Result<String, RedirectError> {
    if location.len() > MAX_LOCATION_BYTES {
        return Err(RedirectError::TooLong(location.len()));
    }
    if let Some(control) = location.iter().find(|byte| byte.is_ascii_control()) {
        return Err(RedirectError::ControlCharacter(*control));
    }
    Ok(match std::str::from_utf8(location) {
        Ok(text) => text.to_owned(),
        Err(_) => percent_encoding::percent_encode(location, &NOTHING_IN_ASCII).to_string(),
    })
}

/// `percent_encode` encodes every byte above 0x7f whatever the set says.
const NOTHING_IN_ASCII: percent_encoding::AsciiSet = percent_encoding::AsciiSet::EMPTY;

/// What of the last URL goes on to one without it: its fragment, and its userinfo where that may.
fn carry_over(last: &Url, url: &mut Url, keeps_user: bool) {
    if url.fragment().is_none() {
        url.set_fragment(last.fragment());
    }
    if keeps_user && url.username().is_empty() && url.password().is_none() {
        // These fail only for URLs that cannot have userinfo; an origin's URL can.
        let _ = url.set_username(last.username());
        let _ = url.set_password(last.password());
    }
}

fn next_method(method: &str, status: u16) -> (&str, bool) {
    match (status, method) {
        (303, "GET" | "HEAD") => (method, true),
        (303, _) | (301 | 302, "POST") => ("GET", true),
        _ => (method, false),
    }
}

/// The given fields that the next request may carry.
///
/// `given` are the fields the user asked for (`-H`, `-u`, `-b NAME=VALUE`), not those that the client writes itself for
/// each request; `had_body` is whether the last request had one; `secret_names` are those of fields that were called secrets
/// (`--secret-header`). To another origin go only Accept, Accept-Language, User-Agent and Range, unless one of them was
/// named a secret; where secrets go along all go, but a given `Host`, which names the host that was left. Fields about
/// the body go with the body, and stay with it: JSON sent on as a form would be something else.
///
/// Call it with what the last hop was allowed to carry: what was dropped once stays dropped, also when a later hop
/// returns to the first origin. (curl compares each hop with the first host and would send it again. Then a stranger's
/// redirect decides where on the first host the secret goes.)
pub fn fields_after(
    mut given: Vec<(String, String)>,
    next: &Next,
    had_body: bool,
    secret_names: &[&str],
) -> Vec<(String, String)> {
    given.retain(|(name, _)| goes_on(name, next, had_body, secret_names));
    given
}

/// The same for one given field of this name.
pub fn goes_on(name: &str, next: &Next, had_body: bool, secret_names: &[&str]) -> bool {
    let about_body = is_any_of(name, BODY_FIELDS);
    if next.drop_body && about_body {
        return false;
    }
    if !next.cross_origin {
        return true;
    }
    if next.keeps_secrets {
        return !name.eq_ignore_ascii_case("Host");
    }
    (is_any_of(name, HARMLESS_FIELDS) || (about_body && had_body)) && !is_any_of(name, secret_names)
}

fn is_any_of<S: AsRef<str>>(name: &str, names: impl IntoIterator<Item = S>) -> bool {
    names.into_iter().any(|other| other.as_ref().eq_ignore_ascii_case(name.trim_ascii()))
}

#[cfg(test)]
mod tests;
