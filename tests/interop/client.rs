//! Runs gfetch and curl, and lays their accounts of the same URL side by side.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Runs gfetch with this on its standard input. No proxy of the environment stands between it and the server.
pub fn gfetch(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gfetch"));
    run(command.args(arguments), input)
}

/// Runs a command that reads its standard input.
pub fn run(command: &mut Command, input: &str) -> Output {
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // It may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic");
    output
}

/// The records of a run with `--format json`.
pub fn records(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("records are UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// One line each.
pub fn list(urls: impl IntoIterator<Item = String>) -> String {
    urls.into_iter().map(|url| url + "\n").collect()
}

/// A run that must succeed.
pub fn succeeded(output: Output) -> Output {
    assert!(output.status.success(), "{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    output
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a client says of one URL.
#[derive(Debug, PartialEq)]
pub struct Account {
    status: Option<u64>,
    http_version: Option<String>,
    redirects: u64,
    content_type: Option<String>,
    final_url: String,
    remote_port: Option<u64>,
    bytes: usize,
    sha256: String,
    /// 0, or why it failed, as curl counts failures.
    curl: u64,
}

/// Fetches `url` with both, options alike, and holds each field of gfetch's account against curl's.
pub fn same_as_curl(url: &str, options: &[&str]) {
    same_as_curl_with(url, options, options);
}

/// The same where the two spell it in different ways.
pub fn same_as_curl_with(url: &str, gfetchs: &[&str], curls: &[&str]) {
    let (gfetch, curl) = (gfetch_account(url, gfetchs), curl_account(url, curls));
    assert_eq!(gfetch, curl, "gfetch on the left, curl on the right: {url} {gfetchs:?}");
}

/// Once counted, once saved: both ways must agree before anybody is asked.
fn gfetch_account(url: &str, options: &[&str]) -> Account {
    let counted = gfetch(&[options, &["--format", "json", url]].concat(), "");
    let counted = records(&counted).pop().expect("a record");
    let dir = tempfile::tempdir().expect("a folder");
    let saved = gfetch(
        &[options, &["--compressed", "--format", "json", "-o", "body", "--output-dir", path(&dir), url]].concat(),
        "",
    );
    let saved = records(&saved).pop().expect("a record");
    let body = std::fs::read(dir.path().join("body")).unwrap_or_default();
    let stable = ["status", "bytes", "wire_bytes", "redirects", "content_type", "content_length", "final_url", "ok"];
    for name in stable {
        assert_eq!(
            counted[name], saved[name],
            "{name} of {url}, counted and saved: {} {}",
            counted["error"], saved["error"]
        );
    }
    assert_eq!(saved["ok"] == true, saved["error"].is_null());
    Account {
        status: saved["status"].as_u64(),
        http_version: saved["http_version"].as_str().map(str::to_owned),
        redirects: saved["redirects"].as_u64().expect("a number"),
        content_type: saved["content_type"].as_str().map(str::to_owned),
        final_url: saved["final_url"].as_str().unwrap_or_default().to_owned(),
        remote_port: saved["remote_port"].as_u64(),
        bytes: saved["bytes"].as_u64().expect("a number") as usize,
        sha256: if saved["ok"] == true { sha256(&body) } else { String::new() },
        curl: saved["error"]["curl"].as_u64().unwrap_or(0),
    }
}

fn curl_account(url: &str, options: &[&str]) -> Account {
    let dir = tempfile::tempdir().expect("a folder");
    let body = dir.path().join("body");
    let mut command = Command::new("curl");
    command.args(["-q", "-s", "-L", "--max-redirs", "10", "--compressed", "--fail-with-body", "-w", "%{json}"]);
    // It spins where it should end now and then; an option of the test's own comes later, and wins.
    command.args(["-m", "100", "-o"]);
    let output = run(command.arg(&body).args(options).arg(url), "");
    let json: Value = serde_json::from_slice(&output.stdout).expect("curl is not installed: bash .ci/install");
    let body = std::fs::read(&body).unwrap_or_default();
    let exit = output.status.code().expect("an exit status") as u64;
    Account {
        status: json["response_code"].as_u64().filter(|status| *status > 0),
        http_version: match json["http_version"].as_str() {
            Some("0") | None => None,
            Some("1") => Some("1.0".to_owned()),
            Some(version) => Some(version.to_owned()),
        },
        redirects: json["num_redirects"].as_u64().expect("a number"),
        content_type: json["content_type"].as_str().map(str::to_owned),
        final_url: json["url_effective"].as_str().unwrap_or_default().to_owned(),
        remote_port: json["remote_port"].as_u64().filter(|port| *port > 0),
        bytes: body.len(),
        sha256: if exit == 0 { sha256(&body) } else { String::new() },
        curl: exit,
    }
}

fn path(dir: &tempfile::TempDir) -> &str {
    dir.path().to_str().expect("a UTF-8 path")
}
