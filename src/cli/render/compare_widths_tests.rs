//! Golden texts of the comparison of widths.

use std::time::Duration;

use gfetch::fetch::compare::{Comparison, Listed, Shares, Spread, Verdict};

use super::super::compare::text;
use super::super::compare_json::json;
use super::super::samples::{asis, show};
use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn spread(median: f64, around: f64) -> Spread<f64> {
    Spread { median, low: median - around, high: median + around }
}

fn width(jobs: u32, elapsed: u64, request: u64, growth: f64) -> Width {
    let speed_up = 8_000.0 / elapsed as f64;
    let elapsed = Spread { median: ms(elapsed), low: ms(elapsed - 3), high: ms(elapsed + 6) };
    let shares = Shares { dns: 0.0, connect: 0.01, tls: None, wait: 0.9, receive: 0.09 };
    let side = Side { elapsed, runs: vec![ms(1); 2], request: ms(request), shares, busy: 0.5 };
    let speed_up = if jobs == 1 { spread(1.0, 0.0) } else { spread(speed_up, 0.02) };
    Width { jobs, side, speed_up, possible: Some(f64::from(jobs)), growth: spread(growth, 0.0) }
}

fn figures() -> Widths {
    Widths {
        bytes: 1_024_000,
        differing: Listed { first: vec![], total: 0 },
        widths: vec![
            width(1, 8_000, 80, 1.0),
            width(4, 2_010, 80, 1.001),
            width(16, 520, 81, 1.01),
            width(64, 515, 320, 4.1),
        ],
        jobs_enough: 16,
        bound: Some(Bound::Jobs { limit: 64, work: ms(8_000) }),
    }
}

fn comparison(widths: Widths, rounds: usize) -> Comparison {
    let size = Size { urls: 100, hosts: 1, warm_ups: 1, pairs: rounds, widths: widths.widths.len() };
    Comparison { size, verdict: Verdict::Widths(Box::new(widths)) }
}

fn shown(widths: Widths, rounds: usize) -> String {
    let mut out = String::new();
    text(&mut out, &comparison(widths, rounds), &show(100));
    out
}

#[test]
fn each_width_has_its_line_and_the_right_one_is_named() {
    let expected = "\
100 URLs on 1 host, 2,500 requests: 1 warm-up + 6 rounds of 4 widths, cold connections, warm DNS
1,024,000 bytes in every run, the same in all

         median    range            a request  speed-up  range          possible
  -j 1   8.000 s   7.997 … 8.006        80 ms     1.000  1.000 … 1.000     1.000
  -j 4   2.010 s   2.007 … 2.016        80 ms      3.98  3.96 … 4.00        4.00
  -j 16  0.520 s   0.517 … 0.526        81 ms     15.38  15.36 … 15.40     16.00
  -j 64  0.515 s   0.512 … 0.521       320 ms     15.53  15.51 … 15.55     64.00

  -j 1   ██████████████████████████████████████████████████
  -j 4   █████████████
  -j 16  ███
  -j 64  ███

  The right -j is about 16: 64 gained nothing more (6 rounds).
  A single request took 4.10 times as long at -j 64 as at -j 1: the server or the line is the bottleneck.
";
    assert_eq!(shown(figures(), 6), expected);
}

#[test]
fn what_still_gains_is_said_with_what_bounds_it() {
    let mut still = figures();
    still.widths.truncate(3);
    still.bound = Some(Bound::Jobs { limit: 16, work: ms(8_000) });
    let text = shown(still, 1);
    let expected = "\n  It gained up to -j 16 (1 round, so no range).\n  \
                    -j 16 bounds it: 8.000 s of requests, 16 at once. A higher -j may help.\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn a_slow_url_is_named_also_where_a_width_was_enough() {
    let mut slow = figures();
    slow.jobs_enough = 1;
    slow.widths.iter_mut().for_each(|width| width.growth = spread(1.0, 0.0));
    slow.bound = Some(Bound::OneUrl { url: "http://a.example/\x1b".into(), time: ms(500) });
    let text = shown(slow, 6);
    let expected = "\n  The right -j is about 1: 4, 16 and 64 gained nothing more (6 rounds).\n  \
                    http://a.example/\\x1b alone takes 0.500 s.\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn the_json_has_a_list_of_widths() {
    let mut out = Vec::new();
    json(&mut out, &comparison(figures(), 6), asis);
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let comparison = &value["comparison"];
    let widths = comparison["widths"].as_array().unwrap();
    assert_eq!(widths.iter().map(|width| width["jobs"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 4, 16, 64]);
    let last = r#"{"jobs":64,"median":0.515000,"low":0.512000,"high":0.521000,"runs":[0.001000,0.001000],"request_median":0.320000,"shares":{"dns":0.000000,"connect":0.010000,"tls":null,"wait":0.900000,"receive":0.090000},"busy":0.500000,"speed_up":{"median":15.533981,"low":15.513981,"high":15.553981},"possible":64.000000,"request_growth":{"median":4.100000,"low":4.100000,"high":4.100000},"requests_grew":true}],"bound":{"by":"jobs","limit":64,"work":8.000000},"jobs_enough":16}}"#;
    assert!(String::from_utf8(out).unwrap().trim_end().ends_with(last));
    assert_eq!(
        (&comparison["rounds"], &comparison["requests"], comparison.get("pairs")),
        (&6.into(), &2_500.into(), None)
    );
}
