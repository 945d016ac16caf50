//! `--resume`: the run's record, taken up by the same command.

use std::collections::HashSet;
use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::runner::{Dir, Gfetch, Run, wait_until};
use crate::server::{Server, read_request};

/// The same command each time.
fn resume(dir: &Dir, args: &[&str]) -> Run {
    Gfetch::new(&["--resume", "record"]).args(args).dir(dir).run()
}

fn done(dir: &Dir) -> usize {
    dir.read("record").lines().filter(|line| line.starts_with("ok ")).count()
}

#[test]
fn resume_fetches_what_failed_and_nothing_that_was_done() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/say/a", "/flaky/1/say/b", "/say/c"]) + "no url at all\n");
    let run = resume(&dir, &["-i", "list"]).expect(1);
    assert_eq!(run.lines().len(), 4);
    assert_eq!(done(&dir), 2);
    let run = resume(&dir, &["-i", "list", "--format", "json"]).expect(1);
    // Numbers and places are those of the list.
    let places: Vec<String> =
        run.records().iter().map(|one| format!("{} {} {}", one["index"], one["source"], one["ok"])).collect();
    assert_eq!(places, ["1 \"list:2\" true", "3 \"list:4\" false"]);
    assert!(run.err.contains("2 more had been done before (--resume)"), "{}", run.err);
    assert_eq!(server.paths().len(), 4);
    dir.write("list", server.list(["/say/a", "/flaky/1/say/b", "/say/c"]));
    let run = resume(&dir, &["-i", "list"]).expect(0);
    assert!(run.out.is_empty() && !run.err.contains("no URL"), "{run:?}");
    assert_eq!(server.paths().len(), 4);
}

#[test]
fn resume_keeps_lines_verbatim_for_you_alone() {
    let (server, dir) = (Server::new(), Dir::new());
    let line = format!("  {{\"url\":\"{}\",\"id\":7}} ", server.url("/say/x"));
    dir.write("list", format!("{line}\n"));
    resume(&dir, &["-i", "list"]).expect(0);
    let record = dir.read("record");
    assert!(record.starts_with("# gfetch --resume record 1\n# id "), "{record}");
    assert!(record.ends_with(&format!(" 200 1 null {line}\n")), "{record}");
    assert_eq!(fs::metadata(dir.file("record")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn resume_knows_a_line_by_its_text_however_the_list_changes() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/say/a", "/say/b", "/say/a"]));
    resume(&dir, &["-i", "list"]).expect(0);
    dir.write("list", "# a comment\n".to_owned() + &server.list(["/say/new", "/say/a", "/say/a", "/say/a"]));
    let run = resume(&dir, &["-i", "list", "--serial"]).expect(0);
    assert_eq!(server.paths()[3..], ["/say/new", "/say/a"], "twice done, thrice in the list");
    let gone = format!(
        "the list has changed: of what was done before, these lines are not in it any more: 1, the first {}",
        server.url("/say/b")
    );
    assert!(run.err.contains(&gone), "{}", run.err);
    let run = resume(&dir, &["-i", "list", "-s"]).expect(0);
    assert!(run.err.is_empty(), "{}", run.err);
}

#[test]
fn resume_takes_lists_from_standard_input_and_in_the_order_of_completion() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = server.list(["/delay/100/say/a", "/say/b", "/status/500"]);
    for (code, asked) in [(1, 3), (1, 4)] {
        let run = Gfetch::new(&["--resume", "record", "-i", "-", "--unordered"]).input(&list).dir(&dir).run();
        run.expect(code);
        assert_eq!(server.paths().len(), asked);
    }
    assert_eq!(done(&dir), 2);
}

#[test]
fn resume_repairs_a_last_line_that_was_cut_off() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/say/a", "/say/b"]));
    resume(&dir, &["-i", "list", "--serial"]).expect(0);
    let record = dir.read("record");
    for cut in 1..record.len() {
        dir.write("record", &record[..record.len() - cut]);
        let before = done(&dir);
        if record.len() - cut > record.len() - 40 || cut % 13 == 0 {
            resume(&dir, &["-i", "list", "--serial"]).expect(0);
            assert_eq!(done(&dir), 2, "cut {cut}, {before} before");
            assert_eq!(dir.read("record").lines().filter(|line| line.starts_with('#')).count(), 2);
        }
    }
}

#[test]
fn resume_refuses_what_is_no_record_and_touches_nothing() {
    let (server, dir) = (Server::new(), Dir::new());
    let url = server.url("/say/a");
    resume(&dir, &[&url]).expect(0);
    let record = dir.read("record");
    for (text, word) in [
        ("my thesis\n".to_owned(), "is no record of --resume"),
        ("my".to_owned(), "is no record of --resume"),
        ("# gfetch --resume record 9\n".to_owned(), "another version of gfetch"),
        (format!("{record}half a line\n{record}"), "line 4 is none of a record's"),
        (record.replace("ok ", "ok x"), "line 3 is none of a record's"),
    ] {
        dir.write("record", &text);
        let run = resume(&dir, &[&url]).expect(2);
        assert!(run.err.contains(word) && run.err.contains("--resume record"), "{text:?}: {}", run.err);
        assert_eq!(dir.read("record"), text);
    }
    let run = Gfetch::new(&["--resume", dir.path().to_str().unwrap(), &url]).run().expect(2);
    assert!(run.err.contains("--resume"), "{}", run.err);
    let run = Gfetch::new(&["--resume", "/dev/null", &url]).run().expect(2);
    assert!(run.err.contains("no regular file"), "{}", run.err);
    assert_eq!(server.paths().len(), 1);
}

#[test]
fn resume_refuses_another_commands_record_and_names_the_options() {
    let (server, dir) = (Server::new(), Dir::new());
    let url = server.url("/say/a");
    resume(&dir, &[&url, "-o", "x", "-H", "X-A: 1", "-m", "5", "-A", "me"]).expect(0);
    let run = resume(&dir, &[&url, "-o", "y", "-H", "X-A: 2", "-d", "x"]).expect(2);
    assert!(
        run.err.contains("it was made with another -X, -d, -H, -o, -O, -J, --output-dir or --body: "),
        "{}",
        run.err
    );
    // What only says how fast, how often or who asks is no other command.
    resume(&dir, &[&url, "-o", "x", "-H", "x-a: 1", "-m", "9", "-A", "you", "--retry", "3", "-j", "2"]).expect(0);
    assert_eq!(server.paths().len(), 1);
}

#[test]
fn resume_is_for_one_run_at_a_time() {
    let (server, dir) = (Server::new(), Dir::new());
    let first = Gfetch::new(&["--resume", "record", &server.url("/hang")]).dir(&dir).start();
    wait_until("request", || server.paths().len() == 1);
    let run = resume(&dir, &[&server.url("/hang")]).expect(2);
    assert!(run.err.contains("--resume record: another run is writing to it"), "{}", run.err);
    first.signal("KILL");
    first.wait();
    assert_eq!(server.paths().len(), 1);
}

#[test]
fn resume_has_what_succeeded_before_a_signal() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/hang", "/say/a", "/say/b"]));
    let run = Gfetch::new(&["--resume", "record", "-i", "list", "--grace", "0.1"]).dir(&dir).start();
    wait_until("requests", || server.paths().len() == 3);
    run.signal("INT");
    assert_eq!(run.wait().signal(), Some(2));
    assert_eq!(done(&dir), 2);
}

/// With `--body` the report is on standard error: what stands in front of a reader who does not read is not told.
#[test]
fn resume_has_as_done_what_its_report_has_wherever_that_goes() {
    const LINES: usize = 600;
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(vec!["/say/a"; LINES]));
    let (mut report, stderr) = std::io::pipe().unwrap();
    let run = Gfetch::new(&["--resume", "record", "-i", "list", "--body", "--format", "json", "-s"]).dir(&dir);
    let run = run.stderr(stderr).start();
    wait_until("all requests", || server.paths().len() == LINES);
    // Several times what the record waits for at most: all that it will take for done.
    std::thread::sleep(Duration::from_millis(500));
    run.signal("KILL");
    run.wait();
    let mut told = String::new();
    report.read_to_string(&mut told).unwrap();
    let told = told.matches("}\n").count();
    assert!(told < LINES, "the pipe took all");
    assert!(done(&dir) <= told, "{} done, {told} told", done(&dir));
    // Who reads is told all.
    let run = resume(&dir, &["-i", "list", "--body", "--format", "json", "-s"]).expect(0);
    assert!(run.err.lines().count() >= LINES - told && done(&dir) == LINES, "{} done", done(&dir));
}

/// Files are recorded as they are done; a report's lines with the report, in its order.
#[test]
fn resume_does_not_wait_for_an_earlier_line_to_note_a_file() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/hang", "/say/a", "/say/b"]));
    let run = Gfetch::new(&["--resume", "record", "-i", "list", "-O"]).dir(&dir).start();
    wait_until("record", || dir.file("record").exists() && done(&dir) == 2);
    run.signal("KILL");
    run.wait();
    assert_eq!((dir.read("a"), dir.read("b")), ("a".into(), "b".into()));
}

#[test]
fn resume_prints_each_body_once_and_streams_past_those_that_were_done() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/flaky/1/say/one", "/say/two", "/drip/5"]));
    let first = resume(&dir, &["-i", "list", "--body"]).expect(1);
    assert!(first.text().starts_with("two"), "{}", first.text());
    assert_eq!(resume(&dir, &["-i", "list", "--body"]).expect(0).text(), "one");
    assert_eq!(resume(&dir, &["-i", "list", "--body"]).expect(0).text(), "");
    // The turn to print passes over lines that are not fetched any more.
    dir.write("list", server.list(["/say/two", "/stall"]));
    let run = Gfetch::new(&["--resume", "record", "-i", "list", "--body"]).dir(&dir).start();
    run.wait_for_lines(1);
    run.signal("KILL");
    run.wait();
}

#[test]
fn resume_counts_this_run_only_and_its_exit_status_all_that_the_record_has() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/say/a", "/status/404"]));
    resume(&dir, &["-i", "list"]).expect(1);
    let run = resume(&dir, &["-i", "list"]).expect(1);
    assert!(run.err.contains("1 URL: 0 ok, 1 failed"), "{}", run.err);
    // What had been done before in another list is none of this one's.
    dir.write("list", server.list(["/status/404"]));
    resume(&dir, &["-i", "list"]).expect(3);
}

#[test]
fn resume_does_not_go_with_compare_or_with_a_file_that_takes_its_place() {
    let (server, dir) = (Server::new(), Dir::new());
    for (args, word) in [
        (&["--compare"][..], "--compare does not go with --resume"),
        (&["--save-failed", "record"], "--resume and --save-failed name the same file"),
        (&["-D", "record"], "--resume and -D name the same file"),
        (&["-c", "record"], "--resume and -c name the same file"),
        (&["--har", "record"], "--resume and --har name the same file"),
        (&["--summary-json", "./record"], "--resume and --summary-json name the same file"),
        (&["--report", "./record"], "--resume and --report name the same file"),
        (&["-O", "--manifest", "./record"], "--resume and --manifest name the same file"),
        (&["--etag-save", "./record"], "--resume and --etag-save name the same file"),
        (&["-i", "record"], "--resume and -i name the same file"),
    ] {
        let run = resume(&dir, &[args, &[&*server.url("/")][..]].concat()[..]).expect(2);
        assert!(run.err.contains(word), "{}", run.err);
    }
    assert!(dir.names().is_empty() && server.paths().is_empty());
}

/// A name of its own does not make it a file of its own.
#[test]
fn resume_knows_its_record_behind_a_link() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/say/a"]));
    resume(&dir, &["-i", "list"]).expect(0);
    let record = dir.read("record");
    fs::hard_link(dir.file("record"), dir.file("hard")).unwrap();
    std::os::unix::fs::symlink("record", dir.file("soft")).unwrap();
    for (option, link) in [("--har", "hard"), ("-D", "hard"), ("--summary-json", "soft"), ("-i", "soft")] {
        let run = resume(&dir, &["-i", "list", option, link]).expect(2);
        assert!(run.err.contains(&format!("--resume and {option} name the same file")), "{}", run.err);
    }
    assert_eq!((dir.read("record"), server.paths().len()), (record, 1));
}

/// A retry, and the next run, go on with what came; a server that has another version by now sends it whole.
#[test]
fn resume_goes_on_with_what_broke_off() {
    let (server, dir) = (Server::new(), Dir::new());
    let args = ["-o", "x", &server.url("/half/600000")];
    resume(&dir, &[&args[..], &["--retry", "1", "--retry-all-errors", "--retry-delay", "0.01"]].concat()).expect(3);
    let ranges: Vec<Option<String>> =
        server.requests().iter().map(|one| one.field("range").map(str::to_owned)).collect();
    assert_eq!(ranges, [None, Some("bytes=300000-".to_owned())]);
    let part = || {
        let names = dir.names();
        assert!(names.len() == 2 && names[0].starts_with(".gfetch-"), "{names:?}");
        fs::read(dir.file(&names[0])).unwrap()
    };
    assert!(part() == crate::server::body(450_000), "{} bytes", part().len());
    resume(&dir, &args).expect(3);
    assert_eq!(server.requests()[2].field("range"), Some("bytes=450000-"));
    assert!(part() == crate::server::body(525_000), "{} bytes", part().len());
    dir.write("record", dir.read("record").replace("\"v600000\"", "\"old\""));
    resume(&dir, &args).expect(3);
    assert_eq!(server.requests()[3].field("if-range"), Some("\"old\""));
    assert!(part() == crate::server::body(300_000), "it begins anew: {} bytes", part().len());
}

/// Gives each connection the next of these answers, and breaks off.
fn answer_in_turn(answers: impl IntoIterator<Item = String>) -> String {
    let (listener, answers) = (TcpListener::bind("127.0.0.1:0").unwrap(), Vec::from_iter(answers));
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&mut BufReader::new(&stream)).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

const FOUR_OF_TEN: &str = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 10\r\n\r\n0123";
const SIX_MORE: &str = "HTTP/1.1 206 P\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789";
/// All of it, but for the word that it was all.
const TEN_AND_NO_END: &str = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n";
const NO_MORE: &str = "HTTP/1.1 416 R\r\nContent-Range: bytes */10\r\nContent-Length: 0\r\n\r\n";

/// What a run would ask for by its part, and a curl command without one, for curl's file would be the rest alone.
#[test]
fn dry_run_tells_the_range_that_would_be_asked_for() {
    for name in ["x", "{status}-x"] {
        let (url, dir) = (answer_in_turn([FOUR_OF_TEN, FOUR_OF_TEN, SIX_MORE].map(str::to_owned)), Dir::new());
        let args = ["-o", name, &url];
        let told = |args: &[&str]| {
            let run = resume(&dir, &[args, &["--dry-run", "--format", "json"]].concat()).expect(0);
            let fields = run.records()[0]["request_headers"].clone();
            [&fields["range"], &fields["if-range"]].map(|field| field[0].as_str().map(str::to_owned))
        };
        assert_eq!(told(&args), [None, None]);
        resume(&dir, &args).expect(3);
        assert_eq!(told(&args), [Some("bytes=4-".to_owned()), Some("\"1\"".to_owned())], "{name}");
        let run = resume(&dir, &[&args[..], &["--to-curl"]].concat()).expect(0);
        assert!(!run.text().to_lowercase().contains("range"), "{}", run.text());
        // What is asked for otherwise begins anew, as the run would.
        let other = format!("{{\"url\":\"{url}\",\"headers\":{{\"Range\":\"bytes=1-\"}},\"output\":\"y\"}}\n");
        dir.write("list", other);
        let args = ["--resume", "other", "-i", "list", "-O"];
        Gfetch::new(&args).dir(&dir).run().expect(3);
        let run = Gfetch::new(&args).args(&["--dry-run", "-v"]).dir(&dir).run().expect(0);
        assert!(run.err.contains("Range: bytes=1-") && !run.err.contains("If-Range"), "{}", run.err);
    }
}

/// A hash and a length that a script compares are the file's, in however many runs it came; `bytes` is what came now.
#[test]
fn resume_tells_of_the_whole_file() {
    let hash: String = Sha256::digest(b"0123456789").iter().map(|byte| format!("{byte:02x}")).collect();
    for (begin, end, bytes) in [(FOUR_OF_TEN, SIX_MORE, 6), (TEN_AND_NO_END, NO_MORE, 0)] {
        let (url, dir) = (answer_in_turn([begin, end].map(str::to_owned)), Dir::new());
        let args = ["-o", "x", "--manifest", "m", "--format", "json", "--fields", "+sha256", &url];
        resume(&dir, &args).expect(3);
        let records = resume(&dir, &args).expect(0).records();
        assert_eq!((&records[0]["sha256"], &records[0]["bytes"]), (&json!(hash), &json!(bytes)));
        assert_eq!((dir.read("x"), dir.names()), ("0123456789".into(), vec!["m".into(), "record".into(), "x".into()]));
        assert!(dir.read("m").ends_with(&format!("{url}\tx\t10\n")), "{}", dir.read("m"));
        assert!(dir.read("record").ends_with(&format!(" 10 \"x\" {url}\n")), "{}", dir.read("record"));
    }
}

/// One line twice is two files: each has a part of its own, and both are gone on with.
#[test]
fn resume_keeps_a_part_for_each_of_two_lines_that_say_the_same() {
    let (server, dir) = (Server::new(), Dir::new());
    let line = json!({"url": server.url("/half/600000"), "output": "x"}).to_string() + "\n";
    dir.write("list", line.repeat(2));
    let parts = || {
        let names = dir.names().into_iter().filter(|name| name.starts_with(".gfetch-"));
        names.map(|name| fs::metadata(dir.file(&name)).unwrap().len()).collect::<Vec<_>>()
    };
    for there in [300_000, 450_000] {
        resume(&dir, &["-i", "list"]).expect(3);
        assert_eq!(parts(), [there; 2]);
    }
    let ranges: Vec<_> = server.requests().iter().map(|one| one.field("range").map(str::to_owned)).collect();
    assert_eq!(ranges, [None, None, Some("bytes=300000-".to_owned()), Some("bytes=300000-".to_owned())]);
    let keys: HashSet<String> =
        dir.read("record").lines().filter_map(|line| line.strip_prefix("part ").map(str::to_owned)).collect();
    assert_eq!(keys.len(), 2, "{}", dir.read("record"));
}

#[test]
fn resume_holds_the_whole_file_to_its_limit() {
    for (begin, end) in [(FOUR_OF_TEN, SIX_MORE), (TEN_AND_NO_END, NO_MORE)] {
        for (most, code) in [("9", 3), ("10", 0)] {
            let (url, dir) = (answer_in_turn([begin, end].map(str::to_owned)), Dir::new());
            resume(&dir, &["-o", "x", &url]).expect(3);
            let run = resume(&dir, &["-o", "x", &url, "--max-filesize", most, "--format", "json"]).expect(code);
            let kind = &run.records()[0]["error"]["kind"];
            assert_eq!(
                (kind.as_str(), dir.file("x").exists()),
                ((code == 3).then_some("too_large"), code == 0),
                "{most}"
            );
        }
    }
    // What is longer without its announcement ends where it is.
    let more =
        "HTTP/1.1 206 P\r\nContent-Range: bytes 4-9/10\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n456789\r\n0\r\n\r\n";
    let (url, dir) = (answer_in_turn([FOUR_OF_TEN, more].map(str::to_owned)), Dir::new());
    resume(&dir, &["-o", "x", &url]).expect(3);
    let run = resume(&dir, &["-o", "x", &url, "--max-filesize", "9", "--format", "json"]).expect(3);
    assert_eq!(run.records()[0]["error"]["kind"], json!("too_large"));
}

/// The file itself grows then, and is no part of the record's.
#[test]
fn resume_goes_with_continue_at() {
    let (server, dir) = (Server::new(), Dir::new());
    let args = ["-C", "-", "-o", "x", &server.url("/half/1000")];
    for there in [500, 750, 875] {
        resume(&dir, &args).expect(3);
        assert_eq!(fs::read(dir.file("x")).unwrap(), crate::server::body(there));
    }
    dir.write("x", crate::server::body(1000));
    resume(&dir, &args).expect(0);
    assert_eq!((done(&dir), dir.names()), (1, vec!["record".into(), "x".into()]));
}

#[test]
fn resume_keeps_a_part_in_the_folder_of_its_status() {
    let (server, dir) = (Server::new(), Dir::new());
    let args = ["-o", "{status}/x", "--create-dirs", &server.url("/half/600000")];
    for there in [300_000, 450_000] {
        resume(&dir, &args).expect(3);
        let names = dir.names();
        assert!(names.len() == 2 && names[0].starts_with("200/.gfetch-"), "{names:?}");
        assert_eq!(fs::metadata(dir.file(&names[0])).unwrap().len(), there);
    }
    let args = ["-o", "{status}/x", "--create-dirs", &server.url("/file/600000")];
    resume(&dir, &args).expect(0);
    assert!(fs::read(dir.file("200/x")).unwrap() == crate::server::body(600_000));
}

#[test]
fn dry_run_passes_over_what_was_done_and_what_is_there_and_touches_neither() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/say/a", "/status/500", "/flaky/1/say/c"]));
    let args = ["-i", "list", "-O", "--skip-existing"];
    let dry = || resume(&dir, &[&args[..], &["--dry-run"]].concat()).expect(0);
    assert_eq!(dry().lines().len(), 3);
    assert!(!dir.file("record").exists());
    resume(&dir, &args).expect(1);
    dir.write("500", "mine");
    let record = dir.read("record");
    let run = dry();
    assert!(run.lines().len() == 1 && run.text().starts_with("2\tGET\t"), "{}", run.text());
    assert!(run.err.contains("1 more had been done before (--resume)"), "{}", run.err);
    assert!(run.err.contains("1 more have their files (--skip-existing)"), "{}", run.err);
    assert_eq!((server.paths().len(), dir.read("record")), (3, record));
    resume(&dir, &args).expect(0);
    assert!(dry().out.is_empty());
    let run = resume(&dir, &["--dry-run", "-i", "list", "-o", "{index}"]).expect(2);
    assert!(run.err.contains("it was made with another -o"), "{}", run.err);
}
