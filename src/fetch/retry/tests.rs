//! The rules of `--retry`, one test each.

use super::*;
use crate::fetch::outcome::Stage;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn failure(kind: Kind) -> Failure {
    Failure { kind, stage: Stage::Wait, message: String::new(), limit: None, curl: 0 }
}

fn again(after: u64) -> Decision {
    Decision::Again(seconds(after))
}

/// A GET that was sent and failed for the first time.
fn attempt(failure: &Failure) -> Attempt<'_> {
    Attempt {
        method: "GET",
        failure: Some(failure),
        status: None,
        retry_after: None,
        attempts_made: 1,
        since_first: seconds(1),
        time_left: None,
        refused: false,
        request_sent: true,
        body_shown: false,
    }
}

fn status(failure: &Failure, status: u16) -> Attempt<'_> {
    Attempt { status: Some(status), ..attempt(failure) }
}

fn policy(retries: u32) -> RetryPolicy {
    RetryPolicy { retries, ..RetryPolicy::default() }
}

#[test]
fn nothing_is_retried_unless_asked_for() {
    assert_eq!(RetryPolicy::default().decide(&attempt(&failure(Kind::Timeout))), Decision::Stop);
}

#[test]
fn curls_transient_failures_are_retried_and_no_others() {
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Status) {
        let transient = matches!(kind, Kind::Timeout | Kind::Dns);
        let expected = if transient { again(1) } else { Decision::Stop };
        assert_eq!(policy(3).decide(&attempt(&failure(*kind))), expected, "{kind}");
    }
}

#[test]
fn curls_transient_statuses_are_retried_and_no_others() {
    let failed = failure(Kind::Status);
    for code in 100..600 {
        let transient = [408, 429, 500, 502, 503, 504, 522, 524].contains(&code);
        let expected = if transient { again(1) } else { Decision::Stop };
        assert_eq!(policy(3).decide(&status(&failed, code)), expected, "{code}");
        let passed = Attempt { failure: None, ..status(&failed, code) };
        assert_eq!(policy(3).decide(&passed), expected, "{code} with --no-fail");
    }
}

#[test]
fn a_body_that_broke_off_is_not_a_transient_status() {
    assert_eq!(policy(3).decide(&status(&failure(Kind::Truncated), 503)), Decision::Stop);
}

#[test]
fn a_failed_connect_is_retried_only_with_connrefused() {
    let policy = RetryPolicy { connrefused: true, ..policy(3) };
    let failed = failure(Kind::Connect);
    assert_eq!(policy.decide(&Attempt { refused: true, ..attempt(&failed) }), again(1));
    assert_eq!(policy.decide(&attempt(&failed)), Decision::Stop, "an unreachable host refuses nothing");
}

#[test]
fn all_errors_retries_whatever_was_tried() {
    let policy = RetryPolicy { all_errors: true, ..policy(3) };
    for kind in Kind::ALL {
        let never = matches!(kind, Kind::Url | Kind::Blocked | Kind::Skipped | Kind::Cancelled | Kind::Internal);
        let expected = if never { Decision::Stop } else { again(1) };
        assert_eq!(policy.decide(&attempt(&failure(*kind))), expected, "{kind}");
    }
    assert_eq!(policy.decide(&status(&failure(Kind::Status), 404)), again(1));
    let failed = failure(Kind::Status);
    let success = Attempt { failure: None, ..status(&failed, 200) };
    assert_eq!(policy.decide(&success), Decision::Stop);
}

#[test]
fn the_end_of_the_run_is_not_retried() {
    let policy = RetryPolicy { all_errors: true, ..policy(3) };
    for limit in Limit::ALL {
        let failed = Failure { limit: Some(*limit), ..failure(Kind::Timeout) };
        let over = matches!(limit, Limit::Deadline | Limit::Grace);
        assert_eq!(policy.decide(&attempt(&failed)), if over { Decision::Stop } else { again(1) }, "{limit}");
    }
}

#[test]
fn waits_double_from_a_second_to_ten_minutes() {
    let failed = failure(Kind::Timeout);
    let waits = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600];
    for (made, wait) in (1..).zip(waits) {
        let attempt = Attempt { attempts_made: made, ..attempt(&failed) };
        assert_eq!(policy(u32::MAX).decide(&attempt), again(wait), "after attempt {made}");
    }
    let last = Attempt { attempts_made: u32::MAX, ..attempt(&failed) };
    assert_eq!(policy(u32::MAX).decide(&last), again(600));
}

#[test]
fn a_delay_replaces_the_back_off_and_zero_does_not() {
    let failed = failure(Kind::Timeout);
    let fifth = Attempt { attempts_made: 5, ..attempt(&failed) };
    assert_eq!(RetryPolicy { delay: Some(seconds(7)), ..policy(9) }.decide(&fifth), again(7));
    assert_eq!(RetryPolicy { delay: Some(seconds(0)), ..policy(9) }.decide(&fifth), again(16));
}

#[test]
fn retries_are_counted_without_the_first_attempt() {
    let failed = failure(Kind::Timeout);
    assert_ne!(policy(2).decide(&Attempt { attempts_made: 2, ..attempt(&failed) }), Decision::Stop);
    assert_eq!(policy(2).decide(&Attempt { attempts_made: 3, ..attempt(&failed) }), Decision::Stop);
}

#[test]
fn no_attempt_begins_after_max_time() {
    let failed = failure(Kind::Timeout);
    let policy = |most| RetryPolicy { max_time: Some(seconds(most)), ..policy(9) };
    let third = Attempt { attempts_made: 3, since_first: seconds(6), ..attempt(&failed) };
    assert_eq!(policy(10).decide(&third), again(4));
    assert_eq!(policy(9).decide(&third), Decision::Stop);
    assert_eq!(policy(0).decide(&third), again(4), "0 is no limit");
    assert_eq!(policy(9).decide(&Attempt { since_first: Duration::MAX, ..third }), Decision::Stop);
}

#[test]
fn no_attempt_begins_after_the_deadline() {
    let failed = failure(Kind::Timeout);
    let left = |left| policy(9).decide(&Attempt { time_left: Some(left), attempts_made: 3, ..attempt(&failed) });
    assert_eq!(left(seconds(4)), Decision::Stop, "the run is over then");
    assert_eq!(left(seconds(4) + Duration::from_millis(1)), again(4));
    assert_eq!(left(seconds(0)), Decision::Stop);
}

#[test]
fn retry_after_holds_the_origin_for_as_long_as_it_says() {
    let failed = failure(Kind::Status);
    let asked = Attempt { retry_after: Some(seconds(5)), ..status(&failed, 503) };
    let of = |attempt: &Attempt<'_>| (policy(9).decide(attempt), policy(9).hold(attempt));
    assert_eq!(of(&asked), (again(5), Some(seconds(5))));
    assert_eq!(of(&Attempt { attempts_made: 4, ..asked }), (again(8), Some(seconds(5))), "the back-off is longer");
    assert_eq!(of(&Attempt { retry_after: Some(seconds(0)), ..asked }), (again(1), None));
    assert_eq!(of(&Attempt { retry_after: None, ..asked }), (again(1), None), "one busy page holds nobody else");
}

#[test]
fn an_origin_is_held_also_by_who_is_not_tried_again() {
    let failed = failure(Kind::Status);
    let asked = Attempt { retry_after: Some(seconds(5)), ..status(&failed, 503) };
    let of = |attempt: &Attempt<'_>| (policy(3).decide(attempt), policy(3).hold(attempt));
    let held = (Decision::Stop, Some(seconds(5)));
    assert_eq!(of(&Attempt { attempts_made: 4, ..asked }), held, "its retries are over");
    assert_eq!(of(&Attempt { method: "POST", ..asked }), held);
    assert_eq!(of(&Attempt { body_shown: true, ..asked }), held);
    assert_eq!(of(&Attempt { time_left: Some(seconds(2)), ..asked }), held);
    assert_eq!(policy(0).hold(&asked), None, "without --retry nobody waits");
    assert_eq!(of(&Attempt { status: Some(404), ..asked }), (Decision::Stop, None));
}

#[test]
fn a_retry_after_over_the_most_is_a_failure_at_once() {
    let failed = failure(Kind::Status);
    let asked = |wait| Attempt { retry_after: Some(seconds(wait)), ..status(&failed, 429) };
    assert_eq!((policy(3).decide(&asked(60)), policy(3).hold(&asked(60))), (again(60), Some(seconds(60))));
    assert_eq!(policy(3).decide(&asked(61)), Decision::StopRetryAfterTooLong(seconds(61)));
    assert_eq!(policy(3).hold(&asked(61)), None);
    assert_eq!(policy(0).decide(&asked(61)), Decision::Stop, "nobody would have waited");
    let patient = RetryPolicy { retry_after_max: seconds(100), ..policy(3) };
    assert_eq!(patient.decide(&asked(61)), again(61));
}

#[test]
fn retry_after_counts_only_where_the_status_is_the_reason() {
    let failed = failure(Kind::Timeout);
    let attempt = Attempt { retry_after: Some(seconds(500)), ..status(&failed, 503) };
    assert_eq!(policy(3).decide(&attempt), again(1));
}

#[test]
fn a_post_is_repeated_only_if_nothing_went_out() {
    for method in ["POST", "PATCH", "post", "PURGE"] {
        let failed = failure(Kind::Dns);
        let unsent = Attempt { method, request_sent: false, ..attempt(&failed) };
        assert_eq!(policy(3).decide(&unsent), again(1), "{method}");
        let sent = Attempt { request_sent: true, ..unsent };
        assert_eq!(policy(3).decide(&sent), Decision::Stop, "{method}");
        assert_eq!(RetryPolicy { all_errors: true, ..policy(3) }.decide(&sent), again(1), "{method}");
    }
    let failed = failure(Kind::Status);
    assert_eq!(policy(3).decide(&Attempt { method: "PUT", ..status(&failed, 503) }), again(1));
    assert_eq!(policy(3).decide(&Attempt { method: "POST", ..status(&failed, 503) }), Decision::Stop);
}

#[test]
fn what_was_printed_is_never_printed_again() {
    let policy = RetryPolicy { all_errors: true, ..policy(3) };
    let failed = failure(Kind::Truncated);
    assert_eq!(policy.decide(&Attempt { body_shown: true, ..attempt(&failed) }), Decision::Stop);
}
