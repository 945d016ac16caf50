//! Who may start when: -j, --per-host, --rate, held-back and given-up hosts, and whose fault a wait was.

use gfetch::fetch::plan::Rate;
use gfetch::fetch::summary::Cause;

use super::*;

/// Answers after a second.
fn slow(host: &str) -> Server {
    Server::on(host, None, |_, peer| {
        green::sleep(s(1)).unwrap();
        peer.ok("");
    })
}

fn urls(server: &Server, count: usize) -> Vec<String> {
    (0..count).map(|n| server.url(&format!("/{n}"))).collect()
}

#[test]
fn no_more_than_jobs_run_at_once_in_all_and_per_host_at_one() {
    story(|| {
        let (a, b) = (slow("127.0.0.1"), slow("127.0.0.2"));
        let lines = [urls(&a, 6), urls(&b, 6)].concat();
        let began = green::now();
        assert!(fetch(Plan { jobs: 5, per_host: per_host(3), ..plan() }, &lines).iter().all(Outcome::ok));
        assert_eq!((a.peak(), b.peak()), (3, 2));
        // 12 seconds of work, 5 at once: three at a and two at b in the first second, and so on.
        assert_eq!(green::now() - began, s(3));
        let at = |server: &Server, second| server.times().iter().filter(|at| **at == s(second)).count();
        assert_eq!([0, 1, 2].map(|second| (at(&a, second), at(&b, second))), [(3, 2), (3, 2), (0, 2)]);
    });
}

#[test]
fn lines_to_one_host_start_in_their_order() {
    story(|| {
        let server = slow("127.0.0.1");
        let lines = urls(&server, 20);
        fetch(Plan { per_host: per_host(2), ..plan() }, &lines);
        let expected: Vec<String> = (0..20).map(|n| format!("/{n}")).collect();
        assert_eq!(server.paths(), expected);
    });
}

#[test]
fn a_busy_host_does_not_keep_others_from_starting() {
    story(|| {
        let (busy, free) = (slow("127.0.0.1"), slow("127.0.0.2"));
        let lines = [urls(&busy, 100), urls(&free, 1)].concat();
        let outcomes = fetch(Plan { jobs: 4, per_host: per_host(2), ..plan() }, &lines);
        assert_eq!(free.times(), [s(0)], "the last line, among the first to start");
        assert_eq!(outcomes[100].timings.queue, s(0));
        assert_eq!(outcomes[99].timings.queue, s(49));
    });
}

#[test]
fn redirects_are_counted_where_they_lead() {
    story(|| {
        let target = slow("127.0.0.2");
        let to = target.url("/");
        let from = Server::start(move |_, peer| peer.redirect("302 Found", &to));
        let outcomes = fetch(Plan { per_host: per_host(2), ..plan() }, &urls(&from, 6));
        assert!(outcomes.iter().all(Outcome::ok));
        assert_eq!(target.peak(), 2);
        assert_eq!(target.times(), [0, 0, 1, 1, 2, 2].map(s));
    });
}

#[test]
fn two_full_hosts_that_redirect_to_each_other_do_not_deadlock() {
    story(|| {
        let ports = std::rc::Rc::new(std::cell::Cell::new([0, 0]));
        let server = |own: usize| {
            let (ports, other) = (ports.clone(), 1 - own);
            Server::on(["127.0.0.1", "127.0.0.2"][own], None, move |asked, peer| {
                green::sleep(s(1)).unwrap();
                let (host, port) = (["127.0.0.1", "127.0.0.2"][other], ports.get()[other]);
                match asked.path.as_str() {
                    "/end" => peer.ok(""),
                    _ => peer.redirect("302 Found", &format!("http://{host}:{port}/end")),
                }
            })
        };
        let (a, b) = (server(0), server(1));
        ports.set([a.port(), b.port()]);
        let lines: Vec<String> = (0..8).flat_map(|_| [a.url("/"), b.url("/")]).collect();
        let began = green::now();
        let outcomes = fetch(Plan { jobs: 2, per_host: per_host(1), ..plan() }, &lines);
        assert!(outcomes.iter().all(Outcome::ok));
        assert_eq!((a.peak(), b.peak()), (1, 1));
        assert_eq!(green::now() - began, s(16), "32 requests, one at each host at a time");
    });
}

#[test]
fn starts_are_evenly_spaced_with_retries_and_redirects_among_them() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/redirect" => peer.redirect("302 Found", "/end"),
            "/busy" => peer.answer("503 Busy", &[], ""),
            _ => peer.ok(""),
        });
        let lines = ["/redirect", "/busy", "/a", "/b"].map(|path| server.url(path));
        let mut plan = Plan { rate: Some(Rate { starts: 5, per: s(10) }), ..plan() };
        plan.retry.retries = 1;
        let outcomes = fetch(plan, &lines);
        assert_eq!(server.times(), [0, 2, 4, 6, 8, 10].map(s));
        let queues: Vec<_> = outcomes.iter().map(|outcome| outcome.timings.queue).collect();
        assert_eq!(queues, [0, 2, 4, 6].map(s));
        assert_eq!((outcomes[0].redirects, outcomes[1].attempts), (1, 2));
    });
}

#[test]
fn waits_are_told_by_their_cause_and_max_time_begins_after_them() {
    story(|| {
        let server = slow("127.0.0.1");
        for (plan, cause) in [
            (Plan { per_host: per_host(1), ..plan() }, Cause::PerHost),
            (Plan { jobs: 1, ..plan() }, Cause::Jobs),
            (Plan { rate: Some(Rate { starts: 1, per: s(1) }), ..plan() }, Cause::Rate),
        ] {
            let mut plan = plan;
            plan.limits.max_time = Some(ms(1500));
            let session = session(plan);
            let outcomes: Vec<_> = session.run(list(&urls(&server, 4)), no_names()).map(Result::unwrap).collect();
            for (n, fetched) in outcomes.iter().enumerate() {
                assert_eq!(kind(&fetched.outcome), None);
                assert_eq!(fetched.outcome.timings.queue, s(n as u64), "{cause:?}");
                assert_eq!(fetched.outcome.timings.total(), s(1));
            }
            assert_eq!(session.take_waits(), [1, 2, 3].map(|seconds| (cause, s(seconds))));
            assert_eq!(session.take_waits(), []);
        }
    });
}

#[test]
fn a_host_that_cannot_be_connected_to_is_given_up_and_the_others_are_unharmed() {
    story(|| {
        let server = Server::start(echo);
        let dead = refused_url();
        let mut lines = vec![dead.clone(); 8];
        lines.push(server.url("/a"));
        let outcomes = fetch(Plan { per_host: per_host(1), give_up_host: 3, jobs: 2, ..plan() }, &lines);
        let kinds: Vec<_> = outcomes.iter().map(|outcome| kind(outcome).map(|kind| (kind, outcome.attempts))).collect();
        let (connect, skipped) = (Some((Kind::Connect, 1)), Some((Kind::Skipped, 0)));
        assert_eq!(kinds, [connect, connect, connect, skipped, skipped, skipped, skipped, skipped, None]);
        let skipped = &outcomes[7];
        assert_eq!(why(skipped), Some((Kind::Skipped, Stage::Queue, None)));
        assert_eq!((skipped.started, &skipped.final_url), (None, &None));
        assert_eq!(
            skipped.error.as_ref().unwrap().message,
            format!("{} was given up after 3 connect failures", skipped.host.as_deref().unwrap())
        );
    });
}

#[test]
fn a_skipped_line_takes_no_moment_from_the_rate() {
    story(|| {
        let server = Server::start(echo);
        let mut lines = vec![refused_url(); 50];
        lines.push(server.url("/a"));
        let rate = Some(Rate { starts: 1, per: s(10) });
        let outcomes = fetch(Plan { per_host: per_host(1), give_up_host: 2, rate, ..plan() }, &lines);
        assert_eq!(outcomes.iter().filter(|outcome| kind(outcome) == Some(Kind::Skipped)).count(), 48);
        assert_eq!(outcomes[50].timings.queue, s(10), "second in the queue for the rate, not fifty-first");
    });
}

/// A line every ten seconds, so many of them.
struct EveryTenSeconds(String, u32);

impl Read for EveryTenSeconds {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.1 == 0 {
            return Ok(0);
        }
        self.1 -= 1;
        green::sleep(s(10))?;
        buffer[..self.0.len()].copy_from_slice(self.0.as_bytes());
        Ok(self.0.len())
    }
}

/// What became of a line to `url` every ten seconds: o fetched, x not connected, r reset, - skipped.
fn told(plan: Plan, url: &str, lines: u32) -> String {
    let session = session(plan);
    let lines = reader(EveryTenSeconds(format!("{url}\n"), lines));
    let outcomes = session.run(lines, no_names()).map(|fetched| match kind(&fetched.unwrap().outcome) {
        None => 'o',
        Some(Kind::Connect) => 'x',
        Some(Kind::Reset) => 'r',
        Some(Kind::Skipped) => '-',
        other => panic!("{other:?}"),
    });
    outcomes.collect()
}

/// Listens where nobody did from `from` until `until`, and answers (or not).
fn listens_later(url: &str, from: Duration, until: Duration, answer: &'static [u8]) {
    let address: std::net::SocketAddr = url["http://".len()..url.len() - 1].parse().unwrap();
    green::spawn(move || {
        green::sleep(from).unwrap();
        let listener = gfetch::net::TcpListener::bind(address).unwrap();
        let server = gfetch::net::StreamServer::new(listener).start(move |mut stream, _| {
            while stream.read(&mut [0; 1024]).is_ok_and(|bytes| bytes > 0) && !answer.is_empty() {
                io::Write::write_all(&mut stream, answer).unwrap();
            }
        });
        green::sleep(until - from).unwrap();
        server.stop(s(0)).unwrap();
    });
}

#[test]
fn one_line_a_minute_tries_a_given_up_host_and_brings_it_back() {
    story(|| {
        let url = refused_url();
        listens_later(&url, s(105), s(1000), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        // Tried at 10 and 20 s, given up; probes at 80 s (still down) and 140 s (up); then all go.
        assert_eq!(told(Plan { give_up_host: 2, ..plan() }, &url, 20), "xx-----x-----ooooooo");
    });
}

#[test]
fn a_connection_in_between_makes_failures_not_in_a_row_whatever_becomes_of_it() {
    story(|| {
        let url = refused_url();
        listens_later(&url, s(15), s(25), b"");
        assert_eq!(told(Plan { give_up_host: 2, ..plan() }, &url, 6), "xrxx--");
    });
}

#[test]
fn connections_are_kept_while_lines_wait_for_them_and_closed_once_none_does() {
    story(|| {
        let server = slow("127.0.0.1");
        let of = |jobs, count| {
            let plan = Plan { jobs, ..plan() };
            let client = client(&plan, TlsConfig::builder().build_lazy());
            let session = Session::new(plan, client.clone(), None);
            assert!(session.run(list(&urls(&server, count)), no_names()).all(|fetched| fetched.unwrap().outcome.ok()));
            let (idle, made) = (client.idle(), server.connections());
            client.close_idle();
            (idle, made)
        };
        assert_eq!(of(100, 300), (64, 100), "three requests on each; at the end some are left for a redirect or retry");
        assert_eq!(of(10, 30), (10, 110));
    });
}
