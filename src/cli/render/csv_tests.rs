//! Rows read back by the rules of RFC 4180, hostile ones among them.

use std::time::Duration;

use gfetch::fetch::outcome::{Kind, Outcome, Stage};

use super::super::samples::{asis, drawn_record, failure, outcome};
use super::*;

fn of(outcome: &Outcome) -> Of<'_> {
    Of { outcome, redact: asis, more: None }
}

fn rendered(outcomes: &[Outcome], fields: &str) -> String {
    let chosen = Chosen::parse(fields).unwrap();
    let mut out = Vec::new();
    header(&mut out, &chosen);
    outcomes.iter().for_each(|outcome| record(&mut out, &chosen, of(outcome)));
    String::from_utf8(out).unwrap()
}

/// Rows of cells, by RFC 4180's grammar; whatever it does not allow fails.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut rest) = (Vec::new(), Vec::new(), text);
    while !rest.is_empty() {
        let mut cell = String::new();
        match rest.strip_prefix('"') {
            Some(quoted) => {
                rest = quoted;
                loop {
                    let (part, behind) = rest.split_once('"').expect("a closing quote");
                    cell += part;
                    match behind.strip_prefix('"') {
                        Some(more) => (cell, rest) = (cell + "\"", more),
                        None => break rest = behind,
                    }
                }
            }
            None => {
                let end = rest.find([',', '\r']).expect("an end of the cell");
                cell = rest[..end].to_owned();
                assert!(!cell.contains(['"', '\n']), "{cell}");
                rest = &rest[end..];
            }
        }
        row.push(cell);
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => {
                rest = rest.strip_prefix("\r\n").expect("a line end");
                rows.push(std::mem::take(&mut row));
            }
        }
    }
    rows
}

#[test]
fn the_columns_are_the_json_records_with_nested_names_dotted() {
    let mut out = Vec::new();
    header(&mut out, &Chosen::default());
    let expected = "index,id,source,url,host,final_url,method,started,ok,status,http_version,tls,content_type,content_length,\
                    bytes,wire_bytes,redirects,attempts,reused,remote_ip,remote_port,file,timings.queue,timings.dns,\
                    timings.connect,timings.tls,timings.send,timings.wait,timings.receive,timings.retries,timings.total,\
                    error.kind,error.stage,error.message,error.limit,error.curl\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn values_are_those_of_the_json_record_and_null_is_empty() {
    let mut out = Vec::new();
    record(&mut out, &Chosen::default(), of(&drawn_record()));
    let expected = "0,,urls.txt:3,http://example.org/,example.org,https://example.org/,GET,2026-11-20T22:45:01.123456Z,true,\
                    200,1.1,1.3,text/html,11820,47424,11820,1,1,false,192.0.2.7,443,,0.000000,0.001000,0.012000,0.021000,\
                    0.000100,0.180000,0.040000,0.000000,0.254100,,,,,\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn quotes_commas_and_lines_stay_in_their_cell_and_nothing_hostile_comes_through() {
    let hostile = "a \"b\", \r\n\tc\x1b[2J\u{202e}\u{9b}\u{feff}";
    let mut one = outcome(hostile, Some(200), Duration::ZERO);
    one.content_type = Some(hostile.into());
    one.id = Some(serde_json::json!([hostile, 1]));
    one.error = Some(failure(Kind::Protocol, Stage::Wait, hostile));
    let text = rendered(&[one], "url,content_type,error.message,id,status");
    let safe = "a \"b\", \\r\\n\\tc\\x1b[2J\\u{202e}\\u{9b}\\u{feff}";
    let rows = rows(&text);
    assert_eq!((rows.len(), &rows[1][..3], &*rows[1][4]), (2, &[safe; 3].map(str::to_owned)[..], "200"));
    assert!(!text.replace("\r\n", "").chars().any(escape::is_hostile), "{text}");
    let id: serde_json::Value = serde_json::from_str(&rows[1][3]).unwrap();
    assert_eq!(id, serde_json::json!([hostile, 1]));
}

#[test]
fn what_a_spreadsheet_would_run_is_text() {
    for formula in ["=cmd|'/c calc'!A1", "+1", "-2+3", "@SUM(A1)", "=1,2"] {
        let mut one = outcome(formula, None, Duration::ZERO);
        (one.id, one.method) = (Some(formula.into()), "-GET".into());
        let text = rendered(&[one], "url,id,method,status,timings.wait");
        let rows = rows(&text);
        assert_eq!(rows[1], [&*format!("'{formula}"), &format!("'{formula}"), "'-GET", "", "0.000000"]);
    }
    // An empty first cell is one.
    assert_eq!(rows(&rendered(&[outcome("a", None, Duration::ZERO)], "id,url"))[1], ["", "a"]);
    // A number stays one, and so does text that has such a sign elsewhere.
    let mut one = outcome("a=b", None, Duration::ZERO);
    one.id = Some((-5).into());
    assert_eq!(rows(&rendered(&[one], "url,id"))[1], ["a=b", "-5"]);
}

#[test]
fn a_body_keeps_its_lines_and_no_controls() {
    let mut out = Vec::new();
    cell(&mut out, &Value::Lines("=1\r\nb\t\"c\"\n\x1b[31m\n"));
    assert_eq!(String::from_utf8(out).unwrap(), "\"'=1\r\nb\t\"\"c\"\"\n\\x1b[31m\n\"");
}
