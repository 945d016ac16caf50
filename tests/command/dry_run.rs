//! `--dry-run`: what would be done is told, and nothing is done.

use std::io::Read;

use serde_json::json;

use crate::runner::{Dir, Gfetch, gfetch, wait_until};
use crate::server::Server;

#[test]
fn dry_run_tells_index_method_url_and_file_in_input_order_and_sends_nothing() {
    let (server, dir) = (Server::new(), Dir::new());
    let (first, second) = (server.url("/a.html"), server.url("/b"));
    let object = json!({"url": second, "method": "PUT", "output": "sub/mine", "id": 7}).to_string();
    dir.write("l", format!("# none\n{first}\nno url\n{object}\n{first}\n"));
    let run = Gfetch::new(&["--dry-run", "-i", "l", "-o", "{name}", "--output-dir", "out"]).dir(&dir).run().expect(1);
    let lines = run.lines();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], format!("0\tGET\t{first}\tout/a.html\t"));
    assert!(lines[1].starts_with("1\t-\tno url\t\tl:3: no URL"), "{}", lines[1]);
    assert_eq!(lines[2], format!("2\tPUT\t{second}\tout/sub/mine\t"));
    assert_eq!(lines[3], format!("3\tGET\t{first}\tout/a.html.1\t"));
    for words in ["nothing is sent", "64 requests, 10 to one host", "saved below out", "3 URLs on 1 host, 1 line"] {
        assert!(run.err.contains(words), "{words}: {}", run.err);
    }
    assert_eq!((server.requests().len(), dir.names()), (0, vec!["l".to_owned()]));
}

#[test]
fn no_file_is_made_or_changed_whatever_the_run_would_keep() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("old", "mine");
    let url = server.url("/a");
    let args = ["--dry-run", "-o", "old", "-c", "jar", "-D", "heads", "--save-failed", "failed", "--etag-save", "tag"];
    Gfetch::new(&args).args(&[&url]).env("SSLKEYLOGFILE", &dir.at("keys")).dir(&dir).run().expect(0);
    Gfetch::new(&["--to-curl", "-o", "old", "-c", "jar", "-D", "heads", &url]).dir(&dir).run().expect(0);
    let run = Gfetch::new(&["--dry-run", "-C", "-", "-o", "old", "-v", &url]).dir(&dir).run().expect(0);
    assert!(run.err.contains("[0] > Range: bytes=4-"), "{}", run.err);
    assert_eq!((dir.names(), dir.read("old")), (vec!["old".to_owned()], "mine".to_owned()));
    // A host that no resolver knows: it is not asked.
    gfetch(&["--dry-run", "http://no-such-host.invalid/"]).expect(0);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn what_it_tells_is_what_a_run_sends() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = [
        json!({"url": server.url("/a?b"), "headers": {"X-Own": ["1", "2"]}, "body": "four"}).to_string(),
        server.url("/c"),
    ];
    dir.write("l", list.join("\n"));
    dir.write("jar", "127.0.0.1\tFALSE\t/\tFALSE\t0\tcandy\tsweet\n");
    let args =
        ["-i", "l", "--serial", "--url-query", "z=ü", "-H", "X-Api-Key: k", "--auth-host", "127.0.0.1", "-u", "a:b"];
    let args = [&args[..], &["-b", "jar", "-r", "0-9", "-H", "Accept:", "--show-secrets"]].concat();
    let told = Gfetch::new(&args).args(&["--dry-run", "--format", "json"]).dir(&dir).run().expect(0).records();
    assert_eq!(server.requests().len(), 0);
    Gfetch::new(&args).dir(&dir).run().expect(0);
    let seen = server.requests();
    assert_eq!((told.len(), seen.len()), (2, 2));
    for (told, seen) in told.iter().zip(seen) {
        let mut fields = serde_json::Map::new();
        for (name, value) in &seen.fields {
            let values = fields.entry(name.to_ascii_lowercase()).or_insert_with(|| json!([]));
            values.as_array_mut().unwrap().push(json!(value));
        }
        assert_eq!(told["request_headers"], json!(fields));
        assert_eq!(
            (&told["method"], told["request_url"].as_str().unwrap()),
            (&json!(seen.method), &*server.url(&seen.path))
        );
        let body = told["body_bytes"].as_u64().unwrap_or(0);
        assert_eq!(body, seen.body.len() as u64);
    }
}

#[test]
fn secrets_are_hidden_and_it_is_said_where_they_would_go() {
    let run =
        Gfetch::new(&["--dry-run", "-v", "-i", "-", "-u", "me:hunter2", "-H", "X-Api-Key: hunter2", "-b", "a=hunter2"])
            .args(&["--auth-host", "good.example", "-x", "http://u:hunter2@p.example:3128"])
            .input("http://good.example/\nhttp://evil.example/\nhttp://he:hunter2@own.example/\n")
            .run()
            .expect(0);
    assert!(!run.err.contains("hunter2") && !run.text().contains("hunter2"), "{} {}", run.err, run.text());
    assert!(run.err.contains("-u, X-Api-Key, Cookie: only to hosts of --auth-host: good.example"), "{}", run.err);
    assert!(run.err.contains("http://p.example:3128 for all"), "{}", run.err);
    let of = |index: &str| run.err.lines().filter(|line| line.starts_with(index)).collect::<Vec<_>>().join("\n");
    assert!(of("[0]").contains("Authorization: ***") && of("[0]").contains("X-Api-Key: ***"), "{}", of("[0]"));
    assert!(!of("[1]").contains("***"), "{}", of("[1]"));
    assert!(of("[2]").contains("Authorization: ***") && of("[2]").contains("he:***@own"), "{}", of("[2]"));
    let shown = gfetch(&["--dry-run", "-v", "--show-secrets", "-u", "me:hunter2", "http://a.example/"]).expect(0);
    assert!(shown.err.contains("Authorization: Basic bWU6aHVudGVyMg=="), "{}", shown.err);
}

#[test]
fn the_exit_status_says_whether_the_lines_are_urls() {
    for (list, code) in [("http://a.example/\n", 0), ("http://a.example/\nx\n", 1), ("x\ny\n", 3), ("# none\n", 2)] {
        for option in ["--dry-run", "--to-curl"] {
            Gfetch::new(&[option, "-i", "-"]).input(list).run().expect(code);
        }
    }
    gfetch(&["--dry-run", "-i", "/nowhere"]).expect(2);
    gfetch(&["--dry-run", "--cacert", "/nowhere", "https://a.example/"]).expect(2);
    gfetch(&["--dry-run", "--format", "csv", "http://a.example/"]).expect(2);
    Gfetch::new(&["--dry-run", "--allow-empty", "-i", "-"]).run().expect(0);
    gfetch(&["--dry-run", "-i", "/proc/self/mem"]).expect(2);
    gfetch(&["--dry-run", "http://a.example/", "-i", "/proc/self/mem"]).expect(4);
}

#[test]
fn an_endless_pipe_is_told_as_it_comes_and_its_reader_may_go() {
    let mut run = Gfetch::new(&["--dry-run", "-i", "-"]).input("http://a.example/\n").keep_open().start();
    assert_eq!(run.wait_for_lines(1), "0\tGET\thttp://a.example/\t\t\n");
    run.send("http://b.example/\n");
    run.wait_for_lines(2);
    run.signal("INT");
    wait_until("end by the signal", || !run.is_running());
    let run = run.wait();
    assert_eq!(run.signal(), Some(2));
    assert!(run.err.contains("2 URLs on 2 hosts"), "{}", run.err);
    for args in [&["--dry-run"][..], &["--dry-run", "--format", "json"], &["--to-curl"]] {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let run = Gfetch::new(args).args(&["http://a.example/[1-99999999]"]).stdout(writer).start();
        reader.read_exact(&mut [0; 1]).unwrap();
        drop(reader);
        let run = run.wait().expect(141);
        assert_eq!(
            run.err.lines().filter(|line| line.starts_with("gfetch:")).count(),
            usize::from(args[0] == "--dry-run")
        );
    }
}

#[test]
fn the_summary_says_how_long_at_least_and_which_limit_binds() {
    let of = |args: &[&str]| Gfetch::new(&["--dry-run"]).args(args).run().expect(0).err;
    let err = of(&["http://a.example/[1-30]", "http://b.example/", "--rate", "10/s"]);
    assert!(err.contains("31 URLs on 2 hosts") && err.contains("at --rate 10/s they take at least 3.00 s"), "{err}");
    assert!(err.contains("30 of them are on http://a.example, 10 at once: --per-host binds"), "{err}");
    assert!(of(&["http://{a,b,c}.example/[1-10]", "-j", "2"]).contains("2 at once: -j binds"));
    assert!(!of(&["http://a.example/[1-10]"]).contains("binds"));
    assert_eq!(of(&["-s", "http://a.example/"]), "");
}

#[test]
fn every_limit_in_force_is_told() {
    let args =
        ["--dry-run", "-m", "7", "--connect-timeout", "2.5", "--retry", "3", "--retry-delay", "1", "--deadline", "60"];
    let more = ["--max-redirs", "4", "--proto-redir", "=https", "--max-failures", "2", "--unordered", "-k"];
    let run = Gfetch::new(&args).args(&more).args(&["-y", "5", "--noproxy", "x.example", "http://a.example/"]);
    let err = run.env("https_proxy", "http://me:hunter2@p.example:8080").run().expect(0).err;
    for words in [
        "7 s for a request (-m), 2.5 s to connect, 5 s below 1 B a second (-y, -Y), 60 s for all (--deadline)",
        "3 for each URL, 1 s before each",
        "4 at most, of GET and HEAD, to https only",
        "after more than 2 failures",
        "http://p.example:8080 for https; none for x.example",
        "certificates are NOT checked (-k)",
        "the order in which they end",
        "counted and dropped",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }
    assert!(!err.contains("hunter2"), "{err}");
}

#[test]
fn files_of_the_run_are_told_and_not_written() {
    let dir = Dir::new();
    let args = ["--dry-run", "--report", "r.html", "--har", "h.har", "--save-failed", "again", "-c", "jar"];
    let err = Gfetch::new(&args).args(&["http://a.example/"]).dir(&dir).run().expect(0).err;
    let told = "\n  files      --report r.html, --har h.har, --save-failed again, -c jar: not written now\n";
    assert!(err.contains(told) && dir.names().is_empty(), "{err}");
    let run = Gfetch::new(&["--dry-run", "--compare", "--report", "r.html", "http://a.example/"]).dir(&dir).run();
    assert_eq!(run.expect(0).err, "gfetch: --report r.html: not written now\n");
    assert!(dir.names().is_empty());
    let err = gfetch(&["--dry-run", "http://a.example/", "--rate", "2/15s"]).expect(0).err;
    assert!(!err.contains("\n  files") && !err.contains("at least"), "{err}");
}

#[test]
fn a_comparison_says_how_many_requests_it_would_send() {
    let server = Server::new();
    let (a, b) = (server.url("/a"), server.url("/b"));
    let run = gfetch(&["--dry-run", "--compare", &a, &b]).expect(0);
    assert_eq!(run.text(), "2 URLs on 1 host: 6 to 26 requests (1 warm-up + 1 to 6 pairs); nothing was sent\n");
    let json =
        gfetch(&["--dry-run", "--compare", "--runs", "3", "--format", "json", &a, &b]).expect(0).records().remove(0);
    assert_eq!(json["comparison"]["most_requests"], 14);
    gfetch(&["--dry-run", "--compare", &a, "no url"]).expect(1);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn what_a_list_says_does_nothing_to_a_terminal() {
    let list =
        "http://a.example/\u{202e}x\x1b[31m\n{\"url\": \"http://a.example/\", \"headers\": {\"X\": \"\u{202e}\"}}\n";
    for args in [&["--dry-run", "-v"][..], &["--dry-run", "--format", "json"], &["--to-curl"]] {
        let run = Gfetch::new(args).args(&["-i", "-"]).input(list).run();
        let all = run.text().to_owned() + &run.err;
        assert!(!all.contains(['\u{202e}', '\x1b']), "{all}");
    }
}

#[test]
fn a_hosts_own_settings_are_told_for_it_and_for_no_other() {
    let dir = Dir::new();
    std::fs::create_dir(dir.file("gfetch")).unwrap();
    let config =
        "[host.\"a.example\"]\nmax-time = 7\nretry = 2\nconnect-timeout = 3\nper-host = 2\nheader = \"X-A: 1\"\n";
    dir.write("gfetch/config.toml", config);
    let of = |args: &[&str]| {
        let urls = ["http://a.example/[1-9]", "http://b.example/"];
        Gfetch::new(args).args(&urls).env("XDG_CONFIG_HOME", &dir.at("")).run().expect(0)
    };
    let records = of(&["--dry-run", "--format", "json"]).records();
    assert_eq!((&records[0]["timeout"], &records[9]["timeout"]), (&json!(7.0), &json!(300.0)));
    assert_eq!(
        (&records[0]["request_headers"]["x-a"], &records[9]["request_headers"]["x-a"]),
        (&json!(["1"]), &json!(null))
    );
    let told = of(&["--dry-run"]).err;
    assert!(told.contains("9 of them are on http://a.example, 2 at once: --per-host binds"), "{told}");
    let curl = of(&["--to-curl"]);
    assert!(curl.lines()[0].contains("-H 'X-A: 1' -m 7 --connect-timeout 3 --retry 2"), "{}", curl.lines()[0]);
    assert!(curl.lines()[9].contains("-m 300 --connect-timeout 10 -o"), "{}", curl.lines()[9]);
}
