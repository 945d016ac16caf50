//! Golden files: the same records in every format, as `fixtures/golden` has them. `GFETCH_GOLDEN=write` writes them anew.

use std::path::Path;
use std::time::Duration;

use gfetch::fetch::Fetched;
use gfetch::fetch::summary::{Limits, Summary};
use serde_json::Value;

use super::chosen::Chosen;
use super::fields::Of;
use super::samples::{run, secrets, show, starred};
use super::write_out::{Template, Transfer};
use super::{Show, csv, har, json, summary, text};
use crate::cli::escape;

/// Compares with the golden file of this name, in which the version is `VERSION`.
#[track_caller]
pub fn check(name: &str, bytes: &[u8]) {
    let version = env!("CARGO_PKG_VERSION");
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let text =
        text.replace(&format!("\"{version}\""), "\"VERSION\"").replace(&format!("gfetch/{version}"), "gfetch/VERSION");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name);
    if std::env::var_os("GFETCH_GOLDEN").is_some_and(|value| value == "write") {
        return std::fs::write(&file, text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(text, expected, "{name}; GFETCH_GOLDEN=write writes it anew");
}

fn each(mut tell: impl FnMut(&mut Vec<u8>, &Fetched)) -> Vec<u8> {
    let mut out = Vec::new();
    run().iter().for_each(|fetched| tell(&mut out, fetched));
    out
}

fn of<'a>(fetched: &'a Fetched, secrets: &'a super::fields::Secrets) -> Of<'a> {
    Of { outcome: &fetched.outcome, redact: starred, more: Some((fetched, secrets)) }
}

fn written(template: &str) -> Vec<u8> {
    let (template, unknown) = Template::parse(template);
    assert!(unknown.is_empty(), "{unknown:?}");
    let secrets = secrets(starred);
    each(|out, fetched| {
        let pieces = template.render(Transfer { fetched, secrets: &secrets });
        pieces.into_iter().for_each(|(_, bytes)| out.extend(bytes));
    })
}

fn everything() -> Chosen {
    Chosen::parse("+headers +request_headers +hops +attempt_log +certs +sha256 +body").unwrap()
}

fn csv_of(chosen: &Chosen) -> Vec<u8> {
    let secrets = secrets(starred);
    let mut out = Vec::new();
    csv::header(&mut out, chosen);
    out.extend(each(|out, fetched| csv::record(out, chosen, of(fetched, &secrets))));
    out
}

fn summed() -> Summary {
    let mut summary = Summary::new(Limits { jobs: 64, per_host: Some(10), rate: None });
    run().iter().for_each(|fetched| summary.add(&fetched.outcome));
    summary.elapsed = Duration::from_millis(6_300);
    summary
}

#[test]
fn records() {
    let drawn = Show { redact: starred, ..show(100) };
    check(
        "text-terminal.txt",
        &each(|out, fetched| {
            let mut line = String::new();
            text::line(&mut line, &fetched.outcome, &drawn);
            out.extend(line.into_bytes());
        }),
    );
    check("text-pipe.tsv", &each(|out, fetched| text::columns(out, &fetched.outcome, starred)));
    check("records.jsonl", &each(|out, fetched| json::record(out, &fetched.outcome, starred)));
    let secrets = secrets(starred);
    check("everything.jsonl", &each(|out, fetched| everything().record(out, of(fetched, &secrets))));
    check("records.csv", &csv_of(&Chosen::default()));
    check("everything.csv", &csv_of(&everything()));
    check(
        "write-out.txt",
        &written("%{urlnum} %{http_code} %{time_total} %{url_effective} %header{content-type} %{errormsg}\\n"),
    );
    check("write-out.jsonl", &written("%{json}\\n"));
}

#[test]
fn archive() {
    let (secrets, mut is_first, mut out) = (secrets(starred), true, Vec::new());
    har::begin(&mut out);
    run().iter().for_each(|fetched| har::entries(&mut out, fetched, &secrets, &mut is_first));
    har::end(&mut out);
    check("run.har", &out);
    serde_json::from_slice::<Value>(&out).unwrap();
}

#[test]
fn summaries() {
    let mut text = String::new();
    summary::text(&mut text, &summed(), &Show { redact: starred, ..show(100) }, true);
    check("summary.txt", text.as_bytes());
    let mut out = Vec::new();
    summary::json(&mut out, &summed(), starred);
    check("summary.json", &out);
}

#[test]
fn nothing_hostile_and_no_secret_is_in_any_of_them() {
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("secret"), "{}", path.display());
        let hostile = |c: char| escape::is_hostile(c) && !matches!(c, '\n' | '\t' | '\r');
        assert!(!text.chars().any(hostile), "{}", path.display());
    }
}

/// Every cell says what the JSON record says, and curl's times are the sums of the record's.
#[test]
fn csv_and_write_out_agree_with_the_json_record() {
    let chosen = Chosen::default();
    let records = each(|out, fetched| json::record(out, &fetched.outcome, starred));
    let records: Vec<Value> =
        String::from_utf8(records).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rows = csv::tests::rows(&String::from_utf8(csv_of(&chosen)).unwrap());
    let curls: Vec<Value> = String::from_utf8(written("%{json}\\n"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((rows.len(), curls.len()), (records.len() + 1, records.len()));
    for ((record, row), curl) in records.iter().zip(&rows[1..]).zip(&curls) {
        for (name, cell) in rows[0].iter().zip(row) {
            let expected = match &record.pointer(&format!("/{}", name.replace('.', "/"))).cloned().unwrap_or_default() {
                Value::Null => String::new(),
                Value::String(text) => escape::line(text).into_owned(),
                Value::Number(number) if number.is_f64() => format!("{:.6}", number.as_f64().unwrap()),
                value => value.to_string(),
            };
            assert_eq!(*cell, expected, "{name}");
        }
        let us = |value: &Value| (value.as_f64().unwrap_or(0.0) * 1e6).round() as u64;
        let sum = |names: &[&str]| names.iter().map(|name| us(&record["timings"][name])).sum::<u64>();
        let total = ["dns", "connect", "tls", "send", "wait", "receive"];
        assert_eq!(us(&curl["time_total"]), sum(&total), "{record}");
        assert_eq!(us(&curl["time_total"]) + us(&record["timings"]["retries"]), us(&record["timings"]["total"]));
        if !record["status"].is_null() {
            assert_eq!(us(&curl["time_starttransfer"]), sum(&total[..5]), "{record}");
        }
        assert_eq!(curl["size_download"], record["wire_bytes"]);
        assert_eq!(curl["num_redirects"], record["redirects"]);
        assert_eq!(curl["http_code"], if record["status"].is_null() { 0.into() } else { record["status"].clone() });
        assert_eq!(
            curl["exitcode"],
            if record["error"].is_null() { 0.into() } else { record["error"]["curl"].clone() }
        );
    }
}
