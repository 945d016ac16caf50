//! What is asked for and what of it is taken: bodies of requests, parts, conditions, names, heads. A test for each option.

use std::fs;
use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::runner::{Dir, Gfetch, Run, gfetch, records};
use crate::server::{CHANGED, Server, body, read_request};

fn fetch(dir: &Dir, args: &[&str]) -> Run {
    Gfetch::new(args).args(&["--format", "json"]).dir(dir).run()
}

fn text(bytes: usize) -> String {
    String::from_utf8(body(bytes)).unwrap()
}

#[test]
fn json_is_a_post_with_its_types() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("f", "{\r\n}");
    Gfetch::new(&["--json", "{\"a\":", "--json", "1}", &server.url("/a")]).run().expect(0);
    fetch(&dir, &["--json", "@f", &server.url("/b")]).expect(0);
    Gfetch::new(&["--json", "@-", "-H", "Accept: x", &server.url("/c")]).input("[]").run().expect(0);
    let seen = server.requests();
    let bodies: Vec<&[u8]> = seen.iter().map(|request| &request.body[..]).collect();
    assert_eq!(bodies, [&b"{\"a\":1}"[..], b"{\r\n}", b"[]"]);
    assert!(seen.iter().all(|one| one.method == "POST" && one.field("content-type") == Some("application/json")));
    assert_eq!(
        seen.iter().map(|one| one.field("accept").unwrap()).collect::<Vec<_>>(),
        ["application/json", "application/json", "x"]
    );
}

#[test]
fn get_data_urlencode_and_url_query_make_the_query() {
    let server = Server::new();
    gfetch(&["-G", "-d", "a=1", "--data-urlencode", "b=2 &", &server.url("/x?q=0#part")]).expect(0);
    gfetch(&["-G", "-d", "", &server.url("/nothing")]).expect(0);
    gfetch(&["--url-query", "n=ü", "--url-query", "+raw%20", "--url", &server.url("/y")]).expect(0);
    gfetch(&["--data-urlencode", "=a b", &server.url("/z")]).expect(0);
    let seen = server.requests();
    let asked: Vec<(&str, &str)> = seen.iter().map(|one| (&*one.method, &*one.path)).collect();
    assert_eq!(
        asked,
        [("GET", "/x?q=0&a=1&b=2+%26"), ("GET", "/nothing"), ("GET", "/y?n=%C3%BC&raw%20"), ("POST", "/z")]
    );
    assert_eq!((&*seen[3].body, seen[0].field("content-type")), (&b"a+b"[..], None));
}

#[test]
fn a_large_body_is_announced_and_sent_without_that_where_it_is_not_understood() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("large", "x".repeat((1 << 20) + 1));
    fetch(&dir, &["--data-binary", "@large", &server.url("/417/say/taken")]).expect(0);
    dir.write("small", "x".repeat(1 << 20));
    fetch(&dir, &["--data-binary", "@small", &server.url("/a")]).expect(0);
    fetch(&dir, &["--data-binary", "@large", "-H", "Expect:", &server.url("/b")]).expect(0);
    let seen = server.requests();
    let expects: Vec<bool> = seen.iter().map(|one| one.field("expect").is_some()).collect();
    assert_eq!(expects, [true, false, false, false]);
    assert_eq!(seen[1].body.len(), (1 << 20) + 1);
}

#[test]
fn headers_come_from_a_file_and_in_curls_forms() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("h", "X-One: 1\r\n\r\nX-Two;\nUser-Agent:\n");
    fetch(&dir, &["-H", "@h", "-H", "X-Three:3", &server.url("/")]).expect(0);
    let seen = server.requests().remove(0);
    let fields = ["x-one", "x-two", "x-three", "user-agent"].map(|name| seen.field(name).map(str::to_owned));
    assert_eq!(fields, [Some("1"), Some(""), Some("3"), None].map(|field| field.map(str::to_owned)));
}

#[test]
fn range_brings_a_part() {
    let (server, dir) = (Server::new(), Dir::new());
    for (range, asked, expected) in [
        ("0-9", "bytes=0-9", &text(100)[..10]),
        ("90-", "bytes=90-", &text(100)[90..]),
        ("90", "bytes=90-", &text(100)[90..]),
        ("-5", "bytes=-5", &text(100)[95..]),
        ("95-200", "bytes=95-200", &text(100)[95..]),
    ] {
        let run = gfetch(&["-s", "--body", "-r", range, &server.url("/file/100")]).expect(0);
        assert_eq!(run.text(), expected, "{range}");
        let last = server.requests().pop().unwrap();
        assert_eq!((last.field("range"), last.field("accept-encoding")), (Some(asked), None));
    }
    let record = &records(&["-r", "5-9", "--compressed", &server.url("/file/100")])[0];
    assert_eq!((&record["status"], &record["bytes"]), (&json!(206), &json!(5)));
    assert!(server.requests().pop().unwrap().field("accept-encoding").is_some());
    // As in curl: a server need not know ranges, and what lies outside is its refusal.
    fetch(&dir, &["-r", "5-9", "-o", "w", &server.url("/whole/100")]).expect(0);
    assert_eq!(dir.read("w"), text(100));
    let refused = fetch(&dir, &["-r", "500-", "-o", "n", &server.url("/file/100")]).expect(3).records();
    assert_eq!((&refused[0]["status"], &refused[0]["error"]["kind"]), (&json!(416), &json!("status")));
    assert_eq!(dir.names(), ["w"]);
}

#[test]
fn continue_at_goes_on_where_the_file_ends() {
    let (server, dir) = (Server::new(), Dir::new());
    let url = server.url("/file/100");
    fetch(&dir, &["-C", "-", "-o", "f", &url]).expect(0);
    assert_eq!((dir.read("f"), server.requests()[0].field("range")), (text(100), None), "from its beginning");
    dir.write("f", &text(100)[..40]);
    let run = fetch(&dir, &["-C", "-", "-o", "f", &url]).expect(0).records();
    assert_eq!((dir.read("f"), &run[0]["status"], &run[0]["bytes"]), (text(100), &json!(206), &json!(60)));
    let again = fetch(&dir, &["-C", "-", "-o", "f", &url]).expect(0).records();
    assert_eq!((dir.read("f"), &again[0]["status"], &again[0]["ok"]), (text(100), &json!(416), &json!(true)));
    assert_eq!(again[0]["file"], json!(null), "nothing was saved");
    dir.write("f", text(101));
    fetch(&dir, &["-C", "-", "-o", "f", &url]).expect(3);
    assert_eq!(dir.read("f"), text(101), "another file: it stays as it was");
    dir.write("f", &text(100)[..40]);
    fetch(&dir, &["-C", "40", "-o", "f", &url]).expect(0);
    assert_eq!(dir.read("f"), text(100));
    let run = fetch(&dir, &["-C", "40", "-o", "f", &url]).expect(3).records();
    assert_eq!((&run[0]["error"]["kind"], &run[0]["attempts"], dir.read("f")), (&json!("write"), &json!(1), text(100)));
    let run = gfetch(&["-s", "--body", "-C", "95", &url]).expect(0);
    assert_eq!(run.text(), &text(100)[95..]);
}

/// A hash, a limit and a manifest are the file's; `bytes` is what came, as curl's `%{size_download}`.
#[test]
fn continue_at_tells_of_the_whole_file_and_holds_it_to_its_limit() {
    let (server, dir) = (Server::new(), Dir::new());
    let url = server.url("/file/100");
    let hash = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let args = ["-C", "-", "-o", "f", "--fields", "+sha256", "--manifest", "m", &url];
    dir.write("f", &text(100)[..40]);
    let run = fetch(&dir, &[&args[..], &["--max-filesize", "99"]].concat()).expect(3).records();
    assert_eq!((&run[0]["error"]["kind"], dir.read("f")), (&json!("too_large"), text(100)[..40].to_owned()));
    let run = fetch(&dir, &[&args[..], &["--max-filesize", "100"]].concat()).expect(0).records();
    assert_eq!((&run[0]["sha256"], &run[0]["bytes"]), (&json!(hash(&text(100))), &json!(60)));
    assert_eq!(dir.read("m"), format!("# gfetch: url\tfile\tbytes\n{url}\tf\t100\n"));
    // Where nothing was there what comes is all of the file, and what is counted only is what comes.
    for args in [&["-o", "g"][..], &["-o", "/dev/null"], &[]] {
        let run =
            fetch(&dir, &[&["-C", "95", "--fields", "+sha256", &url, "--max-filesize", "5"], args].concat()).expect(0);
        assert_eq!(run.records()[0]["sha256"], json!(hash(&text(100)[95..])), "{args:?}");
    }
    assert_eq!(dir.read("g"), text(100)[95..]);
}

#[test]
fn continue_at_takes_the_whole_where_a_server_has_no_parts() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("f", "something else");
    fetch(&dir, &["-C", "-", "-o", "f", &server.url("/whole/100")]).expect(0);
    assert_eq!(dir.read("f"), text(100));
}

#[test]
fn continue_at_keeps_what_came_for_the_next_time_and_for_retries() {
    let (server, dir) = (Server::new(), Dir::new());
    for there in [500, 750, 875] {
        fetch(&dir, &["-C", "-", "-o", "f", &server.url("/half/1000")]).expect(3);
        assert_eq!(dir.read("f"), text(there));
    }
    let args = ["-C", "-", "-o", "g", "--retry", "4", "--retry-all-errors", "--retry-delay", "0.01"];
    fetch(&dir, &[&args[..], &[&server.url("/half/1000")]].concat()).expect(3);
    assert_eq!(dir.read("g"), text(1000 - 1000 / 32 - 1));
    let last = server.requests().pop().unwrap();
    assert_eq!(
        last.field("if-range"),
        Some("\"v1000\""),
        "what an attempt began must be what the next one goes on with"
    );
    fetch(&dir, &["-C", "-", "-o", "f", &server.url("/file/1000")]).expect(0);
    assert_eq!(dir.read("f"), text(1000));
    let left: Vec<String> = dir.names();
    assert_eq!(left, ["f", "g"]);
}

/// Who does not know `If-Range` sends the rest of what it has by now.
#[test]
fn continue_at_takes_no_part_of_another_version() {
    let whole = body(100);
    let rest = |tag: &str| format!("206 Part\r\nContent-Range: bytes 40-99/100\r\n{tag}Content-Length: 60\r\n\r\n");
    let none = "416 No\r\nContent-Range: bytes */40\r\nETag: \"two\"\r\nContent-Length: 0\r\n\r\n".to_owned();
    for (second, is_taken) in [
        (rest("ETag: \"one\"\r\n"), true),
        (rest(""), true),
        (rest("ETag: \"two\"\r\n"), false),
        (rest("ETag: W/\"one\"\r\n"), false),
        (none, false),
    ] {
        let (listener, dir) = (TcpListener::bind("127.0.0.1:0").unwrap(), Dir::new());
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (sent, answer) = (whole.clone(), second.clone());
        let server = thread::spawn(move || {
            let first = "200 OK\r\nETag: \"one\"\r\nContent-Length: 100\r\n\r\n".to_owned();
            let mut last = None;
            for (head, bytes) in [(first, &sent[..40]), (answer, &sent[40..])] {
                let (mut stream, _) = listener.accept().unwrap();
                last = read_request(&mut BufReader::new(&stream));
                write!(stream, "HTTP/1.1 {head}").unwrap();
                // What is refused is not waited for.
                let _ = stream.write_all(bytes);
            }
            last.unwrap()
        });
        let args = ["-C", "-", "-o", "f", "--retry", "1", "--retry-all-errors", "--retry-delay", "0.01", &url];
        let record = fetch(&dir, &args).expect(if is_taken { 0 } else { 3 }).records().remove(0);
        assert_eq!(server.join().unwrap().field("if-range"), Some("\"one\""));
        assert_eq!(record["error"]["kind"], if is_taken { json!(null) } else { json!("protocol") }, "{second}");
        let there = if is_taken { text(100) } else { text(100)[..40].to_owned() };
        assert_eq!((dir.read("f"), dir.names().len()), (there, 1), "{second}");
    }
}

#[test]
fn time_cond_leaves_what_is_not_newer() {
    let (server, dir) = (Server::new(), Dir::new());
    let url = server.url("/file/100");
    dir.write("f", "old");
    let run = fetch(&dir, &["-z", CHANGED, "-o", "f", &url]).expect(0).records();
    assert_eq!((&run[0]["status"], &run[0]["ok"], dir.read("f")), (&json!(304), &json!(true), "old".into()));
    assert_eq!(server.requests()[0].field("if-modified-since"), Some(CHANGED));
    // Its own time is later than the server's file, which need not know conditions.
    let run = fetch(&dir, &["-z", "f", "-o", "f", &url]).expect(0).records();
    assert_eq!((&run[0]["status"], dir.read("f")), (&json!(304), "old".into()), "as in curl");
    fetch(&dir, &["-z", "-f", "-o", "g", &url]).expect(0);
    assert!(server.requests()[2].field("if-unmodified-since").is_some());
    assert_eq!(dir.read("g"), text(100));
    fetch(&dir, &["-z", "1994-11-05", "-o", "f", &url]).expect(0);
    assert_eq!(dir.read("f"), text(100));
    fetch(&dir, &["-z", "neither", &url]).expect(2);
}

#[test]
fn etag_save_and_etag_compare_fetch_what_changed() {
    let (server, dir) = (Server::new(), Dir::new());
    let args = ["--etag-save", "tag", "--etag-compare", "tag", "-o", "f"];
    fetch(&dir, &[&args[..], &[&server.url("/file/100")]].concat()).expect(0);
    assert_eq!((dir.read("f"), dir.read("tag")), (text(100), "\"v100\"\n".into()));
    dir.write("f", "mine");
    let run = fetch(&dir, &[&args[..], &[&server.url("/file/100")]].concat()).expect(0).records();
    assert_eq!((&run[0]["status"], dir.read("f"), dir.read("tag")), (&json!(304), "mine".into(), "\"v100\"\n".into()));
    fetch(&dir, &[&args[..], &[&server.url("/file/200")]].concat()).expect(0);
    assert_eq!((dir.read("f"), dir.read("tag")), (text(200), "\"v200\"\n".into()));
    let asked: Vec<String> =
        server.requests().iter().map(|one| one.field("if-none-match").unwrap().to_owned()).collect();
    assert_eq!(asked, ["\"\"", "\"v100\"", "\"v100\""]);
    fetch(&dir, &["--etag-save", "tag", &server.url("/status/404")]).expect(3);
    assert_eq!(dir.read("tag"), "\"v200\"\n", "a failure says nothing of the file");
    fetch(&dir, &["--etag-save", "tag", &server.url("/say/x")]).expect(0);
    assert_eq!(dir.read("tag"), "\n", "no tag any more");
    fetch(&dir, &["--etag-compare", "missing", &server.url("/a")]).expect(2);
    fetch(&dir, &["--etag-save", "tag", &server.url("/a"), &server.url("/b")]).expect(2);
    let run = fetch(&dir, &["--etag-save", "no/folder", &server.url("/say/x")]).expect(3).records();
    assert_eq!(run[0]["error"]["kind"], json!("write"));
}

#[test]
fn etag_compare_makes_sure_that_it_is_the_same_file_that_is_continued() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("tag", "\"v999\"\n");
    dir.write("f", &text(100)[..40]);
    fetch(&dir, &["-C", "-", "--etag-compare", "tag", "-o", "f", &server.url("/file/100")]).expect(0);
    assert_eq!(dir.read("f"), text(100), "another tag: all of it came, once");
    let asked = server.requests().remove(0);
    assert_eq!((asked.field("if-range"), asked.field("if-none-match")), (Some("\"v999\""), None));
}

#[test]
fn dump_header_has_the_heads_of_all_answers_in_order() {
    let (server, dir) = (Server::new(), Dir::new());
    let urls = [server.url("/delay/50/to//say/a"), server.url("/status/404")];
    fetch(&dir, &["-D", "heads", &urls[0], &urls[1]]).expect(1);
    let heads = dir.read("heads");
    let firsts: Vec<&str> = heads.split("\r\n\r\n").filter_map(|head| head.lines().next()).collect();
    assert_eq!(firsts, ["HTTP/1.1 302 Found", "HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"]);
    assert!(heads.contains("Location: /say/a\r\n") && heads.ends_with("\r\n\r\n"));
    let run = gfetch(&["-s", "-D", "-", "--body", &server.url("/say/body")]).expect(0);
    assert!(run.text().starts_with("HTTP/1.1 200 OK\r\n") && run.text().ends_with("\r\n\r\nbody"), "{}", run.text());
    let run = gfetch(&["-s", "-D", "-", &server.url("/say/body")]).expect(0);
    assert!(run.text().ends_with("Content-Length: 4\r\n\r\n"), "{}", run.text());
    assert!(run.err.starts_with("200\t4\t"), "the report makes room: {}", run.err);
    fetch(&dir, &["-D", "no/folder", &server.url("/a")]).expect(2);
    fetch(&dir, &["-D", "/dev/full", &server.url("/a")]).expect(4);
}

#[test]
fn remote_time_is_the_files_time() {
    let (server, dir) = (Server::new(), Dir::new());
    fetch(&dir, &["-R", "-o", "f", &server.url("/file/100")]).expect(0);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    assert_eq!(fs::metadata(dir.file("f")).unwrap().modified().unwrap(), time);
    dir.write("f", &text(100)[..40]);
    fetch(&dir, &["-R", "-C", "-", "-o", "f", &server.url("/file/100")]).expect(0);
    assert_eq!(fs::metadata(dir.file("f")).unwrap().modified().unwrap(), time);
    fetch(&dir, &["-R", "-o", "g", &server.url("/say/x")]).expect(0);
    assert_ne!(fs::metadata(dir.file("g")).unwrap().modified().unwrap(), time);
}

#[test]
fn remote_header_name_is_the_answers_and_never_replaces_a_file() {
    let (server, dir) = (Server::new(), Dir::new());
    let run = fetch(&dir, &["-OJ", "--serial", &server.url("/named/a.txt?[1-2]"), &server.url("/say/b")]).expect(0);
    let files: Vec<_> = run.records().iter().map(|record| record["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(files, ["a.txt", "a.txt.1", "b"]);
    dir.write("there", "mine");
    let run = fetch(&dir, &["-OJ", &server.url("/named/there")]).expect(3).records();
    assert_eq!((&run[0]["error"]["kind"], dir.read("there")), (&json!("write"), "mine".into()));
    fetch(&dir, &["-J", &server.url("/named/x")]).expect(2);
    assert_eq!(dir.names(), ["a.txt", "a.txt.1", "b", "there"]);
}

#[test]
fn limit_rate_makes_it_slower() {
    let server = Server::new();
    let began = std::time::Instant::now();
    gfetch(&["--limit-rate", "40k", &server.url("/bytes/20480")]).expect(0);
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
}

#[test]
fn limit_rate_total_is_shared_by_all() {
    let server = Server::new();
    let began = std::time::Instant::now();
    gfetch(&["--limit-rate-total", "40k", &server.url("/bytes/[10240-10241]")]).expect(0);
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
}
