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

fn waits() -> Greenlet<()> {
    spawn(|| Event::new().wait().unwrap())
}

#[test]
fn a_group_knows_its_members_and_lets_them_go() {
    run(|| {
        let group = Group::new();
        let (a, b, dead) = (waits(), waits(), spawn(|| ()));
        dead.join().unwrap();
        for greenlet in [&a, &b, &a, &dead] {
            group.add(greenlet);
        }
        assert_eq!(group.len(), 2, "one that has ended is not taken, a member is one once");
        assert_eq!(group.members().iter().map(AnyGreenlet::id).collect::<Vec<_>>(), [a.id(), b.id()]);
        assert!(group.contains(&a) && !group.contains(&dead));
        group.discard(&a);
        group.discard(&a);
        assert!(!group.contains(&a) && a.is_started(), "it runs on, on its own");
        group.kill().unwrap();
        assert!(b.is_done() && a.is_started());
        a.kill().unwrap();
    });
}

#[test]
fn a_join_of_an_empty_group_does_not_switch() {
    run(|| {
        let ran = Rc::new(Cell::new(false));
        let flag = ran.clone();
        spawn(move || flag.set(true));
        Group::new().join().unwrap();
        assert!(Group::new().join_timeout(SECOND).unwrap() && !ran.get());
    });
}

#[test]
fn a_made_greenlet_is_started_by_the_group_and_by_the_pool_that_takes_it_in() {
    run(|| {
        let (group, pool) = (Group::new(), Pool::new(1));
        let (one, two) = (Greenlet::new(|| 1), Greenlet::new(|| 2));
        group.start(&one);
        pool.start(&two).unwrap();
        assert!(group.contains(&one) && pool.contains(&two) && pool.is_full());
        assert_eq!((one.get().unwrap(), two.get().unwrap()), (1, 2));
        assert!(group.is_empty() && pool.free() == 1);
    });
}

#[test]
fn killing_one_member_leaves_the_others_and_strangers_alone() {
    run(|| {
        let group = Group::new();
        let (a, b, stranger) = (waits(), waits(), waits());
        group.add(&a);
        group.add(&b);
        group.kill_one(&stranger).unwrap();
        group.kill_one(&a).unwrap();
        assert!(a.is_done() && b.is_started() && stranger.is_started());
        assert_eq!(group.len(), 1);
    });
}

#[test]
fn a_group_is_killed_once_each_and_a_timed_kill_tells_who_is_left() {
    virtual_run(|| {
        let (group, shots) = (Group::new(), Rc::new(Cell::new(0)));
        for cleaning in [1, 3] {
            let shots = shots.clone();
            group.spawn(move || {
                let attempt = std::panic::catch_unwind(|| Event::new().wait());
                shots.set(shots.get() + u32::from(attempt.is_err()));
                shield(SECOND * 10, || sleep(SECOND * cleaning)).unwrap();
            });
        }
        yield_now().unwrap();
        let start = now();
        group.kill_nowait();
        assert_eq!(group.len(), 2, "until they have run");
        assert!(!group.kill_timeout(SECOND * 2).unwrap());
        assert_eq!((group.len(), now() - start), (1, SECOND * 2));
        assert!(group.kill_timeout(SECOND * 2).unwrap());
        assert_eq!((shots.get(), now() - start), (2, SECOND * 3));
    });
}

#[test]
fn an_apply_from_a_member_of_the_same_group_runs_inline() {
    run(|| {
        let (pool, other) = (Pool::new(1), Pool::new(1));
        let (inner, foreign) = (pool.clone(), other.clone());
        let nested = pool.apply(move || {
            let own = current().id();
            let inline = inner.clone().apply(move || inner.apply(move || current().id() == own).unwrap()).unwrap();
            (inline, foreign.apply(move || current().id() != own).unwrap())
        });
        assert_eq!(nested.unwrap(), (true, true));
        let inner = pool.clone();
        let failed = pool.apply(move || inner.apply(|| -> u32 { panic!("inside") }).unwrap_err().to_string());
        assert!(failed.unwrap().ends_with(") panicked: inside"));
    });
}

#[test]
fn a_kill_goes_through_an_inline_apply() {
    run(|| {
        let group = Group::new();
        let inner = group.clone();
        let member = group.spawn(move || inner.apply(|| Event::new().wait()).is_err());
        yield_now().unwrap();
        member.kill().unwrap();
        assert!(matches!(member.get(), Err(GetError::Killed)));
    });
}

#[test]
fn an_async_apply_never_waits_and_runs_when_there_is_a_place() {
    virtual_run(|| {
        let (pool, start) = (Pool::new(1), now());
        let task = |n: u32| {
            move || {
                sleep(SECOND).unwrap();
                (n, now())
            }
        };
        let calls: Vec<_> = (1..=3).map(|n| pool.apply_async(task(n))).collect();
        let given_up = pool.apply_async(|| unreachable!());
        assert!(calls.iter().all(Greenlet::is_started));
        assert_eq!((now(), pool.len()), (start, 1));
        given_up.kill().unwrap();
        assert_eq!(given_up.spawned_at().file(), file!());
        let ends: Vec<_> = calls.iter().map(|call| call.get().unwrap()).collect();
        assert_eq!(ends, [(1, start + SECOND), (2, start + SECOND * 2), (3, start + SECOND * 3)]);
        run_until_idle().unwrap();
        assert_eq!((pool.free(), pool.len()), (1, 0));
    });
}

#[test]
fn a_map_in_the_background_gives_the_results_or_the_first_failure_in_order() {
    virtual_run(|| {
        let pool = Pool::new(2);
        let squares = pool.map_async(|n: u64| n * n, 1..=4);
        let failing = Group::new().map_async(
            |n: u32| {
                sleep(SECOND * (3 - n)).unwrap();
                assert!(n == 0, "item {n}");
            },
            0..3,
        );
        assert_eq!(squares.get().unwrap().unwrap(), [1, 4, 9, 16]);
        let error = failing.get().unwrap().unwrap_err();
        assert!(error.to_string().ends_with("panicked: item 1"), "{error}");
        assert_eq!(pool.map(|n: u32| n, Vec::new()).unwrap(), Vec::<u32>::new());
    });
}

#[test]
fn a_full_pool_says_so_gives_up_in_time_and_tells_when_a_place_is_free() {
    virtual_run(|| {
        let (pool, start) = (Pool::new(2), now());
        let work = || sleep(SECOND * 3).unwrap();
        let (first, _second) = (pool.spawn(work).unwrap(), pool.spawn(work).unwrap());
        assert!(pool.is_full() && pool.size() == 2 && pool.len() == 2);
        assert!(matches!(pool.spawn_timeout(SECOND, work), Ok(Err(PoolFull(_)))));
        let stranger = waits();
        assert_eq!(pool.try_add(&stranger), Err(PoolFull(())));
        assert!(!pool.wait_available_timeout(SECOND).unwrap());
        assert_eq!(now() - start, SECOND * 2);
        pool.discard(&first);
        assert_eq!((pool.free(), first.is_started()), (1, true), "who is let go gives its place back");
        pool.try_add(&stranger).unwrap();
        pool.wait_available().unwrap();
        assert_eq!(now() - start, SECOND * 3);
        assert!(pool.wait_available_timeout(Duration::ZERO).unwrap(), "none is taken by waiting for it");
        assert!(pool.spawn_timeout(SECOND, work).unwrap().is_ok());
        pool.kill().unwrap();
        assert_eq!(pool.free(), 2);
    });
}

#[test]
fn a_pool_without_a_bound_is_never_full_and_one_of_size_zero_never_runs_anything() {
    virtual_run(|| {
        let unbounded = Pool::unbounded();
        (0..1000).for_each(|_| drop(unbounded.spawn(|| sleep(SECOND)).unwrap()));
        assert!(!unbounded.is_full() && unbounded.len() == 1000);
        unbounded.join().unwrap();
        let none = Pool::new(0);
        assert!(none.is_full() && none.try_spawn(|| ()).is_err());
        assert!(matches!(none.spawn_timeout(SECOND * 1000, || unreachable!()), Ok(Err(PoolFull(_)))));
        let pending = none.apply_async(|| unreachable!());
        run_until_idle().unwrap();
        assert!(!pending.is_done());
        assert!(matches!(none.spawn(|| ()), Err(Interrupt::Deadlock(_))));
    });
}

/// Bug class 28.
#[test]
fn a_nested_spawn_in_a_full_pool_is_a_deadlock_that_names_who_waits_for_a_place() {
    run(|| {
        let pool = Pool::new(2);
        let here = line!() + 3;
        let member = |_: i32| {
            let inner = pool.clone();
            pool.spawn(move || inner.spawn(|| ()).map(drop)).unwrap()
        };
        let members = [0, 1].map(member);
        let Err(Interrupt::Deadlock(deadlock)) = members[0].join() else { panic!("they wait for each other") };
        let waiting = deadlock.waiting().join("\n");
        assert_eq!(waiting.matches(&format!("pools.rs:{here}) waits for a place in a pool")).count(), 2, "{waiting}");
        assert!(waiting.contains(&format!("{:?} (spawned at", members[1].name())), "{waiting}");
        pool.kill().unwrap();
    });
}

/// Bug class 26.
#[test]
fn imap_over_a_source_that_ends_late_or_not_at_all_ends_and_takes_no_more_than_it_may() {
    virtual_run(|| {
        let late = (0..3).inspect(|_| sleep(SECOND).unwrap()).chain(std::iter::from_fn(|| {
            sleep(SECOND * 5).unwrap();
            None
        }));
        let start = now();
        let results: Vec<u32> = Group::new().imap_unordered(|n| n, late).map(Result::unwrap).collect();
        assert_eq!((results, now() - start), (vec![0, 1, 2], SECOND * 8));
        assert!(Pool::new(1).imap_unordered(|n: u32| n, Vec::new()).next().is_none());

        let taken = Rc::new(Cell::new(0));
        let count = taken.clone();
        let endless = (0_u32..).inspect(move |_| count.set(count.get() + 1));
        let mut results = Pool::new(3).imap(|n| n, endless).max_outstanding(5);
        for n in 0..20 {
            assert_eq!(results.next().unwrap().unwrap(), n);
            (0..20).for_each(|_| yield_now().unwrap());
            assert!(taken.get() <= n + 7, "{} taken after {n}", taken.get());
        }
    });
}

#[test]
fn a_pool_of_one_gives_unordered_results_in_the_items_order() {
    let order = virtual_run(|| {
        let work = |n: u32| {
            sleep(SECOND * n).unwrap();
            n
        };
        Pool::new(1).imap_unordered(work, [3, 1, 2]).map(Result::unwrap).collect::<Vec<_>>()
    });
    assert_eq!(order, [3, 1, 2]);
}
