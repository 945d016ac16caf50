//! The same seed gives the same run, switch by switch; another seed another one; and no seed the order of coming.

use super::*;

/// A story with spawns, queues, joins, time-outs and kills; its trace, and what it printed.
fn story(config: Config) -> (Trace, Vec<String>) {
    config.clock(ClockKind::Virtual).record(100_000).run(|| {
        let (log, say) = log();
        let queue = Queue::bounded(2);
        let workers: Vec<_> = (0..4)
            .map(|n| {
                let (queue, say) = (queue.clone(), say.clone());
                spawn(move || {
                    while let Some(item) = queue.get().unwrap() {
                        say(&format!("{n} takes {item}"));
                        sleep(MS * (1 + item % 5)).unwrap();
                    }
                })
            })
            .collect();
        let late = spawn(|| timeout(SECOND, || sleep(SECOND * 9)));
        let doomed = spawn(|| sleep(SECOND * 1000));
        (0..40u32).for_each(|item| queue.put(item).unwrap());
        queue.close();
        join_all(&workers).unwrap();
        doomed.kill().unwrap();
        assert!(late.get().unwrap().is_err());
        (trace(), log.take())
    })
}

/// Table A, S3.6 and S3.7: gevent's four equal runs, and ninety-six more.
#[test]
fn the_same_seed_gives_the_same_trace_a_hundred_times() {
    let first = story(Config::new().seed(42));
    for _ in 0..100 {
        let again = story(Config::new().seed(42));
        assert_eq!(again.1, first.1);
        assert_eq!(again.0, first.0);
        assert_eq!(again.0.to_string(), first.0.to_string());
    }
}

#[test]
fn different_seeds_give_different_orders() {
    let orders: std::collections::BTreeSet<_> = (0..20).map(|seed| story(Config::new().seed(seed)).1).collect();
    assert!(orders.len() >= 19, "{} orders of 20 seeds", orders.len());
}

#[test]
fn without_a_seed_runs_are_equal_too_and_first_in_first_out() {
    let first = story(Config::new());
    assert!((0..4).all(|_| story(Config::new()) == first));
    assert_eq!(first.1[..4], ["0 takes 0", "1 takes 1", "2 takes 2", "3 takes 3"]);
}

#[test]
fn a_seeded_order_runs_everybody_and_any_of_those_ready() {
    let mut seen = [[false; 4]; 4];
    for seed in 0..200 {
        let order = Config::new().seed(seed).run(|| {
            let order = Rc::new(RefCell::new(Vec::new()));
            let into = order.clone();
            let all = [0, 1, 2, 3].map(|n| {
                let into = into.clone();
                spawn(move || into.borrow_mut().push(n))
            });
            join_all(&all).unwrap();
            order.take()
        });
        order.iter().enumerate().for_each(|(place, n)| seen[place][*n] = true);
        assert_eq!(order.len(), 4);
    }
    assert_eq!(seen, [[true; 4]; 4], "each came in each place");
}

#[test]
fn a_trace_tells_spawns_switches_waits_wakes_timers_kills_and_ends_with_their_times() {
    let trace = Config::new().clock(ClockKind::Virtual).record(100).run(|| {
        let event = Event::new();
        let waiting = event.clone();
        let waiter = spawn(move || waiting.wait());
        let sleeper = spawn(|| sleep(SECOND * 100));
        sleep(SECOND).unwrap();
        event.set();
        sleeper.kill_nowait();
        waiter.join().unwrap();
        yield_now().unwrap();
        trace()
    });
    let lines: Vec<String> =
        trace.to_string().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "0ns 0 spawned",
        "0ns 0 runs",
        "0ns 1 spawned by 0",
        "0ns 2 spawned by 0",
        "0ns 0 waits for time to pass",
        "0ns 1 runs",
        "0ns 1 waits for an event",
        "0ns 2 runs",
        "0ns 2 waits for time to pass",
        "1s 0 woken by a timer",
        "1s 0 runs",
        "1s 1 woken by 0",
        "1s 2 killed by 0",
        "1s 2 woken by a kill",
        "1s 0 waits for the end of greenlet 1",
        "1s 1 runs",
        "1s 1 ended",
        "1s 0 woken from outside",
        "1s 2 runs",
        "1s 2 ended",
        "1s 0 runs",
        "1s 0 yields",
        "1s 0 runs",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_trace_keeps_the_last_events_and_counts_the_others() {
    let (short, none) = Config::new().clock(ClockKind::Virtual).record(10).run(|| {
        (0..50).for_each(|_| yield_now().unwrap());
        (trace(), run_without_record())
    });
    assert_eq!(short.events.len(), 10);
    assert_eq!(short.dropped, 2 + 100 - 10, "spawned, runs, and two a yield");
    assert!(short.to_string().starts_with("(92 older events were dropped)\n"));
    assert_eq!(none, Trace::default());
}

/// On another thread, which has a hub of its own.
fn run_without_record() -> Trace {
    std::thread::spawn(|| run(trace)).join().unwrap()
}
