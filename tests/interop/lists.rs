//! Lists: one exact record a line, in order; the same set unordered; the same bytes serially and printed.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::client::{gfetch, list, records, run, succeeded};
use crate::needs_servers;
use crate::nginx::Nginx;

/// Pages of different framings and times, each line different from all others.
fn mixed(nginx: &Nginx, count: usize) -> Vec<String> {
    let paths = ["/small.txt", "/packed/page.html", "/parts/parts.shtml", "/hop", "/close/page.html", "/echo"];
    (0..count).map(|n| nginx.url(&format!("{}?{n}", paths[n % paths.len()]))).collect()
}

/// What does not depend on when and over which connection it was fetched.
fn stable(record: &Value) -> String {
    let mut record = record.clone();
    let members = record.as_object_mut().expect("an object");
    for name in ["timings", "started", "reused"] {
        members.remove(name).unwrap_or_else(|| panic!("no {name}"));
    }
    record.to_string()
}

#[test]
fn a_list_gives_one_record_a_line_in_order() {
    needs_servers!();
    let nginx = Nginx::start();
    let urls = mixed(&nginx, 300);
    let ordered = records(&succeeded(gfetch(&["-i", "-", "--format", "json"], &list(urls.clone()))));
    assert_eq!(ordered.len(), urls.len());
    for (at, (record, url)) in ordered.iter().zip(&urls).enumerate() {
        assert_eq!(record["index"], at);
        assert_eq!(record["url"], *url);
        assert_eq!(record["source"], format!("-:{}", at + 1));
    }
    let unordered = ["-i", "-", "--format", "json", "--unordered"];
    let unordered = records(&succeeded(gfetch(&unordered, &list(urls.clone()))));
    let set = |records: &[Value]| records.iter().map(stable).collect::<BTreeSet<_>>();
    assert_eq!(unordered.len(), urls.len());
    assert_eq!(set(&unordered), set(&ordered));
    let serial = records(&succeeded(gfetch(&["-i", "-", "--format", "json", "--serial"], &list(urls))));
    assert_eq!(serial.iter().map(stable).collect::<Vec<_>>(), ordered.iter().map(stable).collect::<Vec<_>>());
}

#[test]
fn bodies_are_printed_in_order_the_same_serially_and_in_parallel() {
    needs_servers!();
    let nginx = Nginx::start();
    let urls = mixed(&nginx, 120);
    let parallel = succeeded(gfetch(&["-i", "-", "--body"], &list(urls.clone())));
    let serial = succeeded(gfetch(&["-i", "-", "--body", "--serial"], &list(urls.clone())));
    let mut curl = Command::new("curl");
    let one_by_one = run(curl.args(["-q", "-s", "-L", "--compressed"]).args(&urls), "");
    assert!(parallel.stdout == serial.stdout, "serial printed other bytes");
    assert!(parallel.stdout == one_by_one.stdout, "curl printed other bytes");
    assert!(parallel.stdout.len() > 1_000_000);
}

#[test]
fn one_bad_line_harms_no_other() {
    needs_servers!();
    let nginx = Nginx::start();
    let good = nginx.url("/small.txt");
    let input = format!("{good}\n# a comment\nnonsense\nhttp://127.0.0.1:1/\n{}\n{good}\n", nginx.url("/drop"));
    let output = gfetch(&["-i", "-", "--format", "json"], &input);
    assert_eq!(output.status.code(), Some(1));
    let kinds: Vec<_> = records(&output).iter().map(|record| record["error"]["kind"].clone()).collect();
    assert_eq!(kinds, [Value::Null, "url".into(), "connect".into(), "reset".into(), Value::Null]);
}

#[test]
fn few_descriptors_make_the_run_slower_and_not_wrong() {
    needs_servers!();
    let nginx = Nginx::start();
    let urls = list((0..500).map(|n| nginx.url(&format!("/page.html?{n}"))));
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 60; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_gfetch")]);
    command.args(["-i", "-", "-j", "200", "--per-host", "0", "--format", "json"]);
    let records = records(&succeeded(run(&mut command, &urls)));
    assert_eq!(records.len(), 500);
    assert!(records.iter().all(|record| record["bytes"] == 92_000 && record["attempts"] == 1));
}
