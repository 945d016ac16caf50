//! Bodies in files: their names, their folders, and that a file is there whole or not at all.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::runner::{Dir, Gfetch, Run, wait_until};
use crate::server::Server;

fn fetch(dir: &Dir, args: &[&str]) -> Run {
    Gfetch::new(args).args(&["--format", "json"]).dir(dir).run()
}

#[test]
fn an_output_file_holds_the_body() {
    let (server, dir) = (Server::new(), Dir::new());
    let run = fetch(&dir, &["-o", "a.txt", &server.url("/say/one")]).expect(0);
    assert_eq!(dir.read("a.txt"), "one");
    assert_eq!((&run.records()[0]["file"], &run.records()[0]["bytes"]), (&json!("a.txt"), &json!(3)));
}

#[test]
fn the_nth_output_belongs_to_the_nth_url() {
    let (server, dir) = (Server::new(), Dir::new());
    fetch(&dir, &["-o", "a", &server.url("/say/one"), "-o", "b", &server.url("/say/two")]).expect(0);
    assert_eq!((dir.read("a"), dir.read("b")), ("one".into(), "two".into()));
}

#[test]
fn a_glob_names_its_files() {
    let (server, dir) = (Server::new(), Dir::new());
    fetch(&dir, &["-o", "x_#1_#2", &server.url("/{say,bytes}/[2-3]")]).expect(0);
    assert_eq!(dir.names(), ["x_bytes_2", "x_bytes_3", "x_say_2", "x_say_3"]);
    assert_eq!(dir.read("x_say_2"), "2");
}

#[test]
fn a_template_is_filled_from_the_url() {
    let (server, dir) = (Server::new(), Dir::new());
    let args = ["-o", "{host}/{index}-{name}", "--create-dirs", &server.url("/say/a"), &server.url("/say/b?x=1")];
    fetch(&dir, &args).expect(0);
    assert_eq!(dir.names(), ["127.0.0.1/0-a", "127.0.0.1/1-b"]);
}

#[test]
fn a_list_names_its_files_by_template_and_id() {
    let (server, dir) = (Server::new(), Dir::new());
    let line = |path: &str, id: &str| json!({"url": server.url(path), "id": id}).to_string() + "\n";
    let list = line("/say/1", "one") + &line("/say/2", "../two");
    Gfetch::new(&["-i", "-", "-o", "{id}.txt", "--output-dir", "out", "--create-dirs"])
        .input(list)
        .dir(&dir)
        .run()
        .expect(0);
    assert!(dir.names().iter().all(|name| name.starts_with("out/")), "{:?}", dir.names());
    assert_eq!(dir.read("out/one.txt"), "1");
    assert_eq!(dir.names().len(), 2);
}

#[test]
fn remote_name_and_remote_name_all_come_from_the_url_and_are_told_apart_in_input_order() {
    let (server, dir) = (Server::new(), Dir::new());
    let urls = [server.url("/delay/60/bytes/1?name"), server.url("/say/1"), server.url("/1"), server.url("/")];
    let run = fetch(&dir, &["-O", &urls[0], &urls[1], &urls[2], &urls[3]]).expect(0);
    let files: Vec<_> = run.records().iter().map(|record| record["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(files, ["1", "1.1", "1.2", "curl_response"]);
    assert_eq!((dir.read("1"), dir.read("1.1"), dir.read("1.2")), ("0".into(), "1".into(), "ok".into()));
    fetch(&dir, &["--remote-name-all", &server.url("/say/all"), &server.url("/say/these")]).expect(0);
    assert_eq!((dir.read("all"), dir.read("these")), ("all".into(), "these".into()));
}

#[test]
fn an_output_dir_must_be_there_or_create_dirs_be_given() {
    let (server, dir) = (Server::new(), Dir::new());
    let url = server.url("/say/a");
    let run = fetch(&dir, &["-O", "--output-dir", "new/deep", &url]).expect(3);
    assert_eq!((&run.records()[0]["error"]["kind"], &run.records()[0]["file"]), (&json!("write"), &json!(null)));
    assert_eq!(dir.names(), [""; 0]);
    fetch(&dir, &["-O", "--output-dir", "new/deep", "--create-dirs", &url]).expect(0);
    assert_eq!(dir.names(), ["new/deep/a"]);
}

#[test]
fn what_a_url_or_a_list_says_never_leaves_the_folder() {
    let server = Server::new();
    let names = [
        "/say/..%2f..%2fevil",
        "/say/%2e%2e",
        "/say/..%5cevil",
        "/say/~root",
        "/say/-rf",
        "/say/a%00b",
        "/say/.bashrc",
    ];
    let urls: Vec<String> = names.iter().map(|name| server.url(name)).collect();
    let lines: String = urls.iter().map(|url| format!("{url}\n")).collect();
    let outputs = ["/etc/evil", "../evil", "a/../../evil", "..", "", "-"];
    let lines =
        lines + &outputs.map(|name| json!({"url": server.url("/a"), "output": name}).to_string() + "\n").concat();
    for naming in [&["-O"][..], &["-o", "{path}"], &["-o", "{name}/{ext}/{host}"]] {
        let dir = Dir::new();
        let args = ["-i", "-", "--output-dir", "out", "--create-dirs"];
        Gfetch::new(&args).args(naming).input(&lines).dir(&dir).run().expect(1);
        assert!(dir.names().iter().all(|name| name.starts_with("out/")), "{:?}", dir.names());
        let hidden = |name: &String| name.split('/').any(|part| part.starts_with(['.', '-']));
        assert!(!dir.names().iter().any(hidden), "{:?}", dir.names());
    }
}

/// What was typed may go through links, what a list, a URL or an answer names may not, nor be one.
#[test]
fn what_a_url_or_a_list_says_goes_through_no_link() {
    let server = Server::new();
    let output = |name: &str| json!({"url": server.url("/say/x"), "output": name}).to_string() + "\n";
    let url = |path: &str| server.url(path) + "\n";
    for (line, naming) in [
        (output("out/x"), &[][..]),
        (output("a/out/b/x"), &[]),
        (output("file"), &[]),
        (output("dangling"), &["--resume", "record"]),
        (url("/bytes/9?/out"), &["-o", "{path}/x"]),
        (url("/say/out"), &["-o", "{name}/x"]),
        (url("/say/file"), &["-O"]),
        (url("/named/dangling"), &["-OJ"]),
        (url("/say/dangling"), &["-o", "{name}", "-C", "-"]),
    ] {
        let dir = Dir::new();
        fs::create_dir_all(dir.file("outside")).unwrap();
        fs::create_dir_all(dir.file("d/a")).unwrap();
        dir.write("outside/secret", "mine");
        for (link, target) in [
            ("d/out", "../outside"),
            ("d/a/out", "../../outside"),
            ("d/bytes", "../outside"),
            ("d/file", "../outside/secret"),
            ("d/dangling", "../outside/new"),
            ("link", "d"),
        ] {
            std::os::unix::fs::symlink(target, dir.file(link)).unwrap();
        }
        for folder in ["d", "link"] {
            // One for each folder.
            let _ = fs::remove_file(dir.file("record"));
            let args = ["-i", "-", "--output-dir", folder, "--create-dirs", "--format", "json"];
            let record = Gfetch::new(&args).args(naming).input(&line).dir(&dir).run().expect(3).records().remove(0);
            let error = &record["error"];
            assert_eq!(error["kind"], "write", "{line}");
            assert!(error["message"].as_str().unwrap().contains("is a symbolic link"), "{error}");
            let outside: Vec<_> = fs::read_dir(dir.file("outside")).unwrap().collect();
            assert_eq!((outside.len(), dir.read("outside/secret")), (1, "mine".into()), "{line}");
        }
        // As it was typed.
        Gfetch::new(&["-i", "-", "--output-dir", "link"]).input(output("a/new")).dir(&dir).run().expect(0);
        Gfetch::new(&["-o", "link/out/{name}", &server.url("/say/z")]).dir(&dir).run().expect(0);
        Gfetch::new(&["-o", "link/file", &server.url("/say/z")]).dir(&dir).run().expect(0);
        let read = |name: &str| dir.read(name);
        assert_eq!([read("d/a/new"), read("outside/z"), read("outside/secret")], ["x", "z", "z"]);
    }
}

#[test]
fn a_redirect_changes_no_name() {
    let (server, dir) = (Server::new(), Dir::new());
    fetch(&dir, &["-O", &server.url("/to//say/evil")]).expect(0);
    assert_eq!(dir.names(), ["evil"]);
    let (server, dir) = (Server::new(), Dir::new());
    fetch(&dir, &["-o", "{path}", "--create-dirs", &server.url("/to//say/evil")]).expect(0);
    assert_eq!(dir.names(), ["to/say/evil"]);
}

#[test]
fn output_through_a_dangling_link_makes_what_it_leads_to() {
    let (server, dir) = (Server::new(), Dir::new());
    std::os::unix::fs::symlink("target", dir.file("link")).unwrap();
    for more in [&[][..], &["-C", "-"], &["--resume", "record"]] {
        fetch(&dir, &[&["-o", "link", &server.url("/say/x")], more].concat()).expect(0);
        assert_eq!((dir.read("target"), dir.file("link").is_symlink()), ("x".into(), true), "{more:?}");
        fs::remove_file(dir.file("target")).unwrap();
    }
}

#[test]
fn a_device_is_written_to_and_stays_one() {
    let (server, dir) = (Server::new(), Dir::new());
    fetch(&dir, &["-o", "/dev/null", &server.url("/bytes/100000")]).expect(0);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    assert_eq!(dir.names(), [""; 0]);
}

#[test]
fn a_failed_download_leaves_nothing_and_an_existing_file_stays() {
    let (server, dir) = (Server::new(), Dir::new());
    dir.write("old", "old");
    for path in ["/cut/500000", "/status/404", "/stall", "/hang", "/close", "/chunked/600000"] {
        let args = ["-o", "old", "-m", "0.3", "--max-filesize", "550000", &server.url(path)];
        fetch(&dir, &args).expect(3);
        assert_eq!((dir.read("old"), dir.names()), ("old".into(), vec!["old".into()]), "{path}");
        fetch(&dir, &["-o", "new", "-m", "0.3", "--max-filesize", "550000", &server.url(path)]).expect(3);
        assert_eq!(dir.names(), ["old"], "{path}");
    }
    fetch(&dir, &["-o", "old", &server.url("/say/new")]).expect(0);
    assert_eq!(dir.read("old"), "new");
}

#[test]
fn an_empty_body_is_an_empty_file() {
    let (server, dir) = (Server::new(), Dir::new());
    fetch(&dir, &["-o", "a", &server.url("/bytes/0")]).expect(0);
    assert_eq!(dir.read("a"), "");
}

#[test]
fn an_interrupted_download_leaves_nothing_at_the_second_ctrl_c_too() {
    let (server, dir) = (Server::new(), Dir::new());
    for (grace, signals) in [("0.05", 1), ("60", 2)] {
        let args = ["-o", "#1", "--grace", grace, "--save-failed", "failed", &server.url("/flood/{a,b}")];
        let run = Gfetch::new(&args).dir(&dir).start();
        wait_until("files under way", || dir.names().len() == 3);
        for _ in 0..signals {
            run.signal("INT");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(run.wait().signal(), Some(2));
        assert_eq!(dir.names(), if signals == 1 { &["failed"][..] } else { &[] });
        let _ = fs::remove_file(dir.file("failed"));
    }
}

#[test]
fn a_body_that_cannot_be_written_is_that_urls_failure() {
    let (server, dir) = (Server::new(), Dir::new());
    fs::create_dir(dir.file("there")).unwrap();
    let args = [
        "-o",
        "there",
        &server.url("/say/a"),
        "-o",
        "b",
        &server.url("/say/b"),
        "-o",
        "/dev/full",
        &server.url("/say/c"),
    ];
    let run = fetch(&dir, &args).expect(1);
    let errors: Vec<_> = run.records().iter().map(|record| record["error"]["kind"].clone()).collect();
    assert_eq!(errors, [json!("write"), json!(null), json!("write")]);
    assert_eq!(
        (&run.records()[0]["error"]["stage"], &run.records()[0]["error"]["curl"]),
        (&json!("write"), &json!(23))
    );
    assert_eq!(dir.read("b"), "b");
}

#[test]
fn files_are_asked_for_as_they_are_and_counted_bodies_are_asked_for_compressed() {
    let (server, dir) = (Server::new(), Dir::new());
    fetch(&dir, &["-o", "a", &server.url("/a")]).expect(0);
    fetch(&dir, &[&server.url("/b")]).expect(0);
    fetch(&dir, &["-o", "c", "--compressed", &server.url("/c")]).expect(0);
    let asked: Vec<bool> = server.requests().iter().map(|request| request.field("accept-encoding").is_some()).collect();
    assert_eq!(asked, [false, true, true]);
}

#[test]
fn many_files_in_parallel_are_each_their_own_body() {
    let (server, dir) = (Server::new(), Dir::new());
    let args = ["-o", "f#1", "--per-host", "0", &server.url("/bytes/[300000-300015]")];
    fetch(&dir, &args).expect(0);
    for bytes in 300_000..300_016 {
        assert_eq!(dir.read(&format!("f{bytes}")).len(), bytes);
    }
    assert_eq!(dir.names().len(), 16);
}
