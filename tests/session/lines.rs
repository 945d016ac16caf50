//! One outcome a line, always: orders, bad lines, panics, lists read as they are needed.

use std::cell::Cell;
use std::rc::Rc;

use super::*;

/// Paths are seconds to wait.
fn waiting() -> Server {
    Server::start(|asked, peer| {
        green::sleep(s(asked.path[1..].parse().unwrap())).unwrap();
        peer.ok(&asked.path);
    })
}

fn indices(outcomes: &[Outcome]) -> Vec<u64> {
    outcomes.iter().map(|outcome| outcome.index).collect()
}

#[test]
fn serial_and_parallel_in_either_order_give_the_same_set() {
    story(|| {
        let server = waiting();
        let lines: Vec<String> = [3, 1, 2].map(|seconds| server.url(&format!("/{seconds}"))).into();
        for (serial, order, expected, took) in [
            (true, Order::Input, [0, 1, 2], 6),
            (true, Order::Completion, [0, 1, 2], 6),
            (false, Order::Input, [0, 1, 2], 3),
            (false, Order::Completion, [1, 2, 0], 3),
        ] {
            let began = green::now();
            let outcomes = fetch(Plan { serial, order, ..plan() }, &lines);
            assert_eq!(indices(&outcomes), expected);
            assert_eq!(green::now() - began, s(took), "serial {serial} {order:?}");
            for outcome in outcomes {
                assert_eq!((outcome.status, outcome.bytes, outcome.attempts), (Some(200), 2, 1));
                assert_eq!(outcome.url, lines[outcome.index as usize]);
                assert_eq!(outcome.source, format!("list:{}", outcome.index + 1));
                assert_eq!(outcome.timings.wait, Some(s([3, 1, 2][outcome.index as usize])));
            }
        }
    });
}

#[test]
fn a_line_that_is_no_url_is_its_own_failure_and_stands_in_its_place() {
    story(|| {
        let server = Server::start(echo);
        let (first, last) = (server.url("/a"), server.url("/b"));
        let outcomes = fetch(plan(), &[first.as_str(), "word", "ftp://x.example/", "# none", &last]);
        assert_eq!(indices(&outcomes), [0, 1, 2, 3]);
        let kinds: Vec<_> = outcomes.iter().map(kind).collect();
        assert_eq!(kinds, [None, Some(Kind::Url), Some(Kind::Url), None]);
        let bad = &outcomes[1];
        assert_eq!((bad.attempts, bad.started, &bad.final_url, bad.source.as_str()), (0, None, &None, "list:2"));
        assert_eq!(server.paths().len(), 2);
    });
}

#[test]
fn an_argument_and_a_line_twice_are_fetched_twice() {
    story(|| {
        let server = Server::start(echo);
        let url = server.url("/a");
        assert_eq!(fetch(plan(), &[&url, &url, &url]).len(), 3);
        assert_eq!(server.paths(), ["/a", "/a", "/a"]);
    });
}

#[test]
fn a_panic_is_that_lines_failure_and_no_line_is_lost() {
    story(|| {
        let server = Server::start(echo);
        for serial in [true, false] {
            let output: Output = Rc::new(|bytes| if bytes == b"/bad" { panic!("on purpose") } else { Ok(()) });
            let bodies = gfetch::fetch::plan::Bodies::Print;
            let session = session_to(Plan { serial, bodies, jobs: 1, ..plan() }, Some(output));
            let lines = ["/bad", "/good"].map(|path| server.url(path));
            let outcomes: Vec<_> =
                session.run(list(&lines), no_names()).map(|fetched| fetched.unwrap().outcome).collect();
            assert_eq!(why(&outcomes[0]), Some((Kind::Internal, Stage::Receive, None)));
            assert!(outcomes[0].error.as_ref().unwrap().message.contains("on purpose"));
            assert_eq!((outcomes[0].attempts, outcomes[0].status), (1, Some(200)));
            assert_eq!(kind(&outcomes[1]), None, "its permit was given back");
        }
    });
}

/// Lines without end; counts how many were read.
struct Endless {
    line: Vec<u8>,
    read: Rc<Cell<u64>>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read.set(self.read.get() + 1);
        buffer[..self.line.len()].copy_from_slice(&self.line);
        Ok(self.line.len())
    }
}

fn endless(url: &str) -> (List, Rc<Cell<u64>>) {
    let read = Rc::new(Cell::new(0));
    (reader(Endless { line: format!("{url}\n").into_bytes(), read: read.clone() }), read)
}

#[test]
fn a_serial_list_is_read_line_by_line() {
    story(|| {
        let server = Server::start(echo);
        let (list, read) = endless(&server.url("/a"));
        let session = session(Plan { serial: true, ..plan() });
        let mut outcomes = session.run(list, no_names());
        assert_eq!(read.get(), 0, "nothing before it is asked for");
        for count in 1..=5 {
            assert!(outcomes.next().unwrap().unwrap().outcome.ok());
            assert_eq!((read.get(), session.lines_read()), (count, count));
        }
    });
}

#[test]
fn an_endless_list_is_read_no_further_ahead_than_the_pool_is_long() {
    story(|| {
        let server = Server::start(echo);
        for order in [Order::Input, Order::Completion] {
            let (list, _) = endless(&server.url("/a"));
            let session = session(Plan { order, jobs: 4, ..plan() });
            for (count, fetched) in session.run(list, no_names()).take(3_000).enumerate() {
                assert!(fetched.unwrap().outcome.ok());
                let ahead = session.lines_read() - count as u64;
                assert!(ahead <= 66_700, "{ahead} lines ahead at {count}");
            }
        }
    });
}

#[test]
fn a_consumer_that_goes_away_ends_the_reading() {
    story(|| {
        let server = Server::start(echo);
        let (list, read) = endless(&server.url("/a"));
        let session = session(Plan { order: Order::Completion, jobs: 2, ..plan() });
        let mut outcomes = session.run(list, no_names());
        outcomes.next().unwrap().unwrap();
        drop(outcomes);
        green::sleep(s(60)).unwrap();
        let at_rest = read.get();
        green::sleep(s(60)).unwrap();
        assert_eq!(read.get(), at_rest, "nobody reads on");
    });
}

#[test]
fn reading_pauses_while_too_many_records_wait_and_says_for_how_long() {
    story(|| {
        let (list, _) = endless("no url");
        let session = session(Plan { jobs: 4, ..plan() });
        let mut outcomes = session.run(list, no_names());
        assert!(!outcomes.next().unwrap().unwrap().outcome.ok());
        green::sleep(s(10)).unwrap();
        let read = session.lines_read();
        assert!((65_536..70_000).contains(&read), "{read}");
        assert_eq!(session.reading_paused(), Duration::ZERO, "the pause has not ended");
        assert!(outcomes.nth(1_000).is_some());
        green::yield_now().unwrap();
        assert!(session.reading_paused() >= s(9), "{:?}", session.reading_paused());
        assert!(session.lines_read() > read);
    });
}

/// A list's first server is slow, all others are quick and say much: no more is read than 64 MiB of texts may wait.
#[test]
fn reading_pauses_also_for_long_texts_that_wait() {
    story(|| {
        let long = format!("Content-Type: {}", "x".repeat(90_000));
        let server = Server::start(move |asked, peer| {
            if asked.path == "/0" {
                green::sleep(s(10)).unwrap();
            }
            peer.answer("200 OK", &[&long], "");
        });
        let session = session(Plan { per_host: per_host(0), ..plan() });
        let lines: Vec<String> = (0..6_000).map(|n| server.url(&format!("/{n}"))).collect();
        let mut results = session.run(list(&lines), no_names());
        assert!(results.next().unwrap().unwrap().outcome.ok());
        let read = session.lines_read();
        assert!((700..2_500).contains(&read), "{read}: 64 MiB are 745, and some are on their way");
        assert!(results.all(|fetched| fetched.unwrap().outcome.ok()));
        assert_eq!(session.lines_read(), 6_000);
    });
}
