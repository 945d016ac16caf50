//! `--save-failed`: what failed, kept as a list.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::runner::{Dir, Gfetch, gfetch};
use crate::server::Server;

/// The lines of a list that are no comments.
fn entries(list: &str) -> Vec<&str> {
    list.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn save_failed_keeps_lines_as_they_were_read_below_a_comment_with_the_reason() {
    let (server, dir) = (Server::new(), Dir::new());
    let odd = format!("  {}  ", server.url("/status/404#x"));
    let object = json!({"url": server.url("/status/500"), "id": 7, "headers": {"Authorization": "secret"}}).to_string();
    let list = format!("{}{odd}\n{object}\nno url\n", server.list(["/a"]));
    let run = Gfetch::new(&["-i", "-", "--save-failed", &dir.at("failed")]).input(list).run().expect(1);
    let saved = dir.read("failed");
    assert_eq!(entries(&saved), [&*odd, &object, "no url"]);
    let lines: Vec<&str> = saved.lines().collect();
    let reason = |line: &str| lines[lines.iter().position(|other| *other == line).unwrap() - 1].to_owned();
    assert!(reason(&odd).starts_with('#') && reason(&odd).contains("Not Found"), "{saved}");
    assert!(reason("no url").contains("-:4"), "{saved}");
    assert!(!run.err.contains("--save-failed"), "{}", run.err);
}

#[test]
fn a_saved_list_works_as_the_next_input_and_may_be_it() {
    let (server, dir) = (Server::new(), Dir::new());
    let paths = ["/flaky/1/a", "/b", "/flaky/2/c", "/status/404"];
    let list = dir.write("urls.txt", server.list(paths));
    let args = ["-i", &list, "--save-failed", &list];
    gfetch(&args).expect(1);
    assert_eq!(entries(&dir.read("urls.txt")), [server.url(paths[0]), server.url(paths[2]), server.url(paths[3])]);
    gfetch(&args).expect(1);
    assert_eq!(entries(&dir.read("urls.txt")), [server.url(paths[2]), server.url(paths[3])]);
    gfetch(&args).expect(1);
    assert_eq!(entries(&dir.read("urls.txt")), [server.url(paths[3])]);
}

#[test]
fn when_nothing_failed_the_list_is_empty_and_fetching_it_is_no_success_by_accident() {
    let (server, dir) = (Server::new(), Dir::new());
    let failed = dir.write("failed", "# old\nhttp://old.example/\n");
    gfetch(&[&server.url("/a"), "--save-failed", &failed]).expect(0);
    assert_eq!(entries(&dir.read("failed")), [""; 0]);
    gfetch(&["-i", &failed]).expect(2);
    gfetch(&["-i", &failed, "--allow-empty", "--save-failed", &failed]).expect(0);
}

#[test]
fn an_argument_is_kept_so_that_a_list_fetches_the_same() {
    let (server, dir) = (Server::new(), Dir::new());
    let short = format!("{}/status/{{404,500}}", server.addr);
    gfetch(&[&short, "--save-failed", &dir.at("failed")]).expect(3);
    assert_eq!(entries(&dir.read("failed")), [server.url("/status/404"), server.url("/status/500")]);
}

#[test]
fn a_foreign_file_is_refused_and_nothing_is_fetched() {
    let (server, dir) = (Server::new(), Dir::new());
    let file = dir.write("letter.txt", "Dear all,\nthis is no list at all\n");
    let run = gfetch(&[&server.url("/status/404"), "--save-failed", &file]).expect(2);
    assert!(run.err.contains("letter.txt"), "{}", run.err);
    assert_eq!(dir.read("letter.txt"), "Dear all,\nthis is no list at all\n");
    assert_eq!(server.requests().len(), 0);
    assert_eq!(dir.names(), ["letter.txt"]);
}

#[test]
fn the_list_that_is_read_may_be_replaced_whatever_its_lines_are() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = dir.write("urls", [server.list(["/a"]).as_bytes(), b"a bad line\nhttp://a/\xff\n"].concat());
    gfetch(&["-i", &list, "--save-failed", &list]).expect(1);
    let saved = fs::read(dir.file("urls")).unwrap();
    assert!(saved.ends_with(b"http://a/\xff\n"), "{}", String::from_utf8_lossy(&saved));
    gfetch(&["-i", &list, "--save-failed", &list]).expect(3);
}

#[test]
fn the_file_is_the_owners_alone() {
    let (server, dir) = (Server::new(), Dir::new());
    let old = dir.write("failed", "");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o644)).unwrap();
    gfetch(&[&server.url("/status/404"), "--save-failed", &old]).expect(3);
    assert_eq!(fs::metadata(&old).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_no_regular_file_is_written_to_and_never_renamed_over() {
    let (server, dir) = (Server::new(), Dir::new());
    std::os::unix::fs::symlink("/dev/null", dir.file("link")).unwrap();
    gfetch(&[&server.url("/status/404"), "--save-failed", &dir.at("link")]).expect(3);
    assert!(fs::symlink_metadata(dir.file("link")).unwrap().is_symlink());
    let script = format!("\"$0\" -s {} --save-failed /dev/stdout --body | cat", server.url("/status/404"));
    let run = Gfetch::shell(&script).run();
    assert!(run.text().ends_with(&server.list(["/status/404"])), "{run:?}");
}

#[test]
fn a_list_that_cannot_be_written_is_known_before_anything_is_fetched() {
    let (server, dir) = (Server::new(), Dir::new());
    let run = gfetch(&[&server.url("/status/404"), "--save-failed", &dir.at("none/failed")]).expect(2);
    assert!(run.err.contains("none/failed"), "{}", run.err);
    assert_eq!(server.requests().len(), 0);
}

/// Lines that a run is stopped in the middle of, with a comment among them, and what one of them answers.
fn long_list(server: &Server, first: &str) -> String {
    let paths: Vec<String> = (0..4_000).map(|number| format!("/delay/20/{number}")).collect();
    let (some, others) = paths.split_at(3_999);
    let [first, some, others] = [server.list([first]), server.list(some), server.list(others)];
    format!("{first}{some}# http://a.comment.example/\n{others}")
}

/// Whatever ended it: a line that was not fetched is in the list.
#[test]
fn a_stopped_run_loses_no_line_of_the_list_that_it_replaces() {
    let (server, dir) = (Server::new(), Dir::new());
    for (how, first) in [
        ("--fail-early", "/status/404"),
        ("--fail-early --serial", "/status/404"),
        ("--deadline 0.4", "/hang"),
        ("| head -n 1", "/a"),
        (">/dev/full", "/a"),
    ] {
        let list = long_list(&server, first);
        for given in ["-i urls.txt", "-i - <urls.txt"] {
            dir.write("urls.txt", &list);
            let script = format!("\"$0\" -s {given} -j 8 --save-failed urls.txt {how}");
            let run = Gfetch::shell(&script).dir(&dir).run();
            let saved = dir.read("urls.txt");
            let kept: HashSet<&str> = entries(&saved).into_iter().collect();
            assert!(kept.len() > 1_000 && kept.len() == entries(&saved).len(), "{script}: {}", kept.len());
            let asked = server.requests();
            for url in entries(&list) {
                let was_asked = || asked.iter().any(|request| url.ends_with(&request.path));
                assert!(kept.contains(url) || was_asked(), "{script}: {url} is lost");
            }
            assert!(saved.contains("\n# http://a.comment.example/\n"), "{script}");
            assert!(!run.err.contains("--save-failed"), "{script}: {}", run.err);
        }
    }
}

#[test]
fn a_stopped_run_keeps_arguments_and_lists_that_it_did_not_come_to() {
    let (server, dir) = (Server::new(), Dir::new());
    let other = dir.write("other.txt", format!("\u{feff}{}http://last.example/", server.list(["/b"])));
    let list = dir.write("urls.txt", server.list(["/a"]).trim_end());
    let urls = server.url("/status/{404,500}");
    gfetch(&[&urls, "-i", &list, "-i", &other, "--serial", "--fail-early", "--save-failed", &list]).expect(3);
    let paths = ["/status/404", "/status/500", "/a", "/b"];
    let expected = server.list(paths) + "http://last.example/";
    assert_eq!(entries(&dir.read("urls.txt")), expected.lines().collect::<Vec<_>>());
    assert_eq!(fs::read(&other).unwrap()[..3], *"\u{feff}".as_bytes());
}

/// What has come already is kept; for what may come nobody waits.
#[test]
fn of_a_pipe_that_goes_on_it_is_said_what_is_not_kept() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = server.list(["/status/404", "/a", "/b"]);
    assert!(Gfetch::shell("mkfifo pipe").dir(&dir).run().status.success());
    let mut pipe = File::options().read(true).write(true).open(dir.file("pipe")).unwrap();
    pipe.write_all(format!("{list}http://cut.exam").as_bytes()).unwrap();
    let args = ["-i", "pipe", "-s", "--serial", "--fail-early", "--save-failed", "failed"];
    let run = Gfetch::new(&args).dir(&dir).run().expect(3);
    assert_eq!(entries(&dir.read("failed")), list.lines().collect::<Vec<_>>());
    assert!(run.err.contains("failed: what pipe has behind line 3 is not in it"), "{}", run.err);
    assert_eq!(server.requests().len(), 1);
}

/// A program that fills the pipe again and again does not keep the run from its end.
#[test]
fn of_a_pipe_without_end_a_stopped_run_keeps_a_bounded_part() {
    let (server, dir) = (Server::new(), Dir::new());
    let script = format!("yes {} | \"$0\" -s -i - --fail-early --save-failed failed", server.url("/status/404"));
    let run = Gfetch::shell(&script).dir(&dir).run().expect(3);
    assert!(run.err.contains("failed: what - has behind line "), "{}", run.err);
    assert!(dir.read("failed").len() < 4 << 20);
}

#[test]
fn a_list_that_cannot_be_read_to_its_end_stays_as_it_was() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = dir.write("urls.txt", server.list(["/status/404", "/a"]));
    // That file's first page cannot be read.
    let args = ["-i", &list, "-i", "/proc/self/mem", "--save-failed", &list];
    let run = gfetch(&args).expect(4);
    assert!(run.err.contains("urls.txt: not every line of the list is accounted for"), "{}", run.err);
    assert_eq!(dir.read("urls.txt"), server.list(["/status/404", "/a"]));
    // What is no list of the run holds what is known.
    gfetch(&["-i", &list, "-i", "/proc/self/mem", "--save-failed", &dir.at("failed")]).expect(4);
    assert_eq!(entries(&dir.read("failed")), [server.url("/status/404")]);
}

/// By `kill -9`, which leaves nobody a word.
#[test]
fn a_killed_run_leaves_the_list_whole() {
    let (server, dir) = (Server::new(), Dir::new());
    let text = server.list(["/status/404"]) + &server.list(["/hang"; 10]);
    let list = dir.write("urls.txt", &text);
    let run = Gfetch::new(&["-i", &list, "--save-failed", &list, "--unordered"]).start();
    run.wait_for_lines(1);
    run.signal("KILL");
    run.wait();
    assert_eq!(dir.read("urls.txt"), text);
}

#[test]
fn a_stopped_run_keeps_what_it_had_read_and_not_fetched() {
    let (server, dir) = (Server::new(), Dir::new());
    let paths = ["/status/404", "/delay/1/a", "/delay/2/b"];
    let list = server.list(paths);
    let args = ["-i", "-", "--serial", "--fail-early", "--save-failed", &dir.at("failed")];
    Gfetch::new(&args).input(&list).run();
    assert!(entries(&dir.read("failed"))[0] == server.url(paths[0]));
}
