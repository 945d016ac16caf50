//! `-u -n --digest --anyauth --oauth2-bearer -e`: who asks, whom that is told, and where it stops.

use md5::{Digest, Md5};

use super::answering::{Answering, with};
use super::runner::{Dir, Gfetch, gfetch};
use super::server::Request;

/// `/to/URL` leads there; all else is an answer.
fn server() -> Answering {
    Answering::new(|request| match request.path.strip_prefix("/to/") {
        Some(url) => with(302, &format!("Location: {url}\r\n")),
        None => with(200, ""),
    })
}

/// What Basic says, decoded; other schemes as they are.
fn told(server: &Answering) -> Vec<String> {
    use base64::Engine;
    let decode = |value: String| match value.split_once(" Basic ") {
        Some((path, text)) => {
            let pair = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
            format!("{path} {}", String::from_utf8(pair).unwrap())
        }
        None => value,
    };
    server.sent("authorization").into_iter().map(decode).collect()
}

/// Accepts what answers its nonce, `qop=auth` and MD5; each nonce holds for so many requests.
fn digest_server(holds: u32, offers: &'static str) -> Answering {
    let state = std::sync::Mutex::new((1_u32, 0_u32));
    Answering::new(move |request| {
        if let Some(url) = request.path.strip_prefix("/to/") {
            return with(302, &format!("Location: {url}\r\n"));
        }
        let mut state = state.lock().unwrap();
        let (nonce, count) = *state;
        if is_right(request, &format!("nonce{nonce}"), count + 1) && count < holds {
            state.1 += 1;
            return with(200, "");
        }
        let is_stale = request.field("authorization").is_some() && count >= holds;
        if is_stale {
            *state = (nonce + 1, 0);
        }
        let challenge = format!("Digest realm=\"r\", nonce=\"nonce{}\", qop=\"auth\", stale={is_stale}", state.0);
        with(401, &format!("{offers}WWW-Authenticate: {challenge}\r\n"))
    })
}

/// RFC 7616, written once more.
fn is_right(request: &Request, nonce: &str, count: u32) -> bool {
    let Some(value) = request.field("authorization").and_then(|value| value.strip_prefix("Digest ")) else {
        return false;
    };
    let get = |name: &str| {
        value
            .split(", ")
            .find_map(|part| part.strip_prefix(&format!("{name}=")))
            .unwrap_or("")
            .trim_matches('"')
            .to_owned()
    };
    let md5 = |text: String| Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (secret, asked) = (md5("me:r:pass".into()), md5(format!("{}:{}", request.method, request.path)));
    let expected = md5(format!("{secret}:{nonce}:{count:08x}:{}:auth:{asked}", get("cnonce")));
    get("nonce") == nonce && get("response") == expected && get("uri") == request.path
}

#[test]
fn netrc_file_gives_each_host_its_own_entry_also_after_a_redirect() {
    let (one, other, dir) = (server(), server(), Dir::new());
    let netrc =
        dir.write("netrc", "machine 127.0.0.1 login me password secret\nmachine localhost login you password other\n");
    let elsewhere = format!("http://localhost:{}/x", other.addr.port());
    gfetch(&["--netrc-file", &netrc, &one.url(&format!("/to/{elsewhere}"))]).expect(0);
    assert_eq!(told(&one), [format!("/to/{elsewhere} me:secret")]);
    assert_eq!(told(&other), ["/x you:other"]);
}

#[test]
fn cve_2024_11053_a_password_from_netrc_does_not_follow_a_redirect() {
    let (one, other, dir) = (server(), server(), Dir::new());
    let elsewhere = format!("http://localhost:{}/x", other.addr.port());
    for (nth, second) in ["", "machine localhost login you", "default", "default login you"].into_iter().enumerate() {
        let netrc = dir.write("netrc", format!("machine 127.0.0.1 login me password secret\n{second}\n"));
        gfetch(&["--netrc-file", &netrc, &one.url(&format!("/to/{elsewhere}"))]).expect(0);
        let expected = if second.contains("you") { "/x you:" } else { "/x -" };
        assert_eq!(told(&other)[nth], expected, "{second}");
    }
}

#[test]
fn netrc_is_found_by_variable_and_home_and_must_be_there_unless_netrc_optional() {
    let (server, dir) = (server(), Dir::new());
    dir.write(".netrc", "machine 127.0.0.1 login home password 1");
    let named = dir.write("named", "machine 127.0.0.1 login named password 2");
    let home = dir.path().to_str().unwrap();
    let run = |args: &[&str], env: &[(&str, &str)]| {
        let all = env.iter().fold(Gfetch::new(args), |gfetch, (name, value)| gfetch.env(name, value));
        all.args(&[&server.url("/x")]).run()
    };
    run(&["-n"], &[("HOME", home)]).expect(0);
    run(&["-n"], &[("HOME", home), ("NETRC", &named)]).expect(0);
    run(&["--netrc-optional"], &[("HOME", "/nowhere")]).expect(0);
    run(&["--netrc-optional"], &[]).expect(0);
    run(&[], &[("HOME", home), ("NETRC", &named)]).expect(0);
    assert_eq!(told(&server), ["/x home:1", "/x named:2", "/x -", "/x -", "/x -"]);
    for (args, env) in
        [(&["-n"][..], &[("HOME", "/nowhere")][..]), (&["-n"], &[]), (&["--netrc-file", "/nowhere"], &[])]
    {
        let said = run(args, env).expect(2).err;
        assert!(said.contains("netrc"), "{said}");
    }
    let bad = dir.write("bad", "machine a\nlogin \"b");
    let said = run(&["--netrc-file", &bad], &[]).expect(2).err;
    assert!(said.contains("line 2: a quoted word does not end"), "{said}");
}

#[test]
fn netrc_and_u_and_the_url_have_their_order() {
    let (server, dir) = (server(), Dir::new());
    let netrc = dir.write("netrc", "machine 127.0.0.1 login a password 1 machine 127.0.0.1 login b password 2");
    let with_user = |user: &str| server.url("/x").replace("://", &format!("://{user}@"));
    for (args, user, expected) in [
        (&["--netrc-file", &netrc][..], "", "a:1"),
        (&["--netrc-file", &netrc, "-u", "b"], "", "b:2"),
        (&["--netrc-file", &netrc, "-u", "u:p"], "", "u:p"),
        (&["--netrc-file", &netrc], "b", "b:2"),
        (&["--netrc-file", &netrc], "b:url", "b:2"),
        (&["--netrc-file", &netrc, "--netrc-optional"], "b:url", "b:url"),
        (&["--netrc-file", &netrc, "--netrc-optional"], "b", "b:2"),
        (&["--netrc-file", &netrc, "-H", "Authorization: Basic eDp5"], "", "x:y"),
        (&["-u", "u:p"], "b:url", "u:p"),
        (&[], "a%20b:c%40d", "a b:c@d"),
    ] {
        let url = if user.is_empty() { server.url("/x") } else { with_user(user) };
        Gfetch::new(args).args(&[&url]).run().expect(0);
        assert_eq!(told(&server).last().unwrap(), &format!("/x {expected}"), "{args:?} {user}");
    }
    let said = gfetch(&["-u", "b", &server.url("/x")]).expect(2).err;
    assert!(said.contains("USER:PASSWORD"), "{said}");
    let record = &Gfetch::new(&["--format", "json", &with_user("a%00b")]).run().expect(3).records()[0];
    assert_eq!((&record["error"]["kind"], &record["error"]["curl"]), (&"url".into(), &3.into()), "as curl: {record}");
}

#[test]
fn basic_and_bearer_stop_where_scheme_host_or_port_change_and_stay_away() {
    let (one, other) = (server(), server());
    let back = format!("/to/{}", one.url("/back"));
    let away = format!("/to/{}", other.url(&back));
    for (args, value) in [(["-u", "me:secret"], "me:secret"), (["--oauth2-bearer", "t"], "Bearer t")] {
        let (before, before_other) = (told(&one).len(), told(&other).len());
        Gfetch::new(&args).args(&[&one.url(&away)]).run().expect(0);
        assert_eq!(told(&one)[before..], [format!("{away} {value}"), "/back -".to_owned()]);
        assert_eq!(told(&other)[before_other..], [format!("{back} -")]);
        Gfetch::new(&args).args(&["--location-trusted", &one.url(&away)]).run().expect(0);
        assert_eq!(told(&one)[before + 3], format!("/back {value}"));
    }
}

#[test]
fn location_trusted_takes_the_urls_user_along_as_curl_does() {
    let (one, other) = (server(), server());
    let url = one.url(&format!("/to/{}", other.url("/x"))).replacen("http://", "http://me:secret@", 1);
    gfetch(&[&url]).expect(0);
    let run = gfetch(&["--location-trusted", &url]).expect(0);
    assert_eq!(told(&other), ["/x -", "/x me:secret"]);
    assert!(!run.text().contains("secret"), "{}", run.text());
}

#[test]
fn oauth2_bearer_is_a_secret_and_goes_before_u() {
    let (server, dir) = (server(), Dir::new());
    let list = dir.write("list", server.url("/x"));
    gfetch(&["--oauth2-bearer", "t0ken", "-u", "a:b", &server.url("/x")]).expect(0);
    gfetch(&["--oauth2-bearer", "t0ken", "-H", "Authorization: mine", &server.url("/x")]).expect(0);
    assert_eq!(server.sent("authorization"), ["/x Bearer t0ken", "/x mine"]);
    let said = gfetch(&["-i", &list, "--oauth2-bearer", "t0ken"]).expect(2).err;
    assert!(said.contains("--oauth2-bearer is a secret") && !said.contains("t0ken"), "{said}");
    let said = gfetch(&["--oauth2-bearer", "t0\nken", &server.url("/x")]).expect(2).err;
    assert!(!said.contains("ken"), "{said}");
    let run = gfetch(&["-v", "-i", &list, "--oauth2-bearer", "t0ken", "--auth-host", "127.0.0.1"]).expect(0);
    assert!(run.err.contains("> Authorization: ***") && !run.err.contains("t0ken"), "{}", run.err);
}

#[test]
fn digest_answers_a_challenge_once_and_the_next_requests_at_once() {
    let server = digest_server(100, "");
    let urls: Vec<String> = (1..=3).map(|n| server.url(&format!("/x{n}?q=1"))).collect();
    let run = gfetch(&["--serial", "--digest", "-u", "me:pass", &urls[0], &urls[1], &urls[2]]).expect(0);
    assert_eq!(run.lines().len(), 3);
    let paths: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/x1?q=1", "/x1?q=1", "/x2?q=1", "/x3?q=1"]);
    assert_eq!(server.sent("authorization")[0], "/x1?q=1 -");
}

#[test]
fn digest_takes_a_new_nonce_when_the_old_one_is_stale_and_sends_the_body_again() {
    let server = digest_server(2, "");
    let url = server.url("/x");
    gfetch(&["--serial", "--digest", "-u", "me:pass", "-d", "a=1", &url, &url, &url]).expect(0);
    let bodies: Vec<_> = server.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies, vec![b"a=1".to_vec(); 5], "one for each nonce was turned away");
}

#[test]
fn digest_with_a_wrong_password_is_refused_once_for_each_request() {
    let server = digest_server(100, "");
    let url = server.url("/x");
    let run = gfetch(&["--serial", "--digest", "-u", "me:wrong", "--format", "json", &url, &url]).expect(3);
    assert!(run.records().iter().all(|record| record["status"] == 401 && record["redirects"] == 0), "{}", run.text());
    assert_eq!(server.requests().len(), 3, "the second has its nonce from the first");
}

#[test]
fn digest_does_not_cross_to_another_origin_nor_come_back() {
    let (one, other) = (digest_server(100, ""), digest_server(100, ""));
    let back = format!("/to/{}", one.url("/x"));
    let away = one.url(&format!("/to/{}", other.url(&back)));
    gfetch(&["--digest", "-u", "me:pass", &away]).expect(3);
    let told = |server: &Answering| server.sent("authorization").iter().filter(|value| !value.ends_with(" -")).count();
    assert_eq!((told(&one), told(&other)), (0, 0));
    let landing = server();
    gfetch(&[
        "--serial",
        "--digest",
        "-u",
        "me:pass",
        &other.url("/x"),
        &landing.url(&format!("/to/{}", other.url("/y"))),
    ])
    .expect(1);
    assert_eq!(other.sent("authorization").last().unwrap(), "/y -", "what is known of an origin needs a password");
}

#[test]
fn anyauth_takes_digest_where_it_is_offered_else_basic() {
    let both = digest_server(100, "WWW-Authenticate: Basic realm=\"r\"\r\n");
    gfetch(&["--anyauth", "-u", "me:pass", &both.url("/x")]).expect(0);
    assert!(both.sent("authorization")[1].starts_with("/x Digest "));
    let basic = Answering::new(|request| match request.field("authorization") {
        Some("Basic bWU6cGFzcw==") => with(200, ""),
        _ => with(401, "WWW-Authenticate: Negotiate, Basic realm=\"r\"\r\n"),
    });
    let url = basic.url("/x");
    gfetch(&["--serial", "--anyauth", "-u", "me:pass", &url, &url]).expect(0);
    assert_eq!(told(&basic), ["/x -", "/x me:pass", "/x me:pass"]);
    gfetch(&["--digest", "-u", "me:pass", &url]).expect(3);
    gfetch(&["--basic", "--digest", "-u", "me:pass", &url]).expect(0);
    gfetch(&["--basic", "-u", "me:pass", &url]).expect(0);
    gfetch(&["--anyauth", "-u", "me:wrong", &url]).expect(3);
    let expected = ["/x -", "/x -", "/x me:pass", "/x me:pass", "/x -", "/x me:wrong"];
    assert_eq!(told(&basic)[3..], expected);
}

#[test]
fn digest_takes_its_login_from_netrc_and_from_the_url_too() {
    let (server, dir) = (digest_server(100, ""), Dir::new());
    let netrc = dir.write("netrc", "machine 127.0.0.1 login me password pass");
    gfetch(&["--digest", "--netrc-file", &netrc, &server.url("/x")]).expect(0);
    let server = digest_server(100, "");
    gfetch(&["--digest", &server.url("/y").replace("://", "://me:pass@")]).expect(0);
}

#[test]
fn digest_is_not_shown() {
    let server = digest_server(100, "");
    let run = gfetch(&["-v", "--digest", "-u", "me:pass", &server.url("/x")]).expect(0);
    assert!(run.err.contains("> Authorization: ***") && !run.err.contains("response="), "{}", run.err);
    assert!(run.err.contains("< WWW-Authenticate: Digest realm="), "a challenge is no secret: {}", run.err);
}

#[test]
fn referer_with_auto_says_where_each_redirect_came_from() {
    let server = server();
    let last = server.url("/last");
    let first = server.url(&format!("/to/{last}"));
    let with_user = format!("{}#part", first.replacen("://127", "://me:secret@127", 1));
    for (args, expected) in [
        (&["-e", "http://r/;auto"][..], ["http://r/", first.as_str()]),
        (&["-e", ";auto"], ["-", &first]),
        (&["-e", "http://r/"], ["http://r/", "http://r/"]),
        (&["-e", "http://r/;auto", "-H", "Referer: http://h/"], ["http://h/", "http://h/"]),
    ] {
        let before = server.sent("referer").len();
        Gfetch::new(args).args(&[&with_user]).run().expect(0);
        let sent: Vec<_> =
            server.sent("referer")[before..].iter().map(|sent| sent.rsplit(' ').next().unwrap().to_owned()).collect();
        assert_eq!(sent, expected, "{args:?}");
    }
}

#[test]
fn secret_header_names_more_secrets() {
    let (one, other, dir) = (server(), server(), Dir::new());
    let list = dir.write("list", one.url("/x"));
    let args = ["-H", "X-Mine: hunter2", "--secret-header", "x-mine"];
    let said = Gfetch::new(&args).args(&["-i", &list]).run().expect(2).err;
    assert!(said.contains("-H X-Mine is a secret"), "{said}");
    let run = Gfetch::new(&args).args(&["-v", &one.url(&format!("/to/{}", other.url("/y")))]).run().expect(0);
    assert!(run.err.contains("> X-Mine: ***") && !run.err.contains("hunter2"), "{}", run.err);
    assert_eq!(other.sent("x-mine"), ["/y -"]);
}
