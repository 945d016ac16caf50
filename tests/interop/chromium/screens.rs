//! The README's pictures, made from the build under test: `docs/images/make` keeps them, the test sees that they can be made.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::Browser;
use super::terminal::Screen;
use crate::client::gfetch;
use crate::needs_servers;

const GFETCH: &str = env!("CARGO_BIN_EXE_gfetch");
/// A page that shows pictures is to load quickly.
const MOST_BYTES: usize = 300 * 1024;
/// By then the run in the terminal is half through.
const MIDST: Duration = Duration::from_millis(1_500);
const COLUMNS: usize = 100;

/// `gfetch serve` on a port of its own, ended with the value.
struct Serving(Child, u16);

impl Serving {
    fn start() -> Serving {
        let mut child = Command::new(GFETCH).args(["serve", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        Serving(child, port)
    }

    /// Whatever a URL says, this server is asked.
    fn route(&self) -> String {
        format!("::127.0.0.1:{}", self.1)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Pages as a small site has them, the same every time.
fn site(count: u64) -> Vec<String> {
    let hosts = ["docs.example.org", "www.example.org", "img.example.net", "api.example.com"];
    let page = |number: u64| {
        // Spread without a pattern that the eye finds.
        let spread = number.wrapping_mul(2_654_435_761) >> 7;
        let host = hosts[(spread % 4) as usize];
        let path = match number % 23 {
            7 => "/status/404".into(),
            15 => "/status/503".into(),
            19 => "/truncate/9000".into(),
            3 | 11 => format!("/drip?bytes={}&ms={}", 20_000 + spread % 60_000, 100 + spread % 400),
            5 => "/redirect/2".into(),
            _ => format!("/delay/{}?bytes={}", 30 + (spread % 17) * (spread % 17), 500 + spread % 90_000),
        };
        format!("http://{host}{path}")
    };
    (0..count).map(page).collect()
}

/// Where pictures go: where they are asked for, or nowhere in the end.
fn folder() -> (Option<tempfile::TempDir>, PathBuf) {
    match std::env::var_os("GFETCH_PICTURES") {
        Some(folder) => (None, folder.into()),
        None => {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().to_owned();
            (Some(dir), path)
        }
    }
}

fn keep(folder: &Path, name: &str, picture: &[u8]) {
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert!(picture.len() < MOST_BYTES, "{name}: {} bytes", picture.len());
    fs::write(folder.join(name), picture).unwrap();
}

#[test]
fn the_report_has_its_picture() {
    needs_servers!();
    let (_dir, folder) = folder();
    let (server, dir) = (Serving::start(), tempfile::tempdir().unwrap());
    let page = dir.path().join("page.html");
    let list = site(60).join("\n");
    let route = server.route();
    let options = ["-i", "-", "--report", page.to_str().unwrap(), "--connect-to", &route, "-j", "16", "--retry", "1"];
    gfetch(&options, &list);
    let mut browser = Browser::start();
    let mut tab = browser.page();
    tab.resize(1_180, 1_500);
    tab.prefer_dark(false);
    tab.open(&page);
    // The waterfall of sixty is longer than a glance: the picture ends below its first rows.
    let picture = tab.picture(1_180, 1_500);
    keep(&folder, "report.png", &picture);

    let list = site(40).into_iter().filter(|url| url.contains("/delay/")).collect::<Vec<_>>().join("\n");
    let page = dir.path().join("compare.html");
    let options =
        ["-i", "-", "--report", page.to_str().unwrap(), "--connect-to", &route, "--compare-jobs", "1,2,4,8,16"];
    let output = gfetch(&[&options[..], &["--runs", "3", "-s"]].concat(), &list);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    tab.resize(1_180, 980);
    tab.open(&page);
    let picture = tab.picture(1_180, 980);
    keep(&folder, "compare.png", &picture);
}

/// Runs a command on a terminal of its own; what it had written in its midst, and in the end.
fn on_a_terminal(command: &str) -> (Vec<u8>, Vec<u8>) {
    let shell = format!("stty cols {COLUMNS} rows 40; {command}");
    let mut child = Command::new("script")
        .args(["-qefc", &shell, "/dev/null"])
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script, of util-linux");
    let written = Arc::<Mutex<Vec<u8>>>::default();
    let (mut out, sink) = (child.stdout.take().unwrap(), written.clone());
    let reader = thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = out.read(&mut piece) {
            sink.lock().unwrap().extend_from_slice(&piece[..count]);
        }
    });
    thread::sleep(MIDST);
    let midst = written.lock().unwrap().clone();
    let _ = child.wait();
    reader.join().unwrap();
    let all = written.lock().unwrap().clone();
    (midst, all)
}

const TERMINAL: &str = "\
<!DOCTYPE html><meta charset=\"utf-8\"><style>
body { margin: 0; padding: 16px; background: #d8dee6; width: 892px; }
pre { margin: 0 0 16px; padding: 14px 18px; border-radius: 8px; background: #14181d; color: #d7dde4;
      font: 14px/1.35 'DejaVu Sans Mono', monospace; }
.b { font-weight: bold; } .f { opacity: 0.65; }
.c31, .c91 { color: #ff7b72; } .c32, .c92 { color: #56d364; } .c33, .c93 { color: #e3b341; }
.c34, .c94 { color: #79c0ff; } .c35, .c95 { color: #d2a8ff; } .c36, .c96 { color: #56d4dd; } .c90 { color: #8b949e; }
</style>";

#[test]
fn the_terminal_has_its_picture() {
    needs_servers!();
    let (_dir, folder) = folder();
    let (server, dir) = (Serving::start(), tempfile::tempdir().unwrap());
    let mut urls = site(10);
    urls.push("http://docs.example.org/delay/2600?bytes=30000".into());
    urls.push("http://api.example.com/v2/export/delay/".into());
    urls.push("not a URL".into());
    urls.insert(5, "http://img.example.net/delay/2200?bytes=250000".into());
    fs::write(dir.path().join("urls.txt"), urls.join("\n")).unwrap();
    let (midst, all) = on_a_terminal(&format!(
        "cd {}; {GFETCH} -i urls.txt -j 8 --unordered --connect-to {}",
        dir.path().display(),
        server.route()
    ));
    let (midst, all) = (Screen::of(&midst), Screen::of(&all));
    assert!(all.text().contains("14 URLs: "), "{}", all.text());
    let prompt = "<span class=\"c32\">$</span> gfetch -i urls.txt -j 8 --unordered\n";
    let html = format!("{TERMINAL}<pre>{prompt}{}</pre><pre>{prompt}{}</pre>", midst.html(30), all.html(40));
    let page = dir.path().join("terminal.html");
    fs::write(&page, html).unwrap();
    let mut browser = Browser::start();
    let mut tab = browser.page();
    tab.resize(924, 600);
    tab.open(&page);
    let height = tab.eval("Math.ceil(document.body.getBoundingClientRect().height)").as_u64().unwrap();
    let picture = tab.picture(924, height as u32);
    keep(&folder, "terminal.png", &picture);
}
