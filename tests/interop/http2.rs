//! HTTP/2, one URL at a time: gfetch's account of it is curl's, at nginx, nghttpd and Apache, over TLS and without.

use std::fs;

use crate::answers::PATHS;
use crate::apache::Apache;
use crate::client::{gfetch, records, same_as_curl, succeeded};
use crate::needs_servers;
use crate::nghttpd::Nghttpd;
use crate::nginx::{LARGE_BYTES, Nginx};
use crate::squid::Squid;

/// The pages that HTTP/1.1 is asked for too, and redirects to that and back.
fn paths() -> impl Iterator<Item = &'static str> {
    PATHS.iter().copied().chain(["/up", "/down"])
}

const REDIRECTS: &[&str] = &["/hop", "/away", "/up", "/down", "/loop"];

/// Where nginx speaks HTTP/2, and what asks for it there.
fn places(nginx: &Nginx) -> [(String, Vec<String>); 2] {
    let trust = vec!["--cacert".to_owned(), nginx.certificate()];
    [
        (format!("https://localhost:{}", nginx.h2_port), [&["--http2".to_owned()][..], &trust].concat()),
        (
            format!("http://127.0.0.1:{}", nginx.h2c_port),
            [&["--http2-prior-knowledge".to_owned()][..], &trust].concat(),
        ),
    ]
}

fn words<'a>(options: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    options.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

#[test]
fn every_answer_of_nginx_by_http2_is_what_curl_says() {
    needs_servers!();
    let nginx = Nginx::start();
    for (base, options) in places(&nginx) {
        for path in paths() {
            // curl 7.88 follows no redirect on a connection by prior knowledge (exit 16): the next test does.
            if base.starts_with("https") || !REDIRECTS.contains(&path) {
                same_as_curl(&format!("{base}{path}"), &words(&options, &[]));
            }
        }
    }
    let trust = nginx.certificate();
    for path in paths() {
        same_as_curl(&format!("https://localhost:{}{path}", nginx.h2_port), &["--cacert", &trust, "--http1.1"]);
        same_as_curl(&format!("https://localhost:{}{path}", nginx.h2_port), &["--cacert", &trust]);
    }
}

#[test]
fn redirects_over_tls_have_a_number_as_in_curl() {
    needs_servers!();
    let nginx = Nginx::start();
    let url = format!("https://localhost:{}/loop", nginx.h2_port);
    same_as_curl(&url, &["--cacert", &nginx.certificate(), "--max-redirs", "3"]);
}

#[test]
fn redirects_by_prior_knowledge_lead_where_they_lead_over_tls() {
    needs_servers!();
    let nginx = Nginx::start();
    let [mut tls, mut plain] = places(&nginx).map(|(base, options)| {
        let urls = ["/hop", "/loop", "/up", "/down"].map(|path| format!("{base}{path}"));
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let records = records(&gfetch(&words(&options, &[&["--format", "json"], &urls[..]].concat()), ""));
        let field = |record: &serde_json::Value, name: &str| record[name].to_string();
        let fields = ["status", "ok", "http_version", "redirects", "bytes"];
        records.iter().map(|record| fields.map(|name| field(record, name))).collect::<Vec<_>>()
    });
    assert_eq!(tls, plain);
    assert_eq!(tls.remove(0), ["200", "true", "\"2\"", "2", "13"]);
    assert_eq!(plain.pop().unwrap(), ["200", "true", "\"1.1\"", "1", "13"]);
}

#[test]
fn what_is_asked_of_nginx_differently_by_http2_is_answered_as_curl_says() {
    needs_servers!();
    let nginx = Nginx::start();
    let upload = nginx.file("upload");
    fs::write(&upload, (0..1 << 20).map(|at| (at * 31 + at / 251) as u8).collect::<Vec<u8>>()).unwrap();
    let data = format!("@{upload}");
    for (base, options) in places(&nginx) {
        let same = |path: &str, more: &[&str]| same_as_curl(&format!("{base}{path}"), &words(&options, more));
        same("/large.bin", &["-H", "Range: bytes=1000-1999"]);
        same("/large.bin", &["-H", "Range: bytes=20000000-"]);
        same("/private/small.txt", &["-u", "ann:secret"]);
        same("/private/small.txt", &["-u", "ann:wrong"]);
        same("/echo", &["-X", "DELETE"]);
        same("/proxied/echo", &["-d", "some data"]);
        same("/proxied/echo", &["-d", ""]);
        same("/proxied/echo", &["--data-binary", &data]);
        same("/proxied/echo", &["-X", "PUT", "--data-binary", "a\nb"]);
        same("/proxied/echo", &["-X", "PUT", "--data-binary", &data]);
        // Answered before the body has come: there curl 7.88 fails now and then, or spins for ever.
        let early = format!("{base}/echo");
        let run = succeeded(gfetch(&words(&options, &["--body", "--data-binary", &data, &early]), ""));
        assert!(run.stdout.starts_with(b"POST 1048576 "), "{:?}", String::from_utf8_lossy(&run.stdout));
        same("/agent", &["-A", "an agent", "-H", "Accept:"]);
        same("/agent", &["-A", "an agent", "-H", "Host: another.example"]);
        same("/agent", &["-A", "an agent", "-H", "Connection: close", "-H", "TE: gzip"]);
        same("/large.bin", &["--max-filesize", "1000000"]);
        same("/small.txt", &["-H", "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT"]);
        same("/small.txt", &["-H", &format!("X-Long: {}", "v".repeat(7_000))]);
    }
}

#[test]
fn every_answer_of_nghttpd_is_what_curl_says() {
    needs_servers!();
    // A window below the protocol's own fails in nghttpd itself now and then, by curl too: it does not wait for its SETTINGS
    // to be acknowledged (RFC 9113 section 6.9.3).
    let features: [&[&str]; 5] = [
        &[],
        &["-b", "255", "--trailer", "x-end: yes"],
        &["--no-content-length"],
        &["-w", "20", "-W", "21"],
        &["-c", "0", "--encoder-header-table-size", "0"],
    ];
    for options in features {
        for server in [Nghttpd::tls(options), Nghttpd::plain(options)] {
            let own = server.options();
            let body = "a line of some length, which is there often\n".repeat(20_000);
            let upload = server.file("upload", &body);
            let data = format!("@{upload}");
            for path in ["/small.txt", "/empty.txt", "/large.bin", "/missing"] {
                same_as_curl(&server.url(path), &words(&own, &[]));
            }
            same_as_curl(&server.url("/small.txt"), &words(&own, &["--data-binary", &data]));
            same_as_curl(&server.url("/small.txt"), &words(&own, &["-X", "PUT", "-d", "some data"]));
            let echoed = succeeded(gfetch(&words(&own, &["--body", "--data-binary", &data, &server.url("/echo")]), ""));
            assert!(echoed.stdout == body.as_bytes(), "another body came back");
        }
    }
}

#[test]
fn every_answer_of_apache_by_http2_is_what_curl_says() {
    needs_servers!();
    let apache = Apache::start();
    let trust = apache.certificate();
    for path in crate::apache::PATHS {
        same_as_curl(&format!("https://localhost:{}{path}", apache.h2_port), &["--cacert", &trust, "--http2"]);
        if !REDIRECTS.contains(path) {
            same_as_curl(&format!("http://127.0.0.1:{}{path}", apache.h2c_port), &["--http2-prior-knowledge"]);
        }
    }
}

#[test]
fn a_head_request_by_http2_brings_the_length_it_speaks_of() {
    needs_servers!();
    let nginx = Nginx::start();
    for (base, options) in places(&nginx) {
        let urls = [format!("{base}/large.bin"), format!("{base}/hop"), format!("{base}/missing")];
        let more = ["-I", "--format", "json", &urls[0], &urls[1], &urls[2]];
        let records = records(&gfetch(&words(&options, &more), ""));
        for (record, status) in records.iter().zip([200, 200, 404]) {
            assert_eq!((&record["status"], &record["http_version"]), (&status.into(), &"2".into()));
            assert_eq!((&record["bytes"], &record["wire_bytes"]), (&0.into(), &0.into()));
        }
        assert_eq!((&records[0]["content_length"], &records[1]["redirects"]), (&LARGE_BYTES.into(), &2.into()));
    }
}

#[test]
fn http2_goes_through_a_proxys_tunnel_as_curl_has_it() {
    needs_servers!();
    let (nginx, squid) = (Nginx::start(), Squid::start());
    let trust = nginx.certificate();
    let (proxy, private) = (format!("127.0.0.1:{}", squid.port), format!("127.0.0.1:{}", squid.private_port));
    for path in ["/small.txt", "/large.bin", "/packed/page.html", "/missing", "/hop"] {
        let url = format!("https://localhost:{}{path}", nginx.h2_port);
        same_as_curl(&url, &["-x", &proxy, "--cacert", &trust]);
    }
    let url = format!("https://localhost:{}/small.txt", nginx.h2_port);
    same_as_curl(&url, &["-x", &private, "-U", "ann:secret", "--cacert", &trust]);
    same_as_curl(&url, &["-x", &private, "--cacert", &trust]);
}

#[test]
fn a_server_that_does_not_speak_http2_is_met_as_curl_meets_it() {
    needs_servers!();
    let nginx = Nginx::start();
    let trust = nginx.certificate();
    same_as_curl(&format!("https://localhost:{}/small.txt", nginx.tls_port), &["--cacert", &trust, "--http2"]);
    same_as_curl(&nginx.url("/small.txt"), &["--http2"]);
    // curl 7.88 hears an empty reply (52) where the server says 400 by HTTP/1.1.
    let run = gfetch(&["--http2-prior-knowledge", "--format", "json", &nginx.url("/small.txt")], "");
    let error = &records(&run)[0]["error"];
    assert_eq!((&error["kind"], &error["curl"]), (&"protocol".into(), &16.into()));
}

/// The same fields with the same meaning: only the version's and what a server says of each differ.
#[test]
fn a_record_by_http2_has_what_one_by_http1_has() {
    needs_servers!();
    let nginx = Nginx::start();
    let trust = nginx.certificate();
    for path in ["/packed/page.html", "/hop", "/missing", "/status/204", "/large.bin"] {
        let record = |version: &str| {
            let url = format!("https://localhost:{}{path}", nginx.h2_port);
            let run = gfetch(&["--cacert", &trust, version, "--format", "json", &url], "");
            records(&run).pop().expect("a record")
        };
        let (one, two) = (record("--http1.1"), record("--http2"));
        let names = |record: &serde_json::Value| record.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&one), names(&two), "{path}");
        assert_eq!((&one["http_version"], &two["http_version"]), (&"1.1".into(), &"2".into()));
        for name in names(&one) {
            match name.as_str() {
                "timings" => {
                    for (phase, time) in one["timings"].as_object().unwrap() {
                        assert_eq!(time.is_null(), two["timings"][phase].is_null(), "{phase} of {path}");
                    }
                }
                "http_version" | "started" => {}
                _ => assert_eq!(one[&name], two[&name], "{name} of {path}"),
            }
        }
    }
}

/// By nghttpd's account of what arrived.
#[test]
fn what_belongs_to_a_connection_of_http1_does_not_arrive() {
    needs_servers!();
    let server = Nghttpd::plain(&[]);
    let (own, url) = (server.options(), server.url("/small.txt"));
    let given =
        ["Connection: close, X-Hop", "X-Hop: 1", "Keep-Alive: 5", "TE: gzip", "Upgrade: h2c", "Host: other.example"];
    let options: Vec<&str> =
        given.iter().flat_map(|field| ["-H", field]).chain(["-H", "X-Stays: \u{202e}yes", &url]).collect();
    succeeded(gfetch(&words(&own, &options), ""));
    let log = server.log();
    let names: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split_once("recv (stream_id=1) "))
        .filter_map(|(_, field)| field[1..].find(':').map(|at| &field[..=at]))
        .collect();
    let pseudo = [":method", ":scheme", ":authority", ":path"];
    assert_eq!(names, [&pseudo[..], &["user-agent", "accept", "accept-encoding", "x-stays"]].concat());
    assert!(log.contains(":authority: other.example"));
}

/// By nghttpd's account of what arrived.
#[test]
fn what_verbose_shows_is_what_was_sent_and_secrets_are_starred() {
    needs_servers!();
    let server = Nghttpd::tls(&[]);
    let (own, url) = (server.options(), server.url("/small.txt"));
    let secret = ["-u", "ann:hunter2", "-b", "a=hunter3", "-H", "X-Api-Key: hunter4"];
    let fields = ["-H", "X-Mixed: Case", "-H", "Connection: X-Hop", "-H", "X-Hop: 1", "-H", "TE: gzip", "-d", "four"];
    let more = [&secret[..], &fields, &["-v", &url]].concat();
    let starred = succeeded(gfetch(&words(&own, &more), ""));
    let open = succeeded(gfetch(&words(&own, &[&more[..], &["--show-secrets"]].concat()), ""));
    let shown = |output: &std::process::Output, mark: &str| {
        let text = String::from_utf8(output.stderr.clone()).expect("UTF-8");
        let lines = text.lines().filter_map(|line| line.strip_prefix(mark));
        lines.map(str::to_owned).collect::<Vec<String>>()
    };
    let (hidden, shown_all) = (shown(&starred, "[0] > "), shown(&open, "[0] > "));
    assert_eq!(hidden[0], format!("POST {url} HTTP/2"));
    assert_eq!(hidden.iter().filter(|line| line.ends_with(": ***")).count(), 3, "{hidden:?}");
    assert!(!String::from_utf8_lossy(&starred.stderr).contains("hunter"));
    assert!(shown(&starred, "[0] < ")[0].starts_with("HTTP/2 200"));
    let log = server.log();
    let (mut pseudo, mut sent, mut never_in_tables) = (Vec::new(), Vec::new(), 0);
    for line in log.lines().filter(|line| line.starts_with("[id=2]")) {
        let Some((_, field)) = line.split_once("recv (stream_id=1") else { continue };
        let (flags, field) = field.split_once(") ").expect("a field");
        never_in_tables += usize::from(flags == ", sensitive");
        if field.starts_with(':') { pseudo.push(field.to_owned()) } else { sent.push(field.to_owned()) }
    }
    assert_eq!(never_in_tables, 3, "each secret, and nothing else");
    let authority = url.strip_prefix("https://").unwrap().strip_suffix("/small.txt").unwrap();
    pseudo.sort();
    let expected = [":method: POST", ":path: /small.txt", ":scheme: https"].map(str::to_owned);
    assert_eq!(pseudo, [&[format!(":authority: {authority}")][..], &expected].concat());
    assert_eq!(shown_all[1], format!("Host: {authority}"));
    assert_eq!(shown_all[2..], sent);
}
