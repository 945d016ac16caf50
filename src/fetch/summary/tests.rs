//! The rules of the summary.

use super::*;
use crate::fetch::outcome::{Failure, Kind, Stage, Timings};

const LIMITS: Limits = Limits { jobs: 64, per_host: Some(10), rate: None };

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn ok(url: &str, time: Duration) -> Outcome {
    Outcome {
        source: "argument 1".into(),
        url: url.into(),
        host: Some("a.example".into()),
        status: Some(200),
        bytes: 10,
        wire_bytes: 5,
        redirects: 1,
        attempts: 1,
        reused: true,
        timings: Timings { wait: Some(time), ..Timings::default() },
        ..Outcome::begun(0, "GET".into())
    }
}

fn failed(kind: Kind, status: Option<u16>, host: Option<&str>) -> Outcome {
    let error = Failure { kind, stage: Stage::Wait, message: String::new(), limit: None, curl: 1 };
    Outcome { status, host: host.map(Into::into), error: Some(error), ..ok("http://b.example/", ms(50)) }
}

fn of(times_ms: &[u64]) -> Summary {
    let mut summary = Summary::new(LIMITS);
    for (index, &time) in times_ms.iter().enumerate() {
        summary.add(&ok(&format!("http://a.example/{index}"), ms(time)));
    }
    summary
}

#[test]
fn totals_are_the_sums_of_the_outcomes() {
    let mut summary = of(&[10, 20]);
    summary.add(&failed(Kind::Status, Some(404), Some("b.example")));
    let expected = Totals {
        urls: 3,
        ok: 2,
        failed: 1,
        started: 3,
        bytes: 30,
        wire_bytes: 15,
        attempts: 3,
        redirects: 3,
        reused: 3,
    };
    assert_eq!(summary.totals(), expected);
}

#[test]
fn the_median_of_an_even_count_lies_halfway_between_the_middle_two() {
    let near = |time: Option<Duration>, expected: u64| {
        let time = time.unwrap().as_secs_f64() * 1e3;
        assert!((time - expected as f64).abs() <= expected as f64 / 1e3, "{time} is not {expected}");
    };
    near(of(&[44, 301, 902, 5_000, 451, 301]).median(), 376);
    near(of(&[1, 2, 300]).median(), 2);
    let thousand = of(&(1..=1_000).collect::<Vec<_>>());
    near(thousand.percentile(0.99), 990);
    near(thousand.percentile(0.0), 1);
    near(thousand.percentile(1.0), 1_000);
}

#[test]
fn a_single_time_is_its_own_median_exactly() {
    let summary = of(&[1_234_567]);
    assert_eq!(summary.median(), Some(ms(1_234_567)));
    assert_eq!(summary.slowest().unwrap().url, "http://a.example/0");
}

#[test]
fn what_never_started_has_no_time() {
    let mut summary = Summary::new(LIMITS);
    summary.add(&Outcome { attempts: 0, ..failed(Kind::Skipped, None, Some("b.example")) });
    assert_eq!((summary.median(), summary.percentile(0.9), summary.slowest()), (None, None, None));
    assert_eq!(summary.totals().failed, 1);
}

#[test]
fn a_time_beyond_a_day_neither_panics_nor_grows_the_histogram() {
    let summary = of(&[u64::MAX / 1_000, 5]);
    assert!(summary.times_us.len() == 2 && summary.times_us.distinct_values() <= 32 * 1_024);
}

#[test]
fn failures_are_grouped_by_status_or_kind_and_host_the_largest_first() {
    let mut summary = Summary::new(LIMITS);
    for (kind, status, host) in [
        (Kind::Status, Some(404), Some("b.example")),
        (Kind::Timeout, Some(200), Some("a.example")),
        (Kind::Status, Some(500), Some("b.example")),
        (Kind::Status, Some(500), Some("b.example")),
        (Kind::Url, None, None),
    ] {
        summary.add(&failed(kind, status, host));
    }
    let one = |host: &str| GroupHost::One(host.into());
    let expected = [
        (Reason::Status(500), one("b.example"), 2),
        (Reason::Kind(Kind::Url), GroupHost::Unknown, 1),
        (Reason::Kind(Kind::Timeout), one("a.example"), 1),
        (Reason::Status(404), one("b.example"), 1),
    ];
    assert_eq!(summary.failures(10), expected.map(|(reason, host, count)| FailureGroup { reason, host, count }));
}

#[test]
fn hosts_beyond_the_bound_are_counted_as_other_hosts() {
    let mut summary = Summary::new(LIMITS);
    for host in 0..MAX_GROUPS + 500 {
        summary.add(&failed(Kind::Dns, None, Some(&format!("h{host}.example"))));
    }
    summary.add(&failed(Kind::Connect, None, Some(&"x".repeat(70_000))));
    let named = summary.failures(usize::MAX).into_iter().filter(|group| matches!(group.host, GroupHost::One(_)));
    assert_eq!(named.count(), MAX_GROUPS);
    let groups = summary.failures(2);
    assert_eq!(groups.len(), 4);
    assert_eq!(groups[2].host, GroupHost::Others);
    assert_eq!(groups[2].count, MAX_GROUPS as u64 + 498);
    assert_eq!((groups[3].reason, groups[3].count), (Reason::Kind(Kind::Connect), 1));
}

#[test]
fn a_url_that_fills_the_run_is_the_verdict_unless_all_take_as_long() {
    let mut summary = of(&[300, 300, 900, 450]);
    summary.elapsed = ms(905);
    assert!(matches!(summary.verdict(), Some(Bottleneck::OneUrl(slowest)) if slowest.url == "http://a.example/2"));
    let mut equal = of(&[900, 900, 900, 900]);
    equal.elapsed = ms(905);
    assert_eq!(equal.verdict(), None);
    summary.elapsed = ms(199);
    assert_eq!(summary.verdict(), None, "nobody waits for that");
}

#[test]
fn a_slow_failure_is_no_verdict_because_the_failures_name_it() {
    let mut summary = of(&[300, 300]);
    summary.add(&Outcome {
        timings: Timings { wait: Some(ms(5_000)), ..Timings::default() },
        ..failed(Kind::Timeout, None, Some("slow.example"))
    });
    summary.elapsed = ms(5_010);
    assert_eq!(summary.verdict(), None);
}

#[test]
fn the_longest_queue_is_the_verdict_with_the_most_that_could_be_saved() {
    let mut summary = of(&[100; 500]);
    summary.elapsed = ms(5_000);
    for _ in 0..490 {
        summary.add_queue(Cause::PerHost, ms(2_000));
        summary.add_queue(Cause::Jobs, ms(1));
        summary.add_queue(Cause::Rate, Duration::ZERO);
    }
    let Some(Bottleneck::Queue { cause: Cause::PerHost, waits, up_to }) = summary.verdict() else {
        panic!("{:?}", summary.verdict());
    };
    assert_eq!((waits.count, waits.mean()), (490, ms(2_000)));
    assert_eq!(summary.held().of(Cause::Rate), Waits::default());
    // 50 s of work, 64 at once, take 781 ms at least.
    assert_eq!(up_to.as_millis(), 5_000 - 782);
}

#[test]
fn a_queue_that_costs_nothing_is_no_verdict() {
    let mut summary = of(&[100; 10]);
    summary.elapsed = ms(101);
    summary.add_queue(Cause::Jobs, ms(90_000));
    assert_eq!(summary.verdict(), None, "the run was as short as its slowest URL");
    summary.elapsed = ms(5_000);
    summary.held = Held::default();
    summary.add_queue(Cause::Jobs, ms(10));
    assert_eq!(summary.verdict(), None, "one short wait in a second of work");
}

#[test]
fn a_rate_shows_as_it_was_typed() {
    let rate = |starts, seconds| Rate { starts, per: Duration::from_secs(seconds) }.to_string();
    assert_eq!([rate(10, 1), rate(5, 15), rate(3, 3_600)], ["10/s", "5/15s", "3/h"]);
    assert_eq!(Rate { starts: 10, per: Duration::from_secs(1) }.least_time(100), ms(9_900));
}
