//! Proxies, Unix sockets, other hosts, own addresses, refused ones: where connections lead, option by option.

use serde_json::{Value, json};

use crate::proxies::{Identity, Proxy, VIA, tls_echo, tls_proxy, unix_echo};
use crate::runner::{Dir, Gfetch, Run, gfetch, records};
use crate::server::{Server, nobody};

const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

fn error(record: &Value) -> (&str, &str, u64) {
    let error = &record["error"];
    let text = |name: &str| error[name].as_str().unwrap_or("none");
    (text("kind"), text("stage"), error["curl"].as_u64().unwrap_or(0))
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A run whose body is the head that a server got.
fn heads(args: &[&str]) -> String {
    let run = Gfetch::new(args).args(&["--body"]).run().expect(0);
    run.text().to_owned()
}

#[test]
fn proxy_is_asked_for_whole_urls_and_told_its_own_credentials() {
    let proxy = Proxy::http(nobody(), OPEN);
    let via = format!("http://ann:p%40ss@{}", proxy.addr);
    let found = records(&["-x", &via, "http://me:pw@shop.example:81/a?b#c", "http://[2001:db8::1]/"]);
    for record in &found {
        assert_eq!((&record["ok"], &record["bytes"]), (&json!(true), &json!(VIA.len())), "{record}");
        assert_eq!((&record["remote_ip"], &record["remote_port"]), (&json!("127.0.0.1"), &json!(proxy.addr.port())));
        assert!(record["timings"]["dns"].is_null() && record["timings"]["connect"].is_number(), "{record}");
    }
    let asked = proxy.asked();
    let head = asked.iter().find(|head| head.contains("shop.example")).unwrap();
    assert!(head.starts_with("GET http://shop.example:81/a?b HTTP/1.1\r\nHost: shop.example:81\r\n"), "{head}");
    assert_eq!(field(head, "proxy-authorization"), Some("Basic YW5uOnBAc3M="));
    assert_eq!(field(head, "authorization"), Some("Basic bWU6cHc="));
    assert_eq!(field(head, "proxy-connection"), Some("Keep-Alive"));
    assert!(asked.iter().any(|head| head.starts_with("GET http://[2001:db8::1]/ HTTP/1.1\r\nHost: [2001:db8::1]\r\n")));
}

#[test]
fn one_connection_to_a_proxy_serves_all_http_origins_and_no_direct_one() {
    let (proxy, server) = (Proxy::http(nobody(), OPEN), Server::new());
    let args = ["--serial", "-x", &proxy.url("http"), "--noproxy", "127.0.0.1", "http://a.test/", "http://b.test/"];
    let direct = server.url("/a");
    let args = [&args[..], &[&direct, "http://a.test/"]].concat();
    let reused: Vec<Value> = records(&args).iter().map(|record| record["reused"].clone()).collect();
    assert_eq!(reused, [json!(false), json!(true), json!(false), json!(true)]);
    assert_eq!((proxy.asked().len(), server.requests().len()), (3, 1));
    assert_eq!(server.requests()[0].path, "/a", "no absolute form where there is no proxy");
}

#[test]
fn proxy_user_is_percent_decoded_and_the_urls_own_counts_first() {
    let proxy = Proxy::http(nobody(), OPEN);
    gfetch(&["-x", &proxy.addr.to_string(), "-U", "a%40b:c:d", "http://a.test/"]).expect(0);
    gfetch(&["-x", &format!("http://u:p@{}", proxy.addr), "-U", "a:b", "http://a.test/"]).expect(0);
    let told: Vec<_> =
        proxy.asked().iter().map(|head| field(head, "proxy-authorization").unwrap().to_owned()).collect();
    assert_eq!(told, ["Basic YUBiOmM6ZA==", "Basic dTpw"]);
    let run = gfetch(&["-U", "hunter2", "http://a.test/"]).expect(2);
    assert!(run.err.contains("-U/--proxy-user takes USER:PASSWORD") && !run.err.contains("hunter2"), "{}", run.err);
}

#[test]
fn connect_leads_to_the_server_and_no_secret_crosses_either_way() {
    let (dir, identity) = (Dir::new(), Identity::new());
    let ca = dir.write("ca.pem", &identity.certificate);
    let server = tls_echo(identity);
    let proxy = Proxy::http(server, OPEN);
    let (via, url) = (format!("http://ann:secret@{}", proxy.addr), "https://origin.example/a");
    let options =
        ["-u", "me:pw", "-H", "Cookie: c=1", "-H", "X-Api-Key: k", "-A", "agent/1", "-e", "http://from/", "-d", "x=1"];
    let args = [&["-x", &via, "--cacert", &ca, url][..], &options].concat();
    let seen = heads(&args);
    assert!(seen.starts_with("POST /a HTTP/1.1\r\nHost: origin.example\r\n"), "{seen}");
    assert_eq!(field(&seen, "authorization"), Some("Basic bWU6cHc="));
    assert!(!seen.to_lowercase().contains("proxy"), "{seen}");
    let wanted = "CONNECT origin.example:443 HTTP/1.1\r\nHost: origin.example:443\r\n\
                  Proxy-Authorization: Basic YW5uOnNlY3JldA==\r\nUser-Agent: agent/1\r\nProxy-Connection: Keep-Alive\r\n\r\n";
    assert_eq!(proxy.asked(), [wanted]);
    let record = records(&["-x", &via, "--cacert", &ca, url]).remove(0);
    assert_eq!((&record["remote_port"], &record["tls"]), (&json!(proxy.addr.port()), &json!("1.3")), "{record}");
    assert!(record["timings"]["tls"].is_number(), "{record}");
}

#[test]
fn a_way_is_used_again_for_its_own_origin_only() {
    let (dir, identity) = (Dir::new(), Identity::new());
    let ca = dir.write("ca.pem", &identity.certificate);
    let proxy = Proxy::http(tls_echo(identity), OPEN);
    let (one, other) = ("https://origin.example/[1-2]", "https://localhost/");
    let found = records(&["--serial", "-x", &proxy.url("http"), "--cacert", &ca, one, other]);
    let reused: Vec<Value> = found.iter().map(|record| record["reused"].clone()).collect();
    assert_eq!(reused, [json!(false), json!(true), json!(false)]);
    assert_eq!(proxy.asked().len(), 2);
}

#[test]
fn connect_refused_is_kind_proxy_and_curls_56() {
    let answers = [
        ("HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 5\r\n\r\nsorry", "407"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"),
        ("HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n", "302 Found"),
        ("garbage\r\n\r\n", "HTTP"),
        ("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "nobody had asked for"),
    ];
    for (answer, word) in answers {
        let server = Server::new();
        let proxy = Proxy::http(server.addr, answer);
        let record = records(&["-x", &proxy.url("http"), "https://shop.example/"]).remove(0);
        assert_eq!(error(&record), ("proxy", "proxy", 56), "{record}");
        assert!(record["error"]["message"].as_str().unwrap().contains(word), "{record}");
        assert_eq!((&record["status"], proxy.asked().len()), (&Value::Null, 1), "asked once");
    }
}

#[test]
fn an_https_proxy_is_spoken_to_over_tls_and_the_server_over_tls_inside() {
    let (dir, outer, inner) = (Dir::new(), Identity::new(), Identity::new());
    let both = dir.write("ca.pem", outer.certificate.clone() + &inner.certificate);
    let only_inner = dir.write("inner.pem", &inner.certificate);
    let only_outer = dir.write("outer.pem", &outer.certificate);
    let proxy = tls_proxy(outer, inner);
    let via = format!("https://ann:secret@localhost:{}", proxy.port());
    let seen = heads(&["-x", &via, "--cacert", &both, "-u", "me:pw", "https://origin.example/a"]);
    let (connect, request) = seen.split_once("\r\n\r\n").unwrap();
    assert!(connect.starts_with("CONNECT origin.example:443 HTTP/1.1\r\n"), "{seen}");
    assert!(field(connect, "proxy-authorization").is_some() && field(connect, "authorization").is_none(), "{seen}");
    assert!(request.starts_with("GET /a HTTP/1.1\r\n"), "{seen}");
    assert!(field(request, "authorization").is_some() && field(request, "proxy-authorization").is_none(), "{seen}");
    let seen = heads(&["-x", &via, "--cacert", &both, "http://shop.example/b"]);
    assert!(seen.starts_with("GET http://shop.example/b HTTP/1.1\r\n"), "{seen}");

    // -k is about servers: the proxy's certificate is checked all the same.
    for options in [&["--cacert", &only_inner][..], &["--cacert", &only_inner, "-k"]] {
        let record = records(&[&["-x", &via, "https://origin.example/"][..], options].concat()).remove(0);
        assert_eq!(error(&record), ("certificate", "proxy", 60), "{record}");
    }
    let record = records(&["-x", &via, "--cacert", &only_outer, "https://origin.example/"]).remove(0);
    assert_eq!(error(&record), ("certificate", "tls", 60), "{record}");
}

#[test]
fn socks_proxies_are_asked_for_names_or_addresses() {
    let server = Server::new();
    let resolve = ["--resolve", "shop.example:80:192.0.2.7"];
    for (scheme, wanted) in [
        ("socks4", "4 192.0.2.7:80 "),
        ("socks4a", "4a shop.example:80 "),
        ("socks5", "5 192.0.2.7:80 "),
        ("socks5h", "5h shop.example:80 "),
    ] {
        let proxy = Proxy::socks(server.addr, false);
        let record = records(&[&["-x", &proxy.url(scheme), "http://shop.example/a"][..], &resolve].concat()).remove(0);
        assert_eq!((&record["ok"], &record["remote_port"]), (&json!(true), &json!(proxy.addr.port())), "{record}");
        assert_eq!(proxy.asked(), [wanted]);
    }
    assert!(server.requests().iter().all(|request| request.path == "/a"), "{:?}", server.paths());
    let proxy = Proxy::socks(server.addr, true);
    gfetch(&["-x", &format!("socks5h://me:p%3aw@{}", proxy.addr), "http://[2001:db8::1]:81/"]).expect(0);
    gfetch(&["-x", &proxy.url("socks5h"), "-U", "me:pw", "http://a.test/"]).expect(0);
    assert_eq!(proxy.asked(), ["5 2001:db8::1:81 me:p:w", "5h a.test:80 me:pw"]);
    for request in server.requests() {
        assert_eq!((request.field("proxy-authorization"), request.field("proxy-connection")), (None, None));
    }
}

#[test]
fn socks5_hostname_is_proxy_with_socks5h() {
    let (dir, identity) = (Dir::new(), Identity::new());
    let ca = dir.write("ca.pem", &identity.certificate);
    let proxy = Proxy::socks(tls_echo(identity), false);
    let seen = heads(&["--socks5-hostname", &proxy.addr.to_string(), "--cacert", &ca, "https://origin.example/"]);
    assert!(seen.starts_with("GET / HTTP/1.1\r\nHost: origin.example\r\n"), "{seen}");
    assert_eq!(proxy.asked(), ["5h origin.example:443 "]);
}

#[test]
fn noproxy_spares_hosts_and_redirects_choose_anew() {
    let (server, proxy) = (Server::new(), Proxy::http(nobody(), OPEN));
    let via = proxy.url("http");
    for spared in ["127.0.0.1", "127.0.0.0/8", "*", "other.test, 127.0.0.1"] {
        gfetch(&["-x", &via, "--noproxy", spared, &server.url("/a")]).expect(0);
    }
    assert_eq!((server.requests().len(), proxy.asked().len()), (4, 0));
    let record = records(&["-x", &via, "--noproxy", "127.0.0.1", &server.url("/to/http://a.test/x")]).remove(0);
    assert_eq!((&record["bytes"], &record["redirects"]), (&json!(VIA.len()), &json!(1)), "{record}");
    assert_eq!(proxy.asked().len(), 1);
    let run = Gfetch::new(&["-x", &via, "--noproxy", "", "http://a.test/"]).env("no_proxy", "a.test").run().expect(0);
    assert_eq!((run.lines().len(), proxy.asked().len()), (1, 2), "--noproxy replaces the variable");
}

#[test]
fn proxies_of_the_environment_count_as_in_curl() {
    let (server, proxy) = (Server::new(), Proxy::http(nobody(), OPEN));
    let via = proxy.url("http");
    let run = |name: &str, value: &str, more: &[(&str, &str)], args: &[&str]| -> (usize, Run) {
        let before = proxy.asked().len();
        let run = more.iter().fold(Gfetch::new(args).env(name, value), |run, (name, value)| run.env(name, value));
        let run = run.run().expect(0);
        (proxy.asked().len() - before, run)
    };
    let url = server.url("/a");
    assert_eq!(run("http_proxy", &via, &[], &[&url]).0, 1);
    assert_eq!(run("all_proxy", &via, &[], &[&url]).0, 1);
    assert_eq!(run("ALL_PROXY", &via, &[], &[&url]).0, 1);
    assert_eq!(run("HTTP_PROXY", &via, &[], &[&url]).0, 0, "a CGI script's HTTP_PROXY is whoever's");
    assert_eq!(run("http_proxy", &via, &[("NO_PROXY", "127.0.0.0/8")], &[&url]).0, 0);
    assert_eq!(run("http_proxy", &via, &[("NO_PROXY", "127.0.0.1"), ("no_proxy", "x")], &[&url]).0, 1);
    assert_eq!(run("http_proxy", &via, &[], &["-x", "", &url]).0, 0, "an empty -x is none");
    assert_eq!(run("http_proxy", "http://127.0.0.1:1", &[], &["-x", &via, &url]).0, 1, "-x wins");
    let bad = Gfetch::new(&[&url]).env("http_proxy", "ftp://me:hunter2@p").run().expect(2);
    assert!(bad.err.contains("http_proxy names no proxy") && !bad.err.contains("hunter2"), "{}", bad.err);
}

#[test]
fn what_is_wrong_with_the_proxy_itself_has_curls_codes() {
    let refusing = nobody().to_string();
    for (via, wanted) in [
        (refusing.as_str(), ("connect", "connect", 7)),
        ("socks5h://a..b:1", ("dns", "dns", 5)),
        ("a..b", ("dns", "dns", 5)),
    ] {
        let record = records(&["-x", via, "http://a.test/"]).remove(0);
        assert_eq!(error(&record), wanted, "{via} {record}");
    }
    let server = Server::new();
    let record = records(&["-x", &format!("socks5h://{}", server.addr), "-m", "5", "http://a.test/"]).remove(0);
    assert_eq!(record["error"]["stage"], "proxy", "{record}");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let via = silent.local_addr().unwrap().to_string();
    let record = records(&["-x", &via, "--connect-timeout", "0.2", "https://a.test/"]).remove(0);
    assert_eq!(error(&record), ("timeout", "proxy", 28), "{record}");
    assert_eq!(record["error"]["limit"], "connect-timeout");
}

#[test]
fn give_up_host_gives_up_a_dead_proxy_whatever_lies_behind_it() {
    let (dead, server) = (nobody(), Server::new());
    let via = format!("http://ann:hunter2@{dead}");
    let args = ["-x", &via, "--noproxy", "127.0.0.1", "--serial", "--give-up-host", "2", "http://h[1-4].test/"];
    let found = records(&[&args[..], &[&server.url("/a")]].concat());
    let kinds: Vec<_> = found.iter().map(|record| record["error"]["kind"].clone()).collect();
    assert_eq!(kinds, [json!("connect"), json!("connect"), json!("skipped"), json!("skipped"), json!(null)]);
    let message = format!("the proxy http://{dead} was given up after 2 connect failures");
    assert_eq!(found[2]["error"]["message"], message);
}

#[test]
fn proxy_passwords_are_never_printed() {
    let proxy = Proxy::http(nobody(), "HTTP/1.1 407 Who\r\n\r\n");
    let via = format!("http://ann:hunter2@{}", proxy.addr);
    for args in [&["-v", "http://a.test/", "https://a.test/"][..], &["--format", "json", "https://a.test/"]] {
        let run = Gfetch::new(&["-x", &via]).args(args).run();
        let all = run.text().to_owned() + &run.err;
        assert!(!all.contains("hunter2") && !all.contains("YW5uOmh1bnRlcjI="), "{all}");
    }
    let run = gfetch(&["-x", "http://ann:hunter2@p:x", "http://a.test/"]).expect(2);
    assert!(run.err.contains("-x/--proxy takes") && !run.err.contains("hunter2"), "{}", run.err);
    let run = gfetch(&["-H", "Proxy-Authorization: Basic hunter2", "http://a.test/"]).expect(2);
    assert!(run.err.contains("-U") && !run.err.contains("hunter2"), "{}", run.err);
    let line = r#"{"url":"http://a.test/","headers":{"Proxy-Authorization":"hunter2"}}"#;
    let run = Gfetch::new(&["-i", "-"]).input(line).run().expect(3);
    assert!(run.text().contains("-U") && !run.text().contains("hunter2"), "{}", run.text());
}

#[test]
fn verbose_shows_connect_and_dump_header_its_answer_as_in_curl() {
    let dir = Dir::new();
    let proxy = Proxy::http(nobody(), "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n\r\n");
    let via = format!("http://ann:hunter2@{}", proxy.addr);
    let args = ["-x", &via, "-v", "-s", "-A", "me/1", "-D", "heads", "https://a.test/x"];
    let run = Gfetch::new(&args).dir(&dir).run().expect(3);
    let expected = "[0] > CONNECT a.test:443 HTTP/1.1\n[0] > Host: a.test:443\n[0] > Proxy-Authorization: ***\n\
                    [0] > User-Agent: me/1\n[0] > Proxy-Connection: Keep-Alive\n[0] < HTTP/1.1 407 Who\n\
                    [0] < Proxy-Authenticate: Basic realm=x\n";
    assert_eq!(run.err, expected);
    assert_eq!(dir.read("heads"), "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n\r\n");
    let run = Gfetch::new(&args).args(&["--show-secrets"]).dir(&dir).run().expect(3);
    assert!(run.err.contains("> Proxy-Authorization: Basic YW5uOmh1bnRlcjI=\n"), "{}", run.err);
    // Where it leads on, the server's exchange follows; a way that is there already is not asked for again.
    let identity = Identity::new();
    let ca = dir.write("ca.pem", &identity.certificate);
    let proxy = Proxy::http(tls_echo(identity), OPEN);
    let via = proxy.url("http");
    let args = ["-x", &via, "-v", "-s", "--serial", "--http1.1", "--cacert", &ca, "https://origin.example/[1-2]"];
    let run = gfetch(&args).expect(0);
    let asked: Vec<&str> =
        run.err.lines().filter(|line| line.contains("origin.example") && !line.contains("Host")).collect();
    let expected = [
        "[0] > CONNECT origin.example:443 HTTP/1.1",
        "[0] > GET https://origin.example/1 HTTP/1.1",
        "[1] > GET https://origin.example/2 HTTP/1.1",
    ];
    assert_eq!(asked, expected, "{}", run.err);
}

#[test]
fn unix_socket_takes_every_connection_plain_and_over_tls() {
    let (dir, identity) = (Dir::new(), Identity::new());
    let ca = dir.write("ca.pem", &identity.certificate);
    let (plain, tls) = (dir.at("plain"), dir.at("tls"));
    unix_echo(plain.as_ref(), None);
    unix_echo(tls.as_ref(), Some(identity));
    let seen = heads(&["--unix-socket", &plain, "-x", "http://127.0.0.1:1", "http://shop.example:81/a"]);
    assert!(seen.starts_with("GET /a HTTP/1.1\r\nHost: shop.example:81\r\n"), "{seen}");
    let seen = heads(&["--unix-socket", &tls, "--cacert", &ca, "https://origin.example/b", "-d", "x=1"]);
    assert!(seen.starts_with("POST /b HTTP/1.1\r\nHost: origin.example\r\n"), "{seen}");
    let found = records(&["--serial", "--unix-socket", &plain, "http://shop.example/[1-3]"]);
    let reused: Vec<Value> = found.iter().map(|record| record["reused"].clone()).collect();
    assert_eq!(reused, [json!(false), json!(true), json!(true)]);
    assert!(found[0]["remote_ip"].is_null() && found[0]["timings"]["dns"].is_null(), "{}", found[0]);
    let record = records(&["--unix-socket", &dir.at("none"), "http://shop.example/"]).remove(0);
    assert_eq!(error(&record), ("connect", "connect", 7), "{record}");
}

#[test]
fn connect_to_changes_whom_is_spoken_to_and_nothing_that_is_said() {
    let server = Server::new();
    let port = server.addr.port();
    for entry in
        [format!("shop.example:80:127.0.0.1:{port}"), format!("::127.0.0.1:{port}"), format!(":80:localhost:{port}")]
    {
        let record = records(&["-4", "--connect-to", &entry, "http://shop.example/a"]).remove(0);
        assert_eq!((&record["ok"], &record["remote_port"]), (&json!(true), &json!(port)), "{entry} {record}");
    }
    assert!(server.requests().iter().all(|request| request.field("host") == Some("shop.example")));
    gfetch(&["--connect-to", "other.example:80:127.0.0.1:1", &server.url("/a")]).expect(0);

    // As curl: a proxy is not asked for the URL then, but for a way.
    let proxy = Proxy::http(server.addr, OPEN);
    gfetch(&["-x", &proxy.url("http"), "--connect-to", "shop.example::[2001:db8::1]:99", "http://shop.example/b"])
        .expect(0);
    assert!(proxy.asked()[0].starts_with("CONNECT [2001:db8::1]:99 HTTP/1.1\r\n"), "{:?}", proxy.asked());
    let run = gfetch(&["--connect-to", "shop.example:x:a:1", "http://a.test/"]).expect(2);
    assert!(run.err.contains("--connect-to takes HOST1:PORT1:HOST2:PORT2"), "{}", run.err);
}

#[test]
fn ipv4_and_ipv6_say_which_addresses_count() {
    let server = Server::new();
    let by_name = server.url("/a").replace("127.0.0.1", "localhost");
    let found = |option: &str, url: &str| records(&[option, url]).remove(0);
    for (options, remote) in [("-4", "127.0.0.1"), ("--ipv4", "127.0.0.1")] {
        assert_eq!(found(options, &by_name)["remote_ip"], remote);
    }
    assert_eq!(found("-6", &by_name)["error"]["kind"], "connect", "nobody listens there");
    // There is nothing to look up, and nothing to connect to.
    assert_eq!(error(&found("-6", &server.url("/a"))), ("dns", "dns", 7));
    assert_eq!(error(&found("--ipv4", "http://[::1]/")), ("dns", "dns", 7));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn interface_is_where_connections_come_from() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    for (interface, from) in [("127.0.0.77", Some("127.0.0.77")), ("host!localhost", Some("127.0.0.1")), ("lo", None)] {
        let run = Gfetch::new(&["--interface", interface, "-m", "10", &url]).start();
        let (stream, peer) = listener.accept().unwrap();
        assert!(from.is_none_or(|from| peer.ip().to_string() == from), "{interface}: {peer}");
        drop(stream);
        run.wait().expect(3);
    }
    for interface in ["192.0.2.77", "if!nosuch0", "host!a..b"] {
        let record = records(&["--interface", interface, &url]).remove(0);
        assert_eq!(error(&record), ("connect", "connect", 45), "{interface} {record}");
    }
}

#[test]
fn block_private_refuses_every_address_that_is_not_public() {
    let server = Server::new();
    let port = server.addr.port();
    let resolved = format!("inner.example:{port}:10.1.2.3,127.0.0.1,::ffff:127.0.0.1,fd00::1,64:ff9b::7f00:1");
    let mut args = vec!["--block-private".to_owned(), "--resolve".to_owned(), resolved];
    let hosts = [
        "127.0.0.1",
        "localhost",
        "a.localhost",
        "inner.example",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "0.0.0.0",
        "169.254.169.254",
        "[fe80::1]",
        "100.64.0.1",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "224.0.0.1",
    ];
    args.extend(["-g".to_owned(), "--give-up-host".to_owned(), "1".to_owned()]);
    args.extend(hosts.map(|host| format!("http://{host}:{port}/a")));
    let found = records(&args.iter().map(String::as_str).collect::<Vec<_>>());
    for (host, record) in hosts.iter().zip(&found) {
        assert_eq!(error(record), ("blocked", "connect", 7), "{host} {record}");
        assert!(record["error"]["message"].as_str().unwrap().contains("--block-private"), "{record}");
    }
    assert_eq!((found.len(), server.requests().len()), (hosts.len(), 0));
    let run = gfetch(&["--block-private", "--unix-socket", "/s", "http://a.test/"]).expect(2);
    assert!(run.err.contains("--unix-socket"), "{}", run.err);
}

#[test]
fn block_private_holds_for_each_redirect_and_behind_a_proxy_for_what_is_known() {
    let (proxy, server) = (Proxy::http(nobody(), OPEN), Server::new());
    let via = proxy.url("http");
    // The proxy's own address is private, and named by who runs this; the names behind it are the proxy's to look up.
    let found = records(&["--block-private", "-x", &via, "http://a.test/", "http://10.0.0.1/", "http://localhost/"]);
    assert_eq!(found[0]["ok"], true, "{}", found[0]);
    for record in &found[1..] {
        assert_eq!(error(record), ("blocked", "connect", 7), "{record}");
    }
    assert_eq!(proxy.asked().len(), 1);
    // Looked up here, and so known.
    let socks = Proxy::socks(server.addr, false);
    let args = ["--block-private", "-x", &socks.url("socks5"), "--resolve", "b.test:80:192.168.0.1", "http://b.test/"];
    assert_eq!(error(&records(&args)[0]).0, "blocked");
    assert_eq!(socks.asked(), [""; 0]);
    // A public name that redirects to this machine: the way to the name leads to the test's server.
    let args = ["--block-private", "-x", &socks.url("socks5h"), "http://a.test/to/http://127.0.0.1/admin"];
    let record = records(&args).remove(0);
    assert_eq!(error(&record), ("blocked", "connect", 7), "{record}");
    assert_eq!((&record["redirects"], server.paths().len()), (&json!(1), 1), "{record}");
}
