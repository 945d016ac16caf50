//! The Netscape cookie file, as curl and wget read and write it: seven columns, tabs between them.
//!
//! ```text
//!  [#HttpOnly_]domain  below-it-too  path  secure  expires  name  value
//! ```

use std::io::Write;
use std::time::SystemTime;

use cookie_store::{Cookie, CookieDomain, RawCookie};
use url::Url;

use super::jar::{Jar, Refused, expires, name_of, seconds};
use super::rules::{self, canonical, moment};

const HTTP_ONLY: &[u8] = b"#HttpOnly_";
const HEADER: &[u8] = b"Set-Cookie:";

/// Lines of a file that are no cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub lines: usize,
    /// The number of the first of them, from 1, and what is wrong with it.
    pub first: Option<(usize, Refused)>,
}

impl Jar {
    /// Takes the cookies of a file: columns, or `Set-Cookie:` lines as in a dump of headers (only with a `Domain`: else
    /// nobody knows whose it is). Comments and empty lines are nothing; CRLF ends a line, too. What is past its time is
    /// left out. Returns what was passed over.
    pub fn read_netscape(&mut self, bytes: &[u8], now: SystemTime) -> Skipped {
        let mut skipped = Skipped::default();
        for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Err(why) = self.read_line(line, seconds(now)) {
                skipped.lines += 1;
                skipped.first.get_or_insert((number, why));
            }
        }
        skipped
    }

    fn read_line(&mut self, line: &[u8], now: i64) -> Result<(), Refused> {
        let (line, http_only) = match line.strip_prefix(HTTP_ONLY) {
            Some(rest) => (rest, true),
            None if line.starts_with(b"#") || line.trim_ascii().is_empty() => return Ok(()),
            None => (line, false),
        };
        match line.split_at_checked(HEADER.len()) {
            Some((name, value)) if name.eq_ignore_ascii_case(HEADER) => {
                let raw = rules::parse(value.trim_ascii(), now)?;
                let owner = canonical(rules::said_domain(&raw).ok_or(Refused::Domain)?)?;
                self.admit(&raw, &page_of(&owner)?, true, now)
            }
            _ => self.read_columns(std::str::from_utf8(line).map_err(|_| Refused::NotText)?, http_only, now),
        }
    }

    fn read_columns(&mut self, line: &str, http_only: bool, now: i64) -> Result<(), Refused> {
        // As curl reads them: several tabs are one.
        let mut columns = line.split('\t').filter(|column| !column.is_empty()).peekable();
        let mut next = || columns.next().ok_or(Refused::Line);
        let (owner, below) = (next()?, truth(next()?)?);
        // Some leave the path out.
        let third = next()?;
        let (path, secure) = match truth(third) {
            Ok(secure) => ("/", secure),
            Err(_) => (third, truth(next()?)?),
        };
        let expires = whole_number(next()?)?;
        let (name, value) = (next()?, columns.next().unwrap_or_default());
        if columns.peek().is_some() || !path.starts_with('/') {
            return Err(Refused::Line);
        }
        let owner = canonical(owner.strip_prefix('.').unwrap_or(owner))?;
        let mut raw = RawCookie::new(name, value);
        raw.set_path(path);
        raw.set_secure(secure);
        raw.set_http_only(http_only);
        raw.set_expires((expires != 0).then(|| moment(expires)));
        if below {
            raw.set_domain(&owner);
        }
        self.admit(&raw, &page_of(&owner)?, true, now)
    }

    /// The file of all cookies that are not past their time, in the order in which they came. Those that end with the
    /// session are in it, too, as in curl: the next run is the same session.
    pub fn write_netscape(&self, now: SystemTime) -> Vec<u8> {
        let mut file =
            b"# Netscape HTTP Cookie File\n# Written by gfetch: one cookie a line. It holds secrets.\n\n".to_vec();
        for cookie in self.alive(seconds(now)) {
            push_line(&mut file, cookie);
        }
        file
    }
}

fn push_line(file: &mut Vec<u8>, cookie: &Cookie<'_>) {
    let truth = |is| if is { "TRUE" } else { "FALSE" };
    let is = |flag: Option<bool>| flag == Some(true);
    file.extend_from_slice(if is(cookie.http_only()) { HTTP_ONLY } else { b"" });
    let below = matches!(cookie.domain, CookieDomain::Suffix(_));
    let dot = if below { "." } else { "" };
    // Without the brackets of a URL, as curl writes it.
    let domain = name_of(&cookie.domain).trim_start_matches('[').trim_end_matches(']');
    let (path, secure, expires) = (&*cookie.path, truth(is(cookie.secure())), expires(cookie).unwrap_or(0));
    let (name, value) = cookie.name_value();
    // Writing to memory cannot fail.
    let _ = writeln!(file, "{dot}{domain}\t{}\t{path}\t{secure}\t{expires}\t{name}\t{value}", truth(below));
}

/// Where a cookie of a file comes from, for the rules: a file is trusted as TLS is.
fn page_of(host: &str) -> Result<Url, Refused> {
    Url::parse(&format!("https://{host}/")).map_err(|_| Refused::Domain)
}

fn truth(column: &str) -> Result<bool, Refused> {
    match column {
        column if column.eq_ignore_ascii_case("TRUE") => Ok(true),
        column if column.eq_ignore_ascii_case("FALSE") => Ok(false),
        _ => Err(Refused::Line),
    }
}

/// Seconds since 1970. What is before that is long past; what is too large is for ever.
fn whole_number(column: &str) -> Result<i64, Refused> {
    let digits = column.strip_prefix('-').unwrap_or(column);
    match digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Err(Refused::Line),
        false if digits.len() < column.len() => Ok(1),
        // Of digits alone, only what is too large is no number.
        false => Ok(digits.parse().unwrap_or(i64::MAX)),
    }
}
