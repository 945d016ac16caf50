//! Files that are there, names that the answer settles, the manifest, and a disk that is full.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use crate::runner::{Dir, Gfetch, Run};
use crate::server::{Server, body};

fn fetch(dir: &Dir, args: &[&str]) -> Run {
    Gfetch::new(args).args(&["--format", "json"]).dir(dir).run()
}

fn files(run: &Run) -> Vec<String> {
    run.records().iter().map(|record| record["file"].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn no_clobber_keeps_what_is_there_and_numbers_in_input_order() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("a", "mine");
    dir.write("a.2", "mine too");
    let urls = [server.url("/delay/150/say/1?/a"), server.url("/say/2"), server.url("/say/3")];
    let list = urls.map(|url| json!({"url": url, "output": "a"}).to_string() + "\n").concat();
    dir.write("list", list);
    let run = fetch(&dir, &["-i", "list", "--no-clobber"]).expect(0);
    assert_eq!(files(&run), ["a.1", "a.3", "a.4"]);
    assert_eq!((dir.read("a"), dir.read("a.2")), ("mine".into(), "mine too".into()));
    assert_eq!((dir.read("a.3"), dir.read("a.4")), ("2".into(), "3".into()));
    assert!(dir.file("a.1").exists());
    // --clobber takes it back.
    let run = fetch(&dir, &["-i", "list", "--no-clobber", "--clobber"]).expect(0);
    assert_eq!((files(&run), dir.read("a.2")), (vec!["a".into(), "a.1".into(), "a.2".into()], "3".into()));
}

#[test]
fn no_clobber_ends_at_a_hundred_and_holds_for_headers_names() {
    let (server, dir) = (Server::new(), Dir::new());
    for suffix in 0..=100 {
        dir.write(&if suffix == 0 { "x".to_owned() } else { format!("x.{suffix}") }, "mine");
    }
    let run = fetch(&dir, &["--no-clobber", "-o", "x", &server.url("/say/a")]).expect(3);
    let error = &run.records()[0]["error"];
    assert_eq!((&error["kind"], &error["curl"]), (&json!("write"), &json!(23)));
    assert!(error["message"].as_str().unwrap().contains("--no-clobber"), "{error}");
    assert_eq!(dir.names().len(), 101, "{:?}", dir.names());
    dir.write("y", "mine");
    let run = fetch(&dir, &["--no-clobber", "-OJ", &server.url("/named/y")]).expect(0);
    assert_eq!((files(&run), dir.read("y")), (vec!["y.1".into()], "mine".into()));
}

#[test]
fn skip_existing_asks_for_nothing_that_is_there() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("a", "half a fi");
    let list = server.list(["/say/a", "/say/b"]);
    dir.write("list", &list);
    let run = fetch(&dir, &["-i", "list", "-O", "--skip-existing"]).expect(0);
    let first = &run.records()[0];
    let seen = (&first["ok"], &first["attempts"], &first["status"], &first["file"], &first["final_url"]);
    assert_eq!(seen, (&json!(true), &json!(0), &json!(null), &json!("a"), &json!(null)));
    assert_eq!((server.paths(), dir.read("a"), dir.read("b")), (vec!["/say/b".into()], "half a fi".into(), "b".into()));
    let text = Gfetch::new(&["-i", "list", "-O", "--skip-existing"]).dir(&dir).run().expect(0);
    assert!(text.err.contains("2 URLs: 2 ok"), "{}", text.err);
    let expected = ["a", "b"]
        .map(|name| format!("000\t0\t0.000000\t{}\tskipped: {name} is there", server.url(&format!("/say/{name}"))));
    assert_eq!(text.lines(), expected);
    assert_eq!(server.paths().len(), 1);
    // A device is written to, a folder is a failure: neither is a file that is there.
    fs::create_dir(dir.file("d")).unwrap();
    fetch(&dir, &["--skip-existing", "-o", "/dev/null", &server.url("/say/c")]).expect(0);
    fetch(&dir, &["--skip-existing", "-o", "d", &server.url("/say/d")]).expect(3);
    assert_eq!(server.paths().len(), 3);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let (server, dir) = (Server::new(), Dir::new());
    let url = server.url("/");
    for (args, word) in [
        (&["--no-clobber"][..], "--no-clobber needs -o or -O"),
        (&["--skip-existing"], "--skip-existing needs -o or -O"),
        (&["--manifest", "m"], "--manifest needs -o or -O"),
        (&["-O", "--no-clobber", "--skip-existing"], "choose one"),
        (&["-O", "--no-clobber", "-C", "-"], "-C goes on with the file that is there, --no-clobber leaves it"),
        (&["-O", "--skip-existing", "-C", "-"], "--skip-existing leaves it"),
        (&["-OJ", "--skip-existing"], "with -J the answer names the file"),
        (&["-o", "{status}", "--skip-existing"], "with {status} in -o the answer names the file"),
        (&["-o", "{status}", "-C", "-"], "{status}"),
        (&["-o", "{status}", "http://x/"], "to tell the files apart"),
    ] {
        let run = fetch(&dir, &[args, &[&*url]].concat()).expect(2);
        assert!(run.err.contains(word), "{args:?}: {}", run.err);
    }
    assert!(server.paths().is_empty() && dir.names().is_empty());
}

#[test]
fn a_status_in_a_name_is_the_answers_and_suffixes_are_in_input_order() {
    let (server, dir) = (Server::new(), Dir::new());
    let urls = ["/delay/100/status/404", "/status/200", "/status/503", "/status/200"];
    dir.write("list", server.list(urls));
    let run = fetch(&dir, &["-i", "list", "-o", "{host}-{status}.txt", "--no-fail"]).expect(0);
    let names = ["-404.txt", "-200.txt.1", "-503.txt.2", "-200.txt.3"].map(|end| format!("127.0.0.1{end}"));
    assert_eq!(files(&run), names);
    // Of what a URL has in its name nothing is filled.
    let run = fetch(&dir, &["-o", "#1-{status}", &server.url("/say/{a,b}")]).expect(0);
    assert_eq!(files(&run), ["a-200", "b-200"]);
    let run = fetch(&dir, &["-g", "-O", &server.url("/say/{status}")]).expect(0);
    assert_eq!(files(&run), ["%7Bstatus%7D"]);
}

#[test]
fn two_files_whose_names_meet_only_with_their_status_are_two() {
    let (server, dir) = (Server::new(), Dir::new());
    let (one, two) =
        (json!({"url": server.url("/status/200"), "id": "x"}), json!({"url": server.url("/status/201"), "id": "x200"}));
    let (one, two) = (format!("{one}\n"), format!("{two}\n"));
    dir.write("list", one + &two);
    let run = fetch(&dir, &["-i", "list", "--serial", "-o", "{id}{status}"]).expect(0);
    assert_eq!(files(&run), ["x200", "x200201"]);
}

#[test]
fn the_manifest_says_what_is_where() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write(
        "list",
        server.list(["/say/a", "/status/404", "/say/bc"]) + &server.list(["/say/a"]).replace("//", "//me:secret@"),
    );
    let args = ["-i", "list", "-O", "--manifest", "m"];
    fetch(&dir, &args).expect(1);
    let line = |path: &str, file: &str, bytes: usize| format!("{}\t{file}\t{bytes}\n", server.url(path));
    let with_secret = line("/say/a", "a.1", 1).replace("//", "//me:***@");
    let expected =
        format!("# gfetch: url\tfile\tbytes\n{}{}{with_secret}", line("/say/a", "a", 1), line("/say/bc", "bc", 2));
    assert_eq!(dir.read("m"), expected);
    fetch(&dir, &args).expect(1);
    assert_eq!(dir.read("m"), expected, "its own place may be taken again");
    fetch(&dir, &[&args[..], &["--skip-existing"]].concat()).expect(1);
    assert_eq!(dir.read("m"), expected, "what is there is as long as it is, and not as what came");
    dir.write("m", "my thesis");
    let run = fetch(&dir, &args).expect(2);
    assert!(run.err.contains("is no manifest") && dir.read("m") == "my thesis", "{}", run.err);
}

#[test]
fn the_manifest_of_a_run_that_was_taken_up_has_all_files() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list(["/flaky/1/say/a", "/say/b"]));
    let args = ["-i", "list", "-O", "--manifest", "m", "--resume", "record"];
    fetch(&dir, &args).expect(1);
    fetch(&dir, &args).expect(0);
    let line = |path: &str, file: &str| format!("{}\t{file}\t1\n", server.url(path));
    let expected = line("/say/b", "b") + &line("/flaky/1/say/a", "a");
    assert_eq!(dir.read("m"), format!("# gfetch: url\tfile\tbytes\n{expected}"));
}

/// What was finished is kept, what runs may end, the rest is not begun, and the status says why.
fn check_full(run: Run, dir: &Dir, small: usize) {
    let run = run.expect(4);
    assert!(
        run.err.contains("a file found no room (a full disk, a quota, ulimit -f): stopped; what was finished is kept"),
        "{}",
        run.err
    );
    let kinds: Vec<String> =
        run.records().iter().map(|one| one["error"]["kind"].as_str().unwrap_or("ok").to_owned()).collect();
    assert_eq!(kinds[0], "ok");
    assert_eq!(kinds[1], "write", "{:?}", run.records());
    assert!(kinds.len() > 3 && kinds[2..].iter().all(|kind| kind == "cancelled"), "{kinds:?}");
    assert_eq!(fs::read(dir.file("out/0")).unwrap(), body(small));
    let left: Vec<String> =
        dir.names().into_iter().filter(|name| name.starts_with("out/") && name != "out/0").collect();
    assert!(left.is_empty(), "{left:?}");
}

fn list_for_full(server: &Server, dir: &Dir) {
    let rest = (0..50).map(|n| format!("/bytes/{}", 100 + n));
    dir.write("list", server.list(["/bytes/50".to_owned(), "/bytes/3000000".to_owned()].into_iter().chain(rest)));
    fs::create_dir_all(dir.file("out")).unwrap();
}

const FULL: &str = "-i list -o {index} --output-dir out -j 1 --format json";

#[test]
fn a_limit_of_files_stops_the_run_cleanly() {
    let (server, dir) = (Server::new(), Dir::new());
    list_for_full(&server, &dir);
    let run = Gfetch::shell(&format!("ulimit -f 1000; exec \"$0\" {FULL}")).dir(&dir).run();
    check_full(run, &dir, 50);
    // So does it where all is written in one piece, after which the next may have begun.
    dir.write("list", server.list(["/bytes/50", "/bytes/100000"]) + &server.list(["/say/a"; 2000]));
    let run = Gfetch::shell(&format!("ulimit -f 60; exec \"$0\" {FULL}")).dir(&dir).run().expect(4);
    assert!(
        run.err.contains("found no room (a full disk, a quota, ulimit -f): stopped")
            && run.err.contains("stopped after line"),
        "{}",
        run.err
    );
    assert_eq!(run.records()[1]["error"]["kind"], "write");
}

/// A file system of its own, where this process may mount one.
#[test]
fn a_full_disk_stops_the_run_cleanly_and_the_next_goes_on() {
    let (server, dir) = (Server::new(), Dir::new());
    list_for_full(&server, &dir);
    let mount = |size: &str, how: &str| {
        let options = format!("{how}size={size}");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs", &dir.at("out")]).output();
        done.is_ok_and(|done| done.status.success())
    };
    if !mount("1m", "") {
        let insists = std::env::var("GFETCH_INTEROP").is_ok_and(|value| value == "require");
        assert!(!insists, "no file system can be mounted here");
        println!("skipped: no file system can be mounted here");
        return;
    }
    let done = std::panic::catch_unwind(|| {
        check_full(Gfetch::shell(&format!("exec \"$0\" {FULL} --resume record")).dir(&dir).run(), &dir, 50);
        assert!(mount("8m", "remount,"));
        Gfetch::shell(&format!("exec \"$0\" {FULL} --resume record")).dir(&dir).run().expect(0);
        assert_eq!(fs::read(dir.file("out/1")).unwrap(), body(3_000_000));
        assert_eq!(server.paths().len(), 53, "one was asked for twice");
    });
    let unmounted = Command::new("umount").arg(dir.at("out")).status().unwrap();
    assert!(unmounted.success());
    done.unwrap();
}

/// That body could not be written; others can.
#[test]
fn a_file_that_cannot_be_written_is_that_urls_failure_alone() {
    let (server, dir) = (Server::new(), Dir::new());
    fs::create_dir(dir.file("a")).unwrap();
    dir.write("list", server.list(["/say/a", "/say/b"]));
    let run = fetch(&dir, &["-i", "list", "-O"]).expect(1);
    assert_eq!(run.records()[0]["error"]["kind"], "write");
    assert_eq!(dir.read("b"), "b");
    assert_eq!(
        fetch(&dir, &["-o", "none/{index}", &server.url("/say/a")]).expect(3).records()[0]["error"]["kind"],
        "write"
    );
}

#[test]
fn a_record_that_cannot_be_written_stops_the_run() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("list", server.list((0..3000).map(|n| format!("/say/{n}"))));
    // A line of the record has some 80 bytes: it ends somewhere in the middle.
    let run = Gfetch::shell("ulimit -f 100; exec \"$0\" -i list --resume record").dir(&dir).run().expect(4);
    assert!(run.err.contains("--resume record: cannot write the record"), "{}", run.err);
    assert!(run.err.contains("stopped after line"), "{}", run.err);
    Gfetch::new(&["-i", "list", "--resume", "record"]).dir(&dir).run().expect(0);
    let lines = dir.read("record").lines().filter(|line| line.starts_with("ok ")).count();
    assert_eq!(lines, 3000);
}

#[test]
fn remote_time_gives_files_their_times_also_where_a_part_went_on() {
    let (server, dir) = (Server::new(), Dir::new());
    fetch(&dir, &["-R", "-o", "x", "--resume", "record", &server.url("/file/600000")]).expect(0);
    let modified = fs::metadata(dir.file("x")).unwrap().modified().unwrap();
    assert_eq!(httpdate(modified), crate::server::CHANGED);
    assert_eq!(fs::metadata(dir.file("x")).unwrap().permissions().mode() & 0o600, 0o600);
}

fn httpdate(time: std::time::SystemTime) -> String {
    httpdate::fmt_http_date(time)
}

#[test]
fn names_are_cut_and_reserved_ones_made_harmless() {
    let (server, dir) = (Server::new(), Dir::new());
    let long = "n".repeat(400);
    let run =
        fetch(&dir, &["-O", &server.url(&format!("/say/{long}.html")), &server.url(&format!("/say/{long}.html"))]);
    let names = files(&run.expect(0));
    assert!(names.iter().all(|name| name.len() == 255), "{names:?}");
    assert!(names[0].ends_with("n.html") && names[1].ends_with("n.html.1"), "{names:?}");
    let run = fetch(&dir, &["-OJ", &server.url("/named/CON.txt")]).expect(0);
    assert_eq!(files(&run), ["_CON.txt"]);
    let run = fetch(&dir, &["-O", "-g", &server.url("/say/-rf"), &server.url("/say/.bashrc")]).expect(0);
    assert_eq!(files(&run), ["_rf", "_bashrc"]);
}

/// The file is the one that was asked for, and not what it is called while it grows.
#[test]
fn a_failure_of_writing_names_the_file_and_what_helps() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("file", "");
    std::fs::create_dir(dir.file("folder")).unwrap();
    let url = server.url("/bytes/300000");
    for (name, why) in [
        ("d/x", "d/x: No such file or directory (--create-dirs makes its folder)"),
        ("file/x", "file/x: Not a directory"),
        ("folder", "folder: Is a directory"),
        ("/dev/full", "/dev/full: No space left on device"),
    ] {
        let run = Gfetch::new(&["-s", &url, "-o", name]).dir(&dir).run().expect(3);
        assert!(run.text().trim_end().ends_with(&format!("\twrite: {why}")), "{name}: {}", run.text());
    }
    // 100 blocks, whether they are of 512 bytes or of 1,024.
    let script = format!("ulimit -f 100; exec \"$0\" -s {url} -o large --har small");
    let run = Gfetch::shell(&script).dir(&dir).run().expect(4);
    assert!(run.text().contains("\twrite: large: no file may be larger (ulimit -f)\n"), "{} {}", run.text(), run.err);
    assert_eq!(dir.names(), ["file", "small"]);
}

#[test]
fn a_kept_file_that_cannot_be_begun_is_named_as_it_was_typed() {
    let dir = Dir::new();
    for option in ["--har", "--summary-json", "--report", "-c", "--save-failed", "-D"] {
        let run = Gfetch::new(&["http://127.0.0.1:9/", option, "none/x"]).dir(&dir).run().expect(2);
        let said = run.err.contains("none/x: No such file or directory");
        assert!(said && !run.err.contains("os error") && !run.err.contains(".gfetch-"), "{option}: {}", run.err);
    }
}
