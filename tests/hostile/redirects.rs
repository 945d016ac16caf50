//! Redirects that lead nowhere, in circles, elsewhere; and what may not go with them.

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::Stage;
use gfetch::fetch::plan::Plan;

use super::case::{After, Case, case, check};
use super::script::{Deaf, Endless, Open, Request, Step, closes, field, seconds, send, stays, stays_for};

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

fn to(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn redirects_have_a_number() {
    let to_itself = to("/0");
    let script: Vec<Step> = [Request, send(&to_itself)].into_iter().cycle().take(60).collect();
    let hops = |count: usize| {
        let mut answers: Vec<String> = (1..=count).map(|hop| to(&format!("/hop/{hop}"))).collect();
        answers.push(GOOD.to_owned());
        stays_for(&answers.iter().map(String::as_str).collect::<Vec<_>>())
    };
    check([
        case("to itself", script.clone()).fails(Redirect, Stage::Receive).and(|after| {
            assert_eq!((after.outcomes[0].redirects, after.first.requests.len()), (10, 11));
        }),
        case("ten hops", hops(10)).gives("good"),
        case("eleven hops", hops(11)).fails(Redirect, Stage::Receive),
        case("none allowed", stays(to("/1")))
            .with(|plan| plan.limits.max_redirs = Some(0))
            .fails(Redirect, Stage::Receive),
        case("not followed", stays(to("/1")))
            .with(|plan| plan.request.follow = gfetch::fetch::plan::Follow::None)
            .gives(""),
    ]);
}

#[test]
fn a_redirect_leads_only_to_http() {
    let refused = |location: &str| case(location, stays(to(location))).fails(Redirect, Stage::Receive);
    check([
        refused("file:///etc/passwd"),
        refused("javascript:alert(1)"),
        refused("data:text/plain,hello"),
        refused("ftp://{self}/"),
        refused("gopher://{self}/"),
        refused("ws://{self}/"),
        refused("HTTP://"),
        refused("http://[::1/"),
        refused("http://{self}:99999/"),
        refused("http://a b/"),
        refused("//"),
        case("two that differ", stays("HTTP/1.1 302 F\r\nLocation: /1\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n"))
            .fails(Redirect, Stage::Receive),
        case("a tab within", stays(to("java\tscript:x"))).fails(Redirect, Stage::Receive),
        case("none", stays("HTTP/1.1 302 Found\r\nContent-Length: 4\r\n\r\nbody")).gives("body"),
        case("an empty one", stays("HTTP/1.1 302 Found\r\nLocation: \r\nContent-Length: 4\r\n\r\nbody")).gives("body"),
        case("no redirect", stays("HTTP/1.1 300 Multiple\r\nLocation: /1\r\nContent-Length: 4\r\n\r\nbody"))
            .gives("body"),
    ]);
}

#[test]
fn odd_relative_locations_stay_where_they_are() {
    let at = |location: &str, path: &str| {
        let wanted = format!("GET {path} HTTP/1.1\r\n");
        case(location, stays_for(&[&to(location), GOOD])).path("/a/b?c").gives("good").and(move |after| {
            let request = &after.first.requests[1];
            assert!(request.starts_with(&wanted), "{request:?}, wanted {wanted:?}");
        })
    };
    check([
        at("d", "/a/d"),
        at("../../../d", "/d"),
        at("?q", "/a/b?q"),
        at("#f", "/a/b?c"),
        at("\\d", "/d"),
        at("http:d", "/a/d"),
        at("//{self}/d", "/d"),
        at("\\\\{self}\\d", "/d"),
        at("/ü", "/%C3%BC"),
        at("/a b", "/a%20b"),
        at("/d HTTP/1.1", "/d%20HTTP/1.1"),
        at("/%0d%0aX: y", "/%0d%0aX:%20y"),
    ]);
}

#[test]
fn a_redirects_body_costs_at_most_its_connection() {
    let head = "HTTP/1.1 302 Found\r\nLocation: /1\r\n";
    let body = |name: &str, fields: &str, rest: Vec<Step>| {
        let mut script = vec![Request, send(&format!("{head}{fields}\r\n"))];
        script.extend(rest);
        case(name, script).then(stays(GOOD)).gives("good").and(|after| {
            assert!(after.took < seconds(5), "{:?}", after.took);
            assert!(after.first.written < 32 << 20, "{} bytes were taken", after.first.written);
        })
    };
    let zeros = vec![b'0'; 65_536];
    check([
        body("it never ends", "", vec![Endless(zeros.clone())]),
        body("a long one", "Content-Length: 99999999999\r\n", vec![Endless(zeros.clone())]),
        body("endless chunks", "Transfer-Encoding: chunked\r\n", vec![send("fffffff\r\n"), Endless(zeros)]),
        body("it stalls", "Content-Length: 10\r\n", vec![send("abc"), Deaf]),
        body("it never begins", "Content-Length: 10\r\n", vec![Deaf]),
        body("it never closes", "", vec![Open]),
        body("its chunks break", "Transfer-Encoding: chunked\r\n", vec![send("zz\r\n"), Open]),
        body("it is cut", "Content-Length: 10\r\n", vec![send("abc")]),
        case("a small one keeps it", stays_for(&[&format!("{head}Content-Length: 3\r\n\r\nabc"), GOOD])).gives("good"),
        case(
            "a broken coding is not looked at",
            stays_for(&[&format!("{head}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), GOOD]),
        )
        .gives("good"),
    ]);
}

fn secrets(plan: &mut Plan) {
    plan.secrets.headers = [("Authorization", "Bearer secret"), ("Cookie", "a=secret"), ("X-Api-Key", "secret")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    plan.request.headers = vec![
        ("X-Custom".to_owned(), Some("secret".to_owned())),
        ("Referer".to_owned(), Some("http://secret/".to_owned())),
        ("Accept-Language".to_owned(), Some("de".to_owned())),
    ];
}

fn has_all(head: &str) -> bool {
    ["authorization", "cookie", "x-api-key", "x-custom"].iter().all(|name| field(head, name).is_some())
}

fn has_none(head: &str) -> bool {
    !head.contains("secret") && field(head, "authorization").is_none() && field(head, "accept-language") == Some("de")
}

fn one_crossing(after: &After) {
    assert!(has_all(&after.first.requests[0]), "{}", after.first.requests[0]);
    assert!(has_none(&after.other.requests[0]), "{}", after.other.requests[0]);
}

/// Secrets and given fields, on a way that leaves the origin.
fn crossing(name: &str, answer: &str) -> Case {
    case(name, closes(answer)).other(stays(GOOD)).with(secrets).gives("good").and(one_crossing)
}

#[test]
fn secrets_stay_with_their_origin() {
    let to_other = to("http://{other}/x");
    check([
        crossing("302 to another origin", &to_other),
        crossing("307 to another origin", &to_other.replace("302", "307")),
        crossing("without a scheme", &to("//{other}/x")),
        case("the same origin keeps them", stays_for(&[&to("/1"), GOOD])).with(secrets).gives("good").and(|after| {
            assert!(after.first.requests.iter().all(|head| has_all(head)), "{:?}", after.first.requests);
        }),
        case("the same origin by its whole name", stays_for(&[&to("http://{self}/1"), GOOD]))
            .with(secrets)
            .gives("good")
            .and(|after| assert!(after.first.requests.iter().all(|head| has_all(head)), "{:?}", after.first.requests)),
        case("there and back", stays_for(&[&to_other, GOOD]))
            .other(stays(to("http://{self}/back")))
            .with(secrets)
            .gives("good")
            .and(|after| {
                one_crossing(after);
                assert!(has_none(&after.first.requests[1]), "{}", after.first.requests[1]);
            }),
        case("trusted", closes(&to_other))
            .other(stays(GOOD))
            .with(|plan| {
                secrets(plan);
                plan.request.location_trusted = true;
            })
            .gives("good")
            .and(|after| assert!(has_all(&after.other.requests[0]), "{}", after.other.requests[0])),
        case("-u", closes(&to_other))
            .other(stays(GOOD))
            .with(|plan| plan.secrets.login = Some(("me".to_owned(), "secret".to_owned())))
            .gives("good")
            .and(|after| {
                assert!(field(&after.first.requests[0], "authorization").is_some());
                assert_eq!(field(&after.other.requests[0], "authorization"), None);
            }),
        case("userinfo of the URL", closes(&to_other)).other(stays(GOOD)).user("me:secret@").gives("good").and(
            |after| {
                assert!(field(&after.first.requests[0], "authorization").is_some());
                assert_eq!(field(&after.other.requests[0], "authorization"), None);
                let url = after.outcomes[0].final_url.clone().unwrap();
                assert!(!url.contains("secret"), "{url}");
            },
        ),
        case("userinfo, there and back", stays_for(&[&to_other, GOOD]))
            .other(stays(to("http://{self}/back")))
            .user("me:secret@")
            .gives("good")
            .and(|after| assert_eq!(field(&after.first.requests[1], "authorization"), None)),
        case("a body does not cross as GET", closes(&to_other))
            .other(stays(GOOD))
            .with(|plan| {
                plan.request.body = Some(b"secret".to_vec());
                plan.request.follow = gfetch::fetch::plan::Follow::All;
            })
            .gives("good")
            .and(|after| {
                assert!(after.other.requests[0].starts_with("GET "), "{}", after.other.requests[0]);
                assert_eq!(field(&after.other.requests[0], "content-length"), None);
                assert_eq!(field(&after.other.requests[0], "content-type"), None);
            }),
    ]);
}
