//! A run that ends before its time: what becomes of the lines that wait, that run, and that were never read.

use super::*;

/// Paths are seconds to wait before the answer.
fn slow() -> Server {
    Server::start(|asked, peer| {
        green::sleep(s(asked.path[1..].parse().unwrap())).unwrap();
        peer.ok("");
    })
}

fn stopped_after(session: &Session, wait: Duration, grace: Duration) {
    let stop = session.stop().clone();
    green::spawn(move || {
        green::sleep(wait).unwrap();
        stop.request(grace);
    });
}

fn outcomes(session: &Session, lines: List) -> Vec<Outcome> {
    session.run(lines, no_names()).map(|fetched| fetched.unwrap().outcome).collect()
}

#[test]
fn what_runs_has_the_grace_and_what_waits_is_cancelled() {
    story(|| {
        let server = slow();
        let lines = ["/12", "/60", "/1", "/1"].map(|path| server.url(path));
        for serial in [false, true] {
            let session = session(Plan { jobs: 2, serial, ..plan() });
            stopped_after(&session, s(10), s(5));
            let began = green::now();
            let outcomes = outcomes(&session, list(&lines));
            assert_eq!(kind(&outcomes[0]), None, "done within the grace");
            if serial {
                assert_eq!((outcomes.len(), green::now() - began), (1, s(12)));
                assert_eq!(session.stopped_after().as_deref(), Some("list:1"));
                continue;
            }
            assert_eq!(green::now() - began, s(15));
            assert_eq!(why(&outcomes[1]), Some((Kind::Timeout, Stage::Wait, Some(Limit::Grace))));
            assert_eq!(outcomes[1].timings.wait, Some(s(15)));
            for waiting in &outcomes[2..] {
                assert_eq!(why(waiting), Some((Kind::Cancelled, Stage::Queue, None)));
                assert_eq!((waiting.attempts, waiting.started, waiting.timings.queue), (0, None, s(10)));
            }
            assert_eq!(session.stopped_after().as_deref(), Some("list:4"), "though the list had been read to its end");
        }
    });
}

#[test]
fn a_stop_that_comes_when_all_was_read_and_is_done_in_the_grace_stops_nothing() {
    story(|| {
        let server = slow();
        let session = session(plan());
        stopped_after(&session, s(10), s(5));
        let outcomes = outcomes(&session, list(&[server.url("/12"), server.url("/1")]));
        assert!(outcomes.iter().all(Outcome::ok) && session.stop().is_requested());
        assert_eq!(session.stopped_after(), None);
    });
}

#[test]
fn a_reader_that_waits_stops_reading() {
    struct Silent(bool, String);
    impl Read for Silent {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                green::sleep(s(100_000))?;
            }
            buffer[..self.1.len()].copy_from_slice(self.1.as_bytes());
            Ok(self.1.len())
        }
    }
    story(|| {
        let server = slow();
        for (serial, order) in [(true, Order::Input), (false, Order::Input), (false, Order::Completion)] {
            let session = session(Plan { serial, order, ..plan() });
            stopped_after(&session, s(10), s(5));
            let began = green::now();
            let outcomes = outcomes(&session, reader(Silent(false, server.url("/1\n"))));
            assert_eq!((outcomes.len(), green::now() - began), (1, s(10)));
            assert!(outcomes[0].ok() && session.take_list_error().is_none());
            assert_eq!(session.stopped_after().as_deref(), Some("list:1"));
        }
    });
}

#[test]
fn an_endless_list_ends_with_the_run() {
    struct Endless(String);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer[..self.0.len()].copy_from_slice(self.0.as_bytes());
            Ok(self.0.len())
        }
    }
    story(|| {
        let server = slow();
        let session = session(Plan { jobs: 3, deadline: Some(ms(9_500)), ..plan() });
        let outcomes = outcomes(&session, reader(Endless(server.url("/1\n"))));
        assert_eq!(outcomes.len() as u64, session.lines_read(), "one outcome for each line that was read");
        let ok = outcomes.iter().filter(|outcome| outcome.ok()).count();
        let cut = outcomes.iter().filter(|o| why(o) == Some((Kind::Timeout, Stage::Wait, Some(Limit::Deadline))));
        let cancelled = outcomes.iter().filter(|outcome| kind(outcome) == Some(Kind::Cancelled)).count();
        assert_eq!((ok, cut.count()), (27, 3));
        assert_eq!(cancelled, outcomes.len() - 30);
    });
}

#[test]
fn the_clock_that_cuts_is_the_one_that_is_named() {
    story(|| {
        let server = slow();
        // Deadline, when the stop is asked for, grace; what cuts.
        for (deadline, stop_at, grace, limit, cut_at) in [
            (Some(20), 10, 5, Limit::Grace, 15),
            (Some(12), 10, 5, Limit::Deadline, 12),
            (None, 10, 5, Limit::Grace, 15),
            (None, 10, 0, Limit::Grace, 10),
        ] {
            let session = session(Plan { deadline: deadline.map(s), ..plan() });
            stopped_after(&session, s(stop_at), s(grace));
            let began = green::now();
            let outcomes = outcomes(&session, list(&[server.url("/60")]));
            assert_eq!(why(&outcomes[0]), Some((Kind::Timeout, Stage::Wait, Some(limit))));
            assert_eq!(green::now() - began, s(cut_at));
        }
    });
}

#[test]
fn a_stop_during_back_off_leaves_the_last_attempt_as_it_was() {
    story(|| {
        let server = Server::start(|_, peer| peer.answer("503 Busy", &[], "sorry"));
        let mut plan = Plan { keep_exchanges: true, ..plan() };
        plan.retry.retries = 9;
        // In the wait itself (the third attempt is at 3 s), or while the retry waits for its place.
        for jobs in [64, 1] {
            let session = session(Plan { jobs, ..plan.clone() });
            stopped_after(&session, s(5), s(5));
            let fetched: Vec<Box<Fetched>> =
                session.run(list(&[server.url("/")]), no_names()).map(Result::unwrap).collect();
            let outcome = &fetched[0].outcome;
            assert_eq!(why(outcome), Some((Kind::Status, Stage::Receive, None)));
            assert_eq!((outcome.attempts, outcome.status, outcome.bytes), (3, Some(503), 5));
            assert_eq!(outcome.timings.retries, s(3));
            assert_eq!(fetched[0].exchanges.len(), 1);
        }
    });
}

#[test]
fn a_retry_that_still_waits_for_its_place_leaves_its_answer_too() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/busy" => peer.answer("503 Busy", &[], "sorry"),
            _ => peer.hang(),
        });
        let mut plan = Plan { jobs: 1, fail_on_status: false, keep_exchanges: true, ..plan() };
        (plan.bodies, plan.order) = (gfetch::fetch::plan::Bodies::Print, Order::Completion);
        plan.retry.retries = 1;
        let session = session_to(plan, Some(std::rc::Rc::new(|_| Ok(()))));
        stopped_after(&session, s(10), s(5));
        // While the first waits a second, the other takes the only place for good.
        let lines = [server.url("/busy"), server.url("/hang")];
        let mut fetched: Vec<Box<Fetched>> = session.run(list(&lines), no_names()).map(Result::unwrap).collect();
        fetched.sort_by_key(|fetched| fetched.outcome.index);
        let outcome = &fetched[0].outcome;
        assert_eq!((outcome.status, outcome.attempts, kind(outcome)), (Some(503), 1, None));
        let mut body = Vec::new();
        let mut collect = |bytes: &[u8]| {
            body.extend_from_slice(bytes);
            Ok(())
        };
        fetched[0].body.as_mut().unwrap().drain(&mut collect).unwrap();
        assert_eq!((&body[..], fetched[0].exchanges.len()), (&b"sorry"[..], 1));
    });
}
