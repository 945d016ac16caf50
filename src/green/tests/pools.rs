//! Groups, pools, and mapping over items.

use super::*;

#[test]
fn a_pool_runs_no_more_than_its_size_at_once() {
    virtual_run(|| {
        let pool = Pool::new(3);
        let (running, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let peak = most.clone();
        let work = move |n: u64| {
            running.set(running.get() + 1);
            peak.set(peak.get().max(running.get()));
            sleep(MS * (10 - n as u32)).unwrap();
            running.set(running.get() - 1);
            n
        };
        assert_eq!(pool.map(work, 0..10).unwrap(), (0..10).collect::<Vec<_>>());
        assert_eq!(most.get(), 3);
        assert_eq!(pool.free(), 3);
    });
}

#[test]
fn a_failing_item_is_an_error_in_its_place_and_the_rest_goes_on() {
    run(|| {
        let group = Group::new();
        let work = |n: i32| if n == 1 { panic!("one") } else { n };
        let mut results = group.imap(work, 0..3);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        assert!(matches!(results.next().unwrap(), Err(GetError::Panicked(_))));
        assert_eq!(results.next().unwrap().unwrap(), 2);
        assert!(results.next().is_none());
        assert!(results.next().is_none(), "fused");
    });
}

#[test]
fn imap_unordered_gives_results_as_they_come() {
    let order = virtual_run(|| {
        let pool = Pool::new(3);
        let work = |n: u32| {
            sleep(SECOND * n).unwrap();
            n
        };
        pool.imap_unordered(work, [10, 1, 2]).map(Result::unwrap).collect::<Vec<_>>()
    });
    assert_eq!(order, [1, 2, 10]);
}

#[test]
fn imap_starts_no_more_than_max_outstanding_ahead_of_its_reader() {
    run(|| {
        let started = Rc::new(Cell::new(0));
        let count = started.clone();
        let group = Group::new();
        let mut results = group
            .imap(
                move |n: u64| {
                    count.set(count.get() + 1);
                    n
                },
                0..,
            )
            .max_outstanding(2);
        for expected in 0..5 {
            assert_eq!(results.next().unwrap().unwrap(), expected);
            for _ in 0..10 {
                yield_now().unwrap();
            }
            assert!(started.get() <= expected + 3, "{} started after {expected}", started.get());
        }
        drop(results);
        group.join().unwrap();
    });
}

#[test]
fn imap_over_nothing_ends() {
    run(|| assert!(Group::new().imap(|n: i32| n, Vec::new()).next().is_none()));
}

#[test]
fn a_panicking_source_is_the_last_error_of_imap() {
    run(|| {
        let source = (0..3).inspect(|n| assert!(*n < 2, "source broke"));
        let results: Vec<_> = Pool::new(2).imap(|n| n, source).collect();
        assert_eq!(results.len(), 3);
        assert!(matches!(&results[2], Err(GetError::Panicked(panic)) if panic.message().contains("source broke")));
    });
}

#[test]
fn a_group_is_killed_with_its_newcomers() {
    run(|| {
        let group = Group::new();
        let inner = group.clone();
        group.spawn(move || {
            let _spawn_more = OnDrop(move || drop(inner.spawn(|| sleep(SECOND * 1000))));
            sleep(SECOND * 1000)
        });
        yield_now().unwrap();
        group.kill().unwrap();
        assert!(group.is_empty());
    });
}
