//! Templates read, and what they make of records: the same as curl.

use std::time::{Duration, SystemTime};

use gfetch::fetch::outcome::{Kind, Stage};
use serde_json::Value;

use super::super::samples::{asis, drawn_record, exchange, failure, fetched, outcome, secrets};
use super::*;

fn rendered(template: &str, fetched: &Fetched) -> String {
    let (template, unknown) = Template::parse(template);
    assert!(unknown.is_empty(), "{unknown:?}");
    let pieces = template.render(Transfer { fetched, secrets: &secrets(asis) });
    assert!(pieces.iter().all(|(to, _)| *to == To::Report), "{pieces:?}");
    String::from_utf8(pieces.into_iter().flat_map(|(_, bytes)| bytes).collect()).unwrap()
}

#[test]
fn signs_that_mean_nothing_stand_for_themselves() {
    let one = fetched(drawn_record());
    for (template, expected) in [
        ("", ""),
        ("a\\nb\\tc\\rd", "a\nb\tc\rd"),
        ("100%% \\q \\\\ %a %", "100% \\q \\\\ %a %"),
        ("%{http_code", "%{http_code"),
        ("%header{x", "%header{x"),
        ("\\", "\\"),
        ("%é\\é", "%é\\é"),
        ("%{http_code}%{http_code}", "200200"),
    ] {
        assert_eq!(rendered(template, &one), expected, "{template}");
    }
}

#[test]
fn times_are_counted_from_the_start() {
    let one = fetched(drawn_record());
    let template = "%{time_namelookup} %{time_connect} %{time_appconnect} %{time_pretransfer} %{time_starttransfer} \
                    %{time_total} %{time_redirect}";
    let expected = "0.001000 0.013000 0.034000 0.034000 0.214100 0.254100 0.000000";
    let without_hops = Fetched { exchanges: Vec::new(), ..fetched(drawn_record()) };
    assert_eq!(rendered(template, &without_hops), expected);
    let mut first = exchange("http://example.org/", 301, &[("Location", "https://example.org/")]);
    first.timings.wait = Some(Duration::from_millis(30));
    let one = Fetched { exchanges: vec![first, exchange("https://example.org/", 200, &[])], ..one };
    assert_eq!(rendered("%{time_redirect} %{num_redirects}", &one), "0.030000 1");
}

#[test]
fn exchanges_are_kept_only_for_what_is_not_in_the_record() {
    let template: String = variables::OF_THE_RECORD.iter().map(|name| format!("%{{{name}}} ")).collect();
    let with = Fetched { exchanges: vec![exchange("https://b.example/", 301, &[])], ..fetched(drawn_record()) };
    let without = Fetched { exchanges: Vec::new(), ..fetched(drawn_record()) };
    assert_eq!(rendered(&template, &with), rendered(&template, &without));
    let shows = |template: &str| Template::parse(template).0.shows_exchanges();
    assert!(!shows(&template) && !shows("") && !shows("%{onerror}%{stderr}x"));
    for one in ["%{num_connects}", "%{json}", "%header{date}", "%{header_json}", "%{urle.host}", "%{local_port}"] {
        assert!(shows(one), "{one}");
    }
}

#[test]
fn what_never_happened_is_zero_or_empty_and_a_status_has_three_digits() {
    let mut failed = outcome("http://a.example/", None, Duration::ZERO);
    failed.timings.wait = None;
    failed.error = Some(failure(Kind::Connect, Stage::Connect, "refused"));
    let one = Fetched { exchanges: Vec::new(), ..fetched(failed) };
    let template = "[%{http_code}|%{response_code}|%{content_type}|%{remote_ip}|%{remote_port}|%{local_ip}|%{local_port}|\
                    %{http_version}|%{time_starttransfer}|%{num_connects}|%{redirect_url}|%{filename_effective}]";
    assert_eq!(rendered(template, &one), "[000|000|||0||0|0|0.000000|0||]");
    assert_eq!(rendered("%{onerror}%{exitcode} %{errormsg}", &one), "1 refused");
    assert_eq!(rendered("a%{onerror}b", &fetched(drawn_record())), "a");
}

#[test]
fn headers_are_those_of_the_last_answer_and_secrets_are_stars() {
    let fields = [("Content-Type", "text/html"), ("Set-Cookie", "a=secret"), ("X-A", "1"), ("x-a", "2")];
    let one = Fetched { exchanges: vec![exchange("http://a.example/", 200, &fields)], ..fetched(drawn_record()) };
    assert_eq!(rendered("%header{content-type}|%header{SET-COOKIE}|%header{none}|", &one), "text/html|***||");
    let expected = r#"{"content-type":["text/html"],"set-cookie":["***"],"x-a":["1","2"]}"#;
    assert_eq!(rendered("%{header_json}", &one), expected);
    assert_eq!(rendered("%{num_headers}", &one), "4");
}

#[test]
fn parts_of_both_urls() {
    let mut one = drawn_record();
    (one.url, one.final_url) = ("http://u:p@a.example/x?q#f".into(), Some("https://b.example:8443/y".into()));
    let one = Fetched { exchanges: vec![exchange("http://u:p@a.example/x?q#f", 301, &[])], ..fetched(one) };
    let first =
        "%{url.scheme} %{url.user} %{url.password} %{url.host} %{url.port} %{url.path} %{url.query} %{url.fragment}";
    assert_eq!(rendered(first, &one), "http u *** a.example 80 /x q f");
    assert_eq!(rendered("%{urle.host} %{urle.port} %{urle.query}|", &one), "b.example 8443 |");
}

#[test]
fn unknown_variables_are_told_once_and_leave_nothing() {
    let (template, unknown) = Template::parse("a%{http_cod}b%{\u{1b}[31m}c%{url.nose}");
    assert_eq!(unknown[0], "unknown --write-out variable: 'http_cod'; did you mean http_code?");
    assert!(unknown.len() == 3 && unknown[1].contains("'\\x1b[31m'"), "{unknown:?}");
    let one = fetched(drawn_record());
    assert_eq!(template.render(Transfer { fetched: &one, secrets: &secrets(asis) }), [(To::Report, b"abc".to_vec())]);
}

#[test]
fn output_goes_where_the_template_says() {
    let (template, _) = Template::parse("a%{stderr}b%{stdout}c%output{f}d%output{>>g}e%{stdout}");
    let one = fetched(drawn_record());
    let pieces = template.render(Transfer { fetched: &one, secrets: &secrets(asis) });
    let file = |path: &str, appends| To::File { path: path.into(), appends };
    let expected =
        [(To::Report, "a"), (To::Stderr, "b"), (To::Stdout, "c"), (file("f", false), "d"), (file("g", true), "e")];
    assert_eq!(pieces, expected.map(|(to, text)| (to, text.as_bytes().to_vec())));
    assert!(template.names_stdout());
}

#[test]
fn the_json_object_has_every_variable_in_the_order_of_names() {
    let one = fetched(drawn_record());
    let json: Value = serde_json::from_str(&rendered("%{json}", &one)).unwrap();
    let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(names[..names.len() - 1].is_sorted() && names.last() == Some(&"curl_version"), "{names:?}");
    assert_eq!((&json["http_code"], &json["errormsg"], &json["scheme"]), (&200.into(), &Value::Null, &"https".into()));
}

#[test]
fn nothing_hostile_comes_through() {
    let hostile = "a\x1b[2J\u{202e}\u{9b}\r\n";
    let mut one = drawn_record();
    (one.url, one.content_type) = (hostile.into(), Some(hostile.into()));
    (one.final_url, one.file) = (Some(hostile.into()), Some(hostile.into()));
    one.error = Some(failure(Kind::Protocol, Stage::Wait, hostile));
    one.started = Some(SystemTime::UNIX_EPOCH);
    let fields = [("Location", hostile), ("X-A", hostile)];
    let one = Fetched { exchanges: vec![exchange("http://a.example/", 302, &fields)], ..fetched(one) };
    let all: String = VARIABLES.iter().map(|variable| format!("%{{{}}} ", variable.name)).collect();
    let parts = "%{url.host}%{url.path}%{urle.path}%header{x-a}%header{location}%{json}%{header_json}";
    let text = rendered(&(all + parts), &one);
    assert!(!text.chars().any(escape::is_hostile), "{text:?}");
}
