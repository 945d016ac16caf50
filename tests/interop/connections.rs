//! Connections that servers keep, limit and close.

use serde_json::Value;

use crate::client::{gfetch, list, records, succeeded};
use crate::haproxy::Haproxy;
use crate::needs_servers;
use crate::nginx::Nginx;

fn reused(records: &[Value]) -> usize {
    records.iter().filter(|record| record["reused"] == true).count()
}

fn fetch(port: u16, path: &str, count: usize, options: &[&str]) -> Vec<Value> {
    let urls = list((0..count).map(|n| format!("http://127.0.0.1:{port}{path}?{n}")));
    let records = records(&succeeded(gfetch(&[options, &["-i", "-", "--format", "json"]].concat(), &urls)));
    assert_eq!(records.len(), count);
    assert!(records.iter().all(|record| record["attempts"] == 1), "a replaced connection is no attempt");
    records
}

#[test]
fn kept_connections_carry_the_whole_list() {
    needs_servers!();
    let nginx = Nginx::start();
    for path in ["/small.txt", "/packed/page.html", "/parts/parts.shtml"] {
        let records = fetch(nginx.port, path, 400, &["-j", "20", "--per-host", "0"]);
        assert!(reused(&records) >= 380, "{path}: {} of 400 reused", reused(&records));
    }
}

#[test]
fn a_server_that_closes_after_three_answers_loses_none() {
    needs_servers!();
    let nginx = Nginx::start();
    let serial = fetch(nginx.short_port, "/small.txt", 300, &["--serial"]);
    assert_eq!(reused(&serial), 200, "two of three go over a kept connection");
    let parallel = fetch(nginx.short_port, "/small.txt", 300, &["-j", "30", "--per-host", "0"]);
    assert!(reused(&parallel) >= 150, "{} of 300 reused", reused(&parallel));
}

#[test]
fn an_idle_connection_that_haproxy_closed_is_replaced_unseen() {
    needs_servers!();
    let nginx = Nginx::start();
    let haproxy = Haproxy::start(&nginx);
    let records = fetch(haproxy.keep_port, "/small.txt", 5, &["--serial", "--rate", "2/s"]);
    assert_eq!(reused(&records), 0, "haproxy keeps an idle connection for 100 ms");
}

#[test]
fn haproxy_keeps_or_closes_and_each_answer_is_whole() {
    needs_servers!();
    let nginx = Nginx::start();
    let haproxy = Haproxy::start(&nginx);
    let options = ["-j", "32", "--per-host", "0"];
    let kept = fetch(haproxy.keep_port, "/packed/page.html", 320, &options);
    assert!(reused(&kept) >= 250, "{} of 320 reused", reused(&kept));
    let closed = fetch(haproxy.close_port, "/packed/page.html", 320, &options);
    assert_eq!(reused(&closed), 0);
    assert!(kept.iter().chain(&closed).all(|record| record["bytes"] == 92_000));
}
