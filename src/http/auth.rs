//! Credentials in URLs: read out, put into a Basic `Authorization`, and never shown.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

/// The value of `Authorization` (or `Proxy-Authorization`) for the Basic scheme, RFC 7617: `Basic dXNlcjpwYXNz`.
///
/// Bytes go in as they are. A colon in `user` cannot be told from the one between the two; curl sends it all the same.
pub fn basic(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> String {
    let pair = [user.as_ref(), b":", password.as_ref()].concat();
    format!("Basic {}", STANDARD.encode(pair))
}

/// A user and a password. Bytes, for a URL may say `%FF`. Its `Debug` shows the user only.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Login {
    /// May be empty.
    pub user: Vec<u8>,
    /// May be empty.
    pub password: Vec<u8>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({}:***)", String::from_utf8_lossy(&self.user))
    }
}

/// User and password of a URL, percent-decoded; `None` when the URL has neither.
pub fn from_url(url: &Url) -> Option<Login> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |text| percent_decode_str(text).collect();
    Some(Login { user: decoded(url.username()), password: decoded(url.password().unwrap_or("")) })
}

/// Challenges answered for one request: the first, and one that says the nonce was too old.
pub(crate) const MAX_ANSWERS: u8 = 2;

/// The URL without its user and password.
pub(crate) fn without_login(mut url: Url) -> Url {
    // These fail only for URLs that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// The text with every URL's password as `***`: `http://user:***@host/`. A user name without a password stays.
///
/// For every output. It works on what a person typed or a server sent, so also on text that no parser takes
/// (`http://me:pa/ss@host:x`), on a URL without its scheme (`me:secret@host`), on a URL in another's query, and on
/// several in one sentence. In doubt it hides too much rather than too little.
pub fn redact_url(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    let mut start = scheme_less_start(text);
    while let Some(at) = start.or_else(|| next_authority(rest)) {
        start = None;
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((user_end, password_end)) = password(rest) {
            shown.push_str(&rest[..user_end]);
            shown.push_str(":***");
            rest = &rest[password_end..];
        }
    }
    shown.push_str(rest);
    shown
}

/// Where the authority may begin in a text without `://`, as a person types it: at once, or behind `http:`.
fn scheme_less_start(text: &str) -> Option<usize> {
    if next_authority(text).is_some_and(|at| !text[..at].contains('@')) {
        return None;
    }
    let scheme = text.split(':').next().unwrap_or("");
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let behind = if is_http { &text[(scheme.len() + 1).min(text.len())..] } else { text };
    Some(text.len() - behind.trim_start_matches(slash_or_dropped).len())
}

/// Where the next authority begins: behind `:/` and all slashes, for parsers take one slash, three, or backslashes.
fn next_authority(text: &str) -> Option<usize> {
    text.match_indices(':').find_map(|(colon, _)| {
        let behind = &text[colon + 1..];
        let authority = behind.trim_start_matches(slash_or_dropped);
        let slashes = &behind[..behind.len() - authority.len()];
        slashes.contains(['/', '\\']).then_some(text.len() - authority.len())
    })
}

/// URL parsers drop tabs and line ends wherever they stand.
fn slash_or_dropped(c: char) -> bool {
    matches!(c, '/' | '\\' | '\t' | '\n' | '\r')
}

/// The end of the user and the end of the password in a text that begins with an authority, if it has a password.
fn password(text: &str) -> Option<(usize, usize)> {
    let end = text.find(['/', '\\', '?', '#']).unwrap_or(text.len());
    let authority = &text[..end];
    let at = match authority.rfind('@') {
        Some(at) => at,
        // `me:pa/ss@host`: what looks like a host has no port that could be one, so an `@` further on ends a password.
        None if !is_host_and_port(authority) => text.rfind('@')?,
        None => return None,
    };
    let colon = text[..at].find(':')?;
    Some((colon, at))
}

fn is_host_and_port(authority: &str) -> bool {
    let behind_address = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    match authority[behind_address..].split_once(':') {
        Some((_, port)) => port.bytes().all(|byte| byte.is_ascii_digit()),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_the_rfcs_example() {
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(basic("test", "123\u{a3}"), "Basic dGVzdDoxMjPCow==");
        assert_eq!(basic("", ""), "Basic Og==");
    }

    #[test]
    fn credentials_of_a_url_are_percent_decoded() {
        let of = |url| from_url(&Url::parse(url).unwrap());
        let pair = |user: &[u8], password: &[u8]| Some(Login { user: user.to_vec(), password: password.to_vec() });
        assert_eq!(of("http://me:secret@host/"), pair(b"me", b"secret"));
        assert_eq!(of("http://m%40e:s%3Acr%FFt@host/"), pair(b"m@e", b"s:cr\xfft"));
        assert_eq!(of("http://me@host/"), pair(b"me", b""));
        assert_eq!(of("http://:secret@host/"), pair(b"", b"secret"));
        assert_eq!(of("http://host/me:secret@x"), None);
        assert_eq!(of("http://@host/"), None);
        assert_eq!(of("http://:@host/"), None);
    }

    #[test]
    fn a_password_is_hidden_wherever_it_stands() {
        for (text, shown) in [
            ("http://me:secret@host/", "http://me:***@host/"),
            ("https://me:s:e:c@host:8443/p?q#f", "https://me:***@host:8443/p?q#f"),
            ("HTTP://me:secret@HOST", "HTTP://me:***@HOST"),
            ("http://:secret@host/", "http://:***@host/"),
            ("http://me:@host/", "http://me:***@host/"),
            ("http://me:se@cret@host/", "http://me:***@host/"),
            ("http://me:two words@host/", "http://me:***@host/"),
            ("http://me:secret@[::1]:80/", "http://me:***@[::1]:80/"),
            ("http:/me:secret@host/", "http:/me:***@host/"),
            ("http:me:secret@host/", "http:me:***@host/"),
            ("http:\\\\me:secret@host/", "http:\\\\me:***@host/"),
            ("http:////me:secret@host/", "http:////me:***@host/"),
            ("ftp://me:secret@host/", "ftp://me:***@host/"),
            ("//me:secret@host/", "//me:***@host/"),
            ("me:secret@host/path", "me:***@host/path"),
            ("me:secret@host/?to=http://x/", "me:***@host/?to=http://x/"),
        ] {
            assert_eq!(redact_url(text), shown);
            assert_eq!(redact_url(shown), shown, "twice is as once");
        }
    }

    #[test]
    fn a_password_is_hidden_in_text_that_is_no_url() {
        for (text, shown) in [
            ("http://me:pa/ss@host:x", "http://me:***@host:x"),
            ("http://me:pa?ss@host/", "http://me:***@host/"),
            ("http://me:pa#ss@host/", "http://me:***@host/"),
            ("http://me:a://b@host/", "http://me:***@host/"),
            ("http://me:secret@", "http://me:***@"),
            ("://me:secret@host", "://me:***@host"),
            ("cannot fetch http://a:b@c/, nor http://d:e@f/", "cannot fetch http://a:***@c/, nor http://d:***@f/"),
            ("http://h/?next=http://a:b@c/", "http://h/?next=http://a:***@c/"),
            ("http://ü:ö@ä/", "http://ü:***@ä/"),
        ] {
            assert_eq!(redact_url(text), shown);
        }
    }

    #[test]
    fn a_url_without_a_password_stays_as_it_is() {
        for text in [
            "http://host/",
            "http://host:8080/a@b:c@d",
            "http://me@host/",
            "http://[::1]:80/a@b",
            "http://[fe80::1]/a@b",
            "http://host:/a@b",
            "host:80/a@b",
            "http://host/?mail=a:b@c",
            "",
            ":",
            "@",
            "http://",
            "http:",
            "https",
        ] {
            assert_eq!(redact_url(text), text);
        }
    }

    #[test]
    fn no_secret_survives_in_whatever_the_parser_takes_for_a_password() {
        for scheme in
            ["http://", "https:/", "http:", "HTTPS:\\\\", "http:///", " http://", "http:/\\", "http:\t//", "http:\n"]
        {
            for user in ["", "me", "m%40e", "a b", "a@b"] {
                for password in ["sEcReT", "a:sEcReT", "a@sEcReT", "sEcReT;", "sEcReT ]", "http:sEcReT"] {
                    let text = format!("{scheme}{user}:{password}@host/path");
                    let url = Url::parse(&text).unwrap();
                    assert!(url.password().is_some_and(|password| password.contains("sEcReT")), "{text}");
                    assert!(!redact_url(&text).contains("sEcReT"), "{text} shows as {}", redact_url(&text));
                }
            }
        }
    }
}
