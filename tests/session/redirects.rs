//! Which redirects are followed, with what, and what the record says of them.

use gfetch::fetch::plan::{AuthHosts, Follow};

use super::*;

/// `/STATUS` redirects to `/end` with that status; `/end` answers.
fn leads_on() -> Server {
    Server::start(|asked, peer| match asked.path.as_str() {
        "/end" => peer.ok(if asked.method == "HEAD" { "" } else { "fine" }),
        path => peer.answer(&format!("{} On", &path[1..]), &["Location: /end"], ""),
    })
}

fn methods(server: &Server) -> Vec<String> {
    server.asked().into_iter().map(|asked| format!("{} {}", asked.method, asked.body)).collect()
}

fn asking(method: &str, body: Option<&str>, follow: Follow) -> Plan {
    let mut plan = plan();
    plan.request.method = Some(method.to_owned());
    plan.request.body = body.map(|body| body.as_bytes().to_vec());
    plan.request.follow = follow;
    plan
}

#[test]
fn get_and_head_are_followed_unasked_and_others_only_with_l() {
    story(|| {
        for (method, follow, followed) in [
            ("GET", Follow::GetAndHead, true),
            ("HEAD", Follow::GetAndHead, true),
            ("POST", Follow::GetAndHead, false),
            ("PUT", Follow::GetAndHead, false),
            ("POST", Follow::All, true),
            ("GET", Follow::None, false),
        ] {
            let server = leads_on();
            let outcome = fetch_one(asking(method, None, follow), &server.url("/302"));
            assert_eq!(outcome.redirects, u32::from(followed), "{method} {follow:?}");
            let status = if followed { 200 } else { 302 };
            assert_eq!((kind(&outcome), outcome.status, &*outcome.method), (None, Some(status), method));
        }
    });
}

#[test]
fn a_method_and_its_body_go_on_as_the_status_says() {
    story(|| {
        for (method, status, then) in [
            ("POST", 301, "GET "),
            ("POST", 302, "GET "),
            ("POST", 303, "GET "),
            ("POST", 307, "POST a=1"),
            ("POST", 308, "POST a=1"),
            ("PUT", 302, "PUT a=1"),
            ("PUT", 303, "GET "),
        ] {
            let server = leads_on();
            fetch_one(asking(method, Some("a=1"), Follow::All), &server.url(&format!("/{status}")));
            assert_eq!(methods(&server), [format!("{method} a=1").as_str(), then], "{method} {status}");
            let of_body = server.asked()[1].fields("content-type").len();
            assert_eq!(of_body, usize::from(then.ends_with('1')), "a body's fields go with it");
        }
        let server = leads_on();
        fetch_one(asking("HEAD", None, Follow::GetAndHead), &server.url("/303"));
        assert_eq!(methods(&server), ["HEAD ", "HEAD "]);
    });
}

#[test]
fn too_many_redirects_are_a_failure_with_the_last_answer() {
    story(|| {
        let server = Server::start(|_, peer| peer.redirect("302 Found", "/again"));
        let mut plan = plan();
        plan.limits.max_redirs = Some(3);
        let outcome = fetch_one(plan.clone(), &server.url("/"));
        assert_eq!(why(&outcome), Some((Kind::Redirect, Stage::Receive, None)));
        assert_eq!((outcome.redirects, outcome.status, outcome.error.unwrap().curl), (3, Some(302), 47));
        assert_eq!(server.paths().len(), 4);
        assert_eq!(server.connections(), 1, "their bodies were read away");
        plan.limits.max_redirs = Some(0);
        assert_eq!(fetch_one(plan, &server.url("/")).redirects, 0);
    });
}

#[test]
fn a_redirect_to_nowhere_is_a_failure_and_a_missing_location_an_answer() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/file" => peer.redirect("302 Found", "file:///etc/passwd"),
            "/bad" => peer.redirect("302 Found", "http://[::"),
            _ => peer.answer("302 Found", &[], "here"),
        });
        let outcomes = fetch(plan(), &["/file", "/bad", "/none"].map(|path| server.url(path)));
        let kinds: Vec<_> = outcomes.iter().map(kind).collect();
        assert_eq!(kinds, [Some(Kind::Redirect), Some(Kind::Redirect), None]);
        assert_eq!((outcomes[2].status, outcomes[2].bytes), (Some(302), 4));
    });
}

#[test]
fn secrets_and_headers_stay_behind_when_the_origin_changes() {
    story(|| {
        let there = Server::start(echo);
        let to = there.url("/there");
        let here = Server::start(move |asked, peer| match asked.path.as_str() {
            "/here" => peer.redirect("302 Found", "/there"),
            "/away" => peer.redirect("302 Found", &to),
            _ => peer.ok(""),
        });
        let mut plan = plan();
        plan.request.headers = ["X-Mine", "Accept-Language"].map(|name| (name.to_owned(), Some("v".to_owned()))).into();
        plan.secrets.login = Some(("me".to_owned(), "secret".to_owned()));
        plan.secrets.headers = vec![("X-Token".to_owned(), "t".to_owned())];
        plan.secrets.hosts = AuthHosts::parse([format!("127.0.0.1:{}", here.port()).as_str()]).unwrap();
        for (trusted, left) in [(false, 0), (true, 1)] {
            plan.request.location_trusted = trusted;
            fetch(plan.clone(), &[here.url("/here"), here.url("/away")]);
            let sent = |asked: &server::Asked| {
                ["authorization", "x-token", "x-mine", "accept-language"].map(|name| asked.fields(name).len())
            };
            assert!(here.asked().iter().all(|asked| sent(asked) == [1, 1, 1, 1]), "the same origin gets all");
            assert_eq!(sent(there.asked().last().unwrap()), [left, left, left, 1]);
        }
        // Asked for at first, the other host is not allowed to see them either.
        fetch(Plan { serial: true, ..plan }, &[there.url("/")]);
        assert_eq!(there.asked().last().unwrap().fields("authorization").len(), 0);
        assert_eq!(there.asked().last().unwrap().fields("x-mine").len(), 1);
    });
}

#[test]
fn a_redirects_wait_for_its_place_is_in_no_phase_but_under_max_time() {
    story(|| {
        let busy = Server::on("127.0.0.2", None, |asked, peer| {
            green::sleep(s(asked.path[1..].parse().unwrap())).unwrap();
            peer.ok("");
        });
        let to = busy.url("/2");
        let from = Server::start(move |_, peer| {
            green::sleep(s(1)).unwrap();
            peer.redirect("302 Found", &to);
        });
        let lines = [busy.url("/10"), from.url("/")];
        let mut plan = Plan { per_host: per_host(1), ..plan() };
        let outcome = &fetch(plan.clone(), &lines)[1];
        assert_eq!((outcome.timings.wait, outcome.timings.total()), (Some(s(3)), s(3)));
        assert_eq!(outcome.timings.queue, s(0));
        plan.limits.max_time = Some(s(10));
        let outcome = &fetch(plan, &lines)[1];
        assert_eq!(kind(outcome), Some(Kind::Timeout));
    });
}
