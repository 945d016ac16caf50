//! `-b` and `-c`: who gets which cookie over a run, and the file that is left.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::answering::{Answering, with};
use super::runner::{Dir, Gfetch, gfetch};

/// Sets what its path says: `/set/NAME=VALUE`; `/to/URL` sets `hop=1` and leads there; all else is an answer.
fn server() -> Answering {
    Answering::new(|request| match request.path[1..].split_once('/') {
        Some(("set", cookie)) => with(200, &format!("Set-Cookie: {}\r\n", cookie.replace('_', ";"))),
        Some(("fail", cookie)) => with(500, &format!("Set-Cookie: {cookie};Path=/\r\n")),
        Some(("to", url)) => with(302, &format!("Set-Cookie: hop=1;Path=/\r\nLocation: {url}\r\n")),
        _ => with(200, ""),
    })
}

#[test]
fn cookie_engine_is_on_with_a_file_only() {
    let server = server();
    for (options, expected) in [
        (&[][..], "/x -"),
        (&["-b", "k=v"], "/x k=v"),
        (&["-b", ""], "/x a=1"),
        (&["-b", "missing"], "/x a=1"),
        (&["-c", "/dev/null"], "/x a=1"),
        (&["-b", "", "-b", "k=v", "-b", "l=w"], "/x a=1; k=v; l=w"),
        (&["-b", "", "-H", "Cookie: h=1"], "/x a=1; h=1"),
        (&["-b", "k=v", "-H", "cookie: h=1"], "/x h=1"),
    ] {
        let urls = [server.url("/set/a=1_Path=/"), server.url("/x")];
        Gfetch::new(&["--serial"]).args(options).args(&[&urls[0], &urls[1]]).run().expect(0);
        assert_eq!(server.sent("cookie").last().unwrap(), expected, "{options:?}");
    }
}

#[test]
fn cookies_are_taken_on_redirects_and_errors_and_recomputed_at_each_hop() {
    let server = server();
    let there = server.url("/there");
    gfetch(&["--serial", "-b", "", &server.url("/fail/e=1"), &server.url(&format!("/to/{there}"))]);
    assert_eq!(server.sent("cookie")[1..], [format!("/to/{there} e=1"), "/there e=1; hop=1".into()]);
}

#[test]
fn cookies_given_by_name_do_not_follow_to_another_port_and_do_not_come_back() {
    let (one, other) = (server(), server());
    let back = format!("/to/{}", one.url("/back"));
    let away = format!("/to/{}", other.url(&back));
    gfetch(&["-b", "k=v", &one.url(&away)]).expect(0);
    assert_eq!(one.sent("cookie"), [format!("{away} k=v"), "/back -".into()]);
    assert_eq!(other.sent("cookie"), [format!("{back} -")]);
    gfetch(&["-b", "k=v", "--location-trusted", &one.url(&away)]).expect(0);
    assert_eq!(one.sent("cookie")[3], "/back k=v");
    assert_eq!(other.sent("cookie")[1], format!("{back} k=v"));
}

#[test]
fn cookie_files_are_read_with_a_word_for_what_is_no_cookie() {
    let (server, dir) = (server(), Dir::new());
    let jar = dir.write("jar", "# c\r\n127.0.0.1\tFALSE\t/\tFALSE\t0\tplain\t1\r\nnonsense\r\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\thidden\t2\r\n.example.org\tTRUE\t/\tFALSE\t0\tother\t3\nmore nonsense\n");
    let run = gfetch(&["-b", &jar, &server.url("/x")]).expect(0);
    assert_eq!(server.sent("cookie"), ["/x plain=1; hidden=2"]);
    let said = format!(
        "gfetch: -b/--cookie {jar}: 2 lines are no cookie and passed over; the first is line 3 (no line of a cookie file)\n"
    );
    assert!(run.err.starts_with(&said), "{}", run.err);
    gfetch(&["-b", &format!("@{jar}"), &server.url("/at")]).expect(0);
    Gfetch::new(&["-b", "-", &server.url("/stdin")]).input(dir.read("jar")).run().expect(0);
    assert_eq!(server.sent("cookie")[1..], ["/at plain=1; hidden=2", "/stdin plain=1; hidden=2"]);
}

#[test]
fn a_cookie_file_that_is_missing_is_empty_and_one_that_cannot_be_read_ends_it() {
    let (server, dir) = (server(), Dir::new());
    let run = gfetch(&["-b", &dir.at("none"), &server.url("/x")]).expect(0);
    assert!(run.err.contains("none: no such file"), "{}", run.err);
    let run = gfetch(&["-b", &dir.at("none"), "-c", &dir.at("none"), &server.url("/x")]).expect(0);
    assert!(!run.err.contains("no such file"), "{}", run.err);
    let run = gfetch(&["-b", dir.path().to_str().unwrap(), &server.url("/no")]).expect(2);
    assert!(run.err.contains("-b/--cookie") && server.sent("cookie").len() == 2, "{}", run.err);
}

#[test]
fn cookie_jar_holds_what_is_left_whole_private_and_for_the_next_run() {
    let (server, dir) = (server(), Dir::new());
    let jar = dir.at("jar");
    gfetch(&["-c", &jar, &server.url("/set/a=1_Path=/_HttpOnly")]).expect(0);
    let text = dir.read("jar");
    assert!(text.starts_with("# Netscape HTTP Cookie File\n"), "{text}");
    assert_eq!(text.lines().last(), Some("#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1"));
    assert_eq!(dir.file("jar").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(dir.names(), ["jar"], "nothing else is left");
    gfetch(&["-b", &jar, "-c", &jar, &server.url("/set/b=2_Path=/")]).expect(0);
    assert_eq!(server.sent("cookie")[1], "/set/b=2_Path=/ a=1");
    assert_eq!(dir.read("jar").lines().skip(3).count(), 2);
    gfetch(&["-c", &jar, &server.url("/set/c=3_Path=/")]).expect(0);
    assert_eq!(dir.read("jar").lines().skip(3).count(), 1, "-c alone does not read it, as in curl");
}

#[test]
fn cookie_jar_goes_to_standard_output_and_through_links_and_an_unwritable_one_ends_it_before() {
    let (server, dir) = (server(), Dir::new());
    let run = gfetch(&["-s", "--body", "-c", "-", &server.url("/set/a=1")]).expect(0);
    assert!(run.text().starts_with("ok# Netscape") && run.text().ends_with("\ta\t1\n"), "{}", run.text());
    let real = dir.write("real", "");
    symlink(&real, dir.file("link")).unwrap();
    gfetch(&["-c", &dir.at("link"), &server.url("/set/a=1")]).expect(0);
    assert!(dir.file("link").is_symlink() && dir.read("real").ends_with("\ta\t1\n"));
    let run = gfetch(&["-c", &dir.at("no/jar"), &server.url("/x")]).expect(2);
    assert!(run.err.contains("cannot write") && server.requests().len() == 2, "{}", run.err);
    let run = gfetch(&["-c", "http://a.example/", "x"]).expect(2);
    assert!(run.err.contains("what follows it is a URL"), "{}", run.err);
    gfetch(&["--compare", "-c", &real, &server.url("/x")]).expect(2);
}

#[test]
fn cookie_jar_is_written_when_a_run_is_stopped_and_when_requests_fail() {
    let (server, dir) = (server(), Dir::new());
    let jar = dir.at("jar");
    gfetch(&["--serial", "--fail-early", "-c", &jar, &server.url("/fail/e=1"), &server.url("/x")]).expect(3);
    assert!(dir.read("jar").ends_with("\te\t1\n"));
}

#[test]
fn cookies_by_name_are_secrets_and_those_of_a_file_are_not() {
    let (server, dir) = (server(), Dir::new());
    let list = dir.write("list", server.url("/x"));
    let jar = dir.write("jar", "127.0.0.1\tFALSE\t/\tFALSE\t0\tj\thunter2\n");
    let run = gfetch(&["-i", &list, "-b", "k=hunter2"]).expect(2);
    assert!(run.err.contains("-b NAME=VALUE is a secret") && run.err.contains("--auth-host"), "{}", run.err);
    let run = gfetch(&["-v", "-i", &list, "-b", &jar]).expect(0);
    assert!(run.err.contains("> Cookie: ***") && !run.err.contains("hunter2"), "{}", run.err);
    let run = gfetch(&["-v", "-b", "", &server.url("/set/a=hunter2")]).expect(0);
    assert!(run.err.contains("< Set-Cookie: ***"), "{}", run.err);
    let run = gfetch(&["-v", "--show-secrets", "-i", &list, "-b", &jar]).expect(0);
    assert!(run.err.contains("> Cookie: j=hunter2"), "{}", run.err);
}
