//! The redirect rules, and odd `Location` values.

use super::*;
use crate::http::h1::{Limits, ReceiveHead, Received};

fn hop(url: &str, status: u16, location: &[u8]) -> Result<Option<Next>, RedirectError> {
    next(
        &Hop { url: &Url::parse(url).unwrap(), method: "GET", status, locations: &[location] },
        &RedirectRules::default(),
    )
}

fn to(url: &str, location: impl AsRef<[u8]>) -> Next {
    hop(url, 302, location.as_ref()).unwrap().unwrap()
}

fn lands(url: &str, location: impl AsRef<[u8]>) -> String {
    to(url, location).url.into()
}

fn refused(location: impl AsRef<[u8]>) -> RedirectError {
    hop("http://a/", 302, location.as_ref()).unwrap_err()
}

#[test]
fn only_five_statuses_are_followed() {
    for status in 100..600 {
        let followed = hop("http://a/", status, b"/x").unwrap().is_some();
        assert_eq!(followed, [301, 302, 303, 307, 308].contains(&status), "{status}");
    }
}

#[test]
fn without_a_location_the_answer_is_final() {
    let url = Url::parse("http://a/").unwrap();
    for locations in [&[][..], &[&b""[..]], &[b" \t"], &[b"", b" "]] {
        assert_eq!(
            next(&Hop { url: &url, method: "GET", status: 302, locations }, &RedirectRules::default()),
            Ok(None)
        );
    }
}

#[test]
fn several_locations_must_agree() {
    let url = Url::parse("http://a/").unwrap();
    let of = |locations: &[&[u8]]| {
        next(&Hop { url: &url, method: "GET", status: 302, locations }, &RedirectRules::default())
    };
    assert_eq!(of(&[b"/x", b" /x "]).unwrap().unwrap().url.as_str(), "http://a/x");
    assert_eq!(of(&[b"/x", b"/y"]), Err(RedirectError::Ambiguous));
    assert_eq!(of(&[b"/x", b""]), Err(RedirectError::Ambiguous));
}

#[test]
fn the_method_follows_the_status() {
    let url = Url::parse("http://a/").unwrap();
    let of = |status, method| {
        let next =
            next(&Hop { url: &url, method, status, locations: &[b"/x"] }, &RedirectRules::default()).unwrap().unwrap();
        (next.method, next.drop_body)
    };
    for status in [301, 302] {
        assert_eq!(of(status, "POST"), ("GET".into(), true));
        for kept in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "post"] {
            assert_eq!(of(status, kept), (kept.into(), false), "{status}");
        }
    }
    assert_eq!(of(303, "GET"), ("GET".into(), true));
    assert_eq!(of(303, "HEAD"), ("HEAD".into(), true));
    for changed in ["POST", "PUT", "DELETE", "PROPFIND"] {
        assert_eq!(of(303, changed), ("GET".into(), true));
    }
    for status in [307, 308] {
        for kept in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
            assert_eq!(of(status, kept), (kept.into(), false), "{status}");
        }
    }
}

#[test]
fn a_location_is_relative_to_the_last_url() {
    let base = "http://a:81/b/c?d=e";
    assert_eq!(hop(base, 302, b"x:y"), Err(RedirectError::Scheme("x".into())), "a scheme, though it looks like a path");
    for (location, url) in [
        ("x", "http://a:81/b/x"),
        ("/x", "http://a:81/x"),
        ("../x", "http://a:81/x"),
        ("../../../x", "http://a:81/x"),
        ("?x", "http://a:81/b/c?x"),
        (".", "http://a:81/b/"),
        ("//h/x", "http://h/x"),
        ("//h", "http://h/"),
        ("https:/h/x", "https://h/x"),
        ("HTTPS://H:443/x", "https://h/x"),
    ] {
        assert_eq!(lands(base, location), url, "{location}");
    }
}

#[test]
fn a_fragment_is_carried_over_unless_there_is_a_new_one() {
    assert_eq!(lands("http://a/#f", "/x"), "http://a/x#f");
    assert_eq!(lands("http://a/#f", "http://b/x"), "http://b/x#f");
    assert_eq!(lands("http://a/#f", "/x#g"), "http://a/x#g");
    assert_eq!(lands("http://a/#f", "/x#"), "http://a/x#");
    assert_eq!(lands("http://a/b#f", "#g"), "http://a/b#g");
}

#[test]
fn any_of_scheme_host_and_port_makes_it_cross_origin() {
    for same in ["/x", "http://a/x", "HTTP://A:80/x", "//a/x", "http://me@a/"] {
        assert!(!to("http://a/", same).cross_origin, "{same}");
    }
    for cross in ["https://a/", "http://b/", "http://a:81/", "//a:443/", "http://a./", "http://www.a/", "http://a@b/"] {
        assert!(to("http://a/", cross).cross_origin, "{cross}");
    }
    assert!(to("https://a/", "http://a:443/").cross_origin);
}

#[test]
fn userinfo_stays_with_its_origin() {
    let base = "http://me:secret@a/b";
    for same in ["x", "/x", "http://a/x", "//a/x", "http://a:80/x"] {
        assert_eq!(lands(base, same), "http://me:secret@a/x", "{same}");
    }
    for cross in ["http://b/x", "//b/x", "https://a/x", "http://a:81/x", "/\\b/x", "\\\\b/x", "http:\\\\b/x"] {
        let url = to(base, cross).url;
        assert_eq!((url.username(), url.password()), ("", None), "{cross}");
    }
}

#[test]
fn userinfo_in_a_location_is_used() {
    assert_eq!(lands("http://a/", "http://me:secret@b/x"), "http://me:secret@b/x");
    assert_eq!(lands("http://old:word@a/", "http://me:secret@a/x"), "http://me:secret@a/x");
    assert_eq!(lands("http://old:word@a/", "http://me@a/x"), "http://me@a/x");
}

#[test]
fn spaces_and_bytes_above_ascii_are_encoded() {
    assert_eq!(lands("http://a/", "/two words?and more#so on"), "http://a/two%20words?and%20more#so%20on");
    assert_eq!(lands("http://a/", " /x\t"), "http://a/x");
    assert_eq!(lands("http://a/", "/ü?ö"), "http://a/%C3%BC?%C3%B6");
    assert_eq!(lands("http://a/", b"/\xfc?\xf6"), "http://a/%FC?%F6");
    assert_eq!(lands("http://a/", b"/\xfc a%20b"), "http://a/%FC%20a%20b");
    assert_eq!(lands("http://a/", "/a%2Fb%zz"), "http://a/a%2Fb%zz");
    assert_eq!(lands("http://a/", "http://bücher.example/"), "http://xn--bcher-kva.example/");
    assert!(matches!(refused(b"http://b\xfccher.example/"), RedirectError::NotAUrl(_)));
}

#[test]
fn control_characters_are_refused_wherever_they_stand() {
    for control in (0..0x20).chain([0x7f]) {
        for location in [
            [b"/a", &[control][..], b"b"].concat(),
            [b"http://a", &[control][..], b"b/"].concat(),
            [b"ht", &[control][..], b"tp://b/"].concat(),
            [b"/\xfc", &[control][..], b"b"].concat(),
        ] {
            assert_eq!(refused(location), RedirectError::ControlCharacter(control));
        }
    }
    assert_eq!(refused("/x\r\nSet-Cookie: a=b"), RedirectError::ControlCharacter(b'\r'));
}

#[test]
fn only_http_and_https_are_followed() {
    for location in
        ["ftp://b/", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "gopher://b/", "ws://b/", "about:blank"]
    {
        let scheme = location.split(':').next().unwrap();
        assert_eq!(refused(location), RedirectError::Scheme(scheme.into()));
    }
}

#[test]
fn a_scheme_that_is_not_allowed_is_not_followed_whatever_way_it_is_written() {
    let url = Url::parse("https://a/b").unwrap();
    let of = |schemes: Schemes, location: &str| {
        next(
            &Hop { url: &url, method: "GET", status: 302, locations: &[location.as_bytes()] },
            &RedirectRules { schemes, ..Default::default() },
        )
        .map(|next| next.unwrap().url.into())
    };
    for location in ["http://a/", "HTTP://b/", "http:x", "http:\\\\b"] {
        assert_eq!(of(Schemes::ONLY_HTTPS, location), Err(RedirectError::Refused(Scheme::Http)), "{location}");
    }
    for location in ["/x", "//a/x", "https:x"] {
        assert!(of(Schemes::ONLY_HTTPS, location).is_ok_and(|url: String| url.starts_with("https://")), "{location}");
    }
    let nowhere = Schemes::parse("-all").unwrap();
    assert_eq!(of(nowhere, "/x"), Err(RedirectError::Refused(Scheme::Https)), "also to where it is");
    assert_eq!(of(Schemes::ONLY_HTTPS, "ftp://a/"), Err(RedirectError::Scheme("ftp".into())));
}

#[test]
fn what_names_no_place_is_an_error() {
    for location in [
        "http://",
        "https://?x",
        "http://:80/",
        "http://a:b/",
        "http://a:65536/",
        "http://[::1/",
        "///b/x",
        "http://a b/",
    ] {
        assert!(matches!(refused(location), RedirectError::NotAUrl(_)), "{location}");
    }
}

#[test]
fn a_location_may_be_so_long_and_no_longer() {
    let longest = format!("/{}", "x".repeat(MAX_LOCATION_BYTES - 1));
    assert_eq!(lands("http://a/", &longest).len(), "http://a".len() + MAX_LOCATION_BYTES);
    assert_eq!(refused(format!("{longest}x")), RedirectError::TooLong(MAX_LOCATION_BYTES + 1));
}

#[test]
fn odd_locations_land_where_the_parser_says_and_never_pass_for_the_same_origin() {
    // Each of these leads a naive prefix or suffix check astray.
    for (location, host) in [
        ("http://a@b/", "b"),
        ("http://a:80@b/", "b"),
        ("http://a.b/", "a.b"),
        ("http://b#@a/", "b"),
        ("http://b?@a/", "b"),
        ("http://b\\@a/", "b"),
        ("/\\/b/x", "b"),
        ("http:///b/x", "b"),
        ("https:b/x", "b"),
        ("http://0x7f000001/", "127.0.0.1"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://%62/", "b"),
        ("http://ｂ/", "b"),
    ] {
        let next = to("http://a/", location);
        assert_eq!((next.url.host_str(), next.cross_origin), (Some(host), true), "{location}");
    }
    assert_eq!(lands("http://a/b/c", "http:x"), "http://a/b/x", "a scheme without slashes is relative");
}

#[test]
fn no_location_panics_or_leaves_http() {
    let pieces: [&[u8]; 22] = [
        b"http:",
        b"https:",
        b"/",
        b"//",
        b"\\",
        b"a",
        b":",
        b"@",
        b"?",
        b"#",
        b"%",
        b"[",
        b"]",
        b"..",
        b" ",
        b"\xff",
        "ü".as_bytes(),
        b"80",
        b"99999",
        b"\0",
        b"ftp:",
        b"%00",
    ];
    for one in pieces {
        for two in pieces {
            for three in pieces {
                for four in [&b"x"[..], b"@", b"/", b":1"] {
                    let location = [one, two, three, four].concat();
                    if let Ok(Some(next)) = hop("http://me:secret@a:81/b", 302, &location) {
                        assert!(Origin::of(&next.url).is_some(), "{location:?}");
                        let kept = next.url.password() == Some("secret");
                        assert!(!(kept && next.cross_origin), "{location:?} takes the password to {}", next.url);
                    }
                }
            }
        }
    }
}

fn given(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|name| (name.to_string(), "value".to_string())).collect()
}

fn names(fields: Vec<(String, String)>) -> Vec<String> {
    fields.into_iter().map(|(name, _)| name).collect()
}

const GIVEN: [&str; 15] = [
    "authorization",
    "Cookie",
    "Proxy-Authorization",
    "X-Api-Key",
    "X-AUTH-TOKEN",
    "X-Secret",
    "X-Other",
    "Referer",
    "Host",
    "Content-Type",
    "If-None-Match",
    "accept",
    "Accept-Language",
    "User-Agent",
    "Range",
];

fn trusted(url: &str, location: &str) -> Next {
    let rules = RedirectRules { location_trusted: true, ..Default::default() };
    let hop = Hop { url: &Url::parse(url).unwrap(), method: "POST", status: 302, locations: &[location.as_bytes()] };
    next(&hop, &rules).unwrap().unwrap()
}

#[test]
fn on_the_same_origin_every_field_stays() {
    let next = to("http://a/", "/x");
    assert!(next.keeps_secrets);
    assert_eq!(names(fields_after(given(&GIVEN), &next, &[])), GIVEN);
}

#[test]
fn to_another_origin_go_only_four_fields() {
    let next = to("http://a/", "http://b/");
    assert!(!next.keeps_secrets);
    let left = names(fields_after(given(&GIVEN), &next, &[]));
    assert_eq!(left, ["accept", "Accept-Language", "User-Agent", "Range"]);
}

#[test]
fn a_field_named_secret_does_not_cross_even_if_it_is_one_of_the_four() {
    let next = to("http://a/", "http://b/");
    assert_eq!(names(fields_after(given(&GIVEN), &next, &["user-agent"])), ["accept", "Accept-Language", "Range"]);
}

#[test]
fn location_trusted_keeps_all_but_the_host_that_was_left() {
    let next = trusted("http://a/", "http://b/");
    assert!(next.cross_origin && next.keeps_secrets);
    let fields = given(&GIVEN).into_iter().filter(|(name, _)| !is_any_of(name, BODY_FIELDS)).collect();
    let left = names(fields_after(fields, &next, &[]));
    let kept = |name: &&str| *name != "Host" && !is_any_of(name, BODY_FIELDS);
    assert_eq!(left, GIVEN.into_iter().filter(kept).collect::<Vec<_>>());
}

#[test]
fn location_trusted_keeps_the_urls_user_unless_the_location_has_its_own() {
    assert_eq!(trusted("http://me:pw@a/", "http://b/").url.as_str(), "http://me:pw@b/");
    assert_eq!(trusted("http://me:pw@a/", "http://you@b/").url.as_str(), "http://you@b/");
    assert_eq!(to("http://me:pw@a/", "http://b/").url.as_str(), "http://b/");
}

#[test]
fn fields_about_the_body_go_with_the_body() {
    let fields = given(&["content-type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Authorization"]);
    for to in ["/x", "http://b/"] {
        assert_eq!(names(fields_after(fields.clone(), &trusted("http://a/", to), &[])), ["Authorization"]);
    }
}

#[test]
fn what_was_dropped_stays_dropped_on_the_way_back() {
    let away = to("http://a/", "http://b/");
    let back = to(away.url.as_str(), "http://a/");
    let fields = fields_after(given(&GIVEN), &away, &[]);
    assert_eq!(names(fields_after(fields, &back, &[])), ["accept", "Accept-Language", "User-Agent", "Range"]);
}

#[test]
fn the_last_redirect_that_may_be_is_followed_and_none_after_it() {
    let url = Url::parse("http://a/").unwrap();
    let answer = |status: u16, location: &str| {
        let mut receive = ReceiveHead::new("GET", Limits::RESPONSE);
        let head = format!("HTTP/1.1 {status} X\r\nLocation: {location}\r\n\r\n");
        match receive.advance(head.as_bytes()) {
            Ok(Some(Received::Final { head, .. })) => head,
            other => panic!("{other:?}"),
        }
    };
    let of = |head: &Head, redirects, most| {
        let rules = RedirectRules { most, ..Default::default() };
        next_of(head, ("GET", &url), redirects, &rules).map(|next| next.is_some())
    };
    let head = answer(302, "/x");
    assert_eq!((of(&head, 2, Some(3)), of(&head, 3, Some(3))), (Ok(true), Err(RedirectError::TooMany(3))));
    assert_eq!((of(&head, 0, Some(0)), of(&head, 4_000_000_000, None)), (Err(RedirectError::TooMany(0)), Ok(true)));
    assert_eq!(of(&answer(200, "/x"), 9, Some(3)), Ok(false), "an answer is no redirect too many");
    assert_eq!(of(&answer(302, ""), 9, Some(3)), Ok(false));
}

#[test]
fn a_secret_is_known_by_its_name_in_any_case() {
    let more = ["X-Mine"];
    for name in ["AUTHORIZATION", "cookie", "x-mine", "Authorization "] {
        assert!(is_secret(name, &more), "{name}");
    }
    assert!(!is_secret("X-Mine", &[]));
    assert!(!is_secret("Accept", &more));
}
