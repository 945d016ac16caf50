//! `--to-curl`: the words of the commands. That curl sends the same by them is in tests/interop.

use serde_json::json;

use crate::runner::{Dir, Gfetch, gfetch};
use crate::server::Server;

fn line(args: &[&str]) -> String {
    Gfetch::new(&["--to-curl"]).args(args).run().expect(0).text().trim_end().to_owned()
}

#[test]
fn to_curl_writes_a_line_for_each_url_and_a_comment_for_what_is_none() {
    let server = Server::new();
    let list = format!("{}no url\n{}\n", server.list(["/a"]), json!({"url": server.url("/b"), "method": "DELETE"}));
    let run = Gfetch::new(&["--to-curl", "-i", "-"]).input(list).run().expect(1);
    let lines = run.lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[0],
        format!(
            "curl -q -sSfg -L --max-redirs 10 --proto-redir '=http,https' --compressed -A gfetch/{} -m 300 \
             --connect-timeout 10 -o /dev/null {}",
            env!("CARGO_PKG_VERSION"),
            server.url("/a")
        )
    );
    assert!(lines[1].starts_with("# -:2: no URL"), "{}", lines[1]);
    assert!(lines[2].contains(" -X DELETE ") && !lines[2].contains(" -L "), "{}", lines[2]);
    assert_eq!((run.err.as_str(), server.requests().len()), ("", 0));
}

#[test]
fn secrets_are_stars_unless_they_are_asked_for_and_that_is_said() {
    let args = ["-u", "me:hunter2", "-H", "X-Api-Key: hunter2", "-H", "X-Own: hunter2", "--secret-header", "X-Own"];
    let args = [&args[..], &["-b", "a=hunter2", "-x", "http://u:hunter2@p.example", "-U", "v:hunter2"]].concat();
    let run = Gfetch::new(&["--to-curl"]).args(&args).args(&["http://me:hunter2@a.example/"]).run().expect(0);
    assert!(!run.text().contains("hunter2") && !run.err.contains("hunter2"), "{} {}", run.text(), run.err);
    for words in ["-u 'me:***'", "'X-Api-Key: ***'", "'X-Own: ***'", "-b 'a=***'", "'v:***'", "me:***@a.example"] {
        assert!(run.text().contains(words), "{words}: {}", run.text());
    }
    assert!(run.err.contains("--show-secrets"), "{}", run.err);
    let run = Gfetch::new(&["--to-curl", "--show-secrets"]).args(&args).args(&["http://a.example/"]).run().expect(0);
    assert!(run.text().matches("hunter2").count() == 6 && !run.text().contains("***"), "{}", run.text());
    assert!(!run.err.contains("--show-secrets"), "{}", run.err);
    // Where they do not go they are not.
    let list = "http://good.example/\nhttp://evil.example/\n";
    let run = Gfetch::new(&["--to-curl", "-i", "-", "-u", "me:pw", "--auth-host", "good.example"]).input(list).run();
    assert!(run.lines()[0].contains("-u 'me:***'") && !run.lines()[1].contains("-u"), "{}", run.text());
}

#[test]
fn options_are_said_as_curl_takes_them() {
    let dir = Dir::new();
    let body = dir.write("body", "b");
    for (args, words) in [
        (&["-m", "0.5", "--connect-timeout", "0"][..], "-m 0.5 --connect-timeout 300"),
        (&["-y", "2.5", "-Y", "1k"], "-y 3 -Y 1024"),
        (&["--limit-rate", "2k", "--max-filesize", "1M"], "--max-filesize 1048576 --limit-rate 2048"),
        (
            &["--retry", "2", "--retry-delay", "0.5", "--retry-all-errors"],
            "--retry 2 --retry-delay 1 --retry-all-errors",
        ),
        (&["-k", "-6", "--http1.1", "--tlsv1.3"], "-k -6 --http1.1 --tlsv1.3"),
        (&["--resolve", "a.example:80:127.0.0.1"], "--resolve a.example:80:127.0.0.1"),
        (&["--connect-to", "::b.example:81"], "--connect-to ::b.example:81"),
        (&["--unix-socket", "-s"], "--unix-socket ./-s"),
        (&["--interface", "if!lo"], "--interface 'if!lo'"),
        (&["-x", "", "--noproxy", "*"], "--proxy '' --noproxy '*'"),
        (&["--socks5-hostname", "p.example:9"], "--socks5-hostname p.example:9"),
        (&["-d", &format!("@{body}")], &format!("-d @{body}")),
        (&["--json", &format!("@{body}")], &format!("--data-binary @{body}")),
        (
            &["-L", "-d", "x", "--max-redirs", "-1", "--proto-redir", "=https"],
            "-L --max-redirs -1 --proto-redir '=https'",
        ),
        (&["--location-trusted"], "--location-trusted --max-redirs 10"),
        (&["--no-fail"], "curl -q -sSg "),
        (&["-I"], " -I "),
        (&["-r", "5"], "-r 5-"),
        (&["-z", "-6 Nov 1994 08:49:37"], "-z 'Sun, 06 Nov 1994 08:49:37 GMT'"),
        (&["-e", "http://from.example;auto"], "-e 'http://from.example;auto'"),
        (&["-A", "", "-H", "Accept:", "-H", "X-Empty;"], "-H 'X-Empty;' -H User-Agent: -H Accept:"),
        (&["--digest", "-u", "a:b", "--show-secrets"], "--digest -u a:b"),
        (&["-b", "jar", "-b", "", "-c", "jar2"], "-b jar -b '' -c jar2"),
        (&["-w", "%{http_code}", "-D", "heads"], "--write-out '%{http_code}' --dump-header heads"),
        (&["--show-headers"], "-i --connect-timeout 10 http"),
        (&["--body"], "--connect-timeout 10 http"),
        (&["-o", "-"], "-o - http"),
        (&["-o", "-x"], "-o ./-x --remove-on-error http"),
        (
            &["-O", "-J", "--output-dir", "d", "--create-dirs", "-R"],
            "-R --connect-timeout 10 -OJ --output-dir d --create-dirs",
        ),
        (&["-o", "f", "-C", "-"], "-C - --connect-timeout 10 -o f http"),
    ] {
        let args = [args, &["http://a.example/n"]].concat();
        let words = if args[1].starts_with("-6 Nov") { words.replace("'Sun", "'-Sun") } else { words.to_owned() };
        let line = line(&args);
        assert!(line.contains(&words), "{args:?}: {words}: {line}");
    }
    let plain = line(&["http://a.example/", "-i", "/dev/null"]);
    assert!(!plain.contains("proxy "), "the environment is read by curl itself: {plain}");
}

#[test]
fn files_about_the_run_are_none_of_curls() {
    let dir = Dir::new();
    for (args, name) in [
        (&["-O", "--manifest", "file"][..], "--manifest"),
        (&["--resume", "file"], "--resume"),
        (&["--har", "file"], "--har"),
        (&["--save-failed", "file"], "--save-failed"),
        (&["--summary-json", "file"], "--summary-json"),
        (&["--report", "file"], "--report"),
    ] {
        let run = Gfetch::new(&["--to-curl", "http://a.example/"]).args(args).dir(&dir).run().expect(0);
        let expected = format!("gfetch: curl has no words for {name}: each line is one request by itself");
        assert!(run.err.contains(&expected), "{args:?}: {}", run.err);
    }
    assert!(dir.names().is_empty());
}

#[test]
fn what_curl_cannot_be_told_is_said_once() {
    let run = gfetch(&["--to-curl", "--per-host", "3", "--rate", "5/s", "-j", "2", "http://a.example/[1-3]"]).expect(0);
    assert!(run.err.contains("--per-host, --rate, -j/--jobs"), "{}", run.err);
    assert_eq!((run.lines().len(), run.err.lines().count()), (3, 1));
    let run = gfetch(&["--to-curl", "-H", "X: y", "http://a.example/"]).expect(0);
    assert!(run.err.contains("another origin"), "{}", run.err);
    let run = gfetch(&["--to-curl", "-D", "f", "-o", "{status}/{name}", "http://a.example/[1-2]"]).expect(0);
    assert!(run.err.contains("begins the file of -D anew") && run.err.contains("cannot name a file by"), "{}", run.err);
    let run = Gfetch::new(&["--to-curl", "-i", "-"])
        .input(json!({"url": "http://a/", "method": "HEAD", "body": "x"}).to_string())
        .run();
    assert!(run.expect(0).text().starts_with("# -:1: curl cannot"));
}

#[test]
fn what_was_safe_and_is_not_by_curl_is_said_with_silent_too() {
    for silent in [&[][..], &["-s"]] {
        let args = [&["--to-curl", "--block-private", "-H", "X: y", "http://a.example/[1-3]"], silent].concat();
        let err = gfetch(&args).expect(0).err;
        assert_eq!(err.lines().count(), 2, "{err}");
        assert!(err.contains("--block-private: these commands connect to private addresses too"), "{err}");
        assert!(err.contains("after a redirect to another origin curl sends the fields of -H there"), "{err}");
    }
}

#[test]
fn limits_of_hosts_in_the_config_file_are_none_of_curls() {
    let dir = Dir::new();
    std::fs::create_dir(dir.file("gfetch")).unwrap();
    dir.write("gfetch/config.toml", "[host.\"a.example\"]\nrate = \"2/s\"\n");
    let run = Gfetch::new(&["--to-curl", "-j", "3", "http://a.example/"]).env("XDG_CONFIG_HOME", &dir.at(""));
    let err = run.run().expect(0).err;
    assert!(err.contains("curl has no words for -j/--jobs, per-host and rate of [host]: each line"), "{err}");
}

#[test]
fn it_goes_with_no_other_way_to_tell() {
    for other in [&["--dry-run"][..], &["--compare"], &["--format", "json"]] {
        gfetch(&[&["--to-curl", "http://a.example/"], other].concat()).expect(2);
    }
    gfetch(&["--to-curl", "--dry-run", "--no-dry-run", "http://a.example/"]).expect(0);
}
