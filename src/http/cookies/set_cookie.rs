//! `Set-Cookie` read into its parts (RFC 6265bis section 5.6), before any rule about who may set what.

use super::jar::Refused;
use super::{MAX_AGE_S, MAX_ATTRIBUTE_BYTES, MAX_COOKIE_BYTES, date, domain};
use crate::http::fields::trim;

/// What a cookie says of itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Said<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    /// Without its leading dot. `None`: only the host that says it.
    pub domain: Option<Box<str>>,
    /// `None`: the folder of the request.
    pub path: Option<&'a [u8]>,
    /// Seconds since 1970; `None`: until the end of the run, or of the session that a file keeps.
    pub expires: Option<u64>,
    pub secure: bool,
    pub http_only: bool,
}

/// Reads the value of a `Set-Cookie` field.
///
/// # Errors
/// No name, a control character, too large, a `Domain` that can name no host.
pub fn parse(text: &[u8], now: u64) -> Result<Said<'_>, Refused> {
    if text.iter().any(|&byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
        return Err(Refused::ControlCharacter);
    }
    let mut parts = text.split(|&byte| byte == b';');
    let (name, value) = pair(parts.next().unwrap_or_default());
    let mut said = Said {
        name,
        value: value.ok_or(Refused::NoName)?,
        domain: None,
        path: None,
        expires: None,
        secure: false,
        http_only: false,
    };
    check_pair(said.name, said.value)?;
    let mut max_age = None;
    for part in parts {
        let (name, value) = pair(part);
        let value = value.unwrap_or_default();
        if value.len() > MAX_ATTRIBUTE_BYTES {
            continue;
        }
        match name {
            name if name.eq_ignore_ascii_case(b"expires") => {
                said.expires = date::parse(value).map(|at| at.min(now + MAX_AGE_S)).or(said.expires);
            }
            name if name.eq_ignore_ascii_case(b"max-age") => max_age = expires_after(value, now).or(max_age),
            // Of several the last counts, also an empty one.
            name if name.eq_ignore_ascii_case(b"domain") => said.domain = domain_of(value)?,
            name if name.eq_ignore_ascii_case(b"path") => {
                said.path = Some(value).filter(|path| path.starts_with(b"/"));
            }
            name if name.eq_ignore_ascii_case(b"secure") => said.secure = true,
            name if name.eq_ignore_ascii_case(b"httponly") => said.http_only = true,
            // SameSite among them: no site asks gfetch to fetch another.
            _ => {}
        }
    }
    said.expires = max_age.or(said.expires);
    if said.path.is_some_and(|path| path.contains(&b'\t')) {
        return Err(Refused::ControlCharacter);
    }
    Ok(said)
}

/// What holds for name and value, wherever they come from. A tab would break the file's columns: curl refuses it, too.
pub fn check_pair(name: &[u8], value: &[u8]) -> Result<(), Refused> {
    if name.is_empty() {
        return Err(Refused::NoName);
    }
    if name.len() + value.len() > MAX_COOKIE_BYTES {
        return Err(Refused::TooLarge);
    }
    if name.iter().chain(value).any(|byte| byte.is_ascii_control()) {
        return Err(Refused::ControlCharacter);
    }
    Ok(())
}

fn pair(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|&byte| byte == b'=') {
        Some(at) => (trim(&text[..at]), Some(trim(&text[at + 1..]))),
        None => (trim(text), None),
    }
}

fn domain_of(value: &[u8]) -> Result<Option<Box<str>>, Refused> {
    let value = value.strip_prefix(b".").unwrap_or(value);
    if value.is_empty() {
        return Ok(None);
    }
    domain::canonical(value).map(Some).ok_or(Refused::Domain)
}

/// Zero and below is at once. What is no number is passed over.
fn expires_after(value: &[u8], now: u64) -> Option<u64> {
    let (negative, digits) = match value.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let seconds =
        digits.iter().fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(if negative || seconds == 0 { 0 } else { now + seconds.min(MAX_AGE_S) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn said(text: &str) -> Said<'_> {
        parse(text.as_bytes(), NOW).unwrap()
    }

    #[test]
    fn a_name_a_value_and_attributes_in_any_case() {
        let all = said("a = b=c ; PATH=/x; dOmain=.Example.ORG; secure; HttpOnly=1; SameSite=Lax; max-age=60; what");
        let expected = Said {
            name: b"a",
            value: b"b=c",
            domain: Some("example.org".into()),
            path: Some(b"/x"),
            expires: Some(NOW + 60),
            secure: true,
            http_only: true,
        };
        assert_eq!(all, expected);
        assert_eq!((said("a=").value, said("a=\"q\"").value), (&b""[..], &b"\"q\""[..]));
    }

    #[test]
    fn of_an_attribute_given_twice_the_last_counts_and_max_age_over_expires() {
        assert_eq!(said("a=b; path=/x; path=/y").path, Some(&b"/y"[..]));
        assert_eq!(said("a=b; path=/x; path=y").path, None);
        assert_eq!(said("a=b; domain=x.example; domain=").domain, None);
        assert_eq!(said("a=b; max-age=5; expires=Thu, 01 Jan 1970 00:00:00 GMT").expires, Some(NOW + 5));
        assert_eq!(said("a=b; max-age=5; max-age=x").expires, Some(NOW + 5));
    }

    #[test]
    fn ages_are_read_strictly_and_end_after_400_days() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-1", Some(0)),
            ("60", Some(NOW + 60)),
            ("99999999999999999999999", Some(NOW + MAX_AGE_S)),
            ("", None),
            ("-", None),
            ("+1", None),
            ("1.5", None),
            ("1s", None),
        ] {
            assert_eq!(said(&format!("a=b; Max-Age={text}")).expires, expected, "{text:?}");
        }
        assert_eq!(said("a=b; expires=Fri, 31 Dec 9999 23:59:59 GMT").expires, Some(NOW + MAX_AGE_S));
        assert_eq!(said("a=b; expires=never").expires, None);
    }

    #[test]
    fn what_is_no_cookie_is_refused() {
        for (text, why) in [
            (&b""[..], Refused::NoName),
            (b"a", Refused::NoName),
            (b"=b", Refused::NoName),
            (b" =b; path=/", Refused::NoName),
            (b"; a=b", Refused::NoName),
            (b"a=b\x01", Refused::ControlCharacter),
            (b"a=b; path=/\x7f", Refused::ControlCharacter),
            (b"a=b\tc", Refused::ControlCharacter),
            (b"a\tb=c", Refused::ControlCharacter),
            (b"a=b; path=/\tx", Refused::ControlCharacter),
            (b"a=b; domain=a b", Refused::Domain),
            (b"a=b; domain=\xff", Refused::Domain),
        ] {
            assert_eq!(parse(text, NOW), Err(why), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn size_is_bounded_by_name_and_value_and_by_attribute() {
        let of = |bytes| format!("a={}", "x".repeat(bytes));
        assert!(parse(of(MAX_COOKIE_BYTES - 1).as_bytes(), NOW).is_ok());
        assert_eq!(parse(of(MAX_COOKIE_BYTES).as_bytes(), NOW), Err(Refused::TooLarge));
        let path = |bytes| format!("a=b; path=/{}", "x".repeat(bytes));
        assert!(said(&path(MAX_ATTRIBUTE_BYTES - 1)).path.is_some());
        assert!(said(&path(MAX_ATTRIBUTE_BYTES)).path.is_none());
    }
}
