//! A line that is a JSON object: every member checked, none ignored, none given twice.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::address::{self, Given};
use super::entry::{MAX_TIMEOUT, Target, failure};
use crate::fetch::curl_code::URL_MALFORMED;
use crate::fetch::names::is_harmless;
use crate::fetch::outcome::Failure;
use crate::http::given::{self, Refused};

/// Every member there is.
const MEMBERS: &str = "url, id, method, headers, body, output, timeout";

/// What the line asks for, beside the text that stands for it in records: its `url`, or else the whole line.
pub(super) fn target(line: &str) -> (String, Result<Target, Failure>) {
    let members = match serde_json::from_str::<Map<String, Value>>(line) {
        Ok(members) => members,
        Err(error) => return (line.to_owned(), Err(bad(syntax(&error)))),
    };
    let text = members.get("url").and_then(Value::as_str).unwrap_or(line).to_owned();
    (text, from_members(line, members))
}

fn from_members(line: &str, members: Map<String, Value>) -> Result<Target, Failure> {
    if let Some(name) = repeated_member(line) {
        return Err(bad(format!("member {name:?} is there twice")));
    }
    let url = members.get("url").ok_or_else(|| bad("member \"url\" is missing".into()))?;
    let url = url.as_str().ok_or_else(|| wrong("url", "a string", url))?;
    let mut target = Target::new(address::parse(url, Given::Line)?);
    for (name, value) in members {
        match name.as_str() {
            "url" => (),
            "id" => target.id = Some(value),
            "method" => target.method = Some(method(&value)?),
            "headers" => target.headers = headers(&value)?,
            "body" => target.body = Some(string("body", &value)?.as_bytes().to_vec()),
            "output" => target.output = Some(output(string("output", &value)?)?),
            "timeout" => target.timeout = Some(timeout(&value)?),
            _ => return Err(bad(format!("unknown member {name:?} (there are {MEMBERS})"))),
        }
    }
    Ok(target)
}

fn string<'a>(member: &str, value: &'a Value) -> Result<&'a str, Failure> {
    value.as_str().ok_or_else(|| wrong(member, "a string", value))
}

fn method(value: &Value) -> Result<String, Failure> {
    let takes = "a method's name such as \"GET\"";
    match value {
        Value::String(text) if given::is_method(text) => Ok(text.clone()),
        Value::String(text) if given::is_name(text) => {
            Err(bad("\"method\" does not take CONNECT, which asks for a tunnel".to_owned()))
        }
        Value::String(_) => Err(bad(format!("\"method\" takes {takes}: letters, digits and !#$%&'*+-.^_`|~ only"))),
        other => Err(wrong("method", takes, other)),
    }
}

/// Values are not shown in messages: they may be secrets.
fn headers(value: &Value) -> Result<Vec<(String, String)>, Failure> {
    let takes = "an object of strings or lists of strings";
    let fields = value.as_object().ok_or_else(|| wrong("headers", takes, value))?;
    let mut headers = Vec::new();
    for (name, value) in fields {
        let refused = |refused: Refused| {
            bad(match refused {
                Refused::Name => format!("\"headers\": {name:?} is no header's name"),
                Refused::Control => format!("\"headers\" {refused}: {name:?}"),
                _ => format!("\"headers\" {refused}"),
            })
        };
        // Also where the list of values is empty.
        given::check_field(name, "").map_err(refused)?;
        for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            let text = value.as_str().ok_or_else(|| wrong("headers", takes, value))?;
            given::check_field(name, text).map_err(refused)?;
            headers.push((name.clone(), text.to_owned()));
        }
    }
    let names = headers.iter().map(|(name, _)| name.as_str());
    given::check_together(names).map_err(|refused| bad(format!("\"headers\" {refused}")))?;
    Ok(headers)
}

/// A path below the output folder: taken as it is, not as a template, `.` and empty parts dropped.
fn output(path: &str) -> Result<String, Failure> {
    let refuse = |why: &str| Err(bad(format!("\"output\" takes the relative path of a file: {why}")));
    if path.starts_with('/') {
        return refuse("it begins with a slash");
    }
    if path.ends_with('/') {
        return refuse("it ends with a slash");
    }
    if path == "-" {
        return refuse("standard output is not for a list to take");
    }
    if path.chars().any(|c| !matches!(c, '/' | '\\') && !is_harmless(c)) {
        return refuse("it has a control character, or one that hides or turns the direction of a line");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return refuse("it has a \"..\"");
    }
    if parts.is_empty() || path.ends_with("/.") {
        return refuse("it names none");
    }
    Ok(parts.join("/"))
}

fn timeout(value: &Value) -> Result<Duration, Failure> {
    let takes = "a number of seconds above 0";
    let seconds = value.as_f64().ok_or_else(|| wrong("timeout", takes, value))?;
    if seconds <= 0.0 {
        return Err(bad(format!("\"timeout\" takes {takes}, not {seconds}")));
    }
    // What is too large for a Duration is finite all the same: JSON has no infinity.
    let timeout = Duration::try_from_secs_f64(seconds).unwrap_or(MAX_TIMEOUT);
    Ok(timeout.clamp(Duration::from_nanos(1), MAX_TIMEOUT))
}

fn bad(message: String) -> Failure {
    failure(message, URL_MALFORMED)
}

/// The value itself is not shown: it may be a secret.
fn wrong(member: &str, takes: &str, found: &Value) -> Failure {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    bad(format!("\"{member}\" takes {takes}, not {found}"))
}

/// serde_json says "… at line 1 column 7"; there is only one line, and its own number is elsewhere.
fn syntax(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("no JSON object: {what} at column {}", error.column())
}

/// The first member that an object of `json` has twice, at any depth: serde_json would quietly keep the last.
/// `json` is known to be well-formed, so strings and brackets are all there is to look at.
fn repeated_member(json: &str) -> Option<String> {
    let mut open: Vec<HashSet<String>> = Vec::new();
    let mut rest = json;
    while let Some(at) = rest.find(['{', '[', '}', ']', '"']) {
        let (token, after) = rest[at..].split_at(1);
        rest = after;
        match token {
            "{" | "[" => open.push(HashSet::new()),
            "}" | "]" => drop(open.pop()),
            _ => {
                let end = string_end(rest)?;
                let name = format!("\"{}", &rest[..end]);
                rest = &rest[end..];
                if !rest.trim_start().starts_with(':') {
                    continue;
                }
                let name: String = serde_json::from_str(&name).ok()?;
                if !open.last_mut()?.insert(name.clone()) {
                    return Some(name);
                }
            }
        }
    }
    None
}

/// Behind the quote that closes the string which `text` goes on with.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    let quote = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some(quote + 1)
}

#[cfg(test)]
mod tests;
