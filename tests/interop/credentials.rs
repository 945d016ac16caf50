//! Cookies, netrc and digest beside curl: the same files and options, and the same fields must be sent.

use std::process::{Command, Output};

use tempfile::TempDir;

use crate::answering::{Answering, with};
use crate::client::{gfetch, run, succeeded};
use crate::needs_servers;

/// A cookie that both take, each in its way; ages below 400 days, which is where gfetch ends them.
const SET: &str = "Set-Cookie: session=1; Path=/\r\n\
                   Set-Cookie: lasting=2; Path=/; Max-Age=86400\r\n\
                   Set-Cookie: hidden=3; Path=/deep; HttpOnly\r\n\
                   Set-Cookie: gone=4; Path=/; Max-Age=0\r\n\
                   Set-Cookie: foreign=5; Domain=example.org\r\n\
                   Set-Cookie: address=6; Domain=0.0.1\r\n\
                   Set-Cookie: nameless\r\n\
                   Set-Cookie: __Host-near=8; Path=/deep; Secure\r\n\
                   Set-Cookie: __Secure-plain=9; Path=/\r\n\
                   Set-Cookie: local=10; Path=/; Secure\r\n";

/// Sets on `/set`, asks for a password by Digest on `/digest`, leads on from `/to/URL`, and answers all else.
fn server() -> Answering {
    Answering::new(|request| match request.path.as_str() {
        "/set" => with(200, SET),
        "/digest" if request.field("authorization").is_none() => {
            let challenge = "Digest realm=\"a realm\", nonce=\"n\", qop=\"auth\", opaque=\"o\", algorithm=SHA-256";
            with(401, &format!("WWW-Authenticate: {challenge}\r\n"))
        }
        path => match path.strip_prefix("/to/") {
            Some(url) => with(302, &format!("Location: {url}\r\n")),
            None => with(200, ""),
        },
    })
}

fn curl(arguments: &[&str]) -> Output {
    run(Command::new("curl").args(["-s", "-L"]).args(arguments), "")
}

/// The values of a field that gfetch sent, and those that curl sent, for the same arguments.
fn both(server: &Answering, field: &str, arguments: &[&str]) -> [Vec<String>; 2] {
    let before = server.requests().len();
    succeeded(gfetch(arguments, ""));
    let between = server.requests().len();
    succeeded(curl(arguments));
    let sent = server.sent(field);
    [sent[before..between].to_vec(), sent[between..].to_vec()]
}

#[track_caller]
fn same(server: &Answering, field: &str, arguments: &[&str]) {
    let [ours, curls] = both(server, field, arguments);
    let sorted = |sent: Vec<String>| sent.iter().map(|value| in_order(value)).collect::<Vec<_>>();
    assert_eq!(sorted(ours), sorted(curls), "{arguments:?}");
}

/// Cookies of one path length have an order of each client's own.
fn in_order(value: &str) -> Vec<String> {
    let (path, value) = value.split_once(' ').unwrap();
    let mut pairs: Vec<String> = value.split("; ").chain([path]).map(str::to_owned).collect();
    pairs.sort();
    pairs
}

fn file(dir: &TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.into_os_string().into_string().unwrap()
}

#[test]
fn the_same_jar_makes_the_same_cookies() {
    needs_servers!();
    let (server, dir) = (server(), TempDir::new().unwrap());
    let jar = file(
        &dir,
        "jar",
        "# Netscape HTTP Cookie File\r\n127.0.0.1\tFALSE\t/\tFALSE\t0\tplain\t1\r\n\
         #HttpOnly_127.0.0.1\tFALSE\t/deep\tFALSE\t0\thidden\t2\n127.0.0.1\tFALSE\t/\tTRUE\t0\tsecure\t3\n\
         127.0.0.1\tFALSE\t/\tFALSE\t1\tpast\t4\n127.0.0.1\tFALSE\t/\tFALSE\t0\tempty\t\n\
         127.0.0.1\tFALSE\t/deeper\tFALSE\t0\telsewhere\t5\n.example.org\tTRUE\t/\tFALSE\t0\tforeign\t6\n\
         nonsense\n127.0.0.1\t\tFALSE\t/\tFALSE\t0\ttabs\t7\n127.0.0.1\tFALSE\tFALSE\t0\tnopath\t8\n",
    );
    for path in ["/", "/deep", "/deep/x", "/deeper", "/deeper/x?q"] {
        same(&server, "cookie", &["-b", &jar, &server.url(path)]);
    }
    same(&server, "cookie", &["-b", &jar, "-b", "own=1", &server.url("/deep/x")]);
    same(&server, "cookie", &["-b", "own=1", "-H", "Cookie: given=1", &server.url("/")]);
}

#[test]
fn each_reads_the_jar_that_the_other_wrote() {
    needs_servers!();
    let (server, dir) = (server(), TempDir::new().unwrap());
    let (ours, curls) = (file(&dir, "ours", ""), file(&dir, "curls", ""));
    succeeded(gfetch(&["-c", &ours, &server.url("/set")], ""));
    succeeded(curl(&["-c", &curls, &server.url("/set")]));
    for jar in [&ours, &curls] {
        for path in ["/", "/deep/x"] {
            same(&server, "cookie", &["-b", jar, &server.url(path)]);
        }
    }
    let cookies = |jar: &str| {
        let text = std::fs::read_to_string(jar).unwrap();
        // Without the second at which it ends, which may have been the next one.
        let line =
            |line: &str| line.split('\t').enumerate().filter(|(at, _)| *at != 4).map(|(_, c)| c.to_owned()).collect();
        let is_cookie = |line: &&str| line.contains('\t');
        let mut lines: Vec<Vec<String>> = text.lines().filter(is_cookie).map(line).collect();
        lines.sort();
        lines
    };
    assert_eq!(cookies(&ours), cookies(&curls));
    assert_eq!(cookies(&ours).len(), 4);
}

#[test]
fn the_same_netrc_makes_the_same_login_at_each_hop() {
    needs_servers!();
    let (server, other, dir) = (server(), server(), TempDir::new().unwrap());
    let elsewhere = format!("http://localhost:{}/", other.addr.port());
    for text in [
        "machine 127.0.0.1 login me password secret\nmachine localhost login you password other",
        "machine 127.0.0.1\n login \"a b\"\n password \"x\\\"y\"\n",
        "machine other login no password no default login anonymous password guest",
        "macdef x\nmachine 127.0.0.1 login no password no\n\nmachine 127.0.0.1 login me password secret # word",
        "MACHINE 127.0.0.1 account x LOGIN me PASSWORD secret",
        "machine 127.0.0.1 login me",
        "machine 127.0.0.1 login a password 1 machine 127.0.0.1 login b password 2",
        "",
    ] {
        let netrc = file(&dir, "netrc", text);
        for user in ["", "b@", "b:url@"] {
            for option in ["-n", "--netrc-optional"] {
                let url = server.url(&format!("/to/{elsewhere}")).replacen("://", &format!("://{user}"), 1);
                let before = [server.sent("authorization").len(), other.sent("authorization").len()];
                let arguments = [option, "--netrc-file", &netrc, url.as_str()];
                let sent = |by: Output, from: [usize; 2]| {
                    succeeded(by);
                    [server.sent("authorization")[from[0]..].to_vec(), other.sent("authorization")[from[1]..].to_vec()]
                };
                let ours = sent(gfetch(&arguments, ""), before);
                let curls = sent(curl(&arguments), [before[0] + 1, before[1] + 1]);
                if user.is_empty() || text.contains("login b") {
                    assert_eq!(ours, curls, "{text:?} {user} {option}");
                } else {
                    // curl 7.88 gives a user of the URL another user's password.
                    assert_eq!(ours[1], curls[1], "{text:?} {user} {option}");
                }
            }
        }
    }
}

#[test]
fn bearer_basic_and_the_url_say_what_curl_says() {
    needs_servers!();
    let server = server();
    let url = server.url("/");
    let with_user = |user: &str| url.replacen("://", &format!("://{user}@"), 1);
    same(&server, "authorization", &["-u", "me:se:cret", &url]);
    same(&server, "authorization", &["--oauth2-bearer", "t", "-u", "a:b", &url]);
    same(&server, "authorization", &["--oauth2-bearer", "t", "-H", "Authorization: mine", &url]);
    for user in ["me:secret", "m%40e:%C3%BC", "me", ":secret"] {
        same(&server, "authorization", &[&with_user(user)]);
        same(&server, "authorization", &["-u", "x:y", &with_user(user)]);
    }
    let to = server.url(&format!("/to/{url}"));
    same(&server, "referer", &["-e", "http://r/;auto", &to]);
    same(&server, "referer", &["-e", ";auto", &to]);
}

#[test]
fn a_digest_answer_has_curls_parts() {
    needs_servers!();
    let server = server();
    let [ours, curls] = both(&server, "authorization", &["--digest", "-u", "me:pa ss", &server.url("/digest")]);
    let parts = |sent: &[String]| {
        let value = sent[1].strip_prefix("/digest Digest ").expect(&sent[1]);
        let known = |part: &&str| !part.starts_with("cnonce=") && !part.starts_with("response=");
        let mut parts: Vec<String> = value.split(", ").map(str::trim).filter(known).map(str::to_owned).collect();
        parts.sort();
        parts
    };
    assert_eq!((ours.len(), curls.len(), &ours[0]), (2, 2, &curls[0]));
    assert_eq!(parts(&ours), parts(&curls));
}
