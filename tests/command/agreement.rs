//! What is told is the same in every format, and as docs/schema says it.

use gfetch::fetch::outcome::{Kind, Limit, Stage};
use serde_json::{Value, json};

use crate::runner::{Dir, Gfetch, gfetch};
use crate::schema::Schemas;
use crate::server::{Server, nobody};

fn schemas() -> Schemas {
    Schemas::of("docs/schema")
}

/// A record of each way to end, with all fields: success, redirects, retries, failures of most kinds, no URL.
fn every_kind(server: &Server, dir: &Dir, options: &[&str]) -> Vec<Value> {
    let lines = [
        server.url("/bytes/24"),
        server.url("/to//to//bytes/24"),
        server.url("/status/404"),
        server.url("/flaky/1/bytes/10"),
        server.url("/cut/1000"),
        server.url("/close"),
        server.url("/status/304"),
        server.url("/to/ftp:%2F%2Fa"),
        format!("http://{}/", nobody()),
        "http://none.invalid/".into(),
        "http://[".into(),
        format!("{{\"url\":\"{}\",\"id\":{{\"a\":[1,null]}},\"output\":\"kept\"}}", server.url("/bytes/3")),
        format!("{{\"url\":\"{}\",\"timeout\":0.05}}", server.url("/hang")),
    ];
    let list = dir.write("list", lines.join("\n") + "\n");
    let args = ["-i", &list, "--retry", "1", "--retry-delay", "0.01", "--format", "json"];
    let records = Gfetch::new(&args).args(options).dir(dir).run().expect(1).records();
    assert_eq!(records.len(), lines.len());
    records
}

#[test]
fn records_of_every_kind_are_as_their_schema_says() {
    let (server, dir) = (Server::new(), Dir::new());
    let everything = "+headers,request_headers,hops,attempt_log,certs,sha256,body";
    let everything = everything.replace(',', ",+");
    for options in [&[][..], &["--fields", &everything], &["--fields", &everything, "--threads", "2"]] {
        let records = every_kind(&server, &dir, options);
        records.iter().for_each(|record| schemas().check("record.json", record));
        let kinds: Vec<&str> = records.iter().filter_map(|record| record["error"]["kind"].as_str()).collect();
        for kind in ["status", "truncated", "reset", "connect", "dns", "url", "timeout"] {
            assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
        }
    }
}

#[test]
fn a_record_that_is_wrong_is_not_as_the_schema_says() {
    let server = Server::new();
    let record = gfetch(&[&server.url("/a"), "--format", "json"]).expect(0).records().remove(0);
    let wrong = [
        ("ok", json!("yes")),
        ("status", json!(7)),
        ("started", json!("today")),
        ("new", json!(1)),
        ("timings", json!({})),
    ];
    for (name, value) in wrong {
        let mut record = record.clone();
        record[name] = value;
        assert!(!schemas().accepts("record.json", &record), "{name}");
    }
    let mut record = record;
    record.as_object_mut().unwrap().remove("url");
    assert!(!schemas().accepts("record.json", &record));
}

#[test]
fn the_schemas_of_summary_and_comparison_hold() {
    let (server, dir) = (Server::new(), Dir::new());
    every_kind(&server, &dir, &["--summary-json", &dir.at("summary.json")]);
    let summary: Value = serde_json::from_str(&dir.read("summary.json")).unwrap();
    schemas().check("summary.json", &summary);
    Gfetch::new(&["-i", "-", "--allow-empty", "--summary-json", &dir.at("none.json")]).run().expect(0);
    schemas().check("summary.json", &serde_json::from_str(&dir.read("none.json")).unwrap());
    for options in [&["--runs", "1"][..], &["--runs", "1", "--compare-jobs", "1,2"]] {
        let args = ["--compare", "--format", "json", "--warmup", "0", "-s"];
        let (url, bad) = (server.url("/delay/5/a"), server.url("/status/404"));
        let run = Gfetch::new(&args).args(options).args(&[&url, &url]).run().expect(0);
        schemas().check("comparison.json", &run.records()[0]);
        let run = Gfetch::new(&args).args(options).args(&[&url, &bad]).run().expect(1);
        schemas().check("comparison.json", &run.records()[0]);
    }
}

/// The record's members in the schema are those of the records, in their order, and its words those of the library.
#[test]
fn the_schema_knows_what_a_record_may_hold() {
    let schemas = schemas();
    let schema = schemas.get("record.json");
    let named = |pointer: &str| -> Vec<String> {
        schema.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect()
    };
    let server = Server::new();
    let all = "+headers +request_headers +hops +attempt_log +certs +sha256 +body";
    let run = gfetch(&[&server.url("/status/404"), "--format", "json", "--fields", all]).expect(3);
    let record = &run.records()[0];
    let members = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(named("/properties"), members(record));
    assert_eq!(named("/properties/timings/properties"), members(&record["timings"]));
    assert_eq!(named("/$defs/error/properties"), members(&record["error"]));
    assert_eq!(named("/$defs/hop/properties"), members(&record["hops"][0]));
    assert_eq!(named("/$defs/attempt/properties"), members(&record["attempt_log"][0]));
    let words = |pointer: &str| -> Vec<String> {
        let words = schema.pointer(pointer).unwrap().as_array().unwrap();
        words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    };
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let stages: Vec<_> = Stage::ALL.iter().map(|stage| stage.as_str()).collect();
    let limits: Vec<_> = Limit::ALL.iter().map(|limit| limit.as_str()).collect();
    assert_eq!(words("/$defs/error/properties/kind/enum"), kinds);
    assert_eq!(words("/$defs/error/properties/stage/enum"), stages);
    assert_eq!(words("/$defs/error/properties/limit/enum"), limits);
}

/// Microseconds of a number of seconds, or of milliseconds times 1,000.
fn us(value: &Value, per: f64) -> i64 {
    (value.as_f64().unwrap_or(0.0) * per).round() as i64
}

/// One run, told in three ways at once. (That CSV and `-w` say the same of the same records is held beside the renderers.)
#[test]
fn every_number_is_the_same_in_every_format() {
    let (server, dir) = (Server::new(), Dir::new());
    let urls = [server.url("/to//bytes/2400"), server.url("/status/404"), server.url("/delay/30/bytes/10")];
    let args = [&*urls[0], &urls[1], &urls[2], "--serial"];
    let files = ["--har", &dir.at("har"), "--summary-json", &dir.at("summary")];
    let records = Gfetch::new(&args).args(&files).args(&["--format", "json", "--fields", "+hops"]).run().records();
    let har: Value = serde_json::from_str(&dir.read("har")).unwrap();
    let summary: Value = serde_json::from_str(&dir.read("summary")).unwrap();
    let sum = |name: &str| records.iter().map(|record| record[name].as_i64().unwrap()).sum::<i64>();
    for name in ["bytes", "wire_bytes", "attempts", "redirects"] {
        assert_eq!(summary[name], sum(name), "{name}");
    }
    let totals: Vec<i64> = records.iter().map(|record| us(&record["timings"]["total"], 1e6)).collect();
    assert!((us(&summary["times"]["sum"], 1e6) - totals.iter().sum::<i64>()).abs() <= 18, "{summary} {totals:?}");
    assert!((us(&summary["times"]["slowest"], 1e6) - totals.iter().max().unwrap()).abs() <= 6, "{summary} {totals:?}");
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 4);
    for record in &records {
        let own: Vec<&Value> = entries.iter().filter(|entry| entry["_index"] == record["index"]).collect();
        let last = own.last().unwrap();
        assert_eq!(last["response"]["status"], record["status"]);
        assert_eq!(last["response"]["content"]["size"], record["bytes"]);
        assert_eq!(last["response"]["bodySize"], record["wire_bytes"]);
        assert_eq!(last["request"]["url"], record["final_url"]);
        assert_eq!(own.len(), record["hops"].as_array().unwrap().len());
        // The exchanges' phases add up to the record's; each is rounded for itself.
        for phase in ["send", "wait", "receive"] {
            let in_har: i64 = own.iter().map(|entry| us(&entry["timings"][phase], 1e3)).sum();
            assert!(
                (in_har - us(&record["timings"][phase], 1e6)).abs() <= own.len() as i64,
                "{phase}: {record} {own:?}"
            );
        }
        let hops = record["hops"].as_array().unwrap();
        for (hop, entry) in hops.iter().zip(&own) {
            assert_eq!(us(&hop["timings"]["wait"], 1e6), us(&entry["timings"]["wait"], 1e3));
            assert_eq!(
                hop["started"].as_str().map(|text| &text[..16]),
                entry["startedDateTime"].as_str().map(|text| &text[..16])
            );
        }
    }
}

#[test]
fn curls_times_are_the_sums_of_the_records_phases() {
    let server = Server::new();
    // One run in which -w tells curl's variables, and the record's own phases by their differences.
    let template = "%{json}\\n";
    let run = gfetch(&[&server.url("/to//delay/20/bytes/10"), &server.url("/status/404"), "-w", template]).expect(1);
    for one in run.records() {
        let time = |name: &str| us(&one[&format!("time_{name}")], 1e6);
        let order = ["namelookup", "connect", "pretransfer", "starttransfer", "total"].map(time);
        assert!(order.is_sorted(), "{one}");
        assert!(time("redirect") <= time("total") && time("appconnect") == 0, "{one}");
        let speed = one["size_download"].as_i64().unwrap() * 1_000_000 / time("total");
        assert_eq!(one["speed_download"], speed);
    }
}
