//! What README and the guide show at a prompt is what happens: every ```console block is run, in order, in a folder of its
//! page's own, against a `gfetch serve`, and must print what stands there, but for times and ports.
//!
//! `$ ` begins a command, what follows it is what it prints; `…` alone on a line stands for any lines. A `cat` of a file that
//! is not there yet makes it: so a page shows the file that it works on. `GFETCH_GUIDE=write cargo test --test installed guide`
//! writes into the pages what was printed, for who changes them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::runner::{Dir, Gfetch};
use super::{has, here};

/// What the pages say that the server listens on.
const SHOWN_PORT: &str = "8080";
/// What a page's commands need besides gfetch, a shell and coreutils.
const NEEDED: &[&str] = &["script", "jq", "bash", "curl"];

/// How often a comparison may be made until it comes out as shown.
const COMPARED_AT_MOST: usize = 4;

/// A part of a page.
enum Piece {
    Text(String),
    Command { typed: String, printed: Vec<String> },
}

fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut in_console = false;
    for line in page.lines() {
        if line.starts_with("```") {
            in_console = line == "```console";
            pieces.push(Piece::Text(line.to_owned()));
        } else if let Some(typed) = line.strip_prefix("$ ").filter(|_| in_console) {
            pieces.push(Piece::Command { typed: typed.to_owned(), printed: Vec::new() });
        } else {
            match pieces.last_mut() {
                Some(Piece::Command { printed, .. }) if in_console => printed.push(line.to_owned()),
                _ => pieces.push(Piece::Text(line.to_owned())),
            }
        }
    }
    pieces
}

/// A folder, and the server that the page's reader has in a second terminal.
struct Stage {
    dir: Dir,
    server: Child,
    port: String,
}

impl Stage {
    fn new() -> Stage {
        let dir = Dir::new();
        let gfetch = env!("CARGO_BIN_EXE_gfetch");
        // No live line, and no colours: what is left on the screen at the end is what a page shows.
        let wrapper = format!("#!/bin/sh\nexec {gfetch} --progress none \"$@\"\n");
        let (bin, jq) = (dir.file(".bin"), "#!/bin/sh\nPATH=${PATH#*:} exec jq -M \"$@\"\n");
        fs::create_dir(&bin).unwrap();
        for (name, script) in [("gfetch", &*wrapper), ("jq", jq)] {
            fs::write(bin.join(name), script).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let serve = Command::new(gfetch).args(["serve", "--port", "0"]).stdout(Stdio::piped()).spawn();
        let mut server = serve.unwrap();
        let mut first = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let port = first.trim().trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
        Stage { dir, server, port }
    }

    /// What a command prints at a terminal of 120 columns.
    fn printed(&self, typed: &str) -> Vec<String> {
        let typed = typed.replace(&format!(":{SHOWN_PORT}"), &format!(":{}", self.port));
        let script = self.dir.write(".typed", format!("cd ~\n{typed}\n"));
        let mut command = Command::new("script");
        command.args(["-qec", &format!("stty rows 40 cols 120; timeout 60 bash {script}"), "/dev/null"]);
        let path = format!("{}:{}", self.dir.at(".bin"), std::env::var("PATH").unwrap());
        command.env_clear().env("PATH", path).env("HOME", self.dir.path()).env("TERM", "xterm").env("NO_COLOR", "1");
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap().replace('\r', "").replace("^D\u{8}\u{8}", "");
        let text = text.replace(&format!(":{}", self.port), &format!(":{SHOWN_PORT}"));
        text.replace(&self.dir.at(""), "/home/me/").lines().map(str::to_owned).collect()
    }

    /// The file that is shown before it is there.
    fn missing(&self, typed: &str) -> Option<PathBuf> {
        let name = typed.strip_prefix("cat ").filter(|name| !name.contains([' ', '*', '|', '>']))?;
        let path = self.dir.file(name.trim_start_matches("~/"));
        (!path.exists()).then_some(path)
    }

    fn make(&self, path: PathBuf, lines: &[String]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(path, text.replace(&format!(":{SHOWN_PORT}"), &format!(":{}", self.port))).unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What a comparison says where a slower URL would have been the bound, had the clock been finer.
const MORE_THAN_POSSIBLE: &str = " that the serial times allow";

/// A line without what another run changes: times, shares, ratios, how long bars are, how columns are aligned. Sizes, counts,
/// addresses and versions stay.
fn plain(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.replace("more than the ", "of ").replace(MORE_THAN_POSSIBLE, " possible");
    let mut plain = String::new();
    let mut rest = line.as_str();
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(rest.len());
        let number = rest[..end].trim_end_matches(['.', ',']);
        if !first.is_ascii_digit() || number.is_empty() {
            if !(first == '█' && plain.ends_with('█')) {
                plain.push(first);
            }
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let after = &rest[number.len()..];
        let word = after.trim_start();
        let word = &word[..word.find(|c: char| !c.is_alphabetic() && c != '%').unwrap_or(word.len())];
        let is_time = ["ms", "s", "µs"].contains(&word);
        let is_size = ["B", "KiB", "MiB", "GiB"].contains(&word);
        let is_ratio = number.matches('.').count() == 1 && !is_size || ["%", "times"].contains(&word);
        match (is_time, is_ratio) {
            (true, _) => {
                plain.push_str("TIME");
                rest = &after.trim_start()[word.len()..];
            }
            (false, true) => {
                plain.push('#');
                rest = after;
            }
            (false, false) => {
                plain.push_str(number);
                rest = after;
            }
        }
    }
    plain
}

/// Whether the lines are as shown; `…` alone is any number of them.
fn as_shown(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == "…" => (0..=printed.len()).any(|skipped| as_shown(rest, &printed[skipped..])),
        Some((line, rest)) => {
            printed.split_first().is_some_and(|(p, others)| plain(line) == plain(p) && as_shown(rest, others))
        }
    }
}

/// Runs a page, and says what was not as shown; gives it as it was.
fn run(page: &str) -> (Vec<String>, String) {
    let stage = Stage::new();
    let (mut wrong, mut as_it_was) = (Vec::new(), String::new());
    for piece in pieces(page) {
        let (typed, shown) = match piece {
            Piece::Text(line) => {
                as_it_was += &(line + "\n");
                continue;
            }
            Piece::Command { typed, printed } => (typed, printed),
        };
        as_it_was += &format!("$ {typed}\n");
        let mut lines = shown.clone();
        if let Some(path) = stage.missing(&typed) {
            stage.make(path, &shown);
        } else {
            let trimmed: Vec<String> = shown.iter().map(|line| line.trim_end().to_owned()).collect();
            let mut printed = stage.printed(&typed);
            // What bounds a comparison may be the machine, where that is busy.
            let tries = if typed.contains("--compare") { COMPARED_AT_MOST } else { 1 };
            for _ in 1..tries {
                if !as_shown(&trimmed, &printed) {
                    printed = stage.printed(&typed);
                }
            }
            if !as_shown(&trimmed, &printed) {
                wrong.push(format!(
                    "$ {typed}\nis shown as\n{}\nand prints\n{}\n",
                    shown.join("\n"),
                    printed.join("\n")
                ));
                lines = printed;
            }
        }
        lines.iter().for_each(|line| as_it_was += &format!("{line}\n"));
    }
    (wrong, as_it_was)
}

/// The pages: README, and all of the guide.
fn pages() -> Vec<PathBuf> {
    let guide = fs::read_dir(here("docs/guide")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = guide.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.sort();
    pages.push(here("README.md"));
    pages
}

#[test]
fn what_the_guide_and_readme_show_is_what_happens() {
    if !NEEDED.iter().all(|program| has(program)) {
        return;
    }
    let write = std::env::var_os("GFETCH_GUIDE").is_some_and(|value| value == "write");
    // Each waits for a server most of the time: all at once.
    let run_page = move |path: PathBuf| {
        let (wrong, as_it_was) = run(&fs::read_to_string(&path).unwrap());
        if write && !wrong.is_empty() {
            fs::write(&path, as_it_was).unwrap();
        }
        wrong.into_iter().map(|text| format!("{}: {text}", path.display())).collect::<Vec<_>>()
    };
    // Each waits for a server most of the time: all at once.
    let runs: Vec<_> = pages().into_iter().map(|path| thread::spawn(move || run_page(path))).collect();
    let wrong: Vec<String> = runs.into_iter().flat_map(|run| run.join().unwrap()).collect();
    assert!(write || wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn readme_links_every_page_of_the_guide_and_every_page_shows_something() {
    let readme = fs::read_to_string(here("README.md")).unwrap();
    let pages = pages();
    assert!(pages.len() > 8, "{pages:?}");
    for page in &pages[..pages.len() - 1] {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(readme.contains(&format!("(docs/guide/{name})")), "README does not link {name}");
        let text = fs::read_to_string(page).unwrap();
        let commands = pieces(&text).into_iter().filter(|piece| matches!(piece, Piece::Command { .. })).count();
        assert!(commands >= 2 && text.lines().count() <= 110, "{name}: {commands} commands");
    }
}

#[test]
fn readmes_config_file_is_one() {
    let readme = fs::read_to_string(here("README.md")).unwrap();
    let config = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let dir = Dir::new();
    fs::create_dir(dir.file("gfetch")).unwrap();
    dir.write("gfetch/config.toml", config);
    let run = Gfetch::new(&["--preset", "polite", "--dry-run", "http://api.example/"]);
    let run = run.env("XDG_CONFIG_HOME", &dir.at("")).run().expect(0);
    assert!(
        run.err.contains("2 to one host") && run.err.contains("5/s") && run.err.contains("\n  hosts "),
        "{}",
        run.err
    );
}

#[test]
fn only_what_a_run_changes_is_left_out() {
    assert_eq!(plain("200   46.3 KiB    4.5 ms  http://127.0.0.1:8080/a"), "200 46.3 KiB TIME http://127.0.0.1:8080/a");
    assert_eq!(plain("2 URLs: 1 ok in 5.8 ms · 71.5 KiB"), "2 URLs: 1 ok in TIME · 71.5 KiB");
    assert_eq!(plain("200\t13\t0.100773\thttp://a/1.5"), "200 13 # http://a/#");
    assert_eq!(plain("was 2.99 times faster (2.98 … 3.00 in 2 pairs)"), "was # times faster (# … # in 2 pairs)");
    assert_eq!(plain("  serial  ████  1 %"), "serial █ # %");
    assert_eq!(plain("http_version 1.1, gfetch/0.1.0, 1,024 B."), "http_version #, gfetch/0.1.0, 1,024 B.");
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(as_shown(&lines("a\n…\nd 1.5 s"), &lines("a\nb\nc\nd 2.5 s")));
    assert!(!as_shown(&lines("a\nb"), &lines("a\nb\nc")) && !as_shown(&lines("a\n…\nd"), &lines("a\nb")));
}
