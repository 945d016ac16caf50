//! URLs as curl 7.88.1 takes and refuses them, and the few that it takes and gfetch does not.

use super::*;
use crate::fetch::random::Random;

fn url(text: &str, given: Given) -> String {
    parse(text, given).unwrap_or_else(|failure| panic!("{text}: {}", failure.message)).to_string()
}

#[test]
fn urls_are_taken_as_curl_takes_them() {
    for (text, expected) in [
        ("http://example.org", "http://example.org/"),
        ("HTTPS://Example.ORG:443/A", "https://example.org/A"),
        ("http://h?q", "http://h/?q"),
        ("http://h:/", "http://h/"),
        ("http://u:p@h:81/x", "http://u:p@h:81/x"),
        ("http://h/a#frag", "http://h/a"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://h/é|\"", "http://h/%C3%A9|%22"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://h/a%20b", "http://h/a%20b"),
        ("http://h/a\\b?c\\d", "http://h/a%5Cb?c%5Cd"),
        ("http://h/?u=ftp://x", "http://h/?u=ftp://x"),
    ] {
        for given in [Given::Argument, Given::Line] {
            assert_eq!(url(text, given), expected);
        }
    }
}

#[test]
fn an_argument_without_a_scheme_is_http() {
    for (text, expected) in [
        ("demo", "http://demo/"),
        ("localhost:8080", "http://localhost:8080/"),
        ("h/?u=http://x", "http://h/?u=http://x"),
        ("127.1:81", "http://127.0.0.1:81/"),
        ("[::1]:1/a", "http://[::1]:1/a"),
    ] {
        assert_eq!(url(text, Given::Argument), expected);
    }
}

#[test]
fn a_line_without_a_scheme_needs_a_dot_a_port_or_localhost() {
    for text in ["example.org", "example.org/a", "db:8080", "localhost", "LocalHost/x", "u:p@h.example", "[::1]/"] {
        assert!(url(text, Given::Line).starts_with("http://"), "{text}");
    }
    for text in ["demo", "word/page.html", "word?x.y", "word:", "word:x", "u.v@word", "?a.b", "word#a.b"] {
        let failure = parse(text, Given::Line).unwrap_err();
        assert!(failure.message.starts_with("no URL: "), "{text}: {}", failure.message);
    }
}

#[test]
fn every_other_scheme_is_named_and_refused() {
    for scheme in ["ftp", "file", "javascript", "1ttp", "httpx", "example.org"] {
        let failure = parse(&format!("{scheme}://h.example/"), Given::Argument).unwrap_err();
        assert_eq!(failure.message, format!("scheme \"{scheme}\" is not supported, only http and https"));
        assert_eq!((failure.kind.as_str(), failure.stage.as_str(), failure.curl), ("url", "input", 1));
    }
}

#[test]
fn what_is_no_url_says_why_and_is_curls_3() {
    for (text, why) in [
        ("http://h/a b", "a space (write %20) at byte 11"),
        (" http://h/", "a space (write %20) at byte 1"),
        ("http://h/a\tb", "control character U+0009 at byte 11"),
        ("http://h/\u{7f}", "control character U+007F at byte 10"),
        ("http://h\r\nX: y/", "control character U+000D at byte 9"),
        ("http://", "no host"),
        ("http:///", "no host"),
        ("http:///h/", "no host"),
        ("http://:80/", "no host"),
        ("http://u:p@/", "no host"),
        ("http://?q", "no host"),
        ("", "no host"),
        ("#h.example", "no host"),
        ("http:/h.example/", "// is missing"),
        ("https:h.example/", "// is missing"),
        ("http://127.0.0.1\\@evil.example/", "a backslash in the host"),
        ("http://h:0/", "port 0"),
        ("http://h:99999/", "invalid port number"),
        ("http://h:x/", "invalid port number"),
        ("http://[::1", "invalid IPv6 address"),
        ("http://[1:2:3]/", "invalid IPv6 address"),
        ("http://a%00b/", "invalid"),
        ("http://999.1.1.1/", "invalid IPv4 address"),
    ] {
        let failure = parse(text, Given::Argument).unwrap_err();
        assert!(failure.message.contains(why), "{text}: {}", failure.message);
        assert!(failure.message.starts_with("no URL: "), "{}", failure.message);
        assert_eq!(failure.curl, 3, "{text}");
    }
    assert!(parse("://h.example/", Given::Argument).is_err());
}

#[test]
fn messages_stay_short() {
    let failure = parse(&format!("http://h/ {}", "é".repeat(60_000)), Given::Line).unwrap_err();
    assert!(failure.message.len() < 300);
}

#[test]
fn an_argument_written_as_a_line_means_the_same_and_stays_one_line() {
    assert_eq!(as_line("demo"), "http://demo");
    assert_eq!(as_line("https://h/a"), "https://h/a");
    let two = as_line("http://h/\nhttp://evil.example/");
    assert!(!two.contains('\n') && parse(&two, Given::Line).is_err());
}

#[test]
fn a_line_means_the_same_whatever_stood_before_it() {
    let mut random = Random::seeded("lines of one server");
    let servers = ["http://h", "http://h:81", "HTTPS://u:p@H.example", "http://h.example:0", "http://[::1]", "h", ""];
    let bits = [
        "/", "//", "/../", "/./", "/%2e%2E/", "?", "#", "\\", "@", ":", ":80", "a", "Z", "é", "%", "%41", "|", "\"",
        "'", "<", "{", "^", " ", "\t", "\u{7f}", "\u{3000}", ".", "..", ";", "&", "=", "[", "]", "http://", "\u{0}",
        "x.y",
    ];
    let mut addresses = Addresses::default();
    let mut taken_over = 0;
    for _ in 0..100_000 {
        let path = if random.below(4) == 0 { "" } else { "/" };
        let text = format!("{}{path}{}", servers[random.below(servers.len())], random.text(&bits, 6));
        taken_over += u32::from(addresses.same_server(&text).is_some());
        let (taken, parsed) = (addresses.parse(&text), parse(&text, Given::Line));
        assert_eq!(taken.clone().map(|target| target.url), parsed, "{text:?}");
        if let (Ok(taken), Ok(parsed)) = (taken, parsed) {
            let parts = |url: &Url| {
                let texts = [url.scheme(), url.username(), url.path()].map(str::to_owned);
                (texts, url.host().map(|host| host.to_owned()), url.port(), url.query().map(str::to_owned))
            };
            assert_eq!(parts(&taken.url), parts(&parsed), "{text:?}");
        }
    }
    assert!(taken_over > 1_000, "only {taken_over} lines were of the server before");
}
