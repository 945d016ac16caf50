//! What RFC 6265bis and curl ask for beyond `cookie_store`, which knows RFC 6265: public suffixes, prefixes, bounds, our clock.

use std::net::{Ipv4Addr, Ipv6Addr};

use cookie_store::{CookieDomain, CookiePath, RawCookie};
use time::{Duration, OffsetDateTime};
use url::{Host, Url};

use super::jar::Refused;
use super::{MAX_AGE_S, MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES, MAX_COOKIE_BYTES};

/// Reads the value of a `Set-Cookie` field. What it says of its age stands in `Expires`, by our clock.
///
/// # Errors
/// No UTF-8, a control character, no name.
pub fn parse(text: &[u8], now: i64) -> Result<RawCookie<'static>, Refused> {
    let text = std::str::from_utf8(text).map_err(|_| Refused::NotText)?;
    if text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(Refused::ControlCharacter);
    }
    let mut raw = RawCookie::parse(readable(text)).map_err(|_| Refused::NoName)?;
    let last = now + MAX_AGE_S as i64;
    let expires = match (raw.max_age(), raw.expires_datetime()) {
        (Some(age), _) if age <= Duration::ZERO => Some(0),
        (Some(age), _) => Some(now.saturating_add(age.whole_seconds()).min(last)),
        (None, said) => said.map(|at| at.unix_timestamp().clamp(0, last)),
    };
    raw.set_max_age(None);
    raw.set_expires(expires.map(moment));
    Ok(raw)
}

/// Without the attributes that are too long or too many, and without a `Max-Age` of nothing, which the crate reads as the
/// longest of all.
fn readable(text: &str) -> String {
    let is_readable = |part: &&str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (name.trim(), value.trim());
        value.len() <= MAX_ATTRIBUTE_BYTES && !(value.is_empty() && name.eq_ignore_ascii_case("max-age"))
    };
    let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
    let attributes = attributes.split(';').take(MAX_ATTRIBUTES).filter(is_readable);
    std::iter::once(pair).chain(attributes).collect::<Vec<_>>().join(";")
}

/// A second since 1970 as the crate has it: nothing is before that, and nothing after the year 9999.
pub fn moment(second: i64) -> OffsetDateTime {
    const LAST: i64 = 253_402_300_799;
    OffsetDateTime::from_unix_timestamp(second.clamp(0, LAST)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// What holds for the texts, wherever they come from. A tab would break the file's columns: curl refuses it, too.
pub fn check_texts(raw: &RawCookie<'_>) -> Result<(), Refused> {
    let (name, value) = raw.name_value();
    if name.is_empty() {
        return Err(Refused::NoName);
    }
    if name.len() + value.len() > MAX_COOKIE_BYTES {
        return Err(Refused::TooLarge);
    }
    let path = raw.path().unwrap_or_default();
    match [name, value, path].iter().any(|text| text.bytes().any(|byte| byte.is_ascii_control())) {
        true => Err(Refused::ControlCharacter),
        false => Ok(()),
    }
}

/// What the name promises (RFC 6265bis section 4.1.3), in any case: else a server that ignores case would be fooled.
pub fn keeps_its_prefix(raw: &RawCookie<'_>) -> bool {
    let begins = |prefix: &str| raw.name().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let secure = raw.secure() == Some(true);
    if begins("__Host-") {
        // A path of its own that is `/`: the default does not do.
        return secure && said_domain(raw).is_none() && raw.path() == Some("/");
    }
    secure || !begins("__Secure-")
}

/// Its `Domain`, without a leading dot; an empty one is none.
pub fn said_domain<'a>(raw: &'a RawCookie<'_>) -> Option<&'a str> {
    raw.domain().filter(|domain| !domain.is_empty())
}

/// The domain that a cookie belongs to. An address's, and a public suffix's, are its own alone.
pub fn whose(raw: &RawCookie<'_>, url: &Url) -> Result<CookieDomain, Refused> {
    let host = url.host_str().ok_or(Refused::Domain)?;
    let own = || CookieDomain::HostOnly(host.to_owned());
    let Some(said) = said_domain(raw) else { return Ok(own()) };
    let said = canonical(said)?;
    if said == host && (is_address(host) || is_public_suffix(host)) {
        return Ok(own());
    }
    let is_suffix = is_public_suffix(&said);
    // `example.org.` is another name than `example.org`: whoever writes the dot into a `Domain` is up to no good.
    let dotted = said.ends_with('.');
    match CookieDomain::Suffix(said) {
        domain if dotted || !domain.matches(url) => Err(Refused::Domain),
        _ if is_suffix => Err(Refused::PublicSuffix),
        domain => Ok(domain),
    }
}

/// Whether cookies of these two domains and paths meet in one request: the first would hide, or be hidden by, the second
/// ("leave secure cookies alone").
pub fn meet(new: (&str, &str), old: (&str, &CookiePath)) -> bool {
    let at = |host: &str| Url::parse(&format!("http://{host}/"));
    let reaches = |domain: &str, url: &Url| CookieDomain::Suffix(domain.to_owned()).matches(url);
    let (Ok(mut new_at), Ok(old_at)) = (at(new.0), at(old.0)) else { return false };
    new_at.set_path(new.1);
    (reaches(old.0, &new_at) || reaches(new.0, &old_at)) && old.1.matches(&new_at)
}

/// Whether a `Secure` cookie may come from there and go there: over TLS, or to this machine, as in curl.
pub fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Whether everybody may have a name directly below it (`com`, `co.uk`, `github.io`), so that nobody may set cookies for
/// all of it. A name that the list does not know is one when it has no dot; and so is `kawasaki.jp`, of which the list
/// says `*.kawasaki.jp`: a cookie for it would go to all of them.
fn is_public_suffix(domain: &str) -> bool {
    let is_one = |name: &str| psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.as_bytes().len() == name.len());
    is_one(domain) || is_one(&format!("*.{domain}"))
}

/// The site of a host: its public suffix with one label more; an address, and a public suffix, are their own.
///
/// A trailing dot makes another site: `example.org.` is not `example.org`, and their cookies stay apart.
pub fn site(host: &str) -> &str {
    if is_address(host) {
        return host;
    }
    let of_list = psl::domain(host.as_bytes()).map(|domain| domain.as_bytes().len());
    of_list.and_then(|bytes| host.get(host.len().checked_sub(bytes)?..)).unwrap_or(host)
}

/// Whether it is an address as a URL writes it.
fn is_address(host: &str) -> bool {
    // No name has brackets, and no name that a URL takes ends in a number.
    host.starts_with('[') || (host.ends_with(|c: char| c.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_ok())
}

/// A `Domain`, or a file's first column, in the form that hosts have in URLs: lower case, ASCII, IPv6 in brackets.
pub fn canonical(text: &str) -> Result<String, Refused> {
    let host = match text.parse::<Ipv6Addr>() {
        Ok(address) => Ok(Host::Ipv6(address)),
        Err(_) => Host::parse(text),
    };
    let name = host.map_err(|_| Refused::Domain)?.to_string();
    if name.starts_with('.') { Err(Refused::Domain) } else { Ok(name) }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
