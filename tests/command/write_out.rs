//! `-w`: in place of the text report, where it goes, and what it reads.

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use crate::proxies::Proxy;
use crate::runner::{Dir, Gfetch, gfetch};
use crate::server::{Server, nobody, read_request};

#[test]
fn write_out_takes_the_place_of_the_text_report() {
    let server = Server::new();
    let urls = [server.url("/bytes/24"), server.url("/status/404"), format!("http://{}/", nobody())];
    let template = "%{urlnum} %{http_code} %{size_download} %{exitcode} %{num_retries}\\n";
    let run = gfetch(&[&urls[0], &urls[1], &urls[2], "-w", template]).expect(1);
    assert_eq!(run.text(), "0 200 24 0 0\n1 404 5 22 0\n2 000 0 7 0\n");
    assert!(run.err.starts_with("3 URLs: 1 ok, 2 failed"), "{}", run.err);
}

#[test]
fn a_template_comes_from_a_file_or_standard_input() {
    let (server, dir) = (Server::new(), Dir::new());
    let file = format!("@{}", dir.write("template", "%{http_code}\n"));
    assert_eq!(gfetch(&[&server.url("/a"), "-w", &file]).expect(0).text(), "200\n");
    let run = Gfetch::new(&[&server.url("/a"), "-w", "@-"]).input("%{method}").run().expect(0);
    assert_eq!(run.text(), "GET");
    assert!(gfetch(&[&server.url("/a"), "-w", "@/none/such"]).expect(2).err.contains("/none/such"));
}

#[test]
fn an_unknown_variable_is_a_warning_before_anything_is_fetched() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/a"), "-w", "%{http_cod}|%{nosuch}|\\n"]).expect(0);
    assert_eq!(run.text(), "||\n");
    let expected = "gfetch: unknown --write-out variable: 'http_cod'; did you mean http_code?\n\
                    gfetch: unknown --write-out variable: 'nosuch'\n";
    assert!(run.err.starts_with(expected), "{}", run.err);
}

#[test]
fn parts_of_a_template_go_where_it_says() {
    let (server, dir) = (Server::new(), Dir::new());
    let urls = [server.url("/say/a"), server.url("/say/b")];
    let template = "%{stderr}E%{urlnum}%{stdout}O%{urlnum}%output{new}N%{urlnum}%output{>>all}A%{urlnum}";
    let run = Gfetch::new(&[&urls[0], &urls[1], "-s", "-w", template]).dir(&dir).run().expect(0);
    assert_eq!((run.text(), &*run.err), ("O0O1", "E0E1"));
    // As in curl: a file is replaced at each transfer, or added to.
    assert_eq!((dir.read("new"), dir.read("all")), ("N1".into(), "A0A1".into()));
    let run = gfetch(&[&urls[0], "-s", "-w", "%output{/none/such}x"]).expect(4);
    assert!(run.err.contains("/none/such (-w)"), "{}", run.err);
}

#[test]
fn behind_bodies_it_goes_to_standard_error_unless_told_otherwise() {
    let server = Server::new();
    let urls = [server.url("/say/a"), server.url("/say/b")];
    let run = gfetch(&[&urls[0], &urls[1], "-s", "--body", "-w", "%{urlnum}"]).expect(0);
    assert_eq!((run.text(), &*run.err), ("ab", "01"));
    let run = gfetch(&[&urls[0], &urls[1], "-s", "--body", "-w", "%{stdout}%{urlnum}"]).expect(0);
    assert_eq!(run.text(), "a0b1");
}

#[test]
fn on_error_is_for_failures() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/a"), &server.url("/status/404"), "-w", "%{onerror}%{errormsg}\\n"]).expect(1);
    assert_eq!(run.text(), "Not Found\n");
}

#[test]
fn redirects_and_connections_are_counted() {
    let server = Server::new();
    let template = "%{num_redirects} %{num_connects} %{url_effective} %{redirect_url}|%{size_header}";
    let run = gfetch(&[&server.url("/to//bytes/24"), "-w", template]).expect(0);
    let (counts, size) = run.text().split_once('|').unwrap();
    assert_eq!(counts, format!("1 1 {} ", server.url("/bytes/24")));
    assert!(size.parse::<u64>().unwrap() > 60, "{size}");
    let run = gfetch(&[&server.url("/to//bytes/24"), "--no-location", "-w", "%{http_code} %{redirect_url}"]).expect(0);
    assert_eq!(run.text(), format!("302 {}", server.url("/bytes/24")));
}

/// What the server sees is what is told, also of a connection that serves a second request.
#[test]
fn our_end_of_the_connection_is_told_as_the_server_sees_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, peer) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while read_request(&mut reader).is_some() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        }
        peer
    });
    let run = gfetch(&[&url, &url, "--serial", "-w", "%{num_connects} %{local_ip} %{local_port}\\n"]).expect(0);
    let peer = server.join().unwrap();
    assert_eq!(run.text(), format!("1 127.0.0.1 {0}\n0 127.0.0.1 {0}\n", peer.port()));
    let one = gfetch(&[&format!("http://{}/", nobody()), "-w", "[%{local_ip}]%{local_port}"]).expect(3);
    assert_eq!(one.text(), "[]0");
}

#[test]
fn the_json_of_a_line_that_was_never_started_says_so() {
    let run = gfetch(&["http://[", "-w", "%{json}\\n"]).expect(3);
    let one: Value = serde_json::from_str(run.text()).unwrap();
    let expected = json!({"http_code": 0, "num_connects": 0, "time_total": 0.0, "method": "GET", "exitcode": 3});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&one[name], value, "{name}");
    }
}

#[test]
fn passwords_and_secret_fields_are_stars() {
    let server = Server::new();
    let url = server.url("/a").replace("http://", "http://me:secret@");
    let template = "%{url} %{url_effective} %{url.password} %{json}";
    let run = gfetch(&[&url, "-w", template]).expect(0);
    assert!(!run.text().contains("secret") && run.text().contains("me:***@"), "{}", run.text());
    let run = gfetch(&[&url, "-w", "%{url.password}", "--show-secrets"]).expect(0);
    assert_eq!(run.text(), "secret");
}

#[test]
fn a_proxy_is_counted_where_one_was_used() {
    let server = Server::new();
    let proxy = Proxy::http(server.addr, "HTTP/1.1 200 OK\r\n\r\n");
    let url = server.url("/a");
    let address = format!("http://{}", proxy.addr);
    let run = gfetch(&[&url, "-x", &address, "-w", "%{proxy_used} %{http_connect}"]).expect(0);
    assert_eq!(run.text(), "1 000");
    assert_eq!(gfetch(&[&url, "-w", "%{proxy_used}"]).expect(0).text(), "0");
}
