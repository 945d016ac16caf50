//! One case at least for each class in curl's security advisories that applies to an HTTP client and has none elsewhere
//! in this suite. The classes, and where the others are, stand in README's table.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::{Arc, Mutex};

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::Stage;

use super::case::{Case, case, check};
use super::command::{answer, files, gfetch, serve, text};
use super::script::{Open, Request, closes, field, seconds, send, stays};

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

/// Heads of all requests that a server on all of 127/8 got, and its port.
fn recording() -> (u16, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = heads.clone();
    let server = serve(move |head| {
        seen.lock().unwrap().push(head.to_owned());
        answer("", "good")
    });
    (server.port(), heads)
}

/// Userinfo, backslashes, numeric addresses, escapes: what is connected to is what `Host` says, or nothing is.
/// (URL parsers that disagree: CVE-2016-8624, CVE-2022-27780.)
#[test]
fn a_url_names_one_host_to_whoever_reads_it() {
    let refused = "";
    for (url, host) in [
        ("http://127.0.0.9@127.0.0.1:{port}/", "127.0.0.1"),
        ("http://127.0.0.9:80@127.0.0.1:{port}/", "127.0.0.1"),
        ("http://a@b@127.0.0.1:{port}/", "127.0.0.1"),
        ("http://127.0.0.1:{port}#@127.0.0.9:{port}/", "127.0.0.1"),
        ("http://127.0.0.1:{port}?@127.0.0.9:{port}/", "127.0.0.1"),
        ("http://127.0.0.1:{port}/@127.0.0.9:{port}/", "127.0.0.1"),
        ("http://127.0.0.1:{port}/\\@127.0.0.9:{port}/", "127.0.0.1"),
        ("http://127.0.0.1:{port}\\@127.0.0.9:{port}/", refused),
        ("http:\\\\127.0.0.1:{port}/", refused),
        ("http:/127.0.0.1:{port}/", refused),
        ("http:///127.0.0.1:{port}/", refused),
        ("http://127.1:{port}/", "127.0.0.1"),
        ("http://0x7f.1:{port}/", "127.0.0.1"),
        ("http://0177.0.0.1:{port}/", "127.0.0.1"),
        ("http://2130706433:{port}/", "127.0.0.1"),
        ("http://127.0.0.1.:{port}/", "127.0.0.1"),
        ("http://%31%32%37.0.0.1:{port}/", "127.0.0.1"),
        ("http://127。0。0。1:{port}/", "127.0.0.1"),
        ("http://１２７.0.0.1:{port}/", "127.0.0.1"),
        ("http://256.0.0.1:{port}/", refused),
        ("http://127.0.0.1.1:{port}/", refused),
        ("http://[::ffff:127.0.0.1]:{port}/", "[::ffff:7f00:1]"),
        ("http://[fe80::1%25lo]:{port}/", refused),
        ("http://[::1]x:{port}/", refused),
        ("http://[::1:{port}/", refused),
        ("http://127.0.0.1%00.example:{port}/", refused),
        ("http://127.0.0.1%0d%0aX-Injected:{port}/", refused),
        ("http://127.0.0.1%2f@x:{port}/", refused),
        ("http://127.0.0.1%3a{port}/", refused),
        ("http://127.0.0.1:0/", refused),
        ("http://127.0.0.1:65536/", refused),
        ("http://127.0.0.1:-1/", refused),
        ("http://127.0.0.1:{port}x/", refused),
        ("http://127.0.0.1:{port} /", refused),
        ("http://:{port}/", refused),
        ("http://user@:{port}/", refused),
    ] {
        let (port, heads) = recording();
        let url = url.replace("{port}", &port.to_string());
        let output = gfetch(&["-g", "-s", "-m", "5", &url]);
        let heads = heads.lock().unwrap();
        if host == refused {
            assert_eq!((output.status.code(), heads.len()), (Some(3), 0), "{url}: {} {heads:?}", text(&output.stdout));
        } else {
            assert_eq!(heads.len(), 1, "{url}: {}{}", text(&output.stdout), text(&output.stderr));
            assert_eq!(field(&heads[0], "host"), Some(&*format!("{host}:{port}")), "{url}");
        }
    }
}

/// Line ends and NULs that are percent-encoded stay so (CVE-2012-0036 and its kin).
#[test]
fn an_escape_in_a_url_stays_an_escape() {
    for path in ["/%0d%0aX-Injected:%20yes", "/%00", "/a?b=%0d%0a%0d%0aGET%20/", "/%20HTTP/1.1%0d%0a"] {
        let (port, heads) = recording();
        assert!(gfetch(&["-s", &format!("http://127.0.0.1:{port}{path}")]).status.success(), "{path}");
        let heads = heads.lock().unwrap();
        assert_eq!(heads.len(), 1);
        assert!(heads[0].starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{:?}", heads[0]);
    }
}

/// Credentials of a URL go with that URL's request only, also over a connection that another's request opened
/// (CVE-2016-5420, CVE-2022-22576, CVE-2022-27782: reuse with other credentials).
#[test]
fn credentials_are_a_requests_and_not_a_connections() {
    let (port, heads) = recording();
    let of = |user: &str, path: &str| format!("http://{user}127.0.0.1:{port}{path}");
    let urls = [of("", "/none"), of("ann:1@", "/ann"), of("ben:2@", "/ben"), of("", "/none"), of("ann@", "/empty")];
    let arguments: Vec<&str> = ["-s", "--serial"].into_iter().chain(urls.iter().map(String::as_str)).collect();
    assert!(gfetch(&arguments).status.success());
    let heads = heads.lock().unwrap();
    let sent: Vec<Option<&str>> = heads.iter().map(|head| field(head, "authorization")).collect();
    assert_eq!(sent, [None, Some("Basic YW5uOjE="), Some("Basic YmVuOjI="), None, Some("Basic YW5uOg==")]);
}

/// Another port of the same host is another origin (CVE-2022-27776), and so is the name with a dot (CVE-2022-27779's kin).
#[test]
fn the_same_host_on_another_port_gets_no_secrets() {
    let (port, heads) = recording();
    let first = serve(move |head| match head.split(' ').nth(1) {
        Some("/port") => {
            format!("HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n").into()
        }
        _ => format!("HTTP/1.1 302 F\r\nLocation: http://localhost:{port}/\r\nContent-Length: 0\r\n\r\n").into(),
    });
    for path in ["/port", "/name"] {
        let url = format!("http://{first}{path}");
        let output = gfetch(&["-s", "-u", "me:secret", "-H", "X-Api-Key: secret", "-H", "Cookie: a=secret", &url]);
        assert!(output.status.success(), "{}", text(&output.stdout));
        let head = heads.lock().unwrap().pop().unwrap();
        assert!(!head.contains("secret") && field(&head, "authorization").is_none(), "{head}");
    }
}

/// A redirect into nowhere ends as one, at once.
#[test]
fn odd_ports_and_hosts_of_a_location_fail_and_do_not_hang() {
    let to = |location: &str| {
        let head = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        case(location, stays(head)).and(|after| assert!(after.took < seconds(11), "{:?}", after.took))
    };
    check([
        to("http://127.0.0.1:65536/").fails(Redirect, Stage::Receive),
        to("http://127.0.0.1:-1/").fails(Redirect, Stage::Receive),
        to("http://[fe80::1%25lo]/").fails(Redirect, Stage::Receive),
        to("http://127.0.0.1%00.example/").fails(Redirect, Stage::Receive),
        to("http://127.0.0.1%0d%0aX:/").fails(Redirect, Stage::Receive),
        to("http://256.0.0.1/").fails(Redirect, Stage::Receive),
        to("http://127.0.0.1:0/").fails(Connect, Stage::Connect),
    ]);
}

/// Numbers that do not fit: lengths are in `framing`; here what asks to wait, and what is counted.
#[test]
fn a_retry_after_beyond_all_time_is_a_failure_at_once() {
    let busy = |after: &str| -> Case {
        let head = format!("HTTP/1.1 503 Busy\r\nRetry-After: {after}\r\nContent-Length: 0\r\n\r\n");
        case(after, stays(head))
            .with(|plan| plan.retry.retries = 3)
            .fails(Status, Stage::Receive)
            .and(|after| assert!(after.took < seconds(1), "{:?}", after.took))
    };
    check([busy("18446744073709551616"), busy("99999999999999999999999999"), busy("Fri, 31 Dec 9999 23:59:59 GMT")]);
}

/// What a server names may be long: nothing is kept of it that is not used (CVE-2018-1000005's and CVE-2023-38039's kin).
#[test]
fn long_texts_of_a_head_are_taken_up_to_the_heads_bound_and_shown() {
    let long = "x".repeat(90_000);
    check([
        case("a long reason", stays(format!("HTTP/1.1 404 {long}\r\nContent-Length: 0\r\n\r\n")))
            .fails(Status, Stage::Receive),
        case("a long type", stays(format!("HTTP/1.1 200 OK\r\nContent-Type: {long}\r\nContent-Length: 4\r\n\r\ngood")))
            .gives("good"),
        case("a long Location", stays(format!("HTTP/1.1 302 F\r\nLocation: /{long}\r\nContent-Length: 0\r\n\r\n")))
            .fails(Redirect, Stage::Receive),
        case(
            "a long coding",
            stays(format!("HTTP/1.1 200 OK\r\nContent-Encoding: {long}\r\nContent-Length: 1\r\n\r\nx")),
        )
        .fails(Decode, Stage::Decode),
    ]);
}

/// A redirect that is answered with bytes too many leaves a connection that nobody uses again.
#[test]
fn a_redirects_answer_cannot_answer_the_next_hop() {
    let to = "HTTP/1.1 302 Found\r\nLocation: /1\r\nContent-Length: 0\r\n\r\n";
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    check([
        case("in one write", vec![Request, send(&format!("{to}{evil}")), Open]).then(stays(GOOD)).gives("good"),
        case("and a close", closes(format!("{to}{evil}"))).then(stays(GOOD)).gives("good"),
    ]);
}

/// `-o` through a symlink, into a folder that is not there, over a folder; and what is left of a failure
/// (CVE-2022-27778, CVE-2022-32207: a file removed or opened to all by a failure or a rename).
#[test]
fn a_saved_file_is_its_own_and_no_others() {
    let server = serve(|head| match head.split(' ').nth(1) {
        Some("/cut") => b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\ncut".to_vec(),
        Some("/cut2") => Vec::new(),
        _ => answer("", "new"),
    });
    let url = |path: &str| format!("http://{server}{path}");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let save =
        |name: &str, path: &str| gfetch(&["-s", "-m", "3", "-o", at(name).to_str().unwrap(), &url(path)]).status.code();

    fs::write(at("victim"), "old").unwrap();
    symlink(at("victim"), at("link")).unwrap();
    assert_eq!(save("link", "/cut"), Some(3));
    assert_eq!(fs::read_to_string(at("victim")).unwrap(), "old", "a failure touches nothing");
    assert!(at("link").is_symlink(), "nor removes what was there");

    fs::write(at("private"), "old").unwrap();
    fs::set_permissions(at("private"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(save("private", "/"), Some(0));
    assert_eq!(fs::read_to_string(at("private")).unwrap(), "new");
    let mode = fs::metadata(at("private")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{mode:o}: what was private stays so");

    fs::create_dir(at("folder")).unwrap();
    assert_eq!(save("folder", "/"), Some(3));
    assert_eq!(save("nowhere/file", "/"), Some(3));
    assert_eq!(
        files(folder.path()).into_iter().collect::<Vec<_>>(),
        ["link", "private", "victim"],
        "nothing is left over"
    );
}
