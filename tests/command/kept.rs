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
fn summary_json_replaces_the_file_whole_and_only_its_owner_reads_it() {
    let (server, dir) = (Server::new(), Dir::new());
    let file = dir.write("summary.json", "old and longer than nothing");
    gfetch(&[&server.url("/a"), "-s", "--summary-json", &file]).expect(0);
    assert!(dir.read("summary.json").starts_with("{\"urls\":1,"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o77, 0);
    assert_eq!(dir.names(), ["summary.json"]);
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
