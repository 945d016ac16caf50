//! Which fields a request has, in which order, and whose word counts.

use url::Url;

use super::*;
use crate::fetch::plan::{AuthHosts, Secrets};

fn target(url: &str) -> Target {
    Target { argument: Some(0), ..Target::new(Url::parse(url).unwrap()) }
}

/// The fields of the first request, but for Host and Content-Length, which are added on sending.
fn fields(plan: &Plan, target: &Target) -> Vec<String> {
    let mut flow = Flow::new(plan, target, None, false);
    flow.set_fields(&UsualFields::default(), &Credentials::new(None)).unwrap();
    let pairs = flow.request().fields.iter();
    pairs.map(|(name, value)| format!("{name}: {}", std::str::from_utf8(value).unwrap())).collect()
}

fn with_headers(headers: &[(&str, Option<&str>)]) -> Plan {
    let mut plan = Plan::default();
    plan.request.headers = headers.iter().map(|(name, value)| (name.to_string(), value.map(str::to_owned))).collect();
    plan.request.compressed = Some(false);
    plan
}

fn basic(pair: &str) -> String {
    let (user, password) = pair.split_once(':').unwrap();
    format!("Authorization: {}", auth::basic(user, password))
}

const AGENT: &str = concat!("User-Agent: gfetch/", env!("CARGO_PKG_VERSION"));

#[test]
fn unasked_a_request_says_who_what_and_which_codings() {
    let expected = [AGENT, "Accept: */*", "Accept-Encoding: deflate, gzip, br, zstd"];
    assert_eq!(fields(&Plan::default(), &target("http://a.example/")), expected);
}

#[test]
fn given_fields_follow_in_their_order_and_replace_the_usual_ones() {
    let plan =
        with_headers(&[("X-B", Some("1")), ("accept", Some("text/html")), ("X-A", Some("2")), ("X-B", Some("3"))]);
    let expected = [AGENT, "X-B: 1", "accept: text/html", "X-A: 2", "X-B: 3"];
    assert_eq!(fields(&plan, &target("http://a.example/")), expected);
}

#[test]
fn a_field_can_be_taken_away_or_sent_empty() {
    let plan = with_headers(&[("accept", None), ("User-Agent", None), ("X-Empty", Some(""))]);
    assert_eq!(fields(&plan, &target("http://a.example/")), ["X-Empty: "]);
}

#[test]
fn a_body_is_a_form_unless_somebody_says_otherwise() {
    let of_body = |mut plan: Plan| {
        plan.request.body = Some(b"a=1".to_vec());
        let all = fields(&plan, &target("http://a.example/"));
        all.into_iter().filter(|field| field.to_lowercase().starts_with("content-type")).collect::<Vec<_>>()
    };
    assert_eq!(of_body(with_headers(&[])), ["Content-Type: application/x-www-form-urlencoded"]);
    assert_eq!(of_body(with_headers(&[("content-type", Some("text/plain"))])), ["content-type: text/plain"]);
    assert!(of_body(with_headers(&[("Content-Type", None)])).is_empty());
}

#[test]
fn a_body_makes_a_post_unless_a_method_is_given_and_a_lines_own_counts_most() {
    let mut plan = Plan::default();
    let mut line = target("http://a.example/");
    assert_eq!(first_method(&plan, Some(&line)), "GET");
    line.body = Some(b"x".to_vec());
    assert_eq!(first_method(&plan, Some(&line)), "POST");
    (plan.request.method, plan.request.body) = (Some("PUT".to_owned()), Some(b"the plan's".to_vec()));
    assert_eq!(first_method(&plan, Some(&line)), "PUT");
    line.method = Some("DELETE".to_owned());
    assert_eq!(first_method(&plan, Some(&line)), "DELETE");
    let flow = Flow::new(&plan, &line, None, false);
    assert_eq!(flow.request().body, Some(&b"x"[..]), "its own body, too");
}

#[test]
fn a_lines_own_headers_stand_over_the_runs_of_the_same_name() {
    let mut plan = with_headers(&[("X-A", Some("run")), ("X-B", Some("run")), ("Accept", None)]);
    plan.secrets.login = Some(("run".to_owned(), "secret".to_owned()));
    let mut line = target("http://a.example/");
    line.headers = [("x-a", "1"), ("x-a", "2"), ("accept", "own"), ("Authorization", "own")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let expected = [AGENT, "X-B: run", "x-a: 1", "x-a: 2", "accept: own", "Authorization: own"];
    assert_eq!(fields(&plan, &line), expected);
}

#[test]
fn user_and_password_come_from_the_header_else_from_u_else_from_the_url() {
    let mut plan = with_headers(&[("Accept", None), ("User-Agent", None)]);
    let line = target("http://in:url@a.example/");
    assert_eq!(fields(&plan, &line), [basic("in:url")]);
    plan.secrets.login = Some(("by".to_owned(), "option".to_owned()));
    assert_eq!(fields(&plan, &line), [basic("by:option")]);
    plan.secrets.headers = vec![("Authorization".to_owned(), "Bearer t".to_owned())];
    assert_eq!(fields(&plan, &line), ["Authorization: Bearer t"]);
    plan.secrets.headers.clear();
    plan.request.headers.push(("authorization".to_owned(), None));
    assert_eq!(fields(&plan, &line), [""; 0], "taken away, as in curl");
}

#[test]
fn a_line_of_a_list_gets_secrets_only_for_allowed_hosts() {
    let mut plan = with_headers(&[("Accept", None), ("User-Agent", None)]);
    plan.secrets = Secrets {
        login: Some(("me".to_owned(), "secret".to_owned())),
        headers: vec![("X-Api-Key".to_owned(), "k".to_owned())],
        hosts: AuthHosts::parse(["a.example:8443", "[::1]"]).unwrap(),
        ..Secrets::default()
    };
    let listed = |url| fields(&plan, &Target { argument: None, ..target(url) });
    let all = [basic("me:secret"), "X-Api-Key: k".to_owned()];
    assert_eq!(listed("https://a.example:8443/"), all);
    assert_eq!(listed("http://[::1]/"), all);
    assert!(listed("https://a.example/").is_empty() && listed("https://b.example:8443/").is_empty());
    assert_eq!(listed("http://x:y@b.example/"), [basic("x:y")], "its own are its own");
    assert_eq!(fields(&plan, &target("https://b.example/")), all, "an argument gets them as in curl");
}

#[test]
fn userinfo_of_a_url_is_not_carried_to_another_origin() {
    let plan = with_headers(&[("Accept", None), ("User-Agent", None)]);
    let line = target("http://in:url@a.example/");
    let mut flow = Flow::new(&plan, &line, None, false);
    for (location, expected) in [("/b", vec![basic("in:url")]), ("http://b.example/", vec![])] {
        let locations = [location.as_bytes()];
        let hop = redirect::Hop { url: flow.request().url, method: "GET", status: 302, locations: &locations };
        flow.follow(redirect::next(&hop, &RedirectRules::default()).unwrap().unwrap());
        flow.set_fields(&UsualFields::default(), &Credentials::new(None)).unwrap();
        let sent: Vec<_> = flow.request().fields.iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(sent.len(), expected.len(), "{location}: {sent:?}");
    }
}

#[test]
fn what_one_request_adds_is_not_in_the_next() {
    let usual = UsualFields::default();
    let fields = |plan: &Plan, url: &str, saved| {
        let line = target(url);
        let mut flow = Flow::new(plan, &line, None, saved);
        flow.set_fields(&usual, &Credentials::new(None)).unwrap();
        flow.request().fields.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    let (plain, own) = (Plan::default(), with_headers(&[("accept", None), ("X-A", Some("1"))]));
    let expected = [vec!["User-Agent", "Accept", "Accept-Encoding"], vec!["User-Agent", "Accept"]];
    for _ in 0..2 {
        assert_eq!(fields(&own, "http://h/", false), ["User-Agent", "X-A"]);
        assert_eq!(fields(&plain, "http://me:secret@h/", true)[0], "Authorization");
        assert_eq!([fields(&plain, "http://h/", false), fields(&plain, "http://h/", true)], expected);
    }
}
