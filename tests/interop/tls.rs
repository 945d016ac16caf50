//! TLS: certificates as curl judges them, both versions, sessions resumed at many connections at once.

use crate::client::{gfetch, list, records, same_as_curl, succeeded};
use crate::needs_servers;
use crate::nginx::Nginx;

#[test]
fn answers_over_tls_are_what_curl_says() {
    needs_servers!();
    let nginx = Nginx::start();
    let certificate = nginx.certificate();
    for (port, version) in [(nginx.tls_port, "1.3"), (nginx.tls12_port, "1.2")] {
        for path in ["/small.txt", "/large.bin", "/empty.txt", "/close/page.html", "/missing"] {
            same_as_curl(&format!("https://localhost:{port}{path}"), &["--cacert", &certificate, "--http1.1"]);
        }
        let url = format!("https://localhost:{port}/small.txt");
        let output = succeeded(gfetch(&["--cacert", &certificate, "--format", "json", &url], ""));
        assert_eq!(records(&output)[0]["tls"], version);
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused_as_curl_refuses_it() {
    needs_servers!();
    let nginx = Nginx::start();
    same_as_curl(&format!("https://localhost:{}/small.txt", nginx.tls_port), &["--http1.1"]);
    let other_name = format!("https://127.0.0.1:{}/small.txt", nginx.tls_port);
    same_as_curl(&other_name, &["--cacert", &nginx.certificate(), "--http1.1"]);
    same_as_curl(&other_name, &["-k", "--http1.1"]);
    same_as_curl(&format!("https://localhost:{}/small.txt", nginx.port), &["--http1.1"]);
}

#[test]
fn a_clients_certificate_is_shown_as_curl_shows_it() {
    needs_servers!();
    let nginx = Nginx::start();
    let (trust, cert, key) = (nginx.certificate(), nginx.file("client.pem"), nginx.file("client-key.pem"));
    let url = format!("https://localhost:{}/who", nginx.client_port);
    let both = std::fs::read_to_string(&cert).unwrap() + &std::fs::read_to_string(&key).unwrap();
    let joined = nginx.file("both.pem");
    std::fs::write(&joined, both).unwrap();
    let with_password = format!("{joined}:not needed");
    for options in [
        &["-E", &cert, "--key", &key][..],
        &["-E", &joined],
        &["--cert", &with_password],
        &["--cert", &joined, "--tls-max", "1.2"],
        &[],
    ] {
        same_as_curl(&url, &[&["--cacert", &trust, "--http1.1"], options].concat());
    }
    let told = succeeded(gfetch(&["--cacert", &trust, "-E", &joined, "--body", &url], ""));
    assert!(told.stdout.starts_with(b"SUCCESS "), "{}", String::from_utf8_lossy(&told.stdout));
}

#[test]
fn pins_and_versions_are_judged_as_curl_judges_them() {
    needs_servers!();
    let nginx = Nginx::start();
    let (trust, public, other) = (nginx.certificate(), nginx.file("public.pem"), nginx.file("other.pem"));
    std::fs::write(&other, rcgen::KeyPair::generate().unwrap().public_key_pem()).unwrap();
    let wrong = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let url = |port: u16| format!("https://localhost:{port}/small.txt");
    let same =
        |port: u16, options: &[&str]| same_as_curl(&url(port), &[&["--cacert", &trust, "--http1.1"], options].concat());
    for pin in [public.as_str(), &other, wrong] {
        same(nginx.tls_port, &["--pinnedpubkey", pin]);
        same_as_curl(&url(nginx.tls_port), &["-k", "--http1.1", "--pinnedpubkey", pin]);
    }
    for port in [nginx.tls_port, nginx.tls12_port, nginx.tls13_port] {
        for options in [&["-1"][..], &["--tlsv1.2"], &["--tlsv1.3"], &["--tls-max", "1.2"], &["--tls-max", "1.3"]] {
            same(port, options);
        }
    }
}

#[test]
fn sessions_are_resumed_at_64_connections_at_once() {
    needs_servers!();
    let nginx = Nginx::start();
    let certificate = nginx.certificate();
    let mut seen = 0;
    for port in [nginx.tls_port, nginx.tls12_port] {
        let urls = list((0..1280).map(|n| format!("https://localhost:{port}/close/small.txt?{n}")));
        let options = ["--cacert", &certificate, "-j", "64", "--per-host", "0", "-i", "-"];
        succeeded(gfetch(&options, &urls));
        let log = nginx.tls_log();
        let new = &log[seen..];
        seen = log.len();
        let resumed = new.iter().filter(|line| line.ends_with(" r")).count();
        assert_eq!(new.len(), 1280, "each on a connection of its own");
        assert!(resumed * 10 >= new.len() * 9, "{resumed} of {} resumed ({})", new.len(), new[0]);
    }
}
