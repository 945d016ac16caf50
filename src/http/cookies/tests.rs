//! Who may set which cookie and who sees it, class by class, curl's advisories among them; the file; the bounds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use url::Url;

use super::*;

fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second)
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn set(jar: &mut Jar, from: &str, value: &str) -> Result<(), Refused> {
    jar.set(&url(from), value.as_bytes(), at(0))
}

fn sent(jar: &mut Jar, to: &str) -> String {
    String::from_utf8(jar.header(&url(to), at(1)).unwrap_or_default()).unwrap()
}

/// What is sent to each URL after one cookie was set.
fn goes(from: &str, value: &str, to: &[(&str, &str)]) {
    let mut jar = Jar::new();
    set(&mut jar, from, value).unwrap();
    for (to, expected) in to {
        assert_eq!(sent(&mut jar, to), *expected, "{value} from {from} to {to}");
    }
}

fn refused(from: &str, value: &str, why: Refused) {
    let mut jar = Jar::new();
    assert_eq!(set(&mut jar, from, value), Err(why), "{value} from {from}");
    assert!(jar.is_empty());
}

#[test]
fn a_cookie_without_a_domain_is_its_hosts_alone() {
    goes(
        "http://a.example/",
        "k=v",
        &[
            ("http://a.example/", "k=v"),
            ("http://A.EXAMPLE/x", "k=v"),
            ("https://a.example/", "k=v"),
            ("http://a.example:8080/", "k=v"),
            ("http://b.a.example/", ""),
            ("http://example/", ""),
            ("http://a.example./", ""),
        ],
    );
}

#[test]
fn a_domain_takes_in_what_is_below_it() {
    goes(
        "http://b.a.example/",
        "k=v; Domain=.A.example",
        &[
            ("http://a.example/", "k=v"),
            ("http://c.b.a.example/", "k=v"),
            ("http://ba.example/", ""),
            ("http://example/", ""),
            ("http://a.example.evil.test/", ""),
        ],
    );
    goes("http://bücher.example/", "k=v; Domain=BÜCHER.example", &[("http://www.xn--bcher-kva.example/", "k=v")]);
}

#[test]
fn nobody_sets_a_cookie_for_others() {
    for domain in ["b.example", "x.a.example", "a.example.evil", "le", "ample", "127.0.0.1", "[::1]"] {
        refused("http://a.example/", &format!("k=v; Domain={domain}"), Refused::Domain);
    }
}

#[test]
fn cve_2023_46218_mixed_case_and_public_suffixes() {
    for (host, domain) in [
        ("a.co.uk", "co.uk"),
        ("a.co.uk", "CO.UK"),
        ("a.Co.Uk", ".cO.uK"),
        ("me.github.io", "github.io"),
        ("a.example.com", "com"),
        ("a.test", "test"),
        ("www.city.kawasaki.jp", "kawasaki.jp"),
        ("a.b.kobe.jp", "b.kobe.jp"),
    ] {
        refused(&format!("https://{host}/"), &format!("k=v; Domain={domain}"), Refused::PublicSuffix);
    }
    // Of a host that is a public suffix itself it is that host's alone.
    goes(
        "https://github.io/",
        "k=v; Domain=github.io",
        &[("https://github.io/", "k=v"), ("https://me.github.io/", "")],
    );
    goes("http://localhost/", "k=v; Domain=localhost", &[("http://localhost/", "k=v"), ("http://x.localhost/", "")]);
}

#[test]
fn cve_2022_27779_a_trailing_dot_is_no_way_around() {
    for (from, domain) in [
        ("http://a.example.com./", "com."),
        ("http://a.example.com./", "example.com."),
        ("http://a.example.com./", "example.com"),
        ("http://a.example.com/", "example.com."),
        ("http://a.co.uk./", "co.uk."),
    ] {
        refused(from, &format!("k=v; Domain={domain}"), Refused::Domain);
    }
    goes("http://example.com./", "k=v", &[("http://example.com./", "k=v"), ("http://example.com/", "")]);
}

#[test]
fn cve_2014_3613_an_address_matches_as_a_whole() {
    for (from, domain) in [
        ("http://192.168.0.1/", "168.0.1"),
        ("http://192.168.0.1/", "0.1"),
        ("http://192.168.0.1/", "1"),
        ("http://[::1]/", "1]"),
        ("http://[2001:db8::1]/", "2001:db8::2"),
    ] {
        refused(from, &format!("k=v; Domain={domain}"), Refused::Domain);
    }
    goes("http://192.168.0.1/", "k=v; Domain=192.168.0.1", &[("http://192.168.0.1/", "k=v"), ("http://168.0.1/", "")]);
    goes("http://[::1]/", "k=v; Domain=::1", &[("http://[0:0::1]/", "k=v"), ("http://[::2]/", "")]);
}

#[test]
fn a_secure_cookie_goes_over_tls_and_to_this_machine_only() {
    goes("https://a.example/", "k=v; Secure", &[("https://a.example/", "k=v"), ("http://a.example/", "")]);
    refused("http://a.example/", "k=v; Secure", Refused::NotSecure);
    for host in ["http://localhost/", "http://127.0.0.1/", "http://[::1]/"] {
        goes(host, "k=v; Secure", &[(host, "k=v")]);
    }
    refused("http://127.0.0.2/", "k=v; Secure", Refused::NotSecure);
}

#[test]
fn secure_cookies_are_left_alone_by_plain_http() {
    let before = |attributes: &str| {
        let mut jar = Jar::new();
        set(&mut jar, "https://a.example/", &format!("k=good; Secure; {attributes}")).unwrap();
        jar
    };
    for (attributes, from, value) in [
        ("", "http://a.example/", "k=evil"),
        ("", "http://a.example/", "k=; Max-Age=0"),
        ("", "http://a.example/", "k=evil; Path=/deep/er"),
        ("", "http://b.a.example/", "k=evil; Domain=a.example"),
        ("Domain=a.example", "http://b.a.example/", "k=evil"),
        ("Path=/login", "http://a.example/", "k=evil; Path=/login/x"),
    ] {
        let mut jar = before(attributes);
        assert_eq!(set(&mut jar, from, value), Err(Refused::SecureExists), "{value} from {from}");
        assert_eq!(sent(&mut jar, "https://a.example/login/x"), "k=good");
    }
    let mut jar = before("Path=/login");
    set(&mut jar, "http://a.example/", "k=other; Path=/").unwrap();
    set(&mut jar, "http://a.example/", "j=other").unwrap();
    set(&mut jar, "https://a.example/", "k=new; Path=/login; Secure").unwrap();
    assert_eq!(sent(&mut jar, "https://a.example/login"), "k=new; k=other; j=other");
}

#[test]
fn a_prefix_is_kept_as_promised() {
    for name in ["__Secure-k", "__secure-k", "__SECURE-k"] {
        refused("https://a.example/", &format!("{name}=v"), Refused::Prefix);
        goes("https://a.example/", &format!("{name}=v; Secure"), &[("https://a.example/", &format!("{name}=v"))]);
    }
    for name in ["__Host-k", "__hOST-k"] {
        for attributes in ["", "Secure", "Secure; Path=/x", "Path=/", "Secure; Path=/; Domain=a.example"] {
            refused("https://a.example/", &format!("{name}=v; {attributes}"), Refused::Prefix);
        }
        let all = format!("{name}=v; Secure; Path=/");
        goes("https://a.example/", &all, &[("https://a.example/", &format!("{name}=v")), ("https://b.a.example/", "")]);
    }
    refused("http://a.example/", "__Host-k=v; Secure; Path=/", Refused::NotSecure);
}

#[test]
fn a_path_is_a_folder() {
    let to = |expected: [&'static str; 5]| {
        let paths = ["/one/two", "/one/two/three", "/one/twothree", "/one", "/ONE/TWO"];
        paths.into_iter().map(|path| format!("http://a.example{path}?q#f")).zip(expected).collect::<Vec<_>>()
    };
    for (from, attribute, expected) in [
        ("http://a.example/", "; Path=/one/two", ["k=v", "k=v", "", "", ""]),
        ("http://a.example/", "; Path=/one/two/", ["", "k=v", "", "", ""]),
        ("http://a.example/one/two", "", ["k=v", "k=v", "k=v", "k=v", ""]),
        ("http://a.example/one/two/x?/y/z", "", ["k=v", "k=v", "", "", ""]),
        ("http://a.example/one/two", "; Path=two", ["k=v", "k=v", "k=v", "k=v", ""]),
        ("http://a.example", "", ["k=v"; 5]),
    ] {
        let cases = to(expected);
        let cases: Vec<_> = cases.iter().map(|(url, expected)| (url.as_str(), *expected)).collect();
        goes(from, &format!("k=v{attribute}"), &cases);
    }
}

#[test]
fn long_paths_come_first_and_then_what_is_older() {
    let mut jar = Jar::new();
    for value in ["a=1", "b=2; Path=/x", "c=3; Domain=a.example", "d=4; Path=/x/y", "e=5", "a=6"] {
        set(&mut jar, "http://a.example/", value).unwrap();
    }
    assert_eq!(sent(&mut jar, "http://a.example/x/y"), "d=4; b=2; a=6; c=3; e=5");
}

#[test]
fn a_neighbours_domain_cookie_does_not_take_the_place_of_a_hosts_own() {
    let mut jar = Jar::new();
    set(&mut jar, "http://a.example/", "k=own").unwrap();
    set(&mut jar, "http://evil.a.example/", "k=tossed; Domain=a.example; Path=/").unwrap();
    assert_eq!(sent(&mut jar, "http://a.example/"), "k=own; k=tossed");
    set(&mut jar, "http://evil.a.example/", "k=; Domain=a.example; Path=/; Max-Age=0").unwrap();
    assert_eq!((sent(&mut jar, "http://a.example/").as_str(), jar.len()), ("k=own", 1));
}

#[test]
fn time_takes_cookies_away() {
    let mut jar = Jar::new();
    for value in ["a=1; Max-Age=10", "b=2; Expires=Tue, 14 Nov 2023 22:13:40 GMT", "c=3", "d=4; Max-Age=0"] {
        let taken = jar.set(&url("http://a.example/"), value.as_bytes(), at(0));
        assert_eq!(taken, Ok(()));
    }
    let mut seen = |second| String::from_utf8(jar.header(&url("http://a.example/"), at(second)).unwrap()).unwrap();
    assert_eq!((seen(9), seen(10), seen(20)), ("a=1; b=2; c=3".into(), "b=2; c=3".into(), "c=3".into()));
    set(&mut jar, "http://a.example/", "c=; Max-Age=-1").unwrap();
    assert_eq!((sent(&mut jar, "http://a.example/").as_str(), jar.len()), ("a=1; b=2", 2));
    for name in ["a", "b", "never"] {
        set(&mut jar, "http://a.example/", &format!("{name}=; Max-Age=0")).unwrap();
    }
    assert_eq!(format!("{jar:?}"), "Jar(0 cookies of 0 sites)");
}

#[test]
fn an_answer_sets_at_most_so_many() {
    let mut jar = Jar::new();
    let values: Vec<String> = (0..=MAX_SET_COOKIES).map(|n| format!("k{n}=v")).collect();
    jar.take(&url("http://a.example/"), values.iter().map(|value| value.as_bytes()), at(0));
    assert_eq!(jar.len(), MAX_SET_COOKIES);
    jar.take(&url("http://a.example/"), [&b"=no"[..], b"yes=1"].into_iter(), at(0));
    assert_eq!(jar.len(), MAX_SET_COOKIES + 1, "one that is refused does not concern the next");
}

#[test]
fn cve_2022_32205_a_request_carries_a_bounded_header() {
    let mut jar = Jar::new();
    for n in 0..MAX_SITE_COOKIES {
        set(&mut jar, "http://a.example/", &format!("k{n:03}=v")).unwrap();
    }
    assert_eq!(sent(&mut jar, "http://a.example/").split("; ").count(), MAX_SENT_COOKIES);
    for n in 0..5 {
        set(&mut jar, "http://b.example/", &format!("k{n}={}", "x".repeat(4000))).unwrap();
    }
    let value = sent(&mut jar, "http://b.example/");
    assert!(value.len() <= MAX_SENT_BYTES && value.starts_with("k0=") && value.contains("; k1="), "{}", value.len());
}

#[test]
fn a_site_keeps_what_is_secure_and_what_is_used() {
    let mut jar = Jar::new();
    set(&mut jar, "https://a.example/", "good=1; Secure").unwrap();
    set(&mut jar, "http://a.example/", "short=1; Max-Age=0").unwrap();
    for n in 0..2 * MAX_SITE_COOKIES {
        set(&mut jar, &format!("http://h{}.a.example/", n % 7), &format!("k{n}=v; Path=/p{n}")).unwrap();
    }
    assert_eq!(jar.len(), MAX_SITE_COOKIES, "hosts of one site share its room");
    assert_eq!(sent(&mut jar, "https://a.example/"), "good=1");
    set(&mut jar, "http://other.example/", "k=v").unwrap();
    assert_eq!(sent(&mut jar, "http://other.example/"), "k=v", "another site has its own");
}

#[test]
fn the_jar_is_bounded_and_gives_up_what_was_used_longest_ago() {
    let mut jar = Jar::new();
    set(&mut jar, "http://first.example/", "k=v").unwrap();
    for n in 0..MAX_COOKIES + 10 {
        jar.set(&url(&format!("http://h{n}.test/")), b"k=v", at(0)).unwrap();
        if n % 1000 == 0 {
            assert_eq!(sent(&mut jar, "http://first.example/"), "k=v");
        }
    }
    assert!(jar.len() <= MAX_COOKIES && jar.len() > MAX_COOKIES / 2, "{}", jar.len());
    assert_eq!(sent(&mut jar, "http://first.example/"), "k=v");
    assert_eq!(sent(&mut jar, "http://h0.test/"), "");
    assert_eq!(sent(&mut jar, &format!("http://h{}.test/", MAX_COOKIES + 9)), "k=v");
    assert_eq!(jar.alive_count(), jar.len());
}

#[test]
fn the_jar_is_bounded_in_bytes() {
    let mut jar = Jar::new();
    let value = format!("k={}", "x".repeat(MAX_COOKIE_BYTES - 1));
    // Each takes a kilobyte and a half beside its text.
    let all = MAX_JAR_BYTES / (MAX_COOKIE_BYTES + 1024);
    for n in 0..all {
        jar.set(&url(&format!("http://h{n}.test/")), value.as_bytes(), at(0)).unwrap();
    }
    assert!(jar.len() < all && jar.len() > all / 2, "{} of {all}", jar.len());
    assert_eq!(jar.alive_count(), jar.len());
}

#[test]
fn debug_shows_no_cookie() {
    let mut jar = Jar::new();
    set(&mut jar, "http://a.example/", "name=hunter2").unwrap();
    assert_eq!(format!("{jar:?}"), "Jar(1 cookies of 1 sites)");
}

#[test]
fn a_netscape_file_is_read_as_tolerantly_as_curl_reads_it() {
    let file = "# Netscape HTTP Cookie File\r\n\r\n\
                a.example\tFALSE\t/\tFALSE\t0\tplain\t1\r\n\
                .a.example\tTRUE\t/\tFALSE\t1700000100\tbelow\t2\n\
                #HttpOnly_a.example\tFALSE\t/\tfalse\t0\thttponly\t3\n\
                a.example\tFALSE\t/\tTRUE\t0\tsecure\t4\n\
                a.example\tFALSE\t/\tFALSE\t0\tempty\n\
                a.example\tFALSE\tFALSE\t0\tnopath\t5\n\
                a.example\t\tFALSE\t/\t\tFALSE\t0\ttabs\t6\n\
                a.example\tFALSE\t/\tFALSE\t5\tpast\t7\n\
                Set-Cookie: header=8; Domain=a.example; Path=/\n\
                # a.example\tFALSE\t/\tFALSE\t0\tcomment\t9";
    let mut jar = Jar::new();
    assert_eq!(jar.read_netscape(file.as_bytes(), at(0)), Skipped::default());
    let all = "plain=1; below=2; httponly=3; secure=4; empty=; nopath=5; tabs=6; header=8";
    assert_eq!(sent(&mut jar, "https://a.example/"), all);
    assert_eq!(sent(&mut jar, "http://x.a.example/"), "below=2; header=8");
}

#[test]
fn bad_lines_of_a_file_are_counted_and_passed_over() {
    let good = "a.example\tFALSE\t/\tFALSE\t0\tgood\t1\n";
    for (line, why) in [
        ("what is this", Refused::Line),
        ("a.example FALSE / FALSE 0 spaces 1", Refused::Line),
        ("a.example\tFALSE\t/\tFALSE\t0", Refused::Line),
        ("a.example\tMAYBE\t/\tFALSE\t0\tk\tv", Refused::Line),
        ("a.example\tFALSE\t/\tFALSE\tsoon\tk\tv", Refused::Line),
        ("a.example\tFALSE\t/\tFALSE\t0\tk\tv\tmore", Refused::Line),
        ("a.example\tFALSE\tx\tFALSE\t0\tk\tv", Refused::Line),
        ("a.example\tFALSE\t/\tFALSE\t0\tk\tv\x01", Refused::ControlCharacter),
        ("a b\tFALSE\t/\tFALSE\t0\tk\tv", Refused::Domain),
        ("a.example\tTRUE\t/\tTRUE\t0\t__Host-k\tv", Refused::Prefix),
        ("a.example\tFALSE\t/\tFALSE\t0\t__Secure-k\tv", Refused::Prefix),
        ("Set-Cookie: k=v", Refused::Domain),
        ("Set-Cookie: k=v; Domain=co.uk", Refused::PublicSuffix),
    ] {
        let mut jar = Jar::new();
        let skipped = jar.read_netscape(format!("{good}{line}\n{good}\n{line}").as_bytes(), at(0));
        let expected = match why {
            // A public suffix as a `Set-Cookie` line is its host's alone, as from that host itself.
            Refused::PublicSuffix => Skipped::default(),
            why => Skipped { lines: 2, first: Some((2, why)) },
        };
        assert_eq!(skipped, expected, "{line}");
        assert_eq!(sent(&mut jar, "https://a.example/"), "good=1", "{line}");
    }
    let mut jar = Jar::new();
    jar.read_netscape(b".com\tTRUE\t/\tFALSE\t0\tk\tv\n.127.0.0.1\tTRUE\t/\tFALSE\t0\tk\tv", at(0));
    assert_eq!((sent(&mut jar, "http://a.com/").as_str(), sent(&mut jar, "http://127.0.0.1/").as_str()), ("", "k=v"));
}

#[test]
fn what_is_written_is_read_back() {
    let mut jar = Jar::new();
    for (from, value) in [
        ("https://www.a.example/x/y", "one=1; Secure; HttpOnly; Max-Age=60"),
        ("http://www.a.example/", "two=2; Domain=a.example; Path=/z"),
        ("http://[::1]/", "six=6"),
        ("http://127.0.0.1/", "four="),
        ("http://a.example/", "past=1; Max-Age=1"),
        ("https://a.example/", "__Host-k=v; Secure; Path=/"),
    ] {
        set(&mut jar, from, value).unwrap();
    }
    let file = String::from_utf8(jar.write_netscape(at(5))).unwrap();
    let lines: Vec<&str> = file.lines().skip(3).collect();
    let expected = [
        "#HttpOnly_www.a.example\tFALSE\t/x\tTRUE\t1700000060\tone\t1",
        ".a.example\tTRUE\t/z\tFALSE\t0\ttwo\t2",
        "::1\tFALSE\t/\tFALSE\t0\tsix\t6",
        "127.0.0.1\tFALSE\t/\tFALSE\t0\tfour\t",
        "a.example\tFALSE\t/\tTRUE\t0\t__Host-k\tv",
    ];
    assert_eq!(lines, expected);
    let mut again = Jar::new();
    assert_eq!(again.read_netscape(file.as_bytes(), at(5)), Skipped::default());
    assert_eq!(String::from_utf8(again.write_netscape(at(5))).unwrap(), file);
    assert_eq!(sent(&mut again, "http://[::1]/"), "six=6");
}
