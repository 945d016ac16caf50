//! The Netscape cookie file, as curl and wget read and write it: seven columns, tabs between them.
//!
//! ```text
//!  [#HttpOnly_]domain  below-it-too  path  secure  expires  name  value
//! ```

use std::io::Write;
use std::time::SystemTime;

use super::domain::{self, is_address, is_public_suffix};
use super::jar::{Cookie, Jar, Refused, Setter, keeps_its_prefix, seconds};
use super::set_cookie::{self, Said};
use crate::http::fields::trim;

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

    fn read_line(&mut self, line: &[u8], now: u64) -> Result<(), Refused> {
        let (line, http_only) = match line.strip_prefix(HTTP_ONLY) {
            Some(rest) => (rest, true),
            None if line.starts_with(b"#") || trim(line).is_empty() => return Ok(()),
            None => (line, false),
        };
        match line.get(..HEADER.len()) {
            Some(name) if name.eq_ignore_ascii_case(HEADER) => self.read_header(trim(&line[HEADER.len()..]), now),
            _ => self.read_columns(line, http_only, now),
        }
    }

    fn read_header(&mut self, value: &[u8], now: u64) -> Result<(), Refused> {
        let said = set_cookie::parse(value, now)?;
        let host = said.domain.clone().ok_or(Refused::Domain)?;
        self.admit(said, &Setter { host: &host, secure: true, folder: b"/" }, now)
    }

    fn read_columns(&mut self, line: &[u8], http_only: bool, now: u64) -> Result<(), Refused> {
        // As curl reads them: several tabs are one.
        let mut columns = line.split(|&byte| byte == b'\t').filter(|column| !column.is_empty()).peekable();
        let mut next = || columns.next().ok_or(Refused::Line);
        let (owner, below) = (next()?, truth(next()?)?);
        // Some leave the path out.
        let third = next()?;
        let (path, secure) = match truth(third) {
            Ok(secure) => (&b"/"[..], secure),
            Err(_) => (third, truth(next()?)?),
        };
        let expires = whole_number(next()?)?;
        let (name, value) = (next()?, columns.next().unwrap_or_default());
        if columns.peek().is_some() || !path.starts_with(b"/") {
            return Err(Refused::Line);
        }
        set_cookie::check_pair(name, value)?;
        if path.iter().any(u8::is_ascii_control) {
            return Err(Refused::ControlCharacter);
        }
        let domain = domain::canonical(owner.strip_prefix(b".").unwrap_or(owner)).ok_or(Refused::Domain)?;
        // Nobody may have a cookie for all of a public suffix, nor for what is "below" an address.
        let host_only = !below || is_address(&domain) || is_public_suffix(&domain);
        let of_domain = (!host_only).then(|| domain.clone());
        let expires = (expires != 0).then_some(expires);
        let said = Said { name, value, domain: of_domain, path: Some(path), expires, secure, http_only };
        if !keeps_its_prefix(&said, path) {
            return Err(Refused::Prefix);
        }
        self.put(Cookie::new(&said, &domain, host_only, path), now);
        Ok(())
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

fn push_line(file: &mut Vec<u8>, cookie: &Cookie) {
    let truth = |is| if is { "TRUE" } else { "FALSE" };
    file.extend_from_slice(if cookie.http_only { HTTP_ONLY } else { b"" });
    let dot = if cookie.host_only { "" } else { "." };
    // Without the brackets of a URL, as curl writes it.
    let domain = cookie.domain.trim_start_matches('[').trim_end_matches(']');
    // Writing to memory cannot fail.
    let _ = write!(file, "{dot}{domain}\t{}\t", truth(!cookie.host_only));
    file.extend_from_slice(&cookie.path);
    let _ = write!(file, "\t{}\t{}\t", truth(cookie.secure), cookie.expires.unwrap_or(0));
    for part in [&cookie.name, &b"\t"[..], &cookie.value, b"\n"] {
        file.extend_from_slice(part);
    }
}

fn truth(column: &[u8]) -> Result<bool, Refused> {
    match column {
        column if column.eq_ignore_ascii_case(b"TRUE") => Ok(true),
        column if column.eq_ignore_ascii_case(b"FALSE") => Ok(false),
        _ => Err(Refused::Line),
    }
}

/// Seconds since 1970. What is before that is long past; what is too large is for ever.
fn whole_number(column: &[u8]) -> Result<u64, Refused> {
    let (negative, digits) = match column.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, column),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Refused::Line);
    }
    let number = digits.iter().fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Ok(if negative { 1 } else { number })
}
