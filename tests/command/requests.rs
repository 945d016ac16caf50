//! What is asked, option by option: method, fields, bodies, redirects, the names looked up.

use serde_json::json;

use crate::runner::{Dir, Gfetch, gfetch, records};
use crate::server::{Request, Server};

/// Methods and bodies of all that came.
fn asked(server: &Server) -> Vec<(String, String)> {
    let text = |one: Request| (one.method, String::from_utf8(one.body).unwrap());
    server.requests().into_iter().map(text).collect()
}

#[test]
fn request_names_the_method_and_a_redirect_changes_it_by_its_status() {
    let server = Server::new();
    let url = server.url(&format!("/to/{}", server.url("/x")));
    // 302: only POST becomes GET (curl -L -X would send each once more; --follow does as this does).
    for (method, then) in
        [("PUT", ("PUT", "b")), ("GET", ("GET", "b")), ("POST", ("GET", "")), ("PATCH", ("PATCH", "b"))]
    {
        let before = server.requests().len();
        gfetch(&["-L", "--request", method, "-d", "b", &url]).expect(0);
        let seen = asked(&server)[before..].to_vec();
        let expected = [(method, "b"), then].map(|(method, body)| (method.to_owned(), body.to_owned()));
        assert_eq!(seen, expected);
    }
    let record = records(&["-X", "DELETE", &url]).remove(0);
    assert_eq!((&record["status"], &record["ok"]), (&json!(302), &json!(true)), "without -L others are not followed");
    for method in ["", "A B", "GET\r\nX: y"] {
        gfetch(&["-X", method, &url]).expect(2);
    }
}

#[test]
fn location_follows_every_method_and_no_location_none() {
    let server = Server::new();
    let url = server.url(&format!("/to/{}", server.url("/x")));
    let status = |options: &[&str]| records(&[options, &[&url]].concat()).remove(0)["status"].clone();
    assert_eq!([status(&[]), status(&["-I"]), status(&["-d", "b"])], [json!(200), json!(200), json!(302)]);
    assert_eq!([status(&["--location", "-d", "b"]), status(&["-L", "-I"])], [json!(200), json!(200)]);
    assert_eq!([status(&["--no-location"]), status(&["--no-location", "-I"])], [json!(302), json!(302)]);
}

#[test]
fn max_redirs_is_the_most_and_minus_one_any_number() {
    let server = Server::new();
    let twelve = (0..12).fold(server.url("/x"), |url, _| server.url(&format!("/to/{url}")));
    let found = |options: &[&str]| records(&[options, &[&twelve]].concat()).remove(0);
    assert_eq!(found(&["--max-redirs", "-1"])["redirects"], 12);
    assert_eq!(found(&["--max-redirs", "12"])["ok"], true);
    for (options, followed) in [(&["--max-redirs", "11"][..], 11), (&[], 10), (&["--max-redirs", "0"], 0)] {
        let record = found(options);
        let told = (&record["error"]["kind"], &record["error"]["curl"], &record["redirects"]);
        assert_eq!(told, (&json!("redirect"), &json!(47), &json!(followed)));
    }
}

#[test]
fn head_asks_without_a_body_and_goes_with_no_other_method() {
    let server = Server::new();
    let record = records(&["--head", &server.url("/bytes/100")]).remove(0);
    assert_eq!(
        (&record["method"], &record["bytes"], &record["content_length"]),
        (&json!("HEAD"), &json!(0), &json!(100))
    );
    gfetch(&["-I", "-X", "HEAD", &server.url("/")]).expect(0);
    for other in [["-d", "x"], ["-X", "GET"], ["--json", "{}"]] {
        gfetch(&["-I", other[0], other[1], &server.url("/")]).expect(2);
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn data_drops_line_ends_of_a_file_data_binary_keeps_them_and_data_raw_reads_none() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("file", "one\r\ntwo\n");
    let send = |args: &[&str]| Gfetch::new(args).args(&[&server.url("/")]).dir(&dir).input("in\n").run().expect(0);
    send(&["--data", "@file"]);
    send(&["--data-ascii", "a", "-d", "@-"]);
    send(&["--data-binary", "@file", "--data-binary", "@-"]);
    send(&["--data-raw", "@file", "-d", ""]);
    send(&["-X", "PUT", "--data-raw", "x"]);
    let seen = asked(&server);
    let bodies: Vec<&str> = seen.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(bodies, ["onetwo", "a&in", "one\r\ntwo\n&in\n", "@file&", "x"]);
    assert_eq!((&*seen[0].0, &*seen[4].0), ("POST", "PUT"));
    let run = Gfetch::new(&["-d", "@missing", &server.url("/")]).dir(&dir).run().expect(2);
    assert!(run.err.contains("-d @missing"), "{}", run.err);
}

#[test]
fn user_agent_and_referer_are_said_or_left_out_and_header_counts_before_them() {
    let server = Server::new();
    for args in [
        &[][..],
        &["-A", "me/1", "--referer", "http://from/"],
        &["--user-agent", "", "-e", ""],
        &["-A", "me/1", "-e", "x", "-H", "User-Agent: you", "-H", "referer: y"],
    ] {
        Gfetch::new(args).args(&[&server.url("/")]).run().expect(0);
    }
    let seen = server.requests();
    let said: Vec<_> = seen.iter().map(|one| (one.field("user-agent"), one.field("referer"))).collect();
    let own = concat!("gfetch/", env!("CARGO_PKG_VERSION"));
    let expected = [(Some(own), None), (Some("me/1"), Some("http://from/")), (None, None), (Some("you"), Some("y"))];
    assert_eq!(said, expected);
}

#[test]
fn compressed_asks_and_decodes_and_no_compressed_does_neither() {
    let (server, dir) = (Server::new(), Dir::new());
    for args in [&[][..], &["--no-compressed"], &["-o", "f"], &["-o", "f", "--compressed"], &["-r", "0-1"]] {
        Gfetch::new(args).args(&[&server.url("/")]).dir(&dir).run().expect(0);
    }
    let seen = server.requests();
    let asks: Vec<_> = seen.iter().map(|one| one.field("accept-encoding")).collect();
    let all = Some("deflate, gzip, br, zstd");
    assert_eq!(asks, [all, None, None, all, None]);
}

#[test]
fn resolve_takes_curls_forms() {
    let server = Server::new();
    let port = server.addr.port();
    let url = format!("http://shop.example:{port}/a");
    for entries in [
        &["*:PORT:127.0.0.1"][..],
        &["+shop.example:PORT:127.0.0.1"],
        &["SHOP.example:PORT:[::1],127.0.0.1"],
        &["shop.example:PORT:127.0.0.9", "shop.example:PORT:127.0.0.1"],
        &["*:PORT:127.0.0.9", "shop.example:PORT:127.0.0.1"],
    ] {
        let entries: Vec<String> = entries.iter().map(|entry| entry.replace("PORT", &port.to_string())).collect();
        let args: Vec<&str> = entries.iter().flat_map(|entry| ["--resolve", entry]).collect();
        Gfetch::new(&args).args(&[&url]).run().expect(0);
    }
    // Taken back, the name is what the system says of it.
    let (given, taken) = (format!("localhost:{port}:127.0.0.9"), format!("-localhost:{port}"));
    let by_name = server.url("/a").replace("127.0.0.1", "localhost");
    let record = records(&["--resolve", &given, "--resolve", &taken, &by_name]).remove(0);
    assert_eq!(record["remote_ip"], "127.0.0.1", "{record}");
    for bad in ["", "shop.example", "shop.example:80", "shop.example:80:", "shop.example:80:name", ":80:127.0.0.1"] {
        gfetch(&["--resolve", bad, &url]).expect(2);
    }
}
