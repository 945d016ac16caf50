//! The netrc file: which user and password a host gets. By curl's reading of it; rules only, no I/O.
//!
//! ```text
//! machine example.org login me password "with \" and space"   # a comment
//! macdef init …up to an empty line…
//! default login anonymous password guest
//! ```

use std::collections::HashMap;
use std::fmt;

use url::Url;

use super::auth::{self, Login};
use super::origin::OriginHasher;

/// A netrc file that was read. Its `Debug` shows how many entries there are.
///
/// ```
/// use gfetch::http::netrc::Netrc;
///
/// let netrc = Netrc::parse(b"machine api.example login me password \"two words\"").unwrap();
/// assert_eq!(netrc.find("API.example", None).unwrap().password, b"two words");
/// assert_eq!(netrc.find("other.example", None), None);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Netrc {
    entries: Vec<Entry>,
    /// The entries of each machine, in their order.
    machines: HashMap<Vec<u8>, Vec<usize>, OriginHasher>,
    defaults: Vec<usize>,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Entry {
    login: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
}

/// A quoted word without its end: what curl calls a parser error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadNetrc {
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for BadNetrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: a quoted word does not end", self.line)
    }
}

impl std::error::Error for BadNetrc {}

/// What the next word is.
enum Wanted {
    Keyword,
    Machine,
    Login,
    Password,
    /// `account`: read and not used.
    Nothing,
}

impl Netrc {
    /// Reads a file. Words are divided by space and line ends; `"…"` is one word, with `\"`, `\\`, `\n`, `\r`, `\t` in it;
    /// a word that begins with `#` makes the rest of its line a comment, but where a login or a password is awaited.
    /// Keywords are taken in any case, as in curl; words that are none are passed over.
    ///
    /// # Errors
    /// A quoted word does not end on its line.
    pub fn parse(bytes: &[u8]) -> Result<Netrc, BadNetrc> {
        let mut netrc = Netrc::default();
        let mut wanted = Wanted::Keyword;
        let mut in_macro = false;
        for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if in_macro {
                in_macro = !line.is_empty();
                continue;
            }
            let mut rest = line;
            while let Some(word) = next_word(&mut rest, &wanted).map_err(|_| BadNetrc { line: number })? {
                in_macro = netrc.take(word, &mut wanted);
                if in_macro {
                    break;
                }
            }
        }
        Ok(netrc)
    }

    /// Takes a word in; whether it begins a macro, which goes on to an empty line.
    fn take(&mut self, word: Vec<u8>, wanted: &mut Wanted) -> bool {
        let place = self.entries.len();
        match std::mem::replace(wanted, Wanted::Keyword) {
            Wanted::Machine => {
                self.entries.push(Entry::default());
                self.machines.entry(machine(&word)).or_default().push(place);
            }
            // Before any machine they are nobody's.
            Wanted::Login => self.entries.iter_mut().next_back().map_or((), |entry| entry.login = Some(word)),
            Wanted::Password => self.entries.iter_mut().next_back().map_or((), |entry| entry.password = Some(word)),
            Wanted::Nothing => {}
            Wanted::Keyword => match word.to_ascii_lowercase().as_slice() {
                b"machine" => *wanted = Wanted::Machine,
                b"default" => {
                    self.entries.push(Entry::default());
                    self.defaults.push(place);
                }
                b"login" => *wanted = Wanted::Login,
                b"password" => *wanted = Wanted::Password,
                b"account" => *wanted = Wanted::Nothing,
                b"macdef" => return true,
                _ => {}
            },
        }
        false
    }

    /// What a host gets: the first entry of its own, or a `default` before it, that names a user or a password, and where
    /// `user` is asked for, that user's. `host` is as a URL writes it; ports are not looked at, and a name with a trailing
    /// dot is another name.
    ///
    /// An entry that names neither gives nothing: curl once took the last host's password for it (CVE-2025-0167).
    pub fn find(&self, host: &str, user: Option<&[u8]>) -> Option<Login> {
        let own = self.machines.get(&machine(host.as_bytes())).map_or(&[][..], Vec::as_slice);
        let mut places: Vec<usize> = own.iter().chain(&self.defaults).copied().collect();
        places.sort_unstable();
        places.into_iter().map(|place| &self.entries[place]).find_map(|entry| {
            let is_somebody = entry.login.is_some() || entry.password.is_some();
            let is_asked_for = user.is_none_or(|user| entry.login.as_deref().is_none_or(|login| login == user));
            (is_somebody && is_asked_for).then(|| Login {
                user: user.map(<[u8]>::to_vec).or_else(|| entry.login.clone()).unwrap_or_default(),
                password: entry.password.clone().unwrap_or_default(),
            })
        })
    }

    /// Who asks for this URL: what its host gets for the user that the URL names, or else `user`; else the URL's own.
    pub fn login_for(&self, url: &Url, user: Option<&str>) -> Option<Login> {
        let own = auth::from_url(url);
        let named = own.as_ref().map(|own| own.user.as_slice()).filter(|user| !user.is_empty());
        self.find(url.host_str().unwrap_or_default(), named.or(user.map(str::as_bytes))).or(own)
    }

    /// How many machines and defaults there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Names in lower case, an IPv6 address without the brackets that a URL has.
fn machine(name: &[u8]) -> Vec<u8> {
    let inner = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")).unwrap_or(name);
    inner.to_ascii_lowercase()
}

struct NoEnd;

/// The next word of a line, taken off it.
fn next_word(rest: &mut &[u8], wanted: &Wanted) -> Result<Option<Vec<u8>>, NoEnd> {
    *rest = rest.trim_ascii_start();
    match rest.first() {
        None => Ok(None),
        // A password may begin so; a keyword does not.
        Some(b'#') if !matches!(wanted, Wanted::Login | Wanted::Password) => Ok(None),
        Some(b'"') => quoted(rest).map(Some),
        Some(_) => {
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            let word = rest[..end].to_vec();
            *rest = &rest[end..];
            Ok(Some(word))
        }
    }
}

fn quoted(rest: &mut &[u8]) -> Result<Vec<u8>, NoEnd> {
    let mut word = Vec::new();
    let mut bytes = rest.iter().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => {
                *rest = &rest[at + 1..];
                return Ok(word);
            }
            b'\\' => word.push(match bytes.next().ok_or(NoEnd)?.1 {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => *other,
            }),
            byte => word.push(*byte),
        }
    }
    Err(NoEnd)
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Netrc({} entries)", self.entries.len())
    }
}

#[cfg(test)]
#[path = "netrc_tests.rs"]
mod tests;
