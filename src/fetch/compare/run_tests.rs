//! The tutorials' four pages on the virtual clock: a server in the same hub, real sockets, no waiting.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::fetch::compare::{Bound, Measured, Unfit, Verdict, Why, Width, Widths};
use crate::fetch::list::{Input, List};
use crate::fetch::outcome::Kind;
use crate::green::ClockKind;
use crate::http::fields::Fields;
use crate::http::server::{self, Exchange, ServerLimits};
use crate::http::{ClientConfig, PoolLimits};
use crate::net::{Override, Resolver, ResolverConfig, TcpListener, TlsConfig};

/// Host, answered after so many milliseconds, with so many bytes.
const PAGES: [(&str, u64, usize); 4] = [
    ("www.python.example", 300, 47_424),
    ("python.example", 300, 47_424),
    ("www.yahoo.example", 900, 25_735),
    ("github.example", 450, 82_693),
];

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Runs `story` on the virtual clock, beside a server with this handler.
fn beside<T>(
    handler: impl Fn(&mut Exchange<'_>) -> io::Result<()> + 'static,
    story: impl FnOnce(SocketAddr) -> T,
) -> T {
    green::Config::new().clock(ClockKind::Virtual).run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let server = server::start(listener, ServerLimits::default(), handler);
        story(server.local_addr().unwrap())
    })
}

fn host_of(exchange: &Exchange<'_>) -> String {
    exchange.head().fields.first_str("host").unwrap_or_default().to_owned()
}

fn page(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let host = host_of(exchange);
    let &(_, delay, bytes) = PAGES.iter().find(|(known, ..)| *known == host).expect("a host of ours");
    green::sleep(ms(delay))?;
    exchange.respond(200, &Fields::new(), &vec![b'x'; bytes])
}

fn read(text: &str) -> Result<Listing, Unfit> {
    let from = Box::new(io::Cursor::new(text.to_owned().into_bytes()));
    let list = List::new([Input::Reader { name: "urls.txt".to_owned(), from }]);
    Listing::read(list, &Plan::default(), &Stop::new())
}

fn four_pages() -> String {
    PAGES.map(|(host, ..)| format!("http://{host}/\n")).concat()
}

/// A comparison of this list, every host of which is the server.
fn comparing(list: &str, server: SocketAddr) -> Comparing {
    let everything =
        Override { host: "*".into(), port: None, addresses: vec![server.ip()], port_to: Some(server.port()) };
    let client = Client::new(ClientConfig {
        resolver: Resolver::new(ResolverConfig { overrides: vec![everything], ..ResolverConfig::default() }),
        tls: TlsConfig::builder().build_lazy(),
        connect_timeout: None,
        pool: PoolLimits::default(),
        versions: Default::default(),
    });
    let listing = read(list).unwrap();
    Comparing { listing, plan: Plan::default(), client, stop: Stop::new(), pairs: None, warm_ups: 1, widths: vec![] }
}

fn measured(comparison: Comparison) -> Measured {
    match comparison.verdict {
        Verdict::Measured(measured) => *measured,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_tutorials_pages_take_the_sum_of_their_times_or_the_longest() {
    let comparison = beside(page, |server| comparing(&four_pages(), server).run(|_| ()).unwrap());
    assert_eq!(comparison.size, Size { urls: 4, hosts: 4, warm_ups: 1, pairs: 6, widths: 0 });
    let measured = measured(comparison);
    assert_eq!(measured.bytes, 203_276);
    assert_eq!(measured.differing.total, 0);
    assert_eq!(measured.serial.runs, [ms(1950); 6]);
    assert_eq!(measured.parallel.runs, [ms(900); 6]);
    assert!((measured.speed_up.median - 1950.0 / 900.0).abs() < 1e-9, "{:?}", measured.speed_up);
    assert!((measured.possible - 1950.0 / 900.0).abs() < 1e-9, "{}", measured.possible);
    assert_eq!(measured.bound, Bound::OneUrl { url: "http://www.yahoo.example/".into(), time: ms(900) });
    assert_eq!(measured.jobs_enough, Some(4));
}

#[test]
fn the_runs_come_in_pairs_by_turns_after_the_warm_up() {
    let mut begun = Vec::new();
    beside(page, |server| {
        let comparing = Comparing { pairs: Some(2), ..comparing(&four_pages(), server) };
        comparing.run(|begins| begun.push(begins)).unwrap();
    });
    use Mode::{Parallel, Serial};
    let expected = [(Parallel, true), (Serial, false), (Parallel, false), (Parallel, false), (Serial, false)];
    let expected =
        expected.into_iter().zip(1..).map(|((mode, warm_up), number)| RunBegins { mode, warm_up, number, of: 5 });
    assert_eq!(begun, expected.collect::<Vec<_>>());
}

fn widths(comparison: Comparison) -> Widths {
    match comparison.verdict {
        Verdict::Widths(widths) => *widths,
        other => panic!("{other:?}"),
    }
}

#[test]
fn widths_come_by_turns_and_the_least_that_is_enough_is_named() {
    let mut begun = Vec::new();
    let comparison = beside(page, |server| {
        let comparing = Comparing { pairs: Some(3), widths: vec![1, 2, 4, 16], ..comparing(&four_pages(), server) };
        assert_eq!(comparing.sizes().map(|size| size.requests()), [4 * 13; 2]);
        comparing.run(|begins| begun.push(begins.mode)).unwrap()
    });
    let order = [16, 1, 2, 4, 16, 2, 4, 16, 1, 4, 16, 1, 2];
    assert_eq!(begun, order.map(Mode::Jobs));
    assert_eq!(comparison.size, Size { urls: 4, hosts: 4, warm_ups: 1, pairs: 3, widths: 4 });
    let widths = widths(comparison);
    // Two at once: 300 and 300, then 900 beside 450.
    let times: Vec<_> = widths.widths.iter().map(|width| width.side.elapsed.median).collect();
    assert_eq!(times, [ms(1_950), ms(1_200), ms(900), ms(900)]);
    let near = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    near(widths.widths[1].speed_up.median, 1_950.0 / 1_200.0);
    // Two at once could not be quicker than half of the work.
    near(widths.widths[1].possible.unwrap(), 2.0);
    near(widths.widths[3].possible.unwrap(), 1_950.0 / 900.0);
    assert_eq!(widths.jobs_enough, 4);
    assert_eq!(widths.beyond().map(|width| width.jobs).collect::<Vec<_>>(), [16]);
    assert_eq!(widths.bound, Some(Bound::OneUrl { url: "http://www.yahoo.example/".into(), time: ms(900) }));
    assert!(widths.widths.iter().all(|width| !width.requests_grew()));
}

#[test]
fn the_first_width_need_not_be_one_and_then_nothing_is_known_to_be_possible() {
    let comparison = beside(page, |server| {
        Comparing { pairs: Some(1), widths: vec![2, 4], ..comparing(&four_pages(), server) }.run(|_| ()).unwrap()
    });
    let widths = widths(comparison);
    assert_eq!((widths.bound, widths.widths[1].possible, widths.jobs_enough), (None, None, 4));
}

/// One request after the other, however many wait: what a database behind a lock does.
fn one_at_a_time() -> impl Fn(&mut Exchange<'_>) -> io::Result<()> {
    let turn = green::Semaphore::new(1);
    move |exchange| {
        let _turn = turn.acquire()?;
        green::sleep(ms(100))?;
        exchange.respond(200, &Fields::new(), b"")
    }
}

#[test]
fn a_server_that_is_the_bottleneck_is_told_from_a_want_of_width() {
    let many = (0..8).map(|host| format!("http://h{host}.example/\n")).collect::<String>();
    let in_pairs =
        beside(one_at_a_time(), |server| Comparing { pairs: Some(2), ..comparing(&many, server) }.run(|_| ()).unwrap());
    let figures = measured(in_pairs);
    // The first waits 100 ms, the last 800: half of them more than 450.
    assert!((figures.growth.median - 4.5).abs() < 1e-9 && figures.requests_grew(), "{:?}", figures.growth);
    assert!(!figures.shows_a_difference());
    let in_widths = beside(one_at_a_time(), |server| {
        Comparing { pairs: Some(2), widths: vec![1, 4], ..comparing(&many, server) }.run(|_| ()).unwrap()
    });
    let widths = widths(in_widths);
    assert_eq!(
        (widths.jobs_enough, widths.widths.iter().map(Width::requests_grew).collect::<Vec<_>>()),
        (1, vec![false, true])
    );
    let quiet = beside(page, |server| comparing(&four_pages(), server).run(|_| ()).unwrap());
    assert!(!measured(quiet).requests_grew());
}

#[test]
fn as_many_pairs_are_made_as_fit_and_one_always() {
    let pairs = |seconds| {
        let slow = move |exchange: &mut Exchange<'_>| {
            green::sleep(Duration::from_secs(seconds))?;
            exchange.respond(200, &Fields::new(), b"")
        };
        // One URL: a pair takes twice its time.
        beside(slow, |server| comparing("http://a.example/\n", server).run(|_| ()).unwrap().size.pairs)
    };
    assert_eq!([1, 2, 4, 10, 30].map(pairs), [6, 5, 2, 1, 1]);
}

#[test]
fn connections_are_closed_before_each_run_and_kept_within_one() {
    let peers = Rc::new(RefCell::new(HashSet::new()));
    let known = peers.clone();
    let count = move |exchange: &mut Exchange<'_>| {
        known.borrow_mut().insert(exchange.peer());
        exchange.respond(200, &Fields::new(), b"")
    };
    beside(count, |server| {
        let plan = Plan { jobs: 1, ..Plan::default() };
        let list = "http://a.example/1\nhttp://a.example/2\nhttp://a.example/3\n";
        Comparing { plan, pairs: Some(2), ..comparing(list, server) }.run(|_| ()).unwrap();
    });
    assert_eq!(peers.borrow().len(), 5, "one connection for each run's three requests");
}

#[test]
fn the_first_spoilt_run_is_the_last() {
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    let failing_later = move |exchange: &mut Exchange<'_>| {
        count.set(count.get() + 1);
        exchange.respond(if count.get() == 6 { 503 } else { 200 }, &Fields::new(), b"")
    };
    let comparison = beside(failing_later, |server| {
        let list = "http://a.example/\nhttp://b.example/\n";
        Comparing { pairs: Some(5), ..comparing(list, server) }.run(|_| ()).unwrap()
    });
    assert_eq!(asked.get(), 6, "a warm-up and one pair");
    let Verdict::NotComparable(troubles) = comparison.verdict else { panic!() };
    assert_eq!((troubles.total, troubles.first[0].runs, troubles.first[0].of), (1, 1, 3));
    assert_eq!(troubles.first[0].why, Why::Failed { kind: Kind::Status, status: Some(503) });
}

#[test]
fn bodies_that_change_are_told_and_compared() {
    let asked = Rc::new(Cell::new(0));
    let changing = move |exchange: &mut Exchange<'_>| {
        asked.set(asked.get() + 1);
        exchange.respond(200, &Fields::new(), format!("answer {}", asked.get()).as_bytes())
    };
    let comparing = |server| Comparing { pairs: Some(1), ..comparing("http://a.example/\n", server) }.run(|_| ());
    let measured = measured(beside(changing, comparing).unwrap());
    assert_eq!((measured.differing.total, measured.differing.first[0].longest), (1, 8));
}

#[test]
fn a_stop_in_the_middle_leaves_no_comparison() {
    let ended = beside(page, |server| {
        let comparing = comparing(&four_pages(), server);
        // Within the first serial run.
        comparing.stop.set_deadline(ms(900 + 500));
        let ended = comparing.run(|_| ());
        (ended, green::now())
    });
    let Err(Unfinished::Stopped(run)) = ended.0 else { panic!("{:?}", ended.0) };
    assert_eq!((run.number, run.mode), (2, Mode::Serial));
}

#[test]
fn it_tells_beforehand_how_much_it_will_ask_for() {
    beside(page, |server| {
        let comparing = comparing(&four_pages(), server);
        assert_eq!(comparing.sizes().map(|size| size.requests()), [12, 52]);
        let comparing = Comparing { pairs: Some(3), warm_ups: 0, ..comparing };
        assert_eq!(comparing.sizes().map(|size| (size.hosts, size.requests())), [(4, 24); 2]);
    });
}

#[test]
fn a_list_with_a_method_that_changes_something_is_refused() {
    green::run(|| {
        let list = "http://a.example/\n{\"url\":\"http://b.example/\",\"method\":\"POST\"}\n";
        let refused = read(list).unwrap_err();
        let expected = "urls.txt:2: a comparison sends every request many times: GET and HEAD only, not POST";
        assert_eq!(refused.to_string(), expected);
        assert_eq!(read("{\"url\":\"http://b.example/\",\"method\":\"HEAD\"}\n").unwrap().len(), 1);
    });
}

#[test]
fn an_endless_list_is_refused() {
    green::run(|| {
        let endless = || {
            let line = "http://a.example/\n";
            Box::new(EndlessLines(line.as_bytes(), 0))
        };
        let list = List::new([Input::Reader { name: "-".to_owned(), from: endless() }]);
        let refused = Listing::read(list, &Plan::default(), &Stop::new()).unwrap_err();
        assert!(matches!(refused, Unfit::TooLong), "{refused:?}");
        let globs = Input::Arguments { urls: vec!["http://a.example/[1-200000]".to_owned()], globs: true };
        let refused = Listing::read(List::new([globs]), &Plan::default(), &Stop::new()).unwrap_err();
        assert!(matches!(refused, Unfit::TooLong), "{refused:?}");
    });
}

struct EndlessLines(&'static [u8], usize);

impl io::Read for EndlessLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in &mut *buffer {
            *byte = self.0[self.1];
            self.1 = (self.1 + 1) % self.0.len();
        }
        Ok(buffer.len())
    }
}

#[test]
fn a_bad_line_is_counted_and_has_no_host() {
    green::run(|| {
        let listing = read("http://a.example/\nnothing of the kind\nhttp://a.example/2\n").unwrap();
        assert_eq!((listing.len(), listing.hosts(), listing.url_at(1).as_str()), (3, 1, "nothing of the kind"));
        assert_eq!(listing.url_at(3), "");
    });
}
