//! Files beside the report: `--summary-json`, and what none of them may replace.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::runner::{Dir, Gfetch, gfetch};
use crate::server::{Server, nobody};

#[test]
fn summary_json_is_one_object_with_the_counts_of_the_run() {
    let (server, dir) = (Server::new(), Dir::new());
    let gone = format!("http://me:secret@127.0.0.1:{}/", nobody().port());
    let file = dir.at("summary.json");
    let args = [&server.url("/bytes/1000"), &server.url("/to//bytes/24"), &server.url("/status/404"), &gone];
    let run = gfetch(&[args[0], args[1], args[2], args[3], "--summary-json", &file]).expect(1);
    let text = dir.read("summary.json");
    assert!(text.ends_with("}\n") && text.lines().count() == 1, "{text}");
    let summary: Value = serde_json::from_str(&text).unwrap();
    for (name, value) in [("urls", 4), ("ok", 2), ("failed", 2), ("bytes", 1029), ("redirects", 1), ("attempts", 4)] {
        assert_eq!(summary[name], value, "{name} in {summary}");
    }
    assert_eq!((&summary["certificates_checked"], &summary["stopped_after"]), (&true.into(), &Value::Null));
    assert!(summary["elapsed"].as_f64().unwrap() > 0.0 && run.err.starts_with("4 URLs: 2 ok, 2 failed in "));
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn summary_json_replaces_the_file_whole() {
    let (server, dir) = (Server::new(), Dir::new());
    let file = dir.write("summary.json", "old and longer than nothing");
    gfetch(&[&server.url("/a"), "-s", "--summary-json", &file]).expect(0);
    assert!(dir.read("summary.json").starts_with("{\"urls\":1,"));
    assert_eq!(dir.names(), ["summary.json"]);
}

/// A program of another user may read what has no secrets in it; what replaces a file has its mode.
#[test]
fn a_new_file_has_the_mode_that_the_umask_leaves_it_and_only_what_holds_secrets_is_its_owners_alone() {
    let (server, dir) = (Server::new(), Dir::new());
    let options = "--summary-json s --har h --report r --manifest m -D d -o b -c c --save-failed f --resume R";
    for (umask, shared) in [("022", 0o644), ("027", 0o640)] {
        let script = format!("umask {umask}; exec \"$0\" -s {} {options}", server.url("/a"));
        Gfetch::shell(&script).dir(&dir).run().expect(0);
        let mode = |name: &str| fs::metadata(dir.file(name)).unwrap().permissions().mode() & 0o777;
        for name in ["s", "h", "r", "m", "d", "b"] {
            assert_eq!(mode(name), shared, "{name}");
        }
        for name in ["c", "f", "R"] {
            assert_eq!(mode(name), 0o600, "{name}");
        }
        dir.names().iter().for_each(|name| fs::remove_file(dir.file(name)).unwrap());
    }
    let old = dir.write("s", "");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o604)).unwrap();
    gfetch(&[&server.url("/a"), "-s", "--summary-json", &old]).expect(0);
    assert_eq!(fs::metadata(&old).unwrap().permissions().mode() & 0o777, 0o604);
    gfetch(&[&server.url("/a"), "-s", "--show-secrets", "--har", &dir.at("har")]).expect(0);
    assert_eq!(fs::metadata(dir.file("har")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn summary_json_on_standard_output_comes_behind_the_report() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/a"), "--format", "json", "--summary-json", "-"]).expect(0);
    let records = run.records();
    assert_eq!((records.len(), &records[0]["status"], &records[1]["urls"]), (2, &200.into(), &1.into()));
}

#[test]
fn a_summary_that_cannot_be_written_is_told_before_anything_is_fetched() {
    let server = Server::new();
    let run = gfetch(&[&server.url("/a"), "--summary-json", "/nowhere/at/all"]).expect(2);
    assert!(run.err.contains("/nowhere/at/all"), "{}", run.err);
    assert!(server.requests().is_empty());
    let run = gfetch(&[&server.url("/a"), "--compare", "--summary-json", "-"]).expect(2);
    assert!(run.err.contains("--compare does not go with --summary-json"), "{}", run.err);
}

/// A typing error must not cost a list, under whatever name it stands.
#[test]
fn no_file_of_a_run_takes_the_place_of_its_list() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = dir.write("urls.txt", server.list(["/a"]));
    fs::hard_link(&list, dir.file("link")).unwrap();
    for option in ["--har", "--summary-json", "-c", "--report", "-D"] {
        for name in ["urls.txt", "link"] {
            let run = gfetch(&["-i", &list, option, &dir.at(name)]).expect(2);
            let expected = format!("{option} {}: that is the list", dir.at(name));
            assert!(run.err.contains(&expected), "{option}: {}", run.err);
        }
        let run = Gfetch::shell(&format!("\"$0\" -i - {option} {list} <{list}")).run().expect(2);
        assert!(run.err.contains("urls.txt: that is the list"), "{option}: {}", run.err);
    }
    assert_eq!((dir.read("urls.txt"), server.requests().len()), (server.list(["/a"]), 0));
    // Another one may go.
    gfetch(&[&server.url("/a"), "--har", &list, "-s"]).expect(0);
    assert!(dir.read("urls.txt").starts_with("{\"log\":"));
}

/// The last one to be written would stand there alone.
#[test]
fn no_two_files_of_a_run_have_one_name() {
    let (server, dir) = (Server::new(), Dir::new());
    let url = server.url("/a");
    let options =
        ["--summary-json", "--har", "--report", "-D", "-c", "--save-failed", "--manifest", "-o", "--etag-save"];
    let options: Vec<(&str, String)> = options.map(|option| (option, "x".to_owned())).into();
    let told = [("-w", "%{url}%output{x}".to_owned()), ("-w", "%output{>>./x}".to_owned())];
    let all: Vec<_> = options.into_iter().chain(told).chain([("--resume", "x".to_owned())]).collect();
    for (place, (one, value)) in all.iter().enumerate() {
        for (other, its) in all[place + 1..].iter().filter(|(other, _)| other != one) {
            let its = if *other == "-w" { its.clone() } else { format!("./{its}") };
            let run = Gfetch::new(&[&url, one, value, other, &its, "-O"]).dir(&dir);
            // Two options say where the body goes; without -O there is nothing to list.
            let run = if [*one, *other].contains(&"-o") {
                Gfetch::new(&[&url, one, value, other, &its]).dir(&dir)
            } else {
                run
            };
            let run = run.run().expect(2);
            let words =
                [format!("{one} and {other} name the same file"), format!("{other} and {one} name the same file")];
            assert!(words.iter().any(|word| run.err.contains(word)), "{one} {other}: {}", run.err);
        }
    }
    assert!(dir.names().is_empty() && server.requests().is_empty());
    // By a link that leads nowhere yet, and in a folder that is made first.
    std::os::unix::fs::symlink("x", dir.file("link")).unwrap();
    Gfetch::new(&[&url, "--har", "x", "--report", "link"]).dir(&dir).run().expect(2);
    let made = ["--create-dirs", "--output-dir", "new", "-o", "./x", "--har", "new/x"];
    Gfetch::new(&[&url]).args(&made).dir(&dir).run().expect(2);
    // Where nothing takes its place, everybody may write.
    Gfetch::new(&[&url, "-s", "--har", "/dev/null", "--report", "/dev/null", "-D", "-", "-c", "-"]).run().expect(0);
    Gfetch::new(&[&url, "-s", "-w", "%output{y}a%output{>>y}b"]).dir(&dir).run().expect(0);
    assert_eq!(dir.read("y"), "ab");
}

#[test]
fn a_body_takes_the_place_of_no_list_and_of_no_file_that_an_option_names() {
    let (server, dir) = (Server::new(), Dir::new());
    let text = server.list(["/urls.txt", "/run.har", "/a"]);
    dir.write("urls.txt", &text);
    for template in ["%output{urls.txt}", "%output{>>./urls.txt}"] {
        let run = Gfetch::new(&["-i", "urls.txt", "-w", template]).dir(&dir).run().expect(2);
        assert!(run.err.contains("urls.txt: that is the list"), "{template} {}", run.err);
    }
    assert_eq!((dir.read("urls.txt"), server.requests().len()), (text.clone(), 0));
    // What a URL names gets a number, as a name that is used again.
    Gfetch::new(&["-i", "urls.txt", "-s", "-O", "--har", "run.har"]).dir(&dir).run().expect(0);
    assert_eq!(dir.names(), ["a", "run.har", "run.har.1", "urls.txt", "urls.txt.1"]);
    assert_eq!(dir.read("urls.txt"), text);
}
