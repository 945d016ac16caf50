//! The rules of the comparison.

use std::num::NonZeroUsize;

use super::*;
use crate::fetch::outcome::{Failure, Kind, Outcome, Stage, Timings};
use crate::fetch::plan::{HostPlan, Hosts};
use crate::fetch::summary::Rate;

const LIMITS: Limits = Limits { jobs: 64, per_host: Some(10), rate: None };

const PAIR: [Mode; 2] = [Mode::Serial, Mode::Parallel];

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn url_at(index: usize) -> String {
    format!("http://h{index}.example/")
}

/// A success at `url_at(index)`, nearly all of it waiting.
fn outcome(index: usize, time: Duration) -> Outcome {
    let wait = Some(time.mul_f64(0.97));
    Outcome {
        source: "urls.txt:1".into(),
        url: url_at(index),
        host: Some(format!("h{index}.example").into()),
        final_url: Some(url_at(index)),
        status: Some(200),
        bytes: 100,
        wire_bytes: 100,
        attempts: 1,
        timings: Timings {
            wait,
            connect: Some(time.mul_f64(0.01)),
            receive: Some(time.mul_f64(0.02)),
            ..Timings::default()
        },
        sha256: Some([7; 32]),
        ..Outcome::begun(index as u64, "GET".into())
    }
}

/// A warm-up and so many pairs of a list with these times; `change` may alter an outcome of the run with that number.
fn runs_of(times_ms: &[u64], pairs: usize, mut change: impl FnMut(usize, &mut Outcome)) -> Runs {
    let mut runs = Runs::new(times_ms.len());
    let mut number = 0;
    let mut run = |runs: &mut Runs, mode, warm_up| {
        runs.begin(mode, warm_up);
        for (index, &time) in times_ms.iter().enumerate() {
            let mut outcome = outcome(index, ms(time));
            change(number, &mut outcome);
            runs.add(&outcome);
        }
        let all: u64 = times_ms.iter().sum();
        let longest = times_ms.iter().max().copied().unwrap_or(0);
        runs.end(ms(if mode == Mode::Serial { all + number as u64 } else { longest + number as u64 }), Duration::ZERO);
        number += 1;
    };
    run(&mut runs, Mode::Parallel, true);
    for pair in 0..pairs {
        order(&PAIR, pair).into_iter().for_each(|mode| run(&mut runs, mode, false));
    }
    runs
}

fn measured(runs: &Runs, limits: &Limits) -> Measured {
    match runs.comparison(limits, url_at).verdict {
        Verdict::Measured(measured) => *measured,
        other => panic!("{other:?}"),
    }
}

/// Their times are of a connection that was warmer, a name that was known: not of running side by side.
#[test]
fn a_single_url_gains_nothing_and_a_single_pair_no_more_than_is_possible() {
    let pair = |urls: usize, parallel| {
        let mut runs = Runs::new(urls);
        for (mode, took) in [(Mode::Serial, 496), (Mode::Parallel, parallel)] {
            runs.begin(mode, false);
            (0..urls).for_each(|index| runs.add(&outcome(index, ms(100))));
            runs.end(ms(took), Duration::ZERO);
        }
        measured(&runs, &LIMITS).shows_a_difference()
    };
    assert!(!pair(1, 100) && !pair(1, 4_960), "one URL, faster or slower");
    assert!(!pair(4, 90), "5.51 times faster, of 4.96 possible");
    assert!(pair(4, 99), "5.01 times faster, of 4.96 possible: as good as all of it, and clocks round");
    assert!(pair(4, 110));
    assert!(!measured(&runs_of(&[100], 6, |_, _| {}), &LIMITS).shows_a_difference());
}

#[test]
fn a_thread_that_had_nothing_to_wait_for_was_the_bottleneck_itself() {
    let mut runs = Runs::new(1);
    for (mode, used) in [(Mode::Serial, 30), (Mode::Parallel, 90)] {
        runs.begin(mode, false);
        runs.add(&outcome(0, ms(100)));
        runs.end(ms(100), ms(used));
    }
    let measured = measured(&runs, &LIMITS);
    assert_eq!((measured.serial.busy, measured.parallel.busy), (0.3, 0.9));
    assert!(!measured.serial.was_busy() && measured.parallel.was_busy());
}

#[test]
fn the_order_alternates_from_pair_to_pair() {
    assert_eq!(order(&PAIR, 0), [Mode::Serial, Mode::Parallel]);
    assert_eq!(order(&PAIR, 1), [Mode::Parallel, Mode::Serial]);
    assert_eq!(order(&PAIR, 2), order(&PAIR, 0));
    let widths = [1, 4, 16].map(Mode::Jobs);
    let firsts: Vec<Mode> = (0..6).map(|round| order(&widths, round)[0]).collect();
    assert_eq!(firsts, [1, 4, 16, 1, 4, 16].map(Mode::Jobs));
}

#[test]
fn as_many_pairs_are_made_as_fit_into_twenty_seconds() {
    assert_eq!(
        [0, 2_862, 3_333, 3_334, 7_000, 15_000, 90_000].map(|pair| pairs_that_fit(ms(pair))),
        [6, 6, 6, 5, 2, 1, 1]
    );
}

#[test]
fn a_pair_is_estimated_from_the_warm_up_and_then_measured() {
    assert_eq!(Runs::new(3).round_time(), Duration::ZERO);
    let warm = runs_of(&[300, 300, 900, 450], 0, |_, _| {});
    assert_eq!(warm.round_time(), ms(900 + 1_950));
    let measured = runs_of(&[300, 300, 900, 450], 1, |_, _| {});
    assert_eq!(measured.round_time(), ms(900 + 1_950 + 1 + 2));
}

#[test]
fn the_speed_up_is_the_median_of_the_paired_ratios_with_their_range() {
    let measured = measured(&runs_of(&[300, 300, 900, 450], 3, |_, _| {}), &LIMITS);
    // Run by run: 1951/902, 1954/903, 1955/906.
    let expected = [1_955.0 / 906.0, 1_951.0 / 902.0, 1_954.0 / 903.0];
    let Spread { low, median, high } = measured.speed_up;
    for (value, expected) in [low, median, high].into_iter().zip(expected) {
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    }
    assert_eq!(measured.serial.runs, [ms(1_951), ms(1_954), ms(1_955)]);
    assert_eq!(measured.serial.elapsed, Spread { median: ms(1_954), low: ms(1_951), high: ms(1_955) });
    assert_eq!(measured.parallel.request, ms(375), "the median lies halfway between 300 and 450");
    assert!((measured.serial.shares.wait - 0.97).abs() < 1e-6 && measured.serial.shares.tls.is_none());
    assert!(measured.shows_a_difference());
}

#[test]
fn the_most_that_was_possible_is_bound_by_the_slowest_url() {
    let measured = measured(&runs_of(&[300, 300, 900, 450], 6, |_, _| {}), &LIMITS);
    assert_eq!(measured.bound, Bound::OneUrl { url: url_at(2), time: ms(900) });
    assert!((measured.possible - measured.serial.elapsed.median.as_secs_f64() / 0.9).abs() < 1e-9);
    assert_eq!(measured.jobs_enough, Some(4), "there are four URLs");
}

#[test]
fn a_slow_url_at_the_end_does_not_prove_that_more_jobs_cannot_help() {
    let mut times = vec![100; 10];
    times.push(1_000);
    let few = Limits { jobs: 2, ..LIMITS };
    let at_bound = measured(&runs_of(&times, 2, |_, _| {}), &few);
    assert_eq!(at_bound.jobs_enough, Some(2));
    let mut late = runs_of(&times, 0, |_, _| {});
    for (mode, elapsed) in [(Mode::Serial, 2_000), (Mode::Parallel, 1_500)] {
        late.begin(mode, false);
        times.iter().enumerate().for_each(|(index, &time)| late.add(&outcome(index, ms(time))));
        late.end(ms(elapsed), Duration::ZERO);
    }
    assert_eq!(measured(&late, &few).jobs_enough, None);
}

#[test]
fn jobs_bound_a_long_list_of_equal_urls() {
    let measured = measured(&runs_of(&[100; 40], 1, |_, _| {}), &Limits { jobs: 4, ..LIMITS });
    assert_eq!(measured.bound, Bound::Jobs { limit: 4, work: ms(4_000) });
    assert_eq!(measured.jobs_enough, None);
}

#[test]
fn the_per_host_limit_bounds_the_busiest_origin() {
    let at_one_host = |_, outcome: &mut Outcome| {
        if outcome.index < 30 {
            outcome.final_url = Some(format!("https://user:secret@busy.example:8443/{}?q", outcome.index));
        }
    };
    let measured = measured(&runs_of(&[100; 40], 1, at_one_host), &LIMITS);
    let origin = "https://busy.example:8443".to_owned();
    assert_eq!(measured.bound, Bound::PerHost { origin, host: None, limit: 10, work: ms(3_000) });
}

/// Also where another host has more to do: the longest counts, each by its own limit.
#[test]
fn a_hosts_own_limit_or_rate_bounds_its_origin() {
    let at_two_hosts = |_, outcome: &mut Outcome| {
        let host = if outcome.index < 10 { "small" } else { "busy" };
        outcome.final_url = Some(format!("http://{host}.example/{}", outcome.index));
    };
    let bound = |pattern: &str, own: HostPlan| {
        let mut hosts = Hosts::default();
        hosts.add(pattern, own).unwrap();
        let measured = measured(&runs_of(&[100; 40], 1, at_two_hosts).under(hosts), &LIMITS);
        (measured.bound, (measured.possible * 100.0).round())
    };
    let one = HostPlan { per_host: Some(NonZeroUsize::new(1)), ..HostPlan::default() };
    let origin = "http://small.example".to_owned();
    let host = Some("small.example:80".to_owned());
    let of_small = (Bound::PerHost { origin, host, limit: 1, work: ms(1_000) }, 400.0);
    assert_eq!(bound("small.example:80", one), of_small);
    let rate = Rate { starts: 1, per: ms(100) };
    let host = Some("*.example".to_owned());
    let starts = (Bound::Rate { host, rate, starts: 30, time: ms(2_900) }, 138.0);
    assert_eq!(bound("*.example", HostPlan { rate: Some(rate), ..HostPlan::default() }), starts);
    let unlimited = HostPlan { per_host: Some(None), ..HostPlan::default() };
    let small_alone = Bound::PerHost { origin: "http://small.example".into(), host: None, limit: 10, work: ms(1_000) };
    let (floor, _) = bound("busy.example", unlimited.clone());
    assert!(floor != small_alone && !matches!(floor, Bound::PerHost { .. }), "{floor:?}");
}

#[test]
fn time_spent_across_origins_counts_for_none_of_them() {
    let redirected = |_, outcome: &mut Outcome| {
        outcome.redirects = 1;
        outcome.final_url = Some("https://busy.example/".into());
    };
    let bound = measured(&runs_of(&[100; 40], 1, redirected), &LIMITS).bound;
    assert_eq!(bound, Bound::OneUrl { url: url_at(0), time: ms(100) });
}

#[test]
fn the_rate_bounds_when_its_starts_take_longest() {
    let rate = Rate { starts: 10, per: Duration::from_secs(1) };
    let measured = measured(&runs_of(&[100; 40], 1, |_, _| {}), &Limits { rate: Some(rate), ..LIMITS });
    assert_eq!(measured.bound, Bound::Rate { host: None, rate, starts: 40, time: ms(3_900) });
}

#[test]
fn a_failure_in_any_run_makes_the_runs_not_comparable() {
    let failing = |run, outcome: &mut Outcome| {
        if outcome.index == 1 && (run == 2 || run == 4) {
            let error =
                Failure { kind: Kind::Reset, stage: Stage::Wait, message: "reset".into(), limit: None, curl: 56 };
            (outcome.error, outcome.status) = (Some(error), None);
        }
    };
    let runs = runs_of(&[10, 10], 2, failing);
    assert!(runs.spoilt());
    let why = Why::Failed { kind: Kind::Reset, status: None };
    let trouble = Trouble { url: url_at(1), why, runs: 2, of: 5 };
    let expected = Verdict::NotComparable(Listed { first: vec![trouble], total: 1 });
    assert_eq!(runs.comparison(&LIMITS, url_at).verdict, expected);
}

#[test]
fn another_status_in_any_run_makes_the_runs_not_comparable() {
    let changing = |run, outcome: &mut Outcome| outcome.status = Some(if run == 3 { 204 } else { 200 });
    let runs = runs_of(&[10; 20], 2, changing);
    let Verdict::NotComparable(troubles) = runs.comparison(&LIMITS, url_at).verdict else { panic!() };
    assert_eq!((troubles.first.len(), troubles.total), (MAX_LISTED, 20));
    assert_eq!(troubles.first[0].why, Why::Status { first: Some(200), then: Some(204) });
}

#[test]
fn an_outcome_that_never_came_is_a_failure() {
    let mut runs = runs_of(&[10, 10], 1, |_, _| {});
    assert!(!runs.spoilt());
    runs.begin(Mode::Serial, false);
    runs.add(&outcome(0, ms(10)));
    runs.add(&outcome(7, ms(10)));
    assert!(!runs.spoilt(), "a run that has not ended says nothing");
    runs.end(ms(20), Duration::ZERO);
    assert!(runs.spoilt());
}

#[test]
fn without_a_pair_there_is_nothing_to_compare() {
    let comparison = runs_of(&[10, 10], 0, |_, _| {}).comparison(&LIMITS, url_at);
    assert_eq!(comparison.verdict, Verdict::NotComparable(Listed { first: vec![], total: 0 }));
    assert_eq!(comparison.size, Size { urls: 2, hosts: 2, warm_ups: 1, pairs: 0, widths: 0 });
}

#[test]
fn bodies_that_differ_are_listed_and_compared_all_the_same() {
    let differing = |run, outcome: &mut Outcome| match (run, outcome.index) {
        (2, 0) => outcome.bytes = 101,
        (1, 2) => outcome.sha256 = Some([8; 32]),
        _ => {}
    };
    let measured = measured(&runs_of(&[10, 20, 30], 1, differing), &LIMITS);
    let difference = |index, shortest, longest| Difference { url: url_at(index), shortest, longest };
    assert_eq!(measured.differing.first, [difference(0, 100, 101), difference(2, 100, 100)]);
    assert_eq!(measured.bytes, 300);
}

#[test]
fn ratios_on_both_sides_of_one_show_no_difference() {
    let mut runs = Runs::new(1);
    for (mode, elapsed) in [(Mode::Serial, 100), (Mode::Parallel, 99), (Mode::Parallel, 101), (Mode::Serial, 100)] {
        runs.begin(mode, false);
        runs.add(&outcome(0, ms(90)));
        runs.end(ms(elapsed), Duration::ZERO);
    }
    assert!(!measured(&runs, &LIMITS).shows_a_difference());
}

#[test]
fn a_url_of_a_run_is_kept_in_at_most_64_bytes() {
    assert!(size_of::<runs::Sample>() <= 64, "{}", size_of::<runs::Sample>());
}

#[test]
fn a_comparison_counts_its_requests() {
    let size = Size { urls: 4, hosts: 4, warm_ups: 1, pairs: 6, widths: 0 };
    assert_eq!((size.requests(), Size { widths: 4, ..size }.requests()), (52, 100));
    assert_eq!(runs_of(&[1; 3], 2, |_, _| {}).comparison(&LIMITS, url_at).size.requests(), 15);
}
