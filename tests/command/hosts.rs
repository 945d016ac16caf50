//! `[host."…"]` in the config file, with real files and servers.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use super::answering::{Answering, with};
use super::runner::{Dir, Gfetch};
use super::server::{Server, silent_to_connects};

fn folder(config: &str) -> Dir {
    let dir = Dir::new();
    fs::create_dir(dir.file("gfetch")).unwrap();
    dir.write("gfetch/config.toml", config);
    dir
}

fn run(dir: &Dir, args: &[&str]) -> super::runner::Run {
    Gfetch::new(args).env("XDG_CONFIG_HOME", &dir.at("")).run()
}

#[test]
fn a_hosts_fields_go_to_that_host_only_also_from_a_list() {
    let (a, b) = (Answering::new(|_| with(200, "")), Answering::new(|_| with(200, "")));
    let config = format!(
        "[default]\nuser-agent = \"all/1\"\n[host.\"{}\"]\nheader = [\"Authorization: Bearer t0ken\", \"X-Two: 2\"]\nuser-agent = \"a/1\"\n",
        a.addr
    );
    let dir = folder(&config);
    let list = dir.write("list", format!("{}\n{}\n", a.url("/"), b.url("/")));
    // A secret without --auth-host: it is said to whom it goes.
    run(&dir, &["-i", &list]).expect(0);
    assert_eq!((a.sent("authorization"), b.sent("authorization")), (vec!["/ Bearer t0ken".into()], vec!["/ -".into()]));
    assert_eq!((a.sent("user-agent"), b.sent("user-agent")), (vec!["/ a/1".into()], vec!["/ all/1".into()]));
    assert_eq!((&*a.sent("x-two")[0], &*b.sent("x-two")[0]), ("/ 2", "/ -"));
    // It is a secret in all that is printed.
    let run = run(&dir, &["-v", &a.url("/")]).expect(0);
    assert!(run.err.contains("Authorization: ***") && !run.err.contains("t0ken"), "{}", run.err);
}

#[test]
fn a_hosts_settings_hold_with_threads_too() {
    let slow = Server::new();
    let other = Answering::new(|_| with(200, ""));
    let config = format!(
        "[host.\"{}\"]\nper-host = 2\nrate = \"20/s\"\nheader = \"X-Api-Key: k3y\"\n[host.\"{}\"]\nheader = \"X-B: b\"\n",
        slow.addr, other.addr
    );
    let dir = folder(&config);
    let list = dir.write("list", slow.list((0..8).map(|n| format!("/delay/60/{n}"))) + &other.url("/\n").repeat(4));
    let began = Instant::now();
    run(&dir, &["-i", &list, "--threads", "2"]).expect(0);
    assert!(began.elapsed() >= Duration::from_millis(350), "eight starts at 20/s");
    assert!(slow.most_at_once() <= 2);
    assert!(
        slow.requests()
            .iter()
            .all(|request| request.field("x-api-key") == Some("k3y") && request.field("x-b").is_none())
    );
    assert_eq!((other.sent("x-api-key"), other.sent("x-b")), (vec!["/ -".to_owned(); 4], vec!["/ b".to_owned(); 4]));
}

#[test]
fn what_is_typed_stands_over_a_hosts_settings_and_q_goes_without_them() {
    let server = Answering::new(|_| with(503, ""));
    let config = format!(
        "[host.\"{}\"]\nretry = 2\nuser-agent = \"a/1\"\nheader = \"X-One: file\"\n[preset.once]\nretry = 0\n",
        server.addr
    );
    let dir = folder(&config);
    let sent = |args: &[&str]| {
        let before = server.requests().len();
        run(&dir, &[args, &["--retry-delay", "0.01", &server.url("/")]].concat()).expect(3);
        let tries = server.requests().len() - before;
        let last = |field: &str| server.sent(field).last().unwrap()[2..].to_owned();
        (tries, last("user-agent"), last("x-one"))
    };
    assert_eq!(sent(&[]), (3, "a/1".into(), "file".into()));
    assert_eq!(sent(&["--preset", "once"]), (3, "a/1".into(), "file".into()));
    assert_eq!(sent(&["--retry", "1", "-A", "me/1", "-H", "x-one: typed"]), (2, "me/1".into(), "typed".into()));
    let (tries, agent, one) = sent(&["-q"]);
    assert!(tries == 1 && agent.starts_with("gfetch/") && one == "-");
}

#[test]
fn a_hosts_settings_are_told_as_a_dry_run_and_as_curl_lines() {
    let dir =
        folder("[host.\"a.example\"]\nretry = 3\nmax-time = 7\nconnect-timeout = 2\nheader = [\"X-Api-Key: k3y\"]\n");
    let urls = ["http://a.example/", "http://b.example/"];
    let curl = run(&dir, &[&["--to-curl"], &urls[..]].concat()).expect(0);
    let lines = curl.lines();
    assert!(
        ["-m 7 ", "--connect-timeout 2 ", "--retry 3 ", "-H 'X-Api-Key: ***'"]
            .iter()
            .all(|word| lines[0].contains(word))
    );
    assert!(lines[1].contains("-m 300 --connect-timeout 10 ") && !lines[1].contains("--retry"), "{}", lines[1]);
    let dry = run(&dir, &[&["--dry-run"], &urls[..]].concat()).expect(0);
    let told = "  hosts      a.example: 7 s for a request, 2 s to connect, 3 retries, sent X-Api-Key\n";
    assert!(dry.err.contains(told) && !dry.err.contains("k3y"), "{}", dry.err);
}

#[test]
fn what_held_the_run_back_is_the_hosts_own_number() {
    let slow = Answering::new(|_| {
        std::thread::sleep(Duration::from_millis(100));
        with(200, "")
    });
    let urls: Vec<String> = (0..6).map(|number| slow.url(&format!("/{number}"))).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    for (setting, told) in [("per-host = 1", "per-host 1"), ("rate = \"4/s\"", "rate 4/s")] {
        let dir = folder(&format!("[host.\"{}\"]\n{setting}\n[host.\"b.example\"]\nper-host = 3\n", slow.addr));
        let table = format!("{told} of [host.\"{}\"]", slow.addr);
        let fetched = run(&dir, &urls).expect(0);
        assert!(fetched.err.contains(&format!("{table} held the run back by up to ")), "{}", fetched.err);
        let compared = run(&dir, &[&["--compare", "--runs", "1", "--warmup", "0"], &urls[..]].concat()).expect(0);
        let said = String::from_utf8_lossy(&compared.out);
        assert!(said.contains(&format!("{table} bounds it: ")), "{said}");
        let dry = run(&dir, &[&["--dry-run"], &urls[..]].concat()).expect(0);
        let both = format!(
            "{}: {}\n             b.example: 3 at once\n",
            slow.addr,
            match told {
                "rate 4/s" => "4/s starts",
                _ => "1 at once",
            }
        );
        assert!(dry.err.contains(&both), "{}", dry.err);
    }
}

#[test]
fn a_hosts_connect_timeout_and_max_time_are_its_own() {
    let (addr, _full) = silent_to_connects();
    let slow = Answering::new(|_| {
        std::thread::sleep(std::time::Duration::from_millis(600));
        with(200, "")
    });
    let config = format!("[host.\"{addr}\"]\nconnect-timeout = 0.15\n[host.\"{}\"]\nmax-time = 0.2\n", slow.addr);
    let dir = folder(&config);
    let url = format!("http://{addr}/");
    let found = run(&dir, &["--format", "json", &url, &slow.url("/")]).expect(3).records();
    let limits: Vec<_> = found.iter().map(|record| record["error"]["limit"].clone()).collect();
    assert_eq!(limits, [json!("connect-timeout"), json!("max-time")]);
    let typed = run(&dir, &["--format", "json", "-m", "30", &slow.url("/")]).expect(0);
    assert_eq!(typed.records()[0]["ok"], true);
}
