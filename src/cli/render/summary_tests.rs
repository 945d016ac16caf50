//! Golden texts of the summary.

use std::time::Duration;

use gfetch::fetch::outcome::{Kind, Outcome, Stage};
use gfetch::fetch::summary::{Held, HostHeld, Limits, Rate};

use super::super::samples::{asis, failure, outcome, show, starred};
use super::*;

const LIMITS: Limits = Limits { jobs: 64, per_host: Some(10), rate: None };

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn good(url: &str, time_ms: u64) -> Outcome {
    Outcome { bytes: 50_819, wire_bytes: 40_000, ..outcome(url, Some(200), ms(time_ms)) }
}

fn bad(host: Option<&str>, kind: Kind, status: Option<u16>, time_ms: u64) -> Outcome {
    let error = Some(failure(kind, Stage::Wait, "x"));
    Outcome { error, host: host.map(Into::into), ..outcome("http://bad.example/", status, ms(time_ms)) }
}

fn of(outcomes: &[Outcome], elapsed_ms: u64) -> Summary {
    let mut summary = Summary::new(LIMITS);
    outcomes.iter().for_each(|outcome| summary.add(outcome));
    summary.elapsed = ms(elapsed_ms);
    summary
}

/// The run of CLI.md.
fn drawn() -> Summary {
    let mut outcomes: Vec<_> =
        [301, 301, 451, 902].iter().map(|&time| good("http://www.yahoo.example/", time)).collect();
    outcomes.push(bad(Some("example.org"), Kind::Status, Some(404), 44));
    outcomes.push(bad(Some("slow.example"), Kind::Timeout, None, 5_000));
    of(&outcomes, 5_010)
}

fn shown(summary: &Summary) -> String {
    let mut out = String::new();
    text(&mut out, summary, &show(100), true);
    out
}

#[test]
fn failures_are_grouped_as_the_contract_draws_them() {
    let expected = "\
6 URLs: 4 ok, 2 failed in 5.01 s · 199 KiB · median 376 ms · slowest 5.00 s
  1 timeout   slow.example
  1 HTTP 404  example.org
  (--save-failed FILE keeps these as a list for -i)
";
    assert_eq!(shown(&drawn()), expected);
}

#[test]
fn one_line_says_that_all_is_well() {
    let summary = of(&[good("http://a.example/", 10), good("http://a.example/", 10)], 12);
    assert_eq!(shown(&summary), "2 URLs: 2 ok in 12 ms · 99.3 KiB · median 10 ms · slowest 10 ms\n");
    assert_eq!(shown(&of(&[good("http://a.example/", 301)], 303)), "1 URL: 1 ok in 303 ms · 49.6 KiB\n");
    assert_eq!(shown(&of(&[], 0)), "0 URLs: 0 ok in 0 ms · 0 B\n");
}

#[test]
fn many_urls_have_more_percentiles_and_name_the_slowest() {
    let outcomes =
        |number: u64| (1..=number).map(|n| good(&format!("http://a.example/page/{n}"), n)).collect::<Vec<_>>();
    let line = |number, width| {
        let mut out = String::new();
        text(&mut out, &of(&outcomes(number), 150), &show(width), true);
        out
    };
    let all = "20 URLs: 20 ok in 150 ms · 993 KiB · median 11 ms · p95 19 ms · slowest 20 ms";
    assert_eq!(line(20, usize::MAX), format!("{all} http://a.example/page/20\n"));
    assert_eq!(line(20, 100), format!("{all} http://a.example/…/20\n"));
    assert_eq!(line(20, 97), format!("{all}\n"));
    assert!(line(19, 100).ends_with(" · median 10 ms · slowest 19 ms\n"));
    let many = line(1_001, 200);
    assert!(many.contains(" · p95 951 ms · p99 991 ms · slowest 1.00 s http://"), "{many}");
}

#[test]
fn unchecked_certificates_come_first_and_where_it_stopped_comes_last() {
    let mut summary = of(&[good("http://a.example/", 301)], 303);
    summary.certificates_unchecked = true;
    summary.stopped_after = Some(12_345);
    summary.reading_paused = ms(3_200);
    let expected = "\
certificates were NOT checked (-k)
1 URL: 1 ok in 303 ms · 49.6 KiB
reading paused for 3.20 s, for finished records waited for an earlier one (--unordered)
stopped after line 12345
";
    assert_eq!(shown(&summary), expected);
}

#[test]
fn many_groups_end_in_other_hosts_and_hostile_hosts_are_escaped() {
    let mut outcomes = vec![bad(Some("evil\x1b[2J.example"), Kind::Dns, None, 1); 1_200];
    outcomes.extend((0..12).map(|host| bad(Some(&format!("h{host:02}.example")), Kind::Status, Some(503), 1)));
    outcomes.push(bad(None, Kind::Url, None, 0));
    let text = shown(&of(&outcomes, 50));
    let expected = "\
1,213 URLs: 0 ok, 1,213 failed in 50 ms · 0 B · median 1.0 ms · p95 1.0 ms · p99 1.0 ms · slowest 1.0 ms
  1,200 dns       evil\\x1b[2J.example
      1 url       (no host)
      1 HTTP 503  h00.example
";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.ends_with("      4 HTTP 503  other hosts\n  (--save-failed FILE keeps these as a list for -i)\n"),
        "{text}"
    );
}

#[test]
fn one_slow_url_is_named_with_its_share_of_the_run() {
    let url = format!("http://user:secret@www.yahoo.example/{}", "deep/".repeat(20));
    let outcomes = [good("http://a.example/", 300), good("http://b.example/", 300), good(&url, 902)];
    let mut out = String::new();
    text(&mut out, &of(&outcomes, 905), &Show { redact: starred, ..show(100) }, true);
    let last = out.lines().last().unwrap();
    assert_eq!(
        last,
        "one slow URL held the run back: http://user:***@www.yahoo.example/deep/…/deep/ took 902 ms of 905 ms"
    );
}

/// The number that counted, and where it stands: the run's own would be the wrong remedy.
#[test]
fn a_hosts_own_limit_is_named_where_it_made_for_most_of_the_waits() {
    let held = |cause, of_host: u32| {
        let mut summary = of(&vec![good("http://a.example/", 100); 500], 5_000);
        (0..490).for_each(|_| summary.add_queue(cause, ms(2_000)));
        let waits = Waits { count: of_host.into(), total: ms(2_000) * of_host };
        let held = Held { per_host: waits, host_rate: waits, ..Held::default() };
        let rate = Some(Rate { starts: 4, per: ms(1_000) });
        let quiet = HostHeld { host: "b.example".into(), per_host: None, rate: None, held: Held::default() };
        let slow = HostHeld { host: "*.a.example:81".into(), per_host: Some(1), rate, held };
        summary.hosts = vec![quiet, slow];
        let told = shown(&summary);
        told.lines().nth(1).unwrap().split(" held ").next().unwrap().to_owned()
    };
    assert_eq!(held(Cause::PerHost, 300), "per-host 1 of [host.\"*.a.example:81\"]");
    assert_eq!(held(Cause::PerHost, 100), "--per-host 10");
    assert_eq!(held(Cause::HostRate, 300), "rate 4/s of [host.\"*.a.example:81\"]");
    assert_eq!(held(Cause::HostRate, 100), "a [host]'s rate");
    assert_eq!(held(Cause::Jobs, 300), "-j 64");
}

#[test]
fn what_held_the_run_back_is_named_with_what_would_change_it() {
    let held = |cause, limits| {
        let mut summary = of(&vec![good("http://a.example/", 100); 500], 5_000);
        summary.limits = limits;
        (0..490).for_each(|_| summary.add_queue(cause, ms(2_000)));
        shown(&summary).lines().skip(1).collect::<Vec<_>>().join("\n")
    };
    let rate = Limits { rate: Some(Rate { starts: 100, per: ms(1_000) }), ..LIMITS };
    let waits = "490 waits of 2.00 s on average";
    assert_eq!(
        held(Cause::PerHost, LIMITS),
        format!("--per-host 10 held the run back by up to 4.22 s: {waits}; a higher one may be faster")
    );
    assert_eq!(
        held(Cause::Rate, rate),
        format!("--rate 100/s held the run back by up to 4.22 s: {waits}; a higher one may be faster")
    );
    assert_eq!(
        held(Cause::Jobs, LIMITS),
        format!("-j 64 held the run back by up to 4.90 s: {waits}; a higher one may be faster")
    );
    assert_eq!(
        held(Cause::HostRate, LIMITS),
        format!("a [host]'s rate held the run back by up to 4.22 s: {waits}; a higher one may be faster")
    );
    assert_eq!(
        held(Cause::Origin, LIMITS),
        format!("hosts that asked for a pause held the run back by up to 4.22 s: {waits}; a lower --rate may avoid it")
    );
}

#[test]
fn the_json_summary_holds_the_same() {
    let mut summary = drawn();
    summary.add_queue(Cause::PerHost, ms(1_500));
    summary.stopped_after = Some(6);
    let mut out = Vec::new();
    json(&mut out, &summary, asis);
    let text = String::from_utf8(out).unwrap();
    let expected = concat!(
        r#"{"urls":6,"ok":4,"failed":2,"started":6,"bytes":203276,"wire_bytes":160000,"done_before":0,"#,
        r#""attempts":6,"redirects":0,"reused":0,"elapsed":5.010000,"times":{"median":"#
    );
    assert!(text.starts_with(expected), "{text}");
    let expected = concat!(
        r#""slowest":5.000000,"sum":6.999000},"slowest_url":"http://bad.example/","failures":["#,
        r#"{"kind":"timeout","status":null,"host":"slow.example","other_hosts":false,"count":1},"#,
        r#"{"kind":"status","status":404,"host":"example.org","other_hosts":false,"count":1}],"#,
        r#""queue":{"per_host":{"waits":1,"sum":1.500000},"jobs":{"waits":0,"sum":0.000000},"#,
        r#""rate":{"waits":0,"sum":0.000000},"host_rate":{"waits":0,"sum":0.000000},"origin":{"waits":0,"sum":0.000000}},"held_back_by":null,"#,
        r#""reading_paused":0.000000,"stopped_after":6,"certificates_checked":true}"#
    );
    assert!(text.ends_with(expected), "{text}");
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
}
