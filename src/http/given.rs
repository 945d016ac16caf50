//! What an option, a line of a list or a program may give for a request's head: the one rule for all of them.
//!
//! Where a message ends and whom it is for is said once, by who sends it: a second opinion is how requests are smuggled
//! (RFC 9112 sections 3.2 and 11.2), and then the next request on the connection gets another one's answer.

use std::fmt;

use super::fields::{Fields, is_token, members};

/// Fields that say where the body ends.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// What `Connection` may not name: an intermediary takes away what it names (RFC 9110 section 7.6.1).
const END_TO_END: [&str; 3] = [FRAMING[0], FRAMING[1], "host"];

/// Why something is not taken. Its text goes on behind the name of what gave it: `-H/--header` does not take …
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A field's name that is no token.
    Name,
    /// A value with a line end or another control character.
    Control,
    /// A field that says where the body ends.
    Framing(&'static str),
    /// `Connection` with the name of a field without which the request would be another one.
    Hop(&'static str),
    /// `Host` a second time.
    Hosts,
    /// A field for the proxy, which would go to the server.
    Proxy,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Name => f.write_str("takes names of letters, digits and !#$%&'*+-.^_`|~ only"),
            Refused::Control => f.write_str("takes a value without line ends and control characters"),
            Refused::Framing(field) => write!(f, "does not take {field}: gfetch says it, from the body"),
            Refused::Hop(field) => {
                write!(f, "does not take Connection with {field}, which a proxy would take away from the request")
            }
            Refused::Hosts => f.write_str("takes one Host: a request with two is for nobody"),
            Refused::Proxy => f.write_str("does not take Proxy-Authorization, which the server would see: use -U"),
        }
    }
}

impl std::error::Error for Refused {}

/// Whether one field may be given.
///
/// # Errors
/// Why not.
pub fn check_field(name: &str, value: &str) -> Result<(), Refused> {
    if !is_text(value) {
        return Err(Refused::Control);
    }
    if !is_token(name.as_bytes()) {
        return Err(Refused::Name);
    }
    if name.eq_ignore_ascii_case("proxy-authorization") {
        return Err(Refused::Proxy);
    }
    check_framing(name.as_bytes(), value.as_bytes())
}

/// Whether fields of these names may be given together.
///
/// # Errors
/// Two `Host`.
pub fn check_together<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), Refused> {
    match names.into_iter().filter(|name| name.eq_ignore_ascii_case("host")).nth(1) {
        Some(_) => Err(Refused::Hosts),
        None => Ok(()),
    }
}

/// Whether a request may be sent with these fields, whoever gave them: the last door, behind all others.
pub(super) fn check_sent(fields: &Fields) -> Result<(), Refused> {
    let mut hosts = 0;
    for (name, value) in fields.raw() {
        check_framing(name, value)?;
        hosts += u32::from(name.eq_ignore_ascii_case(b"host"));
    }
    if hosts > 1 { Err(Refused::Hosts) } else { Ok(()) }
}

#[inline]
fn check_framing(name: &[u8], value: &[u8]) -> Result<(), Refused> {
    let is = |field: &&str| field.as_bytes().eq_ignore_ascii_case(name);
    if let Some(field) = FRAMING.into_iter().find(is) {
        return Err(Refused::Framing(field));
    }
    if name.eq_ignore_ascii_case(b"connection") {
        let named = |field: &&str| members(value).any(|member| member.eq_ignore_ascii_case(field.as_bytes()));
        return END_TO_END.into_iter().find(named).map_or(Ok(()), |field| Err(Refused::Hop(field)));
    }
    Ok(())
}

/// What may be given as a method: a token (RFC 9110 section 9.1), but not CONNECT, in whatever case a server may read it.
/// What follows it on the connection is a tunnel, and no request of ours.
pub fn is_method(text: &str) -> bool {
    is_token(text.as_bytes()) && !text.eq_ignore_ascii_case("connect")
}

/// A token of RFC 9110 section 5.6.2: what a field's name may be.
pub fn is_name(text: &str) -> bool {
    is_token(text.as_bytes())
}

/// What may stand in a field's value: nothing that could end the line, in no reading of it.
pub fn is_text(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_says_where_the_message_ends_is_refused() {
        for (name, value, why) in [
            ("Content-Length", "5", Refused::Framing("content-length")),
            ("TRANSFER-ENCODING", "chunked", Refused::Framing("transfer-encoding")),
            ("Content-Length", "", Refused::Framing("content-length")),
            ("connection", "close,  Content-Length", Refused::Hop("content-length")),
            ("Connection", "Transfer-Encoding", Refused::Hop("transfer-encoding")),
            ("Connection", ",HOST,", Refused::Hop("host")),
            ("Proxy-Authorization", "x", Refused::Proxy),
            ("Content-Length ", "5", Refused::Name),
            ("Content-Length:5\r\nX", "5", Refused::Name),
            ("Content Length", "5", Refused::Name),
            ("", "5", Refused::Name),
            ("Ünï", "5", Refused::Name),
            ("X", "a\r\nContent-Length: 5", Refused::Control),
            ("X", "\u{85}", Refused::Control),
        ] {
            assert_eq!(check_field(name, value), Err(why), "{name:?}: {value:?}");
        }
        for (name, value) in [("X-Content-Length", "5"), ("Connection", "close, X-Host"), ("Host", "a"), ("TE", "\t")] {
            assert_eq!(check_field(name, value), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_is_sent_has_one_host_and_one_end() {
        let check = |fields: &[(&str, &str)]| {
            assert_eq!(check_together(fields.iter().map(|field| field.0)).is_err(), {
                fields.iter().filter(|field| field.0.eq_ignore_ascii_case("host")).count() > 1
            });
            let mut list = Fields::new();
            fields.iter().for_each(|(name, value)| list.push(name, value).unwrap());
            check_sent(&list)
        };
        assert_eq!(check(&[("Host", "a"), ("A", "b"), ("A", "b")]), Ok(()));
        assert_eq!(check(&[("Host", "a"), ("A", "b"), ("hOST", "a")]), Err(Refused::Hosts));
        assert_eq!(check(&[("A", "b"), ("content-length", "0")]), Err(Refused::Framing("content-length")));
        assert_eq!(check(&[("Transfer-Encoding", "chunked")]), Err(Refused::Framing("transfer-encoding")));
        assert_eq!(check(&[("Connection", "host")]), Err(Refused::Hop("host")));
    }

    #[test]
    fn a_method_is_a_token_and_opens_no_tunnel() {
        for method in ["GET", "get", "M-SEARCH", "!"] {
            assert!(is_method(method), "{method}");
        }
        for method in ["", "CONNECT", "Connect", "GET / HTTP/1.1\r\nX:", "G T", "GET:", "GÉT"] {
            assert!(!is_method(method), "{method}");
        }
    }
}
