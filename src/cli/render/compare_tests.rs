//! Golden texts of the comparison.

use gfetch::fetch::compare::{Shares, Spread};
use gfetch::fetch::outcome::Kind;
use gfetch::fetch::summary::Rate;

use super::super::compare_json::json;
use super::super::samples::{asis, show, starred};
use super::*;

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

fn side(median: u64, low: u64, high: u64, request: u64) -> Side {
    let elapsed = Spread { median: us(median), low: us(low), high: us(high) };
    let shares = Shares { dns: 0.001, connect: 0.008, tls: None, wait: 0.968, receive: 0.021 };
    Side { elapsed, runs: vec![us(low), us(high)], request: us(request), shares, busy: 0.02 }
}

fn none<T>() -> Listed<T> {
    Listed { first: vec![], total: 0 }
}

/// The demo's comparison, as CLI.md draws it.
fn drawn_figures() -> Measured {
    Measured {
        bytes: 203_276,
        differing: none(),
        serial: side(1_957_000, 1_953_000, 1_962_000, 375_000),
        parallel: side(905_000, 903_000, 911_000, 376_000),
        speed_up: Spread { median: 2.162, low: 2.15, high: 2.17 },
        possible: 2.172,
        bound: Bound::OneUrl { url: "http://www.yahoo.example/".into(), time: us(901_000) },
        jobs_enough: Some(4),
        growth: Spread { median: 1.003, low: 0.998, high: 1.01 },
    }
}

fn measured(figures: Measured) -> Comparison {
    let size = Size { urls: 4, hosts: 4, warm_ups: 1, pairs: 6, widths: 0 };
    Comparison { size, verdict: Verdict::Measured(Box::new(figures)) }
}

fn shown(comparison: &Comparison) -> String {
    let mut out = String::new();
    text(&mut out, comparison, &show(100));
    out
}

/// The last two lines: the verdict.
fn sentences(figures: Measured) -> String {
    let text = shown(&measured(figures));
    text.lines().skip(text.lines().count() - 2).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_single_url_is_no_gain_whatever_its_times_say() {
    let figures = Measured {
        speed_up: Spread { median: 4.96, low: 4.96, high: 4.96 },
        possible: 1.12,
        jobs_enough: Some(1),
        ..drawn_figures()
    };
    let said = "  Serial and parallel: no difference shown (4.96 … 4.96 in 6 pairs):\n  \
                http://www.yahoo.example/ alone takes 0.901 s. -j above 1 cannot help.";
    assert_eq!(sentences(figures), said);
}

/// CLI.md draws 56 requests here; 4 URLs in 1 + 2 · 6 runs are 52.
#[test]
fn the_comparison_is_as_the_contract_draws_it() {
    let expected = "\
4 URLs on 4 hosts, 52 requests: 1 warm-up + 6 pairs, cold connections, warm DNS
203,276 bytes in every run, the same in all

            median    range            a request   dns   tcp  wait  receive
  serial    1.957 s   1.953 … 1.962      375 ms     0 %   1 %  97 %     2 %
  parallel  0.905 s   0.903 … 0.911      376 ms     0 %   1 %  97 %     2 %

  serial    ██████████████████████████████████████████████████
  parallel  ███████████████████████

  Parallel was 2.16 times faster (2.15 … 2.17 in 6 pairs), of 2.17 possible:
  http://www.yahoo.example/ alone takes 0.901 s. -j above 4 cannot help.
";
    assert_eq!(shown(&measured(drawn_figures())), expected);
}

#[test]
fn bars_shrink_with_the_terminal() {
    let mut out = String::new();
    text(&mut out, &measured(drawn_figures()), &show(32));
    assert!(out.contains("\n  serial    ████████████████████\n  parallel  █████████\n"), "{out}");
}

#[test]
fn tls_has_a_column_where_there_was_tls_and_long_runs_have_room() {
    let mut figures = drawn_figures();
    figures.serial = side(12_345_678_000, 12_345_000_000, 12_399_000_000, 4_000_000);
    figures.serial.shares = Shares { dns: 0.1, connect: 0.1, tls: Some(0.25), wait: 0.5, receive: 0.05 };
    let expected = "
            median       range                  a request   dns   tcp   tls  wait  receive
  serial    12345.678 s  12345.000 … 12399.000    4.00 s    10 %  10 %  25 %  50 %     5 %
  parallel  0.905 s      0.903 … 0.911            376 ms     0 %   1 %   0 %  97 %     2 %
";
    assert!(shown(&measured(figures)).contains(expected));
}

#[test]
fn quick_runs_are_shown_in_milliseconds() {
    let mut figures = drawn_figures();
    figures.serial = side(12_300, 12_000, 12_900, 400);
    figures.parallel = side(4_560, 4_000, 5_000, 400);
    let text = shown(&measured(figures));
    assert!(text.contains("  parallel  4.56 ms   4.00 … 5.00        0.4 ms     0 %"), "{text}");
}

#[test]
fn a_range_that_holds_one_shows_no_difference() {
    let figures = Measured { speed_up: Spread { median: 1.01, low: 0.98, high: 1.2 }, ..drawn_figures() };
    let expected = "  Serial and parallel: no difference shown (0.980 … 1.20 in 6 pairs), of 2.17 possible:\n";
    assert!(sentences(figures).starts_with(expected));
}

#[test]
fn parallel_may_have_been_slower() {
    let figures = Measured { speed_up: Spread { median: 0.8, low: 0.5, high: 0.9 }, ..drawn_figures() };
    let expected = "  Parallel was 1.25 times slower (1.11 … 2.00 in 6 pairs), of 2.17 times faster possible:\n";
    assert!(sentences(figures).starts_with(expected));
}

#[test]
fn a_speed_up_beyond_the_bound_is_told_as_it_is() {
    let figures = Measured { speed_up: Spread { median: 3.0, low: 2.9, high: 3.1 }, ..drawn_figures() };
    let expected =
        "  Parallel was 3.00 times faster (2.90 … 3.10 in 6 pairs), more than the 2.17 that the serial times allow:\n";
    assert!(sentences(figures).starts_with(expected));
}

#[test]
fn requests_that_grew_slower_name_the_server_or_the_line_and_no_higher_limit() {
    let bound = Bound::Jobs { limit: 64, work: us(123_000_000) };
    let growth = Spread { median: 2.1, low: 1.9, high: 2.4 };
    let expected = "  -j 64 bounds it: 123.000 s of requests, 64 at once.\n  \
                    A single request took 2.10 times as long in parallel: the server or the line is the bottleneck.";
    let grown = Measured { bound, growth, jobs_enough: None, ..drawn_figures() };
    assert_eq!(sentences(grown.clone()), expected);
    let busy = Measured { parallel: Side { busy: 0.97, ..grown.parallel.clone() }, ..grown };
    assert!(sentences(busy).ends_with(" in parallel: gfetch's own thread, 97 % busy, is the bottleneck."));
}

#[test]
fn a_phase_has_its_column_where_a_request_went_through_it() {
    let mut figures = drawn_figures();
    for side in [&mut figures.serial, &mut figures.parallel] {
        side.shares = Shares { dns: 0.0, connect: 0.01, tls: None, wait: 0.99, receive: 0.0 };
    }
    let expected = "
            median    range            a request   tcp  wait
  serial    1.957 s   1.953 … 1.962      375 ms     1 %  99 %
  parallel  0.905 s   0.903 … 0.911      376 ms     1 %  99 %
";
    assert!(shown(&measured(figures)).contains(expected));
}

#[test]
fn the_last_line_says_what_bounds_it() {
    let bound =
        |bound| sentences(Measured { bound, jobs_enough: None, ..drawn_figures() }).lines().last().unwrap().to_owned();
    assert_eq!(
        bound(Bound::OneUrl { url: "http://a/\x1b".into(), time: us(901_000) }),
        "  http://a/\\x1b alone takes 0.901 s."
    );
    assert_eq!(
        bound(Bound::Jobs { limit: 64, work: us(123_000_000) }),
        "  -j 64 bounds it: 123.000 s of requests, 64 at once. A higher -j may help."
    );
    let host = Some("*.a.example".to_owned());
    assert_eq!(
        bound(Bound::PerHost {
            origin: "http://x.a.example".into(),
            host: host.clone(),
            limit: 1,
            work: us(9_000_000)
        }),
        "  per-host 1 of [host.\"*.a.example\"] bounds it: 9.000 s of requests to http://x.a.example, 1 at once. A higher one may help."
    );
    assert_eq!(
        bound(Bound::Rate { host, rate: Rate { starts: 4, per: us(1_000_000) }, starts: 5, time: us(1_000_000) }),
        "  rate 4/s of [host.\"*.a.example\"] bounds it: 5 starts take at least 1.000 s. A higher one may help."
    );
    assert_eq!(
        bound(Bound::PerHost { origin: "http://a.example".into(), host: None, limit: 10, work: us(9_000_000) }),
        "  --per-host 10 bounds it: 9.000 s of requests to http://a.example, 10 at once. A higher one may help."
    );
    assert_eq!(
        bound(Bound::Rate {
            host: None,
            rate: Rate { starts: 10, per: us(1_000_000) },
            starts: 100,
            time: us(9_900_000)
        }),
        "  --rate 10/s bounds it: 100 starts take at least 9.900 s. A higher one may help."
    );
}

#[test]
fn one_of_each_is_singular() {
    let mut comparison = measured(drawn_figures());
    comparison.size = Size { urls: 1, hosts: 1, warm_ups: 0, pairs: 1, widths: 0 };
    let text = shown(&comparison);
    assert!(text.starts_with("1 URL on 1 host, 2 requests: 1 pair, cold connections\n"), "{text}");
    assert!(text.contains("  Parallel was 2.16 times faster (1 pair, so no range), of 2.17 possible:\n"), "{text}");
}

#[test]
fn bodies_that_differ_are_listed() {
    let mut figures = drawn_figures();
    let difference = |url: &str, shortest, longest| Difference { url: url.into(), shortest, longest };
    figures.differing = Listed {
        first: vec![difference("http://a.example/", 47_424, 47_430), difference("http://b.example/", 9, 9)],
        total: 14,
    };
    let expected = "
203,276 bytes in the first run; 14 bodies were not the same in all:
  http://a.example/  47,424 … 47,430 bytes
  http://b.example/  9 bytes each time, with other content
  and 12 more

";
    assert!(shown(&measured(figures)).contains(expected));
}

fn not_comparable(troubles: Listed<Trouble>) -> Comparison {
    let size = Size { urls: 4, hosts: 2, warm_ups: 1, pairs: 6, widths: 0 };
    Comparison { size, verdict: Verdict::NotComparable(troubles) }
}

fn troubles() -> Listed<Trouble> {
    let trouble = |url: &str, why| Trouble { url: url.into(), why, runs: 2, of: 13 };
    let first = vec![
        trouble("http://u:secret@a.example/", Why::Failed { kind: Kind::Timeout, status: None }),
        trouble("http://b.example/", Why::Failed { kind: Kind::Status, status: Some(503) }),
        trouble("http://c.example/", Why::Status { first: Some(200), then: Some(204) }),
    ];
    Listed { first, total: 3 }
}

#[test]
fn what_is_not_comparable_gets_no_figures_but_the_reasons() {
    let mut out = String::new();
    text(&mut out, &not_comparable(troubles()), &Show { redact: starred, ..show(100) });
    let expected = "\
4 URLs on 2 hosts, 52 requests: 1 warm-up + 6 pairs, cold connections, warm DNS
not comparable: 3 URLs failed or changed their status
  http://u:***@a.example/  timeout in 2 of 13 runs
  http://b.example/  HTTP 503 in 2 of 13 runs
  http://c.example/  status 200 and then 204 in 2 of 13 runs
";
    assert_eq!(out, expected);
    assert!(shown(&not_comparable(none())).ends_with("\nnot comparable: no pair of runs was completed\n"));
}

#[test]
fn the_json_comparison_is_one_object_on_one_line() {
    let mut out = Vec::new();
    json(&mut out, &measured(drawn_figures()), asis);
    let expected = concat!(
        r#"{"comparison":{"urls":4,"hosts":4,"requests":52,"warm_ups":1,"pairs":6,"comparable":true,"bytes":203276,"#,
        r#""same_bodies":true,"differing":0,"differing_bodies":[],"#,
        r#""serial":{"median":1.957000,"low":1.953000,"high":1.962000,"runs":[1.953000,1.962000],"#,
        r#""request_median":0.375000,"#,
        r#""shares":{"dns":0.001000,"connect":0.008000,"tls":null,"wait":0.968000,"receive":0.021000},"busy":0.020000},"#,
        r#""parallel":{"median":0.905000,"low":0.903000,"high":0.911000,"runs":[0.903000,0.911000],"#,
        r#""request_median":0.376000,"#,
        r#""shares":{"dns":0.001000,"connect":0.008000,"tls":null,"wait":0.968000,"receive":0.021000},"busy":0.020000},"#,
        r#""difference_shown":true,"speed_up":{"median":2.162000,"low":2.150000,"high":2.170000},"#,
        r#""possible":2.172000,"bound":{"by":"one_url","url":"http://www.yahoo.example/","time":0.901000},"#,
        r#""jobs_enough":4,"request_growth":{"median":1.003000,"low":0.998000,"high":1.010000},"requests_grew":false}}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn the_json_of_what_is_not_comparable_names_the_urls() {
    let mut out = Vec::new();
    json(&mut out, &not_comparable(troubles()), starred);
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let comparison = &value["comparison"];
    assert_eq!((&comparison["comparable"], &comparison["troubles"]), (&false.into(), &3.into()));
    assert_eq!(comparison["not_comparable"][0]["url"], "http://u:***@a.example/");
    assert_eq!(comparison["not_comparable"][2]["what"], "status 200 and then 204");
}

#[test]
fn golden_files() {
    let comparison = measured(drawn_figures());
    super::super::golden_tests::check("compare.txt", shown(&comparison).as_bytes());
    let mut out = Vec::new();
    json(&mut out, &comparison, asis);
    super::super::golden_tests::check("compare.json", &out);
}
