//! A server that is killed midway.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::client::{list, records};
use crate::needs_servers;
use crate::nginx::Nginx;

#[test]
fn killing_nginx_midway_gives_failures_and_a_truthful_summary() {
    needs_servers!();
    let mut nginx = Nginx::start();
    // The first lines end before the server does; a slow page takes 4 s.
    let urls = (0..200).map(|n| nginx.url(&format!("{}?{n}", if n < 40 { "/small.txt" } else { "/slow/page.html" })));
    let urls = list(urls);
    let mut command = Command::new(env!("CARGO_BIN_EXE_gfetch"));
    command.args(["-i", "-", "-j", "50", "--per-host", "0", "--give-up-host", "0", "--format", "json"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(urls.as_bytes()).expect("the list fits into the pipe");
    std::thread::sleep(Duration::from_millis(700));
    nginx.kill();
    let output = child.wait_with_output().expect("it ends");

    let records = records(&output);
    let failed = records.iter().filter(|record| record["ok"] == false).count();
    assert_eq!(records.len(), 200, "one record a line");
    assert!(records[..40].iter().all(|record| record["ok"] == true));
    assert_eq!(failed, 160);
    for record in &records[40..] {
        let kind = record["error"]["kind"].as_str().expect("a kind");
        assert!(["connect", "reset", "truncated"].contains(&kind), "{record}");
    }
    let cut = records.iter().filter(|record| record["status"] == 200 && record["ok"] == false);
    assert!(cut.count() >= 40, "bodies that were under way are failures with their status");
    assert_eq!(output.status.code(), Some(1), "some failed");
    let summary = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(summary.contains("200 URLs: 40 ok, 160 failed"), "{summary}");
}

#[test]
fn nothing_but_failures_is_exit_3() {
    needs_servers!();
    let mut nginx = Nginx::start();
    let url = nginx.url("/small.txt");
    nginx.kill();
    let output = crate::client::gfetch(&[&url, &url], "");
    assert_eq!(output.status.code(), Some(3));
}
