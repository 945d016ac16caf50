//! `Set-Cookie` as the crate reads it and as we need it; domains, suffixes, sites.

use super::*;

const NOW: i64 = 1_700_000_000;

fn said(text: &str) -> RawCookie<'static> {
    parse(text.as_bytes(), NOW).unwrap()
}

fn expires(text: &str) -> Option<i64> {
    said(text).expires_datetime().map(|at| at.unix_timestamp())
}

/// Why it is refused, from reading to whose it is.
fn refused(text: &[u8]) -> Option<Refused> {
    let url = Url::parse("http://www.a.example/").unwrap();
    let check = |raw: RawCookie<'_>| check_texts(&raw).and_then(|()| whose(&raw, &url));
    parse(text, NOW).and_then(check).err()
}

#[test]
fn a_name_a_value_and_attributes_in_any_case() {
    let all = said("a = b=c ; PATH=/x; dOmain=.Example.ORG; secure; HttpOnly=1; SameSite=Lax; max-age=60; what");
    assert_eq!((all.name_value(), all.path(), said_domain(&all)), (("a", "b=c"), Some("/x"), Some("Example.ORG")));
    assert_eq!((all.secure(), all.http_only(), all.max_age()), (Some(true), Some(true), None));
    assert_eq!(all.expires_datetime(), Some(moment(NOW + 60)));
    assert_eq!((said("a=").value(), said("a=\"q\"").value()), ("", "\"q\""));
    assert_eq!(said_domain(&said("a=b; domain=.")), None);
}

#[test]
fn of_an_attribute_given_twice_the_last_counts_and_max_age_over_expires() {
    assert_eq!(said("a=b; path=/x; path=/y").path(), Some("/y"));
    assert_eq!(expires("a=b; max-age=5; expires=Thu, 01 Jan 1970 00:00:00 GMT"), Some(NOW + 5));
    assert_eq!(expires("a=b; max-age=5; max-age=x"), Some(NOW + 5));
    assert_eq!(expires("a=b; max-age=; expires=Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
}

#[test]
fn ages_are_read_strictly_and_end_after_400_days() {
    let longest = NOW + MAX_AGE_S as i64;
    for (text, expected) in [
        ("0", Some(0)),
        ("-1", Some(0)),
        ("60", Some(NOW + 60)),
        ("99999999999999999999999", Some(longest)),
        ("", None),
        (" ", None),
        ("+1", None),
        ("1.5", None),
        ("1s", None),
    ] {
        assert_eq!(expires(&format!("a=b; Max-Age={text}")), expected, "{text:?}");
    }
    assert_eq!(expires("a=b; expires=Fri, 31 Dec 9999 23:59:59 GMT"), Some(longest));
    assert_eq!(expires("a=b; expires=Mon, 01 Jan 0001 00:00:00 GMT"), Some(NOW.min(978_307_200)), "2001");
    assert_eq!(expires("a=b; expires=31 Dec 1601 00:00:00 GMT"), Some(0));
    assert_eq!(expires("a=b; expires=never"), None);
}

#[test]
fn dates_are_read_as_servers_write_them() {
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "06 Nov 1994 08:49:37 GMT",
    ] {
        assert_eq!(expires(&format!("a=b; Expires={text}")), Some(784_111_777), "{text}");
    }
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
        (b"a=\xff", Refused::NotText),
    ] {
        assert_eq!(refused(text), Some(why), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn size_is_bounded_by_name_and_value_by_attribute_and_by_their_number() {
    let of = |bytes| format!("a={}", "x".repeat(bytes));
    assert_eq!(refused(of(MAX_COOKIE_BYTES - 1).as_bytes()), None);
    assert_eq!(refused(of(MAX_COOKIE_BYTES).as_bytes()), Some(Refused::TooLarge));
    let path = |bytes| said(&format!("a=b; path=/{}", "x".repeat(bytes))).path().map(str::len);
    assert_eq!(path(MAX_ATTRIBUTE_BYTES - 1), Some(MAX_ATTRIBUTE_BYTES));
    assert_eq!(path(MAX_ATTRIBUTE_BYTES), None);
    let last = |before| said(&format!("a=b{}; secure", "; x".repeat(before))).secure();
    assert_eq!((last(MAX_ATTRIBUTES - 1), last(MAX_ATTRIBUTES)), (Some(true), None));
}

#[test]
fn public_suffixes_are_known_and_what_is_unknown_is_one_without_a_dot() {
    for suffix in ["com", "co.uk", "github.io", "com.", "localhost", "unknownsuffix", "kawasaki.jp", "x.ck"] {
        assert!(is_public_suffix(suffix), "{suffix}");
    }
    for name in ["example.com", "example.co.uk", "me.github.io", "a.unknownsuffix", "city.kawasaki.jp", "www.ck"] {
        assert!(!is_public_suffix(name), "{name}");
    }
}

#[test]
fn a_site_is_what_one_may_register() {
    for (host, expected) in [
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.com", "example.com"),
        ("com", "com"),
        ("localhost", "localhost"),
        ("x.localhost", "x.localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("a.b.example.com.", "example.com."),
        ("a.me.github.io", "me.github.io"),
        (".", "."),
        ("a..com", ".com"),
    ] {
        assert_eq!(site(host), expected, "{host}");
    }
}

#[test]
fn domains_are_written_as_hosts_in_urls_are() {
    for (text, expected) in [
        ("Example.ORG", Ok("example.org")),
        ("bücher.example", Ok("xn--bcher-kva.example")),
        ("::1", Ok("[::1]")),
        ("[::0]", Ok("[::]")),
        ("127.0.0.1", Ok("127.0.0.1")),
        ("", Err(Refused::Domain)),
        ("a b", Err(Refused::Domain)),
        ("a\tb", Err(Refused::Domain)),
        (".com", Err(Refused::Domain)),
        ("[::0", Err(Refused::Domain)),
        ("a:80", Err(Refused::Domain)),
        ("#a.example", Err(Refused::Domain)),
        ("a.example/x", Err(Refused::Domain)),
    ] {
        assert_eq!(canonical(text), expected.map(str::to_owned), "{text:?}");
    }
}

#[test]
fn cookies_meet_where_one_request_may_carry_both() {
    let meets = |new, old: (&'static str, &str)| meet(new, (old.0, &CookiePath::parse(old.1).unwrap()));
    for (new, old) in [
        (("a.example", "/"), ("a.example", "/")),
        (("b.a.example", "/"), ("a.example", "/")),
        (("a.example", "/"), ("b.a.example", "/")),
        (("a.example", "/login/x"), ("a.example", "/login")),
        (("[::1]", "/"), ("[::1]", "/")),
    ] {
        assert!(meets(new, old), "{new:?} {old:?}");
    }
    for (new, old) in [
        (("a.example", "/"), ("a.example", "/login")),
        (("a.example", "/loginx"), ("a.example", "/login")),
        (("ba.example", "/"), ("a.example", "/")),
        (("b.a.example", "/"), ("c.a.example", "/")),
        (("127.0.0.1", "/"), ("0.0.1", "/")),
    ] {
        assert!(!meets(new, old), "{new:?} {old:?}");
    }
}
