//! What one request may take: time, pace, bytes; and what the record says when it took too much.

use gfetch::fetch::plan::{Bodies, Stall};

use super::*;

/// A body of so many pieces, one every `pause`; then the rest never comes.
fn drips(pieces: usize, piece: usize, pause: Duration, announced: usize) -> Server {
    Server::start(move |_, peer| {
        peer.raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\n\r\n"));
        for _ in 0..pieces {
            green::sleep(pause).unwrap();
            peer.raw("x".repeat(piece));
        }
        if pieces * piece < announced {
            peer.hang();
        }
    })
}

fn without_max_time() -> Plan {
    let mut plan = plan();
    plan.limits.max_time = None;
    plan
}

#[test]
fn max_time_holds_for_a_request_with_its_redirects_and_names_the_phase() {
    story(|| {
        let server = Server::start(|asked, peer| {
            green::sleep(s(4)).unwrap();
            match asked.path.as_str() {
                "/3" => peer.ok(""),
                path => peer.redirect("302 Found", &format!("/{}", path[1..].parse::<u32>().unwrap() + 1)),
            }
        });
        let mut plan = plan();
        plan.limits.max_time = Some(s(10));
        let outcome = fetch_one(plan, &server.url("/0"));
        assert_eq!(why(&outcome), Some((Kind::Timeout, Stage::Wait, Some(Limit::MaxTime))));
        assert_eq!(outcome.error.as_ref().unwrap().message, "no answer within 10 s (-m)");
        assert_eq!((outcome.timings.wait, outcome.redirects, outcome.status), (Some(s(10)), 2, Some(302)));
        assert!(outcome.final_url.unwrap().ends_with("/2"));
    });
}

#[test]
fn a_lines_own_timeout_counts_before_the_runs() {
    story(|| {
        let server = Server::start(|_, peer| peer.hang());
        let mut plan = plan();
        plan.limits.max_time = None;
        let lines = [format!("{{\"url\":\"{}\",\"timeout\":400}}", server.url("/")), server.url("/")];
        let outcomes = fetch(plan, &lines);
        assert_eq!(outcomes[0].error.as_ref().unwrap().limit, Some(Limit::MaxTime));
        assert_eq!(outcomes[0].timings.wait, Some(s(400)));
        assert_eq!(outcomes[1].error.as_ref().unwrap().limit, Some(Limit::Stall), "no -m: 300 s for the first byte");
        assert_eq!(outcomes[1].timings.wait, Some(s(300)));
    });
}

#[test]
fn unasked_a_body_may_drip_but_not_stop() {
    story(|| {
        for bodies in [Bodies::Count, Bodies::Print] {
            let plan = Plan { bodies, ..without_max_time() };
            let output: Output = std::rc::Rc::new(|_| Ok(()));
            let run = |server: &Server| {
                let session = session_to(plan.clone(), Some(output.clone()));
                session.run(list(&[server.url("/")]), no_names()).next().unwrap().unwrap().outcome
            };
            let outcome = run(&drips(20, 1, s(29), 20));
            assert_eq!((kind(&outcome), outcome.timings.receive), (None, Some(s(580))));
            let outcome = run(&drips(3, 2, s(20), 20));
            assert_eq!(why(&outcome), Some((Kind::Timeout, Stage::Receive, Some(Limit::Stall))));
            assert_eq!((outcome.bytes, outcome.wire_bytes), (6, 6), "as far as it came");
            assert_eq!(outcome.timings.receive, Some(s(90)));
        }
    });
}

#[test]
fn a_given_pace_is_held_from_the_first_byte_on_as_in_curl() {
    story(|| {
        let mut plan = without_max_time();
        plan.limits.stall = Some(Stall { time: s(10), min_bytes_per_s: 100, given: true });
        // 1,000 bytes in ten seconds pass, 990 do not; and an answer that does not come is slow as well.
        assert_eq!(kind(&fetch_one(plan.clone(), &drips(60, 112, s(1), 6_720).url("/"))), None);
        let outcome = fetch_one(plan.clone(), &drips(60, 99, s(1), 5_940).url("/"));
        assert_eq!(why(&outcome), Some((Kind::Timeout, Stage::Receive, Some(Limit::Stall))));
        assert_eq!(outcome.timings.receive, Some(s(10)));
        let outcome = fetch_one(plan, &Server::start(|_, peer| peer.hang()).url("/"));
        assert_eq!(why(&outcome), Some((Kind::Timeout, Stage::Wait, Some(Limit::Stall))));
        assert_eq!(outcome.timings.wait, Some(s(10)));
    });
}

#[test]
fn a_stalled_redirect_body_holds_nobody_up() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/end" => peer.ok("end"),
            "/long" => {
                peer.raw("HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 9999999\r\n\r\n");
                peer.hang();
            }
            _ => {
                peer.raw("HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 9\r\n\r\nx");
                peer.hang();
            }
        });
        let began = green::now();
        assert_eq!(kind(&fetch_one(without_max_time(), &server.url("/long"))), None);
        assert_eq!(green::now() - began, s(0));
        assert_eq!(kind(&fetch_one(without_max_time(), &server.url("/"))), None);
        assert_eq!(green::now() - began, ms(500));
    });
}

#[test]
fn a_body_over_max_filesize_is_refused_by_its_length_or_by_its_bytes() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/length" => peer.ok(&"x".repeat(11)),
            "/ten" => peer.ok(&"x".repeat(10)),
            "/chunked" => {
                peer.raw(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nxxxxxx\r\n6\r\nxxxxxx\r\n0\r\n\r\n",
                );
            }
            _ => peer.raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"),
        });
        let mut plan = plan();
        plan.limits.max_filesize = Some(10);
        for (hash_bodies, path, expected, bytes) in [
            (false, "/length", Some(Kind::TooLarge), 0),
            (false, "/ten", None, 10),
            (false, "/chunked", Some(Kind::TooLarge), 12),
            (true, "/chunked", Some(Kind::TooLarge), 12),
            (false, "/304", None, 0),
        ] {
            let outcome = fetch_one(Plan { hash_bodies, ..plan.clone() }, &server.url(path));
            assert_eq!((kind(&outcome), outcome.bytes), (expected, bytes), "{path}");
        }
        plan.request.method = Some("HEAD".to_owned());
        let server = Server::start(|_, peer| peer.raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"));
        let outcome = fetch_one(plan, &server.url("/"));
        assert_eq!((kind(&outcome), outcome.content_length), (None, Some(99)));
        assert_eq!((outcome.bytes, outcome.wire_bytes), (0, 0));
    });
}

#[test]
fn limit_rate_holds_for_each_request_in_both_directions() {
    story(|| {
        let server = Server::start(|_, peer| peer.ok(&"x".repeat(5_000)));
        for hash_bodies in [false, true] {
            let mut plan = Plan { hash_bodies, ..plan() };
            plan.limits.rate = Some(1_000);
            let outcomes = fetch(plan.clone(), &[server.url("/a"), server.url("/b")]);
            for outcome in &outcomes {
                assert_eq!((kind(outcome), outcome.bytes), (None, 5_000));
                assert_eq!(outcome.timings.receive.unwrap().as_secs_f64().round(), 5.0);
            }
            plan.request.body = Some(vec![b'x'; 3_000]);
            let outcome = fetch_one(plan, &server.url("/c"));
            assert_eq!(outcome.timings.send.unwrap().as_secs_f64().round(), 3.0);
            assert_eq!(outcome.timings.receive.unwrap().as_secs_f64().round(), 5.0);
        }
    });
}

#[test]
fn limit_rate_total_holds_for_the_run() {
    story(|| {
        let server = Server::start(|_, peer| peer.ok(&"x".repeat(2_000)));
        let mut plan = plan();
        plan.limits.rate_total = Some(1_000);
        let began = green::now();
        let outcomes = fetch(plan, &["/a", "/b", "/c"].map(|path| server.url(path)));
        assert!(outcomes.iter().all(Outcome::ok));
        assert_eq!((green::now() - began).as_secs_f64().round(), 6.0);
        let last = outcomes.iter().map(|outcome| outcome.timings.receive.unwrap()).min().unwrap();
        assert!(last > s(4), "none is served before the others: {last:?}");
    });
}

#[test]
fn a_limited_rate_is_no_stall_but_one_below_a_given_pace_is() {
    story(|| {
        let server = Server::start(|_, peer| peer.ok(&"x".repeat(100)));
        let mut plan = without_max_time();
        plan.limits.rate = Some(1);
        assert_eq!(kind(&fetch_one(plan.clone(), &server.url("/"))), None, "a byte a second, for 100 s");
        plan.limits.stall = Some(Stall { time: s(10), min_bytes_per_s: 2, given: true });
        let outcome = fetch_one(plan, &server.url("/"));
        assert_eq!(why(&outcome), Some((Kind::Timeout, Stage::Receive, Some(Limit::Stall))), "as in curl");
    });
}
