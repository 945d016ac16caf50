//! Through a real squid and a real SOCKS server, each answer held against curl's by the same way.

use crate::client::{gfetch, list, records, same_as_curl, same_as_curl_with, succeeded};
use crate::needs_servers;
use crate::nginx::Nginx;
use crate::squid::{Socks, Squid};

const PATHS: [&str; 8] = [
    "/small.txt",
    "/large.bin",
    "/packed/page.html",
    "/hop",
    "/status/204",
    "/status/404",
    "/missing",
    "/private/small.txt",
];

#[test]
fn answers_by_an_http_proxy_are_what_curl_says() {
    needs_servers!();
    let (nginx, squid) = (Nginx::start(), Squid::start());
    let (proxy, user) = (format!("127.0.0.1:{}", squid.port), format!("http://127.0.0.1:{}", squid.private_port));
    for path in PATHS {
        same_as_curl(&nginx.url(path), &["-x", &proxy, "--http1.1"]);
    }
    let url = nginx.url("/small.txt");
    for options in [&["-U", "ann:secret"][..], &["-U", "ann:wrong"], &[]] {
        same_as_curl(&url, &[&["-x", &user, "--http1.1"][..], options].concat());
    }
    same_as_curl("http://forbidden.example/", &["-x", &proxy]);
    same_as_curl("http://127.0.0.1:1/", &["-x", &proxy]);
    same_as_curl(&url, &["-x", "http://127.0.0.1:1", "--noproxy", "127.0.0.0/8"]);
    same_as_curl(&url, &["-x", "http://127.0.0.1:1"]);
}

#[test]
fn answers_by_connect_are_what_curl_says() {
    needs_servers!();
    let (nginx, squid) = (Nginx::start(), Squid::start());
    let certificate = nginx.certificate();
    let (proxy, private) = (format!("127.0.0.1:{}", squid.port), format!("127.0.0.1:{}", squid.private_port));
    let url = format!("https://localhost:{}/small.txt", nginx.tls_port);
    for path in ["/small.txt", "/large.bin", "/close/page.html", "/missing"] {
        let url = format!("https://localhost:{}{path}", nginx.tls_port);
        same_as_curl(&url, &["-x", &proxy, "--cacert", &certificate, "--http1.1"]);
    }
    same_as_curl(&url, &["-x", &private, "-U", "ann:secret", "--cacert", &certificate, "--http1.1"]);
    same_as_curl(&url, &["-x", &private, "-U", "ann:wrong", "--cacert", &certificate, "--http1.1"]);
    same_as_curl(&url, &["-x", &private, "--cacert", &certificate, "--http1.1"]);
    same_as_curl(&url, &["-x", &proxy, "--http1.1"]);
    same_as_curl("https://forbidden.example/", &["-x", &proxy]);
    same_as_curl("https://127.0.0.1:1/", &["-x", &proxy]);
    let elsewhere = format!("nobody.example:80:127.0.0.1:{}", nginx.port);
    same_as_curl("http://nobody.example/small.txt", &["-x", &proxy, "--connect-to", &elsewhere]);
}

#[test]
fn answers_by_an_https_proxy_are_what_curl_says() {
    needs_servers!();
    let (nginx, squid) = (Nginx::start(), Squid::start());
    let dir = tempfile::tempdir().expect("a folder");
    let both = dir.path().join("both.pem");
    let text = [nginx.certificate(), squid.certificate()].map(|path| std::fs::read_to_string(path).expect("a file"));
    std::fs::write(&both, text.concat()).expect("written");
    let both = both.to_str().expect("a UTF-8 path");
    let proxy = format!("https://localhost:{}", squid.tls_port);
    for url in [
        nginx.url("/small.txt"),
        nginx.url("/large.bin"),
        nginx.url("/missing"),
        format!("https://localhost:{}/large.bin", nginx.tls_port),
    ] {
        let curls = ["-x", &proxy, "--http1.1", "--cacert", both, "--proxy-cacert", both];
        same_as_curl_with(&url, &["-x", &proxy, "--cacert", both], &curls);
    }
    // Nobody vouches for the proxy; -k is about servers.
    same_as_curl(&nginx.url("/small.txt"), &["-x", &proxy]);
    same_as_curl(&nginx.url("/small.txt"), &["-x", &proxy, "-k"]);
}

#[test]
fn answers_by_socks_are_what_curl_says() {
    needs_servers!();
    let (nginx, open, private) = (Nginx::start(), Socks::start(None), Socks::start(Some(("ann", "secret"))));
    let certificate = nginx.certificate();
    let tls = format!("https://localhost:{}/large.bin", nginx.tls_port);
    for scheme in ["socks5", "socks5h"] {
        let proxy = format!("{scheme}://127.0.0.1:{}", open.port);
        for path in PATHS {
            same_as_curl(&nginx.url(path), &["-x", &proxy, "--http1.1"]);
        }
        same_as_curl(&tls, &["-4", "-x", &proxy, "--cacert", &certificate, "--http1.1"]);
        same_as_curl("http://127.0.0.1:1/", &["-x", &proxy]);
        if scheme == "socks5h" {
            // By socks5 the name is looked up before the proxy is troubled; curl connects first.
            same_as_curl("http://nobody.invalid/", &["-x", &proxy]);
        }
        let proxy = format!("{scheme}://127.0.0.1:{}", private.port);
        for login in ["ann:secret", "ann:wrong", "x:"] {
            same_as_curl(&nginx.url("/small.txt"), &["-x", &proxy, "-U", login]);
        }
        same_as_curl(&nginx.url("/small.txt"), &["-x", &proxy]);
    }
    same_as_curl(&nginx.url("/small.txt"), &["--socks5-hostname", &format!("127.0.0.1:{}", open.port)]);
    // It knows no SOCKS 4, and a web server none at all.
    same_as_curl(&nginx.url("/small.txt"), &["-x", &format!("socks4a://127.0.0.1:{}", open.port)]);
    same_as_curl(&nginx.url("/small.txt"), &["-x", &format!("socks5h://127.0.0.1:{}", nginx.port)]);
}

#[test]
fn a_list_by_a_proxy_comes_whole() {
    needs_servers!();
    let (nginx, squid, socks) = (Nginx::start(), Squid::start(), Socks::start(None));
    let urls = list((0..500).map(|n| nginx.url(&format!("/small.txt?{n}"))));
    for proxy in [format!("http://127.0.0.1:{}", squid.port), format!("socks5h://127.0.0.1:{}", socks.port)] {
        let output = succeeded(gfetch(&["-x", &proxy, "-i", "-", "--per-host", "0", "--format", "json"], &urls));
        let records = records(&output);
        assert!(records.len() == 500 && records.iter().all(|record| record["bytes"] == 13), "{proxy}");
        let reused = records.iter().filter(|record| record["reused"] == true).count();
        assert!(reused >= 400, "{reused} of 500 by {proxy}");
    }
}

#[test]
fn other_ways_lead_where_curls_do() {
    needs_servers!();
    let nginx = Nginx::start();
    let url = nginx.url("/small.txt");
    for interface in ["127.0.0.1", "127.0.0.77", "lo", "if!lo", "host!127.0.0.1", "nosuch0", "if!nosuch0", "192.0.2.77"]
    {
        same_as_curl(&url, &["--interface", interface]);
    }
    for entry in [
        format!("shop.example:80:127.0.0.1:{}", nginx.port),
        format!("::127.0.0.1:{}", nginx.port),
        format!(":80:localhost:{}", nginx.port),
        format!("shop.example::127.0.0.1:{}", nginx.port),
    ] {
        same_as_curl("http://shop.example/small.txt", &["-4", "--connect-to", &entry]);
    }
    same_as_curl("http://shop.example/", &["--unix-socket", "/none/such"]);
}
