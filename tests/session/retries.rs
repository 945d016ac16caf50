//! What is tried again, when, and what the record says of it.

use super::*;

fn retrying(retries: u32) -> Plan {
    let mut plan = plan();
    plan.retry.retries = retries;
    plan
}

/// Answers 503 so many times, then 200; `/ok` always 200.
fn recovers_after(failures: usize, fields: &'static [&'static str]) -> Server {
    let left = std::cell::Cell::new(failures);
    Server::start(move |asked, peer| match left.get() {
        0 => peer.ok("fine"),
        _ if asked.path == "/ok" => peer.ok("fine"),
        _ => {
            left.set(left.get() - 1);
            peer.answer("503 Busy", fields, "sorry");
        }
    })
}

#[test]
fn waits_double_from_a_second_and_the_record_is_the_last_attempts() {
    story(|| {
        let server = recovers_after(3, &[]);
        let outcome = fetch_one(retrying(5), &server.url("/"));
        assert_eq!(server.times(), [0, 1, 3, 7].map(s));
        assert_eq!((outcome.attempts, outcome.status, kind(&outcome)), (4, Some(200), None));
        assert_eq!((outcome.timings.retries, outcome.timings.queue), (s(7), s(0)));
        assert_eq!((outcome.timings.total(), outcome.bytes, outcome.reused), (s(7), 4, true));
    });
}

#[test]
fn when_all_attempts_fail_the_last_failure_stands() {
    story(|| {
        let server = recovers_after(9, &[]);
        let outcome = fetch_one(retrying(2), &server.url("/"));
        assert_eq!(server.times(), [0, 1, 3].map(s));
        assert_eq!(why(&outcome), Some((Kind::Status, Stage::Receive, None)));
        assert_eq!((outcome.attempts, outcome.status, outcome.bytes), (3, Some(503), 5));
        assert_eq!(outcome.error.unwrap().message, "Busy");
    });
}

#[test]
fn retry_delay_is_every_wait_and_retry_max_time_the_end_of_them() {
    story(|| {
        let server = recovers_after(9, &[]);
        let mut plan = retrying(9);
        plan.retry.delay = Some(s(3));
        plan.retry.max_time = Some(s(7));
        assert_eq!(fetch_one(plan, &server.url("/")).attempts, 3);
        assert_eq!(server.times(), [0, 3, 6].map(s));
    });
}

#[test]
fn each_attempt_has_its_own_max_time() {
    story(|| {
        let server = Server::start(|_, peer| peer.hang());
        let mut plan = retrying(1);
        plan.limits.max_time = Some(s(5));
        let outcome = fetch_one(plan, &server.url("/"));
        assert_eq!(why(&outcome), Some((Kind::Timeout, Stage::Wait, Some(Limit::MaxTime))));
        assert_eq!(server.times(), [0, 6].map(s));
        assert_eq!((outcome.timings.wait, outcome.timings.retries, outcome.attempts), (Some(s(5)), s(6), 2));
    });
}

#[test]
fn a_retry_after_holds_back_the_whole_origin_and_no_other() {
    story(|| {
        let server = recovers_after(1, &["Retry-After: 30"]);
        let other = Server::on("127.0.0.2", None, echo);
        let lines = [server.url("/"), server.url("/ok"), server.url("/ok"), other.url("/")];
        let outcomes = fetch(Plan { per_host: per_host(1), ..retrying(1) }, &lines);
        assert!(outcomes.iter().all(Outcome::ok));
        assert_eq!((server.times(), other.times()), ([0, 30, 30, 30].map(s).into(), vec![s(0)]));
        assert_eq!(outcomes[1].timings.queue, s(30));
    });
}

#[test]
fn whoever_waited_for_a_place_meanwhile_is_held_back_too() {
    story(|| {
        let server = recovers_after(1, &["Retry-After: 30"]);
        let lines = [server.url("/"), server.url("/ok")];
        let session = session(Plan { jobs: 1, ..retrying(1) });
        let outcomes: Vec<_> = session.run(list(&lines), no_names()).map(|fetched| fetched.unwrap().outcome).collect();
        assert!(outcomes.iter().all(Outcome::ok));
        assert_eq!(server.times(), [0, 30, 30].map(s));
        assert_eq!(session.take_waits(), [(gfetch::fetch::summary::Cause::Origin, s(30))]);
    });
}

#[test]
fn a_retry_after_may_be_a_date() {
    story(|| {
        let server = Server::start(|asked, peer| {
            // The date counts in real time, which stands still here.
            let date = httpdate::fmt_http_date(SystemTime::now() + s(40));
            match asked.path.as_str() {
                "/" if asked.at < s(20) => peer.answer("429 Slow", &[&format!("Retry-After: {date}")], ""),
                _ => peer.ok(""),
            }
        });
        assert_eq!(fetch_one(retrying(1), &server.url("/")).attempts, 2);
        let again = server.times()[1];
        assert!(again > s(38) && again <= s(40), "{again:?}");
    });
}

#[test]
fn it_is_the_origin_that_asked_which_is_held_back() {
    story(|| {
        let busy = recovers_after(1, &["Retry-After: 30"]);
        let to = busy.url("/");
        let front = Server::on("127.0.0.2", None, move |asked, peer| match asked.path.as_str() {
            "/ok" => peer.ok(""),
            "/late" => {
                green::sleep(s(10)).unwrap();
                peer.redirect("302 Found", &format!("{to}ok"));
            }
            _ => peer.redirect("302 Found", &to),
        });
        let lines = ["/", "/late", "/ok", "/ok"].map(|path| front.url(path));
        let outcomes = fetch(Plan { per_host: per_host(2), ..retrying(1) }, &lines);
        assert!(outcomes.iter().all(Outcome::ok));
        assert_eq!(front.times(), [0, 0, 0, 0, 30].map(s), "the one that only led there runs on");
        assert_eq!(busy.times(), [0, 30, 30].map(s));
    });
}

#[test]
fn a_longer_retry_after_is_a_failure_at_once_and_says_so() {
    story(|| {
        let server = recovers_after(1, &["Retry-After: 61"]);
        let began = green::now();
        let outcome = fetch_one(retrying(3), &server.url("/"));
        assert_eq!((green::now() - began, outcome.attempts), (s(0), 1));
        assert_eq!(outcome.error.unwrap().message, "Busy (it asks to wait 61 s: --retry-after-max)");
    });
}

#[test]
fn a_post_is_not_repeated_once_it_was_sent() {
    story(|| {
        let server = recovers_after(1, &[]);
        let mut plan = retrying(3);
        plan.request.body = Some(b"a=1".to_vec());
        assert_eq!(fetch_one(plan.clone(), &server.url("/")).attempts, 1);
        let server = recovers_after(1, &[]);
        plan.retry.all_errors = true;
        assert_eq!(fetch_one(plan, &server.url("/")).attempts, 2);
        assert_eq!(server.asked()[1].body, "a=1");
    });
}

#[test]
fn a_post_that_was_answered_by_a_redirect_counts_as_sent() {
    story(|| {
        let to = refused_url();
        let server = Server::start(move |_, peer| peer.redirect("307 Temporary Redirect", &to));
        let mut plan = retrying(3);
        plan.retry.connrefused = true;
        plan.request.body = Some(b"a=1".to_vec());
        plan.request.follow = gfetch::fetch::plan::Follow::All;
        let outcome = fetch_one(plan, &server.url("/"));
        assert_eq!((kind(&outcome), outcome.attempts, server.paths().len()), (Some(Kind::Connect), 1, 1));
    });
}

#[test]
fn a_refused_connection_is_tried_again_only_where_that_was_asked_for() {
    story(|| {
        let url = refused_url();
        assert_eq!(fetch_one(retrying(2), &url).attempts, 1);
        let mut plan = retrying(2);
        plan.retry.connrefused = true;
        plan.request.method = Some("POST".to_owned());
        let outcome = fetch_one(plan, &url);
        assert_eq!((outcome.attempts, outcome.timings.retries), (3, s(3)), "nothing was sent, so a POST may go again");
        assert_eq!(why(&outcome), Some((Kind::Connect, Stage::Connect, None)));
    });
}

#[test]
fn a_transient_status_is_tried_again_also_where_it_is_no_failure() {
    story(|| {
        let server = recovers_after(9, &[]);
        let plan = Plan { fail_on_status: false, ..retrying(1) };
        let outcome = fetch_one(plan, &server.url("/"));
        assert_eq!((outcome.status, outcome.attempts, kind(&outcome)), (Some(503), 2, None));
    });
}

#[test]
fn a_held_retry_keeps_no_place_from_others() {
    story(|| {
        let server = recovers_after(1, &[]);
        let began = green::now();
        let lines = [server.url("/"), server.url("/ok")];
        assert!(fetch(Plan { jobs: 1, ..retrying(1) }, &lines).iter().all(Outcome::ok));
        assert_eq!((server.paths()[1].as_str(), green::now() - began), ("/ok", s(1)));
    });
}

#[test]
fn an_origin_waits_also_when_the_line_that_was_told_so_is_done() {
    story(|| {
        let server = recovers_after(1, &["Retry-After: 30"]);
        let mut post = retrying(1);
        post.request.method = Some("POST".to_owned());
        let lines = [server.url("/"), server.url("/ok"), server.url("/ok")];
        let outcomes = fetch(Plan { serial: true, ..post }, &lines);
        assert_eq!(outcomes[0].attempts, 1, "a POST is not repeated");
        assert_eq!(server.times(), [0, 30, 30].map(s));
    });
}

#[test]
fn a_redirect_within_an_origin_that_is_held_back_waits_too() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/busy" if asked.at < s(20) => peer.answer("429 Slow", &["Retry-After: 30"], ""),
            "/late" => {
                green::sleep(s(10)).unwrap();
                peer.redirect("302 Found", "/ok");
            }
            _ => peer.ok(""),
        });
        let outcomes = fetch(retrying(1), &[server.url("/busy"), server.url("/late")]);
        assert!(outcomes.iter().all(Outcome::ok));
        assert_eq!(server.times(), [0, 0, 30, 30].map(s));
    });
}

#[test]
fn a_date_is_read_by_the_servers_own_clock() {
    story(|| {
        let server = Server::start(|asked, peer| {
            let date = |ahead| httpdate::fmt_http_date(SystemTime::now() + s(3600) + s(ahead));
            let fields = [format!("Date: {}", date(0)), format!("Retry-After: {}", date(40))];
            match asked.at < s(20) {
                true => peer.answer("503 Busy", &[&fields[0], &fields[1]], ""),
                false => peer.ok(""),
            }
        });
        assert_eq!(fetch_one(retrying(1), &server.url("/")).attempts, 2, "its clock is an hour fast");
        let again = server.times()[1];
        assert!(again >= s(39) && again <= s(41), "{again:?}: dates have seconds");
    });
}

#[test]
fn no_retry_begins_after_retry_max_time_whatever_holds_it_up() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/slow" => {
                green::sleep(s(20)).unwrap();
                peer.ok("");
            }
            _ => peer.answer("503 Busy", &[], ""),
        });
        let mut plan = Plan { per_host: per_host(1), ..retrying(3) };
        plan.retry.max_time = Some(s(10));
        let outcomes = fetch(plan, &[server.url("/"), server.url("/slow")]);
        assert_eq!((outcomes[0].attempts, outcomes[0].status), (1, Some(503)), "its place was taken until second 20");
        assert_eq!(server.paths(), ["/", "/slow"]);
    });
}

#[test]
fn a_retry_that_could_only_begin_after_the_deadline_is_not_waited_for() {
    story(|| {
        let server = recovers_after(9, &[]);
        let began = green::now();
        let outcome = fetch_one(Plan { deadline: Some(s(6)), ..retrying(9) }, &server.url("/"));
        assert_eq!(server.times(), [0, 1, 3].map(s));
        assert_eq!((why(&outcome), green::now() - began), (Some((Kind::Status, Stage::Receive, None)), s(3)));
    });
}

/// A list of this many lines against a server that answers every request with `status`; how many requests it got.
fn requests_to_a_server_that_is_down(lines: usize, plan: Plan) -> usize {
    let server = Server::start(|_, peer| peer.answer("500 Down", &[], ""));
    let urls: Vec<String> = (0..lines).map(|n| server.url(&format!("/{n}"))).collect();
    let outcomes = fetch(Plan { jobs: lines, ..plan }, &urls);
    assert!(outcomes.iter().all(|outcome| outcome.status == Some(500)));
    let refused = outcomes.iter().filter(|outcome| {
        let message = &outcome.error.as_ref().unwrap().message;
        message.ends_with("(not tried again: its origin's lines have used up their retries)")
    });
    let (refused, requests) = (refused.count(), server.paths().len());
    assert_eq!(refused > 0, requests < lines * 6, "who was refused a retry says so");
    requests
}

#[test]
fn a_server_that_is_down_does_not_get_a_multiple_of_the_load() {
    use gfetch::fetch::retry::{FREE_LINES, RESERVE};
    story(|| {
        let few = FREE_LINES as usize;
        assert_eq!(requests_to_a_server_that_is_down(few, retrying(5)), few * 6, "few lines are tried as curl tries");
    });
    story(|| {
        let requests = requests_to_a_server_that_is_down(1000, retrying(5));
        // Back-offs of 1 + 2 + 4 + 8 + 16 seconds, ten retries each, on top of the reserve.
        let most = 1000 + RESERVE as usize + 10 * 31 + 10;
        assert!((1000 + RESERVE as usize..=most).contains(&requests), "{requests} requests for 1000 lines");
    });
}

#[test]
fn a_server_that_answers_half_of_the_time_answers_every_line_in_the_end() {
    story(|| {
        let turn = std::cell::Cell::new(0);
        let server = Server::start(move |_, peer| match turn.replace(turn.get() + 1) % 2 {
            0 => peer.answer("503 Busy", &[], ""),
            _ => peer.ok(""),
        });
        let urls: Vec<String> = (0..2000).map(|n| server.url(&format!("/{n}"))).collect();
        let outcomes = fetch(Plan { jobs: 20, ..retrying(20) }, &urls);
        assert_eq!(outcomes.iter().filter(|outcome| !outcome.ok()).count(), 0);
    });
}
