//! One URL at a time: gfetch's account of it is curl's.

use crate::client::same_as_curl;
use crate::haproxy::Haproxy;
use crate::needs_servers;
use crate::nginx::Nginx;

/// Pages of nginx: framings, codings, sizes, redirects, failures.
pub const PATHS: &[&str] = &[
    "/small.txt",
    "/empty.txt",
    "/page.html",
    "/large.bin",
    "/packed/page.html",
    "/packed/small.txt",
    "/packed/empty.txt",
    "/parts/parts.shtml",
    "/proxied/large.bin",
    "/proxied/packed/page.html",
    "/close/page.html",
    "/hop",
    "/away",
    "/nowhere",
    "/loop",
    "/missing",
    "/private/small.txt",
    "/status/204",
    "/status/404",
    "/status/503",
    "/echo?a=b&c=%20d",
    "/drop",
];

#[test]
fn every_answer_of_nginx_is_what_curl_says() {
    needs_servers!();
    let nginx = Nginx::start();
    for path in PATHS {
        same_as_curl(&nginx.url(path), &[]);
    }
}

#[test]
fn every_answer_through_haproxy_is_what_curl_says() {
    needs_servers!();
    let nginx = Nginx::start();
    let haproxy = Haproxy::start(&nginx);
    for port in [haproxy.keep_port, haproxy.close_port] {
        for path in PATHS {
            same_as_curl(&format!("http://127.0.0.1:{port}{path}"), &[]);
        }
    }
}

#[test]
fn what_is_asked_for_differently_is_answered_as_curl_says() {
    needs_servers!();
    let nginx = Nginx::start();
    let same = |path: &str, options: &[&str]| same_as_curl(&nginx.url(path), options);
    same("/large.bin", &["-H", "Range: bytes=1000-1999"]);
    same("/large.bin", &["-H", "Range: bytes=19999000-"]);
    same("/large.bin", &["-H", "Range: bytes=20000000-"]);
    same("/private/small.txt", &["-u", "ann:secret"]);
    same("/private/small.txt", &["-u", "ann:wrong"]);
    same("/echo", &["-d", "some data"]);
    same("/echo", &["-X", "DELETE"]);
    same("/echo", &["-X", "PUT", "--data-binary", "a\nb"]);
    same("/agent", &["-A", "an agent", "-H", "Accept:"]);
    same("/loop", &["--max-redirs", "3"]);
    for protocols in ["=http", "-https", "-all,http", "https,=HTTP", "-ftp", "+-https"] {
        same("/hop", &["--proto-redir", protocols]);
    }
    same("/large.bin", &["--max-filesize", "1000000"]);
    same("/small.txt", &["-H", "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT"]);
    same("/small.txt", &["-H", "If-Match: \"another\""]);
}

#[test]
fn a_head_request_brings_no_body_and_the_length_it_speaks_of() {
    needs_servers!();
    let nginx = Nginx::start();
    let output = crate::client::gfetch(&["-I", "--format", "json", &nginx.url("/large.bin"), &nginx.url("/hop")], "");
    let records = crate::client::records(&crate::client::succeeded(output));
    assert_eq!(records[0]["bytes"], 0);
    assert_eq!(records[0]["content_length"], crate::nginx::LARGE_BYTES);
    assert_eq!(records[1]["redirects"], 2);
}
