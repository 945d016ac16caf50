//! JSON lines: what each member takes, and that nothing is passed over.

use serde_json::json;

use super::*;

fn parse(line: &str) -> Target {
    target(line).1.unwrap_or_else(|failure| panic!("{line}: {}", failure.message))
}

fn refusal(line: &str) -> String {
    target(line).1.expect_err(line).message
}

/// A line with one member beside `url`.
fn with(member: &str) -> String {
    format!(r#"{{"url":"http://h.example/",{member}}}"#)
}

#[test]
fn every_member_is_carried() {
    let line = r#"{ "url": "http://h.example/x", "id": {"n": [1, null]}, "method": "PUT", "output": "a/b.html",
        "headers": {"X-One": "1", "X-Two": ["a", "b\tc"], "Empty": "", "None": []}, "body": "@file\n", "timeout": 2.5 }"#;
    let target = parse(line);
    assert_eq!(target.url.as_str(), "http://h.example/x");
    assert_eq!(target.id, Some(json!({"n": [1, null]})));
    assert_eq!(target.method.as_deref(), Some("PUT"));
    let headers: Vec<_> = target.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(headers, [("X-One", "1"), ("X-Two", "a"), ("X-Two", "b\tc"), ("Empty", "")]);
    assert_eq!(target.body.as_deref(), Some(&b"@file\n"[..]), "literal, never a file");
    assert_eq!(target.output.as_deref(), Some("a/b.html"));
    assert_eq!(target.timeout, Some(Duration::from_millis(2_500)));
}

#[test]
fn a_url_is_all_that_is_needed_and_follows_the_rules_of_a_line() {
    assert_eq!(parse(r#"{"url":"h.example"}"#), Target::new("http://h.example/".parse().unwrap()));
    assert!(refusal(r#"{"url":"word"}"#).starts_with("no URL: "));
    assert!(refusal(r#"{"url":" http://h.example/"}"#).contains("a space"));
    assert!(refusal(r#"{"url":"http://h.example/\u0000"}"#).contains("control character U+0000"));
    assert_eq!(refusal("{}"), "member \"url\" is missing");
    assert_eq!(refusal(r#"{"url":null}"#), "\"url\" takes a string, not null");
}

#[test]
fn the_record_shows_the_url_where_there_is_one() {
    assert_eq!(target(r#"{"url":"h.example","x":1}"#).0, "h.example");
    assert_eq!(target(r#"{"url":5}"#).0, r#"{"url":5}"#);
    assert_eq!(target("{oops").0, "{oops");
}

#[test]
fn an_unknown_member_is_named() {
    assert!(refusal(&with(r#""timeuot":5"#)).starts_with("unknown member \"timeuot\" (there are url, id, "));
}

#[test]
fn a_member_twice_is_refused_at_any_depth() {
    for (line, name) in [
        (r#"{"url":"http://a.example/","url":"http://b.example/"}"#.into(), "url"),
        (r#"{"url":"http://a.example/","u\u0072l":"http://b.example/"}"#.into(), "url"),
        (with(r#""headers":{"A":"1","B":"2","A":"3"}"#), "A"),
        (with(r#""body":"\\","body":"""#), "body"),
        (with(r#""id":[{"k":1},{"k":{"z":1,"z":2}}]"#), "z"),
    ] {
        assert_eq!(refusal(&line), format!("member \"{name}\" is there twice"), "{line}");
    }
    parse(&with(r#""id":[{"k":1},{"k":"k"},"k","url","\"url\":"],"body":"\"body\":{[\\""#));
}

#[test]
fn a_wrong_type_says_the_member_and_what_it_takes_and_no_value() {
    for (member, message) in [
        (r#""method":5"#, "\"method\" takes a method's name such as \"GET\", not a number"),
        (r#""method":"G T""#, "\"method\" takes a method's name such as \"GET\": letters, digits"),
        (r#""method":"""#, "\"method\" takes a method's name"),
        (r#""method":"GET\r\nX: y""#, "\"method\" takes a method's name"),
        (r#""headers":["A: b"]"#, "\"headers\" takes an object of strings or lists of strings, not a list"),
        (r#""headers":{"X-Api-Key":5}"#, "\"headers\" takes an object of strings or lists of strings, not a number"),
        (r#""headers":{"A":[["b"]]}"#, "\"headers\" takes an object of strings or lists of strings, not a list"),
        (r#""headers":{"A b":"c"}"#, "\"headers\": \"A b\" is no header's name"),
        (r#""headers":{"":"c"}"#, "\"headers\": \"\" is no header's name"),
        (
            r#""headers":{"A":"secret\r\nB: c"}"#,
            "\"headers\" takes a value without line ends and control characters: \"A\"",
        ),
        (
            r#""headers":{"A":"secret\u0000"}"#,
            "\"headers\" takes a value without line ends and control characters: \"A\"",
        ),
        (
            r#""headers":{"Content-Length":"0"}"#,
            "\"headers\" does not take content-length: gfetch says it, from the body",
        ),
        (r#""headers":{"transfer-encoding":[]}"#, "\"headers\" does not take transfer-encoding: gfetch says it, from"),
        (r#""headers":{"Connection":"a, content-length"}"#, "\"headers\" does not take Connection with content-length"),
        (r#""headers":{"Proxy-Authorization":"x"}"#, "\"headers\" does not take Proxy-Authorization, which the server"),
        (r#""headers":{"Host":["a","b"]}"#, "\"headers\" takes one Host: a request with two is for nobody"),
        (r#""headers":{"Host":"a","HOST":"a"}"#, "\"headers\" takes one Host: a request with two is for nobody"),
        (r#""method":"connect""#, "\"method\" does not take CONNECT, which asks for a tunnel"),
        (r#""body":{}"#, "\"body\" takes a string, not an object"),
        (r#""output":true"#, "\"output\" takes a string, not a boolean"),
        (r#""timeout":"5""#, "\"timeout\" takes a number of seconds above 0, not a string"),
        (r#""timeout":0"#, "\"timeout\" takes a number of seconds above 0, not 0"),
        (r#""timeout":-1.5"#, "\"timeout\" takes a number of seconds above 0, not -1.5"),
    ] {
        let found = refusal(&with(member));
        assert!(found.starts_with(message), "{member}: {found}");
        assert!(!found.contains("secret"));
    }
}

#[test]
fn a_timeout_is_never_nothing_and_never_endless() {
    let timeout = |text: &str| parse(&with(&format!(r#""timeout":{text}"#))).timeout.unwrap();
    assert_eq!(timeout("1e-300"), Duration::from_nanos(1));
    assert_eq!(timeout("1e300"), MAX_TIMEOUT);
    assert_eq!(timeout("18446744073709551615"), MAX_TIMEOUT);
    assert_eq!(timeout("0.25"), Duration::from_millis(250));
}

#[test]
fn an_output_is_a_plain_path_below() {
    let output =
        |path: &str| target(&with(&format!("\"output\":{}", json!(path)))).1.map(|target| target.output.unwrap());
    assert_eq!(output("./a//b/./c.html").unwrap(), "a/b/c.html");
    assert_eq!(output("{index}#1").unwrap(), "{index}#1", "no template");
    assert_eq!(output(".hidden/..x").unwrap(), ".hidden/..x");
    for path in ["", "/", "/etc/passwd", "..", "../a", "a/../b", "a/..", "a/", "a/.", ".", "./.", "-", "a\0b", "a\nb"] {
        let message = output(path).expect_err(path).message;
        assert!(message.starts_with("\"output\" takes the relative path of a file: "), "{message}");
    }
}

#[test]
fn what_is_no_json_says_where() {
    assert_eq!(refusal("{oops"), "no JSON object: key must be a string at column 2");
    assert!(refusal(r#"{"url":"http://h.example/"} x"#).starts_with("no JSON object: trailing characters at column "));
    assert!(refusal(r#"{"url":"http://h.example/""#).starts_with("no JSON object: EOF while parsing"));
    let deep = with(&format!("\"id\":{}{}", "[".repeat(5_000), "]".repeat(5_000)));
    assert!(refusal(&deep).contains("recursion limit"), "a bounded stack");
}
