//! What a list may look like, and what becomes of one that does not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::runner::{Dir, Gfetch, gfetch, records};
use crate::server::Server;

/// Fetches a list and gives each record's field, as its string or its JSON.
fn of_each(list: impl AsRef<[u8]>, field: &str) -> Vec<String> {
    let run = Gfetch::new(&["-i", "-", "--format", "json"]).input(list).run();
    run.records().iter().map(|record| record[field].as_str().map_or(record[field].to_string(), str::to_owned)).collect()
}

#[test]
fn comments_and_blank_lines_count_as_lines_and_not_as_records() {
    let server = Server::new();
    let list = format!("# a comment\n\n   \n{}# x\n{}", server.list(["/a"]), server.list(["/b"]));
    assert_eq!(of_each(&list, "source"), ["-:4", "-:6"]);
    assert_eq!(of_each(&list, "index"), ["0", "1"]);
}

#[test]
fn a_byte_order_mark_crlf_space_and_a_missing_last_newline_are_fine() {
    let server = Server::new();
    let (a, b, c) = (server.url("/a"), server.url("/b"), server.url("/c"));
    let list = format!("\u{feff}{a}\r\n \t{b}  \r\n\r\n{c}");
    assert_eq!(of_each(&list, "url"), [&*a, &b, &c]);
    assert_eq!(of_each(&list, "ok"), ["true"; 3]);
}

#[test]
fn a_hash_is_a_comment_as_the_first_character_only() {
    let server = Server::new();
    let url = server.url("/a#part");
    assert_eq!(of_each(&url, "url"), [&*url]);
    assert_eq!(server.paths(), ["/a"]);
    assert_eq!(of_each(" # x", "ok"), ["false"]);
}

#[test]
fn input_file_may_be_given_again_and_url_arguments_come_first() {
    let (server, dir) = (Server::new(), Dir::new());
    let (one, two) = (dir.write("one.txt", server.list(["/1"])), dir.write("two.txt", server.list(["/2", "/3"])));
    let run = Gfetch::new(&["-i", &one, "-i", "-", "-i", &two, &server.url("/0"), "--format", "json"]);
    let run = run.input(server.list(["/s"])).run().expect(0);
    let sources: Vec<Value> = run.records().iter().map(|record| record["source"].clone()).collect();
    assert_eq!(sources, ["argument 1", &format!("{one}:1"), "-:1", &format!("{two}:1"), &format!("{two}:2")]);
}

#[test]
fn a_line_twice_is_fetched_twice() {
    let server = Server::new();
    assert_eq!(of_each(server.list(["/a", "/a"]), "ok"), ["true"; 2]);
    assert_eq!(server.paths(), ["/a", "/a"]);
}

#[test]
fn a_json_line_says_method_headers_body_and_id() {
    let server = Server::new();
    let line = json!({
        "url": server.url("/a"), "id": {"n": [1, null]}, "method": "PUT", "body": "@file",
        "headers": {"X-One": "1", "X-Two": ["a", "b"]},
    });
    let run = Gfetch::new(&["-i", "-", "--format", "json", "-H", "X-Three: 3"]).input(line.to_string()).run().expect(0);
    let (record, request) = (&run.records()[0], &server.requests()[0]);
    assert_eq!(record["id"], json!({"n": [1, null]}));
    assert_eq!((&record["method"], &record["url"]), (&json!("PUT"), &json!(server.url("/a"))));
    assert_eq!((request.method.as_str(), request.body.as_slice()), ("PUT", &b"@file"[..]));
    assert_eq!((request.field("x-one"), request.field("x-three")), (Some("1"), Some("3")));
    let two: Vec<&str> = request.fields.iter().filter(|(name, _)| name == "X-Two").map(|(_, value)| &**value).collect();
    assert_eq!(two, ["a", "b"]);
}

#[test]
fn a_json_lines_headers_are_added_over_those_of_the_command_line() {
    let server = Server::new();
    let line = json!({"url": server.url("/a"), "headers": {"X-One": "line", "User-Agent": "line"}});
    let args = ["-i", "-", "-H", "X-One: command", "-A", "command"];
    Gfetch::new(&args).input(line.to_string()).run().expect(0);
    let request = &server.requests()[0];
    assert_eq!(request.field("user-agent"), Some("line"));
    assert_eq!(request.field("x-one"), Some("line"));
}

#[test]
fn a_json_lines_timeout_is_its_own() {
    let server = Server::new();
    let list = format!("{}\n{}", json!({"url": server.url("/hang"), "timeout": 0.05}), server.url("/delay/150"));
    let run = Gfetch::new(&["-i", "-", "--format", "json"]).input(list).run().expect(1);
    let records = run.records();
    assert_eq!(records[0]["error"]["limit"], "max-time");
    assert_eq!(records[1]["ok"], true);
}

#[test]
fn a_json_lines_output_names_its_file() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = format!(
        "{}\n{}",
        json!({"url": server.url("/say/one"), "output": "sub/one.txt"}),
        json!({"url": server.url("/say/two"), "output": "../two.txt"})
    );
    let run =
        Gfetch::new(&["-i", "-", "--format", "json", "-O", "--create-dirs"]).input(list).dir(&dir).run().expect(1);
    assert_eq!(dir.read("sub/one.txt"), "one");
    assert_eq!(dir.names(), ["sub/one.txt"]);
    assert_eq!(run.records()[0]["file"], "sub/one.txt");
    assert_eq!(run.records()[1]["error"]["kind"], "url");
}

#[test]
fn a_json_lines_output_is_saved_without_any_option() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = format!("{}\n{}", json!({"url": server.url("/say/one"), "output": "one.txt"}), server.url("/say/two"));
    let run = Gfetch::new(&["-i", "-", "--format", "json"]).input(list).dir(&dir).run().expect(0);
    assert_eq!(dir.read("one.txt"), "one");
    assert_eq!(dir.names(), ["one.txt"]);
    assert_eq!((&run.records()[0]["file"], &run.records()[1]["file"]), (&json!("one.txt"), &Value::Null));
    let asked = |path| {
        server.requests().iter().find(|request| request.path == path).unwrap().field("accept-encoding").is_some()
    };
    assert!(!asked("/say/one") && asked("/say/two"));
}

#[test]
fn a_bad_line_is_its_own_failure_with_its_place_and_the_rest_goes_on() {
    let server = Server::new();
    let bad = ["no url here", "ftp://127.0.0.1/", "http://", "{\"url\":1}", "{", "{\"uri\":\"http://a/\"}", "word"];
    for line in bad {
        let list = format!("{}{line}\n{}", server.list(["/a"]), server.list(["/b"]));
        let run = Gfetch::new(&["-i", "-", "--format", "json"]).input(list).run().expect(1);
        let records = run.records();
        assert_eq!(records.len(), 3, "{line}");
        assert_eq!((&records[0]["ok"], &records[2]["ok"]), (&json!(true), &json!(true)), "{line}");
        assert_eq!(records[1]["source"], "-:2", "{line}");
        assert_eq!((&records[1]["error"]["kind"], &records[1]["error"]["stage"]), (&json!("url"), &json!("input")));
        assert_eq!(records[1]["attempts"], 0, "{line}");
    }
}

#[test]
fn an_unknown_member_is_named() {
    let run = Gfetch::new(&["-i", "-"]).input("{\"url\":\"http://a/\",\"ouptut\":\"x\"}").run().expect(3);
    assert!(run.text().contains("ouptut"), "{}", run.text());
}

#[test]
fn a_line_that_is_not_utf_8_is_its_own_failure() {
    let server = Server::new();
    let list = [server.url("/a").as_bytes(), b"\nhttp://127.0.0.1/\xff\n", server.url("/b").as_bytes()].concat();
    assert_eq!(of_each(&list, "ok"), ["true", "false", "true"]);
    assert_eq!(of_each(&list, "url")[1], "http://127.0.0.1/\u{fffd}");
}

#[test]
fn a_line_over_64_kib_is_its_own_failure() {
    let server = Server::new();
    let list = format!("{}/{}\n{}", server.url(""), "x".repeat(70 << 10), server.url("/b"));
    assert_eq!(of_each(&list, "ok"), ["false", "true"]);
    assert_eq!(server.paths(), ["/b"]);
}

#[test]
fn records_come_while_an_endless_pipe_stays_open() {
    let server = Server::new();
    for order in [&[][..], &["--unordered"], &["--serial"], &["--format", "json"]] {
        let mut run = Gfetch::new(&["-i", "-"]).args(order).input(server.list(["/a"])).keep_open().start();
        run.wait_for_lines(1);
        run.send(&server.list(["/b", "/c"]));
        run.wait_for_lines(3);
        assert!(run.is_running());
        run.end_input();
        assert_eq!(run.wait().expect(0).lines().len(), 3);
    }
}

#[test]
fn a_line_is_fetched_as_soon_as_its_newline_is_there() {
    let server = Server::new();
    let mut run = Gfetch::new(&["-i", "-"]).input(format!("{}http://127.", server.list(["/a"]))).keep_open().start();
    run.wait_for_lines(1);
    run.send(&server.url("/b")["http://127.".len()..]);
    run.end_input();
    assert_eq!(run.wait().expect(0).lines().len(), 2);
}

#[test]
fn an_unreadable_list_is_exit_2_with_its_name_and_reason_and_nothing_is_fetched() {
    let (server, dir) = (Server::new(), Dir::new());
    let good = dir.write("good.txt", server.list(["/a"]));
    let run = gfetch(&["-i", &good, "-i", &dir.at("none.txt"), &server.url("/b")]).expect(2);
    assert!(run.err.contains("none.txt") && run.err.contains("No such file"), "{}", run.err);
    let run = gfetch(&["-i", &good, "-i", &dir.at("")]).expect(2);
    assert!(run.err.contains("folder"), "{}", run.err);
    assert_eq!(server.paths(), [""; 0]);
    assert!(run.out.is_empty());
}

#[test]
fn an_empty_list_is_exit_2_unless_allow_empty_is_given() {
    for list in ["", "# only a comment\n\n"] {
        let run = Gfetch::new(&["-i", "-"]).input(list).run().expect(2);
        assert!(run.err.contains("--allow-empty"), "{}", run.err);
        let run = Gfetch::new(&["-i", "-", "--allow-empty"]).input(list).run().expect(0);
        assert_eq!((run.text(), &*run.err), ("", ""));
    }
}

#[test]
fn two_readers_of_standard_input_are_exit_2() {
    for args in [&["-i", "-", "-i", "-"][..], &["-i", "-", "-d", "@-"]] {
        let run = Gfetch::new(args).run().expect(2);
        assert!(run.err.contains("standard input"), "{}", run.err);
    }
}

#[test]
fn a_url_argument_is_a_glob() {
    let server = Server::new();
    let found = records(&[&server.url("/{a,b}/[08-10:2]"), &server.url("/c")]);
    let seen: Vec<String> = found.iter().map(|record| format!("{} {}", record["index"], record["source"])).collect();
    assert_eq!(
        seen,
        ["0 \"argument 1\"", "1 \"argument 1\"", "2 \"argument 1\"", "3 \"argument 1\"", "4 \"argument 2\""]
    );
    let mut paths = server.paths();
    paths.sort();
    assert_eq!(paths, ["/a/08", "/a/10", "/b/08", "/b/10", "/c"]);
}

#[test]
fn globoff_takes_an_argument_as_it_is_and_a_list_is_never_a_glob() {
    let server = Server::new();
    gfetch(&["-g", &server.url("/[1-3]")]).expect(0);
    assert_eq!(server.paths(), ["/[1-3]"]);
    assert_eq!(of_each(server.list(["/[1-3]"]), "ok"), ["true"]);
}

#[test]
fn an_argument_without_a_scheme_is_http_and_a_lists_line_needs_a_dot_a_port_or_localhost() {
    let server = Server::new();
    let short = server.addr.to_string();
    gfetch(&[&short]).expect(0);
    assert_eq!(of_each(&short, "ok"), ["true"]);
    assert_eq!(of_each("word\n", "ok"), ["false"]);
    let port = server.addr.port();
    assert_eq!(of_each(format!("localhost:{port}"), "ok"), ["true"]);
}

#[test]
fn an_endless_glob_is_expanded_as_it_is_needed() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/status/[404-90000000]"), "--fail-early", "-s"]).expect(3);
    assert!(run.out.starts_with(b"404\t"), "{}", run.err);
    assert!(run.took.as_secs() < 5, "{:?}", run.took);
}

#[test]
fn a_list_that_cannot_be_read_is_exit_2_and_one_that_breaks_off_midway_exit_4() {
    // It can be opened, and reading its first page fails.
    let broken = "/proc/self/mem";
    let run = gfetch(&["-i", broken]).expect(2);
    assert!(run.err.contains(broken) && run.err.contains("Input/output error"), "{}", run.err);
    let server = Server::new();
    let run = gfetch(&[&server.url("/a"), "-i", broken]).expect(4);
    assert!(run.err.contains(broken) && run.err.contains("1 URL: 1 ok"), "{}", run.err);
}

#[test]
fn one_slow_line_keeps_no_later_line_from_being_fetched() {
    let server = Server::new();
    let list = server.list(["/delay/300/first"]) + &server.list(["/a"; 200]);
    let run = Gfetch::new(&["-i", "-"]).input(list).run().expect(0);
    assert!(run.lines()[0].contains("/first"), "{}", run.lines()[0]);
    assert!(run.took < Duration::from_millis(1500), "{:?}", run.took);
}
